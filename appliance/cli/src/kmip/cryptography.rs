//! Cryptography with keys that stay on the server: data from a file or standard input, results to a file or standard output.

use super::answer::{Answer, Secrets};
use super::bytes::{self, Out, hex, to_hex};
use super::link::Link;
use super::parameters::Parameters;
use crate::{Failure, Report};
use clap::Args;
use kmip::enums::ValidityIndicator;
use kmip::identifier::{Data, Identifier};
use kmip::operation::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, HashRequest, HashResponse, MacRequest,
    MacResponse, MacVerifyRequest, MacVerifyResponse, RngRetrieveRequest, RngRetrieveResponse, SignRequest,
    SignResponse, SignatureVerifyRequest, SignatureVerifyResponse,
};
use serde_json::json;
use std::path::PathBuf;

/// A key and what to do with it.
#[derive(Args)]
pub(super) struct Work {
    /// The key.
    id: String,
    /// The data: a file, or `-` for standard input.
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    input: PathBuf,
    #[command(flatten)]
    parameters: Parameters,
}

impl Work {
    fn id(&self) -> Option<Identifier<'_>> {
        Some(Identifier::Text(&self.id))
    }
}

/// Encrypts. Without --out the ciphertext is printed in hex, with IV and tag if there are.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip encrypt ID --mode GCM --random-iv --tag-length 16 --in plain --out sealed
  holdfast kmip encrypt ID --mode CBC --padding PKCS5 --iv 000102030405060708090a0b0c0d0e0f --in plain")]
pub(super) struct Encrypt {
    #[command(flatten)]
    work: Work,
    /// IV, counter or nonce, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    iv: Option<Hex>,
    /// What is authenticated and not encrypted, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    aad: Option<Hex>,
    #[command(flatten)]
    out: Out,
}

/// Bytes that were given in hex.
type Hex = Vec<u8>;

impl Encrypt {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let data = bytes::read(&self.work.input)?;
        let answer = link.ask(&EncryptRequest {
            unique_identifier: self.work.id(),
            cryptographic_parameters: self.work.parameters.get(),
            data: Some(Data::Bytes(&data)),
            iv_counter_nonce: self.iv.as_deref(),
            correlation_value: None,
            init: None,
            last: None,
            additional_data: self.aad.as_deref(),
        })?;
        let done: EncryptResponse<'_> = answer.read()?;
        let ciphertext = done.data.unwrap_or_default();
        let parts = [("iv", done.iv_counter_nonce), ("tag", done.tag)];
        let data = if self.out.is_given() { None } else { Some(ciphertext) };
        self.out.write(ciphertext, in_hex(&[&[("data", data)], &parts[..]].concat()))
    }
}

/// Decrypts. Without --out the plaintext is not shown.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip decrypt ID --mode GCM --iv HEX --tag HEX --in sealed --out -")]
pub(super) struct Decrypt {
    #[command(flatten)]
    work: Work,
    /// IV, counter or nonce, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    iv: Option<Hex>,
    /// What was authenticated and not encrypted, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    aad: Option<Hex>,
    /// The authentication tag, in hex.
    #[arg(long, value_name = "HEX", value_parser = hex)]
    tag: Option<Hex>,
    #[command(flatten)]
    out: Out,
}

impl Decrypt {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let data = bytes::read(&self.work.input)?;
        let answer = link.ask(&DecryptRequest {
            unique_identifier: self.work.id(),
            cryptographic_parameters: self.work.parameters.get(),
            data: Some(Data::Bytes(&data)),
            iv_counter_nonce: self.iv.as_deref(),
            correlation_value: None,
            init: None,
            last: None,
            additional_data: self.aad.as_deref(),
            tag: self.tag.as_deref(),
        })?;
        let done: DecryptResponse<'_> = answer.read()?;
        self.out.write(done.data.unwrap_or_default(), answer.report(Secrets::Hidden)?)
    }
}

/// Signs. Without --out the signature is printed in hex.
#[derive(Args)]
pub(super) struct Sign {
    #[command(flatten)]
    work: Work,
    /// The input is a digest already (1.4 and later).
    #[arg(long)]
    digested: bool,
    #[command(flatten)]
    out: Out,
}

impl Sign {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let data = bytes::read(&self.work.input)?;
        let answer = link.ask(&SignRequest {
            unique_identifier: self.work.id(),
            cryptographic_parameters: self.work.parameters.get(),
            data: (!self.digested).then_some(Data::Bytes(&data)),
            digested_data: self.digested.then_some(&data),
            correlation_value: None,
            init: None,
            last: None,
        })?;
        let done: SignResponse<'_> = answer.read()?;
        let signature = done.signature_data.unwrap_or_default();
        self.out.write(signature, in_hex(&[("signature", (!self.out.is_given()).then_some(signature))]))
    }
}

