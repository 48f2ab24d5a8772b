//! MAC: authenticates data with a key.
//!
//! Rules: KMIP 1.4, sections 4.33 and 11.34; KMIP 2.1, section 6.1.32.

use super::call::{Answer, Call};
use super::message::key_of;
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::practice::{Way, allowed, of_mac};
use super::scheme::hash_of;
use super::streams::Work;
use super::usage;
use crate::audited::Unaudited;
use crate::crypto::block::Cipher;
use crate::crypto::mac::{Mac, MacAlgorithm};
use crate::managed::Managed;
use crate::permit::{Authenticating, Permit};
use crate::request::of_cipher;
use crate::scope::Scope;
use kmip::attribute::{AttributeValue, CryptographicParameters};
use kmip::enums::{BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm};
use kmip::field::Field;
use kmip::operation::{MacRequest, MacResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: MacRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let data = data_of(request.data, &part)?;
    let id = key_of(&part, id)?;
    let (mac, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::Mac(mut mac) = stream.work else { return Err(Refusal::InvalidCorrelationValue) };
            usage::allocate_more::<S, Authenticating>(call, id, data.len()).await?;
            mac.update(data).map_err(of_cipher)?;
            if last {
                (Some(mac.finish().map_err(of_cipher)?), None)
            } else {
                (None, go_on(call, correlation, Some(id), Work::Mac(mac))?)
            }
        }
        Part::Whole | Part::First => {
            let object = call.load(id).await?;
            Permit::<Authenticating>::obtain(call.scope, &object)?;
            let algorithm = algorithm(&object.managed, request.cryptographic_parameters.as_ref())?;
            allowed(call, of_mac(algorithm, Way::Protect))?;
            let (_, permit) = usage::allocate::<S, Authenticating>(call, id, data.len()).await?;
            let mut mac = permit.with_material(|_, key, _| Mac::new(algorithm, key)).map_err(of_cipher)?;
            mac.update(data).map_err(of_cipher)?;
            if let Part::Whole = part {
                (Some(mac.finish().map_err(of_cipher)?), None)
            } else {
                (None, Some(begin(call, Some(id), Work::Mac(mac))?))
            }
        }
    };
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = MacResponse {
                unique_identifier: text.as_str().into(),
                mac_data: mac.as_deref(),
                correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}

/// The MAC that key and parameters agree on. A key of HMAC says its hash itself. A key of a block cipher makes CMACs where the
/// parameters say that cipher or that mode; otherwise they may say which HMAC it is a key for.
///
/// # Errors
/// [`Refusal::BadCryptographicParameters`], [`Refusal::UnsupportedCryptographicParameters`].
pub(super) fn algorithm(
    managed: &Managed,
    given: Option<&CryptographicParameters<'_>>,
) -> Result<MacAlgorithm, Refusal> {
    let own = managed
        .attributes
        .get(Tag::CRYPTOGRAPHIC_PARAMETERS)
        .and_then(AttributeValue::as_cryptographic_parameters);
    let parameters = given.copied().or(own).unwrap_or_default();
    let key = managed.algorithm().ok_or(Refusal::BadCryptographicParameters)?;
    let asked = parameters.cryptographic_algorithm;
    if named_hash(key).is_some() && asked.is_some_and(|asked| asked != key) {
        return Err(Refusal::BadCryptographicParameters);
    }
    let named = asked.unwrap_or(key);
    if let Some(cipher) = cipher_of(named) {
        let is_cmac = parameters.block_cipher_mode == Some(BlockCipherMode::CMAC);
        let nothing_else = parameters.block_cipher_mode.is_none() && parameters.hashing_algorithm.is_none();
        return match (cipher_of(key) == Some(cipher), is_cmac || asked.is_some() && nothing_else) {
            (false, _) => Err(Refusal::BadCryptographicParameters),
            (true, true) => Ok(MacAlgorithm::Cmac(cipher)),
            (true, false) => Err(Refusal::UnsupportedCryptographicParameters),
        };
    }
    let hash = named_hash(named).ok_or(Refusal::UnsupportedCryptographicParameters)?;
    if parameters.hashing_algorithm.is_some_and(|other| other != hash) {
        return Err(Refusal::BadCryptographicParameters);
    }
    hash_of(hash).map(MacAlgorithm::Hmac)
}

fn cipher_of(algorithm: CryptographicAlgorithm) -> Option<Cipher> {
    match algorithm {
        CryptographicAlgorithm::AES => Some(Cipher::Aes),
        CryptographicAlgorithm::DES3 => Some(Cipher::Des3),
        _ => None,
    }
}

/// The hash that the name of an HMAC says.
pub(super) fn named_hash(algorithm: CryptographicAlgorithm) -> Option<HashingAlgorithm> {
    use CryptographicAlgorithm as A;
    Some(match algorithm {
        A::HMAC_SHA1 => HashingAlgorithm::SHA_1,
        A::HMAC_SHA224 => HashingAlgorithm::SHA_224,
        A::HMAC_SHA256 => HashingAlgorithm::SHA_256,
        A::HMAC_SHA384 => HashingAlgorithm::SHA_384,
        A::HMAC_SHA512 => HashingAlgorithm::SHA_512,
        A::HMAC_MD5 => HashingAlgorithm::MD5,
        A::HMAC_SHA3_224 => HashingAlgorithm::SHA_3_224,
        A::HMAC_SHA3_256 => HashingAlgorithm::SHA_3_256,
        A::HMAC_SHA3_384 => HashingAlgorithm::SHA_3_384,
        A::HMAC_SHA3_512 => HashingAlgorithm::SHA_3_512,
        _ => return None,
    })
}
