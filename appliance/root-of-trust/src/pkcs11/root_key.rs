//! A tenant's L1 in the token: found by its label, judged by its attributes.
//!
//! Separate so that no operation uses a key that was not judged. The key itself never leaves the token.
//! Rules: exactly one secret or private key bears the label; it is sensitive and not extractable (SP 800-57 Part 1
//! Rev. 5, section 6.2.2.3: a key-wrapping key's plaintext stays in the module).

use super::connection::Seat;
use super::errors::{self, Failure};
use super::quirks::Transport;
use crate::limits::{LABEL_BYTES_MAX, OBJECTS_PER_LABEL_MAX};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use holdfast_model::l1::L1Ref;
use holdfast_ports::root::RootError;

/// An L1 that was found and judged, for one request.
#[derive(Debug)]
pub(crate) struct RootKey {
    pub(crate) kind: Kind,
    may: May,
}

/// AES or RSA.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Wraps and unwraps with the same key.
    Aes(ObjectHandle),
    /// Wraps with the public half, unwraps with the private one. Both have the same modulus.
    Rsa {
        /// For C_WrapKey or C_Encrypt.
        public: ObjectHandle,
        /// For C_UnwrapKey or C_Decrypt.
        private: ObjectHandle,
    },
}

/// What the key's attributes permit.
#[derive(Debug, Clone, Copy)]
struct May {
    wrap: bool,
    encrypt: bool,
}

/// The way of L2 out of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// Wrapped for the transport key.
    Transport,
    /// In plain through this process.
    Plain,
}

impl RootKey {
    /// Finds the one key that bears the label, and refuses it if it could ever leave the token.
    pub(crate) fn find(seat: &Seat<'_>, l1: &L1Ref) -> Result<Self, Failure> {
        let label = l1.label.as_bytes();
        if label.is_empty() || label.len() > LABEL_BYTES_MAX {
            return Err(Failure::Answer(RootError::NotFound));
        }
        let bearing = Bearing::look(seat, label)?;
        let (kind, judged) = match (bearing.secret.as_slice(), bearing.private.as_slice()) {
            ([key], []) => (Kind::Aes(*key), *key),
            ([], [private]) => {
                let public = bearing.public_of(seat, *private)?;
                (Kind::Rsa { public, private: *private }, *private)
            }
            ([], []) => return Err(seat.not_found()),
            _ => return Err(Failure::Answer(RootError::NotFound)),
        };
        let may = judge(seat, kind, judged)?;
        Ok(Self { kind, may })
    }

    /// The way that L2 takes with this key, this token and this configuration.
    ///
    /// The plain path is taken where the transport path cannot be, and only if the configuration names it.
    pub(crate) fn path(&self, seat: &Seat<'_>, plain_path: bool) -> Result<Path, Failure> {
        let can_wrap = seat.quirks.transport == Transport::Try;
        if can_wrap && self.may.wrap {
            Ok(Path::Transport)
        } else if plain_path && self.may.encrypt {
            Ok(Path::Plain)
        } else if can_wrap {
            Err(Failure::Answer(RootError::Denied))
        } else {
            Err(Failure::Answer(RootError::Unsupported))
        }
    }

    /// Whether the plain path may stand in where the transport path turned out not to work.
    pub(crate) const fn may_go_plain(&self, plain_path: bool) -> bool {
        plain_path && self.may.encrypt
    }
}

/// The keys that bear one label.
struct Bearing {
    secret: Vec<ObjectHandle>,
    private: Vec<ObjectHandle>,
    public: Vec<ObjectHandle>,
}