/// Verifies a signature.
#[derive(Args)]
pub(super) struct Verify {
    #[command(flatten)]
    work: Work,
    /// The signature.
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    /// The input is a digest already (1.4 and later).
    #[arg(long)]
    digested: bool,
}

impl Verify {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let (data, signature) = (bytes::read(&self.work.input)?, bytes::read(&self.signature)?);
        let answer = link.ask(&SignatureVerifyRequest {
            unique_identifier: self.work.id(),
            cryptographic_parameters: self.work.parameters.get(),
            data: (!self.digested).then_some(Data::Bytes(&data)),
            digested_data: self.digested.then_some(&data),
            signature_data: Some(&signature),
            correlation_value: None,
            init: None,
            last: None,
        })?;
        let done: SignatureVerifyResponse<'_> = answer.read()?;
        judged(&answer, done.validity)
    }
}

/// Computes a message authentication code. Without --out it is printed in hex.
#[derive(Args)]
pub(super) struct Mac {
    #[command(flatten)]
    work: Work,
    #[command(flatten)]
    out: Out,
}

impl Mac {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let data = bytes::read(&self.work.input)?;
        let answer = link.ask(&MacRequest {
            unique_identifier: self.work.id(),
            cryptographic_parameters: self.work.parameters.get(),
            data: Some(Data::Bytes(&data)),
            correlation_value: None,
            init: None,
            last: None,
        })?;
        let done: MacResponse<'_> = answer.read()?;
        let mac = done.mac_data.unwrap_or_default();
        self.out.write(mac, in_hex(&[("mac", (!self.out.is_given()).then_some(mac))]))
    }
}

/// Verifies a message authentication code.
#[derive(Args)]
pub(super) struct MacVerify {
    #[command(flatten)]
    work: Work,
    /// The code.
    #[arg(long, value_name = "FILE")]
    mac: PathBuf,
}

impl MacVerify {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let (data, mac) = (bytes::read(&self.work.input)?, bytes::read(&self.mac)?);
        let answer = link.ask(&MacVerifyRequest {
            unique_identifier: self.work.id(),
            cryptographic_parameters: self.work.parameters.get(),
            data: Some(Data::Bytes(&data)),
            mac_data: Some(&mac),
            correlation_value: None,
            init: None,
            last: None,
        })?;
        let done: MacVerifyResponse<'_> = answer.read()?;
        judged(&answer, done.validity)
    }
}

/// Hashes. Without --out the hash is printed in hex.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast kmip hash --hash SHA_256 --in file")]
pub(super) struct Hash {
    /// The data: a file, or `-` for standard input.
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    input: PathBuf,
    #[command(flatten)]
    parameters: Parameters,
    #[command(flatten)]
    out: Out,
}

impl Hash {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let data = bytes::read(&self.input)?;
        let answer = link.ask(&HashRequest {
            cryptographic_parameters: self.parameters.all(),
            data: Some(Data::Bytes(&data)),
            correlation_value: None,
            init: None,
            last: None,
        })?;
        let done: HashResponse<'_> = answer.read()?;
        let hash = done.data.unwrap_or_default();
        self.out.write(hash, in_hex(&[("hash", (!self.out.is_given()).then_some(hash))]))
    }
}

/// Gets random bytes, to a file or to standard output.
#[derive(Args)]
pub(super) struct Random {
    /// How many bytes.
    #[arg(value_parser = clap::value_parser!(i32).range(1..=65536))]
    count: i32,
    /// Print them in hex.
    #[arg(long, conflicts_with = "out", required_unless_present = "out")]
    show: bool,
    #[command(flatten)]
    out: Out,
}

impl Random {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let answer = link.ask(&RngRetrieveRequest { data_length: self.count })?;
        let done: RngRetrieveResponse<'_> = answer.read()?;
        self.out.write(done.data, in_hex(&[("data", self.show.then_some(done.data))]))
    }
}

/// Named bytes in hex; those that are not there are left out.
fn in_hex(parts: &[(&str, Option<&[u8]>)]) -> Report {
    let parts = parts.iter().filter_map(|(name, bytes)| Some((name, to_hex((*bytes)?))));
    let (mut text, mut json) = (String::new(), serde_json::Map::new());
    for (name, hex) in parts {
        text.push_str(&format!("{name}: {hex}\n"));
        json.insert((*name).to_owned(), json!(hex));
    }
    Report::good(text, json.into())
}

fn judged(answer: &Answer, validity: Option<ValidityIndicator>) -> Result<Report, Failure> {
    let mut report = answer.report(Secrets::Hidden)?;
    report.good = validity == Some(ValidityIndicator::VALID);
    Ok(report)
}
