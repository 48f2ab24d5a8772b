//! What a request is read as, and what a response says.

use super::*;
use crate::enums::{Operation, ResultReason, ResultStatus};
use crate::primitive::DateTime;
use crate::result::Refusal;
use crate::ttlv::Limits;

fn request(version: ProtocolVersion, count: i32, items: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 16);
    writer.structure(Tag::REQUEST_MESSAGE, |out| {
        out.structure(Tag::REQUEST_HEADER, |out| {
            version.encode(Tag::PROTOCOL_VERSION, Version::V1_0, out);
            out.integer(Tag::BATCH_COUNT, count);
        });
        for _ in 0..items {
            out.structure(Tag::BATCH_ITEM, |out| {
                Operation::QUERY.encode(Tag::OPERATION, Version::V1_0, out);
                out.structure(Tag::REQUEST_PAYLOAD, |_| {});
            });
        }
    });
    writer.finish().unwrap();
    out
}

#[test]
fn a_request_is_read_in_the_version_it_names() {
    let bytes = request(ProtocolVersion { major: 1, minor: 2 }, 1, 1);
    let message = RequestMessage::decode(&bytes, &Limits::DEFAULT).ok().unwrap();
    assert_eq!(message.version, Version::V1_2);
    assert_eq!(message.items.iter().map(|item| item.operation).collect::<Vec<_>>(), [Operation::QUERY]);
    let mut again = Vec::new();
    message.encode(&mut again, 1 << 16).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn a_version_that_is_not_spoken_is_told_from_a_message_that_cannot_be_read() {
    let asked = ProtocolVersion { major: 3, minor: 0 };
    let error = RequestMessage::decode(&request(asked, 1, 1), &Limits::DEFAULT).err().unwrap();
    assert_eq!(error, MessageError::Version { asked });
    assert_eq!(error.refusal().reason(Version::V1_4), ResultReason::INVALID_MESSAGE);
}

#[test]
fn a_count_that_lies_is_refused() {
    let number = Version::V1_0.number();
    for (count, items) in [(0, 1), (2, 1), (-1, 1), (1, 0)] {
        let error = RequestMessage::decode(&request(number, count, items), &Limits::DEFAULT).err();
        assert_eq!(error, Some(MessageError::Count { version: Version::V1_0, count, items }));
    }
}

#[test]
fn a_response_is_no_request() {
    let mut bytes = request(Version::V1_0.number(), 1, 1);
    bytes[2] = 0x7B;
    assert!(RequestMessage::decode(&bytes, &Limits::DEFAULT).is_err());
}

#[test]
fn an_item_that_has_no_room_leaves_the_response_whole() {
    let mut out = Vec::new();
    let header = ResponseHeader::new(Version::V1_4, DateTime(7));
    let mut response = ResponseWriter::begin(&mut out, 320, Version::V1_4, &header).unwrap();
    let item = ResponseItem { operation: Some(Operation::GET), unique_batch_item_id: Some(b"a") };
    response.refuse(&item, Refusal::NotFound).unwrap();
    assert!(response.outcome(&item, &Outcome::Pending { correlation_value: &[0; 200] }).is_err());
    assert_eq!(response.finish(), out.len());
    let read = ResponseMessage::decode(&out, &Limits::DEFAULT).ok().unwrap();
    assert_eq!(read.header.batch_count, 1);
    let items: Vec<_> = read.items.iter().map(|item| (item.status, item.reason)).collect();
    assert_eq!(items, [(ResultStatus::OPERATION_FAILED, Some(ResultReason::ITEM_NOT_FOUND))]);
}

#[test]
fn fields_newer_than_the_version_are_not_written() {
    let write = |version| {
        let mut out = Vec::new();
        let header = ResponseHeader {
            client_correlation_value: Some("mine"),
            ..ResponseHeader::new(version, DateTime(7))
        };
        ResponseWriter::begin(&mut out, 4096, version, &header).unwrap().finish();
        let read = ResponseMessage::decode(&out, &Limits::DEFAULT).ok().unwrap();
        read.header.client_correlation_value.map(str::to_owned)
    };
    assert_eq!(write(Version::V1_3), None);
    assert_eq!(write(Version::V1_4).as_deref(), Some("mine"));
}

#[test]
fn an_asynchronous_indicator_is_a_boolean_in_1x_and_an_enumeration_in_2x() {
    for (version, mode) in [
        (Version::V1_4, AsynchronousMode::Optional),
        (Version::V2_1, AsynchronousMode::Mandatory),
        (Version::V2_0, AsynchronousMode::Prohibited),
    ] {
        let header = RequestHeader { asynchronous: Some(mode), ..RequestHeader::new(version, 0) };
        let message = RequestMessage { version, header, items: Items::default() };
        let mut out = Vec::new();
        message.encode(&mut out, 4096).unwrap();
        let read = RequestMessage::decode(&out, &Limits::DEFAULT).ok().unwrap();
        assert_eq!(read.header.asynchronous, Some(mode));
    }
}

#[test]
fn a_response_may_be_as_large_as_both_sides_take() {
    let header =
        |asked| RequestHeader { maximum_response_size: asked, ..RequestHeader::new(Version::V1_4, 0) };
    assert_eq!(header(None).response_bytes_max(1024), 1024);
    assert_eq!(header(Some(256)).response_bytes_max(1024), 256);
    assert_eq!(header(Some(4096)).response_bytes_max(1024), 1024);
    assert_eq!(header(Some(-1)).response_bytes_max(1024), 0);
}
