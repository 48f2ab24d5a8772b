//! The request message.
//!
//! Rules: KMIP 1.4, sections 6, 7 and 11.1; KMIP 2.1, sections 8.1 to 8.3.

use super::credential::Authentication;
use super::extension::MessageExtension;
use super::items::Items;
use crate::enums::{AsynchronousIndicator, AttestationType, BatchErrorContinuationOption, Operation};
use crate::field::{Field, List, structure};
use crate::primitive::DateTime;
use crate::result::Refusal;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, EncodeError, Item, ItemType, Limits, Writer, parse};
use crate::version::{ProtocolVersion, Version};

/// A request, borrowed from its bytes.
#[derive(Clone, Copy)]
pub struct RequestMessage<'a> {
    /// The version it is in, and must be answered in.
    pub version: Version,
    /// What holds for all items.
    pub header: RequestHeader<'a>,
    /// The operations asked for, as many as the header counts.
    pub items: Items<'a, RequestBatchItem<'a>>,
}

/// Why a request cannot be read: it gets a response with one item without operation, or the connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The bytes are no sound request.
    #[error("request cannot be read")]
    Unreadable {
        /// The version it names, if it got so far and is one we speak.
        version: Option<Version>,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
    /// It is in a version that this crate does not speak.
    #[error("request is in version {asked}")]
    Version {
        /// The version it names.
        asked: ProtocolVersion,
    },
    /// It counts another number of items than it has.
    #[error("request has {items} items and counts {count}")]
    Count {
        /// The version it is in.
        version: Version,
        /// What the header says.
        count: i32,
        /// What is there.
        items: usize,
    },
}

impl MessageError {
    /// The version to answer in, if it can be told.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        match self {
            MessageError::Unreadable { version, .. } => *version,
            MessageError::Version { .. } => None,
            MessageError::Count { version, .. } => Some(*version),
        }
    }

    /// What the answer's one item says. KMIP 1.4, section 11.1.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            MessageError::Unreadable { source, .. } => Refusal::from(*source),
            MessageError::Version { .. } => Refusal::VersionNotSupported,
            MessageError::Count { .. } => Refusal::InvalidMessage,
        }
    }
}

impl<'a> RequestMessage<'a> {
    /// Reads a request. Nothing is allocated.
    ///
    /// # Errors
    /// [`MessageError`]. A payload that its operation cannot read is no such error: it is found when the operation reads it.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, MessageError> {
        let unreadable = |version| move |source| MessageError::Unreadable { version, source };
        let message = parse(bytes, limits).map_err(unreadable(None))?;
        let version = spoken_version(message)?;
        let body = Body::decode(message, version).map_err(unreadable(Some(version)))?;
        let items = body.items.len();
        if usize::try_from(body.header.batch_count) != Ok(items) {
            return Err(MessageError::Count { version, count: body.header.batch_count, items });
        }
        Ok(RequestMessage { version, header: body.header, items: body.items })
    }

    /// Writes a request, as a client does.
    ///
    /// # Errors
    /// [`EncodeError`]: longer than `max`; `out` is as it was.
    pub fn encode(&self, out: &mut Vec<u8>, max: usize) -> Result<usize, EncodeError> {
        let mut writer = Writer::new(out, max);
        let body = Body { header: self.header, items: self.items };
        body.encode(Tag::REQUEST_MESSAGE, self.version, &mut writer);
        writer.finish()
    }
}

/// Finds the version before anything else is read, because the rest depends on it.
fn spoken_version(message: Item<'_>) -> Result<Version, MessageError> {
    let unreadable = |source| MessageError::Unreadable { version: None, source };
    if message.tag() != Tag::REQUEST_MESSAGE {
        return Err(unreadable(message.unexpected_in(Tag::REQUEST_MESSAGE)));
    }
    let header = message
        .children()
        .map_err(unreadable)?
        .find(|child| child.tag() == Tag::REQUEST_HEADER)
        .ok_or_else(|| unreadable(message.lacks(Tag::REQUEST_HEADER)))?;
    let number = header
        .children()
        .map_err(unreadable)?
        .find(|child| child.tag() == Tag::PROTOCOL_VERSION)
        .ok_or_else(|| unreadable(header.lacks(Tag::PROTOCOL_VERSION)))?;
    let asked = ProtocolVersion::decode(number, Version::V1_0).map_err(unreadable)?;
    asked.spoken().ok_or(MessageError::Version { asked })
}

