//! The structures that attributes have as values, field by field in the order of the standard.
//!
//! Rules: KMIP 1.4, section 3 (and 2.1.18 for RNG Parameters); KMIP 2.1, section 4.

use crate::enums::{
    AlternativeNameType, BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, DrbgAlgorithm,
    Fips186Variation, HashingAlgorithm, KeyFormatType, KeyRoleType, KeyValueLocationType, LinkType,
    MaskGenerator, NameType, PaddingMethod, RecommendedCurve, RevocationReasonCode, RngAlgorithm,
    RotateNameType, UsageLimitsUnit,
};
use crate::field::{List, structure};
use crate::identifier::Identifier;

structure! {
    /// A Name (3.2): what a person calls an object.
    #[derive(Clone, Copy)]
    Name<'a> {
        /// The name itself.
        value: &'a str = NAME_VALUE,
        /// How to read it.
        ty: NameType = NAME_TYPE,
    }
}

structure! {
    /// An Alternative Name.
    #[derive(Clone, Copy)]
    AlternativeName<'a> {
        /// The name itself.
        value: &'a str = ALTERNATIVE_NAME_VALUE,
        /// How to read it.
        ty: AlternativeNameType = ALTERNATIVE_NAME_TYPE,
    }
}

structure! {
    /// A Link to another managed object.
    #[derive(Clone, Copy)]
    Link<'a> {
        /// What the other object is to this one.
        ty: LinkType = LINK_TYPE,
        /// The other object.
        linked: Identifier<'a> = LINKED_OBJECT_IDENTIFIER,
    }
}

structure! {
    /// Cryptographic Parameters: how a key is to be used. Every field is optional.
    #[derive(Clone, Copy, Default)]
    CryptographicParameters<'a> {
        /// Mode of a block cipher.
        block_cipher_mode: Option<BlockCipherMode> = BLOCK_CIPHER_MODE,
        /// Padding of plaintext or signature.
        padding_method: Option<PaddingMethod> = PADDING_METHOD,
        /// Hash, also for OAEP, PSS, HMAC.
        hashing_algorithm: Option<HashingAlgorithm> = HASHING_ALGORITHM,
        /// Role of a key in payments.
        key_role_type: Option<KeyRoleType> = KEY_ROLE_TYPE,
        /// Signature scheme, instead of algorithm, hash and padding.
        digital_signature_algorithm: Option<DigitalSignatureAlgorithm> = DIGITAL_SIGNATURE_ALGORITHM since V1_2,
        /// Algorithm.
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CRYPTOGRAPHIC_ALGORITHM since V1_2,
        /// Whether the server makes the IV.
        random_iv: Option<bool> = RANDOM_IV,
        /// Length of the IV in bits.
        iv_length: Option<i32> = IV_LENGTH,
        /// Length of the authentication tag in bytes.
        tag_length: Option<i32> = TAG_LENGTH,
        /// Length of an IV's fixed field in bits.
        fixed_field_length: Option<i32> = FIXED_FIELD_LENGTH,
        /// Length of an IV's invocation field in bits.
        invocation_field_length: Option<i32> = INVOCATION_FIELD_LENGTH,
        /// Length of a counter in bits.
        counter_length: Option<i32> = COUNTER_LENGTH,
        /// First value of a counter.
        initial_counter_value: Option<i32> = INITIAL_COUNTER_VALUE,
        /// Salt of PSS in bytes.
        salt_length: Option<i32> = SALT_LENGTH,
        /// Mask generator of OAEP and PSS.
        mask_generator: Option<MaskGenerator> = MASK_GENERATOR,
        /// Its hash; SHA-1 if absent.
        mask_generator_hashing_algorithm: Option<HashingAlgorithm> = MASK_GENERATOR_HASHING_ALGORITHM,
        /// The label of OAEP.
        p_source: Option<&'a [u8]> = P_SOURCE,
        /// The trailer of PSS.
        trailer_field: Option<i32> = TRAILER_FIELD,
    }
}

structure! {
    /// Cryptographic Domain Parameters of a key pair to be made.
    #[derive(Clone, Copy, Default)]
    CryptographicDomainParameters {
        /// Bits of the subgroup order.
        qlength: Option<i32> = QLENGTH,
        /// Curve.
        recommended_curve: Option<RecommendedCurve> = RECOMMENDED_CURVE,
    }
}

structure! {
    /// The Digest of an object's value.
    #[derive(Clone, Copy)]
    Digest<'a> {
        /// Hash.
        hashing_algorithm: HashingAlgorithm = HASHING_ALGORITHM,
        /// What it yields.
        digest_value: Option<&'a [u8]> = DIGEST_VALUE,
        /// In which form the object was hashed.
        key_format_type: Option<KeyFormatType> = KEY_FORMAT_TYPE since V1_1,
    }
}

structure! {
    /// Usage Limits: how much a key may still protect.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    UsageLimits {
        /// How much in all; negative is no number.
        total: i64 = USAGE_LIMITS_TOTAL,
        /// How much is left.
        count: Option<i64> = USAGE_LIMITS_COUNT,
        /// Of what.
        unit: UsageLimitsUnit = USAGE_LIMITS_UNIT,
    }
}

