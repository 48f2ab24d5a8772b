//! Changes an object as if nobody else could: load, decide, commit, and from the start if somebody was faster.
//!
//! Separate so that no operation can decide on one state and store over another: a concurrent Revoke is either seen by the
//! decision or makes the commit fail.

use super::call::Call;
use crate::managed::Managed;
use crate::object::Object;
use crate::request::of_scope;
use crate::scope::{Change, Scope, ScopeError};
use holdfast_model::ObjectId;
use kmip::result::Refusal;
use std::rc::Rc;

/// How often one request decides again before its client is told to come back.
const ATTEMPTS_MAX: u32 = 16;

/// What becomes of the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is; nothing is stored.
    Unchanged,
    /// It has another description.
    Changed,
    /// It loses its material.
    Destroyed,
    /// So many more nonces are reserved for this process.
    Reserves(u32),
}

/// Lets `decide` change the description of an object until that is stored.
///
/// # Errors
/// What `decide` refuses; [`Refusal::Unavailable`] if others were faster again and again.
pub(super) async fn change<S: Scope, T>(
    call: &Call<'_, S>,
    id: ObjectId,
    decide: impl Fn(&Rc<Object>, &mut Managed) -> Result<(Fate, T), Refusal>,
) -> Result<T, Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let object = call.load(id).await?;
        let mut managed = object.managed.clone();
        let (fate, result) = decide(&object, &mut managed)?;
        if fate == Fate::Unchanged {
            return Ok(result);
        }
        let next =
            object.successor(managed, fate != Fate::Destroyed).map_err(|_| of_scope(ScopeError::NoMemory))?;
        if let Fate::Reserves(nonces) = fate {
            next.nonces_left.set(next.nonces_left.get().saturating_add(nonces));
        }
        match call.scope.commit(vec![Change::Put(next)]).await {
            Ok(()) => return Ok(result),
            Err(ScopeError::Conflict) => {}
            Err(error) => return Err(of_scope(error)),
        }
    }
    Err(Refusal::Unavailable)
}
