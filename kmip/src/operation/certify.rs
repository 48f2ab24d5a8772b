//! Certify: makes a certificate for a public key.
//!
//! Rules: KMIP 1.4, section 4.7; KMIP 2.1, section 6.1.6.

use crate::attribute::Attributes;
use crate::enums::CertificateRequestType;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;

structure! {
    /// What Certify is given.
    #[derive(Clone, Copy)]
    CertifyRequest<'a> {
        /// The public key; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The certificate request, if it is a managed object (2.x).
        request_unique_identifier: Option<Identifier<'a>> = CERTIFICATE_REQUEST_UNIQUE_IDENTIFIER,
        /// Kind of certificate request.
        request_type: Option<CertificateRequestType> = CERTIFICATE_REQUEST_TYPE,
        /// The certificate request.
        request: Option<&'a [u8]> = CERTIFICATE_REQUEST | CERTIFICATE_REQUEST_VALUE,
        /// Attributes of the new object.
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Certify yields.
    #[derive(Clone, Copy)]
    CertifyResponse<'a> {
        /// The certificate.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
