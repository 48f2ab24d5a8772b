//! What reads the embedded store. Each call sees the last commit and nothing that is on its way.

use super::Fault;
use super::layout::{BUNDLES, RECORDS, TAGS, Value, id_of, record_key, tag_key};
use crate::intersect;
use crate::memory::Page;
use holdfast_model::record::{RecordName, SealedRecord};
use holdfast_model::{ObjectId, Sequence};
use holdfast_ports::keystore::Query;
use redb::{Database, ReadTransaction, ReadableDatabase};

pub(super) fn get(database: &Database, name: &RecordName) -> Result<Option<SealedRecord>, Fault> {
    read_one(&database.begin_read()?, name)
}

pub(super) fn find(database: &Database, query: &Query) -> Result<Vec<ObjectId>, Fault> {
    matching(&database.begin_read()?, query)
}

pub(super) fn list(database: &Database, query: &Query) -> Result<Vec<SealedRecord>, Fault> {
    let read = database.begin_read()?;
    let mut page = Page::default();
    for id in matching(&read, query)? {
        let name = RecordName { tenant: query.tenant, kind: query.kind, id };
        let record = read_one(&read, &name)?;
        if record.is_some_and(|record| !page.take(record)) {
            break;
        }
    }
    Ok(page.records)
}

pub(super) fn next_bundle(
    database: &Database,
    after: Sequence,
) -> Result<Option<(Sequence, Vec<u8>)>, Fault> {
    let Some(first) = after.0.checked_add(1) else { return Ok(None) };
    let bundles = database.begin_read()?.open_table(BUNDLES)?;
    let Some(entry) = bundles.range(first..)?.next() else { return Ok(None) };
    let (sequence, bundle) = entry?;
    Ok(Some((Sequence(sequence.value()), bundle.value().to_vec())))
}

fn read_one(read: &ReadTransaction, name: &RecordName) -> Result<Option<SealedRecord>, Fault> {
    let records = read.open_table(RECORDS)?;
    let Some(value) = records.get(record_key(name).as_slice())? else { return Ok(None) };
    Ok(Some(Value::read(value.value())?.into_record(*name)))
}

fn matching(read: &ReadTransaction, query: &Query) -> Result<Vec<ObjectId>, Fault> {
    let limit = usize::from(query.limit);
    match query.all_of.as_slice() {
        [] => {
            let name = |id| RecordName { tenant: query.tenant, kind: query.kind, id };
            let (from, to) = (record_key(&name(ObjectId::MIN)), record_key(&name(query.older_than)));
            let records = read.open_table(RECORDS)?;
            let newest_first = records.range::<&[u8]>(from.as_slice()..to.as_slice())?.rev().take(limit);
            newest_first.map(|entry| Ok(id_of(entry?.0.value())?)).collect()
        }
        [tag] => {
            let key = |id| tag_key(query.tenant, query.kind, tag, id);
            let (from, to) = (key(ObjectId::MIN), key(query.older_than));
            let tags = read.open_table(TAGS)?;
            let newest_first = tags.range::<&[u8]>(from.as_slice()..to.as_slice())?.rev().take(limit);
            newest_first.map(|entry| Ok(id_of(entry?.0.value())?)).collect()
        }
        several => {
            let tags = read.open_table(TAGS)?;
            intersect::newest_first(several, query.older_than, limit, |tag, at| {
                let key = |id| tag_key(query.tenant, query.kind, tag, id);
                let (from, to) = (key(ObjectId::MIN), key(at));
                match tags.range::<&[u8]>(from.as_slice()..=to.as_slice())?.next_back() {
                    Some(entry) => Ok(Some(id_of(entry?.0.value())?)),
                    None => Ok(None),
                }
            })
        }
    }
}
