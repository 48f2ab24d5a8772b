//! A buffer for messages that may hold secrets: wiped after each use, and never left behind by growing.
//!
//! Separate so that no other file has to remember either. What TLS buffers by itself is beyond its reach.

use crate::ttlv::{EncodeError, Writer};
use zeroize::Zeroize;

/// What a buffer may keep between two messages; a larger one is given back.
const KEPT_BYTES_MAX: usize = 64 * 1024;
/// What a buffer begins with: most messages are shorter.
const FIRST_BYTES: usize = 2048;

/// Bytes of one message. Beyond the used length there is never anything but zeros or untouched memory.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Makes room for `more` bytes behind what is there; what moves is wiped where it was.
    fn reserve(&mut self, more: usize) {
        let wanted = self.bytes.len().saturating_add(more);
        if wanted > self.bytes.capacity() {
            let capacity = wanted.max(self.bytes.capacity().saturating_mul(2)).max(FIRST_BYTES);
            let mut grown = Vec::with_capacity(capacity);
            grown.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = grown;
        }
    }

    /// Adds `more` zeros and lends them, to be filled.
    pub(super) fn extend(&mut self, more: usize) -> &mut [u8] {
        let before = self.bytes.len();
        self.reserve(more);
        self.bytes.resize(before.saturating_add(more), 0);
        self.bytes.get_mut(before..).unwrap_or_default()
    }

    /// Appends what `write` writes, `max` bytes in all at most. It is called again if there was not enough room.
    pub(super) fn append(
        &mut self,
        max: usize,
        mut write: impl FnMut(&mut Writer<'_>),
    ) -> Result<(), EncodeError> {
        self.reserve(FIRST_BYTES.min(max));
        loop {
            let used = self.bytes.len();
            // The writer stops at the capacity, so that the vector never moves by itself.
            let room = self.bytes.capacity().min(max).saturating_sub(used);
            let mut writer = Writer::new(&mut self.bytes, room);
            write(&mut writer);
            match writer.finish() {
                Ok(_) => return Ok(()),
                Err(_) if self.bytes.capacity() < max => {
                    let capacity = self.bytes.capacity();
                    // What the writer took back lies beyond the used length: growing wipes it with the rest.
                    self.reserve(capacity.saturating_add(1).saturating_sub(used).max(capacity));
                }
                Err(_) => {
                    self.wipe_all();
                    return Err(EncodeError::TooLong { max });
                }
            }
        }
    }

    /// Wipes what was used.
    pub(super) fn wipe(&mut self) {
        if self.bytes.capacity() > KEPT_BYTES_MAX {
            self.wipe_all();
            self.bytes = Vec::new();
        }
        self.bytes.as_mut_slice().zeroize();
        self.bytes.clear();
    }

    fn wipe_all(&mut self) {
        self.bytes.zeroize();
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.wipe_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tag::Tag;

    #[test]
    fn it_grows_until_the_message_fits_and_not_beyond_the_bound() {
        let mut buffer = Buffer::default();
        let long = vec![7; 10_000];
        buffer.append(20_000, |out| out.bytes(Tag::DATA, &long)).unwrap_or_default();
        assert_eq!(buffer.bytes().len(), 10_008);
        buffer.wipe();
        assert!(buffer.append(9_000, |out| out.bytes(Tag::DATA, &long)).is_err());
        assert!(buffer.bytes().is_empty());
    }

    #[test]
    fn a_large_buffer_is_given_back_after_use() {
        let mut buffer = Buffer::default();
        buffer.extend(KEPT_BYTES_MAX + 1).fill(7);
        buffer.wipe();
        assert_eq!(buffer.bytes.capacity(), 0);
        buffer.extend(100).fill(7);
        buffer.wipe();
        assert!(buffer.bytes.capacity() >= 100);
    }
}
