//! Distinguished names and general names: their parts, and their text.
//!
//! Rules: RFC 5280, sections 4.1.2.4 and 4.2.1.6; RFC 4514 (the most specific part comes first, as the profiles' cases have it).

use crate::crypto::der::{Element, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE};
use core::fmt::Write as _;

/// SET.
const SET: u8 = 0x31;
/// Parts that one name may have; real names have fewer than ten.
const PARTS_MAX: usize = 64;
/// Alternative names that are told; more are in the certificate itself.
const ALTERNATIVE_NAMES_MAX: usize = 64;

/// Kinds of a name's part that KMIP has an attribute for, in the order of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum Part {
    CommonName,
    Organization,
    OrganizationalUnit,
    Email,
    Country,
    State,
    Locality,
    UserId,
    SerialNumber,
    Title,
    DomainComponent,
    DnQualifier,
}

const KINDS: [(&[u8], &str, Part); 12] = [
    (&[0x55, 0x04, 0x03], "CN", Part::CommonName),
    (&[0x55, 0x04, 0x0a], "O", Part::Organization),
    (&[0x55, 0x04, 0x0b], "OU", Part::OrganizationalUnit),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress", Part::Email),
    (&[0x55, 0x04, 0x06], "C", Part::Country),
    (&[0x55, 0x04, 0x08], "ST", Part::State),
    (&[0x55, 0x04, 0x07], "L", Part::Locality),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID", Part::UserId),
    (&[0x55, 0x04, 0x05], "serialNumber", Part::SerialNumber),
    (&[0x55, 0x04, 0x0c], "title", Part::Title),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC", Part::DomainComponent),
    (&[0x55, 0x04, 0x2e], "dnQualifier", Part::DnQualifier),
];

/// A distinguished name as it stands, known to be sound.
#[derive(Clone, Copy)]
pub struct DistinguishedName<'a> {
    /// All of it, DER.
    pub whole: &'a [u8],
}

struct Attribute<'a> {
    oid: &'a [u8],
    value: Element<'a>,
}

impl<'a> DistinguishedName<'a> {
    /// Reads the name that comes next.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let element = reader.element()?;
        if element.tag != SEQUENCE {
            return Err(Malformed);
        }
        let name = Self { whole: element.whole };
        name.walk(|_, _| ())?;
        Ok(name)
    }

    /// Has it no part at all?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.whole.len() <= 2
    }

    /// Calls `see` with each attribute, and whether it stands beside the one before (in one part of several values).
    fn walk(&self, mut see: impl FnMut(Attribute<'a>, bool)) -> Result<(), Malformed> {
        let mut parts = Reader::new(self.whole).sequence()?;
        let mut seen = 0;
        while parts.peek().is_some() {
            let mut part = Reader::new(parts.expect(SET)?);
            let mut beside = false;
            loop {
                seen += 1;
                if seen > PARTS_MAX {
                    return Err(Malformed);
                }
                let mut attribute = part.sequence()?;
                let oid = attribute.expect(OBJECT_IDENTIFIER)?;
                let value = attribute.element()?;
                attribute.end()?;
                see(Attribute { oid, value }, beside);
                beside = true;
                if part.peek().is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Calls `tell` with each part that KMIP has an attribute for.
    pub fn parts(&self, mut tell: impl FnMut(Part, String)) {
        // It was read before, so it is sound.
        let _ = self.walk(|attribute, _| {
            let kind = KINDS.iter().find(|(oid, _, _)| *oid == attribute.oid);
            if let (Some((_, _, part)), Some(text)) = (kind, text_of(&attribute.value)) {
                tell(*part, text);
            }
        });
    }

    /// As text: RFC 4514, the last part first.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        let _ = self.walk(|attribute, beside| {
            let written = written(&attribute);
            match parts.last_mut() {
                Some(last) if beside => {
                    last.push('+');
                    last.push_str(&written);
                }
                _ => parts.push(written),
            }
        });
        parts.reverse();
        parts.join(",")
    }
}

/// One attribute as RFC 4514 writes it.
fn written(attribute: &Attribute<'_>) -> String {
    let kind = KINDS.iter().find(|(oid, _, _)| *oid == attribute.oid);
    match (kind, text_of(&attribute.value)) {
        (Some((_, name, _)), Some(text)) => format!("{name}={}", escaped(&text)),
        (Some((_, name, _)), None) => format!("{name}=#{}", hex(attribute.value.whole)),
        (None, _) => format!("{}=#{}", dotted(attribute.oid), hex(attribute.value.whole)),
    }
}

/// RFC 4514, section 2.4.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, character) in text.chars().enumerate() {
        let edge = (at == 0 && matches!(character, ' ' | '#')) || (at == last && character == ' ');
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            '\0' => out.push_str("\\00"),
            _ if edge => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

/// Uppercase hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02X}");
        out
    })
}

/// An object identifier in figures.
#[must_use]
pub fn dotted(oid: &[u8]) -> String {
    let mut out = String::new();
    let mut arc: u64 = 0;
    let mut first = true;
    for byte in oid {
        arc = (arc << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if first {
            let root = (arc / 40).min(2);
            let _ = write!(out, "{root}.{}", arc - root * 40);
            first = false;
        } else {
            let _ = write!(out, ".{arc}");
        }
        arc = 0;
    }
    out
}

/// The text of a string of any of ASN.1's kinds.
fn text_of(value: &Element<'_>) -> Option<String> {
    match value.tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString.
        0x0c | 0x12 | 0x13 | 0x16 | 0x1a => core::str::from_utf8(value.content).ok().map(str::to_owned),
        // TeletexString: what is found in it is Latin-1.
        0x14 => Some(value.content.iter().map(|byte| char::from(*byte)).collect()),
        // UniversalString.
        0x1c => value
            .content
            .chunks(4)
            .map(|unit| <[u8; 4]>::try_from(unit).ok().map(u32::from_be_bytes).and_then(char::from_u32))
            .collect(),
        // BMPString.
        0x1e => {
            let units: Option<Vec<u16>> = value
                .content
                .chunks(2)
                .map(|unit| <[u8; 2]>::try_from(unit).ok().map(u16::from_be_bytes))
                .collect();
            String::from_utf16(&units?).ok()
        }
        _ => None,
    }
}

/// The general names of an alternative name extension, each as it stands.
///
/// # Errors
/// [`Malformed`].
pub fn general_names(value: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut outer = Reader::new(value);
    let mut names = outer.sequence()?;
    outer.end()?;
    let mut found = Vec::new();
    while names.peek().is_some() && found.len() < ALTERNATIVE_NAMES_MAX {
        found.push(names.element()?.whole);
    }
    Ok(found)
}

/// A general name as people write it; in hexadecimal digits if there is no such way.
#[must_use]
pub fn general_name_text(name: &[u8]) -> String {
    let mut reader = Reader::new(name);
    let Ok(element) = reader.element() else { return hex(name) };
    let plain = || core::str::from_utf8(element.content).ok().map(str::to_owned);
    let told = match element.tag {
        // rfc822Name, dNSName, uniformResourceIdentifier.
        0x81 | 0x82 | 0x86 => plain(),
        // directoryName, within a tag of its own.
        0xa4 => DistinguishedName::read(&mut Reader::new(element.content)).ok().map(|name| name.text()),
        0x87 => match *element.content {
            [a, b, c, d] => Some(core::net::Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(element.content)
                .ok()
                .map(|bytes| core::net::Ipv6Addr::from(bytes).to_string()),
        },
        0x88 => Some(dotted(element.content)),
        _ => None,
    };
    told.unwrap_or_else(|| hex(name))
}
