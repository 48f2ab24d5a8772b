//! Unwraps an object on its way in with another key of the same service.
//!
//! What comes out from under a key that nobody has seen in clear was somebody's secret: it stays one. Otherwise whoever
//! may wrap could read everything by wrapping it and registering the result.
//! Rules: KMIP 1.4, sections 2.1.5 and 4.3; SP 800-38F (KW, KWP); RFC 3394, RFC 5649.

use super::call::Call;
use super::pair::with_private;
use super::practice::Way as Direction;
use super::wrapping::{Way, of_wrapping_key, permitted, way};
use crate::crypto::{asymmetric, key_wrap};
use crate::managed::Managed;
use crate::permit::{Permit, Unwrapping, Wrapping};
use crate::request::of_cipher;
use crate::scope::Scope;
use kmip::attribute::AttributeValue;
use kmip::enums::{EncodingOption, WrappingMethod};
use kmip::field::Field;
use kmip::object::{KeyBlock, KeyMaterial, KeyValue, Object as Wire};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;
use zeroize::Zeroizing;

/// A key value that was wrapped.
pub(super) struct Opened {
    bytes: Zeroizing<Vec<u8>>,
    encoded: bool,
    /// Was it under a key that nobody has seen in clear?
    pub(super) hidden: bool,
}

/// Opens the object's key value, if it is wrapped.
///
/// # Errors
/// The refusals that speak of the wrapping key; [`Refusal::FeatureNotSupported`] for methods that are not offered;
/// [`Refusal::CryptographicFailure`] for what was not wrapped with this key.
pub(super) async fn open<S: Scope>(call: &Call<'_, S>, object: &Wire<'_>) -> Result<Option<Opened>, Refusal> {
    let Some(KeyBlock { wrapping: Some(data), value, .. }) = object.key_block() else { return Ok(None) };
    if data.method != WrappingMethod::ENCRYPT || data.mac_signature_key.is_some() {
        return Err(Refusal::FeatureNotSupported);
    }
    let (sealed, encoded) = match (value, data.encoding) {
        (Some(KeyValue::Wrapped(sealed)), None | Some(EncodingOption::TTLV_ENCODING)) => (*sealed, true),
        (Some(KeyValue::Wrapped(sealed)), Some(EncodingOption::NO_ENCODING)) => (*sealed, false),
        (Some(KeyValue::Plain(plain)), Some(EncodingOption::NO_ENCODING)) => match plain.material {
            KeyMaterial::Bytes(sealed) => (sealed, false),
            _ => return Err(Refusal::EncodingOption),
        },
        _ => return Err(Refusal::EncodingOption),
    };
    let information = data.encryption.ok_or(Refusal::InvalidField)?;
    let key = call.object(Some(information.unique_identifier)).await.map_err(of_wrapping_key)?;
    let hidden = is_hidden(&key.managed);
    let way = way(&key.managed, &information)?;
    permitted(call, &key.managed, way, Direction::Process)?;
    let bytes = match Permit::<Unwrapping>::obtain(call.scope, &key) {
        Ok(permit) => permit.with_material(|managed, key, schedules| match way {
            Way::KeyWrap { padded } => key_wrap::unwrap(padded, key, sealed).map_err(of_cipher),
            Way::Oaep(how) => with_private(managed, key, |key| {
                asymmetric::decrypt(how, &schedules.asymmetric, || key, sealed).map_err(of_cipher)
            }),
        })?,
        // A key that its client brought hides nothing from it: that it may wrap is enough.
        Err(Refusal::WrongUsage) if !hidden => {
            let permit = Permit::<Wrapping>::obtain(call.scope, &key).map_err(of_wrapping_key)?;
            let Way::KeyWrap { padded } = way else { return Err(Refusal::WrongUsage) };
            permit.with_material(|_, key, _| key_wrap::unwrap(padded, key, sealed).map_err(of_cipher))?
        }
        Err(refusal) => return Err(of_wrapping_key(refusal)),
    };
    Ok(Some(Opened { bytes, encoded, hidden }))
}

impl Opened {
    /// Lends the key value.
    ///
    /// # Errors
    /// [`Refusal::EncodingOption`]: what came out is no key value; and what `read` refuses.
    pub(super) fn with_value<R>(
        &self,
        version: Version,
        read: impl FnOnce(KeyValue<'_>) -> Result<R, Refusal>,
    ) -> Result<R, Refusal> {
        if !self.encoded {
            return read(KeyValue::plain(KeyMaterial::Bytes(&self.bytes)));
        }
        let item = kmip::ttlv::parse(&self.bytes, &kmip::ttlv::Limits::DEFAULT)
            .map_err(|_| Refusal::EncodingOption)?;
        match KeyValue::decode(item, version) {
            Ok(value @ KeyValue::Plain(_)) if item.tag() == Tag::KEY_VALUE => read(value),
            _ => Err(Refusal::EncodingOption),
        }
    }
}

/// Has nobody seen this key in clear?
pub(super) fn is_hidden(key: &Managed) -> bool {
    key.attributes.get(Tag::ALWAYS_SENSITIVE) == Some(&AttributeValue::Boolean(true))
}
