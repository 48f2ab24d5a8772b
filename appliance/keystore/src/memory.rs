//! The keystore in memory: for trials, and the plain statement of what the port means.

use crate::registry::{Backend, Purge};
use crate::{intersect, refuse};
use holdfast_model::limits::FRAME_BYTES_MAX;
use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{ObjectId, Sequence, TenantId};
use holdfast_ports::keystore::{Expected, Health, Keystore, KeystoreError, Query, Write};
use std::collections::{BTreeMap, BTreeSet};

type TagKey = (TenantId, RecordKind, IndexTag, ObjectId);

/// Holds records in ordered maps. Nothing outlives it.
#[derive(Default)]
pub struct Memory {
    records: BTreeMap<RecordName, SealedRecord>,
    tags: BTreeSet<TagKey>,
    bundles: BTreeMap<Sequence, Vec<u8>>,
}

impl Memory {
    /// The word in configuration and health reports.
    pub const NAME: &'static str = "memory";

    fn commit_one(&mut self, writes: &[Write]) -> Result<(), KeystoreError> {
        refuse::commit(writes)?;
        let as_expected = |write: &Write| {
            let now = self.records.get(write.name()).map(|record| record.revision);
            now == expected(write)
        };
        if !writes.iter().all(as_expected) {
            return Err(KeystoreError::Conflict);
        }
        for write in writes {
            self.remove(write.name());
            if let Write::Put(record, _) = write {
                let name = record.name;
                self.tags.extend(record.index.iter().map(|tag| (name.tenant, name.kind, *tag, name.id)));
                self.records.insert(name, record.clone());
            }
        }
        Ok(())
    }

    fn remove(&mut self, name: &RecordName) {
        for tag in self.records.remove(name).into_iter().flat_map(|record| record.index) {
            self.tags.remove(&(name.tenant, name.kind, tag, name.id));
        }
    }
}

/// The revision that must be there before a write.
pub(crate) fn expected(write: &Write) -> Option<Revision> {
    match write {
        Write::Put(_, Expected::Absent) => None,
        Write::Put(_, Expected::At(revision)) | Write::Shred(_, revision) => Some(*revision),
    }
}

impl Keystore for Memory {
    fn commit(&mut self, commits: &[Vec<Write>]) -> Vec<Result<(), KeystoreError>> {
        commits.iter().map(|writes| self.commit_one(writes)).collect()
    }

    fn get(&mut self, name: &RecordName) -> Result<Option<SealedRecord>, KeystoreError> {
        Ok(self.records.get(name).cloned())
    }

    fn find(&mut self, query: &Query) -> Result<Vec<ObjectId>, KeystoreError> {
        refuse::query(query)?;
        let limit = usize::from(query.limit);
        let (tenant, kind) = (query.tenant, query.kind);
        if query.all_of.is_empty() {
            let from = RecordName { tenant, kind, id: ObjectId::MIN };
            let to = RecordName { tenant, kind, id: query.older_than };
            return Ok(self.records.range(from..to).rev().take(limit).map(|(name, _)| name.id).collect());
        }
        intersect::newest_first(&query.all_of, query.older_than, limit, |tag, at| {
            let range = (tenant, kind, *tag, ObjectId::MIN)..=(tenant, kind, *tag, at);
            Ok(self.tags.range(range).next_back().map(|key| key.3))
        })
    }

    fn list(&mut self, query: &Query) -> Result<Vec<SealedRecord>, KeystoreError> {
        let mut page = Page::default();
        for id in self.find(query)? {
            let record = self.get(&RecordName { tenant: query.tenant, kind: query.kind, id })?;
            if record.is_some_and(|record| !page.take(record)) {
                break;
            }
        }
        Ok(page.records)
    }

    fn purge(&mut self, tenant: TenantId) -> Result<(), KeystoreError> {
        self.records.retain(|name, _| name.tenant != tenant);
        self.tags.retain(|key| key.0 != tenant);
        Ok(())
    }

    fn append_bundle(&mut self, sequence: Sequence, bundle: &[u8]) -> Result<(), KeystoreError> {
        refuse::bundle(bundle)?;
        if self.bundles.last_key_value().is_some_and(|(last, _)| *last >= sequence) {
            return Err(KeystoreError::Conflict);
        }
        self.bundles.insert(sequence, bundle.to_vec());
        Ok(())
    }

    fn next_bundle(&mut self, after: Sequence) -> Result<Option<(Sequence, Vec<u8>)>, KeystoreError> {
        let range = (core::ops::Bound::Excluded(after), core::ops::Bound::Unbounded);
        Ok(self.bundles.range(range).next().map(|(sequence, bundle)| (*sequence, bundle.clone())))
    }

    fn health(&mut self) -> Result<Health, KeystoreError> {
        let records: usize = self.records.values().map(refuse::record_bytes).sum();
        let bundles: usize = self.bundles.values().map(Vec::len).sum();
        let bytes_used = u64::try_from(records + bundles).unwrap_or(u64::MAX);
        Ok(Health { backend: Self::NAME.to_owned(), bytes_used })
    }
}

impl Backend for Memory {
    fn purge_step(&mut self, tenant: TenantId) -> Result<Purge, KeystoreError> {
        self.purge(tenant).map(|()| Purge::Finished)
    }
}

/// Records for one answer: as many as fit a frame, but at least one.
#[derive(Default)]
pub(crate) struct Page {
    pub(crate) records: Vec<SealedRecord>,
    bytes: usize,
}

impl Page {
    /// Takes the record if it still fits.
    pub(crate) fn take(&mut self, record: SealedRecord) -> bool {
        /// What the envelope and the count need.
        const SPARE_BYTES: usize = 1024;
        self.bytes += refuse::record_bytes(&record);
        let fits = self.records.is_empty() || self.bytes <= FRAME_BYTES_MAX - SPARE_BYTES;
        if fits {
            self.records.push(record);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_store_passes_the_conformance_suite() {
        crate::conformance::suite(Memory::default);
    }
}
