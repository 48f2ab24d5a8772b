//! Create: makes a symmetric key.
//!
//! Rules: KMIP 1.4, sections 4.1 and 11.2; KMIP 2.1, section 6.1.8.

use super::birth::{Newborn, Origin, agree, bear};
use super::call::{Answer, Call};
use super::copy;
use super::template;
use crate::audited::Unaudited;
use crate::managed::{KeyBlock, Kind};
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use holdfast_model::ObjectId;
use kmip::attribute::AttributeValue;
use kmip::enums::{CryptographicAlgorithm, Enumeration, KeyFormatType, ObjectType};
use kmip::field::Field;
use kmip::operation::{CreateRequest, CreateResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: CreateRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let copies = copy::is_asked(request.attributes);
    if !copies && request.object_type != ObjectType::SYMMETRIC_KEY {
        return Err(Refusal::InvalidField);
    }
    let mut given = template::read(call, request.object_type, request.attributes).await?;
    if let Some(uid) = copy::taken(&mut given) {
        let id = copy::copy(call, request.object_type, given, &uid).await?;
        return Ok(call.changed(answer(request.object_type, id)));
    }
    let algorithm = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code)
        .ok_or(Refusal::InvalidField)?;
    if given.get(Tag::CRYPTOGRAPHIC_USAGE_MASK).is_none() {
        return Err(Refusal::InvalidField);
    }
    if given.get(Tag::CRYPTOGRAPHIC_LENGTH).is_none() && algorithm == CryptographicAlgorithm::AES {
        agree(&mut given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(256))?;
    }
    let bits = given
        .get(Tag::CRYPTOGRAPHIC_LENGTH)
        .and_then(AttributeValue::as_integer)
        .ok_or(Refusal::InvalidField)?;
    let bytes = key_bytes(algorithm, bits).ok_or(Refusal::InvalidAttributeValue)?;
    let format = match given.get(Tag::KEY_FORMAT_TYPE).and_then(AttributeValue::as_enumeration) {
        None => KeyFormatType::RAW,
        Some(code) => KeyFormatType::from_code(code),
    };
    if !matches!(format, KeyFormatType::RAW | KeyFormatType::TRANSPARENT_SYMMETRIC_KEY) {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    given.unset(Tag::KEY_FORMAT_TYPE);
    let material = SecretBytes::init_with(bytes, |key| call.scope.random(key).map_err(Random))
        .map_err(|Random(error)| of_scope(error))?;
    let block = KeyBlock {
        format,
        compression: None,
        algorithm: Some(algorithm),
        length: Some(bits),
        structured: false,
    };
    let newborn = Newborn {
        object_type: ObjectType::SYMMETRIC_KEY,
        kind: Kind::Key(block),
        given,
        material: Some(material),
        origin: Origin::Made,
    };
    let id = bear(call, newborn).await?;
    Ok(call.changed(answer(ObjectType::SYMMETRIC_KEY, id)))
}

fn answer(object_type: ObjectType, id: ObjectId) -> Answer {
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response =
            CreateResponse { object_type, unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    answer.leaving(id)
}

/// Why a key could not be filled.
struct Random(ScopeError);

impl From<hardening::MemoryError> for Random {
    fn from(_: hardening::MemoryError) -> Self {
        Self(ScopeError::NoMemory)
    }
}

/// How many bytes a key of this algorithm and length has; `None` if there is no such key. Old algorithms can be kept
/// here; whether they can be used is another question.
pub(super) fn key_bytes(algorithm: CryptographicAlgorithm, bits: i32) -> Option<usize> {
    use CryptographicAlgorithm as A;
    let whole = |bits: i32| (bits % 8 == 0).then(|| usize::try_from(bits / 8).ok()).flatten();
    let within = |low: i32, high: i32| if (low..=high).contains(&bits) { whole(bits) } else { None };
    match algorithm {
        // Two keys, for XTS.
        A::AES if bits == 512 => whole(bits),
        A::AES | A::CAMELLIA | A::ARIA | A::TWOFISH if matches!(bits, 128 | 192 | 256) => whole(bits),
        A::SEED | A::IDEA | A::SM4 if bits == 128 => whole(bits),
        // The length may count the parity bits or leave them out.
        A::DES if matches!(bits, 56 | 64) => Some(8),
        A::DES3 if matches!(bits, 56 | 64) => Some(8),
        A::DES3 if matches!(bits, 112 | 128) => Some(16),
        A::DES3 if matches!(bits, 168 | 192) => Some(24),
        A::SKIPJACK if bits == 80 => whole(bits),
        A::CHA_CHA20 if matches!(bits, 128 | 256) => whole(bits),
        A::CHA_CHA20_POLY1305 | A::POLY1305 if bits == 256 => whole(bits),
        A::BLOWFISH => within(32, 448),
        A::CAST5 => within(40, 128),
        A::MARS => within(128, 448),
        A::RC2 => within(8, 1024),
        A::RC4 | A::RC5 => within(40, 2040),
        A::ONE_TIME_PAD => within(8, 1 << 20),
        A::HMAC_SHA1
        | A::HMAC_SHA224
        | A::HMAC_SHA256
        | A::HMAC_SHA384
        | A::HMAC_SHA512
        | A::HMAC_MD5
        | A::HMAC_SHA3_224
        | A::HMAC_SHA3_256
        | A::HMAC_SHA3_384
        | A::HMAC_SHA3_512 => within(8, 1 << 16),
        _ => None,
    }
}
