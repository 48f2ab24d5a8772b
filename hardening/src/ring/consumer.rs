//! The reading side of a ring.

use std::os::fd::AsFd;
use std::sync::atomic::{Ordering, fence};

use super::memory::{RECORD_BYTES_MAX, Shared, WORD, footprint};
use super::{Position, RingError};

/// Reads records from a ring, and gives their room back when told. There must be one reader at a time.
pub struct RingConsumer {
    shared: Shared,
    released: u64,
    /// The last position the writer published that made sense; it never goes back.
    written: u64,
}

impl RingConsumer {
    /// The reading side of a ring, beginning with the first record that was not released.
    ///
    /// # Errors
    /// [`RingError::NotARing`], [`RingError::Corrupt`]: do not use it.
    pub fn attach(memory: impl AsFd) -> Result<Self, RingError> {
        let shared = Shared::attach(memory)?;
        let released = shared.released().load(Ordering::Acquire);
        if !released.is_multiple_of(WORD) || released > u64::MAX / 2 {
            return Err(RingError::Corrupt { what: "positions between words" });
        }
        let mut consumer = Self { shared, released, written: released };
        consumer.look()?;
        Ok(consumer)
    }

    /// Where the first record that was not released begins.
    #[must_use]
    pub fn released(&self) -> Position {
        Position(self.released)
    }

    /// Copies the record at `from` into `record` (whose old content goes) and returns where the next one begins;
    /// `None`: nothing there yet. Nothing is released.
    ///
    /// `from` is [`RingConsumer::released`] or what an earlier `peek` returned.
    ///
    /// # Errors
    /// - [`RingError::NotAPosition`]: before what is released, or beyond what is written.
    /// - [`RingError::Corrupt`]: drop the ring.
    pub fn peek(&mut self, from: Position, record: &mut Vec<u8>) -> Result<Option<Position>, RingError> {
        record.clear();
        if from.0 == self.written && self.look()? == from {
            return Ok(None);
        }
        if from.0 < self.released || from.0 >= self.written || !from.0.is_multiple_of(WORD) {
            return Err(RingError::NotAPosition);
        }
        // Read once: the writer may change it under us, and only this copy is judged and used.
        let bytes = self.shared.word(from.0).load(Ordering::Relaxed);
        let bytes = usize::try_from(bytes).ok().filter(|bytes| *bytes <= RECORD_BYTES_MAX);
        let bytes = bytes.ok_or(RingError::Corrupt { what: "record too long" })?;
        let end = from.0 + footprint(bytes);
        if end > self.written {
            return Err(RingError::Corrupt { what: "record longer than what was written" });
        }
        let mut at = from.0;
        while record.len() < bytes {
            at += WORD;
            let word = self.shared.word(at).load(Ordering::Relaxed).to_ne_bytes();
            let wanted = (bytes - record.len()).min(word.len());
            record.extend(word.iter().take(wanted));
        }
        Ok(Some(Position(end)))
    }

    /// Gives back the room of all records before `position`. Do it when they are durable: they cannot be read again.
    ///
    /// # Errors
    /// [`RingError::NotAPosition`]: before what is released, or beyond what was read.
    pub fn release_to(&mut self, position: Position) -> Result<(), RingError> {
        if position.0 < self.released || position.0 > self.written || !position.0.is_multiple_of(WORD) {
            return Err(RingError::NotAPosition);
        }
        self.released = position.0;
        // Everything read before this store happens before the writer uses the room again.
        self.shared.released().store(position.0, Ordering::Release);
        Ok(())
    }

    /// Says that this side is going to sleep, having read to `position`. `true`: sleep until the bell rings; `false`:
    /// something came meanwhile, look again.
    ///
    /// # Errors
    /// [`RingError::Corrupt`]: drop the ring.
    pub fn may_sleep(&mut self, position: Position) -> Result<bool, RingError> {
        self.shared.sleeping().store(1, Ordering::Relaxed);
        // Say it first, then look: the writer publishes first and then asks, so one of us notices.
        fence(Ordering::SeqCst);
        if self.look()? == position {
            return Ok(true);
        }
        self.awake();
        Ok(false)
    }

    /// Says that this side is awake, for instance because its sleep timed out.
    pub fn awake(&mut self) {
        self.shared.sleeping().store(0, Ordering::Relaxed);
    }

    /// How far the writer came.
    fn look(&mut self) -> Result<Position, RingError> {
        let written = self.shared.written().load(Ordering::Acquire);
        let sane = written >= self.written
            && written - self.released <= self.shared.capacity()
            && written.is_multiple_of(WORD)
            && written <= u64::MAX / 2;
        if !sane {
            return Err(RingError::Corrupt { what: "wrote where there is no room" });
        }
        self.written = written;
        Ok(Position(written))
    }
}
