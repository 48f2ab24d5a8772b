//! Derive Key: makes a key, or secret data, of others.
//!
//! Rules: KMIP 1.4, sections 4.6 and 11.7; KMIP 2.1, sections 6.1.14 and 7.12. Where nobody says a hash, that of PBKDF2 is
//! SHA-1 (RFC 8018, appendix A.2), as the profiles' cases expect, and that of HKDF SHA-256; of the others it must be said.

use super::birth::{Newborn, Origin, agree, prepare, store};
use super::call::{Answer, Call};
use super::cipher::method as cipher;
use super::create::key_bytes;
use super::create_key_pair::link;
use super::mac::named_hash;
use super::pair::{with_private, with_public};
use super::practice::{Way, allowed, of_plan};
use super::protect::protect;
use super::scheme::hash_of;
use super::template;
use crate::audited::Unaudited;
use crate::crypto::CipherError;
use crate::crypto::asymmetric::{Curve, Family, agree as agree_on};
use crate::crypto::der::{Room, room};
use crate::crypto::derivation::{self, Mode};
use crate::managed::{AttributeSet, KeyBlock, Kind};
use crate::object::Object;
use crate::permit::{Deriving, Permit};
use crate::request::{of_cipher, of_scope};
use crate::scope::{Scope, ScopeError};
use core::num::NonZeroU32;
use hardening::SecretBytes;
use hardening::hash::{Hash, digest};
use hardening::mac::{hmac, pbkdf2};
use holdfast_model::policy::Practice;
use kmip::attribute::AttributeValue;
use kmip::enums::{
    CryptographicAlgorithm, DerivationMethod, Enumeration, KeyFormatType, LinkType, ObjectType,
    SecretDataType,
};
use kmip::field::Field;
use kmip::operation::{DerivationParameters, DeriveKeyRequest, DeriveKeyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// Most objects that one secret is derived from: the key, and data or the other side's key.
const BASES_MAX: usize = 2;
/// Most iterations of PBKDF2: about a second of the slow lane.
const ITERATIONS_MAX: i32 = 1_000_000;
/// Iterations, each for one block, that take less than handing them over would be worth: about half a millisecond.
const ITERATIONS_AT_ONCE: u32 = 1_000;
/// Most bytes that are derived at once.
const DERIVED_BYTES_MAX: usize = 4096;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: DeriveKeyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let mut bases = Vec::with_capacity(BASES_MAX);
    for identifier in request.unique_identifiers.iter() {
        if bases.len() == BASES_MAX {
            return Err(Refusal::InvalidField);
        }
        let base = call.object(Some(identifier)).await?;
        if bases.iter().any(|other: &Rc<Object>| other.id == base.id) {
            return Err(Refusal::InvalidField);
        }
        Permit::<Deriving>::obtain(call.scope, &base)?;
        bases.push(base);
    }
    let key = bases.first().ok_or(Refusal::InvalidMessage)?;
    if !matches!(request.object_type, ObjectType::SYMMETRIC_KEY | ObjectType::SECRET_DATA) {
        return Err(Refusal::InvalidField);
    }
    let mut given = template::read(call, request.object_type, request.attributes).await?;
    given.unset(Tag::KEY_FORMAT_TYPE);
    let (kind, length) = shape(request.object_type, &mut given)?;
    let mut derived = if request.method == DerivationMethod::PBKDF2 {
        stretched(call, key, bases.get(1), &request.parameters, length).await?
    } else {
        derive(call, key, bases.get(1), request.method, &request.parameters, length)?
    };
    if derived.len() < length {
        return Err(Refusal::CryptographicFailure);
    }
    derived.truncate(length);
    let material = SecretBytes::take_from(&mut derived).map_err(|_| of_scope(ScopeError::NoMemory))?;
    // Who knows what it was made of knows what was made.
    let told = request.method == DerivationMethod::HASH
        && request.parameters.derivation_data.iter().next().is_some();
    let hidden = !told
        && bases.iter().all(|base| {
            base.managed.attributes.get(Tag::ALWAYS_SENSITIVE) == Some(&AttributeValue::Boolean(true))
        });
    let newborn = Newborn {
        object_type: request.object_type,
        kind,
        given,
        material: Some(material),
        origin: Origin::Derived { hidden },
    };
    let mut new = prepare(call, newborn, None).await?;
    let id = new.id;
    let mut stored = Vec::with_capacity(1 + BASES_MAX);
    for base in &bases {
        link(&mut new, LinkType::DERIVATION_BASE_OBJECT_LINK, base);
        let base = call.load(base.id).await?;
        let mut next =
            base.successor(base.managed.clone(), true).map_err(|_| of_scope(ScopeError::NoMemory))?;
        link(&mut next, LinkType::DERIVED_KEY_LINK, &new);
        next.managed.touch(call.scope.now());
        stored.push(next);
    }
    call.about(&new);
    stored.push(new);
    store(call, stored).await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = DeriveKeyResponse { unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// What is made, and how many bytes it has.
fn shape(object_type: ObjectType, given: &mut AttributeSet) -> Result<(Kind, usize), Refusal> {
    let bits = given
        .get(Tag::CRYPTOGRAPHIC_LENGTH)
        .and_then(AttributeValue::as_integer)
        .ok_or(Refusal::InvalidField)?;
    let algorithm = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code);
    let block = KeyBlock {
        format: KeyFormatType::RAW,
        compression: None,
        algorithm,
        length: Some(bits),
        structured: false,
    };
    let whole = || usize::try_from(bits).ok().filter(|bits| bits % 8 == 0).map(|bits| bits / 8);
    let (kind, bytes) = if object_type == ObjectType::SYMMETRIC_KEY {
        let algorithm = algorithm.ok_or(Refusal::InvalidField)?;
        (Kind::Key(block), key_bytes(algorithm, bits))
    } else {
        (Kind::SecretData { ty: SecretDataType::SEED, block }, whole())
    };
    let bytes = bytes.filter(|bytes| (1..=DERIVED_BYTES_MAX).contains(bytes));
    agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))?;
    Ok((kind, bytes.ok_or(Refusal::InvalidAttributeValue)?))
}

