//! Reads from a client's certificate what trust rules ask about.
//!
//! Separate from `trust` because it parses bytes from outside. Only chains that are verified get this far; the
//! authority key identifier alone is read before, and only to choose which anchor to try.
//! Rules: RFC 5280, sections 4.1.2.5, 4.1.2.6, 4.2.1.1.

use holdfast_model::{Fingerprint, Timestamp};
use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use x509_cert::der::{Decode, Tag, Tagged};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::name::Name;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// What trust rules ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Subject common name, if there is exactly one.
    pub common_name: Option<String>,
    /// Subject organisation, if there is exactly one.
    pub organization: Option<String>,
    /// The certificate is worthless from here on.
    pub not_after: Timestamp,
}

/// Reads a certificate; `None` when it is none.
#[must_use]
pub fn subject(der: &[u8]) -> Option<Subject> {
    let certificate = Certificate::from_der(der).ok()?;
    let body = certificate.tbs_certificate();
    Some(Subject {
        common_name: only(body.subject(), COMMON_NAME),
        organization: only(body.subject(), ORGANIZATION),
        not_after: end_of(body.validity().not_after),
    })
}

/// When a certificate ends; `None` when it is none.
#[must_use]
pub fn not_after(der: &[u8]) -> Option<Timestamp> {
    Certificate::from_der(der).ok().map(|c| end_of(c.tbs_certificate().validity().not_after))
}

/// The certificate is good up to and including that second.
fn end_of(time: x509_cert::time::Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_seconds(seconds.saturating_add(1))
}

/// Which key signed this certificate, if it says so.
#[must_use]
pub fn authority_key(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let (_, found) = certificate.tbs_certificate().get_extension::<AuthorityKeyIdentifier>().ok()??;
    Some(found.key_identifier?.as_bytes().to_vec())
}

/// The name of this certificate's own key, if it says so.
#[must_use]
pub fn subject_key(der: &[u8]) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(der).ok()?;
    let (_, found) = certificate.tbs_certificate().get_extension::<SubjectKeyIdentifier>().ok()??;
    Some(found.0.as_bytes().to_vec())
}

/// SHA-256 of a certificate.
#[must_use]
pub fn fingerprint(der: &[u8]) -> Fingerprint {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
    let mut bytes = [0; 32];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    Fingerprint(bytes)
}

/// The one attribute of this type. Two are none: a rule must not be satisfied by one of them.
fn only(name: &Name, wanted: ObjectIdentifier) -> Option<String> {
    let mut found = name.iter().filter(|attribute| attribute.oid == wanted);
    let (attribute, None) = (found.next()?, found.next()) else { return None };
    let value = &attribute.value;
    match value.tag() {
        Tag::Utf8String => value.decode_as::<Utf8StringRef<'_>>().ok().map(|s| s.as_str().to_owned()),
        Tag::PrintableString => {
            value.decode_as::<PrintableStringRef<'_>>().ok().map(|s| s.as_str().to_owned())
        }
        Tag::Ia5String => value.decode_as::<Ia5StringRef<'_>>().ok().map(|s| s.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair};

    fn certificate(names: &[(DnType, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, text) in names {
            params.distinguished_name.push(kind.clone(), *text);
        }
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn names_and_end_of_life_are_read_from_a_certificate() {
        let der = certificate(&[(DnType::CommonName, "db-1"), (DnType::OrganizationName, "acme")]);
        assert_eq!(
            subject(&der),
            Some(Subject {
                common_name: Some("db-1".to_owned()),
                organization: Some("acme".to_owned()),
                not_after: Timestamp::from_seconds(2_208_988_801),
            })
        );
    }

    #[test]
    fn a_certificate_without_names_has_none() {
        let subject = subject(&certificate(&[])).unwrap();
        assert_eq!((subject.common_name, subject.organization), (None, None));
    }

    #[test]
    fn what_is_no_certificate_gives_nothing() {
        let der = certificate(&[]);
        for bytes in [&der[..der.len() - 1], b"", b"\x30\x82\xff\xff", &[0; 64]] {
            assert_eq!(subject(bytes), None);
            assert_eq!(authority_key(bytes), None);
        }
    }

    #[test]
    fn a_certificate_with_bytes_changed_never_ends_the_process() {
        let whole = certificate(&[(DnType::CommonName, "db-1"), (DnType::OrganizationName, "acme")]);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            let mut der = whole.clone();
            for _ in 0..3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = usize::try_from(random >> 32).unwrap() % der.len();
                der[at] = random.to_be_bytes()[7];
            }
            let _ = (subject(&der), authority_key(&der), subject_key(&der), not_after(&der));
        }
    }

    #[test]
    fn two_names_of_one_kind_are_none() {
        let twice =
            "302b310c300a06035504030c03616131310b300906035504030c026262310e300c060355040a0c0561636d6531";
        let der: Vec<_> = (0..twice.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&twice[at..at + 2], 16).unwrap())
            .collect();
        let name = Name::from_der(&der).unwrap();
        assert_eq!(only(&name, COMMON_NAME), None);
        assert_eq!(only(&name, ORGANIZATION).as_deref(), Some("acme1"));
    }
}
