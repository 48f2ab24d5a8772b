//! The little DER that PKCS#11 attributes are made of: integers, object identifiers, points, and keys in PKCS#1, PKCS#8, SPKI.
//!
//! Rules: X.690; RFC 5480 (curves), RFC 8017 (RSA), RFC 5208 and 5958 (PKCS#8), RFC 8410 (Edwards and Montgomery).

use crate::lattice::Lattice;
use zeroize::Zeroizing;

/// INTEGER.
const INTEGER: u8 = 0x02;
/// BIT STRING.
const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// NULL.
const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
const OID: u8 = 0x06;
/// SEQUENCE.
const SEQUENCE: u8 = 0x30;
/// PrintableString, as which curves are sometimes named.
const PRINTABLE: u8 = 0x13;

/// Content of rsaEncryption's identifier.
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// Content of id-ecPublicKey's identifier.
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];

/// A curve as PKCS#11 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// secp256k1.
    K256,
    /// Ed25519.
    Ed25519,
    /// X25519.
    X25519,
}

impl Curve {
    /// All that there are.
    const ALL: [Self; 6] = [Self::P256, Self::P384, Self::P521, Self::K256, Self::Ed25519, Self::X25519];

    /// Content of its object identifier.
    pub(crate) const fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2B, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2B, 0x81, 0x04, 0x00, 0x23],
            Self::K256 => &[0x2B, 0x81, 0x04, 0x00, 0x0A],
            Self::Ed25519 => &[0x2B, 0x65, 0x70],
            Self::X25519 => &[0x2B, 0x65, 0x6E],
        }
    }

    /// Its name where CKA_EC_PARAMS has a string (PKCS#11 3.2, section 6.3.1).
    const fn string(self) -> &'static [u8] {
        match self {
            Self::P256 => b"secp256r1",
            Self::P384 => b"secp384r1",
            Self::P521 => b"secp521r1",
            Self::K256 => b"secp256k1",
            Self::Ed25519 => b"edwards25519",
            Self::X25519 => b"curve25519",
        }
    }

    /// Bits of its field.
    pub(crate) const fn bits(self) -> i32 {
        match self {
            Self::P256 | Self::K256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
            Self::Ed25519 | Self::X25519 => 255,
        }
    }

    /// Bytes of a coordinate, and of a scalar.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::P256 | Self::K256 | Self::Ed25519 | Self::X25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Is it a short Weierstrass curve?
    pub(crate) const fn is_weierstrass(self) -> bool {
        !matches!(self, Self::Ed25519 | Self::X25519)
    }

    /// CKA_EC_PARAMS.
    pub(crate) fn params(self) -> Vec<u8> {
        tlv(OID, self.oid())
    }

    /// From CKA_EC_PARAMS: an identifier, or a name.
    pub(crate) fn of_params(params: &[u8]) -> Option<Self> {
        let (tag, content, rest) = read(params)?;
        if !rest.is_empty() {
            return None;
        }
        Self::ALL.into_iter().find(|curve| match tag {
            OID => curve.oid() == content,
            PRINTABLE => curve.string() == content,
            _ => false,
        })
    }
}

/// One value: tag, length, content.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(6));
    out.push(tag);
    let length = content.len();
    if let Ok(short) = u8::try_from(length)
        && short < 0x80
    {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let skip = bytes.iter().take_while(|byte| **byte == 0).count();
        let bytes = bytes.get(skip..).unwrap_or_default();
        out.push(0x80 | u8::try_from(bytes.len()).unwrap_or(0));
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(content);
    out
}

