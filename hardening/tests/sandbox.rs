//! What a locked-down process may and may not do, tried by real processes on the running kernel.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::cast_sign_loss)] // A test program.
#![allow(unsafe_code)] // Raw calls, to try what a safe wrapper would never do.

mod stage;

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;

use hardening::process;
use hardening::sandbox::{
    Condition, FileAccess, LOCKING_DOWN, Lockdown, PortAccess, Profile, RUNTIME, Rule, STARTING,
    SandboxError, Test,
};
use stage::{End, Probe, end_of, status_of};

const KILLED: End = End::Signal(libc::SIGSYS);
const PASSED: End = End::Code(0);

fn main() -> ExitCode {
    stage::run(
        named![
            a_call_that_is_not_listed_kills_the_process,
            a_listed_call_with_other_arguments_kills_the_process,
            arguments_are_compared_at_their_width,
            a_call_of_the_x32_abi_kills_the_process,
            executable_memory_is_refused,
            threads_made_before_sealing_are_bound_by_the_filter,
            nothing_is_sealed_while_other_threads_run,
            a_listed_file_may_be_read_and_no_other,
            a_listed_directory_may_be_written_and_no_other,
            a_listed_port_may_be_used_and_no_other,
            a_signal_does_not_leave_the_sandbox,
            a_missing_path_refuses_the_whole_profile,
            a_locked_process_shows_it_from_outside,
            a_process_locks_down_under_an_inherited_union,
            a_dropped_user_does_not_come_back,
            every_rule_of_the_shared_lists_has_a_reason,
        ],
        named![
            probe_allowed,
            probe_socket,
            probe_write_elsewhere,
            probe_prctl_other,
            probe_fd_with_high_bits,
            probe_long_with_high_bits,
            probe_x32,
            probe_mmap_exec,
            probe_mprotect_exec,
            probe_thread_socket,
            probe_threads_first,
            probe_files,
            probe_directory,
            probe_ports,
            probe_signal,
            probe_missing_path,
            probe_wait,
            probe_union_parent,
            probe_union_child,
            probe_user,
        ],
    )
}

// --- the stories --------------------------------------------------------------------------------------------------

fn a_call_that_is_not_listed_kills_the_process() {
    assert_eq!(end_of("probe_allowed"), PASSED);
    assert_eq!(end_of("probe_socket"), KILLED);
}

fn a_listed_call_with_other_arguments_kills_the_process() {
    assert_eq!(end_of("probe_write_elsewhere"), KILLED);
    assert_eq!(end_of("probe_prctl_other"), KILLED);
}

fn arguments_are_compared_at_their_width() {
    // The kernel ignores the high half of a descriptor, so the filter must too; of a size it does not.
    assert_eq!(end_of("probe_fd_with_high_bits"), PASSED);
    assert_eq!(end_of("probe_long_with_high_bits"), KILLED);
}

fn a_call_of_the_x32_abi_kills_the_process() {
    assert_eq!(end_of("probe_x32"), KILLED);
}

fn executable_memory_is_refused() {
    assert_eq!(end_of("probe_mmap_exec"), KILLED);
    assert_eq!(end_of("probe_mprotect_exec"), KILLED);
}

fn threads_made_before_sealing_are_bound_by_the_filter() {
    assert_eq!(end_of("probe_thread_socket"), KILLED);
}

fn nothing_is_sealed_while_other_threads_run() {
    assert_eq!(end_of("probe_threads_first"), PASSED);
}

fn a_listed_file_may_be_read_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Probe::start_with("probe_files", directory.path().to_str().unwrap()).end(), PASSED);
}

fn a_listed_directory_may_be_written_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Probe::start_with("probe_directory", directory.path().to_str().unwrap()).end(), PASSED);
}

fn a_listed_port_may_be_used_and_no_other() {
    assert_eq!(end_of("probe_ports"), PASSED);
}

fn a_signal_does_not_leave_the_sandbox() {
    assert_eq!(end_of("probe_signal"), PASSED);
}

fn a_missing_path_refuses_the_whole_profile() {
    assert_eq!(end_of("probe_missing_path"), PASSED);
}

