//! What the items of one batch leave for the items after them.
//!
//! Rules: KMIP 1.4, section 4 (ID Placeholder); KMIP 2.1, sections 4.58 and 8.2.

use crate::ops::Caller;
use core::cell::RefCell;
use holdfast_model::ObjectId;
use kmip::enums::{Operation, UniqueIdentifierItem};
use kmip::identifier::Identifier;
use kmip::result::Refusal;

/// What an item leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: the placeholder stays.
    Nothing,
    /// The placeholder is this object from now on.
    Object(ObjectId),
    /// The placeholder is empty from now on (a Locate that found none, or several).
    Empty,
}

/// The state of a batch.
#[derive(Default)]
pub struct Batch {
    caller: Caller,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    placeholder: Option<ObjectId>,
    left: Vec<(Operation, ObjectId)>,
    made: u16,
}

impl Batch {
    /// A batch that somebody asks for.
    #[must_use]
    pub fn of(caller: Caller) -> Self {
        Self { caller, ..Self::default() }
    }

    /// Who asks for it, as its header says.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Takes what an item leaves.
    pub fn leave(&self, operation: Operation, leaves: Leaves) {
        let mut inner = self.inner.borrow_mut();
        match leaves {
            Leaves::Nothing => {}
            Leaves::Empty => inner.placeholder = None,
            Leaves::Object(id) => {
                inner.placeholder = Some(id);
                inner.left.push((operation, id));
            }
        }
    }

    /// Counts the objects that the batch makes, so that they can be told apart by age although time stands still in it.
    pub fn count_new(&self) -> u16 {
        let mut inner = self.inner.borrow_mut();
        let nth = inner.made;
        inner.made = nth.saturating_add(1);
        nth
    }

    /// The object that a field means; absent means the placeholder.
    ///
    /// # Errors
    /// [`Refusal::NotFound`]: text that is no identifier of ours, a placeholder that is empty.
    pub fn object(&self, identifier: Option<Identifier<'_>>) -> Result<ObjectId, Refusal> {
        let inner = self.inner.borrow();
        let latest = |operation| inner.left.iter().rev().find(|(by, _)| *by == operation).map(|(_, id)| *id);
        let found = match identifier {
            None | Some(Identifier::Earlier(UniqueIdentifierItem::ID_PLACEHOLDER)) => inner.placeholder,
            Some(Identifier::Text(text)) => text.parse().ok(),
            Some(Identifier::Earlier(item)) => match item {
                UniqueIdentifierItem::CERTIFY => latest(Operation::CERTIFY),
                UniqueIdentifierItem::CREATE => latest(Operation::CREATE),
                UniqueIdentifierItem::CREATE_KEY_PAIR => latest(Operation::CREATE_KEY_PAIR),
                UniqueIdentifierItem::DERIVE_KEY => latest(Operation::DERIVE_KEY),
                UniqueIdentifierItem::IMPORT => latest(Operation::IMPORT),
                UniqueIdentifierItem::JOIN_SPLIT_KEY => latest(Operation::JOIN_SPLIT_KEY),
                UniqueIdentifierItem::LOCATE => latest(Operation::LOCATE),
                UniqueIdentifierItem::REGISTER => latest(Operation::REGISTER),
                UniqueIdentifierItem::RE_KEY => latest(Operation::RE_KEY),
                UniqueIdentifierItem::RE_CERTIFY => latest(Operation::RE_CERTIFY),
                _ => return Err(Refusal::FeatureNotSupported),
            },
            Some(Identifier::Nth(nth)) => {
                let at = match usize::try_from(nth) {
                    Ok(at) => Some(at),
                    Err(_) => usize::try_from(nth.unsigned_abs())
                        .ok()
                        .and_then(|back| inner.left.len().checked_sub(back)),
                };
                at.and_then(|at| inner.left.get(at)).map(|(_, id)| *id)
            }
        };
        found.ok_or(Refusal::NotFound)
    }
}
