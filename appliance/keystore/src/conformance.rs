//! The conformance suite: what every backend must do, whatever it is made of.
//!
//! [`suite`] runs it whole. A backend's test gives it a way to make an empty store.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test suite")]

use crate::Backend;
use holdfast_model::limits::{
    BUNDLE_BYTES_MAX, COMMIT_WRITES_MAX, FRAME_BYTES_MAX, PAGE_ITEMS_MAX, RECORD_BYTES_MAX,
    RECORD_INDEX_TAGS_MAX,
};
use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{ObjectId, Sequence, TenantId};
use holdfast_ports::keystore::{Expected, KeystoreError, Query, Write};

/// Runs every case, each on an empty store.
pub fn suite<B: Backend>(mut empty: impl FnMut() -> B) {
    type Case = fn(&mut dyn Backend);
    let cases: &[(&str, Case)] = &[
        ("a record reads back as it was put", reads_back),
        ("a record put twice as new is a conflict", no_second_creation),
        ("a record changes only at the revision expected", compare_and_set),
        ("a commit of many happens whole", whole),
        ("a commit with one conflict leaves nothing", nothing),
        ("one commit refused does not touch the others", independent),
        ("a later commit of a group sees the earlier one", in_order),
        ("a record is found by any and by all of its tags", found_by_tags),
        ("a record is not found by a tag that it lost", loses_tags),
        ("records are found newest first, page by page", pages),
        ("a listing fits a frame and holds at least one record", list_fits),
        ("a shredded record is gone from the store and every index", shredded),
        ("shredding needs the present revision", shred_compares),
        ("two tenants with the same identifiers share nothing", tenants_apart),
        ("kinds with the same identifier share nothing", kinds_apart),
        ("a purge takes all of one tenant and nothing of another", purged),
        ("bundles come back in order and only newer ones are taken", bundles),
        ("what breaks a limit is refused and leaves nothing", limits),
        ("a store says how it is", healthy),
    ];
    for (name, case) in cases {
        eprintln_case(name);
        case(&mut empty());
    }
}

#[allow(clippy::print_stderr, reason = "shown by the test runner when a case fails")]
fn eprintln_case(name: &str) {
    eprintln!("conformance: {name}");
}

/// A tenant by name.
#[must_use]
pub fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

/// An object record with this identifier, revision and tags.
#[must_use]
pub fn record(tenant: TenantId, id: u64, revision: u64, tags: &[u8]) -> SealedRecord {
    SealedRecord {
        name: RecordName { tenant, kind: RecordKind::Object, id: object_id(id) },
        revision: Revision(revision),
        index: tags.iter().map(|tag| IndexTag([*tag; 16])).collect(),
        body: format!("body of {id} at {revision}").into_bytes(),
        mac: [u8::try_from(id % 251).unwrap(); 32],
    }
}

/// The identifier of this number; later numbers are newer.
#[must_use]
pub fn object_id(number: u64) -> ObjectId {
    ObjectId::from_bytes((u128::from(number) << 64 | 7).to_be_bytes())
}

/// A put of this record.
#[must_use]
pub fn put(record: &SealedRecord, expected: Expected) -> Write {
    Write::Put(record.clone(), expected)
}

/// The newest objects that bear all of these tags.
#[must_use]
pub fn any_of(tenant: TenantId, tags: &[u8]) -> Query {
    Query {
        tenant,
        kind: RecordKind::Object,
        all_of: tags.iter().map(|tag| IndexTag([*tag; 16])).collect(),
        older_than: ObjectId::MAX,
        limit: 1000,
    }
}

fn one(store: &mut dyn Backend, writes: Vec<Write>) -> Result<(), KeystoreError> {
    let mut outcomes = store.commit(&[writes]);
    assert_eq!(outcomes.len(), 1);
    outcomes.remove(0)
}

fn create(store: &mut dyn Backend, record: &SealedRecord) {
    one(store, vec![put(record, Expected::Absent)]).unwrap();
}

fn numbers(found: &[ObjectId]) -> Vec<u64> {
    found.iter().map(|id| u64::from_be_bytes(*id.as_bytes().first_chunk().unwrap())).collect()
}

fn found(store: &mut dyn Backend, tags: &[u8]) -> Vec<u64> {
    numbers(&store.find(&any_of(acme(), tags)).unwrap())
}

fn acme() -> TenantId {
    tenant("acme")
}

