//! What a client may do with certificates, and beside it what it may not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::await_holding_refcell_ref,
    reason = "tests: what is wrong here is to fail loudly"
)]

#[path = "support/memory.rs"]
mod memory;
#[path = "support/talk.rs"]
mod talk;
#[path = "support/tree.rs"]
mod tree;

use holdfast_core::crypto::asymmetric::{
    Curve, Made, Parsed, PrivateForm, Scheme, make_curve, read_private, sign,
};
use holdfast_core::crypto::der::{self, SEQUENCE};
use holdfast_core::crypto::x509::build::{Draft, issue, name_of};
use holdfast_core::crypto::x509::extension::Extensions;
use holdfast_core::crypto::x509::read_certificate;
use holdfast_core::crypto::x509::signature::write_ecdsa_sha_256;
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use std::fmt::Write as _;
use talk::{Reply, attribute, bytes, date, item, name, pick, text, within};

const DAY: i64 = 86_400;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn now(client: &Memory) -> i64 {
    use holdfast_core::scope::Scope;
    client.now().seconds()
}

struct Issuer {
    name: Vec<u8>,
    key: Made,
}

fn issuer(name: &str) -> Issuer {
    Issuer { name: name_of("acme", name), key: make_curve(Curve::P256).unwrap() }
}

fn certificate(client: &Memory, by: &Issuer, subject: &Issuer, authority: bool) -> String {
    let draft = Draft {
        serial: [7; 16],
        issuer: &by.name,
        issuer_key: &by.key.public,
        not_before: now(client) - DAY,
        not_after: now(client) + DAY,
        subject: &subject.name,
        key: &subject.key.public,
        authority,
        asked: &Extensions::default(),
    };
    hex(&issue(&draft, &by.key.private).unwrap())
}

fn mask(value: &str) -> String {
    format!(
        "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{value}\"/></Attribute>"
    )
}

fn register(client: &Memory, certificate: &str, attributes: &str) -> Reply {
    let value = format!("{}{}", pick("CertificateType", "X_509"), bytes("CertificateValue", certificate));
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "Certificate"),
        within("TemplateAttribute", attributes),
        within("Certificate", &value)
    );
    client.ask("Register", &payload)
}

fn register_key(client: &Memory, key: &Made) -> String {
    let block = format!(
        "{}{}",
        pick("KeyFormatType", "X_509"),
        within("KeyValue", &bytes("KeyMaterial", &hex(&key.public)))
    );
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "PublicKey"),
        within("TemplateAttribute", &mask("Verify")),
        within("PublicKey", &within("KeyBlock", &block))
    );
    let reply = client.ask("Register", &payload);
    assert_eq!(reply.result(), "Success");
    reply.value("UniqueIdentifier")
}

/// PKCS #10 for a subject, signed by `signer`.
fn request(subject: &Issuer, signer: &Made) -> String {
    let mut info = der::room(1024);
    der::nest(&mut info, SEQUENCE, |out| {
        der::write(out, der::INTEGER, &[0]);
        out.extend_from_slice(&subject.name);
        out.extend_from_slice(&subject.key.public);
        der::write(out, der::CONTEXT_0, &[]);
    });
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &info);
    let key = || read_private(PrivateForm::Pkcs8, &signer.private);
    let signature = sign(Scheme::Ecdsa, &Parsed::default(), key, hash.as_ref()).unwrap();
    let mut whole = der::room(2048);
    der::nest(&mut whole, SEQUENCE, |out| {
        out.extend_from_slice(&info);
        write_ecdsa_sha_256(out);
        der::bit_string(out, &signature);
    });
    hex(&whole)
}

fn certify(client: &Memory, id: &str, request: &str, attributes: &str) -> Reply {
    let payload = format!(
        "{}{}{}{}",
        text("UniqueIdentifier", id),
        pick("CertificateRequestType", "PKCS_10"),
        bytes("CertificateRequest", request),
        within("TemplateAttribute", attributes)
    );
    client.ask("Certify", &payload)
}

