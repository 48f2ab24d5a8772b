//! Drafts: a bundle as people write it, in TOML. Unknown keys are refused.

use super::time;
use crate::Failure;
use holdfast_model::l1::L1Ref;
use holdfast_model::policy::Practice;
use holdfast_model::trust::{Permission, Realm, TrustRule};
use holdfast_model::{ApplianceId, ClusterId, Fingerprint, HsmName, Sequence, ServiceId, SourceId, TenantId};
use holdfast_orbital::sign::sha256;
use holdfast_orbital::{Bundle, BundleDigest, Directive, FORMAT, Header, Lane, Order};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;
use toml::value::Datetime;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    source: SourceId,
    cluster: ClusterId,
    appliances: Vec<ApplianceId>,
    sequence: u64,
    previous: BundleDigest,
    lane: Lane,
    issued_at: Datetime,
    not_before: Datetime,
    not_after: Datetime,
    #[serde(default)]
    directive: Vec<Task>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    task_id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    external_id: String,
    #[serde(default)]
    etag: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    data: toml::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantDefine {
    tenant: TenantId,
    #[serde(default)]
    display: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct L1Link {
    tenant: TenantId,
    hsm: HsmName,
    label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct L1Unlink {
    tenant: TenantId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceDefine {
    tenant: TenantId,
    service: ServiceId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientTrust {
    tenant: TenantId,
    service: ServiceId,
    ca_file: String,
    realm: RealmWord,
    permission: PermissionWord,
    #[serde(default)]
    common_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicySet {
    tenant: TenantId,
    #[serde(default)]
    allow: Vec<Practice>,
    #[serde(default)]
    refuse: Vec<Practice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyRotate {
    tenant: TenantId,
    service: ServiceId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantDestroy {
    tenant: TenantId,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RealmWord {
    Own,
    Shared,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum PermissionWord {
    Observe,
    Use,
    Manage,
}

/// Reads a draft; files that it names are beside it.
pub(super) fn read(path: &Path, text: &str) -> Result<Bundle, Failure> {
    let wrong = |error: String| Failure::Unable(format!("{}: {error}", path.display()));
    let draft: Draft = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if draft.directive.is_empty() {
        return Err(wrong("there are no directives: remove the # of what is to be done".to_owned()));
    }
    let time = |what: &str, at: &Datetime| {
        time::from_datetime(at).map_err(|error| wrong(format!("{what}: {error}")))
    };
    let header = Header {
        format: FORMAT,
        source: draft.source,
        cluster: draft.cluster,
        appliances: draft.appliances,
        sequence: Sequence(draft.sequence),
        previous: draft.previous,
        issued_at: time("issued_at", &draft.issued_at)?,
        not_before: time("not_before", &draft.not_before)?,
        not_after: time("not_after", &draft.not_after)?,
        lane: draft.lane,
    };
    let beside = path.parent().unwrap_or(Path::new("."));
    let directives = draft.directive.into_iter().map(|task| {
        let of = format!("directive {:?}", task.task_id);
        directive(beside, task).map_err(|error| wrong(format!("{of}: {error}")))
    });
    Ok(Bundle { header, directives: directives.collect::<Result<_, _>>()? })
}

fn directive(beside: &Path, task: Task) -> Result<Directive, String> {
    let order = match task.kind.as_str() {
        "tenant.define" => {
            let TenantDefine { tenant, display } = data(task.data)?;
            Order::DefineTenant { tenant, display }
        }
        "l1.link" => {
            let L1Link { tenant, hsm, label } = data(task.data)?;
            Order::LinkL1 { tenant, l1: L1Ref { hsm, label } }
        }
        "l1.unlink" => {
            let L1Unlink { tenant } = data(task.data)?;
            Order::UnlinkL1 { tenant }
        }
        "service.define" => {
            let ServiceDefine { tenant, service } = data(task.data)?;
            Order::DefineService { tenant, service }
        }
        "client.trust" => Order::TrustClient(trust(beside, data(task.data)?)?),
        "policy.set" => {
            let PolicySet { tenant, allow, refuse } = data(task.data)?;
            Order::SetPolicy { tenant, allow, refuse }
        }
        "key.rotate" => {
            let KeyRotate { tenant, service } = data(task.data)?;
            Order::RotateKey { tenant, service }
        }
        "tenant.destroy" => {
            let TenantDestroy { tenant } = data(task.data)?;
            Order::DestroyTenant { tenant }
        }
        other => {
            return Err(format!(
                "{other:?} is no directive; there are tenant.define, l1.link, l1.unlink, service.define, client.trust, \
                 policy.set, key.rotate and tenant.destroy"
            ));
        }
    };
    Ok(Directive {
        task_id: task.task_id,
        external_id: task.external_id,
        order,
        working_state: Vec::new(),
        etag: task.etag,
        metadata: task.metadata,
    })
}

fn data<T: DeserializeOwned>(value: toml::Value) -> Result<T, String> {
    value.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn trust(beside: &Path, written: ClientTrust) -> Result<TrustRule, String> {
    let path = beside.join(&written.ca_file);
    let bytes = super::read(&path).map_err(|error| error.to_string())?;
    let anchor_der = if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
        match x509_cert::der::pem::decode_vec(bytes.trim_ascii()) {
            Ok(("CERTIFICATE", der)) => der,
            _ => return Err(format!("{} does not hold one certificate in PEM", path.display())),
        }
    } else {
        bytes
    };
    Ok(TrustRule {
        tenant: written.tenant,
        service: written.service,
        anchor: Fingerprint(sha256(&anchor_der)),
        anchor_der,
        realm: match written.realm {
            RealmWord::Own => Realm::Own,
            RealmWord::Shared => Realm::Shared,
        },
        common_names: written.common_names,
        permission: match written.permission {
            PermissionWord::Observe => Permission::Observe,
            PermissionWord::Use => Permission::Use,
            PermissionWord::Manage => Permission::Manage,
        },
    })
}
