//! What every backend refuses before it looks at its store.

use holdfast_model::limits::{
    BUNDLE_BYTES_MAX, COMMIT_WRITES_MAX, PAGE_ITEMS_MAX, RECORD_BYTES_MAX, RECORD_INDEX_TAGS_MAX,
};
use holdfast_model::record::{IndexTag, SealedRecord};
use holdfast_ports::keystore::{KeystoreError, Query, Write};
use std::collections::BTreeSet;

/// Bytes of a record beside its body and its tags, rounded up: name, revision, MAC, lengths.
const RECORD_FIXED_BYTES: usize = 128;

/// Refuses a commit with too many writes, a record over its limits, tags not sorted or given twice, or one record
/// named twice (which of the two would win is nothing a caller should have to know).
pub(crate) fn commit(writes: &[Write]) -> Result<(), KeystoreError> {
    let mut names = BTreeSet::new();
    let fits = writes.len() <= COMMIT_WRITES_MAX
        && writes.iter().all(|write| {
            names.insert(write.name())
                && match write {
                    Write::Put(record, _) => record_fits(record),
                    Write::Shred(..) => true,
                }
        });
    if fits { Ok(()) } else { Err(KeystoreError::Limit) }
}

/// Refuses a page larger than allowed and more tags than a record can bear.
pub(crate) fn query(query: &Query) -> Result<(), KeystoreError> {
    let fits = usize::from(query.limit) <= PAGE_ITEMS_MAX && query.all_of.len() <= RECORD_INDEX_TAGS_MAX;
    if fits { Ok(()) } else { Err(KeystoreError::Limit) }
}

/// Refuses a bundle over its limit.
pub(crate) fn bundle(bundle: &[u8]) -> Result<(), KeystoreError> {
    if bundle.len() <= BUNDLE_BYTES_MAX { Ok(()) } else { Err(KeystoreError::Limit) }
}

/// Bytes that a record takes in a frame, at most.
pub(crate) fn record_bytes(record: &SealedRecord) -> usize {
    record.body.len() + record.index.len() * size_of::<IndexTag>() + RECORD_FIXED_BYTES
}

fn record_fits(record: &SealedRecord) -> bool {
    let sorted = record.index.is_sorted_by(|a, b| a < b);
    sorted && record.index.len() <= RECORD_INDEX_TAGS_MAX && record_bytes(record) <= RECORD_BYTES_MAX
}
