//! The importer in its full sandbox, as a process of its own: that it can do all it has to, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

use hardening::sandbox::Lockdown;
use holdfast_model::{ApplianceId, ClusterId, Sequence, SourceId, TenantId, Timestamp};
use holdfast_orbital::importer::{Importer, Orders, Receipt, profile};
use holdfast_orbital::sign::{BundleKey, sign};
use holdfast_orbital::{Bundle, BundleDigest, Directive, FORMAT, Header, Lane, Order};
use holdfast_ports::child::Event;
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::import::{DirectiveOutcome, Reply, Request};
use holdfast_ports::link::Link;
use holdfast_ports::settings::{self, Signer};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Test = (&'static str, fn());

const TESTS: &[Test] = &[
    ("the_importer_does_all_its_work_inside_its_sandbox", works_inside),
    ("a_file_outside_spool_and_outbox_is_refused_and_the_spool_cannot_be_written", files_refused),
    ("a_socket_or_a_new_program_kills_the_process", forbidden_calls_kill),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "importer", directory, public_key] => importer(Path::new(directory), public_key),
        [_, "trespasser", what, directory] => trespass(what, Path::new(directory)),
        _ => run(&arguments),
    }
}

/// Runs the tests, with the test runner's filter and listing.
fn run(arguments: &[String]) -> ExitCode {
    let filters: Vec<_> = arguments.iter().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let exact = arguments.iter().any(|argument| argument == "--exact");
    let mut passed = true;
    for (name, test) in TESTS {
        let fits = |filter: &&String| if exact { name == filter } else { name.contains(filter.as_str()) };
        if !filters.is_empty() && !filters.iter().any(fits) {
            continue;
        }
        if arguments.iter().any(|argument| argument == "--list") {
            println!("{name}: test");
            continue;
        }
        let ok = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        passed &= ok;
    }
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn settings(directory: &Path, public_key: Vec<u8>) -> settings::Importer {
    settings::Importer {
        spool: directory.join("spool"),
        outbox: directory.join("outbox"),
        signers: vec![Signer { kid: "alice".to_owned(), public_key }],
        signers_needed: 1,
        cluster: ClusterId::parse("north").unwrap(),
        appliance: ApplianceId::parse("box-1").unwrap(),
    }
}

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

/// Standard input is the link to core, standard output the control socket.
fn importer(directory: &Path, public_key: &str) -> ExitCode {
    let key = (0..public_key.len()).step_by(2);
    let key = key.map(|at| u8::from_str_radix(&public_key[at..at + 2], 16).unwrap()).collect();
    let link = Link::new(std::io::stdin().as_fd().try_clone_to_owned().unwrap()).unwrap();
    let mut orders = StopWhenClosed(std::io::stdout().as_fd().try_clone_to_owned().unwrap());
    let (mut importer, _lockdown) = Importer::lock_down(settings(directory, key)).unwrap();
    importer.serve(Some(link), &mut orders).unwrap();
    ExitCode::SUCCESS
}

fn trespass(what: &str, directory: &Path) -> ExitCode {
    let key = BundleKey::generate().unwrap().public_point();
    Lockdown::enter(&profile(&settings(directory, key))).unwrap();
    let refused = match what {
        "file" => std::fs::read("/etc/passwd").is_err(),
        "spool" => std::fs::write(directory.join("spool/x.bundle"), b"x").is_err(),
        "socket" => UnixStream::pair().is_err(),
        "program" => Command::new("/bin/true").spawn().is_err(),
        "remove" => std::fs::remove_file(directory.join("spool/there.bundle")).is_err(),
        _ => false,
    };
    if refused { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn scene() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for name in ["spool", "outbox"] {
        std::fs::create_dir(directory.path().join(name)).unwrap();
    }
    std::fs::write(directory.path().join("spool/there.bundle"), b"rubbish").unwrap();
    directory
}

fn bundle(sequence: u64, key: &BundleKey) -> Vec<u8> {
    let now = Timestamp::now();
    let header = Header {
        format: FORMAT,
        source: SourceId::parse("plane").unwrap(),
        cluster: ClusterId::parse("north").unwrap(),
        appliances: vec![ApplianceId::parse("box-1").unwrap()],
        sequence: Sequence(sequence),
        previous: BundleDigest::NONE,
        issued_at: now,
        not_before: now,
        not_after: now.after(Duration::from_secs(600)),
        lane: Lane::Critical,
    };
    let order = Order::UnlinkL1 { tenant: TenantId::parse("acme").unwrap() };
    let directive = Directive {
        task_id: "t-1".to_owned(),
        external_id: String::new(),
        order,
        working_state: Vec::new(),
        etag: String::new(),
        metadata: Default::default(),
    };
    sign(&Bundle { header, directives: vec![directive] }, "alice", key).unwrap().as_bytes().to_vec()
}

fn works_inside() {
    let directory = scene();
    let key = BundleKey::generate().unwrap();
    let hex: String = key.public_point().iter().map(|byte| format!("{byte:02x}")).collect();
    for round in 0..2 {
        let ((core, far), (control, ordered)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["importer", directory.path().to_str().unwrap(), &hex])
            .stdin(Stdio::from(OwnedFd::from(far)))
            .stdout(Stdio::from(OwnedFd::from(ordered)))
            .spawn()
            .unwrap();
        let mut core = Link::new(core.into()).unwrap();
        if round == 0 {
            // At the second start the receipt is there.
            let (correlation, request) = next_request(&mut core, &mut process);
            assert_eq!(request, Request::Refused { reason: "malformed".to_owned() });
            core.queue(|out| envelope::write(out, correlation, &Reply::Recorded)).unwrap();
            core.flush().unwrap();
        }
        receipt(directory.path(), "there.bundle", "refused");
        let mut slowest = Duration::ZERO;
        for one in 0..20 {
            let name = format!("{round}-{one}.bundle");
            let bytes = bundle(100 * round + one + 1, &key);
            std::fs::write(directory.path().join("new"), &bytes).unwrap();
            let begun = Instant::now();
            std::fs::rename(directory.path().join("new"), directory.path().join("spool").join(&name))
                .unwrap();
            let (correlation, request) = next_request(&mut core, &mut process);
            assert_eq!(request, Request::Bundle(bytes));
            slowest = slowest.max(begun.elapsed());
            let done = DirectiveOutcome {
                directive: "l1.unlink".to_owned(),
                task: "t-1".to_owned(),
                pending: String::new(),
            };
            let reply = Reply::Applied { sequence: Sequence(one), outcomes: vec![done] };
            core.queue(|out| envelope::write(out, correlation, &reply)).unwrap();
            core.flush().unwrap();
            receipt(directory.path(), &name, "applied");
        }
        println!("from the spool to core, slowest of 20: {} us", slowest.as_micros());
        drop(control);
        assert!(process.wait().unwrap().success());
    }
}

/// What the importer says next.
fn next_request(core: &mut Link, process: &mut Child) -> (Correlation, Request) {
    loop {
        core.fill().unwrap_or_else(|error| panic!("{error}: {:?}", process.wait()));
        if let Some(content) = core.next_frame().unwrap() {
            return envelope::read(content).unwrap();
        }
        std::thread::sleep(Duration::from_micros(50));
    }
}

fn receipt(directory: &Path, name: &str, outcome: &str) {
    let path = directory.join("outbox").join(format!("{name}.receipt.json"));
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Ok(text) = std::fs::read_to_string(&path) {
            let last: Receipt = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(last.outcome, outcome);
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("no receipt for {name}");
}

fn trespasser(what: &str) -> std::process::ExitStatus {
    let directory = scene();
    let arguments = ["trespasser", what, directory.path().to_str().unwrap()];
    Command::new(std::env::current_exe().unwrap()).args(arguments).status().unwrap()
}

fn files_refused() {
    assert!(trespasser("file").success());
    assert!(trespasser("spool").success());
    // SIGSYS: there is no call to remove a file with.
    assert_eq!(trespasser("remove").signal(), Some(31));
}

fn forbidden_calls_kill() {
    for what in ["socket", "program"] {
        assert_eq!(trespasser(what).signal(), Some(31), "{what}");
    }
}