structure! {
    /// What a request message holds.
    #[expect(unreachable_pub, reason = "the macro makes every structure public")]
    #[derive(Clone, Copy)]
    Body<'a> {
        /// Header.
        header: RequestHeader<'a> = REQUEST_HEADER,
        /// Items.
        items: Items<'a, RequestBatchItem<'a>> = BATCH_ITEM,
    }
}

structure! {
    /// What holds for all items of a request. No `Debug`: it holds credentials.
    #[derive(Clone, Copy)]
    RequestHeader<'a> {
        /// Version of the protocol.
        protocol_version: ProtocolVersion = PROTOCOL_VERSION,
        /// Most bytes the response may have.
        maximum_response_size: Option<i32> = MAXIMUM_RESPONSE_SIZE,
        /// The client's name for the request, for logs (1.4 and later).
        client_correlation_value: Option<&'a str> = CLIENT_CORRELATION_VALUE,
        /// The server's name for an earlier one (1.4 and later).
        server_correlation_value: Option<&'a str> = SERVER_CORRELATION_VALUE,
        /// Whether the client takes answers later.
        asynchronous: Option<AsynchronousMode> = ASYNCHRONOUS_INDICATOR,
        /// Whether the client can attest.
        attestation_capable: Option<bool> = ATTESTATION_CAPABLE_INDICATOR,
        /// How.
        attestation_types: List<'a, AttestationType> = ATTESTATION_TYPE,
        /// Who the client is.
        authentication: Option<Authentication<'a>> = AUTHENTICATION,
        /// What to do when an item fails; Stop if absent.
        batch_error_continuation: Option<BatchErrorContinuationOption> = BATCH_ERROR_CONTINUATION_OPTION,
        /// Whether to keep the order; absent means no in 1.x and yes in 2.x.
        batch_order: Option<bool> = BATCH_ORDER_OPTION,
        /// The client's time.
        time_stamp: Option<DateTime> = TIME_STAMP,
        /// How many items follow.
        batch_count: i32 = BATCH_COUNT,
    }
}

impl RequestHeader<'_> {
    /// A header that says nothing but version and count.
    #[must_use]
    pub fn new(version: Version, batch_count: i32) -> Self {
        RequestHeader {
            protocol_version: version.number(),
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous: None,
            attestation_capable: None,
            attestation_types: List::default(),
            authentication: None,
            batch_error_continuation: None,
            batch_order: None,
            time_stamp: None,
            batch_count,
        }
    }

    /// Most bytes the response may have, by the client's word and the server's `max`.
    #[must_use]
    pub fn response_bytes_max(&self, max: usize) -> usize {
        match self.maximum_response_size {
            None => max,
            Some(asked) => usize::try_from(asked).unwrap_or(0).min(max),
        }
    }
}

/// Whether a client takes an answer later: a Boolean in 1.x, an Enumeration in 2.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsynchronousMode {
    /// The answer must come at once.
    Prohibited,
    /// The server may choose.
    Optional,
    /// The answer must come later (2.x).
    Mandatory,
}

impl Field<'_> for AsynchronousMode {
    fn decode(item: Item<'_>, version: Version) -> Result<Self, DecodeError> {
        if item.ty() == ItemType::Boolean || !version.tags_attributes() {
            return Ok(if item.boolean()? {
                AsynchronousMode::Optional
            } else {
                AsynchronousMode::Prohibited
            });
        }
        match AsynchronousIndicator::decode(item, version)? {
            AsynchronousIndicator::MANDATORY => Ok(AsynchronousMode::Mandatory),
            AsynchronousIndicator::OPTIONAL => Ok(AsynchronousMode::Optional),
            AsynchronousIndicator::PROHIBITED => Ok(AsynchronousMode::Prohibited),
            _ => Err(item.bad_value()),
        }
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        if !version.tags_attributes() {
            return out.boolean(tag, *self != AsynchronousMode::Prohibited);
        }
        let indicator = match self {
            AsynchronousMode::Prohibited => AsynchronousIndicator::PROHIBITED,
            AsynchronousMode::Optional => AsynchronousIndicator::OPTIONAL,
            AsynchronousMode::Mandatory => AsynchronousIndicator::MANDATORY,
        };
        indicator.encode(tag, version, out);
    }
}

