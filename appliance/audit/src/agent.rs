//! The audit-agent: brings what is in the rings to disk, in groups, and says so to whoever waits.
//!
//! A group is written at once when a lane waits for it, and otherwise a short while after the first record has come,
//! so that it is on disk within `AUDIT_GROUP_INTERVAL`. When the log cannot be written, lanes are told that, nothing
//! is released, and the same records are tried again until it works.

use crate::format::What;
use crate::lane::Lane;
use crate::log::{Log, LogError};
use crate::sandbox;
use hardening::sandbox::Lockdown;
use holdfast_model::limits::AUDIT_GROUP_INTERVAL;
use holdfast_model::{LaneIndex, Timestamp};
use holdfast_ports::agent::{Arrived, Links};
use holdfast_ports::audit::{Reply, Request, UNASKED};
use holdfast_ports::backoff::Backoff;
use holdfast_ports::child::{Child, Control, Event};
use holdfast_ports::control::Socket;
use holdfast_ports::link::Link;
use holdfast_ports::settings;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long records are gathered before a group that nobody waits for is written; the rest of the interval is for the
/// disk.
const GATHER: Duration = AUDIT_GROUP_INTERVAL.checked_div(2).unwrap();
/// A group ends at this size, so that those who wait for it do not wait long.
const GROUP_BYTES_MAX: usize = 2 << 20;

/// Where the agent's orders come from: warden's control socket, or a test in its place.
pub trait Orders: AsFd {
    /// The next order, if there is one.
    ///
    /// # Errors
    /// When there will be no more; the agent ends.
    fn next(&mut self) -> Result<Option<Event>, String>;
}

impl Orders for Control {
    fn next(&mut self) -> Result<Option<Event>, String> {
        self.receive().map_err(words)
    }
}

/// The whole life of the process: locks itself down, takes the log up, serves until warden says stop.
///
/// # Errors
/// Why it cannot serve, in our own words; warden has been told.
pub fn run(child: Child) -> Result<(), String> {
    let mut child = child;
    let outcome = start(&mut child).and_then(|(mut links, lanes, log)| {
        child.control.ready().map_err(words)?;
        serve(&mut links, &mut child.control, log, lanes)
    });
    if let Err(why) = &outcome {
        // Warden may be gone; then there is nobody to tell.
        drop(child.control.failed(why));
    }
    outcome
}

