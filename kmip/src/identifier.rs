//! Which managed object a field means.
//!
//! Rules: KMIP 1.4, section 3.1 and 4 (ID Placeholder); KMIP 2.1, section 4.58.

use crate::enums::{Enumeration, UniqueIdentifierItem};
use crate::field::Field;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, ItemType, Writer};
use crate::version::Version;

/// A managed object's name on the server. An absent field means the ID Placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Identifier<'a> {
    /// Its unique identifier.
    Text(&'a str),
    /// The one an earlier item of the same batch left (2.x): the ID Placeholder or the result of an operation.
    Earlier(UniqueIdentifierItem),
    /// The nth identifier of the batch's responses so far; negative counts from the last (2.x).
    Nth(i32),
}

impl<'a> Identifier<'a> {
    /// The text, if the object is named outright.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        match self {
            Identifier::Text(text) => Some(text),
            Identifier::Earlier(_) | Identifier::Nth(_) => None,
        }
    }
}

impl<'a> From<&'a str> for Identifier<'a> {
    fn from(text: &'a str) -> Self {
        Identifier::Text(text)
    }
}

impl<'a> Field<'a> for Identifier<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        match item.ty() {
            ItemType::Enumeration if version.tags_attributes() => {
                item.enumeration().map(UniqueIdentifierItem::from_code).map(Identifier::Earlier)
            }
            ItemType::Integer if version.tags_attributes() => item.integer().map(Identifier::Nth),
            _ => item.text().map(Identifier::Text),
        }
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        match self {
            Identifier::Text(text) => out.text(tag, text),
            Identifier::Earlier(item) => out.enumeration(tag, item.code()),
            Identifier::Nth(nth) => out.integer(tag, *nth),
        }
    }
}
