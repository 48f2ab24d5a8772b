//! `holdfast kmip raw`: any request from a file, in any encoding; the answer as a tree or in an encoding.

use super::answer::{LIMITS, Secrets, show};
use super::bytes;
use super::link::{Link, failure};
use crate::{Failure, Report};
use clap::{Args, ValueEnum};
use kmip::client::Repeat;
use kmip::message::ResponseMessage;
use serde_json::Value;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Sends a request as it is in a file and shows the answer: batches, vendors' extensions, mistakes on purpose.
#[derive(Args)]
#[command(after_help = "\
The file holds one RequestMessage: TTLV bytes, TTLV in hex, XML or JSON (the profiles' encodings); which one is seen from its
beginning. Exit code 1 if the answer cannot be read or any item was refused.

Examples:
  holdfast kmip raw request.xml
  holdfast kmip raw request.json --as json
  holdfast kmip raw request.ttlv --as ttlv > answer.ttlv
  holdfast kmip raw request.xml --dry-run --as hex          only turn it into TTLV")]
pub(super) struct Raw {
    /// The request, or `-` for standard input.
    file: PathBuf,
    /// How to show the answer.
    #[arg(long = "as", value_enum, default_value = "tree")]
    form: Form,
    /// Show key material and passwords in a tree. Other forms always show all.
    #[arg(long)]
    show_secrets: bool,
    /// Show the request in that form instead of sending it.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Names and values, indented.
    Tree,
    /// The XML encoding.
    Xml,
    /// The JSON encoding.
    Json,
    /// TTLV in hex.
    Hex,
    /// TTLV bytes.
    Ttlv,
}

impl Raw {
    pub(super) fn run(&self, link: &Link) -> Result<Report, Failure> {
        let request = read(&bytes::read(&self.file)?)?;
        if self.dry_run {
            return self.present(&request);
        }
        let reply = link
            .pool()
            .exchange(&request, Repeat::Never, |reply| Zeroizing::new(reply.to_vec()))
            .map_err(failure)?;
        let mut report = self.present(&reply)?;
        let message = ResponseMessage::decode(&reply, &LIMITS);
        report.good = message.is_ok_and(|message| {
            message.items.iter().all(|item| item.status == kmip::enums::ResultStatus::SUCCESS)
        });
        Ok(report)
    }

    fn present(&self, message: &[u8]) -> Result<Report, Failure> {
        let unreadable = |error: kmip::ttlv::DecodeError| Failure::Unable(format!("not TTLV: {error}"));
        let text = match self.form {
            Form::Tree => {
                let version = ResponseMessage::decode(message, &LIMITS).map(|message| message.version);
                let version = version.unwrap_or(kmip::version::Version::V2_1);
                return show(message, version, Secrets::shown_if(self.show_secrets));
            }
            Form::Xml => kmip::xml::from_ttlv(message, &LIMITS).map_err(unreadable)?.to_string(),
            Form::Json => kmip::json::from_ttlv(message, &LIMITS).map_err(unreadable)?.to_string(),
            Form::Hex => bytes::to_hex(message) + "\n",
            Form::Ttlv => {
                use std::io::Write;
                let wrote = std::io::stdout().lock().write_all(message);
                wrote.map_err(|error| Failure::Unable(format!("standard output: {error}")))?;
                return Ok(Report::printed());
            }
        };
        Ok(Report::good(text.clone(), Value::String(text)))
    }
}

/// The TTLV of a request in any encoding.
fn read(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if bytes.first() == Some(&0x42) && bytes.get(1) == Some(&0) {
        return Ok(Zeroizing::new(bytes.to_vec()));
    }
    let text = core::str::from_utf8(bytes)
        .map_err(|_| Failure::Unable("the request is neither TTLV nor text".to_owned()))?;
    let text = text.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    if text.starts_with('<') {
        return kmip::xml::to_ttlv(text, &LIMITS)
            .map_err(|error| Failure::Unable(format!("the request: {error}")));
    }
    if text.starts_with('{') {
        return kmip::json::to_ttlv(text, &LIMITS)
            .map_err(|error| Failure::Unable(format!("the request: {error}")));
    }
    let digits: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    bytes::hex(&digits)
        .map(Zeroizing::new)
        .map_err(|_| Failure::Unable("the request is neither TTLV, nor hex, XML or JSON of it".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_in_any_encoding() {
        let xml = "\u{FEFF}\n<BatchCount type=\"Integer\" value=\"1\"/>";
        let json = "{\"tag\":\"BatchCount\",\"type\":\"Integer\",\"value\":1}";
        let hex = "42000d02 00000004\n00000001 00000000";
        let ttlv = read(hex.as_bytes()).ok();
        assert_eq!(ttlv.as_ref().map(|bytes| bytes.len()), Some(16));
        assert!(read(xml.as_bytes()).ok() == ttlv && read(json.as_bytes()).ok() == ttlv);
        assert!(ttlv.as_ref().is_some_and(|bytes| read(bytes).ok() == ttlv));
        assert!(read(b"GET /").is_err());
    }
}
