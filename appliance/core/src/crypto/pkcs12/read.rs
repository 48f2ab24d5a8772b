//! Reads a container.

use super::derive::mac_key;
use super::{
    AES, BAG, BMP_STRING, CERTIFICATE_BAG, ContainerError, Contents, DATA, ENCRYPTED_DATA, FRIENDLY_NAME,
    HMAC, KEY_BAG, LOCAL_KEY_ID, PBES2, PBKDF2, SET, SHA_1, SHA_2, SHROUDED_KEY_BAG, X509_CERTIFICATE,
};
use crate::crypto::aes::{Aes, Schedules};
use crate::crypto::der::{self, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, Room};
use crate::crypto::padding::{Padding, unpad};
use core::num::NonZeroU32;
use hardening::hash::Hash;
use hardening::mac::{hmac, pbkdf2};
use subtle::ConstantTimeEq;

/// Iterations of all derivations of one container together: a tenth of a second, during which others of the same lane wait.
const ITERATIONS_MAX: u32 = 200_000;
/// Parts of one container, and bags in each.
const PARTS_MAX: usize = 16;
/// Certificates that are taken from one container.
const CERTIFICATES_MAX: usize = 32;

/// Opens a container, and takes from it the key of this name, or the first.
///
/// # Errors
/// [`ContainerError`].
pub fn read(bytes: &[u8], password: &str, name: Option<&str>) -> Result<Contents, ContainerError> {
    let mut outer = Reader::new(bytes);
    let mut container = outer.sequence()?;
    outer.end()?;
    if container.unsigned()? != [3] {
        return Err(ContainerError::Malformed);
    }
    let mut info = container.sequence()?;
    if info.expect(OBJECT_IDENTIFIER)? != DATA {
        // Signed instead of with a MAC.
        return Err(ContainerError::Unsupported);
    }
    let safe = Reader::new(info.expect(CONTEXT_0)?).expect(OCTET_STRING)?;
    let mut opening = Opening { password, iterations: 0, found: Vec::new(), certificates: Vec::new() };
    if container.peek().is_none() {
        return Err(ContainerError::Unsupported);
    }
    let mac = container.sequence()?;
    container.end()?;
    opening.check(mac, safe)?;
    let mut parts = Reader::new(safe).sequence()?;
    for _ in 0..PARTS_MAX {
        if parts.peek().is_none() {
            break;
        }
        opening.part(parts.sequence()?)?;
    }
    opening.done(name)
}

struct Found {
    key: Room,
    name: Option<String>,
    id: Option<Vec<u8>>,
}

struct Opening<'p> {
    password: &'p str,
    iterations: u32,
    found: Vec<Found>,
    certificates: Vec<(Option<Vec<u8>>, Vec<u8>)>,
}

