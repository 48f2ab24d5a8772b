//! `holdfast bundle show`, and how a bundle looks to people and to programs.

use crate::{Failure, Report};
use clap::Args;
use holdfast_model::policy::Practice;
use holdfast_model::trust::{Permission, Realm};
use holdfast_orbital::sign::{Unverified, unverified};
use holdfast_orbital::{Directive, Header, Order};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Reads a bundle and says what it would do. Checks no signature: `holdfast bundle verify` does.
#[derive(Args)]
#[command(after_help = "Example:\n  holdfast bundle show first.bundle")]
pub(crate) struct Show {
    /// The bundle.
    file: PathBuf,
}

impl Show {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        Ok(report(&unverified(&super::read_bundle(&self.file)?)?))
    }
}

/// What a bundle says.
pub(super) fn report(read: &Unverified) -> Report {
    let header = &read.bundle.header;
    let mut text = head(header, &read.digest.to_string());
    line(
        &mut text,
        "signed by",
        &format!("{} (as claimed; not checked here)", read.claimed_signers.join(", ")),
    );
    text.push_str("\nit orders, in this order:\n");
    for directive in &read.bundle.directives {
        text.push_str(&format!(
            "  {:<16} {}  [{}]\n",
            directive.order.kind(),
            says(&directive.order),
            directive.task_id
        ));
    }
    let directives: Vec<Value> = read.bundle.directives.iter().map(as_json).collect();
    let json = json!({
        "header": header, "digest": read.digest, "claimed_signers": read.claimed_signers, "directives": directives,
    });
    Report::good(text, json)
}

/// The header for people.
pub(super) fn head(header: &Header, digest: &str) -> String {
    let mut text = String::new();
    let appliances: Vec<String> = header.appliances.iter().map(ToString::to_string).collect();
    line(&mut text, "source", &header.source.to_string());
    line(&mut text, "for", &format!("cluster {}, {}", header.cluster, appliances.join(", ")));
    line(&mut text, "sequence", &format!("{} in lane {}", header.sequence, u8::from(header.lane)));
    line(&mut text, "issued", &header.issued_at.to_string());
    line(&mut text, "holds", &format!("from {} until {}", header.not_before, header.not_after));
    line(&mut text, "previous", &header.previous.to_string());
    line(&mut text, "digest", digest);
    text
}

pub(super) fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("{name:<10} {value}\n"));
}

fn says(order: &Order) -> String {
    match order {
        Order::DefineTenant { tenant, display } if display.is_empty() => {
            format!("there is a tenant {tenant}")
        }
        Order::DefineTenant { tenant, display } => format!("there is a tenant {tenant} ({display})"),
        Order::LinkL1 { tenant, l1 } => {
            format!("the root key of {tenant} is {:?} in HSM {}", l1.label, l1.hsm)
        }
        Order::UnlinkL1 { tenant } => format!("cut {tenant} off from its root key, now"),
        Order::DefineService { tenant, service } => format!("{tenant} has a service {service}"),
        Order::TrustClient(rule) => format!(
            "clients of CA {} ({}){} may {} {} of {}",
            rule.anchor,
            realm(rule.realm),
            if rule.common_names.is_empty() {
                String::new()
            } else {
                format!(" named {}", rule.common_names.join(", "))
            },
            permission(rule.permission),
            rule.service,
            rule.tenant,
        ),
        Order::SetPolicy { tenant, allow, refuse } => {
            let said = |what: &str, practices: &[Practice]| {
                let names: Vec<_> = practices.iter().map(|practice| practice.name()).collect();
                if names.is_empty() { String::new() } else { format!(", {what} {}", names.join(", ")) }
            };
            format!("the policy of {tenant} is the default{}{}", said("with", allow), said("without", refuse))
        }
        Order::RotateKey { tenant, service } => format!("{service} of {tenant} gets a new key version"),
        Order::DestroyTenant { tenant } => {
            format!("destroy {tenant}: cut off for good, its key shredded; nothing of it can be read again")
        }
        other => other.kind().to_owned(),
    }
}

const fn realm(realm: Realm) -> &'static str {
    match realm {
        Realm::Own => "own",
        Realm::Shared => "shared",
    }
}

const fn permission(permission: Permission) -> &'static str {
    match permission {
        Permission::Observe => "observe",
        Permission::Use => "use",
        Permission::Manage => "manage",
    }
}

fn as_json(directive: &Directive) -> Value {
    let data = match &directive.order {
        Order::DefineTenant { tenant, display } => json!({ "tenant": tenant, "display": display }),
        Order::LinkL1 { tenant, l1 } => json!({ "tenant": tenant, "hsm": l1.hsm, "label": l1.label }),
        Order::UnlinkL1 { tenant } => json!({ "tenant": tenant }),
        Order::DefineService { tenant, service } => json!({ "tenant": tenant, "service": service }),
        Order::TrustClient(rule) => json!({
            "tenant": rule.tenant, "service": rule.service, "ca_sha256": rule.anchor.to_string(),
            "realm": realm(rule.realm), "common_names": rule.common_names, "permission": permission(rule.permission),
        }),
        Order::SetPolicy { tenant, allow, refuse } => {
            json!({ "tenant": tenant, "allow": allow, "refuse": refuse })
        }
        Order::RotateKey { tenant, service } => json!({ "tenant": tenant, "service": service }),
        Order::DestroyTenant { tenant } => json!({ "tenant": tenant }),
        _ => Value::Null,
    };
    json!({
        "task_id": directive.task_id, "type": directive.order.kind(), "external_id": directive.external_id,
        "etag": directive.etag, "metadata": directive.metadata, "data": data,
    })
}
