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
