//! Hands out zeroed blocks of one region, and wipes them when they come back.
//!
//! Separate from `arena` and `heap`, which are the same allocator for two purposes.
//! A region is cut into spans of 16 KiB. A span is free, cut into equal blocks, or part of a run of whole spans.
//! What is free is kept in tables outside the region, never inside freed blocks: a write after free corrupts no
//! list, a second free is noticed, and a free block is always all zeros.
//! A broken invariant (a pointer that was never handed out, a second free) ends the process at once.

mod class;
mod spans;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::class::{CLASS_BYTES, class_for};
use self::spans::{Kind, SPAN_BYTES, Spans};
use crate::MemoryError;
use crate::region::{Region, wipe};

/// Threads are spread over this many sets of bins, so that two lanes rarely want the same lock.
const SHARDS: usize = 4;

/// One size class of one shard: the spans of that class which still have a free block.
#[repr(align(64))] // One cache line each: neighbours' locks do not slow each other down.
struct Bin {
    lock: Mutex<Option<u32>>,
}

/// An allocator over one [`Region`].
pub(crate) struct Pool {
    region: Region,
    spans: Spans,
    bins: [[Bin; CLASS_BYTES.len()]; SHARDS],
    wiped: AtomicBool,
}

impl Pool {
    /// Makes a pool over a region. Its tables live outside the region.
    pub(crate) fn over(region: Region) -> Result<Self, MemoryError> {
        let spans = Spans::for_region(region.bytes())?;
        let bins = [(); SHARDS].map(|()| [(); CLASS_BYTES.len()].map(|()| Bin { lock: Mutex::new(None) }));
        Ok(Self { region, spans, bins, wiped: AtomicBool::new(false) })
    }

    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    pub(crate) fn is_wiped(&self) -> bool {
        self.wiped.load(Ordering::Relaxed)
    }

    /// Bytes in spans that nobody uses. Blocks inside used spans may be free as well.
    pub(crate) fn free_span_bytes(&self) -> usize {
        self.spans.count_free() * SPAN_BYTES
    }

    /// Takes a zeroed block of at least `bytes`, aligned to `align` (a power of two, at most one span).
    ///
    /// `None`: no room, or wiped, or an alignment that is never served. Nothing grows.
    pub(crate) fn allocate(&self, bytes: usize, align: usize) -> Option<NonNull<u8>> {
        if self.is_wiped() {
            return None;
        }
        let found = self.find(bytes.max(1), align);
        let offset = match found {
            Some(offset) => offset,
            None if self.reclaim_kept_spans() => self.find(bytes.max(1), align)?,
            None => return None,
        };
        NonNull::new(self.region.base().as_ptr().wrapping_add(offset))
    }

    /// Wipes a block and takes it back.
    ///
    /// # Safety
    /// `block` came from [`Pool::allocate`] of this pool, was not given back since, and nobody uses it any more.
    pub(crate) unsafe fn release(&self, block: NonNull<u8>) {
        let (span, kind) = self.span_of(block);
        match kind {
            Kind::Run { spans } => {
                // SAFETY: the tables say that this run starts here and is this long; the caller gave it up.
                unsafe { wipe(block.as_ptr(), spans * SPAN_BYTES) };
                self.spans.give_run(span, spans);
            }
            Kind::Blocks { class, shard } => {
                let size = class_bytes(class);
                // SAFETY: the tables say that this span holds blocks of this size; the caller gave this one up.
                unsafe { wipe(block.as_ptr(), size) };
                let within = self.offset_of(block) % SPAN_BYTES;
                if !within.is_multiple_of(size) {
                    corrupt();
                }
                self.release_small(span, within / size, class, shard);
            }
            Kind::Free | Kind::Inside => corrupt(),
        }
    }

    /// How many bytes the block at `block` may hold: what was asked for, rounded up.
    pub(crate) fn usable_bytes(&self, block: NonNull<u8>) -> usize {
        match self.span_of(block).1 {
            Kind::Run { spans } => spans * SPAN_BYTES,
            Kind::Blocks { class, .. } => class_bytes(class),
            Kind::Free | Kind::Inside => corrupt(),
        }
    }

    /// Overwrites everything that is in use, and hands out nothing from here on. Safe to call in a signal handler:
    /// it takes no lock and allocates nothing. The process must end after it: its data structures are gone.
    pub(crate) fn wipe_all(&self) {
        self.wiped.store(true, Ordering::SeqCst);
        for span in 0..self.spans.count() {
            if self.spans.kind(span) != Kind::Free {
                let at = self.region.base().as_ptr().wrapping_add(span * SPAN_BYTES);
                // SAFETY: span < count, so the range is inside the region; by contract nobody relies on it now.
                unsafe { wipe(at, SPAN_BYTES) };
            }
        }
    }

