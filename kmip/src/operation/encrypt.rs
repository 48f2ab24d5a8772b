//! Encrypt: encrypts with a key of the server.
//!
//! Rules: KMIP 1.4, section 4.29; KMIP 2.1, section 6.1.17.

use crate::attribute::CryptographicParameters;
use crate::field::structure;
use crate::identifier::{Data, Identifier};

structure! {
    /// What Encrypt is given.
    #[derive(Clone, Copy)]
    EncryptRequest<'a> {
        /// The key; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How; absent means as the key's attributes say.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
        /// The plaintext.
        data: Option<Data<'a>> = DATA,
        /// IV, counter or nonce.
        iv_counter_nonce: Option<&'a [u8]> = IV_COUNTER_NONCE,
        /// Which stream goes on.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// Whether a stream begins.
        init: Option<bool> = INIT_INDICATOR,
        /// Whether it ends.
        last: Option<bool> = FINAL_INDICATOR,
        /// What is authenticated and not encrypted.
        additional_data: Option<&'a [u8]> = AUTHENTICATED_ENCRYPTION_ADDITIONAL_DATA,
    }
}

structure! {
    /// What Encrypt yields.
    #[derive(Clone, Copy)]
    EncryptResponse<'a> {
        /// The key that was used.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The ciphertext.
        data: Option<&'a [u8]> = DATA,
        /// The IV, if the server made it.
        iv_counter_nonce: Option<&'a [u8]> = IV_COUNTER_NONCE,
        /// What to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// What authenticates it.
        tag: Option<&'a [u8]> = AUTHENTICATED_ENCRYPTION_TAG,
    }
}
