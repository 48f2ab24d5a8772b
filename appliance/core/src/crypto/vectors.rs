//! Known answers, as data.
//!
//! Rules: SP 800-38A, appendix F; SP 800-38D (the submission's test cases 4, 6, 10 and 16); RFC 4231, case 1;
//! FIPS 180-4, the example "abc".

/// One encryption in ECB, CBC or CTR of two blocks.
pub(super) struct Blocks {
    pub(super) key: &'static [u8],
    pub(super) ecb: [u8; 32],
    pub(super) cbc: [u8; 32],
    pub(super) ctr: [u8; 32],
}

/// The initialisation vector of every CBC case.
pub(super) const CBC_IV: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f");
/// The first counter block of every CTR case.
pub(super) const CTR_FIRST: [u8; 16] = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
/// The plaintext of every block case.
pub(super) const BLOCKS_PLAIN: [u8; 32] =
    hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");

/// Every key length.
pub(super) const BLOCKS: [Blocks; 3] = [
    Blocks {
        key: &hex::<16>("2b7e151628aed2a6abf7158809cf4f3c"),
        ecb: hex("3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"),
        cbc: hex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"),
        ctr: hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"),
    },
    Blocks {
        key: &hex::<24>("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
        ecb: hex("bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"),
        cbc: hex("4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"),
        ctr: hex("1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"),
    },
    Blocks {
        key: &hex::<32>("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
        ecb: hex("f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"),
        cbc: hex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"),
        ctr: hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"),
    },
];

/// One authenticated encryption.
pub(super) struct Gcm {
    pub(super) key: &'static [u8],
    pub(super) nonce: &'static [u8],
    pub(super) cipher: [u8; 60],
    pub(super) tag: [u8; 16],
}

/// The plaintext of every GCM case.
pub(super) const GCM_PLAIN: [u8; 60] = hex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
);
/// The additional data of every GCM case.
pub(super) const GCM_AAD: [u8; 20] = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");

/// Every key length, and nonces shorter and longer than 96 bits.
pub(super) const GCM: [Gcm; 5] = [
    Gcm {
        key: &hex::<16>("feffe9928665731c6d6a8f9467308308"),
        nonce: &hex::<12>("cafebabefacedbaddecaf888"),
        cipher: hex(
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        ),
        tag: hex("5bc94fbc3221a5db94fae95ae7121a47"),
    },
    Gcm {
        key: &hex::<16>("feffe9928665731c6d6a8f9467308308"),
        nonce: &hex::<8>("cafebabefacedbad"),
        cipher: hex(
            "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598",
        ),
        tag: hex("3612d2e79e3b0785561be14aaca2fccb"),
    },
    Gcm {
        key: &hex::<16>("feffe9928665731c6d6a8f9467308308"),
        nonce: &hex::<60>(
            "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b",
        ),
        cipher: hex(
            "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca701e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5",
        ),
        tag: hex("619cc5aefffe0bfa462af43c1699d050"),
    },
    Gcm {
        key: &hex::<24>("feffe9928665731c6d6a8f9467308308feffe9928665731c"),
        nonce: &hex::<12>("cafebabefacedbaddecaf888"),
        cipher: hex(
            "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
        ),
        tag: hex("2519498e80f1478f37ba55bd6d27618c"),
    },
    Gcm {
        key: &hex::<32>("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
        nonce: &hex::<12>("cafebabefacedbaddecaf888"),
        cipher: hex(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        ),
        tag: hex("76fc6ece0f4e1768cddf8853bb2d551b"),
    },
];

/// SHA-256 of "abc".
pub(super) const SHA_256_ABC: [u8; 32] =
    hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
/// HMAC-SHA-256 of "Hi There" under twenty bytes 0b.
pub(super) const HMAC_SHA_256: [u8; 32] =
    hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");

/// Bytes from their hexadecimal text, when compiled.
const fn hex<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    assert!(text.len() == 2 * N, "two digits for each byte");
    let mut out = [0; N];
    let mut at = 0;
    #[allow(clippy::indexing_slicing)] // evaluated by the compiler alone
    while at < N {
        out[at] = digit(text[2 * at]) << 4 | digit(text[2 * at + 1]);
        at += 1;
    }
    out
}

const fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => 0xff,
    }
}
