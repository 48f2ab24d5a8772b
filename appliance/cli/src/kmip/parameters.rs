//! Cryptographic parameters as options: how a key is to be used.

use super::attribute::named;
use clap::Args;
use kmip::attribute::CryptographicParameters;
use kmip::enums::{
    BlockCipherMode, CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, MaskGenerator,
    PaddingMethod,
};

/// What is not given is as the key's own attributes say.
#[derive(Args)]
pub(super) struct Parameters {
    /// Mode of a block cipher: CBC, GCM, ECB, CTR, XTS, …
    #[arg(long, value_parser = named::<BlockCipherMode>)]
    mode: Option<BlockCipherMode>,
    /// Padding: PKCS5, OAEP, PSS, PKCS1v15, None, …
    #[arg(long, value_parser = named::<PaddingMethod>)]
    padding: Option<PaddingMethod>,
    /// Hash: SHA_256, SHA_384, …
    #[arg(long, value_parser = named::<HashingAlgorithm>)]
    hash: Option<HashingAlgorithm>,
    /// Algorithm: AES, RSA, ECDSA, HMAC_SHA256, …
    #[arg(long, value_parser = named::<CryptographicAlgorithm>)]
    algorithm: Option<CryptographicAlgorithm>,
    /// Signature algorithm: SHA256WithRSAEncryption, ECDSAWithSHA256, …
    #[arg(long, value_parser = named::<DigitalSignatureAlgorithm>)]
    signature_algorithm: Option<DigitalSignatureAlgorithm>,
    /// Mask generator of OAEP and PSS: MGF1.
    #[arg(long, value_parser = named::<MaskGenerator>)]
    mask_generator: Option<MaskGenerator>,
    /// Its hash.
    #[arg(long, value_parser = named::<HashingAlgorithm>)]
    mask_generator_hash: Option<HashingAlgorithm>,
    /// Let the server make the IV, and give it back.
    #[arg(long)]
    random_iv: bool,
    /// Bytes of the authentication tag (GCM).
    #[arg(long, value_name = "BYTES")]
    tag_length: Option<i32>,
    /// Bytes of salt (PSS).
    #[arg(long, value_name = "BYTES")]
    salt_length: Option<i32>,
}

impl Parameters {
    /// `None` if nothing is said.
    pub(super) fn get(&self) -> Option<CryptographicParameters<'static>> {
        let said = self.mode.is_some()
            || self.padding.is_some()
            || self.hash.is_some()
            || self.algorithm.is_some()
            || self.signature_algorithm.is_some()
            || self.mask_generator.is_some()
            || self.mask_generator_hash.is_some()
            || self.random_iv
            || self.tag_length.is_some()
            || self.salt_length.is_some();
        said.then(|| self.all())
    }

    /// Even if nothing is said.
    pub(super) fn all(&self) -> CryptographicParameters<'static> {
        CryptographicParameters {
            block_cipher_mode: self.mode,
            padding_method: self.padding,
            hashing_algorithm: self.hash,
            cryptographic_algorithm: self.algorithm,
            digital_signature_algorithm: self.signature_algorithm,
            mask_generator: self.mask_generator,
            mask_generator_hashing_algorithm: self.mask_generator_hash,
            random_iv: self.random_iv.then_some(true),
            tag_length: self.tag_length,
            salt_length: self.salt_length,
            ..CryptographicParameters::default()
        }
    }
}
