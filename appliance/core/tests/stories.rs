//! What a client of the operations may do, and beside it what it may not.
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

use holdfast_core::request::answer;
use holdfast_core::scope::ScopeError;
use holdfast_model::audit::{Action, Outcome};
use holdfast_model::trust::Permission;
use memory::{Memory, Store, interleave};
use talk::{attribute, bytes, date, item, key_attributes, name, number, pick, text, within};

const GCM: &str = "<BlockCipherMode type=\"Enumeration\" value=\"GCM\"/>";
const CBC: &str = "<BlockCipherMode type=\"Enumeration\" value=\"CBC\"/>";
const ECB: &str = "<BlockCipherMode type=\"Enumeration\" value=\"ECB\"/>";
const PKCS5: &str = "<PaddingMethod type=\"Enumeration\" value=\"PKCS5\"/>";

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn decrypt(client: &Memory, id: &str, parameters: &str, reply: &talk::Reply) -> talk::Reply {
    let mut payload = text("UniqueIdentifier", id);
    payload += &within("CryptographicParameters", parameters);
    payload += &bytes("Data", &reply.value("Data"));
    if !reply.value("IVCounterNonce").is_empty() {
        payload += &bytes("IVCounterNonce", &reply.value("IVCounterNonce"));
    }
    if !reply.value("AuthenticatedEncryptionTag").is_empty() {
        payload += &bytes("AuthenticatedEncryptionTag", &reply.value("AuthenticatedEncryptionTag"));
    }
    client.ask("Decrypt", &payload)
}

#[test]
fn a_client_encrypts_and_decrypts_with_an_active_key_in_every_mode() {
    let client = manager();
    let id = client.active_key("Encrypt Decrypt");
    let random = "<RandomIV type=\"Boolean\" value=\"true\"/>";
    let ctr = pick("BlockCipherMode", "CTR");
    for parameters in
        [GCM.to_owned(), format!("{CBC}{PKCS5}{random}"), ECB.to_owned(), format!("{ctr}{random}")]
    {
        let sealed = client.encrypt(&id, &parameters, "");
        assert_eq!(sealed.result(), "Success", "{parameters}");
        assert_ne!(sealed.value("Data"), "00".repeat(16));
        let opened = decrypt(&client, &id, &parameters, &sealed);
        assert_eq!(opened.value("Data"), "00".repeat(16), "{parameters}");
    }
}

#[test]
fn a_key_that_is_not_active_does_not_encrypt() {
    let client = manager();
    let id = client.key_with(&key_attributes("Encrypt Decrypt"));
    assert_eq!(client.encrypt(&id, GCM, "").result(), "PermissionDenied");
    assert_eq!(client.simply("Activate", &id).result(), "Success");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "Success");
    assert_eq!(client.simply("Activate", &id).result(), "PermissionDenied");
}

#[test]
fn a_deactivated_key_decrypts_and_does_not_encrypt() {
    let client = manager();
    let id = client.active_key("Encrypt Decrypt");
    let sealed = client.encrypt(&id, GCM, "");
    assert_eq!(client.revoke(&id, "Superseded").result(), "Success");
    assert_eq!(client.state(&id), "Deactivated");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "PermissionDenied");
    assert_eq!(decrypt(&client, &id, GCM, &sealed).result(), "Success");
}

#[test]
fn a_key_whose_mask_does_not_allow_it_is_not_used() {
    let client = manager();
    let id = client.active_key("Encrypt");
    let sealed = client.encrypt(&id, GCM, "");
    assert_eq!(sealed.result(), "Success");
    assert_eq!(decrypt(&client, &id, GCM, &sealed).result(), "PermissionDenied");
}

#[test]
fn what_is_no_key_does_not_encrypt() {
    let client = manager();
    let opaque = within(
        "OpaqueObject",
        &format!("{}{}", pick("OpaqueDataType", "0x80000001"), bytes("OpaqueDataValue", "0011")),
    );
    let payload = format!("{}<TemplateAttribute/>{opaque}", pick("ObjectType", "OpaqueObject"));
    let reply = client.ask("Register", &payload);
    assert_eq!(reply.result(), "Success");
    let id = reply.value("UniqueIdentifier");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "PermissionDenied");
    assert_eq!(client.simply("Get", &id).value("OpaqueDataValue"), "0011");
}