impl Bearing {
    fn look(seat: &Seat<'_>, label: &[u8]) -> Result<Self, Failure> {
        let template = [Attribute::Token(true), Attribute::Label(label.to_vec())];
        let found: Vec<ObjectHandle> = seat
            .session
            .iter_objects(&template)
            .and_then(|objects| objects.take(OBJECTS_PER_LABEL_MAX + 1).collect())
            .map_err(|error| errors::of_call(&error))?;
        if found.len() > OBJECTS_PER_LABEL_MAX {
            return Err(Failure::Answer(RootError::NotFound));
        }
        let mut bearing = Self { secret: Vec::new(), private: Vec::new(), public: Vec::new() };
        for object in found {
            for attribute in attributes(seat, object, &[AttributeType::Class])? {
                match attribute {
                    Attribute::Class(ObjectClass::SECRET_KEY) => bearing.secret.push(object),
                    Attribute::Class(ObjectClass::PRIVATE_KEY) => bearing.private.push(object),
                    Attribute::Class(ObjectClass::PUBLIC_KEY) => bearing.public.push(object),
                    // Certificates and the like may bear the label too.
                    _ => {}
                }
            }
        }
        Ok(bearing)
    }

    /// The public half: the same label *and* the same modulus, so that nobody can lay another key beside it.
    fn public_of(&self, seat: &Seat<'_>, private: ObjectHandle) -> Result<ObjectHandle, Failure> {
        let modulus = modulus(seat, private)?.ok_or(Failure::Answer(RootError::Unsupported))?;
        for public in &self.public {
            if self::modulus(seat, *public)?.as_ref() == Some(&modulus) {
                return Ok(*public);
            }
        }
        Err(Failure::Answer(RootError::NotFound))
    }
}

fn judge(seat: &Seat<'_>, kind: Kind, key: ObjectHandle) -> Result<May, Failure> {
    let asked = [
        AttributeType::KeyType,
        AttributeType::Sensitive,
        AttributeType::Extractable,
        AttributeType::AlwaysAuthenticate,
        AttributeType::Unwrap,
        AttributeType::Decrypt,
    ];
    let right_type = match kind {
        Kind::Aes(_) => KeyType::AES,
        Kind::Rsa { .. } => KeyType::RSA,
    };
    let (mut key_type, mut sensitive, mut extractable, mut unwrap, mut decrypt) =
        (None, false, true, false, false);
    for attribute in attributes(seat, key, &asked)? {
        match attribute {
            Attribute::KeyType(of) => key_type = Some(of),
            Attribute::Sensitive(yes) => sensitive = yes,
            Attribute::Extractable(yes) => extractable = yes,
            Attribute::Unwrap(yes) => unwrap = yes,
            Attribute::Decrypt(yes) => decrypt = yes,
            // Needs a person at each use.
            Attribute::AlwaysAuthenticate(true) => return Err(Failure::Answer(RootError::Unsupported)),
            _ => {}
        }
    }
    if key_type != Some(right_type) {
        return Err(Failure::Answer(RootError::Unsupported));
    }
    if !sensitive || extractable {
        tracing::error!("l1-could-leave-the-token");
        return Err(Failure::Answer(RootError::Denied));
    }
    let wrapping = match kind {
        Kind::Aes(key) => key,
        Kind::Rsa { public, .. } => public,
    };
    let (mut wrap, mut encrypt) = (false, false);
    for attribute in attributes(seat, wrapping, &[AttributeType::Wrap, AttributeType::Encrypt])? {
        match attribute {
            Attribute::Wrap(yes) => wrap = yes,
            Attribute::Encrypt(yes) => encrypt = yes,
            _ => {}
        }
    }
    Ok(May { wrap: wrap && unwrap, encrypt: encrypt && decrypt })
}

fn modulus(seat: &Seat<'_>, key: ObjectHandle) -> Result<Option<Vec<u8>>, Failure> {
    Ok(attributes(seat, key, &[AttributeType::Modulus])?.into_iter().find_map(|attribute| match attribute {
        Attribute::Modulus(modulus) => Some(modulus),
        _ => None,
    }))
}

/// Those of the attributes that the object has.
pub(crate) fn attributes(
    seat: &Seat<'_>,
    object: ObjectHandle,
    asked: &[AttributeType],
) -> Result<Vec<Attribute>, Failure> {
    seat.session.get_attributes(object, asked).map_err(|error| errors::of_call(&error))
}
