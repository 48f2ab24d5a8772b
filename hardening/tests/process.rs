//! The early steps of a process, each looked at from outside or tried to undo.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test program.
#![allow(unsafe_code)] // Raw calls, to try what must be refused.

mod stage;

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use hardening::process::{self, ProcessError};
use rustix::process::Resource;
use stage::{End, Probe, end_of, status_of};

fn main() -> ExitCode {
    stage::run(
        named![
            an_entered_process_leaves_no_dumps_and_belongs_to_root_in_proc,
            writable_memory_never_becomes_executable,
            too_little_locked_memory_says_what_to_set,
            root_gets_the_locked_memory_it_needs_and_keeps_it_without_privileges,
            all_memory_is_locked_and_later_memory_too,
            dropped_capabilities_are_gone_from_every_set_and_do_not_come_back,
            a_lowered_limit_cannot_be_raised_by_an_unprivileged_user,
            an_orphan_does_not_go_on,
            threads_are_noticed,
            a_kernel_without_memfd_secret_gets_locked_pages_and_says_so,
        ],
        named![
            probe_entered,
            probe_code,
            probe_low,
            probe_raise,
            probe_lock,
            probe_capabilities,
            probe_limit,
            probe_orphan,
            probe_threads,
            probe_old_kernel,
        ],
    )
}

fn passes(probe: &str) {
    assert_eq!(end_of(probe), End::Code(0));
}

fn ready() {
    std::io::stdout().write_all(b"ready\n").unwrap();
    assert_eq!(std::io::stdin().read(&mut [0; 8]).unwrap(), 0);
}

fn an_entered_process_leaves_no_dumps_and_belongs_to_root_in_proc() {
    let mut probe = Probe::start("probe_entered");
    assert_eq!(probe.line(), "ready");
    assert_eq!(status_of(probe.pid(), "NoNewPrivs"), "1");
    assert_eq!(status_of(probe.pid(), "Umask"), "0077");
    assert_eq!(status_of(probe.pid(), "Uid").split_whitespace().next().unwrap(), "64321");
    // Not dumpable: the process's own user does not own its files in /proc.
    assert_eq!(std::fs::metadata(format!("/proc/{}/mem", probe.pid())).unwrap().uid(), 0);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", probe.pid())).unwrap();
    assert!(limits.lines().any(|l| l.starts_with("Max core file size") && l.contains(" 0 ")));
    assert_eq!(probe.end(), End::Code(0));
}

fn probe_entered() {
    process::drop_to_user(64_321, 64_322).unwrap();
    process::enter().unwrap();
    ready();
}

fn writable_memory_never_becomes_executable() {
    passes("probe_code");
}

