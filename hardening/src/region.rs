//! One mapping of memory that other processes cannot read, with a guard page on each side.
//!
//! Separate from `pool` so that the kernel's part (what is mapped, how it is protected) and the allocator's part
//! (who has which bytes) can be argued apart.
//! A region lives as long as the process: it is sealed against unmapping and remapping where the kernel can.
//! Rules: memfd_secret(2), mseal(2), madvise(2).

use std::ffi::c_void;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::MemoryError;

/// Every region begins at a multiple of this.
pub(crate) const REGION_ALIGN: usize = 16 * 1024;

/// What protects the bytes of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArenaKind {
    /// `memfd_secret`: the pages are not in the kernel's direct map; not even root reads them from outside.
    MemfdSecret,
    /// `mlock`ed pages, left out of dumps and of children. Root can read them through /proc/PID/mem.
    LockedPages,
}

/// A readable, writable, zeroed mapping between two guard pages. Never unmapped.
pub(crate) struct Region {
    base: NonNull<u8>,
    bytes: usize,
    kind: ArenaKind,
    sealed: bool,
}

// SAFETY: a region is an address range which is valid in every thread; it offers no access to its bytes by itself.
unsafe impl Send for Region {}
// SAFETY: as above; all methods only read the description of the range.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `bytes` (rounded up to whole pages) as secret memory, or as locked pages where the kernel has no
    /// `memfd_secret`. The kernel gives secret pages when they are first touched: taking one out of its direct map costs
    /// 20 to 90 us, so 64 MiB at once would be most of a second. See [`Region::touch`].
    pub(crate) fn map(bytes: usize) -> Result<Self, MemoryError> {
        match secret_descriptor() {
            Ok(descriptor) => Self::map_secret(bytes, descriptor),
            // Not in this kernel, or switched off at boot (secretmem.enable=0): both say ENOSYS.
            Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Self::map_locked(bytes),
            Err(source) => Err(MemoryError::Kernel { step: "memfd_secret", source }),
        }
    }

    /// Maps `bytes` as `mlock`ed anonymous pages.
    pub(crate) fn map_locked(bytes: usize) -> Result<Self, MemoryError> {
        let (bytes, page) = whole_pages(bytes)?;
        let base = reserve(bytes, page)?;
        place(base, bytes, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        // SAFETY: [base, base + bytes) was mapped by us just above; locking changes no content.
        if !unsafe { memsec::mlock(base.as_ptr(), bytes) } {
            return Err(MemoryError::LockLimit { wanted_bytes: bytes, source: io::Error::last_os_error() });
        }
        Self::finish(base, bytes, page, ArenaKind::LockedPages)
    }

    fn map_secret(bytes: usize, descriptor: OwnedFd) -> Result<Self, MemoryError> {
        let (bytes, page) = whole_pages(bytes)?;
        rustix::fs::ftruncate(&descriptor, bytes as u64)
            .map_err(|e| MemoryError::Kernel { step: "ftruncate of secret memory", source: e.into() })?;
        let base = reserve(bytes, page)?;
        place(base, bytes, libc::MAP_SHARED, descriptor.as_raw_fd())?;
        // Closed here: an open descriptor could be fetched with pidfd_getfd and mapped elsewhere.
        drop(descriptor);
        Self::finish(base, bytes, page, ArenaKind::MemfdSecret)
    }

    fn finish(base: NonNull<u8>, bytes: usize, page: usize, kind: ArenaKind) -> Result<Self, MemoryError> {
        advise(base, bytes, libc::MADV_DONTFORK, "MADV_DONTFORK")?;
        advise(base, bytes, libc::MADV_DONTDUMP, "MADV_DONTDUMP")?;
        let sealed = seal(base, bytes, page)?;
        Ok(Self { base, bytes, kind, sealed })
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn kind(&self) -> ArenaKind {
        self.kind
    }

    /// Whether the mapping is sealed with `mseal` (Linux 6.10 and newer).
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Has the kernel provide the pages of the first `bytes` bytes now. Content does not change.
    pub(crate) fn touch(&self, bytes: usize) {
        for offset in (0..bytes.min(self.bytes)).step_by(page_bytes()) {
            let at = self.base.as_ptr().wrapping_add(offset);
            // SAFETY: inside the mapping, valid for reads for ever; a byte has no alignment.
            let byte = unsafe { AtomicU8::from_ptr(at) };
            std::hint::black_box(byte.load(Ordering::Relaxed));
        }
    }

    pub(crate) fn contains(&self, at: *const u8) -> bool {
        at.addr().wrapping_sub(self.base.as_ptr().addr()) < self.bytes
    }
}

/// Overwrites memory with zeros in a way the compiler may not leave out. Safe to call in a signal handler.
///
/// # Safety
/// `[at, at + bytes)` must be writable, and nobody may rely on its content any more.
pub(crate) unsafe fn wipe(at: *mut u8, bytes: usize) {
    // SAFETY: the caller vouches for the range; explicit_bzero is memset that is never optimised away.
    unsafe { libc::explicit_bzero(at.cast::<c_void>(), bytes) };
}

fn secret_descriptor() -> io::Result<OwnedFd> {
    // SAFETY: memfd_secret takes one flag argument and touches no memory of ours.
    let raw = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let raw = i32::try_from(raw).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave us this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// From the C library, which knows it from the start. (rustix would ask the kernel with a prctl of its own, under
/// whatever filter stands.)
fn page_bytes() -> usize {
    // SAFETY: one integer; it touches no memory of ours.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

fn whole_pages(bytes: usize) -> Result<(usize, usize), MemoryError> {
    let page = page_bytes();
    let rounded = bytes.checked_next_multiple_of(page).filter(|r| *r > 0 && *r <= isize::MAX as usize / 2);
    rounded.map(|r| (r, page)).ok_or(MemoryError::Unservable { wanted_bytes: bytes, align: page })
}

/// Reserves address space that nothing can touch: at least a guard page, `bytes`, a guard page. Returns the middle.
fn reserve(bytes: usize, page: usize) -> Result<NonNull<u8>, MemoryError> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    let whole = bytes + page + REGION_ALIGN + page;
    // SAFETY: address null and no MAP_FIXED: the kernel picks a free range, no mapping of ours is replaced.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), whole, libc::PROT_NONE, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return Err(MemoryError::Kernel { step: "mmap of guard pages", source: io::Error::last_os_error() });
    }
    // Inside the reservation: at most page + REGION_ALIGN beyond its start, and bytes + page follow.
    let middle = start.cast::<u8>().map_addr(|at| (at + page).next_multiple_of(REGION_ALIGN));
    NonNull::new(middle).ok_or(MemoryError::Unservable { wanted_bytes: bytes, align: page })
}

/// Puts readable, writable memory in the middle of a reservation.
fn place(base: NonNull<u8>, bytes: usize, flags: i32, descriptor: i32) -> Result<(), MemoryError> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: MAP_FIXED replaces [base, base + bytes), which is our own PROT_NONE reservation, used by nobody.
    let at = unsafe {
        libc::mmap(base.as_ptr().cast(), bytes, protection, flags | libc::MAP_FIXED, descriptor, 0)
    };
    if at != libc::MAP_FAILED {
        return Ok(());
    }
    let source = io::Error::last_os_error();
    match source.raw_os_error() {
        Some(libc::EAGAIN | libc::EPERM) => Err(MemoryError::LockLimit { wanted_bytes: bytes, source }),
        _ => Err(MemoryError::Kernel { step: "mmap of secret memory", source }),
    }
}

