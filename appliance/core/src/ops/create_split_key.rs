//! Create Split Key: splits a key, or one that is made for it, into parts.
//!
//! A key that may not leave in clear is not split: who may get its parts could join them elsewhere.
//! Rules: KMIP 1.4, sections 2.2.5, 4.38 and 11.39; KMIP 2.1, section 6.1.10.

use super::birth::{Newborn, Origin, algorithm_value, prepare, store};
use super::call::{Answer, Call};
use super::create::key_bytes;
use super::template;
use crate::audited::Unaudited;
use crate::crypto::CipherError;
use crate::crypto::der::{Room, room};
use crate::crypto::sharing::binary::{self, Field};
use crate::crypto::sharing::prime::PrimeField;
use crate::crypto::sharing::{PARTS_MAX, split_xor};
use crate::managed::{AttributeSet, KeyBlock, Kind};
use crate::permit::{Permit, Reading};
use crate::request::{of_cipher, of_scope};
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue};
use kmip::enums::{CryptographicAlgorithm, Enumeration, KeyFormatType, ObjectType, SplitKeyMethod};
use kmip::operation::CreateSplitKeyRequest;
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: CreateSplitKeyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let sound = |count: i32| u8::try_from(count).ok().filter(|count| (2..=PARTS_MAX).contains(count));
    let parts = sound(request.parts).ok_or(Refusal::InvalidField)?;
    let threshold =
        sound(request.threshold).filter(|threshold| *threshold <= parts).ok_or(Refusal::InvalidField)?;
    let way = way(&request)?;
    if request.object_type != ObjectType::SPLIT_KEY || matches!(way, Way::Xor) && threshold != parts {
        return Err(Refusal::InvalidField);
    }
    let given = template::read(call, ObjectType::SPLIT_KEY, request.attributes).await?;
    // Every part would have the name.
    if given.of(&AttributeName::Standard(Tag::NAME)).next().is_some() {
        return Err(Refusal::NameNotUnique);
    }
    let (secret, algorithm, bits, hidden) = match request.unique_identifier {
        None => fresh(call, &given)?,
        Some(identifier) => {
            let key = call.object(Some(identifier)).await?;
            let permit = Permit::<Reading>::obtain(call.scope, &key)?;
            let managed = permit.managed();
            let block = managed.kind.block().ok_or(Refusal::WrongObjectType)?;
            if block.structured || matches!(managed.kind, Kind::SplitKey { .. }) {
                return Err(Refusal::WrongObjectType);
            }
            let (algorithm, bits) = (managed.algorithm(), managed.length_bits());
            let copy = permit.with_material(|_, bytes, _| {
                let mut copy = room(bytes.len());
                copy.extend_from_slice(bytes);
                copy
            });
            (copy, algorithm, bits, false)
        }
    };
    let made = match &way {
        Way::Xor => split_xor(&secret, parts, |out: &mut [u8]| call.scope.random(out)).map_err(of_scope)?,
        Way::Binary(field) => {
            let random = |out: &mut [u8]| call.scope.random(out);
            binary::split(*field, &secret, parts, threshold, random).map_err(of_scope)?
        }
        Way::Prime(prime) => {
            let random =
                |out: &mut [u8]| call.scope.random(out).map_err(|_: ScopeError| CipherError::NoMemory);
            prime.split(&secret, parts, threshold, random).map_err(|error| match error {
                // The prime must be above every secret of this length.
                CipherError::DataLength => Refusal::InvalidField,
                other => of_cipher(other),
            })?
        }
    };
    let prime = request.prime_field_size.map(|prime| prime.0.to_vec());
    let block = KeyBlock {
        format: KeyFormatType::RAW,
        compression: None,
        algorithm,
        length: bits,
        structured: false,
    };
    let mut objects = Vec::with_capacity(usize::from(parts));
    for (number, mut part) in (1i32..).zip(made) {
        let mut given = given.clone();
        given.unset(Tag::KEY_FORMAT_TYPE);
        // What the key is goes before what the request says (section 4.38).
        if let Some(algorithm) = algorithm {
            given.set(Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(algorithm));
        }
        if let Some(bits) = bits {
            given.set(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits));
        }
        let material = SecretBytes::take_from(&mut part).map_err(|_| of_scope(ScopeError::NoMemory))?;
        let newborn = Newborn {
            object_type: ObjectType::SPLIT_KEY,
            kind: Kind::SplitKey {
                block,
                parts: request.parts,
                part: number,
                threshold: request.threshold,
                method: request.method,
                prime: prime.clone(),
            },
            given,
            material: Some(material),
            origin: Origin::Derived { hidden },
        };
        objects.push(prepare(call, newborn, None).await?);
    }
    let ids: Vec<ObjectId> = objects.iter().map(|object| object.id).collect();
    let first = *ids.first().ok_or(Refusal::GeneralFailure)?;
    if let Some(object) = objects.first() {
        call.about(object);
    }
    store(call, objects).await?;
    let answer = Answer::new(move |_, out| {
        out.structure(Tag::RESPONSE_PAYLOAD, |out| {
            ids.iter().for_each(|id| out.text(Tag::UNIQUE_IDENTIFIER, &id.to_string()));
        });
    });
    Ok(call.changed(answer.leaving(first)))
}

/// How it is split.
enum Way {
    Xor,
    Binary(Field),
    Prime(PrimeField),
}

fn way(request: &CreateSplitKeyRequest<'_>) -> Result<Way, Refusal> {
    match (request.method, request.prime_field_size) {
        (SplitKeyMethod::XOR, None) => Ok(Way::Xor),
        (SplitKeyMethod::POLYNOMIAL_SHARING_GF_2_8, None) => Ok(Way::Binary(Field::Gf2_8)),
        (SplitKeyMethod::POLYNOMIAL_SHARING_GF_2_16, None) => Ok(Way::Binary(Field::Gf2_16)),
        (SplitKeyMethod::POLYNOMIAL_SHARING_PRIME_FIELD, Some(prime)) => {
            let prime = prime.unsigned().ok_or(Refusal::InvalidField)?;
            PrimeField::new(prime).map(Way::Prime).map_err(|_| Refusal::InvalidField)
        }
        _ => Err(Refusal::InvalidField),
    }
}

type Secret = (Room, Option<CryptographicAlgorithm>, Option<i32>, bool);

/// A key that exists in parts only.
fn fresh<S: Scope>(call: &Call<'_, S>, given: &AttributeSet) -> Result<Secret, Refusal> {
    let algorithm = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code)
        .ok_or(Refusal::InvalidField)?;
    let bits = given
        .get(Tag::CRYPTOGRAPHIC_LENGTH)
        .and_then(AttributeValue::as_integer)
        .ok_or(Refusal::InvalidField)?;
    let bytes = key_bytes(algorithm, bits).ok_or(Refusal::InvalidAttributeValue)?;
    let mut secret = room(bytes);
    secret.resize(bytes, 0);
    call.scope.random(&mut secret).map_err(of_scope)?;
    Ok((secret, Some(algorithm), Some(bits), true))
}
