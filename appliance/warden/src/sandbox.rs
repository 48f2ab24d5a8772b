//! What warden itself may do, beside everything that its children may do.
//!
//! A filter binds the children of the process as well, so warden's is the union of its own and theirs. What warden
//! adds here, no child has: each child's own filter takes it away again.

use hardening::sandbox::{FileAccess, LOCKING_DOWN, Profile, RUNTIME, Rule, STARTING};

/// Watching, wiring, starting and ending processes.
const WATCHING: &[Rule] = &[
    Rule::any("poll", "waits for children, control sockets and signals"),
    Rule::any("ppoll", "waits for children, control sockets and signals"),
    Rule::any("read", "the signal descriptor; whether a child's program has begun"),
    Rule::any("write", "the log on standard error"),
    Rule::any("socketpair", "wires two processes"),
    Rule::any("sendmsg", "tells a child, with a descriptor beside it"),
    Rule::any("recvfrom", "hears a child"),
    Rule::any("recvmsg", "a child hears its first message before its own filter stands"),
    Rule::any("sendto", "a child reports a failure before its own filter stands"),
    Rule::any("lseek", "secret files begin at their beginning for each start"),
    Rule::any("pipe2", "a child reports that its program could not begin"),
    Rule::any("fork", "starts a child"),
    Rule::any("vfork", "starts a child"),
    Rule::any("fcntl", "moves descriptors into a child's table"),
    Rule::any("dup2", "moves descriptors into a child's table"),
    Rule::any("dup3", "moves descriptors into a child's table"),
    Rule::any("close_range", "a child has no other descriptors"),
    Rule::any("pidfd_open", "a child by descriptor, so that its id cannot be taken for another's"),
    Rule::any("pidfd_send_signal", "ends a child"),
    Rule::any("waitid", "how a child ended"),
];

/// Where a dynamically linked program and its libraries are. Those that a system does not have are left out.
const LIBRARIES: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"];

/// Warden's own profile.
pub(crate) fn profile() -> Profile {
    let mut profile = Profile::new("warden", RUNTIME)
        .and_syscalls(LOCKING_DOWN)
        .and_syscalls(STARTING)
        .and_syscalls(WATCHING)
        .and_file("/proc/self/exe", FileAccess::ReadExecute, "every role is this program");
    for path in LIBRARIES {
        if std::path::Path::new(path).exists() {
            profile = profile.and_file(path, FileAccess::ReadExecute, "libraries of every role");
        }
    }
    profile
}
