//! How `core` begins: memory first, self-tests, links, then the sandbox, and only then a byte from outside.

use crate::custody;
use crate::identity::{KEY_FILE_BYTES_MAX, TlsKey};
use crate::lane::front::Front;
use crate::lane::governor::{self, Governor};
use crate::lane::message::{Mailbox, Message};
use crate::lane::{Lane, Parts, slow, work};
use crate::sandbox::profile;
use hardening::arena::{self, ArenaKind, ArenaSize};
use hardening::ring::RingProducer;
use hardening::sandbox::Lockdown;
use holdfast_model::{Generation, LaneIndex};
use holdfast_orbital::Signers;
use holdfast_ports::child::Child;
use holdfast_ports::control::Socket;
use holdfast_ports::link::Link;
use holdfast_ports::settings;
use rustix::event::epoll;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread;

/// Stack of a lane: what decoding, cryptography and a few nested requests need, with room.
const LANE_STACK_BYTES: usize = 1 << 20;

/// Threads beside the lanes: the one that makes transport keys, and the slow lane.
const SLOW_THREADS: usize = 2;

/// Runs `core` until warden says stop.
///
/// # Errors
/// Our own words, for warden and the log.
pub fn run(mut child: Child) -> Result<(), String> {
    let settings: settings::Core = child.settings().map_err(say)?;
    secret_memory(&settings)?;
    self_tests()?;
    let tls = tls_key(&mut child)?;
    tls.belongs_to(settings.tls_chain.first().map_or(&[], Vec::as_slice)).map_err(say)?;
    let signers = Signers::pin(&settings.signers, settings.signers_needed).map_err(say)?;
    let settings = Arc::new(settings);
    let (lanes, mailboxes, supply, worker) = lanes(&mut child, &settings)?;
    let parts = governor_parts(&mut child, &settings)?;
    // The sandbox tells descriptors by number: nothing is opened after this.
    let highest = highest_fd()?;
    let stage = Lockdown::begin(&profile(highest)).map_err(say)?;
    // Threads meet here twice: when all of them have begun, and when the sandbox is sealed. One that is still beginning
    // when the filter lands would be killed by it.
    let gate = Arc::new(Barrier::new(lanes.len() + SLOW_THREADS));
    let mut lanes = lanes.into_iter();
    let first = lanes.next().ok_or("no lanes are configured: set core.lanes to at least 1")?;
    for lane in lanes {
        spawn_lane(lane, Arc::clone(&gate))?;
    }
    spawn_slow("keys", Arc::clone(&gate), || Ok(()), move || slow::run(&supply))?;
    spawn_slow("slow", Arc::clone(&gate), || work::Worker::step_back().map_err(say), move || worker.run())?;
    gate.wait();
    let lockdown = stage.seal().map_err(say)?;
    gate.wait();
    let kind = arena::installed().map_or("none", |arena| secret_memory_name(arena.kind()));
    let parts = governor::Parts {
        control: child.control,
        edge: parts.edge,
        signs: parts.signs,
        import: parts.import,
        lanes: mailboxes,
        signers,
        tls,
        secret_memory: kind.to_owned(),
    };
    govern(first, parts, &lockdown)
}

/// Serves lane 0 and governs. Takes the proof that the process is locked down.
fn govern(first: LaneSeed, parts: governor::Parts, _proof: &Lockdown) -> Result<(), String> {
    on_secret_stack(|| {
        let (lane, epoll) = first.grow()?;
        let governor = Governor::new(Rc::clone(&lane), parts);
        governor.begin();
        let ended = lane.run(epoll, Some(&governor)).map_err(say);
        match governor.take_failure() {
            Some(why) => Err(why),
            None => ended,
        }
    })
}

