//! From usable to gone: activate, revoke, destroy, archive, recover. Each takes one or several identifiers.

use super::answer::Secrets;
use super::attribute::named;
use super::link::Link;
use crate::{Failure, Report};
use clap::Args;
use kmip::attribute::RevocationReason;
use kmip::enums::RevocationReasonCode;
use kmip::identifier::Identifier;
use kmip::operation::{ActivateRequest, ArchiveRequest, DestroyRequest, RecoverRequest, RevokeRequest};
use serde_json::Value;

macro_rules! simple {
    ($( $(#[$about:meta])* $command:ident $request:ident; )*) => { $(
        $(#[$about])*
        #[derive(Args)]
        pub(super) struct $command {
            /// The objects.
            #[arg(required = true, value_name = "ID")]
            ids: Vec<String>,
        }

        impl $command {
            pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
                each(&self.ids, |id| {
                    let ask = $request { unique_identifier: Some(Identifier::Text(id)) };
                    link.ask(&ask)?.report(Secrets::Hidden)
                })
            }
        }
    )* };
}

simple! {
    /// Makes objects usable: from pre-active to active.
    Activate ActivateRequest;
    /// Destroys the key material of objects. An active key is revoked first. There is no way back.
    Destroy DestroyRequest;
    /// Puts objects into the archive: they are there, but not to be had.
    Archive ArchiveRequest;
    /// Takes objects out of the archive.
    Recover RecoverRequest;
}

/// Makes objects unusable. A key that was compromised may still decrypt, by some servers' policy; it never encrypts again.
#[derive(Args)]
pub(super) struct Revoke {
    /// The objects.
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Unspecified, KeyCompromise, CACompromise, AffiliationChanged, Superseded, CessationOfOperation, PrivilegeWithdrawn.
    #[arg(long, default_value = "CessationOfOperation", value_parser = named::<RevocationReasonCode>)]
    reason: RevocationReasonCode,
    /// More, for people.
    #[arg(long)]
    message: Option<String>,
}

impl Revoke {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        each(&self.ids, |id| {
            let compromised = [RevocationReasonCode::KEY_COMPROMISE, RevocationReasonCode::CA_COMPROMISE]
                .contains(&self.reason);
            let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
            let now =
                now.ok().and_then(|since| i64::try_from(since.as_secs()).ok()).map(kmip::primitive::DateTime);
            let ask = RevokeRequest {
                unique_identifier: Some(Identifier::Text(id)),
                reason: RevocationReason { code: self.reason, message: self.message.as_deref() },
                compromise_occurrence_date: now.filter(|_| compromised),
            };
            link.ask(&ask)?.report(Secrets::Hidden)
        })
    }
}

/// Does the same to each; stops at the first that is refused.
fn each(ids: &[String], mut act: impl FnMut(&str) -> Result<Report, Failure>) -> Result<Report, Failure> {
    let (mut text, mut json) = (String::new(), Vec::new());
    for id in ids {
        let report = act(id)?;
        text.push_str(&report.text);
        json.push(report.json);
    }
    let json = if json.len() == 1 { json.pop().unwrap_or_default() } else { Value::Array(json) };
    Ok(Report::good(text, json))
}
