//! Wraps an object on its way out with another key of the same service.
//!
//! A sensitive object leaves under a key alone that is itself never seen in clear and that decrypts nothing: otherwise
//! whoever asks could unwrap what was to stay hidden. Under a public key it never leaves: whose the private one is, nobody knows.
//! Offered is what authenticates by itself: AES key wrap, with and without padding, and RSA with OAEP. Not offered are bare
//! modes (they can be changed unseen), GCM (its tag has no place in Key Wrapping Data, and its nonces are limited where key
//! wrap has none), a MAC or signature beside the encryption (which adds nothing to key wrap), one alone (which leaves the key
//! readable), and TR-31.
//! Rules: KMIP 1.4, sections 2.1.5, 2.1.6 and 4.11; SP 800-38F (KW, KWP); RFC 3394, RFC 5649.

use super::call::Call;
use super::form::{Sealed, Written, hand_out};
use super::handing::Around;
use super::pair::{in_format, with_public};
use super::practice::{Way as Direction, allowed, of_encryption};
use super::rules::rule_of;
use super::scheme::{bits_of, encryption};
use super::unwrapping::is_hidden;
use super::view;
use crate::crypto::{asymmetric, key_wrap};
use crate::managed::Managed;
use crate::object::Object;
use crate::permit::{Permit, ReadingWrapped, Wrapping};
use crate::request::of_cipher;
use crate::scope::Scope;
use hardening::rsa::Encryption;
use kmip::attribute::{Attribute, AttributeValue};
use kmip::enums::{BlockCipherMode, CryptographicAlgorithm, EncodingOption, KeyFormatType, WrappingMethod};
use kmip::field::Field;
use kmip::mask::CryptographicUsageMask;
use kmip::object::{KeyInformation, KeyValue, KeyWrappingData, KeyWrappingSpecification};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::Writer;
use std::rc::Rc;
use zeroize::Zeroizing;

/// More than most attributes need; one that needs more makes room by itself.
const ATTRIBUTE_BYTES: usize = 1024;

/// The response payload of Get with the object wrapped as `specification` says.
///
/// # Errors
/// The refusals of Get that speak of the wrapping key; [`Refusal::FeatureNotSupported`] for methods that are not offered.
pub(super) async fn write<S: Scope>(
    call: &Call<'_, S>,
    object: &Rc<Object>,
    specification: &KeyWrappingSpecification<'_>,
    format: KeyFormatType,
    around: &Around,
) -> Result<Written, Refusal> {
    let plain_method = specification.method == WrappingMethod::ENCRYPT;
    if !plain_method || specification.mac_signature_key.is_some() {
        return Err(Refusal::FeatureNotSupported);
    }
    if !specification.attribute_names.is_empty()
        && specification.encoding == Some(EncodingOption::NO_ENCODING)
    {
        return Err(Refusal::EncodingOption);
    }
    let mut beside = Vec::new();
    for name in specification.attribute_names.iter() {
        rule_of(&name, call.version)?;
        beside.extend(view::named(object, &name, call.version, call.scope.now()));
    }
    let information = specification.encryption.ok_or(Refusal::InvalidField)?;
    let key = wrapping_key(call, &information).await?;
    call.about(object);
    let permit = Permit::<ReadingWrapped>::obtain(call.scope, object)?;
    if permit.managed().kind.block().is_none() {
        return Err(Refusal::WrongObjectType);
    }
    let wrapping = Permit::<Wrapping>::obtain(call.scope, &key).map_err(of_wrapping_key)?;
    judge(permit.managed(), wrapping.managed())?;
    let way = way(&key.managed, &information)?;
    permitted(call, &key.managed, way, Direction::Protect)?;
    if matches!(way, Way::Oaep(_)) && object.managed.is_sensitive() {
        return Err(Refusal::PermissionDenied);
    }
    let value = permit.with_material(|managed, bytes, _| {
        in_format(managed, bytes, format, |managed, bytes| {
            value(managed, bytes, format, specification.encoding, &beside, call)
        })
    })?;
    let sealed = wrapping.with_material(|managed, key, schedules| match way {
        Way::KeyWrap { padded } => key_wrap::wrap(padded, key, &value).map_err(of_cipher),
        Way::Oaep(how) => with_public(managed, key, |key| {
            asymmetric::encrypt(how, &schedules.asymmetric, || key, &value).map_err(of_cipher)
        }),
    })?;
    let key_id = key.id.to_string();
    let data = KeyWrappingData {
        method: WrappingMethod::ENCRYPT,
        encryption: Some(KeyInformation { unique_identifier: key_id.as_str().into(), ..information }),
        mac_signature_key: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding: specification.encoding,
    };
    let sealed = Sealed { value: &sealed, data };
    hand_out(&object.managed, None, format, Some(&sealed), |wire| {
        Written::new(sealed.value.len(), |out| {
            around.write(call, object, Some(wire), out);
        })
    })
}

