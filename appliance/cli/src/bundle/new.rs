//! `holdfast bundle new`.

use super::time;
use crate::{Failure, Report};
use clap::Args;
use holdfast_model::{ApplianceId, ClusterId, Sequence, SourceId, Timestamp};
use holdfast_orbital::BundleDigest;
use holdfast_orbital::sign::unverified;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Begins a draft: a TOML file with the header filled in and an example of each directive, to be edited and signed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast bundle new --cluster north --appliance north-1 --out first.toml
  holdfast bundle new --after first.bundle --lane 0 --out cut-off.toml

A box follows one chain of bundles. --after takes source, audience, sequence and digest from the bundle before, so
that they fit. Lane 0 is for orders that only take away (l1.unlink, tenant.destroy): they jump every queue and do not wait for a
bundle that was lost on the way. Lane 1 is for definitions and links, lane 2 for everything.")]
pub(crate) struct New {
    /// The bundle before this one.
    #[arg(long, value_name = "BUNDLE", conflicts_with_all = ["sequence", "previous", "source"])]
    after: Option<PathBuf>,
    /// Who issues it: a box follows one source.
    #[arg(long, value_parser = SourceId::parse, default_value = "governance")]
    source: SourceId,
    /// Audience: the cluster.
    #[arg(long, value_parser = ClusterId::parse, required_unless_present = "after")]
    cluster: Option<ClusterId>,
    /// Audience: an appliance of it. Give it once for each.
    #[arg(long = "appliance", value_parser = ApplianceId::parse, required_unless_present = "after")]
    appliances: Vec<ApplianceId>,
    /// Larger than every sequence before.
    #[arg(long, default_value_t = 1)]
    sequence: u64,
    /// Digest of the bundle before this one, from its receipt; zeros for the first.
    #[arg(long, value_parser = parse_digest, default_value_t = BundleDigest::NONE)]
    previous: BundleDigest,
    /// 0, 1 or 2.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=2))]
    lane: u8,
    /// It holds from here on (default: now).
    #[arg(long, value_parser = time::parse)]
    not_before: Option<Timestamp>,
    /// It must be taken within this many hours.
    #[arg(long, default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=87_600))]
    valid_hours: u32,
    /// Where to write the draft (default: standard output).
    #[arg(long)]
    out: Option<PathBuf>,
}

fn parse_digest(text: &str) -> Result<BundleDigest, String> {
    text.parse().map_err(str::to_owned)
}

impl New {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        let (mut source, mut sequence, mut previous) = (self.source, Sequence(self.sequence), self.previous);
        let (mut cluster, mut appliances) = (self.cluster, self.appliances.clone());
        if let Some(path) = &self.after {
            let last = unverified(&super::read_bundle(path)?)?;
            let header = last.bundle.header;
            (source, sequence, previous) = (header.source, header.sequence.next(), last.digest);
            cluster = cluster.or(Some(header.cluster));
            if appliances.is_empty() {
                appliances = header.appliances;
            }
        }
        let cluster = cluster.ok_or_else(|| Failure::Unable("--cluster is missing".to_owned()))?;
        let now = Timestamp::now();
        let not_before = self.not_before.unwrap_or(now);
        let not_after = not_before.after(Duration::from_secs(u64::from(self.valid_hours) * 3600));
        let appliances = appliances.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", ");
        let draft = format!(
            "# A bundle to be: edit the directives, then sign it with `holdfast bundle sign`.\n\
             source = \"{source}\"\ncluster = \"{cluster}\"\nappliances = [{appliances}]\n\n\
             # Larger than every one before; and the digest of the one before (zeros for a box's first).\n\
             sequence = {sequence}\nprevious = \"{previous}\"\n\n\
             # 0: only takes away, jumps every queue. 1: definitions and links. 2: anything.\n\
             lane = {}\n\nissued_at = {now}\nnot_before = {not_before}\nnot_after = {not_after}\n{DIRECTIVES}",
            self.lane
        );
        let Some(out) = &self.out else {
            return Ok(Report::good(draft.clone(), json!({ "draft": draft })));
        };
        super::write_new(out, draft.as_bytes())?;
        let shown = out.display().to_string();
        let text = format!(
            "wrote {shown}\nEdit its directives, then: holdfast bundle sign --key NAME=KEYFILE {shown} OUT.bundle\n"
        );
        Ok(Report::good(text, json!({ "file": shown, "sequence": sequence })))
    }
}

const DIRECTIVES: &str = r#"
# What is to be done, in this order; all of it or nothing is taken. Remove the `#` of what you need and add more.
# task_id is yours: receipts name it. external_id, etag and metadata = { key = "value" } are optional and carried along.

# [[directive]]
# task_id = "define-acme"
# type = "tenant.define"
# data = { tenant = "acme", display = "Acme Ltd" }

# [[directive]]
# task_id = "link-acme"
# type = "l1.link"
# data = { tenant = "acme", hsm = "hsm-1", label = "acme-root" }

# [[directive]]
# task_id = "acme-db"
# type = "service.define"
# data = { tenant = "acme", service = "db" }

# Clients that this CA certifies act for the tenant and service. realm: "own" (the CA is the tenant's alone) or
# "shared" (the certificate's organisation must be the tenant's name). permission: "observe", "use" or "manage".
# common_names, if given, admits those alone. ca_file: PEM or DER, beside this draft.
# [[directive]]
# task_id = "trust-acme-db"
# type = "client.trust"
# data = { tenant = "acme", service = "db", ca_file = "acme-ca.pem", realm = "own", permission = "manage" }

# What the tenant's keys may be used for: the default (NIST SP 800-131A), and these exceptions, which replace former ones.
# Practices: 3des-encrypt, 3des-decrypt, 3des-mac, 3des-mac-verify, sha1-sign, sha1-verify, rsa-below-2048-make,
# rsa-below-2048-sign, rsa-below-2048-verify, rsa-below-2048-encrypt, rsa-below-2048-decrypt, rsa-pkcs1-v1.5-encrypt,
# rsa-pkcs1-v1.5-decrypt, hmac-sha1, chacha20, secp256k1-sign, x25519-agree.
# [[directive]]
# task_id = "acme-policy"
# type = "policy.set"
# data = { tenant = "acme", allow = ["rsa-pkcs1-v1.5-encrypt"], refuse = ["chacha20"] }

# A new version of the service's key wraps from now on; older ones only unwrap.
# [[directive]]
# task_id = "rotate-acme-db"
# type = "key.rotate"
# data = { tenant = "acme", service = "db" }

# [[directive]]
# task_id = "cut-off-acme"
# type = "l1.unlink"
# data = { tenant = "acme" }

# For good: the tenant is cut off, its key is shredded, its name is not given away again. There is no way back.
# [[directive]]
# task_id = "destroy-acme"
# type = "tenant.destroy"
# data = { tenant = "acme" }
"#;
