//! Requests and responses: the message around the operations.
//!
//! A request is decoded in place; each batch item's payload stays an [`Item`](crate::ttlv::Item) until the operation reads it, so
//! that a bad payload fails its item and not the message. A response is written item by item into the caller's buffer.
//! Rules: KMIP 1.4, sections 6 and 7; KMIP 2.1, sections 8 and 9.

mod credential;
mod extension;
mod items;
mod request;
mod response;

#[cfg(test)]
mod tests;

pub use credential::{
    AttestationCredential, Authentication, Credential, CredentialValue, DeviceCredential,
    HashedPasswordCredential, Nonce, OneTimePasswordCredential, Ticket, TicketCredential, UsernamePassword,
};
pub use extension::MessageExtension;
pub use items::Items;
pub use request::{
    AsynchronousMode, MessageError, RequestBatchItem, RequestHeader, RequestItems, RequestMessage, request,
};
pub use response::{
    Outcome, ResponseBatchItem, ResponseHeader, ResponseItem, ResponseMessage, ResponseWriter,
};

use crate::field::Field;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, Writer};
use crate::version::{ProtocolVersion, Version};

impl Field<'_> for ProtocolVersion {
    fn decode(item: Item<'_>, _: Version) -> Result<Self, DecodeError> {
        let (mut major, mut minor) = (None, None);
        for child in item.children()? {
            let fresh = match child.tag() {
                Tag::PROTOCOL_VERSION_MAJOR => major.replace(child.integer()?).is_none(),
                Tag::PROTOCOL_VERSION_MINOR => minor.replace(child.integer()?).is_none(),
                _ => return Err(child.unexpected_in(item.tag())),
            };
            if !fresh {
                return Err(child.repeated());
            }
        }
        Ok(ProtocolVersion {
            major: major.ok_or_else(|| item.lacks(Tag::PROTOCOL_VERSION_MAJOR))?,
            minor: minor.ok_or_else(|| item.lacks(Tag::PROTOCOL_VERSION_MINOR))?,
        })
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        out.structure(tag, |out| {
            out.integer(Tag::PROTOCOL_VERSION_MAJOR, self.major);
            out.integer(Tag::PROTOCOL_VERSION_MINOR, self.minor);
        });
    }
}
