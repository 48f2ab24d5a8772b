//! Turns a refusal into the result reason that the version spoken has for it.
//!
//! One table for the whole protocol, without a wildcard arm: a new refusal does not compile before it has its reasons.
//! Rules: KMIP 1.4, section 11; KMIP 2.1, sections 6 (error tables) and 11.46. 1.x has few reasons and 2.x many: where 1.x lacks
//! one, the error table of the operation in 1.4 says which it uses.

use crate::enums::ResultReason;
use crate::ttlv::DecodeError;
use crate::version::Version;

/// Why a request, or a batch item, is refused. A variant is what happened, not what it is called on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{}", self.words())]
pub enum Refusal {
    /// No such object, or not the client's: alike on purpose.
    NotFound,
    /// The same, in the tables of 2.x that have a reason of its own for managed objects.
    ObjectNotFound,
    /// The object is there and destroyed.
    Destroyed,
    /// The object is archived.
    Archived,
    /// An object of this identifier is there already (Import).
    AlreadyExists,
    /// The state of the object does not allow it.
    WrongState,
    /// The usage mask of the object does not allow it.
    WrongUsage,
    /// The operation is not for objects of this type.
    WrongObjectType,
    /// The object cannot be used for the operation, where 1.x says that without telling why.
    NotAble,
    /// The same, where 2.x has a reason of its own for it (Check).
    IllegalObjectType,
    /// The client may not.
    PermissionDenied,
    /// The credential is missing or wrong.
    NotAuthenticated,
    /// Attestation is needed and the client can give it.
    AttestationRequired,
    /// The attestation does not hold.
    AttestationFailed,
    /// The message, or the batch item, cannot be read.
    InvalidMessage,
    /// The bytes are not even TTLV (or XML, or JSON).
    BrokenEncoding,
    /// The version is not spoken here.
    VersionNotSupported,
    /// A field has a value it must not have, or is unknown.
    InvalidField,
    /// A field that is optional is needed here.
    MissingData,
    /// No such operation here.
    OperationNotSupported,
    /// The operation is there, the feature is not.
    FeatureNotSupported,
    /// A critical message extension is unknown.
    CriticalExtension,
    /// The response is larger than the client takes.
    ResponseTooLarge,
    /// The cryptography did not work out: wrong key, wrong tag, wrong padding. Alike on purpose.
    CryptographicFailure,
    /// Cryptographic parameters that do not fit together, or do not fit the key.
    BadCryptographicParameters,
    /// Cryptographic parameters that fit, and that policy or the implementation does not offer.
    UnsupportedCryptographicParameters,
    /// The mode needs an IV and none is given.
    MissingInitializationVector,
    /// The mode cannot have a tag of this length.
    InvalidTagLength,
    /// The object is to be quantum safe and its algorithm is not.
    NotQuantumSafe,
    /// The key value is not on this server.
    KeyValueNotPresent,
    /// The object is sensitive and may leave wrapped only.
    Sensitive,
    /// The object may not leave at all.
    NotExtractable,
    /// Not to be had in this key format type.
    KeyFormatTypeNotSupported,
    /// Not to be had in this key compression type.
    KeyCompressionTypeNotSupported,
    /// Not to be had with this key wrap type.
    KeyWrapTypeNotSupported,
    /// Not to be had with this encoding option.
    EncodingOption,
    /// The wrapping key is not there, or not the client's.
    WrappingKeyNotFound,
    /// The wrapping key is archived.
    WrappingKeyArchived,
    /// The wrapping key is destroyed.
    WrappingKeyDestroyed,
    /// What wraps is no key.
    WrappingKeyIsNoKey,
    /// No attribute of this name exists at all.
    UnknownAttribute,
    /// The object does not have the attribute.
    AttributeNotFound,
    /// The object does not have the attribute, so it cannot be changed: it is to be added first.
    AttributeNotSet,
    /// The object has the attribute and not this instance.
    AttributeInstanceNotFound,
    /// The client may not set, change or delete the attribute.
    AttributeReadOnly,
    /// The same, in the tables of 2.x that use its other reason.
    ReadOnlyAttribute,
    /// An offset moves dates from an Activation Date that the object does not have.
    NoActivationDate,
    /// The attribute has one instance and more are given.
    AttributeSingleValued,
    /// The attribute has several instances and the operation takes one.
    AttributeMultiValued,
    /// The attribute does not fit the object.
    InvalidAttribute,
    /// The attribute's value is not one it may have.
    InvalidAttributeValue,
    /// The attribute's value has another type.
    InvalidDataType,
    /// The object has the attribute already, or this value of it.
    AttributeExists,
    /// An index that no instance can have.
    IndexOutOfBounds,
    /// The name that a new object is to have is taken.
    NameNotUnique,
    /// The name that an object is to get later is taken.
    NameTaken,
    /// No application data can be made for this namespace.
    ApplicationNamespaceNotSupported,
    /// No such object group.
    UnknownObjectGroup,
    /// The usage limits are used up.
    UsageLimitExceeded,
    /// A sum leaves the range of its type.
    NumericRange,
    /// No stream of this correlation value.
    InvalidCorrelationValue,
    /// No request of this asynchronous correlation value.
    InvalidAsynchronousCorrelationValue,
    /// The client cancelled the operation.
    Cancelled,
    /// The certificate signing request does not hold.
    InvalidCertificateRequest,
    /// The password of a PKCS#12 container is missing or wrong.
    BadPassword,
    /// The ticket does not hold.
    InvalidTicket,
    /// A constraint forbids it.
    ConstraintViolation,
    /// The asynchronous request was processed already.
    DuplicateProcessRequest,
    /// No storage of the wanted protection.
    ProtectionStorageUnavailable,
    /// The same, for the private half of a pair.
    PrivateProtectionStorageUnavailable,
    /// The same, for the public half of a pair.
    PublicProtectionStorageUnavailable,
    /// A PKCS#11 call's parameters cannot be read.
    Pkcs11Codec,
    /// No such PKCS#11 function.
    Pkcs11Function,
    /// No such PKCS#11 interface.
    Pkcs11Interface,
    /// A quota of the tenant or a bound of the server is reached.
    ServerLimit,
    /// The server cannot just now (its HSM or its store is silent). Trying again may help.
    Unavailable,
    /// An earlier item of the batch failed and this one was undone or not begun.
    GeneralFailure,
}