fn derive<S: Scope>(
    call: &Call<'_, S>,
    key: &Rc<Object>,
    other: Option<&Rc<Object>>,
    method: DerivationMethod,
    parameters: &DerivationParameters<'_>,
    length: usize,
) -> Result<Room, Refusal> {
    let permit = Permit::<Deriving>::obtain(call.scope, key)?;
    if method == DerivationMethod::ASYMMETRIC_KEY {
        let public = Permit::<Deriving>::obtain(call.scope, other.ok_or(Refusal::InvalidField)?)?;
        let x25519 = call.scope.policy().allows(Practice::X25519Agree);
        return permit.with_material(|own, own_bytes, _| {
            public.with_material(|theirs, their_bytes, _| {
                with_private(own, own_bytes, |own| {
                    with_public(theirs, their_bytes, |theirs| match (own, theirs) {
                        (Ok(own), _) if own.family() == Family::Curve(Curve::X25519) && !x25519 => {
                            Err(Refusal::PermissionDenied)
                        }
                        (Ok(own), Ok(theirs)) => agree_on(&own, &theirs).map_err(of_cipher),
                        _ => Err(Refusal::UnsupportedCryptographicParameters),
                    })
                })
            })
        });
    }
    if matches!(key.managed.object_type, ObjectType::PRIVATE_KEY | ObjectType::PUBLIC_KEY) {
        return Err(Refusal::WrongObjectType);
    }
    // The data is given outright, or by a second object, not both.
    let mut given = parameters.derivation_data.iter();
    let first = given.next();
    if let (DerivationMethod::AWS_SIGNATURE_VERSION_4, Some(date), None) = (method, first, other) {
        let (Some(region), Some(service), None) = (given.next(), given.next(), given.next()) else {
            return Err(Refusal::InvalidField);
        };
        let mut out = room(length);
        out.resize(length, 0);
        return permit.with_material(|_, secret, _| {
            derivation::aws_signature_v4(secret, [date, region, service], &mut out).map_err(of_cipher)?;
            Ok(out)
        });
    }
    if given.next().is_some() {
        return Err(Refusal::InvalidField);
    }
    match (first, other) {
        (Some(_), Some(_)) => Err(Refusal::InvalidField),
        (data, None) => {
            permit.with_material(|_, secret, _| bytes_of(call, key, secret, data, method, parameters, length))
        }
        (None, Some(other)) => {
            let data = Permit::<Deriving>::obtain(call.scope, other)?;
            permit.with_material(|_, secret, _| {
                data.with_material(|_, data, _| {
                    bytes_of(call, key, secret, Some(data), method, parameters, length)
                })
            })
        }
    }
}

