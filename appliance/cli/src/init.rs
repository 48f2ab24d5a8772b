//! `holdfast init`: the commented example configuration, with the names that were given.

use crate::bundle::NamedKey;
use crate::{Failure, Report};
use clap::Args;
use holdfast_model::{ApplianceId, ClusterId};
use serde_json::json;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

/// The same file that the daemon's own tests read.
const EXAMPLE: &str = include_str!("../../warden/holdfast.example.toml");
/// Where the example's own files are.
const EXAMPLE_DIRECTORY: &str = "/etc/holdfast";
/// Where the example's list of signers begins.
const SIGNERS_BEGIN: &str = "# One section for each pinned signer";

/// Writes DIR/holdfast.toml: every section and every key, with a comment each. Never overwrites.
#[derive(Args)]
#[command(after_help = "\
Example:
  holdfast init /etc/holdfast --cluster north --appliance north-1 --signer alice=alice.pub

The file is yours alone (mode 0600). Edit it, then check it without starting anything:
  holdfastd --config /etc/holdfast/holdfast.toml --check")]
pub(crate) struct Init {
    /// Directory of the configuration; made if it is not there.
    directory: PathBuf,
    /// The set of appliances that share a keystore.
    #[arg(long, value_parser = ClusterId::parse)]
    cluster: ClusterId,
    /// This appliance.
    #[arg(long, value_parser = ApplianceId::parse)]
    appliance: ApplianceId,
    /// A bundle signer to pin: NAME=FILE (public key in PEM) or NAME=HEX. Give it once for each signer.
    #[arg(long = "signer", value_name = "NAME=KEY", value_parser = NamedKey::parse)]
    signers: Vec<NamedKey>,
    /// How many of the signers must have signed a bundle.
    #[arg(long, default_value_t = 1)]
    needed: u16,
}

impl Init {
    pub(crate) fn run(&self) -> Result<Report, Failure> {
        let text = self.text()?;
        let path = self.directory.join("holdfast.toml");
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&self.directory)
            .map_err(|error| Failure::file(&self.directory, &error))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| Failure::file(&path, &error))?;
        file.write_all(text.as_bytes()).map_err(|error| Failure::file(&path, &error))?;
        let shown = path.display();
        let next = if self.signers.is_empty() {
            "Pin at least one bundle signer in it (holdfast bundle keygen makes a key), then check it:"
        } else {
            "Go through it, then check it:"
        };
        let said = format!("wrote {shown}\n{next}\n  holdfastd --config {shown} --check\n");
        Ok(Report::good(said, json!({ "configuration": shown.to_string(), "signers": self.signers.len() })))
    }

    fn text(&self) -> Result<String, Failure> {
        if !self.signers.is_empty() && usize::from(self.needed) > self.signers.len() {
            return Err(Failure::Unable("--needed is more than the signers given".to_owned()));
        }
        let (before, after) = EXAMPLE
            .split_once(SIGNERS_BEGIN)
            .ok_or_else(|| Failure::Unable("the built-in example is broken".to_owned()))?;
        let (comment, rest) = after.split_once("\n\n[core]").unwrap_or((after, ""));
        let comment = comment.lines().next().unwrap_or_default();
        let mut signers = format!("{SIGNERS_BEGIN}{comment}\n");
        for signer in &self.signers {
            let key = signer.public_key_hex()?;
            signers.push_str(&format!(
                "[[bundles.signer]]\nkid = \"{}\"\npublic_key = \"{key}\"\n",
                signer.name
            ));
        }
        if self.signers.is_empty() {
            signers.push_str("# [[bundles.signer]]\n# kid = \"...\"\n# public_key = \"...\"\n");
        }
        let text = format!("{before}{signers}\n[core]{rest}");
        Ok(text
            .replace("cluster = \"north\"", &format!("cluster = \"{}\"", self.cluster))
            .replace("appliance = \"north-1\"", &format!("appliance = \"{}\"", self.appliance))
            .replace("signers_needed = 1", &format!("signers_needed = {}", self.needed))
            .replace(EXAMPLE_DIRECTORY, &self.directory.display().to_string()))
    }
}
