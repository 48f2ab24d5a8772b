//! What `core` may do, as data: it reads and writes the descriptors that warden gave it, waits, and manages memory.
//!
//! No file, no socket of its own, no exec, no new process or thread. There are no file and no port rules at all.

use hardening::sandbox::{Condition, Profile, REWIRING, RUNTIME, Rule, Test};

/// More descriptors than any core has; for the filter that warden's children inherit.
pub const HIGHEST_FD: i32 = 1023;

const WAITS: &str = "waits until a link is readable";

/// Calls whose arguments do not depend on the descriptors.
const FIXED: &[Rule] = &[
    Rule::any("epoll_wait", WAITS),
    Rule::any("epoll_pwait", WAITS),
    Rule::any("epoll_pwait2", WAITS),
    Rule::any("epoll_ctl", "watches a link that was wired anew, or one that has bytes to write"),
    Rule::any("dup3", "puts a new end of a link at the number of the old one"),
];

/// The profile, with descriptors up to `highest` and no other.
#[must_use]
pub fn profile(highest: i32) -> Profile {
    let highest = u64::try_from(highest).unwrap_or(0);
    let ours: &'static [Condition] = vec![Condition::int(0, Test::Between(0, highest))].leak();
    let rules = [
        Rule::when("read", ours, "the wake socket"),
        Rule::when("recvfrom", ours, "takes what has arrived on a link"),
        Rule::when("recvmsg", ours, "takes a new end of a link from warden"),
        Rule::when("write", ours, "wakes another lane; logs to standard error"),
        Rule::when("sendto", ours, "answers on a link; tells warden"),
    ];
    Profile::new("core", RUNTIME).and_syscalls(REWIRING).and_syscalls(FIXED).and_syscalls(&rules)
}