#[test]
fn a_changed_tag_cipher_or_iv_does_not_decrypt_and_tells_nothing() {
    let client = manager();
    let id = client.active_key("Encrypt Decrypt");
    let sealed = client.encrypt(&id, GCM, "");
    let (data, iv) = (sealed.value("Data"), sealed.value("IVCounterNonce"));
    let tag = sealed.value("AuthenticatedEncryptionTag");
    let flip = |hex: &str| {
        let first = if hex.starts_with('0') { "1" } else { "0" };
        format!("{first}{}", &hex[1..])
    };
    for (data, iv, tag) in [
        (flip(&data), iv.clone(), tag.clone()),
        (data.clone(), flip(&iv), tag.clone()),
        (data.clone(), iv.clone(), flip(&tag)),
        (data.clone(), iv.clone(), tag[..24].to_owned()),
    ] {
        let payload = format!(
            "{}{}{}{}{}",
            text("UniqueIdentifier", &id),
            within("CryptographicParameters", GCM),
            bytes("Data", &data),
            bytes("IVCounterNonce", &iv),
            bytes("AuthenticatedEncryptionTag", &tag)
        );
        let reply = client.ask("Decrypt", &payload);
        assert_eq!(reply.result(), "CryptographicFailure");
        assert!(reply.value("Data").is_empty());
    }
}

#[test]
fn without_padding_only_whole_blocks_are_encrypted() {
    let client = manager();
    let id = client.active_key("Encrypt Decrypt");
    let ask = |parameters: &str, data: &str| {
        let payload = format!(
            "{}{}{}{}",
            text("UniqueIdentifier", &id),
            within("CryptographicParameters", parameters),
            bytes("Data", data),
            bytes("IVCounterNonce", &"01".repeat(16))
        );
        client.ask("Encrypt", &payload)
    };
    assert_eq!(ask(CBC, &"00".repeat(15)).result(), "CryptographicFailure");
    assert_eq!(ask(CBC, &"00".repeat(32)).value("Data").len(), 64);
    assert_eq!(ask(&format!("{CBC}{PKCS5}"), &"00".repeat(32)).value("Data").len(), 96);
    assert_eq!(ask(&format!("{CBC}{PKCS5}"), &"00".repeat(15)).value("Data").len(), 32);
    assert_eq!(ask(&format!("{GCM}{PKCS5}"), "00").result(), "InvalidField");
}

#[test]
fn an_iv_of_a_wrong_length_or_none_is_refused() {
    let client = manager();
    let id = client.active_key("Encrypt Decrypt");
    assert_eq!(client.encrypt(&id, CBC, &bytes("IVCounterNonce", "00")).result(), "InvalidField");
    assert_eq!(client.encrypt(&id, CBC, "").result(), "InvalidMessage");
    assert_eq!(client.encrypt(&id, "", "").result(), "InvalidField");
}

#[test]
fn random_nonces_of_one_key_never_repeat_and_are_counted_across_restarts() {
    let client = manager();
    let id = client.active_key("Encrypt Decrypt");
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        for _ in 0..50 {
            assert!(seen.insert(client.encrypt(&id, GCM, "").value("IVCounterNonce")));
        }
        client.store.restart();
    }
    let kept = client.store.peek(id.parse().unwrap()).unwrap();
    assert!(kept.managed.nonces_reserved >= 3 << 16, "each start reserves anew");
}

#[test]
fn the_clock_activates_and_deactivates() {
    let client = manager();
    let now = 1_795_000_000;
    let id = client.key_with(&format!(
        "{}{}{}",
        key_attributes("Encrypt Decrypt"),
        attribute("Activation Date", &date("AttributeValue", now + 100)),
        attribute("Deactivation Date", &date("AttributeValue", now + 200))
    ));
    assert_eq!(client.state(&id), "PreActive");
    client.store.wait(100);
    assert_eq!(client.state(&id), "Active");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "Success");
    client.store.wait(100);
    assert_eq!(client.state(&id), "Deactivated");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "PermissionDenied");
    assert_eq!(client.simply("Destroy", &id).result(), "Success");
}

