//! The customer's side: signs Orbital bundles, one on top of the other.

use holdfast_model::l1::L1Ref;
use holdfast_model::policy::Practice;
use holdfast_model::trust::{Permission, Realm, TrustRule};
use holdfast_model::{
    ApplianceId, ClusterId, Fingerprint, HsmName, Sequence, ServiceId, SourceId, TenantId, Timestamp,
};
use holdfast_orbital::sign::{BundleKey, sha256, sign, unverified};
use holdfast_orbital::{Bundle, BundleDigest, Directive, FORMAT, Header, Lane, Order, Received};
use std::collections::BTreeMap;
use std::time::Duration;

/// The cluster of every story.
pub const CLUSTER: &str = "stories";
/// The appliance of every story.
pub const APPLIANCE: &str = "stories-1";
/// The signer that is pinned.
pub const SIGNER: &str = "alice";
/// The service that each tenant has.
pub const SERVICE: &str = "db";

/// Who signs, and what was signed last.
pub struct Governance {
    key: BundleKey,
    sequence: u64,
    previous: BundleDigest,
}

impl Default for Governance {
    fn default() -> Self {
        Self::new()
    }
}

impl Governance {
    /// With a new key and nothing signed yet.
    #[must_use]
    pub fn new() -> Self {
        Self { key: BundleKey::generate().unwrap(), sequence: 0, previous: BundleDigest::NONE }
    }

    /// The pinned key, for the configuration.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.key.public_point().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What the next bundle would be; stories bend it and sign it with [`Governance::sign`].
    #[must_use]
    pub fn draft(&self, lane: Lane, orders: Vec<Order>) -> Bundle {
        let now = Timestamp::now();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let header = Header {
            format: FORMAT,
            source: SourceId::parse("governance").unwrap(),
            cluster: ClusterId::parse(CLUSTER).unwrap(),
            appliances: vec![ApplianceId::parse(APPLIANCE).unwrap()],
            sequence: Sequence(self.sequence + 1),
            previous: self.previous,
            issued_at: now,
            not_before: Timestamp::from_millis(now.millis() - 60_000),
            not_after: now.after(minutes(60)),
            lane,
        };
        let directive = |(at, order): (usize, Order)| Directive {
            task_id: format!("{}-{at}", order.kind()),
            external_id: String::new(),
            order,
            working_state: Vec::new(),
            etag: String::new(),
            metadata: BTreeMap::new(),
        };
        Bundle { header, directives: orders.into_iter().enumerate().map(directive).collect() }
    }

    /// Signs what was drafted; nothing is remembered of it.
    #[must_use]
    pub fn sign(&self, bundle: &Bundle) -> Received {
        sign(bundle, SIGNER, &self.key).unwrap()
    }

    /// Signs as somebody else.
    #[must_use]
    pub fn sign_as(&self, bundle: &Bundle, signer: &str, key: &BundleKey) -> Received {
        sign(bundle, signer, key).unwrap()
    }

    /// The next bundle, signed; the one after it will stand on top of it.
    pub fn order(&mut self, lane: Lane, orders: Vec<Order>) -> Received {
        let signed = self.sign(&self.draft(lane, orders));
        self.taken(&signed);
        signed
    }

    /// The box has taken this one: the next stands on top of it.
    pub fn taken(&mut self, signed: &Received) {
        let read = unverified(signed).unwrap();
        (self.sequence, self.previous) = (read.bundle.header.sequence.0, read.digest);
    }

    /// The sequence of the last bundle.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// There is such a tenant.
#[must_use]
pub fn define(tenant: &str) -> Order {
    Order::DefineTenant { tenant: TenantId::parse(tenant).unwrap(), display: String::new() }
}

/// Its root key is `TENANT-root`.
#[must_use]
pub fn link(tenant: &str) -> Order {
    let l1 = L1Ref { hsm: HsmName::parse("hsm-1").unwrap(), label: root_key(tenant) };
    Order::LinkL1 { tenant: TenantId::parse(tenant).unwrap(), l1 }
}

/// Cut it off.
#[must_use]
pub fn unlink(tenant: &str) -> Order {
    Order::UnlinkL1 { tenant: TenantId::parse(tenant).unwrap() }
}

/// Its policy is the default with these exceptions.
#[must_use]
pub fn policy(tenant: &str, allow: &[Practice], refuse: &[Practice]) -> Order {
    let tenant = TenantId::parse(tenant).unwrap();
    Order::SetPolicy { tenant, allow: allow.to_vec(), refuse: refuse.to_vec() }
}

/// The key of its service [`SERVICE`] gets a new version.
#[must_use]
pub fn rotate(tenant: &str) -> Order {
    Order::RotateKey { tenant: TenantId::parse(tenant).unwrap(), service: ServiceId::parse(SERVICE).unwrap() }
}

/// Destroy it.
#[must_use]
pub fn destroy(tenant: &str) -> Order {
    Order::DestroyTenant { tenant: TenantId::parse(tenant).unwrap() }
}

/// It has the service [`SERVICE`].
#[must_use]
pub fn serve(tenant: &str) -> Order {
    Order::DefineService {
        tenant: TenantId::parse(tenant).unwrap(),
        service: ServiceId::parse(SERVICE).unwrap(),
    }
}

/// Whom this CA certifies is its client, and may do everything.
#[must_use]
pub fn trust(tenant: &str, ca: &[u8]) -> Order {
    Order::TrustClient(TrustRule {
        tenant: TenantId::parse(tenant).unwrap(),
        service: ServiceId::parse(SERVICE).unwrap(),
        anchor_der: ca.to_vec(),
        anchor: Fingerprint(sha256(ca)),
        realm: Realm::Own,
        common_names: Vec::new(),
        permission: Permission::Manage,
    })
}

/// The tenant has a service of this name, and the client with the same common name is its.
#[must_use]
pub fn namespace(tenant: &str, service: &str, ca: &[u8]) -> [Order; 2] {
    let name = ServiceId::parse(service).unwrap();
    let serve = Order::DefineService { tenant: TenantId::parse(tenant).unwrap(), service: name };
    let Order::TrustClient(rule) = trust(tenant, ca) else { unreachable!("that is what trust makes") };
    let rule = TrustRule { service: name, common_names: vec![service.to_owned()], ..rule };
    [serve, Order::TrustClient(rule)]
}

/// The label of a tenant's root key.
#[must_use]
pub fn root_key(tenant: &str) -> String {
    format!("{tenant}-root")
}