fn value_of(client: &Memory, id: &str) -> Vec<u8> {
    unhex(&client.simply("Get", id).value("CertificateValue"))
}

fn validate(client: &Memory, ids: &[&str], inline: &[&str], at: Option<i64>) -> Reply {
    let mut payload = String::new();
    for certificate in inline {
        let value = format!("{}{}", pick("CertificateType", "X_509"), bytes("CertificateValue", certificate));
        payload.push_str(&within("Certificate", &value));
    }
    for id in ids {
        payload.push_str(&text("UniqueIdentifier", id));
    }
    if let Some(at) = at {
        payload.push_str(&date("ValidityDate", at));
    }
    client.ask("Validate", &payload)
}

fn links(client: &Memory, id: &str) -> Vec<String> {
    let payload = format!("{}{}", text("UniqueIdentifier", id), text("AttributeName", "Link"));
    client.ask("GetAttributes", &payload).values("LinkType")
}

#[test]
fn a_certificate_is_found_by_what_it_says_and_nobody_makes_it_say_otherwise() {
    let client = manager();
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let reply = register(&client, &certificate(&client, &ca, &leaf, false), "");
    let id = reply.value("UniqueIdentifier");
    for (attribute_name, value) in [
        ("Certificate Subject CN", "leaf"),
        ("Certificate Issuer CN", "root"),
        ("Certificate Subject O", "acme"),
    ] {
        let asked = attribute(attribute_name, &text("AttributeValue", value));
        assert_eq!(client.ask("Locate", &asked).values("UniqueIdentifier"), std::slice::from_ref(&id));
        let other = attribute(attribute_name, &text("AttributeValue", "nobody"));
        assert!(client.ask("Locate", &other).values("UniqueIdentifier").is_empty());
        let changed = format!("{}{asked}", text("UniqueIdentifier", &id));
        for operation in ["AddAttribute", "ModifyAttribute"] {
            assert_eq!(client.ask(operation, &changed).result(), "PermissionDenied", "{operation}");
        }
        let named = format!("{}{}", text("UniqueIdentifier", &id), text("AttributeName", attribute_name));
        assert_eq!(client.ask("DeleteAttribute", &named).result(), "PermissionDenied");
        assert_eq!(
            register(&client, &certificate(&client, &ca, &leaf, false), &asked).result(),
            "InvalidField"
        );
    }
    let identifier = within(
        "AttributeValue",
        &format!(
            "{}{}",
            bytes("IssuerDistinguishedName", &hex(&ca.name)),
            bytes("CertificateSerialNumber", &format!("0210{}", "07".repeat(16)))
        ),
    );
    let asked = attribute("X.509 Certificate Identifier", &identifier);
    assert_eq!(client.ask("Locate", &asked).values("UniqueIdentifier"), [id]);
}

#[test]
fn what_is_no_certificate_is_not_registered_as_one() {
    let client = manager();
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let whole = certificate(&client, &ca, &leaf, false);
    assert_eq!(register(&client, &whole[..whole.len() - 2], "").result(), "InvalidField");
    assert_eq!(register(&client, "00", "").result(), "InvalidField");
    let algorithm = attribute("Cryptographic Algorithm", &pick("AttributeValue", "RSA"));
    assert_eq!(register(&client, &whole, &algorithm).result(), "InvalidField");
}

#[test]
fn a_public_key_is_certified_for_its_request_and_the_two_are_linked() {
    let client = manager();
    let leaf = issuer("leaf");
    let key = register_key(&client, &leaf.key);
    let reply = certify(&client, &key, &request(&leaf, &leaf.key), &name("web"));
    assert_eq!(reply.result(), "Success");
    let id = reply.value("UniqueIdentifier");
    let bytes = value_of(&client, &id);
    let read = read_certificate(&bytes).unwrap();
    assert_eq!(read.subject.text(), "CN=leaf,O=acme");
    assert_eq!(read.key, &**leaf.key.public);
    assert!(!read.extensions.may_issue(0));
    assert_eq!(links(&client, &id), ["PublicKeyLink"]);
    assert_eq!(links(&client, &key), ["CertificateLink"]);
    assert_eq!(validate(&client, &[&id], &[], None).value("ValidityIndicator"), "Valid");
    let later = now(&client) + 3 * 366 * DAY;
    assert_eq!(validate(&client, &[&id], &[], Some(later)).value("ValidityIndicator"), "Invalid");
}

