//! Signature Verify: checks a signature.
//!
//! Rules: KMIP 1.4, section 4.32; KMIP 2.1, section 6.1.56.

use crate::attribute::CryptographicParameters;
use crate::enums::ValidityIndicator;
use crate::field::structure;
use crate::identifier::{Data, Identifier};

structure! {
    /// What Signature Verify is given.
    #[derive(Clone, Copy)]
    SignatureVerifyRequest<'a> {
        /// The key; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How; absent means as the key's attributes say.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
        /// What was signed.
        data: Option<Data<'a>> = DATA,
        /// Its digest, instead.
        digested_data: Option<&'a [u8]> = DIGESTED_DATA,
        /// The signature.
        signature_data: Option<&'a [u8]> = SIGNATURE_DATA,
        /// Which stream goes on.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// Whether a stream begins.
        init: Option<bool> = INIT_INDICATOR,
        /// Whether it ends.
        last: Option<bool> = FINAL_INDICATOR,
    }
}

structure! {
    /// What Signature Verify yields.
    #[derive(Clone, Copy)]
    SignatureVerifyResponse<'a> {
        /// The key that was used.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Whether it holds; absent within a stream.
        validity: Option<ValidityIndicator> = VALIDITY_INDICATOR,
        /// What the signature holds, for schemes that recover it.
        data: Option<&'a [u8]> = DATA,
        /// What to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
    }
}
