//! `policy.set`: what the tenant's keys may be used for. Replaces the exceptions of a former one whole.

use super::{Governance, Unfit};
use holdfast_model::TenantId;
use holdfast_model::policy::{Policy, Practice};

pub(super) fn apply(
    state: &mut Governance,
    tenant: TenantId,
    allow: &[Practice],
    refuse: &[Practice],
) -> Result<(), Unfit> {
    state.orders_of(tenant)?.set_policy(Policy::with(allow, refuse));
    Ok(())
}