structure! {
    /// Why an object was revoked.
    #[derive(Clone, Copy)]
    RevocationReason<'a> {
        /// The reason.
        code: RevocationReasonCode = REVOCATION_REASON_CODE,
        /// More, for people.
        message: Option<&'a str> = REVOCATION_MESSAGE,
    }
}

structure! {
    /// What an application wants to remember.
    #[derive(Clone, Copy)]
    ApplicationSpecificInformation<'a> {
        /// Whose.
        namespace: &'a str = APPLICATION_NAMESPACE,
        /// What. Absent in a request: the server is to make it up.
        data: Option<&'a str> = APPLICATION_DATA,
    }
}

structure! {
    /// X.509 Certificate Identifier.
    #[derive(Clone, Copy)]
    X509CertificateIdentifier<'a> {
        /// Issuer, DER.
        issuer: &'a [u8] = ISSUER_DISTINGUISHED_NAME,
        /// Serial number, DER.
        serial: &'a [u8] = CERTIFICATE_SERIAL_NUMBER,
    }
}

structure! {
    /// X.509 Certificate Subject.
    #[derive(Clone, Copy)]
    X509CertificateSubject<'a> {
        /// Distinguished name, DER; may be empty.
        name: &'a [u8] = SUBJECT_DISTINGUISHED_NAME,
        /// Alternative names, DER.
        alternative: List<'a, &'a [u8]> = SUBJECT_ALTERNATIVE_NAME,
    }
}

structure! {
    /// X.509 Certificate Issuer.
    #[derive(Clone, Copy)]
    X509CertificateIssuer<'a> {
        /// Distinguished name, DER.
        name: &'a [u8] = ISSUER_DISTINGUISHED_NAME,
        /// Alternative names, DER.
        alternative: List<'a, &'a [u8]> = ISSUER_ALTERNATIVE_NAME,
    }
}

structure! {
    /// Certificate Identifier (1.x, deprecated since 1.1).
    #[derive(Clone, Copy)]
    CertificateIdentifier<'a> {
        /// Issuer's name.
        issuer: &'a str = ISSUER,
        /// Serial number.
        serial: Option<&'a str> = SERIAL_NUMBER,
    }
}

structure! {
    /// Certificate Subject (1.x, deprecated since 1.1).
    #[derive(Clone, Copy)]
    CertificateSubject<'a> {
        /// Distinguished name; may be empty.
        name: &'a str = CERTIFICATE_SUBJECT_DISTINGUISHED_NAME,
        /// Alternative names.
        alternative: List<'a, &'a str> = CERTIFICATE_SUBJECT_ALTERNATIVE_NAME,
    }
}

structure! {
    /// Certificate Issuer (1.x, deprecated since 1.1).
    #[derive(Clone, Copy)]
    CertificateIssuer<'a> {
        /// Distinguished name.
        name: &'a str = CERTIFICATE_ISSUER_DISTINGUISHED_NAME,
        /// Alternative names.
        alternative: List<'a, &'a str> = CERTIFICATE_ISSUER_ALTERNATIVE_NAME,
    }
}

structure! {
    /// Where a key value is that the server does not hold.
    #[derive(Clone, Copy)]
    KeyValueLocation<'a> {
        /// The place.
        value: &'a str = KEY_VALUE_LOCATION_VALUE,
        /// How to read it.
        ty: KeyValueLocationType = KEY_VALUE_LOCATION_TYPE,
    }
}

structure! {
    /// RNG Parameters: how random bytes were, or are, made.
    #[derive(Clone, Copy)]
    RngParameters {
        /// Kind of generator.
        rng_algorithm: RngAlgorithm = RNG_ALGORITHM,
        /// Cipher inside.
        cryptographic_algorithm: Option<CryptographicAlgorithm> = CRYPTOGRAPHIC_ALGORITHM,
        /// Its key's bits.
        cryptographic_length: Option<i32> = CRYPTOGRAPHIC_LENGTH,
        /// Hash inside.
        hashing_algorithm: Option<HashingAlgorithm> = HASHING_ALGORITHM,
        /// Kind of DRBG.
        drbg_algorithm: Option<DrbgAlgorithm> = DRBG_ALGORITHM,
        /// Curve inside.
        recommended_curve: Option<RecommendedCurve> = RECOMMENDED_CURVE,
        /// Variation of FIPS 186.
        fips186_variation: Option<Fips186Variation> = FIPS186_VARIATION,
        /// Whether it reseeds for each request.
        prediction_resistance: Option<bool> = PREDICTION_RESISTANCE,
    }
}

structure! {
    /// Rotate Name (2.x).
    #[derive(Clone, Copy)]
    RotateName<'a> {
        /// The name itself.
        value: &'a str = ROTATE_NAME_VALUE,
        /// How to read it.
        ty: RotateNameType = ROTATE_NAME_TYPE,
    }
}
