//! The connections of a pool, each in a slot of its own that one thread uses at a time.
//!
//! Separate from `pool` because it is all there is of locking. A thread begins to look at a slot of its own, so that threads do
//! not meet; only when all slots are in use does a thread wait on something that others touch. A slot whose user panicked is
//! emptied before its next use.

use super::buffer::Buffer;
use super::connection::Connection;
use std::cell::Cell;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

/// A missed wake-up costs so much at most.
const NAP: Duration = Duration::from_millis(20);
const NO_DESCRIPTOR: i32 = -1;

/// What a slot holds.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) connection: Option<Connection>,
    pub(super) request: Buffer,
    pub(super) reply: Buffer,
}

impl Contents {
    pub(super) fn wipe(&mut self) {
        self.request.wipe();
        self.reply.wipe();
    }
}

/// Aligned so that no two threads share a cache line.
#[repr(align(128))]
struct Slot {
    contents: Mutex<Contents>,
    /// The descriptor of the connection inside, to be told without the lock.
    descriptor: AtomicI32,
}

pub(super) struct Slots {
    slots: Box<[Slot]>,
    waiting: AtomicUsize,
    bell: Condvar,
    bell_lock: Mutex<()>,
}

thread_local! {
    static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Which slot this thread looks at first: threads are numbered as they come.
fn own() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    OWN.try_with(|own| {
        if own.get() == usize::MAX {
            own.set(NEXT.fetch_add(1, Ordering::Relaxed) % (usize::MAX / 2));
        }
        own.get()
    })
    .unwrap_or(0)
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        let slot =
            || Slot { contents: Mutex::new(Contents::default()), descriptor: AtomicI32::new(NO_DESCRIPTOR) };
        Slots {
            slots: (0..count.max(1)).map(|_| slot()).collect(),
            waiting: AtomicUsize::new(0),
            bell: Condvar::new(),
            bell_lock: Mutex::new(()),
        }
    }

    /// A slot that nobody uses, waiting for one at most `turn`.
    pub(super) fn take(&self, turn: Duration) -> Option<Taken<'_>> {
        if let Some(taken) = self.take_now() {
            return Some(taken);
        }
        let deadline = Instant::now() + turn;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let taken = loop {
            fence(Ordering::SeqCst);
            if let Some(taken) = self.take_now() {
                break Some(taken);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break None;
            }
            let guard = self.bell_lock.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            drop(self.bell.wait_timeout(guard, left.min(NAP)));
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        taken
    }

    fn take_now(&self) -> Option<Taken<'_>> {
        let own = own() % self.slots.len().max(1);
        let (before, from_own) = self.slots.split_at_checked(own)?;
        from_own.iter().chain(before).find_map(|slot| self.try_slot(slot))
    }

    fn try_slot<'s>(&'s self, slot: &'s Slot) -> Option<Taken<'s>> {
        let guard = match slot.contents.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::WouldBlock) => return None,
            Err(TryLockError::Poisoned(poisoned)) => {
                let mut guard = poisoned.into_inner();
                guard.connection = None;
                guard.wipe();
                slot.contents.clear_poison();
                guard
            }
        };
        Some(Taken { slots: self, slot, guard: Some(guard) })
    }

    /// Wakes one thread that waits for a slot, if any does.
    fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(self.bell_lock.lock());
            self.bell.notify_one();
        }
    }

    /// Drops the connections that nobody uses, and tells the descriptors of the others.
    pub(super) fn forget(&self) -> Vec<RawFd> {
        let mut left = Vec::new();
        for slot in &self.slots {
            match self.try_slot(slot) {
                Some(mut taken) => taken.close(),
                None => left.push(slot.descriptor.load(Ordering::Relaxed)),
            }
        }
        left.retain(|descriptor| *descriptor != NO_DESCRIPTOR);
        left
    }
}

/// A slot in use.
pub(super) struct Taken<'s> {
    slots: &'s Slots,
    slot: &'s Slot,
    guard: Option<MutexGuard<'s, Contents>>,
}

impl Taken<'_> {
    /// What it holds; `None` never.
    pub(super) fn contents(&mut self) -> Option<&mut Contents> {
        self.guard.as_deref_mut()
    }

    /// Puts a connection in it.
    pub(super) fn put(&mut self, connection: Connection) {
        self.slot.descriptor.store(connection.number(), Ordering::Relaxed);
        if let Some(contents) = self.contents() {
            contents.connection = Some(connection);
        }
    }

    /// Closes its connection.
    pub(super) fn close(&mut self) {
        if let Some(contents) = self.contents() {
            contents.connection = None;
        }
        self.slot.descriptor.store(NO_DESCRIPTOR, Ordering::Relaxed);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if let Some(contents) = self.contents() {
            contents.wipe();
        }
        self.guard = None;
        self.slots.ring();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_slot_has_one_user_at_a_time() {
        let slots = Slots::new(2);
        let first = slots.take(Duration::ZERO);
        let second = slots.take(Duration::ZERO);
        assert!(first.is_some() && second.is_some());
        assert!(slots.take(Duration::from_millis(30)).is_none());
        drop(first);
        assert!(slots.take(Duration::ZERO).is_some());
    }

    #[test]
    fn who_waits_gets_the_slot_that_becomes_free() {
        let slots = Slots::new(1);
        let taken = slots.take(Duration::ZERO);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| slots.take(Duration::from_secs(10)).is_some());
            std::thread::sleep(Duration::from_millis(50));
            drop(taken);
            assert!(waiter.join().unwrap_or(false));
        });
    }

    #[test]
    fn a_slot_whose_user_panicked_is_used_again_and_holds_nothing_of_it() {
        let slots = Slots::new(1);
        let panicked = std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    let mut taken = slots.take(Duration::ZERO);
                    if let Some(contents) = taken.as_mut().and_then(Taken::contents) {
                        contents.request.extend(4).fill(7);
                    }
                    std::panic::resume_unwind(Box::new(()));
                })
                .join()
                .is_err()
        });
        assert!(panicked);
        let mut taken = slots.take(Duration::ZERO);
        let empty =
            taken.as_mut().and_then(Taken::contents).map(|contents| contents.request.bytes().is_empty());
        assert_eq!(empty, Some(true));
    }
}
