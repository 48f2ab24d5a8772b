//! Any bytes as a request of a client that may do everything: there is always one response, and it can be read.
//!
//! The store begins each time with one active AES key of a known identifier, so that an input means the same again.
#![no_main]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a crash is how a fuzz target reports")]

#[path = "../../tests/support/memory.rs"]
mod memory;

use hardening::{MemoryError, SecretBytes};
use holdfast_core::crypto::Schedules;
use holdfast_core::managed::{KeyBlock, Kind, Life, Managed};
use holdfast_core::object::Object;
use holdfast_core::scope::{Change, Scope};
use holdfast_model::record::Revision;
use holdfast_model::trust::Permission;
use holdfast_model::{KeyVersion, ObjectId, ServiceId};
use kmip::attribute::AttributeValue;
use kmip::enums::{CryptographicAlgorithm, Enumeration, KeyFormatType, ObjectType};
use kmip::message::ResponseMessage;
use kmip::tag::Tag;
use kmip::ttlv::Limits;
use libfuzzer_sys::fuzz_target;
use memory::{Memory, Store, block_on};
use std::cell::Cell;

/// 00000000-0000-7000-8000-000000000001
const KNOWN: ObjectId = ObjectId::from_bytes([0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 1]);

fuzz_target!(|request: &[u8]| {
    let client = Store::new().client("db", Permission::Manage);
    keep_a_key(&client);
    let reply = client.send(request);
    assert!(ResponseMessage::decode(&reply, &Limits::DEFAULT).is_ok(), "the response can be read");
});

/// An active AES key that may do everything, with a material of its own.
fn keep_a_key(client: &Memory) {
    let block = KeyBlock {
        format: KeyFormatType::RAW,
        compression: None,
        algorithm: Some(CryptographicAlgorithm::AES),
        length: Some(256),
        structured: false,
    };
    let mut managed = Managed::new(ObjectType::SYMMETRIC_KEY, Kind::Key(block));
    let algorithm = AttributeValue::Enumeration(CryptographicAlgorithm::AES.code());
    managed.attributes.set(Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm);
    managed.attributes.set(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(256));
    managed.attributes.set(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(0x00ff_ffff));
    managed.set_state(Life::Active, client.now());
    let material = SecretBytes::init_with(32, |bytes| {
        bytes.fill(7);
        Ok::<_, MemoryError>(())
    });
    let object = Object {
        id: KNOWN,
        revision: Revision(0),
        service: ServiceId::parse("db").expect("a name"),
        key_version: KeyVersion(1),
        managed,
        material: Some(material.expect("room in the arena")),
        schedules: Schedules::default(),
        nonces_left: Cell::new(0),
    };
    block_on(client.commit(vec![Change::Put(object)])).expect("an empty store takes it");
}
