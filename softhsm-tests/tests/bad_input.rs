//! Bad input on the KMIP port: an error or a closed connection for its sender, and nothing at all for anybody else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // Says what it measured.

use softhsm_tests::client::{outcome, request, tls};
use softhsm_tests::configuration::Settings;
use softhsm_tests::ttlv::{
    Item, Value, boolean, bytes, enumeration, integer, operation, reason, structure, tag, text,
};
use softhsm_tests::{Appliance, Client, Stage};
use std::time::{Duration, Instant};

/// Stands in every bad message; must not be in the log.
const MARK: &str = "correct-horse-battery-staple";
/// How long a peer may have to wait until it is told, or the connection is closed.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

/// What is to become of a message.
#[derive(Debug, Clone, Copy)]
enum Fate {
    /// A refusal with one of these reasons.
    Refused(&'static [u32]),
    /// The connection is closed, with or without a last word.
    Closed,
    /// It is served.
    Served,
}

/// A Locate by a name that nobody has; `bend` makes it bad.
fn bent(bend: impl FnOnce(&mut Vec<Item>)) -> Vec<u8> {
    let name = softhsm_tests::client::name_attribute(MARK);
    let mut message = request(&[(operation::LOCATE, vec![name])]);
    let Value::Structure(parts) = &mut message.value else { panic!("a message is a structure") };
    bend(parts);
    message.encode()
}

/// Adds to the only batch item.
fn add_to_item(parts: &mut [Item], item: Item) {
    let Value::Structure(inside) = &mut parts[1].value else { panic!("a batch item is a structure") };
    inside.push(item);
}

fn extension(critical: bool) -> Item {
    let parts = [
        text(tag::VENDOR_IDENTIFICATION, MARK),
        boolean(tag::CRITICALITY_INDICATOR, critical),
        structure(tag::VENDOR_EXTENSION, []),
    ];
    structure(tag::MESSAGE_EXTENSION, parts)
}

fn nested(depth: usize) -> Item {
    (0..depth).fold(text(tag::NAME_VALUE, MARK), |inside, _| structure(tag::ATTRIBUTE, [inside]))
}

/// The bytes with the length at `at` (4 bytes) changed.
fn with_length(mut message: Vec<u8>, at: usize, length: u32) -> Vec<u8> {
    message[at..at + 4].copy_from_slice(&length.to_be_bytes());
    message
}

fn bad_messages() -> Vec<(&'static str, Vec<u8>, Fate)> {
    const MISSING_DATA: u32 = 0x06;
    const INVALID_FIELD: u32 = 0x07;
    const SENSELESS: Fate =
        Fate::Refused(&[reason::INVALID_MESSAGE, reason::CODEC_ERROR, MISSING_DATA, INVALID_FIELD]);
    let good = || bent(|_| {});
    let version = |major, minor| {
        bent(|parts| {
            let numbers =
                [integer(tag::PROTOCOL_VERSION_MAJOR, major), integer(tag::PROTOCOL_VERSION_MINOR, minor)];
            parts[0] = structure(
                tag::REQUEST_HEADER,
                [structure(tag::PROTOCOL_VERSION, numbers), integer(tag::BATCH_COUNT, 1)],
            );
        })
    };
    let count = good().windows(3).position(|three| three == [0x42, 0, 0x0d]).unwrap();
    let garbage = [MARK.as_bytes(), &[0xff; 64]].concat();
    vec![
        ("a good one", good(), Fate::Served),
        ("garbage", garbage, Fate::Closed),
        ("an HTTP request", format!("GET /{MARK} HTTP/1.1\r\n\r\n").into_bytes(), Fate::Closed),
        ("four gigabytes announced", with_length(good(), 4, u32::MAX), Fate::Closed),
        ("one byte more than a mebibyte announced", with_length(good(), 4, (1 << 20) + 1), Fate::Closed),
        ("nested too deep", bent(|parts| add_to_item(parts, nested(200))), SENSELESS),
        ("an item longer than what holds it", with_length(good(), 12, 1 << 16), SENSELESS),
        ("an integer of five bytes", with_length(good(), count + 4, 5), SENSELESS),
        ("an unknown tag", bent(|parts| add_to_item(parts, text(0x42_fffe, MARK))), SENSELESS),
        ("a count that is not so", bent(|parts| parts.push(parts[1].clone())), SENSELESS),
        ("nothing but a header", bent(|parts| parts.truncate(1)), SENSELESS),
        (
            "an unknown operation",
            request(&[(0x7777, vec![text(tag::NAME_VALUE, MARK)])]).encode(),
            Fate::Refused(&[reason::OPERATION_NOT_SUPPORTED, reason::INVALID_MESSAGE]),
        ),
        ("version 9.9", version(9, 9), Fate::Refused(&[reason::UNSUPPORTED_PROTOCOL_VERSION])),
        (
            "an unknown critical extension",
            bent(|parts| add_to_item(parts, extension(true))),
            Fate::Refused(&[reason::FEATURE_NOT_SUPPORTED]),
        ),
        (
            "an unknown extension that is not critical",
            bent(|parts| add_to_item(parts, extension(false))),
            Fate::Served,
        ),
        (
            "text that is no UTF-8",
            {
                let mut message = good();
                let at = message.windows(4).position(|four| four == b"hors").unwrap();
                message[at] = 0xff;
                message
            },
            SENSELESS,
        ),
        (
            "bytes where an enumeration belongs",
            request(&[(operation::GET, vec![bytes(tag::UNIQUE_IDENTIFIER, MARK)])]).encode(),
            SENSELESS,
        ),
        (
            "an object type that is none",
            request(&[(
                operation::CREATE,
                vec![enumeration(tag::OBJECT_TYPE, 0x7777), structure(tag::TEMPLATE_ATTRIBUTE, [])],
            )])
            .encode(),
            SENSELESS,
        ),
    ]
}

/// What became of a message; `true` if its connection can be used on.
fn judge(what: &str, client: &mut Client, message: &[u8], fate: Fate) -> bool {
    let begun = Instant::now();
    let answer = client.exchange(message);
    let took = begun.elapsed();
    assert!(took < TOLD_WITHIN, "{what}: {took:?}");
    match (fate, answer) {
        (Fate::Served, Ok(answer)) => {
            outcome(answer.get(tag::BATCH_ITEM).unwrap()).unwrap_or_else(|why| panic!("{what}: {why:?}"));
            true
        }
        (Fate::Refused(reasons), Ok(answer)) => {
            let refusal = outcome(answer.get(tag::BATCH_ITEM).unwrap()).unwrap_err();
            let reason = refusal.reason().unwrap();
            assert!(reasons.contains(&reason), "{what}: {refusal:?}");
            true
        }
        (Fate::Closed, Ok(answer)) => {
            outcome(answer.get(tag::BATCH_ITEM).unwrap()).unwrap_err();
            assert!(client.receive().is_err(), "{what}: framing is lost, the connection must be closed");
            false
        }
        (Fate::Closed, Err(_)) => false,
        (fate, Err(error)) => panic!("{what}: {error} instead of {fate:?}"),
    }
}

/// Nothing of what was sent is in the log, in no spelling.
fn nothing_is_logged(appliance: &Appliance) {
    let log = appliance.log();
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    for spelling in [MARK, hex.as_str(), hex.to_uppercase().as_str(), "99, 111, 114, 114, 101, 99, 116"] {
        assert!(!log.contains(spelling), "{spelling} is in the log");
    }
}

#[test]
fn what_is_no_sound_request_is_refused_or_closed_and_nobody_else_notices() {
    let (stage, appliance) =
        Stage::serving(&["acme", "globex"], &Settings { level: "debug", ..Settings::default() });
    let mut bystander = stage.client(&appliance, "globex");
    let uid = bystander.create("k").unwrap();
    let mut client = stage.client(&appliance, "acme");
    for (what, message, fate) in bad_messages() {
        if !judge(what, &mut client, &message, fate) {
            client = stage.client(&appliance, "acme");
        }
        assert_eq!(bystander.get(&uid).unwrap().len(), 32, "{what}: others are served");
        assert!(client.locate_all().is_ok(), "{what}: and so is its sender");
    }
    nothing_is_logged(&appliance);
    for process in softhsm_tests::appliance::PROCESSES {
        assert_eq!(appliance.generation(process), 1, "{process} did not die");
    }
}

#[test]
fn a_request_that_comes_byte_by_byte_or_not_to_its_end_disturbs_nobody() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let mut bystander = stage.client(&appliance, "acme");
    let uid = bystander.create("k").unwrap();
    let message = bent(|_| {});
    let mut slow = stage.client(&appliance, "acme");
    for byte in &message {
        slow.send(&[*byte]).unwrap();
    }
    let answer = Item::decode(&slow.receive().unwrap()).unwrap();
    assert!(outcome(answer.get(tag::BATCH_ITEM).unwrap()).is_ok());
    for length in [1, 7, 8, 9, message.len() / 2, message.len() - 1] {
        let mut gone = stage.client(&appliance, "acme");
        gone.send(&message[..length]).unwrap();
        drop(gone);
        assert_eq!(bystander.get(&uid).unwrap().len(), 32);
    }
    nothing_is_logged(&appliance);
}

