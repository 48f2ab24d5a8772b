//! Private keys in PKCS #12 containers: taken in with the certificates beside them, and handed out so.
//!
//! The password is a managed object that the key is linked to. It is used as a secret that a key is derived from, and never
//! shown; whoever gets a container knows the key, so a sensitive key does not leave in one.
//! Rules: KMIP 1.4, sections 3.45, 4.11 and 11.4; KMIP 2.1, sections 4.40 and 6.1.20.

use super::authority::newborn_certificate;
use super::birth::prepare;
use super::call::Call;
use super::create_key_pair::link;
use super::form::{Kept, Written};
use super::handing::Around;
use super::linked::all_linked_to;
use super::pair::with_private;
use crate::crypto::asymmetric::{PrivateForm, read_private, write_private};
use crate::crypto::der::{Room, room};
use crate::crypto::pkcs12::{Chance, ContainerError, Contents, make, read};
use crate::crypto::x509::read_certificate;
use crate::managed::{AttributeSet, KeyBlock, Kind, Managed};
use crate::object::Object;
use crate::permit::{Deriving, Permit, Reading};
use crate::request::of_scope;
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use holdfast_model::ObjectId;
use kmip::attribute::{AttributeName, AttributeValue};
use kmip::enums::{CertificateType, KeyFormatType, LinkType, ObjectType, SecretDataType};
use kmip::object::{KeyBlock as WireBlock, KeyValue, Object as Wire, PrivateKey};
use kmip::result::Refusal;
use kmip::tag::Tag;
use std::rc::Rc;

/// Certificates of one chain; a link back ends it as well.
const CHAIN_MAX: usize = 16;
/// What a key is called in its container if nobody says (KMIP 1.4, section 3.45).
const NAME: &str = "alias";

/// Is this a private key in a container?
pub(super) fn is_container(object: &Wire<'_>) -> bool {
    matches!(object, Wire::PrivateKey(key) if key.key_block.format == KeyFormatType::PKCS_12)
}

/// A key out of a container, and the certificates that came with it.
pub(super) struct Unpacked {
    /// The key.
    pub(super) kept: Kept,
    /// Its chain, each certificate before its issuer.
    certificates: Vec<Vec<u8>>,
}

