//! Create Key Pair: makes a private and a public key that name each other.
//!
//! Rules: KMIP 1.4, sections 4.2 and 11.3; KMIP 2.1, section 6.1.9.

use super::birth::{Newborn, Origin, agree, prepare, store};
use super::call::{Answer, Call};
use super::pair::{curve_of, made_in, name_of};
use super::practice::allowed;
use super::template;
use crate::audited::Unaudited;
use crate::crypto::asymmetric::{Curve, Made, MlDsa, RSA_BITS, make_curve, make_ml_dsa, make_rsa};
use crate::managed::{AttributeSet, KeyBlock, Kind};
use crate::object::Object;
use crate::request::{of_cipher, of_scope};
use crate::scope::{Scope, ScopeError};
use hardening::SecretBytes;
use holdfast_model::ObjectId;
use holdfast_model::policy::Practice;
use kmip::attribute::{AttributeName, AttributeValue, Attributes, CryptographicDomainParameters, Link};
use kmip::enums::{CryptographicAlgorithm, Enumeration, KeyFormatType, LinkType, ObjectType};
use kmip::field::Field;
use kmip::operation::{CreateKeyPairRequest, CreateKeyPairResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: CreateKeyPairRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let private = merged(call, ObjectType::PRIVATE_KEY, request.private_key, request.common).await?;
    let public = merged(call, ObjectType::PUBLIC_KEY, request.public_key, request.common).await?;
    let plan = plan(&private)?;
    if plan != self::plan(&public)? {
        return Err(Refusal::InvalidField);
    }
    let (private, public) = bear_pair(call, plan, private, public, [None, None]).await?;
    let (private_id, public_id) = (private.id, public.id);
    store(call, vec![public, private]).await?;
    let answer = Answer::new(move |version, out| {
        let (private, public) = (private_id.to_string(), public_id.to_string());
        let response = CreateKeyPairResponse {
            private_key_unique_identifier: private.as_str().into(),
            public_key_unique_identifier: public.as_str().into(),
            private_key: None,
            public_key: None,
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    });
    Ok(call.changed(answer.leaving(private_id)))
}

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    algorithm: CryptographicAlgorithm,
    kind: PlanKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlanKind {
    /// Bits of the modulus.
    Rsa(u16),
    Curve(Curve),
    MlDsa(MlDsa),
}

/// The attributes of one half: its own go before those of both.
pub(super) async fn merged<S: Scope>(
    call: &Call<'_, S>,
    ty: ObjectType,
    own: Option<Attributes<'_>>,
    common: Option<Attributes<'_>>,
) -> Result<AttributeSet, Refusal> {
    let mut set = template::read(call, ty, own.unwrap_or_default()).await?;
    let common = template::read(call, ty, common.unwrap_or_default()).await?;
    let named: Vec<_> = set.all().iter().map(|attribute| attribute.name.clone()).collect();
    for attribute in common.all() {
        if !named.contains(&attribute.name)
            && let Some(value) = &attribute.value
        {
            set.add(attribute.name.clone(), value.clone());
        }
    }
    Ok(set)
}

/// Reads what to make from the attributes of a half.
///
/// # Errors
/// [`Refusal::InvalidField`] for what is missing, [`Refusal::InvalidAttributeValue`] for what is not made.
pub(super) fn plan(given: &AttributeSet) -> Result<Plan, Refusal> {
    use CryptographicAlgorithm as A;
    let algorithm = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code)
        .ok_or(Refusal::InvalidField)?;
    if given.get(Tag::CRYPTOGRAPHIC_USAGE_MASK).is_none() {
        return Err(Refusal::InvalidField);
    }
    let bits = given.get(Tag::CRYPTOGRAPHIC_LENGTH).and_then(AttributeValue::as_integer);
    let domain = given
        .get(Tag::CRYPTOGRAPHIC_DOMAIN_PARAMETERS)
        .and_then(AttributeValue::as_structure::<CryptographicDomainParameters>);
    let kind = match algorithm {
        A::RSA => {
            let bits = bits.ok_or(Refusal::InvalidField)?;
            let known = u16::try_from(bits).ok().filter(|bits| RSA_BITS.contains(bits));
            PlanKind::Rsa(known.ok_or(Refusal::InvalidAttributeValue)?)
        }
        A::EC | A::ECDSA | A::ECDH | A::ED25519 => {
            let named = domain.and_then(|domain| domain.recommended_curve).map(curve_of);
            let curve = match (algorithm, named, bits) {
                (A::ED25519, _, _) => Curve::Ed25519,
                (_, Some(named), _) => named.ok_or(Refusal::InvalidAttributeValue)?,
                (_, None, Some(256)) => Curve::P256,
                (_, None, Some(384)) => Curve::P384,
                (_, None, Some(521)) => Curve::P521,
                (_, None, Some(_)) => return Err(Refusal::InvalidAttributeValue),
                (_, None, None) => return Err(Refusal::InvalidField),
            };
            if bits.is_some_and(|bits| bits != i32::from(curve.bits())) {
                return Err(Refusal::InvalidAttributeValue);
            }
            PlanKind::Curve(curve)
        }
        A::ML_DSA_65 | A::ML_DSA_87 => {
            let set = if algorithm == A::ML_DSA_65 { MlDsa::Dsa65 } else { MlDsa::Dsa87 };
            if bits.is_some_and(|bits| usize::try_from(bits) != Ok(set.public_bytes() * 8)) {
                return Err(Refusal::InvalidAttributeValue);
            }
            PlanKind::MlDsa(set)
        }
        _ => return Err(Refusal::InvalidAttributeValue),
    };
    Ok(Plan { algorithm, kind })
}

