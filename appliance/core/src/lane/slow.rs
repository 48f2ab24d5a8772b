//! The slow lane: one thread for work that would hold up a fast one, and the transport keys it keeps ready.
//!
//! Jobs come over a bounded queue; a finished one wakes its lane by a byte on the lane's wake socket.

use crate::custody::CustodyError;
use crate::custody::transport::OneTimeKey;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};

/// Transport keys kept ready: one for each unsealing that may begin at once before others wait.
const READY_KEYS: usize = 2;

/// The lanes' end: transport keys that are ready.
pub struct TransportKeys {
    ready: Receiver<Result<OneTimeKey, CustodyError>>,
}

impl TransportKeys {
    /// A key that nobody else will use, if one is ready; the lane is woken when the next one is.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`] when none can be made.
    pub fn take(&self) -> Result<Option<OneTimeKey>, CustodyError> {
        match self.ready.try_recv() {
            Ok(key) => key.map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(CustodyError::NoMemory),
        }
    }
}

/// Makes the queue of one lane: its own end, and the end that the slow lane's thread fills.
#[must_use]
pub fn transport_keys(wake: UnixStream) -> (TransportKeys, Supply) {
    let (send, ready) = sync_channel(READY_KEYS);
    (TransportKeys { ready }, Supply { send, wake, made: None })
}

/// The slow lane's end towards one lane.
pub struct Supply {
    send: SyncSender<Result<OneTimeKey, CustodyError>>,
    wake: UnixStream,
    made: Option<Result<OneTimeKey, CustodyError>>,
}

impl Supply {
    /// Makes a key if the queue has room. `None` when the lane is gone; otherwise whether something was made.
    fn fill(&mut self) -> Option<bool> {
        let key = self.made.take().unwrap_or_else(OneTimeKey::generate);
        match self.send.try_send(key) {
            Ok(()) => {
                // A wake socket that is full wakes the lane just as well.
                let _full = (&self.wake).write(&[1]);
                Some(true)
            }
            Err(TrySendError::Full(key)) => {
                self.made = Some(key);
                Some(false)
            }
            Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

/// The slow lane's thread: keeps every lane supplied until all lanes are gone.
pub fn run(mut supplies: Vec<Supply>) {
    loop {
        let mut made = false;
        supplies.retain_mut(|supply| {
            supply.fill().is_some_and(|something| {
                made |= something;
                true
            })
        });
        if supplies.is_empty() {
            return;
        }
        if !made {
            std::thread::sleep(core::time::Duration::from_millis(20));
        }
    }
}
