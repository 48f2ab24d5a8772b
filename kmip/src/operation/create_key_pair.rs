//! Create Key Pair: makes a private and a public key.
//!
//! Rules: KMIP 1.4, section 4.2; KMIP 2.1, section 6.1.9.

use crate::attribute::Attributes;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;

structure! {
    /// What Create Key Pair is given.
    #[derive(Clone, Copy)]
    CreateKeyPairRequest<'a> {
        /// Attributes of both keys.
        common: Option<Attributes<'a>> = COMMON_TEMPLATE_ATTRIBUTE | COMMON_ATTRIBUTES,
        /// Attributes of the private key.
        private_key: Option<Attributes<'a>> = PRIVATE_KEY_TEMPLATE_ATTRIBUTE | PRIVATE_KEY_ATTRIBUTES,
        /// Attributes of the public key.
        public_key: Option<Attributes<'a>> = PUBLIC_KEY_TEMPLATE_ATTRIBUTE | PUBLIC_KEY_ATTRIBUTES,
        /// Storage that is permitted for both (2.x).
        common_protection_storage_masks: Option<ProtectionStorageMasks<'a>> = COMMON_PROTECTION_STORAGE_MASKS,
        /// Storage that is permitted for the private key (2.x).
        private_protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PRIVATE_PROTECTION_STORAGE_MASKS,
        /// Storage that is permitted for the public key (2.x).
        public_protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PUBLIC_PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Create Key Pair yields.
    #[derive(Clone, Copy)]
    CreateKeyPairResponse<'a> {
        /// The private key.
        private_key_unique_identifier: Identifier<'a> = PRIVATE_KEY_UNIQUE_IDENTIFIER,
        /// The public key.
        public_key_unique_identifier: Identifier<'a> = PUBLIC_KEY_UNIQUE_IDENTIFIER,
        /// Attributes that the server chose for the private key (1.x).
        private_key: Option<Attributes<'a>> = PRIVATE_KEY_TEMPLATE_ATTRIBUTE,
        /// Attributes that the server chose for the public key (1.x).
        public_key: Option<Attributes<'a>> = PUBLIC_KEY_TEMPLATE_ATTRIBUTE,
    }
}