fn reads_back(store: &mut dyn Backend) {
    let one = record(acme(), 1, 1, &[1, 2]);
    assert_eq!(store.get(&one.name), Ok(None));
    create(store, &one);
    assert_eq!(store.get(&one.name), Ok(Some(one)));
}

fn no_second_creation(store: &mut dyn Backend) {
    let first = record(acme(), 1, 1, &[1]);
    create(store, &first);
    let second = record(acme(), 1, 2, &[2]);
    assert_eq!(one(store, vec![put(&second, Expected::Absent)]), Err(KeystoreError::Conflict));
    assert_eq!(store.get(&first.name), Ok(Some(first)));
}

fn compare_and_set(store: &mut dyn Backend) {
    let first = record(acme(), 1, 1, &[1]);
    let second = record(acme(), 1, 2, &[1]);
    let missing = one(store, vec![put(&second, Expected::At(Revision(1)))]);
    assert_eq!(missing, Err(KeystoreError::Conflict));
    create(store, &first);
    let late = one(store, vec![put(&second, Expected::At(Revision(2)))]);
    assert_eq!(late, Err(KeystoreError::Conflict));
    assert_eq!(one(store, vec![put(&second, Expected::At(Revision(1)))]), Ok(()));
    assert_eq!(store.get(&first.name), Ok(Some(second)));
}

fn whole(store: &mut dyn Backend) {
    let many: Vec<_> = (0..100).map(|id| record(acme(), id, 1, &[1])).collect();
    one(store, many.iter().map(|record| put(record, Expected::Absent)).collect()).unwrap();
    assert!(many.iter().all(|record| store.get(&record.name) == Ok(Some(record.clone()))));
    assert_eq!(found(store, &[1]).len(), 100);
    assert_eq!(one(store, Vec::new()), Ok(()), "a commit of nothing is done");
}

fn nothing(store: &mut dyn Backend) {
    create(store, &record(acme(), 5, 1, &[5]));
    let writes = vec![
        put(&record(acme(), 1, 1, &[1]), Expected::Absent),
        Write::Shred(record(acme(), 5, 1, &[]).name, Revision(1)),
        put(&record(acme(), 2, 2, &[1]), Expected::At(Revision(1))),
    ];
    assert_eq!(one(store, writes), Err(KeystoreError::Conflict));
    assert_eq!(found(store, &[1]), [] as [u64; 0]);
    assert_eq!(found(store, &[]), [5]);
}

fn independent(store: &mut dyn Backend) {
    let commit = |id| vec![put(&record(acme(), id, 1, &[1]), Expected::Absent)];
    let outcomes = store.commit(&[commit(1), commit(1), commit(2)]);
    assert_eq!(outcomes, [Ok(()), Err(KeystoreError::Conflict), Ok(())]);
    assert_eq!(found(store, &[1]), [2, 1]);
}

fn in_order(store: &mut dyn Backend) {
    let outcomes = store.commit(&[
        vec![put(&record(acme(), 1, 1, &[1]), Expected::Absent)],
        vec![put(&record(acme(), 1, 2, &[2]), Expected::At(Revision(1)))],
        vec![Write::Shred(record(acme(), 1, 1, &[]).name, Revision(1))],
    ]);
    assert_eq!(outcomes, [Ok(()), Ok(()), Err(KeystoreError::Conflict)]);
    assert_eq!((found(store, &[1]), found(store, &[2])), (vec![], vec![1]));
}

fn found_by_tags(store: &mut dyn Backend) {
    for (id, tags) in [(1, [1, 2]), (2, [2, 3]), (3, [1, 3]), (4, [2, 3])] {
        create(store, &record(acme(), id, 1, &tags));
    }
    assert_eq!(found(store, &[]), [4, 3, 2, 1]);
    assert_eq!(found(store, &[2]), [4, 2, 1]);
    assert_eq!(found(store, &[2, 3]), [4, 2]);
    assert_eq!(found(store, &[3, 2, 3]), [4, 2], "order and repetition of tags do not matter");
    assert_eq!(found(store, &[1, 2, 3]), [] as [u64; 0]);
    assert_eq!(found(store, &[9]), [] as [u64; 0]);
    let listed = store.list(&any_of(acme(), &[2, 3])).unwrap();
    assert_eq!(listed, [record(acme(), 4, 1, &[2, 3]), record(acme(), 2, 1, &[2, 3])]);
}

