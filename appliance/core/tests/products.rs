//! Sessions as products in the field hold them, with their habits. Each is what its maker's client sends, field by field.
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
use kmip::tag::Tag;
use kmip::ttlv::Writer;
use memory::{Memory, Store};
use talk::{Reply, attribute, bytes, item, key_attributes, name, number, pick, read, text, within};

const V1_0: (i64, i64) = (1, 0);
const V1_1: (i64, i64) = (1, 1);
const V1_2: (i64, i64) = (1, 2);
const V1_4: (i64, i64) = (1, 4);
const V2_0: (i64, i64) = (2, 0);
const V2_1: (i64, i64) = (2, 1);

fn product() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn uid(id: &str) -> String {
    text("UniqueIdentifier", id)
}

fn template(inside: &str) -> String {
    within("TemplateAttribute", inside)
}

/// One operation that must succeed.
fn done(client: &Memory, version: (i64, i64), operation: &str, payload: &str) -> Reply {
    let reply = client.say(version, "", &[item(operation, payload)]);
    assert_eq!(reply.result(), "Success", "{operation}");
    reply
}

fn mask(bits: &str) -> String {
    attribute("Cryptographic Usage Mask", &format!("<AttributeValue type=\"Integer\" value=\"{bits}\"/>"))
}

fn policy() -> String {
    attribute("Operation Policy Name", &text("AttributeValue", "default"))
}

fn secret(ty: &str, format: &str, hex: &str) -> String {
    let value = within("KeyValue", &bytes("KeyMaterial", hex));
    let block = within("KeyBlock", &format!("{}{value}", pick("KeyFormatType", format)));
    within("SecretData", &format!("{}{block}", pick("SecretDataType", ty)))
}

fn aes_key(hex: &str) -> String {
    let value = within("KeyValue", &bytes("KeyMaterial", hex));
    let more = format!("{}{}", pick("CryptographicAlgorithm", "AES"), number("CryptographicLength", 256));
    within("SymmetricKey", &within("KeyBlock", &format!("{}{value}{more}", pick("KeyFormatType", "Raw"))))
}

#[test]
fn mongodb_keeps_96_bytes_as_a_seed_with_no_usage_and_no_algorithm() {
    let client = product();
    let material = "a5".repeat(96);
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "SecretData"),
        template(&mask("0")),
        secret("Seed", "Opaque", &material)
    );
    let id = done(&client, V1_0, "Register", &payload).value("UniqueIdentifier");
    done(&client, V1_0, "Activate", &uid(&id));
    let got = done(&client, V1_0, "Get", &uid(&id));
    assert_eq!(got.value("KeyMaterial"), material);
    assert_eq!(got.value("SecretDataType"), "Seed");
    assert!(got.0.all("CryptographicAlgorithm").is_empty(), "what it did not say it is not told");
}

#[test]
fn mongodb_delegates_with_another_version_in_each_message() {
    let client = product();
    let created =
        format!("{}{}", pick("ObjectType", "SymmetricKey"), template(&key_attributes("Encrypt Decrypt")));
    let id = done(&client, V1_0, "Create", &created).value("UniqueIdentifier");
    done(&client, V1_0, "Activate", &uid(&id));
    let parameters = within(
        "CryptographicParameters",
        &format!(
            "{}{}{}<RandomIV type=\"Boolean\" value=\"true\"/>",
            pick("BlockCipherMode", "CBC"),
            pick("PaddingMethod", "PKCS5"),
            pick("CryptographicAlgorithm", "AES")
        ),
    );
    let plain = "5a".repeat(96);
    let sealed =
        done(&client, V1_2, "Encrypt", &format!("{}{parameters}{}", uid(&id), bytes("Data", &plain)));
    let iv = sealed.value("IVCounterNonce");
    assert_eq!(iv.len(), 32, "the IV that the server made is told");
    let payload = format!(
        "{}{parameters}{}{}",
        uid(&id),
        bytes("Data", &sealed.value("Data")),
        bytes("IVCounterNonce", &iv)
    );
    assert_eq!(done(&client, V1_2, "Decrypt", &payload).value("Data"), plain);
}

