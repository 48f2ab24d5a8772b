//! What came back: shown as a tree for people and as one object for programs, without what is secret unless asked.

use crate::{Failure, Report};
use kmip::tag::Tag;
use kmip::ttlv::{DecodeError, Item, ItemType, Limits, Writer, parse};
use kmip::version::Version;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// What is taken from a server.
pub(super) const LIMITS: Limits =
    Limits { message_bytes: 8 << 20, depth: 32, items: 256 * 1024, string_bytes: 8 << 20 };

/// The payload of an answer, wiped when dropped.
pub(super) struct Answer {
    bytes: Zeroizing<Vec<u8>>,
    version: Version,
}

impl Answer {
    pub(super) fn new(payload: &Item<'_>, version: Version) -> Self {
        let room = payload.value().len().saturating_add(16);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        let mut writer = Writer::new(&mut bytes, room);
        writer.item(payload.tag(), payload);
        // It has the room it needs.
        let _ = writer.finish();
        Answer { bytes, version }
    }

    /// The payload as the type it should be.
    pub(super) fn read<'a, T: kmip::field::Field<'a>>(&'a self) -> Result<T, Failure> {
        let unreadable = |error: DecodeError| Failure::Unable(format!("the answer cannot be read: {error}"));
        T::decode(parse(&self.bytes, &LIMITS).map_err(unreadable)?, self.version).map_err(unreadable)
    }

    /// The whole of it, secrets left out unless they are to be shown.
    pub(super) fn report(&self, secrets: Secrets) -> Result<Report, Failure> {
        show(&self.bytes, self.version, secrets)
    }
}

/// Whether secrets are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrets {
    /// As they are.
    Shown,
    /// Their size only.
    Hidden,
}

impl Secrets {
    pub(super) fn shown_if(shown: bool) -> Self {
        if shown { Secrets::Shown } else { Secrets::Hidden }
    }
}

/// Shows an encoded item; its own tag is not shown if it is a payload.
pub(super) fn show(bytes: &[u8], version: Version, secrets: Secrets) -> Result<Report, Failure> {
    let unreadable = |error: DecodeError| Failure::Unable(format!("the answer cannot be read: {error}"));
    let item = parse(bytes, &LIMITS).map_err(unreadable)?;
    let mut safe = Zeroizing::new(Vec::with_capacity(bytes.len().saturating_add(64)));
    let mut writer = Writer::new(&mut safe, LIMITS.message_bytes);
    copy(&item, secrets, &mut writer);
    writer.finish().map_err(|error| Failure::Unable(error.to_string()))?;
    let safe = parse(&safe, &LIMITS).map_err(unreadable)?;
    let json = value(&safe, version);
    let mut text = String::new();
    match &json {
        Value::Object(fields) if fields.is_empty() => text.push_str("done\n"),
        json => tree(json, 0, &mut text),
    }
    Ok(Report::good(text, json))
}

/// Fields that hold key material, passwords or plaintext.
fn is_secret(item: &Item<'_>) -> bool {
    match item.tag() {
        Tag::KEY_MATERIAL | Tag::OPAQUE_DATA_VALUE | Tag::PASSWORD | Tag::CREDENTIAL_VALUE | Tag::DATA => {
            true
        }
        // Wrapped: ciphertext, but nothing for a terminal.
        Tag::KEY_VALUE => item.ty() == ItemType::ByteString,
        _ => false,
    }
}

/// Copies an item without its secrets. As deep as what was parsed, which is bounded.
fn copy(item: &Item<'_>, secrets: Secrets, out: &mut Writer<'_>) {
    if secrets == Secrets::Hidden && is_secret(item) {
        let bytes = item.value().len();
        return out.text(item.tag(), &format!("({bytes} bytes, not shown)"));
    }
    match item.children() {
        Ok(children) => {
            out.structure(item.tag(), |out| children.for_each(|child| copy(&child, secrets, out)))
        }
        Err(_) => out.item(item.tag(), item),
    }
}

