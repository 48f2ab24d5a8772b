//! What our own errors are called outside: KMIP refusals for the client, fixed words for the audit log.
//!
//! No wildcard arm: a new error does not compile before somebody has decided what it is called.
//! Rules: KMIP 1.4, section 11; `kmip::result` has the reason of each refusal in each version.

use crate::crypto::CipherError;
use crate::scope::ScopeError;
use kmip::result::Refusal;

/// What a client is told when keys, records or the audit log are not to be had.
#[must_use]
pub fn of_scope(error: ScopeError) -> Refusal {
    match error {
        ScopeError::NotThere => Refusal::NotFound,
        ScopeError::Revoked => Refusal::PermissionDenied,
        ScopeError::StoreFull => Refusal::ServerLimit,
        ScopeError::Sealed
        | ScopeError::StoreUnavailable
        | ScopeError::Conflict
        | ScopeError::NoMemory
        | ScopeError::Busy
        | ScopeError::Unaudited => Refusal::Unavailable,
        ScopeError::NotAuthentic => Refusal::GeneralFailure,
    }
}

/// What a client is told when the cryptography did not work out.
#[must_use]
pub fn of_cipher(error: CipherError) -> Refusal {
    match error {
        CipherError::KeyLength | CipherError::IvLength | CipherError::CounterExhausted => {
            Refusal::BadCryptographicParameters
        }
        // The specification has no reason of its own for this one; the profiles' cases expect General Failure.
        CipherError::TagLength => Refusal::GeneralFailure,
        CipherError::DataLength | CipherError::NotAuthentic | CipherError::Library => {
            Refusal::CryptographicFailure
        }
        CipherError::NoMemory => Refusal::Unavailable,
    }
}

/// What the audit log says.
#[must_use]
pub fn word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotFound | Refusal::ObjectNotFound => "not-found",
        Refusal::Destroyed => "destroyed",
        Refusal::Archived => "archived",
        Refusal::AlreadyExists => "already-exists",
        Refusal::WrongState => "wrong-state",
        Refusal::WrongUsage => "wrong-usage",
        Refusal::WrongObjectType | Refusal::IllegalObjectType => "wrong-object-type",
        Refusal::NotAble => "not-able",
        Refusal::PermissionDenied => "permission-denied",
        Refusal::NotAuthenticated => "not-authenticated",
        Refusal::AttestationRequired => "attestation-required",
        Refusal::AttestationFailed => "attestation-failed",
        Refusal::InvalidMessage => "invalid-message",
        Refusal::BrokenEncoding => "broken-encoding",
        Refusal::VersionNotSupported => "version-not-supported",
        Refusal::InvalidField => "invalid-field",
        Refusal::MissingData => "missing-data",
        Refusal::OperationNotSupported => "operation-not-supported",
        Refusal::FeatureNotSupported => "feature-not-supported",
        Refusal::CriticalExtension => "critical-extension",
        Refusal::ResponseTooLarge => "response-too-large",
        Refusal::CryptographicFailure => "cryptographic-failure",
        Refusal::BadCryptographicParameters => "bad-cryptographic-parameters",
        Refusal::UnsupportedCryptographicParameters => "unsupported-cryptographic-parameters",
        Refusal::MissingInitializationVector => "missing-initialization-vector",
        Refusal::InvalidTagLength => "invalid-tag-length",
        Refusal::NotQuantumSafe => "not-quantum-safe",
        Refusal::KeyValueNotPresent => "key-value-not-present",
        Refusal::Sensitive => "sensitive",
        Refusal::NotExtractable => "not-extractable",
        Refusal::KeyFormatTypeNotSupported => "key-format-type-not-supported",
        Refusal::KeyCompressionTypeNotSupported => "key-compression-type-not-supported",
        Refusal::KeyWrapTypeNotSupported => "key-wrap-type-not-supported",
        Refusal::EncodingOption => "encoding-option",
        Refusal::WrappingKeyNotFound => "wrapping-key-not-found",
        Refusal::WrappingKeyArchived => "wrapping-key-archived",
        Refusal::WrappingKeyDestroyed => "wrapping-key-destroyed",
        Refusal::WrappingKeyIsNoKey => "wrapping-key-is-no-key",
        Refusal::UnknownAttribute => "unknown-attribute",
        Refusal::AttributeNotFound => "attribute-not-found",
        Refusal::AttributeNotSet => "attribute-not-set",
        Refusal::AttributeInstanceNotFound => "attribute-instance-not-found",
        Refusal::AttributeReadOnly | Refusal::ReadOnlyAttribute => "attribute-read-only",
        Refusal::NoActivationDate => "no-activation-date",
        Refusal::AttributeSingleValued => "attribute-single-valued",
        Refusal::AttributeMultiValued => "attribute-multi-valued",
        Refusal::InvalidAttribute => "invalid-attribute",
        Refusal::InvalidAttributeValue => "invalid-attribute-value",
        Refusal::InvalidDataType => "invalid-data-type",
        Refusal::IndexOutOfBounds => "index-out-of-bounds",
        Refusal::AttributeExists => "attribute-exists",
        Refusal::NameTaken => "name-taken",
        Refusal::NameNotUnique => "name-not-unique",
        Refusal::ApplicationNamespaceNotSupported => "application-namespace-not-supported",
        Refusal::UnknownObjectGroup => "unknown-object-group",
        Refusal::UsageLimitExceeded => "usage-limit-exceeded",
        Refusal::NumericRange => "numeric-range",
        Refusal::InvalidCorrelationValue => "invalid-correlation-value",
        Refusal::InvalidAsynchronousCorrelationValue => "invalid-asynchronous-correlation-value",
        Refusal::Cancelled => "cancelled",
        Refusal::InvalidCertificateRequest => "invalid-certificate-request",
        Refusal::BadPassword => "bad-password",
        Refusal::InvalidTicket => "invalid-ticket",
        Refusal::ConstraintViolation => "constraint-violation",
        Refusal::DuplicateProcessRequest => "duplicate-process-request",
        Refusal::ProtectionStorageUnavailable => "protection-storage-unavailable",
        Refusal::PrivateProtectionStorageUnavailable => "private-protection-storage-unavailable",
        Refusal::PublicProtectionStorageUnavailable => "public-protection-storage-unavailable",
        Refusal::Pkcs11Codec => "pkcs-eleven-codec",
        Refusal::Pkcs11Function => "pkcs-eleven-function",
        Refusal::Pkcs11Interface => "pkcs-eleven-interface",
        Refusal::ServerLimit => "server-limit",
        Refusal::Unavailable => "unavailable",
        Refusal::GeneralFailure => "general-failure",
    }
}
