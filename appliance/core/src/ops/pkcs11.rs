//! PKCS#11 (2.x): a call of a PKCS#11 library, carried in KMIP.
//!
//! Served are the calls that begin, describe and end a library: whoever wants the rest of PKCS#11 loads the provider, which
//! speaks KMIP's own operations. Every other function is answered as a library answers what it does not have.
//! Rules: KMIP 2.1, section 6.1.37; PKCS#11 3.0, sections 5.4.1 to 5.4.3 (the calls) and 3.1 (`CK_INFO`).

use super::call::{Answer, Call};
use super::parts::{begin, go_on};
use super::streams::{Owner, Work};
use crate::audited::Unaudited;
use crate::scope::Scope;
use kmip::enums::{Pkcs11Function, Pkcs11ReturnCode};
use kmip::field::Field;
use kmip::operation::{Pkcs11Request, Pkcs11Response};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;

/// The interface that every PKCS#11 3.0 library has.
const INTERFACE: &str = "PKCS 11";
/// Cryptoki 3.0, as the two bytes of a `CK_VERSION`.
const CRYPTOKI: [u8; 2] = [3, 0];
const MANUFACTURER: &str = "OpenKCM";
const LIBRARY: &str = "Holdfast";
const LIBRARY_VERSION: [u8; 2] = [0, 1];
/// Bytes of the texts of a `CK_INFO`, padded with blanks.
const TEXT_BYTES: usize = 32;
/// Bytes of a `CK_FLAGS`, of which none is set.
const FLAGS_BYTES: usize = 8;

#[allow(clippy::unused_async)] // every operation is called alike
pub(super) async fn run<S: Scope>(
    call: &Call<'_, S>,
    request: Pkcs11Request<'_>,
) -> Result<Unaudited<Answer>, Refusal> {
    if request.interface.is_some_and(|name| name != INTERFACE) {
        return Err(Refusal::Pkcs11Interface);
    }
    let function = request.function;
    if !function.exists_in(Version::V2_1) {
        return Err(Refusal::Pkcs11Function);
    }
    let input = request.input.unwrap_or_default();
    let (mut code, mut correlation, mut output) = (Pkcs11ReturnCode::OK, None, None);
    match function {
        // Its only argument is a pointer: there is one, or there is none.
        Pkcs11Function::C_INITIALIZE if input.len() > 1 => return Err(Refusal::Pkcs11Codec),
        Pkcs11Function::C_GET_INFO | Pkcs11Function::C_FINALIZE if !input.is_empty() => {
            return Err(Refusal::Pkcs11Codec);
        }
        Pkcs11Function::C_INITIALIZE if request.correlation_value.is_some() => {
            code = Pkcs11ReturnCode::CRYPTOKI_ALREADY_INITIALIZED;
        }
        Pkcs11Function::C_INITIALIZE => correlation = Some(begin(call, None, Work::Library)?),
        Pkcs11Function::C_GET_INFO | Pkcs11Function::C_FINALIZE => {
            let whose = (Owner::of(call.scope.identity()), call.operation, None);
            let given = request.correlation_value.unwrap_or_default();
            match call.scope.streams().take(given, whose, call.scope.now()) {
                Err(_) => code = Pkcs11ReturnCode::CRYPTOKI_NOT_INITIALIZED,
                Ok(_) if function == Pkcs11Function::C_FINALIZE => {}
                Ok((begun, _)) => {
                    go_on(call, begun, None, Work::Library)?;
                    output = Some(info());
                }
            }
        }
        _ => code = Pkcs11ReturnCode::FUNCTION_NOT_SUPPORTED,
    }
    Ok(call.used(Answer::new(move |version, out| {
        let response = Pkcs11Response {
            interface: None,
            function,
            correlation_value: correlation.as_ref().map(<[u8; 16]>::as_slice),
            output: output.as_deref(),
            code,
        };
        response.encode(Tag::RESPONSE_PAYLOAD, version, out);
    })))
}

/// The library as a `CK_INFO` describes it, its fields one after the other.
fn info() -> Vec<u8> {
    let mut info = CRYPTOKI.to_vec();
    let text = |info: &mut Vec<u8>, text: &str| {
        let end = info.len().saturating_add(TEXT_BYTES);
        info.extend_from_slice(text.as_bytes());
        info.resize(end, b' ');
    };
    text(&mut info, MANUFACTURER);
    info.extend_from_slice(&[0; FLAGS_BYTES]);
    text(&mut info, LIBRARY);
    info.extend_from_slice(&LIBRARY_VERSION);
    info
}
