//! The certification authority of a service: a key that signs certificates and is nobody's to use, and its certificate, which is
//! an object like any other.
//!
//! Made when it is first needed, and made anew when its certificate was revoked, destroyed or archived, or would end before
//! what it signs. Separate from `certify` so that nothing else reaches the key.
//! Rules: KMIP 1.4, section 4.7 leaves to the server who signs; see the decision record on who signs certificates.

use super::birth::{Newborn, Origin, prepare};
use super::call::Call;
use super::certificate;
use super::create_key_pair::link;
use super::linked::linked_to;
use crate::crypto::asymmetric::{Curve, Made, make_curve};
use crate::crypto::x509::build::{Draft, issue, name_of};
use crate::crypto::x509::extension::Extensions;
use crate::crypto::x509::read_certificate;
use crate::managed::{AttributeSet, KeyBlock, Kind, Life};
use crate::object::Object;
use crate::permit::{Certifying, Permit, Reading};
use crate::request::{of_cipher, of_scope};
use crate::scope::{Change, Scope, ScopeError};
use aws_lc_rs::digest;
use hardening::{MemoryError, SecretBytes};
use holdfast_model::ObjectId;
use kmip::attribute::AttributeValue;
use kmip::enums::{
    CertificateType, CryptographicAlgorithm, Enumeration, KeyFormatType, LinkType, ObjectType,
};
use kmip::mask::CryptographicUsageMask;
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// How long its certificate is valid: ten years.
const LIFE_SECONDS: i64 = 10 * 365 * 86_400;
/// The longest that it signs for; with less than this left it is made anew. Two years, which browsers' rules stay below.
pub(super) const SIGNED_SECONDS_MAX: i64 = 2 * 365 * 86_400;
/// How often it is looked for again when somebody else makes it at the same time.
const ATTEMPTS_MAX: u32 = 4;

/// An authority that may sign now.
pub(super) struct Authority {
    key: Rc<Object>,
    /// Its name, DER.
    pub(super) name: Vec<u8>,
    /// Its key: `SubjectPublicKeyInfo`.
    pub(super) public: Vec<u8>,
}

impl Authority {
    /// Signs a certificate.
    ///
    /// # Errors
    /// [`Refusal::CryptographicFailure`] and what a permit refuses.
    pub(super) fn issue<S: Scope>(&self, call: &Call<'_, S>, draft: &Draft<'_>) -> Result<Vec<u8>, Refusal> {
        let permit = Permit::<Certifying>::obtain(call.scope, &self.key)?;
        permit.with_material(|_, key, _| issue(draft, key)).map_err(of_cipher)
    }
}

/// The authority of the client's service.
///
/// # Errors
/// What the scope says.
pub(super) async fn of_service<S: Scope>(call: &Call<'_, S>) -> Result<Authority, Refusal> {
    let id = key_id(call);
    for _ in 0..ATTEMPTS_MAX {
        let there = match call.scope.load(id).await {
            Ok(key) => Some(key),
            Err(ScopeError::NotThere) => None,
            Err(error) => return Err(of_scope(error)),
        };
        if let Some(key) = &there
            && let Some(authority) = usable(call, key).await?
        {
            return Ok(authority);
        }
        let (key, certificate) = make(call, id, there.as_deref()).await?;
        match call.scope.commit(vec![Change::Put(certificate), Change::Put(key)]).await {
            Ok(()) | Err(ScopeError::Conflict) => {}
            Err(error) => return Err(of_scope(error)),
        }
    }
    Err(Refusal::Unavailable)
}

/// Every service has one, always of the same identifier: two that are made at once meet in the keystore.
fn key_id<S: Scope>(call: &Call<'_, S>) -> ObjectId {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"holdfast/authority/v1/");
    context.update(call.scope.identity().service.as_str().as_bytes());
    let hash = context.finish();
    ObjectId::from_bytes(hash.as_ref().first_chunk().copied().unwrap_or_default())
}

