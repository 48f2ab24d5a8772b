//! The mechanisms: which there are, for which keys, and what each is in KMIP's words.
//!
//! One table. A mechanism is here only if the appliance does what it needs a key for.
//! Rules: PKCS#11 3.2, section 6.

use crate::digest::Hash;
use crate::fault::{Done, Fault};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_FLAGS, CK_KEY_TYPE, CK_MECHANISM_TYPE, CK_ULONG};

/// What a mechanism does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// A digest.
    Digest(Hash),
    /// AES, each block by itself.
    Ecb,
    /// AES, chained.
    Cbc,
    /// AES, chained and padded.
    CbcPad,
    /// AES of data units, two keys (IEEE 1619).
    Xts,
    /// AES, a counter.
    Ctr,
    /// AES, authenticated.
    Gcm,
    /// AES, authenticated, with CBC-MAC.
    Ccm,
    /// ChaCha20 with Poly1305.
    Chacha,
    /// RSA encryption.
    Oaep,
    /// RSA signature with PKCS#1 v1.5 padding; without a hash, what is signed is padded as it is.
    RsaPkcs(Option<Hash>),
    /// RSA signature with PSS; without a hash, a digest is given.
    RsaPss(Option<Hash>),
    /// ECDSA; without a hash, a digest is given.
    Ecdsa(Option<Hash>),
    /// Ed25519.
    Eddsa,
    /// ML-DSA.
    MlDsa,
    /// HMAC, whole or cut.
    Hmac(Hash, bool),
    /// CMAC with AES, whole or cut.
    Cmac(bool),
    /// Makes a secret key of this type; zero where the template says which.
    Generate(CK_KEY_TYPE),
    /// Makes a key pair of this type.
    Pair(CK_KEY_TYPE),
    /// AES key wrap (RFC 3394).
    KeyWrap,
    /// AES key wrap with padding (RFC 5649).
    KeyWrapPadded,
    /// Diffie-Hellman on a curve.
    Ecdh,
    /// HKDF; true for data rather than a key.
    Hkdf(bool),
    /// SP 800-108, counter mode.
    CounterKdf,
    /// PBKDF2.
    Pbkdf2,
    /// The hash of a key.
    HashOfKey(Hash),
    /// Data encrypted with a key, ECB.
    EcbOfData,
    /// Data encrypted with a key, CBC.
    CbcOfData,
}

/// One mechanism.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mechanism {
    /// Its number.
    pub(crate) ty: CK_MECHANISM_TYPE,
    /// Smallest and largest key, in the unit that PKCS#11 has for its type.
    pub(crate) sizes: (CK_ULONG, CK_ULONG),
    /// What it is for.
    pub(crate) flags: CK_FLAGS,
    /// Keys that it works with.
    pub(crate) keys: &'static [CK_KEY_TYPE],
    /// What it does.
    pub(crate) scheme: Scheme,
}

const AES: &[CK_KEY_TYPE] = &[ck::CKK_AES];
const XTS: &[CK_KEY_TYPE] = &[ck::CKK_AES_XTS];
const CHACHA: &[CK_KEY_TYPE] = &[ck::CKK_CHACHA20];
const RSA: &[CK_KEY_TYPE] = &[ck::CKK_RSA];
const EC: &[CK_KEY_TYPE] = &[ck::CKK_EC];
const EDWARDS: &[CK_KEY_TYPE] = &[ck::CKK_EC_EDWARDS];
const LATTICE: &[CK_KEY_TYPE] = &[ck::CKK_ML_DSA];
const AGREEING: &[CK_KEY_TYPE] = &[ck::CKK_EC, ck::CKK_EC_MONTGOMERY];
const DERIVING: &[CK_KEY_TYPE] = &[
    ck::CKK_GENERIC_SECRET,
    ck::CKK_HKDF,
    ck::CKK_AES,
    ck::CKK_SHA_1_HMAC,
    ck::CKK_SHA224_HMAC,
    ck::CKK_SHA256_HMAC,
    ck::CKK_SHA384_HMAC,
    ck::CKK_SHA512_HMAC,
];
const NONE: &[CK_KEY_TYPE] = &[];

