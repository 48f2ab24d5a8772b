//! What a certificate tells of itself, as attributes.
//!
//! Set once, from the bytes that are stored, and read-only to clients: an attribute that said otherwise would let one
//! certificate pass for another.
//! Rules: KMIP 1.0, sections 3.8 to 3.11; KMIP 1.4, sections 3.8 to 3.16 and 3.48; KMIP 2.1, sections 4.6 to 4.8, 4.17 and 4.61.

use super::birth::{agree, algorithm_value};
use super::pair::fits;
use crate::crypto::asymmetric::{Curve, Family, MlDsa};
use crate::crypto::pgp;
use crate::crypto::x509::extension::{ISSUER_ALTERNATIVE_NAME, SUBJECT_ALTERNATIVE_NAME};
use crate::crypto::x509::name::{DistinguishedName, Part, general_name_text, hex};
use crate::crypto::x509::signature::{Digested, Named, key_facts, named};
use crate::crypto::x509::{Certificate, read_certificate};
use crate::managed::AttributeSet;
use kmip::attribute::{
    AttributeName, AttributeValue, CertificateIdentifier, CertificateIssuer, CertificateSubject, SetBy,
    StructureValue, X509CertificateIdentifier, X509CertificateIssuer, X509CertificateSubject, rule,
};
use kmip::enums::{
    CertificateType, CryptographicAlgorithm, DigitalSignatureAlgorithm, Enumeration, Operation,
};
use kmip::field::Field;
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::version::Version;

/// Sets what a certificate tells of itself, and refuses what contradicts it.
///
/// # Errors
/// [`Refusal::InvalidField`]: it is no certificate of this type; [`Refusal::InvalidAttributeValue`].
pub(super) fn describe(given: &mut AttributeSet, ty: CertificateType, bytes: &[u8]) -> Result<(), Refusal> {
    agree(given, Tag::CERTIFICATE_TYPE, AttributeValue::Enumeration(ty.code()))?;
    forget(given);
    let length = i32::try_from(bytes.len()).map_err(|_| Refusal::InvalidField)?;
    given.set(Tag::CERTIFICATE_LENGTH, AttributeValue::Integer(length));
    match ty {
        CertificateType::X_509 => {
            let certificate = read_certificate(bytes).map_err(|_| Refusal::InvalidField)?;
            describe_x509(given, &certificate)
        }
        CertificateType::PGP => describe_pgp(given, &pgp::read(bytes).map_err(|_| Refusal::InvalidField)?),
        _ => Err(Refusal::InvalidField),
    }
}

/// Removes what another certificate told of itself.
fn forget(given: &mut AttributeSet) {
    given.remove(|attribute| {
        let Some(rule) = attribute.name.tag().and_then(rule) else { return false };
        let told = rule.set_by == SetBy::Server && rule.implicitly.contains(&Operation::CERTIFY);
        told && (rule.name.starts_with("Certificate ") || rule.name.starts_with("X.509 "))
            && rule.tag != Tag::CERTIFICATE_TYPE
    });
}

fn describe_x509(given: &mut AttributeSet, certificate: &Certificate<'_>) -> Result<(), Refusal> {
    let issuer_names = certificate.extensions.alternative_names(ISSUER_ALTERNATIVE_NAME);
    let subject_names = certificate.extensions.alternative_names(SUBJECT_ALTERNATIVE_NAME);
    put(
        given,
        Tag::X_509_CERTIFICATE_IDENTIFIER,
        &X509CertificateIdentifier { issuer: certificate.issuer.whole, serial: certificate.serial },
    );
    put(
        given,
        Tag::X_509_CERTIFICATE_ISSUER,
        &X509CertificateIssuer { name: certificate.issuer.whole, alternative: (&issuer_names).into() },
    );
    put(
        given,
        Tag::X_509_CERTIFICATE_SUBJECT,
        &X509CertificateSubject { name: certificate.subject.whole, alternative: (&subject_names).into() },
    );
    let (issuer, subject) = (certificate.issuer.text(), certificate.subject.text());
    let serial = serial_text(certificate.serial_number());
    let identifier = CertificateIdentifier { issuer: &issuer, serial: Some(&serial) };
    put_old(given, Tag::CERTIFICATE_IDENTIFIER, &identifier);
    let texts = |names: Vec<&[u8]>| -> Vec<String> { names.into_iter().map(general_name_text).collect() };
    let (issuer_names, subject_names) = (texts(issuer_names), texts(subject_names));
    let issuer_names: Vec<&str> = issuer_names.iter().map(String::as_str).collect();
    let subject_names: Vec<&str> = subject_names.iter().map(String::as_str).collect();
    let of_issuer = CertificateIssuer { name: &issuer, alternative: (&issuer_names).into() };
    put_old(given, Tag::CERTIFICATE_ISSUER, &of_issuer);
    let of_subject = CertificateSubject { name: &subject, alternative: (&subject_names).into() };
    put_old(given, Tag::CERTIFICATE_SUBJECT, &of_subject);
    put_parts(given, &certificate.subject, of_subject_part);
    put_parts(given, &certificate.issuer, of_issuer_part);
    if let Some(algorithm) = named(certificate.algorithm).and_then(signature_algorithm) {
        agree(given, Tag::DIGITAL_SIGNATURE_ALGORITHM, AttributeValue::Enumeration(algorithm.code()))?;
    }
    // The key of an algorithm that is not known here is not told.
    let Some((family, bits)) = key_facts(certificate.key) else { return Ok(()) };
    describe_key(given, family, bits)
}

