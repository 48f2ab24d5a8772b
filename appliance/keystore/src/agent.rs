//! The keystore-agent: takes what has arrived on every lane's link, does it, answers.
//!
//! In one round reads are answered first, from the last commit; then all commits that arrived together share one
//! flush and are acknowledged after it. So a read waits for one flush at most, and under load many commits cost one.
//! A reply may overtake another: whoever needs to read what it wrote waits for its own acknowledgement.

use crate::registry::{self, Backend, Purge};
use crate::sandbox;
use hardening::sandbox::Lockdown;
use holdfast_model::{LaneIndex, TenantId};
use holdfast_ports::agent::{Arrived, Links};
use holdfast_ports::child::{Child, Control, Event};
use holdfast_ports::control::Socket;
use holdfast_ports::envelope::Correlation;
use holdfast_ports::keystore::{KeystoreError, Reply, Request, Write};
use holdfast_ports::link::Link;
use holdfast_ports::settings;
use std::os::fd::AsFd;
use std::time::Duration;

/// Commits that share one flush carry at most this much, so that a round stays short.
const GROUP_BYTES_MAX: usize = 8 << 20;

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
        self.receive().map_err(|error| error.to_string())
    }
}

/// The whole life of the process: locks itself down, opens its store, serves until warden says stop.
///
/// # Errors
/// Why it cannot serve, in our own words; warden has been told.
pub fn run(child: Child) -> Result<(), String> {
    let mut child = child;
    let outcome = start(&mut child).and_then(|(mut links, mut backend)| {
        child.control.ready().map_err(|error| error.to_string())?;
        serve(&mut links, &mut child.control, &mut *backend)
    });
    if let Err(why) = &outcome {
        // Warden may be gone; then there is nobody to tell.
        drop(child.control.failed(why));
    }
    outcome
}

fn start(child: &mut Child) -> Result<(Links, Box<dyn Backend>), String> {
    let settings: settings::Keystore = child.settings().map_err(|error| error.to_string())?;
    let mut ends = Vec::new();
    for lane in 0..settings.lanes {
        let end = child.take(Socket::Keystore { lane: LaneIndex(lane) });
        let end = end.ok_or_else(|| format!("warden gave no link for lane {lane}"))?;
        ends.push(Link::new(end).map_err(|error| error.to_string())?);
    }
    Lockdown::enter(&sandbox::profile(&settings.backend)).map_err(|error| error.to_string())?;
    let backend = registry::open(&settings.backend).map_err(|error| error.to_string())?;
    Ok((Links::new(ends), backend))
}

/// Serves until an order to stop. Link `n` belongs to lane `n`.
///
/// # Errors
/// When waiting fails or the orders end.
pub fn serve(links: &mut Links, orders: &mut impl Orders, backend: &mut dyn Backend) -> Result<(), String> {
    let mut arrived = Vec::new();
    let mut purges = Vec::new();
    loop {
        let timeout = if purges.is_empty() { None } else { Some(Duration::ZERO) };
        if links.wait(orders, timeout, &mut arrived).map_err(|error| error.to_string())? {
            while let Some(event) = orders.next()? {
                match event {
                    Event::Stop => return Ok(()),
                    Event::Rewire { wire, fd } => {
                        if let Socket::Keystore { lane } = wire.socket {
                            links.replace(lane.0.into(), Link::new(fd).map_err(|error| error.to_string())?);
                        }
                    }
                    Event::Processes(_) => {}
                }
            }
        }
        round(links, backend, &mut arrived, &mut purges);
    }
}

/// A purge on its way, and whom to tell.
struct Purging {
    tenant: TenantId,
    from: usize,
    correlation: Correlation,
}

/// A write that waits for its group.
struct Waiting {
    from: usize,
    correlation: Correlation,
}

