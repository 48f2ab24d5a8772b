//! What comes in wrapped: found again as it was, and no more readable than before.
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

use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{attribute, bytes, date, key_attributes, number, pick, text, within};

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

/// Registers what came back wrapped, as it came.
fn register_wrapped(client: &Memory, sealed: &str, key: &str) -> talk::Reply {
    let information = within(
        "EncryptionKeyInformation",
        &format!(
            "{}{}",
            text("UniqueIdentifier", key),
            within("CryptographicParameters", &pick("BlockCipherMode", "NISTKeyWrap"))
        ),
    );
    let data =
        format!("{}{information}{}", pick("WrappingMethod", "Encrypt"), pick("EncodingOption", "NoEncoding"));
    let block = format!(
        "{}{}{}{}{}",
        pick("KeyFormatType", "Raw"),
        within("KeyValue", &bytes("KeyMaterial", sealed)),
        pick("CryptographicAlgorithm", "AES"),
        number("CryptographicLength", 256),
        within("KeyWrappingData", &data)
    );
    client.ask(
        "Register",
        &format!(
            "{}{}{}",
            pick("ObjectType", "SymmetricKey"),
            within("TemplateAttribute", &key_attributes("Encrypt")),
            within("SymmetricKey", &within("KeyBlock", &block))
        ),
    )
}

fn get_wrapped(client: &Memory, id: &str, key: &str) -> talk::Reply {
    let information = within(
        "EncryptionKeyInformation",
        &format!(
            "{}{}",
            text("UniqueIdentifier", key),
            within("CryptographicParameters", &pick("BlockCipherMode", "NISTKeyWrap"))
        ),
    );
    let specification = within(
        "KeyWrappingSpecification",
        &format!(
            "{}{information}{}",
            pick("WrappingMethod", "Encrypt"),
            pick("EncodingOption", "NoEncoding")
        ),
    );
    client.ask("Get", &format!("{}{specification}", text("UniqueIdentifier", id)))
}

#[test]
fn what_was_wrapped_is_registered_and_found_again() {
    let client = manager();
    let (id, key) = (client.active_key("Encrypt"), client.active_key("WrapKey UnwrapKey"));
    let sealed = get_wrapped(&client, &id, &key).value("KeyMaterial");
    let again = register_wrapped(&client, &sealed, &key);
    assert_eq!(again.result(), "Success");
    let (first, second) = (client.simply("Get", &id), client.simply("Get", &again.value("UniqueIdentifier")));
    assert_eq!(first.value("KeyMaterial"), second.value("KeyMaterial"));
    let flipped = format!("00{}", &sealed[2..]);
    assert_eq!(register_wrapped(&client, &flipped, &key).result(), "CryptographicFailure");
}

#[test]
fn a_sensitive_key_does_not_become_readable_by_being_wrapped_and_registered() {
    let client = manager();
    let sensitive = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>");
    let active = attribute("Activation Date", &date("AttributeValue", 1_000_000_000));
    let hidden = |mask| client.key_with(&format!("{}{sensitive}{active}", key_attributes(mask)));
    let (id, key, wraps_only) = (hidden("Encrypt"), hidden("WrapKey UnwrapKey"), hidden("WrapKey"));
    let sealed = get_wrapped(&client, &id, &key).value("KeyMaterial");
    let again = register_wrapped(&client, &sealed, &key);
    assert_eq!(again.result(), "Success");
    assert_eq!(client.simply("Get", &again.value("UniqueIdentifier")).result(), "Sensitive");
    let sealed = get_wrapped(&client, &id, &wraps_only).value("KeyMaterial");
    assert_eq!(register_wrapped(&client, &sealed, &wraps_only).result(), "PermissionDenied");
}

fn under(key: &str, parameters: &str) -> String {
    let inside =
        format!("{}{}", text("UniqueIdentifier", key), within("CryptographicParameters", parameters));
    within("EncryptionKeyInformation", &inside)
}

#[test]
fn a_key_leaves_under_a_public_key_and_comes_back_under_its_private_one() {
    let client = manager();
    let mask = |value: &str| {
        format!(
            "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{value}\"/></Attribute>"
        )
    };
    let common = format!(
        "{}{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "RSA")),
        attribute("Cryptographic Length", &number("AttributeValue", 2048)),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
    );
    let made = client.ask(
        "CreateKeyPair",
        &format!(
            "{}{}{}",
            within("CommonTemplateAttribute", &common),
            within("PrivateKeyTemplateAttribute", &mask("UnwrapKey")),
            within("PublicKeyTemplateAttribute", &mask("WrapKey"))
        ),
    );
    let (private, public) =
        (made.value("PrivateKeyUniqueIdentifier"), made.value("PublicKeyUniqueIdentifier"));
    let oaep = format!("{}{}", pick("PaddingMethod", "OAEP"), pick("HashingAlgorithm", "SHA_256"));
    let get = |id: &str, parameters: &str| {
        let how = format!(
            "{}{}{}",
            pick("WrappingMethod", "Encrypt"),
            under(&public, parameters),
            pick("EncodingOption", "NoEncoding")
        );
        let payload = format!("{}{}", text("UniqueIdentifier", id), within("KeyWrappingSpecification", &how));
        client.ask("Get", &payload)
    };
    let id = client.active_key("Encrypt");
    let sealed = get(&id, &oaep).value("KeyMaterial");
    assert_eq!(sealed.len(), 512);
    let register = |key: &str, sealed: &str| {
        let data = format!(
            "{}{}{}",
            pick("WrappingMethod", "Encrypt"),
            under(key, &oaep),
            pick("EncodingOption", "NoEncoding")
        );
        let block = format!(
            "{}{}{}{}{}",
            pick("KeyFormatType", "Raw"),
            within("KeyValue", &bytes("KeyMaterial", sealed)),
            pick("CryptographicAlgorithm", "AES"),
            number("CryptographicLength", 256),
            within("KeyWrappingData", &data)
        );
        let payload = format!(
            "{}{}{}",
            pick("ObjectType", "SymmetricKey"),
            within("TemplateAttribute", &key_attributes("Encrypt")),
            within("SymmetricKey", &within("KeyBlock", &block))
        );
        client.ask("Register", &payload)
    };
    let again = register(&private, &sealed);
    assert_eq!(again.result(), "Success");
    let material = |id: &str| client.simply("Get", id).value("KeyMaterial");
    assert_eq!(material(&again.value("UniqueIdentifier")), material(&id));
    let flipped = format!("00{}", &sealed[2..]);
    assert_eq!(register(&private, &flipped).result(), "CryptographicFailure");
    assert_eq!(register(&public, &sealed).result(), "PermissionDenied");
    // What is sensitive does not leave under a key whose other half may be anybody's.
    let sensitive = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>");
    let hidden = client.key_with(&format!("{}{sensitive}", key_attributes("Encrypt")));
    assert_eq!(get(&hidden, &oaep).result(), "PermissionDenied");
    assert_eq!(get(&id, &pick("BlockCipherMode", "NISTKeyWrap")).result(), "FeatureNotSupported");
    // And nothing leaves that can be changed unseen.
    let symmetric = client.active_key("WrapKey UnwrapKey");
    for mode in ["CBC", "GCM", "ECB"] {
        let how = format!(
            "{}{}",
            pick("WrappingMethod", "Encrypt"),
            under(&symmetric, &pick("BlockCipherMode", mode))
        );
        let payload =
            format!("{}{}", text("UniqueIdentifier", &id), within("KeyWrappingSpecification", &how));
        assert_eq!(client.ask("Get", &payload).result(), "FeatureNotSupported", "{mode}");
    }
}
