//! Sealed records: a MAC under the tenant's record key over every field, each with its length before it.

use super::CustodyError;
use super::keys::TenantKey;
use holdfast_model::limits::{RECORD_BYTES_MAX, RECORD_INDEX_TAGS_MAX};
use holdfast_model::record::{IndexTag, RecordName, Revision, SealedRecord};

/// Seals a record.
///
/// # Errors
/// [`CustodyError::TooLarge`] when it breaks a limit of the keystore.
pub(super) fn seal(
    key: &TenantKey,
    name: RecordName,
    revision: Revision,
    mut index: Vec<IndexTag>,
    body: Vec<u8>,
) -> Result<SealedRecord, CustodyError> {
    index.sort_unstable();
    index.dedup();
    if body.len() > RECORD_BYTES_MAX || index.len() > RECORD_INDEX_TAGS_MAX || name.tenant != key.tenant() {
        return Err(CustodyError::TooLarge);
    }
    let mut record = SealedRecord { name, revision, index, body, mac: [0; 32] };
    record.mac = key.authenticate(&to_be_authenticated(&record));
    Ok(record)
}

/// Checks a record that was asked for by `name`.
///
/// # Errors
/// [`CustodyError::NotAuthentic`] for a record of another name, or one altered anywhere.
pub(super) fn check(key: &TenantKey, name: &RecordName, record: &SealedRecord) -> Result<(), CustodyError> {
    let authentic = record.name == *name
        && record.name.tenant == key.tenant()
        && key.is_authentic(&to_be_authenticated(record), &record.mac);
    if authentic { Ok(()) } else { Err(CustodyError::NotAuthentic) }
}

fn to_be_authenticated(record: &SealedRecord) -> Vec<u8> {
    let tenant = record.name.tenant.as_str().as_bytes();
    let mut out = Vec::with_capacity(96 + record.index.len() * 16 + record.body.len());
    out.push(1); // layout of this function
    out.push(u8::try_from(tenant.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(tenant);
    out.push(record.name.kind as u8);
    out.extend_from_slice(record.name.id.as_bytes());
    out.extend_from_slice(&record.revision.0.to_be_bytes());
    out.extend_from_slice(&(record.index.len() as u64).to_be_bytes());
    for tag in &record.index {
        out.extend_from_slice(&tag.0);
    }
    out.extend_from_slice(&(record.body.len() as u64).to_be_bytes());
    out.extend_from_slice(&record.body);
    out
}
