//! Any bytes as what another process sends: cut into frames, read as every message of every link, written again.
//!
//! A compromised neighbour chooses these bytes. Reading must not panic, and what was read must say the same again.
#![no_main]
#![allow(clippy::expect_used, reason = "a crash is how a fuzz target reports")]

use holdfast_model::audit::AuditEvent;
use holdfast_ports::control::{ToChild, ToWarden};
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::{audit, edge, frame, front, import, keystore, root, settings};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some((content, used))) = frame::split(rest) {
        assert_eq!(used, content.len() + frame::HEADER_BYTES);
        message(content);
        rest = rest.get(used..).expect("no more than there was");
    }
    message(bytes);
});

fn message(content: &[u8]) {
    link::<root::Request>(content);
    link::<root::Reply>(content);
    link::<keystore::Request>(content);
    link::<keystore::Reply>(content);
    link::<audit::Request>(content);
    link::<audit::Reply>(content);
    link::<edge::Request>(content);
    link::<edge::Reply>(content);
    link::<import::Request>(content);
    link::<import::Reply>(content);
    hot_path(content);
    packet::<ToChild>(content);
    packet::<ToWarden>(content);
    packet::<AuditEvent>(content);
    packet::<settings::Frontend>(content);
    packet::<settings::Core>(content);
    packet::<settings::Keystore>(content);
    packet::<settings::Root>(content);
    packet::<settings::Audit>(content);
    packet::<settings::Importer>(content);
}

/// A message with its correlation.
fn link<M: Serialize + DeserializeOwned>(content: &[u8]) {
    let Ok((correlation, read)) = envelope::read::<M>(content) else { return };
    let written = enveloped(correlation, &read);
    let (again, read) = envelope::read::<M>(&written).expect("what was written can be read");
    assert_eq!(again, correlation);
    assert_eq!(enveloped(again, &read), written, "and says the same");
}

fn enveloped<M: Serialize>(correlation: Correlation, message: &M) -> Vec<u8> {
    let mut out = Vec::new();
    envelope::write(&mut out, correlation, message);
    assert!(!out.is_empty(), "a message of ours can be written");
    out
}

/// A message that is a packet, a record or a part of one.
fn packet<M: Serialize + DeserializeOwned>(content: &[u8]) {
    let Ok(read) = postcard::from_bytes::<M>(content) else { return };
    let written = postcard::to_allocvec(&read).expect("what was read can be written");
    let read: M = postcard::from_bytes(&written).expect("what was written can be read");
    assert_eq!(postcard::to_allocvec(&read).expect("and again"), written);
}

fn hot_path(content: &[u8]) {
    if let Some(front) = front::read(content) {
        let mut out = Vec::new();
        front::write_header(&mut out, front.kind, front.connection);
        out.extend_from_slice(front.payload);
        assert_eq!(out, content, "the layout is fixed: one frame, one spelling");
        peer(front.payload);
    }
    peer(content);
}

fn peer(payload: &[u8]) {
    let Some(peer) = front::read_peer(payload) else { return };
    let mut out = Vec::new();
    front::write_peer(&mut out, &peer);
    assert_eq!(front::read_peer(&out), Some(peer));
}