#[test]
fn a_request_that_somebody_else_signed_or_for_another_key_gets_no_certificate() {
    let client = manager();
    let (leaf, other) = (issuer("leaf"), issuer("other"));
    let key = register_key(&client, &leaf.key);
    for request in [request(&leaf, &other.key), request(&other, &other.key), "3000".to_owned()] {
        assert_eq!(certify(&client, &key, &request, "").result(), "InvalidField");
    }
    assert!(links(&client, &key).is_empty());
    let symmetric = client.active_key("Encrypt");
    assert_eq!(certify(&client, &symmetric, &request(&leaf, &leaf.key), "").result(), "PermissionDenied");
    let nobody = "00000000-0000-0000-0000-000000000000";
    assert_eq!(certify(&client, nobody, &request(&leaf, &leaf.key), "").result(), "ItemNotFound");
    let stranger = client.store.client("web", Permission::Manage);
    assert_eq!(certify(&stranger, &key, &request(&leaf, &leaf.key), "").result(), "ItemNotFound");
    // Without a request the type must be said.
    assert_eq!(client.simply("Certify", &key).result(), "InvalidField");
    let ty = attribute("Certificate Type", &pick("AttributeValue", "X_509"));
    let payload = format!("{}{}", text("UniqueIdentifier", &key), within("TemplateAttribute", &ty));
    assert_eq!(client.ask("Certify", &payload).result(), "Success");
}

#[test]
fn the_authoritys_key_is_nobodys_and_its_certificate_everybodys() {
    let client = manager();
    let leaf = issuer("leaf");
    let key = register_key(&client, &leaf.key);
    let signed = certify(&client, &key, &request(&leaf, &leaf.key), "").value("UniqueIdentifier");
    let asked = attribute("Object Type", &pick("AttributeValue", "PrivateKey"));
    assert!(client.ask("Locate", &asked).values("UniqueIdentifier").is_empty());
    let subject = attribute("Certificate Subject CN", &text("AttributeValue", "db certification authority"));
    let authority = client.ask("Locate", &subject).values("UniqueIdentifier");
    assert_eq!(authority.len(), 1);
    // Not even by its identifier, which nobody was told.
    let hidden = {
        use aws_lc_rs::digest::{SHA256, digest};
        let hash = digest(&SHA256, b"holdfast/authority/v1/db");
        holdfast_model::ObjectId::from_bytes(*hash.as_ref().first_chunk().unwrap()).to_string()
    };
    assert!(client.store.peek(hidden.parse().unwrap()).is_some());
    for operation in ["Get", "GetAttributes", "Destroy", "Activate", "Archive"] {
        assert_eq!(client.simply(operation, &hidden).result(), "ItemNotFound", "{operation}");
    }
    let payload = format!("{}{}", text("UniqueIdentifier", &hidden), bytes("Data", "00"));
    assert_eq!(client.ask("Sign", &payload).result(), "ItemNotFound");
    // A second certificate is of the same authority; after its revocation another takes over.
    let again = certify(&client, &key, &request(&leaf, &leaf.key), "").value("UniqueIdentifier");
    assert_eq!(client.ask("Locate", &subject).values("UniqueIdentifier").len(), 1);
    assert_eq!(validate(&client, &[&again], &[], None).value("ValidityIndicator"), "Valid");
    assert_eq!(client.revoke(&authority[0], "KeyCompromise").result(), "Success");
    assert_eq!(validate(&client, &[&signed], &[], None).value("ValidityIndicator"), "Unknown");
    let next = certify(&client, &key, &request(&leaf, &leaf.key), "").value("UniqueIdentifier");
    assert_eq!(client.ask("Locate", &subject).values("UniqueIdentifier").len(), 2);
    assert_eq!(validate(&client, &[&next], &[], None).value("ValidityIndicator"), "Valid");
    client.store.restart();
    let last = certify(&client, &key, &request(&leaf, &leaf.key), "").value("UniqueIdentifier");
    assert_eq!(validate(&client, &[&last], &[], None).value("ValidityIndicator"), "Valid");
}

