//! The loop: starts what is down, hears what children say, notices who has ended, and stops them all when asked.
//!
//! One thread, no byte from outside. Processes are told apart by pidfd, so an id that the system gives to another
//! process is never signalled.

use crate::control_end::ControlEnd;
use crate::error::StartError;
use crate::process::{Process, READY_WITHIN, Running, State};
use crate::resources::Resources;
use crate::wiring::{self, Held};
use hardening::fds::{Ended, Program, Start, spawn};
use hardening::sandbox::Lockdown;
use hardening::signals::Asked;
use holdfast_model::role::{Instance, Role};
use holdfast_model::status::ProcessStatus;
use holdfast_model::{Generation, Timestamp};
use holdfast_ports::control::{CONTROL_FD, ToChild, ToWarden};
use holdfast_ports::settings::Logs;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long one process may take to finish when asked to.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Warden at work.
pub(crate) struct Watch {
    processes: Vec<Process>,
    resources: Resources,
    logs: Logs,
    held: Held,
    asked: Asked,
    started: Timestamp,
    /// The process table differs from what frontend was told.
    changed: bool,
    /// Processes are expected to end.
    stopping: bool,
    _lockdown: Lockdown,
}

/// What woke the loop.
struct Woken {
    /// Somebody asks us to stop.
    asked: bool,
    /// These processes have ended.
    ended: Vec<usize>,
    /// These have something to say, or listen again.
    talking: Vec<usize>,
}

impl Watch {
    pub(crate) fn new(
        processes: Vec<Process>,
        resources: Resources,
        logs: Logs,
        asked: Asked,
        lockdown: Lockdown,
    ) -> Self {
        let started = Timestamp::now();
        Self {
            processes,
            resources,
            logs,
            held: Held::new(),
            asked,
            started,
            changed: false,
            stopping: false,
            _lockdown: lockdown,
        }
    }

    /// Until asked to stop.
    pub(crate) fn run(mut self) -> Result<(), StartError> {
        loop {
            self.act_on_deadlines();
            self.publish();
            let deadline = self.processes.iter().filter_map(Process::deadline).min();
            let woken = self.wait(deadline)?;
            if woken.asked {
                return self.stop();
            }
            self.act_on(&woken);
        }
    }

    /// Asks one process after the other to finish, the last started first; kills those that do not.
    fn stop(mut self) -> Result<(), StartError> {
        tracing::info!("box-stopping");
        self.stopping = true;
        for at in (0..self.processes.len()).rev() {
            let until = Instant::now() + STOP_WITHIN;
            if let Some(running) = self.running_mut(at)
                && let Some(control) = &mut running.control
                && control.tell(&ToChild::Stop, None).is_err()
            {
                running.control = None;
            }
            while self.running_mut(at).is_some() && Instant::now() < until {
                let woken = self.wait(Some(until))?;
                for ended in &woken.ended {
                    self.reap(*ended);
                }
                for talking in &woken.talking {
                    self.hear(*talking);
                }
                if woken.asked {
                    break;
                }
            }
            self.end(at);
        }
        tracing::info!("box-stopped");
        Ok(())
    }

    /// Kills a process that did not finish, and waits for its end.
    fn end(&mut self, at: usize) {
        let Some(process) = self.processes.get(at) else { return };
        let Some(running) = process.running() else { return };
        tracing::warn!(process = %process.instance(), "process-killed");
        running.kill(process.instance());
        if let Err(error) = running.child.wait() {
            tracing::error!(process = %process.instance(), reason = %error, "wait-refused");
        }
    }

    fn running_mut(&mut self, at: usize) -> Option<&mut Running> {
        self.processes.get_mut(at).and_then(Process::running_mut)
    }

    fn wait(&self, until: Option<Instant>) -> Result<Woken, StartError> {
        let mut sources = Vec::new();
        let mut fds = vec![PollFd::new(&self.asked, PollFlags::IN)];
        for (at, process) in self.processes.iter().enumerate() {
            let Some(running) = process.running() else { continue };
            fds.push(PollFd::from_borrowed_fd(running.child.pidfd(), PollFlags::IN));
            sources.push((at, true));
            if let Some(control) = &running.control {
                let writing = if control.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
                fds.push(PollFd::new(control, PollFlags::IN | writing));
                sources.push((at, false));
            }
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut fds, left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(StartError::Kernel { step: "poll", source: errno.into() }),
        }
        let mut woken = Woken { asked: false, ended: Vec::new(), talking: Vec::new() };
        for ((at, is_pidfd), fd) in sources.into_iter().zip(fds.iter().skip(1)) {
            match (fd.revents().is_empty(), is_pidfd) {
                (true, _) => {}
                (false, true) => woken.ended.push(at),
                (false, false) => woken.talking.push(at),
            }
        }
        woken.asked =
            self.asked.take().map_err(|source| StartError::Kernel { step: "reading signals", source })?;
        Ok(woken)
    }

    fn act_on(&mut self, woken: &Woken) {
        // Last words first: a child that says why it fails ends right after.
        for at in &woken.talking {
            self.hear(*at);
        }
        for at in &woken.ended {
            self.hear(*at);
            self.reap(*at);
        }
    }

