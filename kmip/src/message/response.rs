//! The response message.
//!
//! Rules: KMIP 1.4, sections 6, 7 and 11.1; KMIP 2.1, sections 8.4 to 8.6.

use super::credential::Nonce;
use super::extension::MessageExtension;
use super::items::Items;
use crate::enums::{AttestationType, Operation, ResultReason, ResultStatus};
use crate::field::{Field, List, Slot, structure};
use crate::primitive::DateTime;
use crate::result::Refusal;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, EncodeError, Item, Limits, Writer, parse};
use crate::version::{ProtocolVersion, Version};

structure! {
    /// What holds for all items of a response.
    #[derive(Clone, Copy)]
    ResponseHeader<'a> {
        /// Version of the protocol.
        protocol_version: ProtocolVersion = PROTOCOL_VERSION,
        /// The server's time.
        time_stamp: DateTime = TIME_STAMP,
        /// What the client is to attest with.
        nonce: Option<Nonce<'a>> = NONCE,
        /// What the server knows of the client's password (2.x).
        server_hashed_password: Option<&'a [u8]> = SERVER_HASHED_PASSWORD,
        /// How the client may attest.
        attestation_types: List<'a, AttestationType> = ATTESTATION_TYPE,
        /// The client's name for the request (1.4 and later).
        client_correlation_value: Option<&'a str> = CLIENT_CORRELATION_VALUE,
        /// The server's (1.4 and later).
        server_correlation_value: Option<&'a str> = SERVER_CORRELATION_VALUE,
        /// How many items follow. [`ResponseWriter`] puts the right number.
        batch_count: i32 = BATCH_COUNT,
    }
}

impl ResponseHeader<'_> {
    /// A header that says version and time; `now` in seconds since 1970.
    #[must_use]
    pub fn new(version: Version, now: DateTime) -> Self {
        ResponseHeader {
            protocol_version: version.number(),
            time_stamp: now,
            nonce: None,
            server_hashed_password: None,
            attestation_types: List::default(),
            client_correlation_value: None,
            server_correlation_value: None,
            batch_count: 0,
        }
    }
}

/// What a response repeats of the item it answers. Default: an answer to a message that could not be read.
#[derive(Clone, Copy, Default)]
pub struct ResponseItem<'a> {
    /// The operation asked for.
    pub operation: Option<Operation>,
    /// The client's name for the item.
    pub unique_batch_item_id: Option<&'a [u8]>,
}

/// What became of an item.
#[derive(Clone, Copy)]
pub enum Outcome<'a> {
    /// Done.
    Success,
    /// Refused.
    Refused {
        /// Why.
        refusal: Refusal,
        /// For people; must not tell what a client may not know. `None` writes the refusal's own words.
        message: Option<&'a str>,
    },
    /// To be polled for.
    Pending {
        /// What to poll with.
        correlation_value: &'a [u8],
    },
    /// Done, and undone because another item failed.
    Undone,
}

/// Writes a response item by item.
///
/// ```
/// use kmip::enums::Operation;
/// use kmip::message::{Outcome, ResponseHeader, ResponseItem, ResponseWriter};
/// use kmip::primitive::DateTime;
/// use kmip::result::Refusal;
/// use kmip::version::Version;
///
/// let mut out = Vec::with_capacity(4096);
/// let mut response = ResponseWriter::begin(&mut out, 4096, Version::V1_4, &ResponseHeader::new(Version::V1_4, DateTime(0)))?;
/// let item = ResponseItem { operation: Some(Operation::GET), unique_batch_item_id: None };
/// response.refuse(&item, Refusal::NotFound)?;
/// response.finish();
/// # Ok::<(), kmip::ttlv::EncodeError>(())
/// ```
pub struct ResponseWriter<'b> {
    out: &'b mut Vec<u8>,
    version: Version,
    start: usize,
    count_at: usize,
    count: i32,
    max: usize,
}

