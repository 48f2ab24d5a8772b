//! Known answers, as data.
//!
//! Rules: SP 800-38A, appendix F; SP 800-38B, appendix D; SP 800-38C, appendix C; SP 800-38D (the submission's test cases 4, 6,
//! 10 and 16); IEEE 1619-2007, annex B; SP 800-67, appendix B; RFC 3394, RFC 5649; RFC 8439; RFC 4231, case 1, and the same input
//! with the other hashes; FIPS 180-4 and 202, the example "abc"; RFC 6979, appendix A.2.5; RFC 8032, section 7.1. The seed of
//! Ed25519 is the published one of that section, which protects nothing.

use hardening::hash::Hash;

/// One encryption of two blocks in each mode, and the MAC of the first block.
pub(super) struct Blocks {
    pub(super) key: &'static [u8],
    pub(super) ecb: [u8; 32],
    pub(super) cbc: [u8; 32],
    pub(super) ctr: [u8; 32],
    pub(super) cfb: [u8; 32],
    pub(super) ofb: [u8; 32],
    pub(super) cmac: [u8; 16],
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
        cfb: hex("3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"),
        ofb: hex("3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825"),
        cmac: hex("070a16b46b4d4144f79bdd9dd04a287c"),
    },
    Blocks {
        key: &hex::<24>("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
        ecb: hex("bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"),
        cbc: hex("4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"),
        ctr: hex("1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"),
        cfb: hex("cdc80d6fddf18cab34c25909c99a417467ce7f7f81173621961a2b70171d3d7a"),
        ofb: hex("cdc80d6fddf18cab34c25909c99a4174fcc28b8d4c63837c09e81700c1100401"),
        cmac: hex("9e99a7bf31e710900662f65e617c5184"),
    },
    Blocks {
        key: &hex::<32>("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
        ecb: hex("f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"),
        cbc: hex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"),
        ctr: hex("601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"),
        cfb: hex("dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"),
        ofb: hex("dc7e84bfda79164b7ecd8486985d38604febdc6740d20b3ac88f6ad82a4fb08d"),
        cmac: hex("28a7023f452e8f82bd4bf28d8c37c35c"),
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

/// One hash function.
pub(super) struct Hashed {
    pub(super) hash: Hash,
    /// Of "abc".
    pub(super) digest: &'static [u8],
    /// HMAC of "Hi There" under twenty bytes 0b.
    pub(super) mac: &'static [u8],
}

/// Every hash function.
pub(super) const HASHED: [Hashed; 11] = [
    Hashed {
        hash: Hash::Sha1,
        digest: &hex::<20>("a9993e364706816aba3e25717850c26c9cd0d89d"),
        mac: &hex::<20>("b617318655057264e28bc0b6fb378c8ef146be00"),
    },
    Hashed {
        hash: Hash::Sha224,
        digest: &hex::<28>("23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        mac: &hex::<28>("896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"),
    },
    Hashed {
        hash: Hash::Sha256,
        digest: &hex::<32>("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        mac: &hex::<32>("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    },
    Hashed {
        hash: Hash::Sha384,
        digest: &hex::<48>(
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        mac: &hex::<48>(
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
        ),
    },
    Hashed {
        hash: Hash::Sha512,
        digest: &hex::<64>(
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        mac: &hex::<64>(
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
    },
    Hashed {
        hash: Hash::Sha512_224,
        digest: &hex::<28>("4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"),
        mac: &hex::<28>("b244ba01307c0e7a8ccaad13b1067a4cf6b961fe0c6a20bda3d92039"),
    },
    Hashed {
        hash: Hash::Sha512_256,
        digest: &hex::<32>("53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
        mac: &hex::<32>("9f9126c3d9c3c330d760425ca8a217e31feae31bfe70196ff81642b868402eab"),
    },
    Hashed {
        hash: Hash::Sha3_224,
        digest: &hex::<28>("e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
        mac: &hex::<28>("3b16546bbc7be2706a031dcafd56373d9884367641d8c59af3c860f7"),
    },
    Hashed {
        hash: Hash::Sha3_256,
        digest: &hex::<32>("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        mac: &hex::<32>("ba85192310dffa96e2a3a40e69774351140bb7185e1202cdcc917589f95e16bb"),
    },
    Hashed {
        hash: Hash::Sha3_384,
        digest: &hex::<48>(
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        ),
        mac: &hex::<48>(
            "68d2dcf7fd4ddd0a2240c8a437305f61fb7334cfb5d0226e1bc27dc10a2e723a20d370b47743130e26ac7e3d532886bd",
        ),
    },
    Hashed {
        hash: Hash::Sha3_512,
        digest: &hex::<64>(
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
        mac: &hex::<64>(
            "eb3fbd4b2eaab8f5c504bd3a41465aacec15770a7cabac531e482f860b5ec7ba47ccb2c6f2afce8f88d22b6dc61380f23a668fd3888bb80537c0a0b86407689e",
        ),
    },
];

/// One CCM encryption.
pub(super) struct Ccm {
    pub(super) nonce: &'static [u8],
    pub(super) aad: &'static [u8],
    pub(super) plain: &'static [u8],
    /// With the tag after it.
    pub(super) cipher: &'static [u8],
}

/// The key of every CCM case.
pub(super) const CCM_KEY: [u8; 16] = hex("404142434445464748494a4b4c4d4e4f");
/// Three lengths of nonce and tag.
pub(super) const CCM: [Ccm; 3] = [
    Ccm {
        nonce: &hex::<7>("10111213141516"),
        aad: &hex::<8>("0001020304050607"),
        plain: &hex::<4>("20212223"),
        cipher: &hex::<8>("7162015b4dac255d"),
    },
    Ccm {
        nonce: &hex::<8>("1011121314151617"),
        aad: &hex::<16>("000102030405060708090a0b0c0d0e0f"),
        plain: &hex::<16>("202122232425262728292a2b2c2d2e2f"),
        cipher: &hex::<22>("d2a1f0e051ea5f62081a7792073d593d1fc64fbfaccd"),
    },
    Ccm {
        nonce: &hex::<12>("101112131415161718191a1b"),
        aad: &hex::<20>("000102030405060708090a0b0c0d0e0f10111213"),
        plain: &hex::<24>("202122232425262728292a2b2c2d2e2f3031323334353637"),
        cipher: &hex::<32>("e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951"),
    },
];

/// One XTS encryption.
pub(super) struct Xts {
    pub(super) key: &'static [u8],
    pub(super) unit: [u8; 16],
    pub(super) plain: &'static [u8],
    pub(super) cipher: &'static [u8],
}

/// Whole blocks, a stolen block, and the longer key.
pub(super) const XTS: [Xts; 3] = [
    Xts {
        key: &hex::<32>("1111111111111111111111111111111122222222222222222222222222222222"),
        unit: hex("33333333330000000000000000000000"),
        plain: &[0x44; 32],
        cipher: &hex::<32>("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0"),
    },
    Xts {
        key: &hex::<32>("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0"),
        unit: hex("9a785634120000000000000000000000"),
        plain: &hex::<17>("000102030405060708090a0b0c0d0e0f10"),
        cipher: &hex::<17>("6c1625db4671522d3d7599601de7ca09ed"),
    },
    Xts {
        key: &hex::<64>(
            "27182818284590452353602874713526624977572470936999595749669676273141592653589793238462643383279502884197169399375105820974944592",
        ),
        unit: hex("ff000000000000000000000000000000"),
        plain: &hex::<40>("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"),
        cipher: &hex::<40>(
            "1c3b3a102f770386e4836c99e370cf9bf1b4320a978c7ad3f78d230b36c1bcd2ea00803f5e482357",
        ),
    },
];

/// The key of triple DES.
pub(super) const DES3_KEY: [u8; 24] = hex("0123456789abcdef23456789abcdef01456789abcdef0123");
/// Its plaintext in ECB.
pub(super) const DES3_PLAIN: [u8; 24] = *b"The qufck brown fox jump";
/// Its ciphertext in ECB.
pub(super) const DES3_ECB: [u8; 24] = hex("a826fd8ce53b855fcce21c8112256fe668d5c05dd9b6b900");
/// Its initialisation vector in CBC; the plaintext is that of AES.
pub(super) const DES3_IV: [u8; 8] = hex("f69f2445df4f9b17");
/// Its ciphertext in CBC.
pub(super) const DES3_CBC: [u8; 32] = hex("2079c3d53aa763e193b79e2569ab5262516570481f25b50f73c0bda85c8e0da7");

/// Wrapped with RFC 3394 under the bytes 00 to 0f: the bytes 00112233 and so on.
pub(super) const KW_KEY: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f");
pub(super) const KW_PLAIN: [u8; 16] = hex("00112233445566778899aabbccddeeff");
pub(super) const KW: [u8; 24] = hex("1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
/// Wrapped with RFC 5649.
pub(super) const KWP_KEY: [u8; 24] = hex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8");
pub(super) const KWP_PLAIN: [u8; 20] = hex("c37b7e6492584340bed12207808941155068f738");
pub(super) const KWP: [u8; 32] = hex("138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");

/// The plaintext of both ChaCha20 cases.
pub(super) const LADIES: &[u8] = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
pub(super) const CHACHA_KEY: [u8; 32] =
    hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
pub(super) const CHACHA_NONCE: [u8; 12] = hex("000000000000004a00000000");
/// The first bytes of the ciphertext, from counter 1 on.
pub(super) const CHACHA: [u8; 32] = hex("6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b");
pub(super) const POLY_KEY: [u8; 32] = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
pub(super) const POLY_NONCE: [u8; 12] = hex("070000004041424344454647");
pub(super) const POLY_AAD: [u8; 12] = hex("50515253c0c1c2c3c4c5c6c7");
pub(super) const POLY: [u8; 16] = hex("d31a8d34648e60db7b86afbc53ef7ec2");
pub(super) const POLY_TAG: [u8; 16] = hex("1ae10b594f09e26a7e902ecbd0600691");

/// A point of P-256 and a signature of "sample" by it.
pub(super) const P256_POINT: [u8; 65] = hex(
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
);
pub(super) const P256_SIGNATURE: [u8; 72] = hex(
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
);
/// A seed of Ed25519, its public key, and its signature of the byte 72.
pub(super) const ED25519_SEED: [u8; 32] =
    hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
pub(super) const ED25519_PUBLIC: [u8; 32] =
    hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
pub(super) const ED25519_SIGNATURE: [u8; 64] = hex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
);
/// SHA-256 of the public keys of ML-DSA that follow from the seed of the bytes 00 to 1f, as another library computes them.
pub(super) const ML_DSA_65: [u8; 32] =
    hex("d666806e11cee19a7c989f7445f90dd419cf4d2d51db8c0fdb4c0f0a542238c9");
pub(super) const ML_DSA_87: [u8; 32] =
    hex("91dc389cfaa01470b7f66eee45a4ae9026d154817c754dfe22298b3fa241ffcd");
/// A modulus whose exponent is F4, and signatures of "abc" with SHA-256 by its key, made once by another library.
pub(super) const RSA_MODULUS: [u8; 256] = hex(
    "c2fd791ff1e1e300f1279110ed5aae41242dd228e79fa74ab69d31d1198438521d1d125e7aa0da156a9ba1d7cb0b69b3e47e8b64d49eea82b9e5dfd4bf581fa4fa6f6e9d91c8418b03872e04750f9c1fe50e6094788468bfe0044b34d37e08671b84414f4fd6a61804340b896a70148e0c176687562400818210d12aeef33c445d6d82b4789b0434d9168f7e042166702af6a13e1a2c9242c3fd0f97a193c3b5c2d9f4546c48cc29170a262828ef5a286eb47c1efd5a6ebe735a49fa57e660261500e05b4b3399a1415bb3d3c32d5493f6df2aeee23d31edd6ac50b3143b6f78688114d51fc11d7a750f687762746fb7cfabe0031cbc7a27e59480edf7e84ebb",
);
pub(super) const RSA_PKCS1: [u8; 256] = hex(
    "aafc54bbd6b0a58c7a4217ec63893c8fe7e76353aa758d595f91ad881b447b6e0e55073db736861ea1d14893ed892dc5c2794a88a7ba82bf3d4a3ed7e3ea6734e7aec3c11a92182842b27ef8cb3a4a3d544d29eb10ce7397a6b000f935eda09e379b73318c14f0983a3e179e1d66bcf3f863b0ad4c037af867f4a0c5c217d25414f87657b70c05376df997d0fb5c2982eda4318adf3a03456772e9b747d67406ff364d93ec5b2fe1a7183e4ccb8446182d6f442fc7a34206efb62de2ac5f7650d2547ba5682f613247ed6002a15f6ac2ecb6ce578d4441fa36f5bb68d8d301123dd84022d38d831709e87fc2c620a419744d647b836579110275bdd4b3fac379",
);
pub(super) const RSA_PSS: [u8; 256] = hex(
    "aab9b1cf0fad2eda8e215d8f12837699e225a7c7b6dbd1ed85b4f1f82b43d60e6f37ae6319bbefd6cdd949768f255e720234fed7a4c4ab50b2d4446e4b8e19a3a15f01819e9e8b4a85b6afa264f27501201dad69960e2cee9765f94a69c53deb80e3e8a4c269884c8f27d02ad3e09629a04ff60f792f3e14617d3c6f77ea25782847d9facd7b167d3f87eed9c919e2fd84b4e4c2628289d44bbea257f1b91a8bc91fd9f793453cd9f2686cdf28569422b01ff9597266061085d1391ed1da60363a2d6ada5412329e04f6d271eb1d8841e240ebafe38a780b160c549a5c1d6d2a55972523b3f0d0ade3078e78fac8a2be2359355e2bed08b24f6b11a6b6142989",
);

/// Bytes from their hexadecimal text, when compiled.
pub(super) const fn hex<const N: usize>(text: &str) -> [u8; N] {
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
