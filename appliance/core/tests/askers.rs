//! Whom a request names besides its certificate, and whom it tells what a server tells a client.
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
use talk::{Reply, attribute, item, key_attributes, name, pick, text, within};

/// A header's authentication by user name.
fn user(name: &str, password: &str) -> String {
    let value =
        within("CredentialValue", &format!("{}{}", text("Username", name), text("Password", password)));
    credential("UsernameAndPassword", &value)
}

/// The same by device.
fn device(serial: &str) -> String {
    credential("Device", &within("CredentialValue", &text("DeviceSerialNumber", serial)))
}

fn credential(ty: &str, value: &str) -> String {
    within("Authentication", &within("Credential", &format!("{}{value}", pick("CredentialType", ty))))
}

fn create(client: &Memory, header: &str, called: &str) -> String {
    let attributes = format!("{}{}", key_attributes("Encrypt Decrypt"), name(called));
    let payload =
        format!("{}{}", pick("ObjectType", "SymmetricKey"), within("TemplateAttribute", &attributes));
    let reply = client.say((1, 4), header, &[item("Create", &payload)]);
    assert_eq!(reply.result(), "Success");
    reply.value("UniqueIdentifier")
}

fn simply(client: &Memory, header: &str, operation: &str, id: &str) -> Reply {
    client.say((1, 4), header, &[item(operation, &text("UniqueIdentifier", id))])
}

const OPERATIONS: [&str; 8] =
    ["Get", "GetAttributes", "GetAttributeList", "ObtainLease", "Activate", "Archive", "ReKey", "Destroy"];

#[test]
fn what_one_user_of_a_service_made_is_kept_from_another() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    for (owner, other) in [
        (user("Fred", "1"), user("Barney", "2")),
        (device("17"), device("18")),
        (user("17", "1"), device("17")),
    ] {
        let id = create(&client, &owner, &other);
        for operation in OPERATIONS {
            let reply = simply(&client, &other, operation, &id);
            assert_eq!(reply.result(), "PermissionDenied", "{operation}");
        }
        assert_eq!(simply(&client, &other, "Check", &id).result(), "Success", "Check is allowed to all");
        store.restart();
        assert_eq!(simply(&client, &owner, "Get", &id).result(), "Success");
        assert_eq!(simply(&client, "", "Get", &id).result(), "Success", "who names nobody is the service");
        assert_eq!(simply(&client, &owner, "Destroy", &id).result(), "Success");
    }
}

#[test]
fn what_nobody_in_particular_made_is_everybodys_and_a_password_makes_no_other_user() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let id = create(&client, "", "shared");
    assert_eq!(simply(&client, &user("Barney", "2"), "Get", &id).result(), "Success");
    let own = create(&client, &user("Fred", "1"), "own");
    assert_eq!(simply(&client, &user("Fred", "changed since"), "Get", &own).result(), "Success");
}

#[test]
fn a_user_of_another_service_is_nobody_here_whatever_its_name() {
    let store = Store::new();
    let (db, mail) = (store.client("db", Permission::Manage), store.client("mail", Permission::Manage));
    let id = create(&db, &user("Fred", "1"), "own");
    assert_eq!(simply(&mail, &user("Fred", "1"), "Get", &id).result(), "ItemNotFound");
    assert_eq!(simply(&mail, "", "Get", &id).result(), "ItemNotFound");
}

#[test]
fn a_replacement_is_its_owners_whoever_made_it() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let id = create(&client, &user("Fred", "1"), "own");
    let replacement = simply(&client, "", "ReKey", &id).value("UniqueIdentifier");
    assert_eq!(simply(&client, &user("Barney", "2"), "Get", &replacement).result(), "PermissionDenied");
    assert_eq!(simply(&client, &user("Fred", "1"), "Get", &replacement).result(), "Success");
}

#[test]
fn a_user_stays_the_same_where_the_answer_comes_later() {
    const WAITS: &str = "<AsynchronousIndicator type=\"Boolean\" value=\"true\"/>";
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let id = create(&client, &user("Fred", "1"), "own");
    let header = format!("{WAITS}{}", user("Barney", "2"));
    let pending = simply(&client, &header, "Get", &id);
    assert_eq!(pending.result(), "OperationPending");
    let correlation = pending.value("AsynchronousCorrelationValue");
    let poll = talk::bytes("AsynchronousCorrelationValue", &correlation);
    let fred = client.say((1, 4), &user("Fred", "1"), &[item("Poll", &poll)]);
    assert_eq!(fred.result(), "ItemNotFound", "another user's request is not there");
    assert_eq!(client.ask("Poll", &poll).result(), "PermissionDenied", "it is done as for whom asked");
}

#[test]
fn a_notice_is_heard_and_changes_nothing() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let id = create(&client, "", "k");
    let before = client.simply("GetAttributes", &id).0;
    let uid = text("UniqueIdentifier", &id);
    let notice = format!("{uid}{}", attribute("State", &pick("AttributeValue", "Destroyed")));
    assert_eq!(client.ask("Notify", &notice).result(), "Success");
    let key = client.simply("Get", &id).value("KeyMaterial");
    let block = format!(
        "{}{}",
        pick("KeyFormatType", "Raw"),
        within("KeyValue", &talk::bytes("KeyMaterial", &"00".repeat(32)))
    );
    let object = within("SymmetricKey", &within("KeyBlock", &block));
    let pushed = format!("{uid}{}{object}", pick("PutFunction", "New"));
    assert_eq!(client.ask("Put", &pushed).result(), "Success");
    assert_eq!(client.simply("Get", &id).value("KeyMaterial"), key);
    let fresh = |node: &tree::Node| node.all("Attribute").len();
    assert_eq!(fresh(&client.simply("GetAttributes", &id).0), fresh(&before));
    assert_eq!(client.state(&id), "PreActive");
    let other = store.client("mail", Permission::Manage);
    assert_eq!(other.ask("Notify", &notice).result(), "ItemNotFound");
    assert_eq!(other.ask("Put", &pushed).result(), "ItemNotFound");
    let replaces = format!("{uid}{}{object}", pick("PutFunction", "Replace"));
    assert_eq!(client.ask("Put", &replaces).result(), "MissingData", "which one, it does not say");
}
