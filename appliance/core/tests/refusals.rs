//! The result reasons of the specification's error tables: each operation, what is wrong with it, and the reason in the
//! version spoken. The tables: KMIP 1.4, sections 11.1 to 11.40; KMIP 2.1, section 6.1 (errors of each operation) and 11.
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
use kmip::enums::Operation;
use kmip::version::Version;
use memory::{Memory, Store};
use talk::{attribute, bytes, item, key_attributes, name, number, pick, text, within};

/// What is there to go wrong with: one of each.
struct Stage {
    client: Memory,
    /// Active, for encryption alone.
    active: String,
    /// Pre-Active.
    young: String,
    /// Deactivated.
    old: String,
    /// Archived.
    stored: String,
    /// Destroyed.
    gone: String,
    /// Secret data.
    secret: String,
    /// Opaque.
    opaque: String,
    /// A template.
    template: String,
    /// Another service's.
    foreign: String,
}

fn stage() -> Stage {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let foreign = store.client("mail", Permission::Manage).active_key("Encrypt Decrypt");
    let key = || client.key_with(&key_attributes("Encrypt Decrypt"));
    let active = client.active_key("Encrypt");
    let young = client.key_with(&format!("{}{}", key_attributes("Encrypt Decrypt"), name("taken")));
    let old = client.active_key("Encrypt Decrypt");
    assert_eq!(client.revoke(&old, "CessationOfOperation").result(), "Success");
    let (stored, gone) = (key(), key());
    assert_eq!(client.simply("Archive", &stored).result(), "Success");
    assert_eq!(client.simply("Destroy", &gone).result(), "Success");
    let mask = "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"Verify\"/></Attribute>";
    let register = |ty: &str, attributes: &str, object: &str| {
        let template = within("TemplateAttribute", attributes);
        let reply = client.ask("Register", &format!("{}{template}{object}", pick("ObjectType", ty)));
        assert_eq!(reply.result(), "Success", "{ty}");
        reply.value("UniqueIdentifier")
    };
    let block = format!(
        "{}{}",
        pick("KeyFormatType", "Opaque"),
        within("KeyValue", &bytes("KeyMaterial", "736573616d65"))
    );
    let secret = format!("{}{}", pick("SecretDataType", "Password"), within("KeyBlock", &block));
    let secret = register("SecretData", mask, &within("SecretData", &secret));
    let opaque = format!("{}{}", pick("OpaqueDataType", "0x80000001"), bytes("OpaqueDataValue", "00"));
    let opaque = register("OpaqueObject", "", &within("OpaqueObject", &opaque));
    let inside = attribute("Cryptographic Algorithm", &pick("AttributeValue", "AES"));
    let template = register("Template", &name("t"), &within("Template", &inside));
    Stage { active, young, old, stored, gone, secret, opaque, template, foreign, client }
}

const VERSIONS: [Version; 7] =
    [Version::V1_0, Version::V1_1, Version::V1_2, Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1];

fn operation(name: &str) -> Operation {
    Operation::all(Version::V2_1)
        .chain(Operation::all(Version::V1_4))
        .find(|operation| {
            operation.name(Version::V2_1) == Some(name) || operation.name(Version::V1_4) == Some(name)
        })
        .unwrap()
}

/// Asks in every version that has the operation, and wants the reason of its table.
fn refused(
    stage: &Stage,
    what: &str,
    name: &str,
    payload: impl Fn(Version) -> String,
    reasons: (&str, &str),
) {
    let operation = operation(name);
    let mut asked = 0;
    for version in VERSIONS.into_iter().filter(|version| operation.exists_in(*version)) {
        let number = version.number();
        let spoken = (i64::from(number.major), i64::from(number.minor));
        let reply = stage.client.say(spoken, "", &[item(name, &payload(version))]);
        let wanted = if version.tags_attributes() { reasons.1 } else { reasons.0 };
        assert_eq!(reply.result(), wanted, "{name} of {what} in {version}");
        assert_eq!(reply.value("Operation"), name, "a whole batch item");
        asked += 1;
    }
    assert!(asked > 0, "{name}");
}

fn uid(id: &str) -> String {
    text("UniqueIdentifier", id)
}

fn why() -> String {
    within("RevocationReason", &pick("RevocationReasonCode", "CessationOfOperation"))
}

