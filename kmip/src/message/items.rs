//! The items of a message that was read. The first stays as it was decoded, because most messages have no other.
//!
//! Separate from [`List`](crate::field::List), which keeps nothing decoded and so stays small in every structure.

use crate::field::{Field, Slot};
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, Writer};
use crate::version::Version;

/// Batch items, as many as the message has.
#[derive(Clone, Copy)]
pub struct Items<'a, T> {
    first: Option<T>,
    count: usize,
    siblings: Children<'a>,
    version: Version,
}

impl<T> Default for Items<'_, T> {
    fn default() -> Self {
        Items { first: None, count: 0, siblings: Children::default(), version: Version::V1_0 }
    }
}

impl<'a, T: Field<'a> + Copy> Items<'a, T> {
    /// The items in order. All but the first are decoded again, which cannot fail: they were when the message was read.
    pub fn iter(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let version = self.version;
        let behind = if self.count > 1 { self.siblings } else { Children::default() };
        let behind = behind.filter(|item| item.tag() == Tag::BATCH_ITEM).skip(1);
        self.first.into_iter().chain(behind.filter_map(move |item| T::decode(item, version).ok()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<'a, T: Field<'a> + Copy> Slot<'a> for Items<'a, T> {
    type Filling = Self;

    fn put(
        filling: &mut Self,
        item: Item<'a>,
        siblings: Children<'a>,
        version: Version,
    ) -> Result<(), DecodeError> {
        let decoded = T::decode(item, version)?;
        if filling.count == 0 {
            *filling = Items { first: Some(decoded), count: 0, siblings, version };
        }
        filling.count += 1;
        Ok(())
    }

    fn done(filling: Self, _: Tag, _: &Item<'a>) -> Result<Self, DecodeError> {
        Ok(filling)
    }

    fn write(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        for item in self.iter() {
            item.encode(tag, version, out);
        }
    }
}
