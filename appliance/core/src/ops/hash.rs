//! Hash: the digest of data, without any key.
//!
//! Rules: KMIP 1.4, sections 4.38 and 11.38; KMIP 2.1, section 6.1.24.

use super::call::{Answer, Call};
use super::parts::{Part, begin, data_of, go_on, part};
use super::scheme::hash_of;
use super::streams::Work;
use crate::audited::Unaudited;
use crate::request::of_cipher;
use crate::scope::Scope;
use hardening::hash::{Digest, LibraryError};
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
        let named = request.cryptographic_parameters.hashing_algorithm.ok_or(Refusal::InvalidField)?;
        let mut digest = Digest::new(hash_of(named)?).map_err(of_library)?;
        digest.update(data).map_err(of_library)?;
        Ok::<_, Refusal>(digest)
    };
    let (digest, correlation) = match part {
        Part::Whole => (Some(begun()?.finish().map_err(of_library)?), None),
        Part::First => (None, Some(begin(call, None, Work::Hash(begun()?))?)),
        Part::Next { correlation, stream, last } => {
            let Work::Hash(mut digest) = stream.work else { return Err(Refusal::InvalidCorrelationValue) };
            digest.update(data).map_err(of_library)?;
            if last {
                (Some(digest.finish().map_err(of_library)?), None)
            } else {
                (None, go_on(call, correlation, None, Work::Hash(digest))?)
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

fn of_library(error: LibraryError) -> Refusal {
    of_cipher(error.into())
}
