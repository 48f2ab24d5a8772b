//! A writer of a ring that is killed at any moment leaves whole records or nothing, and its successor goes on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::cast_possible_truncation)] // A test program.

mod stage;

use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::Duration;

use hardening::fds::{Child, Ended, Program, Start, inherit, spawn};
use hardening::ring::{RING_BYTES_MIN, RingConsumer, RingProducer};

const SLOT: i32 = 7;
const ROUNDS: u32 = 200;

fn main() -> ExitCode {
    stage::run(
        named![a_writer_killed_in_mid_write_leaves_whole_records_and_its_successor_goes_on],
        named![probe_writer],
    )
}

fn start(memory: impl AsFd, round: u32) -> Child {
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let table = [(input.as_fd(), 0), (output.as_fd(), 1), (errors.as_fd(), 2), (memory.as_fd(), SLOT)];
    let round = round.to_string();
    let arguments = ["writer", "--probe", "probe_writer", &round];
    spawn(&Start { program: Program::Myself, arguments: &arguments, environment: &[], table: &table })
        .unwrap()
}

/// What record `number` of a round holds: derived from both, so that any mixture would show.
fn record(round: u32, number: u32, into: &mut Vec<u8>) {
    into.clear();
    into.extend(round.to_ne_bytes());
    into.extend(number.to_ne_bytes());
    let fill = round.wrapping_mul(31).wrapping_add(number.wrapping_mul(7));
    into.extend((0..number % 2_000).map(|i| fill.wrapping_add(i) as u8));
}

fn a_writer_killed_in_mid_write_leaves_whole_records_and_its_successor_goes_on() {
    let (_, memory) = RingProducer::create(RING_BYTES_MIN).unwrap();
    let mut consumer = RingConsumer::attach(&memory).unwrap();
    let (mut got, mut expected, mut total) = (Vec::new(), Vec::new(), 0_u64);
    let mut position = consumer.released();
    for round in 0..ROUNDS {
        let child = start(&memory, round);
        let mut number = 0;
        let stop_after = 1 + round * 7 % 90;
        let mut killed = false;
        loop {
            match consumer.peek(position, &mut got).unwrap() {
                Some(end) => {
                    record(round, number, &mut expected);
                    assert_eq!(got, expected, "round {round}, record {number}");
                    (position, number) = (end, number + 1);
                    consumer.release_to(position).unwrap();
                }
                None if killed => break,
                None => std::thread::sleep(Duration::from_micros(u64::from(round % 5) * 20)),
            }
            if number >= stop_after && !killed {
                child.signal(rustix::process::Signal::KILL).unwrap();
                assert_eq!(child.wait().unwrap(), Ended::Signal(libc::SIGKILL));
                killed = true;
            }
        }
        total += u64::from(number);
        if round % 3 == 0 {
            // The reader restarts as well now and then.
            consumer = RingConsumer::attach(&memory).unwrap();
            assert_eq!(consumer.released(), position);
        }
    }
    assert!(total >= u64::from(ROUNDS), "{total} records");
}

fn probe_writer() {
    let round: u32 = stage::given().parse().unwrap();
    let mut producer = RingProducer::attach(inherit(SLOT).unwrap()).unwrap();
    let mut bytes = Vec::new();
    for number in 0.. {
        record(round, number, &mut bytes);
        while producer.push(&bytes).is_err() {
            std::thread::yield_now();
        }
    }
}