#[test]
fn an_active_key_is_not_destroyed_before_it_is_revoked() {
    let client = manager();
    let id = client.active_key("Encrypt");
    assert_eq!(client.simply("Destroy", &id).result(), "PermissionDenied");
    assert_eq!(client.revoke(&id, "KeyCompromise").result(), "Success");
    assert_eq!(client.state(&id), "Compromised");
    assert_eq!(client.simply("Destroy", &id).result(), "Success");
    assert_eq!(client.state(&id), "DestroyedCompromised");
}

#[test]
fn a_destroyed_object_has_attributes_and_no_material() {
    let client = manager();
    let id = client.key_with(&format!("{}{}", key_attributes("Encrypt"), name("gone")));
    assert_eq!(client.simply("Destroy", &id).result(), "Success");
    assert!(client.store.peek(id.parse().unwrap()).unwrap().material.is_none());
    assert_eq!(client.simply("Get", &id).result(), "ItemNotFound");
    assert_eq!(client.simply("GetAttributes", &id).attribute("State").unwrap(), "Destroyed");
    assert_eq!(client.simply("Destroy", &id).result(), "PermissionDenied");
    assert!(client.ask("Locate", &name("gone")).values("UniqueIdentifier").is_empty());
}

#[test]
fn another_services_object_is_not_there() {
    let client = manager();
    let id = client.active_key("Encrypt");
    let other = client.store.client("web", Permission::Manage);
    for operation in
        ["Get", "GetAttributes", "GetAttributeList", "Activate", "Destroy", "Archive", "ObtainLease"]
    {
        assert_eq!(other.simply(operation, &id).result(), "ItemNotFound", "{operation}");
    }
    assert_eq!(other.encrypt(&id, GCM, "").result(), "ItemNotFound");
    assert_eq!(other.revoke(&id, "Superseded").result(), "ItemNotFound");
    let missing = "01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(other.simply("Get", missing).result(), client.simply("Get", missing).result());
    assert!(other.ask("Locate", "").values("UniqueIdentifier").is_empty());
    assert_eq!(client.ask("Locate", "").values("UniqueIdentifier"), [id]);
}

#[test]
fn a_client_may_do_what_its_permission_says_and_no_more() {
    let manager = manager();
    let id = manager.active_key("Encrypt Decrypt");
    let user = manager.store.client("db", Permission::Use);
    let observer = manager.store.client("db", Permission::Observe);
    assert_eq!(user.encrypt(&id, GCM, "").result(), "Success");
    assert_eq!(user.simply("Get", &id).result(), "PermissionDenied");
    assert_eq!(user.simply("Destroy", &id).result(), "PermissionDenied");
    assert_eq!(observer.simply("GetAttributes", &id).result(), "Success");
    assert_eq!(observer.encrypt(&id, GCM, "").result(), "PermissionDenied");
}

#[test]
fn a_sensitive_key_is_used_and_not_handed_out() {
    let client = manager();
    let sensitive = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>");
    let id = client.key_with(&format!("{}{sensitive}", key_attributes("Encrypt")));
    assert_eq!(client.simply("Activate", &id).result(), "Success");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "Success");
    assert_eq!(client.simply("Get", &id).result(), "Sensitive");
    let loosen = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"false\"/>");
    let payload = format!("{}{loosen}", text("UniqueIdentifier", &id));
    assert_eq!(client.ask("ModifyAttribute", &payload).result(), "PermissionDenied");
    let stuck = attribute("Extractable", "<AttributeValue type=\"Boolean\" value=\"false\"/>");
    let id = client.key_with(&format!("{}{stuck}", key_attributes("Encrypt")));
    assert_eq!(client.simply("Get", &id).result(), "NotExtractable");
}

