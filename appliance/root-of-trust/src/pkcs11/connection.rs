//! The module, the token and its sessions; and how they are begun anew when they are lost.
//!
//! Separate from what is done with keys: that code sees a logged-in session and says what failed.
//! The module is loaded once and never unloaded. Workers hold the read side of one lock while they use a session;
//! healing takes the write side, so that no session of an old C_Initialize is ever closed after the next one (its
//! number may have been given out again).
//! Rules: PKCS#11 v3.1 sections 5.4 (C_Initialize), 5.6 (sessions and login).

use super::errors::{self, Failure, Remedy};
use super::quirks::{self, Quirks};
use crate::limits::{ATTEMPTS_MAX, HEALING_WAIT_MAX};
use crate::pin::Pin;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use holdfast_ports::backoff::Backoff;
use holdfast_ports::root::RootError;
use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;
use std::time::Instant;

/// The vendor's file is no PKCS#11 module.
#[derive(Debug, thiserror::Error)]
#[error("the PKCS#11 module cannot be loaded")]
pub struct NotAModule(#[source] Error);

/// One token of one module, for all workers together.
pub(crate) struct Connection {
    module: Pkcs11,
    token_label: String,
    pin: Pin,
    /// The token has refused the PIN. Stays so until the process is started anew: trying on would lock the token.
    pin_refused: AtomicBool,
    state: RwLock<State>,
    health: Mutex<Health>,
}

struct State {
    /// Grows with each healing; tells a worker that another one has healed already.
    epoch: u64,
    token: Option<Token>,
}

struct Token {
    slot: Slot,
    quirks: &'static Quirks,
    description: String,
    login_required: bool,
    /// One login at a time.
    login: Mutex<()>,
    /// Logged in, nobody's. Never more than there are workers.
    idle: Mutex<Vec<Session>>,
}

struct Health {
    backoff: Backoff,
    not_before: Instant,
    /// Something has worked since the last healing.
    sound: bool,
}

/// A logged-in session, for one request.
pub(crate) struct Seat<'c> {
    pub(crate) session: &'c Session,
    pub(crate) quirks: &'static Quirks,
    pub(crate) description: &'c str,
    connection: &'c Connection,
    slot: Slot,
    login_required: bool,
    stained: Cell<bool>,
}

impl Seat<'_> {
    /// Something of ours may be left in this session: close it after this request.
    pub(crate) fn stain(&self) {
        self.stained.set(true);
    }

    /// The token shows no such object. Means that there is none, but only if we are still logged in and the token is
    /// still there: otherwise it says what to heal.
    pub(crate) fn not_found(&self) -> Failure {
        match is_user(self.session) {
            Err(failure) => failure,
            Ok(false) if self.login_required => Failure::Heal(Remedy::Sessions),
            Ok(_) if !self.connection.is_our_token(self.slot) => Failure::Heal(Remedy::Module),
            Ok(_) => Failure::Answer(RootError::NotFound),
        }
    }
}

impl Connection {
    /// Loads the module, initialises it and looks for the token. A token that is away is no error: it may come.
    pub(crate) fn load(module: &Path, token_label: String, pin: Pin) -> Result<Self, NotAModule> {
        let module = Pkcs11::new(module).map_err(NotAModule)?;
        let connection = Self {
            module,
            token_label,
            pin,
            pin_refused: AtomicBool::new(false),
            state: RwLock::new(State { epoch: 0, token: None }),
            health: Mutex::new(Health { backoff: Backoff::new(), not_before: Instant::now(), sound: false }),
        };
        if connection.heal(0, Remedy::Module).is_err() {
            tracing::warn!("token-away");
        }
        Ok(connection)
    }

