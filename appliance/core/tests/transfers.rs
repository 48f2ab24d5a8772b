//! Objects that come from another server and go to one: what may be done, and beside it what may not.
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
use talk::{Reply, attribute, bytes, date, item, key_attributes, name, number, pick, text, within};

const SOMEWHERE: &str = "12345678-9abc-7def-8123-456789abcdef";

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn boolean(tag: &str, value: bool) -> String {
    format!("<{tag} type=\"Boolean\" value=\"{value}\"/>")
}

fn key(material: &str) -> String {
    let block = format!(
        "{}{}{}{}",
        pick("KeyFormatType", "Raw"),
        within("KeyValue", &bytes("KeyMaterial", material)),
        pick("CryptographicAlgorithm", "AES"),
        number("CryptographicLength", 256)
    );
    within("SymmetricKey", &within("KeyBlock", &block))
}

fn import(client: &Memory, id: &str, before: &str, attributes: &str, object: &str) -> Reply {
    client.ask("Import", &format!("{}{before}{attributes}{object}", text("UniqueIdentifier", id)))
}

fn plain(client: &Memory, id: &str, material: &str) -> Reply {
    import(client, id, "", &key_attributes("Encrypt Decrypt"), &key(&material.repeat(32)))
}

/// A part of a response as it goes into a request.
fn xml(node: &tree::Node) -> String {
    if node.ty.is_empty() {
        return within(&node.tag, &node.children.iter().map(xml).collect::<String>());
    }
    format!("<{} type=\"{}\" value=\"{}\"/>", node.tag, node.ty, node.value)
}

fn material(client: &Memory, id: &str) -> String {
    client.simply("Get", id).value("KeyMaterial")
}

#[test]
fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let (client, other) = (manager(), manager());
    let id = client.key_with(&format!(
        "{}{}{}{}",
        key_attributes("Encrypt Decrypt"),
        name("a"),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000)),
        attribute("x-more", &text("AttributeValue", "b"))
    ));
    let exported = client.simply("Export", &id);
    assert_eq!(exported.result(), "Success");
    for told in ["Name", "x-more", "State", "Digest", "Initial Date", "Cryptographic Usage Mask"] {
        assert!(exported.attribute(told).is_some(), "{told}");
    }
    // Sent on as it stands: attributes and object.
    let payload = exported.0.all("ResponsePayload")[0].clone();
    let mut inside = text("UniqueIdentifier", &id);
    for child in payload
        .children
        .iter()
        .filter(|child| !["ObjectType", "UniqueIdentifier"].contains(&child.tag.as_str()))
    {
        inside.push_str(&xml(child));
    }
    let imported = other.ask("Import", &inside);
    assert_eq!((imported.result(), imported.value("UniqueIdentifier")), ("Success".to_owned(), id.clone()));
    let again = other.simply("Export", &id);
    for told in
        ["Name", "x-more", "State", "Initial Date", "Cryptographic Usage Mask", "Cryptographic Length"]
    {
        assert_eq!(again.attribute(told), exported.attribute(told), "{told}");
    }
    assert_eq!(material(&other, &id), material(&client, &id));
    assert_eq!(other.ask("Locate", &name("a")).value("UniqueIdentifier"), id);
}

#[test]
fn an_import_over_an_object_needs_to_say_so() {
    let client = manager();
    assert_eq!(plain(&client, SOMEWHERE, "01").result(), "Success");
    assert_eq!(plain(&client, SOMEWHERE, "02").result(), "ObjectAlreadyExists");
    let refuses = boolean("ReplaceExisting", false);
    let attributes = key_attributes("Encrypt");
    let reply = import(&client, SOMEWHERE, &refuses, &attributes, &key(&"02".repeat(32)));
    assert_eq!(reply.result(), "ObjectAlreadyExists");
    assert_eq!(material(&client, SOMEWHERE), "01".repeat(32));
    let replaces = boolean("ReplaceExisting", true);
    let reply = import(&client, SOMEWHERE, &replaces, &attributes, &key(&"02".repeat(32)));
    assert_eq!(reply.result(), "Success");
    assert_eq!(material(&client, SOMEWHERE), "02".repeat(32));
    client.store.restart();
    assert_eq!(material(&client, SOMEWHERE), "02".repeat(32));
}

