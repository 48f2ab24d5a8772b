//! What the frontend may ask of the kernel, each call with its reason: sockets it was given, and no files.
//!
//! Separate so that the list can be read alone. Everything not listed kills the process.

use hardening::sandbox::{Condition, Profile, REWIRING, RUNTIME, Rule, Test};

// Numbers of the kernel's interface; no crate that we use below `hardening` has them as constants.
const F_GETFL: u64 = 3;
const F_SETFL: u64 = 4;
const IPPROTO_TCP: u64 = 6;
const TCP_NODELAY: u64 = 1;

/// The sandbox of the frontend: no files, no ports to bind or to connect to, no new sockets but accepted ones.
#[must_use]
pub fn profile() -> Profile {
    Profile::new("frontend", RUNTIME).and_syscalls(REWIRING).and_syscalls(SERVING)
}

const SERVING: &[Rule] = &[
    Rule::any("accept4", "clients, and the operator, from listeners that warden made"),
    Rule::any("epoll_wait", "the runtime waits for sockets"),
    Rule::any("epoll_pwait", "the same, on aarch64"),
    Rule::any("epoll_ctl", "connections and links come and go"),
    Rule::any("read", "the runtime's own wake-ups, when many have gathered"),
    Rule::any("write", "the runtime's own wake-ups; log lines on descriptor 2"),
    Rule::any("recvfrom", "bytes of clients, frames of core"),
    Rule::any("sendto", "bytes to clients, frames to core"),
    Rule::any("writev", "TLS records in one call"),
    Rule::any("recvmsg", "new links from warden"),
    Rule::any("shutdown", "the end of a connection, said to the peer"),
    Rule::when(
        "setsockopt",
        &[Condition::int(1, Test::Equals(IPPROTO_TCP)), Condition::int(2, Test::Equals(TCP_NODELAY))],
        "replies are not held back to fill packets",
    ),
    Rule::when("fcntl", &[Condition::int(1, Test::Equals(F_GETFL))], "is a socket non-blocking"),
    Rule::when("fcntl", &[Condition::int(1, Test::Equals(F_SETFL))], "make it so"),
    Rule::any("ppoll", "a TLS signature from core is waited for"),
];