impl<'b> ResponseWriter<'b> {
    /// Begins a response of at most `max` bytes at the end of `out`. Give `out` its capacity beforehand if what is
    /// written is secret.
    ///
    /// # Errors
    /// [`EncodeError`]: not even the header has room; `out` is as it was.
    pub fn begin(
        out: &'b mut Vec<u8>,
        max: usize,
        version: Version,
        header: &ResponseHeader<'_>,
    ) -> Result<Self, EncodeError> {
        let start = out.len();
        let mut writer = Writer::new(out, max);
        writer.structure(Tag::RESPONSE_MESSAGE, |out| header.encode(Tag::RESPONSE_HEADER, version, out));
        writer.finish()?;
        // The batch count is the last field of the header: its value lies 8 bytes before the end.
        let count_at = out.len().saturating_sub(8);
        let mut response = ResponseWriter { out, version, start, count_at, count: 0, max };
        response.patch();
        Ok(response)
    }

    /// The version it is written in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Adds an item with a payload. Nothing is added unless the whole item has room.
    ///
    /// # Errors
    /// [`EncodeError`]: no room; refuse the item with [`Refusal::ResponseTooLarge`] instead.
    pub fn success<'p, P: Field<'p>>(
        &mut self,
        item: &ResponseItem<'_>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        self.add(item, &Outcome::Success, |version, out| payload.encode(Tag::RESPONSE_PAYLOAD, version, out))
    }

    /// Adds an item that is refused, with the reason that the version has for it.
    ///
    /// # Errors
    /// [`EncodeError`]: no room even for this.
    pub fn refuse(&mut self, item: &ResponseItem<'_>, refusal: Refusal) -> Result<(), EncodeError> {
        self.outcome(item, &Outcome::Refused { refusal, message: None })
    }

    /// Adds an item without a payload.
    ///
    /// # Errors
    /// [`EncodeError`]: no room.
    pub fn outcome(&mut self, item: &ResponseItem<'_>, outcome: &Outcome<'_>) -> Result<(), EncodeError> {
        self.add(item, outcome, |_, _| {})
    }

    /// Adds an item whose payload `payload` writes, if it writes one.
    ///
    /// # Errors
    /// [`EncodeError`]: no room.
    pub fn add(
        &mut self,
        item: &ResponseItem<'_>,
        outcome: &Outcome<'_>,
        payload: impl FnOnce(Version, &mut Writer<'_>),
    ) -> Result<(), EncodeError> {
        let version = self.version;
        let used = self.out.len().saturating_sub(self.start);
        let mut writer = Writer::new(self.out, self.max.saturating_sub(used));
        writer.structure(Tag::BATCH_ITEM, |out| {
            Slot::write(&item.operation, Tag::OPERATION, version, out);
            Slot::write(&item.unique_batch_item_id, Tag::UNIQUE_BATCH_ITEM_ID, version, out);
            outcome.encode(version, out);
            payload(version, out);
        });
        writer.finish()?;
        self.count = self.count.saturating_add(1);
        self.patch();
        Ok(())
    }

    /// How many items it has so far.
    #[must_use]
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Ends the response: its length in bytes.
    pub fn finish(self) -> usize {
        self.out.len().saturating_sub(self.start)
    }

    /// Puts length and count right, so that the response is whole after each item.
    fn patch(&mut self) {
        let body = self.out.len().saturating_sub(self.start).saturating_sub(8);
        // `max` bounds the message, and the writer refuses lengths beyond 32 bits.
        let length = u32::try_from(body).unwrap_or(u32::MAX);
        if let Some(slot) = self.out.get_mut(self.start + 4..self.start + 8) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
        if let Some(slot) = self.out.get_mut(self.count_at..self.count_at + 4) {
            slot.copy_from_slice(&self.count.to_be_bytes());
        }
    }
}

impl Outcome<'_> {
    fn encode(&self, version: Version, out: &mut Writer<'_>) {
        let status = match self {
            Outcome::Success => ResultStatus::SUCCESS,
            Outcome::Refused { .. } => ResultStatus::OPERATION_FAILED,
            Outcome::Pending { .. } => ResultStatus::OPERATION_PENDING,
            Outcome::Undone => ResultStatus::OPERATION_UNDONE,
        };
        status.encode(Tag::RESULT_STATUS, version, out);
        match self {
            Outcome::Refused { refusal, message } => {
                refusal.reason(version).encode(Tag::RESULT_REASON, version, out);
                match message {
                    Some(message) => out.text(Tag::RESULT_MESSAGE, message),
                    None => out.text(Tag::RESULT_MESSAGE, refusal.words()),
                }
            }
            Outcome::Pending { correlation_value } => {
                out.bytes(Tag::ASYNCHRONOUS_CORRELATION_VALUE, correlation_value);
            }
            Outcome::Success | Outcome::Undone => {}
        }
    }
}

