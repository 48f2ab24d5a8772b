//! The writing side of a ring.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{Ordering, fence};

use super::memory::{RECORD_BYTES_MAX, Shared, WORD, footprint};
use super::{Position, RingError};

/// Writes records into a ring. There must be one writer at a time.
pub struct RingProducer {
    shared: Shared,
    written: u64,
    /// The last position the reader released that made sense; it never goes back.
    released: u64,
}

/// Whether the reader has to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a reader that sleeps stays asleep unless its bell is rung"]
pub enum Doorbell {
    /// The reader sleeps: ring.
    Ring,
    /// The reader is awake and will look.
    NotNeeded,
}

/// A record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a reader that sleeps stays asleep unless its bell is rung"]
pub struct Pushed {
    /// Whether to wake the reader.
    pub doorbell: Doorbell,
    /// The record is durable once the reader has released to here; see [`RingProducer::released`].
    pub end: Position,
}

impl RingProducer {
    /// Makes a ring of `bytes` (between [`super::RING_BYTES_MIN`] and [`super::RING_BYTES_MAX`]) and its writing side.
    /// The descriptor is for the reader, and for this side after a restart.
    ///
    /// # Errors
    /// [`RingError::NotARing`]: size out of bounds. [`RingError::Kernel`]: no memory, usually.
    pub fn create(bytes: usize) -> Result<(Self, OwnedFd), RingError> {
        let (shared, memory) = Shared::create(bytes)?;
        Ok((Self { shared, written: 0, released: 0 }, memory))
    }

    /// The writing side of a ring that exists, going on where the ring stands.
    ///
    /// # Errors
    /// [`RingError::NotARing`], [`RingError::Corrupt`]: do not use it.
    pub fn attach(memory: impl AsFd) -> Result<Self, RingError> {
        let shared = Shared::attach(memory)?;
        let written = shared.written().load(Ordering::Acquire);
        let released = shared.released().load(Ordering::Acquire);
        // Above half of the range no honest ring comes; so no sum below overflows.
        if released > written || written - released > shared.capacity() || written > u64::MAX / 2 {
            return Err(RingError::Corrupt { what: "positions out of order" });
        }
        if !written.is_multiple_of(WORD) || !released.is_multiple_of(WORD) {
            return Err(RingError::Corrupt { what: "positions between words" });
        }
        Ok(Self { shared, written, released })
    }

    /// Writes one record and publishes it. The reader sees all of it or nothing.
    ///
    /// # Errors
    /// - [`RingError::Full`]: nothing was written; the reader is behind.
    /// - [`RingError::TooLong`]: nothing was written; longer than [`super::RECORD_BYTES_MAX`].
    /// - [`RingError::Corrupt`]: drop the ring.
    pub fn push(&mut self, record: &[u8]) -> Result<Pushed, RingError> {
        if record.len() > RECORD_BYTES_MAX {
            return Err(RingError::TooLong { bytes: record.len() });
        }
        let wanted_bytes = footprint(record.len());
        let free_bytes = self.free()?;
        if wanted_bytes > free_bytes {
            return Err(RingError::Full { wanted_bytes, free_bytes });
        }
        let mut at = self.written;
        self.shared.word(at).store(record.len() as u64, Ordering::Relaxed);
        for chunk in record.chunks(8) {
            at += WORD;
            let mut word = [0; 8];
            word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
            self.shared.word(at).store(u64::from_ne_bytes(word), Ordering::Relaxed);
        }
        self.written += wanted_bytes;
        // Publishes the record: whoever sees this position sees all words stored before it.
        self.shared.written().store(self.written, Ordering::Release);
        // Before asking whether the reader sleeps: it says so first and then looks for records, so one of us notices.
        fence(Ordering::SeqCst);
        let doorbell = match self.shared.sleeping().load(Ordering::Relaxed) {
            0 => Doorbell::NotNeeded,
            _ => {
                self.shared.sleeping().store(0, Ordering::Relaxed);
                Doorbell::Ring
            }
        };
        Ok(Pushed { doorbell, end: Position(self.written) })
    }

    /// How far the reader has released, which is how far records are durable.
    ///
    /// # Errors
    /// [`RingError::Corrupt`]: drop the ring.
    pub fn released(&mut self) -> Result<Position, RingError> {
        let released = self.shared.released().load(Ordering::Acquire);
        if released < self.released || released > self.written || !released.is_multiple_of(WORD) {
            return Err(RingError::Corrupt { what: "released what was not written" });
        }
        self.released = released;
        Ok(Position(released))
    }

    /// Bytes free for records, each of which takes its length rounded up to eight, and eight more.
    ///
    /// # Errors
    /// [`RingError::Corrupt`]: drop the ring.
    pub fn free(&mut self) -> Result<u64, RingError> {
        let released = self.released()?;
        let used = self.written - released.0;
        self.shared
            .capacity()
            .checked_sub(used)
            .ok_or(RingError::Corrupt { what: "more in use than there is" })
    }
}