/// A structure as an object, fields of one name as an array; names as the version has them.
fn value(item: &Item<'_>, version: Version) -> Value {
    let Ok(children) = item.children() else { return leaf(item, item.tag()) };
    let attribute =
        children.filter(|child| child.tag() == Tag::ATTRIBUTE_NAME).find_map(|child| child.text().ok());
    let named = attribute.and_then(|name| kmip::attribute::AttributeName::from_text(name).tag());
    let mut fields = Map::new();
    for child in children {
        let name = child
            .tag()
            .name(version)
            .map_or_else(|| format!("0x{:06X}", child.tag().number()), str::to_owned);
        let shown = match named {
            Some(named) if child.tag() == Tag::ATTRIBUTE_VALUE && child.ty() != ItemType::Structure => {
                leaf(&child, named)
            }
            _ => value(&child, version),
        };
        match fields.get_mut(&name) {
            None => drop(fields.insert(name, shown)),
            Some(Value::Array(several)) => several.push(shown),
            Some(one) => {
                let first = one.take();
                *one = Value::Array(vec![first, shown]);
            }
        }
    }
    Value::Object(fields)
}

/// A value as its encoding in JSON spells it, with the newest names, numbers as numbers; `named` says whose names it may have.
fn leaf(item: &Item<'_>, named: Tag) -> Value {
    match item.ty() {
        ItemType::LongInteger => return item.long_integer().map(Value::from).unwrap_or_default(),
        ItemType::Interval => return item.interval().map(Value::from).unwrap_or_default(),
        ItemType::Integer if kmip::enums::listed(named).is_none() => {
            return item.integer().map(Value::from).unwrap_or_default();
        }
        _ => {}
    }
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, LIMITS.message_bytes);
    writer.item(named, item);
    let text = writer.finish().ok().and_then(|_| kmip::json::from_ttlv(&bytes, &LIMITS).ok());
    let object = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    object.and_then(|mut object| object.get_mut("value").map(Value::take)).unwrap_or_default()
}

fn tree(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let Value::Object(fields) = value else { return };
    // An attribute of 1.x: its name before its value says more than two lines.
    if let (Some(Value::String(name)), Some(held)) =
        (fields.get("AttributeName"), fields.get("AttributeValue"))
    {
        return line(&indent, name, held, depth, out);
    }
    for (name, held) in fields {
        match held {
            Value::Array(several) => several.iter().for_each(|one| line(&indent, name, one, depth, out)),
            one => line(&indent, name, one, depth, out),
        }
    }
}

fn line(indent: &str, name: &str, value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) if fields.contains_key("AttributeValue") => tree(value, depth, out),
        Value::Object(_) => {
            out.push_str(&format!("{indent}{name}\n"));
            tree(value, depth + 1, out);
        }
        // Text of a server's may hold anything, and a terminal obeys some of it.
        Value::String(text) => out.push_str(&format!("{indent}{name}: {}\n", text.escape_debug())),
        other => out.push_str(&format!("{indent}{name}: {other}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(write: impl FnOnce(&mut Writer<'_>)) -> Answer {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, 4096);
        writer.structure(Tag::RESPONSE_PAYLOAD, write);
        let _ = writer.finish();
        Answer { bytes: Zeroizing::new(bytes), version: Version::V1_4 }
    }

    #[test]
    fn a_secret_is_shown_only_when_asked() {
        let answer = payload(|out| {
            out.text(Tag::UNIQUE_IDENTIFIER, "key-1");
            out.structure(Tag::KEY_VALUE, |out| out.bytes(Tag::KEY_MATERIAL, &[0xAB; 4]));
        });
        let text = |secrets| answer.report(secrets).map(|report| report.text).unwrap_or_default();
        assert_eq!(
            text(Secrets::Hidden),
            "KeyValue\n  KeyMaterial: (4 bytes, not shown)\nUniqueIdentifier: key-1\n"
        );
        assert!(text(Secrets::Shown).contains("abababab"));
    }

    #[test]
    fn an_attribute_is_one_line_and_bears_the_names_of_its_values() {
        let answer = payload(|out| {
            out.structure(Tag::ATTRIBUTE, |out| {
                out.text(Tag::ATTRIBUTE_NAME, "State");
                out.enumeration(Tag::ATTRIBUTE_VALUE, 2);
            });
            out.structure(Tag::ATTRIBUTE, |out| {
                out.text(Tag::ATTRIBUTE_NAME, "x-note");
                out.text(Tag::ATTRIBUTE_VALUE, "a\u{1b}[31m");
            });
        });
        let report = answer.report(Secrets::Hidden).ok();
        assert_eq!(
            report.map(|report| report.text).as_deref(),
            Some("State: Active\nx-note: a\\u{1b}[31m\n")
        );
    }
}
