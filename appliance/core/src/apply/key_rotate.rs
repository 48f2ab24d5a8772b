//! `key.rotate`: the service's L3 has one version more. It is made when the service's keys are next needed, however often the
//! box was started meanwhile; older versions only unwrap.

use super::{Governance, Unfit};
use holdfast_model::limits::SERVICE_KEY_VERSIONS_MAX;
use holdfast_model::{ServiceId, TenantId};

pub(super) fn apply(state: &mut Governance, tenant: TenantId, service: ServiceId) -> Result<(), Unfit> {
    let orders = state.orders_of(tenant)?;
    if !orders.services().contains(&service) {
        return Err(Unfit::UnknownService);
    }
    if orders.key_versions(service) >= SERVICE_KEY_VERSIONS_MAX {
        return Err(Unfit::Limit);
    }
    orders.rotate(service);
    Ok(())
}
