//! Private keys in PKCS #12 containers: what goes in and out, and what does not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests: what is wrong here is to fail loudly"
)]

#[path = "support/memory.rs"]
mod memory;
#[path = "support/talk.rs"]
mod talk;
#[path = "support/tree.rs"]
mod tree;

use holdfast_core::crypto::asymmetric::{Curve, make_curve};
use holdfast_core::crypto::x509::build::{Draft, issue, name_of};
use holdfast_core::crypto::x509::extension::Extensions;
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use std::fmt::Write as _;
use talk::{Reply, attribute, bytes, date, pick, text, within};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn link(ty: &str, id: &str) -> String {
    let inside = format!("{}{}", pick("LinkType", ty), text("LinkedObjectIdentifier", id));
    attribute("Link", &within("AttributeValue", &inside))
}

fn mask(value: &str) -> String {
    format!(
        "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{value}\"/></Attribute>"
    )
}

/// A password, or a seed.
fn secret(client: &Memory, ty: &str, value: &str) -> String {
    let block = format!(
        "{}{}",
        pick("KeyFormatType", "Opaque"),
        within("KeyValue", &bytes("KeyMaterial", &hex(value.as_bytes())))
    );
    let attributes = format!(
        "{}{}",
        mask("DeriveKey"),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
    );
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "SecretData"),
        within("TemplateAttribute", &attributes),
        within("SecretData", &format!("{}{}", pick("SecretDataType", ty), within("KeyBlock", &block)))
    );
    let reply = client.ask("Register", &payload);
    assert_eq!(reply.result(), "Success");
    reply.value("UniqueIdentifier")
}

fn register(client: &Memory, format: &str, value: &str, attributes: &str) -> Reply {
    let block = format!("{}{value}", pick("KeyFormatType", format));
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "PrivateKey"),
        within("TemplateAttribute", &format!("{}{attributes}", mask("Sign"))),
        within("PrivateKey", &within("KeyBlock", &block))
    );
    client.ask("Register", &payload)
}

fn get_as(client: &Memory, id: &str, format: &str) -> Reply {
    client.ask("Get", &format!("{}{}", text("UniqueIdentifier", id), pick("KeyFormatType", format)))
}

/// A key with its certificate and a password, and what they are called.
fn chained(client: &Memory) -> (String, String) {
    let key = make_curve(Curve::P256).unwrap();
    let name = name_of("acme", "leaf");
    let draft = Draft {
        serial: [1; 16],
        issuer: &name,
        issuer_key: &key.public,
        not_before: 0,
        not_after: 2_000_000_000,
        subject: &name,
        key: &key.public,
        authority: true,
        asked: &Extensions::default(),
    };
    let certificate = hex(&issue(&draft, &key.private).unwrap());
    let value = format!("{}{}", pick("CertificateType", "X_509"), bytes("CertificateValue", &certificate));
    let payload =
        format!("{}<TemplateAttribute/>{}", pick("ObjectType", "Certificate"), within("Certificate", &value));
    let certificate = client.ask("Register", &payload).value("UniqueIdentifier");
    let password = secret(client, "Password", "geheim");
    let attributes =
        format!("{}{}", link("PKCS_12PasswordLink", &password), link("PKCS_12CertificateLink", &certificate));
    let value = within("KeyValue", &bytes("KeyMaterial", &hex(&key.private)));
    let reply = register(client, "PKCS_8", &value, &attributes);
    assert_eq!(reply.result(), "Success");
    (reply.value("UniqueIdentifier"), password)
}

#[test]
fn a_key_leaves_in_a_container_with_its_chain_and_comes_back_out_of_it() {
    let client = manager();
    let (id, password) = chained(&client);
    let reply = get_as(&client, &id, "PKCS_12");
    assert_eq!(reply.result(), "Success");
    let container = bytes("KeyValue", &reply.value("KeyValue"));
    let other = manager();
    let elsewhere = secret(&other, "Password", "geheim");
    let again = register(&other, "PKCS_12", &container, &link("PKCS_12PasswordLink", &elsewhere));
    assert_eq!(again.result(), "Success");
    let again = again.value("UniqueIdentifier");
    let told = other.simply("GetAttributes", &again);
    assert_eq!(told.attribute("PKCS#12 Friendly Name").as_deref(), Some("alias"));
    assert_eq!(told.attribute("Cryptographic Length").as_deref(), Some("256"));
    assert_eq!(
        get_as(&other, &again, "PKCS_8").value("KeyMaterial"),
        get_as(&client, &id, "PKCS_8").value("KeyMaterial")
    );
    let asked = attribute("Certificate Subject CN", &text("AttributeValue", "leaf"));
    assert_eq!(other.ask("Locate", &asked).values("UniqueIdentifier").len(), 1);
    assert_eq!(get_as(&other, &again, "PKCS_12").result(), "Success");
    // Another name is another key.
    let named = format!(
        "{}{}",
        link("PKCS_12PasswordLink", &elsewhere),
        attribute("PKCS#12 Friendly Name", &text("AttributeValue", "other"))
    );
    assert_eq!(register(&other, "PKCS_12", &container, &named).result(), "InvalidField");
    assert_eq!(client.simply("Destroy", &password).result(), "PermissionDenied");
}

#[test]
fn a_container_needs_one_password_and_the_right_one() {
    let client = manager();
    let (id, _) = chained(&client);
    let container = bytes("KeyValue", &get_as(&client, &id, "PKCS_12").value("KeyValue"));
    let wrong = secret(&client, "Password", "falsch");
    let seed = secret(&client, "Seed", "geheim");
    let right = secret(&client, "Password", "geheim");
    let linked = |id: &str| link("PKCS_12PasswordLink", id);
    for (attributes, reason) in [
        (String::new(), "InvalidField"),
        (format!("{}{}", linked(&right), linked(&wrong)), "InvalidField"),
        (linked(&seed), "InvalidField"),
        (linked(&id), "InvalidField"),
        (linked("00000000-0000-0000-0000-000000000000"), "InvalidField"),
        (linked(&wrong), "CryptographicFailure"),
    ] {
        assert_eq!(register(&client, "PKCS_12", &container, &attributes).result(), reason, "{attributes}");
    }
    assert_eq!(
        register(&client, "PKCS_12", &bytes("KeyValue", "3000"), &linked(&right)).result(),
        "InvalidField"
    );
    assert_eq!(register(&client, "PKCS_12", &container, &linked(&right)).result(), "Success");
}

#[test]
fn a_key_without_a_password_or_that_is_sensitive_leaves_in_no_container() {
    let client = manager();
    let key = make_curve(Curve::P256).unwrap();
    let value = within("KeyValue", &bytes("KeyMaterial", &hex(&key.private)));
    let bare = register(&client, "PKCS_8", &value, "").value("UniqueIdentifier");
    assert_eq!(get_as(&client, &bare, "PKCS_12").result(), "InvalidField");
    let password = secret(&client, "Password", "geheim");
    let sensitive = format!(
        "{}{}",
        link("PKCS_12PasswordLink", &password),
        attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>")
    );
    let hidden = register(&client, "PKCS_8", &value, &sensitive).value("UniqueIdentifier");
    assert_eq!(get_as(&client, &hidden, "PKCS_12").result(), "Sensitive");
    let symmetric = client.active_key("Encrypt");
    assert_eq!(get_as(&client, &symmetric, "PKCS_12").result(), "KeyFormatTypeNotSupported");
}
