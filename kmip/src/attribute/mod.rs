//! Attributes: one representation for the named and indexed ones of 1.x and the tagged ones of 2.x.
//!
//! Both forms decode to, and encode from, the same [`Attribute`], value for value: nothing is turned into something
//! else on the way. A value keeps its TTLV type, and a structured value its bytes, so that what a client stored is what
//! it gets. What a version does not know is left out when encoding for it.
//!
//! | 1.x | here | 2.x |
//! |---|---|---|
//! | `Attribute {Attribute Name "Name", Attribute Index 0, Attribute Value …}` | `Standard(Tag::NAME)` | `Name …` inside `Attributes` |
//! | `Attribute {Attribute Name "x-Purpose", …}` | `Vendor {vendor: "x", name: "Purpose"}` | `Attribute {Vendor Identification "x", Attribute Name "Purpose", …}` |
//!
//! Rules: KMIP 1.4, sections 2.1.1, 2.1.8 and 3; KMIP 2.1, sections 4 and 6.1.1.

mod list;
mod name;
mod rule;
mod structures;
mod table;
mod value;

#[cfg(test)]
mod tests;

pub use list::{Attributes, InlineAttributes, OneAttribute};
pub use name::{AttributeName, CLIENT_VENDOR, SERVER_VENDOR};
pub use rule::{Applies, Change, Rule, SetBy, rule, rules, vendor_rule};
pub use structures::*;
pub use value::{AttributeValue, StructureValue};

use crate::ttlv::{DecodeError, Item, Writer};
use crate::{tag::Tag, version::Version};

/// One instance of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute<'a> {
    /// Which attribute.
    pub name: AttributeName<'a>,
    /// Which instance, counted from zero; only 1.x has indices. `None` where the client left it out.
    pub index: Option<u32>,
    /// Its value. `None` only where 1.x allows it: in a Notify that tells of a deleted attribute.
    pub value: Option<AttributeValue<'a>>,
}

impl<'a> Attribute<'a> {
    /// An attribute of the standard without an index.
    #[must_use]
    pub fn standard(tag: Tag, value: AttributeValue<'a>) -> Self {
        Attribute { name: AttributeName::Standard(tag), index: None, value: Some(value) }
    }

    /// The same, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Attribute<'static> {
        Attribute {
            name: self.name.into_owned(),
            index: self.index,
            value: self.value.map(AttributeValue::into_owned),
        }
    }

    /// Reads the structure `Attribute` of 1.x.
    pub(crate) fn decode_named(item: Item<'a>) -> Result<Self, DecodeError> {
        let (mut name, mut index, mut value) = (None, None, None);
        for child in item.children()? {
            let fresh = match child.tag() {
                Tag::ATTRIBUTE_NAME => name.replace(AttributeName::from_text(child.text()?)).is_none(),
                Tag::ATTRIBUTE_INDEX => {
                    let number = u32::try_from(child.integer()?).map_err(|_| child.bad_value())?;
                    index.replace(number).is_none()
                }
                Tag::ATTRIBUTE_VALUE => value.replace(AttributeValue::decode(child)?).is_none(),
                _ => return Err(child.unexpected_in(item.tag())),
            };
            if !fresh {
                return Err(child.repeated());
            }
        }
        let name = name.ok_or_else(|| item.lacks(Tag::ATTRIBUTE_NAME))?;
        Ok(Attribute { name, index, value })
    }

    /// Reads an item of the structure `Attributes` of 2.x.
    pub(crate) fn decode_tagged(item: Item<'a>) -> Result<Self, DecodeError> {
        if item.tag() != Tag::ATTRIBUTE {
            let value = Some(AttributeValue::decode(item)?);
            return Ok(Attribute { name: AttributeName::Standard(item.tag()), index: None, value });
        }
        let (mut vendor, mut name, mut value) = (None, None, None);
        for child in item.children()? {
            let fresh = match child.tag() {
                Tag::VENDOR_IDENTIFICATION => vendor.replace(child.text()?).is_none(),
                Tag::ATTRIBUTE_NAME => name.replace(child.text()?).is_none(),
                Tag::ATTRIBUTE_VALUE => value.replace(AttributeValue::decode(child)?).is_none(),
                _ => return Err(child.unexpected_in(item.tag())),
            };
            if !fresh {
                return Err(child.repeated());
            }
        }
        let vendor = vendor.ok_or_else(|| item.lacks(Tag::VENDOR_IDENTIFICATION))?;
        let name = name.ok_or_else(|| item.lacks(Tag::ATTRIBUTE_NAME))?;
        Ok(Attribute { name: AttributeName::vendor(vendor, name), index: None, value })
    }

    /// Writes the attribute in the form of `version`; nothing if the version has no such attribute.
    pub(crate) fn encode(&self, version: Version, out: &mut Writer<'_>) {
        if !self.name.exists_in(version) {
            return;
        }
        if version.tags_attributes() {
            self.encode_tagged(version, out);
        } else {
            out.structure(Tag::ATTRIBUTE, |out| {
                self.name.encode_text(Tag::ATTRIBUTE_NAME, out);
                if let Some(index) = self.index {
                    out.integer(Tag::ATTRIBUTE_INDEX, i32::try_from(index).unwrap_or(i32::MAX));
                }
                if let Some(value) = &self.value {
                    value.encode(Tag::ATTRIBUTE_VALUE, self.name.tag(), version, out);
                }
            });
        }
    }

    fn encode_tagged(&self, version: Version, out: &mut Writer<'_>) {
        match &self.name {
            AttributeName::Standard(tag) => {
                if let Some(value) = &self.value {
                    value.encode(*tag, Some(*tag), version, out);
                }
            }
            AttributeName::Vendor { vendor, name } => out.structure(Tag::ATTRIBUTE, |out| {
                out.text(Tag::VENDOR_IDENTIFICATION, vendor);
                out.text(Tag::ATTRIBUTE_NAME, name);
                if let Some(value) = &self.value {
                    value.encode(Tag::ATTRIBUTE_VALUE, None, version, out);
                }
            }),
            AttributeName::Unknown(_) => {}
        }
    }
}