/// A response, borrowed from its bytes, as a client reads it.
#[derive(Clone, Copy)]
pub struct ResponseMessage<'a> {
    /// The version it is in.
    pub version: Version,
    /// What holds for all items.
    pub header: ResponseHeader<'a>,
    /// The answers.
    pub items: Items<'a, ResponseBatchItem<'a>>,
}

impl<'a> ResponseMessage<'a> {
    /// Reads a response. Nothing is allocated.
    ///
    /// # Errors
    /// [`DecodeError`]: these bytes are no response in a version that this crate speaks.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, DecodeError> {
        let message = parse(bytes, limits)?;
        if message.tag() != Tag::RESPONSE_MESSAGE {
            return Err(message.unexpected_in(Tag::RESPONSE_MESSAGE));
        }
        let header = message
            .children()?
            .find(|child| child.tag() == Tag::RESPONSE_HEADER)
            .ok_or_else(|| message.lacks(Tag::RESPONSE_HEADER))?;
        let number = header
            .children()?
            .find(|child| child.tag() == Tag::PROTOCOL_VERSION)
            .ok_or_else(|| header.lacks(Tag::PROTOCOL_VERSION))?;
        let version =
            ProtocolVersion::decode(number, Version::V1_0)?.spoken().ok_or_else(|| number.bad_value())?;
        let body = Body::decode(message, version)?;
        Ok(ResponseMessage { version, header: body.header, items: body.items })
    }

    /// Writes the response again, as it was read.
    ///
    /// # Errors
    /// [`EncodeError`]: longer than `max`; `out` is as it was.
    pub fn encode(&self, out: &mut Vec<u8>, max: usize) -> Result<usize, EncodeError> {
        let mut writer = Writer::new(out, max);
        let body = Body { header: self.header, items: self.items };
        body.encode(Tag::RESPONSE_MESSAGE, self.version, &mut writer);
        writer.finish()
    }
}

structure! {
    /// What a response message holds.
    #[expect(unreachable_pub, reason = "the macro makes every structure public")]
    #[derive(Clone, Copy)]
    Body<'a> {
        /// Header.
        header: ResponseHeader<'a> = RESPONSE_HEADER,
        /// Items.
        items: Items<'a, ResponseBatchItem<'a>> = BATCH_ITEM,
    }
}

structure! {
    /// The answer to one item, as a client reads it.
    #[derive(Clone, Copy)]
    ResponseBatchItem<'a> {
        /// The operation asked for.
        operation: Option<Operation> = OPERATION,
        /// The client's name for the item.
        unique_batch_item_id: Option<&'a [u8]> = UNIQUE_BATCH_ITEM_ID,
        /// What became of it.
        status: ResultStatus = RESULT_STATUS,
        /// Why it failed.
        reason: Option<ResultReason> = RESULT_REASON,
        /// The same, for people.
        message: Option<&'a str> = RESULT_MESSAGE,
        /// What to poll with.
        asynchronous_correlation_value: Option<&'a [u8]> = ASYNCHRONOUS_CORRELATION_VALUE,
        /// What the operation yields, not yet read.
        payload: Option<Item<'a>> = RESPONSE_PAYLOAD,
        /// What vendors add.
        extension: Option<MessageExtension<'a>> = MESSAGE_EXTENSION,
    }
}
