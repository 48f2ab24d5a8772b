//! What a client may do with key pairs, and beside it what it may not.
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

use holdfast_model::policy::{Policy, Practice};
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{Reply, attribute, bytes, date, name, number, pick, text, within};

const PSS: &str = "<PaddingMethod type=\"Enumeration\" value=\"PSS\"/><HashingAlgorithm type=\"Enumeration\" value=\"SHA_256\"/>";
const OAEP: &str = "<PaddingMethod type=\"Enumeration\" value=\"OAEP\"/><HashingAlgorithm type=\"Enumeration\" value=\"SHA_256\"/>";

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn mask(value: &str) -> String {
    format!(
        "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{value}\"/></Attribute>"
    )
}

fn active() -> String {
    attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
}

fn create(client: &Memory, algorithm: &str, bits: i64, masks: (&str, &str)) -> Reply {
    let common = format!(
        "{}{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", algorithm)),
        attribute("Cryptographic Length", &number("AttributeValue", bits)),
        active()
    );
    let payload = format!(
        "{}{}{}",
        within("CommonTemplateAttribute", &common),
        within("PrivateKeyTemplateAttribute", &mask(masks.0)),
        within("PublicKeyTemplateAttribute", &mask(masks.1))
    );
    client.ask("CreateKeyPair", &payload)
}

fn pair(client: &Memory, algorithm: &str, bits: i64, masks: (&str, &str)) -> (String, String) {
    let reply = create(client, algorithm, bits, masks);
    assert_eq!(reply.result(), "Success", "{algorithm} {bits}");
    (reply.value("PrivateKeyUniqueIdentifier"), reply.value("PublicKeyUniqueIdentifier"))
}

fn parameters(inside: &str) -> String {
    if inside.is_empty() { String::new() } else { within("CryptographicParameters", inside) }
}

fn sign(client: &Memory, id: &str, how: &str, data: &str) -> Reply {
    client.ask("Sign", &format!("{}{}{}", text("UniqueIdentifier", id), parameters(how), bytes("Data", data)))
}

fn verify(client: &Memory, id: &str, how: &str, data: &str, signature: &str) -> Reply {
    let payload = format!(
        "{}{}{}{}",
        text("UniqueIdentifier", id),
        parameters(how),
        bytes("Data", data),
        bytes("SignatureData", signature)
    );
    client.ask("SignatureVerify", &payload)
}

fn get_as(client: &Memory, id: &str, format: &str) -> Reply {
    client.ask("Get", &format!("{}{}", text("UniqueIdentifier", id), pick("KeyFormatType", format)))
}

#[test]
fn what_the_private_key_signs_the_public_key_verifies_and_nothing_else() {
    let client = manager();
    for (algorithm, bits, how) in
        [("RSA", 2048, PSS), ("RSA", 2048, ""), ("ECDSA", 256, ""), ("ECDSA", 384, ""), ("EC", 521, "")]
    {
        let (private, public) = pair(&client, algorithm, bits, ("Sign", "Verify"));
        let signed = sign(&client, &private, how, "0102");
        assert_eq!(signed.result(), "Success", "{algorithm} {bits}");
        let signature = signed.value("SignatureData");
        assert_eq!(verify(&client, &public, how, "0102", &signature).value("ValidityIndicator"), "Valid");
        assert_eq!(verify(&client, &public, how, "0103", &signature).value("ValidityIndicator"), "Invalid");
        let (_, other) = pair(&client, algorithm, bits, ("Sign", "Verify"));
        assert_eq!(verify(&client, &other, how, "0102", &signature).value("ValidityIndicator"), "Invalid");
    }
}