impl Opening<'_> {
    fn check(&mut self, mut mac: Reader<'_>, safe: &[u8]) -> Result<(), ContainerError> {
        let mut info = mac.sequence()?;
        let hash = hash_of(info.sequence()?.expect(OBJECT_IDENTIFIER)?).ok_or(ContainerError::Unsupported)?;
        let told = info.expect(OCTET_STRING)?;
        let salt = mac.expect(OCTET_STRING)?;
        let iterations = match mac.peek() {
            None => NonZeroU32::MIN,
            Some(_) => self.iterations(mac.unsigned()?)?,
        };
        let key = mac_key(hash, self.password, salt, iterations.get())?;
        let own = hmac(hash, &key, &[safe]).map_err(|_| ContainerError::Unsupported)?;
        if own.as_ref().ct_eq(told).into() { Ok(()) } else { Err(ContainerError::BadPassword) }
    }

    fn iterations(&mut self, number: &[u8]) -> Result<NonZeroU32, ContainerError> {
        let refused = ContainerError::Unsupported;
        let zeros = 4_usize.checked_sub(number.len()).ok_or(refused)?;
        let mut bytes = [0; 4];
        bytes.get_mut(zeros..).ok_or(refused)?.copy_from_slice(number);
        let count = u32::from_be_bytes(bytes);
        self.iterations = self.iterations.saturating_add(count);
        if self.iterations > ITERATIONS_MAX {
            return Err(refused);
        }
        NonZeroU32::new(count).ok_or(ContainerError::Malformed)
    }

    fn part(&mut self, mut part: Reader<'_>) -> Result<(), ContainerError> {
        let oid = part.expect(OBJECT_IDENTIFIER)?;
        let content = part.expect(CONTEXT_0)?;
        match oid {
            DATA => self.bags(Reader::new(content).expect(OCTET_STRING)?),
            ENCRYPTED_DATA => {
                let mut data = Reader::new(content).sequence()?;
                data.unsigned()?;
                let mut info = data.sequence()?;
                if info.expect(OBJECT_IDENTIFIER)? != DATA {
                    return Err(ContainerError::Malformed);
                }
                let algorithm = info.sequence()?;
                let sealed = info.expect(0x80)?;
                let plain = self.decrypt(algorithm, sealed)?;
                self.bags(&plain)
            }
            // With a public key.
            _ => Err(ContainerError::Unsupported),
        }
    }

    fn bags(&mut self, bytes: &[u8]) -> Result<(), ContainerError> {
        let mut bags = Reader::new(bytes).sequence()?;
        while bags.peek().is_some() {
            let mut bag = bags.sequence()?;
            let oid = bag.expect(OBJECT_IDENTIFIER)?;
            let value = bag.expect(CONTEXT_0)?;
            let (name, id) = match bag.optional(SET)? {
                None => (None, None),
                Some(attributes) => self::attributes(attributes)?,
            };
            let Some((kind, BAG)) = oid.split_last() else { continue };
            match *kind {
                KEY_BAG if self.found.len() < PARTS_MAX => {
                    let mut key = der::room(value.len());
                    key.extend_from_slice(value);
                    self.found.push(Found { key, name, id });
                }
                SHROUDED_KEY_BAG if self.found.len() < PARTS_MAX => {
                    let mut info = Reader::new(value).sequence()?;
                    let algorithm = info.sequence()?;
                    let sealed = info.expect(OCTET_STRING)?;
                    let key = self.decrypt(algorithm, sealed)?;
                    self.found.push(Found { key, name, id });
                }
                CERTIFICATE_BAG if self.certificates.len() < CERTIFICATES_MAX => {
                    let mut certificate = Reader::new(value).sequence()?;
                    if certificate.expect(OBJECT_IDENTIFIER)? == X509_CERTIFICATE {
                        let bytes = Reader::new(certificate.expect(CONTEXT_0)?).expect(OCTET_STRING)?;
                        self.certificates.push((id, bytes.to_vec()));
                    }
                }
                // Lists, secrets, bags in bags: nothing that KMIP asks for.
                _ => {}
            }
        }
        Ok(())
    }

    /// Decrypts as PBES2 says.
    fn decrypt(&mut self, mut algorithm: Reader<'_>, sealed: &[u8]) -> Result<Room, ContainerError> {
        let refused = ContainerError::Unsupported;
        if algorithm.expect(OBJECT_IDENTIFIER)? != PBES2 {
            return Err(refused);
        }
        let mut parameters = algorithm.sequence()?;
        let mut derivation = parameters.sequence()?;
        if derivation.expect(OBJECT_IDENTIFIER)? != PBKDF2 {
            return Err(refused);
        }
        let mut inside = derivation.sequence()?;
        let salt = inside.expect(OCTET_STRING)?;
        let iterations = self.iterations(inside.unsigned()?)?;
        inside.optional(INTEGER)?;
        let hash = match inside.peek() {
            None => Hash::Sha1,
            Some(_) => {
                let oid = inside.sequence()?.expect(OBJECT_IDENTIFIER)?;
                match oid.split_last() {
                    Some((7, HMAC)) => Hash::Sha1,
                    Some((8, HMAC)) => Hash::Sha224,
                    Some((9, HMAC)) => Hash::Sha256,
                    Some((10, HMAC)) => Hash::Sha384,
                    Some((11, HMAC)) => Hash::Sha512,
                    _ => return Err(refused),
                }
            }
        };
        let mut cipher = parameters.sequence()?;
        let oid = cipher.expect(OBJECT_IDENTIFIER)?;
        let length = match oid.split_last() {
            Some((2, AES)) => 16,
            Some((22, AES)) => 24,
            Some((42, AES)) => 32,
            _ => return Err(refused),
        };
        let iv = cipher.expect(OCTET_STRING)?.try_into().map_err(|_| ContainerError::Malformed)?;
        let mut key = der::room(length);
        key.resize(length, 0);
        pbkdf2(hash, self.password.as_bytes(), salt, iterations, &mut key).map_err(|_| refused)?;
        let mut plain = der::room(sealed.len());
        plain.extend_from_slice(sealed);
        let schedules = Schedules::default();
        Aes::new(&key, &schedules)
            .and_then(|aes| aes.cbc_decrypt(&iv, &mut plain))
            .and_then(|()| unpad(Padding::Pkcs5, 16, &mut plain))
            .map_err(|_| ContainerError::BadPassword)?;
        Ok(plain)
    }

    fn done(self, name: Option<&str>) -> Result<Contents, ContainerError> {
        let named = |found: &Found| match (name, &found.name) {
            (None, _) => true,
            // Names are compared without regard to case (RFC 2985, section 5.5.1).
            (Some(wanted), Some(there)) => wanted.to_lowercase() == there.to_lowercase(),
            (Some(_), None) => false,
        };
        let found = self.found.into_iter().find(named).ok_or(ContainerError::NoKey)?;
        let mut certificates = self.certificates;
        let own = certificates.iter().position(|(id, _)| id.is_some() && *id == found.id);
        if let Some(own) = own {
            certificates.swap(0, own);
        }
        let certificates = certificates.into_iter().map(|(_, bytes)| bytes).collect();
        Ok(Contents { key: found.key, name: found.name, certificates })
    }
}

