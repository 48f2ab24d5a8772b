//! `l1.link`: this key of that HSM is the tenant's root. Linking again after an unlink brings the tenant back.
//!
//! A tenant that is linked stays with its root key: its L2 is wrapped by it. Moving to another one is a rotation.

use super::{Governance, Unfit};
use holdfast_model::TenantId;
use holdfast_model::l1::L1Ref;

pub(super) fn apply(state: &mut Governance, tenant: TenantId, l1: &L1Ref) -> Result<(), Unfit> {
    if !state.hsms.contains(&l1.hsm) {
        return Err(Unfit::UnknownHsm);
    }
    let orders = state.orders_of(tenant)?;
    if orders.l1().is_some_and(|linked| linked != l1) {
        return Err(Unfit::LinkedElsewhere);
    }
    orders.link(l1.clone());
    Ok(())
}
