//! The keystore-agent in its full sandbox, as a process of its own: that it can do all it has to, and nothing else.

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

use hardening::sandbox::Lockdown;
use holdfast_keystore::conformance::{any_of, put, record, tenant};
use holdfast_keystore::{Orders, open, profile, serve};
use holdfast_model::Sequence;
use holdfast_model::record::{Revision, SealedRecord};
use holdfast_ports::agent::Links;
use holdfast_ports::child::Event;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::keystore::{Expected, KeystoreError, Reply, Request, Write};
use holdfast_ports::link::Link;
use holdfast_ports::settings::KeystoreBackend;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "agent", directory] => agent(Path::new(directory)),
        [_, "trespasser", what, directory] => trespass(what, Path::new(directory)),
        _ => runner::run(&[
            ("the_agent_does_all_its_work_inside_its_sandbox", works_inside),
            ("on_a_full_disk_the_sandboxed_agent_serves_reads_and_heals_when_there_is_room", full_disk),
            ("a_file_outside_the_store_is_refused", outside_file_refused),
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

/// Standard input is the link to the one lane, standard output the control socket.
fn agent(directory: &Path) -> ExitCode {
    let link = Link::new(std::io::stdin().as_fd().try_clone_to_owned().unwrap()).unwrap();
    let mut orders = StopWhenClosed(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
    let settings = KeystoreBackend::Embedded(directory.to_owned());
    Lockdown::enter(&profile(&settings)).unwrap();
    let mut backend = open(&settings).unwrap();
    serve(&mut Links::new(vec![link]), &mut orders, &mut *backend).unwrap();
    ExitCode::SUCCESS
}

fn trespass(what: &str, directory: &Path) -> ExitCode {
    Lockdown::enter(&profile(&KeystoreBackend::Embedded(directory.to_owned()))).unwrap();
    let refused = match what {
        "file" => std::fs::read("/etc/passwd").is_err(),
        "file-beside" => std::fs::write(directory.parent().unwrap().join("beside"), b"x").is_err(),
        "socket" => UnixStream::pair().is_err(),
        "program" => Command::new("/bin/true").spawn().is_err(),
        _ => false,
    };
    if refused { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A running agent and the link to it.
struct Agent {
    process: Child,
    link: Link,
    orders: Option<UnixStream>,
}

impl Agent {
    fn start(directory: &Path) -> Self {
        let ((link, far), (orders, ordered)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["agent", directory.to_str().unwrap()])
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(Stdio::from(OwnedFd::from(ordered)))
            .spawn()
            .unwrap();
        Self { process, link: Link::new(link.into()).unwrap(), orders: Some(orders) }
    }

    fn ask(&mut self, request: &Request) -> Reply {
        self.link.queue(|out| envelope::write(out, Correlation(1), request)).unwrap();
        loop {
            self.link.flush().unwrap();
            self.link.fill().unwrap_or_else(|error| panic!("{error}: {:?}", self.process.wait()));
            if let Some(content) = self.link.next_frame().unwrap() {
                return envelope::read(content).unwrap().1;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    fn create(&mut self, id: u64, bytes: usize) -> Reply {
        let record = SealedRecord { body: vec![1; bytes], ..record(tenant("acme"), id, 1, &[1]) };
        self.ask(&Request::Commit(vec![put(&record, Expected::Absent)]))
    }

    fn stop(mut self) {
        drop(self.orders.take());
        assert!(self.process.wait().unwrap().success());
    }
}

fn works_inside() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let mut agent = Agent::start(directory.path());
        let first = record(tenant("acme"), 1, 1, &[1]).name;
        if round == 1 {
            assert!(
                matches!(agent.ask(&Request::Get(first)), Reply::Record(Some(_))),
                "it outlived the process"
            );
            assert_eq!(agent.ask(&Request::Commit(vec![Write::Shred(first, Revision(1))])), Reply::Done);
        }
        assert_eq!(agent.create(1, 900_000), Reply::Done);
        for id in 1..40 {
            assert_eq!(agent.create(1000 * round + id + 1, 200_000), Reply::Done);
        }
        assert_eq!(agent.create(1, 10), Reply::Failed(KeystoreError::Conflict));
        let query = any_of(tenant("acme"), &[1]);
        assert!(matches!(agent.ask(&Request::Find(query.clone())), Reply::Found(found) if found.len() >= 40));
        assert!(matches!(agent.ask(&Request::List(query)), Reply::Records(records) if !records.is_empty()));
        assert_eq!(agent.ask(&Request::AppendBundle(Sequence(round + 1), vec![1; 1000])), Reply::Done);
        assert!(matches!(agent.ask(&Request::NextBundle(Sequence(0))), Reply::Bundle(Some(_))));
        assert!(matches!(agent.ask(&Request::Health), Reply::Health(_)));
        if round == 1 {
            assert_eq!(agent.ask(&Request::Purge(tenant("acme"))), Reply::Done);
            assert_eq!(agent.ask(&Request::Get(first)), Reply::Record(None));
        }
        agent.stop();
    }
}

/// A file system of 24 MiB.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().to_str().unwrap();
        runner::program(&["mount", "-t", "tmpfs", "-o", "size=24m", "holdfast-small-disk", at]);
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
    let store = disk.0.path().join("store");
    std::fs::create_dir(&store).unwrap();
    let ballast = disk.0.path().join("ballast");
    std::fs::write(&ballast, vec![0; 14 << 20]).unwrap();
    let mut agent = Agent::start(&store);
    let full = Reply::Failed(KeystoreError::Full);
    let refused_at = (1..100).find(|id| agent.create(*id, 300_000) == full).expect("it never became full");
    for id in 1..refused_at {
        let name = record(tenant("acme"), id, 1, &[]).name;
        assert!(matches!(agent.ask(&Request::Get(name)), Reply::Record(Some(_))), "{id} was acknowledged");
    }
    assert_eq!(agent.create(refused_at, 300_000), full);
    assert!(matches!(agent.ask(&Request::Health), Reply::Health(_)));
    std::fs::remove_file(&ballast).unwrap();
    assert_eq!(agent.create(refused_at, 300_000), Reply::Done);
    agent.stop();
}

fn trespasser(what: &str) -> std::process::ExitStatus {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    std::fs::create_dir(&store).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["trespasser", what, store.to_str().unwrap()])
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
