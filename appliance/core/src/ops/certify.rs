//! Certify: makes a certificate for a public key.
//!
//! Rules: KMIP 1.4, sections 4.7 and 11.8; KMIP 2.1, section 6.1.6. Where they leave it open: without dates a certificate is
//! valid for a year from now; with an Activation Date or a Deactivation Date, from and until these.

use super::authority::{Authority, SIGNED_SECONDS_MAX, newborn_certificate, of_service, serial};
use super::birth::{prepare, store};
use super::call::{Answer, Call};
use super::create_key_pair::link;
use super::linked::point;
use super::pair::with_public;
use super::template;
use crate::audited::Unaudited;
use crate::crypto::asymmetric::{PublicForm, read_public, write_public};
use crate::crypto::x509::build::{Draft, name_of};
use crate::crypto::x509::extension::Extensions;
use crate::crypto::x509::read_request;
use crate::crypto::x509::request::{RequestForm, unarmoured};
use crate::managed::{AttributeSet, Kind, Life};
use crate::object::Object;
use crate::permit::{Permit, Reading};
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue};
use kmip::enums::{CertificateRequestType, CertificateType, Enumeration, LinkType, ObjectType};
use kmip::field::Field;
use kmip::identifier::Identifier;
use kmip::operation::{CertifyRequest, CertifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// How long a certificate is valid if nobody says.
const LIFE_SECONDS: i64 = 365 * 86_400;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: CertifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let given = request.attributes.unwrap_or_default();
    let mut given = template::read(call, ObjectType::CERTIFICATE, given).await?;
    let mut asked =
        requested(call, request.request_unique_identifier, request.request_type, request.request).await?;
    let key = match subject(call, request.unique_identifier, asked.is_some()).await? {
        Some(object) if object.managed.object_type == ObjectType::CERTIFICATE_REQUEST => {
            if asked.is_some() {
                return Err(Refusal::InvalidMessage);
            }
            asked = Some(kept(call, &object)?);
            None
        }
        Some(object) => Some(may_be_certified(call, object)?),
        None => None,
    };
    if asked.is_none() && given.get(Tag::CERTIFICATE_TYPE).is_none() {
        return Err(Refusal::InvalidField);
    }
    check_type(&given)?;
    let authority = of_service(call).await?;
    let bytes = match (&asked, &key) {
        (Some(asked), key) => {
            let info = key.as_ref().map(|key| key_info(call, key)).transpose()?;
            from_request(call, &authority, &given, asked, info.as_deref())?
        }
        (None, Some(key)) => {
            let info = key_info(call, key)?;
            let name = own_name(call, key);
            let content = Content { subject: &name, key: &info, asked: &Extensions::default() };
            sign(call, &authority, &given, &content)?
        }
        (None, None) => return Err(Refusal::NotFound),
    };
    // What the request says goes before what the attributes say.
    for tag in [Tag::CRYPTOGRAPHIC_ALGORITHM, Tag::CRYPTOGRAPHIC_LENGTH, Tag::DIGITAL_SIGNATURE_ALGORITHM] {
        given.unset(tag);
    }
    let newborn = newborn_certificate(given, &bytes)?;
    let mut certificate = prepare(call, newborn, None).await?;
    let id = certificate.id;
    let mut changes = Vec::with_capacity(2);
    if let Some(key) = key {
        link(&mut certificate, LinkType::PUBLIC_KEY_LINK, &key);
        changes.push(pointing(call, &key, id)?);
    }
    call.about(&certificate);
    changes.insert(0, certificate);
    store(call, changes).await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = CertifyResponse { unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// A certificate request as it came: its form, and its DER.
pub(super) struct Requested {
    form: RequestForm,
    bytes: Vec<u8>,
}

/// The certificate request of a message, by itself or by its identifier.
///
/// # Errors
/// [`Refusal::InvalidMessage`]: a request without its type, or two requests; [`Refusal::InvalidCertificateRequest`];
/// [`Refusal::FeatureNotSupported`] for requests of OpenPGP.
pub(super) async fn requested<S: Scope>(
    call: &Call<'_, S>,
    id: Option<Identifier<'_>>,
    ty: Option<CertificateRequestType>,
    bytes: Option<&[u8]>,
) -> Result<Option<Requested>, Refusal> {
    match (id, ty, bytes) {
        (None, None, None) => Ok(None),
        (None, Some(ty), Some(bytes)) => read(ty, bytes).map(Some),
        (Some(id), None, None) => {
            let object = call.object(Some(id)).await?;
            kept(call, &object).map(Some)
        }
        _ => Err(Refusal::InvalidMessage),
    }
}

fn read(ty: CertificateRequestType, bytes: &[u8]) -> Result<Requested, Refusal> {
    let form = match ty {
        CertificateRequestType::PKCS_10 => RequestForm::Pkcs10,
        CertificateRequestType::PEM => RequestForm::Pem,
        CertificateRequestType::CRMF => RequestForm::Crmf,
        CertificateRequestType::PGP => return Err(Refusal::FeatureNotSupported),
        _ => return Err(Refusal::InvalidField),
    };
    let bytes = unarmoured(form, bytes).map_err(|_| Refusal::InvalidCertificateRequest)?.into_owned();
    Ok(Requested { form, bytes })
}

/// A request that is a managed object.
fn kept<S: Scope>(call: &Call<'_, S>, object: &Rc<Object>) -> Result<Requested, Refusal> {
    let Kind::CertificateRequest(ty) = object.managed.kind else { return Err(Refusal::NotAble) };
    Permit::<Reading>::obtain(call.scope, object)?.with_material(|_, bytes, _| read(ty, bytes))
}

/// The object that is to be certified. With a certificate request there need be none.
async fn subject<S: Scope>(
    call: &Call<'_, S>,
    id: Option<Identifier<'_>>,
    asked: bool,
) -> Result<Option<Rc<Object>>, Refusal> {
    if id.is_none() && asked {
        // 2.x does not look at the placeholder then; 1.x does, if there is one.
        if call.version.tags_attributes() {
            return Ok(None);
        }
        return match call.identify(None) {
            Ok(id) => call.load(id).await.map(Some),
            Err(_) => Ok(None),
        };
    }
    call.object(id).await.map(Some)
}

/// Is it a public key that can still be vouched for?
fn may_be_certified<S: Scope>(call: &Call<'_, S>, object: Rc<Object>) -> Result<Rc<Object>, Refusal> {
    let managed = &object.managed;
    let state = managed.state(call.scope.now());
    if state.is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    if managed.is_archived() {
        return Err(Refusal::Archived);
    }
    if managed.object_type != ObjectType::PUBLIC_KEY {
        return Err(Refusal::NotAble);
    }
    if !matches!(state, Life::PreActive | Life::Active) {
        return Err(Refusal::WrongState);
    }
    Ok(object)
}

/// Certificates of other types are not made.
///
/// # Errors
/// [`Refusal::FeatureNotSupported`].
pub(super) fn check_type(given: &AttributeSet) -> Result<(), Refusal> {
    match given.get(Tag::CERTIFICATE_TYPE).and_then(AttributeValue::as_enumeration) {
        Some(code) if code != CertificateType::X_509.code() => Err(Refusal::FeatureNotSupported),
        _ => Ok(()),
    }
}

/// A managed public key as certificates write it.
pub(super) fn key_info<S: Scope>(call: &Call<'_, S>, key: &Rc<Object>) -> Result<Vec<u8>, Refusal> {
    Permit::<Reading>::obtain(call.scope, key)?.with_material(|managed, bytes, _| {
        let info = with_public(managed, bytes, |key| write_public(PublicForm::X509, &key.ok()?));
        info.map(|info| info.to_vec()).ok_or(Refusal::NotAble)
    })
}

/// Makes a certificate of what a request asks for; for this key, if there is one already.
///
/// # Errors
/// [`Refusal::InvalidCertificateRequest`]: it is none, or is for another key.
pub(super) fn from_request<S: Scope>(
    call: &Call<'_, S>,
    authority: &Authority,
    given: &AttributeSet,
    requested: &Requested,
    key: Option<&[u8]>,
) -> Result<Vec<u8>, Refusal> {
    let refused = |_| Refusal::InvalidCertificateRequest;
    let asked = read_request(requested.form, &requested.bytes).map_err(refused)?;
    // A key has several encodings; it is written in one here.
    let theirs = read_public(PublicForm::X509, &asked.key)
        .ok()
        .and_then(|key| write_public(PublicForm::X509, &key))
        .ok_or(Refusal::InvalidCertificateRequest)?;
    if key.is_some_and(|key| key != theirs.as_slice()) {
        return Err(Refusal::InvalidCertificateRequest);
    }
    let content = Content { subject: asked.subject.whole, key: &theirs, asked: &asked.extensions };
    sign(call, authority, given, &content)
}

/// What a certificate is to say.
pub(super) struct Content<'a> {
    /// Whom it is for: a name, DER.
    pub(super) subject: &'a [u8],
    /// The key: `SubjectPublicKeyInfo`.
    pub(super) key: &'a [u8],
    /// What else was asked for.
    pub(super) asked: &'a Extensions<'a>,
}

/// Makes the certificate, valid for the dates among the attributes.
///
/// # Errors
/// [`Refusal::InvalidAttributeValue`]: it would never be valid.
pub(super) fn sign<S: Scope>(
    call: &Call<'_, S>,
    authority: &Authority,
    given: &AttributeSet,
    content: &Content<'_>,
) -> Result<Vec<u8>, Refusal> {
    let now = call.scope.now().seconds();
    let date = |tag| given.get(tag).and_then(AttributeValue::as_date_time);
    let not_before = date(Tag::ACTIVATION_DATE).unwrap_or(now);
    let latest = now.saturating_add(SIGNED_SECONDS_MAX);
    let until = date(Tag::DEACTIVATION_DATE).unwrap_or(not_before.max(now).saturating_add(LIFE_SECONDS));
    let not_after = until.min(latest);
    if not_after <= not_before || not_after <= now {
        return Err(Refusal::InvalidAttributeValue);
    }
    let draft = Draft {
        serial: serial(call)?,
        issuer: &authority.name,
        issuer_key: &authority.public,
        not_before,
        not_after,
        subject: content.subject,
        key: content.key,
        authority: false,
        asked: content.asked,
    };
    authority.issue(call, &draft)
}

/// Whom a certificate is for that nobody described: the tenant's key of this name.
fn own_name<S: Scope>(call: &Call<'_, S>, key: &Object) -> Vec<u8> {
    /// Longest common name (RFC 5280, appendix A.1).
    const COMMON_NAME_CHARS_MAX: usize = 64;
    let name = AttributeName::Standard(Tag::NAME);
    let named = key.managed.attributes.of(&name).find_map(|attribute| {
        attribute.value.as_ref().and_then(AttributeValue::as_name).map(|name| name.value.to_owned())
    });
    let fits = named.filter(|name| name.chars().count() <= COMMON_NAME_CHARS_MAX);
    name_of(call.scope.identity().tenant.as_str(), &fits.unwrap_or_else(|| key.id.to_string()))
}

/// The public key's next state: its link is to this certificate.
///
/// # Errors
/// [`Refusal::Unavailable`] if there is no memory for it.
pub(super) fn pointing<S: Scope>(
    call: &Call<'_, S>,
    key: &Object,
    certificate: ObjectId,
) -> Result<Object, Refusal> {
    let mut next = key.successor(key.managed.clone(), true).map_err(|_| of_scope(ScopeError::NoMemory))?;
    point(&mut next.managed, LinkType::CERTIFICATE_LINK, certificate);
    next.managed.touch(call.scope.now());
    Ok(next)
}
