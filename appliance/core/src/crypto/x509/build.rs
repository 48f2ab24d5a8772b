//! Makes certificates, signed with ECDSA on P-256.
//!
//! Rules: RFC 5280, sections 4.1 and 4.2; section 4.2.1.2, method 1, for key identifiers.

use super::certificate::key_bits;
use super::extension::{
    AUTHORITY_KEY_IDENTIFIER, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, Extensions, KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME, SUBJECT_KEY_IDENTIFIER,
};
use super::signature::write_ecdsa_sha_256;
use super::time;
use crate::crypto::CipherError;
use crate::crypto::asymmetric::{Parsed, PrivateForm, Scheme, read_private, sign};
use crate::crypto::der::{
    self, BOOLEAN, CONTEXT_0, CONTEXT_3, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Room, SEQUENCE,
};
use aws_lc_rs::digest;

/// SET.
const SET: u8 = 0x31;
/// UTF8String.
const UTF8_STRING: u8 = 0x0c;
/// Bytes that a certificate needs beside names, key and extensions that were asked for.
const FRAME_BYTES: usize = 1024;

/// What a new certificate is to say.
pub struct Draft<'a> {
    /// Serial number: positive, and unlike any other of the issuer.
    pub serial: [u8; 16],
    /// Who issues it: a name, DER.
    pub issuer: &'a [u8],
    /// The issuer's key: `SubjectPublicKeyInfo`.
    pub issuer_key: &'a [u8],
    /// First second.
    pub not_before: i64,
    /// Last second.
    pub not_after: i64,
    /// Whom it is for: a name, DER.
    pub subject: &'a [u8],
    /// The subject's key: `SubjectPublicKeyInfo`.
    pub key: &'a [u8],
    /// Is it for a CA that issues to nobody who issues?
    pub authority: bool,
    /// What the subject asked for beside that; some of it is granted.
    pub asked: &'a Extensions<'a>,
}

/// Makes it, signed with a private key on P-256 in PKCS #8.
///
/// Granted of what was asked for are alternative names, key usages other than signing certificates and lists, and extended
/// key usages; nothing that makes a CA.
///
/// # Errors
/// [`CipherError`].
pub fn issue(draft: &Draft<'_>, private: &[u8]) -> Result<Vec<u8>, CipherError> {
    let asked: usize = [SUBJECT_ALTERNATIVE_NAME, EXTENDED_KEY_USAGE]
        .into_iter()
        .filter_map(|oid| draft.asked.get(oid))
        .map(|extension| extension.whole.len())
        .sum();
    let mut body =
        der::room(FRAME_BYTES + draft.issuer.len() + draft.subject.len() + draft.key.len() + asked);
    der::nest(&mut body, SEQUENCE, |out| {
        der::nest(out, CONTEXT_0, |out| der::write(out, INTEGER, &[2]));
        der::unsigned(out, &draft.serial);
        write_ecdsa_sha_256(out);
        out.extend_from_slice(draft.issuer);
        der::nest(out, SEQUENCE, |out| {
            time::write(out, draft.not_before);
            time::write(out, draft.not_after);
        });
        out.extend_from_slice(draft.subject);
        out.extend_from_slice(draft.key);
        der::nest(out, CONTEXT_3, |out| der::nest(out, SEQUENCE, |out| extensions(out, draft)));
    });
    let hash = digest::digest(&digest::SHA256, &body);
    let parsed = Parsed::default();
    let key = || read_private(PrivateForm::Pkcs8, private);
    let signature = sign(Scheme::Ecdsa, &parsed, key, hash.as_ref())?;
    let mut whole = der::room(body.len() + 256);
    der::nest(&mut whole, SEQUENCE, |out| {
        out.extend_from_slice(&body);
        write_ecdsa_sha_256(out);
        der::bit_string(out, &signature);
    });
    Ok(whole.to_vec())
}

fn extensions(out: &mut Room, draft: &Draft<'_>) {
    extension(out, BASIC_CONSTRAINTS, true, |out| {
        der::nest(out, SEQUENCE, |out| {
            if draft.authority {
                der::write(out, BOOLEAN, &[0xff]);
                der::write(out, INTEGER, &[0]);
            }
        });
    });
    if draft.authority {
        // keyCertSign and cRLSign.
        extension(out, KEY_USAGE, true, |out| der::write(out, der::BIT_STRING, &[1, 0x06]));
    } else if let Some(usage) = draft.asked.get(KEY_USAGE).and_then(|usage| granted(usage.value)) {
        extension(out, KEY_USAGE, true, |out| der::write(out, der::BIT_STRING, &usage));
    }
    if let Ok(bits) = key_bits(draft.key) {
        extension(out, SUBJECT_KEY_IDENTIFIER, false, |out| {
            der::write(out, OCTET_STRING, key_identifier(bits).as_ref());
        });
    }
    if let Ok(bits) = key_bits(draft.issuer_key) {
        extension(out, AUTHORITY_KEY_IDENTIFIER, false, |out| {
            der::nest(out, SEQUENCE, |out| der::write(out, 0x80, key_identifier(bits).as_ref()));
        });
    }
    if !draft.authority {
        for oid in [SUBJECT_ALTERNATIVE_NAME, EXTENDED_KEY_USAGE] {
            if let Some(extension) = draft.asked.get(oid) {
                out.extend_from_slice(extension.whole);
            }
        }
    }
}

fn extension(out: &mut Room, oid: &[u8], critical: bool, value: impl FnOnce(&mut Room)) {
    der::nest(out, SEQUENCE, |out| {
        der::write(out, OBJECT_IDENTIFIER, oid);
        if critical {
            der::write(out, BOOLEAN, &[0xff]);
        }
        der::nest(out, OCTET_STRING, value);
    });
}

/// The content of keyUsage's BIT STRING without keyCertSign and cRLSign; `None` if nothing is left.
fn granted(value: &[u8]) -> Option<Vec<u8>> {
    let content = der::Reader::new(value).expect(der::BIT_STRING).ok()?;
    let [unused, first, rest @ ..] = content else { return None };
    if *unused > 7 || rest.len() > 1 {
        return None;
    }
    let first = first & !0x06;
    if rest.is_empty() {
        // The last bit that is set is the last that is written (X.690, section 11.2.2).
        let zeros = u8::try_from(first.trailing_zeros()).ok().filter(|_| first != 0)?;
        return Some(vec![zeros, first]);
    }
    let mut bits = vec![*unused, first];
    bits.extend_from_slice(rest);
    Some(bits)
}

/// SHA-1, as a name and not as a proof.
fn key_identifier(bits: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bits)
}

/// A name of two parts, organisation and common name, DER.
#[must_use]
pub fn name_of(organization: &str, common: &str) -> Vec<u8> {
    name_with(&[(&[0x55, 0x04, 0x0a], organization), (&[0x55, 0x04, 0x03], common)])
}

/// A name of these parts, DER.
#[must_use]
pub fn name_with(parts: &[(&[u8], &str)]) -> Vec<u8> {
    let length: usize = parts.iter().map(|(oid, text)| oid.len() + text.len() + 16).sum();
    let mut out = der::room(length + 16);
    der::nest(&mut out, SEQUENCE, |out| {
        for (oid, text) in parts {
            der::nest(out, SET, |out| {
                der::nest(out, SEQUENCE, |out| {
                    der::write(out, OBJECT_IDENTIFIER, oid);
                    der::write(out, UTF8_STRING, text.as_bytes());
                });
            });
        }
    });
    out.to_vec()
}