const CIPHER: CK_FLAGS = ck::CKF_ENCRYPT | ck::CKF_DECRYPT;
const MESSAGES: CK_FLAGS = ck::CKF_MESSAGE_ENCRYPT | ck::CKF_MESSAGE_DECRYPT | ck::CKF_MULTI_MESSAGE;
const SIGNATURE: CK_FLAGS = ck::CKF_SIGN | ck::CKF_VERIFY;
const WRAPPING: CK_FLAGS = ck::CKF_WRAP | ck::CKF_UNWRAP;
const CURVE: CK_FLAGS = ck::CKF_EC_F_P | ck::CKF_EC_OID | ck::CKF_EC_CURVENAME | ck::CKF_EC_UNCOMPRESS;

/// Longest generic secret, in bytes.
pub(crate) const SECRET_BYTES_MAX: CK_ULONG = 4096;

macro_rules! mechanisms {
    ($( $ty:ident $sizes:expr, $flags:expr, $keys:expr, $scheme:expr; )*) => {
        /// All that there are.
        pub(crate) const TABLE: &[Mechanism] = &[
            $( Mechanism { ty: ck::$ty, sizes: $sizes, flags: $flags, keys: $keys, scheme: $scheme }, )*
        ];
    };
}

mechanisms! {
    CKM_RSA_PKCS_KEY_PAIR_GEN (1024, 4096), ck::CKF_GENERATE_KEY_PAIR, RSA, Scheme::Pair(ck::CKK_RSA);
    CKM_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(None);
    CKM_SHA1_RSA_PKCS (2048, 8192), ck::CKF_VERIFY, RSA, Scheme::RsaPkcs(Some(Hash::Sha1));
    CKM_SHA224_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha224));
    CKM_SHA256_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha256));
    CKM_SHA384_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha384));
    CKM_SHA512_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha512));
    CKM_SHA3_256_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha3_256));
    CKM_SHA3_384_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha3_384));
    CKM_SHA3_512_RSA_PKCS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPkcs(Some(Hash::Sha3_512));
    CKM_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(None);
    CKM_SHA1_RSA_PKCS_PSS (2048, 8192), ck::CKF_VERIFY, RSA, Scheme::RsaPss(Some(Hash::Sha1));
    CKM_SHA224_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha224));
    CKM_SHA256_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha256));
    CKM_SHA384_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha384));
    CKM_SHA512_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha512));
    CKM_RSA_PKCS_OAEP (2048, 8192), CIPHER | WRAPPING, RSA, Scheme::Oaep;
    CKM_EC_KEY_PAIR_GEN (256, 521), ck::CKF_GENERATE_KEY_PAIR | CURVE, EC, Scheme::Pair(ck::CKK_EC);
    CKM_EC_EDWARDS_KEY_PAIR_GEN (255, 255), ck::CKF_GENERATE_KEY_PAIR | CURVE, EDWARDS, Scheme::Pair(ck::CKK_EC_EDWARDS);
    CKM_EC_MONTGOMERY_KEY_PAIR_GEN (255, 255), ck::CKF_GENERATE_KEY_PAIR | CURVE, &[ck::CKK_EC_MONTGOMERY],
        Scheme::Pair(ck::CKK_EC_MONTGOMERY);
    CKM_ECDSA (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(None);
    CKM_ECDSA_SHA1 (256, 521), ck::CKF_VERIFY | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha1));
    CKM_ECDSA_SHA224 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha224));
    CKM_ECDSA_SHA256 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha256));
    CKM_ECDSA_SHA384 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha384));
    CKM_ECDSA_SHA512 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha512));
    CKM_ECDSA_SHA3_256 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha3_256));
    CKM_ECDSA_SHA3_384 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha3_384));
    CKM_ECDSA_SHA3_512 (256, 521), SIGNATURE | CURVE, EC, Scheme::Ecdsa(Some(Hash::Sha3_512));
    CKM_EDDSA (255, 255), SIGNATURE | CURVE, EDWARDS, Scheme::Eddsa;
    CKM_ML_DSA_KEY_PAIR_GEN (1952, 2592), ck::CKF_GENERATE_KEY_PAIR, LATTICE, Scheme::Pair(ck::CKK_ML_DSA);
    CKM_ML_DSA (1952, 2592), SIGNATURE, LATTICE, Scheme::MlDsa;
    CKM_ECDH1_DERIVE (255, 521), ck::CKF_DERIVE | CURVE, AGREEING, Scheme::Ecdh;
    CKM_ECDH1_COFACTOR_DERIVE (255, 521), ck::CKF_DERIVE | CURVE, AGREEING, Scheme::Ecdh;
    CKM_AES_KEY_GEN (16, 32), ck::CKF_GENERATE, AES, Scheme::Generate(ck::CKK_AES);
    CKM_AES_ECB (16, 32), CIPHER, AES, Scheme::Ecb;
    CKM_AES_CBC (16, 32), CIPHER, AES, Scheme::Cbc;
    CKM_AES_CBC_PAD (16, 32), CIPHER, AES, Scheme::CbcPad;
    CKM_AES_CTR (16, 32), CIPHER, AES, Scheme::Ctr;
    CKM_AES_XTS_KEY_GEN (32, 64), ck::CKF_GENERATE, XTS, Scheme::Generate(ck::CKK_AES_XTS);
    CKM_AES_XTS (32, 64), CIPHER, XTS, Scheme::Xts;
    CKM_AES_GCM (16, 32), CIPHER | MESSAGES, AES, Scheme::Gcm;
    CKM_AES_CCM (16, 32), CIPHER, AES, Scheme::Ccm;
    CKM_AES_CMAC (16, 32), SIGNATURE, AES, Scheme::Cmac(false);
    CKM_AES_CMAC_GENERAL (16, 32), SIGNATURE, AES, Scheme::Cmac(true);
    CKM_CHACHA20_KEY_GEN (256, 256), ck::CKF_GENERATE, CHACHA, Scheme::Generate(ck::CKK_CHACHA20);
    CKM_CHACHA20_POLY1305 (256, 256), CIPHER, CHACHA, Scheme::Chacha;
    CKM_AES_KEY_WRAP (16, 32), WRAPPING, AES, Scheme::KeyWrap;
    CKM_AES_KEY_WRAP_KWP (16, 32), WRAPPING, AES, Scheme::KeyWrapPadded;
    CKM_AES_KEY_WRAP_PAD (16, 32), WRAPPING, AES, Scheme::KeyWrapPadded;
    CKM_AES_ECB_ENCRYPT_DATA (16, 32), ck::CKF_DERIVE, AES, Scheme::EcbOfData;
    CKM_AES_CBC_ENCRYPT_DATA (16, 32), ck::CKF_DERIVE, AES, Scheme::CbcOfData;
    CKM_GENERIC_SECRET_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_GENERIC_SECRET],
        Scheme::Generate(ck::CKK_GENERIC_SECRET);
    CKM_SHA_1_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA_1_HMAC], Scheme::Generate(ck::CKK_SHA_1_HMAC);
    CKM_SHA224_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA224_HMAC], Scheme::Generate(ck::CKK_SHA224_HMAC);
    CKM_SHA256_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA256_HMAC], Scheme::Generate(ck::CKK_SHA256_HMAC);
    CKM_SHA384_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA384_HMAC], Scheme::Generate(ck::CKK_SHA384_HMAC);
    CKM_SHA512_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA512_HMAC], Scheme::Generate(ck::CKK_SHA512_HMAC);
    CKM_HKDF_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_HKDF], Scheme::Generate(ck::CKK_HKDF);
    CKM_SHA_1_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA_1_HMAC], Scheme::Hmac(Hash::Sha1, false);
    CKM_SHA_1_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA_1_HMAC],
        Scheme::Hmac(Hash::Sha1, true);
    CKM_SHA224_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA224_HMAC], Scheme::Hmac(Hash::Sha224, false);
    CKM_SHA224_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA224_HMAC],
        Scheme::Hmac(Hash::Sha224, true);
    CKM_SHA256_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA256_HMAC], Scheme::Hmac(Hash::Sha256, false);
    CKM_SHA256_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA256_HMAC],
        Scheme::Hmac(Hash::Sha256, true);
    CKM_SHA384_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA384_HMAC], Scheme::Hmac(Hash::Sha384, false);
    CKM_SHA384_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA384_HMAC],
        Scheme::Hmac(Hash::Sha384, true);
    CKM_SHA512_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA512_HMAC], Scheme::Hmac(Hash::Sha512, false);
    CKM_SHA512_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA512_HMAC],
        Scheme::Hmac(Hash::Sha512, true);
    CKM_SHA3_224_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_224_HMAC],
        Scheme::Hmac(Hash::Sha3_224, false);
    CKM_SHA3_224_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_224_HMAC],
        Scheme::Hmac(Hash::Sha3_224, true);
    CKM_SHA3_224_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA3_224_HMAC], Scheme::Generate(ck::CKK_SHA3_224_HMAC);
    CKM_SHA3_256_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_256_HMAC],
        Scheme::Hmac(Hash::Sha3_256, false);
    CKM_SHA3_256_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_256_HMAC],
        Scheme::Hmac(Hash::Sha3_256, true);
    CKM_SHA3_256_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA3_256_HMAC], Scheme::Generate(ck::CKK_SHA3_256_HMAC);
    CKM_SHA3_256_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha3_256));
    CKM_SHA3_384_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_384_HMAC],
        Scheme::Hmac(Hash::Sha3_384, false);
    CKM_SHA3_384_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_384_HMAC],
        Scheme::Hmac(Hash::Sha3_384, true);
    CKM_SHA3_384_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA3_384_HMAC], Scheme::Generate(ck::CKK_SHA3_384_HMAC);
    CKM_SHA3_384_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha3_384));
    CKM_SHA3_512_HMAC (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_512_HMAC],
        Scheme::Hmac(Hash::Sha3_512, false);
    CKM_SHA3_512_HMAC_GENERAL (1, SECRET_BYTES_MAX), SIGNATURE, &[ck::CKK_GENERIC_SECRET, ck::CKK_SHA3_512_HMAC],
        Scheme::Hmac(Hash::Sha3_512, true);
    CKM_SHA3_512_KEY_GEN (1, SECRET_BYTES_MAX), ck::CKF_GENERATE, &[ck::CKK_SHA3_512_HMAC], Scheme::Generate(ck::CKK_SHA3_512_HMAC);
    CKM_SHA3_512_RSA_PKCS_PSS (2048, 8192), SIGNATURE, RSA, Scheme::RsaPss(Some(Hash::Sha3_512));
    CKM_SHA_1 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha1);
    CKM_SHA224 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha224);
    CKM_SHA256 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha256);
    CKM_SHA384 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha384);
    CKM_SHA512 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha512);
    CKM_SHA512_256 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha512_256);
    CKM_SHA3_256 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha3_256);
    CKM_SHA3_384 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha3_384);
    CKM_SHA3_512 (0, 0), ck::CKF_DIGEST, NONE, Scheme::Digest(Hash::Sha3_512);
    CKM_HKDF_DERIVE (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::Hkdf(false);
    CKM_SP800_108_COUNTER_KDF (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::CounterKdf;
    CKM_PKCS5_PBKD2 (0, 0), ck::CKF_GENERATE, NONE, Scheme::Pbkdf2;
    CKM_SHA1_KEY_DERIVATION (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::HashOfKey(Hash::Sha1);
    CKM_SHA224_KEY_DERIVATION (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::HashOfKey(Hash::Sha224);
    CKM_SHA256_KEY_DERIVATION (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::HashOfKey(Hash::Sha256);
    CKM_SHA384_KEY_DERIVATION (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::HashOfKey(Hash::Sha384);
    CKM_SHA512_KEY_DERIVATION (1, SECRET_BYTES_MAX), ck::CKF_DERIVE, DERIVING, Scheme::HashOfKey(Hash::Sha512);
}

/// The mechanism of this number, if it does what `flag` says.
///
/// # Errors
/// [`Fault::MechanismInvalid`].
pub(crate) fn find(ty: CK_MECHANISM_TYPE, flag: CK_FLAGS) -> Done<&'static Mechanism> {
    let found = TABLE.iter().find(|mechanism| mechanism.ty == ty && mechanism.flags & flag == flag);
    found.ok_or(Fault::MechanismInvalid)
}
