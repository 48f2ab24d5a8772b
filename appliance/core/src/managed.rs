//! What a managed object is besides its secret: type, format, attributes, and what custody must know of them.
//!
//! Separate from `object` (which pairs it with the material) and from `ops` (which decide what may be done).
//! Rules: KMIP 1.4, sections 2 and 3; KMIP 2.1, sections 2 to 4.

mod attributes;
mod body;
mod index;
mod state;
#[cfg(test)]
mod tests;
mod token;

pub use attributes::AttributeSet;
pub use body::BodyError;
pub use index::Indexed;
pub use state::{Cause, Life};
pub use token::{VENDOR, is_mark, is_token_attribute, names_hidden};

use crate::object::Facts;
use crate::request::Asker;
use holdfast_model::Timestamp;
use kmip::attribute::AttributeValue;
use kmip::enums::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, Enumeration, KeyCompressionType,
    KeyFormatType, ObjectType, OpaqueDataType, SecretDataType, SplitKeyMethod,
};
use kmip::mask::CryptographicUsageMask;
use kmip::tag::Tag;

/// What the key block says besides the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyBlock {
    /// The format the key was made or registered in.
    pub format: KeyFormatType,
    /// How a point of a curve is written.
    pub compression: Option<KeyCompressionType>,
    /// Algorithm, if the client told or the server made it.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// Length in bits, likewise.
    pub length: Option<i32>,
    /// Is the material the encoded children of a transparent structure, rather than bytes? Symmetric keys are
    /// always bytes here, whatever their format.
    pub structured: bool,
}

/// What only objects of one type have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A key (symmetric, public, private).
    Key(KeyBlock),
    /// A part of a split key.
    SplitKey {
        /// Its key block.
        block: KeyBlock,
        /// How many parts there are.
        parts: i32,
        /// Which part this is.
        part: i32,
        /// How many are needed.
        threshold: i32,
        /// How it was split.
        method: SplitKeyMethod,
        /// The prime of the prime field, two's complement.
        prime: Option<Vec<u8>>,
    },
    /// A password or a seed.
    SecretData {
        /// Which.
        ty: SecretDataType,
        /// Its key block.
        block: KeyBlock,
    },
    /// Anything.
    Opaque(OpaqueDataType),
    /// A certificate.
    Certificate(CertificateType),
    /// A certificate request (2.x).
    CertificateRequest(CertificateRequestType),
    /// A set of attributes with a name (1.x).
    Template,
    /// A PGP key.
    Pgp {
        /// Its version.
        version: i32,
        /// Its key block.
        block: KeyBlock,
    },
}

impl Kind {
    /// The key block, if the type has one.
    #[must_use]
    pub const fn block(&self) -> Option<&KeyBlock> {
        match self {
            Self::Key(block)
            | Self::SplitKey { block, .. }
            | Self::SecretData { block, .. }
            | Self::Pgp { block, .. } => Some(block),
            Self::Opaque(_) | Self::Certificate(_) | Self::CertificateRequest(_) | Self::Template => None,
        }
    }
}

/// Everything of a managed object that is not secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Managed {
    /// Its type.
    pub object_type: ObjectType,
    /// What its type brings.
    pub kind: Kind,
    /// Its attributes, stored ones: what can be told from the rest of the object is not among them.
    pub attributes: AttributeSet,
    /// How many nonces for GCM the server may have made so far: an upper bound, moved before they are used.
    pub nonces_reserved: u64,
    /// The user of the service who made it, if the request named one.
    pub owner: Option<Asker>,
    /// How it was wrapped when it was registered, if it was: the encoded Key Wrapping Data, without what it wraps.
    pub wrapped_as: Option<Vec<u8>>,
    /// Is it the server's own? Then it is found, named and used by no client.
    pub internal: bool,
}

impl Managed {
    /// An object without attributes.
    #[must_use]
    pub fn new(object_type: ObjectType, kind: Kind) -> Self {
        Self {
            object_type,
            kind,
            attributes: AttributeSet::default(),
            nonces_reserved: 0,
            owner: None,
            wrapped_as: None,
            internal: false,
        }
    }

    /// What the wrapping of its material is bound to.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts {
            algorithm: self.algorithm().map_or(0, Enumeration::code),
            usage_mask: self.usage_mask().bits(),
            sensitive: self.is_sensitive(),
            extractable: self.is_extractable(),
        }
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Option<CryptographicAlgorithm> {
        self.attributes
            .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
            .and_then(AttributeValue::as_enumeration)
            .map(CryptographicAlgorithm::from_code)
    }

    /// Its length in bits.
    #[must_use]
    pub fn length_bits(&self) -> Option<i32> {
        self.attributes.get(Tag::CRYPTOGRAPHIC_LENGTH).and_then(AttributeValue::as_integer)
    }

    /// What it may be used for; nothing if nobody said.
    #[must_use]
    pub fn usage_mask(&self) -> CryptographicUsageMask {
        let bits = self.attributes.get(Tag::CRYPTOGRAPHIC_USAGE_MASK).and_then(AttributeValue::as_integer);
        CryptographicUsageMask::from_bits(bits.unwrap_or(0).cast_unsigned())
    }

    /// May it leave in wrapped form only?
    #[must_use]
    pub fn is_sensitive(&self) -> bool {
        self.attributes.get(Tag::SENSITIVE).and_then(AttributeValue::as_boolean).unwrap_or(false)
    }

    /// May it leave at all?
    #[must_use]
    pub fn is_extractable(&self) -> bool {
        self.attributes.get(Tag::EXTRACTABLE).and_then(AttributeValue::as_boolean).unwrap_or(true)
    }

    /// Is it out of reach until it is recovered?
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.attributes.get(Tag::ARCHIVE_DATE).is_some()
    }

    /// A date among its attributes.
    #[must_use]
    pub fn date(&self, tag: Tag) -> Option<i64> {
        self.attributes.get(tag).and_then(AttributeValue::as_date_time)
    }

    /// Its state as it was stored.
    #[must_use]
    pub fn stored_state(&self) -> Life {
        self.attributes
            .get(Tag::STATE)
            .and_then(AttributeValue::as_enumeration)
            .and_then(Life::from_code)
            .unwrap_or(Life::PreActive)
    }

    /// Its state now: dates that have come have moved it.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> Life {
        self.stored_state().at(
            now.seconds(),
            self.date(Tag::ACTIVATION_DATE),
            self.date(Tag::DEACTIVATION_DATE),
        )
    }

    /// Does an object of this type have a state at all? Templates have none.
    #[must_use]
    pub fn has_state(&self) -> bool {
        !matches!(self.object_type, ObjectType::TEMPLATE)
    }

    /// Stores a state and that something changed.
    pub fn set_state(&mut self, state: Life, now: Timestamp) {
        self.attributes.set(Tag::STATE, AttributeValue::Enumeration(state.code()));
        self.touch(now);
    }

    /// Notes that something changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.attributes.set(Tag::LAST_CHANGE_DATE, AttributeValue::DateTime(now.seconds()));
    }
}
