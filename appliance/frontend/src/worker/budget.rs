//! What all clients of one worker may have waiting in memory, in both directions together.
//!
//! Bounds on one message and one backlog do not bound their sum over thousands of connections; this does.

use holdfast_model::limits::WORKER_BUFFER_BYTES_MAX;
use std::cell::Cell;
use std::rc::Rc;

/// Bytes held for the clients of one worker.
#[derive(Clone, Default)]
pub(super) struct Budget(Rc<Cell<usize>>);

/// What one client holds of it; given back on drop.
pub(super) struct Share {
    budget: Budget,
    held: Cell<usize>,
}

impl Budget {
    pub(super) fn share(&self) -> Share {
        Share { budget: self.clone(), held: Cell::new(0) }
    }
}

impl Share {
    /// Holds so much more. `false`: there is no more to have, and the client is to be closed.
    #[must_use]
    pub(super) fn grow(&self, bytes: usize) -> bool {
        let total = self.budget.0.get().saturating_add(bytes);
        if total > WORKER_BUFFER_BYTES_MAX {
            return false;
        }
        self.budget.0.set(total);
        self.held.set(self.held.get() + bytes);
        true
    }

    /// Holds so much less.
    pub(super) fn shrink(&self, bytes: usize) {
        let bytes = bytes.min(self.held.get());
        self.held.set(self.held.get() - bytes);
        self.budget.0.set(self.budget.0.get() - bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(self.held.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_client_holds_another_cannot_have_until_it_is_gone() {
        let budget = Budget::default();
        let (greedy, other) = (budget.share(), budget.share());
        assert!(greedy.grow(WORKER_BUFFER_BYTES_MAX - 10));
        assert!(other.grow(10));
        assert!(!other.grow(1));
        drop(greedy);
        assert!(other.grow(1));
    }

    #[test]
    fn a_share_never_gives_back_more_than_it_holds() {
        let budget = Budget::default();
        let (a, b) = (budget.share(), budget.share());
        assert!(a.grow(5) && b.grow(5));
        a.shrink(100);
        assert_eq!(budget.0.get(), 5);
    }
}
