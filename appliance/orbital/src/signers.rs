//! Who may sign bundles for this box, and how many of them it takes.
//!
//! Separate so that pins are read and judged once, at start, and never again for each bundle.

use holdfast_model::limits::{SIGNER_NAME_BYTES_MAX, SIGNERS_MAX};
use holdfast_ports::settings::Signer;
use p256::ecdsa::VerifyingKey;

/// Uncompressed SEC1 point of P-256.
const POINT_BYTES: usize = 65;

/// Why a set of pins cannot be used. The box must not start with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// Too many, or none.
    #[error("pin 1 to 16 signers")]
    Count,
    /// m of n does not work out.
    #[error("the number of signers needed must be at least 1 and at most the number of signers pinned")]
    Needed,
    /// A name that cannot stand in a signature.
    #[error("signer name {0:?} must have 1 to 64 printable ASCII characters without spaces")]
    Name(String),
    /// Not a public key.
    #[error(
        "the public key of signer {0:?} is not an uncompressed P-256 point (65 bytes, beginning with 04)"
    )]
    Key(String),
    /// The same name or the same key twice: it would look like two people.
    #[error("signer {0:?} is pinned twice, by name or by key")]
    Twice(String),
}

/// The pinned signers.
#[derive(Clone)]
pub struct Signers {
    pinned: Vec<Pinned>,
    needed: usize,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Pinned {
    pub(crate) name: String,
    pub(crate) key: VerifyingKey,
}

impl Signers {
    /// Reads pins. `needed` is how many distinct signers a bundle must have.
    ///
    /// # Errors
    /// [`PinError`]; a box with such pins must not start.
    pub fn pin(pins: &[Signer], needed: u16) -> Result<Self, PinError> {
        if pins.is_empty() || pins.len() > SIGNERS_MAX {
            return Err(PinError::Count);
        }
        let needed = usize::from(needed);
        if needed == 0 || needed > pins.len() {
            return Err(PinError::Needed);
        }
        let mut pinned: Vec<Pinned> = Vec::with_capacity(pins.len());
        for pin in pins {
            let name = pin.kid.clone();
            if !is_signer_name(&name) {
                return Err(PinError::Name(name));
            }
            if pin.public_key.len() != POINT_BYTES {
                return Err(PinError::Key(name));
            }
            let Ok(key) = VerifyingKey::from_sec1_bytes(&pin.public_key) else {
                return Err(PinError::Key(name));
            };
            if pinned.iter().any(|other| other.name == name || other.key == key) {
                return Err(PinError::Twice(name));
            }
            pinned.push(Pinned { name, key });
        }
        Ok(Self { pinned, needed })
    }

    /// The signer with this name.
    pub(crate) fn named(&self, name: &[u8]) -> Option<&Pinned> {
        self.pinned.iter().find(|pinned| pinned.name.as_bytes() == name)
    }

    /// How many distinct signers a bundle must have.
    pub(crate) const fn needed(&self) -> usize {
        self.needed
    }
}

/// 1 to 64 printable ASCII characters, no space: safe in a log and in a receipt.
pub(crate) fn is_signer_name(name: &str) -> bool {
    (1..=SIGNER_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::BundleKey;

    fn pin(name: &str) -> Signer {
        Signer { kid: name.to_owned(), public_key: BundleKey::generate().unwrap().public_point() }
    }

    fn fails(pins: &[Signer], needed: u16) -> PinError {
        Signers::pin(pins, needed).err().unwrap()
    }

    #[test]
    fn signers_are_pinned_by_name_and_key() {
        assert!(Signers::pin(&[pin("alice"), pin("bob")], 2).is_ok());
    }

    #[test]
    fn one_person_cannot_be_pinned_twice_to_count_for_two() {
        let alice = pin("alice");
        let alias = Signer { kid: "bob".to_owned(), ..alice.clone() };
        assert_eq!(fails(&[alice.clone(), alias], 1), PinError::Twice("bob".to_owned()));
        assert_eq!(fails(&[alice, pin("alice")], 1), PinError::Twice("alice".to_owned()));
    }

    #[test]
    fn a_number_of_signers_that_cannot_be_met_or_demands_nobody_is_refused() {
        assert_eq!(fails(&[pin("alice")], 0), PinError::Needed);
        assert_eq!(fails(&[pin("alice")], 2), PinError::Needed);
        assert_eq!(fails(&[], 1), PinError::Count);
        let many: Vec<_> = (0..17).map(|at| pin(&format!("s{at}"))).collect();
        assert_eq!(fails(&many, 1), PinError::Count);
    }

    #[test]
    fn what_is_no_key_or_no_name_is_refused() {
        let alice = pin("alice");
        for key in [vec![], vec![4; 65], alice.public_key[..64].to_vec()] {
            let bad = Signer { kid: "alice".to_owned(), public_key: key };
            assert_eq!(fails(&[bad], 1), PinError::Key("alice".to_owned()));
        }
        for name in ["", "two words", "ä", &"a".repeat(65)] {
            assert_eq!(
                fails(&[Signer { kid: name.to_owned(), ..alice.clone() }], 1),
                PinError::Name(name.to_owned())
            );
        }
    }
}
