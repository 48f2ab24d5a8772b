//! A process whose heap is secret: what root finds in it from outside, and that everything else still works.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::cast_possible_truncation)] // A test program.

mod stage;

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::process::ExitCode;
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use hardening::arena::{self, ArenaKind, ArenaSize};
use hardening::heap::{self, SecretHeap};
use hardening::process::is_single_threaded;
use hardening::sandbox::{Condition, Lockdown, Profile, RUNTIME, Rule, Test};
use hardening::stack::run_on_secret_stack;
use hardening::{MemoryError, Secret, ending};
use stage::{End, Probe, end_of};

#[global_allocator]
static HEAP: SecretHeap = SecretHeap;

const HEAP_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    stage::run(
        named![
            root_finds_keys_in_an_ordinary_heap_and_stack,
            root_finds_no_key_in_a_secret_heap_arena_or_stack,
            root_finds_freed_keys_unless_what_is_freed_is_wiped,
            mutexes_and_parking_work_in_a_secret_heap_under_contention,
            several_threads_allocate_at_once,
            what_was_allocated_before_is_resized_and_given_back,
            an_exhausted_heap_fails_and_does_not_fall_back,
            the_heap_is_entered_once_and_by_the_only_thread,
            the_c_library_keeps_working_on_the_secret_heap,
            a_signal_wipes_and_ends,
            a_panic_wipes_and_ends_without_its_text,
            a_stack_overflow_on_a_secret_stack_ends_the_process,
            a_forked_child_does_not_have_the_secrets,
            lanes_on_secret_stacks_work_inside_the_full_sandbox_and_end_wiped,
        ],
        named![
            probe_ordinary,
            probe_secret,
            probe_freed,
            probe_freed_wiped,
            probe_contention,
            probe_threads,
            probe_before,
            probe_exhausted,
            probe_once,
            probe_c,
            probe_signal,
            probe_panic,
            probe_overflow,
            probe_fork,
            probe_lanes,
        ],
    )
}

// --- what root sees -----------------------------------------------------------------------------------------------

/// A byte of a pattern that stands nowhere in the program. Byte by byte, so that no register ever holds a piece of it.
#[inline(never)]
fn pattern_byte(seed: u64, index: usize) -> u8 {
    let mut mixed = seed ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 32)) as u8
}

fn fill(seed: u64, bytes: &mut [u8]) {
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = black_box(pattern_byte(seed, index));
    }
}

/// Where in a process's readable memory the pattern (or either half of it) is found, and how much was read.
fn search(pid: u32, seed: u64) -> (Vec<String>, usize) {
    let mut pattern = [0; 32];
    fill(seed, &mut pattern);
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let (mut found, mut read) = (Vec::new(), 0);
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        if rest.contains("[vsyscall]") {
            continue; // not memory of the process
        }
        for page in (from..to).step_by(4096) {
            let mut bytes = [0; 4096 + 31];
            // Pages that cannot be read from outside, guards and secret memory, answer with an error.
            let got = memory.read_at(&mut bytes, page).unwrap_or(0);
            read += got.min(4096);
            for half in [&pattern[..16], &pattern[16..]] {
                if bytes[..got].windows(16).any(|window| window == half) {
                    found.push(format!("{page:x} in {line}"));
                }
            }
        }
    }
    (found, read)
}

fn start_and_search(name: &str) -> (Vec<String>, usize) {
    let seed = u64::from(std::process::id()) * 0x1234_5677 + 99;
    let mut probe = Probe::start_with(name, &seed.to_string());
    assert_eq!(probe.line(), "ready");
    let answer = search(probe.pid(), seed);
    assert_eq!(probe.end(), End::Code(0));
    answer
}

fn root_finds_keys_in_an_ordinary_heap_and_stack() {
    let (found, read) = start_and_search("probe_ordinary");
    assert!(read > 1 << 20);
    for place in ["[heap]", "[stack]"] {
        assert!(found.iter().any(|line| line.contains(place)), "the search must be able to find: {found:#?}");
    }
}

fn root_finds_no_key_in_a_secret_heap_arena_or_stack() {
    let (found, read) = start_and_search("probe_secret");
    assert!(read > 1 << 20, "the search must have read the process, it got {read} bytes");
    assert!(found.is_empty(), "{found:#?}");
}

fn root_finds_freed_keys_unless_what_is_freed_is_wiped() {
    let (found, _) = start_and_search("probe_freed");
    assert!(!found.is_empty(), "the search must be able to find what was freed");
    let (found, read) = start_and_search("probe_freed_wiped");
    assert!(read > 1 << 20 && found.is_empty(), "{found:#?}");
}