/// xorshift64*: the same messages each time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % most
    }
}

/// Sends requests with some bytes changed, behind the eight that frame them.
fn send_mutated(connect: &dyn Fn() -> Client, count: usize, seed: u64, uid: &str) {
    let id = || text(tag::UNIQUE_IDENTIFIER, uid);
    let good = [
        bent(|_| {}),
        request(&[(operation::GET, vec![id()])]).encode(),
        request(&[(operation::ENCRYPT, vec![id(), bytes(tag::DATA, MARK)])]).encode(),
        request(&[
            (operation::QUERY, vec![enumeration(0x42_0074, 1)]),
            (operation::GET_ATTRIBUTES, vec![id()]),
        ])
        .encode(),
    ];
    let mut random = Random(seed);
    let mut client = connect();
    for _ in 0..count {
        let mut message = good[random.below(good.len())].clone();
        for _ in 0..=random.below(4) {
            let at = 8 + random.below(message.len() - 8);
            message[at] = u8::try_from(random.below(256)).unwrap();
        }
        if client.exchange(&message).is_err() {
            client = connect();
        }
    }
}

#[test]
fn twenty_thousand_mutated_messages_leave_memory_as_it_was() {
    const MESSAGES: usize = 20_000;
    const SENDERS: usize = 4;
    const GROWTH_KIB_MAX: u64 = 8 << 10;
    let (stage, appliance) =
        Stage::serving(&["acme", "globex"], &Settings { level: "debug", ..Settings::default() });
    let mut bystander = stage.client(&appliance, "globex");
    let theirs = bystander.create("k").unwrap();
    let uid = stage.client(&appliance, "acme").create_active("k").unwrap();
    let config = tls(&stage.box_ca, Some(&stage.identity("acme")), rustls::ALL_VERSIONS);
    let connect = || Client::connect(appliance.kmip, config.clone()).unwrap();
    let storm = |count: usize, seed: u64| {
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (connect, uid) = (&connect, uid.as_str());
                let seed = seed + u64::try_from(sender).unwrap();
                scope.spawn(move || send_mutated(connect, count / SENDERS, seed, uid));
            }
        });
    };
    // What is taken once and kept (buffers, pools, the log's cache) is taken now.
    storm(MESSAGES / 10, 1);
    let resident = || ["core", "frontend"].map(|process| appliance.resident_kib(process));
    let before = resident();
    storm(MESSAGES, 1000);
    let after = resident();
    println!("resident KiB of core and frontend: {before:?} before, {after:?} after {MESSAGES} messages");
    for (before, after) in before.iter().zip(&after) {
        assert!(after.saturating_sub(*before) < GROWTH_KIB_MAX, "{before} KiB before, {after} KiB after");
    }
    assert_eq!(bystander.get(&theirs).unwrap().len(), 32);
    for process in softhsm_tests::appliance::PROCESSES {
        assert_eq!(appliance.generation(process), 1, "{process} did not die");
    }
    nothing_is_logged(&appliance);
}
