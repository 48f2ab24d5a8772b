//! Writes deterministic CBOR: what `cbor` accepts.
//!
//! Rules: RFC 8949 section 4.2.1: shortest numbers and lengths (the CBOR library does that), map keys in bytewise order
//! of their encodings.

use ciborium::Value;
use serde::Serialize;

/// Encodes a value; `None` if it is of a kind that CBOR cannot hold.
pub(super) fn deterministic(value: &impl Serialize) -> Option<Vec<u8>> {
    let mut value = Value::serialized(value).ok()?;
    order(&mut value)?;
    bytes(&value)
}

fn order(value: &mut Value) -> Option<()> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(order),
        Value::Map(pairs) => {
            let mut keyed = Vec::with_capacity(pairs.len());
            for (key, mut value) in core::mem::take(pairs) {
                order(&mut value)?;
                keyed.push((bytes(&key)?, key, value));
            }
            keyed.sort_by(|a, b| a.0.cmp(&b.0));
            *pairs = keyed.into_iter().map(|(_, key, value)| (key, value)).collect();
            Some(())
        }
        _ => Some(()),
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).ok()?;
    Some(out)
}
