//! Re-Provision: renews the credential that a client speaks with.
//!
//! Rules: KMIP 2.1, section 6.1.48.

use crate::field::structure;
use crate::identifier::Identifier;
use crate::object::{Certificate, CertificateRequest};

structure! {
    /// What Re-Provision is given.
    #[derive(Clone, Copy)]
    ReProvisionRequest<'a> {
        /// The certificate request to sign.
        request: Option<CertificateRequest<'a>> = CERTIFICATE_REQUEST,
        /// The certificate that replaces the present one.
        certificate: Option<Certificate<'a>> = CERTIFICATE,
    }
}

structure! {
    /// What Re-Provision yields.
    #[derive(Clone, Copy)]
    ReProvisionResponse<'a> {
        /// The certificate or private key.
        unique_identifier: Option<Identifier<'a>> = UNIQUE_IDENTIFIER,
    }
}
