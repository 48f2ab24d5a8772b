//! An L2 inside the token: made, wrapped by its L1, unwrapped. Its value is never read.
//!
//! Separate from `transport` and `plain`, which take it out.
//! Rules: AES key wrap is SP 800-38F (KW, KWP); RSA-OAEP is RFC 8017 section 7.1, no label.

use super::connection::Seat;
use super::errors::{self, Failure, Remedy};
use super::root_key::{self, Kind, RootKey};
use super::temporary::Temporary;
use crate::limits::{L2_BYTES, WRAPPED_BYTES_MAX};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsOaepParams, PkcsOaepSource};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::types::Ulong;
use holdfast_model::l1::{OaepHash, WrapMechanism, WrappedL2};
use holdfast_ports::root::RootError;

/// AES key wrap adds one block of eight bytes to a key of whole blocks, with padding or without.
const AES_WRAPPED_BYTES: usize = L2_BYTES + 8;

/// A fresh AES-256 key: a session object that may be wrapped and nothing else.
pub(crate) fn generate<'s>(seat: &'s Seat<'s>) -> Result<Temporary<'s>, Failure> {
    let length = Ulong::try_from(L2_BYTES).map_err(|_| Failure::Answer(RootError::Unsupported))?;
    let mut template = session_object();
    template.push(Attribute::ValueLen(length));
    let handle = seat
        .session
        .generate_key(&Mechanism::AesKeyGen, &template)
        .map_err(|error| errors::of_call(&error))?;
    Ok(Temporary::new(seat, handle))
}

/// Wraps an L2 by its L1, with the first mechanism that the token can do.
pub(crate) fn wrap(seat: &Seat<'_>, l1: &RootKey, l2: &Temporary<'_>) -> Result<WrappedL2, Failure> {
    let (key, mechanisms): (_, Vec<WrapMechanism>) = match l1.kind {
        Kind::Aes(key) => (key, seat.quirks.aes_wraps.to_vec()),
        Kind::Rsa { public, .. } => {
            (public, seat.quirks.oaep.iter().copied().map(WrapMechanism::RsaOaep).collect())
        }
    };
    first_supported(mechanisms, |mechanism| {
        let mut bytes = seat
            .session
            .wrap_key(&of(mechanism), key, l2.handle())
            .map_err(|error| errors::of_call(&error))?;
        if matches!(mechanism, WrapMechanism::AesKeyWrap | WrapMechanism::AesKeyWrapPadded) {
            // A token may announce more room than it uses.
            bytes.truncate(AES_WRAPPED_BYTES);
        }
        Ok(WrappedL2 { mechanism, bytes })
    })
}

/// Unwraps an L2 into a session object.
///
/// A vague refusal is settled by a proof of the L1
/// with a throw-away key: if that works, and the bytes are refused
/// again, it is they that are wrong.
pub(crate) fn unwrap<'s>(
    seat: &'s Seat<'s>,
    l1: &RootKey,
    wrapped: &WrappedL2,
) -> Result<Temporary<'s>, Failure> {
    match try_unwrap(seat, l1, wrapped) {
        Err(Failure::Ambiguous) => match prove(seat, l1) {
            // The L1 works. Once more, lest a passing fault be taken for altered bytes.
            Ok(_) => match try_unwrap(seat, l1, wrapped) {
                Err(Failure::Ambiguous) => Err(Failure::Answer(RootError::NotAuthentic)),
                settled => settled,
            },
            Err(Failure::Ambiguous) => Err(Failure::Heal(Remedy::Token)),
            Err(failure) => Err(failure),
        },
        settled => settled,
    }
}

/// Wraps a throw-away key by the L1, unwraps it, and gives what came out.
///
/// AES key wrap always gives the same bytes for the same key, so a second wrap shows that the same key came out.
pub(crate) fn prove<'s>(seat: &'s Seat<'s>, l1: &RootKey) -> Result<Temporary<'s>, Failure> {
    let throw_away = generate(seat)?;
    let wrapped = wrap(seat, l1, &throw_away)?;
    let unwrapped = try_unwrap(seat, l1, &wrapped)?;
    if matches!(l1.kind, Kind::Aes(_)) && wrap(seat, l1, &unwrapped)? != wrapped {
        tracing::error!("l1-unwraps-another-key-than-it-wrapped");
        return Err(Failure::Answer(RootError::Unsupported));
    }
    Ok(unwrapped)
}

fn try_unwrap<'s>(seat: &'s Seat<'s>, l1: &RootKey, wrapped: &WrappedL2) -> Result<Temporary<'s>, Failure> {
    let key = match (l1.kind, wrapped.mechanism) {
        (Kind::Aes(key), WrapMechanism::AesKeyWrap | WrapMechanism::AesKeyWrapPadded)
            if wrapped.bytes.len() == AES_WRAPPED_BYTES =>
        {
            key
        }
        (Kind::Rsa { private, .. }, WrapMechanism::RsaOaep(_))
            if wrapped.bytes.len() <= WRAPPED_BYTES_MAX =>
        {
            private
        }
        // Not wrapped by this L1, then.
        (Kind::Aes(_) | Kind::Rsa { .. }, _) => return Err(Failure::Answer(RootError::NotAuthentic)),
    };
    let handle = seat
        .session
        .unwrap_key(&of(wrapped.mechanism), key, &wrapped.bytes, &session_object())
        .map_err(|error| errors::of_opening(&error))?;
    let l2 = Temporary::new(seat, handle);
    let length = root_key::attributes(seat, handle, &[AttributeType::ValueLen])?;
    match length.as_slice() {
        [Attribute::ValueLen(length)] if ![0, L2_BYTES].contains(&usize::try_from(**length).unwrap_or(0)) => {
            Err(Failure::Answer(RootError::NotAuthentic))
        }
        // SoftHSM forgets the length of what it unwraps and says 0. AES key wrap fixes it by the length of the
        // wrapped bytes; after RSA-OAEP, whoever opens the L2 sees it.
        _ => Ok(l2),
    }
}

/// Does `attempt` with the first choice that the token supports; any other outcome stands.
pub(crate) fn first_supported<C, R>(
    choices: impl IntoIterator<Item = C>,
    attempt: impl Fn(C) -> Result<R, Failure>,
) -> Result<R, Failure> {
    for choice in choices {
        match attempt(choice) {
            Err(Failure::Answer(RootError::Unsupported)) => {}
            settled => return settled,
        }
    }
    Err(Failure::Answer(RootError::Unsupported))
}

/// RSA-OAEP without a label, both hashes the same.
pub(crate) fn oaep(hash: OaepHash) -> Mechanism<'static> {
    let (hash, mgf) = match hash {
        OaepHash::Sha1 => (MechanismType::SHA1, PkcsMgfType::MGF1_SHA1),
        OaepHash::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
    };
    Mechanism::RsaPkcsOaep(PkcsOaepParams::new(hash, mgf, PkcsOaepSource::empty()))
}

fn of(mechanism: WrapMechanism) -> Mechanism<'static> {
    match mechanism {
        WrapMechanism::AesKeyWrap => Mechanism::AesKeyWrap,
        WrapMechanism::AesKeyWrapPadded => Mechanism::AesKeyWrapPad,
        WrapMechanism::RsaOaep(hash) => oaep(hash),
    }
}

/// An L2 in the token: of this session, sensitive, good for being wrapped and for nothing else.
fn session_object() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
        Attribute::Encrypt(false),
        Attribute::Decrypt(false),
        Attribute::Sign(false),
        Attribute::Verify(false),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::Derive(false),
    ]
}
