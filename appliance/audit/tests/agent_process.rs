//! The audit-agent in its full sandbox, as a process of its own: killed at any moment, on a full disk, at full speed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

#[path = "support/runner.rs"]
mod runner;

use hardening::ring::{Doorbell, RingError, RingProducer};
use hardening::sandbox::Lockdown;
use holdfast_audit::format::What;
use holdfast_audit::show::each_record;
use holdfast_audit::{Lane, Log, Orders, profile, serve, verify};
use holdfast_model::audit::{Action, AuditEvent, Outcome, Reason};
use holdfast_model::limits::AUDIT_RING_BYTES;
use holdfast_model::{Generation, KeyVersion, LaneIndex, ObjectId, Timestamp};
use holdfast_ports::agent::Links;
use holdfast_ports::audit::{Reply, Request, UNASKED};
use holdfast_ports::child::Event;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::link::Link;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

const SEGMENT_BYTES_MAX: u64 = 256 << 10;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "agent", directory, ring] => agent(Path::new(directory), Path::new(ring)),
        [_, "trespasser", what, directory] => trespass(what, Path::new(directory)),
        _ => runner::run(&[
            ("an_agent_killed_at_any_moment_loses_nothing_and_doubles_nothing", killed),
            ("on_a_full_disk_lanes_are_told_and_told_again_when_there_is_room", full_disk),
            ("records_in_groups_are_durable_many_times_faster_than_one_by_one", group_commit_pays),
            ("a_file_outside_the_log_is_refused", outside_file_refused),
            ("a_socket_or_a_new_program_kills_the_process", forbidden_calls_kill),
        ]),
    }
}

/// Stops when the test closes its end.
struct StopWhenClosed(OwnedFd);

impl AsFd for StopWhenClosed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Orders for StopWhenClosed {
    fn next(&mut self) -> Result<Option<Event>, String> {
        Ok(Some(Event::Stop))
    }
}

