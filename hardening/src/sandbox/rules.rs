//! Rule lists that roles share: what the Rust runtime, entering a sandbox, and starting a program need.
//!
//! Separate from any role, so that a role's own list shows only what is special about it.

use super::profile::{Condition, Rule, Test};

/// Protection without PROT_EXEC. The kernel reads it as a long.
const NOT_EXECUTABLE: &[Condition] =
    &[Condition::long(2, Test::Masked { mask: libc::PROT_EXEC as u64, equals: 0 })];

const fn prctl(option: i32) -> Condition {
    Condition::int(0, Test::Equals(option.unsigned_abs() as u64))
}

/// The calling thread, and never forward.
const STEPPING_BACK: &[Condition] = &[
    Condition::int(0, Test::Equals(libc::PRIO_PROCESS as u64)),
    Condition::int(1, Test::Equals(0)),
    Condition::int(2, Test::Between(1, 19)),
];

/// What running Rust needs whatever the role: memory, waiting, ending. No files, no sockets, no new threads.
pub const RUNTIME: &[Rule] = &[
    Rule::any("futex", "mutexes, condition variables and thread parking (std waits with FUTEX_WAIT_BITSET)"),
    Rule::when("mmap", NOT_EXECUTABLE, "the allocator takes memory; never executable"),
    Rule::any("munmap", "the allocator and ending threads give memory back"),
    Rule::any("mremap", "the allocator grows large blocks"),
    Rule::when("mprotect", NOT_EXECUTABLE, "glibc grows its arenas and guards stacks; never executable"),
    Rule::any("madvise", "the allocator and ending threads give pages back"),
    Rule::any("brk", "glibc's main heap"),
    Rule::any("rt_sigreturn", "returning from a signal handler"),
    Rule::any("rt_sigprocmask", "ending threads and abort block signals"),
    Rule::any("sigaltstack", "a thread takes down its signal stack when it ends"),
    Rule::any("restart_syscall", "the kernel resumes an interrupted wait"),
    Rule::any("sched_yield", "contended locks"),
    Rule::any("clock_gettime", "time, when the vDSO cannot serve it"),
    Rule::any("getrandom", "hash seeds and the random generator's seed"),
    Rule::any("getpid", "random generators notice a fork"),
    Rule::any("gettid", "abort names its own thread"),
    Rule::any("close", "dropping a descriptor"),
    Rule::when(
        "fcntl",
        &[Condition::int(1, Test::Equals(libc::F_GETFD.unsigned_abs() as u64))],
        "debug builds of std check that a descriptor is open before closing it",
    ),
    Rule::any("exit", "a thread ends"),
    Rule::any("exit_group", "the process ends"),
];

/// What a process does with a new end of a link that its parent hands it: out of the way of the old ones, non-blocking.
pub const REWIRING: &[Rule] = &[
    Rule::when("ioctl", &[Condition::int(1, Test::Equals(libc::FIONBIO))], "a new link is made non-blocking"),
    Rule::when(
        "fcntl",
        &[Condition::int(1, Test::Equals(libc::F_DUPFD_CLOEXEC.unsigned_abs() as u64))],
        "a new descriptor is moved out of the way of those at fixed numbers",
    ),
];

