//! Ties Rust types to TTLV: what a field's value is, how often it may occur, and how a structure is made of fields.
//!
//! Separate from `ttlv` because it knows the protocol version, and from the structures because all share it.
//!
//! The standard demands that fields stand in the order of its tables. Writing keeps that order. Reading does not
//! insist on it, because clients in the field (and a few of the published test cases) deviate; it insists that
//! every field is known, of its type, and not repeated.
//! Rules: KMIP 1.4, sections 9.1.1.4 (order) and 7.1; KMIP 2.1, section 10.1.

use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, Writer};
use crate::version::Version;

/// A value that an item can hold.
pub trait Field<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// [`DecodeError`]: the item is sound TTLV but not this value.
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError>;

    /// Writes the value as an item called `tag`.
    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>);
}

/// How often a field occurs: once (`T`), at most once (`Option<T>`), any number of times ([`List`]).
pub trait Slot<'a>: Sized {
    /// What has been found so far.
    type Filling: Default;

    /// Takes one occurrence. `siblings` are all children of the structure.
    ///
    /// # Errors
    /// [`DecodeError`]: not this value, or once too often.
    fn put(
        filling: &mut Self::Filling,
        item: Item<'a>,
        siblings: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError>;

    /// Ends reading of the structure `within`.
    ///
    /// # Errors
    /// [`DecodeError::Missing`].
    fn done(filling: Self::Filling, tag: Tag, within: &Item<'a>) -> Result<Self, DecodeError>;

    /// Writes all occurrences, unless `version` has no such field.
    fn write(&self, tag: Tag, version: Version, out: &mut Writer<'_>);
}

impl<'a, T: Field<'a>> Slot<'a> for T {
    type Filling = Option<T>;

    fn put(
        filling: &mut Option<T>,
        item: Item<'a>,
        _: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        put_once(filling, item, version)
    }

    fn done(filling: Option<T>, tag: Tag, within: &Item<'a>) -> Result<T, DecodeError> {
        filling.ok_or_else(|| within.lacks(tag))
    }

    fn write(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        self.encode(tag, version, out);
    }
}

impl<'a, T: Field<'a>> Slot<'a> for Option<T> {
    type Filling = Option<T>;

    fn put(
        filling: &mut Option<T>,
        item: Item<'a>,
        _: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        put_once(filling, item, version)
    }

    fn done(filling: Option<T>, _: Tag, _: &Item<'a>) -> Result<Option<T>, DecodeError> {
        Ok(filling)
    }

    fn write(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        if let Some(value) = self
            && may_stand(tag, version)
        {
            value.encode(tag, version, out);
        }
    }
}

#[inline]
fn put_once<'a, T: Field<'a>>(
    filling: &mut Option<T>,
    item: Item<'a>,
    version: Version,
) -> Result<(), DecodeError> {
    if filling.is_some() {
        return Err(item.repeated());
    }
    *filling = Some(T::decode(item, version)?);
    Ok(())
}

/// Whether a message of `version` may hold `tag`: the version defines it, or a vendor does.
fn may_stand(tag: Tag, version: Version) -> bool {
    tag.is_extension() || tag.exists_in(version)
}

/// A field that occurs any number of times: read in place from a message, or lent by whoever writes one.
pub struct List<'a, T> {
    source: Source<'a, T>,
}

enum Source<'a, T> {
    Read { siblings: Children<'a>, tag: Tag, version: Version },
    Lent(&'a [T]),
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Clone for Source<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Source<'_, T> {}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        List { source: Source::Lent(&[]) }
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(lent: &'a [T]) -> Self {
        List { source: Source::Lent(lent) }
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(lent: &'a [T; N]) -> Self {
        List { source: Source::Lent(lent) }
    }
}

impl<'a, T> From<&'a Vec<T>> for List<'a, T> {
    fn from(lent: &'a Vec<T>) -> Self {
        List { source: Source::Lent(lent) }
    }
}

impl<'a, T: Field<'a> + Clone> List<'a, T> {
    /// The values in order. Those read from a message are decoded again, which cannot fail: they were when the
    /// structure was read.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let (read, lent): (Option<(Children<'a>, Tag, Version)>, &'a [T]) = match self.source {
            Source::Read { siblings, tag, version } => (Some((siblings, tag, version)), &[]),
            Source::Lent(lent) => (None, lent),
        };
        let read = read.into_iter().flat_map(|(siblings, tag, version)| {
            siblings
                .filter(move |item| item.tag() == tag)
                .filter_map(move |item| T::decode(item, version).ok())
        });
        read.chain(lent.iter().cloned())
    }

    /// How many there are, without decoding them again.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.source {
            Source::Read { siblings, tag, .. } => siblings.filter(|item| item.tag() == tag).count(),
            Source::Lent(lent) => lent.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a, T: Field<'a> + Clone> Slot<'a> for List<'a, T> {
    type Filling = List<'a, T>;

    fn put(
        filling: &mut List<'a, T>,
        item: Item<'a>,
        siblings: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        T::decode(item, version)?;
        filling.source = Source::Read { siblings, tag: item.tag(), version };
        Ok(())
    }

    fn done(filling: List<'a, T>, _: Tag, _: &Item<'a>) -> Result<List<'a, T>, DecodeError> {
        Ok(filling)
    }

    fn write(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        if may_stand(tag, version) {
            for value in self.iter() {
                value.encode(tag, version, out);
            }
        }
    }
}

