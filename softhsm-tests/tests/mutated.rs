//! Mutated messages against the whole box: every request of the published cases, with bits flipped, ends cut off, pieces of
//! others put in and lengths that lie, many at once and pipelined. Each is answered, or its connection is closed; nothing
//! dies, nothing grows, and others are served all the while.
//!
//! A million messages; `HOLDFAST_MUTATIONS` says another number. Requests that make key pairs or objects are sent rarely, or the storm would only measure
//! key generation and the disk.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // Says what it measured.

use kmip::ttlv::Limits;
use softhsm_tests::client::tls;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Appliance, Client, Stage};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const DEFAULT_MESSAGES: usize = 1_000_000;
const SENDERS: usize = 8;
/// Requests on the way at once on one connection.
const WINDOW: usize = 16;
/// Requests of the cases that are longer are left out: they would take most of the time.
const REQUEST_BYTES_MAX: usize = 4096;
/// One in so many is sent as a request that makes something.
const MAKES_ONE_IN: usize = 400;
/// One in so many lies about the length of the whole message, which costs its connection.
const UNFRAMED_ONE_IN: usize = 500;
/// What a process may grow by.
const GROWTH_KIB_MAX: u64 = 16 << 10;
/// How long anybody else may have to wait.
const BYSTANDER_MAX: Duration = Duration::from_secs(5);

/// xorshift64*: the same messages each time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % most.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// The requests of the cases: those that look, and those that make something.
struct Corpus {
    looking: Vec<Vec<u8>>,
    making: Vec<Vec<u8>>,
}

const MAKERS: [&str; 12] = [
    "Create",
    "CreateKeyPair",
    "Register",
    "ReKey",
    "ReKeyKeyPair",
    "DeriveKey",
    "Certify",
    "ReCertify",
    "CreateSplitKey",
    "JoinSplitKey",
    "Import",
    "PKCS_11",
];

fn corpus(uid: &str) -> Corpus {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kmip/tests/oasis");
    let mut corpus = Corpus { looking: Vec::new(), making: Vec::new() };
    for folder in ["1.0", "1.4-profiles", "1.4-testcases", "2.1-profiles"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            for part in text.split("<RequestMessage>").skip(1) {
                let (request, _) = part.split_once("</RequestMessage>").unwrap();
                let makes = MAKERS.iter().any(|name| request.contains(&format!("value=\"{name}\"")));
                let request = format!("<RequestMessage>{}</RequestMessage>", bound(request, uid));
                let bytes = kmip::xml::to_ttlv(&request, &Limits::DEFAULT).unwrap();
                match (bytes.len() <= REQUEST_BYTES_MAX, makes) {
                    (false, _) => {}
                    (true, true) => corpus.making.push(bytes.to_vec()),
                    (true, false) => corpus.looking.push(bytes.to_vec()),
                }
            }
        }
    }
    assert!(corpus.looking.len() > 300 && corpus.making.len() > 100, "the cases are missing");
    corpus
}

/// The text with a value of its type in place of each placeholder: identifiers are of an object that is there.
fn bound(text: &str, uid: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("value=\"$") {
        let (before, after) = rest.split_at(at + 7);
        let (placeholder, after) = after.split_once('"').unwrap();
        out.push_str(before);
        let element = &before[before.rfind('<').unwrap()..];
        out.push_str(match placeholder {
            _ if element.contains("\"DateTime\"") => "2026-01-01T00:00:00+00:00",
            _ if element.contains("\"ByteString\"") => "00112233445566778899aabbccddeeff",
            _ => uid,
        });
        out.push('"');
        rest = after;
    }
    out + rest
}

/// One mutated message. What is behind the first eight bytes may be anything; those say how long it is.
fn mutated(corpus: &Corpus, random: &mut Random) -> Vec<u8> {
    let of = |random: &mut Random, from: &[Vec<u8>]| from[random.below(from.len())].clone();
    let makes = random.below(MAKES_ONE_IN) == 0;
    let mut message = of(random, if makes { &corpus.making } else { &corpus.looking });
    for _ in 0..=random.below(3) {
        message.resize(message.len().max(16), 0);
        let at = 8 + random.below(message.len() - 8);
        match random.below(5) {
            // A bit, a byte.
            0 => message[at] ^= 1 << random.below(8),
            1 => message[at] = random.byte(),
            // The end is missing.
            2 if message.len() > 24 => message.truncate(at.max(16)),
            // A piece of another.
            3 => {
                let other = of(random, &corpus.looking);
                let from = random.below(other.len());
                let length = random.below((other.len() - from).min(256));
                let end = (at + random.below(64)).min(message.len());
                message.splice(at..end, other[from..from + length].iter().copied());
            }
            // A length that lies: of some item, or of what looks like one.
            _ => {
                let aligned = (at / 8 * 8 + 4).min(message.len() - 4);
                let lie = [0, 1, 7, 8, 0x7fff_ffff, u32::MAX][random.below(6)];
                message[aligned..aligned + 4].copy_from_slice(&lie.to_be_bytes());
            }
        }
    }
    message.truncate(message.len() / 8 * 8);
    message.resize(message.len().max(16), 0);
    let length = if random.below(UNFRAMED_ONE_IN) == 0 {
        u32::from_be_bytes([random.byte(), random.byte(), random.byte(), random.byte()])
    } else {
        u32::try_from(message.len() - 8).unwrap()
    };
    message[4..8].copy_from_slice(&length.to_be_bytes());
    message
}

