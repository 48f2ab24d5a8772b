//! Several operations in one message, and their answers.
//!
//! Rules: KMIP 1.4, sections 6.4 (Unique Batch Item ID), 7.2; KMIP 2.1, sections 8.2 and 9.2.

use super::buffer::Buffer;
use super::config::Login;
use super::error::{CallError, Refused};
use super::repeat::Repeat;
use crate::enums::{CredentialType, Operation, ResultReason, ResultStatus};
use crate::field::Field;
use crate::message::{
    Authentication, Credential, CredentialValue, RequestHeader, RequestItems, ResponseBatchItem,
    ResponseHeader, ResponseMessage, UsernamePassword,
};
use crate::operation::Ask;
use crate::tag::Tag;
use crate::ttlv::{EncodeError, Item};
use crate::version::Version;

/// A request of several operations, being written. Its bytes are wiped when it is dropped.
pub struct Batch {
    bytes: Buffer,
    version: Version,
    max: usize,
    count: i32,
    /// Where the header's batch count has its value.
    count_at: usize,
    repeat: Repeat,
}

impl Batch {
    /// A request without operations yet, of at most `max` bytes. The batch count of `header` is put right as operations are added.
    ///
    /// # Errors
    /// [`EncodeError`]: not even the header has room.
    pub fn new(header: &RequestHeader<'_>, version: Version, max: usize) -> Result<Self, EncodeError> {
        let mut bytes = Buffer::default();
        bytes.append(max, |out| RequestItems::message(out, header, version, |_| {}))?;
        // The batch count is the last field of the header: its value lies 8 bytes before the end.
        let count_at = bytes.bytes().len().saturating_sub(8);
        let mut batch = Batch { bytes, version, max, count: 0, count_at, repeat: Repeat::Harmless };
        batch.patch();
        Ok(batch)
    }

    /// Adds an operation; its place among the answers.
    ///
    /// # Errors
    /// [`EncodeError`]: no room; the batch is lost.
    pub fn add<'p, A: Ask<'p>>(&mut self, ask: &A) -> Result<usize, EncodeError> {
        self.add_payload(A::OPERATION, ask)
    }

    /// Adds any operation with any payload; its place among the answers.
    ///
    /// # Errors
    /// [`EncodeError`]: no room; the batch is lost.
    pub fn add_payload<'p>(
        &mut self,
        operation: Operation,
        payload: &impl Field<'p>,
    ) -> Result<usize, EncodeError> {
        let id = self.count.to_be_bytes();
        let version = self.version;
        let before = self.bytes.bytes().len();
        self.bytes
            .append(self.max, |out| RequestItems::of(out, version).add(operation, Some(&id), payload))?;
        let item = Item::of_written(self.bytes.bytes().get(before..).unwrap_or_default());
        self.repeat = self.repeat.and(repeat_of(operation, item));
        let place = usize::try_from(self.count).unwrap_or(usize::MAX);
        self.count = self.count.saturating_add(1);
        self.patch();
        Ok(place)
    }

    /// Whether it may be sent again when no answer came.
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// The request as it goes out.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.bytes()
    }

    fn patch(&mut self) {
        let body = self.bytes.bytes().len().saturating_sub(8);
        let length = u32::try_from(body).unwrap_or(u32::MAX).to_be_bytes();
        let count = self.count.to_be_bytes();
        let (count_at, bytes) = (self.count_at, self.bytes.bytes_mut());
        if let Some(slot) = bytes.get_mut(4..8) {
            slot.copy_from_slice(&length);
        }
        if let Some(slot) = bytes.get_mut(count_at..count_at.saturating_add(4)) {
            slot.copy_from_slice(&count);
        }
    }
}

/// The answers to a batch, borrowed from the reply.
#[derive(Clone, Copy)]
pub struct Answers<'r> {
    message: ResponseMessage<'r>,
}

impl<'r> Answers<'r> {
    pub(super) fn new(message: ResponseMessage<'r>) -> Self {
        Answers { message }
    }

