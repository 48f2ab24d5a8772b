//! The stock of transport keys that unsealing needs, and the thread that makes them.
//!
//! One key waits in the queue and one in the thread's hand, for all lanes together: each costs a good part of a second
//! of processor time, which at start the first clients want as well. Who finds none is woken when one is ready.

use crate::custody::CustodyError;
use crate::custody::transport::OneTimeKey;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Keys in the queue; one more is in hand.
const QUEUED_KEYS: usize = 1;

type Made = Result<OneTimeKey, CustodyError>;

/// A lane's end: transport keys that are ready. Only unsealing comes here, so the lock is not on the way of a request.
#[derive(Clone)]
pub struct TransportKeys {
    ready: Arc<Mutex<Receiver<Made>>>,
}

impl TransportKeys {
    /// A key that nobody else will use, if one is ready; the lane is woken when the next one is.
    ///
    /// # Errors
    /// [`CustodyError::NoMemory`] when none can be made.
    pub fn take(&self) -> Result<Option<OneTimeKey>, CustodyError> {
        match self.ready.lock().unwrap_or_else(PoisonError::into_inner).try_recv() {
            Ok(key) => key.map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(CustodyError::NoMemory),
        }
    }
}

/// The end of the thread that makes them.
pub struct Supply {
    send: SyncSender<Made>,
    wake: Vec<UnixStream>,
}

/// Makes the queue: the lanes' end, and the end that the thread fills. `wake` are the lanes' wake sockets.
#[must_use]
pub fn transport_keys(wake: Vec<UnixStream>) -> (TransportKeys, Supply) {
    let (send, ready) = sync_channel(QUEUED_KEYS);
    (TransportKeys { ready: Arc::new(Mutex::new(ready)) }, Supply { send, wake })
}

/// The thread: makes a key whenever there is room for one, until all lanes are gone.
pub fn run(supply: &Supply) {
    while supply.send.send(OneTimeKey::generate()).is_ok() {
        for wake in &supply.wake {
            // A wake socket that is full wakes its lane just as well.
            let _full = (&*wake).write(&[1]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_key_is_given_once_and_every_lane_is_woken_for_it() {
        let pairs: Vec<_> = (0..2).map(|_| UnixStream::pair().unwrap()).collect();
        let (mut lanes, wakes): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let (keys, supply) = transport_keys(wakes);
        let thread = std::thread::spawn(move || run(&supply));
        let mut moduli = Vec::new();
        while moduli.len() < 3 {
            lanes.iter_mut().for_each(|lane| lane.read_exact(&mut [0]).unwrap());
            if let Some(key) = keys.take().unwrap() {
                moduli.push(key.public().modulus.clone());
            }
        }
        moduli.sort();
        moduli.dedup();
        assert_eq!(moduli.len(), 3);
        drop(keys);
        thread.join().unwrap();
    }
}
