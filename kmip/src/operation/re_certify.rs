//! Re-certify: renews a certificate.
//!
//! Rules: KMIP 1.4, section 4.8; KMIP 2.1, section 6.1.45.

use crate::attribute::Attributes;
use crate::enums::CertificateRequestType;
use crate::field::structure;
use crate::identifier::Identifier;
use crate::mask::ProtectionStorageMasks;
use crate::primitive::Interval;

structure! {
    /// What Re-certify is given.
    #[derive(Clone, Copy)]
    ReCertifyRequest<'a> {
        /// The certificate; absent means the ID Placeholder.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// The certificate request, if it is a managed object (2.x).
        request_unique_identifier: Option<Identifier<'a>> = CERTIFICATE_REQUEST_UNIQUE_IDENTIFIER,
        /// Kind of certificate request.
        request_type: Option<CertificateRequestType> = CERTIFICATE_REQUEST_TYPE,
        /// The certificate request.
        request: Option<&'a [u8]> = CERTIFICATE_REQUEST | CERTIFICATE_REQUEST_VALUE,
        /// From the initial to the activation date.
        offset: Option<Interval> = OFFSET,
        /// Attributes of the new object.
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE | ATTRIBUTES,
        /// Storage that is permitted (2.x).
        protection_storage_masks: Option<ProtectionStorageMasks<'a>> = PROTECTION_STORAGE_MASKS,
    }
}

structure! {
    /// What Re-certify yields.
    #[derive(Clone, Copy)]
    ReCertifyResponse<'a> {
        /// The new certificate.
        unique_identifier: Identifier<'a> = UNIQUE_IDENTIFIER,
        /// Attributes that the server chose (1.x).
        attributes: Option<Attributes<'a>> = TEMPLATE_ATTRIBUTE,
    }
}
