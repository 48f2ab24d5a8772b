//! Any words in a shared ring, as the process at its other end could leave them: the reader and the writer come
//! through, and a reader that goes on gets ahead with each record.
#![no_main]
#![allow(clippy::expect_used, reason = "a crash is how a fuzz target reports")]

use hardening::ring::{RECORD_BYTES_MAX, RING_BYTES_MIN, RingConsumer, RingProducer};
use libfuzzer_sys::fuzz_target;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Where the records begin (`hardening::ring` keeps a head of one page).
const RECORDS_AT: u64 = 4096;
/// Behind the magic: written, released, sleeping.
const HEAD_AT: u64 = 8;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, records)) = bytes.split_at_checked(24) else { return };
    let (producer, memory) = RingProducer::create(RING_BYTES_MIN).expect("memory for a ring");
    drop(producer);
    let memory = File::from(memory);
    let records = records.get(..RING_BYTES_MIN).unwrap_or(records);
    memory.write_all_at(head, HEAD_AT).expect("room");
    memory.write_all_at(records, RECORDS_AT).expect("room");

    if let Ok(mut consumer) = RingConsumer::attach(&memory) {
        let (mut record, mut position) = (Vec::new(), consumer.released());
        for _ in 0..RING_BYTES_MIN {
            let Ok(Some(end)) = consumer.peek(position, &mut record) else { break };
            assert!(end > position && record.len() <= RECORD_BYTES_MAX);
            position = end;
        }
        let _ = consumer.may_sleep(position);
        let _ = consumer.release_to(position);
    }
    if let Ok(mut producer) = RingProducer::attach(&memory) {
        let _ = (producer.released(), producer.free());
        let _ = producer.push(records.get(..64).unwrap_or(records));
    }
});