    /// The version they are in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.message.version
    }

    /// The header of the reply.
    #[must_use]
    pub fn header(&self) -> &ResponseHeader<'r> {
        &self.message.header
    }

    /// How many there are: fewer than asked if the batch stopped at a failure.
    #[must_use]
    pub fn len(&self) -> usize {
        self.message.items.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answers as they are, in the order of the reply.
    pub fn iter(&self) -> impl Iterator<Item = ResponseBatchItem<'r>> + use<'r> {
        self.message.items.iter()
    }

    /// The answer to the operation at `place`; `None` if the server did not get so far.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<ResponseBatchItem<'r>> {
        let id = i32::try_from(place).ok()?.to_be_bytes();
        let named = self.iter().find(|item| item.unique_batch_item_id == Some(&id[..]));
        // A server that does not repeat the names keeps the order.
        named.or_else(|| self.iter().nth(place).filter(|item| item.unique_batch_item_id.is_none()))
    }

    /// Reads the answer at `place` as that to `A`.
    ///
    /// # Errors
    /// [`CallError`]: refused, pending, not there, or not this.
    pub fn read<'p, A: Ask<'p>>(&self, place: usize) -> Result<A::Answer<'r>, CallError> {
        self.payload(place, A::OPERATION)
    }

    /// Reads the answer at `place` as payload `T` of `operation`.
    ///
    /// # Errors
    /// [`CallError`]: refused, pending, not there, or not this.
    pub fn payload<T: Field<'r>>(&self, place: usize, operation: Operation) -> Result<T, CallError> {
        let item = self.get(place).ok_or(CallError::Unreadable(None))?;
        read_item(&item, operation, self.version())
    }
}

/// The payload of an answer, if it is a success and answers `operation`.
pub(super) fn read_item<'r, T: Field<'r>>(
    item: &ResponseBatchItem<'r>,
    operation: Operation,
    version: Version,
) -> Result<T, CallError> {
    match item.status {
        ResultStatus::SUCCESS => {}
        ResultStatus::OPERATION_PENDING => {
            let correlation_value = item.asynchronous_correlation_value.unwrap_or_default().to_vec();
            return Err(CallError::Pending { correlation_value });
        }
        status => {
            return Err(CallError::Refused(Refused {
                operation: item.operation,
                undone: status == ResultStatus::OPERATION_UNDONE,
                reason: item.reason.unwrap_or(ResultReason::GENERAL_FAILURE),
                message: item.message.unwrap_or_default().to_owned(),
            }));
        }
    }
    if item.operation.is_some_and(|answered| answered != operation) {
        return Err(CallError::Unreadable(None));
    }
    // An answer that says nothing but "done" may come without a payload.
    let payload = item.payload.unwrap_or_else(|| Item::of_structure(Tag::RESPONSE_PAYLOAD, &[]));
    T::decode(payload, version).map_err(|error| CallError::Unreadable(Some(error)))
}

/// Lends a request header of `count` items to `write`, with the credential if there is one.
pub(super) fn header_with<R>(
    login: Option<&Login>,
    version: Version,
    count: i32,
    write: impl FnOnce(&RequestHeader<'_>) -> R,
) -> R {
    let mut header = RequestHeader::new(version, count);
    let Some(login) = login else { return write(&header) };
    let credentials = [Credential {
        ty: CredentialType::USERNAME_AND_PASSWORD,
        value: CredentialValue::UsernamePassword(UsernamePassword {
            username: &login.username,
            password: Some(&login.password),
        }),
    }];
    header.authentication = Some(Authentication { credentials: (&credentials).into() });
    write(&header)
}

/// Whether the batch item just written may be sent again: by its operation, and by whether it is a piece of a stream.
pub(super) fn repeat_of(operation: Operation, item: Option<Item<'_>>) -> Repeat {
    let payload = item
        .and_then(|item| item.children().ok())
        .and_then(|mut children| children.find(|child| child.tag() == Tag::REQUEST_PAYLOAD))
        .and_then(|payload| payload.children().ok());
    let streamed = payload.is_none_or(|mut children| {
        children.any(|child| matches!(child.tag(), Tag::CORRELATION_VALUE | Tag::INIT_INDICATOR))
    });
    Repeat::of(operation, streamed)
}