fn a_locked_process_shows_it_from_outside() {
    let mut probe = Probe::start("probe_wait");
    assert_eq!(probe.line(), "locked");
    for (key, value) in [("NoNewPrivs", "1"), ("Seccomp", "2"), ("Seccomp_filters", "1"), ("Umask", "0077")] {
        assert_eq!(status_of(probe.pid(), key), value, "{key}");
    }
    for key in ["CapInh", "CapPrm", "CapEff", "CapAmb", "CapBnd"] {
        assert_eq!(status_of(probe.pid(), key), "0000000000000000", "{key}");
    }
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", probe.pid())).unwrap();
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
    assert_eq!(probe.end(), PASSED);
}

fn a_process_locks_down_under_an_inherited_union() {
    assert_eq!(end_of("probe_union_parent"), PASSED);
}

fn a_dropped_user_does_not_come_back() {
    assert_eq!(end_of("probe_user"), PASSED);
}

fn every_rule_of_the_shared_lists_has_a_reason() {
    for rule in RUNTIME.iter().chain(LOCKING_DOWN).chain(STARTING) {
        assert!(rule.reason.len() > 4, "{} has no reason", rule.syscall);
    }
}

// --- the probes ---------------------------------------------------------------------------------------------------

/// Reports on standard output, and a few calls whose arguments are checked.
const TALK: &[Rule] = &[
    Rule::when("write", &[Condition::int(0, Test::Between(1, 2))], "reports to the test"),
    Rule::when(
        "read",
        &[Condition::int(0, Test::Equals(0)), Condition::long(2, Test::AtMost(8192))],
        "waits",
    ),
    Rule::when("prctl", &[Condition::int(0, Test::Equals(libc::PR_GET_DUMPABLE as u64))], "argument test"),
];

fn profile() -> Profile {
    Profile::new("probe", RUNTIME).and_syscalls(TALK)
}

fn locked() -> Lockdown {
    Lockdown::enter(&profile()).unwrap()
}

fn raw(number: i64, a: u64, b: u64, c: u64) -> i64 {
    // SAFETY: the probes pass integers, or null with a length of zero.
    unsafe { libc::syscall(number, a, b, c, 0_u64, 0_u64, 0_u64) }
}

fn probe_allowed() {
    locked();
    let mut lines = vec![0_u8; 300_000]; // large enough for mmap and munmap
    lines[299_999] = 1;
    std::io::stderr().write_all(b"").unwrap();
    assert_eq!(raw(libc::SYS_prctl, libc::PR_GET_DUMPABLE as u64, 0, 0), 0);
}

fn probe_socket() {
    locked();
    raw(libc::SYS_socket, 1, 1, 0);
}

fn probe_write_elsewhere() {
    locked();
    raw(libc::SYS_write, 3, 0, 0);
}

fn probe_prctl_other() {
    locked();
    raw(libc::SYS_prctl, libc::PR_SET_DUMPABLE as u64, 1, 0);
}

fn probe_fd_with_high_bits() {
    locked();
    assert_eq!(raw(libc::SYS_write, 1 << 32 | 1, 0, 0), 0);
}

fn probe_long_with_high_bits() {
    locked();
    raw(libc::SYS_read, 0, 0, 1 << 32);
}

fn probe_x32() {
    locked();
    raw(libc::SYS_getpid | 0x4000_0000, 0, 0, 0);
}

fn probe_mmap_exec() {
    locked();
    raw(libc::SYS_mmap, 0, 4096, (libc::PROT_READ | libc::PROT_EXEC) as u64);
}

fn probe_mprotect_exec() {
    locked();
    raw(libc::SYS_mprotect, 0, 4096, (libc::PROT_READ | libc::PROT_EXEC) as u64);
}

fn probe_thread_socket() {
    let stage = Lockdown::begin(&profile()).unwrap();
    let (go, wait) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || {
        wait.recv().unwrap();
        raw(libc::SYS_socket, 1, 1, 0);
    });
    stage.seal().unwrap();
    go.send(()).unwrap();
    let _ = thread.join();
}

