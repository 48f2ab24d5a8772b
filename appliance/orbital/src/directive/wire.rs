//! How a directive is written in CBOR, and read: there is no half-read one.

use super::{Directive, Order};
use crate::refusal::Refusal;
use ciborium::Value;
use core::fmt;
use holdfast_model::l1::L1Ref;
use holdfast_model::policy::Practice;
use holdfast_model::trust::{Permission, Realm, TrustRule};
use holdfast_model::{Fingerprint, HsmName, ServiceId, TenantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

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
            "policy.set" => data::<PolicySet>(index, &task.data)?.into_order(),
            "key.rotate" => data::<KeyRotate>(index, &task.data)?.into_order(),
            "tenant.destroy" => data::<TenantDestroy>(index, &task.data)?.into_order(),
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
#[serde(deny_unknown_fields)]
struct PolicySet {
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow: Vec<Practice>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    refuse: Vec<Practice>,
}

impl PolicySet {
    fn into_order(self) -> Order {
        Order::SetPolicy { tenant: self.tenant, allow: self.allow, refuse: self.refuse }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRotate {
    tenant: TenantId,
    service: ServiceId,
}

impl KeyRotate {
    fn into_order(self) -> Order {
        Order::RotateKey { tenant: self.tenant, service: self.service }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantDestroy {
    tenant: TenantId,
}

impl TenantDestroy {
    fn into_order(self) -> Order {
        Order::DestroyTenant { tenant: self.tenant }
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
                Self::SetPolicy { tenant, allow, refuse } => {
                    Value::serialized(&PolicySet { tenant, allow, refuse })
                }
                Self::RotateKey { tenant, service } => Value::serialized(&KeyRotate { tenant, service }),
                Self::DestroyTenant { tenant } => Value::serialized(&TenantDestroy { tenant }),
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
