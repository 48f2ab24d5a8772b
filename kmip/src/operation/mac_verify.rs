//! MAC Verify: checks a MAC.
//!
//! Rules: KMIP 1.4, section 4.34; KMIP 2.1, section 6.1.33.

use crate::attribute::CryptographicParameters;
use crate::enums::ValidityIndicator;
use crate::field::structure;
use crate::identifier::{Data, Identifier};

structure! {
    /// What MAC Verify is given.
    #[derive(Clone, Copy)]
    MacVerifyRequest<'a> {
        /// The key; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How; absent means as the key's attributes say.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
        /// What was authenticated.
        data: Option<Data<'a>> = DATA,
        /// The MAC.
        mac_data: Option<&'a [u8]> = MAC_DATA,
        /// Which stream goes on.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
        /// Whether a stream begins.
        init: Option<bool> = INIT_INDICATOR,
        /// Whether it ends.
        last: Option<bool> = FINAL_INDICATOR,
    }
}

structure! {
    /// What MAC Verify yields.
    #[derive(Clone, Copy)]
    MacVerifyResponse<'a> {
        /// The key that was used.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Whether it holds; absent within a stream.
        validity: Option<ValidityIndicator> = VALIDITY_INDICATOR,
        /// What to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
    }
}
