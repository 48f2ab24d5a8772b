//! Signatures, and what is wrapped around a bundle.

use super::*;
use crate::envelope::{CONTENT_TYPE, protected};
use ciborium::Value;
use coset::{CoseSign, CoseSignature, HeaderBuilder, ProtectedHeader, TaggedCborSerializable, iana};
use holdfast_model::limits::BUNDLE_BYTES_MAX;

fn good(office: &Office) -> Received {
    office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]))
}

/// Takes a good bundle apart, changes it, and puts it together again.
fn changed(office: &Office, change: impl FnOnce(&mut CoseSign)) -> Received {
    let mut sign = CoseSign::from_tagged_slice(good(office).as_bytes()).unwrap();
    change(&mut sign);
    for signature in &mut sign.signatures {
        signature.protected.original_data = None;
    }
    sign.protected.original_data = None;
    Received::new(sign.to_tagged_vec().unwrap()).unwrap()
}

/// Signs whatever header it is given.
fn signed_with(office: &Office, header: coset::Header) -> Received {
    changed(office, |sign| {
        let mut signature = CoseSignature {
            protected: ProtectedHeader { original_data: None, header },
            ..Default::default()
        };
        signature.signature = office.alice.sign_for_tests(&sign.tbs_data(&[], &signature));
        sign.signatures[0] = signature;
    })
}

const SHAPE: Refusal = Refusal::Malformed("not COSE_Sign in deterministic CBOR");

#[test]
fn one_signer_of_two_is_not_enough() {
    let office = Office::new();
    let one =
        sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]), "alice", &office.alice).unwrap();
    assert_eq!(office.refuses(one), Refusal::NotEnoughSigners { had: 1, needed: 2 });
}

#[test]
fn a_signer_who_signs_twice_counts_once() {
    let office = Office::new();
    let twice = changed(&office, |sign| sign.signatures[1] = sign.signatures[0].clone());
    assert_eq!(office.refuses(twice), Refusal::NotEnoughSigners { had: 1, needed: 2 });
}

#[test]
fn more_signers_than_needed_do_no_harm_and_their_order_does_not_matter() {
    let office = Office::new();
    let three = add_signature(&good(&office), "carol", &office.carol).unwrap();
    assert!(office.judge(three, None).is_ok());
    let turned = changed(&office, |sign| sign.signatures.reverse());
    assert_eq!(office.judge(turned, None).unwrap().signed_by(), ["bob", "alice"]);
}

#[test]
fn a_signer_who_is_not_pinned_spoils_the_bundle() {
    let office = Office::new();
    let mallory = BundleKey::generate().unwrap();
    let more = add_signature(&good(&office), "mallory", &mallory).unwrap();
    assert_eq!(office.refuses(more), Refusal::UnknownSigner);
}

#[test]
fn a_pinned_name_with_another_key_is_a_forgery() {
    let office = Office::new();
    let mallory = BundleKey::generate().unwrap();
    let bundle = office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    let forged = add_signature(&sign(&bundle, "alice", &office.alice).unwrap(), "bob", &mallory).unwrap();
    assert_eq!(office.refuses(forged), Refusal::Forged);
}

#[test]
fn a_changed_payload_is_a_forgery() {
    let office = Office::new();
    let other = crate::sign::payload(&office.draft(1, BundleDigest::NONE, vec![define("evil")])).unwrap();
    assert_eq!(office.refuses(changed(&office, |sign| sign.payload = Some(other))), Refusal::Forged);
}

#[test]
fn signatures_of_another_bundle_do_not_fit() {
    let office = Office::new();
    let other = office.sign(&office.draft(2, BundleDigest::NONE, vec![define("acme")]));
    let other = CoseSign::from_tagged_slice(other.as_bytes()).unwrap().signatures;
    assert_eq!(office.refuses(changed(&office, |sign| sign.signatures = other)), Refusal::Forged);
}

#[test]
fn both_values_of_s_are_taken_and_nothing_depends_on_which() {
    let office = Office::new();
    let good = good(&office);
    let mirrored = changed(&office, |sign| {
        *sign = CoseSign::from_tagged_slice(good.as_bytes()).unwrap();
        for one in &mut sign.signatures {
            let signature = p256::ecdsa::Signature::from_slice(&one.signature).unwrap();
            let (r, s) = (signature.r(), signature.s());
            one.signature = p256::ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes())
                .unwrap()
                .to_bytes()
                .to_vec();
        }
    });
    let last = office.judge(good, None).unwrap().high_water();
    assert_eq!(office.judge(mirrored.clone(), None).unwrap().high_water(), last);
    assert_eq!(office.judge(mirrored, Some(last)).err(), Some(Refusal::Replayed));
}

