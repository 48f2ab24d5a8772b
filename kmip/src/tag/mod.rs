//! Names the tags: which field an item is.
//!
//! Separate from `ttlv` so that the codec knows nothing of the vocabulary.
//! Rules: KMIP 1.4, sections 9.1.1.1 and 9.1.3.1; KMIP 2.1, section 11.56.

mod table;

use core::fmt;

use crate::name::Names;
use crate::version::Version;

/// A three-byte tag. Unknown tags and vendors' extensions (first byte 54) are values like any other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u32);

impl Tag {
    /// A tag from its number; `None` unless its first byte is 42 or 54, as the standard demands.
    #[must_use]
    #[inline]
    pub const fn new(number: u32) -> Option<Tag> {
        match number >> 16 {
            0x42 | 0x54 => Some(Tag(number)),
            _ => None,
        }
    }

    /// The number: 24 bits.
    #[must_use]
    #[inline]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The tag of a normalised name, for instance `UniqueIdentifier`.
    #[must_use]
    pub fn named(name: &str) -> Option<Tag> {
        table::NAMES.value(name).map(Tag)
    }

    /// The normalised name in this version, or in the nearest that has one.
    #[must_use]
    pub fn name(self, version: Version) -> Option<&'static str> {
        table::NAMES.name(self.0, version)
    }

    /// Whether `version` defines this tag. Extensions are defined in none.
    #[must_use]
    pub fn exists_in(self, version: Version) -> bool {
        table::NAMES.defines(self.0, version)
    }

    /// Whether the tag belongs to a vendor rather than to the standard.
    #[must_use]
    pub const fn is_extension(self) -> bool {
        self.0 >> 16 == 0x54
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name(Version::V2_1) {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:06X}", self.0),
        }
    }
}

macro_rules! tags {
    ($( $id:ident = $number:literal : $( $name:literal $since:ident .. $until:ident ),+ ; )*) => {
        impl Tag {
            $( #[doc = concat!($( "`", $name, "` " ),+, "(", stringify!($number), ").")]
               pub const $id: Tag = Tag($number); )*
        }
        pub(super) static NAMES: crate::name::Names = crate::name::Names {
            title: "Tag",
            rows: &[ $( $( crate::name::Row {
                value: $number,
                name: $name,
                since: crate::version::Version::$since,
                until: crate::version::Version::$until,
            } ),+ ),* ],
        };
    };
}
pub(crate) use tags;

/// Every name of a tag, for converters between encodings.
#[must_use]
pub fn names() -> &'static Names {
    &table::NAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_neither_the_standard_nor_a_vendor_is_none() {
        assert_eq!(Tag::new(0x41_0001), None);
        assert_eq!(Tag::new(0x0142_0001), None);
        assert_eq!(Tag::new(0x42_0094), Some(Tag::UNIQUE_IDENTIFIER));
        assert!(Tag::new(0x54_0001).is_some_and(Tag::is_extension));
    }

    #[test]
    fn a_tag_exists_from_the_version_that_brought_it_until_the_one_that_dropped_it() {
        assert!(Tag::TEMPLATE_ATTRIBUTE.exists_in(Version::V1_4));
        assert!(!Tag::TEMPLATE_ATTRIBUTE.exists_in(Version::V2_0));
        assert!(!Tag::ATTRIBUTES.exists_in(Version::V1_4));
        assert!(!Tag::FRESH.exists_in(Version::V1_0));
    }

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(table::NAMES.rows.is_sorted_by_key(|row| row.value));
    }
}
