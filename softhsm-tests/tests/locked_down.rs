//! The running box seen by root: every process locked down, and no key in any memory that can be read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // Says what it found.

use softhsm_tests::appliance::PROCESSES;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Appliance, Stage};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};

/// Every process of the box, warden too.
fn everybody() -> impl Iterator<Item = &'static str> {
    PROCESSES.into_iter().chain(["warden"])
}

/// The value of a line of a status file.
fn value(status: &str, key: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {key}")).trim().to_owned()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn every_thread_of_every_process_runs_without_privileges_under_its_filter() {
    /// CAP_IPC_LOCK, for the memory of core; warden hands it on and uses it for nothing.
    const MAY_LOCK_MEMORY: u64 = 1 << 14;
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    stage.client(&appliance, "acme").create("k").unwrap();
    for process in everybody() {
        let pid = appliance.pid(process);
        let mut threads = 0;
        for thread in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
            let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
            assert_eq!(value(&status, "NoNewPrivs"), "1", "{process}");
            assert_eq!(value(&status, "Seccomp"), "2", "{process}");
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                let held = u64::from_str_radix(&value(&status, set), 16).unwrap();
                let may = if process == "warden" { MAY_LOCK_MEMORY } else { 0 };
                assert_eq!(held & !may, 0, "{process}: {set}");
            }
            if is_root() {
                assert!(value(&status, "Uid").split_whitespace().all(|uid| uid != "0"), "{process}");
                assert!(value(&status, "Gid").split_whitespace().all(|gid| gid != "0"), "{process}");
            }
            threads += 1;
        }
        // Of a process that may not be dumped, /proc belongs to root.
        assert_eq!(fs::metadata(format!("/proc/{pid}/maps")).unwrap().uid(), 0, "{process} is not dumpable");
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert!(core.split_whitespace().nth(4) == Some("0"), "{process}: {core}");
        println!("{process}: {threads} threads, all locked down");
    }
}

#[test]
fn no_secret_stands_on_a_command_line_or_in_an_environment() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let pin = stage.token.pin();
    for process in everybody() {
        for file in ["cmdline", "environ"] {
            let bytes = fs::read(format!("/proc/{}/{file}", appliance.pid(process))).unwrap_or_default();
            assert!(!contains(&bytes, pin.as_bytes()), "{process}: {file}");
        }
    }
    assert!(!appliance.log().contains(pin));
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// In how many places root finds some bytes in the memory of a process, and how many KiB it could read.
fn search(appliance: &Appliance, process: &str, needles: &[&[u8]]) -> (Vec<usize>, usize) {
    let pid = appliance.pid(process);
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let (mut found, mut read) = (vec![0; needles.len()], 0);
    for map in maps.lines().filter(|map| map.split(' ').nth(1).is_some_and(|mode| mode.starts_with('r'))) {
        let (from, to) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (from, to) = (address(from), address(to));
        // Page by page would be slow; where a block cannot be read, its pages are tried one by one.
        let mut content = vec![0; usize::try_from(to - from).unwrap()];
        for (page, bytes) in content.chunks_mut(4096).enumerate() {
            if memory.read_exact_at(bytes, from + 4096 * u64::try_from(page).unwrap()).is_ok() {
                read += bytes.len();
            }
        }
        for (needle, found) in needles.iter().zip(&mut found) {
            let first = needle[0];
            let starts = content.iter().enumerate().filter(|(_, byte)| **byte == first);
            *found += starts.filter(|(at, _)| content[*at..].starts_with(needle)).count();
        }
    }
    (found, read / 1024)
}

#[test]
fn root_finds_no_key_and_no_plaintext_in_the_memory_of_any_process() {
    assert!(is_root(), "only root may try to read the memory of others: run this story as root");
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let memory = appliance.status()["core"]["secret_memory"].clone();
    assert_eq!(
        memory, "memfd-secret",
        "root reads locked pages: this story needs a kernel with memfd_secret"
    );
    let mut client = stage.client(&appliance, "acme");
    let uid = client.create_active("k").unwrap();
    let plain = b"the plaintext of a client that nobody else may see".as_slice();
    for _ in 0..50 {
        let sealed = client.encrypt(&uid, plain).unwrap();
        assert_eq!(client.decrypt(&uid, &sealed).unwrap(), plain);
    }
    // The key is fetched last, so that what follows is what a thief would find right after.
    let key = client.get(&uid).unwrap();
    let pin = stage.token.pin().as_bytes();
    // Text of our own program: it shows that the search finds what is there.
    let known = b"holdfastd".as_slice();
    let mut leaks = Vec::new();
    for process in everybody() {
        let (found, kib) = search(&appliance, process, &[&key, plain, pin, known]);
        println!("{process}: {kib} KiB read; key {}, plaintext {}, PIN {}", found[0], found[1], found[2]);
        assert!(found[3] > 0, "{process}: the search found nothing at all in {kib} KiB");
        // The root-agent's module holds the PIN to log in again.
        if found[0] > 0 || found[1] > 0 {
            leaks.push(process);
        }
        let may_know_pin = process.starts_with("root-agent");
        assert!(may_know_pin || found[2] == 0, "{process} knows the PIN");
    }
    assert!(leaks.is_empty(), "found in {leaks:?}");
}
