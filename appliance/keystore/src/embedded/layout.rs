//! Keys and values of the embedded store.
//!
//! Fixed and hand-made: keys must sort as identifiers do, and a compare-and-set reads a revision without decoding
//! the rest. Every key begins with its tenant, length first, so that one tenant's range never holds another's.

use holdfast_model::record::{IndexTag, RecordKind, RecordName, Revision, SealedRecord};
use holdfast_model::{ObjectId, TenantId};
use redb::TableDefinition;

/// Name to value.
pub(super) const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("records-v1");
/// Tenant, kind, tag, identifier; no value.
pub(super) const TAGS: TableDefinition<'_, &[u8], ()> = TableDefinition::new("tags-v1");
/// Sequence to signed bundle.
pub(super) const BUNDLES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bundles-v1");

/// First byte of a value.
const VALUE_FORMAT: u8 = 1;
const ID_BYTES: usize = 16;
const TAG_BYTES: usize = size_of::<IndexTag>();

/// A value that no version of this file wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotAValue;

/// What every key of a tenant begins with.
pub(super) fn tenant_prefix(tenant: TenantId) -> Vec<u8> {
    let name = tenant.as_str().as_bytes();
    let mut key = Vec::with_capacity(name.len() + 2 + TAG_BYTES + ID_BYTES);
    key.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    key.extend_from_slice(name);
    key
}

/// The first key after all of this prefix: no record kind has this number.
pub(super) fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    end.push(u8::MAX);
    end
}

pub(super) fn record_key(name: &RecordName) -> Vec<u8> {
    let mut key = tenant_prefix(name.tenant);
    key.push(kind_number(name.kind));
    key.extend_from_slice(name.id.as_bytes());
    key
}

pub(super) fn tag_key(tenant: TenantId, kind: RecordKind, tag: &IndexTag, id: ObjectId) -> Vec<u8> {
    let mut key = tenant_prefix(tenant);
    key.push(kind_number(kind));
    key.extend_from_slice(&tag.0);
    key.extend_from_slice(id.as_bytes());
    key
}

/// The identifier that every key ends with.
pub(super) fn id_of(key: &[u8]) -> Result<ObjectId, NotAValue> {
    key.last_chunk().copied().map(ObjectId::from_bytes).ok_or(NotAValue)
}

/// Kind and identifier of a record key of this tenant.
pub(super) fn name_of(tenant: TenantId, key: &[u8]) -> Result<RecordName, NotAValue> {
    let kind = key.len().checked_sub(ID_BYTES + 1).and_then(|at| key.get(at)).ok_or(NotAValue)?;
    let kind = [RecordKind::TenantKey, RecordKind::ServiceKey, RecordKind::Object]
        .into_iter()
        .find(|known| kind_number(*known) == *kind)
        .ok_or(NotAValue)?;
    Ok(RecordName { tenant, kind, id: id_of(key)? })
}

const fn kind_number(kind: RecordKind) -> u8 {
    match kind {
        RecordKind::TenantKey => 2,
        RecordKind::ServiceKey => 3,
        RecordKind::Object => 4,
    }
}

/// Format, revision, MAC, number of tags, tags, body.
pub(super) fn write_value(record: &SealedRecord, out: &mut Vec<u8>) {
    out.clear();
    out.push(VALUE_FORMAT);
    out.extend_from_slice(&record.revision.0.to_be_bytes());
    out.extend_from_slice(&record.mac);
    out.extend_from_slice(&u16::try_from(record.index.len()).unwrap_or(u16::MAX).to_be_bytes());
    for tag in &record.index {
        out.extend_from_slice(&tag.0);
    }
    out.extend_from_slice(&record.body);
}

/// A value, its parts still where they are.
pub(super) struct Value<'v> {
    pub(super) revision: Revision,
    mac: &'v [u8; 32],
    tags: &'v [u8],
    body: &'v [u8],
}

impl<'v> Value<'v> {
    pub(super) fn read(value: &'v [u8]) -> Result<Self, NotAValue> {
        let (format, rest) = value.split_first().ok_or(NotAValue)?;
        if *format != VALUE_FORMAT {
            return Err(NotAValue);
        }
        let (revision, rest) = rest.split_first_chunk::<8>().ok_or(NotAValue)?;
        let (mac, rest) = rest.split_first_chunk::<32>().ok_or(NotAValue)?;
        let (count, rest) = rest.split_first_chunk::<2>().ok_or(NotAValue)?;
        let tags = usize::from(u16::from_be_bytes(*count)) * TAG_BYTES;
        let (tags, body) = rest.split_at_checked(tags).ok_or(NotAValue)?;
        Ok(Self { revision: Revision(u64::from_be_bytes(*revision)), mac, tags, body })
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = IndexTag> + use<'v> {
        self.tags.as_chunks::<TAG_BYTES>().0.iter().map(|tag| IndexTag(*tag))
    }

    pub(super) fn into_record(self, name: RecordName) -> SealedRecord {
        SealedRecord {
            name,
            revision: self.revision,
            index: self.tags().collect(),
            body: self.body.to_vec(),
            mac: *self.mac,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> SealedRecord {
        SealedRecord {
            name: RecordName {
                tenant: TenantId::parse("acme").unwrap(),
                kind: RecordKind::Object,
                id: ObjectId::from_bytes([5; 16]),
            },
            revision: Revision(7),
            index: vec![IndexTag([1; 16]), IndexTag([2; 16])],
            body: b"wrapped".to_vec(),
            mac: [9; 32],
        }
    }

    #[test]
    fn a_record_reads_back_from_its_key_and_value() {
        let mut value = Vec::new();
        write_value(&record(), &mut value);
        let name = name_of(record().name.tenant, &record_key(&record().name)).unwrap();
        assert_eq!(Value::read(&value).map(|v| v.into_record(name)), Ok(record()));
    }

    #[test]
    fn a_value_cut_anywhere_before_its_body_is_no_value() {
        let mut value = Vec::new();
        write_value(&record(), &mut value);
        let body_at = value.len() - record().body.len();
        for cut in 0..body_at {
            assert!(Value::read(&value[..cut]).is_err(), "{cut}");
        }
        value[0] = 99;
        assert!(Value::read(&value).is_err());
    }

    #[test]
    fn no_key_of_one_tenant_lies_in_the_range_of_another() {
        let names = ["a", "ab", "b", "a1", "zzzz"].map(|name| TenantId::parse(name).unwrap());
        for one in names {
            for other in names.into_iter().filter(|other| *other != one) {
                let key = record_key(&RecordName { tenant: other, ..record().name });
                let prefix = tenant_prefix(one);
                assert!(key < prefix || key >= prefix_end(&prefix), "{one} {other}");
            }
        }
    }
}