#[test]
fn an_import_neither_touches_nor_tells_of_another_services_object() {
    let client = manager();
    let stranger = client.store.client("web", Permission::Manage);
    assert_eq!(plain(&client, SOMEWHERE, "01").result(), "Success");
    for replace in [false, true] {
        let before = boolean("ReplaceExisting", replace);
        let attributes = key_attributes("Encrypt");
        let reply = import(&stranger, SOMEWHERE, &before, &attributes, &key(&"02".repeat(32)));
        assert_eq!(reply.result(), "Success");
        assert_ne!(reply.value("UniqueIdentifier"), SOMEWHERE);
        assert_eq!(material(&stranger, &reply.value("UniqueIdentifier")), "02".repeat(32));
    }
    assert_eq!(material(&client, SOMEWHERE), "01".repeat(32));
    assert_eq!(stranger.simply("Get", SOMEWHERE).result(), "ItemNotFound");
    assert_eq!(stranger.simply("Export", SOMEWHERE).result(), "ItemNotFound");
}

#[test]
fn an_identifier_of_any_form_stays_the_objects_own() {
    let client = manager();
    let imported = plain(&client, "key-17", "01");
    assert_eq!(imported.value("UniqueIdentifier"), "key-17");
    assert_eq!(material(&client, "key-17"), "01".repeat(32));
    assert_eq!(plain(&client, "key-17", "02").result(), "ObjectAlreadyExists");
    let asked = attribute("Unique Identifier", &text("AttributeValue", "key-17"));
    assert_eq!(client.ask("Locate", &asked).values("UniqueIdentifier").len(), 1);
    let stranger = client.store.client("web", Permission::Manage);
    assert_eq!(stranger.simply("Get", "key-17").result(), "ItemNotFound");
    assert_eq!(client.simply("Get", "key-18").result(), "ItemNotFound");
    assert_eq!(client.simply("Destroy", "key-17").result(), "Success");
}

#[test]
fn an_imported_key_never_passes_for_one_that_nobody_has_seen() {
    let client = manager();
    let sensitive = attribute("Sensitive", &boolean("AttributeValue", true));
    let lies = format!(
        "{}{sensitive}{}{}{}",
        key_attributes("WrapKey"),
        attribute("Always Sensitive", &boolean("AttributeValue", true)),
        attribute("Never Extractable", &boolean("AttributeValue", true)),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
    );
    assert_eq!(import(&client, SOMEWHERE, "", &lies, &key(&"01".repeat(32))).result(), "Success");
    let told = client.simply("GetAttributes", SOMEWHERE);
    assert_eq!(told.attribute("Always Sensitive").as_deref(), Some("false"));
    assert_eq!(told.attribute("Never Extractable").as_deref(), Some("false"));
    let secret = client.key_with(&format!("{}{sensitive}", key_attributes("Encrypt")));
    let information = within(
        "EncryptionKeyInformation",
        &format!(
            "{}{}",
            text("UniqueIdentifier", SOMEWHERE),
            within("CryptographicParameters", &pick("BlockCipherMode", "NISTKeyWrap"))
        ),
    );
    let wrapping =
        within("KeyWrappingSpecification", &format!("{}{information}", pick("WrappingMethod", "Encrypt")));
    for operation in ["Get", "Export"] {
        let payload = format!("{}{wrapping}", text("UniqueIdentifier", &secret));
        assert_eq!(client.ask(operation, &payload).result(), "PermissionDenied", "{operation}");
        assert_eq!(client.simply(operation, &secret).result(), "Sensitive", "{operation}");
    }
}

#[test]
fn a_malformed_import_gets_the_reason_of_the_table() {
    let client = manager();
    let object = key(&"01".repeat(32));
    let attributes = key_attributes("Encrypt");
    let wrong = attribute("Object Type", &pick("AttributeValue", "SecretData"));
    assert_eq!(import(&client, SOMEWHERE, "", &wrong, &object).result(), "InvalidField");
    assert_eq!(import(&client, SOMEWHERE, "", &attributes, "").result(), "InvalidField");
    let length = attribute("Cryptographic Length", &number("AttributeValue", 128));
    assert_eq!(import(&client, SOMEWHERE, "", &length, &object).result(), "InvalidField");
    let twice =
        format!("{attributes}{}", attribute("Cryptographic Usage Mask", &number("AttributeValue", 4)));
    assert_eq!(import(&client, SOMEWHERE, "", &twice, &object).result(), "InvalidField");
    let destroyed = format!("{attributes}{}", attribute("State", &pick("AttributeValue", "Destroyed")));
    assert_eq!(import(&client, SOMEWHERE, "", &destroyed, &object).result(), "InvalidField");
    let as_registered = pick("KeyWrapType", "AsRegistered");
    assert_eq!(
        import(&client, SOMEWHERE, &as_registered, &attributes, &object).result(),
        "FeatureNotSupported"
    );
    client.key_with(&format!("{attributes}{}", name("taken")));
    let named = format!("{attributes}{}", name("taken"));
    assert_eq!(import(&client, SOMEWHERE, "", &named, &object).result(), "InvalidField");
    let observer = client.store.client("db", Permission::Use);
    assert_eq!(plain(&observer, SOMEWHERE, "01").result(), "PermissionDenied");
    assert_eq!(observer.simply("Export", SOMEWHERE).result(), "PermissionDenied");
    assert_eq!(client.simply("Get", SOMEWHERE).result(), "ItemNotFound");
}

