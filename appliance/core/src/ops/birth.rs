//! Makes a new object of what a request gave: the attributes that the server sets, and the rest of its first state.
//!
//! Rules: the rows "Initially set by" and "When implicitly set" of KMIP 1.4, section 3, and of 2.1, section 4.

use super::call::Call;
use super::template::names_are_free;
use crate::crypto::Schedules;
use crate::managed::{AttributeSet, Kind, Managed};
use crate::object::Object;
use crate::request::of_scope;
use crate::scope::{Change, Scope};
use core::cell::Cell;
use hardening::SecretBytes;
use holdfast_model::record::Revision;
use holdfast_model::{KeyVersion, ObjectId};
use kmip::attribute::{AttributeName, AttributeValue, Digest, RngParameters, UsageLimits, rule};
use kmip::enums::{
    CryptographicAlgorithm, DrbgAlgorithm, Enumeration, HashingAlgorithm, KeyFormatType, ObjectType,
    RngAlgorithm,
};
use kmip::mask::CryptographicUsageMask;
use kmip::result::Refusal;
use kmip::tag::Tag;

/// How long a client may use an object before it asks again, in seconds (KMIP 1.4, section 3.20).
pub(super) const LEASE_SECONDS: u32 = 3600;
/// Nonces that are reserved at once: losing them costs one part in 65,536 of a key's life.
pub(super) const NONCES_AT_ONCE: u32 = 1 << 16;

/// Where the material comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The server made it.
    Made,
    /// The client gave it.
    Given,
    /// The server made it of others; `hidden` if nobody outside can have known those.
    Derived {
        /// Was each of them always sensitive?
        hidden: bool,
    },
}

/// A new object, to be stored.
pub(super) struct Newborn {
    /// What it is.
    pub(super) object_type: ObjectType,
    /// Its type's own.
    pub(super) kind: Kind,
    /// What the client said of it.
    pub(super) given: AttributeSet,
    /// Its secret, if it has one here.
    pub(super) material: Option<SecretBytes>,
    /// Whose work that is.
    pub(super) origin: Origin,
}

/// Sets what the server sets, stores the object, and tells its identifier.
///
/// # Errors
/// [`Refusal::NameNotUnique`], and what the scope says.
pub(super) async fn bear<S: Scope>(call: &Call<'_, S>, newborn: Newborn) -> Result<ObjectId, Refusal> {
    let object = prepare(call, newborn, None).await?;
    let id = object.id;
    call.about(&object);
    store(call, vec![object]).await?;
    Ok(id)
}

/// Sets what the server sets; nothing is stored yet. A name that `replaced` has is free.
///
/// # Errors
/// [`Refusal::NameNotUnique`], and what the scope says.
pub(super) async fn prepare<S: Scope>(
    call: &Call<'_, S>,
    newborn: Newborn,
    replaced: Option<ObjectId>,
) -> Result<Object, Refusal> {
    let names: Vec<_> =
        newborn.given.of(&AttributeName::Standard(Tag::NAME)).filter_map(|name| name.value.clone()).collect();
    names_are_free(call, &names, replaced, Refusal::NameNotUnique).await?;
    if newborn.given.get(Tag::QUANTUM_SAFE) == Some(&AttributeValue::Boolean(true)) && !quantum_safe(&newborn)
    {
        return Err(Refusal::NotQuantumSafe);
    }
    describe(call, newborn)
}

/// Stores all of them or none.
///
/// # Errors
/// What the scope says.
pub(super) async fn store<S: Scope>(call: &Call<'_, S>, objects: Vec<Object>) -> Result<(), Refusal> {
    call.scope.commit(objects.into_iter().map(Change::Put).collect()).await.map_err(of_scope)
}

/// Does the object keep its strength against a quantum computer? Keys of ML-DSA do, and symmetric keys of 256 bits do (SP 800-57 Part 1 Rev. 5,
/// section 5.6.1); what is no key promises nothing.
fn quantum_safe(newborn: &Newborn) -> bool {
    use CryptographicAlgorithm as A;
    const BITS_MIN: i32 = 256;
    let number = |tag| newborn.given.get(tag);
    let algorithm = number(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code);
    let bits = number(Tag::CRYPTOGRAPHIC_LENGTH).and_then(AttributeValue::as_integer).unwrap_or(0);
    if matches!(algorithm, Some(A::ML_DSA_65 | A::ML_DSA_87)) {
        return true;
    }
    newborn.object_type == ObjectType::SYMMETRIC_KEY
        && bits >= BITS_MIN
        && !matches!(
            algorithm,
            None | Some(A::DES | A::DES3 | A::RC2 | A::RC4 | A::RC5 | A::SKIPJACK | A::HMAC_MD5)
        )
}

