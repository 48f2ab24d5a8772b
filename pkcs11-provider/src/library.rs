//! The state between C_Initialize and C_Finalize, of this process alone.
//!
//! A child of a fork finds none: the process is compared before any lock is touched, since another thread of the parent may
//! have held one when it forked. When the child initialises, it takes a place of its own in a row of places, so that the
//! parent's state, connections included, is neither used nor dropped.

use crate::config::Config;
use crate::fault::{Done, Fault};
use crate::limits::SESSIONS_MAX;
use crate::log::Log;
use crate::session::Session;
use crate::slot::Slot;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_SESSION_HANDLE, CK_SLOT_ID};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};

/// Forks within forks that each initialise; deeper ones are refused.
const PLACES: usize = 64;
/// Parts of the session table; each has a lock of its own.
const SHARDS: usize = 16;

static STATES: [RwLock<Option<Arc<Library>>>; PLACES] = [const { RwLock::new(None) }; PLACES];
static PLACE: AtomicUsize = AtomicUsize::new(0);
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// An initialised library.
pub(crate) struct Library {
    /// Its slots.
    pub(crate) slots: Vec<Arc<Slot>>,
    /// Where errors go.
    pub(crate) log: Arc<Log>,
    sessions: [RwLock<HashMap<CK_SESSION_HANDLE, Arc<Session>>>; SHARDS],
    next: AtomicU64,
    count: AtomicUsize,
    /// Is it over? Whoever waits for an event is woken.
    over: (Mutex<bool>, Condvar),
    /// Held while sessions come and go and users log in and out, since one depends on the other.
    pub(crate) comings: Mutex<()>,
}

fn place() -> Done<&'static RwLock<Option<Arc<Library>>>> {
    STATES.get(PLACE.load(Ordering::Acquire)).ok_or(Fault::General)
}

/// The library, if it is initialised in this process.
///
/// # Errors
/// [`Fault::NotInitialized`].
pub(crate) fn library() -> Done<Arc<Library>> {
    if PROCESS.load(Ordering::Acquire) != std::process::id() {
        return Err(Fault::NotInitialized);
    }
    let state = place()?.read().unwrap_or_else(PoisonError::into_inner);
    state.clone().ok_or(Fault::NotInitialized)
}

/// C_Initialize.
///
/// # Errors
/// [`Fault::AlreadyInitialized`]; [`Fault::General`] if the configuration cannot be used.
pub(crate) fn initialize() -> Done<()> {
    let process = std::process::id();
    let before = PROCESS.load(Ordering::Acquire);
    if before != process && before != 0 {
        // A child: the parent's place stays as it is.
        PLACE.fetch_add(1, Ordering::AcqRel);
    }
    PROCESS.store(process, Ordering::Release);
    let mut state = place()?.write().unwrap_or_else(PoisonError::into_inner);
    if state.is_some() {
        return Err(Fault::AlreadyInitialized);
    }
    *state = Some(Arc::new(Library::new()?));
    Ok(())
}

/// C_Finalize.
///
/// # Errors
/// [`Fault::NotInitialized`].
pub(crate) fn finalize() -> Done<()> {
    let library = library()?;
    let taken = place()?.write().unwrap_or_else(PoisonError::into_inner).take();
    if taken.is_none() {
        return Err(Fault::NotInitialized);
    }
    *library.over.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    library.over.1.notify_all();
    library.close_all(None);
    Ok(())
}

