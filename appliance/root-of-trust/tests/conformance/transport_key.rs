//! `core`'s side of the transport path: makes a one-time key and opens what comes for it.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use holdfast_model::l1::OaepHash;
use holdfast_ports::root::{Released, TransportKey};

pub(crate) struct Core {
    pub(crate) public: TransportKey,
    private: OaepPrivateDecryptingKey,
}

impl Core {
    pub(crate) fn with_one_time_key() -> Self {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let info: PublicKeyX509Der<'_> = private.public_key().as_der().unwrap();
        // SubjectPublicKeyInfo ends with the modulus (256 bytes), then INTEGER, three bytes long: 65537.
        let (rest, exponent) = info.as_ref().split_last_chunk::<3>().unwrap();
        let (_, modulus) = rest[..rest.len() - 2].split_last_chunk::<256>().unwrap();
        let public = TransportKey { modulus: modulus.to_vec(), exponent: exponent.to_vec() };
        Self { public, private: OaepPrivateDecryptingKey::new(private).unwrap() }
    }

    /// The L2, and whether it came in plain.
    pub(crate) fn opens(&self, released: &Released) -> ([u8; 32], bool) {
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
