//! Data of earlier items of a batch: kept when a later item refers to it, and put in its place.
//!
//! Separate from `batch` because what is kept here may be plaintext: it is wiped, and kept for batches alone that ask for it.
//! Rules: KMIP 2.1, sections 9.7 (Data) and 11.13: by the operation that yielded it last, or by its place among all that was
//! yielded, from the first (0) or the last (-1).

use core::cell::RefCell;
use holdfast_model::limits::MESSAGE_BYTES_MAX;
use kmip::enums::{DataItem, Enumeration, Operation};
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::{Item, ItemType, Limits, Writer, parse};
use zeroize::Zeroizing;

/// Data that one batch keeps for its later items.
#[derive(Default)]
pub(super) struct Yielded {
    data: RefCell<Vec<(DataItem, Zeroizing<Vec<u8>>)>>,
}

/// Does this payload refer to data of earlier items?
pub(super) fn refers(payload: &Item<'_>) -> bool {
    payload.children().is_ok_and(|mut children| children.any(|child| is_reference(&child)))
}

fn is_reference(child: &Item<'_>) -> bool {
    child.tag() == Tag::DATA && matches!(child.ty(), ItemType::Enumeration | ItemType::Integer)
}

/// What an operation yields, and where it stands in its response.
const fn place(operation: Operation) -> Option<(DataItem, Tag)> {
    Some(match operation {
        Operation::DECRYPT => (DataItem::DECRYPT, Tag::DATA),
        Operation::ENCRYPT => (DataItem::ENCRYPT, Tag::DATA),
        Operation::HASH => (DataItem::HASH, Tag::DATA),
        Operation::MAC => (DataItem::MAC_MAC_DATA, Tag::MAC_DATA),
        Operation::RNG_RETRIEVE => (DataItem::RNG_RETRIEVE, Tag::DATA),
        Operation::SIGN => (DataItem::SIGN_SIGNATURE_DATA, Tag::SIGNATURE_DATA),
        Operation::SIGNATURE_VERIFY => (DataItem::SIGNATURE_VERIFY, Tag::DATA),
        _ => return None,
    })
}

impl Yielded {
    /// Keeps what a response payload yields, if it yields something.
    ///
    /// # Errors
    /// [`Refusal::ServerLimit`]: the batch keeps too much.
    pub(super) fn keep(&self, operation: Operation, payload: &Item<'_>) -> Result<(), Refusal> {
        let Some((kind, tag)) = place(operation) else { return Ok(()) };
        let found =
            payload.children().ok().and_then(|mut children| children.find(|child| child.tag() == tag));
        let Some(bytes) = found.and_then(|child| child.bytes().ok()) else { return Ok(()) };
        let mut data = self.data.borrow_mut();
        let held: usize = data.iter().map(|(_, bytes)| bytes.len()).sum();
        if held.saturating_add(bytes.len()) > MESSAGE_BYTES_MAX {
            return Err(Refusal::ServerLimit);
        }
        data.push((kind, Zeroizing::new(bytes.to_vec())));
        Ok(())
    }

    /// A request payload with the data that it refers to in place of the reference.
    ///
    /// # Errors
    /// [`Refusal::MissingData`]: no item before yielded it.
    pub(super) fn resolve(&self, payload: &Item<'_>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let data = self.data.borrow();
        let children = || payload.children().map_err(Refusal::from);
        let mut found = Vec::new();
        for child in children()?.filter(is_reference) {
            found.push(look(&data, &child)?);
        }
        let added: usize = found.iter().map(|bytes| bytes.len().saturating_add(8)).sum();
        let room = payload.value().len().saturating_add(added).saturating_add(16);
        let mut out = Zeroizing::new(Vec::with_capacity(room));
        let mut writer = Writer::new(&mut out, usize::MAX);
        let mut found = found.into_iter();
        let children = children()?;
        writer.structure(Tag::REQUEST_PAYLOAD, |out| {
            for child in children {
                let bytes = if is_reference(&child) { found.next() } else { None };
                match bytes {
                    Some(bytes) => out.bytes(Tag::DATA, bytes),
                    None => out.item(child.tag(), &child),
                }
            }
        });
        writer.finish().map_err(|_| Refusal::ServerLimit)?;
        Ok(out)
    }
}

fn look<'d>(data: &'d [(DataItem, Zeroizing<Vec<u8>>)], reference: &Item<'_>) -> Result<&'d [u8], Refusal> {
    let found = if reference.ty() == ItemType::Enumeration {
        let kind = DataItem::from_code(reference.enumeration()?);
        data.iter().rev().find(|(by, _)| *by == kind)
    } else {
        let nth = reference.integer()?;
        let at = match usize::try_from(nth) {
            Ok(at) => Some(at),
            Err(_) => usize::try_from(nth.unsigned_abs()).ok().and_then(|back| data.len().checked_sub(back)),
        };
        at.and_then(|at| data.get(at))
    };
    found.map(|(_, bytes)| bytes.as_slice()).ok_or(Refusal::MissingData)
}

/// Writes a payload aside, so that it can be read before it is sent.
pub(super) fn aside(write: impl FnOnce(&mut Writer<'_>)) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut out = Zeroizing::new(Vec::with_capacity(MESSAGE_BYTES_MAX / 16));
    let mut writer = Writer::new(&mut out, MESSAGE_BYTES_MAX);
    write(&mut writer);
    writer.finish().map_err(|_| Refusal::ResponseTooLarge)?;
    Ok(out)
}

/// Lends a payload that was written aside.
pub(super) fn read<R>(bytes: &[u8], read: impl FnOnce(Item<'_>) -> R) -> Result<R, Refusal> {
    let limits = Limits { message_bytes: usize::MAX, string_bytes: usize::MAX, ..Limits::DEFAULT };
    parse(bytes, &limits).map(read).map_err(|_| Refusal::GeneralFailure)
}