impl Refusal {
    /// The result reason in `version`.
    #[must_use]
    pub fn reason(self, version: Version) -> ResultReason {
        use ResultReason as R;
        let (old, new) = self.reasons();
        if version.tags_attributes() {
            // The one reason of 2.x that 2.0 lacks.
            let known = new.exists_in(version);
            return if known { new } else { R::INVALID_FIELD };
        }
        if old.exists_in(version) {
            return old;
        }
        // Reasons that came in the course of 1.x, and what the older versions say.
        match old {
            R::ENCODING_OPTION_ERROR => R::INVALID_FIELD,
            R::KEY_VALUE_NOT_PRESENT => R::ILLEGAL_OPERATION,
            R::ATTESTATION_REQUIRED | R::ATTESTATION_FAILED | R::SENSITIVE | R::NOT_EXTRACTABLE => {
                R::PERMISSION_DENIED
            }
            R::OBJECT_ALREADY_EXISTS => R::ILLEGAL_OPERATION,
            _ => R::GENERAL_FAILURE,
        }
    }

    /// The refusal in words fit for a Result Message: nothing of the request, nothing a client may not know.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Refusal::NotFound | Refusal::ObjectNotFound => "no such object",
            Refusal::Destroyed => "object is destroyed",
            Refusal::Archived => "object is archived",
            Refusal::AlreadyExists => "object exists already",
            Refusal::WrongState => "wrong state for the operation",
            Refusal::WrongUsage => "usage mask does not allow the operation",
            Refusal::WrongObjectType | Refusal::IllegalObjectType => "wrong object type for the operation",
            Refusal::NotAble => "object cannot be used for the operation",
            Refusal::PermissionDenied => "permission denied",
            Refusal::NotAuthenticated => "authentication not successful",
            Refusal::AttestationRequired => "attestation required",
            Refusal::AttestationFailed => "attestation failed",
            Refusal::InvalidMessage => "message cannot be understood",
            Refusal::BrokenEncoding => "encoding is broken",
            Refusal::VersionNotSupported => "protocol version not supported",
            Refusal::InvalidField => "invalid field",
            Refusal::MissingData => "data is missing",
            Refusal::OperationNotSupported => "operation not supported",
            Refusal::FeatureNotSupported => "feature not supported",
            Refusal::CriticalExtension => "critical message extension not understood",
            Refusal::ResponseTooLarge => "response too large",
            Refusal::CryptographicFailure => "cryptographic failure",
            Refusal::BadCryptographicParameters => "cryptographic parameters do not fit",
            Refusal::UnsupportedCryptographicParameters => "cryptographic parameters not supported",
            Refusal::MissingInitializationVector => "initialization vector is missing",
            Refusal::InvalidTagLength => "tag length does not fit the mode",
            Refusal::NotQuantumSafe => "algorithm is not quantum safe",
            Refusal::KeyValueNotPresent => "key value is not here",
            Refusal::Sensitive => "object is sensitive",
            Refusal::NotExtractable => "object is not extractable",
            Refusal::KeyFormatTypeNotSupported => "key format type not supported",
            Refusal::KeyCompressionTypeNotSupported => "key compression type not supported",
            Refusal::KeyWrapTypeNotSupported => "key wrap type not supported",
            Refusal::EncodingOption => "encoding option does not fit",
            Refusal::WrappingKeyNotFound => "no such wrapping key",
            Refusal::WrappingKeyArchived => "wrapping key is archived",
            Refusal::WrappingKeyDestroyed => "wrapping key is destroyed",
            Refusal::WrappingKeyIsNoKey => "wrapping object is no key",
            Refusal::UnknownAttribute => "no such attribute in this version",
            Refusal::AttributeNotFound => "object does not have the attribute",
            Refusal::AttributeNotSet => "attribute has no value to change",
            Refusal::AttributeInstanceNotFound => "no such instance of the attribute",
            Refusal::AttributeReadOnly | Refusal::ReadOnlyAttribute => "attribute is read-only",
            Refusal::NoActivationDate => "no activation date to count from",
            Refusal::AttributeSingleValued => "attribute has one instance only",
            Refusal::AttributeMultiValued => "attribute has several instances",
            Refusal::InvalidAttribute => "attribute does not fit the object",
            Refusal::InvalidAttributeValue => "value does not fit the attribute",
            Refusal::InvalidDataType => "type does not fit the attribute",
            Refusal::AttributeExists => "attribute is there already",
            Refusal::IndexOutOfBounds => "attribute index out of bounds",
            Refusal::NameNotUnique => "name is not unique",
            Refusal::NameTaken => "name is taken",
            Refusal::ApplicationNamespaceNotSupported => "application namespace not supported",
            Refusal::UnknownObjectGroup => "no such object group",
            Refusal::UsageLimitExceeded => "usage limits are used up",
            Refusal::NumericRange => "number out of range",
            Refusal::InvalidCorrelationValue => "no such correlation value",
            Refusal::InvalidAsynchronousCorrelationValue => "no such asynchronous correlation value",
            Refusal::Cancelled => "operation was cancelled",
            Refusal::InvalidCertificateRequest => "certificate signing request does not hold",
            Refusal::BadPassword => "wrong password for the container",
            Refusal::InvalidTicket => "ticket does not hold",
            Refusal::ConstraintViolation => "constraint forbids it",
            Refusal::DuplicateProcessRequest => "asynchronous request was processed already",
            Refusal::ProtectionStorageUnavailable => "no storage of the wanted protection",
            Refusal::PrivateProtectionStorageUnavailable => {
                "no storage of the wanted protection for the private key"
            }
            Refusal::PublicProtectionStorageUnavailable => {
                "no storage of the wanted protection for the public key"
            }
            Refusal::Pkcs11Codec => "PKCS#11 parameters cannot be understood",
            Refusal::Pkcs11Function => "no such PKCS#11 function",
            Refusal::Pkcs11Interface => "no such PKCS#11 interface",
            Refusal::ServerLimit => "limit of the server reached",
            Refusal::Unavailable => "server cannot serve this now",
            Refusal::GeneralFailure => "general failure",
        }
    }

    /// The reason in 1.4 and in 2.1.
    fn reasons(self) -> (ResultReason, ResultReason) {
        use ResultReason as R;
        match self {
            Refusal::NotFound => (R::ITEM_NOT_FOUND, R::ITEM_NOT_FOUND),
            Refusal::ObjectNotFound => (R::ITEM_NOT_FOUND, R::OBJECT_NOT_FOUND),
            Refusal::Destroyed => (R::ITEM_NOT_FOUND, R::OBJECT_DESTROYED),
            Refusal::Archived => (R::OBJECT_ARCHIVED, R::OBJECT_ARCHIVED),
            Refusal::AlreadyExists => (R::OBJECT_ALREADY_EXISTS, R::OBJECT_ALREADY_EXISTS),
            Refusal::WrongState => (R::PERMISSION_DENIED, R::WRONG_KEY_LIFECYCLE_STATE),
            Refusal::WrongUsage => (R::PERMISSION_DENIED, R::INCOMPATIBLE_CRYPTOGRAPHIC_USAGE_MASK),
            Refusal::NotAble => (R::PERMISSION_DENIED, R::INVALID_OBJECT_TYPE),
            Refusal::WrongObjectType => (R::ILLEGAL_OPERATION, R::INVALID_OBJECT_TYPE),
            Refusal::IllegalObjectType => (R::ILLEGAL_OPERATION, R::ILLEGAL_OBJECT_TYPE),
            Refusal::PermissionDenied => (R::PERMISSION_DENIED, R::PERMISSION_DENIED),
            Refusal::NotAuthenticated => (R::AUTHENTICATION_NOT_SUCCESSFUL, R::AUTHENTICATION_NOT_SUCCESSFUL),
            Refusal::AttestationRequired => (R::ATTESTATION_REQUIRED, R::ATTESTATION_REQUIRED),
            Refusal::AttestationFailed => (R::ATTESTATION_FAILED, R::ATTESTATION_FAILED),
            Refusal::InvalidMessage => (R::INVALID_MESSAGE, R::INVALID_MESSAGE),
            // 2.1 has Codec Error beside Invalid Message; its cases expect the latter for fields, so only framing uses it.
            Refusal::BrokenEncoding => (R::INVALID_MESSAGE, R::CODEC_ERROR),
            Refusal::VersionNotSupported => (R::INVALID_MESSAGE, R::UNSUPPORTED_PROTOCOL_VERSION),
            Refusal::InvalidField => (R::INVALID_FIELD, R::INVALID_FIELD),
            Refusal::MissingData => (R::MISSING_DATA, R::MISSING_DATA),
            Refusal::OperationNotSupported => (R::OPERATION_NOT_SUPPORTED, R::OPERATION_NOT_SUPPORTED),
            Refusal::FeatureNotSupported => (R::FEATURE_NOT_SUPPORTED, R::FEATURE_NOT_SUPPORTED),
            Refusal::CriticalExtension => (R::FEATURE_NOT_SUPPORTED, R::UNKNOWN_MESSAGE_EXTENSION),
            Refusal::ResponseTooLarge => (R::RESPONSE_TOO_LARGE, R::RESPONSE_TOO_LARGE),
            Refusal::CryptographicFailure => (R::CRYPTOGRAPHIC_FAILURE, R::CRYPTOGRAPHIC_FAILURE),
            Refusal::BadCryptographicParameters => (R::INVALID_FIELD, R::BAD_CRYPTOGRAPHIC_PARAMETERS),
            Refusal::UnsupportedCryptographicParameters => {
                (R::FEATURE_NOT_SUPPORTED, R::UNSUPPORTED_CRYPTOGRAPHIC_PARAMETERS)
            }
            // The published cases (CS-BC-M-11 to -13) want this rather than 2.x's Missing Initialization Vector.
            Refusal::MissingInitializationVector => (R::INVALID_MESSAGE, R::INVALID_MESSAGE),
            // The published cases CS-BC-M-GCM-1, CS-BC-M-CHACHA20POLY1305-1 and QS-M-2 want these two.
            Refusal::InvalidTagLength => (R::GENERAL_FAILURE, R::GENERAL_FAILURE),
            Refusal::NotQuantumSafe => (R::GENERAL_FAILURE, R::GENERAL_FAILURE),
            Refusal::KeyValueNotPresent => (R::KEY_VALUE_NOT_PRESENT, R::KEY_VALUE_NOT_PRESENT),
            Refusal::Sensitive => (R::SENSITIVE, R::SENSITIVE),
            Refusal::NotExtractable => (R::NOT_EXTRACTABLE, R::NOT_EXTRACTABLE),
            Refusal::KeyFormatTypeNotSupported => {
                (R::KEY_FORMAT_TYPE_NOT_SUPPORTED, R::KEY_FORMAT_TYPE_NOT_SUPPORTED)
            }
            Refusal::KeyCompressionTypeNotSupported => {
                (R::KEY_COMPRESSION_TYPE_NOT_SUPPORTED, R::KEY_COMPRESSION_TYPE_NOT_SUPPORTED)
            }
            Refusal::KeyWrapTypeNotSupported => (R::FEATURE_NOT_SUPPORTED, R::KEY_WRAP_TYPE_NOT_SUPPORTED),
            Refusal::EncodingOption => (R::ENCODING_OPTION_ERROR, R::ENCODING_OPTION_ERROR),
            Refusal::WrappingKeyNotFound => (R::ITEM_NOT_FOUND, R::WRAPPING_OBJECT_NOT_FOUND),
            Refusal::WrappingKeyArchived => (R::OBJECT_ARCHIVED, R::WRAPPING_OBJECT_ARCHIVED),
            Refusal::WrappingKeyDestroyed => (R::ITEM_NOT_FOUND, R::WRAPPING_OBJECT_DESTROYED),
            Refusal::WrappingKeyIsNoKey => (R::ILLEGAL_OPERATION, R::INVALID_OBJECT_TYPE),
            Refusal::UnknownAttribute => (R::INVALID_FIELD, R::UNSUPPORTED_ATTRIBUTE),
            Refusal::AttributeNotFound => (R::ITEM_NOT_FOUND, R::ATTRIBUTE_NOT_FOUND),
            Refusal::AttributeNotSet => (R::INVALID_FIELD, R::ATTRIBUTE_NOT_FOUND),
            Refusal::AttributeInstanceNotFound => (R::ITEM_NOT_FOUND, R::ATTRIBUTE_INSTANCE_NOT_FOUND),
            Refusal::AttributeReadOnly => (R::PERMISSION_DENIED, R::ATTRIBUTE_READ_ONLY),
            Refusal::ReadOnlyAttribute => (R::PERMISSION_DENIED, R::READ_ONLY_ATTRIBUTE),
            Refusal::NoActivationDate => (R::ILLEGAL_OPERATION, R::INVALID_FIELD),
            Refusal::AttributeSingleValued => (R::ILLEGAL_OPERATION, R::ATTRIBUTE_SINGLE_VALUED),
            Refusal::AttributeMultiValued => (R::INVALID_FIELD, R::MULTI_VALUED_ATTRIBUTE),
            Refusal::InvalidAttribute => (R::PERMISSION_DENIED, R::INVALID_ATTRIBUTE),
            Refusal::InvalidAttributeValue => (R::INVALID_FIELD, R::INVALID_ATTRIBUTE_VALUE),
            Refusal::InvalidDataType => (R::INVALID_FIELD, R::INVALID_DATA_TYPE),
            Refusal::AttributeExists => (R::ILLEGAL_OPERATION, R::ATTRIBUTE_SINGLE_VALUED),
            Refusal::IndexOutOfBounds => (R::INDEX_OUT_OF_BOUNDS, R::ATTRIBUTE_INSTANCE_NOT_FOUND),
            Refusal::NameNotUnique => (R::INVALID_FIELD, R::NON_UNIQUE_NAME_ATTRIBUTE),
            Refusal::NameTaken => (R::ILLEGAL_OPERATION, R::NON_UNIQUE_NAME_ATTRIBUTE),
            Refusal::ApplicationNamespaceNotSupported => {
                (R::APPLICATION_NAMESPACE_NOT_SUPPORTED, R::APPLICATION_NAMESPACE_NOT_SUPPORTED)
            }
            Refusal::UnknownObjectGroup => (R::INVALID_FIELD, R::UNKNOWN_OBJECT_GROUP),
            Refusal::UsageLimitExceeded => (R::PERMISSION_DENIED, R::USAGE_LIMIT_EXCEEDED),
            Refusal::NumericRange => (R::INVALID_FIELD, R::NUMERIC_RANGE),
            Refusal::InvalidCorrelationValue => (R::ITEM_NOT_FOUND, R::INVALID_CORRELATION_VALUE),
            Refusal::InvalidAsynchronousCorrelationValue => {
                (R::ITEM_NOT_FOUND, R::INVALID_ASYNCHRONOUS_CORRELATION_VALUE)
            }
            Refusal::Cancelled => (R::OPERATION_CANCELED_BY_REQUESTER, R::OPERATION_CANCELED_BY_REQUESTER),
            Refusal::InvalidCertificateRequest => (R::INVALID_FIELD, R::INVALID_CSR),
            Refusal::BadPassword => (R::CRYPTOGRAPHIC_FAILURE, R::BAD_PASSWORD),
            Refusal::InvalidTicket => (R::AUTHENTICATION_NOT_SUCCESSFUL, R::INVALID_TICKET),
            Refusal::ConstraintViolation => (R::PERMISSION_DENIED, R::CONSTRAINT_VIOLATION),
            Refusal::DuplicateProcessRequest => (R::INVALID_FIELD, R::DUPLICATE_PROCESS_REQUEST),
            Refusal::ProtectionStorageUnavailable => {
                (R::FEATURE_NOT_SUPPORTED, R::PROTECTION_STORAGE_UNAVAILABLE)
            }
            Refusal::PrivateProtectionStorageUnavailable => {
                (R::FEATURE_NOT_SUPPORTED, R::PRIVATE_PROTECTION_STORAGE_UNAVAILABLE)
            }
            Refusal::PublicProtectionStorageUnavailable => {
                (R::FEATURE_NOT_SUPPORTED, R::PUBLIC_PROTECTION_STORAGE_UNAVAILABLE)
            }
            Refusal::Pkcs11Codec => (R::OPERATION_NOT_SUPPORTED, R::PKCS_11_CODEC_ERROR),
            Refusal::Pkcs11Function => (R::OPERATION_NOT_SUPPORTED, R::PKCS_11_INVALID_FUNCTION),
            Refusal::Pkcs11Interface => (R::OPERATION_NOT_SUPPORTED, R::PKCS_11_INVALID_INTERFACE),
            Refusal::ServerLimit => (R::PERMISSION_DENIED, R::SERVER_LIMIT_EXCEEDED),
            Refusal::Unavailable => (R::GENERAL_FAILURE, R::INTERNAL_SERVER_ERROR),
            Refusal::GeneralFailure => (R::GENERAL_FAILURE, R::GENERAL_FAILURE),
        }
    }
}

