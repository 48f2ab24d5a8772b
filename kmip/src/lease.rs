//! How long a ticket lives: a span or a date.
//!
//! Rules: KMIP 2.1, sections 6.1.12 and 6.1.30.

use crate::field::Field;
use crate::primitive::{DateTime, Interval};
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, ItemType, Writer};
use crate::version::Version;

/// The lease time of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseTime {
    /// From now on.
    For(Interval),
    /// Until then.
    Until(DateTime),
}

impl Field<'_> for LeaseTime {
    fn decode(item: Item<'_>, _: Version) -> Result<Self, DecodeError> {
        match item.ty() {
            ItemType::DateTime => item.date_time().map(DateTime).map(LeaseTime::Until),
            _ => item.interval().map(Interval).map(LeaseTime::For),
        }
    }

    fn encode(&self, tag: Tag, _: Version, out: &mut Writer<'_>) {
        match self {
            LeaseTime::For(span) => out.interval(tag, span.0),
            LeaseTime::Until(date) => out.date_time(tag, date.0),
        }
    }
}
