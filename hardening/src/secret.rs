//! Secrets that live in the arena: filled where they will live, lent to a closure, wiped on drop.
//!
//! Separate from `arena` so that holders see types and closures, never addresses.
//! None of these types can be printed, cloned, compared with `==` or hashed.

use std::mem::MaybeUninit;
use std::ptr;

use subtle::ConstantTimeEq;

use crate::MemoryError;
use crate::arena::Block;
use crate::region::wipe;

/// A secret of `N` bytes.
///
/// ```
/// use hardening::{MemoryError, Secret, arena};
/// arena::install(arena::ArenaSize::mib(1))?;
/// let key: Secret<32> = Secret::init_with(|bytes: &mut [u8; 32]| { bytes.fill(7); Ok::<(), MemoryError>(()) })?;
/// assert!(key.expose(|bytes| bytes[0] == 7));
/// # Ok::<(), MemoryError>(())
/// ```
///
/// It cannot be printed:
/// ```compile_fail,E0277
/// fn show(key: hardening::Secret<32>) { println!("{key:?}"); }
/// ```
/// nor cloned:
/// ```compile_fail,E0599
/// fn copy(key: &hardening::Secret<32>) -> hardening::Secret<32> { hardening::Secret::<32>::clone(key) }
/// ```
/// nor compared with `==`:
/// ```compile_fail,E0369
/// fn same(a: hardening::Secret<32>, b: hardening::Secret<32>) -> bool { a == b }
/// ```
/// and what is lent cannot be kept:
/// ```compile_fail
/// fn keep(key: &hardening::Secret<32>) -> &[u8; 32] { key.expose(|bytes| bytes) }
/// ```
pub struct Secret<const N: usize> {
    block: Block,
}

impl<const N: usize> Secret<N> {
    /// Makes a secret by filling its zeroed bytes in place. If `fill` fails, what it wrote is wiped.
    ///
    /// # Errors
    /// - [`MemoryError::NoArena`], [`MemoryError::Exhausted`], [`MemoryError::Wiped`]: no place for it.
    /// - whatever `fill` returns.
    pub fn init_with<E: From<MemoryError>>(
        fill: impl FnOnce(&mut [u8; N]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut secret = Self { block: Block::take(N, 1)? };
        secret.expose_mut(fill)?;
        Ok(secret)
    }

    /// Takes over bytes that came from elsewhere, and wipes them there.
    ///
    /// # Errors
    /// As [`Secret::init_with`]; the source is wiped in any case.
    pub fn take_from(source: &mut [u8; N]) -> Result<Self, MemoryError> {
        let taken = Self::init_with(|bytes| {
            bytes.copy_from_slice(source);
            Ok(())
        });
        wipe_slice(source);
        taken
    }

    /// Lends the bytes to `read`.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8; N]) -> R) -> R {
        // SAFETY: the block holds at least N bytes, zeroed when made, and lives as long as &self; it is written
        // only through &mut self.
        read(unsafe { self.block.at().cast::<[u8; N]>().as_ref() })
    }

    /// Lends the bytes to `change`.
    pub fn expose_mut<R>(&mut self, change: impl FnOnce(&mut [u8; N]) -> R) -> R {
        // SAFETY: as in `expose`, and &mut self makes this the only reference.
        change(unsafe { self.block.at().cast::<[u8; N]>().as_mut() })
    }

    /// Whether two secrets hold the same bytes, in time that does not depend on them.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.expose(|a| other.expose(|b| a.ct_eq(b).into()))
    }

    /// Whether the secret holds these bytes, in time that depends only on their number.
    #[must_use]
    pub fn ct_eq_bytes(&self, bytes: &[u8]) -> bool {
        self.expose(|a| a.ct_eq(bytes).into())
    }
}

/// A secret whose length is known at run time.
///
/// ```compile_fail,E0277
/// fn show(key: hardening::SecretBytes) { println!("{key:?}"); }
/// ```
pub struct SecretBytes {
    block: Block,
    len: usize,
}

