//! MAC: authenticates data with a key.
//!
//! Rules: KMIP 1.4, sections 4.33 and 11.34; KMIP 2.1, section 6.1.32.

use super::call::{Answer, Call};
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::streams::Work;
use super::usage;
use crate::audited::Unaudited;
use crate::managed::Managed;
use crate::permit::{Authenticating, Permit};
use crate::scope::Scope;
use aws_lc_rs::hmac::{
    Algorithm, Context, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512,
    Key,
};
use kmip::attribute::{AttributeValue, CryptographicParameters};
use kmip::enums::{CryptographicAlgorithm, HashingAlgorithm};
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
    let id = match &part {
        Part::Next { stream, .. } => stream.object,
        Part::Whole | Part::First => id,
    };
    let id = id.ok_or(Refusal::InvalidCorrelationValue)?;
    let (mac, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::Mac(mut context) = stream.work else { return Err(Refusal::InvalidCorrelationValue) };
            usage::allocate_more::<S, Authenticating>(call, id, data.len()).await?;
            context.update(data);
            if last {
                (Some(context.sign()), None)
            } else {
                (None, go_on(call, correlation, Some(id), Work::Mac(context))?)
            }
        }
        Part::Whole | Part::First => {
            let object = call.load(id).await?;
            Permit::<Authenticating>::obtain(call.scope, &object)?;
            let algorithm = algorithm(&object.managed, request.cryptographic_parameters.as_ref())?;
            let (_, permit) = usage::allocate::<S, Authenticating>(call, id, data.len()).await?;
            let mut context = permit.with_material(|_, key, _| Context::with_key(&Key::new(algorithm, key)));
            context.update(data);
            if let Part::Whole = part {
                (Some(context.sign()), None)
            } else {
                (None, Some(begin(call, Some(id), Work::Mac(Box::new(context)))?))
            }
        }
    };
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.to_string();
            let response = MacResponse {
                unique_identifier: text.as_str().into(),
                mac_data: mac.as_ref().map(AsRef::as_ref),
                correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}

/// The HMAC that key and parameters agree on.
///
/// # Errors
/// [`Refusal::BadCryptographicParameters`], [`Refusal::UnsupportedCryptographicParameters`].
pub(super) fn algorithm(
    managed: &Managed,
    given: Option<&CryptographicParameters<'_>>,
) -> Result<Algorithm, Refusal> {
    use CryptographicAlgorithm as A;
    let own = managed
        .attributes
        .get(Tag::CRYPTOGRAPHIC_PARAMETERS)
        .and_then(AttributeValue::as_cryptographic_parameters);
    let parameters = given.copied().or(own).unwrap_or_default();
    let key = managed.algorithm().ok_or(Refusal::BadCryptographicParameters)?;
    let asked = parameters.cryptographic_algorithm.unwrap_or(key);
    let key_is_hmac = hash_of(key).is_some();
    if key_is_hmac && asked != key {
        return Err(Refusal::BadCryptographicParameters);
    }
    let hash = match (hash_of(asked), parameters.hashing_algorithm) {
        (Some(hash), None) => hash,
        (Some(hash), Some(named)) if hash == named => hash,
        (Some(_), Some(_)) => return Err(Refusal::BadCryptographicParameters),
        (None, Some(_)) if asked == A::AES => return Err(Refusal::UnsupportedCryptographicParameters),
        (None, _) => return Err(Refusal::UnsupportedCryptographicParameters),
    };
    Ok(match hash {
        HashingAlgorithm::SHA_1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        HashingAlgorithm::SHA_224 => HMAC_SHA224,
        HashingAlgorithm::SHA_256 => HMAC_SHA256,
        HashingAlgorithm::SHA_384 => HMAC_SHA384,
        HashingAlgorithm::SHA_512 => HMAC_SHA512,
        _ => return Err(Refusal::UnsupportedCryptographicParameters),
    })
}

fn hash_of(algorithm: CryptographicAlgorithm) -> Option<HashingAlgorithm> {
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
