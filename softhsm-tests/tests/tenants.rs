//! Tenant isolation: another tenant's key does not exist.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::client::{outcome, request, request_with};
use softhsm_tests::configuration::Settings;
use softhsm_tests::ttlv::{Item, Value, bytes, enumeration, operation, reason, structure, tag, text};
use softhsm_tests::{Client, Stage};

/// Well-formed, and nobody's.
const NOBODYS: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[test]
fn two_tenants_may_use_the_same_names_and_each_finds_only_its_own() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let mut acme = stage.client(&appliance, "acme");
    let mut globex = stage.client(&appliance, "globex");
    let (theirs, ours) = (acme.create("invoices").unwrap(), globex.create("invoices").unwrap());
    assert_ne!(theirs, ours);
    assert_eq!(acme.locate("invoices").unwrap(), [theirs.as_str()]);
    assert_eq!(globex.locate("invoices").unwrap(), [ours.as_str()]);
    assert_eq!(acme.locate_all().unwrap(), [theirs.as_str()]);
    assert_eq!(globex.locate_all().unwrap(), [ours.as_str()]);
    assert_ne!(acme.get(&theirs).unwrap(), globex.get(&ours).unwrap());
}

/// Every operation that names an object, on this one.
fn attempts(uid: &str) -> Vec<(&'static str, u32, Vec<Item>)> {
    let id = || text(tag::UNIQUE_IDENTIFIER, uid);
    let reason = structure(tag::REVOCATION_REASON, [enumeration(tag::REVOCATION_REASON_CODE, 1)]);
    vec![
        ("Get", operation::GET, vec![id()]),
        ("Get Attributes", operation::GET_ATTRIBUTES, vec![id()]),
        ("Activate", operation::ACTIVATE, vec![id()]),
        ("Encrypt", operation::ENCRYPT, vec![id(), bytes(tag::DATA, [7; 16])]),
        ("Decrypt", operation::DECRYPT, vec![id(), bytes(tag::DATA, [7; 16])]),
        ("Revoke", operation::REVOKE, vec![id(), reason]),
        ("Destroy", operation::DESTROY, vec![id()]),
    ]
}

/// The answer with nothing in it that may differ: identifiers and times are made alike.
fn made_alike(item: &Item) -> Item {
    let value = match &item.value {
        Value::Structure(items) => Value::Structure(items.iter().map(made_alike).collect()),
        Value::DateTime(_) => Value::DateTime(0),
        Value::Text(_) if item.tag == tag::UNIQUE_IDENTIFIER => Value::Text(String::new()),
        other => other.clone(),
    };
    Item { tag: item.tag, value }
}

#[test]
fn not_yours_is_answered_byte_for_byte_as_not_there() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let mut acme = stage.client(&appliance, "acme");
    let theirs = acme.create_active("invoices").unwrap();
    let key = acme.get(&theirs).unwrap();
    let mut globex = stage.client(&appliance, "globex");
    for ((what, code, guess), (_, _, nothing)) in attempts(&theirs).into_iter().zip(attempts(NOBODYS)) {
        let mut ask = |payload| globex.exchange(&request(&[(code, payload)]).encode()).unwrap();
        let (guessed, missing) = (ask(guess), ask(nothing));
        assert_eq!(made_alike(&guessed).encode(), made_alike(&missing).encode(), "{what}");
        let refusal = outcome(guessed.get(tag::BATCH_ITEM).unwrap()).unwrap_err();
        assert_eq!(refusal.reason(), Some(reason::ITEM_NOT_FOUND), "{what}");
        assert_eq!(guessed.encode().len(), missing.encode().len(), "{what}: not even the length tells");
    }
    assert_eq!(acme.get(&theirs).unwrap(), key, "the key is as it was");
    assert_eq!(acme.state(&theirs).unwrap(), 2, "and still active");
}