impl SecretBytes {
    /// Makes a secret of `len` bytes by filling its zeroed bytes in place. If `fill` fails, they are wiped.
    ///
    /// # Errors
    /// As [`Secret::init_with`], and [`MemoryError::Unservable`] for more than the arena ever holds.
    pub fn init_with<E: From<MemoryError>>(
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut secret = Self { block: Block::take(len, 1)?, len };
        secret.expose_mut(fill)?;
        Ok(secret)
    }

    /// Takes over bytes that came from elsewhere, and wipes them there.
    ///
    /// # Errors
    /// As [`SecretBytes::init_with`]; the source is wiped in any case.
    pub fn take_from(source: &mut [u8]) -> Result<Self, MemoryError> {
        let taken = Self::init_with(source.len(), |bytes| {
            bytes.copy_from_slice(source);
            Ok(())
        });
        wipe_slice(source);
        taken
    }

    /// How many bytes it holds. Not secret.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Lends the bytes to `read`.
    pub fn expose<R>(&self, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: the block holds at least `len` bytes, zeroed when made, and lives as long as &self; it is written
        // only through &mut self.
        read(unsafe { std::slice::from_raw_parts(self.block.at().as_ptr(), self.len) })
    }

    /// Lends the bytes to `change`.
    pub fn expose_mut<R>(&mut self, change: impl FnOnce(&mut [u8]) -> R) -> R {
        // SAFETY: as in `expose`, and &mut self makes this the only reference.
        change(unsafe { std::slice::from_raw_parts_mut(self.block.at().as_ptr(), self.len) })
    }

    /// Shortens the secret and wipes what is cut off. Longer than it is: nothing happens.
    pub fn truncate(&mut self, len: usize) {
        self.expose_mut(|bytes| bytes.get_mut(len..).map(wipe_slice));
        self.len = self.len.min(len);
    }

    /// Whether two secrets hold the same bytes, in time that depends only on their lengths.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.expose(|a| other.ct_eq_bytes(a))
    }

    /// Whether the secret holds these bytes, in time that depends only on their number.
    #[must_use]
    pub fn ct_eq_bytes(&self, bytes: &[u8]) -> bool {
        self.expose(|a| a.ct_eq(bytes).into())
    }
}

/// A value of any type in the arena, such as a key schedule. Dropped in place, then wiped.
///
/// Only the value's own bytes are in the arena; what it points to is on the heap (see [`crate::heap`]).
///
/// ```compile_fail,E0277
/// fn show(key: hardening::SecretBox<u64>) { println!("{key:?}"); }
/// ```
pub struct SecretBox<T> {
    block: Block,
    // Owns a T: drop check and Send/Sync follow from T.
    owns: std::marker::PhantomData<T>,
}

impl<T> SecretBox<T> {
    /// Places what `make` returns in the arena. The value may pass over the stack on its way.
    ///
    /// # Errors
    /// As [`Secret::init_with`]; `make` is then not called, or its error is returned.
    pub fn init_with<E: From<MemoryError>>(make: impl FnOnce() -> Result<T, E>) -> Result<Self, E> {
        let block = Block::take(size_of::<T>(), align_of::<T>())?;
        // SAFETY: the block is large enough and aligned for T, and zeroed bytes are fine for MaybeUninit.
        let slot = unsafe { block.at().cast::<MaybeUninit<T>>().as_mut() };
        slot.write(make()?);
        Ok(Self { block, owns: std::marker::PhantomData })
    }

    /// Lends the value to `read`.
    pub fn expose<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        // SAFETY: `init_with` wrote a T there, only `drop` ends it, and it is changed only through &mut self.
        read(unsafe { self.block.at().cast::<T>().as_ref() })
    }

    /// Lends the value to `change`.
    pub fn expose_mut<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: as in `expose`, and &mut self makes this the only reference.
        change(unsafe { self.block.at().cast::<T>().as_mut() })
    }
}

impl<T> Drop for SecretBox<T> {
    fn drop(&mut self) {
        // SAFETY: `init_with` wrote a T there and it is dropped only here, once; the block is given back after.
        unsafe { ptr::drop_in_place(self.block.at().cast::<T>().as_ptr()) };
    }
}