/// Takes a key out of its container.
///
/// # Errors
/// [`Refusal::InvalidField`]: no password is linked, or several, or what is linked is none; [`Refusal::BadPassword`];
/// [`Refusal::KeyFormatTypeNotSupported`]: the container's protection is not read here.
pub(super) async fn unpack<S: Scope>(
    call: &Call<'_, S>,
    given: &mut AttributeSet,
    object: &Wire<'_>,
) -> Result<Unpacked, Refusal> {
    if !KeyFormatType::PKCS_12.exists_in(call.version) {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    let block = object.key_block().ok_or(Refusal::InvalidField)?;
    let bytes = match (block.value, &block.wrapping) {
        (Some(KeyValue::Wrapped(bytes)), None) => bytes,
        (Some(KeyValue::Plain(plain)), None) => plain.material.bytes().ok_or(Refusal::InvalidField)?,
        _ => return Err(Refusal::InvalidField),
    };
    let mut described = Managed::new(ObjectType::PRIVATE_KEY, Kind::Template);
    described.attributes = given.clone();
    let password = password(call, &described).await?;
    let name = given.get(Tag::PKCS_12_FRIENDLY_NAME).and_then(AttributeValue::as_text);
    let contents = read(bytes, text_of(&password)?, name).map_err(|error| match error {
        ContainerError::Malformed | ContainerError::NoKey => Refusal::InvalidField,
        ContainerError::Unsupported => Refusal::KeyFormatTypeNotSupported,
        ContainerError::BadPassword => Refusal::BadPassword,
    })?;
    let Contents { mut key, name, certificates } = contents;
    if read_private(PrivateForm::Pkcs8, &key).is_err() {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    if let (Some(name), None) = (name, given.get(Tag::PKCS_12_FRIENDLY_NAME)) {
        given.set(Tag::PKCS_12_FRIENDLY_NAME, AttributeValue::Text(name.into()));
    }
    let kept = KeyBlock {
        format: KeyFormatType::PKCS_8,
        compression: None,
        algorithm: block.algorithm,
        length: block.length,
        structured: false,
    };
    let material = SecretBytes::take_from(&mut key).map_err(|_| of_scope(ScopeError::NoMemory))?;
    let kept = Kept { kind: Kind::Key(kept), material: Some(material) };
    Ok(Unpacked { kept, certificates: in_order(certificates) })
}

/// Makes objects of the certificates, linked from the key on.
///
/// # Errors
/// [`Refusal::InvalidField`]: one of them is none.
pub(super) async fn bear_chain<S: Scope>(
    call: &Call<'_, S>,
    key: &mut Object,
    unpacked: &[Vec<u8>],
) -> Result<Vec<Object>, Refusal> {
    let mut chain: Vec<Object> = Vec::with_capacity(unpacked.len());
    for bytes in unpacked {
        let certificate = prepare(call, newborn_certificate(AttributeSet::default(), bytes)?, None).await?;
        link(chain.last_mut().unwrap_or(key), LinkType::PKCS_12_CERTIFICATE_LINK, &certificate);
        chain.push(certificate);
    }
    Ok(chain)
}

impl Unpacked {
    /// Its parts: the key, and the certificates.
    pub(super) fn into_parts(self) -> (Kept, Vec<Vec<u8>>) {
        (self.kept, self.certificates)
    }
}

/// The chain of the first certificate, each before its issuer; what does not belong to it is left out.
fn in_order(mut certificates: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut chain: Vec<Vec<u8>> = Vec::new();
    while !certificates.is_empty() && chain.len() < CHAIN_MAX {
        let next = match chain.last().map(|last| read_certificate(last)) {
            None => Some(0),
            Some(Ok(last)) if !last.is_self_issued() => certificates.iter().position(|other| {
                read_certificate(other).is_ok_and(|other| other.subject.whole == last.issuer.whole)
            }),
            Some(_) => None,
        };
        let Some(next) = next else { break };
        chain.push(certificates.swap_remove(next));
    }
    chain
}

/// The response payload with a private key in a container.
///
/// # Errors
/// As [`unpack`]; [`Refusal::KeyFormatTypeNotSupported`] for what is no private key, or one that is not known here.
pub(super) async fn pack<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    around: &Around,
) -> Result<Written, Refusal> {
    let permit = Permit::<Reading>::obtain(call.scope, object)?;
    let supported = KeyFormatType::PKCS_12.exists_in(call.version);
    if object.managed.object_type != ObjectType::PRIVATE_KEY || !supported {
        return Err(Refusal::KeyFormatTypeNotSupported);
    }
    let password = password(call, &object.managed).await?;
    let certificates = chain(call, object).await?;
    call.about(object);
    let key = permit.with_material(|managed, bytes, _| {
        with_private(managed, bytes, |key| write_private(PrivateForm::Pkcs8, &key.ok()?))
    });
    let name = object.managed.attributes.get(Tag::PKCS_12_FRIENDLY_NAME).and_then(AttributeValue::as_text);
    let contents = Contents {
        key: key.ok_or(Refusal::KeyFormatTypeNotSupported)?,
        name: Some(name.unwrap_or(NAME).to_owned()),
        certificates,
    };
    let mut chance = Chance::default();
    for bytes in [&mut chance.salt, &mut chance.iv, &mut chance.mac_salt] {
        call.scope.random(bytes).map_err(of_scope)?;
    }
    let made = make(&contents, text_of(&password)?, &chance).map_err(|_| Refusal::CryptographicFailure)?;
    let key_block = WireBlock {
        format: KeyFormatType::PKCS_12,
        compression: None,
        value: Some(KeyValue::Wrapped(&made)),
        algorithm: None,
        length: None,
        wrapping: None,
    };
    Written::new(made.len(), |out| {
        around.write(call, object, Some(Wire::PrivateKey(PrivateKey { key_block })), out);
    })
}

/// The certificates of a key: by its own links, or by those of its public key, and on by those of each certificate.
async fn chain<S: Scope>(call: &Call<'_, S>, key: &Object) -> Result<Vec<Vec<u8>>, Refusal> {
    let mut next = only(&key.managed, LinkType::PKCS_12_CERTIFICATE_LINK)?;
    if next.is_none()
        && let Some(public) = only(&key.managed, LinkType::PUBLIC_KEY_LINK)?
        && let Ok(public) = call.load(public).await
    {
        next = only(&public.managed, LinkType::CERTIFICATE_LINK)?;
    }
    let (mut seen, mut chain) = (Vec::new(), Vec::new());
    while let Some(id) = next {
        if seen.contains(&id) || chain.len() == CHAIN_MAX {
            break;
        }
        seen.push(id);
        let certificate = call.load(id).await?;
        if certificate.managed.kind != Kind::Certificate(CertificateType::X_509) {
            return Err(Refusal::InvalidField);
        }
        let permit = Permit::<Reading>::obtain(call.scope, &certificate)?;
        chain.push(permit.with_material(|_, bytes, _| bytes.to_vec()));
        next = only(&certificate.managed, LinkType::PKCS_12_CERTIFICATE_LINK)?;
        if next.is_none() {
            next = only(&certificate.managed, LinkType::CERTIFICATE_LINK)?;
        }
    }
    Ok(chain)
}

/// The one object that a link of this type points to. Two chains are an error (KMIP 1.4, section 4.11).
fn only(managed: &Managed, ty: LinkType) -> Result<Option<ObjectId>, Refusal> {
    match all_linked_to(managed, ty).as_slice() {
        [] => Ok(None),
        [id] => Ok(Some(*id)),
        _ => Err(Refusal::InvalidField),
    }
}

/// The password that an object is linked to.
async fn password<S: Scope>(call: &Call<'_, S>, managed: &Managed) -> Result<Room, Refusal> {
    let links = managed
        .attributes
        .of(&AttributeName::Standard(Tag::LINK))
        .filter_map(|attribute| attribute.value.as_ref().and_then(AttributeValue::as_link))
        .filter(|link| link.ty == LinkType::PKCS_12_PASSWORD_LINK)
        .count();
    let Some(id) = only(managed, LinkType::PKCS_12_PASSWORD_LINK)?.filter(|_| links == 1) else {
        return Err(Refusal::InvalidField);
    };
    let secret = match call.load(id).await {
        Err(Refusal::NotFound) => return Err(Refusal::InvalidField),
        secret => secret?,
    };
    if !matches!(secret.managed.kind, Kind::SecretData { ty: SecretDataType::PASSWORD, .. }) {
        return Err(Refusal::InvalidField);
    }
    let copy = |bytes: &[u8]| {
        let mut copy = room(bytes.len());
        copy.extend_from_slice(bytes);
        copy
    };
    // One that may be read may be used for this as well.
    match Permit::<Deriving>::obtain(call.scope, &secret) {
        Ok(permit) => Ok(permit.with_material(|_, bytes, _| copy(bytes))),
        Err(Refusal::WrongUsage | Refusal::WrongState) => {
            let permit = Permit::<Reading>::obtain(call.scope, &secret)?;
            Ok(permit.with_material(|_, bytes, _| copy(bytes)))
        }
        Err(refusal) => Err(refusal),
    }
}

fn text_of(password: &Room) -> Result<&str, Refusal> {
    core::str::from_utf8(password).map_err(|_| Refusal::InvalidField)
}
