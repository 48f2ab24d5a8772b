//! MAC Verify: whether data is what was authenticated.
//!
//! Rules: KMIP 1.4, sections 4.34 and 11.35; KMIP 2.1, section 6.1.33.

use super::call::{Answer, Call};
use super::mac::algorithm;
use super::message::key_of;
use super::parts::{Part, begin, data_of, go_on, named, part};
use super::practice::{Way, allowed, of_mac};
use super::streams::Work;
use crate::audited::Unaudited;
use crate::crypto::mac::Mac;
use crate::permit::{CheckingMac, Permit};
use crate::request::of_cipher;
use crate::scope::Scope;
use kmip::enums::ValidityIndicator;
use kmip::field::Field;
use kmip::operation::{MacVerifyRequest, MacVerifyResponse};
use kmip::result::Refusal;
use kmip::tag::Tag;
use subtle::ConstantTimeEq;

pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: MacVerifyRequest<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    let id = named(call, request.unique_identifier, request.correlation_value)?;
    let part = part(call, request.correlation_value, (request.init, request.last), id)?;
    let data = data_of(request.data, &part)?;
    let id = key_of(&part, id)?;
    let object = call.load(id).await?;
    let permit = Permit::<CheckingMac>::obtain(call.scope, &object)?;
    let (right, correlation) = match part {
        Part::Next { correlation, stream, last } => {
            let Work::CheckMac(mut mac, given) = stream.work else {
                return Err(Refusal::InvalidCorrelationValue);
            };
            mac.update(data).map_err(of_cipher)?;
            // The MAC may come with any part; the latest counts.
            let given = request.mac_data.map_or(given, <[u8]>::to_vec);
            if last {
                (Some(is_right(mac, &given, None)?), None)
            } else {
                (None, go_on(call, correlation, Some(id), Work::CheckMac(mac, given))?)
            }
        }
        Part::Whole | Part::First => {
            let algorithm = algorithm(permit.managed(), request.cryptographic_parameters.as_ref())?;
            allowed(call, of_mac(algorithm, Way::Process))?;
            let mut mac = permit.with_material(|_, key, _| Mac::new(algorithm, key)).map_err(of_cipher)?;
            mac.update(data).map_err(of_cipher)?;
            let given = request.mac_data.unwrap_or_default();
            let cut = request.cryptographic_parameters.and_then(|parameters| parameters.tag_length);
            if let Part::Whole = part {
                (Some(is_right(mac, given, cut)?), None)
            } else {
                let work = Work::CheckMac(mac, given.to_vec());
                (None, Some(begin(call, Some(id), work)?))
            }
        }
    };
    let validity =
        right.map(|right| if right { ValidityIndicator::VALID } else { ValidityIndicator::INVALID });
    Ok(call.used(
        Answer::new(move |version, out| {
            let text = id.text();
            let response = MacVerifyResponse {
                unique_identifier: text.as_str().into(),
                validity,
                correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            };
            response.encode(Tag::RESPONSE_PAYLOAD, version, out);
        })
        .leaving(id),
    ))
}

/// Shortest part of a MAC that can be checked (SP 800-107 Rev. 1, section 5.3.3).
const CUT_BYTES_MIN: usize = 4;

/// Is it the MAC of what came, or its first `cut` bytes where the parameters say that it was cut?
///
/// # Errors
/// [`Refusal::InvalidMessage`]: none was given; [`Refusal::BadCryptographicParameters`] for a cut that is none.
fn is_right(mac: Mac, given: &[u8], cut: Option<i32>) -> Result<bool, Refusal> {
    if given.is_empty() {
        return Err(Refusal::InvalidMessage);
    }
    let whole = mac.finish().map_err(of_cipher)?;
    let wanted = match cut {
        None => whole.as_slice(),
        Some(bytes) => usize::try_from(bytes)
            .ok()
            .filter(|bytes| *bytes >= CUT_BYTES_MIN)
            .and_then(|bytes| whole.get(..bytes))
            .ok_or(Refusal::BadCryptographicParameters)?,
    };
    Ok(wanted.ct_eq(given).into())
}