#[test]
fn percona_registers_locates_gets_activates_and_revokes_in_1_0_and_1_4_and_2_0() {
    let key = "42".repeat(32);
    for version in [V1_0, V1_4] {
        let client = product();
        let payload = format!(
            "{}{}{}",
            pick("ObjectType", "SymmetricKey"),
            template(&format!("{}{}", key_attributes("Encrypt Decrypt"), name("tde-1"))),
            aes_key(&key)
        );
        let id = done(&client, version, "Register", &payload).value("UniqueIdentifier");
        let filter =
            format!("{}{}", attribute("Object Type", &pick("AttributeValue", "SymmetricKey")), name("tde-1"));
        assert_eq!(done(&client, version, "Locate", &filter).values("UniqueIdentifier"), [id.as_str()]);
        assert_eq!(done(&client, version, "Get", &uid(&id)).value("KeyMaterial"), key);
        // It revokes a key that was never activated.
        let why = within("RevocationReason", &pick("RevocationReasonCode", "CessationOfOperation"));
        let early = client.say(version, "", &[item("Revoke", &format!("{}{why}", uid(&id)))]);
        assert_eq!(early.results().len(), 1);
        done(&client, version, "Activate", &uid(&id));
        done(&client, version, "Revoke", &format!("{}{why}", uid(&id)));
    }
    let client = product();
    let called = within(
        "Name",
        &format!("{}{}", text("NameValue", "tde-1"), pick("NameType", "UninterpretedTextString")),
    );
    let attributes = within(
        "Attributes",
        &format!(
            "{}{}<CryptographicUsageMask type=\"Integer\" value=\"Encrypt Decrypt\"/>{called}",
            pick("CryptographicAlgorithm", "AES"),
            number("CryptographicLength", 256)
        ),
    );
    let payload = format!("{}{attributes}{}", pick("ObjectType", "SymmetricKey"), aes_key(&key));
    let id = done(&client, V2_0, "Register", &payload).value("UniqueIdentifier");
    let filter = within("Attributes", &format!("{}{called}", pick("ObjectType", "SymmetricKey")));
    assert_eq!(done(&client, V2_0, "Locate", &filter).values("UniqueIdentifier"), [id.as_str()]);
    assert_eq!(done(&client, V2_0, "Get", &uid(&id)).value("KeyMaterial"), key);
    done(&client, V2_0, "Activate", &uid(&id));
}

#[test]
fn mysql_reads_every_error_as_a_whole_batch_item() {
    let client = product();
    let created =
        format!("{}{}", pick("ObjectType", "SymmetricKey"), template(&key_attributes("Encrypt Decrypt")));
    let id = done(&client, V1_1, "Create", &created).value("UniqueIdentifier");
    done(&client, V1_1, "Activate", &uid(&id));
    assert_eq!(done(&client, V1_1, "Get", &uid(&id)).value("KeyMaterial").len(), 64);
    for (operation, payload) in
        [("Destroy", uid(&id)), ("Get", uid("nobody's")), ("Locate", uid("misplaced"))]
    {
        let refused = client.say(V1_1, "", &[item(operation, &payload)]);
        let fields: Vec<_> = refused.0.children[1].children.iter().map(|field| field.tag.as_str()).collect();
        assert_eq!(fields, ["Operation", "ResultStatus", "ResultReason", "ResultMessage"], "{operation}");
        assert_eq!(refused.value("BatchCount"), "1");
    }
    let why = within("RevocationReason", &pick("RevocationReasonCode", "CessationOfOperation"));
    done(&client, V1_1, "Revoke", &format!("{}{why}", uid(&id)));
    done(&client, V1_1, "Destroy", &uid(&id));
}

