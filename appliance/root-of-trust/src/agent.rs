//! The root-agent's life: locks itself down, loads the module, serves every lane until warden says stop.
//!
//! The module is loaded and warmed up between the two stages of the sandbox: files, ports and privileges are gone
//! already, threads can still be made. Then the system calls are closed, on all threads at once.

use crate::limits::{RETRY_AFTER, WATCH_INTERVAL};
use crate::pin::Pin;
use crate::pkcs11::Driver;
use crate::sandbox;
use crate::workers::{Job, Workers};
use hardening::sandbox::Lockdown;
use holdfast_model::LaneIndex;
use holdfast_ports::agent::{Arrived, Links};
use holdfast_ports::child::{Child, Control, Event};
use holdfast_ports::control::Socket;
use holdfast_ports::link::Link;
use holdfast_ports::root::{Reply, Request, RootError};
use holdfast_ports::settings;
use rustix::event::epoll;
use std::os::fd::{AsFd, OwnedFd};

/// Where the agent's orders come from: warden's control socket, or a test in its place.
pub trait Orders: AsFd {
    /// The next order, if there is one. Never blocks.
    ///
    /// # Errors
    /// When there will be no more; the agent ends.
    fn next(&mut self) -> Result<Option<Event>, String>;
}

impl Orders for Control {
    fn next(&mut self) -> Result<Option<Event>, String> {
        self.receive().map_err(|error| error.to_string())
    }
}

/// The whole life of the process.
///
/// # Errors
/// Why it cannot serve, in our own words; warden has been told.
pub fn run(child: Child) -> Result<(), String> {
    let mut child = child;
    let outcome = start(&mut child).and_then(|mut agent| {
        child.control.ready().map_err(|error| error.to_string())?;
        agent.serve(&mut child.control)
    });
    if let Err(why) = &outcome {
        // Warden may be gone; then there is nobody to tell.
        drop(child.control.failed(why));
    }
    outcome
}

fn start(child: &mut Child) -> Result<Agent, String> {
    let settings: settings::Root = child.settings().map_err(|error| error.to_string())?;
    let pin = child.take(Socket::Pin).ok_or("warden gave no PIN file")?;
    let pin = Pin::read(pin).map_err(|error| error.to_string())?;
    let mut ends = Vec::new();
    for lane in 0..settings.lanes {
        let socket = Socket::Root { hsm: settings.hsm, lane: LaneIndex(lane) };
        ends.push(child.take(socket).ok_or_else(|| format!("warden gave no link for lane {lane}"))?);
    }
    Agent::start(&settings, pin, ends, &child.control)
}

/// A root-agent in its full sandbox.
pub struct Agent {
    links: Links,
    /// Which link of each lane is the present one.
    current: Vec<u64>,
    workers: Workers,
    /// Readable when there are orders or replies.
    something: OwnedFd,
}

impl Agent {
    /// Enters the sandbox with the module loaded. Link `n` belongs to lane `n`.
    ///
    /// # Errors
    /// Why the process cannot serve. A token that is away or refuses the PIN is not among the reasons.
    pub fn start(
        settings: &settings::Root,
        pin: Pin,
        ends: Vec<OwnedFd>,
        orders: &impl AsFd,
    ) -> Result<Self, String> {
        let lanes = ends.len();
        let links: Result<Vec<Link>, _> = ends.into_iter().map(Link::new).collect();
        let links = links.map_err(|error| error.to_string())?;
        let stage = Lockdown::begin(&sandbox::profile(settings)).map_err(|error| error.to_string())?;
        let driver = Driver::load(settings, pin).map_err(|error| error.to_string())?;
        if let Err(reason) = driver.warm_up() {
            tracing::warn!(%reason, "not-warmed-up");
        }
        let workers =
            Workers::start(&driver, settings.sessions_max, lanes).map_err(|error| error.to_string())?;
        let something = either(orders, &workers).map_err(|error| error.to_string())?;
        stage.seal().map_err(|error| error.to_string())?;
        Ok(Self { links: Links::new(links), current: vec![0; lanes], workers, something })
    }

    /// Serves until an order to stop.
    ///
    /// # Errors
    /// When the orders end, waiting fails, or the module is stuck: the process must be started anew.
    pub fn serve(&mut self, orders: &mut impl Orders) -> Result<(), String> {
        let mut arrived = Vec::new();
        loop {
            self.links
                .wait(&self.something, Some(WATCH_INTERVAL), &mut arrived)
                .map_err(|error| error.to_string())?;
            while let Some(event) = orders.next()? {
                match event {
                    Event::Stop => return Ok(()),
                    Event::Rewire { wire, fd } => {
                        if let Socket::Root { lane, .. } = wire.socket {
                            self.rewire(lane.0.into(), Link::new(fd).map_err(|error| error.to_string())?);
                        }
                    }
                    Event::Processes(_) => {}
                }
            }
            for request in arrived.drain(..) {
                self.hand_on(request);
            }
            for Job { lane, link, correlation, content } in self.workers.done() {
                if self.current.get(lane) == Some(&link) {
                    self.links.answer(lane, correlation, &content);
                }
            }
            self.workers.are_alive().map_err(|stuck| stuck.to_string())?;
        }
    }

    fn hand_on(&mut self, arrived: Arrived<Request>) {
        let Arrived { from, correlation, request } = arrived;
        let Some(link) = self.current.get(from).copied() else { return };
        if self.workers.ask(Job { lane: from, link, correlation, content: request }).is_err() {
            let wait = Reply::Failed(RootError::RateLimited { retry_after: RETRY_AFTER });
            self.links.answer(from, correlation, &wait);
        }
    }

    fn rewire(&mut self, lane: usize, link: Link) {
        let Some(current) = self.current.get_mut(lane) else { return };
        *current += 1;
        self.workers.forget(lane);
        self.links.replace(lane, link);
    }
}

/// One descriptor for both.
fn either(one: &impl AsFd, other: &impl AsFd) -> rustix::io::Result<OwnedFd> {
    let both = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&both, one, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
    epoll::add(&both, other, epoll::EventData::new_u64(1), epoll::EventFlags::IN)?;
    Ok(both)
}
