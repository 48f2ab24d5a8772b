//! What governance ordered for one tenant: its link, its services. Follows from signed bundles alone.

use holdfast_model::l1::L1Ref;
use holdfast_model::policy::Policy;
use holdfast_model::{ServiceId, TenantId};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a tenant has a root key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Root {
    /// Defined, never linked.
    #[default]
    Unlinked,
    /// Linked to this L1.
    Linked(L1Ref),
    /// Cut off by order.
    Revoked,
    /// Cut off for good.
    Destroyed,
}

/// The standing orders for one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    root: Root,
    services: BTreeSet<ServiceId>,
    policy: Policy,
    rotations: BTreeMap<ServiceId, u32>,
}

impl Orders {
    /// The linked L1.
    #[must_use]
    pub const fn l1(&self) -> Option<&L1Ref> {
        match &self.root {
            Root::Linked(l1) => Some(l1),
            Root::Unlinked | Root::Revoked | Root::Destroyed => None,
        }
    }

    /// Was it cut off by order?
    #[must_use]
    pub const fn is_revoked(&self) -> bool {
        matches!(self.root, Root::Revoked | Root::Destroyed)
    }

    /// Was it cut off for good?
    #[must_use]
    pub const fn is_destroyed(&self) -> bool {
        matches!(self.root, Root::Destroyed)
    }

    /// How many versions the key of a service is to have.
    #[must_use]
    pub fn key_versions(&self, service: ServiceId) -> u32 {
        1 + self.rotations.get(&service).copied().unwrap_or(0)
    }

    /// Defined services.
    #[must_use]
    pub const fn services(&self) -> &BTreeSet<ServiceId> {
        &self.services
    }

    /// What its keys may be used for.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// `l1.link`.
    pub fn link(&mut self, l1: L1Ref) {
        self.root = Root::Linked(l1);
    }

    /// `l1.unlink`.
    pub fn unlink(&mut self) {
        self.root = Root::Revoked;
    }

    /// `tenant.destroy`.
    pub fn destroy(&mut self) {
        *self = Self { root: Root::Destroyed, ..Self::default() };
    }

    /// `key.rotate`.
    pub fn rotate(&mut self, service: ServiceId) {
        *self.rotations.entry(service).or_default() += 1;
    }

    /// `policy.set`.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// `service.define`.
    pub fn define_service(&mut self, service: ServiceId) {
        self.services.insert(service);
    }
}

/// A tenant and its orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantOrders {
    /// Whose.
    pub tenant: TenantId,
    /// What.
    pub orders: Orders,
}
