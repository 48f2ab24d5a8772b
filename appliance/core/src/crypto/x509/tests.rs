use super::build::{Draft, issue, name_of};
use super::chain::{Link, Verdict, judge};
use super::extension::{Extensions, SUBJECT_ALTERNATIVE_NAME};
use super::name::{DistinguishedName, general_name_text, general_names};
use super::request::{RequestForm, unarmoured};
use super::signature::{Digested, Named, named};
use super::{read_certificate, read_request};
use crate::crypto::asymmetric::{Curve, Made, make_curve};
use crate::crypto::der::{self, Reader, SEQUENCE};

const DAY: i64 = 86_400;
const NOW: i64 = 1_800_000_000;

fn key() -> Made {
    make_curve(Curve::P256).unwrap()
}

struct Issuer {
    name: Vec<u8>,
    key: Made,
}

fn issuer(name: &str) -> Issuer {
    Issuer { name: name_of("acme", name), key: key() }
}

fn certificate(by: &Issuer, subject: &Issuer, authority: bool, serial: u8) -> Vec<u8> {
    let draft = Draft {
        serial: [serial; 16],
        issuer: &by.name,
        issuer_key: &by.key.public,
        not_before: NOW - DAY,
        not_after: NOW + DAY,
        subject: &subject.name,
        key: &subject.key.public,
        authority,
        asked: &Extensions::default(),
    };
    issue(&draft, &by.key.private).unwrap()
}

fn link(bytes: &[u8], anchor: bool) -> Link<'_> {
    Link { certificate: read_certificate(bytes).unwrap(), anchor }
}

#[test]
fn a_certificate_that_is_made_reads_as_it_was_meant() {
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let bytes = certificate(&ca, &leaf, false, 0x7f);
    let read = read_certificate(&bytes).unwrap();
    assert_eq!(read.serial_number(), [0x7f; 16]);
    assert_eq!((read.not_before, read.not_after), (NOW - DAY, NOW + DAY));
    assert_eq!(read.issuer.text(), "CN=root,O=acme");
    assert_eq!(read.subject.text(), "CN=leaf,O=acme");
    assert_eq!(read.key, &**leaf.key.public);
    assert_eq!(named(read.algorithm), Some(Named::Ecdsa(Digested::Sha256)));
    assert!(!read.extensions.may_issue(0) && !read.extensions.demand_too_much());
}

#[test]
fn a_certificate_that_is_cut_or_has_a_bit_turned_never_holds() {
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let (root, bytes) = (certificate(&ca, &ca, true, 1), certificate(&ca, &leaf, false, 2));
    for length in 0..bytes.len() {
        assert!(read_certificate(&bytes[..length]).is_err());
    }
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let Ok(certificate) = read_certificate(&other) else { continue };
        let subject = [Link { certificate, anchor: false }];
        assert_ne!(judge(&subject, &[link(&root, true)], NOW), Verdict::Holds, "{at}");
    }
}

#[test]
fn a_chain_holds_through_cas_to_an_anchor_and_in_its_time_alone() {
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let (root, bytes) = (certificate(&ca, &ca, true, 1), certificate(&ca, &leaf, false, 2));
    let subject = || [link(&bytes, false)];
    assert_eq!(judge(&subject(), &[link(&root, true)], NOW), Verdict::Holds);
    assert_eq!(judge(&subject(), &[link(&root, true)], NOW + 2 * DAY), Verdict::Broken);
    assert_eq!(judge(&subject(), &[link(&root, true)], NOW - 2 * DAY), Verdict::Broken);
    assert_eq!(judge(&subject(), &[link(&root, false)], NOW), Verdict::NoAnchor);
    assert_eq!(judge(&subject(), &[], NOW), Verdict::NoAnchor);
    // A namesake with another key did not sign it.
    let other = issuer("root");
    let namesake = certificate(&other, &other, true, 1);
    assert_eq!(judge(&subject(), &[link(&namesake, true)], NOW), Verdict::Broken);
    assert_eq!(judge(&subject(), &[link(&namesake, true), link(&root, true)], NOW), Verdict::Holds);
}

