//! How a key is, or is to be, wrapped.
//!
//! Rules: KMIP 1.4, sections 2.1.5 and 2.1.6.

use crate::attribute::{AttributeName, CryptographicParameters};
use crate::enums::{EncodingOption, WrappingMethod};
use crate::field::{List, structure};
use crate::identifier::Identifier;

structure! {
    /// Which key wraps (Encryption Key Information) or authenticates (MAC/Signature Key Information), and how.
    #[derive(Clone, Copy)]
    KeyInformation<'a> {
        /// The key.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// How it is used.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
    }
}

structure! {
    /// How a key value was wrapped.
    #[derive(Clone, Copy)]
    KeyWrappingData<'a> {
        /// Encrypt, authenticate, or both.
        method: WrappingMethod = WRAPPING_METHOD,
        /// The encrypting key.
        encryption: Option<KeyInformation<'a>> = ENCRYPTION_KEY_INFORMATION,
        /// The authenticating key.
        mac_signature_key: Option<KeyInformation<'a>> = MAC_SIGNATURE_KEY_INFORMATION,
        /// The MAC or signature.
        mac_signature: Option<&'a [u8]> = MAC_SIGNATURE,
        /// IV, counter or nonce.
        iv_counter_nonce: Option<&'a [u8]> = IV_COUNTER_NONCE,
        /// What was wrapped: the TTLV of the key value (the default), or the bare material.
        encoding: Option<EncodingOption> = ENCODING_OPTION,
    }
}

structure! {
    /// How a key value is to be wrapped.
    #[derive(Clone, Copy)]
    KeyWrappingSpecification<'a> {
        /// Encrypt, authenticate, or both.
        method: WrappingMethod = WRAPPING_METHOD,
        /// The encrypting key.
        encryption: Option<KeyInformation<'a>> = ENCRYPTION_KEY_INFORMATION,
        /// The authenticating key.
        mac_signature_key: Option<KeyInformation<'a>> = MAC_SIGNATURE_KEY_INFORMATION,
        /// Attributes to wrap together with the material.
        attribute_names: List<'a, AttributeName<'a>> = ATTRIBUTE_NAME,
        /// What is to be wrapped.
        encoding: Option<EncodingOption> = ENCODING_OPTION,
    }
}