structure! {
    /// One operation asked for.
    #[derive(Clone, Copy)]
    RequestBatchItem<'a> {
        /// Which operation.
        operation: Operation = OPERATION,
        /// Whether its data is wanted by later items only (2.x).
        ephemeral: Option<bool> = EPHEMERAL,
        /// The client's name for the item.
        unique_batch_item_id: Option<&'a [u8]> = UNIQUE_BATCH_ITEM_ID,
        /// What the operation is given, not yet read.
        payload: Item<'a> = REQUEST_PAYLOAD,
        /// What vendors add.
        extensions: List<'a, MessageExtension<'a>> = MESSAGE_EXTENSION,
    }
}

impl<'a> RequestBatchItem<'a> {
    /// Reads the payload as that of an operation.
    ///
    /// # Errors
    /// [`DecodeError`]: fails the item, with `Refusal::from(error)`.
    pub fn read<T: Field<'a>>(&self, version: Version) -> Result<T, DecodeError> {
        T::decode(self.payload, version)
    }

    /// Whether there is a critical extension, which nobody here understands.
    #[must_use]
    pub fn has_critical_extension(&self) -> bool {
        self.extensions.iter().any(|extension| extension.critical)
    }
}

/// Writes a request item by item, as a client does: each payload straight into the buffer. `out` gets its capacity
/// beforehand if the request holds a secret.
///
/// # Errors
/// [`EncodeError`]: longer than `max`; `out` is as it was.
pub fn request(
    out: &mut Vec<u8>,
    max: usize,
    header: &RequestHeader<'_>,
    version: Version,
    items: impl FnOnce(&mut RequestItems<'_, '_>),
) -> Result<usize, EncodeError> {
    let mut writer = Writer::new(out, max);
    message(&mut writer, header, version, items);
    writer.finish()
}

fn message(
    out: &mut Writer<'_>,
    header: &RequestHeader<'_>,
    version: Version,
    items: impl FnOnce(&mut RequestItems<'_, '_>),
) {
    out.structure(Tag::REQUEST_MESSAGE, |out| {
        header.encode(Tag::REQUEST_HEADER, version, out);
        items(&mut RequestItems { out, version });
    });
}

/// The items of a request that is being written. The header's batch count is the caller's promise.
pub struct RequestItems<'w, 'b> {
    out: &'w mut Writer<'b>,
    version: Version,
}

#[cfg(feature = "client")]
impl<'w, 'b> RequestItems<'w, 'b> {
    /// Writes a whole request with a writer of the caller's.
    pub(crate) fn message(
        out: &mut Writer<'_>,
        header: &RequestHeader<'_>,
        version: Version,
        items: impl FnOnce(&mut RequestItems<'_, '_>),
    ) {
        message(out, header, version, items);
    }

    /// More items, behind a request whose length and count the caller puts right.
    pub(crate) fn of(out: &'w mut Writer<'b>, version: Version) -> Self {
        RequestItems { out, version }
    }
}

impl RequestItems<'_, '_> {
    /// Adds an item.
    pub fn add<'p>(
        &mut self,
        operation: Operation,
        unique_batch_item_id: Option<&[u8]>,
        payload: &impl Field<'p>,
    ) {
        let version = self.version;
        self.out.structure(Tag::BATCH_ITEM, |out| {
            operation.encode(Tag::OPERATION, version, out);
            if let Some(id) = unique_batch_item_id {
                out.bytes(Tag::UNIQUE_BATCH_ITEM_ID, id);
            }
            payload.encode(Tag::REQUEST_PAYLOAD, version, out);
        });
    }
}
