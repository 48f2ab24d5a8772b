//! Names the plain values that fields hold, with their units.
//!
//! Rules: KMIP 1.4, section 9.1.1.4; KMIP 2.1, sections 2 and 10.1.

use crate::field::Field;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, Writer};
use crate::version::Version;

/// A point in time: seconds since 1970, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub i64);

/// A point in time: microseconds since 1970 (2.x).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTimeExtended(pub i64);

/// A span of time in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub u32);

/// A whole number of any size: two's complement, big-endian. No `Debug`: it may be part of a key.
#[derive(Clone, Copy)]
pub struct BigInteger<'a>(pub &'a [u8]);

impl<'a> BigInteger<'a> {
    /// The magnitude without leading zeros; `None` for a negative number.
    #[must_use]
    pub fn unsigned(self) -> Option<&'a [u8]> {
        if self.0.first().is_some_and(|first| first & 0x80 != 0) {
            return None;
        }
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        self.0.get(zeros..)
    }
}

macro_rules! plain {
    ($( $ty:ty : $read:ident $write:ident |$value:ident| $inner:expr ; )*) => { $(
        impl Field<'_> for $ty {
            fn decode(item: Item<'_>, _: Version) -> Result<Self, DecodeError> {
                item.$read().map(Into::into)
            }

            fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
                let $value = self;
                out.$write(tag, $inner);
            }
        }
    )* };
}

plain! {
    i32: integer integer |value| *value;
    i64: long_integer long_integer |value| *value;
    bool: boolean boolean |value| *value;
    DateTime: date_time date_time |value| value.0;
    DateTimeExtended: date_time_extended date_time_extended |value| value.0;
    Interval: interval interval |value| value.0;
}

impl From<i64> for DateTime {
    fn from(seconds: i64) -> Self {
        DateTime(seconds)
    }
}

impl From<i64> for DateTimeExtended {
    fn from(microseconds: i64) -> Self {
        DateTimeExtended(microseconds)
    }
}

impl From<u32> for Interval {
    fn from(seconds: u32) -> Self {
        Interval(seconds)
    }
}

impl<'a> Field<'a> for &'a str {
    fn decode(item: Item<'a>, _: Version) -> Result<Self, DecodeError> {
        item.text()
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        out.text(tag, self);
    }
}

impl<'a> Field<'a> for &'a [u8] {
    fn decode(item: Item<'a>, _: Version) -> Result<Self, DecodeError> {
        item.bytes()
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        out.bytes(tag, self);
    }
}

impl<'a> Field<'a> for BigInteger<'a> {
    fn decode(item: Item<'a>, _: Version) -> Result<Self, DecodeError> {
        item.big_integer().map(BigInteger)
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        out.big_integer(tag, self.0);
    }
}

impl<'a> Field<'a> for Item<'a> {
    fn decode(item: Item<'a>, _: Version) -> Result<Self, DecodeError> {
        Ok(item)
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        out.item(tag, self);
    }
}