fn start(child: &mut Child) -> Result<(Links, Vec<Lane>, Log), String> {
    let settings: settings::Audit = child.settings().map_err(words)?;
    let mut ends = Vec::new();
    let mut rings = Vec::new();
    for lane in (0..settings.lanes).map(LaneIndex) {
        let mut take = |socket| child.take(socket).ok_or_else(|| format!("warden did not wire lane {lane}"));
        ends.push(Link::new(take(Socket::Audit { lane })?).map_err(words)?);
        rings.push((lane, take(Socket::Ring { lane })?));
    }
    Lockdown::enter(&sandbox::profile(&settings.directory)).map_err(words)?;
    let log = Log::open(&settings.directory, settings.segment_bytes_max).map_err(words)?;
    let lanes: Result<_, _> = rings.into_iter().map(|(lane, ring)| Lane::new(lane, ring, &log)).collect();
    Ok((Links::new(ends), lanes.map_err(words)?, log))
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Serves until an order to stop; then writes what is there. Link `n` and `lanes[n]` belong to lane `n`.
///
/// # Errors
/// When waiting fails, the orders end, or a new ring cannot be used.
pub fn serve(links: &mut Links, orders: &mut impl Orders, log: Log, lanes: Vec<Lane>) -> Result<(), String> {
    let mut agent = Agent { log, lanes, failing: None, write_at: None, first: 0, record: Vec::new() };
    let mut arrived = Vec::new();
    agent.write(links);
    loop {
        let timeout = agent.timeout();
        let ordered = links.wait(orders, timeout, &mut arrived).map_err(words)?;
        for lane in &mut agent.lanes {
            lane.awake();
        }
        if ordered {
            while let Some(event) = orders.next()? {
                match event {
                    Event::Stop => return agent.stop(links),
                    Event::Rewire { wire, fd } => agent.rewire(links, wire.socket, fd)?,
                    Event::Processes(_) => {}
                }
            }
        }
        for Arrived { from, correlation, request } in arrived.drain(..) {
            agent.take(links, from, correlation, request);
        }
        if agent.is_due() {
            agent.write(links);
        }
    }
}

struct Agent {
    log: Log,
    lanes: Vec<Lane>,
    /// The log cannot be written: when to try again.
    failing: Option<(Instant, Backoff)>,
    /// Records are there that nobody waits for: when they are written.
    write_at: Option<Instant>,
    /// The lane that is read first, another one each time, so that none is always last.
    first: usize,
    record: Vec<u8>,
}

impl Agent {
    /// How long to sleep. Tells the lanes if it is for long.
    fn timeout(&mut self) -> Option<Duration> {
        let now = Instant::now();
        if let Some((retry_at, _)) = self.failing {
            return Some(retry_at.saturating_duration_since(now));
        }
        if self.lanes.iter().any(|lane| !lane.waiting.is_empty()) {
            return Some(Duration::ZERO);
        }
        if self.write_at.is_none() {
            let mut idle = true;
            for lane in &mut self.lanes {
                idle &= lane.may_sleep();
            }
            if idle && !self.log.has_notes() {
                return None;
            }
            self.write_at = Some(now + GATHER);
        }
        self.write_at.map(|at| at.saturating_duration_since(now))
    }

    fn is_due(&self) -> bool {
        let now = Instant::now();
        match self.failing {
            Some((retry_at, _)) => retry_at <= now,
            None => {
                self.write_at.is_some_and(|at| at <= now)
                    || self.lanes.iter().any(|lane| !lane.waiting.is_empty())
            }
        }
    }

    fn take(
        &mut self,
        links: &mut Links,
        from: usize,
        correlation: holdfast_ports::envelope::Correlation,
        request: Request,
    ) {
        let Some(lane) = self.lanes.get_mut(from) else { return };
        match request {
            Request::Doorbell => {}
            Request::Head => links.answer(from, correlation, &Reply::Head(self.log.head())),
            Request::Flush { up_to } => match lane.durable() {
                Some(durable) if durable >= up_to => {
                    links.answer(from, correlation, &Reply::Durable { up_to: durable });
                }
                Some(_) if self.failing.is_none() => lane.waiting.push((correlation, up_to)),
                _ => links.answer(from, correlation, &Reply::Failed),
            },
        }
    }

    /// Writes one group and answers those whose records it held.
    fn write(&mut self, links: &mut Links) {
        self.write_at = None;
        match self.write_group() {
            Ok(()) => self.written(links),
            Err(error) => self.failed(links, &error),
        }
        links.flush();
    }

    fn write_group(&mut self) -> Result<(), LogError> {
        self.log.begin_group()?;
        let count = self.lanes.len().max(1);
        self.first = (self.first + 1) % count;
        let share = GROUP_BYTES_MAX / count;
        for at in (0..count).map(|n| (n + self.first) % count) {
            let Some(lane) = self.lanes.get_mut(at) else { continue };
            let most = self.log.staged_bytes() + share;
            if !lane.stage(&mut self.log, most, &mut self.record) {
                self.log.note(What::RingGivenUp { at: Timestamp::now(), lane: lane.index });
            }
        }
        self.log.commit()
    }

    fn written(&mut self, links: &mut Links) {
        let healed = self.failing.take().is_some();
        if healed {
            tracing::info!("audit-log-writable");
        }
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            lane.release();
            let Some(durable) = lane.durable() else {
                for (correlation, _) in lane.waiting.drain(..) {
                    links.answer(at, correlation, &Reply::Failed);
                }
                continue;
            };
            if healed {
                links.answer(at, UNASKED, &Reply::Durable { up_to: durable });
            }
            // A lane pushes before it asks. What it asks for and is not there when its ring is empty never comes.
            let empty = lane.may_sleep();
            lane.awake();
            lane.waiting.retain(|(correlation, up_to)| {
                if *up_to <= durable {
                    links.answer(at, *correlation, &Reply::Durable { up_to: durable });
                } else if empty {
                    links.answer(at, *correlation, &Reply::Failed);
                }
                *up_to > durable && !empty
            });
        }
    }

    fn failed(&mut self, links: &mut Links, error: &LogError) {
        let (first, mut backoff) = match self.failing.take() {
            Some((_, backoff)) => (false, backoff),
            None => (true, Backoff::new()),
        };
        let wait = backoff.failed(std::process::id());
        tracing::error!(reason = %error, retry_ms = wait.as_millis(), "audit-log-not-writable");
        self.failing = Some((Instant::now() + wait, backoff));
        for (at, lane) in self.lanes.iter_mut().enumerate() {
            lane.rewind();
            for (correlation, _) in lane.waiting.drain(..) {
                links.answer(at, correlation, &Reply::Failed);
            }
            if first {
                links.answer(at, UNASKED, &Reply::Failed);
            }
        }
    }

    fn rewire(&mut self, links: &mut Links, socket: Socket, fd: std::os::fd::OwnedFd) -> Result<(), String> {
        match socket {
            Socket::Audit { lane } => {
                if let Some(of_lane) = self.lanes.get_mut(usize::from(lane.0)) {
                    // Whoever waited is gone.
                    of_lane.waiting.clear();
                }
                links.replace(lane.0.into(), Link::new(fd).map_err(words)?);
                if self.failing.is_some() {
                    links.answer(lane.0.into(), UNASKED, &Reply::Failed);
                }
            }
            Socket::Ring { lane } => {
                if let Some(of_lane) = self.lanes.get_mut(usize::from(lane.0)) {
                    of_lane.rewire(fd, &self.log).map_err(words)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Writes everything that is there, as long as that works.
    fn stop(mut self, links: &mut Links) -> Result<(), String> {
        loop {
            self.write(links);
            if self.failing.is_some() || self.lanes.iter_mut().all(Lane::may_sleep) {
                break;
            }
        }
        self.log.close().map_err(words)
    }
}

#[cfg(test)]
mod tests;
