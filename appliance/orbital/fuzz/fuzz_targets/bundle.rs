//! Any bytes at all: the verifier never panics, and takes nothing but bundles whose every byte is as it was signed.
//!
//! The seeds are good bundles; the keys that signed them are gone. Because no mutation gets past the signatures, the
//! body is also read without them.
#![no_main]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a crash is how a fuzz target reports"
)]

use holdfast_model::{ApplianceId, ClusterId, Timestamp};
use holdfast_orbital::sign::{payload, unverified};
use holdfast_orbital::{Policy, Received, Signers, verify};
use holdfast_ports::settings::Signer;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SIGNERS: LazyLock<Signers> = LazyLock::new(|| {
    let pins: Vec<Signer> = include_str!("../signers.txt")
        .lines()
        .map(|line| {
            let (kid, hex) = line.split_once('=').unwrap();
            let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            Signer { kid: kid.to_owned(), public_key: (0..hex.len()).step_by(2).map(byte).collect() }
        })
        .collect();
    Signers::pin(&pins, 1).unwrap()
});

const SEEDS: [&[u8]; 3] = [
    include_bytes!("../corpus/bundle/all-one.bundle"),
    include_bytes!("../corpus/bundle/all-two.bundle"),
    include_bytes!("../corpus/bundle/unlink.bundle"),
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(received) = Received::new(bytes.to_vec()) else { return };
    if let Ok(read) = unverified(&received) {
        // What can be read can be written again, and says the same.
        assert!(payload(&read.bundle).is_ok());
    }
    let policy = Policy {
        signers: &SIGNERS,
        cluster: ClusterId::parse("north").unwrap(),
        appliance: ApplianceId::parse("north-1").unwrap(),
        high_water: None,
    };
    let now = Timestamp::from_seconds(1_800_000_000);
    if let Ok(verified) = verify(received, &policy, now) {
        // Signatures of one seed may be arranged anew; the payload is one that was signed.
        let digests: Vec<_> = SEEDS
            .iter()
            .filter_map(|seed| Some(unverified(&Received::new(seed.to_vec()).ok()?).ok()?.digest))
            .collect();
        assert!(digests.contains(&verified.digest()));
    }
});
