//! The pinned bundle signers: distinct names, distinct keys, points that are on the curve.

use super::error::{ConfigError, Problem};
use super::{Source, file};
use holdfast_model::limits::SIGNERS_MAX;
use holdfast_ports::settings::Signer;
use p256::PublicKey;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::pkcs8::DecodePublicKey;

/// Longest name of a signer in bytes.
const KID_BYTES_MAX: usize = 64;

/// Two names for one key would let one person sign as two.
pub(super) fn check(source: &Source<'_>, bundles: &file::Bundles) -> Result<Vec<Signer>, ConfigError> {
    let written = bundles.signer.get_ref();
    if written.is_empty() || written.len() > SIGNERS_MAX {
        let (value, most) = (written.len() as u64, SIGNERS_MAX as u64);
        let problem = Problem::OutOfRange { key: "number of [[bundles.signer]]", value, least: 1, most };
        return Err(source.error(Some(bundles.signer.span().start), problem));
    }
    let mut signers: Vec<Signer> = Vec::new();
    for signer in written {
        let signer = signer.get_ref();
        let kid = source.at(&signer.kid, |kid| kid_of(kid, &signers))?;
        let public_key = source.at(&signer.public_key, |text| key_of(text, &signers))?;
        signers.push(Signer { kid, public_key });
    }
    Ok(signers)
}

fn kid_of(kid: &str, others: &[Signer]) -> Result<String, Problem> {
    if kid.is_empty() || kid.len() > KID_BYTES_MAX || !kid.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::Kid);
    }
    if others.iter().any(|other| other.kid == kid) {
        return Err(Problem::Twice { what: format!("the kid {kid}") });
    }
    Ok(kid.to_owned())
}

fn key_of(text: &str, others: &[Signer]) -> Result<Vec<u8>, Problem> {
    let key = match text.trim() {
        pem if pem.starts_with("-----BEGIN") => PublicKey::from_public_key_pem(pem).ok(),
        hex => from_hex(hex).and_then(|point| PublicKey::from_sec1_bytes(&point).ok()),
    };
    let point = key.ok_or(Problem::PublicKey)?.to_sec1_point(false).as_bytes().to_vec();
    if others.iter().any(|other| other.public_key == point) {
        return Err(Problem::Twice { what: "this public key".to_owned() });
    }
    Ok(point)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}
