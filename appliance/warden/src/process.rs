//! One process under watch: what it is, whether it runs, when it is started next.

use crate::control_end::{ControlEnd, ControlError};
use crate::plan::Planned;
use hardening::fds::Child;
use holdfast_model::Generation;
use holdfast_model::Timestamp;
use holdfast_model::role::Instance;
use holdfast_model::status::ProcessStatus;
use holdfast_ports::backoff::Backoff;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// A process that does not serve within this time is killed and started again.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(30);
/// A process that has closed its control socket and does not end within this time is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(1);
/// A process that served so long has worked: the next start does not wait longer than the first.
const STEADY_AFTER: Duration = Duration::from_secs(1);

/// A process of the plan.
pub(crate) struct Process {
    /// Who, and its descriptors.
    pub(crate) planned: Planned,
    /// Its settings, as they go over the control socket.
    pub(crate) settings: Vec<u8>,
    /// Its whole environment.
    pub(crate) environment: Vec<(String, String)>,
    /// How often it was started.
    pub(crate) generation: Generation,
    /// When it was started last.
    pub(crate) started: Timestamp,
    /// Whether it runs.
    pub(crate) state: State,
    backoff: Backoff,
}

/// Whether a process runs.
pub(crate) enum State {
    /// It does not, and is started at this time.
    Down(Instant),
    /// It does.
    Up(Running),
}

/// A process that runs.
pub(crate) struct Running {
    /// The process.
    pub(crate) child: Child,
    /// The socket to it; `None` once it is broken and the process was killed.
    pub(crate) control: Option<ControlEnd>,
    /// When it was started.
    pub(crate) since: Instant,
    /// When it said that it serves.
    pub(crate) ready: Option<Instant>,
    /// When it is killed, if it has not ended by then.
    pub(crate) doomed: Option<Instant>,
}

impl Running {
    /// Stops talking to a process that cannot be talked to. One that has closed its end is about to end, and how it
    /// ends is worth knowing; any other is killed.
    pub(crate) fn give_up(&mut self, instance: Instance, why: &ControlError) {
        if self.control.take().is_none() {
            return;
        }
        if matches!(why, ControlError::Closed) {
            self.doomed = Some(Instant::now() + ENDS_WITHIN);
            return;
        }
        tracing::warn!(process = %instance, reason = %why, "process-not-heard");
        self.kill(instance);
    }

    /// Ends it at once.
    pub(crate) fn kill(&self, instance: Instance) {
        if let Err(error) = self.child.signal(Signal::KILL) {
            tracing::error!(process = %instance, reason = %error, "kill-refused");
        }
    }
}

impl Process {
    pub(crate) fn new(planned: Planned, settings: Vec<u8>, environment: Vec<(String, String)>) -> Self {
        Self {
            planned,
            settings,
            environment,
            generation: Generation::default(),
            started: Timestamp::default(),
            state: State::Down(Instant::now()),
            backoff: Backoff::new(),
        }
    }

    pub(crate) fn instance(&self) -> Instance {
        self.planned.instance
    }

    /// The process, if it runs.
    pub(crate) fn running(&self) -> Option<&Running> {
        match &self.state {
            State::Up(running) => Some(running),
            State::Down(_) => None,
        }
    }

    /// The process, if it runs.
    pub(crate) fn running_mut(&mut self) -> Option<&mut Running> {
        match &mut self.state {
            State::Up(running) => Some(running),
            State::Down(_) => None,
        }
    }

    /// The generation of the present start or, while it is down, of the next one.
    pub(crate) fn generation_to_meet(&self) -> Generation {
        if self.running().is_some() { self.generation } else { self.generation.next() }
    }

    /// It has ended or could not be started: when to try again. Returns the wait.
    pub(crate) fn down(&mut self, now: Instant) -> Duration {
        let worked = self.running().and_then(|running| running.ready);
        if worked.is_some_and(|ready| now.saturating_duration_since(ready) >= STEADY_AFTER) {
            self.backoff.succeeded();
        }
        // The spread need not be unpredictable, only different for each.
        let noise = std::process::id() ^ u32::try_from(self.started.millis() & 0xffff).unwrap_or(0);
        let wait = self.backoff.failed(noise);
        self.state = State::Down(now + wait);
        wait
    }

    /// The next time at which something is to be done about it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Down(at) => Some(*at),
            State::Up(Running { doomed: Some(at), .. }) => Some(*at),
            State::Up(Running { ready: None, since, control: Some(_), .. }) => Some(*since + READY_WITHIN),
            State::Up(_) => None,
        }
    }

    /// As an operator sees it.
    pub(crate) fn status(&self) -> ProcessStatus {
        let running = self.running();
        ProcessStatus {
            instance: self.instance(),
            pid: running.map(|running| running.child.pid().as_raw_nonzero().get().unsigned_abs()),
            generation: self.generation,
            started: self.started,
            ready: running.is_some_and(|running| running.ready.is_some()),
        }
    }
}
