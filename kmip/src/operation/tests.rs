//! Payloads, in the form of each version.

use super::*;
use crate::attribute::{Attribute, AttributeValue, OneAttribute};
use crate::enums::{CryptographicAlgorithm, Enumeration, ObjectType};
use crate::identifier::Identifier;
use crate::ttlv::{Limits, parse};

fn written(payload: &Request<'_>, version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 16);
    payload.encode(Tag::REQUEST_PAYLOAD, version, &mut writer);
    writer.finish().unwrap();
    out
}

fn children(bytes: &[u8]) -> Vec<Tag> {
    parse(bytes, &Limits::DEFAULT).ok().unwrap().children().unwrap().map(|child| child.tag()).collect()
}

fn aes() -> [Attribute<'static>; 1] {
    let value = AttributeValue::Enumeration(CryptographicAlgorithm::AES.code());
    [Attribute::standard(Tag::CRYPTOGRAPHIC_ALGORITHM, value)]
}

#[test]
fn create_has_a_template_in_1x_and_attributes_in_2x() {
    let attributes = aes();
    let request = Request::from(CreateRequest {
        object_type: ObjectType::SYMMETRIC_KEY,
        attributes: (&attributes).into(),
        protection_storage_masks: None,
    });
    let old = written(&request, Version::V1_4);
    let new = written(&request, Version::V2_1);
    assert_eq!(children(&old), [Tag::OBJECT_TYPE, Tag::TEMPLATE_ATTRIBUTE]);
    assert_eq!(children(&new), [Tag::OBJECT_TYPE, Tag::ATTRIBUTES]);
    for (bytes, version) in [(&old, Version::V1_4), (&new, Version::V2_1)] {
        let item = parse(bytes, &Limits::DEFAULT).ok().unwrap();
        let read = Request::decode(Operation::CREATE, item, version).unwrap().ok().unwrap();
        let Request::Create(create) = &read else { panic!("another operation") };
        assert_eq!(create.attributes.iter().collect::<Vec<_>>(), attributes);
        assert_eq!(&written(&read, version), bytes);
    }
}

#[test]
fn an_unknown_field_in_a_payload_is_refused() {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 16);
    writer.structure(Tag::REQUEST_PAYLOAD, |out| {
        out.text(Tag::UNIQUE_IDENTIFIER, "1");
        out.integer(Tag::BATCH_COUNT, 1);
    });
    writer.finish().unwrap();
    let item = parse(&out, &Limits::DEFAULT).ok().unwrap();
    let error = Request::decode(Operation::GET, item, Version::V1_4).unwrap().err();
    assert!(matches!(error, Some(DecodeError::Unexpected { tag: Tag::BATCH_COUNT, .. })));
}

#[test]
fn a_missing_and_a_repeated_field_are_told_apart() {
    let write = |identifiers: usize| {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, 1 << 16);
        writer.structure(Tag::REQUEST_PAYLOAD, |out| {
            (0..identifiers).for_each(|_| out.bytes(Tag::ASYNCHRONOUS_CORRELATION_VALUE, b"1"));
        });
        writer.finish().unwrap();
        out
    };
    let read = |bytes: &[u8]| {
        let item = parse(bytes, &Limits::DEFAULT).ok().unwrap();
        Request::decode(Operation::POLL, item, Version::V1_4).unwrap().err()
    };
    assert!(matches!(read(&write(0)), Some(DecodeError::Missing { .. })));
    assert!(read(&write(1)).is_none());
    assert!(matches!(read(&write(2)), Some(DecodeError::Repeated { .. })));
}

#[test]
fn an_operation_that_nobody_knows_has_no_payload() {
    let bytes = written(&Request::from(PingRequest {}), Version::V2_1);
    let item = parse(&bytes, &Limits::DEFAULT).ok().unwrap();
    assert!(Request::decode(Operation::from_code(0x8000_0001), item, Version::V2_1).is_none());
}

#[test]
fn a_response_repeats_the_attribute_in_1x_only() {
    let [attribute] = aes();
    let response = Response::from(AddAttributeResponse {
        unique_identifier: Identifier::Text("1"),
        attribute: Some(OneAttribute(attribute)),
    });
    let write = |version| {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, 1 << 16);
        response.encode(Tag::RESPONSE_PAYLOAD, version, &mut writer);
        writer.finish().unwrap();
        children(&out)
    };
    assert_eq!(write(Version::V1_0), [Tag::UNIQUE_IDENTIFIER, Tag::ATTRIBUTE]);
    assert_eq!(write(Version::V2_0), [Tag::UNIQUE_IDENTIFIER]);
}

#[test]
fn query_lists_only_what_the_version_has() {
    let all = [Operation::CREATE, Operation::ENCRYPT, Operation::PING];
    assert_eq!(listed_in(Version::V1_0, &all).collect::<Vec<_>>(), [Operation::CREATE]);
    assert_eq!(listed_in(Version::V1_2, &all).count(), 2);
    assert_eq!(listed_in(Version::V2_1, &all).count(), 3);
}

#[test]
fn an_identifier_may_point_back_in_2x_and_not_in_1x() {
    let request = Request::from(GetRequest {
        unique_identifier: Some(Identifier::Nth(-1)),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    });
    let bytes = written(&request, Version::V2_1);
    let item = parse(&bytes, &Limits::DEFAULT).ok().unwrap();
    assert!(Request::decode(Operation::GET, item, Version::V2_1).unwrap().is_ok());
    assert!(Request::decode(Operation::GET, item, Version::V1_4).unwrap().is_err());
}
