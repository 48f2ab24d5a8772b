//! What a mechanism is given: its parameter structure, copied, with every buffer that it points to.

use cryptoki_sys::{CK_MECHANISM_TYPE, CK_OBJECT_HANDLE, CK_ULONG};
use zeroize::Zeroizing;

/// OAEP.
#[derive(Clone)]
pub(crate) struct OaepParameter {
    pub(crate) hash: CK_MECHANISM_TYPE,
    pub(crate) mgf: CK_ULONG,
    pub(crate) label: Vec<u8>,
}

/// HKDF.
#[derive(Clone)]
pub(crate) struct HkdfParameter {
    pub(crate) extract: bool,
    pub(crate) expand: bool,
    pub(crate) hash: CK_MECHANISM_TYPE,
    pub(crate) salt_type: CK_ULONG,
    pub(crate) salt: Vec<u8>,
    pub(crate) salt_key: CK_OBJECT_HANDLE,
    pub(crate) info: Vec<u8>,
}

/// One field of the fixed input of SP 800-108.
#[derive(Clone)]
pub(crate) enum Fixed {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The length of what is derived, in bits, in a field of `bits`; of whole outputs of the PRF, or of the key.
    Length { segments: bool, little: bool, bits: CK_ULONG },
}

/// PBKDF2.
#[derive(Clone)]
pub(crate) struct PbkdParameter {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: CK_ULONG,
    pub(crate) prf: CK_ULONG,
    pub(crate) password: Zeroizing<Vec<u8>>,
}

/// A parameter.
#[derive(Clone)]
pub(crate) enum Parameter {
    /// There is none.
    None,
    /// Bytes: an IV, a prefix.
    Bytes(Vec<u8>),
    /// A number: the length of a MAC.
    Ulong(CK_ULONG),
    /// AES-CTR.
    Ctr { bits: CK_ULONG, block: [u8; 16] },
    /// AES-GCM.
    Gcm { iv: Vec<u8>, aad: Vec<u8>, tag_bits: CK_ULONG },
    /// AES-CCM.
    Ccm { data_len: CK_ULONG, nonce: Vec<u8>, aad: Vec<u8>, mac_len: CK_ULONG },
    /// ChaCha20-Poly1305.
    Chacha { nonce: Vec<u8>, aad: Vec<u8> },
    /// OAEP.
    Oaep(OaepParameter),
    /// PSS.
    Pss { hash: CK_MECHANISM_TYPE, mgf: CK_ULONG, salt: CK_ULONG },
    /// ECDH1.
    Ecdh { kdf: CK_ULONG, shared: Vec<u8>, public: Vec<u8> },
    /// EdDSA.
    Eddsa { prehash: bool, context: Vec<u8> },
    /// ML-DSA: must it not be random; the context.
    MlDsa { deterministic: bool, context: Vec<u8> },
    /// HKDF.
    Hkdf(HkdfParameter),
    /// SP 800-108, counter mode: a counter of 32 bits, then these.
    CounterKdf { prf: CK_MECHANISM_TYPE, fields: Vec<Fixed> },
    /// PBKDF2.
    Pbkd(PbkdParameter),
    /// Data to be concatenated, or encrypted in ECB.
    Data(Vec<u8>),
    /// Data to be encrypted in CBC.
    CbcData { iv: [u8; 16], data: Vec<u8> },
    /// Its size is not that of the structure, or a pointer in it is missing.
    Malformed,
}

/// A mechanism as the application named it.
#[derive(Clone)]
pub(crate) struct Named {
    /// Which.
    pub(crate) ty: CK_MECHANISM_TYPE,
    /// With what.
    pub(crate) parameter: Parameter,
}
