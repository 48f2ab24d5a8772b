//! What changes the embedded store: commits, purges, bundles. One engine transaction each, flushed before it returns.

use super::Fault;
use super::layout::{
    BUNDLES, NotAValue, RECORDS, TAGS, Value, name_of, prefix_end, record_key, tag_key, tenant_prefix,
    write_value,
};
use crate::memory::expected;
use crate::registry::Purge;
use holdfast_model::record::{IndexTag, RecordName, Revision};
use holdfast_model::{Sequence, TenantId};
use holdfast_ports::keystore::{KeystoreError, Write};
use redb::{Database, Durability, ReadableTable, Table, WriteTransaction};

/// Records shredded in one step of a purge: a step holds up others for some tens of milliseconds at most.
const PURGE_STEP_RECORDS: usize = 500;

type Records<'t> = Table<'t, &'static [u8], &'static [u8]>;
type Tags<'t> = Table<'t, &'static [u8], ()>;

/// Makes the tables of a new store, so that a reader never meets a store without them.
pub(super) fn make_tables(database: &Database) -> Result<(), Fault> {
    let transaction = begin(database)?;
    transaction.open_table(RECORDS)?;
    transaction.open_table(TAGS)?;
    transaction.open_table(BUNDLES)?;
    Ok(transaction.commit()?)
}

/// Acknowledged means on disk; and after a power cut the store opens at once, without reading itself whole.
fn begin(database: &Database) -> Result<WriteTransaction, Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Applies every commit whose outcome is still `Ok` and whose expectations hold, and flushes once for all of them.
/// A commit that meets a conflict gets that outcome and changes nothing.
pub(super) fn commit(
    database: &Database,
    commits: &[Vec<Write>],
    outcomes: &mut [Result<(), KeystoreError>],
) -> Result<(), Fault> {
    let transaction = begin(database)?;
    let mut wrote = false;
    {
        let mut records = transaction.open_table(RECORDS)?;
        let mut tags = transaction.open_table(TAGS)?;
        let mut value = Vec::new();
        for (writes, outcome) in commits.iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok()) {
            if !all_as_expected(&records, writes)? {
                *outcome = Err(KeystoreError::Conflict);
                continue;
            }
            for write in writes {
                apply(&mut records, &mut tags, write, &mut value)?;
                wrote = true;
            }
        }
    }
    if wrote { Ok(transaction.commit()?) } else { Ok(transaction.abort()?) }
}

fn all_as_expected(records: &Records<'_>, writes: &[Write]) -> Result<bool, Fault> {
    for write in writes {
        if revision_of(records, write.name())? != expected(write) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn revision_of(records: &Records<'_>, name: &RecordName) -> Result<Option<Revision>, Fault> {
    let Some(value) = records.get(record_key(name).as_slice())? else { return Ok(None) };
    Ok(Some(Value::read(value.value())?.revision))
}

fn apply(
    records: &mut Records<'_>,
    tags: &mut Tags<'_>,
    write: &Write,
    value: &mut Vec<u8>,
) -> Result<(), Fault> {
    let name = write.name();
    let key = record_key(name);
    let (tenant, kind, id) = (name.tenant, name.kind, name.id);
    let old = tags_of(records, &key)?;
    let new: &[IndexTag] = match write {
        Write::Put(record, _) => &record.index,
        Write::Shred(..) => &[],
    };
    for tag in old.iter().filter(|tag| new.binary_search(tag).is_err()) {
        tags.remove(tag_key(tenant, kind, tag, id).as_slice())?;
    }
    for tag in new.iter().filter(|tag| old.binary_search(tag).is_err()) {
        tags.insert(tag_key(tenant, kind, tag, id).as_slice(), ())?;
    }
    match write {
        Write::Put(record, _) => {
            write_value(record, value);
            records.insert(key.as_slice(), value.as_slice())?;
        }
        Write::Shred(..) => {
            records.remove(key.as_slice())?;
        }
    }
    Ok(())
}

fn tags_of(records: &Records<'_>, key: &[u8]) -> Result<Vec<IndexTag>, Fault> {
    match records.get(key)? {
        Some(value) => Ok(Value::read(value.value())?.tags().collect()),
        None => Ok(Vec::new()),
    }
}

/// Removes a bounded number of the tenant's records with their index entries. The last step also removes index
/// entries without a record, of which there should be none.
pub(super) fn purge_step(database: &Database, tenant: TenantId) -> Result<Purge, Fault> {
    let prefix = tenant_prefix(tenant);
    let end = prefix_end(&prefix);
    let (from, to) = (prefix.as_slice(), end.as_slice());
    let transaction = begin(database)?;
    let mut removed = 0;
    {
        let mut records = transaction.open_table(RECORDS)?;
        let mut tags = transaction.open_table(TAGS)?;
        for entry in records.extract_from_if(from..to, |_, _| true)?.take(PURGE_STEP_RECORDS) {
            let (key, value) = entry?;
            let name = name_of(tenant, key.value())?;
            // A value that does not read is removed all the same; its index entries go with the last step.
            let bears: Result<Vec<_>, NotAValue> = Value::read(value.value()).map(|v| v.tags().collect());
            for tag in bears.unwrap_or_default() {
                tags.remove(tag_key(tenant, name.kind, &tag, name.id).as_slice())?;
            }
            removed += 1;
        }
        if removed < PURGE_STEP_RECORDS {
            tags.retain_in(from..to, |_, ()| false)?;
        }
    }
    transaction.commit()?;
    Ok(if removed < PURGE_STEP_RECORDS { Purge::Finished } else { Purge::Unfinished })
}

/// Appends a bundle; `false` when its sequence is not larger than every one before.
pub(super) fn append_bundle(database: &Database, sequence: Sequence, bundle: &[u8]) -> Result<bool, Fault> {
    let transaction = begin(database)?;
    let newer = {
        let mut bundles = transaction.open_table(BUNDLES)?;
        let newer = bundles.last()?.is_none_or(|(last, _)| last.value() < sequence.0);
        if newer {
            bundles.insert(sequence.0, bundle)?;
        }
        newer
    };
    if newer {
        transaction.commit()?
    } else {
        transaction.abort()?
    }
    Ok(newer)
}