fn probe_threads_first() {
    let (stop, wait) = mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    assert!(matches!(Lockdown::begin(&profile()), Err(SandboxError::NotSingleThreaded)));
    drop(stop);
    assert!(thread.join().unwrap().is_err());
    assert!(Lockdown::begin(&profile()).is_ok());
}

const FILES: &[Rule] = &[
    Rule::any("openat", "tries to open"),
    Rule::any("statx", "looks at files"),
    Rule::any("fstat", "looks at files"),
    Rule::any("lseek", "looks at files"),
    Rule::any("read", "reads"),
    Rule::any("write", "writes"),
    Rule::any("unlink", "removes"),
    Rule::any("mkdir", "creates"),
    Rule::any("fcntl", "looks at descriptors"),
    Rule::any("execve", "tries to execute"),
];

fn probe_files() {
    let directory = PathBuf::from(stage::given());
    let (mine, other) = (directory.join("mine"), directory.join("other"));
    std::fs::write(&mine, "x").unwrap();
    std::fs::write(&other, "x").unwrap();
    let profile = profile().and_syscalls(FILES).and_file(&mine, FileAccess::Read, "read by the probe");
    Lockdown::enter(&profile).unwrap();
    assert_eq!(std::fs::read(&mine).unwrap(), b"x");
    for refused in
        [File::open(&other), File::create(&mine), File::open("/etc/passwd"), File::open("/proc/self/mem")]
    {
        assert_eq!(refused.unwrap_err().raw_os_error(), Some(libc::EACCES));
    }
    let program = c"/bin/true";
    let none = [std::ptr::null::<libc::c_char>()];
    // SAFETY: null-terminated strings and arrays that outlive the call.
    assert_eq!(unsafe { libc::execve(program.as_ptr(), none.as_ptr(), none.as_ptr()) }, -1);
    assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EACCES));
}

fn probe_directory() {
    let directory = PathBuf::from(stage::given());
    let (mine, other) = (directory.join("mine"), directory.join("other"));
    std::fs::create_dir(&mine).unwrap();
    std::fs::create_dir(&other).unwrap();
    let profile =
        profile().and_syscalls(FILES).and_file(&mine, FileAccess::ReadWrite, "written by the probe");
    Lockdown::enter(&profile).unwrap();
    std::fs::write(mine.join("a"), "x").unwrap();
    std::fs::remove_file(mine.join("a")).unwrap();
    let refused = File::create(other.join("a")).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EACCES));
    let refused = std::fs::create_dir(other.join("d")).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(libc::EACCES));
}

const SOCKETS: &[Rule] = &[
    Rule::when("socket", &[Condition::int(0, Test::Equals(libc::AF_INET as u64))], "tries ports"),
    Rule::any("bind", "tries ports"),
    Rule::any("listen", "tries ports"),
    Rule::any("connect", "tries ports"),
    Rule::any("setsockopt", "std reuses addresses"),
];

fn probe_ports() {
    let free = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let (mine, other) = (free(), free());
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = listening.local_addr().unwrap();
    let profile = profile()
        .and_syscalls(SOCKETS)
        .and_port(mine.port(), PortAccess::Bind, "bound by the probe")
        .and_port(there.port(), PortAccess::Connect, "connected to by the probe");
    Lockdown::enter(&profile).unwrap();
    assert!(TcpListener::bind(mine).is_ok() && TcpStream::connect(there).is_ok());
    assert_eq!(TcpListener::bind(other).unwrap_err().raw_os_error(), Some(libc::EACCES));
    assert_eq!(TcpStream::connect(mine).unwrap_err().raw_os_error(), Some(libc::EACCES));
}

const SIGNALS: &[Rule] = &[Rule::any("kill", "tries to signal"), Rule::any("getppid", "whom to signal")];

fn probe_signal() {
    Lockdown::enter(&profile().and_syscalls(SIGNALS)).unwrap();
    let parent = rustix::process::getppid().unwrap().as_raw_nonzero().get();
    // SAFETY: signal 0 only asks whether one may.
    let refused = unsafe { libc::kill(parent, 0) };
    assert_eq!((refused, std::io::Error::last_os_error().raw_os_error()), (-1, Some(libc::EPERM)));
}