#[test]
fn a_batch_hands_its_object_on_and_stops_at_the_first_failure_unless_told_to_go_on() {
    let client = manager();
    let create = item(
        "Create",
        &format!(
            "{}{}",
            pick("ObjectType", "SymmetricKey"),
            within("TemplateAttribute", &key_attributes("Encrypt"))
        ),
    );
    let (activate, get) = (item("Activate", ""), item("Get", ""));
    let all = [create.clone(), activate.clone(), activate.clone(), get.clone()];
    assert_eq!(client.say((1, 4), "", &all).results(), ["Success", "Success", "PermissionDenied"]);
    let go_on = pick("BatchErrorContinuationOption", "Continue");
    let results = client.say((1, 4), &go_on, &all).results();
    assert_eq!(results, ["Success", "Success", "PermissionDenied", "Success"]);
    assert_eq!(client.say((1, 4), "", &[get]).results(), ["ItemNotFound"], "each batch begins with none");
}

#[test]
fn a_batch_that_is_to_be_undone_is_done_whole_or_not_at_all() {
    let client = manager();
    let undo = pick("BatchErrorContinuationOption", "Undo");
    let create = item(
        "Create",
        &format!(
            "{}{}",
            pick("ObjectType", "SymmetricKey"),
            within("TemplateAttribute", &format!("{}{}", key_attributes("Encrypt"), name("both")))
        ),
    );
    let (activate, locate) = (item("Activate", ""), item("Locate", &name("both")));
    let bad = [create.clone(), activate.clone(), activate.clone(), locate.clone()];
    let reply = client.say((1, 4), &undo, &bad);
    assert_eq!(reply.results(), ["OperationUndone", "OperationUndone", "PermissionDenied"]);
    assert!(reply.values("UniqueIdentifier").is_empty());
    assert!(client.ask("Locate", "").values("UniqueIdentifier").is_empty(), "nothing is left of it");
    assert!(
        client
            .store
            .events
            .borrow()
            .iter()
            .all(|(event, _)| event.action == Action::Kmip(8) || event.outcome == Outcome::Refused)
    );
    let good = [create, activate, locate];
    let reply = client.say((1, 4), &undo, &good);
    assert_eq!(reply.results(), ["Success", "Success", "Success"]);
    let ids = reply.values("UniqueIdentifier");
    assert_eq!(ids[2], ids[0], "later items see what earlier ones did");
    assert_eq!(client.state(&ids[0]), "Active");
    assert_eq!(client.store.commits.get().0, 1, "one commit for all");
}

#[test]
fn a_name_belongs_to_one_object_at_a_time() {
    let client = manager();
    let attributes = format!("{}{}", key_attributes("Encrypt"), name("unique"));
    let id = client.key_with(&attributes);
    let payload =
        format!("{}{}", pick("ObjectType", "SymmetricKey"), within("TemplateAttribute", &attributes));
    assert_eq!(client.ask("Create", &payload).result(), "InvalidField");
    assert_eq!(client.store.client("web", Permission::Manage).ask("Create", &payload).result(), "Success");
    assert_eq!(client.simply("Destroy", &id).result(), "Success");
    assert_eq!(client.ask("Create", &payload).result(), "Success", "a destroyed object gives it free");
}

#[test]
fn what_a_template_lacks_or_cannot_have_is_refused() {
    let client = manager();
    let create = |attributes: &str| {
        let payload =
            format!("{}{}", pick("ObjectType", "SymmetricKey"), within("TemplateAttribute", attributes));
        client.ask("Create", &payload).result()
    };
    let algorithm = attribute("Cryptographic Algorithm", &pick("AttributeValue", "AES"));
    let length = attribute("Cryptographic Length", &number("AttributeValue", 100));
    assert_eq!(create(&algorithm), "InvalidField");
    assert_eq!(create(&format!("{}{length}", key_attributes("Encrypt"))), "InvalidField");
    let unknown = attribute("No Such Attribute", &text("AttributeValue", "x"));
    assert_eq!(create(&format!("{}{unknown}", key_attributes("Encrypt"))), "InvalidField");
    let state = attribute("State", &pick("AttributeValue", "Active"));
    assert_eq!(create(&format!("{}{state}", key_attributes("Encrypt"))), "InvalidField");
    let typed = attribute("Activation Date", &text("AttributeValue", "tomorrow"));
    assert_eq!(create(&format!("{}{typed}", key_attributes("Encrypt"))), "InvalidField");
    assert!(client.ask("Locate", "").values("UniqueIdentifier").is_empty(), "nothing was made");
}