/// What an operation on one object needs besides its identifier.
fn rest(name: &str, version: Version) -> String {
    let data = bytes("Data", &"00".repeat(16));
    let tagged = version.tags_attributes();
    match name {
        "Encrypt" | "Decrypt" => {
            let parameters = within("CryptographicParameters", &pick("BlockCipherMode", "ECB"));
            format!("{parameters}{data}")
        }
        "Sign" | "MAC" => data,
        "SignatureVerify" => format!("{data}{}", bytes("SignatureData", "00")),
        "MACVerify" => format!("{data}{}", bytes("MACData", "00")),
        "Revoke" => why(),
        "GetUsageAllocation" => "<UsageLimitsCount type=\"LongInteger\" value=\"1\"/>".to_owned(),
        "AddAttribute" | "ModifyAttribute" if tagged => within("NewAttribute", &text("Comment", "hello")),
        "AddAttribute" | "ModifyAttribute" => attribute("x-note", &text("AttributeValue", "hello")),
        "DeleteAttribute" if tagged => within("CurrentAttribute", &text("Comment", "hello")),
        "DeleteAttribute" => text("AttributeName", "x-note"),
        "SetAttribute" => within("NewAttribute", &text("Comment", "hello")),
        _ => String::new(),
    }
}

const OF_ONE_OBJECT: [&str; 21] = [
    "Get",
    "GetAttributes",
    "GetAttributeList",
    "AddAttribute",
    "ModifyAttribute",
    "DeleteAttribute",
    "SetAttribute",
    "ObtainLease",
    "GetUsageAllocation",
    "Check",
    "Activate",
    "Revoke",
    "Destroy",
    "Archive",
    "Recover",
    "ReKey",
    "Encrypt",
    "Decrypt",
    "Sign",
    "MAC",
    "MACVerify",
];

#[test]
fn not_there_and_not_yours_are_the_reason_that_the_table_has_for_not_there() {
    let stage = stage();
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057".to_owned();
    for name in OF_ONE_OBJECT {
        for (what, id) in [("nobody's", &nobody), ("another's", &stage.foreign)] {
            let payload = |version| format!("{}{}", uid(id), rest(name, version));
            refused(&stage, what, name, payload, ("ItemNotFound", "ObjectNotFound"));
        }
        // No object named, and no placeholder.
        let payload = |version| rest(name, version);
        refused(&stage, "nothing", name, payload, ("ItemNotFound", "ObjectNotFound"));
    }
}

#[test]
fn what_is_archived_is_to_be_recovered_first() {
    let stage = stage();
    for name in OF_ONE_OBJECT.into_iter().filter(|name| !["Recover", "GetUsageAllocation"].contains(name)) {
        let payload = |version| format!("{}{}", uid(&stage.stored), rest(name, version));
        // Only attributes are asked for: those are on line (1.4, section 4.22).
        if ["GetAttributes", "GetAttributeList"].contains(&name) {
            continue;
        }
        refused(&stage, "an archived key", name, payload, ("ObjectArchived", "ObjectArchived"));
    }
}

#[test]
fn a_wrong_state_is_a_reason_of_its_own_in_2x_only() {
    let stage = stage();
    let lifecycle = ("PermissionDenied", "WrongKeyLifecycleState");
    for (name, what, id) in [
        ("Activate", "an active key", &stage.active),
        ("Activate", "a deactivated key", &stage.old),
        ("Destroy", "an active key", &stage.active),
        ("Encrypt", "a key that is not active yet", &stage.young),
        ("Encrypt", "a deactivated key", &stage.old),
        ("Decrypt", "a key that is not active yet", &stage.young),
    ] {
        let payload = |version| format!("{}{}", uid(id), rest(name, version));
        refused(&stage, what, name, payload, lifecycle);
    }
    let destroyed = ("PermissionDenied", "ObjectDestroyed");
    refused(&stage, "a destroyed key", "Destroy", |_| uid(&stage.gone), destroyed);
    for name in ["Get", "Activate", "Encrypt"] {
        let payload = |version| format!("{}{}", uid(&stage.gone), rest(name, version));
        refused(&stage, "a destroyed key", name, payload, ("ItemNotFound", "ObjectDestroyed"));
    }
}

