//! Re-key Key Pair: makes a key pair that replaces another.
//!
//! Rules: KMIP 1.4, section 4.5; KMIP 2.1, section 6.1.47.

use crate::attribute::Attributes;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;
use crate::primitive::Interval;

structure! {
    /// What Re-key Key Pair is given.
    #[derive(Clone, Copy)]
    ReKeyKeyPairRequest<'a> {
        /// The private key to replace; absent means the ID Placeholder.
        private_key_unique_identifier: Option<Identifier<'a>> = PRIVATE_KEY_UNIQUE_IDENTIFIER,
        /// From the initial to the activation date.
        offset: Option<Interval> = OFFSET,
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
    /// What Re-key Key Pair yields.
    #[derive(Clone, Copy)]
    ReKeyKeyPairResponse<'a> {
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