/// What a process needs to lock itself down under a filter that it inherited: identity, limits, secret memory,
/// Landlock, seccomp. A process that starts others has these in its union.
pub const LOCKING_DOWN: &[Rule] = &[
    Rule::when("prctl", &[prctl(libc::PR_SET_NO_NEW_PRIVS)], "no new privileges"),
    Rule::when("prctl", &[prctl(libc::PR_GET_NO_NEW_PRIVS)], "reading back"),
    Rule::when("prctl", &[prctl(libc::PR_SET_DUMPABLE)], "no dumps"),
    Rule::when("prctl", &[prctl(libc::PR_GET_DUMPABLE)], "reading back"),
    Rule::when("prctl", &[prctl(libc::PR_SET_MDWE)], "no new executable memory"),
    Rule::when("prctl", &[prctl(libc::PR_GET_MDWE)], "reading back"),
    Rule::when("prctl", &[prctl(libc::PR_SET_PDEATHSIG)], "end with the parent"),
    Rule::when("prctl", &[prctl(libc::PR_GET_PDEATHSIG)], "keeping it across a change of user"),
    Rule::when("prctl", &[prctl(libc::PR_CAPBSET_READ)], "dropping capabilities"),
    Rule::when("prctl", &[prctl(libc::PR_CAPBSET_DROP)], "dropping capabilities"),
    Rule::when("prctl", &[prctl(libc::PR_CAP_AMBIENT)], "dropping capabilities"),
    Rule::any("capget", "dropping capabilities"),
    Rule::any("capset", "dropping capabilities; without any, it can only drop"),
    Rule::when(
        "unshare",
        &[Condition::long(0, Test::Equals(libc::CLONE_THREAD as u64))],
        "asks whether this is the only thread; changes nothing",
    ),
    Rule::any("setgroups", "becoming an unprivileged user"),
    Rule::any("setresgid", "becoming an unprivileged user"),
    Rule::any("setresuid", "becoming an unprivileged user"),
    Rule::any("setuid", "tries to become root again, which must fail"),
    Rule::any("getresuid", "reading back"),
    Rule::any("getresgid", "reading back"),
    Rule::any("getgroups", "reading back"),
    Rule::any("getppid", "has the parent ended already"),
    Rule::any("umask", "new files for the owner only"),
    Rule::any("prlimit64", "resource limits"),
    Rule::any("getrlimit", "resource limits"),
    Rule::any("setrlimit", "resource limits"),
    Rule::when(
        "setpriority",
        STEPPING_BACK,
        "a thread for slow work steps back behind the others of its process",
    ),
    Rule::any("rt_sigaction", "secrets are wiped when a signal ends the process"),
    Rule::any("memfd_secret", "secret memory"),
    Rule::any("ftruncate", "the size of secret memory"),
    Rule::any("mlock", "secret memory where the kernel has no memfd_secret"),
    Rule::any("mlockall", "nothing is swapped out"),
    Rule::any("mseal", "secret memory stays as it is"),
    Rule::any("landlock_create_ruleset", "files and ports"),
    Rule::any("landlock_add_rule", "files and ports"),
    Rule::any("landlock_restrict_self", "files and ports"),
    Rule::any("seccomp", "system calls; a further filter can only narrow"),
    Rule::any("openat", "the paths of the ruleset; what may be opened is up to Landlock"),
    Rule::any("fstat", "file or directory"),
    Rule::any("statx", "file or directory"),
    Rule::any("newfstatat", "file or directory"),
];

/// What executing a dynamically linked program and starting its Rust runtime need, and creating threads.
pub const STARTING: &[Rule] = &[
    Rule::any("execve", "starting a role"),
    Rule::any("execveat", "starting a role from an open descriptor"),
    Rule::any("mmap", "the dynamic linker maps libraries, their code executable"),
    Rule::any("mprotect", "the dynamic linker makes relocated data read-only"),
    Rule::any("arch_prctl", "the thread pointer of the first thread"),
    Rule::any("set_tid_address", "the first thread"),
    Rule::any("set_robust_list", "every new thread"),
    Rule::any("rseq", "every new thread"),
    Rule::any("clone", "threads and child processes"),
    Rule::any("clone3", "threads"),
    Rule::when("prctl", &[prctl(libc::PR_SET_NAME)], "thread names"),
    Rule::any("sched_getaffinity", "how many threads are worth while; stack bounds of the first thread"),
    Rule::any("rt_sigaction", "the runtime ignores SIGPIPE and watches for stack overflows"),
    Rule::any("poll", "the runtime checks that descriptors 0 to 2 are open"),
    Rule::any("ppoll", "the runtime checks that descriptors 0 to 2 are open"),
    Rule::any("read", "library headers; the process's own memory map"),
    Rule::any("pread64", "library headers"),
    Rule::any("access", "the dynamic linker looks for a preload file"),
    Rule::any("faccessat", "the dynamic linker looks for a preload file"),
    Rule::any("readlink", "the program's own path"),
    Rule::any("readlinkat", "the program's own path"),
    Rule::any("openat", "libraries; what may be opened is up to Landlock"),
    Rule::any("fstat", "library sizes"),
    Rule::any("newfstatat", "library sizes"),
    Rule::any("prlimit64", "stack size of the first thread"),
    Rule::any("uname", "the dynamic linker on some systems"),
];