#[test]
fn a_message_that_is_signed_whole_may_come_in_parts() {
    let client = manager();
    for (algorithm, bits) in [("ML_DSA_65", 15_616), ("ML_DSA_87", 20_736)] {
        let (private, public) = pair(&client, algorithm, bits, ("Sign", "Verify"));
        let yes = |tag: &str| format!("<{tag} type=\"Boolean\" value=\"true\"/>");
        let begun = client.ask(
            "Sign",
            &format!(
                "{}{}{}",
                text("UniqueIdentifier", &private),
                bytes("Data", "0102"),
                yes("InitIndicator")
            ),
        );
        assert_eq!(begun.result(), "Success", "{algorithm}");
        let end = format!(
            "{}{}{}{}",
            text("UniqueIdentifier", &private),
            bytes("Data", "0304"),
            bytes("CorrelationValue", &begun.value("CorrelationValue")),
            yes("FinalIndicator")
        );
        let signature = client.ask("Sign", &end).value("SignatureData");
        let judge =
            |id: &str, data: &str| verify(&client, id, "", data, &signature).value("ValidityIndicator");
        assert_eq!(judge(&public, "01020304"), "Valid", "{algorithm}");
        assert_eq!(judge(&public, "01020305"), "Invalid", "{algorithm}");
        let (_, other) = pair(&client, algorithm, bits, ("Sign", "Verify"));
        assert_eq!(judge(&other, "01020304"), "Invalid", "{algorithm}");
        // It signs no digest, and is had as X.509.
        let hashed = pick("HashingAlgorithm", "SHA_256");
        assert_ne!(sign(&client, &private, &hashed, "0102").result(), "Success");
        assert_eq!(get_as(&client, &public, "X_509").result(), "Success");
        assert_eq!(get_as(&client, &private, "Raw").result(), "Success");
    }
    assert_ne!(create(&client, "ML_DSA_65", 256, ("Sign", "Verify")).result(), "Success");
}

#[test]
fn a_half_of_a_pair_does_only_what_is_its_part() {
    let client = manager();
    let (private, public) = pair(&client, "ECDSA", 256, ("Sign Verify", "Sign Verify"));
    assert_eq!(sign(&client, &public, "", "01").result(), "PermissionDenied");
    assert_eq!(verify(&client, &private, "", "01", "00").result(), "PermissionDenied");
    let (private, public) = pair(&client, "RSA", 2048, ("Decrypt", "Encrypt"));
    assert_eq!(sign(&client, &private, PSS, "01").result(), "PermissionDenied");
    assert_eq!(verify(&client, &public, PSS, "01", "00").result(), "PermissionDenied");
}

#[test]
fn what_the_public_key_encrypts_the_private_key_decrypts_and_only_with_oaep_unless_the_policy_says_more() {
    let client = manager();
    let (private, public) = pair(&client, "RSA", 2048, ("Decrypt", "Encrypt"));
    let ask = |operation: &str, id: &str, how: &str, data: &str| {
        client.ask(
            operation,
            &format!("{}{}{}", text("UniqueIdentifier", id), parameters(how), bytes("Data", data)),
        )
    };
    let sealed = ask("Encrypt", &public, OAEP, "5ec4e7");
    assert_eq!(sealed.result(), "Success");
    let cipher = sealed.value("Data");
    assert_eq!(ask("Decrypt", &private, OAEP, &cipher).value("Data"), "5ec4e7");
    let label = format!("{OAEP}{}", bytes("PSource", "01"));
    let wrong = ask("Decrypt", &private, &label, &cipher);
    assert_eq!((wrong.result().as_str(), wrong.value("Data").as_str()), ("CryptographicFailure", ""));
    assert_eq!(ask("Decrypt", &private, OAEP, &cipher[2..]).result(), "CryptographicFailure");
    assert_eq!(ask("Encrypt", &public, OAEP, &"00".repeat(256)).result(), "CryptographicFailure");
    let old = pick("PaddingMethod", "PKCS1V1_5");
    assert_eq!(ask("Encrypt", &public, &old, "00").result(), "PermissionDenied");
    assert_eq!(ask("Decrypt", &private, &old, &cipher).result(), "PermissionDenied");
    client.store.policy.set(Policy::with(&[Practice::Pkcs1Encrypt, Practice::Pkcs1Decrypt], &[]));
    let sealed = ask("Encrypt", &public, &old, "5ec4e7").value("Data");
    assert_eq!(ask("Decrypt", &private, &old, &sealed).value("Data"), "5ec4e7");
}

#[test]
fn the_halves_name_each_other_and_have_their_own_attributes() {
    let client = manager();
    let (private, public) = pair(&client, "RSA", 2048, ("Sign", "Verify"));
    let linked = |id: &str| {
        let payload = format!("{}{}", text("UniqueIdentifier", id), text("AttributeName", "Link"));
        let reply = client.ask("GetAttributes", &payload);
        (reply.value("LinkType"), reply.value("LinkedObjectIdentifier"))
    };
    assert_eq!(linked(&private), ("PublicKeyLink".to_owned(), public.clone()));
    assert_eq!(linked(&public), ("PrivateKeyLink".to_owned(), private.clone()));
    let mask = |id: &str| client.simply("GetAttributes", id).attribute("Cryptographic Usage Mask").unwrap();
    assert_eq!((mask(&private).as_str(), mask(&public).as_str()), ("Sign", "Verify"));
}

