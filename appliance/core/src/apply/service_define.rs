//! `service.define`: the tenant has such a service; its L3 is made when it is first needed.

use super::{Governance, Unfit};
use holdfast_model::limits::SERVICES_PER_TENANT_MAX;
use holdfast_model::{ServiceId, TenantId};

pub(super) fn apply(state: &mut Governance, tenant: TenantId, service: ServiceId) -> Result<(), Unfit> {
    let orders = state.orders_of(tenant)?;
    if orders.services().len() >= SERVICES_PER_TENANT_MAX && !orders.services().contains(&service) {
        return Err(Unfit::Limit);
    }
    orders.define_service(service);
    Ok(())
}
