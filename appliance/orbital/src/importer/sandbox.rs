//! What the importer may do, as data: read one directory, write into another, talk to core and warden.

use hardening::sandbox::{Condition, FileAccess, Profile, REWIRING, RUNTIME, Rule, Test};
use holdfast_ports::settings::Importer;

/// `fcntl` that reads a descriptor's flags (debug builds of std look before they close).
const F_GETFL: u64 = 3;

const SYSCALLS: &[Rule] = &[
    Rule::any("ppoll", "waits for core, warden and new files"),
    Rule::any("recvfrom", "core's judgements"),
    Rule::when("write", &[Condition::int(0, Test::Equals(2))], "log lines"),
    Rule::any("sendto", "bundles to core; reports to warden"),
    Rule::any("recvmsg", "warden's orders and the descriptors beside them"),
    Rule::when("fcntl", &[Condition::int(1, Test::Equals(F_GETFL))], "an open directory is read"),
    Rule::any("openat", "bundles and receipts; what may be opened is up to Landlock"),
    Rule::any("getdents64", "which files are there"),
    Rule::any("fstat", "regular file or not, and how long"),
    Rule::any("newfstatat", "has a file changed"),
    Rule::any("read", "bundles, receipts, the news that files have come"),
    Rule::any("pwrite64", "receipts"),
    Rule::any("fsync", "a receipt is on disk before it has its name, and its name before it counts"),
    Rule::any("renameat", "a receipt appears whole or not at all"),
];

/// The profile for these settings.
#[must_use]
pub fn profile(settings: &Importer) -> Profile {
    Profile::new("importer", RUNTIME)
        .and_syscalls(REWIRING)
        .and_syscalls(SYSCALLS)
        .and_file(&settings.spool, FileAccess::Read, "bundles that were carried in")
        .and_file(&settings.outbox, FileAccess::ReadWrite, "receipts to be carried out")
}
