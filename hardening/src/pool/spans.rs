//! The tables of a pool: what each span is, and which of its blocks are free.
//!
//! Kept in ordinary memory: they hold no secret, and a stray write to a freed block cannot reach them.
//! All fields are atomics, so that the tables can be shared; the order of things comes from the locks. A span's
//! block map belongs to the holder of its bin's lock, changes between free and used to the holder of `search`.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::corrupt;
use crate::MemoryError;
use crate::region::REGION_ALIGN;

/// Bytes of one span.
pub(super) const SPAN_BYTES: usize = REGION_ALIGN;
/// The smallest block is 16 bytes, so a span has at most this many blocks in 64-bit words.
const MAP_WORDS: usize = SPAN_BYTES / 16 / 64;

/// What a span is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody uses it; all zeros.
    Free,
    /// Not the first span of a run.
    Inside,
    /// The first of `spans` spans that were handed out together.
    Run { spans: usize },
    /// Cut into blocks of one class, belonging to one shard.
    Blocks { class: usize, shard: usize },
}

const INSIDE: u32 = 1;
const RUN: u32 = 1 << 31;
const BLOCKS: u32 = 1 << 30;
/// In `next` and `previous`: no span.
const NONE: u32 = u32::MAX;

#[repr(C)]
struct Span {
    map: [AtomicU64; MAP_WORDS],
    free: AtomicU32,
    next: AtomicU32,
    previous: AtomicU32,
}

pub(super) struct Spans {
    kinds: &'static [AtomicU32],
    spans: &'static [Span],
    /// No span below this one is free.
    search: Mutex<usize>,
}

impl Spans {
    pub(super) fn for_region(bytes: usize) -> Result<Self, MemoryError> {
        let count = bytes / SPAN_BYTES;
        if count == 0 || u32::try_from(count).map_or(true, |c| c >= BLOCKS) {
            return Err(MemoryError::Unservable { wanted_bytes: bytes, align: SPAN_BYTES });
        }
        Ok(Self { kinds: zeroed_table(count)?, spans: zeroed_table(count)?, search: Mutex::new(0) })
    }

    pub(super) fn count(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn count_free(&self) -> usize {
        (0..self.count()).filter(|span| self.kind(*span) == Kind::Free).count()
    }

    pub(super) fn kind(&self, span: usize) -> Kind {
        let raw = self.raw_kind(span).load(Ordering::Acquire);
        match raw {
            0 => Kind::Free,
            INSIDE => Kind::Inside,
            run if run & RUN != 0 => Kind::Run { spans: (run & !RUN) as usize },
            blocks => Kind::Blocks { class: (blocks & 0xff) as usize, shard: (blocks >> 8 & 0xff) as usize },
        }
    }

    /// Takes the first `wanted` free spans that lie side by side.
    pub(super) fn take_run(&self, wanted: usize) -> Option<usize> {
        let mut lowest = self.search.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut at, mut start, mut first_free) = (*lowest, *lowest, None);
        while at < self.count() {
            match self.kind(at) {
                Kind::Free => {
                    first_free = first_free.or(Some(at));
                    at += 1;
                    if at - start == wanted {
                        for span in start..at {
                            self.set(span, INSIDE);
                        }
                        self.set(start, RUN | u32::try_from(wanted).ok()?);
                        *lowest = if first_free == Some(start) { at } else { first_free.unwrap_or(at) };
                        return Some(start);
                    }
                }
                Kind::Run { spans } => {
                    at += spans;
                    start = at;
                }
                Kind::Inside | Kind::Blocks { .. } => {
                    at += 1;
                    start = at;
                }
            }
        }
        *lowest = first_free.unwrap_or(self.count());
        None
    }

    /// Gives a run of wiped spans back. Neighbours grow together by themselves: free is free.
    pub(super) fn give_run(&self, first: usize, spans: usize) {
        let mut lowest = self.search.lock().unwrap_or_else(PoisonError::into_inner);
        for span in first..first + spans {
            self.set(span, 0);
        }
        *lowest = first.min(*lowest);
    }

