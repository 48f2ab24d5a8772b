//! Serves aws-lc's allocations from the secret heap.
//!
//! Separate from the Rust side because C neither tells how large a block is when it gives it back, nor takes no for
//! an answer well.
//! Uses `CRYPTO_set_mem_functions`, which aws-lc provides for this, once, before its first allocation. A block that
//! it allocated before is left alone when it is given back (its true size and start are aws-lc's secret), and cannot
//! be resized.
//! Rules: openssl/mem.h.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use super::{HEAP, fits_in_place, owner_of};
use crate::MemoryError;

/// C code expects malloc's alignment.
const ALIGN: usize = 16;

pub(super) fn take_over() -> Result<(), MemoryError> {
    // SAFETY: the three functions below keep malloc's, realloc's and free's contracts, and none calls into aws-lc or
    // waits for a lock that aws-lc could hold.
    let taken = unsafe { aws_lc_sys::CRYPTO_set_mem_functions(Some(allocate), Some(resize), Some(release)) };
    if taken == 1 { Ok(()) } else { Err(MemoryError::ForeignHeap) }
}

unsafe extern "C" fn allocate(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    let block = HEAP.get().and_then(|heap| heap.allocate(size, ALIGN));
    block.map_or(ptr::null_mut(), |block| block.as_ptr().cast())
}

unsafe extern "C" fn resize(old: *mut c_void, size: usize, file: *const c_char, line: c_int) -> *mut c_void {
    let Some(block) = NonNull::new(old.cast::<u8>()) else {
        // SAFETY: as malloc.
        return unsafe { allocate(size, file, line) };
    };
    let Some(heap) = owner_of(block.as_ptr()) else { return ptr::null_mut() };
    let usable = heap.usable_bytes(block);
    if fits_in_place(usable, size) {
        return old;
    }
    let Some(moved) = heap.allocate(size, ALIGN) else { return ptr::null_mut() };
    // SAFETY: both blocks hold at least this many bytes, and a fresh block overlaps no other.
    unsafe { ptr::copy_nonoverlapping(block.as_ptr(), moved.as_ptr(), usable.min(size)) };
    // SAFETY: the block is this pool's, and realloc's caller gives it up.
    unsafe { heap.release(block) };
    moved.as_ptr().cast()
}

unsafe extern "C" fn release(old: *mut c_void, _file: *const c_char, _line: c_int) {
    if let (Some(heap), Some(block)) = (owner_of(old.cast()), NonNull::new(old.cast::<u8>())) {
        // SAFETY: the block is this pool's, and free's caller gives it up.
        unsafe { heap.release(block) };
    }
}
