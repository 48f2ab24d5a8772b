//! Export: gives an object with all its attributes.
//!
//! Rules: KMIP 1.4, section 4.40; KMIP 2.1, section 6.1.18.

use crate::attribute::InlineAttributes;
use crate::enums::{KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};
use crate::field::structure;
use crate::identifier::Identifier;
use crate::object::{KeyWrappingSpecification, Object};

structure! {
    /// What Export is given.
    #[derive(Clone, Copy)]
    ExportRequest<'a> {
        /// The object; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// Format wanted.
        key_format_type: Option<KeyFormatType> = KEY_FORMAT_TYPE,
        /// Whether wrapped as registered.
        key_wrap_type: Option<KeyWrapType> = KEY_WRAP_TYPE,
        /// Compression wanted.
        key_compression_type: Option<KeyCompressionType> = KEY_COMPRESSION_TYPE,
        /// How to wrap it.
        key_wrapping_specification: Option<KeyWrappingSpecification<'a>> = KEY_WRAPPING_SPECIFICATION,
    }
}

structure! {
    /// What Export yields.
    #[derive(Clone, Copy)]
    ExportResponse<'a> {
        /// Its type.
        object_type: ObjectType = OBJECT_TYPE,
        /// The object.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// All of the object's attributes.
        attributes: InlineAttributes<'a> = ATTRIBUTE | ATTRIBUTES,
        /// The object itself; absent if it is destroyed.
        object: Option<Object<'a>> = SYMMETRIC_KEY + PUBLIC_KEY + PRIVATE_KEY + CERTIFICATE + SECRET_DATA + OPAQUE_OBJECT + SPLIT_KEY
            + TEMPLATE + PGP_KEY + CERTIFICATE_REQUEST,
    }
}
