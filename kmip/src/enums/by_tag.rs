//! Tells which list an enumerated or masked field takes its names from.
//!
//! Separate from the lists because encodings that spell names out (XML, JSON) need it and TTLV does not.

use super::*;
use crate::mask::{CryptographicUsageMask, ProtectionStorageMask, StorageStatusMask};
use crate::tag::Tag;

/// The names that a field's value may be spelled with.
#[derive(Clone, Copy, Debug)]
pub enum Listed {
    /// One of these.
    Enumeration(&'static Names),
    /// Any set of these.
    Mask(&'static Names),
    /// A tag: the value names an attribute.
    Tag,
}

/// The list for the field `tag`, if its values have names.
#[must_use]
pub fn listed(tag: Tag) -> Option<Listed> {
    let names = match tag {
        Tag::CRYPTOGRAPHIC_USAGE_MASK => return Some(Listed::Mask(CryptographicUsageMask::NAMES)),
        Tag::STORAGE_STATUS_MASK => return Some(Listed::Mask(StorageStatusMask::NAMES)),
        Tag::PROTECTION_STORAGE_MASK => return Some(Listed::Mask(ProtectionStorageMask::NAMES)),
        Tag::ATTRIBUTE_REFERENCE => return Some(Listed::Tag),
        // An enumeration may stand for these strings since 2.0.
        Tag::UNIQUE_IDENTIFIER
        | Tag::LINKED_OBJECT_IDENTIFIER
        | Tag::PRIVATE_KEY_UNIQUE_IDENTIFIER
        | Tag::PUBLIC_KEY_UNIQUE_IDENTIFIER => UniqueIdentifierItem::NAMES,
        Tag::DATA => DataItem::NAMES,
        Tag::ADJUSTMENT_TYPE => AdjustmentType::NAMES,
        Tag::ALTERNATIVE_NAME_TYPE => AlternativeNameType::NAMES,
        Tag::ASYNCHRONOUS_INDICATOR => AsynchronousIndicator::NAMES,
        Tag::ATTESTATION_TYPE => AttestationType::NAMES,
        Tag::BATCH_ERROR_CONTINUATION_OPTION => BatchErrorContinuationOption::NAMES,
        Tag::BLOCK_CIPHER_MODE => BlockCipherMode::NAMES,
        Tag::CANCELLATION_RESULT => CancellationResult::NAMES,
        Tag::CERTIFICATE_REQUEST_TYPE => CertificateRequestType::NAMES,
        Tag::CERTIFICATE_TYPE => CertificateType::NAMES,
        Tag::CLIENT_REGISTRATION_METHOD => ClientRegistrationMethod::NAMES,
        Tag::CREDENTIAL_TYPE => CredentialType::NAMES,
        Tag::CRYPTOGRAPHIC_ALGORITHM => CryptographicAlgorithm::NAMES,
        Tag::DERIVATION_METHOD => DerivationMethod::NAMES,
        Tag::DESTROY_ACTION => DestroyAction::NAMES,
        Tag::DIGITAL_SIGNATURE_ALGORITHM => DigitalSignatureAlgorithm::NAMES,
        Tag::DRBG_ALGORITHM => DrbgAlgorithm::NAMES,
        Tag::ENCODING_OPTION => EncodingOption::NAMES,
        Tag::ENDPOINT_ROLE => EndpointRole::NAMES,
        Tag::FIPS186_VARIATION => Fips186Variation::NAMES,
        Tag::HASHING_ALGORITHM => HashingAlgorithm::NAMES,
        Tag::INTEROP_FUNCTION => InteropFunction::NAMES,
        Tag::KEY_COMPRESSION_TYPE => KeyCompressionType::NAMES,
        Tag::KEY_FORMAT_TYPE => KeyFormatType::NAMES,
        Tag::KEY_ROLE_TYPE => KeyRoleType::NAMES,
        Tag::KEY_VALUE_LOCATION_TYPE => KeyValueLocationType::NAMES,
        Tag::KEY_WRAP_TYPE => KeyWrapType::NAMES,
        Tag::LINK_TYPE => LinkType::NAMES,
        Tag::MASK_GENERATOR => MaskGenerator::NAMES,
        Tag::MASK_GENERATOR_HASHING_ALGORITHM => HashingAlgorithm::NAMES,
        Tag::NAME_TYPE => NameType::NAMES,
        Tag::NIST_KEY_TYPE => NistKeyType::NAMES,
        Tag::OBJECT_GROUP_MEMBER => ObjectGroupMember::NAMES,
        Tag::OBJECT_TYPE => ObjectType::NAMES,
        Tag::OPAQUE_DATA_TYPE => OpaqueDataType::NAMES,
        Tag::OPERATION => Operation::NAMES,
        Tag::PADDING_METHOD => PaddingMethod::NAMES,
        Tag::PKCS_11_FUNCTION => Pkcs11Function::NAMES,
        Tag::PKCS_11_RETURN_CODE => Pkcs11ReturnCode::NAMES,
        Tag::PROCESSING_STAGE => ProcessingStage::NAMES,
        Tag::PROFILE_NAME => ProfileName::NAMES,
        Tag::PROTECTION_LEVEL => ProtectionLevel::NAMES,
        Tag::PUT_FUNCTION => PutFunction::NAMES,
        Tag::QUERY_FUNCTION => QueryFunction::NAMES,
        Tag::RECOMMENDED_CURVE => RecommendedCurve::NAMES,
        Tag::RESULT_REASON => ResultReason::NAMES,
        Tag::RESULT_STATUS => ResultStatus::NAMES,
        Tag::REVOCATION_REASON_CODE => RevocationReasonCode::NAMES,
        Tag::RNG_ALGORITHM => RngAlgorithm::NAMES,
        Tag::RNG_MODE => RngMode::NAMES,
        Tag::ROTATE_NAME_TYPE => RotateNameType::NAMES,
        Tag::SECRET_DATA_TYPE => SecretDataType::NAMES,
        Tag::SHREDDING_ALGORITHM => ShreddingAlgorithm::NAMES,
        Tag::SPLIT_KEY_METHOD => SplitKeyMethod::NAMES,
        Tag::STATE => State::NAMES,
        Tag::TICKET_TYPE => TicketType::NAMES,
        Tag::UNWRAP_MODE => UnwrapMode::NAMES,
        Tag::USAGE_LIMITS_UNIT => UsageLimitsUnit::NAMES,
        Tag::VALIDATION_AUTHORITY_TYPE => ValidationAuthorityType::NAMES,
        Tag::VALIDATION_TYPE => ValidationType::NAMES,
        Tag::VALIDITY_INDICATOR => ValidityIndicator::NAMES,
        Tag::WRAPPING_METHOD => WrappingMethod::NAMES,
        _ => return None,
    };
    Some(Listed::Enumeration(names))
}
