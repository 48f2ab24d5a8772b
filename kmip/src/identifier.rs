//! What a field refers to: a managed object by its identifier, or data by value, or either through an earlier item of the batch.
//!
//! Rules: KMIP 1.4, sections 3.1 and 4 (ID Placeholder); KMIP 2.1, sections 4.58 and 7.9.

use crate::enums::{DataItem, Enumeration, UniqueIdentifierItem};
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
            // Some clients count the zeros that pad a text as part of it.
            _ => item.text().map(|text| Identifier::Text(text.trim_end_matches('\0'))),
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

/// Data that an operation works on. No `Debug`: it may be plaintext.
#[derive(Clone, Copy)]
pub enum Data<'a> {
    /// The data itself.
    Bytes(&'a [u8]),
    /// What an earlier item of the same batch yielded (2.x).
    Earlier(DataItem),
    /// The nth data of the batch's responses so far; negative counts from the last (2.x).
    Nth(i32),
}

impl<'a> Data<'a> {
    /// The bytes, if they are given outright.
    #[must_use]
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Data::Bytes(bytes) => Some(bytes),
            Data::Earlier(_) | Data::Nth(_) => None,
        }
    }
}

impl<'a> From<&'a [u8]> for Data<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Data::Bytes(bytes)
    }
}

impl<'a> Field<'a> for Data<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        match item.ty() {
            ItemType::Enumeration if version.tags_attributes() => {
                item.enumeration().map(DataItem::from_code).map(Data::Earlier)
            }
            ItemType::Integer if version.tags_attributes() => item.integer().map(Data::Nth),
            _ => item.bytes().map(Data::Bytes),
        }
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        match self {
            Data::Bytes(bytes) => out.bytes(tag, bytes),
            Data::Earlier(item) => out.enumeration(tag, item.code()),
            Data::Nth(nth) => out.integer(tag, *nth),
        }
    }
}
