//! The attributes of PKCS#11: of which objects, of what type, who may set them when, and what KMIP calls them.
//!
//! What KMIP has no word for is kept as an attribute of the vendor `PKCS11`, which the appliance knows and guards.
//! Rules: PKCS#11 3.2, sections 4.4 to 4.15, and the footnotes of table 11.

use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_OBJECT_CLASS};

/// Vendor identification of what only PKCS#11 has.
pub(crate) const VENDOR: &str = "PKCS11";
/// Marks what belongs to one session; the appliance shows it to nobody who does not name it.
pub(crate) const SESSION: &str = "session";

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CK_BBOOL.
    Bool,
    /// CK_ULONG.
    Ulong,
    /// Bytes, text, big integers, arrays of mechanisms.
    Bytes,
    /// CK_DATE, or nothing.
    Date,
    /// CK_ATTRIBUTE array.
    Template,
}

/// Classes, as bits.
pub(crate) mod of {
    pub(crate) const DATA: u8 = 1;
    pub(crate) const CERTIFICATE: u8 = 2;
    pub(crate) const PUBLIC: u8 = 4;
    pub(crate) const PRIVATE: u8 = 8;
    pub(crate) const SECRET: u8 = 16;
    pub(crate) const DOMAIN: u8 = 32;
    pub(crate) const KEY: u8 = PUBLIC | PRIVATE | SECRET;
    pub(crate) const HIDDEN: u8 = PRIVATE | SECRET;
    pub(crate) const ALL: u8 = DATA | CERTIFICATE | KEY | DOMAIN;
}

/// What a template may do, as bits.
pub(crate) mod may {
    /// Given to C_CreateObject.
    pub(crate) const CREATE: u8 = 1;
    /// Given when a key is generated.
    pub(crate) const GENERATE: u8 = 2;
    /// Given when a key is unwrapped, derived or decapsulated.
    pub(crate) const UNWRAP: u8 = 4;
    /// Changed afterwards.
    pub(crate) const SET: u8 = 8;
    /// Given to C_CopyObject although it is not changed otherwise.
    pub(crate) const COPY: u8 = 16;
    pub(crate) const GIVE: u8 = CREATE | GENERATE | UNWRAP;
    pub(crate) const ANY: u8 = GIVE | SET;
}

/// Where the value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// An attribute of the vendor, of this name.
    Vendor,
    /// A bit of the usage mask.
    Usage,
    /// Follows from the object, or KMIP has it.
    Object,
}

/// One attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Its number.
    pub(crate) ty: CK_ATTRIBUTE_TYPE,
    /// Its name, also in the vendor's attributes.
    pub(crate) name: &'static str,
    /// How its value is written.
    pub(crate) kind: Kind,
    /// Objects that have it.
    pub(crate) classes: u8,
    /// Who may set it.
    pub(crate) rules: u8,
    /// Where it is.
    pub(crate) place: Place,
}

macro_rules! rows {
    ($( $name:ident $kind:ident $classes:expr, $rules:expr, $place:ident; )*) => {
        /// Every attribute that there is.
        pub(crate) const TABLE: &[Row] = &[
            $( Row {
                ty: ck::$name, name: stringify!($name), kind: Kind::$kind, classes: $classes, rules: $rules,
                place: Place::$place,
            }, )*
        ];
    };
}