fn describe<S: Scope>(call: &Call<'_, S>, newborn: Newborn) -> Result<Object, Refusal> {
    let Newborn { object_type, kind, given, material, origin } = newborn;
    let now = call.scope.now();
    let seconds = now.seconds();
    let mut managed = Managed::new(object_type, kind);
    managed.attributes = given;
    managed.owner = call.asker();
    let set = |managed: &mut Managed, tag: Tag, value: AttributeValue<'static>| {
        let applies = rule(tag).is_some_and(|rule| rule.on_1x.to(object_type) || rule.on_2x.to(object_type));
        if applies && managed.attributes.get(tag).is_none() {
            managed.attributes.set(tag, value);
        }
    };
    set(&mut managed, Tag::INITIAL_DATE, AttributeValue::DateTime(seconds));
    set(&mut managed, Tag::LAST_CHANGE_DATE, AttributeValue::DateTime(seconds));
    set(&mut managed, Tag::LEASE_TIME, AttributeValue::Interval(LEASE_SECONDS));
    let sensitive = managed.is_sensitive();
    set(&mut managed, Tag::SENSITIVE, AttributeValue::Boolean(false));
    let extractable = managed.is_extractable();
    set(&mut managed, Tag::EXTRACTABLE, AttributeValue::Boolean(true));
    let made = matches!(origin, Origin::Made | Origin::Derived { hidden: true });
    set(&mut managed, Tag::ALWAYS_SENSITIVE, AttributeValue::Boolean(made && sensitive));
    set(&mut managed, Tag::NEVER_EXTRACTABLE, AttributeValue::Boolean(made && !extractable));
    if origin != Origin::Given {
        set(&mut managed, Tag::ORIGINAL_CREATION_DATE, AttributeValue::DateTime(seconds));
    }
    if origin == Origin::Made {
        set(&mut managed, Tag::RANDOM_NUMBER_GENERATOR, AttributeValue::structure(&GENERATOR));
    }
    set(&mut managed, Tag::OPERATION_POLICY_NAME, AttributeValue::text("default"));
    set(&mut managed, Tag::FRESH, AttributeValue::Boolean(true));
    if let Some(limits) = managed.attributes.get(Tag::USAGE_LIMITS).and_then(AttributeValue::as_usage_limits)
        && limits.count.is_none()
    {
        let whole = UsageLimits { count: Some(limits.total), ..limits };
        managed.attributes.set(Tag::USAGE_LIMITS, AttributeValue::structure(&whole));
    }
    match &material {
        Some(material) => {
            let hash = material.expose(|bytes| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes));
            let digest = Digest {
                hashing_algorithm: HashingAlgorithm::SHA_256,
                digest_value: Some(hash.as_ref()),
                key_format_type: digested_format(&managed.kind),
            };
            set(&mut managed, Tag::DIGEST, AttributeValue::structure(&digest));
        }
        None if managed.kind.block().is_some() => {
            set(&mut managed, Tag::KEY_VALUE_PRESENT, AttributeValue::Boolean(false));
        }
        None => {}
    }
    if managed.has_state() {
        let state = managed.state(now);
        managed.attributes.set(Tag::STATE, AttributeValue::Enumeration(state.code()));
    }
    let makes_nonces = managed.algorithm() == Some(CryptographicAlgorithm::AES)
        && managed.usage_mask().contains(CryptographicUsageMask::ENCRYPT);
    let nonces = if makes_nonces { NONCES_AT_ONCE } else { 0 };
    managed.nonces_reserved = u64::from(nonces);
    Ok(Object {
        id: call.new_id()?,
        revision: Revision(0),
        service: call.scope.identity().service,
        key_version: KeyVersion::default(),
        managed,
        material,
        schedules: Schedules::default(),
        nonces_left: Cell::new(nonces),
    })
}

/// The form in which the material was hashed: symmetric keys and secrets are bytes whatever their format, and certificates
/// are as they stand.
fn digested_format(kind: &Kind) -> Option<KeyFormatType> {
    match (kind, kind.block()) {
        (Kind::Certificate(_) | Kind::CertificateRequest(_), _) => Some(KeyFormatType::RAW),
        (_, Some(block)) if block.format == KeyFormatType::TRANSPARENT_SYMMETRIC_KEY => {
            Some(KeyFormatType::RAW)
        }
        (_, block) => block.map(|block| block.format),
    }
}

/// The generator of aws-lc: CTR_DRBG with AES-256 (SP 800-90A).
pub(super) const GENERATOR: RngParameters = RngParameters {
    rng_algorithm: RngAlgorithm::DRBG,
    cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
    cryptographic_length: Some(256),
    hashing_algorithm: None,
    drbg_algorithm: Some(DrbgAlgorithm::CTR),
    recommended_curve: None,
    fips186_variation: None,
    prediction_resistance: Some(false),
};

/// Sets an attribute from what the object itself says, or refuses if the client said otherwise.
///
/// # Errors
/// [`Refusal::InvalidAttributeValue`].
pub(super) fn agree(
    given: &mut AttributeSet,
    tag: Tag,
    value: AttributeValue<'static>,
) -> Result<(), Refusal> {
    match given.get(tag) {
        Some(there) if *there != value => Err(Refusal::InvalidAttributeValue),
        Some(_) => Ok(()),
        None => {
            given.set(tag, value);
            Ok(())
        }
    }
}

/// An algorithm as an attribute.
pub(super) fn algorithm_value(algorithm: CryptographicAlgorithm) -> AttributeValue<'static> {
    AttributeValue::Enumeration(algorithm.code())
}