async fn wrapping_key<S: Scope>(
    call: &Call<'_, S>,
    information: &KeyInformation<'_>,
) -> Result<Rc<Object>, Refusal> {
    let key = call.object(Some(information.unique_identifier)).await.map_err(of_wrapping_key)?;
    Ok(key)
}

/// What a refusal is called when it speaks of the wrapping key.
pub(super) fn of_wrapping_key(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::NotFound => Refusal::WrappingKeyNotFound,
        Refusal::Archived => Refusal::WrappingKeyArchived,
        Refusal::Destroyed => Refusal::WrappingKeyDestroyed,
        Refusal::WrongObjectType => Refusal::WrappingKeyIsNoKey,
        other => other,
    }
}

/// May this object leave under this key?
fn judge(object: &Managed, key: &Managed) -> Result<(), Refusal> {
    let decrypts = key.usage_mask().intersects(CryptographicUsageMask::DECRYPT);
    // Sensitive now is not enough: a client that registered the key knows it, whatever it calls it.
    let hidden = is_hidden(key);
    if object.is_sensitive() && (decrypts || !hidden) {
        return Err(Refusal::PermissionDenied);
    }
    object.may_be_wrapped_by(key)
}

/// A way to wrap.
#[derive(Clone, Copy)]
pub(super) enum Way<'p> {
    /// AES key wrap.
    KeyWrap {
        /// With padding?
        padded: bool,
    },
    /// RSA with OAEP.
    Oaep(Encryption<'p>),
}

/// The way that the request names, or the wrapping key does.
///
/// # Errors
/// [`Refusal::BadCryptographicParameters`]: nobody named one; [`Refusal::UnsupportedCryptographicParameters`].
pub(super) fn way<'p>(key: &'p Managed, information: &KeyInformation<'p>) -> Result<Way<'p>, Refusal> {
    let own = key
        .attributes
        .get(Tag::CRYPTOGRAPHIC_PARAMETERS)
        .and_then(AttributeValue::as_cryptographic_parameters);
    let parameters =
        information.cryptographic_parameters.or(own).ok_or(Refusal::BadCryptographicParameters)?;
    match (key.algorithm(), parameters.block_cipher_mode) {
        (Some(CryptographicAlgorithm::AES), Some(BlockCipherMode::NIST_KEY_WRAP)) => {
            Ok(Way::KeyWrap { padded: false })
        }
        (Some(CryptographicAlgorithm::AES), Some(BlockCipherMode::AES_KEY_WRAP_PADDING)) => {
            Ok(Way::KeyWrap { padded: true })
        }
        (Some(CryptographicAlgorithm::AES), None) => Err(Refusal::BadCryptographicParameters),
        (Some(CryptographicAlgorithm::RSA), None) => match encryption(&parameters)? {
            how @ Encryption::Oaep { .. } => Ok(Way::Oaep(how)),
            _ => Err(Refusal::UnsupportedCryptographicParameters),
        },
        _ => Err(Refusal::UnsupportedCryptographicParameters),
    }
}

/// Does the tenant's policy allow it with this key?
///
/// # Errors
/// What `practice` says.
pub(super) fn permitted<S: Scope>(
    call: &Call<'_, S>,
    key: &Managed,
    way: Way<'_>,
    direction: Direction,
) -> Result<(), Refusal> {
    match way {
        Way::KeyWrap { .. } => Ok(()),
        Way::Oaep(how) => allowed(call, of_encryption(how, bits_of(key)?, direction)),
    }
}

/// What is wrapped: the encoded key value, or the bare material.
fn value<S: Scope>(
    managed: &Managed,
    bytes: &[u8],
    format: KeyFormatType,
    encoding: Option<EncodingOption>,
    beside: &Vec<Attribute<'static>>,
    call: &Call<'_, S>,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let structured = managed.kind.block().is_some_and(|block| block.structured);
    match encoding {
        Some(EncodingOption::NO_ENCODING)
            if !structured && format != KeyFormatType::TRANSPARENT_SYMMETRIC_KEY =>
        {
            Ok(Zeroizing::new(bytes.to_vec()))
        }
        None | Some(EncodingOption::TTLV_ENCODING) => hand_out(managed, Some(bytes), format, None, |wire| {
            let mut value = wire.key_block().and_then(|block| block.value).ok_or(Refusal::GeneralFailure)?;
            if let (KeyValue::Plain(plain), false) = (&mut value, beside.is_empty()) {
                plain.attributes = beside.into();
            }
            // Room from the start, so that no copy stays behind where the vector grew.
            let room = bytes.len() * 2 + 1024 + beside.len() * ATTRIBUTE_BYTES;
            let mut out = Zeroizing::new(Vec::with_capacity(room));
            let mut writer = Writer::new(&mut out, usize::MAX);
            value.encode(Tag::KEY_VALUE, call.version, &mut writer);
            writer.finish().map_err(|_| Refusal::ResponseTooLarge)?;
            Ok(out)
        }),
        Some(_) => Err(Refusal::EncodingOption),
    }
}