#[test]
fn usage_limits_are_exact_and_survive_a_restart() {
    let client = manager();
    let limits = within(
        "AttributeValue",
        &format!("<UsageLimitsTotal type=\"LongInteger\" value=\"40\"/>{}", pick("UsageLimitsUnit", "Byte")),
    );
    let id = client.key_with(&format!(
        "{}{}{}",
        key_attributes("Encrypt Decrypt"),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000)),
        attribute("Usage Limits", &limits)
    ));
    assert_eq!(client.encrypt(&id, GCM, "").result(), "Success");
    client.store.restart();
    assert_eq!(client.encrypt(&id, GCM, "").result(), "Success");
    assert_eq!(client.encrypt(&id, GCM, "").result(), "PermissionDenied", "8 of 40 bytes are left");
}

#[test]
fn concurrent_changes_are_neither_lost_nor_doubled() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let id = client.active_key("Encrypt Decrypt");
    let versioned = |items: &str| {
        let head = "<RequestHeader><ProtocolVersion><ProtocolVersionMajor type=\"Integer\" value=\"1\"/><ProtocolVersionMinor type=\"Integer\" value=\"4\"/></ProtocolVersion><BatchCount type=\"Integer\" value=\"1\"/></RequestHeader>";
        kmip::xml::to_ttlv(&within("RequestMessage", &format!("{head}{items}")), &kmip::ttlv::Limits::DEFAULT)
            .unwrap()
    };
    let adds: Vec<_> = (0..6)
        .map(|n| {
            let custom = attribute(&format!("x-{n}"), &number("AttributeValue", n));
            versioned(&item("AddAttribute", &format!("{}{custom}", text("UniqueIdentifier", &id))))
        })
        .collect();
    let reason = within("RevocationReason", &pick("RevocationReasonCode", "Superseded"));
    let revoke = versioned(&item("Revoke", &format!("{}{reason}", text("UniqueIdentifier", &id))));
    let mut requests = adds;
    requests.push(revoke.clone());
    requests.push(revoke);
    store.yields.set(true);
    let replies: Vec<_> = requests.iter().map(|_| std::cell::RefCell::new(Vec::new())).collect();
    interleave(
        requests
            .iter()
            .zip(&replies)
            .map(|(request, reply)| {
                let client = &client;
                let future = async move {
                    let mut out = Vec::new();
                    answer(client, &client.limits, request, &mut out).await;
                    *reply.borrow_mut() = out;
                };
                Box::pin(future) as std::pin::Pin<Box<dyn Future<Output = ()>>>
            })
            .collect(),
    );
    store.yields.set(false);
    let results: Vec<_> = replies.iter().map(|reply| talk::read(&reply.borrow()).result()).collect();
    assert_eq!(results.iter().filter(|result| *result == "Success").count(), 7, "{results:?}");
    assert_eq!(results.iter().filter(|result| *result == "PermissionDenied").count(), 1, "one revocation");
    assert!(store.commits.get().1 > 0, "the race did happen");
    let seen = client.simply("GetAttributes", &id);
    assert_eq!(seen.attribute("State").unwrap(), "Deactivated");
    for n in 0..6 {
        assert_eq!(seen.attribute(&format!("x-{n}")).unwrap(), n.to_string());
    }
}

#[test]
fn every_item_is_recorded_and_nothing_is_answered_unrecorded() {
    let client = manager();
    let id = client.active_key("Encrypt");
    client.encrypt(&id, GCM, "");
    client.simply("Activate", &id);
    let events = client.store.events.borrow().clone();
    let told: Vec<_> = events
        .iter()
        .map(|(event, durable)| (event.action, event.outcome, event.reason.as_str().to_owned(), *durable))
        .collect();
    assert_eq!(told[0], (Action::Kmip(1), Outcome::Done, String::new(), true));
    assert_eq!(told[1], (Action::Kmip(0x1F), Outcome::Done, String::new(), false));
    assert_eq!(told[2], (Action::Kmip(0x12), Outcome::Refused, "wrong-state".to_owned(), false));
    assert!(events.iter().all(|(event, _)| event.object == Some(id.parse().unwrap())));
    client.store.audit_is_full.set(true);
    let reply = client.encrypt(&id, GCM, "");
    assert_eq!((reply.result().as_str(), reply.value("Data").as_str()), ("GeneralFailure", ""));
}

