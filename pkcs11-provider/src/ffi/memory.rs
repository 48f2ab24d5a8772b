//! The application's memory: copied from and copied to, never borrowed.

use crate::fault::{Done, Fault};
use crate::limits::{ATTRIBUTE_BYTES_MAX, CALL_BYTES_MAX, TEMPLATE_DEPTH_MAX, TEMPLATE_ITEMS_MAX};
use crate::ops::Room;
use crate::template::{Given, Held, Template};
use cryptoki_sys::{CK_ATTRIBUTE, CK_BYTE, CK_ULONG, CKF_ARRAY_ATTRIBUTE};
use zeroize::Zeroizing;

/// Proof that the pointers given to its methods come from the application, which vouches that each is null or points to as
/// much memory as the length beside it says, for as long as the call lasts.
#[derive(Clone, Copy)]
pub(super) struct Caller(());

impl Caller {
    /// # Safety
    /// Only within a C function, for the pointers that it was given.
    pub(super) const unsafe fn vouched() -> Self {
        Self(())
    }

    /// Reads a value.
    ///
    /// # Errors
    /// [`Fault::ArgumentsBad`] for a null pointer.
    pub(super) fn read<T: Copy>(self, from: *const T) -> Done<T> {
        if from.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        // SAFETY: not null, and by `Caller` it points to a `T` that is initialised; alignment is not asked of it.
        Ok(unsafe { from.read_unaligned() })
    }

    /// Writes a value.
    ///
    /// # Errors
    /// [`Fault::ArgumentsBad`] for a null pointer.
    pub(super) fn write<T: Copy>(self, to: *mut T, value: T) -> Done<()> {
        if to.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        // SAFETY: not null, and by `Caller` it points to room for a `T`; alignment is not asked of it.
        unsafe { to.write_unaligned(value) };
        Ok(())
    }

    /// Copies bytes in.
    ///
    /// # Errors
    /// [`Fault::ArgumentsBad`] for a null pointer with a length, or a length that no buffer has.
    pub(super) fn bytes(self, from: *const CK_BYTE, length: CK_ULONG) -> Done<Zeroizing<Vec<u8>>> {
        let length = usize::try_from(length).map_err(|_| Fault::ArgumentsBad)?;
        if length == 0 {
            return Ok(Zeroizing::default());
        }
        if from.is_null() || length > CALL_BYTES_MAX {
            return Err(Fault::ArgumentsBad);
        }
        let mut copied = Zeroizing::new(vec![0; length]);
        // SAFETY: `from` is not null and by `Caller` has `length` bytes; `copied` was made just now with as many.
        unsafe { copied.as_mut_ptr().copy_from_nonoverlapping(from, length) };
        Ok(copied)
    }

    /// Copies bytes out.
    ///
    /// # Errors
    /// [`Fault::ArgumentsBad`] for a null pointer.
    pub(super) fn put(self, to: *mut CK_BYTE, bytes: &[u8]) -> Done<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if to.is_null() {
            return Err(Fault::ArgumentsBad);
        }
        // SAFETY: `to` is not null and by `Caller` has room for what the application was told; `bytes` is ours, so they do
        // not overlap.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(())
    }

    /// The element `at` of an array, as a pointer.
    pub(super) fn element<T>(self, array: *mut T, at: usize) -> *mut T {
        array.wrapping_add(at)
    }

    /// The convention for functions that return data of varying length (section 5.2): asked without a buffer, the length
    /// is told; into one that is too small, too; otherwise `make` computes and the result is copied. A result that turns out
    /// longer than the buffer goes to `keep`.
    ///
    /// # Errors
    /// [`Fault::BufferTooSmall`], [`Fault::ArgumentsBad`], and what `room` and `make` say.
    pub(super) fn answer(
        self,
        to: *mut CK_BYTE,
        length: *mut CK_ULONG,
        room: impl FnOnce() -> Done<Room>,
        make: impl FnOnce() -> Done<Zeroizing<Vec<u8>>>,
        keep: impl FnOnce(Zeroizing<Vec<u8>>),
    ) -> Done<()> {
        let has = self.read(length)?;
        let room = room()?;
        if to.is_null() {
            return self.write(length, ulong(room.bytes));
        }
        if room.exact && has < ulong(room.bytes) {
            self.write(length, ulong(room.bytes))?;
            return Err(Fault::BufferTooSmall);
        }
        let made = make()?;
        self.write(length, ulong(made.len()))?;
        if has < ulong(made.len()) {
            keep(made);
            return Err(Fault::BufferTooSmall);
        }
        self.put(to, &made)
    }

    /// Copies a template in.
    ///
    /// # Errors
    /// [`Fault::ArgumentsBad`], [`Fault::AttributeValueInvalid`] for a length that no value has.
    pub(super) fn template(self, array: *mut CK_ATTRIBUTE, count: CK_ULONG) -> Done<Template> {
        self.template_within(array, count, 0)
    }

    fn template_within(self, array: *mut CK_ATTRIBUTE, count: CK_ULONG, depth: usize) -> Done<Template> {
        let count = usize::try_from(count).map_err(|_| Fault::ArgumentsBad)?;
        if count > TEMPLATE_ITEMS_MAX || (array.is_null() && count > 0) {
            return Err(Fault::ArgumentsBad);
        }
        let mut items = Vec::with_capacity(count);
        for at in 0..count {
            let raw = self.read(self.element(array, at).cast_const())?;
            let length = usize::try_from(raw.ulValueLen).map_err(|_| Fault::AttributeValueInvalid)?;
            if length > ATTRIBUTE_BYTES_MAX || (raw.pValue.is_null() && length > 0) {
                return Err(Fault::AttributeValueInvalid);
            }
            let value = if raw.type_ & CKF_ARRAY_ATTRIBUTE != 0
                && crate::attribute::row(raw.type_)
                    .is_some_and(|row| row.kind == crate::attribute::Kind::Template)
            {
                if depth >= TEMPLATE_DEPTH_MAX || !length.is_multiple_of(size_of::<CK_ATTRIBUTE>()) {
                    return Err(Fault::AttributeValueInvalid);
                }
                let inner = ulong(length / size_of::<CK_ATTRIBUTE>());
                Held::Template(self.template_within(raw.pValue.cast(), inner, depth + 1)?)
            } else {
                Held::Bytes(self.bytes(raw.pValue.cast_const().cast(), raw.ulValueLen)?)
            };
            items.push(Given { ty: raw.type_, value });
        }
        Ok(Template { items })
    }
}

/// A length as PKCS#11 has it.
pub(super) fn ulong(length: usize) -> CK_ULONG {
    CK_ULONG::try_from(length).unwrap_or(CK_ULONG::MAX)
}

/// Text in a field of fixed length, filled with blanks.
pub(super) fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut field = [b' '; N];
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    for (to, from) in field.iter_mut().zip(text.bytes().take(end)) {
        *to = from;
    }
    field
}