fn describe_key(given: &mut AttributeSet, family: Family, bits: usize) -> Result<(), Refusal> {
    let told = given
        .get(Tag::CRYPTOGRAPHIC_ALGORITHM)
        .and_then(AttributeValue::as_enumeration)
        .map(CryptographicAlgorithm::from_code);
    let algorithm = match (told, family) {
        (Some(told), family) if fits(told, family) => told,
        (Some(_), _) => return Err(Refusal::InvalidAttributeValue),
        (None, Family::Rsa) => CryptographicAlgorithm::RSA,
        (None, Family::Curve(Curve::Ed25519)) => CryptographicAlgorithm::ED25519,
        (None, Family::Curve(Curve::X25519)) => CryptographicAlgorithm::ECDH,
        (None, Family::MlDsa(MlDsa::Dsa65)) => CryptographicAlgorithm::ML_DSA_65,
        (None, Family::MlDsa(MlDsa::Dsa87)) => CryptographicAlgorithm::ML_DSA_87,
        (None, Family::Curve(_)) => CryptographicAlgorithm::ECDSA,
    };
    agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(algorithm))?;
    let bits = i32::try_from(bits).map_err(|_| Refusal::InvalidField)?;
    agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))
}

fn describe_pgp(given: &mut AttributeSet, certificate: &pgp::Certificate<'_>) -> Result<(), Refusal> {
    // Who signed it; of one that nobody signed it is itself.
    let issuer = hex(&certificate.issuer.unwrap_or(certificate.key_id));
    put_old(given, Tag::CERTIFICATE_IDENTIFIER, &CertificateIdentifier { issuer: &issuer, serial: None });
    let none: Vec<&str> = Vec::new();
    put_old(
        given,
        Tag::CERTIFICATE_ISSUER,
        &CertificateIssuer { name: &issuer, alternative: (&none).into() },
    );
    put_old(
        given,
        Tag::CERTIFICATE_SUBJECT,
        &CertificateSubject { name: certificate.user, alternative: (&none).into() },
    );
    if let Some(algorithm) = certificate.signature.and_then(pgp_signature_algorithm) {
        agree(given, Tag::DIGITAL_SIGNATURE_ALGORITHM, AttributeValue::Enumeration(algorithm.code()))?;
    }
    let algorithm = match certificate.algorithm {
        pgp::Algorithm::Rsa => CryptographicAlgorithm::RSA,
        pgp::Algorithm::Dsa => CryptographicAlgorithm::DSA,
        pgp::Algorithm::Other => return Ok(()),
    };
    agree(given, Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm_value(algorithm))?;
    let bits = i32::from(certificate.bits);
    agree(given, Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(bits))
}

fn put<'s>(given: &mut AttributeSet, tag: Tag, value: &impl Field<'s>) {
    given.set(tag, AttributeValue::structure(value));
}

/// The same for an attribute that 2.x has no more.
fn put_old<'s>(given: &mut AttributeSet, tag: Tag, value: &impl Field<'s>) {
    given.set(tag, AttributeValue::Structure(StructureValue::of_version(value, Version::V1_4)));
}

fn put_parts(given: &mut AttributeSet, name: &DistinguishedName<'_>, tag: fn(Part) -> Tag) {
    name.parts(|part, text| {
        given.add(AttributeName::Standard(tag(part)), AttributeValue::Text(text.into()));
    });
}

/// The number in uppercase hexadecimal digits, without the zero that only keeps it positive.
fn serial_text(number: &[u8]) -> String {
    match number {
        [0, rest @ ..] if !rest.is_empty() => hex(rest),
        number => hex(number),
    }
}

