//! Slow work: who makes long keys holds up nobody, and whoever asks for too much is told so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)] // A story ends at its first surprise.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use softhsm_tests::client::{Trouble, attribute};
use softhsm_tests::configuration::Settings;
use softhsm_tests::ttlv::{enumeration, integer, structure};
use softhsm_tests::{Client, Stage};
use std::time::{Duration, Instant};

/// Create Key Pair.
const CREATE_KEY_PAIR: u32 = 0x02;
const COMMON_TEMPLATE_ATTRIBUTE: u32 = 0x42_001f;
const PRIVATE_KEY_TEMPLATE_ATTRIBUTE: u32 = 0x42_0065;
const PUBLIC_KEY_TEMPLATE_ATTRIBUTE: u32 = 0x42_006e;
/// An encryption takes less, in the middle of them all, while keys are made: a tenth of what one of those keys takes.
const MEDIAN_MAX: Duration = Duration::from_millis(50);

fn make_rsa(client: &mut Client, bits: i32) -> Result<(), Option<u32>> {
    let mask = |bits| attribute("Cryptographic Usage Mask", |tag| integer(tag, bits));
    let common = structure(
        COMMON_TEMPLATE_ATTRIBUTE,
        [
            attribute("Cryptographic Algorithm", |tag| enumeration(tag, 4)),
            attribute("Cryptographic Length", |tag| integer(tag, bits)),
        ],
    );
    let payload = [
        common,
        structure(PRIVATE_KEY_TEMPLATE_ATTRIBUTE, [mask(1)]),
        structure(PUBLIC_KEY_TEMPLATE_ATTRIBUTE, [mask(2)]),
    ];
    client.call(CREATE_KEY_PAIR, payload).map(drop).map_err(|trouble: Trouble| trouble.reason())
}

fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}

#[test]
fn who_makes_long_keys_in_a_loop_does_not_hold_up_an_encryption() {
    // One lane for both tenants: what would block the one would block the other.
    let (stage, appliance) =
        Stage::serving(&["acme", "globex"], &Settings { lanes: 1, ..Settings::default() });
    let mut client = stage.client(&appliance, "globex");
    let uid = client.create_active("k").unwrap();
    let encrypt = |client: &mut Client, rounds: usize| -> Vec<Duration> {
        let once = |_| {
            let began = Instant::now();
            client.encrypt(&uid, b"thirty-two bytes of plaintext...").unwrap();
            began.elapsed()
        };
        (0..rounds).map(once).collect()
    };
    let alone = median(encrypt(&mut client, 200));
    let (stop, made) = (AtomicBool::new(false), AtomicUsize::new(0));
    let beside = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut maker = stage.client(&appliance, "acme");
            while !stop.load(Ordering::Relaxed) {
                make_rsa(&mut maker, 4096).unwrap();
                made.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut took = Vec::new();
        while made.load(Ordering::Relaxed) < 2 {
            took.extend(encrypt(&mut client, 20));
        }
        stop.store(true, Ordering::Relaxed);
        took
    });
    let worst = beside.iter().max().copied().unwrap();
    let (count, beside) = (beside.len(), median(beside));
    println!(
        "an encryption took {alone:?} alone; beside RSA-4096 keys {beside:?}, at worst {worst:?} of {count}"
    );
    assert!(beside < MEDIAN_MAX, "{beside:?}");
    assert!(count > 100, "it went on all the while: {count}");
}

#[test]
fn who_asks_for_more_slow_work_than_is_taken_is_refused_and_others_are_not() {
    const GENERAL_FAILURE: u32 = 0x100;
    let (stage, appliance) =
        Stage::serving(&["acme", "globex"], &Settings { lanes: 1, ..Settings::default() });
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let asks: Vec<_> =
            (0..20).map(|_| scope.spawn(|| make_rsa(&mut stage.client(&appliance, "acme"), 2048))).collect();
        let other = scope.spawn(|| make_rsa(&mut stage.client(&appliance, "globex"), 2048));
        assert_eq!(other.join().unwrap(), Ok(()));
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    assert!(
        outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(Some(GENERAL_FAILURE)))),
        "{outcomes:?}"
    );
    assert!(outcomes.len() - refused >= 16, "as many as are taken: {outcomes:?}");
}
