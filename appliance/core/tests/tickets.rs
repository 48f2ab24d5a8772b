//! Tickets: what they give, and beside it what they do not.
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

use holdfast_model::limits::{TICKET_TIME_DEFAULT, TICKET_TIME_MAX, TICKETS_PER_TENANT_MAX};
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{Reply, bytes, item, number, pick, text, within};

const V2_1: (i64, i64) = (2, 1);

fn credential(ty: &str, value: &str) -> String {
    let inside = format!("{}{}", pick("CredentialType", ty), within("CredentialValue", value));
    within("Authentication", &within("Credential", &inside))
}

fn user(name: &str) -> String {
    credential("UsernameAndPassword", &text("Username", name))
}

fn ticket(value: &str) -> String {
    within("Ticket", &format!("{}{}", pick("TicketType", "Login"), bytes("TicketValue", value)))
}

fn shown(value: &str) -> String {
    credential("Ticket", &ticket(value))
}

fn say(client: &Memory, header: &str, operation: &str, payload: &str) -> Reply {
    client.say(V2_1, header, &[item(operation, payload)])
}

fn login(client: &Memory, header: &str, payload: &str) -> String {
    let reply = say(client, header, "Login", payload);
    assert_eq!(reply.result(), "Success");
    assert_eq!(reply.value("TicketType"), "Login");
    reply.value("TicketValue")
}

fn create(client: &Memory, header: &str) -> String {
    let attributes = format!(
        "{}{}<CryptographicUsageMask type=\"Integer\" value=\"Encrypt\"/>",
        pick("CryptographicAlgorithm", "AES"),
        number("CryptographicLength", 256)
    );
    let payload = format!("{}{}", pick("ObjectType", "SymmetricKey"), within("Attributes", &attributes));
    let reply = say(client, header, "Create", &payload);
    assert_eq!(reply.result(), "Success");
    reply.value("UniqueIdentifier")
}

fn get(client: &Memory, header: &str, id: &str) -> String {
    say(client, header, "Get", &text("UniqueIdentifier", id)).result()
}

fn right(operations: &[&str], objects: &[&str]) -> String {
    let operations: String = operations.iter().map(|name| pick("Operation", name)).collect();
    let objects: String = objects.iter().map(|id| text("UniqueIdentifier", id)).collect();
    let mut inside = String::new();
    if !operations.is_empty() {
        inside += &within("Operations", &operations);
    }
    if !objects.is_empty() {
        inside += &within("Objects", &objects);
    }
    within("Right", &inside)
}

#[test]
fn a_ticket_stands_for_the_user_who_logged_in_until_it_is_given_back() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let own = create(&client, &user("Fred"));
    let fred = login(&client, &user("Fred"), "");
    assert_eq!(get(&client, &shown(&fred), &own), "Success");
    let barney = login(&client, &user("Barney"), "");
    assert_ne!(fred, barney);
    assert_eq!(get(&client, &shown(&barney), &own), "PermissionDenied");
    assert_eq!(say(&client, "", "Logout", &ticket(&fred)).result(), "Success");
    assert_eq!(get(&client, &shown(&fred), &own), "InvalidTicket");
    assert_eq!(say(&client, "", "Logout", &ticket(&fred)).result(), "InvalidTicket");
    assert_eq!(get(&client, &shown(&barney), &own), "PermissionDenied", "the other is as good as before");
}

#[test]
fn a_ticket_ends_by_time_by_count_with_the_tenants_keys_and_is_of_its_service_alone() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let id = create(&client, "");
    let ask = |value: &str| get(&client, &shown(value), &id);
    let short = login(&client, "", "<LeaseTime type=\"Interval\" value=\"60\"/>");
    let default = login(&client, "", "");
    let endless = login(&client, "", "<LeaseTime type=\"Interval\" value=\"4000000000\"/>");
    let counted = login(&client, "", &number("RequestCount", 2));
    assert_eq!([ask(&counted), ask(&counted), ask(&counted)], ["Success", "Success", "InvalidTicket"]);
    store.wait(61);
    assert_eq!([ask(&short), ask(&default)], ["InvalidTicket", "Success"]);
    store.wait(TICKET_TIME_DEFAULT.as_secs());
    assert_eq!([ask(&default), ask(&endless)], ["InvalidTicket", "Success"]);
    store.wait(TICKET_TIME_MAX.as_secs());
    assert_eq!(ask(&endless), "InvalidTicket");
    let last = login(&client, "", "");
    let other = store.client("mail", Permission::Manage);
    let theirs = create(&other, "");
    assert_eq!(get(&other, &shown(&last), &theirs), "InvalidTicket", "another service's");
    assert_eq!(say(&other, "", "Logout", &ticket(&last)).result(), "InvalidTicket");
    store.restart();
    assert_eq!(ask(&last), "InvalidTicket");
    assert_eq!(ask(&"00".repeat(32)), "InvalidTicket");
    assert_eq!(ask("00"), "InvalidTicket");
    for payload in [number("RequestCount", 0), "<LeaseTime type=\"Interval\" value=\"0\"/>".to_owned()] {
        assert_eq!(say(&client, "", "Login", &payload).result(), "InvalidField");
    }
}

#[test]
fn a_delegated_ticket_does_what_it_names_on_what_it_names_and_nothing_else() {
    let store = Store::new();
    let client = store.client("db", Permission::Manage);
    let (one, two) = (create(&client, ""), create(&client, ""));
    let rights = within("Rights", &right(&["Get", "Locate"], &[&one]));
    let reply = say(&client, "", "DelegatedLogin", &rights);
    assert_eq!(reply.result(), "Success");
    let value = reply.value("TicketValue");
    let header = shown(&value);
    assert_eq!(get(&client, &header, &one), "Success");
    assert_eq!(get(&client, &header, &two), "PermissionDenied");
    let destroyed = say(&client, &header, "Destroy", &text("UniqueIdentifier", &one));
    assert_eq!(destroyed.result(), "PermissionDenied");
    let found = say(&client, &header, "Locate", "").values("UniqueIdentifier");
    assert_eq!(found, [one.as_str()], "what it may not touch it does not see");
    for operation in ["Login", "DelegatedLogin"] {
        let payload = if operation == "Login" { "" } else { rights.as_str() };
        assert_eq!(say(&client, &header, operation, payload).result(), "PermissionDenied", "not passed on");
    }
    let waits = "<AsynchronousIndicator type=\"Enumeration\" value=\"Mandatory\"/>";
    let later = say(&client, &format!("{waits}{header}"), "Get", &text("UniqueIdentifier", &two));
    assert_eq!(later.result(), "FeatureNotSupported", "nothing is done later without its bounds");
    let groups = within("Rights", &within("Right", &within("ObjectGroups", "")));
    assert_eq!(say(&client, "", "DelegatedLogin", &groups).result(), "FeatureNotSupported");
    // A ticket never widens what the certificate allows.
    let all = within("Rights", &right(&[], &[]));
    let all = say(&client, "", "DelegatedLogin", &all).value("TicketValue");
    let observer = store.client("db", Permission::Observe);
    assert_eq!(get(&observer, &shown(&all), &one), "PermissionDenied");
}

#[test]
fn tickets_are_bounded_in_number() {
    let store = Store::new();
    let client = store.client("db", Permission::Observe);
    for _ in 0..TICKETS_PER_TENANT_MAX {
        login(&client, "", "");
    }
    assert_eq!(say(&client, "", "Login", "").result(), "ServerLimitExceeded");
    store.wait(TICKET_TIME_DEFAULT.as_secs() + 1);
    login(&client, "", "");
}
