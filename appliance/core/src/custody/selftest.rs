//! Known answers for what custody is made of; `core` does not start with a wrong one.
//!
//! The answers were computed with OpenSSL 3 (key wrap, KBKDF), an implementation that is not ours.
//! Rules: FIPS 140-3 section 7.10 (pre-operational and conditional self-tests).

use super::derive::{Purpose, derive};
use super::keys::{ServiceKey, TenantKey};
use super::service_record::ServiceKeys;
use super::{CustodyError, wrap};
use aes_kw::{KeyInit, KwpAes256};
use hardening::secret::Secret;
use holdfast_model::{ClusterId, KeyVersion, ServiceId, TenantId};

/// AES-256-KWP (RFC 5649) of the bytes 80 to 9f under the key 00 to 1f.
const KWP_ANSWER: [u8; 40] = [
    0x0b, 0x06, 0x07, 0xb0, 0x5f, 0xd5, 0x77, 0xde, 0x7c, 0x1c, 0xef, 0xae, 0x23, 0x13, 0x27, 0x7d, 0x0d,
    0x36, 0xfc, 0xb4, 0xb3, 0xf0, 0x4f, 0x13, 0x32, 0xc5, 0x02, 0x3c, 0x03, 0x88, 0xe3, 0x42, 0x16, 0x4f,
    0x85, 0x31, 0x74, 0x1a, 0x21, 0xae,
];

/// KBKDF, counter mode, HMAC-SHA-256: key 00 to 1f, label `holdfast/wrap/v1`, context `context`.
const KBKDF_ANSWER: [u8; 32] = [
    0x65, 0xe2, 0xae, 0xe9, 0x32, 0x1e, 0x06, 0x59, 0xae, 0x2c, 0x9a, 0x3d, 0x03, 0xdb, 0xea, 0x28, 0x44,
    0x1c, 0x51, 0x5d, 0x70, 0x22, 0xb6, 0xc6, 0x9e, 0xab, 0x95, 0x88, 0x7c, 0x23, 0x70, 0xfd,
];

/// Which primitive gave a wrong answer. The process must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("self-test failed: {0}")]
pub struct SelfTestFailure(pub &'static str);

/// Runs every known-answer test of this module.
///
/// # Errors
/// The first wrong answer.
pub fn run() -> Result<(), SelfTestFailure> {
    check("AES-256-KWP", key_wrap())?;
    check("KBKDF with HMAC-SHA-256", derivation())?;
    check("hierarchy L2 to L3", hierarchy())
}

fn check(what: &'static str, outcome: Result<bool, CustodyError>) -> Result<(), SelfTestFailure> {
    if outcome == Ok(true) { Ok(()) } else { Err(SelfTestFailure(what)) }
}

fn key() -> [u8; 32] {
    core::array::from_fn(|at| u8::try_from(at).unwrap_or(0))
}

fn key_wrap() -> Result<bool, CustodyError> {
    let cipher = KwpAes256::new(&key().into());
    let plain: [u8; 32] = core::array::from_fn(|at| u8::try_from(0x80 + at).unwrap_or(0));
    let mut wrapped = [0; 40];
    cipher.wrap_key(&plain, &mut wrapped).map_err(|_| CustodyError::NoMemory)?;
    let mut back = [0; 32];
    let mut forged = wrapped;
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    let opened = cipher.unwrap_key(&wrapped, &mut back).is_ok_and(|bytes| bytes == plain);
    Ok(wrapped == KWP_ANSWER && opened && cipher.unwrap_key(&forged, &mut [0; 32]).is_err())
}

fn derivation() -> Result<bool, CustodyError> {
    Ok(derive(&key(), Purpose::Wrap, b"context")?.ct_eq_bytes(&KBKDF_ANSWER))
}

/// A service key comes back under its own name and under no other.
fn hierarchy() -> Result<bool, CustodyError> {
    let (Ok(cluster), Ok(tenant), Ok(service), Ok(other)) = (
        ClusterId::parse("self-test"),
        TenantId::parse("self-test"),
        ServiceId::parse("a"),
        ServiceId::parse("b"),
    ) else {
        return Ok(false);
    };
    let secret = Secret::init_with(|bytes| {
        *bytes = key();
        Ok::<_, CustodyError>(())
    })?;
    let tenant_key = TenantKey::new(secret, cluster, tenant)?;
    let keys = ServiceKeys::first(service)?;
    let record = keys.seal(&tenant_key)?;
    let again = ServiceKeys::open(&tenant_key, service, &record)?;
    let same = match (keys.active(), again.active()) {
        (Some((KeyVersion(1), one)), Some((KeyVersion(1), two))) => ServiceKey::with_bytes(one, |one| {
            two.with_bytes(|two| subtle::ConstantTimeEq::ct_eq(&one[..], &two[..]))
        })
        .into(),
        _ => false,
    };
    let (mut wrapped, name) = (Vec::new(), tenant_key.service_key_name(service, KeyVersion(1)));
    wrap::wrap(&key(), &name, &[1; 32], &mut wrapped)?;
    let moved = tenant_key.service_key_name(other, KeyVersion(1));
    let refused = wrap::unwrap(&key(), &moved, &wrapped).is_err();
    Ok(same && refused && ServiceKeys::open(&tenant_key, other, &record).is_err())
}