/// Sends a batch that goes on when an item fails.
fn batch(client: &mut Client, operations: &[(u32, Vec<Item>)]) -> Vec<Result<Item, Option<u32>>> {
    const CONTINUE: u32 = 1;
    let option = enumeration(tag::BATCH_ERROR_CONTINUATION_OPTION, CONTINUE);
    let answer = client.exchange(&request_with(&[option], operations).encode()).unwrap();
    let items = answer.all(tag::BATCH_ITEM).map(|item| outcome(item).map_err(|trouble| trouble.reason()));
    items.collect()
}

#[test]
fn a_batch_cannot_carry_one_tenant_into_another() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let mut acme = stage.client(&appliance, "acme");
    let theirs = acme.create_active("invoices").unwrap();
    let mut globex = stage.client(&appliance, "globex");
    let ours = globex.create_active("invoices").unwrap();
    let id = |uid: &str| vec![text(tag::UNIQUE_IDENTIFIER, uid)];
    let answers = batch(
        &mut globex,
        &[
            (operation::LOCATE, vec![]),
            // The ID placeholder: what Locate found.
            (operation::GET_ATTRIBUTES, vec![]),
            (operation::GET, id(&theirs)),
            (operation::DESTROY, id(&theirs)),
            (operation::GET, id(&ours)),
        ],
    );
    assert_eq!(answers.len(), 5);
    let found = answers[0].as_ref().unwrap().get(tag::UNIQUE_IDENTIFIER).and_then(Item::as_text);
    assert_eq!(found, Some(ours.as_str()));
    let described = answers[1].as_ref().unwrap().get(tag::UNIQUE_IDENTIFIER).and_then(Item::as_text);
    assert_eq!(described, Some(ours.as_str()));
    assert_eq!(answers[2], Err(Some(reason::ITEM_NOT_FOUND)));
    assert_eq!(answers[3], Err(Some(reason::ITEM_NOT_FOUND)));
    assert!(answers[4].is_ok(), "the rest of the batch is served");
    assert_eq!(acme.get(&theirs).unwrap().len(), 32);
}

#[test]
fn a_ciphertext_of_one_tenant_is_nothing_to_another() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let mut acme = stage.client(&appliance, "acme");
    let mut globex = stage.client(&appliance, "globex");
    let (theirs, ours) = (acme.create_active("k").unwrap(), globex.create_active("k").unwrap());
    let sealed = acme.encrypt(&theirs, b"for acme alone").unwrap();
    assert!(globex.decrypt(&ours, &sealed).is_err());
    assert_eq!(globex.decrypt(&theirs, &sealed).unwrap_err().reason(), Some(reason::ITEM_NOT_FOUND));
    assert_eq!(acme.decrypt(&theirs, &sealed).unwrap(), b"for acme alone");
}

#[test]
fn what_a_tenant_does_is_counted_and_audited_under_its_own_name() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let uid = stage.client(&appliance, "acme").create("invoices").unwrap();
    assert!(stage.client(&appliance, "globex").get(&uid).is_err());
    let metrics = appliance.ops("/metrics").unwrap();
    let line = |tenant: &str, operation: &str| {
        let wanted = [format!("tenant=\"{tenant}\""), format!("operation=\"{operation}\"")];
        metrics.lines().any(|line| wanted.iter().all(|part| line.contains(part)) && !line.ends_with(" 0"))
    };
    assert!(line("acme", "Create") && line("globex", "Get"), "{metrics}");
    assert!(!line("globex", "Create"), "{metrics}");
    assert!(appliance.stop().success());
    let lines = stage.audit_lines();
    let refused: Vec<_> = lines.iter().filter(|line| line.contains("not-found")).collect();
    assert!(refused.iter().any(|line| line.contains("tenant=globex")), "{lines:#?}");
    assert!(refused.iter().all(|line| !line.contains("tenant=acme")), "{lines:#?}");
    // Two lines of the same request would be two answers.
    let created = lines.iter().filter(|line| line.contains("Create") && line.contains(&uid)).count();
    assert_eq!(created, 1);
}
