//! Validate: says whether a chain of certificates holds.
//!
//! An anchor is a certificate of the service that names itself as its issuer and that nobody has revoked: to register it is
//! to trust it. A chain that is sound and ends elsewhere is neither valid nor invalid. A managed certificate that was
//! revoked is invalid, and vouches for nothing.
//! Rules: KMIP 1.4, sections 4.24 and 11.25; KMIP 2.1, section 6.1.57; RFC 5280, section 6.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::crypto::x509::chain::{Link, Verdict, judge};
use crate::crypto::x509::read_certificate;
use crate::managed::{Indexed, Kind, Life};
use crate::object::Object;
use crate::permit::{Permit, Reading};
use crate::request::of_scope;
use crate::scope::{Find, Scope, ScopeError};
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue, X509CertificateSubject};
use kmip::enums::{CertificateType, ValidityIndicator};
use kmip::field::Field;
use kmip::operation::{ValidateRequest, ValidateResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// Certificates that one request may bring or name.
const SUBJECTS_MAX: usize = 32;
/// Certificates of the service that are taken up as issuers.
const ISSUERS_MAX: usize = 64;
/// Certificates of one name that are looked at: an authority has few.
const NAMESAKES_MAX: u16 = 16;

/// A certificate of the service, or one that the client brought.
struct Known {
    bytes: Vec<u8>,
    anchor: bool,
    revoked: bool,
}

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ValidateRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let count = request.certificates.len().saturating_add(request.unique_identifiers.len());
    if count == 0 {
        return Err(Refusal::InvalidMessage);
    }
    if count > SUBJECTS_MAX {
        return Err(Refusal::ServerLimit);
    }
    let mut subjects = Vec::with_capacity(count);
    let mut strange = false;
    for id in request.unique_identifiers.iter() {
        let object = call.object(Some(id)).await?;
        if object.managed.state(call.scope.now()).is_destroyed() {
            return Err(Refusal::Destroyed);
        }
        if object.managed.is_archived() {
            return Err(Refusal::Archived);
        }
        match object.managed.kind {
            Kind::Certificate(CertificateType::X_509) => subjects.push(known(call, &object)?),
            Kind::Certificate(_) => strange = true,
            _ if call.version.tags_attributes() => return Err(Refusal::WrongObjectType),
            _ => return Err(Refusal::InvalidMessage),
        }
    }
    for certificate in request.certificates.iter() {
        if certificate.ty == CertificateType::X_509 {
            let bytes = certificate.value.to_vec();
            subjects.push(Known { bytes, anchor: false, revoked: false });
        } else {
            strange = true;
        }
    }
    let at = request.validity_date.map_or(call.scope.now().seconds(), |date| date.0);
    let validity = match verdict(call, subjects, at).await? {
        Verdict::Broken => ValidityIndicator::INVALID,
        Verdict::Holds if !strange => ValidityIndicator::VALID,
        // What is not X.509 is not judged here.
        Verdict::Holds | Verdict::NoAnchor => ValidityIndicator::UNKNOWN,
    };
    let answer = Answer::new(move |version, out| {
        ValidateResponse { validity }.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.used(answer))
}

async fn verdict<S: Scope>(
    call: &Call<'_, S>,
    mut subjects: Vec<Known>,
    at: i64,
) -> Result<Verdict, Refusal> {
    let mut issuers: Vec<Known> = Vec::new();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for subject in &subjects {
        match read_certificate(&subject.bytes) {
            Ok(certificate) => names.push(certificate.issuer.whole.to_vec()),
            Err(_) => return Ok(Verdict::Broken),
        }
    }
    let mut asked = 0;
    while let Some(name) = names.get(asked).cloned() {
        asked += 1;
        if names.iter().take(asked - 1).any(|before| *before == name) {
            continue;
        }
        for issuer in named(call, &name).await? {
            if issuers.len() >= ISSUERS_MAX {
                break;
            }
            if let Ok(certificate) = read_certificate(&issuer.bytes) {
                names.push(certificate.issuer.whole.to_vec());
            }
            issuers.push(issuer);
        }
    }
    // What the client brought may be a certificate of the service as well.
    for subject in &mut subjects {
        if let Some(same) = issuers.iter().find(|issuer| issuer.bytes == subject.bytes) {
            (subject.anchor, subject.revoked) = (same.anchor, same.revoked);
        }
    }
    if subjects.iter().any(|subject| subject.revoked) {
        return Ok(Verdict::Broken);
    }
    issuers.retain(|issuer| !issuer.revoked);
    let (subjects, issuers) = (links(&subjects), links(&issuers));
    Ok(judge(&subjects, &issuers, at))
}

fn links(known: &[Known]) -> Vec<Link<'_>> {
    known
        .iter()
        .filter_map(|known| {
            let certificate = read_certificate(&known.bytes).ok()?;
            Some(Link { certificate, anchor: known.anchor })
        })
        .collect()
}

fn known<S: Scope>(call: &Call<'_, S>, object: &Rc<Object>) -> Result<Known, Refusal> {
    let state = object.managed.state(call.scope.now());
    let revoked = !matches!(state, Life::PreActive | Life::Active);
    let bytes = Permit::<Reading>::obtain(call.scope, object)?.with_material(|_, bytes, _| bytes.to_vec());
    let own = read_certificate(&bytes).is_ok_and(|certificate| certificate.is_self_issued());
    Ok(Known { bytes, anchor: own && !revoked, revoked })
}

/// The certificates of the service that are for this name.
async fn named<S: Scope>(call: &Call<'_, S>, name: &[u8]) -> Result<Vec<Known>, Refusal> {
    let none: Vec<&[u8]> = Vec::new();
    let subject = X509CertificateSubject { name, alternative: (&none).into() };
    let tag = AttributeName::Standard(Tag::X_509_CERTIFICATE_SUBJECT);
    let Some(indexed) = Indexed::of(&tag, &AttributeValue::structure(&subject)) else {
        return Ok(Vec::new());
    };
    let find = Find {
        all_of: vec![(indexed.field, indexed.value)],
        older_than: Some(ObjectId::MAX),
        limit: NAMESAKES_MAX,
    };
    let mut found = Vec::new();
    for id in call.scope.find(&find).await.map_err(of_scope)? {
        let object = match call.scope.load(id).await {
            Ok(object) => object,
            Err(ScopeError::NotThere) => continue,
            Err(error) => return Err(of_scope(error)),
        };
        let gone = object.managed.state(call.scope.now()).is_destroyed() || object.managed.is_archived();
        if !gone && object.service == call.scope.identity().service {
            found.push(known(call, &object)?);
        }
    }
    Ok(found)
}
