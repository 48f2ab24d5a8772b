//! What may stand in a bundle that is signed: every bundle here has two good signatures.

use super::*;
use crate::sign::sign_payload_for_tests;
use ciborium::{Value, cbor};

/// Signs a body made by hand, in deterministic order.
fn signed(office: &Office, body: &Value) -> Received {
    sign_payload_for_tests(body, &[("alice", &office.alice), ("bob", &office.bob)])
}

fn body(directives: Value) -> Value {
    cbor!({ "header" => header(), "directives" => directives }).unwrap()
}

fn header() -> Value {
    cbor!({
        "format" => 1, "source" => "plane", "cluster" => "north", "appliances" => ["box-1"], "sequence" => 1,
        "previous" => Value::Bytes(vec![0; 32]), "issued_at" => 500_000, "not_before" => 900_000,
        "not_after" => 2_000_000, "lane" => 2,
    })
    .unwrap()
}

fn one(kind: &str, data: Value) -> Value {
    cbor!([{ "task_id" => "t-1", "type" => kind, "data" => data }]).unwrap()
}

fn set(map: &mut Value, key: &str, to: Option<Value>) {
    let pairs = map.as_map_mut().unwrap();
    pairs.retain(|(k, _)| k.as_text() != Some(key));
    if let Some(to) = to {
        pairs.push((key.into(), to));
    }
}

fn with_header(office: &Office, key: &str, to: Option<Value>) -> Received {
    let mut header = header();
    set(&mut header, key, to);
    let directives = one("l1.unlink", cbor!({ "tenant" => "acme" }).unwrap());
    signed(office, &cbor!({ "header" => header, "directives" => directives }).unwrap())
}

fn directive(office: &Office, kind: &str, data: Value) -> Option<Refusal> {
    office.judge(signed(office, &body(one(kind, data))), None).err()
}

fn senseless(refusal: Option<Refusal>) -> bool {
    matches!(refusal, Some(Refusal::Senseless { index: 0, .. }))
}

#[test]
fn every_directive_is_read_as_it_was_written() {
    let office = Office::new();
    let ca = certificate(true);
    let data = |value: Result<Value, _>| -> Value { value.unwrap() };
    for (kind, data) in [
        ("tenant.define", data(cbor!({ "tenant" => "acme", "display" => "Acme" }))),
        ("tenant.define", data(cbor!({ "tenant" => "acme" }))),
        ("l1.link", data(cbor!({ "tenant" => "acme", "hsm" => "hsm-1", "label" => "root" }))),
        ("l1.unlink", data(cbor!({ "tenant" => "acme" }))),
        ("service.define", data(cbor!({ "tenant" => "acme", "service" => "db" }))),
        (
            "policy.set",
            data(cbor!({ "tenant" => "acme", "allow" => ["3des-encrypt"], "refuse" => ["chacha20"] })),
        ),
        ("policy.set", data(cbor!({ "tenant" => "acme" }))),
        ("key.rotate", data(cbor!({ "tenant" => "acme", "service" => "db" }))),
        ("tenant.destroy", data(cbor!({ "tenant" => "acme" }))),
        (
            "client.trust",
            data(cbor!({
                "tenant" => "acme", "service" => "db", "ca" => Value::Bytes(ca.clone()), "realm" => "shared",
                "common_names" => ["a", "b"], "permission" => "observe",
            })),
        ),
    ] {
        let verified = office.judge(signed(&office, &body(one(kind, data))), None).unwrap();
        let order = &verified.content().directives[0].order;
        assert_eq!(order.kind(), kind);
        assert_eq!(order.tenant(), tenant("acme"));
        if let Order::TrustClient(rule) = order {
            assert_eq!(rule.anchor, Fingerprint(Sha256::digest(&ca).into()));
            assert_eq!((rule.realm, rule.permission), (Realm::Shared, Permission::Observe));
        }
    }
}

#[test]
fn a_policy_names_practices_that_there_are_and_each_once() {
    let office = Office::new();
    let policy = |allow: &[&str], refuse: &[&str]| {
        let data = cbor!({ "tenant" => "acme", "allow" => allow, "refuse" => refuse });
        directive(&office, "policy.set", data.unwrap())
    };
    assert!(policy(&["sha1-sign", "3des-encrypt"], &["chacha20"]).is_none());
    assert!(senseless(policy(&["rot13"], &[])));
    assert!(senseless(policy(&["sha1-sign"], &["sha1-sign"])));
    assert!(senseless(policy(&["sha1-sign", "sha1-sign"], &[])));
}

