//! One admitted client as both its connection and its lane see it: what waits for it, and whether it may go on.
//!
//! Lives on one thread. The lane puts replies in, the connection takes them out.

use super::budget::Share;
use crate::tls::trust::Admitted;
use holdfast_model::limits::REPLY_BACKLOG_BYTES_MAX;
use std::cell::{Cell, RefCell};
use std::task::Waker;

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client closed in order, and has had its answers.
    Closed,
    /// Its connection broke.
    Left,
    /// Core said its last word to it.
    HungUp,
    /// Core went away.
    CoreLost,
    /// Newer rules, or the end of its certificate, make it nobody or somebody else.
    Disowned,
    /// It was silent or slow for too long.
    TooSlow,
    /// Its bytes are not KMIP requests.
    Misframed,
    /// It announced a message larger than may be.
    TooLong,
    /// Too much is waiting.
    Overloaded,
}

/// One admitted client.
pub(super) struct Client {
    pub(super) admitted: Admitted,
    pub(super) share: Share,
    replies: RefCell<Vec<u8>>,
    in_flight: Cell<usize>,
    last_word: Cell<bool>,
    end: Cell<Option<End>>,
    waker: RefCell<Option<Waker>>,
}

impl Client {
    pub(super) fn new(admitted: Admitted, share: Share) -> Self {
        Self {
            admitted,
            share,
            replies: RefCell::default(),
            in_flight: Cell::new(0),
            last_word: Cell::new(false),
            end: Cell::new(None),
            waker: RefCell::default(),
        }
    }

    /// The connection's task is to be woken when something changes here.
    pub(super) fn attend(&self, waker: &Waker) {
        let mut held = self.waker.borrow_mut();
        match held.as_mut() {
            Some(held) => held.clone_from(waker),
            None => *held = Some(waker.clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// A reply has come. One that nobody asked for means that core and we disagree; the connection ends.
    pub(super) fn reply(&self, message: &[u8]) {
        match self.in_flight.get().checked_sub(1) {
            Some(left) => self.in_flight.set(left),
            None => return self.end(End::CoreLost),
        }
        self.keep(message);
    }

    /// The last reply has come, or core closes without one.
    pub(super) fn hang_up(&self, message: &[u8]) {
        self.last_word.set(true);
        self.keep(message);
    }

    fn keep(&self, message: &[u8]) {
        if !self.share.grow(message.len()) {
            return self.end(End::Overloaded);
        }
        self.replies.borrow_mut().extend_from_slice(message);
        self.wake();
    }

    /// Ends the connection, whatever still waits. The first reason stays.
    pub(super) fn end(&self, why: End) {
        if self.end.get().is_none() {
            self.end.set(Some(why));
        }
        self.wake();
    }

    pub(super) fn ended(&self) -> Option<End> {
        self.end.get()
    }

    pub(super) fn has_last_word(&self) -> bool {
        self.last_word.get()
    }

    pub(super) fn asked(&self) {
        self.in_flight.set(self.in_flight.get() + 1);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.get()
    }

    pub(super) fn has_backlog(&self) -> bool {
        self.replies.borrow().len() > REPLY_BACKLOG_BYTES_MAX
    }

    /// Takes all replies that wait, in exchange for an empty buffer.
    pub(super) fn take_replies(&self, empty: &mut Vec<u8>) {
        core::mem::swap(&mut *self.replies.borrow_mut(), empty);
    }
}