/// The friendly name and the local key id of a bag.
#[allow(clippy::type_complexity, reason = "two optional fields")]
fn attributes(set: &[u8]) -> Result<(Option<String>, Option<Vec<u8>>), ContainerError> {
    let (mut name, mut id) = (None, None);
    let mut attributes = Reader::new(set);
    while attributes.peek().is_some() {
        let mut attribute = attributes.sequence()?;
        let oid = attribute.expect(OBJECT_IDENTIFIER)?;
        let values = attribute.expect(SET)?;
        match oid {
            FRIENDLY_NAME => {
                let wide = Reader::new(values).expect(BMP_STRING)?;
                let units: Option<Vec<u16>> = wide
                    .chunks(2)
                    .map(|unit| <[u8; 2]>::try_from(unit).ok().map(u16::from_be_bytes))
                    .collect();
                name = units.and_then(|units| String::from_utf16(&units).ok());
            }
            LOCAL_KEY_ID => id = Some(Reader::new(values).expect(OCTET_STRING)?.to_vec()),
            _ => {}
        }
    }
    Ok((name, id))
}

fn hash_of(oid: &[u8]) -> Option<Hash> {
    if oid == SHA_1 {
        return Some(Hash::Sha1);
    }
    match oid.split_last() {
        Some((1, SHA_2)) => Some(Hash::Sha256),
        Some((2, SHA_2)) => Some(Hash::Sha384),
        Some((3, SHA_2)) => Some(Hash::Sha512),
        Some((4, SHA_2)) => Some(Hash::Sha224),
        _ => None,
    }
}