    fn find(&self, bytes: usize, align: usize) -> Option<usize> {
        match class_for(bytes, align) {
            Some(class) => self.allocate_small(class),
            None if align <= SPAN_BYTES => {
                Some(self.spans.take_run(bytes.div_ceil(SPAN_BYTES))? * SPAN_BYTES)
            }
            None => None,
        }
    }

    /// A bin keeps its last span even when it is empty, so that taking and giving back one block costs little. When
    /// room is short, those are given back as well. Whether any was.
    fn reclaim_kept_spans(&self) -> bool {
        let mut any = false;
        for (shard, class) in
            (0..SHARDS).flat_map(|shard| (0..CLASS_BYTES.len()).map(move |class| (shard, class)))
        {
            let mut head = self.bin(shard, class);
            let Some(span) = head.map(|span| span as usize) else { continue };
            if self.spans.free_blocks(span) == SPAN_BYTES / class_bytes(class) {
                self.spans.unlink(&mut head, span);
                self.spans.give_run(span, 1);
                any = true;
            }
        }
        any
    }

    fn allocate_small(&self, class: usize) -> Option<usize> {
        let home = shard_of_this_thread();
        self.allocate_in(home, class, true).or_else(|| {
            // No free span is left: use what other shards have half full.
            (0..SHARDS).filter(|shard| *shard != home).find_map(|shard| self.allocate_in(shard, class, false))
        })
    }

    fn allocate_in(&self, shard: usize, class: usize, may_open_span: bool) -> Option<usize> {
        let size = class_bytes(class);
        let mut head = self.bin(shard, class);
        let span = match *head {
            Some(span) => span as usize,
            None if may_open_span => {
                let span = self.spans.take_run(1)?;
                self.spans.cut(span, Kind::Blocks { class, shard }, SPAN_BYTES / size);
                self.spans.link(&mut head, span);
                span
            }
            None => return None,
        };
        let block = self.spans.take_block(span).unwrap_or_else(|| corrupt());
        if self.spans.free_blocks(span) == 0 {
            self.spans.unlink(&mut head, span);
        }
        Some(span * SPAN_BYTES + block * size)
    }

    fn release_small(&self, span: usize, block: usize, class: usize, shard: usize) {
        let mut head = self.bin(shard, class);
        if !self.spans.give_block(span, block) {
            corrupt();
        }
        let free = self.spans.free_blocks(span);
        if free == 1 {
            self.spans.link(&mut head, span);
        }
        let lonely = *head == u32::try_from(span).ok() && !self.spans.has_next(span);
        if free == SPAN_BYTES / class_bytes(class) && !lonely {
            self.spans.unlink(&mut head, span);
            self.spans.give_run(span, 1);
        }
    }

    fn bin(&self, shard: usize, class: usize) -> MutexGuard<'_, Option<u32>> {
        match self.bins.get(shard).and_then(|bins| bins.get(class)) {
            Some(bin) => bin.lock.lock().unwrap_or_else(PoisonError::into_inner),
            None => corrupt(),
        }
    }

    fn offset_of(&self, block: NonNull<u8>) -> usize {
        if !self.region.contains(block.as_ptr()) {
            corrupt();
        }
        block.as_ptr().addr() - self.region.base().as_ptr().addr()
    }

    fn span_of(&self, block: NonNull<u8>) -> (usize, Kind) {
        let span = self.offset_of(block) / SPAN_BYTES;
        (span, self.spans.kind(span))
    }
}

fn class_bytes(class: usize) -> usize {
    match CLASS_BYTES.get(class) {
        Some(bytes) => *bytes as usize,
        None => corrupt(),
    }
}

fn shard_of_this_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        // Const and without a destructor: using it allocates nothing, even while a thread ends.
        static SHARD: Cell<Option<u8>> = const { Cell::new(None) };
    }
    SHARD.with(|shard| match shard.get() {
        Some(shard) => usize::from(shard),
        None => {
            let chosen = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            shard.set(u8::try_from(chosen).ok());
            chosen
        }
    })
}

/// The tables contradict the program. Going on would hand somebody's secret to somebody else.
fn corrupt() -> ! {
    std::process::abort()
}