#[test]
fn vcenter_adds_its_own_attributes_to_what_it_created() {
    let store = Store::new();
    // A connection for each call.
    let client = || store.client("db", Permission::Manage);
    let versions = done(&client(), V1_1, "DiscoverVersions", "");
    assert!(versions.0.all("ProtocolVersion").len() > 3);
    let functions =
        format!("{}{}", pick("QueryFunction", "QueryOperations"), pick("QueryFunction", "QueryObjects"));
    let operations = done(&client(), V1_1, "Query", &functions).values("Operation");
    assert!(operations.contains(&"AddAttribute".to_owned()) && !operations.contains(&"Encrypt".to_owned()));
    let created =
        format!("{}{}", pick("ObjectType", "SymmetricKey"), template(&key_attributes("Encrypt Decrypt")));
    let id = done(&client(), V1_1, "Create", &created).value("UniqueIdentifier");
    let state = format!("{}{}", uid(&id), text("AttributeName", "State"));
    assert_eq!(done(&client(), V1_1, "GetAttributes", &state).attribute("State").unwrap(), "PreActive");
    let own = [
        ("x-Product_Version", "8.0.1 build-22088125"),
        ("x-Vendor", "VMware, Inc."),
        ("x-Product", "VMware vSphere"),
    ];
    for (called, value) in own {
        let payload = format!("{}{}", uid(&id), attribute(called, &text("AttributeValue", value)));
        done(&client(), V1_1, "AddAttribute", &payload);
    }
    let asked: String = own.iter().map(|(called, _)| text("AttributeName", called)).collect();
    let there = done(&client(), V1_1, "GetAttributes", &format!("{}{asked}", uid(&id)));
    for (called, value) in own {
        assert_eq!(there.attribute(called).as_deref(), Some(value));
    }
    assert_eq!(done(&client(), V1_1, "Get", &uid(&id)).value("KeyMaterial").len(), 64);
}

#[test]
fn synology_renames_a_secret_with_a_policy_and_sees_nothing_newer_than_1_2() {
    let client = product();
    for function in ["QueryOperations", "QueryObjects", "QueryServerInformation"] {
        done(&client, V1_2, "Query", &pick("QueryFunction", function));
    }
    assert!(done(&client, V1_2, "Locate", &name("volume-1")).values("UniqueIdentifier").is_empty());
    let attributes = format!("{}{}{}", mask("Verify"), policy(), name("volume-1"));
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "SecretData"),
        template(&attributes),
        secret("Password", "Raw", &"31".repeat(44))
    );
    let id = done(&client, V1_2, "Register", &payload).value("UniqueIdentifier");
    let renamed = format!("{}{}", uid(&id), name("volume-1-old"));
    done(&client, V1_2, "ModifyAttribute", &renamed);
    assert!(done(&client, V1_2, "Locate", &name("volume-1")).values("UniqueIdentifier").is_empty());
    assert_eq!(
        done(&client, V1_2, "Locate", &name("volume-1-old")).values("UniqueIdentifier"),
        [id.as_str()]
    );
    let listed = done(&client, V1_2, "GetAttributeList", &uid(&id)).values("AttributeName");
    for newer in ["Sensitive", "Always Sensitive", "Extractable", "Random Number Generator", "Comment"] {
        assert!(!listed.contains(&newer.to_owned()), "{newer} is newer than 1.2");
    }
    assert!(listed.contains(&"Operation Policy Name".to_owned()));
}

#[test]
fn fortigate_asks_for_four_names_in_one_batch_with_filters_inside_a_template() {
    let client = product();
    let called = |what: &str| format!("ike-{what}");
    let mut made = Vec::new();
    for what in ["enc-out", "enc-in", "auth-out", "auth-in", "enc-out-2"] {
        let attributes = format!("{}{}", key_attributes("Encrypt Decrypt"), name(&called(what)));
        let payload = format!("{}{}", pick("ObjectType", "SymmetricKey"), template(&attributes));
        made.push(done(&client, V1_0, "Create", &payload).value("UniqueIdentifier"));
    }
    let value = within("CredentialValue", &format!("{}{}", text("Username", "fgt"), text("Password", "pw")));
    let credential =
        within("Credential", &format!("{}{value}", pick("CredentialType", "UsernameAndPassword")));
    let header = within("Authentication", &credential);
    let nth = |at: usize, operation: &str, payload: &str| {
        let id = bytes("UniqueBatchItemID", &format!("{at:08x}"));
        within(
            "BatchItem",
            &format!("{}{id}{}", pick("Operation", operation), within("RequestPayload", payload)),
        )
    };
    let locates: Vec<_> = ["enc-out", "enc-in", "auth-out", "auth-in"]
        .iter()
        .enumerate()
        .map(|(at, what)| nth(at, "Locate", &template(&name(&called(what)))))
        .collect();
    let found = client.say(V1_0, &header, &locates);
    assert_eq!(found.results(), ["Success"; 4]);
    assert_eq!(found.values("UniqueIdentifier"), made[..4], "each by its exact name, and no other");
    let gets: Vec<_> = made[..4].iter().enumerate().map(|(at, id)| nth(at, "Get", &uid(id))).collect();
    let got = client.say(V1_0, &header, &gets);
    assert_eq!(got.results(), ["Success"; 4]);
    assert_eq!(got.values("UniqueBatchItemID"), ["00000000", "00000001", "00000002", "00000003"]);
}