#[test]
fn of_a_destroyed_object_the_attributes_alone_are_exported_and_imported() {
    let (client, other) = (manager(), manager());
    let id = client.key_with(&key_attributes("Encrypt"));
    assert_eq!(client.simply("Destroy", &id).result(), "Success");
    let exported = client.simply("Export", &id);
    assert_eq!(exported.attribute("State").as_deref(), Some("Destroyed"));
    assert!(exported.0.all("SymmetricKey").is_empty());
    let attributes = format!(
        "{}{}{}",
        attribute("Object Type", &pick("AttributeValue", "SymmetricKey")),
        key_attributes("Encrypt"),
        attribute("State", &pick("AttributeValue", "Destroyed"))
    );
    assert_eq!(import(&other, &id, "", &attributes, "").result(), "Success");
    assert_eq!(other.state(&id), "Destroyed");
    assert_eq!(other.simply("Get", &id).result(), "ItemNotFound");
}

#[test]
fn in_2x_object_type_and_attributes_are_fields_of_their_own() {
    let client = manager();
    let attributes = within(
        "Attributes",
        &format!(
            "{}{}<CryptographicUsageMask type=\"Integer\" value=\"Encrypt\"/>",
            pick("CryptographicAlgorithm", "AES"),
            number("CryptographicLength", 256)
        ),
    );
    let send = |ty: &str| {
        let payload = format!(
            "{}{}{attributes}{}",
            text("UniqueIdentifier", SOMEWHERE),
            pick("ObjectType", ty),
            key(&"01".repeat(32))
        );
        client.say((2, 1), "", &[item("Import", &payload)])
    };
    assert_eq!(send("SecretData").result(), "InvalidField");
    assert_eq!(send("SymmetricKey").result(), "Success");
    assert_eq!(send("SymmetricKey").result(), "ObjectAlreadyExists");
    let exported = client.say((2, 1), "", &[item("Export", &text("UniqueIdentifier", SOMEWHERE))]);
    assert_eq!(exported.value("KeyMaterial"), "01".repeat(32));
    assert_eq!(exported.value("ObjectType"), "SymmetricKey");
}

#[test]
fn attributes_are_wrapped_with_the_key_and_come_back_with_it() {
    let client = manager();
    let id = client.key_with(&format!("{}{}", key_attributes("Encrypt"), name("inside")));
    let wraps = client.active_key("WrapKey UnwrapKey");
    let information = within(
        "EncryptionKeyInformation",
        &format!(
            "{}{}",
            text("UniqueIdentifier", &wraps),
            within("CryptographicParameters", &pick("BlockCipherMode", "NISTKeyWrap"))
        ),
    );
    let wrapped = |encoding: &str| {
        let specification = within(
            "KeyWrappingSpecification",
            &format!(
                "{}{information}{}{}{}",
                pick("WrappingMethod", "Encrypt"),
                text("AttributeName", "Name"),
                text("AttributeName", "Cryptographic Usage Mask"),
                pick("EncodingOption", encoding)
            ),
        );
        client.ask("Get", &format!("{}{specification}", text("UniqueIdentifier", &id)))
    };
    assert_eq!(wrapped("NoEncoding").result(), "EncodingOptionError");
    let reply = wrapped("TTLVEncoding");
    assert_eq!(reply.result(), "Success");
    let sealed = reply.value("KeyValue");
    assert_eq!(client.simply("Destroy", &id).result(), "Success");
    let data = format!(
        "{}{information}{}",
        pick("WrappingMethod", "Encrypt"),
        pick("EncodingOption", "TTLVEncoding")
    );
    let block = format!(
        "{}{}{}{}{}",
        pick("KeyFormatType", "Raw"),
        bytes("KeyValue", &sealed),
        pick("CryptographicAlgorithm", "AES"),
        number("CryptographicLength", 256),
        within("KeyWrappingData", &data)
    );
    let payload = format!(
        "{}<TemplateAttribute/>{}",
        pick("ObjectType", "SymmetricKey"),
        within("SymmetricKey", &within("KeyBlock", &block))
    );
    let again = client.ask("Register", &payload);
    assert_eq!(again.result(), "Success");
    let found = client.ask("Locate", &name("inside")).values("UniqueIdentifier");
    assert_eq!(found, [again.value("UniqueIdentifier")]);
    let mask = client.simply("GetAttributes", &found[0]).attribute("Cryptographic Usage Mask");
    assert_eq!(mask.as_deref(), Some("Encrypt"));
}

