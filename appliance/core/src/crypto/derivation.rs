//! Derives secrets from secrets: PBKDF2, HKDF, HMAC, and the three modes of SP 800-108.
//!
//! Rules: RFC 8018, section 5.2; RFC 5869; SP 800-108r1, sections 4.1 to 4.3 (counter of 32 bits, before the fixed data).

use super::CipherError;
use super::der::{Room, room};
use aws_lc_rs::hmac::{Algorithm, Context, Key, Tag, sign};
use aws_lc_rs::{hkdf, pbkdf2};
use core::num::NonZeroU32;
use hardening::rsa::Hash;

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

/// HMAC with this hash.
///
/// # Errors
/// [`CipherError::Library`] for a hash that has none here.
pub fn hmac_of(hash: Hash) -> Result<Algorithm, CipherError> {
    use aws_lc_rs::hmac::{
        HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512,
    };
    Ok(match hash {
        Hash::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha224 => HMAC_SHA224,
        Hash::Sha256 => HMAC_SHA256,
        Hash::Sha384 => HMAC_SHA384,
        Hash::Sha512 => HMAC_SHA512,
        _ => return Err(CipherError::Library),
    })
}

/// PBKDF2 with HMAC.
///
/// # Errors
/// [`CipherError::Library`] for a hash that it is not offered with.
pub fn pbkdf2(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: NonZeroU32,
    out: &mut [u8],
) -> Result<(), CipherError> {
    let algorithm = match hash {
        Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return Err(CipherError::Library),
    };
    pbkdf2::derive(algorithm, iterations, salt, password, out);
    Ok(())
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF, extract and expand.
///
/// # Errors
/// [`CipherError::DataLength`]: more is asked for than 255 digests.
pub fn hkdf(hash: Hash, secret: &[u8], salt: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), CipherError> {
    let algorithm = match hash {
        Hash::Sha1 => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hkdf::HKDF_SHA256,
        Hash::Sha384 => hkdf::HKDF_SHA384,
        Hash::Sha512 => hkdf::HKDF_SHA512,
        _ => return Err(CipherError::Library),
    };
    let extracted = hkdf::Salt::new(algorithm, salt).extract(secret);
    let info = [info];
    let expanded = extracted.expand(&info, Length(out.len())).map_err(|_| CipherError::DataLength)?;
    Ok(expanded.fill(out)?)
}

/// SP 800-108 with HMAC. `data` is the fixed input, which the caller has put together; `iv` begins the feedback.
///
/// # Errors
/// [`CipherError::Library`] for a hash that it is not offered with.
pub fn sp_800_108(
    mode: Mode,
    hash: Hash,
    secret: &[u8],
    iv: &[u8],
    data: &[u8],
    out: &mut [u8],
) -> Result<(), CipherError> {
    let key = Key::new(hmac_of(hash)?, secret);
    let mac = |parts: &[&[u8]]| -> Tag {
        let mut context = Context::with_key(&key);
        parts.iter().for_each(|part| context.update(part));
        context.sign()
    };
    let mut before: Room = room(64);
    before.extend_from_slice(if mode == Mode::DoublePipeline { data } else { iv });
    for (block, counter) in out.chunks_mut(hash.bytes()).zip(1u32..) {
        let counter = counter.to_be_bytes();
        let tag = match mode {
            Mode::Counter => mac(&[&counter, data]),
            Mode::Feedback => mac(&[&before, &counter, data]),
            Mode::DoublePipeline => {
                let next = sign(&key, &before);
                before.clear();
                before.extend_from_slice(next.as_ref());
                mac(&[&before, &counter, data])
            }
        };
        if mode == Mode::Feedback {
            before.clear();
            before.extend_from_slice(tag.as_ref());
        }
        let bytes = tag.as_ref().get(..block.len()).ok_or(CipherError::Library)?;
        block.copy_from_slice(bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Mode, hkdf, pbkdf2, sp_800_108};
    use core::num::NonZeroU32;
    use hardening::rsa::Hash;

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
