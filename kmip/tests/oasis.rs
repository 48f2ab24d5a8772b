//! Every message of the OASIS test cases is read by our types and written again byte for byte.
#![cfg(feature = "xml")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: what is wrong here is to fail loudly"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kmip::enums::Operation;
use kmip::message::{RequestMessage, ResponseMessage};
use kmip::operation::{Request, Response};
use kmip::ttlv::{Item, Limits, Writer};
use kmip::version::Version;
use kmip::xml;

/// The cases as the standard's committee wrote them, placeholders made plausible.
fn cases() -> Vec<(PathBuf, Vec<Vec<u8>>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oasis");
    let mut files = Vec::new();
    for folder in ["1.0", "1.4-profiles", "1.4-testcases", "2.1-profiles"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            files.push(entry.unwrap().path());
        }
    }
    files.sort();
    assert!(files.len() > 200, "the cases are missing from {}", root.display());
    files
        .into_iter()
        .map(|path| {
            let text = plausible(&std::fs::read_to_string(&path).unwrap());
            let messages = xml::messages(&text, &Limits::DEFAULT)
                .unwrap_or_else(|error| panic!("{}: {error}: {}", path.display(), around(&text, error)));
            (path, messages.iter().map(|message| message.to_vec()).collect())
        })
        .collect()
}

/// Puts a value of its type in place of each placeholder.
fn plausible(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("value=\"$") {
        let (before, after) = rest.split_at(at + 7);
        let (placeholder, after) = after.split_once('"').unwrap();
        out.push_str(before);
        let element = &before[before.rfind('<').unwrap()..];
        out.push_str(if element.contains("\"DateTime\"") {
            "2012-04-27T08:12:23+00:00"
        } else if element.contains("\"ByteString\"") {
            "00112233445566778899aabbccddeeff"
        } else {
            placeholder
        });
        out.push('"');
        rest = after;
    }
    out.push_str(rest);
    out
}

fn around(text: &str, error: xml::XmlError) -> String {
    let (xml::XmlError::Syntax { offset }
    | xml::XmlError::UnknownTag { offset }
    | xml::XmlError::UnknownType { offset }
    | xml::XmlError::Value { offset }
    | xml::XmlError::Limit { offset }) = error
    else {
        return String::new();
    };
    text[offset..].chars().take(120).collect()
}

/// The operation, payload and direction of each batch item.
struct Payload<'a> {
    operation: Operation,
    item: Item<'a>,
    version: Version,
    request: bool,
}

fn payloads(message: &[u8]) -> Vec<Payload<'_>> {
    if message[2] == 0x78 {
        let request = RequestMessage::decode(message, &Limits::DEFAULT).unwrap_or_else(|e| panic!("{e:?}"));
        let version = request.version;
        request
            .items
            .iter()
            .map(|item| Payload { operation: item.operation, item: item.payload, version, request: true })
            .collect()
    } else {
        let response = ResponseMessage::decode(message, &Limits::DEFAULT).unwrap_or_else(|e| panic!("{e:?}"));
        let version = response.version;
        response
            .items
            .iter()
            .filter_map(|item| Some((item.operation?, item.payload?)))
            .map(|(operation, item)| Payload { operation, item, version, request: false })
            .collect()
    }
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 20);
    write(&mut writer);
    writer.finish().unwrap();
    out
}

#[test]
fn every_message_of_the_cases_survives_our_types() {
    let mut bytes_differ: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut unreadable: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let (mut messages, mut seen) = (0, 0);
    for (path, case) in cases() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        for message in case {
            messages += 1;
            let again = if message[2] == 0x78 {
                let mut out = Vec::new();
                RequestMessage::decode(&message, &Limits::DEFAULT)
                    .unwrap_or_else(|error| panic!("{name}: {error:?}"))
                    .encode(&mut out, 1 << 20)
                    .unwrap();
                out
            } else {
                let mut out = Vec::new();
                ResponseMessage::decode(&message, &Limits::DEFAULT)
                    .unwrap_or_else(|error| panic!("{name}: {error:?}"))
                    .encode(&mut out, 1 << 20)
                    .unwrap();
                out
            };
            if again != message {
                bytes_differ.entry("message".into()).or_default().push(name.clone());
            }
            for Payload { operation, item, version, request } in payloads(&message) {
                seen += 1;
                let original = written(|out| out.item(item.tag(), &item));
                let key = format!("{operation:?} {}", if request { "request" } else { "response" });
                let again = if request {
                    Request::decode(operation, item, version)
                        .map(|read| read.map(|read| written(|out| read.encode(item.tag(), version, out))))
                } else {
                    Response::decode(operation, item, version)
                        .map(|read| read.map(|read| written(|out| read.encode(item.tag(), version, out))))
                };
                match again {
                    None => unreadable.entry(key).or_default().push(format!("{name}: no such payload")),
                    Some(Err(error)) => unreadable.entry(key).or_default().push(format!("{name}: {error}")),
                    Some(Ok(again)) if again != original => {
                        let show = |bytes: &[u8]| xml::from_ttlv(bytes, &Limits::DEFAULT).unwrap();
                        if one_blank_each(&show(&original)) == one_blank_each(&show(&again)) {
                            continue;
                        }
                        let both = format!("{name}:\n{}became\n{}", *show(&original), *show(&again));
                        bytes_differ.entry(key).or_default().push(both);
                    }
                    Some(Ok(_)) => {}
                }
            }
        }
    }
    assert!(messages > 3000 && seen > 3000, "{messages} messages, {seen} payloads");
    assert!(unreadable.is_empty(), "{unreadable:#?}");
    assert!(bytes_differ.is_empty(), "{bytes_differ:#?}");
}

/// Some published cases write attribute names with several blanks; they are read as the names that they mean.
fn one_blank_each(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_message_of_the_cases_survives_xml() {
    for (path, case) in cases() {
        for message in case {
            let text = xml::from_ttlv(&message, &Limits::DEFAULT).unwrap();
            let again = xml::to_ttlv(&text, &Limits::DEFAULT).unwrap();
            assert!(*again == message, "{}", path.display());
        }
    }
}

#[cfg(feature = "json")]
#[test]
fn every_message_of_the_cases_survives_json_and_is_the_same_message_in_all_encodings() {
    use kmip::json;
    for (path, case) in cases() {
        for message in case {
            let text = json::from_ttlv(&message, &Limits::DEFAULT).unwrap();
            let again = json::to_ttlv(&text, &Limits::DEFAULT)
                .unwrap_or_else(|error| panic!("{}: {error}: {}", path.display(), *text));
            assert!(*again == message, "{}", path.display());
            // To a reader that is not ours it is JSON too, and without our line breaks it is the same.
            let foreign: serde_json::Value = serde_json::from_str(&text).unwrap();
            let again = json::to_ttlv(&foreign.to_string(), &Limits::DEFAULT).unwrap();
            assert!(*again == message, "{}", path.display());
        }
    }
}