const fn of_subject_part(part: Part) -> Tag {
    match part {
        Part::CommonName => Tag::CERTIFICATE_SUBJECT_CN,
        Part::Organization => Tag::CERTIFICATE_SUBJECT_O,
        Part::OrganizationalUnit => Tag::CERTIFICATE_SUBJECT_OU,
        Part::Email => Tag::CERTIFICATE_SUBJECT_EMAIL,
        Part::Country => Tag::CERTIFICATE_SUBJECT_C,
        Part::State => Tag::CERTIFICATE_SUBJECT_ST,
        Part::Locality => Tag::CERTIFICATE_SUBJECT_L,
        Part::UserId => Tag::CERTIFICATE_SUBJECT_UID,
        Part::SerialNumber => Tag::CERTIFICATE_SUBJECT_SERIAL_NUMBER,
        Part::Title => Tag::CERTIFICATE_SUBJECT_TITLE,
        Part::DomainComponent => Tag::CERTIFICATE_SUBJECT_DC,
        Part::DnQualifier => Tag::CERTIFICATE_SUBJECT_DN_QUALIFIER,
    }
}

const fn of_issuer_part(part: Part) -> Tag {
    match part {
        Part::CommonName => Tag::CERTIFICATE_ISSUER_CN,
        Part::Organization => Tag::CERTIFICATE_ISSUER_O,
        Part::OrganizationalUnit => Tag::CERTIFICATE_ISSUER_OU,
        Part::Email => Tag::CERTIFICATE_ISSUER_EMAIL,
        Part::Country => Tag::CERTIFICATE_ISSUER_C,
        Part::State => Tag::CERTIFICATE_ISSUER_ST,
        Part::Locality => Tag::CERTIFICATE_ISSUER_L,
        Part::UserId => Tag::CERTIFICATE_ISSUER_UID,
        Part::SerialNumber => Tag::CERTIFICATE_ISSUER_SERIAL_NUMBER,
        Part::Title => Tag::CERTIFICATE_ISSUER_TITLE,
        Part::DomainComponent => Tag::CERTIFICATE_ISSUER_DC,
        Part::DnQualifier => Tag::CERTIFICATE_ISSUER_DN_QUALIFIER,
    }
}

/// KMIP's name of a signature; `None` if it has none.
fn signature_algorithm(named: Named) -> Option<DigitalSignatureAlgorithm> {
    use DigitalSignatureAlgorithm as A;
    Some(match named {
        Named::Rsa(Digested::Md2) => A::MD2_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Md5) => A::MD5_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha1) => A::SHA_1_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha224) => A::SHA_224_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha256) => A::SHA_256_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha384) => A::SHA_384_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha512) => A::SHA_512_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha3_256) => A::SHA3_256_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha3_384) => A::SHA3_384_WITH_RSA_ENCRYPTION,
        Named::Rsa(Digested::Sha3_512) => A::SHA3_512_WITH_RSA_ENCRYPTION,
        Named::RsaPss => A::RSASSA_PSS,
        Named::Dsa(Digested::Sha1) => A::DSA_WITH_SHA_1,
        Named::Dsa(Digested::Sha224) => A::DSA_WITH_SHA224,
        Named::Dsa(Digested::Sha256) => A::DSA_WITH_SHA256,
        Named::Ecdsa(Digested::Sha1) => A::ECDSA_WITH_SHA_1,
        Named::Ecdsa(Digested::Sha224) => A::ECDSA_WITH_SHA224,
        Named::Ecdsa(Digested::Sha256) => A::ECDSA_WITH_SHA256,
        Named::Ecdsa(Digested::Sha384) => A::ECDSA_WITH_SHA384,
        Named::Ecdsa(Digested::Sha512) => A::ECDSA_WITH_SHA512,
        Named::Dsa(_) | Named::Ecdsa(_) | Named::Ed25519 => return None,
    })
}

/// The same for OpenPGP's numbers of public-key algorithm and hash (RFC 4880, sections 9.1 and 9.4).
fn pgp_signature_algorithm((key, hash): (u8, u8)) -> Option<DigitalSignatureAlgorithm> {
    let digested = match hash {
        1 => Digested::Md5,
        2 => Digested::Sha1,
        8 => Digested::Sha256,
        9 => Digested::Sha384,
        10 => Digested::Sha512,
        11 => Digested::Sha224,
        _ => return None,
    };
    match key {
        1 | 3 => signature_algorithm(Named::Rsa(digested)),
        17 => signature_algorithm(Named::Dsa(digested)),
        19 => signature_algorithm(Named::Ecdsa(digested)),
        _ => None,
    }
}
