//! RNG Seed: what a client would add to the DRBG. It seeds itself from the kernel, and takes nothing from outside.
//!
//! Rules: KMIP 1.4, sections 4.36 and 11.37; KMIP 2.1, section 6.1.50 ("MAY elect to ignore").

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{RngSeedRequest, RngSeedResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: RngSeedRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    request.data.bytes().ok_or(Refusal::MissingData)?;
    Ok(call.used(Answer::new(move |version, out| {
        RngSeedResponse { data_length: 0 }.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
