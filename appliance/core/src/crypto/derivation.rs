//! Derives secrets from secrets: HKDF, the three modes of SP 800-108, and the key of AWS Signature Version 4.
//!
//! PBKDF2 and HMAC by themselves are in `hardening::mac`.
//! Rules: RFC 5869; SP 800-108r1, sections 4.1 to 4.3 (counter of 32 bits, before the fixed data); AWS General Reference,
//! "Derive a signing key for Signature Version 4".

use super::CipherError;
use super::der::{Room, room};
use hardening::hash::Hash;
use hardening::mac::hmac;

/// A mode of SP 800-108.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Counter.
    Counter,
    /// Feedback.
    Feedback,
    /// Double-pipeline iteration.
    DoublePipeline,
}

/// HKDF, extract and expand.
///
/// # Errors
/// [`CipherError::DataLength`]: more is asked for than 255 digests.
pub fn hkdf(hash: Hash, secret: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), CipherError> {
    let extracted = hmac(hash, salt, &[secret])?;
    let mut before = room(hash.bytes());
    for (block, counter) in out.chunks_mut(hash.bytes()).zip(1usize..) {
        let counter = u8::try_from(counter).map_err(|_| CipherError::DataLength)?;
        let expanded = hmac(hash, extracted.as_ref(), &[&before, info, &[counter]])?;
        block.copy_from_slice(expanded.as_ref().get(..block.len()).ok_or(CipherError::Library)?);
        before.clear();
        before.extend_from_slice(expanded.as_ref());
    }
    Ok(())
}

/// SP 800-108 with HMAC. `data` is the fixed input, which the caller has put together; `iv` begins the feedback.
///
/// # Errors
/// [`CipherError::Library`].
pub fn sp_800_108(
    mode: Mode,
    hash: Hash,
    secret: &[u8],
    iv: &[u8],
    data: &[u8],
    out: &mut [u8],
) -> Result<(), CipherError> {
    let mut before: Room = room(data.len().max(iv.len()).max(hash.bytes()));
    before.extend_from_slice(if mode == Mode::DoublePipeline { data } else { iv });
    for (block, counter) in out.chunks_mut(hash.bytes()).zip(1u32..) {
        let counter = counter.to_be_bytes();
        let tag = match mode {
            Mode::Counter => hmac(hash, secret, &[&counter, data])?,
            Mode::Feedback => hmac(hash, secret, &[&before, &counter, data])?,
            Mode::DoublePipeline => {
                let next = hmac(hash, secret, &[&before])?;
                before.clear();
                before.extend_from_slice(next.as_ref());
                hmac(hash, secret, &[&before, &counter, data])?
            }
        };
        if mode == Mode::Feedback {
            before.clear();
            before.extend_from_slice(tag.as_ref());
        }
        block.copy_from_slice(tag.as_ref().get(..block.len()).ok_or(CipherError::Library)?);
    }
    Ok(())
}

/// The signing key of AWS Signature Version 4: a chain of HMACs over date, region, service and a fixed word.
///
/// # Errors
/// [`CipherError::DataLength`]: more is asked for than one digest.
pub fn aws_signature_v4(
    secret: &[u8],
    [date, region, service]: [&[u8]; 3],
    out: &mut [u8],
) -> Result<(), CipherError> {
    let mut key = room(4 + secret.len());
    key.extend_from_slice(b"AWS4");
    key.extend_from_slice(secret);
    for word in [date, region, service, b"aws4_request"] {
        let next = hmac(Hash::Sha256, &key, &[word])?;
        key = Room::new(next.as_ref().to_vec());
    }
    out.copy_from_slice(key.get(..out.len()).ok_or(CipherError::DataLength)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Mode, aws_signature_v4, hkdf, sp_800_108};
    use core::num::NonZeroU32;
    use hardening::hash::Hash;
    use hardening::mac::pbkdf2;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn known_answers_of_the_standards() {
        // RFC 6070, case 2.
        let mut out = [0; 20];
        pbkdf2(Hash::Sha1, b"password", b"salt", NonZeroU32::new(2).unwrap(), &mut out).unwrap();
        assert_eq!(out.to_vec(), hex("ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"));
        // RFC 5869, case 1.
        let mut out = [0; 42];
        hkdf(
            Hash::Sha256,
            &[0x0b; 22],
            &hex("000102030405060708090a0b0c"),
            &hex("f0f1f2f3f4f5f6f7f8f9"),
            &mut out,
        )
        .unwrap();
        assert_eq!(
            out.to_vec(),
            hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        );
    }

    #[test]
    fn the_key_for_signing_requests_is_the_one_of_the_documentation() {
        let mut out = [0; 32];
        let secret = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let scope = [b"20150830".as_slice(), b"us-east-1", b"iam"];
        aws_signature_v4(secret, scope, &mut out).unwrap();
        assert_eq!(out.to_vec(), hex("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"));
        assert!(aws_signature_v4(secret, scope, &mut [0; 33]).is_err());
    }

    #[test]
    fn the_counter_mode_agrees_with_the_librarys_and_the_modes_differ() {
        let secret = [7; 32];
        let mut ours = [0; 80];
        sp_800_108(Mode::Counter, Hash::Sha256, &secret, b"", b"fixed", &mut ours).unwrap();
        let algorithm =
            aws_lc_rs::kdf::get_kbkdf_ctr_hmac_algorithm(aws_lc_rs::kdf::KbkdfCtrHmacAlgorithmId::Sha256);
        let mut theirs = [0; 80];
        aws_lc_rs::kdf::kbkdf_ctr_hmac(algorithm.unwrap(), &secret, b"fixed", &mut theirs).unwrap();
        assert_eq!(ours, theirs);
        for mode in [Mode::Feedback, Mode::DoublePipeline] {
            let mut other = [0; 80];
            sp_800_108(mode, Hash::Sha256, &secret, b"iv", b"fixed", &mut other).unwrap();
            assert_ne!(ours, other);
        }
    }
}
