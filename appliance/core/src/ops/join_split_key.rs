//! Join Split Key: makes a key, or secret data, of its parts.
//!
//! Rules: KMIP 1.4, sections 4.39 and 11.40; KMIP 2.1, section 6.1.27.

use super::birth::{Newborn, Origin, agree, bear};
use super::call::{Answer, Call};
use super::create::key_bytes;
use super::template;
use crate::audited::Unaudited;
use crate::crypto::CipherError;
use crate::crypto::der::{Room, room};
use crate::crypto::sharing::binary;
use crate::crypto::sharing::prime::PrimeField;
use crate::crypto::sharing::{PARTS_MAX, Part, join_xor};
use crate::managed::{AttributeSet, KeyBlock, Kind};
use crate::permit::{Permit, Reading};
use crate::request::{of_cipher, of_scope};
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use kmip::attribute::AttributeValue;
use kmip::enums::{
    CryptographicAlgorithm, Enumeration, KeyFormatType, ObjectType, SecretDataType, SplitKeyMethod,
};
use kmip::field::Field;
use kmip::operation::{JoinSplitKeyRequest, JoinSplitKeyResponse};
use kmip::primitive::BigInteger;
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: JoinSplitKeyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    if !matches!(request.object_type, ObjectType::SYMMETRIC_KEY | ObjectType::SECRET_DATA) {
        return Err(Refusal::InvalidField);
    }
    let mut split: Option<Split> = None;
    let mut parts: Vec<(u8, Room)> = Vec::new();
    for identifier in request.unique_identifiers.iter() {
        if parts.len() == usize::from(PARTS_MAX) {
            return Err(Refusal::InvalidField);
        }
        let object = call.object(Some(identifier)).await?;
        let permit = Permit::<Reading>::obtain(call.scope, &object)?;
        let Kind::SplitKey { parts: of, part, threshold, method, prime, .. } = &permit.managed().kind else {
            return Err(Refusal::WrongObjectType);
        };
        let number = u8::try_from(*part).map_err(|_| Refusal::CryptographicFailure)?;
        let this = Split {
            parts: *of,
            threshold: *threshold,
            method: *method,
            prime: prime.clone(),
            bits: permit.managed().length_bits(),
        };
        let again = parts.iter().any(|(other, _)| *other == number);
        if *split.get_or_insert_with(|| this.clone()) != this || again {
            return Err(Refusal::CryptographicFailure);
        }
        let copy = permit.with_material(|_, bytes, _| {
            let mut copy = room(bytes.len());
            copy.extend_from_slice(bytes);
            copy
        });
        parts.push((number, copy));
    }
    let split = split.ok_or(Refusal::InvalidMessage)?;
    let needed = if split.method == SplitKeyMethod::XOR { split.parts } else { split.threshold };
    if i32::try_from(parts.len()).map_or(true, |there| there < needed) {
        return Err(Refusal::CryptographicFailure);
    }
    let lent: Vec<Part<'_>> = parts.iter().map(|(number, bytes)| Part { number: *number, bytes }).collect();
    let mut secret = join(&split, &lent)?;
    let attributes = request.attributes.unwrap_or_default();
    let mut given = template::read(call, request.object_type, attributes).await?;
    given.unset(Tag::KEY_FORMAT_TYPE);
    let kind = shape(&request, &mut given, secret.len())?;
    let material = SecretBytes::take_from(&mut secret).map_err(|_| of_scope(ScopeError::NoMemory))?;
    let newborn = Newborn {
        object_type: request.object_type,
        kind,
        given,
        material: Some(material),
        // Whoever may join the parts may get them.
        origin: Origin::Derived { hidden: false },
    };
    let id = bear(call, newborn).await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = JoinSplitKeyResponse { unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// What parts that belong together have in common.
#[derive(Clone, PartialEq, Eq)]
struct Split {
    parts: i32,
    threshold: i32,
    method: SplitKeyMethod,
    prime: Option<Vec<u8>>,
    bits: Option<i32>,
}

fn join(split: &Split, parts: &[Part<'_>]) -> Result<Room, Refusal> {
    // How long the secret was, where the parts say it: their own length may be another.
    let bytes = split.bits.and_then(|bits| usize::try_from(bits).ok()).map(|bits| bits.div_ceil(8));
    let joined = match split.method {
        SplitKeyMethod::XOR => join_xor(parts),
        SplitKeyMethod::POLYNOMIAL_SHARING_GF_2_8 => binary::join(binary::Field::Gf2_8, parts),
        SplitKeyMethod::POLYNOMIAL_SHARING_GF_2_16 => {
            binary::join(binary::Field::Gf2_16, parts).map(|mut secret| {
                secret.truncate(bytes.unwrap_or(usize::MAX));
                secret
            })
        }
        SplitKeyMethod::POLYNOMIAL_SHARING_PRIME_FIELD => {
            let prime = split.prime.as_deref().and_then(|prime| BigInteger(prime).unsigned());
            let field = PrimeField::new(prime.ok_or(Refusal::CryptographicFailure)?);
            let bytes = bytes.ok_or(Refusal::CryptographicFailure)?;
            field.and_then(|field| field.join(parts, bytes))
        }
        _ => return Err(Refusal::InvalidField),
    };
    joined.map_err(|_: CipherError| of_cipher(CipherError::NotAuthentic))
}

/// What is made of so many bytes.
fn shape(request: &JoinSplitKeyRequest<'_>, given: &mut AttributeSet, bytes: usize) -> Result<Kind, Refusal> {
    let algorithm = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code);
    let told = given.get(Tag::CRYPTOGRAPHIC_LENGTH).and_then(AttributeValue::as_integer);
    let bits = i32::try_from(bytes.saturating_mul(8)).map_err(|_| Refusal::InvalidField)?;
    let bits = told.unwrap_or(bits);
    agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))?;
    let block = KeyBlock {
        format: KeyFormatType::RAW,
        compression: None,
        algorithm,
        length: Some(bits),
        structured: false,
    };
    if request.object_type == ObjectType::SECRET_DATA {
        let ty = request.secret_data_type.unwrap_or(SecretDataType::SEED);
        return Ok(Kind::SecretData { ty, block });
    }
    let algorithm = algorithm.ok_or(Refusal::InvalidField)?;
    if key_bytes(algorithm, bits) != Some(bytes) {
        return Err(Refusal::InvalidAttributeValue);
    }
    Ok(Kind::Key(block))
}