impl Library {
    fn new() -> Done<Self> {
        let config = match Config::find() {
            Ok(config) => config,
            Err(error) => {
                // There is no configuration to name a log; the variable may.
                let path = std::env::var_os("HOLDFAST_PKCS11_LOG").map(std::path::PathBuf::from);
                Log::open(path.as_deref()).say("configuration", &error);
                return Err(Fault::General);
            }
        };
        let log = Arc::new(Log::open(config.log.as_deref()));
        let mut random = [0; 16];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| Fault::General)?;
        let mut instance = String::with_capacity(32);
        for byte in random {
            let _ = write!(instance, "{byte:02x}");
        }
        let mut slots = Vec::with_capacity(config.slots.len());
        for (id, slot) in (0..).zip(&config.slots) {
            match Slot::new(id, slot, &instance, Arc::clone(&log)) {
                Ok(slot) => slots.push(Arc::new(slot)),
                Err(message) => {
                    log.say("configuration", &message);
                    return Err(Fault::General);
                }
            }
        }
        Ok(Self {
            slots,
            log,
            sessions: std::array::from_fn(|_| RwLock::new(HashMap::new())),
            next: AtomicU64::new(1),
            count: AtomicUsize::new(0),
            over: (Mutex::new(false), Condvar::new()),
            comings: Mutex::new(()),
        })
    }

    /// The slot of this number.
    ///
    /// # Errors
    /// [`Fault::SlotIdInvalid`].
    pub(crate) fn slot(&self, id: CK_SLOT_ID) -> Done<&Arc<Slot>> {
        self.slots.iter().find(|slot| slot.id == id).ok_or(Fault::SlotIdInvalid)
    }

    /// The session of this handle.
    ///
    /// # Errors
    /// [`Fault::SessionHandleInvalid`].
    pub(crate) fn session(&self, handle: CK_SESSION_HANDLE) -> Done<Arc<Session>> {
        let shard = self.shard(handle).ok_or(Fault::SessionHandleInvalid)?;
        let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
        shard.get(&handle).cloned().ok_or(Fault::SessionHandleInvalid)
    }

    fn shard(&self, handle: CK_SESSION_HANDLE) -> Option<&RwLock<HashMap<CK_SESSION_HANDLE, Arc<Session>>>> {
        self.sessions.get(usize::try_from(handle % 16).ok()?)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// [`Fault::SessionCount`], [`Fault::SessionReadWriteSoExists`].
    pub(crate) fn open(&self, slot: &Arc<Slot>, writes: bool) -> Done<CK_SESSION_HANDLE> {
        let _coming = self.comings.lock().unwrap_or_else(PoisonError::into_inner);
        if !writes && slot.user() == Some(ck::CKU_SO) {
            return Err(Fault::SessionReadWriteSoExists);
        }
        if self.count.fetch_add(1, Ordering::AcqRel) >= SESSIONS_MAX {
            self.count.fetch_sub(1, Ordering::AcqRel);
            return Err(Fault::SessionCount);
        }
        let handle = self.next.fetch_add(1, Ordering::Relaxed);
        let session = Arc::new(Session::new(handle, Arc::clone(slot), writes));
        let shard = self.shard(handle).ok_or(Fault::General)?;
        shard.write().unwrap_or_else(PoisonError::into_inner).insert(handle, session);
        Ok(handle)
    }

    /// Closes a session; with the last one of a slot its user is logged out.
    ///
    /// # Errors
    /// [`Fault::SessionHandleInvalid`].
    pub(crate) fn close(&self, handle: CK_SESSION_HANDLE) -> Done<()> {
        let session = {
            let _going = self.comings.lock().unwrap_or_else(PoisonError::into_inner);
            let shard = self.shard(handle).ok_or(Fault::SessionHandleInvalid)?;
            let removed = shard.write().unwrap_or_else(PoisonError::into_inner).remove(&handle);
            let session = removed.ok_or(Fault::SessionHandleInvalid)?;
            self.count.fetch_sub(1, Ordering::AcqRel);
            if self.counts(&session.slot).0 == 0 {
                session.slot.set_user(None);
            }
            session
        };
        self.end_objects(&session.slot, Some(handle));
        Ok(())
    }

    /// Closes every session, of one slot or of all.
    pub(crate) fn close_all(&self, slot: Option<CK_SLOT_ID>) {
        for handle in self.handles(slot) {
            // Somebody else may be closing it as well.
            let _ = self.close(handle);
        }
    }

    fn handles(&self, slot: Option<CK_SLOT_ID>) -> Vec<CK_SESSION_HANDLE> {
        let mut handles = Vec::new();
        for shard in &self.sessions {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            let ours = shard.values().filter(|session| slot.is_none_or(|slot| session.slot.id == slot));
            handles.extend(ours.map(|session| session.handle));
        }
        handles
    }

    /// How many sessions a slot has, and how many of them write.
    pub(crate) fn counts(&self, slot: &Slot) -> (u64, u64) {
        let (mut all, mut writing) = (0, 0);
        for shard in &self.sessions {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            for session in shard.values().filter(|session| session.slot.id == slot.id) {
                all += 1;
                writing += u64::from(session.writes);
            }
        }
        (all, writing)
    }

    /// Destroys the objects of a session.
    fn end_objects(&self, slot: &Slot, session: Option<CK_SESSION_HANDLE>) {
        for object in slot.of_sessions(session) {
            if slot.destroy(&object.uid).is_err() {
                self.log.say("session object", &"could not be destroyed; it stays, hidden");
            }
            slot.forget(&object);
        }
    }

    /// Waits until the library is finalised: slots do not come and go.
    pub(crate) fn wait_until_over(&self) {
        let mut over = self.over.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*over {
            over = self.over.1.wait(over).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
