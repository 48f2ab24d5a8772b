//! Puts the whole heap of a process into secret memory, Rust's and the C library's alike.
//!
//! Separate from `arena`, which holds secrets that are known to be secrets: this is for what crypto code leaves
//! behind without telling (key schedules, decoded requests, copies in a growing `Vec`).
//!
//! The program installs [`SecretHeap`] as its global allocator. Until [`enter_secret`] it passes everything on to the
//! system's; from then on it serves from a region of its own, wipes what is given back, and never falls back: when the
//! region is exhausted, allocation fails. What was allocated before is still given back to where it came from, told
//! apart by its address.
//! Mutexes and thread parking work in secret memory: std's futexes are private ones, which the kernel finds by address.
//! What does not work there: io_uring fixed buffers, O_DIRECT, vmsplice (EFAULT), and a forked child, which does not
//! have this memory at all: the process must not fork without exec.

mod clib;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::MemoryError;
use crate::pool::Pool;
use crate::region::{ArenaKind, Region, wipe};

/// Pauses of a thread that finds the heap wiped; some seconds.
const WAIT_FOR_END_TURNS: u32 = 100_000_000;

static HEAP: OnceLock<Pool> = OnceLock::new();
/// Is what goes back to the system's heap wiped first?
static WIPES_FREED: AtomicBool = AtomicBool::new(false);

/// The global allocator of a program that may enter secret memory.
///
/// ```
/// #[global_allocator]
/// static HEAP: hardening::heap::SecretHeap = hardening::heap::SecretHeap;
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SecretHeap;

/// From here on, every allocation of this process, Rust's and aws-lc's, comes from secret memory of `bytes` bytes.
///
/// Call it once, early: while this is the only thread, before aws-lc is used, and before anything secret is read. The
/// memory itself is taken when it is first used, or by [`warm`]. Returns what protects it.
///
/// # Errors
/// - [`MemoryError::AlreadyInstalled`]: entered before.
/// - [`MemoryError::NotSingleThreaded`]: too late.
/// - [`MemoryError::HeapNotInstalled`]: [`SecretHeap`] is not the global allocator of this program. End the process.
/// - [`MemoryError::ForeignHeap`]: somebody else has taken aws-lc's heap. End the process.
/// - [`MemoryError::LockLimit`], [`MemoryError::Kernel`], [`MemoryError::Unservable`]: no such memory here.
pub fn enter_secret(bytes: usize) -> Result<ArenaKind, MemoryError> {
    if let Some(heap) = HEAP.get() {
        return Err(MemoryError::AlreadyInstalled { installed_bytes: heap.region().bytes() });
    }
    match crate::process::is_single_threaded() {
        Ok(true) => {}
        Ok(false) => return Err(MemoryError::NotSingleThreaded),
        Err(error) => {
            return Err(MemoryError::Kernel { step: "unshare", source: std::io::Error::other(error) });
        }
    }
    let pool = Pool::over(Region::map(bytes)?)?;
    let heap = HEAP.get_or_init(|| pool);
    if !heap.region().contains(ptr::from_ref(&*Box::new(0_u64)).cast()) {
        return Err(MemoryError::HeapNotInstalled);
    }
    clib::take_over()?;
    Ok(heap.region().kind())
}

/// From here on, whatever this process gives back to the system's heap is wiped first, for good.
///
/// For processes through which secrets pass without staying (a TLS library frees its plaintext as it is): it costs them a
/// write over each block. In secret memory ([`enter_secret`]) this is so in any case.
pub fn wipe_what_is_freed() {
    WIPES_FREED.store(true, Ordering::Relaxed);
}

/// What protects the heap; `None`: it is the system's ordinary one.
#[must_use]
pub fn kind() -> Option<ArenaKind> {
    HEAP.get().map(|heap| heap.region().kind())
}