#[test]
fn vast_finds_the_new_key_by_the_name_after_re_key_and_its_policy_as_it_gave_it() {
    let client = product();
    let attributes = format!("{}{}{}", key_attributes("Encrypt Decrypt"), policy(), name("cluster-7"));
    let payload = format!("{}{}", pick("ObjectType", "SymmetricKey"), template(&attributes));
    let id = done(&client, V1_4, "Create", &payload).value("UniqueIdentifier");
    let group = attribute("x-tenant", &text("AttributeValue", "7"));
    done(&client, V1_4, "AddAttribute", &format!("{}{group}", uid(&id)));
    done(&client, V1_4, "Activate", &uid(&id));
    assert_eq!(done(&client, V1_4, "Locate", &name("cluster-7")).values("UniqueIdentifier"), [id.as_str()]);
    let asked = format!("{}{}", uid(&id), text("AttributeName", "Operation Policy Name"));
    let there = done(&client, V1_4, "GetAttributes", &asked).attribute("Operation Policy Name");
    assert_eq!(there.as_deref(), Some("default"));
    let next = done(&client, V1_4, "ReKey", &uid(&id)).value("UniqueIdentifier");
    assert_ne!(next, id);
    assert_eq!(done(&client, V1_4, "Locate", &name("cluster-7")).values("UniqueIdentifier"), [next.as_str()]);
    assert_ne!(
        done(&client, V1_4, "Get", &uid(&next)).value("KeyMaterial"),
        done(&client, V1_4, "Get", &uid(&id)).value("KeyMaterial")
    );
}

#[test]
fn veeam_makes_a_pair_gets_both_halves_and_destroys_them() {
    let client = product();
    let common = format!(
        "{}{}",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "RSA")),
        attribute("Cryptographic Length", &number("AttributeValue", 2048))
    );
    let payload = format!(
        "{}{}{}",
        within("CommonTemplateAttribute", &common),
        within("PrivateKeyTemplateAttribute", &format!("{}{}", mask("Decrypt"), name("veeam-private"))),
        within("PublicKeyTemplateAttribute", &format!("{}{}", mask("Encrypt"), name("veeam-public")))
    );
    let made = done(&client, V1_4, "CreateKeyPair", &payload);
    for half in ["PrivateKeyUniqueIdentifier", "PublicKeyUniqueIdentifier"] {
        let id = made.value(half);
        let got = done(&client, V1_4, "Get", &uid(&id));
        assert!(got.value("KeyMaterial").len() > 256);
        let value =
            got.0.all("KeyValue")[0].children.iter().map(|child| child.tag.as_str()).collect::<Vec<_>>();
        assert_eq!(value, ["KeyMaterial"], "nothing else stands in the Key Value");
        done(&client, V1_4, "Destroy", &uid(&id));
    }
    // Attributes beside the key in a Key Value are read, where a client sends them so.
    let inside = format!(
        "{}{}",
        bytes("KeyMaterial", &"17".repeat(32)),
        attribute("x-job", &text("AttributeValue", "3"))
    );
    let block = format!(
        "{}{}{}{}",
        pick("KeyFormatType", "Raw"),
        within("KeyValue", &inside),
        pick("CryptographicAlgorithm", "AES"),
        number("CryptographicLength", 256)
    );
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "SymmetricKey"),
        template(&mask("Encrypt")),
        within("SymmetricKey", &within("KeyBlock", &block))
    );
    done(&client, V1_4, "Register", &payload);
}