/// May this key still sign?
async fn usable<S: Scope>(call: &Call<'_, S>, key: &Rc<Object>) -> Result<Option<Authority>, Refusal> {
    let ours = key.managed.internal && key.service == call.scope.identity().service;
    if !ours {
        return Err(Refusal::GeneralFailure);
    }
    let Some(id) = linked_to(&key.managed, LinkType::CERTIFICATE_LINK) else { return Ok(None) };
    let certificate = match call.scope.load(id).await {
        Ok(certificate) => certificate,
        Err(ScopeError::NotThere) => return Ok(None),
        Err(error) => return Err(of_scope(error)),
    };
    let now = call.scope.now();
    if certificate.managed.state(now) != Life::Active || certificate.managed.is_archived() {
        return Ok(None);
    }
    let Ok(permit) = Permit::<Reading>::obtain(call.scope, &certificate) else { return Ok(None) };
    permit.with_material(|_, bytes, _| {
        let certificate = read_certificate(bytes).map_err(|_| Refusal::GeneralFailure)?;
        if certificate.not_after < now.seconds().saturating_add(SIGNED_SECONDS_MAX) {
            return Ok(None);
        }
        Ok(Some(Authority {
            key: Rc::clone(key),
            name: certificate.subject.whole.to_vec(),
            public: certificate.key.to_vec(),
        }))
    })
}

/// A new key and its certificate; the key takes the place of `old`.
async fn make<S: Scope>(
    call: &Call<'_, S>,
    id: ObjectId,
    old: Option<&Object>,
) -> Result<(Object, Object), Refusal> {
    let identity = call.scope.identity();
    let now = call.scope.now().seconds();
    let Made { mut private, public } = make_curve(Curve::P256).map_err(of_cipher)?;
    let common = format!("{} certification authority", identity.service.as_str());
    let name = name_of(identity.tenant.as_str(), &common);
    let draft = Draft {
        serial: serial(call)?,
        issuer: &name,
        issuer_key: &public,
        not_before: now,
        not_after: now.saturating_add(LIFE_SECONDS),
        subject: &name,
        key: &public,
        authority: true,
        asked: &Extensions::default(),
    };
    let bytes = issue(&draft, &private).map_err(of_cipher)?;
    let mut certificate = newborn_certificate(AttributeSet::default(), &bytes)?;
    let mask = CryptographicUsageMask::CERTIFICATE_SIGN.bits().cast_signed();
    certificate.given.set(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(mask));
    certificate.given.set(Tag::ACTIVATION_DATE, AttributeValue::DateTime(now));
    let mut certificate = prepare(call, certificate, None).await?;
    let mut given = AttributeSet::default();
    given
        .set(Tag::CRYPTOGRAPHIC_ALGORITHM, AttributeValue::Enumeration(CryptographicAlgorithm::ECDSA.code()));
    given.set(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(256));
    given.set(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(mask));
    given.set(Tag::ACTIVATION_DATE, AttributeValue::DateTime(now));
    given.set(Tag::SENSITIVE, AttributeValue::Boolean(true));
    given.set(Tag::EXTRACTABLE, AttributeValue::Boolean(false));
    let block = KeyBlock {
        format: KeyFormatType::PKCS_8,
        compression: None,
        algorithm: Some(CryptographicAlgorithm::ECDSA),
        length: Some(256),
        structured: false,
    };
    let material = SecretBytes::take_from(&mut private).map_err(|_| of_scope(ScopeError::NoMemory))?;
    let newborn = Newborn {
        object_type: ObjectType::PRIVATE_KEY,
        kind: Kind::Key(block),
        given,
        material: Some(material),
        origin: Origin::Made,
    };
    let mut key = prepare(call, newborn, None).await?;
    key.id = id;
    key.managed.internal = true;
    if let Some(old) = old {
        key.revision = old.revision;
    }
    link(&mut key, LinkType::CERTIFICATE_LINK, &certificate);
    (certificate.managed.owner, key.managed.owner) = (None, None);
    Ok((key, certificate))
}

/// A serial number: 127 random bits, positive and not zero.
///
/// # Errors
/// What the scope says.
pub(super) fn serial<S: Scope>(call: &Call<'_, S>) -> Result<[u8; 16], Refusal> {
    let mut serial = [0; 16];
    call.scope.random(&mut serial).map_err(of_scope)?;
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(serial)
}

/// A certificate that the server made, described.
///
/// # Errors
/// As [`certificate::describe`].
pub(super) fn newborn_certificate(mut given: AttributeSet, bytes: &[u8]) -> Result<Newborn, Refusal> {
    certificate::describe(&mut given, CertificateType::X_509, bytes)?;
    let material = SecretBytes::init_with(bytes.len(), |kept| {
        kept.copy_from_slice(bytes);
        Ok(())
    })
    .map_err(|_: MemoryError| of_scope(ScopeError::NoMemory))?;
    Ok(Newborn {
        object_type: ObjectType::CERTIFICATE,
        kind: Kind::Certificate(CertificateType::X_509),
        given,
        material: Some(material),
        origin: Origin::Derived { hidden: false },
    })
}
