//! What signed bundles make of the box: tenants, their orders, trust rules. Pure: no I/O, all or nothing.
//!
//! One file for each kind of directive. The state follows from the bundles alone, so a restart replays them.
//! Trusts: `Verified<Bundle>`, and nothing less.

mod client_trust;
mod key_rotate;
mod l1_link;
mod l1_unlink;
mod policy_set;
mod service_define;
mod tenant_define;
mod tenant_destroy;

use crate::tenant::orders::{Orders, TenantOrders};
use holdfast_model::TenantId;
use holdfast_model::audit::Action;
use holdfast_model::trust::TrustRule;
use holdfast_orbital::{Bundle, HighWater, Order, Verified};
use std::collections::BTreeMap;

/// Why a directive does not fit the state of the box. The bundle that holds it is refused whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No such tenant: define it first.
    #[error("a directive names a tenant that is not defined")]
    UnknownTenant,
    /// No such service of that tenant: define it first.
    #[error("a directive names a service that is not defined")]
    UnknownService,
    /// The configuration names no such HSM.
    #[error("a directive names an HSM that this box does not have")]
    UnknownHsm,
    /// The tenant's key is under another root key.
    #[error("the tenant is linked to another root key")]
    LinkedElsewhere,
    /// The tenant was destroyed, and stays so.
    #[error("the tenant was destroyed")]
    Destroyed,
    /// The box cannot hold more of these.
    #[error("a limit of the box is reached")]
    Limit,
}

impl Unfit {
    /// The fixed word for receipts and the audit log.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::UnknownTenant => "unknown-tenant",
            Self::UnknownService => "unknown-service",
            Self::UnknownHsm => "unknown-hsm",
            Self::LinkedElsewhere => "linked-elsewhere",
            Self::Destroyed => "tenant-destroyed",
            Self::Limit => "limit-reached",
        }
    }
}

/// Everything that governance has ordered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Governance {
    /// The last bundle.
    pub high_water: Option<HighWater>,
    tenants: BTreeMap<TenantId, Orders>,
    trust: Vec<TrustRule>,
    hsms: Vec<holdfast_model::HsmName>,
}

impl Governance {
    /// Of a box with these HSMs that never took a bundle.
    #[must_use]
    pub fn new(hsms: Vec<holdfast_model::HsmName>) -> Self {
        Self { hsms, ..Self::default() }
    }

    /// The state after a bundle; the present one stays as it is.
    ///
    /// # Errors
    /// The first directive that does not fit.
    pub fn after(&self, bundle: &Verified<Bundle>) -> Result<Self, Unfit> {
        let mut next = self.clone();
        for directive in &bundle.content().directives {
            next.apply(&directive.order)?;
        }
        next.high_water = Some(bundle.high_water());
        Ok(next)
    }

    fn apply(&mut self, order: &Order) -> Result<(), Unfit> {
        match order {
            Order::DefineTenant { tenant, .. } => tenant_define::apply(self, *tenant),
            Order::LinkL1 { tenant, l1 } => l1_link::apply(self, *tenant, l1),
            Order::UnlinkL1 { tenant } => l1_unlink::apply(self, *tenant),
            Order::DefineService { tenant, service } => service_define::apply(self, *tenant, *service),
            Order::TrustClient(rule) => client_trust::apply(self, rule),
            Order::SetPolicy { tenant, allow, refuse } => policy_set::apply(self, *tenant, allow, refuse),
            Order::RotateKey { tenant, service } => key_rotate::apply(self, *tenant, *service),
            Order::DestroyTenant { tenant } => tenant_destroy::apply(self, *tenant),
            _ => Err(Unfit::Limit),
        }
    }

    /// The orders of a tenant that is defined and was not destroyed.
    fn orders_of(&mut self, tenant: TenantId) -> Result<&mut Orders, Unfit> {
        match self.tenants.get_mut(&tenant) {
            None => Err(Unfit::UnknownTenant),
            Some(orders) if orders.is_destroyed() => Err(Unfit::Destroyed),
            Some(orders) => Ok(orders),
        }
    }

    /// Every tenant's orders.
    pub fn tenants(&self) -> impl Iterator<Item = TenantOrders> + '_ {
        self.tenants.iter().map(|(tenant, orders)| TenantOrders { tenant: *tenant, orders: orders.clone() })
    }

    /// The tenants whose orders differ from what they were.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<TenantOrders> {
        self.tenants().filter(|now| before.tenants.get(&now.tenant) != Some(&now.orders)).collect()
    }

    /// The tenants that this state cuts off and the former did not.
    #[must_use]
    pub fn cut_since(&self, before: &Self) -> Vec<TenantOrders> {
        let mut changed = self.changed_since(before);
        changed.retain(|now| now.orders.is_revoked());
        changed
    }

    /// Trust rules in the order given.
    #[must_use]
    pub fn trust(&self) -> &[TrustRule] {
        &self.trust
    }
}

/// How a directive is called in the audit log.
#[must_use]
pub const fn action_of(order: &Order) -> Action {
    match order {
        Order::DefineTenant { .. } => Action::TenantDefine,
        Order::LinkL1 { .. } => Action::L1Link,
        Order::UnlinkL1 { .. } => Action::L1Unlink,
        Order::DefineService { .. } => Action::ServiceDefine,
        Order::TrustClient(_) => Action::ClientTrust,
        Order::SetPolicy { .. } => Action::PolicySet,
        Order::RotateKey { .. } => Action::KeyRotate,
        Order::DestroyTenant { .. } => Action::TenantDestroy,
        _ => Action::Bundle,
    }
}