/// Takes one value off the front: tag, content, what follows.
pub(crate) fn read(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = if *first < 0x80 {
        (usize::from(*first), rest)
    } else {
        let count = usize::from(*first & 0x7F);
        if count == 0 || count > 4 {
            return None;
        }
        let (length, rest) = rest.split_at_checked(count)?;
        let length = length
            .iter()
            .try_fold(0usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
        (length, rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn expect(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    read(bytes).filter(|(tag, _, _)| *tag == wanted).map(|(_, content, rest)| (content, rest))
}

/// A magnitude without leading zeros.
pub(crate) fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn integer(magnitude: &[u8]) -> Zeroizing<Vec<u8>> {
    let magnitude = trimmed(magnitude);
    let mut content = Zeroizing::new(Vec::with_capacity(magnitude.len().saturating_add(1)));
    if magnitude.first().is_none_or(|first| first & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(magnitude);
    Zeroizing::new(tlv(INTEGER, &content))
}

fn sequence(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let content = Zeroizing::new(parts.concat());
    Zeroizing::new(tlv(SEQUENCE, &content))
}

/// A PKCS#1 public key.
pub(crate) fn rsa_public(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    sequence(&[&integer(modulus), &integer(exponent)]).to_vec()
}

/// A PKCS#1 private key of its eight numbers, from the modulus to the coefficient.
pub(crate) fn rsa_private(numbers: &[&[u8]; 8]) -> Zeroizing<Vec<u8>> {
    let mut parts = vec![integer(&[])];
    parts.extend(numbers.iter().map(|number| integer(number)));
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
    sequence(&parts)
}

/// Modulus and exponent of a PKCS#1 public key.
pub(crate) fn read_rsa_public(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (content, _) = expect(der, SEQUENCE)?;
    let (modulus, rest) = expect(content, INTEGER)?;
    let (exponent, _) = expect(rest, INTEGER)?;
    Some((trimmed(modulus).to_vec(), trimmed(exponent).to_vec()))
}

/// The eight numbers of a PKCS#1 private key.
pub(crate) fn read_rsa_private(der: &[u8]) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    let (content, _) = expect(der, SEQUENCE)?;
    let (_, mut rest) = expect(content, INTEGER)?;
    let mut numbers = Vec::with_capacity(8);
    for _ in 0..8 {
        let (number, after) = expect(rest, INTEGER)?;
        numbers.push(Zeroizing::new(trimmed(number).to_vec()));
        rest = after;
    }
    Some(numbers)
}

/// What a subject public key info holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicInfo {
    /// RSA.
    Rsa {
        /// n.
        modulus: Vec<u8>,
        /// e.
        exponent: Vec<u8>,
    },
    /// A point, or the bytes of an Edwards or Montgomery key.
    Curve(Curve, Vec<u8>),
    /// A key of ML-DSA.
    Lattice(Lattice, Vec<u8>),
}

impl PublicInfo {
    /// Reads a SubjectPublicKeyInfo.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let (content, _) = expect(der, SEQUENCE)?;
        let (algorithm, rest) = expect(content, SEQUENCE)?;
        let (bits, _) = expect(rest, BIT_STRING)?;
        let (_, key) = bits.split_first()?;
        let (oid, parameters) = expect(algorithm, OID)?;
        if oid == RSA {
            let (modulus, exponent) = read_rsa_public(key)?;
            return Some(Self::Rsa { modulus, exponent });
        }
        if let Some(set) = Lattice::ALL.into_iter().find(|set| set.oid() == oid) {
            return (key.len() == set.public_bytes()).then(|| Self::Lattice(set, key.to_vec()));
        }
        let curve = if oid == EC {
            Curve::of_params(parameters)?
        } else {
            Curve::ALL.into_iter().find(|curve| !curve.is_weierstrass() && curve.oid() == oid)?
        };
        Some(Self::Curve(curve, key.to_vec()))
    }

    /// Writes it.
    pub(crate) fn write(&self) -> Vec<u8> {
        let (algorithm, key) = match self {
            Self::Rsa { modulus, exponent } => {
                (sequence(&[&tlv(OID, RSA), &tlv(NULL, &[])]), rsa_public(modulus, exponent))
            }
            Self::Curve(curve, point) if curve.is_weierstrass() => {
                (sequence(&[&tlv(OID, EC), &curve.params()]), point.clone())
            }
            Self::Curve(curve, point) => (sequence(&[&curve.params()]), point.clone()),
            Self::Lattice(set, key) => (sequence(&[&tlv(OID, set.oid())]), key.clone()),
        };
        let bits = tlv(BIT_STRING, &[&[0], key.as_slice()].concat());
        sequence(&[&algorithm, &bits]).to_vec()
    }

    /// CKA_EC_POINT: an octet string of the point.
    pub(crate) fn ec_point(&self) -> Option<Vec<u8>> {
        match self {
            Self::Rsa { .. } | Self::Lattice(..) => None,
            Self::Curve(_, point) => Some(tlv(OCTET_STRING, point)),
        }
    }
}

/// The point in CKA_EC_POINT: inside an octet string, or bare as some applications give it.
pub(crate) fn point_of(curve: Curve, given: &[u8]) -> Option<Vec<u8>> {
    let wanted = if curve.is_weierstrass() {
        curve.bytes().saturating_mul(2).saturating_add(1)
    } else {
        curve.bytes()
    };
    let bare = match expect(given, OCTET_STRING) {
        Some((content, [])) if content.len() == wanted => content,
        _ => match read(given) {
            Some((BIT_STRING, content, [])) => content.get(1..)?,
            _ => given,
        },
    };
    let whole = bare.len() == wanted && (!curve.is_weierstrass() || bare.first() == Some(&4));
    whole.then(|| bare.to_vec())
}

/// A PKCS#8 private key on a curve, from its scalar or seed.
pub(crate) fn curve_private(curve: Curve, scalar: &[u8]) -> Zeroizing<Vec<u8>> {
    let scalar = trimmed_to(scalar, curve);
    let version = integer(&[]);
    if curve.is_weierstrass() {
        let key = sequence(&[&integer(&[1]), &Zeroizing::new(tlv(OCTET_STRING, &scalar))]);
        let algorithm = sequence(&[&tlv(OID, EC), &curve.params()]);
        sequence(&[&version, &algorithm, &Zeroizing::new(tlv(OCTET_STRING, &key))])
    } else {
        let seed = Zeroizing::new(tlv(OCTET_STRING, &scalar));
        let algorithm = sequence(&[&curve.params()]);
        sequence(&[&version, &algorithm, &Zeroizing::new(tlv(OCTET_STRING, &seed))])
    }
}

/// As long as the curve has it.
fn trimmed_to(scalar: &[u8], curve: Curve) -> Zeroizing<Vec<u8>> {
    let wanted = curve.bytes();
    if !curve.is_weierstrass() {
        return Zeroizing::new(scalar.to_vec());
    }
    let scalar = trimmed(scalar);
    let mut whole = Zeroizing::new(vec![0; wanted.saturating_sub(scalar.len())]);
    whole.extend_from_slice(scalar);
    whole
}

/// The scalar or seed of a PKCS#8 private key on a curve.
pub(crate) fn read_curve_private(der: &[u8]) -> Option<(Curve, Zeroizing<Vec<u8>>)> {
    let (content, _) = expect(der, SEQUENCE)?;
    let (_, rest) = expect(content, INTEGER)?;
    let (algorithm, rest) = expect(rest, SEQUENCE)?;
    let (inner, _) = expect(rest, OCTET_STRING)?;
    let (oid, parameters) = expect(algorithm, OID)?;
    if oid == EC {
        let curve = Curve::of_params(parameters)?;
        let (key, _) = expect(inner, SEQUENCE)?;
        let (_, rest) = expect(key, INTEGER)?;
        let (scalar, _) = expect(rest, OCTET_STRING)?;
        return Some((curve, Zeroizing::new(scalar.to_vec())));
    }
    let curve = Curve::ALL.into_iter().find(|curve| !curve.is_weierstrass() && curve.oid() == oid)?;
    let (seed, _) = expect(inner, OCTET_STRING)?;
    Some((curve, Zeroizing::new(seed.to_vec())))
}

/// Turns an ECDSA signature of X.690 into the two halves that PKCS#11 has (section 6.3.1).
pub(crate) fn halves(signature: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let (content, _) = expect(signature, SEQUENCE)?;
    let (r, rest) = expect(content, INTEGER)?;
    let (s, _) = expect(rest, INTEGER)?;
    let mut out = Vec::with_capacity(bytes.saturating_mul(2));
    for half in [trimmed(r), trimmed(s)] {
        out.resize(out.len().saturating_add(bytes.checked_sub(half.len())?), 0);
        out.extend_from_slice(half);
    }
    Some(out)
}

/// And back; `None` if there are no two equal halves.
pub(crate) fn whole(halves: &[u8]) -> Option<Vec<u8>> {
    if halves.is_empty() || !halves.len().is_multiple_of(2) {
        return None;
    }
    let (r, s) = halves.split_at_checked(halves.len() / 2)?;
    Some(sequence(&[&integer(r), &integer(s)]).to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_comes_back_from_its_halves_whatever_its_leading_zeros() {
        let mut halves_in = vec![0; 64];
        halves_in[5] = 0x80;
        halves_in[63] = 1;
        let der = whole(&halves_in).unwrap();
        assert_eq!(halves(&der, 32).unwrap(), halves_in);
        assert!(whole(&[1, 2, 3]).is_none());
    }

    #[test]
    fn a_public_key_info_comes_back_as_it_was() {
        let rsa = PublicInfo::Rsa { modulus: vec![0x91; 256], exponent: vec![1, 0, 1] };
        assert_eq!(PublicInfo::read(&rsa.write()), Some(rsa));
        for curve in Curve::ALL {
            let key = PublicInfo::Curve(curve, vec![4; 65]);
            assert_eq!(PublicInfo::read(&key.write()), Some(key));
            assert_eq!(Curve::of_params(&curve.params()), Some(curve));
        }
    }

    #[test]
    fn a_private_key_comes_back_and_a_short_scalar_is_filled() {
        for curve in Curve::ALL {
            let scalar = vec![7; curve.bytes()];
            let (back, value) = read_curve_private(&curve_private(curve, &scalar)).unwrap();
            assert_eq!((back, value.to_vec()), (curve, scalar));
        }
        let (_, value) = read_curve_private(&curve_private(Curve::P256, &[9])).unwrap();
        assert_eq!(value.len(), 32);
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused() {
        assert!(read(&[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]).is_none());
        assert!(read(&[0x30, 0x85, 0, 0, 0, 0, 1]).is_none());
        assert!(read(&[0x30]).is_none());
    }
}
