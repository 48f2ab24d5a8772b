//! What each role may not do, shown by trying: a process enters the very profile that the role enters, and tries.
//!
//! A sandbox binds a process for good, so each trial is a process of its own: this program again, with `--probe`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // The list of stories is for people.

use hardening::sandbox::{Lockdown, Profile, Test};
use holdfast_model::{ApplianceId, ClusterId, HsmName};
use holdfast_ports::settings;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitCode, exit};

/// The roles that see bytes from outside.
const ROLES: [&str; 6] = ["core", "frontend", "keystore-agent", "root-agent", "audit-agent", "importer"];
/// SIGSYS: the kernel's answer to a call that the profile does not list.
const SIGSYS: i32 = 31;
/// A probe whose attempt worked.
const WORKED: i32 = 10;
/// A probe whose attempt was answered with "permission denied".
const DENIED: i32 = 11;
/// A probe whose attempt failed for a reason that has nothing to do with the sandbox.
const FAILED: i32 = 12;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Killed,
    Denied,
    Worked,
    Other,
}

/// What is tried: a name, and the attempt itself.
type Attempt = (&'static str, fn(&Path) -> std::io::Result<()>);

const ATTEMPTS: &[Attempt] = &[
    ("read /etc/passwd", |_| File::open("/etc/passwd").map(drop)),
    ("read the memory of another process", |_| {
        let parent = std::os::unix::process::parent_id();
        File::open(format!("/proc/{parent}/mem")).map(drop)
    }),
    ("write where it likes", |at| File::create(at.join("outside")).map(drop)),
    ("open a TCP socket and connect", |_| TcpStream::connect("127.0.0.1:9").map(drop)),
    ("listen on a TCP port", |_| TcpListener::bind("127.0.0.1:0").map(drop)),
    ("make a Unix stream socket", |_| {
        use rustix::net::{AddressFamily, SocketType, socket};
        socket(AddressFamily::UNIX, SocketType::STREAM, None).map(drop).map_err(Into::into)
    }),
    ("execute a program", |_| Err(Command::new("/bin/true").exec())),
    ("start a process", |_| Command::new("/bin/true").spawn().map(drop)),
    ("signal another process", |_| {
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        kill_process(Pid::from_raw(parent).unwrap(), Signal::CONT).map_err(Into::into)
    }),
    ("take a descriptor of another process", |_| {
        let parent = i32::try_from(std::os::unix::process::parent_id()).unwrap();
        use rustix::process::{PidfdFlags, pidfd_open};
        pidfd_open(Pid::from_raw(parent).unwrap(), PidfdFlags::empty()).map(drop).map_err(Into::into)
    }),
    ("become root again", |_| {
        // What is asked for is refused by the kernel or kills; either way it does not work.
        rustix::thread::set_thread_uid(rustix::process::Uid::ROOT).map_err(Into::into)
    }),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, role, attempt, directory] = arguments.as_slice()
        && flag == "--probe"
    {
        probe(role, attempt, Path::new(directory));
    }
    let stories: [(&str, fn()); 4] = [
        ("no_role_can_do_what_its_profile_does_not_list", no_role_can_do_what_its_profile_does_not_list),
        ("core_is_killed_by_every_one_of_these_attempts", core_is_killed_by_every_one_of_these_attempts),
        (
            "no_profile_lists_a_call_that_reaches_into_others",
            no_profile_lists_a_call_that_reaches_into_others,
        ),
        ("each_attempt_works_outside_the_sandbox", each_attempt_works_outside_the_sandbox),
    ];
    if arguments.iter().any(|argument| argument == "--list") {
        stories.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let mut failed = 0;
    for (name, story) in stories {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let fine = std::panic::catch_unwind(story).is_ok();
        println!("test {name} ... {}", if fine { "ok" } else { "FAILED" });
        failed += usize::from(!fine);
    }
    println!("\ntest result: {}. {failed} failed", if failed == 0 { "ok" } else { "FAILED" });
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

// --- the stories --------------------------------------------------------------------------------------------------

fn no_role_can_do_what_its_profile_does_not_list() {
    for role in ROLES {
        for (what, _) in ATTEMPTS {
            let end = end_of(role, what);
            assert!(matches!(end, End::Killed | End::Denied), "{role}: {what}: {end:?}");
        }
    }
}

fn core_is_killed_by_every_one_of_these_attempts() {
    for (what, _) in ATTEMPTS {
        assert_eq!(end_of("core", what), End::Killed, "{what}");
    }
}

fn no_profile_lists_a_call_that_reaches_into_others() {
    const NEVER: [&str; 20] = [
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
        "kcmp",
        "execve",
        "execveat",
        "bpf",
        "perf_event_open",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "keyctl",
        "add_key",
        "mount",
        "init_module",
        "finit_module",
        "kexec_load",
        "setns",
        "chroot",
    ];
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path());
    for role in ROLES {
        for rule in profile(role, directory.path()).syscalls.iter() {
            assert!(!NEVER.contains(&rule.syscall), "{role}: {}", rule.syscall);
            assert!(!rule.reason.is_empty(), "{role}: {}", rule.syscall);
            // A vendor's module is code that is loaded; nobody else maps any.
            if role != "root-agent" && ["mmap", "mprotect"].contains(&rule.syscall) {
                let executable = rule.when.iter().any(|condition| {
                    condition.argument == 2 && matches!(condition.test, Test::Masked { mask: 4, equals: 0 })
                });
                assert!(executable, "{role}: {} may not make code", rule.syscall);
            }
        }
    }
}

fn each_attempt_works_outside_the_sandbox() {
    // Otherwise a refusal would prove nothing. Root is needed to become root again and is what it takes anyway.
    for (what, _) in ATTEMPTS {
        let end = end_of("nobody", what);
        let refused_connection = what.contains("connect") && end == End::Other;
        let as_root = !rustix::process::geteuid().is_root() && end == End::Denied;
        assert!(end == End::Worked || refused_connection || as_root, "{what}: {end:?}");
    }
}

// --- the probes ---------------------------------------------------------------------------------------------------

fn end_of(role: &str, attempt: &str) -> End {
    let directory = tempfile::tempdir().unwrap();
    prepare(directory.path());
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--probe", role, attempt])
        .arg(directory.path())
        .status()
        .unwrap();
    match (status.code(), status.signal()) {
        (_, Some(SIGSYS)) => End::Killed,
        (Some(DENIED), _) => End::Denied,
        // 0 is what /bin/true ends with, in the probe's place.
        (Some(WORKED | 0), _) => End::Worked,
        (Some(FAILED), _) => End::Other,
        other => panic!("{role}: {attempt}: the probe ended with {other:?}"),
    }
}

fn probe(role: &str, attempt: &str, directory: &Path) -> ! {
    if role != "nobody" {
        Lockdown::enter(&profile(role, directory)).unwrap();
    }
    let (_, attempt) = ATTEMPTS.iter().find(|(name, _)| *name == attempt).unwrap();
    match attempt(directory) {
        Ok(()) => exit(WORKED),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => exit(DENIED),
        Err(_) => exit(FAILED),
    }
}

fn prepare(at: &Path) {
    for name in ["keystore", "audit", "in", "out", "tokens"] {
        fs::create_dir(at.join(name)).unwrap();
    }
    fs::write(at.join("softhsm2.conf"), "").unwrap();
}

/// What each role's own crate says that it may do.
fn profile(role: &str, at: &Path) -> Profile {
    match role {
        "core" => holdfast_core::sandbox::profile(20),
        "frontend" => holdfast_frontend::profile(),
        "keystore-agent" => {
            holdfast_keystore::profile(&settings::KeystoreBackend::Embedded(at.join("keystore")))
        }
        "audit-agent" => holdfast_audit::profile(&at.join("audit")),
        "importer" => holdfast_orbital::importer::profile(&settings::Importer {
            spool: at.join("in"),
            outbox: at.join("out"),
            signers: Vec::new(),
            signers_needed: 1,
            cluster: ClusterId::parse("stories").unwrap(),
            appliance: ApplianceId::parse("stories-1").unwrap(),
        }),
        "root-agent" => holdfast_root_of_trust::sandbox::profile(&settings::Root {
            hsm: HsmName::parse("hsm-1").unwrap(),
            module: "/usr/lib/softhsm/libsofthsm2.so".into(),
            token_label: "stories".to_owned(),
            plain_path: false,
            writable: vec![at.join("tokens")],
            readable: vec![at.join("softhsm2.conf")],
            connect_ports: Vec::new(),
            sessions_max: 1,
            lanes: 1,
        }),
        other => panic!("no role is named {other}"),
    }
}
