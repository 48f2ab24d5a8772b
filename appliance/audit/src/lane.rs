//! One lane of `core`: its ring, how far that is on disk, and what waits for the disk.

use crate::format::{RingId, Source};
use crate::log::Log;
use hardening::ring::{Position, RingConsumer, RingError};
use holdfast_model::LaneIndex;
use holdfast_ports::envelope::Correlation;
use rustix::fs::{AtFlags, StatxFlags};
use std::os::fd::{AsFd, OwnedFd};

/// Why a ring cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingRefused {
    /// Not a ring, or nonsense in it.
    #[error("the ring cannot be used")]
    Ring(#[from] RingError),
    /// The kernel does not tell when the memory was made (Linux before 5.18): it could not be told from another.
    #[error("the ring cannot be told from another")]
    NoIdentity,
    /// The log holds more of this ring than the ring does.
    #[error("the ring and the log disagree")]
    NotTheLogs,
}

/// A lane.
pub struct Lane {
    pub(crate) index: LaneIndex,
    /// Rings to be read; the last one is in use, those before it belonged to earlier cores and are read to their end.
    rings: Vec<Ring>,
    /// Flushes that are not answered yet.
    pub(crate) waiting: Vec<(Correlation, u64)>,
}

struct Ring {
    consumer: RingConsumer,
    id: RingId,
    read: Position,
}

impl Lane {
    /// A lane with this ring, going on after the last record that the log has of it.
    ///
    /// # Errors
    /// [`RingRefused`].
    pub fn new(index: LaneIndex, memory: OwnedFd, log: &Log) -> Result<Self, RingRefused> {
        Ok(Self { index, rings: vec![Ring::attach(index, &memory, log)?], waiting: Vec::new() })
    }

    /// Takes another ring into use; what is in the present one is read first. The same ring again changes nothing.
    ///
    /// # Errors
    /// [`RingRefused`]; the present one stays.
    pub fn rewire(&mut self, memory: OwnedFd, log: &Log) -> Result<(), RingRefused> {
        let id = identity(&memory)?;
        if self.rings.last().is_none_or(|ring| ring.id != id) {
            self.rings.push(Ring::attach(self.index, &memory, log)?);
        }
        Ok(())
    }

    /// Stages records until there are no more or the group is this large. Gives a ring up that holds nonsense; `false`
    /// says that this has happened.
    pub(crate) fn stage(&mut self, log: &mut Log, group_bytes_max: usize, record: &mut Vec<u8>) -> bool {
        let mut sound = true;
        let index = self.index;
        self.rings.retain_mut(|ring| {
            while log.staged_bytes() < group_bytes_max {
                match ring.consumer.peek(ring.read, record) {
                    Ok(Some(end)) => {
                        log.stage(Source { lane: index, ring: ring.id, end: end.bytes() }, record);
                        ring.read = end;
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::error!(lane = index.0, reason = %error, "audit-ring-given-up");
                        sound = false;
                        return false;
                    }
                }
            }
            true
        });
        sound
    }

    /// The group is on disk: gives the room back, and drops rings of the past that are empty now.
    pub(crate) fn release(&mut self) {
        for ring in &mut self.rings {
            // Only what was peeked is released, so this does not fail.
            drop(ring.consumer.release_to(ring.read));
        }
        while self.rings.len() > 1
            && self.rings.first_mut().is_some_and(|ring| ring.consumer.may_sleep(ring.read).unwrap_or(true))
        {
            self.rings.remove(0);
        }
    }

    /// The group did not get to disk: its records are to be read again.
    pub(crate) fn rewind(&mut self) {
        for ring in &mut self.rings {
            ring.read = ring.consumer.released();
        }
    }

    /// How far the ring in use is on disk. `None` when the ring was given up.
    pub(crate) fn durable(&self) -> Option<u64> {
        self.rings.last().map(|ring| ring.consumer.released().bytes())
    }

    /// Says that nobody looks for a while; `false` when there is something to be read already.
    pub(crate) fn may_sleep(&mut self) -> bool {
        // A ring with nonsense is found out by reading it.
        self.rings.iter_mut().all(|ring| ring.consumer.may_sleep(ring.read).unwrap_or(false))
    }

    /// Says that somebody looks.
    pub(crate) fn awake(&mut self) {
        self.rings.iter_mut().for_each(|ring| ring.consumer.awake());
    }
}

impl Ring {
    fn attach(lane: LaneIndex, memory: &OwnedFd, log: &Log) -> Result<Self, RingRefused> {
        let id = identity(memory)?;
        let mut consumer = RingConsumer::attach(memory)?;
        let mut read = consumer.released();
        let written = log.written_of(lane, id).unwrap_or(0);
        let mut record = Vec::new();
        while read.bytes() < written {
            read = consumer.peek(read, &mut record)?.ok_or(RingRefused::NotTheLogs)?;
        }
        consumer.release_to(read)?;
        Ok(Self { consumer, id, read })
    }
}

fn identity(memory: &impl AsFd) -> Result<RingId, RingRefused> {
    let status = rustix::fs::statx(memory, c"", AtFlags::EMPTY_PATH, StatxFlags::INO | StatxFlags::BTIME)
        .map_err(|_| RingRefused::NoIdentity)?;
    let told = StatxFlags::from_bits_retain(status.stx_mask);
    if !told.contains(StatxFlags::BTIME | StatxFlags::INO) {
        return Err(RingRefused::NoIdentity);
    }
    let seconds = u64::try_from(status.stx_btime.tv_sec).map_err(|_| RingRefused::NoIdentity)?;
    let born_ns = seconds.saturating_mul(1_000_000_000).saturating_add(status.stx_btime.tv_nsec.into());
    Ok(RingId { inode: status.stx_ino, born_ns })
}
