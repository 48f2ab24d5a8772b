//! Lines of the log, for people and for programs. Records hold ids only, so lines do.

use crate::format::{Record, What};
use crate::log::{segment_name, segments};
use crate::segment::{Segment, SegmentError};
use holdfast_model::audit::{Action, AuditEvent, Outcome};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

/// Calls `each` for every record of the log in order, until it says `false`. What cannot be read is left out: verify
/// the log to know whether that is so.
///
/// # Errors
/// When the directory or a file cannot be read.
pub fn each_record(directory: &Path, mut each: impl FnMut(&Record) -> bool) -> io::Result<()> {
    for number in segments(directory)? {
        let file = BufReader::with_capacity(1 << 20, File::open(directory.join(segment_name(number)))?);
        let mut segment = match Segment::open(file) {
            Ok((segment, _)) => segment,
            Err(SegmentError::Io(error)) => return Err(error),
            Err(_) => continue,
        };
        loop {
            match segment.next_record() {
                Ok(Some(frame)) if each(&frame.content) => {}
                Ok(Some(_)) => return Ok(()),
                Ok(None) | Err(SegmentError::NotASegment | SegmentError::Unreadable { .. }) => break,
                Err(SegmentError::Io(error)) => return Err(error),
            }
        }
    }
    Ok(())
}

/// One line for people. `name` gives the name of a KMIP operation, if it knows it.
pub fn text_line(record: &Record, name: &dyn Fn(u32) -> Option<&'static str>) -> String {
    let mut line = format!("{:>8} ", record.index);
    // Writing to a string does not fail.
    let _ = match &record.what {
        What::Event(event) => write_event(&mut line, event, name),
        What::Unreadable { bytes } => write!(line, "unreadable: {bytes} bytes from core were no event"),
        What::Opened { at, cut_bytes: 0 } => write!(line, "{at} audit log taken up"),
        What::Opened { at, cut_bytes } => {
            write!(line, "{at} audit log taken up; {cut_bytes} unfinished bytes cut off")
        }
        What::RingGivenUp { at, lane } => write!(line, "{at} ring of lane {lane} given up: it held nonsense"),
    };
    line
}

fn write_event(
    line: &mut String,
    event: &AuditEvent,
    name: &dyn Fn(u32) -> Option<&'static str>,
) -> std::fmt::Result {
    write!(line, "{} {} {}", event.at, action_word(event.action, name), outcome_word(event.outcome))?;
    if !event.reason.as_str().is_empty() {
        write!(line, " ({})", event.reason)?;
    }
    if let Some(tenant) = event.tenant {
        write!(line, " tenant={tenant}")?;
    }
    if let Some(service) = event.service {
        write!(line, " service={service}")?;
    }
    if let Some(object) = event.object {
        write!(line, " object={object}")?;
    }
    if event.key_version.0 != 0 {
        write!(line, " key_version={}", event.key_version)?;
    }
    if let Some(bundle) = event.bundle {
        write!(line, " bundle={bundle}")?;
    }
    if let Some(client) = event.client {
        write!(line, " client={client}")?;
    }
    Ok(())
}

/// One JSON object for programs, without a line end. Fields that an event does not have are left out.
pub fn json_line(record: &Record, name: &dyn Fn(u32) -> Option<&'static str>) -> String {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        fields.insert(key.to_owned(), value);
    };
    put("index", json!(record.index));
    match &record.what {
        What::Event(event) => {
            put("at", json!(event.at.to_string()));
            put("op", json!(action_word(event.action, name)));
            put("outcome", json!(outcome_word(event.outcome)));
            put("lane", json!(event.lane));
            put("generation", json!(event.generation));
            if !event.reason.as_str().is_empty() {
                put("reason", json!(event.reason.as_str()));
            }
            if event.key_version.0 != 0 {
                put("key_version", json!(event.key_version));
            }
            let optional = [
                ("tenant", event.tenant.map(|tenant| tenant.to_string())),
                ("service", event.service.map(|service| service.to_string())),
                ("object", event.object.map(|object| object.to_string())),
                ("client", event.client.map(|client| client.to_string())),
            ];
            for (key, text) in optional {
                if let Some(text) = text {
                    put(key, json!(text));
                }
            }
            if let Some(bundle) = event.bundle {
                put("bundle", json!(bundle));
            }
        }
        What::Unreadable { bytes } => {
            put("op", json!("unreadable"));
            put("bytes", json!(bytes));
        }
        What::Opened { at, cut_bytes } => {
            put("at", json!(at.to_string()));
            put("op", json!("audit-opened"));
            put("cut_bytes", json!(cut_bytes));
        }
        What::RingGivenUp { at, lane } => {
            put("at", json!(at.to_string()));
            put("op", json!("audit-ring-given-up"));
            put("lane", json!(lane));
        }
    }
    Value::Object(fields).to_string()
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
    }
}

fn action_word(action: Action, name: &dyn Fn(u32) -> Option<&'static str>) -> String {
    let word = match action {
        Action::Kmip(number) => {
            return name(number).map_or_else(|| format!("kmip-{number:#04x}"), |name| format!("kmip-{name}"));
        }
        Action::Connect => "connect",
        Action::Start => "start",
        Action::Unseal => "unseal",
        Action::UnsealPlain => "unseal-plain",
        Action::Seal => "seal",
        Action::Bundle => "bundle",
        Action::TenantDefine => "tenant.define",
        Action::L1Link => "l1.link",
        Action::L1Unlink => "l1.unlink",
        Action::ServiceDefine => "service.define",
        Action::ClientTrust => "client.trust",
        Action::PolicySet => "policy.set",
        Action::KeyRotate => "key.rotate",
        Action::TenantDestroy => "tenant.destroy",
    };
    word.to_owned()
}