fn probe_missing_path() {
    let profile = profile().and_file("/no/such/path", FileAccess::Read, "a mistake");
    assert!(matches!(Lockdown::begin(&profile), Err(SandboxError::Path { .. })));
    assert_eq!(status_of(std::process::id(), "NoNewPrivs"), "0", "nothing was given up");
}

fn probe_wait() {
    locked();
    std::io::stdout().write_all(b"locked\n").unwrap();
    assert_eq!(std::io::stdin().read(&mut [0; 16]).unwrap(), 0);
}

const PARENT: &[Rule] = &[
    Rule::any("wait4", "waits for the child"),
    Rule::any("waitid", "waits for the child"),
    Rule::any("pidfd_open", "watches the child"),
    Rule::any("pidfd_send_signal", "ends the child"),
    Rule::any("pipe2", "hears why a child did not start"),
    Rule::any("dup2", "the child's descriptors"),
    Rule::any("fcntl", "the child's descriptors"),
    Rule::any("close_range", "the child's descriptors"),
];

fn probe_union_parent() {
    use hardening::fds::{Program, Start, spawn};
    use std::os::fd::AsFd;
    let child = profile();
    let starting = Profile::new("warden", LOCKING_DOWN).and_syscalls(STARTING).and_syscalls(PARENT).and_file(
        "/",
        FileAccess::ReadExecute,
        "programs and libraries",
    );
    Lockdown::enter(&Profile::union("union", &[&child, &starting])).unwrap();
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let table = [(input.as_fd(), 0), (output.as_fd(), 1), (errors.as_fd(), 2)];
    let start_with = |behaviour: &str| {
        let arguments = ["probe", "--probe", "probe_union_child", behaviour];
        let start =
            Start { program: Program::Myself, arguments: &arguments, environment: &[], table: &table };
        spawn(&start).unwrap().wait().unwrap()
    };
    assert_eq!(start_with("stays inside"), hardening::fds::Ended::Code(0));
    // By the child's own filter. The kernel runs no handler on the way.
    assert_eq!(start_with("strays"), hardening::fds::Ended::Signal(libc::SIGSYS));
}

fn probe_union_child() {
    // Everything that a role does on its way into its own sandbox, under the filter it inherited.
    process::die_with_parent(rustix::process::getppid().unwrap()).unwrap();
    process::limit(rustix::process::Resource::Core, 0).unwrap();
    process::raise_memlock(2 << 20).unwrap();
    hardening::arena::install(hardening::arena::ArenaSize::mib(1)).unwrap();
    hardening::stack::reserve(1, 256 << 10).unwrap();
    hardening::ending::wipe_on_ending().unwrap();
    let stage = Lockdown::begin(&profile()).unwrap();
    let gate = std::sync::Arc::new(std::sync::Barrier::new(2));
    let theirs = gate.clone();
    let lane = std::thread::spawn(move || theirs.wait());
    gate.wait();
    stage.seal().unwrap();
    lane.join().unwrap();
    if stage::given() == "stays inside" {
        return;
    }
    // The parent's filter allows pipes, this one's does not.
    let mut ends = [0_i32; 2];
    // SAFETY: an array of two descriptors of ours.
    unsafe { libc::pipe2(ends.as_mut_ptr(), 0) };
}

fn probe_user() {
    assert!(rustix::process::geteuid().is_root(), "this test needs to start as root");
    assert!(process::drop_to_user(0, 1).is_err(), "root is not a user to drop to");
    let parent = rustix::process::getppid().unwrap();
    process::die_with_parent(parent).unwrap();
    process::drop_to_user(64_321, 64_322).unwrap();
    assert_eq!(rustix::process::parent_process_death_signal().unwrap(), Some(rustix::process::Signal::KILL));
    assert_eq!(status_of(std::process::id(), "Groups"), "");
    process::drop_capabilities().unwrap();
    // SAFETY: an integer; expected to fail.
    assert_eq!(unsafe { libc::setuid(0) }, -1);
}
