//! An object that lives for one request and is destroyed whatever happens.
//!
//! Separate so that no path out of a function can leave a tenant's key in the token.

use super::connection::Seat;
use super::errors::{self, Failure};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use zeroize::Zeroizing;

/// A session object of ours. Destroyed on drop; if the token refuses that, its session is closed, which destroys it.
pub(crate) struct Temporary<'s> {
    seat: &'s Seat<'s>,
    handle: ObjectHandle,
}

impl<'s> Temporary<'s> {
    /// Takes charge of a session object.
    pub(crate) const fn new(seat: &'s Seat<'s>, handle: ObjectHandle) -> Self {
        Self { seat, handle }
    }

    /// An RSA public key as a session object.
    pub(crate) fn rsa_public(seat: &'s Seat<'s>, modulus: &[u8], exponent: &[u8]) -> Result<Self, Failure> {
        let template = [
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::KeyType(KeyType::RSA),
            Attribute::Token(false),
            Attribute::Private(false),
            Attribute::Wrap(true),
            Attribute::Encrypt(true),
            Attribute::Verify(false),
            Attribute::Modulus(modulus.to_vec()),
            Attribute::PublicExponent(exponent.to_vec()),
        ];
        let handle = seat.session.create_object(&template).map_err(|error| errors::of_call(&error))?;
        Ok(Self::new(seat, handle))
    }

    /// For the calls that use it; not to be kept.
    pub(crate) const fn handle(&self) -> ObjectHandle {
        self.handle
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if self.seat.session.destroy_object(self.handle).is_err() {
            self.seat.stain();
        }
    }
}

/// Bytes that are wiped on drop.
pub(crate) type Wiped = Zeroizing<Vec<u8>>;
