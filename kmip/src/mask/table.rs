//! Every bit mask of KMIP 1.0 to 2.1: bit, normalised name, first and last version that defines it.
//!
//! Rules: KMIP 1.0 to 1.4, section 9.1.3.3; KMIP 2.0 and 2.1, section 12.

use super::masks;

masks! {
  "Cryptographic Usage Mask" CryptographicUsageMask {
    SIGN = 0x00000001: "Sign" V1_0..V2_1;
    VERIFY = 0x00000002: "Verify" V1_0..V2_1;
    ENCRYPT = 0x00000004: "Encrypt" V1_0..V2_1;
    DECRYPT = 0x00000008: "Decrypt" V1_0..V2_1;
    WRAP_KEY = 0x00000010: "WrapKey" V1_0..V2_1;
    UNWRAP_KEY = 0x00000020: "UnwrapKey" V1_0..V2_1;
    EXPORT = 0x00000040: "Export" V1_0..V1_4;
    MAC_GENERATE = 0x00000080: "MACGenerate" V1_0..V2_1;
    MAC_VERIFY = 0x00000100: "MACVerify" V1_0..V2_1;
    DERIVE_KEY = 0x00000200: "DeriveKey" V1_0..V2_1;
    CONTENT_COMMITMENT = 0x00000400: "ContentCommitment" V1_0..V1_4;
    KEY_AGREEMENT = 0x00000800: "KeyAgreement" V1_0..V2_1;
    CERTIFICATE_SIGN = 0x00001000: "CertificateSign" V1_0..V2_1;
    CRL_SIGN = 0x00002000: "CRLSign" V1_0..V2_1;
    GENERATE_CRYPTOGRAM = 0x00004000: "GenerateCryptogram" V1_0..V1_4;
    VALIDATE_CRYPTOGRAM = 0x00008000: "ValidateCryptogram" V1_0..V1_4;
    TRANSLATE_ENCRYPT = 0x00010000: "TranslateEncrypt" V1_0..V1_4;
    TRANSLATE_DECRYPT = 0x00020000: "TranslateDecrypt" V1_0..V1_4;
    TRANSLATE_WRAP = 0x00040000: "TranslateWrap" V1_0..V1_4;
    TRANSLATE_UNWRAP = 0x00080000: "TranslateUnwrap" V1_0..V1_4;
    AUTHENTICATE = 0x00100000: "Authenticate" V2_0..V2_1;
    UNRESTRICTED = 0x00200000: "Unrestricted" V2_0..V2_1;
    FPE_ENCRYPT = 0x00400000: "FPEEncrypt" V2_0..V2_1;
    FPE_DECRYPT = 0x00800000: "FPEDecrypt" V2_0..V2_1;
  }
  "Storage Status Mask" StorageStatusMask {
    ON_LINE_STORAGE = 0x00000001: "OnLineStorage" V1_0..V2_1;
    ARCHIVAL_STORAGE = 0x00000002: "ArchivalStorage" V1_0..V2_1;
    DESTROYED_STORAGE = 0x00000004: "DestroyedStorage" V2_0..V2_1;
  }
  "Protection Storage Mask" ProtectionStorageMask {
    SOFTWARE = 0x00000001: "Software" V2_0..V2_1;
    HARDWARE = 0x00000002: "Hardware" V2_0..V2_1;
    ON_PROCESSOR = 0x00000004: "OnProcessor" V2_0..V2_1;
    ON_SYSTEM = 0x00000008: "OnSystem" V2_0..V2_1;
    OFF_SYSTEM = 0x00000010: "OffSystem" V2_0..V2_1;
    HYPERVISOR = 0x00000020: "Hypervisor" V2_0..V2_1;
    OPERATING_SYSTEM = 0x00000040: "OperatingSystem" V2_0..V2_1;
    CONTAINER = 0x00000080: "Container" V2_0..V2_1;
    ON_PREMISES = 0x00000100: "OnPremises" V2_0..V2_1;
    OFF_PREMISES = 0x00000200: "OffPremises" V2_0..V2_1;
    SELF_MANAGED = 0x00000400: "SelfManaged" V2_0..V2_1;
    OUTSOURCED = 0x00000800: "Outsourced" V2_0..V2_1;
    VALIDATED = 0x00001000: "Validated" V2_0..V2_1;
    SAME_JURISDICTION = 0x00002000: "SameJurisdiction" V2_0..V2_1;
  }
}
