//! Directives: what a bundle can order, in the shape of Orbital's task request.
//!
//! A directive is read into an [`Order`] whose every part has been checked for sense; there is no half-read one.
//! Separate from `core`'s application of orders: one variant here, one file in `core/src/apply`.
//! Rules: OpenKCM Orbital, task request (task id, type, external id, data, working state, etag, metadata).

use crate::Lane;
use crate::refusal::Refusal;
use ciborium::Value;
use core::fmt;
use holdfast_model::l1::L1Ref;
use holdfast_model::limits::{
    CA_CERTIFICATE_BYTES_MAX, COMMON_NAME_CHARS_MAX, COMMON_NAMES_MAX, TASK_ID_BYTES_MAX, TASK_METADATA_MAX,
    TASK_TEXT_BYTES_MAX, TASK_WORKING_STATE_BYTES_MAX,
};
use holdfast_model::trust::{Permission, Realm, TrustRule};
use holdfast_model::{Fingerprint, HsmName, ServiceId, TenantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};
use x509_cert::der::Decode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::BasicConstraints;

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
        }
    }

    /// The fastest lane it may travel in. Lane 0 skips what was lost on the way, so it takes away and never gives.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        match self {
            Self::UnlinkL1 { .. } => Lane::Critical,
            Self::DefineTenant { .. } | Self::LinkL1 { .. } | Self::DefineService { .. } => Lane::High,
            Self::TrustClient(_) => Lane::Standard,
        }
    }

    /// The tenant it concerns.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::DefineTenant { tenant, .. }
            | Self::LinkL1 { tenant, .. }
            | Self::UnlinkL1 { tenant }
            | Self::DefineService { tenant, .. } => *tenant,
            Self::TrustClient(rule) => rule.tenant,
        }
    }
}

impl Directive {
    /// Reads one directive; `index` is its place in the bundle, for the refusal.
    pub(crate) fn read(index: usize, value: Value) -> Result<Self, Refusal> {
        let task: Task = value.deserialized().map_err(|_| Refusal::Senseless {
            index,
            what: "a task field is missing, unknown or of the wrong type",
        })?;
        let order = match task.kind.as_str() {
            "tenant.define" => data::<TenantDefine>(index, &task.data)?.into_order(),
            "l1.link" => data::<L1Link>(index, &task.data)?.into_order(),
            "l1.unlink" => data::<L1Unlink>(index, &task.data)?.into_order(),
            "service.define" => data::<ServiceDefine>(index, &task.data)?.into_order(),
            "client.trust" => data::<ClientTrust>(index, &task.data)?.into_order(),
            _ => return Err(Refusal::UnknownDirective(index)),
        };
        let directive = Self {
            task_id: task.task_id,
            external_id: task.external_id,
            order,
            working_state: task.working_state.0,
            etag: task.etag,
            metadata: task.metadata,
        };
        directive.judge().map_err(|what| Refusal::Senseless { index, what })?;
        Ok(directive)
    }

    fn judge(&self) -> Result<(), &'static str> {
        let demand = |condition: bool, what| if condition { Ok(()) } else { Err(what) };
        let task_id = (1..=TASK_ID_BYTES_MAX).contains(&self.task_id.len())
            && self.task_id.bytes().all(|byte| byte.is_ascii_graphic());
        demand(task_id, "task_id must have 1 to 64 printable ASCII characters without spaces")?;
        demand(
            is_text(&self.external_id),
            "external_id must have at most 256 bytes and no control characters",
        )?;
        demand(is_text(&self.etag), "etag must have at most 256 bytes and no control characters")?;
        demand(
            self.working_state.len() <= TASK_WORKING_STATE_BYTES_MAX,
            "working_state has more than 4096 bytes",
        )?;
        demand(
            self.metadata.len() <= TASK_METADATA_MAX
                && self.metadata.iter().all(|(key, value)| is_text(key) && is_text(value)),
            "metadata must have at most 16 entries of at most 256 bytes each and no control characters",
        )?;
        self.order.judge()
    }
}

impl Order {
    fn judge(&self) -> Result<(), &'static str> {
        match self {
            Self::DefineTenant { display, .. } if !is_text(display) => {
                Err("display must have at most 256 bytes and no control characters")
            }
            Self::LinkL1 { l1, .. } if l1.label.is_empty() || !is_text(&l1.label) => {
                Err("label must have 1 to 256 bytes and no control characters")
            }
            Self::TrustClient(rule) => judge_rule(rule),
            Self::DefineTenant { .. }
            | Self::LinkL1 { .. }
            | Self::UnlinkL1 { .. }
            | Self::DefineService { .. } => Ok(()),
        }
    }
}

fn judge_rule(rule: &TrustRule) -> Result<(), &'static str> {
    if rule.anchor_der.len() > CA_CERTIFICATE_BYTES_MAX {
        return Err("ca has more than 24 KiB");
    }
    if !is_ca(&rule.anchor_der) {
        return Err("ca is not a CA certificate in DER (X.509 version 3 with basic constraints, CA true)");
    }
    let name = |name: &String| {
        !name.is_empty() && name.chars().count() <= COMMON_NAME_CHARS_MAX && !name.chars().any(deceives)
    };
    if rule.common_names.len() > COMMON_NAMES_MAX || !rule.common_names.iter().all(name) {
        return Err("common_names must be at most 256 of 1 to 64 characters each");
    }
    let distinct: HashSet<&String> = rule.common_names.iter().collect();
    if distinct.len() != rule.common_names.len() {
        return Err("common_names has a name twice");
    }
    Ok(())
}