rows! {
    CKA_CLASS Ulong of::ALL, may::GIVE, Object;
    CKA_TOKEN Bool of::ALL, may::GIVE | may::COPY, Object;
    CKA_PRIVATE Bool of::ALL, may::GIVE | may::COPY, Vendor;
    CKA_MODIFIABLE Bool of::ALL, may::GIVE | may::COPY, Vendor;
    CKA_COPYABLE Bool of::ALL, may::ANY, Vendor;
    CKA_DESTROYABLE Bool of::ALL, may::GIVE | may::COPY, Vendor;
    CKA_LABEL Bytes of::ALL, may::ANY, Vendor;
    CKA_UNIQUE_ID Bytes of::ALL, 0, Object;
    CKA_APPLICATION Bytes of::DATA, may::CREATE | may::SET, Vendor;
    CKA_OBJECT_ID Bytes of::DATA, may::CREATE | may::SET, Vendor;
    CKA_VALUE Bytes of::DATA | of::CERTIFICATE | of::KEY, may::CREATE, Object;
    CKA_CERTIFICATE_TYPE Ulong of::CERTIFICATE, may::CREATE, Object;
    CKA_TRUSTED Bool of::CERTIFICATE | of::PUBLIC | of::SECRET, may::ANY, Vendor;
    CKA_CERTIFICATE_CATEGORY Ulong of::CERTIFICATE, may::CREATE | may::SET, Vendor;
    CKA_JAVA_MIDP_SECURITY_DOMAIN Ulong of::CERTIFICATE, may::CREATE | may::SET, Vendor;
    CKA_CHECK_VALUE Bytes of::CERTIFICATE | of::SECRET, may::GIVE, Vendor;
    CKA_SUBJECT Bytes of::CERTIFICATE | of::PUBLIC | of::PRIVATE, may::ANY, Vendor;
    CKA_ID Bytes of::CERTIFICATE | of::KEY, may::ANY, Vendor;
    CKA_ISSUER Bytes of::CERTIFICATE, may::CREATE | may::SET, Vendor;
    CKA_SERIAL_NUMBER Bytes of::CERTIFICATE, may::CREATE | may::SET, Vendor;
    CKA_URL Bytes of::CERTIFICATE, may::CREATE, Vendor;
    CKA_HASH_OF_SUBJECT_PUBLIC_KEY Bytes of::CERTIFICATE, may::CREATE, Vendor;
    CKA_HASH_OF_ISSUER_PUBLIC_KEY Bytes of::CERTIFICATE, may::CREATE, Vendor;
    CKA_NAME_HASH_ALGORITHM Ulong of::CERTIFICATE, may::CREATE, Vendor;
    CKA_START_DATE Date of::CERTIFICATE | of::KEY, may::ANY, Vendor;
    CKA_END_DATE Date of::CERTIFICATE | of::KEY, may::ANY, Vendor;
    CKA_PUBLIC_KEY_INFO Bytes of::CERTIFICATE | of::PUBLIC | of::PRIVATE, may::GIVE, Vendor;
    CKA_KEY_TYPE Ulong of::KEY | of::DOMAIN, may::GIVE, Object;
    CKA_DERIVE Bool of::KEY, may::ANY, Usage;
    CKA_LOCAL Bool of::KEY | of::DOMAIN, 0, Object;
    CKA_KEY_GEN_MECHANISM Ulong of::KEY, 0, Object;
    CKA_ALLOWED_MECHANISMS Bytes of::KEY, may::GIVE, Vendor;
    CKA_SENSITIVE Bool of::HIDDEN, may::ANY, Object;
    CKA_ENCRYPT Bool of::PUBLIC | of::SECRET, may::ANY, Usage;
    CKA_DECRYPT Bool of::HIDDEN, may::ANY, Usage;
    CKA_WRAP Bool of::PUBLIC | of::SECRET, may::ANY, Usage;
    CKA_UNWRAP Bool of::HIDDEN, may::ANY, Usage;
    CKA_SIGN Bool of::HIDDEN, may::ANY, Usage;
    CKA_SIGN_RECOVER Bool of::PRIVATE, may::ANY, Vendor;
    CKA_VERIFY Bool of::PUBLIC | of::SECRET, may::ANY, Usage;
    CKA_VERIFY_RECOVER Bool of::PUBLIC, may::ANY, Vendor;
    CKA_ENCAPSULATE Bool of::PUBLIC, may::ANY, Vendor;
    CKA_DECAPSULATE Bool of::PRIVATE, may::ANY, Vendor;
    CKA_EXTRACTABLE Bool of::HIDDEN, may::ANY, Object;
    CKA_NEVER_EXTRACTABLE Bool of::HIDDEN, 0, Object;
    CKA_ALWAYS_SENSITIVE Bool of::HIDDEN, 0, Object;
    CKA_ALWAYS_AUTHENTICATE Bool of::PRIVATE, may::GIVE, Vendor;
    CKA_WRAP_WITH_TRUSTED Bool of::HIDDEN, may::ANY, Vendor;
    CKA_WRAP_TEMPLATE Template of::PUBLIC | of::SECRET, may::GIVE, Vendor;
    CKA_UNWRAP_TEMPLATE Template of::HIDDEN, may::GIVE, Vendor;
    CKA_DERIVE_TEMPLATE Template of::HIDDEN, may::GIVE, Vendor;
    CKA_ENCAPSULATE_TEMPLATE Template of::PUBLIC, may::GIVE, Vendor;
    CKA_DECAPSULATE_TEMPLATE Template of::PRIVATE, may::GIVE, Vendor;
    CKA_MODULUS Bytes of::PUBLIC | of::PRIVATE, may::CREATE, Object;
    CKA_MODULUS_BITS Ulong of::PUBLIC, may::GENERATE, Object;
    CKA_PUBLIC_EXPONENT Bytes of::PUBLIC | of::PRIVATE, may::CREATE | may::GENERATE, Object;
    CKA_PRIVATE_EXPONENT Bytes of::PRIVATE, may::CREATE, Object;
    CKA_PRIME_1 Bytes of::PRIVATE, may::CREATE, Object;
    CKA_PRIME_2 Bytes of::PRIVATE, may::CREATE, Object;
    CKA_EXPONENT_1 Bytes of::PRIVATE, may::CREATE, Object;
    CKA_EXPONENT_2 Bytes of::PRIVATE, may::CREATE, Object;
    CKA_COEFFICIENT Bytes of::PRIVATE, may::CREATE, Object;
    CKA_EC_PARAMS Bytes of::PUBLIC | of::PRIVATE | of::DOMAIN, may::CREATE | may::GENERATE, Object;
    CKA_EC_POINT Bytes of::PUBLIC, may::CREATE, Object;
    CKA_PARAMETER_SET Ulong of::PUBLIC | of::PRIVATE, may::CREATE | may::GENERATE, Object;
    CKA_SEED Bytes of::PRIVATE, may::CREATE, Object;
    CKA_VALUE_LEN Ulong of::SECRET, may::GENERATE | may::UNWRAP, Object;
}