fn spawn_lane(seed: LaneSeed, gate: Arc<Barrier>) -> Result<(), String> {
    named("lane")
        .spawn(move || {
            gate.wait();
            gate.wait();
            let ended =
                on_secret_stack(|| seed.grow().and_then(|(lane, epoll)| lane.run(epoll, None).map_err(say)));
            // A lane cannot end alone: its tenants would be without service and nobody would know.
            if ended.is_err() {
                hardening::ending::wipe_and_exit(1);
            }
        })
        .map(drop)
        .map_err(say)
}

/// A thread beside the lanes; `first` is what it does before the sandbox is sealed.
fn spawn_slow(
    name: &str,
    gate: Arc<Barrier>,
    first: impl FnOnce() -> Result<(), String> + Send + 'static,
    then: impl FnOnce() + Send + 'static,
) -> Result<(), String> {
    named(name)
        .spawn(move || {
            let prepared = first();
            gate.wait();
            gate.wait();
            let ended = prepared.and_then(|()| {
                on_secret_stack(|| {
                    then();
                    Ok(())
                })
            });
            // It ends when all lanes have ended, or it could not begin; the lanes would wait for it for ever.
            if ended.is_err() {
                hardening::ending::wipe_and_exit(1);
            }
        })
        .map(drop)
        .map_err(say)
}

/// Keys and plaintexts pass over the stack as well, so a lane's is in secret memory.
fn on_secret_stack(serve: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    hardening::stack::run_on_secret_stack(LANE_STACK_BYTES, serve).map_err(say)?
}

fn named(name: &str) -> thread::Builder {
    thread::Builder::new().name(name.to_owned())
}

fn secret_memory(settings: &settings::Core) -> Result<(), String> {
    let bytes = |value: u64| usize::try_from(value).map_err(say);
    hardening::heap::enter_secret(bytes(settings.heap_bytes)?).map_err(say)?;
    arena::install(ArenaSize::bytes(bytes(settings.arena_bytes)?)).map_err(say)?;
    hardening::stack::reserve(usize::from(settings.lanes) + SLOW_THREADS, LANE_STACK_BYTES).map_err(say)?;
    hardening::ending::wipe_on_ending().map_err(say)?;
    hardening::process::lock_present_memory().map_err(say)
}

/// Every algorithm gives its known answer, or the process does not start.
fn self_tests() -> Result<(), String> {
    custody::selftest::run().map_err(say)?;
    crate::crypto::selftest::run().map_err(say)
}

fn tls_key(child: &mut Child) -> Result<TlsKey, String> {
    let file = File::from(child.take(Socket::TlsKey).ok_or("warden gave no TLS key file")?);
    let mut pem = zeroize::Zeroizing::new(vec![0; KEY_FILE_BYTES_MAX]);
    let read = file.read_at(&mut pem, 0).map_err(say)?;
    let text = pem.get(..read).and_then(|bytes| core::str::from_utf8(bytes).ok());
    TlsKey::from_pem(text.ok_or("the TLS key file is not text")?).map_err(say)
}

struct GovernorLinks {
    edge: Option<Link>,
    signs: Vec<Link>,
    import: Option<Link>,
}

fn governor_parts(child: &mut Child, settings: &settings::Core) -> Result<GovernorLinks, String> {
    let signs = (0..settings.workers).map(|worker| link(child, Socket::Sign { worker }));
    Ok(GovernorLinks {
        signs: signs.collect::<Result<_, _>>()?,
        edge: Some(link(child, Socket::Edge)?),
        import: Some(link(child, Socket::Import)?),
    })
}

/// Everything that a lane is made of and that may cross to its thread.
struct LaneSeed {
    index: LaneIndex,
    generation: Generation,
    settings: Arc<settings::Core>,
    fronts: Vec<Link>,
    ring: RingProducer,
    messages: Receiver<Message>,
    governor: Mailbox,
    wake: UnixStream,
    epoll: OwnedFd,
    transport: slow::TransportKeys,
    work: work::Queue,
    keystore: Link,
    audit: Link,
    roots: Vec<(holdfast_model::HsmName, Link)>,
}