#[test]
fn edb_seals_its_data_key_in_cbc_in_2_1() {
    let client = product();
    let attributes = within(
        "Attributes",
        &format!(
            "{}{}<CryptographicUsageMask type=\"Integer\" value=\"Encrypt Decrypt\"/>",
            pick("CryptographicAlgorithm", "AES"),
            number("CryptographicLength", 256)
        ),
    );
    let created = format!("{}{attributes}", pick("ObjectType", "SymmetricKey"));
    let id = done(&client, V2_1, "Create", &created).value("UniqueIdentifier");
    done(&client, V2_1, "Activate", &uid(&id));
    let parameters = within(
        "CryptographicParameters",
        &format!(
            "{}{}{}",
            pick("BlockCipherMode", "CBC"),
            pick("PaddingMethod", "PKCS5"),
            pick("CryptographicAlgorithm", "AES")
        ),
    );
    let (plain, iv) = ("7b".repeat(64), bytes("IVCounterNonce", &"0f".repeat(16)));
    let data = bytes("Data", &plain);
    let sealed = done(&client, V2_1, "Encrypt", &format!("{}{parameters}{data}{iv}", uid(&id)));
    let data = bytes("Data", &sealed.value("Data"));
    let opened = done(&client, V2_1, "Decrypt", &format!("{}{parameters}{data}{iv}", uid(&id)));
    assert_eq!(opened.value("Data"), plain);
    // The variant that puts the IV before the ciphertext sends no IV beside it: the standard has no such form.
    let both = bytes("Data", &format!("{}{}", "0f".repeat(16), sealed.value("Data")));
    let refused = client.say(V2_1, "", &[item("Decrypt", &format!("{}{parameters}{both}", uid(&id)))]);
    assert_ne!(refused.result(), "Success");
}

#[test]
fn netapp_finds_a_key_by_sixteen_attributes_of_its_own_and_reads_it_in_one_batch() {
    for version in [V1_0, V1_1, V1_2, (1, 3), V1_4] {
        let client = product();
        let own: String = (0..16)
            .map(|nth| {
                let value = match nth % 4 {
                    0 => text("AttributeValue", &format!("node-{nth}")),
                    1 => number("AttributeValue", nth),
                    2 => bytes("AttributeValue", &format!("{nth:032x}")),
                    _ => "<AttributeValue type=\"Boolean\" value=\"true\"/>".to_owned(),
                };
                attribute(&format!("x-NETAPP-{nth}"), &value)
            })
            .collect();
        let block = within(
            "KeyBlock",
            &format!(
                "{}{}{}{}",
                pick("KeyFormatType", "Opaque"),
                within("KeyValue", &bytes("KeyMaterial", &"c3".repeat(32))),
                pick("CryptographicAlgorithm", "AES"),
                number("CryptographicLength", 256)
            ),
        );
        let payload = format!(
            "{}{}{}",
            pick("ObjectType", "SymmetricKey"),
            template(&format!("{}{own}", mask("Encrypt Decrypt"))),
            within("SymmetricKey", &block)
        );
        done(&client, version, "Register", &payload);
        let nth = |at: usize, operation: &str, payload: &str| {
            let id = bytes("UniqueBatchItemID", &format!("{at:08x}"));
            within(
                "BatchItem",
                &format!("{}{id}{}", pick("Operation", operation), within("RequestPayload", payload)),
            )
        };
        let order = "<BatchOrderOption type=\"Boolean\" value=\"true\"/>";
        let batch = [
            nth(0, "Query", &pick("QueryFunction", "QueryServerInformation")),
            nth(1, "Locate", &own),
            nth(2, "Get", &pick("KeyFormatType", "Opaque")),
            nth(3, "GetAttributes", ""),
        ];
        let reply = client.say(version, order, &batch);
        assert_eq!(reply.results(), ["Success"; 4]);
        assert_eq!(reply.value("KeyMaterial"), "c3".repeat(32));
        let there =
            reply.0.all("Attribute").iter().filter(|a| a.children[0].value.starts_with("x-NETAPP")).count();
        assert_eq!(there, 16);
    }
}

