//! Reads of an OpenPGP certificate what KMIP tells of one: whose it is, and who signed it.
//!
//! Nothing is believed here: signatures of OpenPGP are not checked.
//! Does not trust: any byte.
//! Rules: RFC 4880, sections 4.2 (packets), 5.2 (signatures), 5.5.2 (keys), 5.11 (user ids) and 12.2 (key ids).

use super::der::Malformed;
use aws_lc_rs::digest;

/// Packets that are looked at: what is asked stands at the beginning.
const PACKETS_MAX: usize = 64;

/// Kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA.
    Rsa,
    /// DSA.
    Dsa,
    /// Another.
    Other,
}

/// What a certificate says.
pub struct Certificate<'a> {
    /// The last 64 bits of its key's fingerprint.
    pub key_id: [u8; 8],
    /// Kind of its key.
    pub algorithm: Algorithm,
    /// Bits of the key's first number; 0 for keys whose numbers are not read.
    pub bits: u16,
    /// The first user id.
    pub user: &'a str,
    /// Who made the first signature after it.
    pub issuer: Option<[u8; 8]>,
    /// The numbers of that signature's public-key algorithm and hash.
    pub signature: Option<(u8, u8)>,
}

struct Packet<'a> {
    tag: u8,
    body: &'a [u8],
}

/// Reads a transferable public key.
///
/// # Errors
/// [`Malformed`]: there is no key at the beginning, or no user id after it.
pub fn read(bytes: &[u8]) -> Result<Certificate<'_>, Malformed> {
    let mut rest = bytes;
    let first = packet(&mut rest)?;
    if first.tag != 6 {
        return Err(Malformed);
    }
    let (key_id, algorithm, bits) = key(first.body)?;
    let mut certificate = Certificate { key_id, algorithm, bits, user: "", issuer: None, signature: None };
    let mut named = false;
    for _ in 0..PACKETS_MAX {
        if rest.is_empty() {
            break;
        }
        let packet = packet(&mut rest)?;
        match packet.tag {
            13 if !named => {
                certificate.user = core::str::from_utf8(packet.body).map_err(|_| Malformed)?;
                named = true;
            }
            2 if named => {
                let (issuer, algorithms) = signature(packet.body)?;
                (certificate.issuer, certificate.signature) = (issuer, Some(algorithms));
                break;
            }
            _ => {}
        }
    }
    if named { Ok(certificate) } else { Err(Malformed) }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Malformed> {
    let (taken, after) = rest.split_at_checked(count).ok_or(Malformed)?;
    *rest = after;
    Ok(taken)
}

fn byte(rest: &mut &[u8]) -> Result<u8, Malformed> {
    take(rest, 1)?.first().copied().ok_or(Malformed)
}

fn number(rest: &mut &[u8], count: usize) -> Result<usize, Malformed> {
    Ok(take(rest, count)?.iter().fold(0, |sum, digit| (sum << 8) | usize::from(*digit)))
}

fn packet<'a>(rest: &mut &'a [u8]) -> Result<Packet<'a>, Malformed> {
    let head = byte(rest)?;
    if head & 0x80 == 0 {
        return Err(Malformed);
    }
    let (tag, length) = if head & 0x40 == 0 {
        // Lengths of the old form; an open end is for streams.
        let length = match head & 3 {
            0 => number(rest, 1)?,
            1 => number(rest, 2)?,
            2 => number(rest, 4)?,
            _ => return Err(Malformed),
        };
        ((head >> 2) & 0x0f, length)
    } else {
        (head & 0x3f, length(rest)?)
    };
    Ok(Packet { tag, body: take(rest, length)? })
}

/// A length of the new form; lengths in parts are for streams.
fn length(rest: &mut &[u8]) -> Result<usize, Malformed> {
    let first = usize::from(byte(rest)?);
    match first {
        0..=191 => Ok(first),
        192..=223 => Ok(((first - 192) << 8) + number(rest, 1)? + 192),
        255 => number(rest, 4),
        _ => Err(Malformed),
    }
}

fn key(body: &[u8]) -> Result<([u8; 8], Algorithm, u16), Malformed> {
    let mut rest = body;
    if byte(&mut rest)? != 4 {
        return Err(Malformed);
    }
    take(&mut rest, 4)?;
    let algorithm = match byte(&mut rest)? {
        1..=3 => Algorithm::Rsa,
        17 => Algorithm::Dsa,
        _ => Algorithm::Other,
    };
    let bits = match algorithm {
        Algorithm::Other => 0,
        _ => u16::try_from(number(&mut rest, 2)?).map_err(|_| Malformed)?,
    };
    let length = u16::try_from(body.len()).map_err(|_| Malformed)?;
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&[0x99]);
    context.update(&length.to_be_bytes());
    context.update(body);
    let hash = context.finish();
    let id = hash.as_ref().last_chunk().copied().ok_or(Malformed)?;
    Ok((id, algorithm, bits))
}

/// Who signed, and the numbers of algorithm and hash.
type Signed = (Option<[u8; 8]>, (u8, u8));

fn signature(body: &[u8]) -> Result<Signed, Malformed> {
    let mut rest = body;
    match byte(&mut rest)? {
        3 => {
            take(&mut rest, 6)?;
            let issuer = take(&mut rest, 8)?.try_into().map_err(|_| Malformed)?;
            Ok((Some(issuer), (byte(&mut rest)?, byte(&mut rest)?)))
        }
        4 => {
            take(&mut rest, 1)?;
            let algorithms = (byte(&mut rest)?, byte(&mut rest)?);
            let mut issuer = None;
            // Hashed subpackets, then the others.
            for _ in 0..2 {
                let count = number(&mut rest, 2)?;
                let mut area = take(&mut rest, count)?;
                while !area.is_empty() {
                    let count = length(&mut area)?;
                    let subpacket = take(&mut area, count)?;
                    if let [16, id @ ..] = subpacket
                        && issuer.is_none()
                    {
                        issuer = Some(id.try_into().map_err(|_| Malformed)?);
                    }
                }
            }
            Ok((issuer, algorithms))
        }
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, read};

    fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![0xc0 | tag, u8::try_from(body.len()).unwrap()];
        out.extend_from_slice(body);
        out
    }

    fn certificate() -> Vec<u8> {
        let mut key = vec![4, 0, 0, 0, 1, 1, 0x00, 0x40];
        key.extend_from_slice(&[0xff; 8]);
        key.extend_from_slice(&[0x00, 0x11, 1, 0, 1]);
        let signature = [4, 0x13, 1, 8, 0, 0, 0, 10, 9, 16, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0];
        [packet(6, &key), packet(13, b"a <a@example>"), packet(2, &signature)].concat()
    }

    #[test]
    fn a_certificate_tells_its_user_its_key_and_its_signer() {
        let bytes = certificate();
        let read = read(&bytes).unwrap();
        assert_eq!((read.algorithm, read.bits, read.user), (Algorithm::Rsa, 64, "a <a@example>"));
        assert_eq!((read.issuer, read.signature), (Some([1, 2, 3, 4, 5, 6, 7, 8]), Some((1, 8))));
    }

    #[test]
    fn what_is_cut_before_its_user_is_none() {
        let bytes = certificate();
        let until_user = bytes.len() - 22;
        for length in 0..until_user {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        assert!(read(&bytes[..until_user]).is_ok());
        assert!(read(&bytes[1..]).is_err());
    }
}
