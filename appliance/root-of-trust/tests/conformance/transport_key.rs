//! `core`'s side of the transport path: makes a one-time key and opens what comes for it.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use holdfast_model::l1::OaepHash;
use holdfast_ports::root::{Released, TransportKey};

pub struct Core {
    pub public: TransportKey,
    private: OaepPrivateDecryptingKey,
}

impl Core {
    pub fn with_one_time_key() -> Self {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der = private.as_der().unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.as_ref()).unwrap();
        let public = TransportKey {
            modulus: pair.public_key().modulus().big_endian_without_leading_zero().to_vec(),
            exponent: pair.public_key().exponent().big_endian_without_leading_zero().to_vec(),
        };
        Self { public, private: OaepPrivateDecryptingKey::new(private).unwrap() }
    }

    /// The L2, and whether it came in plain.
    pub fn opens(&self, released: &Released) -> ([u8; 32], bool) {
        match released {
            Released::Plain(l2) => (l2.0, true),
            Released::Transport { ciphertext, oaep } => {
                let algorithm = match oaep {
                    OaepHash::Sha1 => &OAEP_SHA1_MGF1SHA1,
                    OaepHash::Sha256 => &OAEP_SHA256_MGF1SHA256,
                };
                let mut room = [0; 256];
                let l2 = self.private.decrypt(algorithm, ciphertext, &mut room, None).unwrap();
                (l2.as_ref().try_into().unwrap(), false)
            }
        }
    }
}
