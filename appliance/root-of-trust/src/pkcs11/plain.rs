//! The plain path: for tokens that cannot unwrap one key and wrap it for another. L2 is in this process in clear.
//!
//! Separate, and taken only where the configuration names it, so that it can be seen; `core` audits each use. What is
//! in clear here is wiped as soon as it is handed on.

use super::connection::Seat;
use super::errors::{self, Failure, Remedy};
use super::root_key::{Kind, RootKey};
use super::temporary::Wiped;
use super::tenant_key::{first_supported, oaep};
use crate::limits::{L2_BYTES, WRAPPED_BYTES_MAX};
use cryptoki::mechanism::Mechanism;
use holdfast_model::l1::{WrapMechanism, WrappedL2};
use holdfast_ports::root::{Made, PlainL2, Released, RootError};
use zeroize::Zeroize;

/// Shows with a throw-away value that the L1 encrypts and decrypts.
pub(crate) fn prove(seat: &Seat<'_>, l1: &RootKey) -> Result<(), Failure> {
    let throw_away = random(seat)?;
    let wrapped = encrypt(seat, l1, &throw_away.0)?;
    let decrypted = try_decrypt(seat, l1, &wrapped)?;
    if decrypted.0 == throw_away.0 { Ok(()) } else { Err(Failure::Answer(RootError::Unsupported)) }
}

/// Makes an L2 with the token's generator; gives it encrypted by its L1 and in clear.
pub(crate) fn make(seat: &Seat<'_>, l1: &RootKey) -> Result<Made, Failure> {
    let l2 = random(seat)?;
    let wrapped = encrypt(seat, l1, &l2.0)?;
    Ok(Made { wrapped, released: Released::Plain(l2) })
}

/// Decrypts an L2.
///
/// A vague refusal is settled by a proof of the L1, as in [`super::tenant_key::unwrap`].
pub(crate) fn release(seat: &Seat<'_>, l1: &RootKey, wrapped: &WrappedL2) -> Result<Released, Failure> {
    let settled = match try_decrypt(seat, l1, wrapped) {
        Err(Failure::Ambiguous) => match prove(seat, l1) {
            Ok(()) => match try_decrypt(seat, l1, wrapped) {
                Err(Failure::Ambiguous) => Err(Failure::Answer(RootError::NotAuthentic)),
                settled => settled,
            },
            Err(Failure::Ambiguous) => Err(Failure::Heal(Remedy::Token)),
            Err(failure) => Err(failure),
        },
        settled => settled,
    };
    settled.map(Released::Plain)
}

fn random(seat: &Seat<'_>) -> Result<PlainL2, Failure> {
    let mut l2 = PlainL2([0; L2_BYTES]);
    seat.session.generate_random_slice(&mut l2.0).map_err(|error| errors::of_call(&error))?;
    Ok(l2)
}

fn encrypt(seat: &Seat<'_>, l1: &RootKey, l2: &[u8; L2_BYTES]) -> Result<WrappedL2, Failure> {
    let (key, mechanisms): (_, Vec<WrapMechanism>) = match l1.kind {
        Kind::Aes(key) => (key, vec![WrapMechanism::AesKeyWrap]),
        Kind::Rsa { public, .. } => {
            (public, seat.quirks.oaep.iter().copied().map(WrapMechanism::RsaOaep).collect())
        }
    };
    first_supported(mechanisms, |mechanism| {
        let bytes =
            seat.session.encrypt(&of(mechanism)?, key, l2).map_err(|error| errors::of_call(&error))?;
        Ok(WrappedL2 { mechanism, bytes })
    })
}

fn try_decrypt(seat: &Seat<'_>, l1: &RootKey, wrapped: &WrappedL2) -> Result<PlainL2, Failure> {
    let key = match (l1.kind, wrapped.mechanism) {
        (Kind::Aes(key), WrapMechanism::AesKeyWrap) => key,
        (Kind::Rsa { private, .. }, WrapMechanism::RsaOaep(_)) => private,
        (Kind::Aes(_) | Kind::Rsa { .. }, _) => return Err(Failure::Answer(RootError::NotAuthentic)),
    };
    if wrapped.bytes.len() > WRAPPED_BYTES_MAX {
        return Err(Failure::Answer(RootError::NotAuthentic));
    }
    let decrypted = seat.session.decrypt(&of(wrapped.mechanism)?, key, &wrapped.bytes);
    let mut clear = Wiped::new(decrypted.map_err(|error| errors::of_opening(&error))?);
    let mut l2 = PlainL2([0; L2_BYTES]);
    if clear.len() != L2_BYTES {
        return Err(Failure::Answer(RootError::NotAuthentic));
    }
    l2.0.copy_from_slice(&clear);
    clear.zeroize();
    Ok(l2)
}

fn of(mechanism: WrapMechanism) -> Result<Mechanism<'static>, Failure> {
    match mechanism {
        WrapMechanism::AesKeyWrap => Ok(Mechanism::AesKeyWrap),
        WrapMechanism::RsaOaep(hash) => Ok(oaep(hash)),
        WrapMechanism::AesKeyWrapPadded => Err(Failure::Answer(RootError::Unsupported)),
    }
}
