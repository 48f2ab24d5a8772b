//! Key blocks that clients really send.

use super::*;
use crate::enums::{CryptographicAlgorithm, Enumeration, KeyFormatType};
use crate::field::structure;
use crate::ttlv::{Limits, parse};

structure! {
    /// A payload with an object.
    #[expect(unreachable_pub, reason = "the macro makes every structure public")]
    Payload<'a> {
        /// The object.
        object: Option<Object<'a>> = SYMMETRIC_KEY + PUBLIC_KEY + PRIVATE_KEY + SPLIT_KEY + TEMPLATE + SECRET_DATA
            + OPAQUE_OBJECT + PGP_KEY + CERTIFICATE + CERTIFICATE_REQUEST,
    }
}

fn round(object: Object<'_>) -> Vec<u8> {
    let write = |payload: &Payload<'_>| {
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out, 1 << 16);
        payload.encode(Tag::REQUEST_PAYLOAD, Version::V1_4, &mut writer);
        writer.finish().unwrap();
        out
    };
    let bytes = write(&Payload { object: Some(object) });
    let read = Payload::decode(parse(&bytes, &Limits::DEFAULT).ok().unwrap(), Version::V1_4).ok().unwrap();
    assert_eq!(read.object.as_ref().map(Object::ty), Some(object.ty()));
    assert_eq!(write(&read), bytes);
    bytes
}

fn block<'a>(format: KeyFormatType, material: KeyMaterial<'a>) -> KeyBlock<'a> {
    KeyBlock {
        format,
        compression: None,
        value: Some(KeyValue::plain(material)),
        algorithm: Some(CryptographicAlgorithm::AES),
        length: Some(128),
        wrapping: None,
    }
}

#[test]
fn a_raw_and_a_transparent_key_survive() {
    let raw = block(KeyFormatType::RAW, KeyMaterial::Bytes(&[7; 16]));
    round(Object::SymmetricKey(SymmetricKey { key_block: raw }));
    let transparent = KeyMaterial::Symmetric(TransparentSymmetricKey { key: &[7; 16] });
    let key_block = block(KeyFormatType::TRANSPARENT_SYMMETRIC_KEY, transparent);
    round(Object::SymmetricKey(SymmetricKey { key_block }));
}

#[test]
fn secret_data_without_algorithm_and_length_survives() {
    let key_block = KeyBlock {
        algorithm: None,
        length: None,
        ..block(KeyFormatType::OPAQUE, KeyMaterial::Bytes(&[1; 96]))
    };
    round(Object::SecretData(SecretData { ty: SecretDataType::SEED, key_block }));
}

#[test]
fn two_objects_in_one_payload_are_refused() {
    let bytes =
        round(Object::OpaqueObject(OpaqueObject { ty: OpaqueDataType::from_code(0x8000_0001), value: &[1] }));
    let mut twice = Vec::new();
    let mut writer = Writer::new(&mut twice, 1 << 16);
    writer.structure(Tag::REQUEST_PAYLOAD, |out| {
        out.encoded(&bytes[8..]);
        out.encoded(&bytes[8..]);
    });
    writer.finish().unwrap();
    let item = parse(&twice, &Limits::DEFAULT).ok().unwrap();
    assert!(matches!(Payload::decode(item, Version::V1_4), Err(DecodeError::Repeated { .. })));
}
