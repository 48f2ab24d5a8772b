//! A record ring in memory shared by two processes that do not trust each other: one writes, one reads.
//!
//! Separate from sockets because a record put here survives the death of its writer at once, without a system call:
//! `core` audits a use of a key this way before it answers.
//! Each side keeps its own position for itself and treats everything that the other side can write as hostile: it is
//! checked, copied out word by word, and never used as an index unchecked. A side that finds nonsense gets
//! [`RingError::Corrupt`] and must drop the ring.
//!
//! Positions count bytes from the ring's beginning and never go back, so that whoever restarts goes on where the ring
//! stands. The writer publishes a record with one store after all its bytes: killed in the middle, it leaves nothing.
//! The reader frees room only when it says so, which is when the records are durable.
//! Rules: memfd_create(2), F_ADD_SEALS in fcntl(2).

mod consumer;
mod memory;
mod producer;
#[cfg(test)]
mod tests;

pub use consumer::RingConsumer;
pub use memory::{RECORD_BYTES_MAX, RING_BYTES_MAX, RING_BYTES_MIN};
pub use producer::{Doorbell, Pushed, RingProducer};

/// A place in the ring: how many bytes were ever written before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// The count of bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// Why the ring did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// The reader is behind: no room for this record. Nothing was written; refuse the request or wait.
    #[error("the ring is full: {wanted_bytes} bytes wanted, {free_bytes} free")]
    Full {
        /// What the record takes.
        wanted_bytes: u64,
        /// What is free.
        free_bytes: u64,
    },
    /// The record is longer than any record may be.
    #[error("a record of {bytes} bytes is too long for this ring")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The other side wrote nonsense. Drop the ring and the other side with it.
    #[error("the other side of the ring wrote nonsense: {what}")]
    Corrupt {
        /// What was wrong.
        what: &'static str,
    },
    /// The caller named a position that it cannot have.
    #[error("this position was not read, or is released already")]
    NotAPosition,
    /// The descriptor is not a ring: not sealed, or its size is out of bounds.
    #[error("the descriptor is not a ring: {what}")]
    NotARing {
        /// What was wrong.
        what: &'static str,
    },
    /// The kernel refused a step.
    #[error("the kernel refused {step}")]
    Kernel {
        /// The system call.
        step: &'static str,
        /// What the kernel said.
        #[source]
        source: std::io::Error,
    },
}