fn probe_code() {
    process::enter().unwrap();
    let map = |protection| {
        // SAFETY: a fresh anonymous mapping, never used.
        unsafe {
            libc::mmap(std::ptr::null_mut(), 4096, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
        }
    };
    assert_eq!(map(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC), libc::MAP_FAILED);
    let plain = map(libc::PROT_READ | libc::PROT_WRITE);
    assert_ne!(plain, libc::MAP_FAILED);
    // SAFETY: our own mapping, never used.
    assert_eq!(unsafe { libc::mprotect(plain, 4096, libc::PROT_READ | libc::PROT_EXEC) }, -1);
}

fn too_little_locked_memory_says_what_to_set() {
    passes("probe_low");
}

fn probe_low() {
    process::limit(Resource::Memlock, 65_536).unwrap();
    process::drop_to_user(64_321, 64_322).unwrap();
    let error = process::raise_memlock(10 << 20).unwrap_err();
    assert!(matches!(error, ProcessError::MemlockTooLow { wanted_bytes: 10_485_760, allowed_bytes: 65_536 }));
    assert!(error.to_string().contains("LimitMEMLOCK=10485760"), "{error}");
    assert!(process::raise_memlock(65_536).is_ok());
    let error = hardening::arena::install(hardening::arena::ArenaSize::mib(10)).err().unwrap();
    assert!(matches!(error, hardening::MemoryError::LockLimit { .. }), "{error}");
    assert!(error.to_string().contains("LimitMEMLOCK="), "{error}");
}

fn root_gets_the_locked_memory_it_needs_and_keeps_it_without_privileges() {
    passes("probe_raise");
}

fn probe_raise() {
    process::limit(Resource::Memlock, 65_536).unwrap();
    process::raise_memlock(100 << 20).unwrap();
    let arena = hardening::arena::install(hardening::arena::ArenaSize::mib(64)).unwrap();
    hardening::stack::reserve(2, 1 << 20).unwrap();
    process::drop_to_user(64_321, 64_322).unwrap();
    process::drop_capabilities().unwrap();
    let keys: Result<Vec<_>, _> =
        (0..100_000).map(|_| hardening::Secret::take_from(&mut [7_u8; 32])).collect();
    assert_eq!(keys.unwrap().len(), 100_000);
    assert!(arena.size_bytes() - arena.free_bytes() < 4 << 20, "100,000 keys take less than 4 MiB");
    let nested = hardening::stack::run_on_secret_stack(1 << 20, || {
        hardening::stack::run_on_secret_stack(1 << 20, || 5)
    });
    assert_eq!(nested.unwrap().unwrap(), 5, "reserved stacks need nothing more from the kernel");
    assert_eq!(arena.kind(), hardening::arena::ArenaKind::MemfdSecret);
    assert!(arena.is_sealed());
}

fn all_memory_is_locked_and_later_memory_too() {
    let mut probe = Probe::start("probe_lock");
    assert_eq!(probe.line(), "ready");
    let locked: u64 = status_of(probe.pid(), "VmLck").trim_end_matches(" kB").trim().parse().unwrap();
    assert!(locked > 8 * 1024, "{locked} kB");
    assert_eq!(probe.end(), End::Code(0));
}

fn probe_lock() {
    process::raise_memlock(1 << 30).unwrap();
    process::lock_all_memory().unwrap();
    let later = vec![1_u8; 8 << 20];
    ready();
    drop(later);
}

fn dropped_capabilities_are_gone_from_every_set_and_do_not_come_back() {
    passes("probe_capabilities");
}

fn probe_capabilities() {
    let me = std::process::id();
    assert_ne!(status_of(me, "CapEff"), "0000000000000000", "this test needs to start as root");
    process::drop_capabilities().unwrap();
    for key in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status_of(me, key), "0000000000000000", "{key}");
    }
    // Root without capabilities may not become another user, and a program it executes gets none back.
    assert!(process::drop_to_user(64_321, 64_322).is_err());
    let status = std::process::Command::new("grep").args(["CapEff", "/proc/self/status"]).output().unwrap();
    assert!(String::from_utf8(status.stdout).unwrap().contains("0000000000000000"));
    assert!(process::has_no_privileges().is_err(), "new privileges are not ruled out yet");
}

fn a_lowered_limit_cannot_be_raised_by_an_unprivileged_user() {
    passes("probe_limit");
}

fn probe_limit() {
    process::limit(Resource::Nofile, 40).unwrap();
    process::drop_to_user(64_321, 64_322).unwrap();
    process::drop_capabilities().unwrap();
    assert!(process::limit(Resource::Nofile, 41).is_err());
    assert!(process::limit(Resource::Nofile, 39).is_ok());
}

fn an_orphan_does_not_go_on() {
    passes("probe_orphan");
}

fn probe_orphan() {
    let me = rustix::process::getpid();
    assert!(matches!(process::die_with_parent(me), Err(ProcessError::Orphaned)));
    process::die_with_parent(rustix::process::getppid().unwrap()).unwrap();
}

fn threads_are_noticed() {
    passes("probe_threads");
}

fn probe_threads() {
    assert!(process::is_single_threaded().unwrap());
    let (stop, wait) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || wait.recv());
    assert!(!process::is_single_threaded().unwrap());
    drop(stop);
    assert!(other.join().unwrap().is_err());
}

fn a_kernel_without_memfd_secret_gets_locked_pages_and_says_so() {
    passes("probe_old_kernel");
}

fn probe_old_kernel() {
    use hardening::arena::{self, ArenaKind, ArenaSize};
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
    // Answers as such a kernel does; everything else is allowed.
    let rules = [(libc::SYS_memfd_secret, vec![])].into_iter().collect();
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let here = TargetArch::try_from(std::env::consts::ARCH).unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, missing, here).unwrap();
    seccompiler::apply_filter(&BpfProgram::try_from(filter).unwrap()).unwrap();

    let arena = arena::install(ArenaSize::mib(2)).unwrap();
    assert_eq!(arena.kind(), ArenaKind::LockedPages);
    let locked: u64 = status_of(std::process::id(), "VmLck").trim_end_matches(" kB").trim().parse().unwrap();
    assert!(locked >= 2048, "{locked} kB");
    let secret = hardening::Secret::take_from(&mut [4; 32]).unwrap();
    assert!(secret.ct_eq_bytes(&[4; 32]));
    assert_eq!(hardening::stack::run_on_secret_stack(256 << 10, || 3).unwrap(), 3);
}