    /// Does `act` with a logged-in session; heals what is lost and does it again.
    ///
    /// `act` may run several times. It leaves nothing behind: its temporary objects are destroyed on every way out.
    pub(crate) fn with_seat<R>(&self, act: impl Fn(&Seat<'_>) -> Result<R, Failure>) -> Result<R, RootError> {
        let mut at_least = Remedy::Sessions;
        for _ in 1..ATTEMPTS_MAX {
            let (epoch, failure) = match self.once(&act) {
                Ok(done) => {
                    self.worked();
                    return Ok(done);
                }
                Err(failed) => failed,
            };
            let remedy = match failure {
                Failure::Answer(answer) => return Err(answer),
                Failure::Heal(remedy) => remedy.max(at_least),
                Failure::Ambiguous => at_least.max(Remedy::Token),
            };
            self.heal(epoch, remedy)?;
            at_least = remedy.stronger();
        }
        match self.once(&act) {
            Ok(done) => {
                self.worked();
                Ok(done)
            }
            Err((_, Failure::Answer(answer))) => Err(answer),
            Err((_, Failure::Heal(_) | Failure::Ambiguous)) => Err(RootError::Unavailable),
        }
    }

    fn once<R>(&self, act: impl Fn(&Seat<'_>) -> Result<R, Failure>) -> Result<R, (u64, Failure)> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let epoch = state.epoch;
        let Some(token) = &state.token else { return Err((epoch, Failure::Heal(Remedy::Module))) };
        let idle = lock(&token.idle).pop();
        let session = idle.map_or_else(|| self.open(token), Ok).map_err(|failure| (epoch, failure))?;
        let seat = Seat {
            session: &session,
            quirks: token.quirks,
            description: &token.description,
            connection: self,
            slot: token.slot,
            login_required: token.login_required,
            stained: Cell::new(false),
        };
        let outcome = act(&seat);
        let sound = matches!(outcome, Ok(_) | Err(Failure::Answer(_)));
        if sound && !seat.stained.get() {
            lock(&token.idle).push(session);
        }
        outcome.map_err(|failure| (epoch, failure))
    }

    /// A read-only session: it cannot make or destroy token objects.
    fn open(&self, token: &Token) -> Result<Session, Failure> {
        let session = self.module.open_ro_session(token.slot).map_err(|error| errors::of_call(&error))?;
        if token.login_required {
            self.log_in(token, &session)?;
        }
        Ok(session)
    }

    fn log_in(&self, token: &Token, session: &Session) -> Result<(), Failure> {
        let _alone = lock(&token.login);
        if self.pin_refused.load(Ordering::Acquire) {
            return Err(Failure::Answer(RootError::Denied));
        }
        if is_user(session)? {
            return Ok(());
        }
        match self.pin.lend(|pin| session.login_with_raw(UserType::User, pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) if errors::is_pin_refusal(&error) => {
                self.pin_refused.store(true, Ordering::Release);
                tracing::error!("pin-refused");
                Err(Failure::Answer(RootError::Denied))
            }
            Err(error) => Err(errors::of_call(&error)),
        }
    }

    fn heal(&self, seen: u64, remedy: Remedy) -> Result<(), RootError> {
        self.wait_for_turn()?;
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.epoch != seen {
            return Ok(());
        }
        state.epoch += 1;
        if state.epoch > 1 {
            self.failed();
            tracing::warn!(remedy = ?remedy, "token-healing");
        }
        if let Some(token) = state.token.as_ref().filter(|_| remedy == Remedy::Sessions) {
            lock(&token.idle).clear();
            return Ok(());
        }
        // Closes its sessions, before another C_Initialize can give their numbers out again.
        state.token = None;
        if remedy == Remedy::Token
            && let Ok(token) = self.find_token()
        {
            state.token = Some(token);
            return Ok(());
        }
        self.begin_module_anew().map_err(|_| RootError::Unavailable)?;
        state.token = Some(self.find_token()?);
        Ok(())
    }

    fn begin_module_anew(&self) -> Result<(), Error> {
        // Fails when it was not initialised, or is broken; C_Initialize tells.
        let _ = self.module.clone().finalize();
        match self.module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
            Err(error) => {
                tracing::warn!(reason = %error, "module-not-initialised");
                Err(error)
            }
        }
    }

    /// Exactly one initialised token bears the label.
    fn find_token(&self) -> Result<Token, RootError> {
        let unavailable = |error: Error| {
            tracing::warn!(reason = %error, "token-away");
            RootError::Unavailable
        };
        let mut found = Vec::new();
        for slot in self.module.get_slots_with_token().map_err(unavailable)? {
            found.extend(self.our_token(slot).map(|info| (slot, info)));
        }
        let mut found = found.into_iter();
        let (Some((slot, info)), None) = (found.next(), found.next()) else {
            tracing::warn!("token-away");
            return Err(RootError::Unavailable);
        };
        let library = self.module.get_library_info().map_err(unavailable)?;
        let quirks = quirks::of(&library, &info);
        tracing::info!(make = quirks.make, "token-found");
        Ok(Token {
            slot,
            quirks,
            description: format!("{} {}", info.manufacturer_id(), info.model()),
            login_required: info.login_required(),
            login: Mutex::new(()),
            idle: Mutex::new(Vec::new()),
        })
    }

    fn is_our_token(&self, slot: Slot) -> bool {
        self.our_token(slot).is_some()
    }

    /// What the slot holds, if it is ours. One that cannot say what it holds is not.
    fn our_token(&self, slot: Slot) -> Option<TokenInfo> {
        let info = self.module.get_token_info(slot).ok()?;
        (info.label() == self.token_label && info.token_initialized()).then_some(info)
    }

    /// The back-off: the first healing is at once, the next ones wait longer and longer.
    fn wait_for_turn(&self) -> Result<(), RootError> {
        let wait = lock(&self.health).not_before.saturating_duration_since(Instant::now());
        if wait > HEALING_WAIT_MAX {
            return Err(RootError::Unavailable);
        }
        thread::sleep(wait);
        Ok(())
    }

    fn failed(&self) {
        let mut health = lock(&self.health);
        let now = Instant::now();
        if health.sound && now >= health.not_before {
            health.backoff.succeeded();
        }
        health.sound = false;
        let noise = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
        health.not_before = now + health.backoff.failed(noise);
    }

    fn worked(&self) {
        lock(&self.health).sound = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.token = None;
        // Nothing is to be done if the module does not want to end; the process does.
        let _ = self.module.clone().finalize();
    }
}

fn is_user(session: &Session) -> Result<bool, Failure> {
    let info = session.get_session_info().map_err(|error| errors::of_call(&error))?;
    Ok(match info.session_state() {
        SessionState::RoUser | SessionState::RwUser => true,
        SessionState::RoPublic | SessionState::RwPublic | SessionState::RwSecurityOfficer => false,
    })
}

/// A panic elsewhere leaves these plain collections whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
