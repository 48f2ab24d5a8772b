//! Keys in pairs: their numbers, the forms they are written in, and what is computed with them.
//!
//! Separate from `aes` because a key here is a structure and not bytes. `numbers` and the two forms beside it know how
//! keys are written; `rsa`, `curve` and `agree` compute.
//! Rules: RFC 8017 (RSA), SEC 1 and RFC 5915 (curves), RFC 5208, RFC 5280 and RFC 8410 (the wrappings), FIPS 186-5.

mod curve;
mod make;
mod ml_dsa;
mod numbers;
mod parsed;
mod private;
mod public;
mod sign;
#[cfg(test)]
mod tests;

pub use curve::Curve;
pub use make::{Made, RSA_BITS, make_curve, make_rsa};
pub use ml_dsa::{MlDsa, SEED_BYTES, make_ml_dsa, public_of};
pub use numbers::{Family, PrivateNumbers, PublicNumbers, RsaPrivate};
pub use parsed::Parsed;
pub use private::{PrivateForm, read_private, write_private};
pub use public::{PublicForm, ml_dsa, read_public, write_public};
pub use sign::{Scheme, agree, decrypt, encrypt, sign, verify};

use super::der::Malformed;

/// Why a key cannot be read from its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// They are not what the form says.
    #[error("the key is not in the form it is said to be in")]
    Malformed,
    /// They may be a key, but of an algorithm or a curve that is not known here.
    #[error("the key's algorithm is not known")]
    Unknown,
}

impl From<Malformed> for KeyError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}
