//! `tenant.destroy`: the tenant is cut off for good. Its keys are wiped before this is stored, its wrapped L2 is shredded after,
//! and nobody is trusted to act for it any more. Its name is not given away again.

use super::{Governance, Unfit};
use holdfast_model::TenantId;

pub(super) fn apply(state: &mut Governance, tenant: TenantId) -> Result<(), Unfit> {
    state.orders_of(tenant)?.destroy();
    state.trust.retain(|rule| rule.tenant != tenant);
    Ok(())
}
