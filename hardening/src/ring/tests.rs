//! Behaviour of a ring between honest and hostile sides. (A writer that is killed: `tests/ring.rs`.)

use std::os::fd::OwnedFd;

use super::*;

fn ring() -> (RingProducer, RingConsumer, OwnedFd) {
    let (producer, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
    let consumer = RingConsumer::attach(&memory).unwrap();
    (producer, consumer, memory)
}

fn push(producer: &mut RingProducer, record: &[u8]) -> Position {
    producer.push(record).unwrap().end
}

/// Writes a word of the shared memory behind the back of both sides. Words 8, 16: written, released; 512: first record.
fn tamper(memory: &OwnedFd, word: u64, value: u64) {
    assert_eq!(rustix::io::pwrite(memory, &value.to_ne_bytes(), word * 8).unwrap(), 8);
}

#[test]
fn records_arrive_whole_and_in_order_whatever_their_length() {
    let (mut producer, mut consumer, _) = ring();
    let mut record = Vec::new();
    let mut position = consumer.released();
    for round in 0..3_000_usize {
        let sent = vec![(round % 251).try_into().unwrap(); round * 37 % 1_000];
        let end = push(&mut producer, &sent);
        position = consumer.peek(position, &mut record).unwrap().unwrap();
        assert_eq!((position, &record), (end, &sent));
        consumer.release_to(position).unwrap();
    }
    assert_eq!(consumer.peek(position, &mut record).unwrap(), None);
}

#[test]
fn a_full_ring_is_an_error_and_room_comes_only_from_releasing() {
    let (mut producer, mut consumer, _) = ring();
    let mut count = 0;
    while producer.push(&[1; 1000]).is_ok() {
        count += 1;
    }
    assert_eq!(count, RING_BYTES_MIN / 1008);
    let mut record = Vec::new();
    let end = consumer.peek(consumer.released(), &mut record).unwrap().unwrap();
    assert!(matches!(producer.push(&[1; 1000]), Err(RingError::Full { .. })), "peeking frees nothing");
    consumer.release_to(end).unwrap();
    assert_eq!(producer.released().unwrap(), end);
    assert!(producer.push(&[1; 1000]).is_ok());
    assert!(matches!(producer.push(&[1; 1000]), Err(RingError::Full { .. })));
}

#[test]
fn a_record_that_is_too_long_is_refused_and_the_longest_is_not() {
    let (mut producer, mut consumer, _) = ring();
    assert!(matches!(producer.push(&vec![0; RECORD_BYTES_MAX + 1]), Err(RingError::TooLong { .. })));
    push(&mut producer, &vec![7; RECORD_BYTES_MAX]);
    let mut record = Vec::new();
    consumer.peek(consumer.released(), &mut record).unwrap().unwrap();
    assert_eq!(record.len(), RECORD_BYTES_MAX);
}

#[test]
fn a_restarted_reader_begins_with_what_was_not_released_and_a_restarted_writer_goes_on() {
    let (mut producer, mut consumer, memory) = ring();
    push(&mut producer, b"first");
    push(&mut producer, b"second");
    let mut record = Vec::new();
    let after_first = consumer.peek(consumer.released(), &mut record).unwrap().unwrap();
    consumer.peek(after_first, &mut record).unwrap().unwrap();
    consumer.release_to(after_first).unwrap();
    drop((consumer, producer));

    let mut producer = RingProducer::attach(&memory).unwrap();
    push(&mut producer, b"third");
    let mut consumer = RingConsumer::attach(&memory).unwrap();
    let mut position = consumer.released();
    for expected in [&b"second"[..], b"third"] {
        position = consumer.peek(position, &mut record).unwrap().unwrap();
        assert_eq!(record, expected);
    }
    assert_eq!(consumer.peek(position, &mut record).unwrap(), None);
}

#[test]
fn the_bell_is_needed_once_for_a_reader_that_sleeps_and_not_for_one_that_is_awake() {
    let (mut producer, mut consumer, _) = ring();
    assert_eq!(producer.push(b"x").unwrap().doorbell, Doorbell::NotNeeded);
    assert!(!consumer.may_sleep(consumer.released()).unwrap(), "a record is there: no sleep");
    assert_eq!(producer.push(b"x").unwrap().doorbell, Doorbell::NotNeeded);
    let mut record = Vec::new();
    let mut position = consumer.released();
    while let Some(next) = consumer.peek(position, &mut record).unwrap() {
        position = next;
    }
    assert!(consumer.may_sleep(position).unwrap());
    assert_eq!(producer.push(b"x").unwrap().doorbell, Doorbell::Ring);
    assert_eq!(producer.push(b"x").unwrap().doorbell, Doorbell::NotNeeded);
    assert!(!consumer.may_sleep(position).unwrap());
}

#[test]
fn a_position_that_was_not_read_cannot_be_released_or_peeked() {
    let (mut producer, mut consumer, _) = ring();
    let end = push(&mut producer, b"x");
    let mut record = Vec::new();
    for wrong in [Position(3), Position(end.0 + 8), Position(u64::MAX)] {
        assert!(matches!(consumer.peek(wrong, &mut record), Err(RingError::NotAPosition)), "{wrong:?}");
        assert!(matches!(consumer.release_to(wrong), Err(RingError::NotAPosition)), "{wrong:?}");
    }
    consumer.peek(consumer.released(), &mut record).unwrap();
    consumer.release_to(end).unwrap();
    assert!(matches!(consumer.peek(Position(0), &mut record), Err(RingError::NotAPosition)));
}

#[test]
fn a_reader_refuses_whatever_nonsense_a_writer_publishes() {
    let capacity = RING_BYTES_MIN as u64;
    for written in [8 + capacity, u64::MAX, u64::MAX - 7, 12, 0] {
        let (mut producer, mut consumer, memory) = ring();
        push(&mut producer, b"x");
        let mut record = Vec::new();
        let end = consumer.peek(consumer.released(), &mut record).unwrap().unwrap();
        tamper(&memory, 8, written);
        assert!(matches!(consumer.peek(end, &mut record), Err(RingError::Corrupt { .. })), "{written}");
    }
    for length in [RECORD_BYTES_MAX as u64 + 1, u64::MAX, 1 << 32, 9] {
        let (mut producer, mut consumer, memory) = ring();
        push(&mut producer, b"x");
        tamper(&memory, 512, length);
        let refused = consumer.peek(consumer.released(), &mut Vec::new());
        assert!(matches!(refused, Err(RingError::Corrupt { .. })), "{length}");
    }
}

#[test]
fn a_writer_refuses_whatever_nonsense_a_reader_releases() {
    for released in [24, u64::MAX, 3, 0] {
        let (mut producer, mut consumer, memory) = ring();
        let end = push(&mut producer, b"x");
        consumer.peek(consumer.released(), &mut Vec::new()).unwrap();
        consumer.release_to(end).unwrap();
        producer.released().unwrap();
        tamper(&memory, 16, released);
        assert!(matches!(producer.push(b"y"), Err(RingError::Corrupt { .. })), "{released}");
        assert!(released == 0 || RingProducer::attach(&memory).is_err(), "{released}");
    }
}

#[test]
fn random_nonsense_anywhere_in_the_memory_is_an_answer_or_an_error_and_never_a_panic() {
    let mut seed = 0x5eed_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 17
    };
    let (mut refused, mut answered) = (0, 0);
    for _ in 0..3_000 {
        let (mut producer, mut consumer, memory) = ring();
        for _ in 0..random() % 5 {
            push(&mut producer, &[3; 100][..(random() % 100) as usize]);
        }
        for _ in 0..1 + random() % 4 {
            let word =
                if random() % 2 == 0 { [8, 16, 24][(random() % 3) as usize] } else { 512 + random() % 60 };
            let value = [random() % 600, random(), random() % 50 * 8, u64::MAX - random() % 99]
                [(random() % 4) as usize];
            tamper(&memory, word, value);
        }
        let (mut position, mut record) = (consumer.released(), Vec::new());
        for _ in 0..20 {
            match consumer.peek(position, &mut record) {
                Ok(Some(next)) => {
                    assert!(next > position && record.len() <= RECORD_BYTES_MAX);
                    position = next;
                    answered += 1;
                }
                Ok(None) => break,
                Err(_) => {
                    refused += 1;
                    break;
                }
            }
        }
        let _ = consumer.release_to(position);
        let _ = producer.push(&record);
        let _ = RingConsumer::attach(&memory).and_then(|mut c| c.peek(c.released(), &mut record));
        let _ = RingProducer::attach(&memory).and_then(|mut p| p.push(b"x"));
    }
    assert!(refused > 500 && answered > 500, "{refused} {answered}");
}