#[test]
fn a_wrong_usage_mask_and_a_wrong_type_are_told_apart_in_2x_only() {
    let stage = stage();
    let mask = ("PermissionDenied", "IncompatibleCryptographicUsageMask");
    for name in ["Decrypt", "Sign", "MAC", "MACVerify", "SignatureVerify"] {
        let payload = |version| format!("{}{}", uid(&stage.active), rest(name, version));
        refused(&stage, "a key for encryption alone", name, payload, mask);
    }
    let ty = ("PermissionDenied", "InvalidObjectType");
    for name in ["Encrypt", "Decrypt", "Sign", "SignatureVerify", "MAC", "MACVerify"] {
        for (what, id) in [("secret data", &stage.secret), ("an opaque object", &stage.opaque)] {
            let payload = |version| format!("{}{}", uid(id), rest(name, version));
            refused(&stage, what, name, payload, ty);
        }
    }
    for (what, id) in [("secret data", &stage.secret), ("an opaque object", &stage.opaque)] {
        refused(&stage, what, "ReKey", |_| uid(id), ty);
    }
    let illegal = ("IllegalOperation", "InvalidObjectType");
    for name in ["Activate", "Revoke"] {
        let payload = |version| format!("{}{}", uid(&stage.template), rest(name, version));
        refused(&stage, "a template", name, payload, illegal);
    }
    let limits = ("IllegalOperation", "AttributeNotFound");
    let payload = |version| format!("{}{}", uid(&stage.active), rest("GetUsageAllocation", version));
    refused(&stage, "a key without limits", "GetUsageAllocation", payload, limits);
}

#[test]
fn attributes_are_refused_in_the_words_of_each_operations_table() {
    let stage = stage();
    let state = |version: Version| {
        if version.tags_attributes() {
            within("NewAttribute", &pick("State", "Destroyed"))
        } else {
            attribute("State", &pick("AttributeValue", "Destroyed"))
        }
    };
    let of = |id: &str, more: String| format!("{}{more}", uid(id));
    let id = stage.young.as_str();
    let read_only = ("PermissionDenied", "ReadOnlyAttribute");
    refused(&stage, "a read-only attribute", "AddAttribute", |v| of(id, state(v)), read_only);
    refused(&stage, "a read-only attribute", "SetAttribute", |v| of(id, state(v)), read_only);
    let modified = ("PermissionDenied", "AttributeReadOnly");
    refused(&stage, "a read-only attribute", "ModifyAttribute", |v| of(id, state(v)), modified);
    let delete = |version: Version| {
        if version.tags_attributes() {
            pick("AttributeReference", "State")
        } else {
            text("AttributeName", "State")
        }
    };
    refused(&stage, "a read-only attribute", "DeleteAttribute", |v| of(id, delete(v)), modified);
    let absent = |version: Version| rest("DeleteAttribute", version);
    let missing = ("ItemNotFound", "AttributeNotFound");
    refused(&stage, "an attribute that is not there", "DeleteAttribute", |v| of(id, absent(v)), missing);
    let absent = |version: Version| rest("ModifyAttribute", version);
    let unset = ("InvalidField", "AttributeNotFound");
    refused(&stage, "an attribute that is not there", "ModifyAttribute", |v| of(id, absent(v)), unset);
    let named = |value: &str, version: Version| {
        let inside = format!("{}{}", text("NameValue", value), pick("NameType", "UninterpretedTextString"));
        if version.tags_attributes() { within("NewAttribute", &within("Name", &inside)) } else { name(value) }
    };
    let taken = ("IllegalOperation", "NonUniqueNameAttribute");
    let other = stage.active.as_str();
    refused(&stage, "a name that is taken", "AddAttribute", |v| of(other, named("taken", v)), taken);
    // Indexed attributes are of 1.x.
    for (what, operation, index, reason) in [
        ("an attribute with an index", "AddAttribute", 3, "InvalidField"),
        ("an index that is not there", "ModifyAttribute", 7, "ItemNotFound"),
    ] {
        let indexed = name("another").replacen(
            "<AttributeValue>",
            &format!("{}<AttributeValue>", number("AttributeIndex", index)),
            1,
        );
        let reply = stage.client.ask(operation, &of(id, indexed));
        assert_eq!(reply.result(), reason, "{operation} of {what}");
    }
    let twice = format!("{}{}{}", uid(id), text("AttributeName", "State"), text("AttributeName", "State"));
    assert_eq!(stage.client.ask("GetAttributes", &twice).result(), "InvalidMessage", "section 11.13");
}

