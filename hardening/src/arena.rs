//! The process's one store of secrets, installed once and never growing.
//!
//! Separate from `secret` so that only one place decides where secrets live and how many there may be.
//! Rules: memory that other processes cannot read (see `region`), blocks wiped when given back (see `pool`).

use std::ptr::NonNull;
use std::sync::OnceLock;

use crate::MemoryError;
use crate::pool::Pool;
use crate::region::Region;

pub use crate::region::ArenaKind;

static ARENA: OnceLock<Arena> = OnceLock::new();

/// How large the arena is. Rounded up to 16 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArenaSize {
    bytes: usize,
}

impl ArenaSize {
    /// A size in bytes.
    #[must_use]
    pub const fn bytes(bytes: usize) -> Self {
        Self { bytes: bytes.next_multiple_of(16 * 1024) }
    }

    /// A size in MiB.
    #[must_use]
    pub const fn mib(mib: usize) -> Self {
        Self { bytes: mib * 1024 * 1024 }
    }
}

/// The installed arena.
pub struct Arena {
    pool: Pool,
}

impl Arena {
    /// What protects it; a report, not a choice.
    #[must_use]
    pub fn kind(&self) -> ArenaKind {
        self.pool.region().kind()
    }

    /// Whether the kernel sealed the mapping against being unmapped or remapped (Linux 6.10 and newer).
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.pool.region().is_sealed()
    }

    /// Its whole size.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.pool.region().bytes()
    }

    /// Has the kernel provide the first `bytes` bytes of memory now, instead of when secrets are first made there.
    ///
    /// Costs 20 to 90 us for each 4 KiB; do it where nobody waits. If the machine has no memory left, the kernel ends
    /// this process here and not later.
    pub fn warm(&self, bytes: usize) {
        self.pool.region().touch(bytes);
    }

    /// Bytes in spans of 16 KiB that hold nothing.
    #[must_use]
    pub fn free_bytes(&self) -> usize {
        self.pool.free_span_bytes()
    }
}

/// Installs the arena of this process. Calling again with the same size gives the same arena.
///
/// The address range and the right to lock it are taken here, the memory itself when it is first used (or by
/// [`Arena::warm`]). Installing takes well under a millisecond.
///
/// # Errors
/// - [`MemoryError::AlreadyInstalled`]: with another size; the first one stays.
/// - [`MemoryError::LockLimit`]: RLIMIT_MEMLOCK is too low; see [`crate::process::raise_memlock`].
/// - [`MemoryError::Kernel`], [`MemoryError::Unservable`]: no such memory here.
pub fn install(size: ArenaSize) -> Result<&'static Arena, MemoryError> {
    static INSTALLING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(arena) = ARENA.get() {
        return match arena.size_bytes() == size.bytes {
            true => Ok(arena),
            false => Err(MemoryError::AlreadyInstalled { installed_bytes: arena.size_bytes() }),
        };
    }
    let arena = Arena { pool: Pool::over(Region::map(size.bytes)?)? };
    Ok(ARENA.get_or_init(|| arena))
}

/// The arena, if this process has one.
#[must_use]
pub fn installed() -> Option<&'static Arena> {
    ARENA.get()
}

/// Overwrites every secret of this process at once, without locks or allocation (safe in a signal handler).
///
/// Whoever holds a secret afterwards holds zeros, and no secret can be made any more: the process must end.
pub fn wipe_all() {
    if let Some(arena) = ARENA.get() {
        arena.pool.wipe_all();
    }
}

/// A block of the arena: zeroed when made, wiped when dropped.
pub(crate) struct Block {
    at: NonNull<u8>,
}

// SAFETY: a block is plain memory owned by one holder; the pool may be used from every thread.
unsafe impl Send for Block {}
// SAFETY: a shared block gives out its address only; what is done with it is the holder's argument.
unsafe impl Sync for Block {}

impl Block {
    pub(crate) fn take(bytes: usize, align: usize) -> Result<Self, MemoryError> {
        let arena = ARENA.get().ok_or(MemoryError::NoArena)?;
        if bytes > arena.size_bytes() || align > 16 * 1024 {
            return Err(MemoryError::Unservable { wanted_bytes: bytes, align });
        }
        match arena.pool.allocate(bytes, align) {
            Some(at) => Ok(Self { at }),
            None if arena.pool.is_wiped() => Err(MemoryError::Wiped),
            None => Err(MemoryError::Exhausted { wanted_bytes: bytes }),
        }
    }

    pub(crate) fn at(&self) -> NonNull<u8> {
        self.at
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(arena) = ARENA.get() {
            // SAFETY: `at` came from this pool in `take`, a block is dropped once, and its holder is gone.
            unsafe { arena.pool.release(self.at) };
        }
    }
}
