//! What the root-agent may do, as data.
//!
//! Found by tracing the agent with SoftHSM, NSS softokn and tpm2-pkcs11 through its life: loading, serving, the token
//! taken away and brought back, ending. The vendor's module is native code that we did not write: the list is wider
//! than that of our other processes, and what may be opened or connected to is up to Landlock and the configuration.

use hardening::sandbox::{Condition, FileAccess, PortAccess, Profile, REWIRING, RUNTIME, Rule, Test};
use holdfast_ports::settings;
use std::path::Path;

const SYSCALLS: &[Rule] = &[
    Rule::any("ppoll", "waits for requests, orders and replies"),
    Rule::any("recvfrom", "requests from links"),
    Rule::any("sendto", "replies on links; reports to warden"),
    Rule::any("recvmsg", "warden's orders and the descriptors beside them"),
    Rule::any("clock_nanosleep", "the back-off"),
    Rule::any("write", "log lines; waking the agent; the module's files"),
    Rule::any("writev", "the C library's messages"),
    Rule::any("read", "waking up; the module's files"),
    Rule::any("pread64", "the module's files and databases"),
    Rule::any("pwrite64", "the module's databases"),
    Rule::any("openat", "the module's files; what may be opened is up to Landlock"),
    Rule::any("open", "the same, from older C code"),
    Rule::any("newfstatat", "the module's files"),
    Rule::any("fstat", "the module's files"),
    Rule::any("stat", "the module's files"),
    Rule::any("lstat", "the module's files"),
    Rule::any("statx", "the module's files"),
    Rule::any("access", "the module's files"),
    Rule::any("faccessat", "the module's files"),
    Rule::any("getdents64", "SoftHSM finds its tokens and objects by listing directories"),
    Rule::any("lseek", "the module's files"),
    Rule::any("getcwd", "sqlite makes names absolute"),
    Rule::any("readlink", "sqlite makes names absolute"),
    Rule::any("geteuid", "sqlite and NSS look whose files these are"),
    Rule::any("getuid", "tpm2-pkcs11 looks for a home"),
    Rule::any("sysinfo", "glibc's qsort asks how much memory there is"),
    Rule::any("fsync", "the module's files"),
    Rule::any("fdatasync", "the module's files"),
    Rule::any("ftruncate", "the module's files"),
    Rule::any("unlink", "sqlite's journals"),
    Rule::any("fchmod", "sqlite's journals"),
    Rule::when(
        "fcntl",
        &[Condition::int(1, Test::Between(1, 7))],
        "flags and record locks of the module's files",
    ),
    Rule::when("fcntl", &[Condition::int(1, Test::Between(36, 38))], "open file description locks"),
    Rule::any("flock", "the module's files"),
    Rule::when(
        "socket",
        LOCAL_DATAGRAMS,
        "SoftHSM reports through syslog(3); without it, it would be killed when a token is away",
    ),
    Rule::any("connect", "syslog(3); without network rules there are no other sockets to connect"),
];

/// AF_UNIX, SOCK_DGRAM with SOCK_CLOEXEC.
const LOCAL_DATAGRAMS: &[Condition] =
    &[Condition::int(0, Test::Equals(1)), Condition::int(1, Test::Equals(0x80002))];

/// Only for modules that reach their token over the network.
const NETWORK: &[Rule] = &[
    Rule::any("socket", "the connection to the HSM; which ports is up to Landlock"),
    Rule::any("connect", "the connection to the HSM"),
    Rule::any("setsockopt", "the connection to the HSM"),
    Rule::any("getsockopt", "the connection to the HSM"),
    Rule::any("getpeername", "the connection to the HSM"),
    Rule::any("getsockname", "the connection to the HSM"),
    Rule::any("shutdown", "the connection to the HSM"),
    Rule::any("sendmsg", "the connection to the HSM"),
    Rule::any("poll", "the connection to the HSM"),
    Rule::any("select", "the connection to the HSM"),
    Rule::when("fcntl", &[Condition::int(1, Test::Equals(4))], "the connection is made non-blocking"),
];

/// What loading a module reads, where it exists: the loader's cache, libraries, OpenSSL's configuration.
const LOADING: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/ssl/openssl.cnf",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/lib/ssl/openssl.cnf",
    "/proc/sys/crypto",
    "/dev/urandom",
    "/dev/random",
];

/// The profile for these settings.
#[must_use]
pub fn profile(settings: &settings::Root) -> Profile {
    let mut profile = Profile::new("root-agent", RUNTIME).and_syscalls(REWIRING).and_syscalls(SYSCALLS);
    if !settings.connect_ports.is_empty() {
        profile = profile.and_syscalls(NETWORK);
    }
    for port in &settings.connect_ports {
        profile = profile.and_port(*port, PortAccess::Connect, "the HSM");
    }
    profile = profile.and_file(&settings.module, FileAccess::Read, "the vendor's module");
    for path in LOADING.iter().copied().filter(|path| Path::new(path).exists()) {
        profile = profile.and_file(path, FileAccess::Read, "loading the module");
    }
    for path in &settings.readable {
        profile = profile.and_file(path, FileAccess::Read, "what the module reads, as configured");
    }
    for path in &settings.writable {
        profile = profile.and_file(path, FileAccess::ReadWrite, "what the module writes, as configured");
    }
    profile
}
