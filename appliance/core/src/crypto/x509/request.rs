//! Reads requests for certificates, and lets through only those whose sender has the private key.
//!
//! Rules: RFC 2986 (PKCS #10), RFC 7468 (PEM), RFC 4211 (CRMF, with its proof of possession by signature).

use super::extension::Extensions;
use super::name::DistinguishedName;
use super::signature::{Text, check};
use crate::crypto::der::{self, CONTEXT_0, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE};
use p256::pkcs8::der::pem;
use std::borrow::Cow;

/// extensionRequest of PKCS #9.
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// SET.
const SET: u8 = 0x31;

/// How a request is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestForm {
    /// PKCS #10, DER.
    Pkcs10,
    /// PKCS #10, in PEM's armour.
    Pem,
    /// Certificate Request Message Format.
    Crmf,
}

/// What somebody who has the private key wants a certificate to say.
pub struct Asked<'a> {
    /// Whom it is for.
    pub subject: DistinguishedName<'a>,
    /// The key: `SubjectPublicKeyInfo`.
    pub key: Cow<'a, [u8]>,
    /// What else it should say.
    pub extensions: Extensions<'a>,
}

/// The DER of a request, out of its armour if it has one.
///
/// # Errors
/// [`Malformed`].
pub fn unarmoured(form: RequestForm, bytes: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
    if form != RequestForm::Pem {
        return Ok(Cow::Borrowed(bytes));
    }
    match pem::decode_vec(bytes) {
        Ok(("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", der)) => Ok(Cow::Owned(der)),
        _ => Err(Malformed),
    }
}

/// Reads a request, without armour, and checks that its key signed it.
///
/// # Errors
/// [`Malformed`]: it is none, or is not signed by the key it names.
pub fn read_request(form: RequestForm, bytes: &[u8]) -> Result<Asked<'_>, Malformed> {
    match form {
        RequestForm::Pkcs10 | RequestForm::Pem => pkcs10(bytes),
        RequestForm::Crmf => crmf(bytes),
    }
}

fn pkcs10(bytes: &[u8]) -> Result<Asked<'_>, Malformed> {
    let mut outer = Reader::new(bytes);
    let mut request = outer.sequence()?;
    outer.end()?;
    let signed = request.element()?;
    let algorithm = request.element()?;
    let signature = request.bit_string()?;
    request.end()?;
    if signed.tag != SEQUENCE || algorithm.tag != SEQUENCE {
        return Err(Malformed);
    }
    let mut info = Reader::new(signed.content);
    if !info.unsigned()?.is_empty() {
        return Err(Malformed);
    }
    let subject = DistinguishedName::read(&mut info)?;
    let key = info.element()?;
    let mut extensions = Extensions::default();
    // The tag is demanded by the standard and left out by some when there are no attributes.
    if let Some(attributes) = info.optional(CONTEXT_0)? {
        let mut attributes = Reader::new(attributes);
        while attributes.peek().is_some() {
            let mut attribute = attributes.sequence()?;
            let oid = attribute.expect(OBJECT_IDENTIFIER)?;
            let values = attribute.expect(SET)?;
            attribute.end()?;
            if oid == EXTENSION_REQUEST {
                extensions = Extensions::read(values)?;
            }
        }
    }
    info.end()?;
    check(Text::Own, algorithm.whole, key.whole, signed.whole, signature).map_err(|_| Malformed)?;
    Ok(Asked { subject, key: Cow::Borrowed(key.whole), extensions })
}

fn crmf(bytes: &[u8]) -> Result<Asked<'_>, Malformed> {
    let mut outer = Reader::new(bytes);
    let mut messages = outer.sequence()?;
    outer.end()?;
    let mut message = messages.sequence()?;
    // One certificate at a time.
    messages.end()?;
    let request = message.element()?;
    if request.tag != SEQUENCE {
        return Err(Malformed);
    }
    // Possession shown by a signature over the request itself; the other ways need a conversation.
    let mut proof = Reader::new(message.expect(0xa1)?);
    let algorithm = proof.element()?;
    let signature = proof.bit_string()?;
    proof.end()?;
    let mut parts = Reader::new(request.content);
    parts.unsigned()?;
    let mut template = parts.sequence()?;
    for tag in [0x80, 0x81, 0xa2, 0xa3, 0xa4] {
        template.optional(tag)?;
    }
    let subject = DistinguishedName::read(&mut Reader::new(template.expect(0xa5)?))?;
    let inside = template.expect(0xa6)?;
    let mut key = der::room(inside.len() + 8);
    der::write(&mut key, SEQUENCE, inside);
    for tag in [0x87, 0x88] {
        template.optional(tag)?;
    }
    let extensions = match template.optional(0xa9)? {
        None => Extensions::default(),
        Some(list) => Extensions::read_list(list)?,
    };
    template.end()?;
    check(Text::Own, algorithm.whole, &key, request.whole, signature).map_err(|_| Malformed)?;
    Ok(Asked { subject, key: Cow::Owned(key.to_vec()), extensions })
}