/// RFC 5280 section 4.2.1.9: only a certificate that says so may certify others.
fn is_ca(der: &[u8]) -> bool {
    let Ok(certificate) = x509_cert::Certificate::from_der(der) else { return false };
    let Some(extensions) = certificate.tbs_certificate().extensions() else { return false };
    let mut constraints = extensions.iter().filter(|extension| extension.extn_id == BasicConstraints::OID);
    match (constraints.next(), constraints.next()) {
        (Some(one), None) => {
            BasicConstraints::from_der(one.extn_value.as_bytes()).is_ok_and(|constraints| constraints.ca)
        }
        _ => false,
    }
}

/// At most `TASK_TEXT_BYTES_MAX` bytes, and what a signer sees is what it says.
fn is_text(text: &str) -> bool {
    text.len() <= TASK_TEXT_BYTES_MAX && !text.chars().any(deceives)
}

/// Characters that move a cursor or turn the order of what is shown (Unicode bidirectional controls).
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn data<T: DeserializeOwned>(index: usize, value: &Value) -> Result<T, Refusal> {
    let what = "a data field is missing, unknown, of the wrong type or not a name";
    value.deserialized().map_err(|_| Refusal::Senseless { index, what })
}

/// How a directive is written in CBOR.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    task_id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    external_id: String,
    data: Value,
    #[serde(default, skip_serializing_if = "Octets::is_empty")]
    working_state: Octets,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    etag: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantDefine {
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    display: String,
}

impl TenantDefine {
    fn into_order(self) -> Order {
        Order::DefineTenant { tenant: self.tenant, display: self.display }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct L1Link {
    tenant: TenantId,
    hsm: HsmName,
    label: String,
}

impl L1Link {
    fn into_order(self) -> Order {
        Order::LinkL1 { tenant: self.tenant, l1: L1Ref { hsm: self.hsm, label: self.label } }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct L1Unlink {
    tenant: TenantId,
}

impl L1Unlink {
    fn into_order(self) -> Order {
        Order::UnlinkL1 { tenant: self.tenant }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceDefine {
    tenant: TenantId,
    service: ServiceId,
}

impl ServiceDefine {
    fn into_order(self) -> Order {
        Order::DefineService { tenant: self.tenant, service: self.service }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientTrust {
    tenant: TenantId,
    service: ServiceId,
    ca: Octets,
    realm: RealmWord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    common_names: Vec<String>,
    permission: PermissionWord,
}

impl ClientTrust {
    fn into_order(self) -> Order {
        let anchor = Fingerprint(Sha256::digest(&self.ca.0).into());
        Order::TrustClient(TrustRule {
            tenant: self.tenant,
            service: self.service,
            anchor_der: self.ca.0,
            anchor,
            realm: match self.realm {
                RealmWord::Own => Realm::Own,
                RealmWord::Shared => Realm::Shared,
            },
            common_names: self.common_names,
            permission: match self.permission {
                PermissionWord::Observe => Permission::Observe,
                PermissionWord::Use => Permission::Use,
                PermissionWord::Manage => Permission::Manage,
            },
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RealmWord {
    Own,
    Shared,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PermissionWord {
    Observe,
    Use,
    Manage,
}

/// Bytes as a CBOR byte string; an array of small numbers is something else.
#[derive(Default)]
struct Octets(Vec<u8>);

impl Octets {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Octets;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a byte string")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Octets, E> {
                Ok(Octets(bytes.to_vec()))
            }
            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Octets, E> {
                Ok(Octets(bytes))
            }
        }
        from.deserialize_byte_buf(Visitor)
    }
}

/// The other direction: how a directive becomes CBOR, judged first as `verify` will judge it.
#[cfg(any(test, feature = "sign"))]
mod write {
    use super::*;

    impl Directive {
        pub(crate) fn write(&self, index: usize) -> Result<Task, Refusal> {
            self.judge().map_err(|what| Refusal::Senseless { index, what })?;
            let data =
                self.order.data().map_err(|_| Refusal::Senseless { index, what: "cannot be encoded" })?;
            Ok(Task {
                task_id: self.task_id.clone(),
                kind: self.order.kind().to_owned(),
                external_id: self.external_id.clone(),
                data,
                working_state: Octets(self.working_state.clone()),
                etag: self.etag.clone(),
                metadata: self.metadata.clone(),
            })
        }
    }

    impl Order {
        fn data(&self) -> Result<Value, ciborium::value::Error> {
            match self.clone() {
                Self::DefineTenant { tenant, display } => {
                    Value::serialized(&TenantDefine { tenant, display })
                }
                Self::LinkL1 { tenant, l1 } => {
                    Value::serialized(&L1Link { tenant, hsm: l1.hsm, label: l1.label })
                }
                Self::UnlinkL1 { tenant } => Value::serialized(&L1Unlink { tenant }),
                Self::DefineService { tenant, service } => {
                    Value::serialized(&ServiceDefine { tenant, service })
                }
                Self::TrustClient(rule) => Value::serialized(&ClientTrust {
                    tenant: rule.tenant,
                    service: rule.service,
                    ca: Octets(rule.anchor_der),
                    realm: match rule.realm {
                        Realm::Own => RealmWord::Own,
                        Realm::Shared => RealmWord::Shared,
                    },
                    common_names: rule.common_names,
                    permission: match rule.permission {
                        Permission::Observe => PermissionWord::Observe,
                        Permission::Use => PermissionWord::Use,
                        Permission::Manage => PermissionWord::Manage,
                    },
                }),
            }
        }
    }
}
