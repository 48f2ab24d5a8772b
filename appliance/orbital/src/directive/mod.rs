//! Directives: what a bundle can order, in the shape of Orbital's task request.
//!
//! A directive is read into an [`Order`] whose every part has been checked for sense; there is no half-read one.
//! Separate from `core`'s application of orders: one variant here, one file in `core/src/apply`.
//! Rules: OpenKCM Orbital, task request (task id, type, external id, data, working state, etag, metadata).

mod judge;
mod wire;

#[cfg(any(test, feature = "sign"))]
pub(crate) use wire::Task;

use crate::Lane;
use holdfast_model::l1::L1Ref;
use holdfast_model::policy::Practice;
use holdfast_model::trust::TrustRule;
use holdfast_model::{ServiceId, TenantId};
use std::collections::BTreeMap;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Names the task in receipts; once in a bundle.
    pub task_id: String,
    /// What the task is about in the sender's own records; empty if nothing.
    pub external_id: String,
    /// What is to be done.
    pub order: Order,
    /// Opaque to the box.
    pub working_state: Vec<u8>,
    /// Version of the sender's record; opaque to the box.
    pub etag: String,
    /// Opaque to the box.
    pub metadata: BTreeMap<String, String>,
}

/// What can be ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// `tenant.define`: there is such a tenant.
    DefineTenant {
        /// Its name.
        tenant: TenantId,
        /// For people; empty if none.
        display: String,
    },
    /// `l1.link`: this key of this HSM is the tenant's root.
    LinkL1 {
        /// Whose.
        tenant: TenantId,
        /// Which key.
        l1: L1Ref,
    },
    /// `l1.unlink`: cut the tenant off, now.
    UnlinkL1 {
        /// Whom.
        tenant: TenantId,
    },
    /// `service.define`: the tenant has such a service, with an L3 key of its own.
    DefineService {
        /// Whose.
        tenant: TenantId,
        /// Its name.
        service: ServiceId,
    },
    /// `client.trust`: clients that this CA certifies act for that tenant and service.
    TrustClient(TrustRule),
    /// `policy.set`: what the tenant's keys may be used for is the default with these exceptions.
    SetPolicy {
        /// Whose.
        tenant: TenantId,
        /// Allowed, whatever the default says.
        allow: Vec<Practice>,
        /// Refused, whatever the default says.
        refuse: Vec<Practice>,
    },
    /// `key.rotate`: the service's L3 gets a new version, which wraps from now on.
    RotateKey {
        /// Whose.
        tenant: TenantId,
        /// Which service's.
        service: ServiceId,
    },
    /// `tenant.destroy`: cut the tenant off for good, and shred its wrapped L2.
    DestroyTenant {
        /// Whom.
        tenant: TenantId,
    },
}

impl Order {
    /// The directive type, as it is written in bundles and receipts.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::DefineTenant { .. } => "tenant.define",
            Self::LinkL1 { .. } => "l1.link",
            Self::UnlinkL1 { .. } => "l1.unlink",
            Self::DefineService { .. } => "service.define",
            Self::TrustClient(_) => "client.trust",
            Self::SetPolicy { .. } => "policy.set",
            Self::RotateKey { .. } => "key.rotate",
            Self::DestroyTenant { .. } => "tenant.destroy",
        }
    }

    /// The fastest lane it may travel in. Lane 0 skips what was lost on the way, so it takes away and never gives.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::UnlinkL1 { .. } | Self::DestroyTenant { .. } => Lane::Critical,
            Self::DefineTenant { .. } | Self::LinkL1 { .. } | Self::DefineService { .. } => Lane::High,
            Self::TrustClient(_) | Self::SetPolicy { .. } | Self::RotateKey { .. } => Lane::Standard,
        }
    }

    /// The tenant it concerns.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::DefineTenant { tenant, .. }
            | Self::LinkL1 { tenant, .. }
            | Self::UnlinkL1 { tenant }
            | Self::DefineService { tenant, .. }
            | Self::SetPolicy { tenant, .. }
            | Self::RotateKey { tenant, .. }
            | Self::DestroyTenant { tenant } => *tenant,
            Self::TrustClient(rule) => rule.tenant,
        }
    }
}
