//! Descriptors passed, placed and inherited: what arrives is exactly what was given.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // A test program.
#![allow(unsafe_code)] // Raw numbers, to see what is open.

mod stage;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hardening::fds::{
    Child, Ended, FDS_PER_MESSAGE_MAX, FdsError, Program, SLOT_MAX, Start, inherit, place, receive, send,
    spawn,
};
use rustix::process::Signal;
use stage::{End, Probe, end_of};

fn main() -> ExitCode {
    stage::run(
        named![
            a_descriptor_arrives_over_a_socket_and_works_there,
            more_descriptors_than_allowed_are_refused_on_both_sides,
            a_closed_socket_is_told_apart_from_an_empty_message,
            a_descriptor_is_placed_at_a_free_number_and_never_over_another,
            a_child_has_exactly_the_table_and_the_environment_it_was_given,
            a_table_may_swap_numbers_with_the_parents_own,
            a_table_without_standard_descriptors_or_with_a_number_twice_is_refused,
            a_program_that_does_not_exist_is_told_and_leaves_no_child,
            a_child_is_ended_and_waited_for_by_its_descriptor,
            a_child_dies_with_its_parent,
            a_number_is_inherited_once_and_only_if_it_is_open,
        ],
        named![
            probe_table,
            probe_swap,
            probe_sleep,
            probe_parent,
            probe_inherit,
            probe_place,
            probe_grandchild,
        ],
    )
}

fn child(probe: &str, extra: &[(&OwnedFd, i32)], environment: &[(&str, &str)]) -> Result<Child, FdsError> {
    let (input, output, errors) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let mut table = vec![(input.as_fd(), 0), (output.as_fd(), 1), (errors.as_fd(), 2)];
    table.extend(extra.iter().map(|(fd, slot)| (fd.as_fd(), *slot)));
    spawn(&Start {
        program: Program::Myself,
        arguments: &["child", "--probe", probe, ""],
        environment,
        table: &table,
    })
}

fn open_numbers() -> Vec<i32> {
    // SAFETY: F_GETFD only asks.
    (0..1024).filter(|number| unsafe { libc::fcntl(*number, libc::F_GETFD) } >= 0).collect()
}

fn a_descriptor_arrives_over_a_socket_and_works_there() {
    let (here, there) = UnixStream::pair().unwrap();
    let (read, write) = rustix::pipe::pipe().unwrap();
    assert_eq!(send(&here, b"take this", &[write.as_fd(), read.as_fd()]).unwrap(), 9);
    let mut buffer = [0; 64];
    let got = receive(&there, &mut buffer).unwrap();
    assert_eq!((&buffer[..got.bytes], got.descriptors.len()), (&b"take this"[..], 2));
    let mut arrived = got.descriptors.into_iter().map(File::from);
    arrived.next().unwrap().write_all(b"through").unwrap();
    let mut bytes = [0; 7];
    arrived.next().unwrap().read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"through");
}

fn more_descriptors_than_allowed_are_refused_on_both_sides() {
    let (here, there) = UnixDatagram::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    let many = vec![null.as_fd(); FDS_PER_MESSAGE_MAX + 1];
    assert!(matches!(send(&here, b"x", &many), Err(FdsError::TooMany)));
    assert!(send(&here, b"x", &many[1..]).is_ok());
    assert_eq!(receive(&there, &mut [0; 8]).unwrap().descriptors.len(), FDS_PER_MESSAGE_MAX);

    // Somebody who does not use `send` sends too many.
    let before = open_numbers().len();
    let mut space = vec![std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(64))];
    let mut control = rustix::net::SendAncillaryBuffer::new(&mut space);
    let many = vec![null.as_fd(); 64];
    assert!(control.push(rustix::net::SendAncillaryMessage::ScmRights(&many)));
    let bytes = [std::io::IoSlice::new(b"x")];
    rustix::net::sendmsg(&here, &bytes, &mut control, rustix::net::SendFlags::empty()).unwrap();
    assert!(matches!(receive(&there, &mut [0; 8]), Err(FdsError::TooMany)));
    assert_eq!(open_numbers().len(), before, "those that arrived are closed again");
}

fn a_closed_socket_is_told_apart_from_an_empty_message() {
    let (here, there) = UnixStream::pair().unwrap();
    drop(here);
    assert!(matches!(receive(&there, &mut [0; 8]), Err(FdsError::Closed)));
}

fn a_descriptor_is_placed_at_a_free_number_and_never_over_another() {
    assert_eq!(end_of("probe_place"), End::Code(0));
}

fn probe_place() {
    let placed = place(File::open("/dev/null").unwrap().into(), 40).unwrap();
    assert_eq!(placed.as_raw_fd(), 40);
    let refused = place(File::open("/dev/zero").unwrap().into(), 40);
    assert!(matches!(refused, Err(FdsError::Taken { slot: 40 })));
    assert!(matches!(place(File::open("/dev/zero").unwrap().into(), SLOT_MAX), Err(FdsError::Taken { .. })));
    assert_eq!(File::from(placed).read(&mut [0; 4]).unwrap(), 0, "the first one is still there");
    assert_eq!(place(File::open("/dev/null").unwrap().into(), 40).unwrap().as_raw_fd(), 40);
}

