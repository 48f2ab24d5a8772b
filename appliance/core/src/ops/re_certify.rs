//! Re-certify: makes a certificate that replaces another, for the same key.
//!
//! Rules: KMIP 1.4, sections 4.8 and 11.9; KMIP 2.1, section 6.1.45.

use super::authority::{newborn_certificate, of_service};
use super::birth::{prepare, store};
use super::call::{Answer, Call};
use super::certify::{Content, check_type, from_request, key_info, pointing, requested, sign};
use super::create_key_pair::link;
use super::linked::linked_to;
use super::replace::{inherit, may_be_replaced, step_back};
use crate::audited::Unaudited;
use crate::crypto::asymmetric::{PublicForm, read_public, write_public};
use crate::crypto::x509::read_certificate;
use crate::managed::Kind;
use crate::object::Object;
use crate::permit::{Permit, Reading};
use crate::scope::Scope;
use kmip::enums::{CertificateType, LinkType, ObjectType};
use kmip::field::Field;
use kmip::operation::{ReCertifyRequest, ReCertifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: ReCertifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let old = call.object(request.unique_identifier).await?;
    may_be_replaced(call, &old, ObjectType::CERTIFICATE)?;
    if old.managed.kind != Kind::Certificate(CertificateType::X_509) {
        return Err(Refusal::FeatureNotSupported);
    }
    let asked =
        requested(call, request.request_unique_identifier, request.request_type, request.request).await?;
    let key = public_key(call, &old).await?;
    let mut given = inherit(call, &old, request.offset, [request.attributes, None]).await?;
    check_type(&given)?;
    for tag in [Tag::CRYPTOGRAPHIC_ALGORITHM, Tag::CRYPTOGRAPHIC_LENGTH, Tag::DIGITAL_SIGNATURE_ALGORITHM] {
        given.unset(tag);
    }
    let authority = of_service(call).await?;
    let linked = key.as_ref().map(|key| key_info(call, key)).transpose()?;
    let bytes = Permit::<Reading>::obtain(call.scope, &old)?.with_material(|_, bytes, _| {
        let before = read_certificate(bytes).map_err(|_| Refusal::GeneralFailure)?;
        let certified = read_public(PublicForm::X509, before.key)
            .ok()
            .and_then(|key| write_public(PublicForm::X509, &key))
            .ok_or(Refusal::NotAble)?;
        // A link that a client made does not make another key this one.
        if linked.is_some_and(|linked| linked != certified.as_slice()) {
            return Err(Refusal::NotAble);
        }
        match &asked {
            Some(asked) => from_request(call, &authority, &given, asked, Some(&certified)),
            None => {
                let content =
                    Content { subject: before.subject.whole, key: &certified, asked: &before.extensions };
                sign(call, &authority, &given, &content)
            }
        }
    })?;
    let newborn = newborn_certificate(given, &bytes)?;
    let mut new = prepare(call, newborn, Some(old.id)).await?;
    let id = new.id;
    let old = step_back(call, &old, &mut new)?;
    let mut changes = Vec::with_capacity(3);
    if let Some(key) = key {
        link(&mut new, LinkType::PUBLIC_KEY_LINK, &key);
        changes.push(pointing(call, &key, id)?);
    }
    call.about(&new);
    changes.push(old);
    changes.insert(0, new);
    store(call, changes).await?;
    let answer = Answer::new(move |version, out| {
        let id = id.to_string();
        let response = ReCertifyResponse { unique_identifier: id.as_str().into(), attributes: None };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(id)))
}

/// The public key that the certificate is linked to, if it is still there.
async fn public_key<S: Scope>(
    call: &Call<'_, S>,
    certificate: &Object,
) -> Result<Option<Rc<Object>>, Refusal> {
    let Some(id) = linked_to(&certificate.managed, LinkType::PUBLIC_KEY_LINK) else { return Ok(None) };
    match call.load(id).await {
        Ok(key) => {
            let there = !key.managed.state(call.scope.now()).is_destroyed() && !key.managed.is_archived();
            Ok(Some(key).filter(|key| there && key.managed.object_type == ObjectType::PUBLIC_KEY))
        }
        Err(Refusal::NotFound) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}
