//! What a client may make of objects that are there: replacements, derived secrets, parts; and beside it what it may not.
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

use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{Reply, attribute, bytes, date, key_attributes, name, number, pick, text, within};

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn derive(client: &Memory, ids: &[&str], method: &str, parameters: &str, more: &str) -> Reply {
    let ids: String = ids.iter().map(|id| text("UniqueIdentifier", id)).collect();
    let payload = format!(
        "{}{ids}{}{}{}",
        pick("ObjectType", "SymmetricKey"),
        pick("DerivationMethod", method),
        within("DerivationParameters", parameters),
        within("TemplateAttribute", &format!("{}{more}", key_attributes("Encrypt")))
    );
    client.ask("DeriveKey", &payload)
}

fn sha_256() -> String {
    within("CryptographicParameters", &pick("HashingAlgorithm", "SHA_256"))
}

fn data(hex: &str) -> String {
    bytes("DerivationData", hex)
}

fn links(client: &Memory, id: &str) -> Vec<(String, String)> {
    let payload = format!("{}{}", text("UniqueIdentifier", id), text("AttributeName", "Link"));
    let reply = client.ask("GetAttributes", &payload);
    reply.values("LinkType").into_iter().zip(reply.values("LinkedObjectIdentifier")).collect()
}

#[test]
fn every_way_of_derivation_gives_the_same_for_the_same_and_another_for_another() {
    let client = manager();
    let id = client.active_key("DeriveKey");
    let salt = bytes("Salt", "0001020304050607");
    let iterations = number("IterationCount", 10);
    let cbc = within(
        "CryptographicParameters",
        &format!("{}{}", pick("BlockCipherMode", "CBC"), pick("PaddingMethod", "PKCS5")),
    );
    let iv = bytes("InitializationVector", &"00".repeat(16));
    let hash = sha_256();
    for (method, one, other) in [
        ("PBKDF2", format!("{hash}{salt}{iterations}"), format!("{salt}{iterations}")),
        ("HASH", hash.clone(), format!("{hash}{}", data("01"))),
        ("HMAC", format!("{hash}{}", data("01")), format!("{hash}{}", data("02"))),
        ("NIST800_108_C", format!("{hash}{}", data("01")), format!("{hash}{}", data("02"))),
        ("NIST800_108_F", format!("{hash}{}", data("01")), format!("{hash}{iv}{}", data("01"))),
        ("NIST800_108_DPI", format!("{hash}{}", data("01")), format!("{hash}{}", data("02"))),
        (
            "ENCRYPT",
            format!("{cbc}{iv}{}", data(&"01".repeat(32))),
            format!("{cbc}{iv}{}", data(&"02".repeat(32))),
        ),
    ] {
        let get = |parameters: &str| {
            let reply = derive(&client, &[&id], method, parameters, "");
            assert_eq!(reply.result(), "Success", "{method}");
            client.simply("Get", &reply.value("UniqueIdentifier")).value("KeyMaterial")
        };
        assert_eq!(get(&one), get(&one), "{method}");
        assert_ne!(get(&one), get(&other), "{method}");
    }
}

#[test]
fn both_objects_of_a_derivation_name_each_other() {
    let client = manager();
    let id = client.active_key("DeriveKey");
    let made = derive(&client, &[&id], "HASH", &sha_256(), "").value("UniqueIdentifier");
    assert_eq!(links(&client, &made), [("DerivationBaseObjectLink".to_owned(), id.clone())]);
    assert_eq!(links(&client, &id), [("DerivedKeyLink".to_owned(), made)]);
}

