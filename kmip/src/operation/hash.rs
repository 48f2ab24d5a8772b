//! Hash: hashes data.
//!
//! Rules: KMIP 1.4, section 4.37; KMIP 2.1, section 6.1.24.

use crate::attribute::CryptographicParameters;
use crate::field::structure;
use crate::identifier::Data;

structure! {
    /// What Hash is given.
    #[derive(Clone, Copy)]
    HashRequest<'a> {
        /// Which hash.
        cryptographic_parameters: CryptographicParameters<'a> = CRYPTOGRAPHIC_PARAMETERS,
        /// What to hash.
        data: Option<Data<'a>> = DATA,
        /// Which stream goes on.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// Whether a stream begins.
        init: Option<bool> = INIT_INDICATOR,
        /// Whether it ends.
        last: Option<bool> = FINAL_INDICATOR,
    }
}

structure! {
    /// What Hash yields.
    #[derive(Clone, Copy)]
    HashResponse<'a> {
        /// The hash.
        data: Option<&'a [u8]> = DATA,
        /// What to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
    }
}
