//! `holdfast bundle keygen`.

use super::keys::to_hex;
use crate::{Failure, Report};
use clap::Args;
use holdfast_orbital::sign::BundleKey;
use serde_json::json;
use std::path::PathBuf;

/// Makes a P-256 key for signing bundles: the private key in a file that you alone can read (PKCS#8), the public key
/// beside it.
#[derive(Args)]
#[command(after_help = "\
Example:
  holdfast bundle keygen --name alice --out alice.pem
writes alice.pem (keep it) and alice.pub (hand it to the rack operator, who pins it), and prints the lines of
the box's configuration that pin it.")]
pub(crate) struct Keygen {
    /// The signer's name, as it will stand in signatures and receipts.
    #[arg(long)]
    name: String,
    /// File for the private key; must not be there yet. The public key goes beside it, ending in .pub.
    #[arg(long)]
    out: PathBuf,
}

impl Keygen {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        if self.name.is_empty()
            || self.name.len() > 64
            || !self.name.bytes().all(|byte| byte.is_ascii_graphic())
        {
            let why = "--name has 1 to 64 printable ASCII characters without spaces";
            return Err(Failure::Unable(why.to_owned()));
        }
        let failed = |error: holdfast_orbital::sign::KeyError| Failure::Unable(error.to_string());
        let public = self.out.with_extension("pub");
        if public == self.out {
            return Err(Failure::Unable("--out is the private key and may not end in .pub".to_owned()));
        }
        let key = BundleKey::generate().map_err(failed)?;
        let pem = key.public_pem().map_err(failed)?;
        key.write_new(&self.out).map_err(failed)?;
        super::write_new(&public, pem.as_bytes())?;
        let hex = to_hex(&key.public_point());
        let text = format!(
            "private key: {} (keep it; mode 0600)\npublic key:  {}\n\nPin it on the box:\n\n[[bundles.signer]]\n\
             kid = \"{}\"\npublic_key = \"{hex}\"\n",
            self.out.display(),
            public.display(),
            self.name,
        );
        let json = json!({
            "kid": self.name, "public_key": hex, "private_key_file": self.out.display().to_string(),
            "public_key_file": public.display().to_string(),
        });
        Ok(Report::good(text, json))
    }
}