#[test]
fn a_derivation_without_right_length_data_or_parameters_is_refused_and_leaves_nothing() {
    let client = manager();
    let id = client.active_key("Encrypt");
    assert_eq!(derive(&client, &[&id], "HASH", &sha_256(), "").result(), "InvalidField");
    let id = client.active_key("DeriveKey");
    for (method, parameters) in [
        ("HASH", String::new()),
        ("HMAC", sha_256()),
        ("PBKDF2", number("IterationCount", 1)),
        ("PBKDF2", format!("{}{}", bytes("Salt", "00"), number("IterationCount", 0))),
        ("PBKDF2", format!("{}{}", bytes("Salt", "00"), number("IterationCount", 2_000_000_000))),
        ("AsymmetricKey", String::new()),
    ] {
        assert_eq!(derive(&client, &[&id], method, &parameters, "").result(), "InvalidField", "{method}");
    }
    assert_eq!(derive(&client, &[&id, &id], "HASH", &sha_256(), "").result(), "InvalidField");
    let short = within("CryptographicParameters", &pick("HashingAlgorithm", "SHA_1"));
    assert_eq!(derive(&client, &[&id], "HASH", &short, "").result(), "CryptographicFailure");
    let other = client.store.client("web", Permission::Manage);
    assert_eq!(derive(&other, &[&id], "HASH", &sha_256(), "").result(), "ItemNotFound");
    client.revoke(&id, "Superseded");
    assert_eq!(derive(&client, &[&id], "HASH", &sha_256(), "").result(), "InvalidField");
    assert_eq!(client.ask("Locate", "").values("UniqueIdentifier").len(), 2);
}

#[test]
fn a_key_derived_of_what_the_client_knows_was_not_always_sensitive() {
    let client = manager();
    let yes = "<AttributeValue type=\"Boolean\" value=\"true\"/>";
    let sensitive = attribute("Sensitive", yes);
    let hidden = client.key_with(&format!(
        "{}{sensitive}{}",
        key_attributes("DeriveKey"),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
    ));
    let open = client.active_key("DeriveKey");
    let always = |id: &str, parameters: &str| {
        let made = derive(&client, &[id], "HASH", parameters, &sensitive).value("UniqueIdentifier");
        client.simply("GetAttributes", &made).attribute("Always Sensitive").unwrap()
    };
    assert_eq!(always(&hidden, &sha_256()), "true");
    assert_eq!(always(&open, &sha_256()), "false");
    assert_eq!(always(&hidden, &format!("{}{}", sha_256(), data("01"))), "false");
}

#[test]
fn a_replacement_has_another_value_the_names_and_the_dates_and_both_name_each_other() {
    let client = manager();
    let id = client.key_with(&format!(
        "{}{}{}{}",
        key_attributes("Encrypt"),
        name("master"),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000)),
        attribute("Deactivation Date", &date("AttributeValue", 4_000_000_000))
    ));
    let reply = client.simply("ReKey", &id);
    assert_eq!(reply.result(), "Success");
    let new = reply.value("UniqueIdentifier");
    let value = |id: &str| client.simply("Get", id).value("KeyMaterial");
    assert_ne!(value(&id), value(&new));
    assert_eq!(value(&id).len(), value(&new).len());
    assert_eq!(client.ask("Locate", &name("master")).values("UniqueIdentifier"), std::slice::from_ref(&new));
    assert_eq!(links(&client, &id), [("ReplacementObjectLink".to_owned(), new.clone())]);
    assert_eq!(links(&client, &new), [("ReplacedObjectLink".to_owned(), id.clone())]);
    assert_eq!(client.state(&new), "Active");
    let payload =
        format!("{}{}", text("UniqueIdentifier", &new), "<Offset type=\"Interval\" value=\"100\"/>");
    let later = client.ask("ReKey", &payload).value("UniqueIdentifier");
    assert_eq!(client.state(&later), "PreActive");
    client.store.wait(100);
    assert_eq!(client.state(&later), "Active");
}