#[test]
fn a_point_is_handed_out_compressed_and_not_otherwise_than_it_can_be() {
    let client = manager();
    let common = format!(
        "{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "EC")),
        attribute("Cryptographic Length", &number("AttributeValue", 256))
    );
    let mask = |value: &str| {
        format!(
            "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{value}\"/></Attribute>"
        )
    };
    let made = client.ask(
        "CreateKeyPair",
        &format!(
            "{}{}{}",
            within("CommonTemplateAttribute", &common),
            within("PrivateKeyTemplateAttribute", &mask("Sign")),
            within("PublicKeyTemplateAttribute", &mask("Verify"))
        ),
    );
    let (private, public) =
        (made.value("PrivateKeyUniqueIdentifier"), made.value("PublicKeyUniqueIdentifier"));
    let get = |id: &str, compression: &str| {
        client.ask(
            "Get",
            &format!("{}{}", text("UniqueIdentifier", id), pick("KeyCompressionType", compression)),
        )
    };
    let whole = get(&public, "ECPublicKeyTypeUncompressed").value("KeyMaterial");
    let cut = get(&public, "ECPublicKeyTypeX9_62CompressedPrime");
    assert_eq!(cut.value("KeyCompressionType"), "ECPublicKeyTypeX9_62CompressedPrime");
    let cut = cut.value("KeyMaterial");
    assert_eq!(cut.len() + 64, whole.len());
    assert_eq!(cut[cut.len() - 64..], whole[whole.len() - 128..whole.len() - 64]);
    for (id, compression) in
        [(&public, "ECPublicKeyTypeX9_62Hybrid"), (&private, "ECPublicKeyTypeX9_62CompressedPrime")]
    {
        assert_eq!(get(id, compression).result(), "KeyCompressionTypeNotSupported");
    }
}

#[test]
fn what_was_registered_wrapped_is_handed_out_as_it_was_registered() {
    let client = manager();
    let wraps = client.active_key("WrapKey UnwrapKey");
    let id = client.key_with(&key_attributes("Encrypt"));
    let information = within(
        "EncryptionKeyInformation",
        &format!(
            "{}{}",
            text("UniqueIdentifier", &wraps),
            within("CryptographicParameters", &pick("BlockCipherMode", "NISTKeyWrap"))
        ),
    );
    let how = format!("{}{information}", pick("WrappingMethod", "Encrypt"));
    let asked = format!("{}{}", text("UniqueIdentifier", &id), within("KeyWrappingSpecification", &how));
    let sealed = client.ask("Get", &asked).value("KeyValue");
    let register = |encoding: &str, value: &str| {
        let data = within("KeyWrappingData", &format!("{how}{encoding}"));
        let block = format!(
            "{}{value}{}{}{data}",
            pick("KeyFormatType", "Raw"),
            pick("CryptographicAlgorithm", "AES"),
            number("CryptographicLength", 256)
        );
        let payload = format!(
            "{}{}{}",
            pick("ObjectType", "SymmetricKey"),
            within("TemplateAttribute", &key_attributes("Encrypt")),
            within("SymmetricKey", &within("KeyBlock", &block))
        );
        client.ask("Register", &payload)
    };
    let again = register("", &bytes("KeyValue", &sealed));
    assert_eq!(again.result(), "Success");
    let again = again.value("UniqueIdentifier");
    let get = |id: &str, wrap_type: &str| {
        client.ask("Get", &format!("{}{}", text("UniqueIdentifier", id), pick("KeyWrapType", wrap_type)))
    };
    client.store.restart();
    assert_eq!(get(&again, "AsRegistered").value("KeyValue"), sealed);
    assert_eq!(get(&again, "NotWrapped").value("KeyMaterial"), material(&client, &id));
    // One that came in clear leaves in clear.
    assert_eq!(get(&id, "AsRegistered").value("KeyMaterial"), material(&client, &id));
    // Bare bytes may stand in the place of the key value, or within it.
    let bare = format!("{how}{}", pick("EncodingOption", "NoEncoding"));
    let asked = format!("{}{}", text("UniqueIdentifier", &id), within("KeyWrappingSpecification", &bare));
    let sealed = client.ask("Get", &asked).value("KeyMaterial");
    let encoding = pick("EncodingOption", "NoEncoding");
    let inside = within("KeyValue", &bytes("KeyMaterial", &sealed));
    for value in [bytes("KeyValue", &sealed), inside] {
        let reply = register(&encoding, &value);
        assert_eq!(reply.result(), "Success");
        assert_eq!(material(&client, &reply.value("UniqueIdentifier")), material(&client, &id));
    }
    // Without its wrapping key it cannot be wrapped again.
    assert_eq!(client.revoke(&wraps, "CessationOfOperation").result(), "Success");
    assert_eq!(client.simply("Destroy", &wraps).result(), "Success");
    assert_eq!(get(&again, "AsRegistered").result(), "ItemNotFound");
}

