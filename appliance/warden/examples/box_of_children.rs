//! A box whose children do nothing but tell what they see: for the tests of warden.
//!
//! Like `holdfastd`: with `--config FILE` it is warden, and warden starts it anew with a role. A child greets on all
//! its links, logs what it hears, and logs everything that warden tells it. What it is to do wrong stands in the
//! cluster's name, which only core is told.

#![expect(clippy::unwrap_used, reason = "a child of a test that cannot go on ends here")]

use hardening::sandbox::{Lockdown, Profile, RUNTIME, Rule};
use holdfast_model::role::{Instance, Role};
use holdfast_ports::child::{Child, Event, relink};
use holdfast_ports::control::{Socket, Wire};
use holdfast_ports::link::Link;
use holdfast_ports::settings;
use holdfast_warden::config::Config;
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;

const CALLS: &[Rule] = &[
    Rule::any("poll", "waits"),
    Rule::any("ppoll", "waits"),
    Rule::any("read", "reads the PIN"),
    Rule::any("write", "logs"),
    Rule::any("recvmsg", "hears warden"),
    Rule::any("recvfrom", "hears neighbours"),
    Rule::any("sendto", "greets"),
    Rule::any("fcntl", "moves descriptors"),
    Rule::any("dup3", "moves descriptors"),
    Rule::any("ioctl", "makes sockets non-blocking"),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "--config", path] => warden(Path::new(path)),
        [_, _role] => child(),
        _ => ExitCode::from(2),
    }
}

fn log() {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
}

fn warden(path: &Path) -> ExitCode {
    log();
    let outcome = Config::load(path)
        .map_err(|error| error.to_string())
        .and_then(|config| holdfast_warden::run(config, |_, _| profile()).map_err(|error| error.to_string()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            tracing::error!(reason, "refused");
            ExitCode::from(1)
        }
    }
}

fn profile() -> Profile {
    Profile::new("child", RUNTIME).and_syscalls(CALLS)
}

fn child() -> ExitCode {
    log();
    let mut child = Child::begin().unwrap();
    let me = child.instance();
    let variables: Vec<String> = std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    let own = child.wires().iter().map(|wire| wire.fd).chain([0, 1, 2, 3]).collect::<Vec<_>>();
    let others = (0..2048).filter(|fd| !own.contains(fd) && is_open(*fd)).count();
    tracing::info!(me = %me, generation = child.generation().0, wires = child.wires().len(), others, ?variables, "child-began");
    let wrong = match me.role {
        Role::Core => child.settings::<settings::Core>().unwrap().cluster.to_string(),
        _ => String::new(),
    };
    if wrong == "failing" {
        child.control.failed("the token is on holiday").unwrap();
        return ExitCode::from(7);
    }
    let mut links: BTreeMap<Socket, Link> = BTreeMap::new();
    for wire in child.wires().to_vec() {
        let end = child.take(wire.socket).unwrap();
        assert!(child.take(wire.socket).is_none());
        match wire.socket {
            Socket::Ring { .. }
            | Socket::ListenKmip
            | Socket::ListenHttps
            | Socket::ListenLocal
            | Socket::ListenOps => {}
            Socket::Pin | Socket::TlsKey => read(&end, wire.socket),
            _ => greet(&mut links, wire, Link::new(end).unwrap(), me, child.generation().0),
        }
    }
    Lockdown::enter(&profile()).unwrap();
    if wrong != "never-ready" {
        child.control.ready().unwrap();
    }
    serve(&mut child, &mut links, wrong == "stubborn")
}

fn serve(child: &mut Child, links: &mut BTreeMap<Socket, Link>, stubborn: bool) -> ExitCode {
    let (me, generation) = (child.instance(), child.generation().0);
    loop {
        let mut fds = vec![PollFd::new(&child.control, PollFlags::IN)];
        fds.extend(links.values().map(|link| PollFd::new(link, PollFlags::IN)));
        poll(&mut fds, None).unwrap();
        let mut gone = Vec::new();
        for (socket, link) in links.iter_mut() {
            let filled = link.fill();
            while let Some(content) = link.next_frame().unwrap() {
                let heard = String::from_utf8(content.to_vec()).unwrap();
                tracing::info!(me = %me, generation, socket = ?socket, heard, "heard");
            }
            if filled.is_err() {
                gone.push(*socket);
            }
        }
        for socket in gone {
            links.remove(&socket);
            tracing::info!(me = %me, generation, socket = ?socket, "neighbour-gone");
        }
        while let Some(event) = child.control.receive().unwrap() {
            match event {
                Event::Rewire { wire, fd } => {
                    let link = relink(links.remove(&wire.socket), wire, fd).unwrap();
                    tracing::info!(me = %me, generation, socket = ?wire.socket, peer = wire.peer.0, "rewired");
                    greet(links, wire, link, me, generation);
                }
                Event::Processes(table) => {
                    let ready = table.iter().filter(|process| process.ready).count();
                    tracing::info!(me = %me, processes = table.len(), ready, "table");
                }
                Event::Stop if stubborn => tracing::info!(me = %me, "does-not-stop"),
                Event::Stop => {
                    tracing::info!(me = %me, generation, "stops");
                    return ExitCode::SUCCESS;
                }
            }
        }
    }
}

fn greet(links: &mut BTreeMap<Socket, Link>, wire: Wire, mut link: Link, me: Instance, generation: u64) {
    link.queue(|out| out.extend_from_slice(format!("{me} {generation}").as_bytes())).unwrap();
    // A neighbour that is down cannot be greeted.
    let _ = link.flush();
    links.insert(wire.socket, link);
}

fn read(file: &impl AsFd, socket: Socket) {
    let mut content = [0; 64];
    let bytes = rustix::io::read(file, &mut content).unwrap();
    tracing::info!(socket = ?socket, bytes, "file-read");
}

fn is_open(fd: i32) -> bool {
    Path::new(&format!("/proc/self/fd/{fd}")).exists()
}