/// Has the kernel provide the first `bytes` bytes of the secret heap now; see [`crate::arena::Arena::warm`].
pub fn warm(bytes: usize) {
    if let Some(heap) = HEAP.get() {
        heap.region().touch(bytes);
    }
}

/// Bytes in spans of 16 KiB of the secret heap that hold nothing; `None`: not entered.
#[must_use]
pub fn free_bytes() -> Option<usize> {
    HEAP.get().map(Pool::free_span_bytes)
}

/// Overwrites the whole secret heap. Every data structure in it is gone: the process must end at once.
pub(crate) fn wipe_all() {
    if let Some(heap) = HEAP.get() {
        heap.wipe_all();
    }
}

/// The secret heap if it is there and `at` lies in it.
fn owner_of(at: *const u8) -> Option<&'static Pool> {
    HEAP.get().filter(|heap| heap.region().contains(at))
}

/// No block. Where the heap has been wiped, another thread is about to end the process: wait for that, for as long as
/// it can take, rather than fail in the middle with a message that means nothing.
fn refuse(heap: &Pool) -> *mut u8 {
    if heap.is_wiped() {
        for _ in 0..WAIT_FOR_END_TURNS {
            core::hint::spin_loop();
        }
    }
    ptr::null_mut()
}

// SAFETY: blocks come from one of two allocators that are each sound; an address in the region belongs to the pool and
// any other to the system's, so each goes back where it came from. Blocks hold at least the layout's size, at its
// alignment (the pool refuses what it cannot align). Nothing here unwinds or allocates.
unsafe impl GlobalAlloc for SecretHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match HEAP.get() {
            Some(heap) => {
                heap.allocate(layout.size(), layout.align()).map_or_else(|| refuse(heap), NonNull::as_ptr)
            }
            // SAFETY: passed on with the caller's promise.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match HEAP.get() {
            // Blocks of a pool are zeroed.
            Some(heap) => {
                heap.allocate(layout.size(), layout.align()).map_or_else(|| refuse(heap), NonNull::as_ptr)
            }
            // SAFETY: passed on with the caller's promise.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        if let (Some(heap), Some(block)) = (owner_of(at), NonNull::new(at)) {
            // SAFETY: the address is in the region, so the block came from this pool; the caller gives it up.
            return unsafe { heap.release(block) };
        }
        if HEAP.get().is_some() || WIPES_FREED.load(Ordering::Relaxed) {
            // SAFETY: the caller gives up layout.size() bytes at `at`.
            unsafe { wipe(at, layout.size()) };
        }
        // SAFETY: not in the region, so it came from System; passed on with the caller's promise.
        unsafe { System.dealloc(at, layout) };
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if HEAP.get().is_none() && !WIPES_FREED.load(Ordering::Relaxed) {
            // SAFETY: nothing is in a region yet; passed on with the caller's promise.
            return unsafe { System.realloc(at, layout, new_size) };
        }
        if let (Some(heap), Some(block)) = (owner_of(at), NonNull::new(at))
            && fits_in_place(heap.usable_bytes(block), new_size)
        {
            return at;
        }
        let Ok(new_layout) = Layout::from_size_align(new_size, layout.align()) else {
            return ptr::null_mut();
        };
        // SAFETY: new_size is not zero (the caller's promise).
        let moved = unsafe { self.alloc(new_layout) };
        if !moved.is_null() {
            let kept = layout.size().min(new_size);
            // SAFETY: both blocks hold at least `kept` bytes, and a fresh block overlaps no other.
            unsafe { ptr::copy_nonoverlapping(at, moved, kept) };
            // SAFETY: the caller gives the old block up with this layout.
            unsafe { self.dealloc(at, layout) };
        }
        moved
    }
}

/// Whether a block keeps its place: it is large enough, and not wastefully large.
fn fits_in_place(usable: usize, wanted: usize) -> bool {
    wanted <= usable && (wanted >= usable / 2 || usable <= 256)
}
