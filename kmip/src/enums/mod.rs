//! Names the enumerations: what an enumerated field may say.
//!
//! A value that no version defines survives decoding, so that the operation that meets it can refuse it
//! with the reason its own clause names. Each type is a number with named constants.
//! Rules: KMIP 1.0 to 1.4, section 9.1.3.2; KMIP 2.0 and 2.1, section 11.

mod by_tag;
mod table;

pub use by_tag::{Listed, listed};
pub use table::*;

use crate::name::Names;

/// An enumerated value: a number, and the table that names it.
pub trait Enumeration: Copy + Eq {
    /// The names of the values.
    const NAMES: &'static Names;

    /// From the number on the wire; any number is taken.
    fn from_code(code: u32) -> Self;

    /// The number on the wire.
    fn code(self) -> u32;
}

macro_rules! enumerations {
    ($( $title:literal $ty:ident {
        $( $id:ident = $code:literal : $( $name:literal $since:ident .. $until:ident ),+ ; )*
    } )*) => { $(
        #[doc = concat!("The `", $title, "` enumeration.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(u32);

        impl $ty {
            $( #[doc = concat!($( "`", $name, "` " ),+, "(", stringify!($code), ").")]
               pub const $id: $ty = $ty($code); )*

            /// Whether `version` defines this value.
            #[must_use]
            pub fn exists_in(self, version: crate::version::Version) -> bool {
                <Self as super::Enumeration>::NAMES.defines(self.0, version)
            }

            /// The normalised name in `version`, or in the nearest that has one.
            #[must_use]
            pub fn name(self, version: crate::version::Version) -> Option<&'static str> {
                <Self as super::Enumeration>::NAMES.name(self.0, version)
            }

            /// The values that `version` defines, in ascending order.
            pub fn all(version: crate::version::Version) -> impl Iterator<Item = Self> {
                <Self as super::Enumeration>::NAMES.values(version).map($ty)
            }
        }

        impl super::Enumeration for $ty {
            const NAMES: &'static crate::name::Names = &crate::name::Names {
                title: $title,
                rows: &[ $( $( crate::name::Row {
                    value: $code,
                    name: $name,
                    since: crate::version::Version::$since,
                    until: crate::version::Version::$until,
                } ),+ ),* ],
            };

            fn from_code(code: u32) -> Self {
                $ty(code)
            }

            fn code(self) -> u32 {
                self.0
            }
        }

        impl core::fmt::Debug for $ty {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name(crate::version::Version::V2_1) {
                    Some(name) => f.write_str(name),
                    None => write!(f, "0x{:08X}", self.0),
                }
            }
        }

        impl crate::field::Field<'_> for $ty {
            fn decode(item: crate::ttlv::Item<'_>, _: crate::version::Version) -> Result<Self, crate::ttlv::DecodeError> {
                item.enumeration().map($ty)
            }

            fn encode(&self, tag: crate::tag::Tag, _: crate::version::Version, out: &mut crate::ttlv::Writer<'_>) {
                out.enumeration(tag, self.0);
            }
        }
    )* };
}
pub(crate) use enumerations;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;

    #[test]
    fn a_value_exists_only_from_the_version_that_brought_it() {
        assert!(!Operation::ENCRYPT.exists_in(Version::V1_1));
        assert!(Operation::ENCRYPT.exists_in(Version::V1_2));
        assert!(!ObjectType::TEMPLATE.exists_in(Version::V2_0));
        assert!(Operation::all(Version::V1_0).count() == 28);
    }

    #[test]
    fn an_unknown_value_survives_as_its_number() {
        let unknown = ObjectType::from_code(0x8000_0001);
        assert_eq!(unknown.code(), 0x8000_0001);
        assert_eq!(unknown.name(Version::V1_4), None);
        assert_eq!(format!("{unknown:?}"), "0x80000001");
    }

    #[test]
    fn a_renamed_value_is_called_what_the_version_calls_it() {
        assert_eq!(HashingAlgorithm::SHA_3_256.name(Version::V1_4), Some("SHA_3_256"));
        assert_eq!(HashingAlgorithm::SHA_3_256.name(Version::V2_1), Some("SHA3_256"));
        assert_eq!(HashingAlgorithm::NAMES.value("SHA3_256"), Some(0xF));
    }
}
