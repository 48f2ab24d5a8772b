//! The KMIP requests that are measured, and as much of the answers as tells success from failure.

use kmip::attribute::{Attribute, AttributeValue, CryptographicParameters, Name};
use kmip::enums::{
    BatchErrorContinuationOption, BlockCipherMode, CryptographicAlgorithm, Enumeration, NameType, ObjectType,
    Operation,
};
use kmip::field::Field;
use kmip::identifier::{Data, Identifier};
use kmip::message::{RequestHeader, request};
use kmip::operation::{ActivateRequest, CreateRequest, EncryptRequest, GetRequest, LocateRequest};
use kmip::tag::Tag;
use kmip::ttlv::{Item, Limits, parse};
use kmip::version::Version;

const VERSION: Version = Version::V1_4;
const REQUEST_BYTES_MAX: usize = 64 << 10;
/// Encrypt and Decrypt.
const USAGE: i32 = 0x0C;

/// Result Status is Success, in every batch item.
pub(crate) fn succeeded(answer: &[u8]) -> bool {
    const STATUS: [u8; 8] = [0x42, 0x00, 0x7F, 0x05, 0, 0, 0, 4];
    let mut statuses = answer.windows(12).filter(|window| window.starts_with(&STATUS)).peekable();
    statuses.peek().is_some() && statuses.all(|status| status.ends_with(&[0; 4]))
}

/// The first Unique Identifier in an answer.
pub(crate) fn identifier(answer: &[u8]) -> Option<String> {
    find(parse(answer, &Limits::DEFAULT).ok()?, Tag::UNIQUE_IDENTIFIER)
}

/// Why an answer is a refusal, in the server's words.
pub(crate) fn refusal(answer: &[u8]) -> String {
    let message = parse(answer, &Limits::DEFAULT).ok().and_then(|item| find(item, Tag::RESULT_MESSAGE));
    message.unwrap_or_else(|| "no result message".to_owned())
}

fn find(item: Item<'_>, tag: Tag) -> Option<String> {
    if item.tag() == tag {
        return item.text().ok().map(str::to_owned);
    }
    item.children().ok()?.find_map(|child| find(child, tag))
}

fn of<'p>(operation: Operation, payload: &impl Field<'p>) -> Vec<u8> {
    let mut out = Vec::new();
    let header = RequestHeader::new(VERSION, 1);
    let written =
        request(&mut out, REQUEST_BYTES_MAX, &header, VERSION, |items| items.add(operation, None, payload));
    assert!(written.is_ok(), "requests of a benchmark are short");
    out
}

fn named(name: &str) -> Attribute<'static> {
    let name = Name { value: name, ty: NameType::UNINTERPRETED_TEXT_STRING };
    Attribute::standard(Tag::NAME, AttributeValue::structure(&name))
}

fn new_key(name: &str) -> [Attribute<'static>; 4] {
    let algorithm = AttributeValue::Enumeration(CryptographicAlgorithm::AES.code());
    [
        Attribute::standard(Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm),
        Attribute::standard(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(256)),
        Attribute::standard(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(USAGE)),
        named(name),
    ]
}

/// Create: an AES-256 key with a name.
pub(crate) fn create(name: &str) -> Vec<u8> {
    create_all(std::iter::once(name.to_owned()))
}

/// A batch of such Creates, stored as one (Batch Error Continuation Option: Undo).
pub(crate) fn create_all(names: impl Iterator<Item = String>) -> Vec<u8> {
    let keys: Vec<_> = names.map(|name| new_key(&name)).collect();
    let mut header = RequestHeader::new(VERSION, i32::try_from(keys.len()).unwrap_or(i32::MAX));
    if keys.len() > 1 {
        header.batch_error_continuation = Some(BatchErrorContinuationOption::UNDO);
    }
    let mut out = Vec::new();
    let written = request(&mut out, REQUEST_BYTES_MAX, &header, VERSION, |items| {
        for (number, attributes) in (0_u32..).zip(&keys) {
            let payload = CreateRequest {
                object_type: ObjectType::SYMMETRIC_KEY,
                attributes: attributes.into(),
                protection_storage_masks: None,
            };
            let id = number.to_be_bytes();
            items.add(Operation::CREATE, (keys.len() > 1).then_some(&id), &payload);
        }
    });
    assert!(written.is_ok(), "requests of a benchmark are short");
    out
}

/// Activate.
pub(crate) fn activate(key: &str) -> Vec<u8> {
    of(Operation::ACTIVATE, &ActivateRequest { unique_identifier: Some(Identifier::Text(key)) })
}

/// Encrypt of 32 bytes, AES-GCM, the nonce made by the server.
pub(crate) fn encrypt(key: &str) -> Vec<u8> {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        tag_length: Some(16),
        ..CryptographicParameters::default()
    };
    let payload = EncryptRequest {
        unique_identifier: Some(Identifier::Text(key)),
        cryptographic_parameters: Some(parameters),
        data: Some(Data::Bytes(&[7; 32])),
        // The server makes the nonce: one nonce must not serve two messages.
        iv_counter_nonce: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    };
    of(Operation::ENCRYPT, &payload)
}

/// Get.
pub(crate) fn get(key: &str) -> Vec<u8> {
    let payload = GetRequest {
        unique_identifier: Some(Identifier::Text(key)),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    of(Operation::GET, &payload)
}

/// Locate by name.
pub(crate) fn locate(name: &str) -> Vec<u8> {
    let attributes = [named(name)];
    let payload = LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_group_member: None,
        attributes: (&attributes).into(),
    };
    of(Operation::LOCATE, &payload)
}