#[test]
fn who_is_no_ca_issues_nothing_and_a_ca_without_room_below_none_that_does() {
    let (ca, middle, leaf) = (issuer("root"), issuer("middle"), issuer("leaf"));
    let root = certificate(&ca, &ca, true, 1);
    let bytes = certificate(&middle, &leaf, false, 3);
    let no_ca = certificate(&ca, &middle, false, 2);
    assert_eq!(
        judge(&[link(&bytes, false)], &[link(&no_ca, false), link(&root, true)], NOW),
        Verdict::Broken
    );
    // What is made here has a path length of zero.
    let deep = certificate(&ca, &middle, true, 2);
    assert_eq!(judge(&[link(&bytes, false)], &[link(&deep, false), link(&root, true)], NOW), Verdict::Broken);
    assert_eq!(judge(&[link(&bytes, false)], &[link(&deep, true)], NOW), Verdict::Holds);
}

#[test]
fn names_are_written_as_rfc_4514_has_them() {
    let name = |organization: &str, common: &str| {
        let bytes = name_of(organization, common);
        DistinguishedName::read(&mut Reader::new(&bytes)).map(|name| name.text()).unwrap()
    };
    assert_eq!(name("a, b", " x "), "CN=\\ x\\ ,O=a\\, b");
    assert_eq!(name("#1", "1+1"), "CN=1\\+1,O=\\#1");
    // 2.5.4.65 has no short name.
    let mut strange = der::room(64);
    der::nest(&mut strange, SEQUENCE, |out| {
        der::nest(out, 0x31, |out| {
            der::nest(out, SEQUENCE, |out| {
                der::write(out, der::OBJECT_IDENTIFIER, &[0x55, 0x04, 0x41]);
                der::write(out, 0x0c, b"p");
            });
        });
    });
    let strange = DistinguishedName::read(&mut Reader::new(&strange)).unwrap();
    assert_eq!(strange.text(), "2.5.4.65=#0C0170");
}

#[test]
fn general_names_are_told_as_people_write_them() {
    let mut list = der::room(128);
    der::nest(&mut list, SEQUENCE, |out| {
        der::write(out, 0x82, b"a.example");
        der::write(out, 0x87, &[192, 0, 2, 1]);
        der::write(out, 0x81, b"a@example");
    });
    let names = general_names(&list).unwrap();
    let texts: Vec<String> = names.into_iter().map(general_name_text).collect();
    assert_eq!(texts, ["a.example", "192.0.2.1", "a@example"]);
}

/// A request as PKCS #10 has it, signed by `signer`.
fn request(subject: &Issuer, signer: &Made, alternative: bool) -> Vec<u8> {
    let mut info = der::room(1024);
    der::nest(&mut info, SEQUENCE, |out| {
        der::write(out, der::INTEGER, &[0]);
        out.extend_from_slice(&subject.name);
        out.extend_from_slice(&subject.key.public);
        der::nest(out, der::CONTEXT_0, |out| {
            if alternative {
                der::nest(out, SEQUENCE, |out| {
                    der::write(
                        out,
                        der::OBJECT_IDENTIFIER,
                        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e],
                    );
                    der::nest(out, 0x31, |out| {
                        der::nest(out, SEQUENCE, |out| {
                            der::nest(out, SEQUENCE, |out| {
                                der::write(out, der::OBJECT_IDENTIFIER, SUBJECT_ALTERNATIVE_NAME);
                                der::nest(out, der::OCTET_STRING, |out| {
                                    der::nest(out, SEQUENCE, |out| der::write(out, 0x82, b"a.example"));
                                });
                            });
                        });
                    });
                });
            }
        });
    });
    sealed(&info, signer)
}

fn sealed(info: &[u8], signer: &Made) -> Vec<u8> {
    use crate::crypto::asymmetric::{Parsed, PrivateForm, Scheme, read_private, sign};
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, info);
    let key = || read_private(PrivateForm::Pkcs8, &signer.private);
    let signature = sign(Scheme::Ecdsa, &Parsed::default(), key, hash.as_ref()).unwrap();
    let mut whole = der::room(2048);
    der::nest(&mut whole, SEQUENCE, |out| {
        out.extend_from_slice(info);
        super::signature::write_ecdsa_sha_256(out);
        der::bit_string(out, &signature);
    });
    whole.to_vec()
}