#[test]
fn a_descriptor_that_is_no_sealed_ring_is_refused() {
    use rustix::fs::{MemfdFlags, SealFlags};
    let plain = rustix::fs::memfd_create("plain", MemfdFlags::ALLOW_SEALING).unwrap();
    rustix::fs::ftruncate(&plain, 4096 + RING_BYTES_MIN as u64).unwrap();
    assert!(matches!(RingConsumer::attach(&plain), Err(RingError::NotARing { .. })), "could shrink");
    rustix::fs::fcntl_add_seals(&plain, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL).unwrap();
    assert!(matches!(RingConsumer::attach(&plain), Err(RingError::NotARing { .. })), "another format");
    let pipe = rustix::pipe::pipe().unwrap();
    assert!(matches!(RingProducer::attach(&pipe.0), Err(RingError::NotARing { .. })));
    assert!(RingProducer::create(4096).is_err() && RingProducer::create(RING_BYTES_MAX * 2).is_err());
}

#[test]
fn the_memory_of_a_ring_cannot_shrink_grow_or_be_executed() {
    let (_producer, _consumer, memory) = ring();
    assert!(rustix::fs::ftruncate(&memory, 4096).is_err());
    assert!(rustix::fs::ftruncate(&memory, 1 << 30).is_err());
    assert!(rustix::fs::fchmod(&memory, rustix::fs::Mode::RWXU).is_err());
}

#[test]
fn a_writer_and_a_reader_run_at_the_same_time() {
    let (mut producer, mut consumer, _memory) = ring();
    const COUNT: u64 = 200_000;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0..COUNT {
                let record = [number.to_ne_bytes(); 5].concat();
                while producer.push(&record[..8 + (number % 33) as usize]).is_err() {
                    std::thread::yield_now();
                }
            }
        });
        let (mut position, mut record, mut next) = (consumer.released(), Vec::new(), 0_u64);
        while next < COUNT {
            match consumer.peek(position, &mut record).unwrap() {
                Some(end) => {
                    let expected = [next.to_ne_bytes(); 5].concat();
                    assert_eq!(record, expected[..8 + (next % 33) as usize]);
                    (position, next) = (end, next + 1);
                    if next.is_multiple_of(16) {
                        consumer.release_to(position).unwrap();
                    }
                }
                None => {
                    consumer.release_to(position).unwrap();
                    std::thread::yield_now();
                }
            }
        }
    });
}
