//! What the items of one batch leave for the items after them.
//!
//! Rules: KMIP 1.4, section 4 (ID Placeholder); KMIP 2.1, sections 4.58 and 8.2.

use super::earlier::{self, Yielded};
use crate::ops::{Answer, Caller};
use core::cell::RefCell;
use holdfast_model::ObjectId;
use kmip::enums::{Operation, UniqueIdentifierItem};
use kmip::identifier::Identifier;
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::{Item, Writer};
use kmip::version::Version;
use zeroize::Zeroizing;

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
    /// Data for later items; none if no item of the batch refers to any.
    yielded: Option<Yielded>,
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

    /// The same, and what its items yield is kept for those after them.
    #[must_use]
    pub fn lending(self, lends: bool) -> Self {
        Self { yielded: lends.then(Yielded::default), ..self }
    }

    /// Keeps what an item yields, if a later one may refer to it. The answer says the same afterwards.
    ///
    /// # Errors
    /// [`Refusal::ServerLimit`], [`Refusal::ResponseTooLarge`].
    pub(super) fn keep(
        &self,
        operation: Operation,
        answer: Answer,
        version: Version,
    ) -> Result<Answer, Refusal> {
        let Some(yielded) = &self.yielded else { return Ok(answer) };
        let written = earlier::aside(|out| (answer.payload)(version, out))?;
        earlier::read(&written, |payload| yielded.keep(operation, &payload))??;
        let copy = move |_, out: &mut Writer<'_>| {
            // It was just written, so it can be read.
            let _ = earlier::read(&written, |payload| out.item(Tag::RESPONSE_PAYLOAD, &payload));
        };
        Ok(Answer { payload: Box::new(copy), leaves: answer.leaves })
    }

    /// A request payload with the data that it refers to; none if it refers to none.
    ///
    /// # Errors
    /// [`Refusal::MissingData`].
    pub(super) fn resolve(&self, payload: &Item<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, Refusal> {
        match &self.yielded {
            Some(yielded) if earlier::refers(payload) => yielded.resolve(payload).map(Some),
            _ => Ok(None),
        }
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
