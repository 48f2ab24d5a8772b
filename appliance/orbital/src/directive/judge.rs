//! Whether a directive makes sense: bounds, and text that shows what it says.

use super::{Directive, Order};
use holdfast_model::limits::{
    CA_CERTIFICATE_BYTES_MAX, COMMON_NAME_CHARS_MAX, COMMON_NAMES_MAX, TASK_ID_BYTES_MAX, TASK_METADATA_MAX,
    TASK_TEXT_BYTES_MAX, TASK_WORKING_STATE_BYTES_MAX,
};
use holdfast_model::policy::Practice;
use holdfast_model::trust::TrustRule;
use std::collections::{BTreeSet, HashSet};
use x509_cert::der::Decode;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::BasicConstraints;

impl Directive {
    pub(super) fn judge(&self) -> Result<(), &'static str> {
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
    pub(super) fn judge(&self) -> Result<(), &'static str> {
        match self {
            Self::DefineTenant { display, .. } if !is_text(display) => {
                Err("display must have at most 256 bytes and no control characters")
            }
            Self::LinkL1 { l1, .. } if l1.label.is_empty() || !is_text(&l1.label) => {
                Err("label must have 1 to 256 bytes and no control characters")
            }
            Self::TrustClient(rule) => judge_rule(rule),
            Self::SetPolicy { allow, refuse, .. } => {
                let named: BTreeSet<&Practice> = allow.iter().chain(refuse).collect();
                if named.len() == allow.len() + refuse.len() {
                    Ok(())
                } else {
                    Err("a practice stands twice in allow and refuse")
                }
            }
            Self::DefineTenant { .. }
            | Self::LinkL1 { .. }
            | Self::UnlinkL1 { .. }
            | Self::DefineService { .. }
            | Self::RotateKey { .. }
            | Self::DestroyTenant { .. } => Ok(()),
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