#[test]
fn a_store_or_a_tenant_that_does_not_answer_is_told_as_that() {
    let client = manager();
    let id = client.active_key("Encrypt");
    for (error, reason) in [
        (ScopeError::Sealed, "GeneralFailure"),
        (ScopeError::StoreUnavailable, "GeneralFailure"),
        (ScopeError::Revoked, "PermissionDenied"),
        (ScopeError::NotThere, "ItemNotFound"),
    ] {
        client.store.broken.set(Some(error));
        assert_eq!(client.simply("Get", &id).result(), reason, "{error:?}");
    }
}

#[test]
fn bytes_that_are_no_request_are_answered_and_not_repeated() {
    let client = manager();
    let secret = b"secret-password-in-a-broken-request";
    for request in
        [&secret[..], b"", &[0x42, 0, 0x78, 1, 0xff, 0xff, 0xff, 0xff], &[0x42, 0, 0x78, 1, 0, 0, 0, 0]]
    {
        let reply = client.send(request);
        assert!(["InvalidMessage", "CodecError"].contains(&talk::read(&reply).result().as_str()));
        assert!(!reply.windows(6).any(|window| window == b"secret"));
    }
}

#[test]
fn a_version_that_is_not_spoken_is_refused_and_others_are_told_apart() {
    let client = manager();
    let discover = item("DiscoverVersions", "");
    assert_eq!(client.say((1, 9), "", std::slice::from_ref(&discover)).results().len(), 1);
    assert_ne!(client.say((3, 0), "", std::slice::from_ref(&discover)).result(), "Success");
    let reply = client.say((1, 2), "", &[discover]);
    assert_eq!(reply.values("ProtocolVersionMinor")[0], "2", "answered in the version asked in");
    assert_eq!(client.say((1, 0), "", &[item("Encrypt", "")]).result(), "OperationNotSupported");
}

#[test]
fn a_response_larger_than_the_client_takes_is_refused() {
    let client = manager();
    let id = client.active_key("Encrypt");
    let size = number("MaximumResponseSize", 300);
    let get = item("GetAttributes", &text("UniqueIdentifier", &id));
    assert_eq!(client.say((1, 4), &size, std::slice::from_ref(&get)).result(), "ResponseTooLarge");
    let tiny = number("MaximumResponseSize", 1);
    assert_eq!(client.say((1, 4), &tiny, &[get]).result(), "ResponseTooLarge");
}

#[test]
fn an_unknown_critical_extension_fails_its_item_and_another_does_not() {
    let client = manager();
    for (critical, result) in [("true", "FeatureNotSupported"), ("false", "Success")] {
        let extension = within(
            "MessageExtension",
            &format!(
                "{}<CriticalityIndicator type=\"Boolean\" value=\"{critical}\"/><VendorExtension/>",
                text("VendorIdentification", "x")
            ),
        );
        let query = within(
            "BatchItem",
            &format!(
                "{}{}{extension}",
                pick("Operation", "Query"),
                within("RequestPayload", &pick("QueryFunction", "QueryOperations"))
            ),
        );
        assert_eq!(client.say((1, 4), "", &[query]).result(), result);
    }
}

