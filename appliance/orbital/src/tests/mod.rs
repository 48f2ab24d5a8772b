//! What a box takes and what it refuses. An office of three signers, two needed; one box.

mod chain;
mod content;
mod envelope;
mod mutation;
mod stored;

use crate::sign::{BundleKey, add_signature, sign};
use crate::{
    Bundle, BundleDigest, Directive, Header, HighWater, Lane, Order, Policy, Received, Refusal, Signers,
    Verified, verify,
};
use holdfast_model::l1::L1Ref;
use holdfast_model::trust::{Permission, Realm, TrustRule};
use holdfast_model::{
    ApplianceId, ClusterId, Fingerprint, HsmName, Sequence, ServiceId, SourceId, TenantId, Timestamp,
};
use holdfast_ports::settings::Signer;
use sha2::{Digest, Sha256};

pub(crate) const CLUSTER: ClusterId = name(ClusterId::parse("north"));
pub(crate) const APPLIANCE: ApplianceId = name(ApplianceId::parse("box-1"));
pub(crate) const SOURCE: SourceId = name(SourceId::parse("plane"));
/// Within the window of every draft.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub(crate) const fn name<T: Copy, E: Copy>(parsed: Result<T, E>) -> T {
    match parsed {
        Ok(name) => name,
        Err(_) => panic!("a fixed name"),
    }
}

/// Who signs.
pub(crate) struct Office {
    pub(crate) alice: BundleKey,
    pub(crate) bob: BundleKey,
    pub(crate) carol: BundleKey,
}

impl Office {
    pub(crate) fn new() -> Self {
        let key = || BundleKey::generate().unwrap();
        Self { alice: key(), bob: key(), carol: key() }
    }

    pub(crate) fn pins(&self) -> Vec<Signer> {
        [("alice", &self.alice), ("bob", &self.bob), ("carol", &self.carol)]
            .map(|(kid, key)| Signer { kid: kid.to_owned(), public_key: key.public_point() })
            .to_vec()
    }

    /// Two of three.
    pub(crate) fn signers(&self) -> Signers {
        Signers::pin(&self.pins(), 2).unwrap()
    }

    pub(crate) fn draft(&self, sequence: u64, previous: BundleDigest, directives: Vec<Directive>) -> Bundle {
        let header = Header {
            format: crate::FORMAT,
            source: SOURCE,
            cluster: CLUSTER,
            appliances: vec![APPLIANCE],
            sequence: Sequence(sequence),
            previous,
            issued_at: Timestamp::from_millis(500_000),
            not_before: Timestamp::from_millis(900_000),
            not_after: Timestamp::from_millis(2_000_000),
            lane: Lane::Standard,
        };
        Bundle { header, directives }
    }

    pub(crate) fn sign(&self, bundle: &Bundle) -> Received {
        add_signature(&sign(bundle, "alice", &self.alice).unwrap(), "bob", &self.bob).unwrap()
    }

    /// Judged by a box that took `last`.
    fn judge(&self, received: Received, last: Option<HighWater>) -> Result<Verified<Bundle>, Refusal> {
        verify(received, &Self::policy(&self.signers(), last), NOW)
    }

    pub(crate) fn policy(signers: &Signers, high_water: Option<HighWater>) -> Policy<'_> {
        Policy { signers, cluster: CLUSTER, appliance: APPLIANCE, high_water }
    }

    fn refuses(&self, received: Received) -> Refusal {
        self.judge(received, None).err().unwrap()
    }
}

pub(crate) fn task(id: &str, order: Order) -> Directive {
    Directive {
        task_id: id.to_owned(),
        external_id: String::new(),
        order,
        working_state: Vec::new(),
        etag: String::new(),
        metadata: Default::default(),
    }
}

pub(crate) fn tenant(text: &str) -> TenantId {
    TenantId::parse(text).unwrap()
}

pub(crate) fn define(text: &str) -> Directive {
    task("t-define", Order::DefineTenant { tenant: tenant(text), display: "Acme & Söhne".to_owned() })
}

pub(crate) fn unlink(text: &str) -> Directive {
    task("t-unlink", Order::UnlinkL1 { tenant: tenant(text) })
}

pub(crate) fn link(text: &str) -> Directive {
    let l1 = L1Ref { hsm: HsmName::parse("hsm-1").unwrap(), label: "acme root".to_owned() };
    task("t-link", Order::LinkL1 { tenant: tenant(text), l1 })
}

pub(crate) fn service(text: &str) -> Directive {
    task("t-service", Order::DefineService { tenant: tenant(text), service: ServiceId::parse("db").unwrap() })
}

pub(crate) fn certificate(is_ca: bool) -> Vec<u8> {
    let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
    if is_ca {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

pub(crate) fn trust(ca: Vec<u8>, names: &[&str]) -> Directive {
    let rule = TrustRule {
        tenant: tenant("acme"),
        service: ServiceId::parse("db").unwrap(),
        anchor: Fingerprint(Sha256::digest(&ca).into()),
        anchor_der: ca,
        realm: Realm::Own,
        common_names: names.iter().map(|name| (*name).to_owned()).collect(),
        permission: Permission::Manage,
    };
    task("t-trust", Order::TrustClient(rule))
}
