//! Validate: checks a chain of certificates.
//!
//! Rules: KMIP 1.4, section 4.24; KMIP 2.1, section 6.1.57.

use crate::enums::ValidityIndicator;
use crate::field::{List, structure};
use crate::identifier::Identifier;
use crate::object::Certificate;
use crate::primitive::DateTime;

structure! {
    /// What Validate is given.
    #[derive(Clone, Copy)]
    ValidateRequest<'a> {
        /// Certificates.
        certificates: List<'a, Certificate<'a>> = CERTIFICATE,
        /// Certificates that are managed objects.
        unique_identifiers: List<'a, Identifier<'a>> = UNIQUE_IDENTIFIER,
        /// When it must be valid; now if absent.
        validity_date: Option<DateTime> = VALIDITY_DATE,
    }
}

structure! {
    /// What Validate yields.
    #[derive(Clone, Copy)]
    ValidateResponse {
        /// Whether it is.
        validity: ValidityIndicator = VALIDITY_INDICATOR,
    }
}