fn round(
    links: &mut Links,
    backend: &mut dyn Backend,
    arrived: &mut Vec<Arrived<Request>>,
    purges: &mut Vec<Purging>,
) {
    let mut writes = Vec::new();
    for Arrived { from, correlation, request } in arrived.drain(..) {
        match read(backend, request) {
            Ok(reply) => links.answer(from, correlation, &reply),
            Err(write) => writes.push((from, correlation, write)),
        }
    }
    links.flush();
    let mut group = Group::default();
    for (from, correlation, write) in writes {
        match write {
            Change::Commit(writes) if concerns(&writes, purges) => {
                links.answer(from, correlation, &Reply::Failed(KeystoreError::Unavailable));
            }
            Change::Commit(writes) => {
                group.add(writes, Waiting { from, correlation });
                if group.bytes > GROUP_BYTES_MAX {
                    group.commit(links, backend);
                }
            }
            Change::Purge(tenant) => purges.push(Purging { tenant, from, correlation }),
            Change::AppendBundle(sequence, bundle) => {
                let done = backend.append_bundle(sequence, &bundle);
                links.answer(from, correlation, &outcome(done));
            }
        }
    }
    group.commit(links, backend);
    purge_on(links, backend, purges);
}

/// What changes the store, out of [`Request`].
enum Change {
    Commit(Vec<Write>),
    Purge(TenantId),
    AppendBundle(holdfast_model::Sequence, Vec<u8>),
}

/// Answers what only reads; gives back what does not.
fn read(backend: &mut dyn Backend, request: Request) -> Result<Reply, Change> {
    let reply = match request {
        Request::Get(name) => backend.get(&name).map(Reply::Record),
        Request::Find(query) => backend.find(&query).map(Reply::Found),
        Request::List(query) => backend.list(&query).map(Reply::Records),
        Request::NextBundle(after) => backend.next_bundle(after).map(Reply::Bundle),
        Request::Health => backend.health().map(Reply::Health),
        Request::Commit(writes) => return Err(Change::Commit(writes)),
        Request::Purge(tenant) => return Err(Change::Purge(tenant)),
        Request::AppendBundle(sequence, bundle) => return Err(Change::AppendBundle(sequence, bundle)),
    };
    Ok(reply.unwrap_or_else(Reply::Failed))
}

fn outcome(done: Result<(), KeystoreError>) -> Reply {
    match done {
        Ok(()) => Reply::Done,
        Err(error) => Reply::Failed(error),
    }
}

/// Is any of these records of a tenant that is being purged? It would be swept away with the rest.
fn concerns(writes: &[Write], purges: &[Purging]) -> bool {
    writes.iter().any(|write| purges.iter().any(|purge| purge.tenant == write.name().tenant))
}

/// Commits that share one flush.
#[derive(Default)]
struct Group {
    commits: Vec<Vec<Write>>,
    waiting: Vec<Waiting>,
    bytes: usize,
}

impl Group {
    fn add(&mut self, writes: Vec<Write>, waiting: Waiting) {
        let bytes = |write: &Write| match write {
            Write::Put(record, _) => crate::refuse::record_bytes(record),
            Write::Shred(..) => size_of::<Write>(),
        };
        self.bytes += writes.iter().map(bytes).sum::<usize>();
        self.commits.push(writes);
        self.waiting.push(waiting);
    }

    fn commit(&mut self, links: &mut Links, backend: &mut dyn Backend) {
        let group = core::mem::take(self);
        if group.commits.is_empty() {
            return;
        }
        for (waiting, done) in group.waiting.into_iter().zip(backend.commit(&group.commits)) {
            links.answer(waiting.from, waiting.correlation, &outcome(done));
        }
        links.flush();
    }
}

/// One step of the purge that came first.
fn purge_on(links: &mut Links, backend: &mut dyn Backend, purges: &mut Vec<Purging>) {
    let Some(purge) = purges.first() else { return };
    let done = match backend.purge_step(purge.tenant) {
        Ok(Purge::Unfinished) => return,
        Ok(Purge::Finished) => Ok(()),
        Err(error) => Err(error),
    };
    links.answer(purge.from, purge.correlation, &outcome(done));
    purges.remove(0);
}

#[cfg(test)]
mod tests;
