//! `l1.unlink`: the tenant is cut off from its root key. Its keys are wiped before this is stored.

use super::{Governance, Unfit};
use holdfast_model::TenantId;

pub(super) fn apply(state: &mut Governance, tenant: TenantId) -> Result<(), Unfit> {
    state.orders_of(tenant)?.unlink();
    Ok(())
}
