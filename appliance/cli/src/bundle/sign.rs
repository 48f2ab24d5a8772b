//! `holdfast bundle sign`.

use super::keys::NamedKey;
use super::{draft, show};
use crate::{Failure, Report};
use clap::Args;
use holdfast_orbital::sign::{BundleKey, SignError, add_signature, sign, unverified};
use holdfast_orbital::{Bundle, Received};
use std::path::PathBuf;

/// Signs a draft, or adds a signature to a bundle. Says what was signed: read it before you hand it on.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast bundle sign --key alice=alice.pem first.toml first.bundle
  holdfast bundle sign --key bob=bob.pem first.bundle first-2.bundle     another signer, another machine
  holdfast bundle sign --key alice=alice.pem --key bob=bob.pem first.toml first.bundle

Adding a signature does not change the bundle's digest. The private key is PKCS#8 in PEM or DER, and its file must be
yours alone (chmod 600).")]
pub(crate) struct Sign {
    /// Sign as NAME with the private key in FILE. Give it once for each signer.
    #[arg(long = "key", value_name = "NAME=FILE", value_parser = NamedKey::parse, required = true)]
    keys: Vec<NamedKey>,
    /// A draft (TOML) or a bundle.
    input: PathBuf,
    /// The signed bundle; must not be there yet.
    output: PathBuf,
}

enum Unfinished {
    Draft(Bundle),
    Signed(Received),
}

impl Sign {
    pub(super) fn run(&self) -> Result<Report, Failure> {
        let bytes = super::read(&self.input)?;
        let mut so_far = match core::str::from_utf8(&bytes) {
            Ok(text) => Unfinished::Draft(draft::read(&self.input, text)?),
            Err(_) => Unfinished::Signed(Received::new(bytes)?),
        };
        for named in &self.keys {
            let key = BundleKey::read(&named.path()).map_err(|error| Failure::Unable(error.to_string()))?;
            so_far = Unfinished::Signed(match &so_far {
                Unfinished::Draft(bundle) => sign(bundle, &named.name, &key).map_err(refused)?,
                Unfinished::Signed(received) => {
                    add_signature(received, &named.name, &key).map_err(refused)?
                }
            });
        }
        let Unfinished::Signed(signed) = so_far else {
            return Err(Failure::Unable("no key was given".to_owned()));
        };
        super::write_new(&self.output, signed.as_bytes())?;
        let mut report = show::report(&unverified(&signed)?);
        report.text = format!("wrote {}\n\n{}", self.output.display(), report.text);
        Ok(report)
    }
}

fn refused(error: SignError) -> Failure {
    match error {
        SignError::Refused(refusal) => refusal.into(),
        other => Failure::Unable(other.to_string()),
    }
}