#[test]
fn a_directive_that_the_box_does_not_know_refuses_the_whole_bundle() {
    let office = Office::new();
    let mut directives = one("l1.unlink", cbor!({ "tenant" => "acme" }).unwrap());
    let unknown = cbor!({ "task_id" => "t-2", "type" => "tenant.sing", "data" => {} }).unwrap();
    directives.as_array_mut().unwrap().push(unknown);
    assert_eq!(office.refuses(signed(&office, &body(directives))), Refusal::UnknownDirective(1));
}

#[test]
fn a_bundle_for_another_box_is_refused_for_that_whatever_else_it_holds() {
    let office = Office::new();
    let mut header = header();
    set(&mut header, "cluster", Some("south".into()));
    let directives = one("tenant.sing", cbor!({}).unwrap());
    let received = signed(&office, &cbor!({ "header" => header, "directives" => directives }).unwrap());
    assert_eq!(office.refuses(received), Refusal::AnotherBox);
}

#[test]
fn a_header_lacks_nothing_and_has_nothing_more() {
    let office = Office::new();
    assert!(office.judge(with_header(&office, "none", None), None).is_ok());
    for key in [
        "format",
        "source",
        "cluster",
        "appliances",
        "sequence",
        "previous",
        "issued_at",
        "not_before",
        "not_after",
        "lane",
    ] {
        assert!(matches!(office.refuses(with_header(&office, key, None)), Refusal::Malformed(_)), "{key}");
        let text = with_header(&office, key, Some("No Name!".into()));
        assert!(matches!(office.refuses(text), Refusal::Malformed(_)), "{key}");
    }
    let more = with_header(&office, "comment", Some("hello".into()));
    assert!(matches!(office.refuses(more), Refusal::Malformed(_)));
}

#[test]
fn numbers_out_of_range_in_a_header_are_refused() {
    let office = Office::new();
    for (key, value) in [
        ("sequence", Value::from(0)),
        ("sequence", Value::from(-1)),
        ("lane", Value::from(3)),
        ("not_after", Value::from(900_000)),
        ("issued_at", Value::from(2_000_000)),
        ("appliances", Value::Array(vec![])),
        ("previous", Value::Bytes(vec![0; 31])),
        ("previous", Value::Text("0".repeat(64))),
    ] {
        let refusal = office.refuses(with_header(&office, key, Some(value)));
        assert!(matches!(refusal, Refusal::Malformed(_)), "{key}: {refusal:?}");
    }
}

#[test]
fn a_later_format_is_named_as_such_even_with_other_fields() {
    let office = Office::new();
    let later = cbor!({ "header" => { "format" => 2, "new" => true }, "directives" => [] }).unwrap();
    assert_eq!(office.refuses(signed(&office, &later)), Refusal::UnknownFormat);
}

#[test]
fn a_body_with_something_beside_header_and_directives_is_refused() {
    let office = Office::new();
    let mut more = body(one("l1.unlink", cbor!({ "tenant" => "acme" }).unwrap()));
    set(&mut more, "extra", Some(Value::Null));
    assert!(matches!(office.refuses(signed(&office, &more)), Refusal::Malformed(_)));
    for directives in [cbor!([]).unwrap(), cbor!({}).unwrap()] {
        assert!(matches!(office.refuses(signed(&office, &body(directives))), Refusal::Malformed(_)));
    }
}

#[test]
fn too_many_directives_are_refused() {
    let office = Office::new();
    let many = (0..1025)
        .map(|at| {
            cbor!({ "task_id" => format!("t-{at}"), "type" => "l1.unlink", "data" => { "tenant" => "a" } })
                .unwrap()
        })
        .collect::<Vec<_>>();
    let refused = office.refuses(signed(&office, &body(Value::Array(many.clone()))));
    assert!(matches!(refused, Refusal::Malformed(_)));
    let most = Value::Array(many[..1024].to_vec());
    assert!(office.judge(signed(&office, &body(most)), None).is_ok());
}

