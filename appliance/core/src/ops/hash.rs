//! Hash: the digest of data, without any key.
//!
//! Rules: KMIP 1.4, sections 4.38 and 11.38; KMIP 2.1, section 6.1.24.

use super::call::{Answer, Call};
use super::parts::{Part, begin, data_of, go_on, part};
use super::streams::Work;
use crate::audited::Unaudited;
use crate::scope::Scope;
use aws_lc_rs::digest::{
    self, Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA224, SHA256, SHA384, SHA512, SHA512_256,
};
use aws_lc_rs::digest::{SHA3_256, SHA3_384, SHA3_512};
use kmip::enums::HashingAlgorithm;
use kmip::field::Field;
use kmip::operation::{HashRequest, HashResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: HashRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let part = part(call, request.correlation_value, (request.init, request.last), None)?;
    let data = data_of(request.data, &part)?;
    let begun = || {
        let hash = request.cryptographic_parameters.hashing_algorithm.ok_or(Refusal::InvalidField)?;
        algorithm(hash).ok_or(Refusal::UnsupportedCryptographicParameters)
    };
    let (digest, correlation) = match part {
        Part::Whole => (Some(digest::digest(begun()?, data)), None),
        Part::First => {
            let mut context = Box::new(Context::new(begun()?));
            context.update(data);
            (None, Some(begin(call, None, Work::Hash(context))?))
        }
        Part::Next { correlation, stream, last } => {
            let Work::Hash(mut context) = stream.work else { return Err(Refusal::InvalidCorrelationValue) };
            context.update(data);
            if last {
                (Some(context.finish()), None)
            } else {
                (None, go_on(call, correlation, None, Work::Hash(context))?)
            }
        }
    };
    Ok(call.used(Answer::new(move |version, out| {
        let response = HashResponse {
            data: digest.as_ref().map(AsRef::as_ref),
            correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}

/// The digest algorithm of this name; `None` if it is not offered (MD5, RIPEMD and others).
fn algorithm(hash: HashingAlgorithm) -> Option<&'static Algorithm> {
    Some(match hash {
        HashingAlgorithm::SHA_1 => &SHA1_FOR_LEGACY_USE_ONLY,
        HashingAlgorithm::SHA_224 => &SHA224,
        HashingAlgorithm::SHA_256 => &SHA256,
        HashingAlgorithm::SHA_384 => &SHA384,
        HashingAlgorithm::SHA_512 => &SHA512,
        HashingAlgorithm::SHA_512_256 => &SHA512_256,
        HashingAlgorithm::SHA_3_256 => &SHA3_256,
        HashingAlgorithm::SHA_3_384 => &SHA3_384,
        HashingAlgorithm::SHA_3_512 => &SHA3_512,
        _ => return None,
    })
}