#[test]
fn what_is_destroyed_no_symmetric_key_or_another_services_is_not_replaced() {
    let client = manager();
    let id = client.key_with(&key_attributes("Encrypt"));
    let other = client.store.client("web", Permission::Manage);
    assert_eq!(other.simply("ReKey", &id).result(), "ItemNotFound");
    let longer = attribute("Cryptographic Length", &number("AttributeValue", 128));
    let payload = format!("{}{}", text("UniqueIdentifier", &id), within("TemplateAttribute", &longer));
    assert_eq!(client.ask("ReKey", &payload).result(), "InvalidField");
    client.simply("Destroy", &id);
    assert_eq!(client.simply("ReKey", &id).result(), "ItemNotFound");
    assert_eq!(client.ask("Locate", "").values("UniqueIdentifier").len(), 0);
}

#[test]
fn a_pair_is_replaced_by_a_pair_and_only_as_a_pair() {
    let client = manager();
    let half = |usage: &str, called: &str| {
        format!(
            "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{usage}\"/></Attribute>{}",
            name(called)
        )
    };
    let common = format!(
        "{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "ECDSA")),
        attribute("Cryptographic Length", &number("AttributeValue", 256))
    );
    let made = client.ask(
        "CreateKeyPair",
        &format!(
            "{}{}{}",
            within("CommonTemplateAttribute", &common),
            within("PrivateKeyTemplateAttribute", &half("Sign", "mine")),
            within("PublicKeyTemplateAttribute", &half("Verify", "yours"))
        ),
    );
    let (private, public) =
        (made.value("PrivateKeyUniqueIdentifier"), made.value("PublicKeyUniqueIdentifier"));
    assert_eq!(client.simply("ReKey", &private).result(), "PermissionDenied");
    assert_eq!(
        client.ask("ReKeyKeyPair", &text("PrivateKeyUniqueIdentifier", &public)).result(),
        "PermissionDenied"
    );
    let again = client.ask("ReKeyKeyPair", &text("PrivateKeyUniqueIdentifier", &private));
    assert_eq!(again.result(), "Success");
    let (new_private, new_public) =
        (again.value("PrivateKeyUniqueIdentifier"), again.value("PublicKeyUniqueIdentifier"));
    assert_eq!(
        client.ask("Locate", &name("mine")).values("UniqueIdentifier"),
        std::slice::from_ref(&new_private)
    );
    assert_eq!(
        client.ask("Locate", &name("yours")).values("UniqueIdentifier"),
        std::slice::from_ref(&new_public)
    );
    assert_eq!(
        links(&client, &new_private),
        [("PublicKeyLink".to_owned(), new_public), ("ReplacedObjectLink".to_owned(), private)]
    );
}

fn split(client: &Memory, id: &str, method: &str, parts: i64, threshold: i64) -> Reply {
    let payload = format!(
        "{}{}{}{}{}<TemplateAttribute/>",
        pick("ObjectType", "SplitKey"),
        text("UniqueIdentifier", id),
        number("SplitKeyParts", parts),
        number("SplitKeyThreshold", threshold),
        pick("SplitKeyMethod", method)
    );
    client.ask("CreateSplitKey", &payload)
}

fn join(client: &Memory, ids: &[&String]) -> Reply {
    let ids: String = ids.iter().map(|id| text("UniqueIdentifier", id)).collect();
    let attributes = within("TemplateAttribute", &key_attributes("Encrypt"));
    client.ask("JoinSplitKey", &format!("{}{ids}{attributes}", pick("ObjectType", "SymmetricKey")))
}