fn a_child_has_exactly_the_table_and_the_environment_it_was_given() {
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    // Descriptors of ours that are not marked to be closed must not leak either.
    let leaky = rustix::io::fcntl_dupfd_cloexec(&null, 90).unwrap();
    rustix::io::fcntl_setfd(&leaky, rustix::io::FdFlags::empty()).unwrap();
    let ended =
        child("probe_table", &[(&null, 9), (&null, 33)], &[("GIVEN", "yes")]).unwrap().wait().unwrap();
    assert_eq!(ended, Ended::Code(0));
}

fn probe_table() {
    assert_eq!(open_numbers(), [0, 1, 2, 9, 33]);
    let environment: Vec<_> = std::env::vars().collect();
    assert_eq!(environment, [("GIVEN".to_owned(), "yes".to_owned())]);
    assert_eq!(stage::status_of(std::process::id(), "SigBlk"), "0000000000000000");
}

fn a_table_may_swap_numbers_with_the_parents_own() {
    let (read, write) = rustix::pipe::pipe().unwrap();
    let (low, high) = (read.as_raw_fd(), write.as_raw_fd());
    assert!(low < SLOT_MAX && high < SLOT_MAX);
    let started = child(
        "probe_swap",
        &[(&write, low), (&read, high)],
        &[("WRITE", &low.to_string()), ("READ", &high.to_string())],
    );
    assert_eq!(started.unwrap().wait().unwrap(), Ended::Code(0));
}

fn probe_swap() {
    let number = |name| std::env::var(name).unwrap().parse().unwrap();
    let (mut write, mut read) =
        (File::from(inherit(number("WRITE")).unwrap()), File::from(inherit(number("READ")).unwrap()));
    write.write_all(b"ab").unwrap();
    let mut bytes = [0; 2];
    read.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"ab");
}

fn a_table_without_standard_descriptors_or_with_a_number_twice_is_refused() {
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    let table = [(null.as_fd(), 0), (null.as_fd(), 1)];
    let start = Start { program: Program::Myself, arguments: &[], environment: &[], table: &table };
    assert!(matches!(spawn(&start), Err(FdsError::StandardMissing { slot: 2 })));
    assert!(matches!(child("probe_table", &[(&null, 5), (&null, 5)], &[]), Err(FdsError::Taken { slot: 5 })));
    assert!(matches!(child("probe_table", &[(&null, SLOT_MAX)], &[]), Err(FdsError::Taken { .. })));
    assert!(matches!(child("probe\0table", &[], &[]), Err(FdsError::ZeroByte)));
}

fn a_program_that_does_not_exist_is_told_and_leaves_no_child() {
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    let table = [(null.as_fd(), 0), (null.as_fd(), 1), (null.as_fd(), 2)];
    let program = Program::At(Path::new("/no/such/program"));
    match spawn(&Start { program, arguments: &["x"], environment: &[], table: &table }) {
        Err(FdsError::Kernel { step: "execve", source }) => {
            assert_eq!(source.raw_os_error(), Some(libc::ENOENT))
        }
        other => panic!("{other:?}"),
    }
    let none = rustix::process::waitpid(None, rustix::process::WaitOptions::NOHANG);
    assert_eq!(none.unwrap_err(), rustix::io::Errno::CHILD);
}

fn a_child_is_ended_and_waited_for_by_its_descriptor() {
    let child = child("probe_sleep", &[], &[]).unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    child.signal(Signal::KILL).unwrap();
    let mut poll = [rustix::event::PollFd::from_borrowed_fd(child.pidfd(), rustix::event::PollFlags::IN)];
    assert_eq!(rustix::event::poll(&mut poll, None).unwrap(), 1);
    assert_eq!(child.try_wait().unwrap(), Some(Ended::Signal(libc::SIGKILL)));
    child.signal(Signal::KILL).unwrap();
    assert!(child.wait().is_err(), "waited for already");
}

fn probe_sleep() {
    std::thread::sleep(Duration::from_secs(60));
}

fn a_child_dies_with_its_parent() {
    let mut parent = Probe::start("probe_parent");
    let grandchild: i32 = parent.line().parse().unwrap();
    let grandchild = rustix::process::Pid::from_raw(grandchild).unwrap();
    assert!(rustix::process::test_kill_process(grandchild).is_ok());
    parent.child.kill().unwrap();
    let begun = Instant::now();
    let running = || {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", grandchild.as_raw_nonzero()));
        status.is_ok_and(|s| !s.contains(") Z "))
    };
    while running() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn probe_parent() {
    let child = child("probe_grandchild", &[], &[]).unwrap();
    let line = format!("{}\n", child.pid().as_raw_nonzero());
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn probe_grandchild() {
    // Outlives a change of user as well.
    let parent = rustix::process::getppid().unwrap();
    hardening::process::die_with_parent(parent).unwrap();
    hardening::process::drop_to_user(64_321, 64_322).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn a_number_is_inherited_once_and_only_if_it_is_open() {
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    assert_eq!(child("probe_inherit", &[(&null, 12)], &[]).unwrap().wait().unwrap(), Ended::Code(0));
}

fn probe_inherit() {
    assert!(matches!(inherit(13), Err(FdsError::NotOpen { slot: 13 })));
    assert!(matches!(inherit(1), Err(FdsError::Taken { slot: 1 })));
    assert!(matches!(inherit(SLOT_MAX), Err(FdsError::Taken { .. })));
    let mine = inherit(12).unwrap();
    assert!(matches!(inherit(12), Err(FdsError::Taken { slot: 12 })));
    assert!(rustix::io::fcntl_getfd(&mine).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
}
