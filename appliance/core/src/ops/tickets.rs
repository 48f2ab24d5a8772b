//! Tickets: what Login and Delegated Login gave, and what a request that shows one may do.
//!
//! Separate because it outlives a message, and belongs to a tenant. A ticket never widens what the certificate of the
//! connection allows: it names the user who logged in, and a delegated one narrows to operations and objects. Whoever shows
//! one must be of the same service. Kept in memory alone: after a restart, or when the tenant is cut off, users log in again.
//! Rules: KMIP 2.1, sections 6.1.12, 6.1.30, 6.1.31, 7.26 and 7.27.

use super::call::Call;
use crate::request::{Asker, of_scope};
use crate::scope::Scope;
use core::cell::RefCell;
use holdfast_model::limits::{
    RIGHT_ENTRIES_MAX, TICKET_TIME_DEFAULT, TICKET_TIME_MAX, TICKETS_PER_TENANT_MAX,
};
use holdfast_model::{ObjectId, ServiceId, Timestamp};
use kmip::enums::{Enumeration, Operation};
use kmip::lease::LeaseTime;
use kmip::message::{Authentication, CredentialValue};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::Item;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// The value of a ticket. Nobody can guess it.
pub(super) type TicketValue = [u8; 32];

/// One thing that the holder of a delegated ticket may do: any of the operations, if it names some, on any of the objects,
/// if it names some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Right {
    operations: Vec<Operation>,
    objects: Vec<ObjectId>,
}

/// What a ticket is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    service: ServiceId,
    asker: Option<Asker>,
    until: Timestamp,
    requests_left: Option<u32>,
    rights: Option<Rc<Vec<Right>>>,
}

/// Who asks, as the header of a request says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The user, if one is named.
    pub(crate) asker: Option<Asker>,
    ticket: Shown,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    None,
    Bad,
    Delegated(Rc<Vec<Right>>),
}

impl From<Option<Asker>> for Caller {
    fn from(asker: Option<Asker>) -> Self {
        Self { asker, ticket: Shown::None }
    }
}

impl Caller {
    /// May it ask for this operation at all?
    ///
    /// # Errors
    /// [`Refusal::InvalidTicket`], [`Refusal::PermissionDenied`].
    pub(super) fn may_ask(&self, operation: Operation) -> Result<(), Refusal> {
        match &self.ticket {
            Shown::None => Ok(()),
            Shown::Bad => Err(Refusal::InvalidTicket),
            Shown::Delegated(rights) if rights.iter().any(|right| right.has(operation)) => Ok(()),
            Shown::Delegated(_) => Err(Refusal::PermissionDenied),
        }
    }

    /// May it ask this of that object?
    pub(super) fn may_touch(&self, operation: Operation, object: ObjectId) -> bool {
        match &self.ticket {
            Shown::None => true,
            Shown::Bad => false,
            Shown::Delegated(rights) => rights.iter().any(|right| {
                right.has(operation) && (right.objects.is_empty() || right.objects.contains(&object))
            }),
        }
    }

    /// Does it act with less than its certificate allows? Such a one passes nothing on.
    pub(super) fn is_narrowed(&self) -> bool {
        self.ticket != Shown::None
    }
}

impl Right {
    fn has(&self, operation: Operation) -> bool {
        self.operations.is_empty() || self.operations.contains(&operation)
    }
}

/// The tickets of one tenant.
#[derive(Default)]
pub struct Tickets {
    held: RefCell<BTreeMap<TicketValue, Held>>,
}

impl Tickets {
    /// Forgets all.
    pub fn clear(&self) {
        self.held.borrow_mut().clear();
    }

    /// Counts one use; what the ticket is good for, if it is good.
    fn used(&self, value: &[u8], service: ServiceId, now: Timestamp) -> Option<Held> {
        let value = TicketValue::try_from(value).ok()?;
        let mut held = self.held.borrow_mut();
        held.retain(|_, ticket| now < ticket.until);
        let ticket = held.get_mut(&value).filter(|ticket| ticket.service == service)?;
        let good = match &mut ticket.requests_left {
            None => true,
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        };
        good.then(|| ticket.clone())
    }
}