#[test]
fn what_is_missing_unknown_or_not_recognised_has_the_reason_of_the_table() {
    let stage = stage();
    let made = |ty: &'static str, version: Version| {
        let attributes = if version.tags_attributes() {
            within(
                "Attributes",
                &format!(
                    "{}{}<CryptographicUsageMask type=\"Integer\" value=\"Encrypt\"/>",
                    pick("CryptographicAlgorithm", "AES"),
                    number("CryptographicLength", 256)
                ),
            )
        } else {
            within("TemplateAttribute", &key_attributes("Encrypt"))
        };
        format!("{}{attributes}", pick("ObjectType", ty))
    };
    let unknown = ("InvalidField", "InvalidField");
    refused(&stage, "no object type there is", "Create", |v| made("0x000000ff", v), unknown);
    let without = |version| made("SymmetricKey", version).split_once("/>").unwrap().1.to_owned();
    let missing = ("InvalidMessage", "InvalidMessage");
    refused(&stage, "no object type at all", "Create", without, missing);
    let reason = within("RevocationReason", &pick("RevocationReasonCode", "0x000000ff"));
    refused(
        &stage,
        "a reason there is not",
        "Revoke",
        |_| format!("{}{reason}", uid(&stage.active)),
        unknown,
    );
    let later = bytes("AsynchronousCorrelationValue", "00112233445566778899aabbccddeeff");
    let none = ("ItemNotFound", "InvalidAsynchronousCorrelationValue");
    refused(&stage, "no request", "Poll", |_| later.clone(), none);
    let stream = |version: Version| {
        format!(
            "{}{}{}",
            uid(&stage.active),
            rest("Encrypt", version),
            bytes("CorrelationValue", &"00".repeat(16))
        )
    };
    // Streams came with 1.3; before, the field is one that the message cannot have.
    for version in [Version::V1_3, Version::V1_4, Version::V2_0, Version::V2_1] {
        let number = version.number();
        let spoken = (i64::from(number.major), i64::from(number.minor));
        let reply = stage.client.say(spoken, "", &[item("Encrypt", &stream(version))]);
        let wanted = if version.tags_attributes() { "InvalidCorrelationValue" } else { "ItemNotFound" };
        assert_eq!(reply.result(), wanted, "{version}");
    }
    refused(
        &stage,
        "a field it does not have",
        "Destroy",
        |_| format!("{}{}", uid(&stage.young), bytes("Data", "00")),
        unknown,
    );
}

#[test]
fn a_replacement_takes_an_offset_or_dates_and_not_both() {
    let stage = stage();
    let offset = "<Offset type=\"Interval\" value=\"60\"/>";
    let dated = attribute("Activation Date", &talk::date("AttributeValue", 2_000_000_000));
    let both = format!("{}{offset}{}", uid(&stage.active), within("TemplateAttribute", &dated));
    assert_eq!(stage.client.ask("ReKey", &both).result(), "InvalidMessage", "section 11.5");
    let stop = attribute("Protect Stop Date", &talk::date("AttributeValue", 2_000_000_000));
    let unborn = stage.client.key_with(&format!("{}{stop}", key_attributes("Encrypt")));
    let reply = stage.client.ask("ReKey", &format!("{}{offset}", uid(&unborn)));
    assert_eq!(reply.result(), "IllegalOperation", "there is no Activation Date to count from");
}

#[test]
fn a_message_in_a_version_that_nobody_speaks_is_refused_in_the_nearest_below_it() {
    let stage = stage();
    for (asked, answered, reason) in [
        ((1, 9), "1.4", "InvalidMessage"),
        ((2, 9), "2.1", "UnsupportedProtocolVersion"),
        ((9, 9), "2.1", "UnsupportedProtocolVersion"),
        ((0, 1), "1.0", "InvalidMessage"),
    ] {
        let reply = stage.client.say(asked, "", &[item("Query", &pick("QueryFunction", "QueryOperations"))]);
        assert_eq!(reply.result(), reason, "{asked:?}");
        let spoken =
            format!("{}.{}", reply.value("ProtocolVersionMajor"), reply.value("ProtocolVersionMinor"));
        assert_eq!(spoken, answered, "{asked:?}");
        assert_eq!(reply.value("Operation"), "", "a batch item without operation (1.4, section 11.1)");
    }
}
