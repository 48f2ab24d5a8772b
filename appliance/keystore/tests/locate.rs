//! A record is found by one exact tag in a time that hardly grows with the store. `HOLDFAST_LOCATE_OBJECTS` sets how
//! many objects are in it, to measure with a million.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

use holdfast_keystore::Embedded;
use holdfast_keystore::conformance::{object_id, tenant};
use holdfast_model::ObjectId;
use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_ports::keystore::{Expected, Keystore, Query, Write};
use std::time::{Duration, Instant};

/// A tag as `core` makes it: nothing about its order is known.
fn tag(kind: u64, number: u64) -> IndexTag {
    let mixed = |seed: u64| (number ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).to_be_bytes();
    IndexTag([mixed(kind << 56), mixed(kind << 48 | 1)].concat().try_into().unwrap())
}

fn object(number: u64) -> Write {
    let name = RecordName { tenant: tenant("acme"), kind: RecordKind::Object, id: object_id(number) };
    let mut index = vec![tag(1, number), tag(2, number % 7), tag(3, number % 2)];
    index.sort_unstable();
    let record = SealedRecord { name, revision: Revision(1), index, body: vec![7; 300], mac: [1; 32] };
    Write::Put(record, Expected::Absent)
}

fn slowest_of_most(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

#[test]
fn one_object_among_very_many_is_found_by_an_exact_tag_in_well_under_a_millisecond() {
    let objects: u64 = std::env::var("HOLDFAST_LOCATE_OBJECTS").map_or(50_000, |n| n.parse().unwrap());
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut store = Embedded::open(directory.path()).unwrap();
    let began = Instant::now();
    for group in 0..objects.div_ceil(5000) {
        let numbers = group * 5000..((group + 1) * 5000).min(objects);
        let commits: Vec<_> = numbers.map(|number| vec![object(number)]).collect();
        assert!(store.commit(&commits).iter().all(Result::is_ok));
    }
    println!("{objects} objects made in {:.1?}", began.elapsed());
    drop(store);
    let began = Instant::now();
    let mut store = Embedded::open(directory.path()).unwrap();
    println!("opened in {:.1?}, {} bytes", began.elapsed(), store.health().unwrap().bytes_used);
    let mut query = Query {
        tenant: tenant("acme"),
        kind: RecordKind::Object,
        all_of: Vec::new(),
        older_than: ObjectId::MAX,
        limit: 10,
    };
    for several in [false, true] {
        let times = (0..2000_u64).map(|n| {
            let number = n * 7919 % objects;
            query.all_of = vec![tag(1, number)];
            if several {
                query.all_of.extend([tag(2, number % 7), tag(3, number % 2)]);
            }
            let began = Instant::now();
            let found = store.find(&query).unwrap();
            let took = began.elapsed();
            assert_eq!(found, [object_id(number)]);
            took
        });
        let (half, most) = slowest_of_most(times.collect());
        println!("by {} tags: p50 {half:.1?}, p99 {most:.1?}", query.all_of.len());
        assert!(half < Duration::from_millis(1), "{half:?}");
    }
}