#[test]
fn as_many_parts_as_are_needed_make_the_key_again_and_fewer_do_not() {
    let client = manager();
    let id = client.active_key("Encrypt");
    let value = |id: &str| client.simply("Get", id).value("KeyMaterial");
    for (method, parts, threshold) in
        [("XOR", 3, 3), ("PolynomialSharingGF2_8", 5, 3), ("PolynomialSharingGF2_16", 4, 3)]
    {
        let made = split(&client, &id, method, parts, threshold);
        assert_eq!(made.result(), "Success", "{method}");
        let ids = made.values("UniqueIdentifier");
        assert_eq!(ids.len(), usize::try_from(parts).unwrap());
        let joined = join(&client, &[&ids[2], &ids[0], &ids[1]]);
        assert_eq!(joined.result(), "Success", "{method}");
        assert_eq!(value(&joined.value("UniqueIdentifier")), value(&id));
        assert_eq!(join(&client, &[&ids[0], &ids[1]]).result(), "CryptographicFailure");
        assert_eq!(join(&client, &[&ids[0], &ids[1], &ids[1]]).result(), "CryptographicFailure");
        assert_eq!(join(&client, &[&ids[0], &ids[1], &id]).result(), "IllegalOperation");
    }
}

#[test]
fn a_key_is_split_in_the_field_of_a_prime_that_is_larger_than_it() {
    let client = manager();
    let id = client.active_key("Encrypt");
    let split = |prime: &str| {
        let payload = format!(
            "{}{}{}{}{}<PrimeFieldSize type=\"BigInteger\" value=\"{prime}\"/><TemplateAttribute/>",
            pick("ObjectType", "SplitKey"),
            text("UniqueIdentifier", &id),
            number("SplitKeyParts", 3),
            number("SplitKeyThreshold", 2),
            pick("SplitKeyMethod", "PolynomialSharingPrimeField")
        );
        client.ask("CreateSplitKey", &payload)
    };
    // 2^521 - 1.
    let prime = format!("00000000000001ff{}", "ff".repeat(64));
    let made = split(&prime);
    assert_eq!(made.result(), "Success");
    let ids = made.values("UniqueIdentifier");
    let joined = join(&client, &[&ids[2], &ids[0]]);
    assert_eq!(joined.result(), "Success");
    let value = |id: &str| client.simply("Get", id).value("KeyMaterial");
    assert_eq!(value(&joined.value("UniqueIdentifier")), value(&id));
    assert_eq!(join(&client, &[&ids[2]]).result(), "CryptographicFailure");
    // Too small a prime, and none: 2^127 - 1, 2^528 - 1.
    for wrong in [format!("7f{}", "ff".repeat(15)), format!("000000000000{}", "ff".repeat(66))] {
        assert_eq!(split(&wrong).result(), "InvalidField", "{wrong}");
    }
}

#[test]
fn a_split_that_makes_no_sense_or_would_let_out_what_is_sensitive_is_refused() {
    let client = manager();
    let id = client.active_key("Encrypt");
    for (method, parts, threshold) in [
        ("XOR", 3, 2),
        ("PolynomialSharingGF2_8", 3, 4),
        ("PolynomialSharingGF2_8", 300, 2),
        ("PolynomialSharingGF2_8", 3, 1),
        ("PolynomialSharingGF2_8", -1, -1),
        ("PolynomialSharingPrimeField", 3, 2),
        ("PolynomialSharingGF2_16", 2, 3),
    ] {
        assert_eq!(
            split(&client, &id, method, parts, threshold).result(),
            "InvalidField",
            "{method} {parts}"
        );
    }
    let yes = "<AttributeValue type=\"Boolean\" value=\"true\"/>";
    let hidden = client.key_with(&format!("{}{}", key_attributes("Encrypt"), attribute("Sensitive", yes)));
    assert_eq!(split(&client, &hidden, "XOR", 2, 2).result(), client.simply("Get", &hidden).result());
    assert_ne!(split(&client, &hidden, "XOR", 2, 2).result(), "Success");
    let other = client.store.client("web", Permission::Manage);
    assert_eq!(split(&other, &id, "XOR", 2, 2).result(), "ItemNotFound");
    let ids = split(&client, &id, "XOR", 2, 2).values("UniqueIdentifier");
    assert_eq!(join(&other, &[&ids[0], &ids[1]]).result(), "ItemNotFound");
}