/// Makes the pair and both objects, linked, not yet stored.
///
/// # Errors
/// [`Refusal::NameNotUnique`], and what the scope says.
pub(super) async fn bear_pair<S: Scope>(
    call: &Call<'_, S>,
    plan: Plan,
    private: AttributeSet,
    public: AttributeSet,
    [replaced_private, replaced_public]: [Option<ObjectId>; 2],
) -> Result<(Object, Object), Refusal> {
    use KeyFormatType as F;
    if matches!(plan.kind, PlanKind::Rsa(..2048)) {
        allowed(call, [Practice::ShortRsaMake])?;
    }
    let (made, bits, formats) = match plan.kind {
        PlanKind::Rsa(bits) => {
            let made = call.scope.slowly(move || make_rsa(bits)).await.map_err(of_scope)?;
            (made, i32::from(bits), (F::PKCS_1, F::PKCS_1))
        }
        PlanKind::MlDsa(set) => {
            let bits = i32::try_from(set.public_bytes() * 8).map_err(|_| Refusal::GeneralFailure)?;
            (make_ml_dsa(set), bits, (F::RAW, F::RAW))
        }
        PlanKind::Curve(curve) => (make_curve(curve), i32::from(curve.bits()), (F::PKCS_8, F::X_509)),
    };
    let Made { private: mut secret, public: mut point } = made.map_err(of_cipher)?;
    let name = AttributeName::Standard(Tag::NAME);
    let shared = private.of(&name).any(|one| public.of(&name).any(|other| one.value == other.value));
    if shared {
        return Err(Refusal::NameNotUnique);
    }
    let mut halves = Vec::with_capacity(2);
    for (object_type, mut given, material, format, replaced) in [
        (ObjectType::PRIVATE_KEY, private, &mut secret, formats.0, replaced_private),
        (ObjectType::PUBLIC_KEY, public, &mut point, formats.1, replaced_public),
    ] {
        let asked = given.get(Tag::KEY_FORMAT_TYPE).and_then(AttributeValue::as_enumeration);
        given.unset(Tag::KEY_FORMAT_TYPE);
        agree(&mut given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))?;
        let mut block = KeyBlock {
            format,
            compression: None,
            algorithm: Some(plan.algorithm),
            length: Some(bits),
            structured: false,
        };
        let wanted =
            asked.map(KeyFormatType::from_code).or_else(|| default(call.version, object_type, plan.kind));
        if let Some(wanted) = wanted.filter(|wanted| *wanted != format) {
            let (structured, mut written) = made_in(object_type, &block, material, wanted)?;
            (block.format, block.structured) = (wanted, structured);
            core::mem::swap(material, &mut written);
        }
        let material = SecretBytes::take_from(material).map_err(|_| of_scope(ScopeError::NoMemory))?;
        let newborn = Newborn {
            object_type,
            kind: Kind::Key(block),
            given,
            material: Some(material),
            origin: Origin::Made,
        };
        halves.push(prepare(call, newborn, replaced).await?);
    }
    let (Some(mut public), Some(mut private)) = (halves.pop(), halves.pop()) else {
        return Err(Refusal::GeneralFailure);
    };
    link(&mut private, LinkType::PUBLIC_KEY_LINK, &public);
    link(&mut public, LinkType::PRIVATE_KEY_LINK, &private);
    call.about(&private);
    Ok((private, public))
}

/// The format that a version makes keys on curves in, if it says one (KMIP 2.1, section 4.26) and the curve has a name there.
fn default(version: Version, object_type: ObjectType, kind: PlanKind) -> Option<KeyFormatType> {
    let PlanKind::Curve(curve) = kind else { return None };
    if !version.tags_attributes() || name_of(curve).is_none() {
        return None;
    }
    Some(if object_type == ObjectType::PRIVATE_KEY {
        KeyFormatType::TRANSPARENT_EC_PRIVATE_KEY
    } else {
        KeyFormatType::TRANSPARENT_EC_PUBLIC_KEY
    })
}

/// Notes on `object` what `other` is to it.
pub(super) fn link(object: &mut Object, ty: LinkType, other: &Object) {
    let id = other.id.to_string();
    let link = Link { ty, linked: id.as_str().into() };
    object.managed.attributes.add(AttributeName::Standard(Tag::LINK), AttributeValue::structure(&link));
}
