//! What the keystore-agent may do, as data.
//!
//! Found by tracing the agent through its whole life: opening, serving, a full disk, opening anew, ending.

use hardening::sandbox::{Condition, FileAccess, Profile, REWIRING, RUNTIME, Rule, Test};
use holdfast_ports::settings::KeystoreBackend;

const SYSCALLS: &[Rule] = &[
    Rule::any("ppoll", "waits for requests and orders"),
    Rule::any("recvfrom", "requests from links"),
    Rule::when("write", &[Condition::int(0, Test::Equals(2))], "log lines"),
    Rule::any("sendto", "replies on links; reports to warden"),
    Rule::any("recvmsg", "warden's orders and the descriptors beside them"),
    Rule::any("openat", "the store's file and directory; what may be opened is up to Landlock"),
    Rule::any("rename", "a new store gets its name when it is whole"),
    Rule::any("unlink", "what is left of a store half made goes"),
    Rule::any("flock", "the store's file belongs to one process"),
    Rule::any("statx", "the length of the store"),
    Rule::any("pread64", "pages of the store"),
    Rule::any("pwrite64", "pages of the store"),
    Rule::any("fallocate", "growth takes its blocks before anything is written"),
    Rule::any("ftruncate", "the store gives space back"),
    Rule::any("fdatasync", "a commit is on disk before it is acknowledged"),
    Rule::any("fsync", "the store's name in its directory is on disk"),
];

/// The profile for these settings.
#[must_use]
pub fn profile(settings: &KeystoreBackend) -> Profile {
    let profile = Profile::new("keystore-agent", RUNTIME).and_syscalls(REWIRING).and_syscalls(SYSCALLS);
    match settings {
        KeystoreBackend::Embedded(directory) => {
            profile.and_file(directory, FileAccess::ReadWrite, "the store")
        }
        KeystoreBackend::Memory => profile,
    }
}