/// PBKDF2, on the slow lane where it takes long.
async fn stretched<S: Scope>(
    call: &Call<'_, S>,
    key: &Rc<Object>,
    other: Option<&Rc<Object>>,
    parameters: &DerivationParameters<'_>,
    length: usize,
) -> Result<Room, Refusal> {
    if matches!(key.managed.object_type, ObjectType::PRIVATE_KEY | ObjectType::PUBLIC_KEY) {
        return Err(Refusal::WrongObjectType);
    }
    // Its data is the salt, which has a field of its own.
    if other.is_some() {
        return Err(Refusal::InvalidField);
    }
    let named = parameters.cryptographic_parameters.and_then(|given| given.hashing_algorithm);
    let hash = named.map_or(Ok(Hash::Sha1), hash_of)?;
    let salt = parameters.salt.ok_or(Refusal::InvalidField)?.to_vec();
    let iterations = parameters
        .iteration_count
        .filter(|count| *count <= ITERATIONS_MAX)
        .and_then(|count| u32::try_from(count).ok())
        .and_then(NonZeroU32::new)
        .ok_or(Refusal::InvalidField)?;
    let permit = Permit::<Deriving>::obtain(call.scope, key)?;
    let secret = permit.with_material(|_, secret, _| {
        let mut copy = room(secret.len());
        copy.extend_from_slice(secret);
        copy
    });
    let stretch = move || -> Result<Room, CipherError> {
        let mut out = room(length);
        out.resize(length, 0);
        pbkdf2(hash, &secret, &salt, iterations, &mut out)?;
        Ok(out)
    };
    let blocks = u32::try_from(length.div_ceil(hash.bytes())).unwrap_or(u32::MAX);
    let stretched = if iterations.get().saturating_mul(blocks) > ITERATIONS_AT_ONCE {
        call.scope.slowly(stretch).await.map_err(of_scope)?
    } else {
        stretch()
    };
    stretched.map_err(of_cipher)
}

fn bytes_of<S: Scope>(
    call: &Call<'_, S>,
    key: &Object,
    secret: &[u8],
    data: Option<&[u8]>,
    method: DerivationMethod,
    parameters: &DerivationParameters<'_>,
    length: usize,
) -> Result<Room, Refusal> {
    let named = parameters.cryptographic_parameters.and_then(|given| given.hashing_algorithm);
    let hash = || named.ok_or(Refusal::BadCryptographicParameters).and_then(hash_of);
    let data_or = || data.ok_or(Refusal::InvalidField);
    let mut out = room(length);
    out.resize(length, 0);
    match method {
        DerivationMethod::HASH => {
            let digest = digest(hash()?, data.unwrap_or(secret)).map_err(|error| of_cipher(error.into()))?;
            return Ok(Room::new(digest.as_ref().to_vec()));
        }
        DerivationMethod::HMAC => {
            // What the key is for goes before the parameters, which count where it does not say.
            let own = key.managed.algorithm().and_then(named_hash).map(hash_of).transpose()?;
            let hash = own.map_or_else(hash, Ok)?;
            let mac = hmac(hash, secret, &[data_or()?]).map_err(|error| of_cipher(error.into()))?;
            return Ok(Room::new(mac.as_ref().to_vec()));
        }
        DerivationMethod::ENCRYPT => return encrypted(call, key, secret, data_or()?, parameters),
        DerivationMethod::HKDF => {
            let salt = parameters.salt.unwrap_or_default();
            let hash = named.map_or(Ok(Hash::Sha256), hash_of)?;
            derivation::hkdf(hash, secret, salt, data.unwrap_or_default(), &mut out).map_err(of_cipher)?;
        }
        DerivationMethod::NIST800_108_C
        | DerivationMethod::NIST800_108_F
        | DerivationMethod::NIST800_108_DPI => {
            let mode = match method {
                DerivationMethod::NIST800_108_C => Mode::Counter,
                DerivationMethod::NIST800_108_F => Mode::Feedback,
                _ => Mode::DoublePipeline,
            };
            let iv = parameters.initialization_vector.unwrap_or_default();
            derivation::sp_800_108(mode, hash()?, secret, iv, data_or()?, &mut out).map_err(of_cipher)?;
        }
        _ => return Err(Refusal::UnsupportedCryptographicParameters),
    }
    Ok(out)
}

/// The data, encrypted with the key.
fn encrypted<S: Scope>(
    call: &Call<'_, S>,
    key: &Object,
    secret: &[u8],
    data: &[u8],
    parameters: &DerivationParameters<'_>,
) -> Result<Room, Refusal> {
    let plan = cipher(&key.managed, parameters.cryptographic_parameters.as_ref())?.plan;
    allowed(call, of_plan(plan, Way::Protect))?;
    let iv = parameters.initialization_vector;
    if plan.tag_bytes().is_some() {
        return Err(Refusal::UnsupportedCryptographicParameters);
    }
    let schedules = crate::crypto::Schedules::default();
    let mut out = room(data.len() + 2 * crate::crypto::aes::BLOCK_BYTES);
    out.extend_from_slice(data);
    protect(secret, &schedules, plan, (iv, &[]), &mut out)?;
    Ok(out)
}
