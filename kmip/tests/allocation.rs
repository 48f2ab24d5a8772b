//! Reading a message allocates nothing; neither does writing one into a buffer that is large enough.
#![allow(clippy::unwrap_used, reason = "a test: what is wrong here is to fail loudly")]

use std::path::Path;

use kmip::enums::Operation;
use kmip::identifier::Identifier;
use kmip::message::{RequestMessage, ResponseHeader, ResponseItem, ResponseMessage, ResponseWriter};
use kmip::operation::{ActivateResponse, Request, Response};
use kmip::primitive::DateTime;
use kmip::ttlv::Limits;
use kmip::version::Version;

/// Messages of the published cases: one or two for each operation, several versions.
fn messages() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/message");
    let mut messages: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    messages.sort();
    assert!(messages.len() >= 40, "the corpus is missing from {}", folder.display());
    messages
}

/// Reads all of a message; how many payloads were understood.
fn read(bytes: &[u8]) -> usize {
    if let Ok(request) = RequestMessage::decode(bytes, &Limits::DEFAULT) {
        let items = request.items.iter();
        return items.filter(|item| matches!(Request::of(item, request.version), Some(Ok(_)))).count();
    }
    let Ok(response) = ResponseMessage::decode(bytes, &Limits::DEFAULT) else { return 0 };
    let items = response.items.iter();
    items
        .filter_map(|item| Some((item.operation?, item.payload?)))
        .filter(|(operation, payload)| {
            matches!(Response::decode(*operation, *payload, response.version), Some(Ok(_)))
        })
        .count()
}

#[test]
fn reading_a_message_allocates_nothing() {
    let mut understood = 0;
    for (name, bytes) in messages() {
        let counted = allocation_counter::measure(|| understood += read(&bytes));
        assert_eq!(counted.count_total, 0, "{name}");
    }
    assert!(understood >= 40);
}

#[test]
fn refusing_a_message_allocates_nothing() {
    for (name, mut bytes) in messages() {
        bytes.truncate(bytes.len() - 8);
        let counted = allocation_counter::measure(|| assert_eq!(read(&bytes), 0));
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

#[test]
fn writing_into_a_buffer_with_room_allocates_nothing() {
    let mut out = Vec::with_capacity(4096);
    let counted = allocation_counter::measure(|| {
        let header = ResponseHeader::new(Version::V1_4, DateTime(0));
        let mut response = ResponseWriter::begin(&mut out, 4096, Version::V1_4, &header).unwrap();
        let item = ResponseItem { operation: Some(Operation::ACTIVATE), unique_batch_item_id: Some(b"1") };
        response.success(&item, &ActivateResponse { unique_identifier: Identifier::Text("7f0c") }).unwrap();
        response.finish();
    });
    assert_eq!(counted.count_total, 0);
}