impl LaneSeed {
    fn grow(self) -> Result<(Rc<Lane>, OwnedFd), String> {
        let lane = Lane::new(Parts {
            index: self.index,
            generation: self.generation,
            limits: crate::request::Limits::default(),
            settings: self.settings,
            fronts: self.fronts.into_iter().map(Front::new).collect(),
            ring: self.ring,
            messages: self.messages,
            governor: self.governor,
            wake: self.wake,
            transport: self.transport,
            work: self.work,
        })
        .map_err(say)?;
        lane.wire(self.keystore, self.audit, self.roots);
        Ok((lane, self.epoll))
    }
}

type Lanes = (Vec<LaneSeed>, Vec<Mailbox>, slow::Supply, work::Worker);

fn lanes(child: &mut Child, settings: &Arc<settings::Core>) -> Result<Lanes, String> {
    let mut ways: Vec<(Sender<Message>, UnixStream)> = Vec::new();
    let mut ends: Vec<(Receiver<Message>, UnixStream)> = Vec::new();
    for _ in 0..settings.lanes {
        let (send, receive) = channel();
        let (ours, theirs) = UnixStream::pair().map_err(say)?;
        ours.set_nonblocking(true).map_err(say)?;
        theirs.set_nonblocking(true).map_err(say)?;
        ways.push((send, ours));
        ends.push((receive, theirs));
    }
    let mailbox = |at: usize| -> Result<Mailbox, String> {
        let (send, wake) = ways.get(at).ok_or("no lanes are configured")?;
        Ok(Mailbox::new(send.clone(), wake.try_clone().map_err(say)?))
    };
    let wakers = || ways.iter().map(|(_, wake)| wake.try_clone().map_err(say)).collect::<Result<_, _>>();
    let (transport, supply) = slow::transport_keys(wakers()?);
    let (work, worker) = work::queue(wakers()?);
    let mut seeds = Vec::new();
    for (at, (messages, wake)) in ends.into_iter().enumerate() {
        let lane = LaneIndex(u16::try_from(at).map_err(say)?);
        let fronts = (0..settings.workers).map(|worker| link(child, Socket::Front { worker, lane }));
        let fronts = fronts.collect::<Result<_, _>>()?;
        let roots =
            settings.hsms.iter().map(|hsm| Ok((*hsm, link(child, Socket::Root { hsm: *hsm, lane })?)));
        let roots = roots.collect::<Result<_, String>>()?;
        let ring = child.take(Socket::Ring { lane }).ok_or("warden gave no audit ring")?;
        seeds.push(LaneSeed {
            index: lane,
            generation: child.generation(),
            settings: Arc::clone(settings),
            fronts,
            ring: RingProducer::attach(&ring).map_err(say)?,
            messages,
            governor: mailbox(0)?,
            wake,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).map_err(say)?,
            transport: transport.clone(),
            work: work.clone(),
            keystore: link(child, Socket::Keystore { lane })?,
            audit: link(child, Socket::Audit { lane })?,
            roots,
        });
    }
    let mailboxes = (0..ways.len()).map(mailbox).collect::<Result<_, _>>()?;
    Ok((seeds, mailboxes, supply, worker))
}

fn link(child: &mut Child, socket: Socket) -> Result<Link, String> {
    let end: OwnedFd = child.take(socket).ok_or_else(|| format!("warden gave no {socket:?}"))?;
    Link::new(end).map_err(say)
}

/// The highest number that any descriptor of this process may get: those that are open, and room for those that are
/// on their way to their places.
fn highest_fd() -> Result<i32, String> {
    let probe = UnixStream::pair().map_err(say)?;
    let highest = std::os::fd::AsRawFd::as_raw_fd(&probe.1);
    Ok(highest + 64)
}

const fn secret_memory_name(kind: ArenaKind) -> &'static str {
    match kind {
        ArenaKind::MemfdSecret => "memfd-secret",
        ArenaKind::LockedPages => "locked-pages",
    }
}

fn say(error: impl core::fmt::Display) -> String {
    error.to_string()
}
