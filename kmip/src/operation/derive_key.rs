//! Derive Key: derives a key or secret data from others.
//!
//! Rules: KMIP 1.4, section 4.6; KMIP 2.1, section 6.1.14.

use crate::attribute::{Attributes, CryptographicParameters};
use crate::enums::{DerivationMethod, ObjectType};
use crate::field::{List, structure};
use crate::identifier::Identifier;

structure! {
    /// What Derive Key is given.
    #[derive(Clone, Copy)]
    DeriveKeyRequest<'a> {
        /// What to make.
        object_type: ObjectType = OBJECT_TYPE,
        /// What to derive from, the key first.
        unique_identifiers: List<'a, Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// How.
        method: DerivationMethod = DERIVATION_METHOD,
        /// With what.
        parameters: DerivationParameters<'a> = DERIVATION_PARAMETERS,
        /// Attributes of the new object.
        attributes: Attributes<'a> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
    }
}

structure! {
    /// What Derive Key yields.
    #[derive(Clone, Copy)]
    DeriveKeyResponse<'a> {
        /// The new object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}

structure! {
    /// What a derivation needs besides the key; which fields, depends on the method.
    #[derive(Clone, Copy)]
    DerivationParameters<'a> {
        /// Hash, cipher and mode.
        cryptographic_parameters: Option<CryptographicParameters<'a>> = CRYPTOGRAPHIC_PARAMETERS,
        /// IV; absent means empty.
        initialization_vector: Option<&'a [u8]> = INITIALIZATION_VECTOR,
        /// Data; absent if a Secret Data object gives it. Several for AWS Signature Version 4: date, region, service.
        derivation_data: List<'a, &'a [u8]> = DERIVATION_DATA,
        /// Salt of PBKDF2 and HKDF.
        salt: Option<&'a [u8]> = SALT,
        /// Iterations of PBKDF2.
        iteration_count: Option<i32> = ITERATION_COUNT,
    }
}