fn wipe_slice(bytes: &mut [u8]) {
    // SAFETY: an exclusive slice may be overwritten whole, and zero is a value of u8.
    unsafe { wipe(bytes.as_mut_ptr(), bytes.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::{ArenaSize, install};

    fn arena() {
        install(ArenaSize::mib(2)).unwrap();
    }

    #[derive(Debug, PartialEq, Eq)]
    struct NoEntropy;
    impl From<MemoryError> for NoEntropy {
        fn from(_: MemoryError) -> Self {
            Self
        }
    }

    #[test]
    fn a_secret_is_filled_in_place_and_read_back() {
        arena();
        let secret = Secret::<32>::init_with(|b| {
            assert_eq!(*b, [0; 32]);
            b.fill(3);
            Ok::<_, MemoryError>(())
        });
        assert!(secret.unwrap().ct_eq_bytes(&[3; 32]));
    }

    #[test]
    fn a_secret_whose_filling_failed_does_not_exist() {
        arena();
        assert_eq!(Secret::<16>::init_with(|_| Err(NoEntropy)).err(), Some(NoEntropy));
    }

    #[test]
    fn a_dropped_secret_is_wiped() {
        arena();
        let secret = Secret::<48>::take_from(&mut [0xee; 48]).unwrap();
        let at = secret.block.at();
        drop(secret);
        // SAFETY: the arena is mapped for ever; another test may have reused the block, so only the content counts.
        let after = unsafe { std::slice::from_raw_parts(at.as_ptr(), 48) };
        assert!(after.iter().all(|b| *b != 0xee));
    }

    #[test]
    fn taking_bytes_over_wipes_their_source() {
        arena();
        let mut source = [5_u8; 24];
        let secret = Secret::take_from(&mut source).unwrap();
        assert_eq!(source, [0; 24]);
        assert!(
            secret.ct_eq_bytes(&[5; 24]) && !secret.ct_eq_bytes(&[5; 23]) && !secret.ct_eq_bytes(&[6; 24])
        );
        let mut source = vec![6_u8; 100];
        let mut bytes = SecretBytes::take_from(&mut source).unwrap();
        assert!(source.iter().all(|b| *b == 0));
        bytes.truncate(10);
        assert!(bytes.ct_eq_bytes(&[6; 10]) && bytes.len() == 10 && !bytes.is_empty());
    }

    #[test]
    fn equal_secrets_are_equal_and_others_are_not() {
        arena();
        let make = |with: u8| Secret::<8>::take_from(&mut [with; 8]).unwrap();
        assert!(make(1).ct_eq(&make(1)) && !make(1).ct_eq(&make(2)));
    }

    #[test]
    fn an_empty_secret_is_possible() {
        arena();
        let empty = SecretBytes::init_with(0, |_| Ok::<_, MemoryError>(())).unwrap();
        assert!(empty.is_empty() && empty.ct_eq_bytes(&[]));
    }

    #[test]
    fn a_boxed_value_is_aligned_used_and_dropped_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        #[repr(align(64))]
        struct Schedule<'a>([u64; 30], &'a AtomicUsize);
        impl Drop for Schedule<'_> {
            fn drop(&mut self) {
                self.1.fetch_add(1, Ordering::Relaxed);
            }
        }
        arena();
        let drops = AtomicUsize::new(0);
        let mut boxed = SecretBox::init_with(|| Ok::<_, MemoryError>(Schedule([4; 30], &drops))).unwrap();
        boxed.expose_mut(|s| s.0[7] = 9);
        assert!(boxed.expose(|s| ptr::from_ref(s).addr() % 64 == 0 && s.0[7] == 9 && s.0[8] == 4));
        drop(boxed);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_secret_larger_than_the_arena_is_refused_and_a_second_arena_too() {
        arena();
        let huge = SecretBytes::init_with(1 << 30, |_| Ok::<_, MemoryError>(()));
        assert!(matches!(huge.err(), Some(MemoryError::Unservable { .. })));
        assert!(matches!(install(ArenaSize::mib(3)), Err(MemoryError::AlreadyInstalled { .. })));
        assert!(install(ArenaSize::mib(2)).is_ok());
    }
}
