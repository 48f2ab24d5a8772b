//! MAC Verify: whether data is what was authenticated.
//!
//! Rules: KMIP 1.4, sections 4.34 and 11.35; KMIP 2.1, section 6.1.33.

use super::call::{Answer, Call};
use super::mac::algorithm;
use crate::audited::Unaudited;
use crate::permit::{CheckingMac, Permit};
use crate::scope::Scope;
use aws_lc_rs::hmac::{Key, verify};
use kmip::enums::ValidityIndicator;
use kmip::field::Field;
use kmip::operation::{MacVerifyRequest, MacVerifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: MacVerifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let object = call.object(request.unique_identifier).await?;
    if request.correlation_value.is_some() || request.init == Some(true) || request.last == Some(true) {
        return Err(Refusal::FeatureNotSupported);
    }
    let permit = Permit::<CheckingMac>::obtain(call.scope, &object)?;
    let data = request.data.ok_or(Refusal::InvalidMessage)?.bytes().ok_or(Refusal::FeatureNotSupported)?;
    let mac = request.mac_data.ok_or(Refusal::InvalidMessage)?;
    let algorithm = algorithm(permit.managed(), request.cryptographic_parameters.as_ref())?;
    let right = permit.with_material(|_, key, _| verify(&Key::new(algorithm, key), data, mac).is_ok());
    let validity = if right { ValidityIndicator::VALID } else { ValidityIndicator::INVALID };
    let id = object.id;
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.to_string();
            let response = MacVerifyResponse {
                unique_identifier: text.as_str().into(),
                validity: Some(validity),
                correlation_value: None,
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}
