//! The power goes at any operation of the engine, and the disk keeps any part of what was not synced.

use super::super::Embedded;
use super::forgetful::Forgetful;
use crate::conformance::{any_of, object_id, record, tenant};
use holdfast_model::Sequence;
use holdfast_model::record::{Revision, SealedRecord};
use holdfast_ports::keystore::{Expected, Keystore, Write};

fn xorshift(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

/// Commit `n`: three records that belong together, one of them changed by every commit.
fn commit(n: u64) -> Vec<Write> {
    let big =
        |id| SealedRecord { body: vec![n.to_be_bytes()[7]; 3000], ..record(tenant("acme"), id, 1, &[1]) };
    let head = record(tenant("acme"), 0, n, &[2]);
    let expected = if n == 1 { Expected::Absent } else { Expected::At(Revision(n - 1)) };
    vec![
        Write::Put(head, expected),
        Write::Put(big(2 * n), Expected::Absent),
        Write::Put(big(2 * n + 1), Expected::Absent),
    ]
}

#[test]
fn after_a_power_cut_at_any_operation_every_acknowledged_commit_is_there_and_none_is_half() {
    const COMMITS: u64 = 12;
    let measure = Forgetful::default();
    let run = |disk: &Forgetful| {
        let mut acknowledged = 0;
        let mut store = Embedded::on(Box::new(disk.clone()));
        for n in 1..=COMMITS {
            if store.commit(&[commit(n)]) != [Ok(())] {
                break;
            }
            if store.append_bundle(Sequence(n), b"signed").is_err() {
                return (n, n - 1);
            }
            acknowledged = n;
        }
        (acknowledged, acknowledged)
    };
    assert_eq!(run(&measure), (COMMITS, COMMITS));
    let operations = measure.platter().operations;
    let mut cut_inside = 0;
    for at in 0..operations {
        let mut random = xorshift(at * 2 + 1);
        let disk = Forgetful::default();
        disk.platter().fuse = Some(at);
        let (acknowledged, bundles) = run(&disk);
        let disk = disk.after_the_cut(&mut random);
        let mut store = Embedded::on(Box::new(disk));
        let head = store.get(&record(tenant("acme"), 0, 0, &[]).name);
        let head = head.unwrap_or_else(|e| panic!("cut at {at} of {operations} after {acknowledged}: {e:?}"));
        let reached = head.map_or(0, |head| head.revision.0);
        assert!(
            reached == acknowledged || reached == acknowledged + 1,
            "cut at {at}: {acknowledged} commits were acknowledged, {reached} are there"
        );
        cut_inside += u64::from(reached > acknowledged);
        let present = store.find(&any_of(tenant("acme"), &[1])).unwrap();
        let wanted: Vec<_> = (2..2 * reached + 2).rev().map(object_id).collect();
        assert_eq!(present, wanted, "cut at {at}: a commit is there in part");
        let last = std::iter::successors(store.next_bundle(Sequence(0)).unwrap(), |(sequence, _)| {
            store.next_bundle(*sequence).unwrap()
        });
        assert!(last.count() as u64 >= bundles, "cut at {at}: an acknowledged bundle is gone");
        assert_eq!(store.commit(&[commit(reached + 1)]), [Ok(())], "cut at {at}: the store does not go on");
    }
    assert!(operations > 100 && cut_inside > 0, "{operations} operations, {cut_inside} cuts after the flush");
}