#[test]
fn keys_that_are_kept_and_not_used_tell_of_themselves_and_come_back_as_they_were() {
    let client = manager();
    let big = |tag: &str, hex: &str| format!("<{tag} type=\"BigInteger\" value=\"{hex}\"/>");
    let prime = format!("00000000000000000{}", "f".repeat(255));
    for (format, last) in [("TransparentDSAPrivateKey", "X"), ("TransparentDHPrivateKey", "X")] {
        let numbers =
            ["P", "Q", "G", last].map(|tag| big(tag, if tag == "P" { &prime } else { "0000000000000005" }));
        let value = within("KeyValue", &within("KeyMaterial", &numbers.concat()));
        let mask = "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"Sign\"/></Attribute>";
        let block = format!("{}{value}", pick("KeyFormatType", format));
        let payload = format!(
            "{}{}{}",
            pick("ObjectType", "PrivateKey"),
            within("TemplateAttribute", mask),
            within("PrivateKey", &within("KeyBlock", &block))
        );
        let reply = client.ask("Register", &payload);
        assert_eq!(reply.result(), "Success", "{format}");
        let id = reply.value("UniqueIdentifier");
        let told = client.simply("GetAttributes", &id);
        let algorithm = if format.contains("DSA") { "DSA" } else { "DH" };
        assert_eq!(told.attribute("Cryptographic Algorithm").as_deref(), Some(algorithm));
        assert_eq!(told.attribute("Cryptographic Length").as_deref(), Some("1020"));
        let got = client.simply("Get", &id);
        assert_eq!((got.value("KeyFormatType"), got.value("P")), (format.to_owned(), prime.clone()));
        let asked = format!("{}{}", text("UniqueIdentifier", &id), pick("KeyFormatType", "PKCS_8"));
        assert_eq!(client.ask("Get", &asked).result(), "KeyFormatTypeNotSupported");
    }
}

#[test]
fn a_pair_is_made_in_the_format_that_was_asked_for_and_told_in_each_versions_words() {
    let client = manager();
    let create = |format: &str| {
        let common = format!(
            "{}<CryptographicLength type=\"Integer\" value=\"256\"/>{format}",
            pick("CryptographicAlgorithm", "EC")
        );
        let mask = |value: &str| format!("<CryptographicUsageMask type=\"Integer\" value=\"{value}\"/>");
        let payload = format!(
            "{}{}{}",
            within("CommonAttributes", &common),
            within("PrivateKeyAttributes", &mask("Sign")),
            within("PublicKeyAttributes", &mask("Verify"))
        );
        client.say((2, 1), "", &[item("CreateKeyPair", &payload)])
    };
    let made = create("").value("PrivateKeyUniqueIdentifier");
    let get = |id: &str, version| {
        client.say(version, "", &[item("Get", &text("UniqueIdentifier", id))]).value("KeyFormatType")
    };
    assert_eq!(get(&made, (2, 1)), "TransparentECPrivateKey");
    assert_eq!(get(&made, (1, 3)), "TransparentECPrivateKey");
    assert_eq!(get(&made, (1, 0)), "TransparentECDSAPrivateKey");
    // Both halves in one format cannot be.
    assert_eq!(create(&pick("KeyFormatType", "PKCS_8")).result(), "KeyFormatTypeNotSupported");
    assert_eq!(create(&pick("KeyFormatType", "PKCS_1")).result(), "KeyFormatTypeNotSupported");
}