#[test]
fn a_signature_without_protected_es256_is_refused() {
    let office = Office::new();
    let named = || HeaderBuilder::new().key_id(b"alice".to_vec());
    assert_eq!(office.refuses(signed_with(&office, named().build())), Refusal::Algorithm);
    for algorithm in [iana::Algorithm::ES384, iana::Algorithm::EdDSA, iana::Algorithm::HMAC_256_256] {
        assert_eq!(
            office.refuses(signed_with(&office, named().algorithm(algorithm).build())),
            Refusal::Algorithm
        );
    }
    let unprotected = changed(&office, |sign| {
        sign.signatures[0].unprotected = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build();
    });
    assert_eq!(office.refuses(unprotected), SHAPE);
}

#[test]
fn a_critical_header_that_is_not_known_is_refused_and_so_is_any_other() {
    let office = Office::new();
    let named = || HeaderBuilder::new().algorithm(iana::Algorithm::ES256).key_id(b"alice".to_vec());
    let critical = named().add_critical(iana::HeaderParameter::ContentType).build();
    assert_eq!(office.refuses(signed_with(&office, critical)), Refusal::UnknownCritical);
    let more = named().value(-70_001, Value::Bool(true)).build();
    assert!(matches!(office.refuses(signed_with(&office, more)), Refusal::Malformed(_)));
    let nameless = HeaderBuilder::new().algorithm(iana::Algorithm::ES256).build();
    assert_eq!(office.refuses(signed_with(&office, nameless)), Refusal::UnknownSigner);
}

#[test]
fn a_signed_thing_of_another_kind_is_no_bundle() {
    let office = Office::new();
    assert!(good(&office).as_bytes().windows(47).any(|window| window == protected()));
    let other = changed(&office, |sign| sign.protected.header.content_type = None);
    assert_eq!(office.refuses(other), SHAPE);
    let typed = changed(&office, |sign| {
        let other = CONTENT_TYPE.replace("bundle", "letter");
        sign.protected.header.content_type = Some(coset::ContentType::Text(other));
    });
    assert_eq!(office.refuses(typed), SHAPE);
}

#[test]
fn a_bundle_without_payload_or_signature_or_with_too_many_is_refused() {
    let office = Office::new();
    assert_eq!(office.refuses(changed(&office, |sign| sign.payload = None)), SHAPE);
    assert_eq!(office.refuses(changed(&office, |sign| sign.signatures.clear())), SHAPE);
    let many = changed(&office, |sign| sign.signatures = vec![sign.signatures[0].clone(); 17]);
    assert_eq!(office.refuses(many), SHAPE);
}

#[test]
fn what_follows_a_bundle_or_lacks_at_its_end_is_noticed() {
    let office = Office::new();
    let bytes = good(&office).as_bytes().to_vec();
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(office.refuses(Received::new(longer).unwrap()), SHAPE);
    for length in 0..bytes.len() {
        assert_eq!(office.refuses(Received::new(bytes[..length].to_vec()).unwrap()), SHAPE, "{length}");
    }
}

#[test]
fn an_untagged_bundle_is_refused() {
    let office = Office::new();
    let bytes = good(&office).as_bytes()[2..].to_vec();
    assert_eq!(office.refuses(Received::new(bytes).unwrap()), SHAPE);
}

#[test]
fn headers_nested_in_headers_are_not_followed() {
    let office = Office::new();
    let mut header = vec![0xa0];
    for _ in 0..20_000 {
        let mut next = vec![0xa1, 0x07, 0x83, 0x5a];
        next.extend_from_slice(&u32::try_from(header.len()).unwrap().to_be_bytes());
        next.extend_from_slice(&header);
        next.extend_from_slice(&[0xa0, 0x40]);
        header = next;
    }
    let mut bytes = vec![0xd8, 98, 0x84, 0x5a];
    bytes.extend_from_slice(&u32::try_from(header.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&[0xa0, 0x40, 0x80]);
    assert_eq!(office.refuses(Received::new(bytes).unwrap()), SHAPE);
}

#[test]
fn more_bytes_than_a_bundle_may_have_are_not_even_looked_at() {
    assert!(Received::new(vec![0; BUNDLE_BYTES_MAX]).is_ok());
    assert_eq!(Received::new(vec![0; BUNDLE_BYTES_MAX + 1]).err(), Some(Refusal::TooLarge));
}