/// The row of an attribute.
pub(crate) fn row(ty: CK_ATTRIBUTE_TYPE) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.ty == ty)
}

/// The bit of a class.
pub(crate) const fn class_bit(class: CK_OBJECT_CLASS) -> u8 {
    match class {
        ck::CKO_DATA => of::DATA,
        ck::CKO_CERTIFICATE => of::CERTIFICATE,
        ck::CKO_PUBLIC_KEY => of::PUBLIC,
        ck::CKO_PRIVATE_KEY => of::PRIVATE,
        ck::CKO_SECRET_KEY => of::SECRET,
        ck::CKO_DOMAIN_PARAMETERS => of::DOMAIN,
        _ => 0,
    }
}

/// What a boolean is that nobody gave.
pub(crate) const fn bool_default(ty: CK_ATTRIBUTE_TYPE) -> bool {
    matches!(ty, ck::CKA_MODIFIABLE | ck::CKA_COPYABLE | ck::CKA_DESTROYABLE)
}

/// Is it part of the key that a sensitive or unextractable object does not show?
pub(crate) const fn is_secret(class: CK_OBJECT_CLASS, ty: CK_ATTRIBUTE_TYPE) -> bool {
    match class {
        ck::CKO_SECRET_KEY => ty == ck::CKA_VALUE,
        ck::CKO_PRIVATE_KEY => matches!(
            ty,
            ck::CKA_VALUE
                | ck::CKA_PRIVATE_EXPONENT
                | ck::CKA_PRIME_1
                | ck::CKA_PRIME_2
                | ck::CKA_EXPONENT_1
                | ck::CKA_EXPONENT_2
                | ck::CKA_COEFFICIENT
                | ck::CKA_SEED
        ),
        _ => false,
    }
}