/// A message of Db2's: its identifier is longer than it says, by the zeros that pad it, and it names a vendor's credential.
fn db2(operation: u32, id: &str) -> Vec<u8> {
    const VENDOR: u32 = 0x8000_0001;
    let vendor = Tag::new(0x54_0001).unwrap();
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 16);
    writer.structure(Tag::REQUEST_MESSAGE, |out| {
        out.structure(Tag::REQUEST_HEADER, |out| {
            out.structure(Tag::PROTOCOL_VERSION, |out| {
                out.integer(Tag::PROTOCOL_VERSION_MAJOR, 1);
                out.integer(Tag::PROTOCOL_VERSION_MINOR, 0);
            });
            out.structure(Tag::AUTHENTICATION, |out| {
                out.structure(Tag::CREDENTIAL, |out| {
                    out.enumeration(Tag::CREDENTIAL_TYPE, VENDOR);
                    out.structure(Tag::CREDENTIAL_VALUE, |out| out.text(vendor, "db2inst1"));
                });
            });
            out.integer(Tag::BATCH_COUNT, 1);
        });
        out.structure(Tag::BATCH_ITEM, |out| {
            out.enumeration(Tag::OPERATION, operation);
            out.structure(Tag::REQUEST_PAYLOAD, |out| {
                out.text(Tag::UNIQUE_IDENTIFIER, &format!("{id}\0\0\0\0"))
            });
        });
    });
    writer.finish().unwrap();
    out
}

#[test]
fn db2_counts_the_padding_as_part_of_an_identifier_and_names_a_credential_of_its_own() {
    const GET: u32 = 0x0a;
    const ACTIVATE: u32 = 0x12;
    let client = product();
    let created =
        format!("{}{}", pick("ObjectType", "SymmetricKey"), template(&key_attributes("Encrypt Decrypt")));
    let id = done(&client, V1_0, "Create", &created).value("UniqueIdentifier");
    assert_eq!(read(&client.send(&db2(ACTIVATE, &id))).result(), "Success");
    let got = read(&client.send(&db2(GET, &id)));
    assert_eq!(got.result(), "Success");
    assert_eq!(got.value("KeyMaterial").len(), 64);
    assert_eq!(got.value("UniqueIdentifier"), id, "the answer counts as the standard does");
}

#[test]
fn kmip_go_and_openbao_seal_with_gcm_without_saying_how_long_the_tag_is() {
    for version in [V1_4, (1, 3), V1_2] {
        let client = product();
        let id = client.active_key("Encrypt Decrypt");
        let parameters = within(
            "CryptographicParameters",
            &format!("{}{}", pick("BlockCipherMode", "GCM"), pick("CryptographicAlgorithm", "AES")),
        );
        let (plain, iv) = ("11".repeat(40), bytes("IVCounterNonce", &"0c".repeat(12)));
        let sealed = client.say(
            version,
            "",
            &[item("Encrypt", &format!("{}{parameters}{}{iv}", uid(&id), bytes("Data", &plain)))],
        );
        assert_eq!(sealed.result(), "Success");
        let mut payload = format!("{}{parameters}{}{iv}", uid(&id), bytes("Data", &sealed.value("Data")));
        let tag = sealed.value("AuthenticatedEncryptionTag");
        if version == V1_4 {
            assert_eq!(tag.len(), 32, "sixteen bytes where nobody says");
            payload += &bytes("AuthenticatedEncryptionTag", &tag);
        } else {
            assert!(tag.is_empty(), "the field is newer");
        }
        let opened = client.say(version, "", &[item("Decrypt", &payload)]);
        assert_eq!(opened.result(), "Success");
        assert_eq!(opened.value("Data"), plain);
    }
}