/// Picks the tag that a field has in `version`: the standard renamed some in 2.0.
pub(crate) fn tag_in(version: Version, until_1_4: Tag, since_2_0: Option<Tag>) -> Tag {
    match since_2_0 {
        Some(tag) if version.tags_attributes() => tag,
        _ => until_1_4,
    }
}

/// Defines a structure by its fields in the order of the standard: `field: Type = TAG`. `= TAG | TAG_2` is a field
/// that got another tag in 2.0, `= TAG + OTHER` one that stands under any of several; `since` a version before which it is not written.
macro_rules! structure {
    (
        $(#[$meta:meta])*
        $name:ident $(<$life:lifetime>)? {
            $( $(#[$about:meta])* $field:ident : $ty:ty = $tag:ident $(+ $alt:ident)* $(| $tag2:ident)? $(since $since:ident)? ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        pub struct $name $(<$life>)? {
            $( $(#[$about])* pub $field: $ty, )*
        }
        $crate::field::structure!(@field [$($life)?] $name $(<$life>)? {
            $( $field : $ty = $tag $(+ $alt)* $(| $tag2)? $(since $since)? ),*
        });
    };
    (@field [] $name:ident { $($body:tt)* }) => {
        impl $crate::field::Field<'_> for $name {
            $crate::field::structure!(@methods '_, $name { $($body)* });
        }
    };
    (@field [$l:lifetime] $name:ident <$life:lifetime> { $($body:tt)* }) => {
        impl<$l> $crate::field::Field<$l> for $name<$l> {
            $crate::field::structure!(@methods $l, $name { $($body)* });
        }
    };
    (@methods $l:lifetime, $name:ident {
        $( $field:ident : $ty:ty = $tag:ident $(+ $alt:ident)* $(| $tag2:ident)? $(since $since:ident)? ),*
    }) => {
        #[allow(unused_variables, unused_mut)]
        fn decode(
            item: $crate::ttlv::Item<$l>,
            version: $crate::version::Version,
        ) -> Result<Self, $crate::ttlv::DecodeError> {
            let children = item.children()?;
            $( let mut $field = <<$ty as $crate::field::Slot<'_>>::Filling as Default>::default(); )*
            for child in children {
                match child.tag() {
                    $( $crate::tag::Tag::$tag $(| $crate::tag::Tag::$alt)* $(| $crate::tag::Tag::$tag2)? => {
                        <$ty as $crate::field::Slot<'_>>::put(&mut $field, child, children, version)?;
                    } )*
                    _ => return Err(child.unexpected_in(item.tag())),
                }
            }
            $(
                let tag = $crate::field::structure!(@pick version, $tag $(, $tag2)?);
                let $field = <$ty as $crate::field::Slot<'_>>::done($field, tag, &item)?;
            )*
            Ok($name { $( $field ),* })
        }

        #[allow(unused_variables)]
        fn encode(
            &self,
            tag: $crate::tag::Tag,
            version: $crate::version::Version,
            out: &mut $crate::ttlv::Writer<'_>,
        ) {
            out.structure(tag, |out| {
                $(
                    let tag = $crate::field::structure!(@pick version, $tag $(, $tag2)?);
                    if true $(&& version >= $crate::version::Version::$since)? {
                        $crate::field::Slot::write(&self.$field, tag, version, out);
                    }
                )*
            });
        }
    };
    (@pick $version:ident, $tag:ident) => {
        $crate::tag::Tag::$tag
    };
    (@pick $version:ident, $tag:ident, $tag2:ident) => {
        $crate::field::tag_in($version, $crate::tag::Tag::$tag, Some($crate::tag::Tag::$tag2))
    };
}
pub(crate) use structure;
