//! Extensions of certificates: those that are understood here.
//!
//! Rules: RFC 5280, section 4.2.

use super::name::general_names;
use crate::crypto::der::{BIT_STRING, BOOLEAN, Malformed, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE};

/// subjectAltName.
pub const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// issuerAltName.
pub const ISSUER_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x12];
/// basicConstraints.
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// keyUsage.
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// extKeyUsage.
pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// subjectKeyIdentifier.
pub const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
/// authorityKeyIdentifier.
pub const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
/// Those that may be critical and do not hinder: they narrow nothing that is asked here.
const HARMLESS: [&[u8]; 2] = [&[0x55, 0x1d, 0x20], &[0x55, 0x1d, 0x36]];
/// Extensions that one certificate may have.
const EXTENSIONS_MAX: usize = 64;
/// The bit of keyUsage that lets a key sign certificates.
const KEY_CERT_SIGN: u8 = 0x04;

/// One extension.
#[derive(Clone, Copy)]
pub struct Extension<'a> {
    /// Which.
    pub oid: &'a [u8],
    /// Must it be understood?
    pub critical: bool,
    /// What it says, DER.
    pub value: &'a [u8],
    /// All of it, as it stands.
    pub whole: &'a [u8],
}

/// What the extensions of one certificate say.
#[derive(Clone, Default)]
pub struct Extensions<'a> {
    all: Vec<Extension<'a>>,
}

impl<'a> Extensions<'a> {
    /// Reads `Extensions`: a SEQUENCE of at least one.
    ///
    /// # Errors
    /// [`Malformed`]; also for one that comes twice.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(bytes);
        let list = outer.expect(SEQUENCE)?;
        outer.end()?;
        Self::read_list(list)
    }

    /// Reads what is in `Extensions`, where its tag is another.
    ///
    /// # Errors
    /// As [`Extensions::read`].
    pub fn read_list(list: &'a [u8]) -> Result<Self, Malformed> {
        let mut list = Reader::new(list);
        let mut all: Vec<Extension<'a>> = Vec::new();
        while list.peek().is_some() {
            let element = list.element()?;
            let mut parts = Reader::new(element.whole).sequence()?;
            let oid = parts.expect(OBJECT_IDENTIFIER)?;
            let critical = match parts.optional(BOOLEAN)? {
                None | Some([0]) => false,
                Some([0xff]) => true,
                Some(_) => return Err(Malformed),
            };
            let value = parts.expect(OCTET_STRING)?;
            parts.end()?;
            if all.len() == EXTENSIONS_MAX || all.iter().any(|there| there.oid == oid) {
                return Err(Malformed);
            }
            all.push(Extension { oid, critical, value, whole: element.whole });
        }
        Ok(Self { all })
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The extension of this identifier.
    #[must_use]
    pub fn get(&self, oid: &[u8]) -> Option<Extension<'a>> {
        self.all.iter().find(|extension| extension.oid == oid).copied()
    }

    /// The alternative names of subject or issuer, each as it stands; none if they cannot be read.
    #[must_use]
    pub fn alternative_names(&self, oid: &[u8]) -> Vec<&'a [u8]> {
        self.get(oid).and_then(|extension| general_names(extension.value).ok()).unwrap_or_default()
    }

    /// Is there one that must be understood and is not?
    #[must_use]
    pub fn demand_too_much(&self) -> bool {
        let known = [
            SUBJECT_ALTERNATIVE_NAME,
            ISSUER_ALTERNATIVE_NAME,
            BASIC_CONSTRAINTS,
            KEY_USAGE,
            EXTENDED_KEY_USAGE,
            SUBJECT_KEY_IDENTIFIER,
            AUTHORITY_KEY_IDENTIFIER,
        ];
        self.all.iter().any(|extension| {
            extension.critical && !known.contains(&extension.oid) && !HARMLESS.contains(&extension.oid)
        })
    }

    /// May the certificate's key sign other certificates, with so many between it and the last one? One without
    /// extensions may not: it can be an anchor, and nothing else.
    #[must_use]
    pub fn may_issue(&self, below: usize) -> bool {
        let Some(constraints) = self.get(BASIC_CONSTRAINTS) else { return false };
        let Ok((true, depth)) = basic_constraints(constraints.value) else { return false };
        let usage = self.get(KEY_USAGE).is_none_or(|usage| signs_certificates(usage.value) == Ok(true));
        usage && depth.is_none_or(|depth| below <= depth)
    }
}

/// Is it a CA, and how many CAs may come below it?
fn basic_constraints(value: &[u8]) -> Result<(bool, Option<usize>), Malformed> {
    let mut outer = Reader::new(value);
    let mut inside = outer.sequence()?;
    outer.end()?;
    let is_ca = match inside.optional(BOOLEAN)? {
        None | Some([0]) => false,
        Some([0xff]) => true,
        Some(_) => return Err(Malformed),
    };
    let depth = match inside.peek() {
        None => None,
        Some(_) => match inside.unsigned()? {
            [] => Some(0),
            [depth] => Some(usize::from(*depth)),
            _ => Some(usize::MAX),
        },
    };
    inside.end()?;
    Ok((is_ca, depth))
}

fn signs_certificates(value: &[u8]) -> Result<bool, Malformed> {
    let mut outer = Reader::new(value);
    let bits = outer.expect(BIT_STRING)?;
    outer.end()?;
    match bits {
        [0..=7, first, ..] => Ok(first & KEY_CERT_SIGN != 0),
        [0] => Ok(false),
        _ => Err(Malformed),
    }
}