/// Standard input is the link, standard output the control socket.
fn agent(directory: &Path, ring: &Path) -> ExitCode {
    let link = Link::new(std::io::stdin().as_fd().try_clone_to_owned().unwrap()).unwrap();
    let mut orders = StopWhenClosed(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
    let ring = std::fs::File::options().read(true).write(true).open(ring).unwrap();
    Lockdown::enter(&profile(directory)).unwrap();
    let log = Log::open(directory, SEGMENT_BYTES_MAX).unwrap();
    let lane = Lane::new(LaneIndex(0), ring.into(), &log).unwrap();
    serve(&mut Links::new(vec![link]), &mut orders, log, vec![lane]).unwrap();
    ExitCode::SUCCESS
}

fn trespass(what: &str, directory: &Path) -> ExitCode {
    Lockdown::enter(&profile(directory)).unwrap();
    let refused = match what {
        "file" => std::fs::read("/etc/passwd").is_err(),
        "file-beside" => std::fs::write(directory.parent().unwrap().join("beside"), b"x").is_err(),
        "socket" => UnixStream::pair().is_err(),
        "program" => Command::new("/bin/true").spawn().is_err(),
        _ => false,
    };
    if refused { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Core's side: a ring that outlives the agents, and the number of the next event.
struct Core {
    ring: RingProducer,
    memory: OwnedFd,
    next: u64,
}

impl Core {
    fn new() -> Self {
        let (ring, memory) = RingProducer::create(AUDIT_RING_BYTES).unwrap();
        Self { ring, memory, next: 0 }
    }

    /// Pushes the next event; the ring's position after it, unless there is no room.
    fn push(&mut self, agent: &mut Agent) -> Option<u64> {
        let event = AuditEvent {
            at: Timestamp::now(),
            generation: Generation(1),
            lane: LaneIndex(0),
            action: Action::Kmip(31),
            outcome: Outcome::Done,
            reason: Reason::NONE,
            tenant: None,
            service: None,
            object: Some(ObjectId::from_bytes(u128::from(self.next).to_be_bytes())),
            key_version: KeyVersion(1),
            client: None,
            bundle: None,
        };
        match self.ring.push(&postcard::to_allocvec(&event).unwrap()) {
            Ok(pushed) => {
                self.next += 1;
                if pushed.doorbell == Doorbell::Ring {
                    agent.send(&Request::Doorbell);
                }
                Some(pushed.end.bytes())
            }
            Err(RingError::Full { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }
}

struct Agent {
    process: Child,
    link: Link,
    orders: Option<UnixStream>,
    asked: u64,
}

impl Agent {
    fn start(directory: &Path, core: &Core) -> Self {
        let ((link, far), (orders, ordered)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let ring = format!("/proc/{}/fd/{}", std::process::id(), core.memory.as_raw_fd());
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["agent", directory.to_str().unwrap(), &ring])
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(Stdio::from(OwnedFd::from(ordered)))
            .spawn()
            .unwrap();
        Self { process, link: Link::new(link.into()).unwrap(), orders: Some(orders), asked: 0 }
    }

    fn send(&mut self, request: &Request) -> Correlation {
        self.asked += 1;
        self.link.queue(|out| envelope::write(out, Correlation(self.asked), request)).unwrap();
        self.link.flush().unwrap();
        Correlation(self.asked)
    }

    fn received(&mut self) -> Option<(Correlation, Reply)> {
        if let Some(content) = self.link.next_frame().unwrap() {
            return Some(envelope::read(content).unwrap());
        }
        self.link.fill().unwrap_or_else(|error| panic!("{error}: {:?}", self.process.wait()));
        self.link.next_frame().unwrap().map(|content| envelope::read(content).unwrap())
    }

    fn wait_for_reply(&mut self) -> (Correlation, Reply) {
        let give_up = Instant::now() + Duration::from_secs(30);
        while Instant::now() < give_up {
            if let Some(received) = self.received() {
                return received;
            }
            std::thread::sleep(Duration::from_micros(20));
        }
        panic!("no answer");
    }

    fn flush(&mut self, up_to: u64) -> Reply {
        let correlation = self.send(&Request::Flush { up_to });
        loop {
            let (answered, reply) = self.wait_for_reply();
            if answered == correlation {
                return reply;
            }
        }
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn stop(mut self) {
        drop(self.orders.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// Numbers of the events in the log, which must verify.
fn numbers(directory: &Path) -> Vec<u64> {
    let report = verify(directory, None, &mut |_| ()).unwrap();
    assert!(report.is_good(), "{:?}", report.findings);
    let mut seen = Vec::new();
    each_record(directory, |record| {
        if let What::Event(event) = &record.what {
            let object = event.object.unwrap();
            seen.push(u64::from_be_bytes(*object.as_bytes().last_chunk().unwrap()));
        }
        true
    })
    .unwrap();
    seen
}

fn killed() {
    const ROUNDS: u32 = 60;
    let directory = tempfile::tempdir().unwrap();
    let mut core = Core::new();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut random = now.as_secs() | 1;
    println!("random moments from seed {random}");
    let mut acknowledged = 0;
    for _ in 0..ROUNDS {
        let mut agent = Agent::start(directory.path(), &core);
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Every fourth is killed while it starts, the others some time after their first answer.
        let run = Duration::from_micros((random >> 33) % 30_000);
        let mut until = random.is_multiple_of(4).then(|| Instant::now() + run);
        let (mut asked, before) = (Vec::new(), core.next);
        while until.is_none_or(|until| Instant::now() < until) {
            let room = core.next < acknowledged.max(before) + 300;
            let pushed = (0..20).take_while(|_| room).map_while(|_| core.push(&mut agent)).last();
            if let Some(end) = pushed {
                asked.push((agent.send(&Request::Flush { up_to: end }), core.next));
            }
            while let Some((correlation, reply)) = agent.received() {
                assert!(matches!(reply, Reply::Durable { .. }), "{reply:?}");
                let of = asked.iter().find(|(asked, _)| *asked == correlation).unwrap();
                acknowledged = acknowledged.max(of.1);
                until = until.or_else(|| Some(Instant::now() + run));
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        agent.kill();
        let there = numbers_on_disk(directory.path());
        assert!(there >= acknowledged, "{acknowledged} were acknowledged, {there} are there");
    }
    let mut agent = Agent::start(directory.path(), &core);
    let end = core.push(&mut agent).expect("the last agent has made room, or there was some");
    assert!(matches!(agent.flush(end), Reply::Durable { .. }));
    agent.stop();
    assert_eq!(numbers(directory.path()), (0..core.next).collect::<Vec<_>>());
    assert!(acknowledged > u64::from(ROUNDS), "hardly anything was acknowledged before the kills");
    println!("{ROUNDS} kills, {} records, none lost, none doubled; {acknowledged} acknowledged", core.next);
}

/// After a kill the last group may be half there; whole records are counted.
fn numbers_on_disk(directory: &Path) -> u64 {
    let mut next = 0;
    each_record(directory, |record| {
        next += u64::from(matches!(record.what, What::Event(_)));
        true
    })
    .unwrap();
    next
}

/// A file system of 4 MiB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().to_str().unwrap();
        runner::program(&["mount", "-t", "tmpfs", "-o", "size=4m", "holdfast-small-disk", at]);
        Self(directory)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        runner::program(&["umount", "-l", self.0.path().to_str().unwrap()]);
    }
}

fn full_disk() {
    let disk = SmallDisk::mount();
    let log = disk.0.path().join("log");
    std::fs::create_dir(&log).unwrap();
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 3 << 20]).unwrap();
    let mut core = Core::new();
    let mut agent = Agent::start(&log, &core);
    let mut durable = 0;
    loop {
        let end = core.push(&mut agent).expect("the disk is full before the ring is");
        match agent.flush(end) {
            Reply::Durable { up_to } => durable = up_to,
            Reply::Failed => break,
            Reply::Head(_) => panic!("another reply"),
        }
    }
    let refused = core.next;
    assert!(refused > 1000);
    assert_eq!(
        agent.flush(durable),
        Reply::Durable { up_to: durable },
        "what is on disk is still known to be"
    );
    std::fs::remove_file(&ballast).unwrap();
    let healed = loop {
        let (correlation, reply) = agent.wait_for_reply();
        if let Reply::Durable { up_to } = reply {
            assert_eq!(correlation, UNASKED);
            break up_to;
        }
        assert_eq!((correlation, reply), (UNASKED, Reply::Failed));
    };
    assert!(healed > durable, "what waited in the ring was written");
    let end = core.push(&mut agent).unwrap();
    assert!(matches!(agent.flush(end), Reply::Durable { .. }));
    agent.stop();
    assert_eq!(numbers(&log), (0..=refused).collect::<Vec<_>>());
}

fn group_commit_pays() {
    const MANY: u64 = 100_000;
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut core = Core::new();
    let mut agent = Agent::start(directory.path(), &core);
    let end = core.push(&mut agent).unwrap();
    agent.flush(end);
    let began = Instant::now();
    let mut one_by_one = 0_u32;
    while began.elapsed() < Duration::from_secs(1) {
        let end = core.push(&mut agent).unwrap();
        assert!(matches!(agent.flush(end), Reply::Durable { .. }));
        one_by_one += 1;
    }
    let one_rate = f64::from(one_by_one) / began.elapsed().as_secs_f64();
    let (began, goal) = (Instant::now(), core.next + MANY);
    let mut end = 0;
    while core.next < goal {
        match core.push(&mut agent) {
            Some(at) => end = at,
            None => assert!(matches!(agent.flush(end), Reply::Durable { .. })),
        }
    }
    assert!(matches!(agent.flush(end), Reply::Durable { .. }));
    let group_rate = 100_000.0 / began.elapsed().as_secs_f64();
    agent.stop();
    assert_eq!(numbers(directory.path()), (0..core.next).collect::<Vec<_>>());
    println!("one by one {one_rate:.0} records/s, in groups {group_rate:.0} records/s");
    assert!(group_rate > 3.0 * one_rate);
}

fn trespasser(what: &str) -> std::process::ExitStatus {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    std::fs::create_dir(&log).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["trespasser", what, log.to_str().unwrap()])
        .status()
        .unwrap()
}

fn outside_file_refused() {
    for what in ["file", "file-beside"] {
        assert!(trespasser(what).success(), "{what}");
    }
}

fn forbidden_calls_kill() {
    const SIGSYS: i32 = 31;
    for what in ["socket", "program"] {
        assert_eq!(trespasser(what).signal(), Some(SIGSYS), "{what}");
    }
}
