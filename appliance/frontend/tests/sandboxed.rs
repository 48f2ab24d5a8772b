//! The frontend as warden starts it: a process of its own, in its whole sandbox, through all that it may meet.
//!
//! Has its own `main`, because the process it starts is this program again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test ends at its first surprise.
#![allow(clippy::print_stdout, clippy::print_stderr)] // It is its own test runner.

mod support;

use hardening::fds::{Ended, Program, Start};
use hardening::sandbox::Lockdown;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use support::pki::{Ca, client_params};
use support::{House, echo, eventually, exchange, last_words, message, settings};

const SIGSYS: i32 = 31;

type Story = fn();

const STORIES: [(&str, Story); 4] = [
    ("in_its_sandbox_it_serves_refuses_reports_and_survives_its_core", serves),
    ("in_its_sandbox_it_holds_no_privilege_and_no_file", holds_nothing),
    ("opening_a_file_is_death", || forbidden("open-a-file")),
    ("making_a_socket_is_death", || forbidden("make-a-socket")),
];

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("frontend") => return frontend(),
        Some("open-a-file") => drop(locked().map(|()| std::fs::File::open("/etc/hostname"))),
        Some("make-a-socket") => drop(locked().map(|()| std::net::TcpStream::connect("127.0.0.1:9"))),
        // Whatever a test runner was asked for: all stories, always.
        _ => return tell(),
    }
    ExitCode::SUCCESS
}

fn tell() -> ExitCode {
    let mut failed = 0;
    for (name, story) in STORIES {
        let outcome = std::panic::catch_unwind(story);
        println!("test {name} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        failed += usize::from(outcome.is_err());
    }
    println!("{} passed, {failed} failed", STORIES.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn frontend() -> ExitCode {
    let outcome =
        holdfast_ports::child::Child::begin().map_err(|e| e.to_string()).and_then(holdfast_frontend::run);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("frontend: {why}");
            ExitCode::FAILURE
        }
    }
}

fn locked() -> Result<(), hardening::sandbox::SandboxError> {
    Lockdown::enter(&holdfast_frontend::profile()).map(drop)
}

fn forbidden(what: &str) {
    let nothing = std::fs::File::open("/dev/null").unwrap();
    let table = [(nothing.as_fd(), 0), (nothing.as_fd(), 1), (nothing.as_fd(), 2)];
    let start =
        Start { program: Program::Myself, arguments: &["test", what], environment: &[], table: &table };
    let child = hardening::fds::spawn(&start).unwrap();
    assert_eq!(child.wait().unwrap(), Ended::Signal(SIGSYS));
}

fn serves() {
    let mut house = House::apart(settings(), echo);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let issued = house.pki.acme.issue(&client_params("db-1"));
        let mut tls = house.connect(house.pki.client_with(&issued, &[version])).unwrap();
        for size in [8, 4096, 60_000] {
            assert_eq!(exchange(&mut tls, &message(7, size)).unwrap(), message(7, size));
        }
    }
    // Much memory taken and given back, by the worker threads.
    for _ in 0..4 {
        let mut tls: Vec<_> = (0..8).map(|_| house.acme()).collect();
        tls.iter_mut().for_each(|tls| tls.write_all(&message(1, 60_000).repeat(8)).unwrap());
        tls.iter_mut().for_each(|tls| tls.read_exact(&mut vec![0; 60_008 * 8]).unwrap());
    }
    let config = house.pki.client("globex");
    let mut many: Vec<_> = (0..100).map(|_| house.connect(config.clone()).unwrap()).collect();
    for tls in &mut many {
        exchange(tls, &message(1, 8)).unwrap();
    }
    // Refused ones.
    let stranger = Ca::new("Stranger CA").issue(&client_params("db-1"));
    let refused = house.connect(house.pki.client_with(&stranger, rustls::DEFAULT_VERSIONS));
    assert!(refused.and_then(|mut t| exchange(&mut t, &message(1, 8))).is_err());
    house.tcp().write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut garbage = house.acme();
    garbage.write_all(b"garbage").unwrap();
    last_words(&mut garbage).1.unwrap();
    let mut large = house.acme();
    large.write_all(&message(1, 1 << 20)[..4096]).unwrap();
    assert!(!last_words(&mut large).0.is_empty());
    // Over HTTPS, and from this host.
    let body = message(3, 64);
    let length = body.len();
    let post = format!(
        "POST /kmip HTTP/1.1\r\nHost: box\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n"
    );
    let name = rustls::pki_types::ServerName::try_from("holdfast.test").unwrap();
    let tls = rustls::ClientConnection::new(house.pki.client("acme"), name.clone()).unwrap();
    let mut https = rustls::StreamOwned::new(tls, std::net::TcpStream::connect(house.https).unwrap());
    https.write_all(&[post.as_bytes(), &body].concat()).unwrap();
    let mut said = [0; 15];
    https.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 200 OK");
    https.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert!(https.read_to_end(&mut Vec::new()).is_ok());
    let tls = rustls::ClientConnection::new(house.pki.client("acme"), name).unwrap();
    let socket = std::os::unix::net::UnixStream::connect(&house.local).unwrap();
    let mut local = rustls::StreamOwned::new(tls, socket);
    local.write_all(&body).unwrap();
    let mut reply = vec![0; length];
    local.read_exact(&mut reply).unwrap();
    assert_eq!(reply, body);
    drop((https, local));
    // The operator.
    assert!(house.get("/health").contains("ok"));
    assert!(house.get("/status").contains("acme"));
    assert!(house.get("/metrics").contains("holdfast_core_up 1"));
    // Rules change; core dies and comes back.
    house.core.trust(vec![house.pki.acme.rule("acme")]);
    last_words(&mut many[0]).1.unwrap();
    let mut there = house.acme();
    exchange(&mut there, &message(1, 8)).unwrap();
    house.core.die();
    last_words(&mut there).1.unwrap();
    house.new_core(echo);
    exchange(&mut house.acme(), &message(2, 64)).unwrap();
    drop(many);
    eventually("places are given back", || house.metric("connections_open") == 0);
    assert_eq!(house.stop(), Ended::Code(0));
}

fn holds_nothing() {
    let mut house = House::apart(settings(), echo);
    let mut tls = house.acme();
    exchange(&mut tls, &message(1, 8)).unwrap();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", house.pid())).unwrap();
    let mut threads = 0;
    for task in tasks {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        for line in
            ["NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"]
        {
            assert!(status.contains(line), "{line} in\n{status}");
        }
        threads += 1;
    }
    assert_eq!(threads, 3, "the first thread and two workers");
    for fd in std::fs::read_dir(format!("/proc/{}/fd", house.pid())).unwrap() {
        let fd = fd.unwrap();
        // Where it was started from, be that a file: not its own choice.
        if matches!(fd.file_name().to_str(), Some("0" | "1" | "2")) {
            continue;
        }
        let Ok(target) = std::fs::read_link(fd.path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        assert!(target.starts_with("socket:") || target.starts_with("anon_inode:"), "{target}");
    }
    assert_eq!(house.stop(), Ended::Code(0));
}
