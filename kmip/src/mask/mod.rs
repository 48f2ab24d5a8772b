//! Names the bit masks: sets of permissions and places that fit one integer.
//!
//! Separate from `enums` because masks are Integers on the wire and combine.
//! Rules: KMIP 1.0 to 1.4, section 9.1.3.3; KMIP 2.0 and 2.1, section 12.

mod table;

pub use table::*;

use crate::field::{List, structure};

macro_rules! masks {
    ($( $title:literal $ty:ident {
        $( $id:ident = $bit:literal : $( $name:literal $since:ident .. $until:ident ),+ ; )*
    } )*) => { $(
        #[doc = concat!("The `", $title, "` bit mask. Unknown bits are kept.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $ty(u32);

        impl $ty {
            $( #[doc = concat!("`", $($name),+, "` (", stringify!($bit), ").")]
               pub const $id: $ty = $ty($bit); )*

            /// The names of the bits.
            pub const NAMES: &'static crate::name::Names = &crate::name::Names {
                title: $title,
                rows: &[ $( $( crate::name::Row {
                    value: $bit,
                    name: $name,
                    since: crate::version::Version::$since,
                    until: crate::version::Version::$until,
                } ),+ ),* ],
            };

            /// From the bits of the Integer on the wire.
            #[must_use]
            pub const fn from_bits(bits: u32) -> Self {
                $ty(bits)
            }

            /// The bits of the Integer on the wire.
            #[must_use]
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Whether every bit of `wanted` is set.
            #[must_use]
            pub const fn contains(self, wanted: Self) -> bool {
                self.0 & wanted.0 == wanted.0
            }

            /// Whether any bit of `others` is set.
            #[must_use]
            pub const fn intersects(self, others: Self) -> bool {
                self.0 & others.0 != 0
            }

            /// Whether no bit is set.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// Whether `version` defines every bit that is set.
            #[must_use]
            pub fn exists_in(self, version: crate::version::Version) -> bool {
                (0..32).map(|shift| self.0 & (1 << shift)).filter(|bit| *bit != 0).all(|bit| Self::NAMES.defines(bit, version))
            }
        }

        impl core::ops::BitOr for $ty {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                $ty(self.0 | other.0)
            }
        }

        impl core::ops::BitAnd for $ty {
            type Output = Self;
            fn bitand(self, other: Self) -> Self {
                $ty(self.0 & other.0)
            }
        }

        impl crate::field::Field<'_> for $ty {
            fn decode(item: crate::ttlv::Item<'_>, _: crate::version::Version) -> Result<Self, crate::ttlv::DecodeError> {
                item.integer().map(|bits| $ty(bits.cast_unsigned()))
            }

            fn encode(&self, tag: crate::tag::Tag, _: crate::version::Version, out: &mut crate::ttlv::Writer<'_>) {
                out.integer(tag, self.0.cast_signed());
            }
        }
    )* };
}
pub(crate) use masks;

structure! {
    /// Sets of storage that are permitted, any one of them (2.x).
    #[derive(Clone, Copy)]
    ProtectionStorageMasks<'a> {
        /// Each a set.
        masks: List<'a, ProtectionStorageMask> = PROTECTION_STORAGE_MASK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;

    #[test]
    fn a_mask_contains_all_of_what_is_wanted_or_not() {
        let both = CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::DECRYPT;
        assert!(both.contains(CryptographicUsageMask::ENCRYPT));
        assert!(!both.contains(CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::SIGN));
        assert!(both.intersects(CryptographicUsageMask::ENCRYPT | CryptographicUsageMask::SIGN));
    }

    #[test]
    fn a_bit_that_the_version_lacks_is_told() {
        assert!(CryptographicUsageMask::EXPORT.exists_in(Version::V1_4));
        assert!(!CryptographicUsageMask::EXPORT.exists_in(Version::V2_0));
        assert!(!CryptographicUsageMask::from_bits(1 << 31).exists_in(Version::V2_1));
    }
}
