//! Full, broken, and well again.

use super::super::Embedded;
use super::forgetful::Forgetful;
use crate::conformance::{put, record, tenant};
use holdfast_model::record::SealedRecord;
use holdfast_ports::backoff;
use holdfast_ports::keystore::{Expected, Keystore, KeystoreError};

fn create(store: &mut Embedded, id: u64) -> Result<(), KeystoreError> {
    let big = SealedRecord { body: vec![1; 100_000], ..record(tenant("acme"), id, 1, &[1]) };
    store.commit(&[vec![put(&big, Expected::Absent)]]).remove(0)
}

fn is_there(store: &mut Embedded, id: u64) -> Result<bool, KeystoreError> {
    store.get(&record(tenant("acme"), id, 1, &[]).name).map(|found| found.is_some())
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_takes_writes_again_when_there_is_room() {
    let disk = Forgetful::default();
    let mut store = Embedded::on(Box::new(disk.clone()));
    create(&mut store, 1).unwrap();
    disk.platter().no_room = true;
    let refused_at = (2..200).find(|id| create(&mut store, *id) == Err(KeystoreError::Full)).unwrap();
    for id in 1..refused_at {
        assert_eq!(is_there(&mut store, id), Ok(true), "{id} was acknowledged");
    }
    assert_eq!(is_there(&mut store, refused_at), Ok(false), "full means that nothing was written");
    assert_eq!(create(&mut store, refused_at), Err(KeystoreError::Full));
    disk.platter().no_room = false;
    assert_eq!(create(&mut store, refused_at), Ok(()));
    assert_eq!(is_there(&mut store, refused_at), Ok(true));
}

#[test]
fn one_commit_too_large_for_the_disk_does_not_keep_small_ones_out() {
    let disk = Forgetful::default();
    let mut store = Embedded::on(Box::new(disk.clone()));
    create(&mut store, 1).unwrap();
    disk.platter().no_room = true;
    let large = SealedRecord { body: vec![1; 1_000_000], ..record(tenant("acme"), 5, 1, &[]) };
    let many =
        (10..30).map(|id| SealedRecord { name: record(tenant("acme"), id, 1, &[]).name, ..large.clone() });
    let outcome = store.commit(&[many.map(|record| put(&record, Expected::Absent)).collect()]);
    assert_eq!(outcome, [Err(KeystoreError::Full)]);
    let small = record(tenant("acme"), 6, 1, &[]);
    assert_eq!(store.commit(&[vec![put(&small, Expected::Absent)]]), [Ok(())]);
}

#[test]
fn a_disk_that_fails_and_comes_back_is_taken_up_again_without_a_restart() {
    let disk = Forgetful::default();
    let mut store = Embedded::on(Box::new(disk.clone()));
    create(&mut store, 1).unwrap();
    disk.platter().broken = true;
    assert_eq!(create(&mut store, 2), Err(KeystoreError::Unavailable));
    assert_eq!(is_there(&mut store, 1), Err(KeystoreError::Unavailable));
    disk.platter().broken = false;
    std::thread::sleep(backoff::FIRST);
    assert_eq!(is_there(&mut store, 1), Ok(true));
    assert_eq!(create(&mut store, 3), Ok(()));
}

#[test]
fn many_commits_given_at_once_cost_no_more_flushes_than_one() {
    let disk = Forgetful::default();
    let mut store = Embedded::on(Box::new(disk.clone()));
    let mut flushes_of = |ids: std::ops::Range<u64>| {
        let before = disk.platter().syncs;
        let commits: Vec<_> =
            ids.map(|id| vec![put(&record(tenant("acme"), id, 1, &[1]), Expected::Absent)]).collect();
        assert!(store.commit(&commits).iter().all(Result::is_ok));
        disk.platter().syncs - before
    };
    flushes_of(0..500);
    let (one, hundred) = (flushes_of(1000..1001), flushes_of(2000..2100));
    assert_eq!((one, hundred), (2, 2));
}

#[test]
fn a_group_in_which_nothing_is_written_costs_no_flush() {
    let disk = Forgetful::default();
    let mut store = Embedded::on(Box::new(disk.clone()));
    create(&mut store, 1).unwrap();
    let before = disk.platter().syncs;
    assert_eq!(create(&mut store, 1), Err(KeystoreError::Conflict));
    assert_eq!(disk.platter().syncs, before);
}