#[test]
fn a_certificate_is_replaced_for_its_own_key_alone() {
    let client = manager();
    let (leaf, other) = (issuer("leaf"), issuer("other"));
    let key = register_key(&client, &leaf.key);
    let old = certify(&client, &key, &request(&leaf, &leaf.key), &name("web")).value("UniqueIdentifier");
    let with = |request: &str| {
        let payload = format!(
            "{}{}{}",
            text("UniqueIdentifier", &old),
            pick("CertificateRequestType", "PKCS_10"),
            bytes("CertificateRequest", request)
        );
        client.ask("ReCertify", &payload)
    };
    assert_eq!(with(&request(&other, &other.key)).result(), "InvalidField");
    assert_eq!(client.simply("ReCertify", &key).result(), "PermissionDenied");
    let reply = client.simply("ReCertify", &old);
    assert_eq!(reply.result(), "Success");
    let new = reply.value("UniqueIdentifier");
    assert_eq!(links(&client, &new), ["ReplacedObjectLink", "PublicKeyLink"]);
    assert_eq!(links(&client, &old), ["PublicKeyLink", "ReplacementObjectLink"]);
    assert_eq!(links(&client, &key), ["CertificateLink"]);
    let named = client.ask("Locate", &name("web")).values("UniqueIdentifier");
    assert_eq!(named, std::slice::from_ref(&new));
    let (old, new) = (value_of(&client, &old), value_of(&client, &new));
    let (old, new) = (read_certificate(&old).unwrap(), read_certificate(&new).unwrap());
    assert_eq!((old.subject.whole, old.key), (new.subject.whole, new.key));
    assert_ne!(old.serial, new.serial);
}

#[test]
fn a_chain_is_valid_by_an_anchor_that_is_registered_and_not_by_one_that_is_brought() {
    let client = manager();
    let (root, leaf) = (issuer("root"), issuer("leaf"));
    let anchor = certificate(&client, &root, &root, true);
    let last = certificate(&client, &root, &leaf, false);
    let says = |reply: Reply| reply.value("ValidityIndicator");
    assert_eq!(says(validate(&client, &[], &[&last], None)), "Unknown");
    assert_eq!(says(validate(&client, &[], &[&last, &anchor], None)), "Unknown");
    let id = register(&client, &anchor, "").value("UniqueIdentifier");
    assert_eq!(says(validate(&client, &[], &[&last], None)), "Valid");
    assert_eq!(says(validate(&client, &[], &[&last, &anchor], None)), "Valid");
    assert_eq!(says(validate(&client, &[&id], &[&last], None)), "Valid");
    assert_eq!(says(validate(&client, &[&id], &[&last], Some(now(&client) + 2 * DAY))), "Invalid");
    let mut broken = unhex(&last);
    let end = broken.len() - 1;
    broken[end] ^= 1;
    assert_eq!(says(validate(&client, &[&id], &[&hex(&broken)], None)), "Invalid");
    assert_eq!(says(validate(&client, &[], &["00"], None)), "Invalid");
    // Another service does not trust it.
    let stranger = client.store.client("web", Permission::Manage);
    assert_eq!(says(validate(&stranger, &[], &[&last], None)), "Unknown");
    assert_eq!(validate(&client, &[], &[], None).result(), "InvalidMessage");
    assert_eq!(validate(&client, &[&client.active_key("Encrypt")], &[], None).result(), "InvalidMessage");
    assert_eq!(client.revoke(&id, "CACompromise").result(), "Success");
    assert_eq!(says(validate(&client, &[], &[&last, &anchor], None)), "Invalid");
}

