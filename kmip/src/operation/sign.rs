//! Sign: signs data with a key of the server.
//!
//! Rules: KMIP 1.4, section 4.31; KMIP 2.1, section 6.1.55.

use crate::attribute::CryptographicParameters;
use crate::field::structure;
use crate::identifier::{Data, Identifier};

structure! {
    /// What Sign is given.
    #[derive(Clone, Copy)]
    SignRequest<'a> {
        /// The key; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How; absent means as the key's attributes say.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
        /// What to sign.
        data: Option<Data<'a>> = DATA,
        /// Its digest, instead.
        digested_data: Option<&'a [u8]> = DIGESTED_DATA,
        /// Which stream goes on.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// Whether a stream begins.
        init: Option<bool> = INIT_INDICATOR,
        /// Whether it ends.
        last: Option<bool> = FINAL_INDICATOR,
    }
}

structure! {
    /// What Sign yields.
    #[derive(Clone, Copy)]
    SignResponse<'a> {
        /// The key that was used.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The signature.
        signature_data: Option<&'a [u8]> = SIGNATURE_DATA,
        /// What to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
    }
}