/// Keys in a vector that grows and moves, and all of them given back.
fn use_and_free(seed: u64) {
    let mut kept = Vec::new();
    for _ in 0..64 {
        let mut vector = Vec::with_capacity(8);
        for index in 0..32 {
            vector.push(black_box(pattern_byte(seed, index)));
        }
        vector.extend_from_slice(&[0; 480]);
        kept.push(vector);
    }
    black_box(&kept);
}

fn probe_freed() {
    let seed = stage::given().parse().unwrap();
    use_and_free(seed);
    std::io::stdout().write_all(b"ready\n").unwrap();
    assert_eq!(std::io::stdin().read(&mut [0; 8]).unwrap(), 0);
}

fn probe_freed_wiped() {
    heap::wipe_what_is_freed();
    probe_freed();
}

/// Keys as a program has them: boxed, in a vector that grew, in aws-lc's key schedule, and used.
fn keep_keys(seed: u64) -> impl Sized {
    let mut vector = Vec::new();
    for index in 0..32 {
        vector.push(black_box(pattern_byte(seed, index)));
    }
    let mut boxed = vec![0_u8; 32].into_boxed_slice();
    fill(seed, &mut boxed);
    let key = Box::new(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &boxed).unwrap()));
    let mut message = vec![1_u8; 100];
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key([0; 12]), Aad::empty(), &mut message).unwrap();
    (vector, boxed, key, message)
}

/// Holds a key in a local variable, as careless code does, while the test looks.
fn show_to_the_test(seed: u64) {
    let mut local = [0_u8; 32];
    fill(seed, &mut local);
    black_box(&mut local);
    std::io::stdout().write_all(b"ready\n").unwrap();
    assert_eq!(std::io::stdin().read(&mut [0; 8]).unwrap(), 0);
    black_box(&mut local);
}

fn probe_ordinary() {
    let seed = stage::given().parse().unwrap();
    let kept = keep_keys(seed);
    show_to_the_test(seed);
    drop(kept);
}

fn probe_secret() {
    let seed = stage::given().parse().unwrap();
    assert_eq!(heap::enter_secret(HEAP_BYTES).unwrap(), ArenaKind::MemfdSecret);
    assert_eq!(arena::install(ArenaSize::mib(1)).unwrap().kind(), ArenaKind::MemfdSecret);
    run_on_secret_stack(1 << 20, || {
        let secret: Secret<32> = Secret::init_with(|bytes| {
            fill(seed, bytes);
            Ok::<_, MemoryError>(())
        })
        .unwrap();
        let kept = keep_keys(seed);
        show_to_the_test(seed);
        drop((secret, kept));
    })
    .unwrap();
}

// --- that everything still works ----------------------------------------------------------------------------------

fn passes(probe: &str) {
    assert_eq!(end_of(probe), End::Code(0));
}

fn mutexes_and_parking_work_in_a_secret_heap_under_contention() {
    passes("probe_contention");
}

fn probe_contention() {
    heap::enter_secret(HEAP_BYTES).unwrap();
    let (counter, turn, gate) =
        (Arc::new(Mutex::new(0_u64)), Arc::new(Condvar::new()), Arc::new(Barrier::new(4)));
    let (send, receive) = mpsc::sync_channel::<u64>(1);
    let workers: Vec<_> = (0..4_u64)
        .map(|worker| {
            let (counter, turn, gate, send) = (counter.clone(), turn.clone(), gate.clone(), send.clone());
            std::thread::spawn(move || {
                gate.wait();
                for _ in 0..50 {
                    let mut held = counter.lock().unwrap();
                    *held += 1;
                    // Long enough that the others must wait in the kernel.
                    std::thread::sleep(Duration::from_micros(200));
                }
                let mut held = counter.lock().unwrap();
                while *held < 200 + worker {
                    held = turn.wait(held).unwrap();
                }
                *held += 1;
                turn.notify_all();
                drop(held);
                std::thread::park();
                send.send(worker).unwrap();
            })
        })
        .collect();
    turn.notify_all();
    while *counter.lock().unwrap() < 204 {
        turn.notify_all();
        std::thread::sleep(Duration::from_millis(1));
    }
    workers.iter().for_each(|worker| worker.thread().unpark());
    let mut names: Vec<_> = (0..4).map(|_| receive.recv().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, [0, 1, 2, 3]);
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

fn several_threads_allocate_at_once() {
    passes("probe_threads");
}

fn probe_threads() {
    heap::enter_secret(HEAP_BYTES).unwrap();
    let before = heap::free_bytes().unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            scope.spawn(move || {
                let mut held: Vec<Vec<u8>> = Vec::new();
                for round in 0..20_000_usize {
                    let size = (round * 7919 + thread * 31) % if round % 97 == 0 { 100_000 } else { 900 };
                    let mut bytes = vec![0; size];
                    assert!(bytes.iter().all(|b| *b == 0));
                    bytes.fill(thread as u8 + 1);
                    held.push(bytes);
                    if held.len() > 40 {
                        let gone = held.swap_remove(round % 40);
                        assert!(gone.iter().all(|b| *b == thread as u8 + 1));
                    }
                }
            });
        }
    });
    let kept = before - heap::free_bytes().unwrap();
    assert!(kept <= 3 << 20, "{kept} bytes are not free again");
}

