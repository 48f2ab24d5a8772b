//! What an attribute is called, in the words of either form.
//!
//! Rules: KMIP 1.4, sections 2.1.1 and 3.39 (custom attributes); KMIP 2.1, sections 4.60 and 7.x (Attribute Reference).

use std::borrow::Cow;

use super::rule::{rule, rule_named};
use crate::field::Field;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, ItemType, Writer};
use crate::version::Version;

/// Vendor identification of attributes that clients make; 1.x spells it as the prefix `x-`.
pub const CLIENT_VENDOR: &str = "x";
/// Vendor identification of attributes that servers make; 1.x spells it as the prefix `y-`.
pub const SERVER_VENDOR: &str = "y";

/// The name of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AttributeName<'a> {
    /// One of the standard's, by its tag. In 2.x this may be any tag; [`rule()`] tells whether it is an attribute.
    Standard(Tag),
    /// Custom (1.x) or vendor (2.x).
    Vendor {
        /// Vendor identification: `x` for clients', `y` for servers', else a vendor's.
        vendor: Cow<'a, str>,
        /// The name without prefix.
        name: Cow<'a, str>,
    },
    /// Text that names no attribute, as a 1.x request may hold.
    Unknown(Cow<'a, str>),
}

impl<'a> AttributeName<'a> {
    /// From the textual name of 1.x.
    #[must_use]
    pub fn from_text(text: &'a str) -> Self {
        for (prefix, vendor) in [("x-", CLIENT_VENDOR), ("y-", SERVER_VENDOR)] {
            if let Some(name) = text.strip_prefix(prefix) {
                return AttributeName::vendor(vendor, name);
            }
        }
        match rule_named(text) {
            Some(rule) => AttributeName::Standard(rule.tag),
            None => AttributeName::Unknown(Cow::Borrowed(text)),
        }
    }

    /// A custom or vendor attribute.
    #[must_use]
    pub fn vendor(vendor: &'a str, name: &'a str) -> Self {
        AttributeName::Vendor { vendor: Cow::Borrowed(vendor), name: Cow::Borrowed(name) }
    }

    /// The tag, if it is one of the standard's.
    #[must_use]
    pub fn tag(&self) -> Option<Tag> {
        match self {
            AttributeName::Standard(tag) => Some(*tag),
            AttributeName::Vendor { .. } | AttributeName::Unknown(_) => None,
        }
    }

    /// Whether `version` has an attribute of this name. Another vendor's has no name in 1.x.
    #[must_use]
    pub fn exists_in(&self, version: Version) -> bool {
        match self {
            AttributeName::Standard(tag) => rule(*tag).is_some_and(|rule| rule.exists_in(version)),
            AttributeName::Vendor { vendor, .. } => {
                version.tags_attributes() || vendor == CLIENT_VENDOR || vendor == SERVER_VENDOR
            }
            AttributeName::Unknown(_) => false,
        }
    }

    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> AttributeName<'static> {
        match self {
            AttributeName::Standard(tag) => AttributeName::Standard(tag),
            AttributeName::Vendor { vendor, name } => AttributeName::Vendor {
                vendor: Cow::Owned(vendor.into_owned()),
                name: Cow::Owned(name.into_owned()),
            },
            AttributeName::Unknown(text) => AttributeName::Unknown(Cow::Owned(text.into_owned())),
        }
    }

    /// Writes the textual name of 1.x; nothing for a tag that is no attribute.
    pub(super) fn encode_text(&self, tag: Tag, out: &mut Writer<'_>) {
        match self {
            AttributeName::Standard(attribute) => {
                if let Some(rule) = rule(*attribute) {
                    out.text(tag, rule.name);
                }
            }
            AttributeName::Vendor { vendor, name } => out.text_of(tag, &[vendor, "-", name]),
            AttributeName::Unknown(text) => out.text(tag, text),
        }
    }
}

/// As a field: Attribute Name (text) in 1.x; Attribute Reference (a tag, or a vendor's structure) in 2.x.
impl<'a> Field<'a> for AttributeName<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        if !version.tags_attributes() {
            return item.text().map(AttributeName::from_text);
        }
        match item.ty() {
            ItemType::Enumeration => {
                Tag::new(item.enumeration()?).map(AttributeName::Standard).ok_or_else(|| item.bad_value())
            }
            // Attribute Name proper (Key Wrapping Specification) stays text in 2.x.
            ItemType::TextString if item.tag() == Tag::ATTRIBUTE_NAME => {
                item.text().map(AttributeName::from_text)
            }
            _ => {
                let (mut vendor, mut name) = (None, None);
                for child in item.children()? {
                    let fresh = match child.tag() {
                        Tag::VENDOR_IDENTIFICATION => vendor.replace(child.text()?).is_none(),
                        Tag::ATTRIBUTE_NAME => name.replace(child.text()?).is_none(),
                        _ => return Err(child.unexpected_in(item.tag())),
                    };
                    if !fresh {
                        return Err(child.repeated());
                    }
                }
                let vendor = vendor.ok_or_else(|| item.lacks(Tag::VENDOR_IDENTIFICATION))?;
                let name = name.ok_or_else(|| item.lacks(Tag::ATTRIBUTE_NAME))?;
                Ok(AttributeName::vendor(vendor, name))
            }
        }
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        if !version.tags_attributes() || tag == Tag::ATTRIBUTE_NAME {
            return self.encode_text(tag, out);
        }
        match self {
            AttributeName::Standard(attribute) => out.enumeration(tag, attribute.number()),
            AttributeName::Vendor { vendor, name } => out.structure(tag, |out| {
                out.text(Tag::VENDOR_IDENTIFICATION, vendor);
                out.text(Tag::ATTRIBUTE_NAME, name);
            }),
            AttributeName::Unknown(_) => {}
        }
    }
}
