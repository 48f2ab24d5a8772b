//! RNG Retrieve: random bytes from the DRBG.
//!
//! Rules: KMIP 1.4, sections 4.35 and 11.36; KMIP 2.1, section 6.1.49.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::request::of_scope;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{RngRetrieveRequest, RngRetrieveResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use zeroize::Zeroizing;

/// Most bytes of one answer: what SP 800-90A lets a DRBG give at once.
const BYTES_MAX: usize = 1 << 16;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: RngRetrieveRequest,
) -> Result<Unaudited<Answer>, Refusal> {
    let bytes = usize::try_from(request.data_length).map_err(|_| Refusal::InvalidField)?;
    if bytes == 0 {
        return Err(Refusal::InvalidField);
    }
    // A server may give less than asked for.
    let mut data = Zeroizing::new(vec![0; bytes.min(BYTES_MAX)]);
    call.scope.random(&mut data).map_err(of_scope)?;
    Ok(call.used(Answer::new(move |version, out| {
        RngRetrieveResponse { data: &data }.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
