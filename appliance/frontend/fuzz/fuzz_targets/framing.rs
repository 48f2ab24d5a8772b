//! Any bytes, cut up in any way, as what a client sends: the same messages come out however they were cut, and nothing
//! is held beyond what has arrived.
#![no_main]
#![allow(clippy::expect_used, clippy::panic, reason = "a crash is how a fuzz target reports")]

use holdfast_frontend::framing::{Arrived, split};
use libfuzzer_sys::fuzz_target;

/// Small, so that the bound is met.
const MESSAGE_BYTES_MAX: usize = 4096;

fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else { return };
    let mut whole = Vec::new();
    let whole_end = split(bytes, MESSAGE_BYTES_MAX, |message| {
        whole.push(message.to_vec());
        true
    });
    let (mut arrived, mut seen, mut failed) = (Arrived::default(), Vec::new(), None);
    for piece in bytes.chunks(usize::from(*piece).max(1)) {
        arrived.keep(piece);
        let taken = arrived.take(MESSAGE_BYTES_MAX, |message| {
            seen.push(message.to_vec());
            true
        });
        if let Err(error) = taken {
            failed = Some(error);
            break;
        }
        assert!(arrived.bytes().len() <= MESSAGE_BYTES_MAX + piece.len(), "held: less than a message");
    }
    match (whole_end, failed) {
        (Ok(used), None) => {
            assert_eq!(seen, whole);
            assert_eq!(arrived.bytes(), bytes.get(used..).expect("used is within"));
        }
        (Err(_), Some(_)) => assert!(whole.starts_with(&seen) || seen.starts_with(&whole)),
        (end, failed) => panic!("whole: {end:?}, in pieces: {failed:?}"),
    }
});
