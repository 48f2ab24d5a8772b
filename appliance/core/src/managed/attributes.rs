//! The stored attributes of one object: kept as the client said them, with the indices of 1.x.
//!
//! Rules: KMIP 1.4, sections 2.1.1 and 3; KMIP 2.1, section 4.

use kmip::attribute::{Attribute, AttributeName, AttributeValue};
use kmip::tag::Tag;

/// The attributes of one object, in the order in which they came. Each instance has an index of its own, which is not
/// given again after a deletion of an earlier one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AttributeSet {
    items: Vec<Attribute<'static>>,
}

impl AttributeSet {
    /// All instances.
    #[must_use]
    pub fn all(&self) -> &[Attribute<'static>] {
        &self.items
    }

    /// How many instances there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The first value of a standard attribute.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<&AttributeValue<'static>> {
        self.items
            .iter()
            .find(|item| matches!(item.name, AttributeName::Standard(t) if t == tag))
            .and_then(|item| item.value.as_ref())
    }

    /// All instances of one attribute.
    pub fn of<'s, 'n>(
        &'s self,
        name: &'n AttributeName<'_>,
    ) -> impl Iterator<Item = &'s Attribute<'static>> + use<'s, 'n> {
        let name = name.clone().into_owned();
        self.items.iter().filter(move |item| item.name == name)
    }

    /// Sets the only value of a standard attribute.
    pub fn set(&mut self, tag: Tag, value: AttributeValue<'static>) {
        let there = self.items.iter_mut().find(|item| item.name.tag() == Some(tag));
        match there {
            Some(item) => item.value = Some(value),
            None => self.items.push(Attribute {
                name: AttributeName::Standard(tag),
                index: Some(0),
                value: Some(value),
            }),
        }
    }

    /// Adds an instance and tells its index.
    pub fn add(&mut self, name: AttributeName<'static>, value: AttributeValue<'static>) -> u32 {
        let last = self.items.iter().filter(|item| item.name == name).filter_map(|item| item.index).max();
        let index = last.map_or(0, |last| last.saturating_add(1));
        self.items.push(Attribute { name, index: Some(index), value: Some(value) });
        index
    }

    /// Adds an instance that was stored, with its index.
    pub fn restore(&mut self, attribute: Attribute<'static>) {
        self.items.push(attribute);
    }

    /// The instance with this index.
    pub fn instance_mut(&mut self, name: &AttributeName<'_>, index: u32) -> Option<&mut Attribute<'static>> {
        let name = name.clone().into_owned();
        self.items.iter_mut().find(|item| item.name == name && item.index.unwrap_or(0) == index)
    }

    /// Removes the instances that `which` names, and tells how many there were.
    pub fn remove(&mut self, which: impl Fn(&Attribute<'static>) -> bool) -> usize {
        let before = self.items.len();
        self.items.retain(|item| !which(item));
        before - self.items.len()
    }

    /// Removes a standard attribute.
    pub fn unset(&mut self, tag: Tag) {
        self.remove(|item| item.name.tag() == Some(tag));
    }
}
