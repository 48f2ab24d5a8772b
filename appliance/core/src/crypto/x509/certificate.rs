//! Reads a certificate.
//!
//! Rules: RFC 5280, section 4.1.

use super::extension::Extensions;
use super::name::DistinguishedName;
use super::time;
use crate::crypto::der::{
    BIT_STRING, CONTEXT_0, CONTEXT_3, INTEGER, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE, whole_bits,
};

/// A certificate, its parts as they stand.
#[derive(Clone)]
pub struct Certificate<'a> {
    /// All of it.
    pub whole: &'a [u8],
    /// What is signed.
    pub signed: &'a [u8],
    /// Serial number: the INTEGER with its tag and length.
    pub serial: &'a [u8],
    /// Who issued it.
    pub issuer: DistinguishedName<'a>,
    /// First second in which it is valid.
    pub not_before: i64,
    /// Last second in which it is valid.
    pub not_after: i64,
    /// Whom it is for.
    pub subject: DistinguishedName<'a>,
    /// The subject's key: `SubjectPublicKeyInfo`.
    pub key: &'a [u8],
    /// What else it says.
    pub extensions: Extensions<'a>,
    /// The algorithm of the signature: `AlgorithmIdentifier`.
    pub algorithm: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl Certificate<'_> {
    /// The serial number's bytes, without tag and length.
    #[must_use]
    pub fn serial_number(&self) -> &[u8] {
        Reader::new(self.serial).expect(INTEGER).unwrap_or_default()
    }

    /// Does it name itself as its issuer?
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer.whole == self.subject.whole
    }
}

/// Reads one.
///
/// # Errors
/// [`Malformed`].
pub fn read_certificate(bytes: &[u8]) -> Result<Certificate<'_>, Malformed> {
    let mut outer = Reader::new(bytes);
    let mut certificate = outer.sequence()?;
    outer.end()?;
    let signed = certificate.element()?;
    let algorithm = certificate.element()?;
    let signature = certificate.bit_string()?;
    certificate.end()?;
    if signed.tag != SEQUENCE || algorithm.tag != SEQUENCE {
        return Err(Malformed);
    }
    let mut body = Reader::new(signed.content);
    let version = match body.optional(CONTEXT_0)? {
        None => 0,
        Some(version) => match Reader::new(version).unsigned()? {
            [1] => 1,
            [2] => 2,
            _ => return Err(Malformed),
        },
    };
    let serial = body.element()?;
    if serial.tag != INTEGER || serial.content.is_empty() {
        return Err(Malformed);
    }
    let inner = body.element()?;
    if inner.whole != algorithm.whole {
        return Err(Malformed);
    }
    Reader::new(inner.content).expect(OBJECT_IDENTIFIER)?;
    let issuer = DistinguishedName::read(&mut body)?;
    let mut validity = body.sequence()?;
    let (not_before, not_after) = (time::read(&mut validity)?, time::read(&mut validity)?);
    validity.end()?;
    let subject = DistinguishedName::read(&mut body)?;
    let key = body.element()?;
    if key.tag != SEQUENCE {
        return Err(Malformed);
    }
    // Unique identifiers of issuer and subject, of version 2: nobody uses them.
    for tag in [0x81, 0x82] {
        body.optional(tag)?.map(|bits| whole_bits(bits).map(drop)).transpose()?;
    }
    let extensions = match body.optional(CONTEXT_3)? {
        Some(extensions) if version == 2 => Extensions::read(extensions)?,
        Some(_) => return Err(Malformed),
        None => Extensions::default(),
    };
    body.end()?;
    Ok(Certificate {
        whole: bytes,
        signed: signed.whole,
        serial: serial.whole,
        issuer,
        not_before,
        not_after,
        subject,
        key: key.whole,
        extensions,
        algorithm: algorithm.whole,
        signature,
    })
}

/// The key of a `SubjectPublicKeyInfo`, as the bytes of its BIT STRING.
///
/// # Errors
/// [`Malformed`].
pub fn key_bits(info: &[u8]) -> Result<&[u8], Malformed> {
    let mut info = Reader::new(info).sequence()?;
    info.sequence()?;
    whole_bits(info.expect(BIT_STRING)?)
}