#[test]
fn a_request_counts_if_its_own_key_signed_it() {
    let leaf = issuer("leaf");
    let bytes = request(&leaf, &leaf.key, true);
    let asked = read_request(RequestForm::Pkcs10, &bytes).unwrap();
    assert_eq!(asked.subject.text(), "CN=leaf,O=acme");
    assert_eq!(&*asked.key, &**leaf.key.public);
    assert_eq!(asked.extensions.alternative_names(SUBJECT_ALTERNATIVE_NAME).len(), 1);
    assert!(read_request(RequestForm::Pkcs10, &request(&leaf, &key(), true)).is_err());
    for length in 0..bytes.len() {
        assert!(read_request(RequestForm::Pkcs10, &bytes[..length]).is_err());
    }
    assert!(read_request(RequestForm::Crmf, &bytes).is_err());
}

#[test]
fn a_request_comes_out_of_its_armour_and_nothing_else_does() {
    use p256::pkcs8::der::pem;
    let leaf = issuer("leaf");
    let bytes = request(&leaf, &leaf.key, false);
    let armour = |label: &str| pem::encode_string(label, pem::LineEnding::LF, &bytes).unwrap();
    let text = armour("CERTIFICATE REQUEST");
    assert_eq!(*unarmoured(RequestForm::Pem, text.as_bytes()).unwrap(), *bytes);
    assert!(unarmoured(RequestForm::Pem, armour("CERTIFICATE").as_bytes()).is_err());
    assert!(unarmoured(RequestForm::Pem, &bytes).is_err());
}

#[test]
fn a_crmf_request_counts_with_its_proof_of_possession() {
    let leaf = issuer("leaf");
    let mut request = der::room(1024);
    der::nest(&mut request, SEQUENCE, |out| {
        der::write(out, der::INTEGER, &[7]);
        der::nest(out, SEQUENCE, |out| {
            der::write(out, 0xa5, &leaf.name);
            let inside = Reader::new(&leaf.key.public).expect(SEQUENCE).unwrap();
            der::write(out, 0xa6, inside);
        });
    });
    let message = |signer: &Made| {
        let sealed = sealed(&request, signer);
        let mut parts = Reader::new(&sealed).sequence().unwrap();
        parts.element().unwrap();
        let (algorithm, signature) = (parts.element().unwrap(), parts.element().unwrap());
        let mut out = der::room(2048);
        der::nest(&mut out, SEQUENCE, |out| {
            der::nest(out, SEQUENCE, |out| {
                out.extend_from_slice(&request);
                der::nest(out, 0xa1, |out| {
                    out.extend_from_slice(algorithm.whole);
                    out.extend_from_slice(signature.whole);
                });
            });
        });
        out.to_vec()
    };
    let asked = message(&leaf.key);
    let asked = read_request(RequestForm::Crmf, &asked).unwrap();
    assert_eq!(&*asked.key, &**leaf.key.public);
    assert!(read_request(RequestForm::Crmf, &message(&key())).is_err());
}

#[test]
fn a_subject_is_granted_names_and_never_to_be_a_ca() {
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let bytes = request(&leaf, &leaf.key, true);
    let asked = read_request(RequestForm::Pkcs10, &bytes).unwrap();
    let draft = Draft {
        serial: [1; 16],
        issuer: &ca.name,
        issuer_key: &ca.key.public,
        not_before: NOW,
        not_after: NOW + DAY,
        subject: asked.subject.whole,
        key: &asked.key,
        authority: false,
        asked: &asked.extensions,
    };
    let made = issue(&draft, &ca.key.private).unwrap();
    let read = read_certificate(&made).unwrap();
    let names = read.extensions.alternative_names(SUBJECT_ALTERNATIVE_NAME);
    assert_eq!(names.into_iter().map(general_name_text).collect::<Vec<_>>(), ["a.example"]);
    assert!(!read.extensions.may_issue(0));
}
