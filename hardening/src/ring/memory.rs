//! The shared memory of a ring: how it is made, sealed, mapped and laid out.
//!
//! A head of one page, then the records. Everything is 64-bit words, read and written as atomics, so that whatever
//! the other process does at the same time is at worst a wrong value, never undefined.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, SealFlags};

use super::RingError;

/// The longest record.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;
/// The smallest ring: a few of the longest records.
pub const RING_BYTES_MIN: usize = 4 * RECORD_BYTES_MAX;
/// The largest ring; both sides map all of it.
pub const RING_BYTES_MAX: usize = 64 * 1024 * 1024;

const HEAD_BYTES: usize = 4096;
/// "HFRING" and a format version, so that two builds do not misread each other.
const MAGIC: u64 = u64::from_le_bytes(*b"HFRING\0\x01");
// Where the words of the head are; each on a cache line of its own.
const AT_MAGIC: usize = 0;
const AT_WRITTEN: usize = 8;
const AT_RELEASED: usize = 16;
const AT_SLEEPING: usize = 24;
/// Bytes of a word; every record begins at a multiple.
pub(super) const WORD: u64 = 8;

/// A mapped ring.
pub(super) struct Shared {
    base: NonNull<AtomicU64>,
    record_words: usize,
}

// SAFETY: the mapping is reached through atomics only and unmapped only on drop.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// Makes the memory: its size is fixed for ever, all of it is there, it cannot become executable.
    pub(super) fn create(bytes: usize) -> Result<(Self, OwnedFd), RingError> {
        let bytes = bytes.next_multiple_of(HEAD_BYTES);
        if !(RING_BYTES_MIN..=RING_BYTES_MAX).contains(&bytes) {
            return Err(RingError::NotARing { what: "size out of bounds" });
        }
        let kernel = |step| move |errno: rustix::io::Errno| RingError::Kernel { step, source: errno.into() };
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING | MemfdFlags::NOEXEC_SEAL;
        let memory = rustix::fs::memfd_create("ring", flags).map_err(kernel("memfd_create"))?;
        let whole = (HEAD_BYTES + bytes) as u64;
        rustix::fs::ftruncate(&memory, whole).map_err(kernel("ftruncate"))?;
        rustix::fs::fallocate(&memory, rustix::fs::FallocateFlags::empty(), 0, whole)
            .map_err(kernel("fallocate"))?;
        rustix::fs::fcntl_add_seals(&memory, SEALS).map_err(kernel("F_ADD_SEALS"))?;
        let shared = Self::map(&memory, bytes)?;
        shared.head(AT_MAGIC).store(MAGIC, Ordering::Release);
        Ok((shared, memory))
    }

    /// Maps memory that somebody else made, after checking that it can never shrink beneath us.
    pub(super) fn attach(memory: impl AsFd) -> Result<Self, RingError> {
        let seals =
            rustix::fs::fcntl_get_seals(&memory).map_err(|_| RingError::NotARing { what: "no seals" })?;
        if !seals.contains(SEALS) {
            return Err(RingError::NotARing { what: "not sealed against change of size" });
        }
        let status = rustix::fs::fstat(&memory)
            .map_err(|errno| RingError::Kernel { step: "fstat", source: errno.into() })?;
        let bytes = usize::try_from(status.st_size).ok().and_then(|whole| whole.checked_sub(HEAD_BYTES));
        let bytes = bytes
            .filter(|b| (RING_BYTES_MIN..=RING_BYTES_MAX).contains(b) && b.is_multiple_of(HEAD_BYTES))
            .ok_or(RingError::NotARing { what: "size out of bounds" })?;
        let shared = Self::map(&memory, bytes)?;
        match shared.head(AT_MAGIC).load(Ordering::Acquire) {
            MAGIC => Ok(shared),
            _ => Err(RingError::NotARing { what: "another format" }),
        }
    }

    fn map(memory: impl AsFd, bytes: usize) -> Result<Self, RingError> {
        let (protection, descriptor) = (libc::PROT_READ | libc::PROT_WRITE, memory.as_fd().as_raw_fd());
        // SAFETY: address null and no MAP_FIXED: the kernel picks a free range, no mapping of ours is replaced.
        let at = unsafe {
            libc::mmap(std::ptr::null_mut(), HEAD_BYTES + bytes, protection, libc::MAP_SHARED, descriptor, 0)
        };
        let base = NonNull::new(at.cast::<AtomicU64>()).filter(|_| at != libc::MAP_FAILED);
        let base =
            base.ok_or_else(|| RingError::Kernel { step: "mmap", source: io::Error::last_os_error() })?;
        Ok(Self { base, record_words: bytes / 8 })
    }

    /// Bytes for records.
    pub(super) fn capacity(&self) -> u64 {
        self.record_words as u64 * WORD
    }

    /// How far the writer came.
    pub(super) fn written(&self) -> &AtomicU64 {
        self.head(AT_WRITTEN)
    }

    /// How far the reader gave room back.
    pub(super) fn released(&self) -> &AtomicU64 {
        self.head(AT_RELEASED)
    }

    /// Not zero: the reader sleeps and wants a bell.
    pub(super) fn sleeping(&self) -> &AtomicU64 {
        self.head(AT_SLEEPING)
    }

    /// The word that holds the bytes at a position, whatever the position: it is taken modulo the capacity.
    pub(super) fn word(&self, position: u64) -> &AtomicU64 {
        let records = self.words().get(HEAD_BYTES / 8..).unwrap_or(&[]);
        let index = (position / WORD) % self.record_words as u64;
        // `index` is below record_words, and `records` holds exactly that many; the head is never reached.
        usize::try_from(index).ok().and_then(|i| records.get(i)).unwrap_or_else(|| self.head(AT_MAGIC))
    }

    fn head(&self, index: usize) -> &AtomicU64 {
        // SAFETY: index is one of the constants above, below 512 words of the mapped head page.
        let at = unsafe { self.base.add(index) };
        // SAFETY: mapped for as long as self lives, aligned (page base plus whole words), and only used as atomics.
        unsafe { at.as_ref() }
    }

    fn words(&self) -> &[AtomicU64] {
        let count = HEAD_BYTES / 8 + self.record_words;
        // SAFETY: `count` words are mapped for as long as self lives (the size is sealed), aligned, and every bit
        // pattern is a value of AtomicU64, whatever the other process stores at the same time.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), count) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let bytes = HEAD_BYTES + self.record_words * 8;
        // SAFETY: exactly the mapping made in `map`; references into it cannot outlive self.
        unsafe { libc::munmap(self.base.as_ptr().cast(), bytes) };
    }
}

const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

/// How many bytes a record of this length takes: a word for its length, then whole words.
pub(super) fn footprint(record_bytes: usize) -> u64 {
    WORD + (record_bytes as u64).next_multiple_of(WORD)
}