/// What became of the messages of one sender.
#[derive(Default)]
struct Tally {
    answered: AtomicUsize,
    closed: AtomicUsize,
}

fn storm(
    corpus: &Corpus,
    connect: &(dyn Fn() -> std::io::Result<Client> + Sync),
    count: usize,
    seed: u64,
    tally: &Tally,
) {
    let mut random = Random(seed);
    let mut client = connect().unwrap();
    let mut left = count;
    while left > 0 {
        let window = WINDOW.min(left);
        left -= window;
        let bytes: Vec<u8> = (0..window).flat_map(|_| mutated(corpus, &mut random)).collect();
        // A box that has seen a lie closes while we still write.
        let sent = client.send(&bytes).is_ok();
        let answered = (0..window).take_while(|_| client.receive().is_ok()).count();
        tally.answered.fetch_add(answered, Ordering::Relaxed);
        if !sent || answered < window {
            tally.closed.fetch_add(1, Ordering::Relaxed);
            client = connect().unwrap();
        }
    }
}

#[test]
fn a_storm_of_mutated_messages_ends_with_the_box_up_its_memory_flat_and_others_served() {
    let count = std::env::var("HOLDFAST_MUTATIONS").ok().map(|text| text.parse().expect("a number"));
    let count: usize = count.unwrap_or(DEFAULT_MESSAGES);
    // Room for what a rare Register leaves in the cache.
    let settings = Settings { arena_mib: 16, ..Settings::default() };
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &settings);
    let uid = stage.client(&appliance, "acme").create_active("k").unwrap();
    let corpus = corpus(&uid);
    let config = tls(&stage.box_ca, Some(&stage.identity("acme")), rustls::ALL_VERSIONS);
    let connect = || Client::connect(appliance.kmip, config.clone());
    let tally = Tally::default();
    let all = |count: usize, seed: u64| {
        std::thread::scope(|scope| {
            for sender in 0..SENDERS {
                let (corpus, connect, tally) = (&corpus, &connect, &tally);
                let seed = seed + u64::try_from(sender).unwrap() * 7919;
                scope.spawn(move || storm(corpus, connect, count / SENDERS, seed, tally));
            }
        });
    };
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let bystander = scope.spawn(|| stand_by(&stage, &appliance, &over));
        let ending = Ending(&over);
        // What is taken once and kept (buffers, pools, caches) is taken now.
        all(count / 5, 1);
        let before = resident(&appliance);
        let begun = Instant::now();
        all(count, 1_000_003);
        let took = begun.elapsed();
        let after = resident(&appliance);
        drop(ending);
        let (served, slowest) = bystander.join().unwrap();
        println!(
            "{count} mutated messages in {took:?}: {} answered, {} connections closed with the warm-up",
            tally.answered.load(Ordering::Relaxed),
            tally.closed.load(Ordering::Relaxed)
        );
        println!("resident KiB of core and frontend: {before:?} before, {after:?} after");
        println!("another tenant was served {served} times, the slowest in {slowest:?}");
        for (before, after) in before.iter().zip(&after) {
            assert!(after.saturating_sub(*before) < GROWTH_KIB_MAX, "{before} KiB before, {after} KiB after");
        }
        assert!(slowest < BYSTANDER_MAX, "{slowest:?}");
        assert!(served > 10);
    });
    for process in softhsm_tests::appliance::PROCESSES {
        assert_eq!(appliance.generation(process), 1, "{process} did not die");
    }
    let mut client = stage.client(&appliance, "acme");
    let fresh = client.create_active("after the storm").unwrap();
    let sealed = client.encrypt(&fresh, b"calm").unwrap();
    assert_eq!(client.decrypt(&fresh, &sealed).unwrap(), b"calm");
    assert!(appliance.stop().success());
    assert!(stage.verify_audit().status.success(), "every record of the storm is in its place");
}

/// The storm is over when this is dropped, also where it ends badly.
struct Ending<'o>(&'o AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Another tenant's client, until the storm is over: how often it was served, and how long the slowest took.
fn stand_by(stage: &Stage, appliance: &Appliance, over: &AtomicBool) -> (usize, Duration) {
    let mut client = stage.client(appliance, "globex");
    let uid = client.create_active("k").unwrap();
    let (mut served, mut slowest) = (0, Duration::ZERO);
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        assert_eq!(client.get(&uid).unwrap().len(), 32);
        slowest = slowest.max(begun.elapsed());
        served += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    (served, slowest)
}

fn resident(appliance: &Appliance) -> [u64; 2] {
    ["core", "frontend"].map(|process| appliance.resident_kib(process))
}