#[test]
fn old_ways_to_sign_are_refused_and_old_signatures_still_checked() {
    let client = manager();
    let sha_1 = pick("HashingAlgorithm", "SHA_1");
    let old = format!("{}{sha_1}", pick("PaddingMethod", "PKCS1V1_5"));
    for (bits, how) in [(2048, old.as_str()), (1024, "")] {
        client.store.policy.set(Policy::default());
        let (private, public) = pair(&client, "RSA", bits, ("Sign", "Verify"));
        assert_eq!(sign(&client, &private, how, "0102").result(), "PermissionDenied", "RSA {bits} {how}");
        client.store.policy.set(Policy::with(&[Practice::Sha1Sign, Practice::ShortRsaSign], &[]));
        let signature = sign(&client, &private, how, "0102").value("SignatureData");
        client.store.policy.set(Policy::default());
        assert_eq!(verify(&client, &public, how, "0102", &signature).value("ValidityIndicator"), "Valid");
        client.store.policy.set(Policy::with(&[], &[Practice::Sha1Verify, Practice::ShortRsaVerify]));
        assert_eq!(verify(&client, &public, how, "0102", &signature).result(), "PermissionDenied");
    }
}

#[test]
fn a_pair_that_is_not_made_leaves_nothing() {
    let client = manager();
    for (algorithm, bits) in [("RSA", 512), ("RSA", 2047), ("RSA", 8192), ("ECDSA", 255), ("DSA", 2048)] {
        assert_eq!(
            create(&client, algorithm, bits, ("Sign", "Verify")).result(),
            "InvalidField",
            "{algorithm} {bits}"
        );
    }
    let same = format!(
        "{}{}{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "ECDSA")),
        attribute("Cryptographic Length", &number("AttributeValue", 256)),
        mask("Sign"),
        name("twins")
    );
    let reply = client.ask("CreateKeyPair", &within("CommonTemplateAttribute", &same));
    assert_ne!(reply.result(), "Success", "two objects of one name");
    assert!(client.ask("Locate", "").values("UniqueIdentifier").is_empty());
}

#[test]
fn a_key_is_handed_out_in_every_format_of_its_kind_and_comes_back_as_the_same_key() {
    let client = manager();
    let kinds = [
        ("RSA", 2048, &["PKCS_1", "PKCS_8", "TransparentRSAPrivateKey"][..], "ECPrivateKey"),
        ("ECDSA", 256, &["ECPrivateKey", "PKCS_8", "TransparentECPrivateKey"][..], "PKCS_1"),
    ];
    for (algorithm, bits, formats, never) in kinds {
        let (private, public) = pair(&client, algorithm, bits, ("Sign", "Verify"));
        for format in formats {
            let got = get_as(&client, &private, format);
            assert_eq!(got.result(), "Success", "{algorithm} {format}");
            assert_eq!(got.value("KeyFormatType"), *format);
            let again = client.ask("Register", &registration("PrivateKey", "Sign", &got));
            assert_eq!(again.result(), "Success", "{algorithm} {format}");
            let signature = sign(&client, &again.value("UniqueIdentifier"), "", "07").value("SignatureData");
            assert_eq!(verify(&client, &public, "", "07", &signature).value("ValidityIndicator"), "Valid");
        }
        assert_eq!(get_as(&client, &private, never).result(), "KeyFormatTypeNotSupported");
        let transparent =
            if algorithm == "RSA" { "TransparentRSAPublicKey" } else { "TransparentECPublicKey" };
        for format in ["X_509", transparent] {
            let got = get_as(&client, &public, format);
            assert_eq!(got.result(), "Success", "{algorithm} {format}");
            let again = client.ask("Register", &registration("PublicKey", "Verify", &got));
            let signature = sign(&client, &private, "", "07").value("SignatureData");
            let verified = verify(&client, &again.value("UniqueIdentifier"), "", "07", &signature);
            assert_eq!(verified.value("ValidityIndicator"), "Valid");
        }
    }
}

/// A registration of what a Get has given.
fn registration(ty: &str, usage: &str, got: &Reply) -> String {
    fn write(node: &tree::Node) -> String {
        if node.children.is_empty() {
            return format!("<{} type=\"{}\" value=\"{}\"/>", node.tag, node.ty, node.value);
        }
        within(&node.tag, &node.children.iter().map(write).collect::<String>())
    }
    let attributes = within("TemplateAttribute", &format!("{}{}", mask(usage), active()));
    format!("{}{attributes}{}", pick("ObjectType", ty), write(got.0.all(ty)[0]))
}

