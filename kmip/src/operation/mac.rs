//! MAC: authenticates data with a key of the server.
//!
//! Rules: KMIP 1.4, section 4.33; KMIP 2.1, section 6.1.32.

use crate::attribute::CryptographicParameters;
use crate::field::structure;
use crate::identifier::{Data, Identifier};

structure! {
    /// What MAC is given.
    #[derive(Clone, Copy)]
    MacRequest<'a> {
        /// The key; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How; absent means as the key's attributes say.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
        /// What to authenticate.
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
    /// What MAC yields.
    #[derive(Clone, Copy)]
    MacResponse<'a> {
        /// The key that was used.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// The MAC.
        mac_data: Option<&'a [u8]> = MAC_DATA,
        /// What to go on with.
        correlation_value: Option<&'a [u8]> = CORRELATION_VALUE,
    }
}
