//! Answers that come in parts or later: whose they are, and how long.
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

use holdfast_model::limits::{PENDING_PER_TENANT_MAX, STREAM_IDLE_MAX, STREAMS_PER_TENANT_MAX};
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{Reply, bytes, item, pick, text, within};

const WAITS: &str = "<AsynchronousIndicator type=\"Boolean\" value=\"true\"/>";
const INIT: &str = "<InitIndicator type=\"Boolean\" value=\"true\"/>";
const FINAL: &str = "<FinalIndicator type=\"Boolean\" value=\"true\"/>";

fn hash(client: &Memory, data: &str, more: &str) -> Reply {
    let parameters = within("CryptographicParameters", &pick("HashingAlgorithm", "SHA_256"));
    client.ask("Hash", &format!("{parameters}{}{more}", bytes("Data", data)))
}

fn correlation(reply: &Reply) -> String {
    bytes("CorrelationValue", &reply.value("CorrelationValue"))
}

fn later(client: &Memory, operation: &str, payload: &str) -> String {
    let reply = client.say((1, 4), WAITS, &[item(operation, payload)]);
    assert_eq!(reply.result(), "OperationPending");
    bytes("AsynchronousCorrelationValue", &reply.value("AsynchronousCorrelationValue"))
}

#[test]
fn a_stream_is_its_clients_alone_and_of_its_operation_alone() {
    let store = Store::new();
    let (owner, other) = (store.client("db", Permission::Use), store.client("mail", Permission::Use));
    let begun = hash(&owner, "61", INIT);
    assert_eq!(hash(&other, "62", &correlation(&begun)).result(), "ItemNotFound");
    assert_eq!(hash(&owner, "62", &bytes("CorrelationValue", &"00".repeat(16))).result(), "ItemNotFound");
    let ended = hash(&owner, "6263", &format!("{}{FINAL}", correlation(&begun)));
    assert_eq!(ended.value("Data"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(hash(&owner, "61", &correlation(&begun)).result(), "ItemNotFound");
}

#[test]
fn streams_are_bounded_in_number_and_an_idle_one_gives_its_place_free() {
    let store = Store::new();
    let client = store.client("db", Permission::Use);
    for _ in 0..STREAMS_PER_TENANT_MAX {
        assert_eq!(hash(&client, "61", INIT).result(), "Success");
    }
    assert_eq!(hash(&client, "61", INIT).result(), "PermissionDenied");
    store.wait(STREAM_IDLE_MAX.as_secs() + 1);
    assert_eq!(hash(&client, "61", INIT).result(), "Success");
}

#[test]
fn a_revoked_key_ends_the_stream_it_was_used_in() {
    let client = Store::new().client("db", Permission::Manage);
    let id = client.active_key("Encrypt Decrypt");
    let begun = client.encrypt(&id, &pick("BlockCipherMode", "ECB"), INIT);
    assert_eq!(begun.result(), "Success");
    assert_eq!(client.revoke(&id, "KeyCompromise").result(), "Success");
    let next = client.encrypt(&id, "", &correlation(&begun));
    assert_eq!(next.result(), "PermissionDenied");
}

#[test]
fn a_request_that_waits_is_done_when_its_answer_is_fetched_and_only_once() {
    let client = Store::new().client("db", Permission::Manage);
    let id = client.active_key("Encrypt");
    let archive = later(&client, "Archive", &text("UniqueIdentifier", &id));
    assert_eq!(client.simply("Get", &id).result(), "Success");
    let polled = client.ask("Poll", &archive);
    assert_eq!((polled.result().as_str(), polled.value("Operation").as_str()), ("Success", "Archive"));
    assert_eq!(client.simply("Get", &id).result(), "ObjectArchived");
    assert_eq!(client.ask("Poll", &archive).result(), "ItemNotFound");
}

#[test]
fn a_cancelled_request_is_never_done() {
    let client = Store::new().client("db", Permission::Manage);
    let id = client.active_key("Encrypt");
    let archive = later(&client, "Archive", &text("UniqueIdentifier", &id));
    assert_eq!(client.ask("Cancel", &archive).value("CancellationResult"), "Canceled");
    client.store.wait(60);
    assert_eq!(client.simply("Get", &id).result(), "Success");
    assert_eq!(client.ask("Poll", &archive).result(), "ItemNotFound");
}

#[test]
fn a_request_that_waited_long_enough_is_done_when_its_client_speaks_next() {
    let client = Store::new().client("db", Permission::Manage);
    let id = client.active_key("Encrypt");
    let archive = later(&client, "Archive", &text("UniqueIdentifier", &id));
    client.store.wait(60);
    assert_eq!(client.simply("Get", &id).result(), "ObjectArchived");
    assert_eq!(client.ask("Cancel", &archive).value("CancellationResult"), "Completed");
    assert_eq!(client.ask("Poll", &archive).result(), "Success");
}

#[test]
fn nobody_fetches_anothers_answer() {
    let store = Store::new();
    let (owner, other) = (store.client("db", Permission::Manage), store.client("mail", Permission::Manage));
    let id = owner.active_key("Encrypt");
    let get = later(&owner, "Get", &text("UniqueIdentifier", &id));
    assert_eq!(other.ask("Poll", &get).result(), "ItemNotFound");
    assert_eq!(other.ask("Cancel", &get).result(), "ItemNotFound");
    assert_eq!(owner.ask("Poll", &get).result(), "Success");
}

#[test]
fn who_may_only_look_cannot_let_a_change_wait() {
    let client = Store::new().client("db", Permission::Observe);
    let reply = client.say((1, 4), WAITS, &[item("Destroy", &text("UniqueIdentifier", "x"))]);
    assert_eq!(reply.result(), "PermissionDenied");
}

#[test]
fn requests_that_wait_are_bounded_in_number() {
    let client = Store::new().client("db", Permission::Observe);
    for _ in 0..PENDING_PER_TENANT_MAX {
        later(&client, "Locate", "");
    }
    let reply = client.say((1, 4), WAITS, &[item("Locate", "")]);
    assert_eq!(reply.result(), "PermissionDenied");
}