#[test]
fn a_private_key_that_is_no_key_or_not_what_it_is_said_to_be_is_not_registered() {
    let client = manager();
    let (private, _) = pair(&client, "ECDSA", 256, ("Sign", "Verify"));
    let got = get_as(&client, &private, "PKCS_8");
    let good = registration("PrivateKey", "Sign", &got);
    let material = got.value("KeyMaterial");
    let cut = good.replace(&material, &material[..material.len() - 2]);
    assert_eq!(client.ask("Register", &cut).result(), "InvalidField");
    let longer = good.replace("\"256\"", "\"384\"");
    assert_eq!(client.ask("Register", &longer).result(), "InvalidField");
    let other = good.replace("\"ECDSA\"", "\"RSA\"");
    assert_eq!(client.ask("Register", &other).result(), "InvalidField");
    assert_eq!(client.ask("Register", &good).result(), "Success");
}

#[test]
fn a_sensitive_private_key_signs_and_is_not_handed_out() {
    let client = manager();
    let sensitive = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>");
    let common = format!(
        "{}{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "ECDSA")),
        attribute("Cryptographic Length", &number("AttributeValue", 256)),
        active()
    );
    let payload = format!(
        "{}{}{}",
        within("CommonTemplateAttribute", &common),
        within("PrivateKeyTemplateAttribute", &format!("{}{sensitive}", mask("Sign"))),
        within("PublicKeyTemplateAttribute", &mask("Verify"))
    );
    let reply = client.ask("CreateKeyPair", &payload);
    let private = reply.value("PrivateKeyUniqueIdentifier");
    assert_eq!(sign(&client, &private, "", "01").result(), "Success");
    for format in ["PKCS_8", "ECPrivateKey"] {
        assert_ne!(get_as(&client, &private, format).result(), "Success");
    }
    assert_eq!(client.simply("Get", &reply.value("PublicKeyUniqueIdentifier")).result(), "Success");
}

#[test]
fn a_revoked_pair_verifies_and_does_not_sign_and_another_services_pair_is_not_there() {
    let client = manager();
    let (private, public) = pair(&client, "ECDSA", 256, ("Sign", "Verify"));
    let signature = sign(&client, &private, "", "01").value("SignatureData");
    let other = client.store.client("web", Permission::Manage);
    assert_eq!(sign(&other, &private, "", "01").result(), "ItemNotFound");
    assert_eq!(verify(&other, &public, "", "01", &signature).result(), "ItemNotFound");
    client.revoke(&private, "Superseded");
    client.revoke(&public, "Superseded");
    assert_eq!(sign(&client, &private, "", "01").result(), "PermissionDenied");
    assert_eq!(verify(&client, &public, "", "01", &signature).value("ValidityIndicator"), "Valid");
}

#[test]
fn a_signature_in_parts_is_the_signature_of_the_whole_and_each_stream_is_its_makers() {
    let client = manager();
    let (private, public) = pair(&client, "ECDSA", 256, ("Sign", "Verify"));
    let flag = |tag: &str| format!("<{tag} type=\"Boolean\" value=\"true\"/>");
    let first = client.ask(
        "Sign",
        &format!("{}{}{}", text("UniqueIdentifier", &private), bytes("Data", "01"), flag("InitIndicator")),
    );
    assert_eq!(first.result(), "Success");
    assert!(first.value("SignatureData").is_empty());
    let correlation = first.value("CorrelationValue");
    let rest = format!(
        "{}{}{}{}",
        text("UniqueIdentifier", &private),
        bytes("Data", "02"),
        bytes("CorrelationValue", &correlation),
        flag("FinalIndicator")
    );
    let other = client.store.client("web", Permission::Manage);
    assert_ne!(other.ask("Sign", &rest).result(), "Success");
    let last = client.ask("Sign", &rest);
    assert_eq!(last.result(), "Success");
    let signature = last.value("SignatureData");
    assert_eq!(verify(&client, &public, "", "0102", &signature).value("ValidityIndicator"), "Valid");
    assert_eq!(verify(&client, &public, "", "0201", &signature).value("ValidityIndicator"), "Invalid");
    assert_ne!(client.ask("Sign", &rest).result(), "Success", "a stream ends once");
    assert_eq!(verify(&client, &public, "", "0102", "").result(), "InvalidMessage");
}
