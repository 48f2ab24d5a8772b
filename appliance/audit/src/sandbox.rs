//! What the audit-agent may do, as data.
//!
//! Found by tracing the agent through its whole life: taking the log up, serving, a full disk, a new segment, ending.

use hardening::sandbox::{Condition, FileAccess, Profile, REWIRING, RUNTIME, Rule, Test};
use std::path::Path;

/// `fcntl` that reads the seals of shared memory; from the kernel's `linux/fcntl.h`.
const F_GET_SEALS: u64 = 1034;

const SYSCALLS: &[Rule] = &[
    Rule::any("ppoll", "waits for requests and orders"),
    Rule::any("recvfrom", "requests from links"),
    Rule::any("sendto", "replies on links; reports to warden"),
    Rule::when("write", &[Condition::int(0, Test::Equals(2))], "log lines"),
    Rule::any("recvmsg", "warden's orders and the descriptors beside them"),
    Rule::when("fcntl", &[Condition::int(1, Test::Equals(F_GET_SEALS))], "a ring must be sealed"),
    Rule::any("fstat", "the size of a ring"),
    Rule::any("newfstatat", "the size of a ring, as some C libraries ask for it"),
    Rule::any("statx", "which ring it is; the length of a segment"),
    Rule::any("openat", "the log's files; what may be opened is up to Landlock"),
    Rule::any("getdents64", "which segments there are"),
    Rule::any("flock", "the log belongs to one process"),
    Rule::any("read", "the last segment, when the log is taken up"),
    Rule::any("pread64", "the head file"),
    Rule::any("pwrite64", "records, headers, the head file"),
    Rule::any("ftruncate", "what a crash or a failed write left unfinished is cut off"),
    Rule::any("fdatasync", "records are on disk before a lane is told so"),
    Rule::any("fsync", "a new segment and its name are on disk"),
];

/// The profile for a log in this directory.
#[must_use]
pub fn profile(directory: &Path) -> Profile {
    let profile = Profile::new("audit-agent", RUNTIME).and_syscalls(REWIRING).and_syscalls(SYSCALLS);
    profile.and_file(directory, FileAccess::ReadWrite, "the log")
}
