//! KMIP 1.0 to 2.1 without I/O: TTLV, messages, operations.
//!
//! Bytes in, types out, and back; no socket, no clock, no randomness, no key store. Decoding borrows from the message and
//! allocates nothing; encoding appends to the caller's buffer.
//!
//! | Module | What for |
//! |---|---|
//! | [`ttlv`] | the encoding: [`ttlv::parse`] checks bytes once, [`ttlv::Item`] walks them, [`ttlv::Writer`] writes; [`ttlv::frame`] frames a connection |
//! | [`message`] | [`RequestMessage`](message::RequestMessage) and its items; [`ResponseWriter`](message::ResponseWriter) |
//! | [`operation`] | [`Request`](operation::Request), [`Response`](operation::Response) and the payload of each operation |
//! | [`attribute`] | attributes of 1.x and 2.x in one form, and the [rules](attribute::rule()) of each |
//! | [`object`] | managed objects, key blocks, key material |
//! | [`result`] | [`Refusal`](result::Refusal): why not, and the result reason of each version |
//! | [`version`], [`tag`], [`enums`], [`mask`] | the vocabulary, with the versions that have each word |
//! | [`field`] | how types and items are tied together |
//! | `xml`, `json` (features of those names) | the XML and JSON encodings of the profiles |
//! | `client` (feature `client`) | a blocking client over mutual TLS: the only part that does I/O |
//!
//! # From a request to its answer
//!
//! ```
//! use kmip::attribute::{Attribute, AttributeValue};
//! use kmip::enums::{CryptographicAlgorithm, Enumeration, ObjectType};
//! use kmip::identifier::Identifier;
//! use kmip::message::{RequestMessage, ResponseHeader, ResponseItem, ResponseWriter};
//! use kmip::operation::{CreateResponse, Request};
//! use kmip::primitive::DateTime;
//! use kmip::result::Refusal;
//! use kmip::tag::Tag;
//! use kmip::ttlv::{EncodeError, Limits};
//! use kmip::version::Version;
//!
//! fn answer(request: &[u8], now: DateTime, out: &mut Vec<u8>) -> Result<usize, EncodeError> {
//!     let message = match RequestMessage::decode(request, &Limits::DEFAULT) {
//!         Ok(message) => message,
//!         Err(error) => {
//!             // One item without operation, in the version asked for if that could be told.
//!             let version = error.version().unwrap_or(Version::V1_4);
//!             let mut response = ResponseWriter::begin(out, 4096, version, &ResponseHeader::new(version, now))?;
//!             response.refuse(&ResponseItem::default(), error.refusal())?;
//!             return Ok(response.finish());
//!         }
//!     };
//!     let version = message.version;
//!     let max = message.header.response_bytes_max(1024 * 1024);
//!     let mut response = ResponseWriter::begin(out, max, version, &ResponseHeader::new(version, now))?;
//!     for item in message.items.iter() {
//!         let head = ResponseItem {
//!             operation: Some(item.operation),
//!             unique_batch_item_id: item.unique_batch_item_id,
//!         };
//!         let done = match Request::of(&item, version) {
//!             Some(Ok(Request::Create(create))) => {
//!                 let wanted = create.attributes.iter().find(|a| a.name.tag() == Some(Tag::CRYPTOGRAPHIC_ALGORITHM));
//!                 let algorithm = wanted.and_then(|a| a.value).and_then(|value| value.as_enumeration());
//!                 if algorithm == Some(CryptographicAlgorithm::AES.code()) {
//!                     let payload = CreateResponse {
//!                         object_type: create.object_type,
//!                         unique_identifier: Identifier::Text("7f0c"),
//!                         attributes: None,
//!                     };
//!                     response.success(&head, &payload)
//!                 } else {
//!                     response.refuse(&head, Refusal::UnsupportedCryptographicParameters)
//!                 }
//!             }
//!             Some(Ok(_)) | None => response.refuse(&head, Refusal::OperationNotSupported),
//!             Some(Err(error)) => response.refuse(&head, error.into()),
//!         };
//!         if done.is_err() {
//!             response.refuse(&head, Refusal::ResponseTooLarge)?;
//!         }
//!     }
//!     Ok(response.finish())
//! }
//!
//! // A client asks.
//! use kmip::enums::Operation;
//! use kmip::message::RequestHeader;
//! use kmip::operation::CreateRequest;
//! use kmip::ttlv::Writer;
//!
//! let wanted = [Attribute::standard(
//!     Tag::CRYPTOGRAPHIC_ALGORITHM,
//!     AttributeValue::Enumeration(CryptographicAlgorithm::AES.code()),
//! )];
//! let create = CreateRequest {
//!     object_type: ObjectType::SYMMETRIC_KEY,
//!     attributes: (&wanted).into(),
//!     protection_storage_masks: None,
//! };
//! let mut request = Vec::new();
//! kmip::message::request(&mut request, 4096, &RequestHeader::new(Version::V1_4, 1), Version::V1_4, |items| {
//!     items.add(Operation::CREATE, None, &create);
//! })?;
//!
//! let mut reply = Vec::new();
//! answer(&request, DateTime(0), &mut reply)?;
//! let reply = kmip::message::ResponseMessage::decode(&reply, &Limits::DEFAULT).map_err(|_| "unreadable")?;
//! assert_eq!(reply.items.iter().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod attribute;
#[cfg(feature = "client")]
pub mod client;
pub mod enums;
pub mod field;
pub mod identifier;
#[cfg(feature = "json")]
pub mod json;
pub mod lease;
pub mod mask;
pub mod message;
mod name;
pub mod object;
pub mod operation;
pub mod primitive;
pub mod result;
#[cfg(any(feature = "xml", feature = "json"))]
mod spelling;
pub mod tag;
pub mod ttlv;
pub mod version;
#[cfg(feature = "xml")]
pub mod xml;

pub use name::Names;