#[test]
fn locate_finds_by_every_kind_of_attribute_and_nothing_else() {
    let client = manager();
    let one = client.key_with(&format!(
        "{}{}{}",
        key_attributes("Encrypt Decrypt"),
        name("one"),
        attribute("x-Shelf", &text("AttributeValue", "left"))
    ));
    client.store.wait(10);
    let two = client.key_with(&format!("{}{}", key_attributes("Encrypt"), name("two")));
    assert_eq!(client.simply("Activate", &two).result(), "Success");
    let found = |question: &str| client.ask("Locate", question).values("UniqueIdentifier");
    assert_eq!(found(&name("one")), std::slice::from_ref(&one));
    assert!(found(&name("none")).is_empty());
    assert_eq!(found(&attribute("x-Shelf", &text("AttributeValue", "left"))), std::slice::from_ref(&one));
    assert_eq!(found(&attribute("State", &pick("AttributeValue", "Active"))), std::slice::from_ref(&two));
    assert_eq!(
        found(&attribute("Object Type", &pick("AttributeValue", "SymmetricKey"))),
        [two.clone(), one.clone()]
    );
    let made = |seconds: i64| attribute("Initial Date", &date("AttributeValue", 1_795_000_000 + seconds));
    assert_eq!(found(&format!("{}{}", made(-5), made(5))), std::slice::from_ref(&one));
    let mask = "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"Decrypt\"/></Attribute>";
    assert_eq!(found(mask), std::slice::from_ref(&one));
    let capped = number("MaximumItems", 1);
    assert_eq!(found(&capped), std::slice::from_ref(&two), "newest first");
    assert_eq!(client.simply("Archive", &one).result(), "Success");
    assert_eq!(found(""), [two]);
    let archived = "<StorageStatusMask type=\"Integer\" value=\"ArchivalStorage\"/>";
    assert_eq!(found(archived), [one]);
}

#[test]
fn attributes_are_changed_by_their_rules_alone() {
    let client = manager();
    let id = client.active_key("Encrypt");
    let change = |operation: &str, what: &str| {
        client.ask(operation, &format!("{}{what}", text("UniqueIdentifier", &id))).result()
    };
    let custom = |value: &str| attribute("x-Note", &text("AttributeValue", value));
    assert_eq!(change("AddAttribute", &custom("a")), "Success");
    assert_eq!(change("ModifyAttribute", &custom("b")), "Success");
    assert_eq!(client.simply("GetAttributes", &id).attribute("x-Note").unwrap(), "b");
    assert_eq!(change("DeleteAttribute", &text("AttributeName", "x-Note")), "Success");
    assert_eq!(change("DeleteAttribute", &text("AttributeName", "x-Note")), "ItemNotFound");
    assert_eq!(change("ModifyAttribute", &custom("c")), "InvalidField");
    let state = attribute("State", &pick("AttributeValue", "PreActive"));
    assert_eq!(change("ModifyAttribute", &state), "PermissionDenied");
    assert_eq!(change("AddAttribute", &state), "PermissionDenied");
    assert_eq!(change("DeleteAttribute", &text("AttributeName", "State")), "PermissionDenied");
    let activation = attribute("Activation Date", &date("AttributeValue", 1));
    assert_eq!(change("ModifyAttribute", &activation), "PermissionDenied", "it is active already");
    let server = attribute("y-Note", &text("AttributeValue", "x"));
    assert_eq!(change("AddAttribute", &server), "PermissionDenied");
}

#[test]
fn query_lists_what_the_version_has_and_the_server_serves() {
    let client = manager();
    let query = item("Query", &pick("QueryFunction", "QueryOperations"));
    let old = client.say((1, 0), "", std::slice::from_ref(&query)).values("Operation");
    let new = client.say((1, 4), "", &[query]).values("Operation");
    assert!(!old.contains(&"Encrypt".to_owned()) && new.contains(&"Encrypt".to_owned()));
    assert!(!new.contains(&"SetAttribute".to_owned()), "2.x only");
}

/// Registers a key-wrapping key of 32 known bytes.
fn wrapping_key(client: &Memory, mask: &str) -> String {
    let attributes = format!(
        "{}<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{mask}\"/></Attribute>",
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
    );
    let block = format!(
        "{}{}{}{}",
        pick("KeyFormatType", "Raw"),
        within("KeyValue", &bytes("KeyMaterial", &"07".repeat(32))),
        pick("CryptographicAlgorithm", "AES"),
        number("CryptographicLength", 256)
    );
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "SymmetricKey"),
        within("TemplateAttribute", &attributes),
        within("SymmetricKey", &within("KeyBlock", &block))
    );
    let reply = client.ask("Register", &payload);
    assert_eq!(reply.result(), "Success");
    reply.value("UniqueIdentifier")
}

