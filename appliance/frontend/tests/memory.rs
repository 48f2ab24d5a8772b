//! What the frontend holds in memory, whatever clients do. One test at a time: they measure the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test ends at its first surprise.

mod support;

use std::io::{Read, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use support::core_double::Answer;
use support::{House, exchange, last_words, message, settings};

/// Held by the test that measures.
static ALONE: Mutex<()> = Mutex::new(());

/// Resident memory of this process in KiB: the frontend and its double run in it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_header_that_announces_four_gibibytes_gets_a_kmip_error_in_its_own_version_and_no_memory() {
    let _alone = ALONE.lock();
    let house = House::echoing();
    let before = resident_kib();
    let mut start = vec![0x42, 0, 0x78, 1, 0xff, 0xff, 0xff, 0xf8, 0x42, 0, 0x77, 1, 0, 0, 0, 0x38];
    start.extend([0x42, 0, 0x69, 1, 0, 0, 0, 0x20, 0x42, 0, 0x6A, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0]);
    start.extend([0x42, 0, 0x6B, 2, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 0]);
    for _ in 0..50 {
        let mut tls = house.acme();
        tls.write_all(&start).unwrap();
        let (said, outcome) = last_words(&mut tls);
        outcome.unwrap();
        assert_eq!(kmip::ttlv::frame::response_length(&said, 4096), Ok(Some(said.len())));
        assert!(said.windows(9).any(|w| w == [0x6B, 2, 0, 0, 0, 4, 0, 0, 0]), "a protocol version");
        assert_eq!(said[48..52], [0, 0, 0, 3][..], "minor version 3 comes back as 3");
    }
    assert!(resident_kib() < before + 20_000, "{before} KiB, now {}", resident_kib());
}

#[test]
fn a_client_that_does_not_read_is_held_back_and_memory_stays_bounded_while_others_are_served() {
    let _alone = ALONE.lock();
    let house = House::new(settings(), |_, _| Answer::Reply(vec![7; 60 << 10]));
    let before = resident_kib();
    let mut greedy = house.acme();
    greedy.sock.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    // Asks for 60 KiB with each 16 bytes, up to 1.2 GiB in all, and reads nothing.
    let mut asked = 0;
    while asked < 20_000 && greedy.write_all(&message(1, 8).repeat(64)).is_ok() {
        asked += 64;
    }
    let mut other = house.connect(house.pki.client("globex")).unwrap();
    let start = Instant::now();
    for _ in 0..20 {
        other.write_all(&message(1, 8)).unwrap();
        other.read_exact(&mut vec![0; 60 << 10]).unwrap();
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(resident_kib() < before + 60_000, "{before} KiB, now {}", resident_kib());
    assert!(house.metric("requests_total") < 2000);
}

#[test]
fn memory_does_not_grow_with_connections_that_come_and_go() {
    let _alone = ALONE.lock();
    let house = House::echoing();
    let config = house.pki.client("acme");
    let round = |times: usize| {
        for _ in 0..times {
            let mut tls = house.connect(config.clone()).unwrap();
            exchange(&mut tls, &message(1, 8192)).unwrap();
        }
    };
    round(200);
    let before = resident_kib();
    round(600);
    assert!(resident_kib() < before + 4_000, "{before} KiB, now {}", resident_kib());
}