/// Who asks. A header with a ticket that is not good makes a caller who may do nothing.
pub(crate) fn caller<S: Scope>(scope: &S, authentication: Option<&Authentication<'_>>) -> Caller {
    let named = Asker::of(authentication);
    let shown = authentication.and_then(|authentication| {
        authentication.credentials.iter().find_map(|credential| match credential.value {
            CredentialValue::Ticket(shown) => Some(shown.ticket.value),
            _ => None,
        })
    });
    let Some(value) = shown else { return named.into() };
    match scope.tickets().used(value, scope.identity().service, scope.now()) {
        None => Caller { asker: named, ticket: Shown::Bad },
        Some(held) => {
            let ticket = held.rights.map_or(Shown::None, Shown::Delegated);
            Caller { asker: held.asker, ticket }
        }
    }
}

/// Makes a ticket.
///
/// # Errors
/// [`Refusal::InvalidField`] for a time or a count that is none; [`Refusal::PermissionDenied`] for who acts with a ticket that
/// narrows; [`Refusal::ServerLimit`].
pub(super) fn issue<S: Scope>(
    call: &Call<'_, S>,
    lease: Option<LeaseTime>,
    requests: Option<i32>,
    rights: Option<Vec<Right>>,
) -> Result<TicketValue, Refusal> {
    if call.caller().is_narrowed() {
        return Err(Refusal::PermissionDenied);
    }
    let now = call.scope.now();
    let span = match lease {
        None => TICKET_TIME_DEFAULT,
        Some(LeaseTime::For(span)) => Duration::from_secs(u64::from(span.0)),
        Some(LeaseTime::Until(date)) => {
            let seconds = date.0.saturating_sub(now.seconds());
            Duration::from_secs(u64::try_from(seconds).map_err(|_| Refusal::InvalidField)?)
        }
    };
    if span.is_zero() {
        return Err(Refusal::InvalidField);
    }
    let requests_left = match requests.map(u32::try_from) {
        None => None,
        Some(Ok(count)) if count > 0 => Some(count),
        Some(_) => return Err(Refusal::InvalidField),
    };
    let mut value = TicketValue::default();
    call.scope.random(&mut value).map_err(of_scope)?;
    let ticket = Held {
        service: call.scope.identity().service,
        asker: call.asker(),
        until: now.after(span.min(TICKET_TIME_MAX)),
        requests_left,
        rights: rights.map(Rc::new),
    };
    let mut held = call.scope.tickets().held.borrow_mut();
    held.retain(|_, ticket| now < ticket.until);
    if held.len() >= TICKETS_PER_TENANT_MAX {
        return Err(Refusal::ServerLimit);
    }
    held.insert(value, ticket);
    Ok(value)
}

/// Ends a ticket of the client's service.
///
/// # Errors
/// [`Refusal::InvalidTicket`].
pub(super) fn end<S: Scope>(call: &Call<'_, S>, value: &[u8]) -> Result<(), Refusal> {
    let value = TicketValue::try_from(value).map_err(|_| Refusal::InvalidTicket)?;
    let mut held = call.scope.tickets().held.borrow_mut();
    let own = held.get(&value).is_some_and(|ticket| ticket.service == call.scope.identity().service);
    if !own {
        return Err(Refusal::InvalidTicket);
    }
    held.remove(&value);
    Ok(())
}

/// Reads a Rights structure.
///
/// # Errors
/// [`Refusal::InvalidField`]; [`Refusal::FeatureNotSupported`] for rights by object group and by usage.
pub(super) fn read_rights(rights: Item<'_>) -> Result<Vec<Right>, Refusal> {
    let (mut read, mut entries) = (Vec::new(), 0);
    for right in rights.children()? {
        if right.tag() != Tag::RIGHT {
            return Err(Refusal::InvalidField);
        }
        let mut one = Right::default();
        for part in right.children()? {
            if ![Tag::OPERATIONS, Tag::OBJECTS].contains(&part.tag()) {
                return Err(Refusal::FeatureNotSupported);
            }
            for entry in part.children()? {
                entries += 1;
                match (part.tag(), entry.tag()) {
                    (Tag::OPERATIONS, Tag::OPERATION) => {
                        one.operations.push(Operation::from_code(entry.enumeration()?));
                    }
                    (Tag::OBJECTS, Tag::UNIQUE_IDENTIFIER) => {
                        one.objects.push(entry.text()?.parse().map_err(|_| Refusal::InvalidField)?);
                    }
                    _ => return Err(Refusal::InvalidField),
                }
                if entries > RIGHT_ENTRIES_MAX {
                    return Err(Refusal::ServerLimit);
                }
            }
        }
        entries += 1;
        read.push(one);
        if entries > RIGHT_ENTRIES_MAX {
            return Err(Refusal::ServerLimit);
        }
    }
    Ok(read)
}