#[test]
fn a_certificate_request_is_an_object_of_2x_and_can_be_certified() {
    let client = manager();
    let leaf = issuer("leaf");
    let value = format!(
        "{}{}",
        pick("CertificateRequestType", "PKCS_10"),
        bytes("CertificateRequestValue", &request(&leaf, &leaf.key))
    );
    let register = item(
        "Register",
        &format!(
            "{}<Attributes/>{}",
            pick("ObjectType", "CertificateRequest"),
            within("CertificateRequest", &value)
        ),
    );
    let reply = client.say((2, 1), "", &[register]);
    assert_eq!(reply.result(), "Success");
    let id = reply.value("UniqueIdentifier");
    let got = client.say((2, 1), "", &[item("Get", &text("UniqueIdentifier", &id))]);
    assert_eq!(got.value("CertificateRequestType"), "PKCS_10");
    let certified = client.say((2, 1), "", &[item("Certify", &text("UniqueIdentifier", &id))]);
    assert_eq!(certified.result(), "Success");
    let bytes = value_of(&client, &certified.value("UniqueIdentifier"));
    assert_eq!(read_certificate(&bytes).unwrap().subject.text(), "CN=leaf,O=acme");
    let symmetric = client.active_key("Encrypt");
    let refused = client.say((2, 1), "", &[item("Certify", &text("UniqueIdentifier", &symmetric))]);
    assert_eq!(refused.result(), "InvalidObjectType");
}

#[test]
fn each_version_tells_of_a_certificate_what_that_version_has() {
    let client = manager();
    let (ca, leaf) = (issuer("root"), issuer("leaf"));
    let id = register(&client, &certificate(&client, &ca, &leaf, false), "").value("UniqueIdentifier");
    let named = |version| {
        client
            .say(version, "", &[item("GetAttributeList", &text("UniqueIdentifier", &id))])
            .values("AttributeName")
    };
    let has = |version, name: &str| named(version).iter().any(|there| there == name);
    for name in
        ["Certificate Identifier", "Certificate Subject", "Certificate Issuer", "Cryptographic Length"]
    {
        assert!(has((1, 0), name) && has((1, 4), name), "{name}");
    }
    for name in ["X.509 Certificate Identifier", "Certificate Length", "Digital Signature Algorithm"] {
        assert!(!has((1, 0), name) && has((1, 1), name) && has((1, 4), name), "{name}");
    }
    for name in ["Certificate Subject CN", "Certificate Issuer O"] {
        assert!(!has((1, 3), name) && has((1, 4), name), "{name}");
    }
    for version in [(2, 0), (2, 1)] {
        let told = client.say(version, "", &[item("GetAttributes", &text("UniqueIdentifier", &id))]);
        assert_eq!(told.value("CertificateSubjectCN"), "leaf");
        assert_eq!(told.value("DigitalSignatureAlgorithm"), "ECDSAWithSHA256");
        assert_eq!(told.value("KeyFormatType"), "X_509");
        assert_eq!(told.value("CertificateSerialNumber"), format!("0210{}", "07".repeat(16)));
        assert!(told.0.all("CertificateIdentifier").is_empty());
        let asked = within("Attributes", &text("CertificateSubjectCN", "leaf"));
        assert_eq!(client.say(version, "", &[item("Locate", &asked)]).value("UniqueIdentifier"), id);
        let changed = |operation: &str| {
            let new = within("NewAttribute", &text("CertificateSubjectCN", "other"));
            let payload = format!("{}{new}", text("UniqueIdentifier", &id));
            client.say(version, "", &[item(operation, &payload)]).result()
        };
        assert_eq!(changed("AddAttribute"), "ReadOnlyAttribute");
        // There may be several of them, so there is none to set.
        assert_eq!(changed("SetAttribute"), "MultiValuedAttribute");
    }
}
