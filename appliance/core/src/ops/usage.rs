//! What using a key takes from it: usage limits, and the nonces that the server makes.
//!
//! Both are durable before the key is used, and exact: what a crash may lose is unused.
//! Rules: KMIP 1.4, sections 3.21, 4.18 and 4.29; SP 800-38D, section 8.3.

use super::birth::NONCES_AT_ONCE;
use super::call::Call;
use super::change::{Fate, change};
use crate::crypto::gcm::RANDOM_NONCES_MAX;
use crate::managed::Managed;
use crate::object::Object;
use crate::permit::{Permit, Purpose};
use crate::scope::Scope;
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeValue, UsageLimits};
use kmip::enums::UsageLimitsUnit;
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// How often a request may find that others took the nonces it had reserved.
const ATTEMPTS_MAX: u32 = 16;

/// Takes one use of `bytes` bytes from the object's usage limits, if it has any, and gives the permit for it.
///
/// # Errors
/// What the permit refuses; [`Refusal::PermissionDenied`] when the limits are used up.
pub(super) async fn allocate<'s, S: Scope, P: Purpose>(
    call: &Call<'s, S>,
    id: ObjectId,
    bytes: usize,
) -> Result<(Rc<Object>, Permit<'s, P>), Refusal> {
    let object = call.load(id).await?;
    let permit = Permit::<P>::obtain(call.scope, &object)?;
    if object.managed.attributes.get(Tag::USAGE_LIMITS).is_none() {
        return Ok((object, permit));
    }
    change(call, id, |object, managed| {
        Permit::<P>::obtain(call.scope, object)?;
        let limits = limits_of(managed).ok_or(Refusal::GeneralFailure)?;
        let amount = match limits.unit {
            UsageLimitsUnit::BYTE => i64::try_from(bytes).unwrap_or(i64::MAX),
            _ => 1,
        };
        // Permission Denied in every version: KMIP 1.4, section 4.29, and the cases of the 2.1 profiles.
        take(managed, limits, amount).map_err(|_| Refusal::PermissionDenied)?;
        Ok((Fate::Changed, ()))
    })
    .await?;
    // The use is paid for. The object judged first is the one that is used: what came after it counts for the next.
    Ok((object, permit))
}

/// Takes the bytes of another part of a use that is paid for, and gives the permit for it.
///
/// # Errors
/// As [`allocate`].
pub(super) async fn allocate_more<'s, S: Scope, P: Purpose>(
    call: &Call<'s, S>,
    id: ObjectId,
    bytes: usize,
) -> Result<Permit<'s, P>, Refusal> {
    let object = call.load(id).await?;
    if limits_of(&object.managed).is_some_and(|limits| limits.unit == UsageLimitsUnit::BYTE) {
        return allocate::<S, P>(call, id, bytes).await.map(|(_, permit)| permit);
    }
    Permit::<P>::obtain(call.scope, &object)
}

/// The usage limits, if the object has any.
pub(super) fn limits_of(managed: &Managed) -> Option<UsageLimits> {
    managed.attributes.get(Tag::USAGE_LIMITS).and_then(AttributeValue::as_usage_limits)
}

/// Takes an amount from the usage limits.
///
/// # Errors
/// [`Refusal::UsageLimitExceeded`]: there is not so much left; nothing is taken.
pub(super) fn take(managed: &mut Managed, limits: UsageLimits, amount: i64) -> Result<(), Refusal> {
    let left = limits.count.unwrap_or(limits.total);
    let rest = left.checked_sub(amount).filter(|rest| *rest >= 0).ok_or(Refusal::UsageLimitExceeded)?;
    let less = UsageLimits { count: Some(rest), ..limits };
    managed.attributes.set(Tag::USAGE_LIMITS, AttributeValue::structure(&less));
    Ok(())
}

/// Takes the right to make one nonce for GCM at random. A key that has had 2^32 is used up.
///
/// # Errors
/// What the permit refuses; [`Refusal::UsageLimitExceeded`].
pub(super) async fn nonce<S: Scope, P: Purpose>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
) -> Result<(), Refusal> {
    if object.take_nonce() {
        return Ok(());
    }
    for _ in 0..ATTEMPTS_MAX {
        change(call, object.id, |object, managed| {
            Permit::<P>::obtain(call.scope, object)?;
            // Others ran out at the same time, and one of them was faster: there are enough for all.
            if object.nonces_left.get() > 0 {
                return Ok((Fate::Unchanged, ()));
            }
            let reserved = managed.nonces_reserved.saturating_add(u64::from(NONCES_AT_ONCE));
            if reserved > RANDOM_NONCES_MAX {
                return Err(Refusal::UsageLimitExceeded);
            }
            managed.nonces_reserved = reserved;
            Ok((Fate::Reserves(NONCES_AT_ONCE), ()))
        })
        .await?;
        if call.load(object.id).await?.take_nonce() {
            return Ok(());
        }
    }
    Err(Refusal::Unavailable)
}