fn what_was_allocated_before_is_resized_and_given_back() {
    passes("probe_before");
}

fn probe_before() {
    let mut growing: Vec<u64> = (0..1000).collect();
    let dropped = vec![1_u8; 100_000];
    let mut shrinking = vec![2_u8; 50_000];
    heap::enter_secret(HEAP_BYTES).unwrap();
    growing.extend(1000..10_000);
    assert!(growing.iter().enumerate().all(|(index, value)| index as u64 == *value));
    drop(dropped);
    shrinking.truncate(10);
    shrinking.shrink_to_fit();
    assert_eq!(shrinking, [2; 10]);
    #[repr(align(4096))]
    struct Aligned([u8; 10]);
    let aligned = Box::new(Aligned([3; 10]));
    assert!((&raw const *aligned).addr().is_multiple_of(4096) && aligned.0 == [3; 10]);
}

fn an_exhausted_heap_fails_and_does_not_fall_back() {
    passes("probe_exhausted");
}

fn probe_exhausted() {
    heap::enter_secret(HEAP_BYTES).unwrap();
    assert!(Vec::<u8>::new().try_reserve_exact(HEAP_BYTES * 2).is_err());
    let mut held: Vec<Vec<u8>> = Vec::with_capacity(1000);
    loop {
        let mut next = Vec::new();
        if next.try_reserve_exact(100_000).is_err() {
            break;
        }
        held.push(next);
    }
    assert!(held.len() > 100);
    drop(held);
    assert!(Vec::<u8>::new().try_reserve_exact(8 << 20).is_ok(), "what was given back grows together again");
}

fn the_heap_is_entered_once_and_by_the_only_thread() {
    passes("probe_once");
}

fn probe_once() {
    let (stop, wait) = mpsc::channel::<()>();
    let other = std::thread::spawn(move || wait.recv());
    assert!(matches!(heap::enter_secret(HEAP_BYTES), Err(MemoryError::NotSingleThreaded)));
    drop(stop);
    assert!(other.join().unwrap().is_err());
    while !is_single_threaded().unwrap() {
        std::thread::yield_now();
    }
    assert_eq!(heap::kind(), None);
    heap::enter_secret(HEAP_BYTES).unwrap();
    assert!(matches!(heap::enter_secret(HEAP_BYTES), Err(MemoryError::AlreadyInstalled { .. })));
}

fn the_c_library_keeps_working_on_the_secret_heap() {
    passes("probe_c");
}

fn probe_c() {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    };
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let from_before = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    heap::enter_secret(HEAP_BYTES).unwrap();
    from_before.sign(&rng, b"message").unwrap();
    drop(from_before);
    let before = heap::free_bytes().unwrap();
    for _ in 0..50 {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let signature = pair.sign(&aws_lc_rs::rand::SystemRandom::new(), b"message").unwrap();
        let public =
            aws_lc_rs::signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref());
        public.verify(b"message", signature.as_ref()).unwrap();
        assert!(public.verify(b"another", signature.as_ref()).is_err());
    }
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    assert_eq!(rsa.public_modulus_len(), 256);
    assert!(before - heap::free_bytes().unwrap() < 2 << 20);
}

// --- how it ends --------------------------------------------------------------------------------------------------

fn a_signal_wipes_and_ends() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGABRT, libc::SIGSEGV] {
        let mut probe = Probe::start_with("probe_signal", &signal.to_string());
        assert_eq!(probe.end(), End::Code(128 + signal));
    }
}

fn probe_signal() {
    heap::enter_secret(HEAP_BYTES).unwrap();
    arena::install(ArenaSize::mib(1)).unwrap();
    ending::wipe_on_ending().unwrap();
    let _secret = Secret::take_from(&mut [1; 32]).unwrap();
    let signal = rustix::process::Signal::from_named_raw(stage::given().parse().unwrap()).unwrap();
    rustix::process::kill_process(rustix::process::getpid(), signal).unwrap();
    std::thread::sleep(Duration::from_secs(10));
}