    /// Turns a run of one span into `blocks` free blocks.
    pub(super) fn cut(&self, span: usize, kind: Kind, blocks: usize) {
        let entry = self.entry(span);
        for (index, word) in entry.map.iter().enumerate() {
            let bits = blocks.saturating_sub(index * 64).min(64);
            word.store(if bits == 64 { u64::MAX } else { (1 << bits) - 1 }, Ordering::Relaxed);
        }
        entry.free.store(u32::try_from(blocks).unwrap_or_else(|_| corrupt()), Ordering::Relaxed);
        let Kind::Blocks { class, shard } = kind else { corrupt() };
        let raw = u32::try_from(shard << 8 | class).unwrap_or_else(|_| corrupt());
        self.set(span, BLOCKS | raw);
    }

    /// Takes the first free block of a span.
    pub(super) fn take_block(&self, span: usize) -> Option<usize> {
        let entry = self.entry(span);
        for (index, word) in entry.map.iter().enumerate() {
            let bits = word.load(Ordering::Relaxed);
            if bits != 0 {
                word.store(bits & (bits - 1), Ordering::Relaxed);
                entry.free.store(entry.free.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Relaxed);
                return Some(index * 64 + bits.trailing_zeros() as usize);
            }
        }
        None
    }

    /// Gives a block back; `false` if it was free already.
    pub(super) fn give_block(&self, span: usize, block: usize) -> bool {
        let entry = self.entry(span);
        let Some(word) = entry.map.get(block / 64) else { return false };
        let bits = word.load(Ordering::Relaxed);
        let bit = 1_u64 << (block % 64);
        word.store(bits | bit, Ordering::Relaxed);
        entry.free.store(entry.free.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        bits & bit == 0
    }

    pub(super) fn free_blocks(&self, span: usize) -> usize {
        self.entry(span).free.load(Ordering::Relaxed) as usize
    }

    pub(super) fn has_next(&self, span: usize) -> bool {
        self.entry(span).next.load(Ordering::Relaxed) != NONE
    }

    /// Puts a span first in a bin's list.
    pub(super) fn link(&self, head: &mut Option<u32>, span: usize) {
        let entry = self.entry(span);
        entry.previous.store(NONE, Ordering::Relaxed);
        entry.next.store(head.unwrap_or(NONE), Ordering::Relaxed);
        let this = u32::try_from(span).unwrap_or_else(|_| corrupt());
        if let Some(next) = *head {
            self.entry(next as usize).previous.store(this, Ordering::Relaxed);
        }
        *head = Some(this);
    }

    /// Takes a span out of a bin's list.
    pub(super) fn unlink(&self, head: &mut Option<u32>, span: usize) {
        let entry = self.entry(span);
        let (next, previous) = (entry.next.load(Ordering::Relaxed), entry.previous.load(Ordering::Relaxed));
        if next != NONE {
            self.entry(next as usize).previous.store(previous, Ordering::Relaxed);
        }
        match previous {
            NONE => *head = (next != NONE).then_some(next),
            previous => self.entry(previous as usize).next.store(next, Ordering::Relaxed),
        }
    }

    fn entry(&self, span: usize) -> &Span {
        self.spans.get(span).unwrap_or_else(|| corrupt())
    }

    fn raw_kind(&self, span: usize) -> &AtomicU32 {
        self.kinds.get(span).unwrap_or_else(|| corrupt())
    }

    fn set(&self, span: usize, raw: u32) {
        self.raw_kind(span).store(raw, Ordering::Release);
    }
}

/// Types for which all-zero bytes are a value.
trait Zeroed {}
impl Zeroed for AtomicU32 {}
impl Zeroed for Span {}

/// A table of zeros that lives as long as the process, taken from the kernel and not from a heap: the pool may be
/// that heap.
fn zeroed_table<T: Zeroed + Sync>(count: usize) -> Result<&'static [T], MemoryError> {
    let bytes = size_of::<T>() * count;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: address null and no MAP_FIXED: the kernel picks a free range, no mapping of ours is replaced.
    let at =
        unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return Err(MemoryError::Kernel { step: "mmap of tables", source: io::Error::last_os_error() });
    }
    // SAFETY: the mapping holds `count` values of T, is page-aligned, never unmapped, known to nobody else, and
    // all-zero bytes are a value of T (`Zeroed`).
    Ok(unsafe { std::slice::from_raw_parts(at.cast::<T>(), count) })
}