fn advise(base: NonNull<u8>, bytes: usize, advice: i32, step: &'static str) -> Result<(), MemoryError> {
    // SAFETY: the range is our own mapping, and the two pieces of advice used here never discard its content.
    if unsafe { libc::madvise(base.as_ptr().cast(), bytes, advice) } != 0 {
        return Err(MemoryError::Kernel { step, source: io::Error::last_os_error() });
    }
    Ok(())
}

/// Seals the mapping and its guards against unmapping, remapping and new protection. `false`: kernel before 6.10.
fn seal(base: NonNull<u8>, bytes: usize, page: usize) -> Result<bool, MemoryError> {
    let start = base.as_ptr().wrapping_sub(page);
    // SAFETY: the range is our own reservation including both guards; sealing changes no content.
    let answer = unsafe { libc::syscall(libc::SYS_mseal, start, bytes + 2 * page, 0_usize) };
    if answer == 0 {
        return Ok(true);
    }
    let source = io::Error::last_os_error();
    match source.raw_os_error() {
        Some(libc::ENOSYS) => Ok(false),
        _ => Err(MemoryError::Kernel { step: "mseal of secret memory", source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_zeroed_writable_and_knows_its_range() {
        let region = Region::map(3 * 4096 - 5).unwrap();
        assert_eq!(region.bytes(), 3 * 4096);
        let base = region.base().as_ptr();
        assert!(region.contains(base) && region.contains(base.wrapping_add(region.bytes() - 1)));
        assert!(
            !region.contains(base.wrapping_sub(1)) && !region.contains(base.wrapping_add(region.bytes()))
        );
        // SAFETY: base is the start of a mapping of three pages that only this test knows.
        let bytes = unsafe { std::slice::from_raw_parts_mut(base, region.bytes()) };
        assert!(bytes.iter().all(|b| *b == 0));
        bytes.fill(7);
        // SAFETY: the same range, with no other reference used from here on.
        unsafe { wipe(base, region.bytes()) };
        assert!(bytes.iter().all(|b| *b == 0));
    }

    #[test]
    fn a_kernel_with_memfd_secret_gives_memfd_secret_and_the_locked_fallback_says_what_it_is() {
        assert_eq!(Region::map(4096).unwrap().kind(), ArenaKind::MemfdSecret);
        assert_eq!(Region::map_locked(4096).unwrap().kind(), ArenaKind::LockedPages);
    }

    #[test]
    fn a_region_stands_between_two_guard_pages_and_is_left_out_of_dumps_and_children() {
        let region = Region::map_locked(8192).unwrap();
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let start = region.base().as_ptr().addr();
        let header =
            |from: usize| maps.lines().find(|l| l.starts_with(&format!("{from:x}-"))).map(str::to_owned);
        assert!(header(start).unwrap().contains("rw-p"), "the middle is readable and writable");
        assert!(header(start + 8192).unwrap().contains("---p"), "a guard follows");
        assert!(maps.lines().any(|l| l.contains(&format!("-{start:x} ---p"))), "a guard precedes");
        let flags = maps
            .lines()
            .skip_while(|l| !l.starts_with(&format!("{start:x}-")))
            .find(|l| l.starts_with("VmFlags:"))
            .unwrap();
        for flag in [" dc", " dd", " lo"] {
            assert!(flags.contains(flag), "{flag} missing in {flags}");
        }
    }

    #[test]
    fn a_sealed_region_cannot_be_unmapped() {
        let region = Region::map(4096).unwrap();
        assert!(region.is_sealed(), "this kernel has no mseal (Linux 6.10 or newer is needed for this test)");
        // SAFETY: the call is expected to be refused; if it were not, the region is used by nobody but this test.
        let answer = unsafe { libc::munmap(region.base().as_ptr().cast(), region.bytes()) };
        assert_eq!((answer, io::Error::last_os_error().raw_os_error()), (-1, Some(libc::EPERM)));
    }

    #[test]
    fn sizes_of_nothing_and_of_everything_are_refused() {
        assert!(matches!(Region::map(0), Err(MemoryError::Unservable { .. })));
        assert!(matches!(Region::map(usize::MAX), Err(MemoryError::Unservable { .. })));
    }
}