fn get_wrapped(client: &Memory, id: &str, key: &str, more: &str) -> talk::Reply {
    let parameters = within("CryptographicParameters", &pick("BlockCipherMode", "NISTKeyWrap"));
    let information =
        within("EncryptionKeyInformation", &format!("{}{parameters}", text("UniqueIdentifier", key)));
    let specification = within(
        "KeyWrappingSpecification",
        &format!("{}{information}{more}", pick("WrappingMethod", "Encrypt")),
    );
    client.ask("Get", &format!("{}{specification}", text("UniqueIdentifier", id)))
}

fn unwrapped(hex: &str) -> String {
    use aes_kw::{KeyInit, KwAes256};
    let wrapped: Vec<u8> =
        (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
    let mut out = vec![0; wrapped.len()];
    let plain = KwAes256::new_from_slice(&[7; 32]).unwrap().unwrap_key(&wrapped, &mut out).unwrap();
    plain.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_key_leaves_wrapped_by_another_and_unwraps_to_itself() {
    let client = manager();
    let kek = wrapping_key(&client, "WrapKey");
    let id = client.key_with(&key_attributes("Encrypt"));
    let material = client.simply("Get", &id).value("KeyMaterial");
    let bare = get_wrapped(&client, &id, &kek, &pick("EncodingOption", "NoEncoding"));
    assert_eq!(bare.result(), "Success");
    assert_eq!(unwrapped(&bare.value("KeyMaterial")), material);
    let encoded = get_wrapped(&client, &id, &kek, "");
    assert!(unwrapped(&encoded.value("KeyValue")).starts_with("420045"), "a Key Value in TTLV");
    assert!(unwrapped(&encoded.value("KeyValue")).contains(&material));
}

#[test]
fn a_key_that_may_not_wrap_is_not_there_or_is_not_active_wraps_nothing() {
    let client = manager();
    let id = client.key_with(&key_attributes("Encrypt"));
    let other = client.active_key("Encrypt");
    assert_eq!(get_wrapped(&client, &id, &other, "").result(), "PermissionDenied");
    let kek = wrapping_key(&client, "WrapKey");
    let stranger = client.store.client("web", Permission::Manage);
    let theirs = stranger.key_with(&key_attributes("Encrypt"));
    assert_eq!(get_wrapped(&stranger, &theirs, &kek, "").result(), "ItemNotFound");
    assert_eq!(client.revoke(&kek, "Superseded").result(), "Success");
    assert_eq!(get_wrapped(&client, &id, &kek, "").result(), "PermissionDenied");
}

#[test]
fn a_sensitive_key_does_not_leave_under_a_key_that_somebody_knows() {
    let client = manager();
    let sensitive = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>");
    let id = client.key_with(&format!("{}{sensitive}", key_attributes("Encrypt")));
    let known = wrapping_key(&client, "WrapKey");
    assert_eq!(get_wrapped(&client, &id, &known, "").result(), "PermissionDenied");
    let make = |mask: &str| {
        let activation = attribute("Activation Date", &date("AttributeValue", 1_000_000_000));
        client.key_with(&format!("{}{sensitive}{activation}", key_attributes(mask)))
    };
    let (hidden, both) = (make("WrapKey"), make("WrapKey Decrypt"));
    assert_eq!(
        get_wrapped(&client, &id, &both, "").result(),
        "PermissionDenied",
        "it could decrypt what it wrapped"
    );
    assert_eq!(get_wrapped(&client, &id, &hidden, "").result(), "Success");
    let more = "<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"WrapKey Decrypt\"/></Attribute>";
    let payload = format!("{}{more}", text("UniqueIdentifier", &hidden));
    assert_eq!(
        client.ask("ModifyAttribute", &payload).result(),
        "PermissionDenied",
        "nor may it learn to later"
    );
    let marked = attribute("Sensitive", "<AttributeValue type=\"Boolean\" value=\"true\"/>");
    let payload = format!("{}{marked}", text("UniqueIdentifier", &known));
    assert_eq!(client.ask("ModifyAttribute", &payload).result(), "Success");
    let reply = get_wrapped(&client, &id, &known, "");
    assert_eq!(reply.result(), "PermissionDenied", "calling it sensitive does not make it unknown");
}
