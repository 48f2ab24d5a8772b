//! `tenant.define`: from now on there is such a tenant. Defining it again changes nothing.

use super::{Governance, Unfit};
use holdfast_model::TenantId;
use holdfast_model::limits::TENANTS_MAX;

pub(super) fn apply(state: &mut Governance, tenant: TenantId) -> Result<(), Unfit> {
    if state.tenants.len() >= TENANTS_MAX && !state.tenants.contains_key(&tenant) {
        return Err(Unfit::Limit);
    }
    if state.tenants.entry(tenant).or_default().is_destroyed() {
        return Err(Unfit::Destroyed);
    }
    Ok(())
}
