//! Where attributes stand in messages: in a template, inline in a payload, alone.
//!
//! Each reads in place and writes from a lent slice.

use super::{Attribute, Name};
use crate::field::{Field, Slot};
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, Writer};
use crate::version::Version;

/// A set of attributes: Template-Attribute (and Common, Private Key, Public Key Template-Attribute) in 1.x, Attributes (and
/// Common, Private Key, Public Key Attributes) in 2.x.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    Named(Children<'a>),
    Tagged(Children<'a>),
    Lent(&'a [Attribute<'a>]),
}

impl Default for Attributes<'_> {
    fn default() -> Self {
        Attributes { source: Source::Lent(&[]) }
    }
}

impl<'a> From<&'a [Attribute<'a>]> for Attributes<'a> {
    fn from(lent: &'a [Attribute<'a>]) -> Self {
        Attributes { source: Source::Lent(lent) }
    }
}

impl<'a, const N: usize> From<&'a [Attribute<'a>; N]> for Attributes<'a> {
    fn from(lent: &'a [Attribute<'a>; N]) -> Self {
        Attributes { source: Source::Lent(lent) }
    }
}

impl<'a> From<&'a Vec<Attribute<'a>>> for Attributes<'a> {
    fn from(lent: &'a Vec<Attribute<'a>>) -> Self {
        Attributes { source: Source::Lent(lent) }
    }
}

impl<'a> Attributes<'a> {
    /// The attributes in order. Those read from a message were checked when it was decoded.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let (named, tagged, lent) = match self.source {
            Source::Named(children) => (children, Children::default(), [].as_slice()),
            Source::Tagged(children) => (Children::default(), children, [].as_slice()),
            Source::Lent(lent) => (Children::default(), Children::default(), lent),
        };
        let named = named
            .filter(|child| child.tag() == Tag::ATTRIBUTE)
            .filter_map(|child| Attribute::decode_named(child).ok());
        let tagged = tagged.filter_map(|child| Attribute::decode_tagged(child).ok());
        named.chain(tagged).chain(lent.iter().cloned())
    }

    /// The names of templates that a 1.x request refers to.
    pub fn templates(&self) -> impl Iterator<Item = Name<'a>> + use<'a> {
        let children = match self.source {
            Source::Named(children) => children,
            Source::Tagged(_) | Source::Lent(_) => Children::default(),
        };
        children
            .filter(|child| child.tag() == Tag::NAME)
            .filter_map(|child| Name::decode(child, Version::V1_4).ok())
    }

    /// Whether there is neither attribute nor template name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none() && self.templates().next().is_none()
    }

    fn write_each(&self, version: Version, out: &mut Writer<'_>) {
        if !version.tags_attributes() {
            for name in self.templates() {
                name.encode(Tag::NAME, version, out);
            }
        }
        for attribute in self.iter() {
            attribute.encode(version, out);
        }
    }
}

impl<'a> Field<'a> for Attributes<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        let children = item.children()?;
        let named = matches!(
            item.tag(),
            Tag::TEMPLATE_ATTRIBUTE
                | Tag::COMMON_TEMPLATE_ATTRIBUTE
                | Tag::PRIVATE_KEY_TEMPLATE_ATTRIBUTE
                | Tag::PUBLIC_KEY_TEMPLATE_ATTRIBUTE
                | Tag::TEMPLATE
        );
        if named == version.tags_attributes() {
            return Err(item.unexpected_in(Tag::REQUEST_PAYLOAD));
        }
        if !named {
            for child in children {
                Attribute::decode_tagged(child)?;
            }
            return Ok(Attributes { source: Source::Tagged(children) });
        }
        for child in children {
            match child.tag() {
                Tag::ATTRIBUTE => drop(Attribute::decode_named(child)?),
                Tag::NAME if item.tag() != Tag::TEMPLATE => drop(Name::decode(child, version)?),
                _ => return Err(child.unexpected_in(item.tag())),
            }
        }
        Ok(Attributes { source: Source::Named(children) })
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        out.structure(tag, |out| self.write_each(version, out));
    }
}

/// Attributes that in 1.x stand one by one in the structure around them, and in 2.x together in an Attributes structure:
/// responses to Get Attributes, key values, and others.
#[derive(Clone, Copy, Default)]
pub struct InlineAttributes<'a> {
    /// The attributes.
    pub attributes: Attributes<'a>,
    /// Whether an empty Attributes structure is written in 2.x.
    pub even_if_empty: bool,
}

impl<'a, T: Into<Attributes<'a>>> From<T> for InlineAttributes<'a> {
    fn from(attributes: T) -> Self {
        InlineAttributes { attributes: attributes.into(), even_if_empty: true }
    }
}

impl<'a> InlineAttributes<'a> {
    /// The attributes in order.
    pub fn iter(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        self.attributes.iter()
    }
}

impl<'a> Slot<'a> for InlineAttributes<'a> {
    type Filling = Option<InlineAttributes<'a>>;

    fn put(
        filling: &mut Self::Filling,
        item: Item<'a>,
        siblings: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        let attributes = if item.tag() == Tag::ATTRIBUTE {
            if version.tags_attributes() {
                return Err(item.unexpected_in(Tag::ATTRIBUTES));
            }
            // Either all stand inline or all in a template.
            let inline = |read: &InlineAttributes<'a>| match read.attributes.source {
                Source::Named(children) => core::ptr::eq(children.encoded(), siblings.encoded()),
                Source::Tagged(_) | Source::Lent(_) => false,
            };
            if filling.as_ref().is_some_and(|read| !inline(read)) {
                return Err(item.repeated());
            }
            Attribute::decode_named(item)?;
            Attributes { source: Source::Named(siblings) }
        } else if filling.is_some() {
            return Err(item.repeated());
        } else {
            Attributes::decode(item, version)?
        };
        *filling = Some(InlineAttributes { attributes, even_if_empty: true });
        Ok(())
    }

    fn done(filling: Self::Filling, _: Tag, _: &Item<'a>) -> Result<Self, DecodeError> {
        Ok(filling.unwrap_or_default())
    }

    fn write(&self, _: Tag, version: Version, out: &mut Writer<'_>) {
        if !version.tags_attributes() {
            for attribute in self.iter() {
                attribute.encode(version, out);
            }
        } else if self.even_if_empty || self.iter().next().is_some() {
            self.attributes.encode(Tag::ATTRIBUTES, version, out);
        }
    }
}

/// One attribute: Attribute in 1.x; New Attribute or Current Attribute, holding one tagged item, in 2.x.
#[derive(Clone, Debug, PartialEq)]
pub struct OneAttribute<'a>(pub Attribute<'a>);

impl<'a> Field<'a> for OneAttribute<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        if (item.tag() == Tag::ATTRIBUTE) == version.tags_attributes() {
            return Err(item.unexpected_in(Tag::REQUEST_PAYLOAD));
        }
        if !version.tags_attributes() {
            return Attribute::decode_named(item).map(OneAttribute);
        }
        let mut children = item.children()?;
        let first = children.next().ok_or_else(|| item.lacks(Tag::ATTRIBUTE))?;
        match children.next() {
            None => Attribute::decode_tagged(first).map(OneAttribute),
            Some(second) => Err(second.unexpected_in(item.tag())),
        }
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        if version.tags_attributes() {
            // Responses repeat the attribute in 1.x only.
            if tag != Tag::ATTRIBUTE {
                out.structure(tag, |out| self.0.encode(version, out));
            }
        } else {
            self.0.encode(version, out);
        }
    }
}