#[test]
fn two_tasks_of_one_bundle_have_two_names() {
    let office = Office::new();
    let mut twice = one("l1.unlink", cbor!({ "tenant" => "acme" }).unwrap());
    let again = twice.as_array().unwrap()[0].clone();
    twice.as_array_mut().unwrap().push(again);
    assert!(matches!(office.refuses(signed(&office, &body(twice))), Refusal::Senseless { index: 1, .. }));
}

#[test]
fn data_fields_are_those_of_the_directive_and_no_others() {
    let office = Office::new();
    for data in [
        cbor!({}).unwrap(),
        cbor!({ "tenant" => "acme", "force" => true }).unwrap(),
        cbor!({ "tenant" => "Acme" }).unwrap(),
        cbor!({ "tenant" => 5 }).unwrap(),
        cbor!("acme").unwrap(),
        Value::Null,
    ] {
        assert!(senseless(directive(&office, "l1.unlink", data.clone())), "{data:?}");
    }
    let label = |text: &str| cbor!({ "tenant" => "acme", "hsm" => "h", "label" => text }).unwrap();
    assert_eq!(directive(&office, "l1.link", label("root key")), None);
    for text in ["", "a\nb", &"a".repeat(257)] {
        assert!(senseless(directive(&office, "l1.link", label(text))));
    }
}

#[test]
fn task_fields_are_bounded() {
    let office = Office::new();
    for (key, value) in [
        ("task_id", Value::from("")),
        ("task_id", Value::from("two words")),
        ("task_id", Value::from("a".repeat(65))),
        ("external_id", Value::from("a".repeat(257))),
        ("etag", Value::from("a\u{1b}[31m")),
        ("external_id", Value::from("a\u{202e}b")),
        ("working_state", Value::Bytes(vec![0; 4097])),
        ("working_state", Value::from("text")),
        ("metadata", Value::Map((0..17).map(|at| (format!("k{at:02}").into(), "v".into())).collect())),
        ("metadata", Value::Map(vec![("k".into(), Value::from(1))])),
        ("urgency", Value::from(1)),
    ] {
        let mut directives = one("l1.unlink", cbor!({ "tenant" => "acme" }).unwrap());
        set(&mut directives.as_array_mut().unwrap()[0], key, Some(value));
        let refused = office.refuses(signed(&office, &body(directives)));
        assert!(matches!(refused, Refusal::Senseless { index: 0, .. }), "{key}: {refused:?}");
    }
}

#[test]
fn only_a_ca_certificate_can_be_trusted_to_certify_clients() {
    let office = Office::new();
    let good = certificate(true);
    let trusting = |ca: Value, names: &[&str]| {
        let names: Vec<Value> = names.iter().map(|name| (*name).into()).collect();
        cbor!({
            "tenant" => "acme", "service" => "db", "ca" => ca, "realm" => "own", "common_names" => names,
            "permission" => "use",
        })
        .unwrap()
    };
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    assert_eq!(directive(&office, "client.trust", trusting(bytes(&good), &[])), None);
    let mut longer = good.clone();
    longer.push(0);
    for ca in [&certificate(false)[..], &good[1..], &longer, b"", &[0x30; 30_000]] {
        assert!(senseless(directive(&office, "client.trust", trusting(bytes(ca), &[]))));
    }
    let numbers = Value::Array(good.iter().map(|byte| (*byte).into()).collect());
    assert!(senseless(directive(&office, "client.trust", trusting(numbers, &[]))), "bytes, not numbers");
    for names in [&["a", "a"][..], &[""], &["a\0"], &[&"a".repeat(65)]] {
        assert!(senseless(directive(&office, "client.trust", trusting(bytes(&good), names))));
    }
}

#[test]
fn a_body_in_another_than_the_deterministic_order_is_refused_though_it_is_signed() {
    let office = Office::new();
    let value = body(one("l1.unlink", cbor!({ "tenant" => "acme" }).unwrap()));
    let mut bytes = Vec::new();
    ciborium::into_writer(&value, &mut bytes).unwrap();
    let received =
        crate::sign::sign_bytes_for_tests(bytes, &[("alice", &office.alice), ("bob", &office.bob)]);
    assert_eq!(office.refuses(received), Refusal::Malformed("the body is not deterministic CBOR"));
}