    fn hear(&mut self, at: usize) {
        let Some(process) = self.processes.get_mut(at) else { return };
        let (instance, generation) = (process.instance(), process.generation);
        let Some(running) = process.running_mut() else { return };
        loop {
            let Some(control) = &mut running.control else { return };
            match control.flush().and_then(|()| control.hear()) {
                Ok(None) => return,
                Ok(Some(ToWarden::Ready)) => {
                    let took_ms = millis(running.since.elapsed());
                    running.ready.get_or_insert_with(Instant::now);
                    self.changed = true;
                    tracing::info!(process = %instance, generation = generation.0, took_ms, "process-ready");
                }
                Ok(Some(ToWarden::Failed(reason))) => {
                    tracing::error!(process = %instance, generation = generation.0, reason, "process-failed");
                }
                Err(error) => return running.give_up(instance, &error),
            }
        }
    }

    /// Notes the end of a process, if it has ended.
    fn reap(&mut self, at: usize) {
        let Some(process) = self.processes.get_mut(at) else { return };
        let (instance, generation) = (process.instance(), process.generation.0);
        let Some(running) = process.running() else { return };
        let ended = match running.child.try_wait() {
            Ok(Some(ended)) => ended,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(process = %instance, reason = %error, "wait-refused");
                Ended::Code(-1)
            }
        };
        let retry_ms = millis(process.down(Instant::now()));
        self.changed = true;
        match ended {
            Ended::Code(code) if self.stopping => {
                tracing::info!(process = %instance, generation, code, "process-stopped")
            }
            Ended::Code(code) => {
                tracing::warn!(process = %instance, generation, code, retry_ms, "process-ended")
            }
            Ended::Signal(signal) => {
                tracing::warn!(process = %instance, generation, signal, retry_ms, "process-ended");
            }
        }
    }

    fn act_on_deadlines(&mut self) {
        let now = Instant::now();
        for at in 0..self.processes.len() {
            let Some(process) = self.processes.get(at) else { return };
            if process.deadline().is_none_or(|deadline| deadline > now) {
                continue;
            }
            match &process.state {
                State::Down(_) => self.start(at),
                State::Up(running) => {
                    if running.doomed.is_none() {
                        let within_ms = millis(READY_WITHIN);
                        tracing::error!(process = %process.instance(), within_ms, "process-not-ready");
                    }
                    running.kill(process.instance());
                    // Its end is noticed through its pidfd; until then there is nothing to wait for.
                    if let Some(running) = self.running_mut(at) {
                        (running.control, running.doomed) = (None, None);
                    }
                }
            }
        }
    }

    fn start(&mut self, at: usize) {
        let Some(process) = self.processes.get_mut(at) else { return };
        process.generation = process.generation.next();
        process.started = Timestamp::now();
        self.changed = true;
        let outcome = self.try_start(at);
        let Some(process) = self.processes.get_mut(at) else { return };
        let (instance, generation) = (process.instance(), process.generation.0);
        match outcome {
            Ok(running) => {
                let pid = running.child.pid().as_raw_nonzero().get();
                process.state = State::Up(running);
                tracing::info!(process = %instance, generation, pid, "process-started");
            }
            Err(error) => {
                let retry_ms = millis(process.down(Instant::now()));
                tracing::error!(process = %instance, generation, reason = %error, retry_ms, "process-not-started");
            }
        }
    }

    fn try_start(&mut self, at: usize) -> io::Result<Running> {
        let wiring = wiring::wire(&mut self.processes, at, &mut self.held, &self.resources)?;
        let process = self.processes.get(at).ok_or(io::ErrorKind::NotFound)?;
        let (mut control, theirs) = ControlEnd::pair()?;
        let first = ToChild::Start {
            instance: process.instance(),
            generation: process.generation,
            logs: self.logs,
            wires: wiring.wires.clone(),
            settings: process.settings.clone(),
        };
        control.tell(&first, None).map_err(io::Error::other)?;
        let child = spawn(&Start {
            program: Program::Myself,
            arguments: &["holdfastd", process.instance().role.name()],
            environment: &environment(process),
            table: &self.table(&wiring, &theirs),
        })?;
        Ok(Running { child, control: Some(control), since: Instant::now(), ready: None, doomed: None })
    }

    /// The whole table of descriptors of a child.
    fn table<'a>(
        &'a self,
        wiring: &'a wiring::Wiring<'_>,
        control: &'a OwnedFd,
    ) -> Vec<(BorrowedFd<'a>, i32)> {
        let null = self.resources.null();
        let mut table =
            vec![(null, 0), (null, 1), (rustix::stdio::stderr(), 2), (control.as_fd(), CONTROL_FD)];
        table.extend(wiring.table());
        table
    }

    /// Tells frontend the process table, if it has changed.
    fn publish(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let mut table = vec![self.myself()];
        table.extend(self.processes.iter().map(Process::status));
        let frontend = Instance::of(Role::Frontend);
        let Some(process) = self.processes.iter_mut().find(|process| process.instance() == frontend) else {
            return;
        };
        let Some(running) = process.running_mut() else { return };
        let Some(control) = &mut running.control else { return };
        if let Err(error) = control.tell(&ToChild::Processes(table), None) {
            running.give_up(frontend, &error);
        }
    }

    fn myself(&self) -> ProcessStatus {
        ProcessStatus {
            instance: Instance::of(Role::Warden),
            pid: Some(std::process::id()),
            generation: Generation(1),
            started: self.started,
            ready: true,
        }
    }
}

fn environment(process: &Process) -> Vec<(&str, &str)> {
    process.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