/// What a request gets that cannot be read: KMIP 1.4, section 11.1.
impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Truncated { .. }
            | DecodeError::TooLong { .. }
            | DecodeError::TooDeep { .. }
            | DecodeError::TooManyItems { .. }
            | DecodeError::Malformed { .. }
            | DecodeError::Trailing { .. } => Refusal::BrokenEncoding,
            DecodeError::WrongType { .. } | DecodeError::Missing { .. } | DecodeError::Repeated { .. } => {
                Refusal::InvalidMessage
            }
            DecodeError::BadValue { .. } | DecodeError::Unexpected { .. } => Refusal::InvalidField,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifecycle_refusal_has_another_reason_in_2x() {
        assert_eq!(Refusal::WrongState.reason(Version::V1_4), ResultReason::PERMISSION_DENIED);
        assert_eq!(Refusal::WrongState.reason(Version::V2_0), ResultReason::WRONG_KEY_LIFECYCLE_STATE);
        assert_eq!(Refusal::Destroyed.reason(Version::V1_0), ResultReason::ITEM_NOT_FOUND);
        assert_eq!(Refusal::Destroyed.reason(Version::V2_1), ResultReason::OBJECT_DESTROYED);
    }

    #[test]
    fn what_is_not_there_and_what_is_not_yours_are_one_refusal() {
        for version in Version::NEWEST_FIRST {
            assert_eq!(Refusal::NotFound.reason(version), ResultReason::ITEM_NOT_FOUND);
        }
    }

    #[test]
    fn a_reason_that_the_version_lacks_is_never_given() {
        for version in Version::NEWEST_FIRST {
            for refusal in [
                Refusal::Sensitive,
                Refusal::EncodingOption,
                Refusal::KeyValueNotPresent,
                Refusal::AlreadyExists,
                Refusal::UnknownObjectGroup,
                Refusal::ConstraintViolation,
                Refusal::DuplicateProcessRequest,
                Refusal::IndexOutOfBounds,
                Refusal::WrongObjectType,
                Refusal::AttestationRequired,
                Refusal::Pkcs11Function,
            ] {
                assert!(refusal.reason(version).exists_in(version), "{refusal:?} in {version}");
            }
        }
    }

    #[test]
    fn an_unknown_field_is_an_invalid_field_and_a_repeated_one_an_invalid_message() {
        let tag = crate::tag::Tag::NAME;
        let unknown = DecodeError::Unexpected { offset: 0, within: tag, tag };
        assert_eq!(Refusal::from(unknown), Refusal::InvalidField);
        assert_eq!(Refusal::from(DecodeError::Repeated { offset: 0, tag }), Refusal::InvalidMessage);
    }
}