fn loses_tags(store: &mut dyn Backend) {
    create(store, &record(acme(), 1, 1, &[1, 2]));
    one(store, vec![put(&record(acme(), 1, 2, &[2, 3]), Expected::At(Revision(1)))]).unwrap();
    assert_eq!((found(store, &[1]), found(store, &[2]), found(store, &[3])), (vec![], vec![1], vec![1]));
}

fn pages(store: &mut dyn Backend) {
    for id in 0..25 {
        create(store, &record(acme(), id, 1, if id % 2 == 0 { &[1, 2] } else { &[1] }));
    }
    for (tags, all) in [(&[][..], 25), (&[1], 25), (&[1, 2], 13)] {
        let mut query = Query { limit: 4, ..any_of(acme(), tags) };
        let mut seen = Vec::new();
        loop {
            let page = store.find(&query).unwrap();
            assert!(page.len() <= 4);
            let Some(last) = page.last() else { break };
            query.older_than = *last;
            seen.extend(page);
        }
        assert_eq!(seen.len(), all);
        assert!(seen.is_sorted_by(|newer, older| newer > older));
    }
    assert_eq!(store.find(&Query { limit: 0, ..any_of(acme(), &[1]) }), Ok(vec![]));
    assert_eq!(store.find(&Query { older_than: ObjectId::MIN, ..any_of(acme(), &[1]) }), Ok(vec![]));
}

fn list_fits(store: &mut dyn Backend) {
    let big = |id, bytes| SealedRecord { body: vec![3; bytes], ..record(acme(), id, 1, &[1]) };
    for id in 1..=4 {
        create(store, &big(id, 400_000));
    }
    create(store, &big(5, RECORD_BYTES_MAX - 200));
    let mut query = any_of(acme(), &[1]);
    let mut seen = Vec::new();
    loop {
        let page = store.list(&query).unwrap();
        let bytes: usize = page.iter().map(|record| record.body.len()).sum();
        assert!(bytes <= FRAME_BYTES_MAX);
        let Some(last) = page.last() else { break };
        query.older_than = last.name.id;
        seen.push(page.len());
    }
    assert_eq!(seen, [1, 2, 2]);
}

fn shredded(store: &mut dyn Backend) {
    let first = record(acme(), 1, 1, &[1, 2]);
    create(store, &first);
    create(store, &record(acme(), 2, 1, &[1, 2]));
    one(store, vec![Write::Shred(first.name, Revision(1))]).unwrap();
    assert_eq!(store.get(&first.name), Ok(None));
    assert_eq!((found(store, &[]), found(store, &[1]), found(store, &[1, 2])), (vec![2], vec![2], vec![2]));
    create(store, &first);
    assert_eq!(found(store, &[1]), [2, 1], "the name is free again");
}

fn shred_compares(store: &mut dyn Backend) {
    let second = record(acme(), 1, 2, &[1]);
    assert_eq!(one(store, vec![Write::Shred(second.name, Revision(1))]), Err(KeystoreError::Conflict));
    create(store, &second);
    assert_eq!(one(store, vec![Write::Shred(second.name, Revision(1))]), Err(KeystoreError::Conflict));
    assert_eq!(store.get(&second.name), Ok(Some(second)));
}

fn tenants_apart(store: &mut dyn Backend) {
    let names = ["a", "ab", "b", "a-b"].map(tenant);
    for (revision, name) in (1..).zip(names) {
        create(store, &record(name, 1, revision, &[1]));
    }
    for (revision, name) in (1..).zip(names) {
        let own = record(name, 1, revision, &[1]);
        assert_eq!(store.get(&own.name), Ok(Some(own.clone())));
        assert_eq!(store.list(&any_of(name, &[1])), Ok(vec![own]));
    }
    let other = record(names[1], 1, 1, &[]).name;
    assert_eq!(one(store, vec![Write::Shred(other, Revision(2))]), Ok(()));
    assert_eq!(store.find(&any_of(names[0], &[1])).map(|found| found.len()), Ok(1));
    assert_eq!(store.find(&any_of(names[1], &[1])), Ok(vec![]));
    assert_eq!(store.find(&any_of(tenant("nobody"), &[])), Ok(vec![]));
}

fn kinds_apart(store: &mut dyn Backend) {
    let object = record(acme(), 1, 1, &[1]);
    let name = RecordName { kind: RecordKind::ServiceKey, ..object.name };
    let service = SealedRecord { name, ..record(acme(), 1, 5, &[1]) };
    create(store, &object);
    assert_eq!(store.get(&service.name), Ok(None));
    create(store, &service);
    assert_eq!(store.list(&any_of(acme(), &[1])), Ok(vec![object]));
    let kind = RecordKind::ServiceKey;
    assert_eq!(store.list(&Query { kind, ..any_of(acme(), &[]) }), Ok(vec![service]));
}

