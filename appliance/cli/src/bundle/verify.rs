//! `holdfast bundle verify`.

use super::keys::NamedKey;
use super::{show, time};
use crate::{Failure, Report};
use clap::Args;
use holdfast_model::{ApplianceId, ClusterId, Timestamp};
use holdfast_orbital::sign::unverified;
use holdfast_orbital::{HighWater, Policy, Signers, inspect, verify};
use serde_json::json;
use std::path::PathBuf;

/// Checks a bundle as a box would: signatures, audience, time, directives; with --after also its place in the chain.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast bundle verify --signer alice=alice.pub --cluster north --appliance north-1 first.bundle
  holdfast bundle verify --signer alice=alice.pub --signer bob=bob.pub --needed 2 --cluster north \\
      --appliance north-1 --after first.bundle --at 2026-12-24T18:00:00Z second.bundle

Exit code 1 and a fixed word (forged, expired, another-box, ...) when a box would refuse it.")]
pub(crate) struct Verify {
    /// A signer as the box pins it: NAME=FILE (public key in PEM) or NAME=HEX. Give it once for each.
    #[arg(long = "signer", value_name = "NAME=KEY", value_parser = NamedKey::parse, required = true)]
    signers: Vec<NamedKey>,
    /// How many of them must have signed.
    #[arg(long, default_value_t = 1)]
    needed: u16,
    /// The cluster of the box.
    #[arg(long, value_parser = ClusterId::parse)]
    cluster: ClusterId,
    /// The box.
    #[arg(long, value_parser = ApplianceId::parse)]
    appliance: ApplianceId,
    /// The time of the box (default: now).
    #[arg(long, value_parser = time::parse)]
    at: Option<Timestamp>,
    /// The bundle that the box took last; without it, source, sequence and chain are not checked.
    #[arg(long, value_name = "BUNDLE")]
    after: Option<PathBuf>,
    /// The bundle.
    file: PathBuf,
}

impl Verify {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        let pins = self.signers.iter().map(NamedKey::pin).collect::<Result<Vec<_>, _>>()?;
        let signers = Signers::pin(&pins, self.needed).map_err(|error| Failure::Unable(error.to_string()))?;
        let high_water = match &self.after {
            None => None,
            Some(path) => {
                let last = unverified(&super::read_bundle(path)?)?;
                let header = last.bundle.header;
                Some(HighWater { source: header.source, sequence: header.sequence, digest: last.digest })
            }
        };
        let policy =
            Policy { signers: &signers, cluster: self.cluster, appliance: self.appliance, high_water };
        let now = self.at.unwrap_or_else(Timestamp::now);
        let received = super::read_bundle(&self.file)?;
        let (header, digest) = if high_water.is_some() {
            let verified = verify(received, &policy, now)?;
            (verified.content().header.clone(), verified.digest())
        } else {
            let checked = inspect(received, &policy, now)?;
            (checked.header().clone(), checked.digest())
        };
        let chain =
            if high_water.is_some() { "follows the bundle given" } else { "not checked (give --after)" };
        let mut text = format!("good: {} {} would take it\n\n", self.cluster, self.appliance);
        text.push_str(&show::head(&header, &digest.to_string()));
        show::line(&mut text, "chain", chain);
        let json = json!({ "good": true, "header": header, "digest": digest, "chain_checked": high_water.is_some() });
        Ok(Report::good(text, json))
    }
}
