//! Discover Versions: which protocol versions both sides speak.
//!
//! Rules: KMIP 1.4, section 4.26; KMIP 2.1, section 6.1.16.

use super::call::{Answer, Call};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::field::Field;
use kmip::operation::{DiscoverVersionsRequest, DiscoverVersionsResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: DiscoverVersionsRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let asked_for_all = request.versions.is_empty();
    let versions: Vec<_> = call
        .limits
        .versions
        .newest_first()
        .map(kmip::version::Version::number)
        .filter(|ours| asked_for_all || request.versions.iter().any(|asked| asked == *ours))
        .collect();
    Ok(call.used(Answer::new(move |version, out| {
        let response = DiscoverVersionsResponse { versions: (&versions).into() };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}