fn purged(store: &mut dyn Backend) {
    for id in 0..1200 {
        create(store, &record(acme(), id, 1, &[1]));
    }
    let other = record(tenant("acme-2"), 1, 1, &[1]);
    create(store, &other);
    store.purge(acme()).unwrap();
    assert_eq!((found(store, &[]), found(store, &[1])), (vec![], vec![]));
    assert_eq!(store.get(&other.name), Ok(Some(other.clone())));
    assert_eq!(store.find(&any_of(other.name.tenant, &[1])), Ok(vec![other.name.id]));
    store.purge(acme()).unwrap();
    create(store, &record(acme(), 1, 1, &[1]));
    assert_eq!(found(store, &[1]), [1]);
}

fn bundles(store: &mut dyn Backend) {
    assert_eq!(store.next_bundle(Sequence(0)), Ok(None));
    store.append_bundle(Sequence(3), b"three").unwrap();
    for old in [0, 2, 3] {
        assert_eq!(store.append_bundle(Sequence(old), b"old"), Err(KeystoreError::Conflict));
    }
    store.append_bundle(Sequence(7), b"seven").unwrap();
    assert_eq!(store.next_bundle(Sequence(0)), Ok(Some((Sequence(3), b"three".to_vec()))));
    assert_eq!(store.next_bundle(Sequence(3)), Ok(Some((Sequence(7), b"seven".to_vec()))));
    assert_eq!(store.next_bundle(Sequence(7)), Ok(None));
    assert_eq!(store.next_bundle(Sequence(u64::MAX)), Ok(None));
}

fn limits(store: &mut dyn Backend) {
    let base = record(acme(), 1, 1, &[]);
    let tags = |count: usize| -> Vec<_> {
        (0..count).map(|n| IndexTag(u128::try_from(n).unwrap().to_be_bytes())).collect()
    };
    let too_big = SealedRecord { body: vec![0; RECORD_BYTES_MAX + 1], ..base.clone() };
    let too_many_tags = SealedRecord { index: tags(RECORD_INDEX_TAGS_MAX + 1), ..base.clone() };
    let unsorted = SealedRecord { index: vec![IndexTag([2; 16]), IndexTag([1; 16])], ..base.clone() };
    let repeated = SealedRecord { index: vec![IndexTag([2; 16]); 2], ..base.clone() };
    for wrong in [too_big, too_many_tags, unsorted, repeated] {
        assert_eq!(one(store, vec![put(&wrong, Expected::Absent)]), Err(KeystoreError::Limit));
    }
    let twice = vec![put(&base, Expected::Absent), put(&base, Expected::Absent)];
    assert_eq!(one(store, twice), Err(KeystoreError::Limit), "one record named twice");
    let many = u64::try_from(COMMIT_WRITES_MAX).unwrap() + 1;
    let too_many = (0..many).map(|id| put(&record(acme(), id, 1, &[]), Expected::Absent)).collect();
    assert_eq!(one(store, too_many), Err(KeystoreError::Limit));
    let limit = u16::try_from(PAGE_ITEMS_MAX).unwrap() + 1;
    assert_eq!(store.find(&Query { limit, ..any_of(acme(), &[]) }), Err(KeystoreError::Limit));
    assert_eq!(store.list(&Query { limit, ..any_of(acme(), &[]) }), Err(KeystoreError::Limit));
    let bundle = vec![0; BUNDLE_BYTES_MAX + 1];
    assert_eq!(store.append_bundle(Sequence(1), &bundle), Err(KeystoreError::Limit));
    assert_eq!((found(store, &[]), store.next_bundle(Sequence(0))), (vec![], Ok(None)));
    let largest = SealedRecord { index: tags(RECORD_INDEX_TAGS_MAX), ..base };
    create(store, &largest);
    let all = Query { all_of: largest.index.clone(), ..any_of(acme(), &[]) };
    assert_eq!(store.find(&all), Ok(vec![largest.name.id]), "the limit itself is allowed");
    store.append_bundle(Sequence(1), &bundle[..BUNDLE_BYTES_MAX]).unwrap();
}

fn healthy(store: &mut dyn Backend) {
    create(store, &record(acme(), 1, 1, &[1]));
    let health = store.health().unwrap();
    assert!(!health.backend.is_empty());
    assert!(health.bytes_used > 0);
}