fn a_panic_wipes_and_ends_without_its_text() {
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new(program).args(["--probe", "probe_panic", ""]).output().unwrap();
    assert_eq!(output.status.code(), Some(ending::EXIT_AFTER_PANIC));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("panic at hardening/tests/heap.rs:") || said.contains("tests/heap.rs:"),
        "{said}"
    );
    assert!(!said.contains("swordfish"), "{said}");
}

fn probe_panic() {
    heap::enter_secret(HEAP_BYTES).unwrap();
    arena::install(ArenaSize::mib(1)).unwrap();
    ending::wipe_on_ending().unwrap();
    let thread = std::thread::spawn(|| panic!("the password is {}", black_box("swordfish")));
    let _ = thread.join();
    std::process::exit(0); // not reached: the panic ends the whole process
}

fn a_stack_overflow_on_a_secret_stack_ends_the_process() {
    let mut probe = Probe::start("probe_overflow");
    assert_eq!(probe.end(), End::Code(128 + libc::SIGSEGV));
}

fn probe_overflow() {
    #[inline(never)]
    fn deeper(level: u64) -> u64 {
        let room = black_box([level; 64]);
        if black_box(level) == u64::MAX { 0 } else { deeper(level + 1) + room[3] }
    }
    ending::wipe_on_ending().unwrap();
    let _ = run_on_secret_stack(64 << 10, || deeper(0));
}

fn a_forked_child_does_not_have_the_secrets() {
    passes("probe_fork");
}

#[allow(unsafe_code)] // fork, to show what a child does not have
fn probe_fork() {
    arena::install(ArenaSize::mib(1)).unwrap();
    let secret = Secret::take_from(&mut [9; 32]).unwrap();
    let at = secret.expose(|bytes| bytes.as_ptr());
    // SAFETY: this process has one thread; the child only writes and exits, or is killed trying.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: not mapped in this process any more, which is the point: expected to be killed.
        let byte = unsafe { at.read_volatile() };
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(byte)) };
    }
    let mut status = 0;
    // SAFETY: waits for our own child.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV);
}

// --- all together, as a process that holds keys -------------------------------------------------------------------

const LANES: &[Rule] = &[
    Rule::when("write", &[Condition::int(0, Test::Equals(1))], "reports to the test"),
    Rule::when("read", &[Condition::int(0, Test::Equals(0))], "waits for the test"),
];

fn lanes_on_secret_stacks_work_inside_the_full_sandbox_and_end_wiped() {
    let seed = u64::from(std::process::id()) * 0x7654_3211 + 7;
    let mut probe = Probe::start_with("probe_lanes", &seed.to_string());
    assert_eq!(probe.line(), "ready");
    assert_eq!(stage::status_of(probe.pid(), "Seccomp"), "2");
    let (found, read) = search(probe.pid(), seed);
    assert!(read > 1 << 20 && found.is_empty(), "{read} bytes read, {found:#?}");
    let pid = rustix::process::Pid::from_raw(probe.pid().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(probe.end(), End::Code(128 + libc::SIGTERM));
}

fn probe_lanes() {
    let seed: u64 = stage::given().parse().unwrap();
    hardening::process::raise_memlock(64 << 20).unwrap();
    heap::enter_secret(HEAP_BYTES).unwrap();
    arena::install(ArenaSize::mib(1)).unwrap();
    hardening::stack::reserve(3, 1 << 20).unwrap();
    ending::wipe_on_ending().unwrap();
    let stage = Lockdown::begin(&Profile::new("lanes", RUNTIME).and_syscalls(LANES)).unwrap();
    let (counter, gate) = (Arc::new(Mutex::new(0_u64)), Arc::new(Barrier::new(3)));
    let lanes: Vec<_> = (0..2)
        .map(|_| {
            let (counter, gate) = (counter.clone(), gate.clone());
            std::thread::spawn(move || {
                run_on_secret_stack(1 << 20, || {
                    gate.wait();
                    gate.wait();
                    for _ in 0..200 {
                        let kept = keep_keys(seed);
                        *counter.lock().unwrap() += 1;
                        drop(kept);
                    }
                    let kept = keep_keys(seed);
                    gate.wait();
                    gate.wait();
                    drop(kept);
                })
                .unwrap();
            })
        })
        .collect();
    gate.wait(); // both lanes have begun: beginning takes calls that the profile does not list
    stage.seal().unwrap();
    gate.wait();
    gate.wait();
    assert_eq!(*counter.lock().unwrap(), 400);
    // The main thread's stack is an ordinary one, so it holds no key; ended here by the test's signal.
    run_on_secret_stack(1 << 20, || show_to_the_test(seed)).unwrap();
    gate.wait();
    lanes.into_iter().for_each(|lane| lane.join().unwrap());
}
