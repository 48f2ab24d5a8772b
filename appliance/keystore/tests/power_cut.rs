//! Cuts the power under a writer, on a real ext4, and looks at what is left.
//!
//! The file system is in a file behind a loop device. What the page cache holds has not reached that file; only what
//! the block device was given has. At a random moment the writer is killed, and when it is gone the file is copied:
//! the copy is the disk as it would be found after a power cut, without anything that was not synced. It is mounted
//! (ext4 replays its journal), the store is opened, and every commit that the writer acknowledged over its pipe
//! must be there, whole. Then the writer goes on upon the copy, and the next cut comes.
//!
//! What this cannot show is a disk that loses what it was given and told to flush, or flushes in another order than
//! asked; a disk that keeps only some of what it was given *before* a flush is in the unit tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

#[path = "support/runner.rs"]
mod runner;

use holdfast_keystore::Embedded;
use holdfast_keystore::conformance::{any_of, object_id, put, record, tenant};
use holdfast_model::ObjectId;
use holdfast_model::record::{Revision, SealedRecord};
use holdfast_ports::keystore::{Expected, Keystore, Query, Write};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant, SystemTime};

const CUTS: u32 = 60;
const DISK_MIB: u64 = 96;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "writer", directory] => write_until_killed(Path::new(directory)),
        [_, "careless-writer", directory] => write_carelessly_until_killed(Path::new(directory)),
        _ => runner::run(&[
            ("sixty_power_cuts_lose_nothing_acknowledged_and_leave_nothing_half", sixty_cuts),
            ("a_writer_that_acknowledges_before_it_syncs_is_caught_by_such_a_cut", careless_writer_is_caught),
        ]),
    }
}

/// Commit `n` changes one record, makes two, and sometimes shreds an old one.
fn commit(n: u64) -> Vec<Write> {
    let body = vec![n.to_be_bytes()[7]; usize::try_from(n * 997 % 6000).unwrap()];
    let new = |id| SealedRecord { body: body.clone(), ..record(tenant("acme"), id, 1, &[1]) };
    let head = record(tenant("acme"), 0, n, &[2]);
    let expected = if n == 1 { Expected::Absent } else { Expected::At(Revision(n - 1)) };
    let mut writes = vec![put(&head, expected), put(&new(2 * n), Expected::Absent)];
    writes.push(put(&new(2 * n + 1), Expected::Absent));
    if let Some(old) = shredded_by(n) {
        writes.push(Write::Shred(record(tenant("acme"), old, 1, &[]).name, Revision(1)));
    }
    writes
}

fn shredded_by(n: u64) -> Option<u64> {
    (n > 5 && n.is_multiple_of(3)).then(|| 2 * (n - 5))
}

/// The last commit that the store shows.
fn reached(store: &mut Embedded) -> u64 {
    store.get(&record(tenant("acme"), 0, 0, &[]).name).unwrap().map_or(0, |head| head.revision.0)
}

fn write_until_killed(directory: &Path) -> ExitCode {
    let mut store = Embedded::open(directory).unwrap();
    let mut next = reached(&mut store) + 1;
    let mut out = std::io::stdout();
    loop {
        let group: Vec<_> = (next..next + 1 + next % 5).map(commit).collect();
        for outcome in store.commit(&group) {
            outcome.unwrap();
            writeln!(out, "{next}").unwrap();
            next += 1;
        }
    }
}

fn sixty_cuts() {
    let began = Instant::now();
    let place = Place::new();
    let mut random = seeded();
    let (mut last, mut commits_cut_short) = (0, 0);
    let mut disk = place.new_disk();
    for cut in 0..CUTS {
        let mounted = disk.mount();
        let acknowledged = mounted.run_and_kill("writer", Duration::from_micros(random() % 60_000)).max(last);
        let after = mounted.copy_at_the_cut(cut);
        drop(mounted);
        disk.remove();
        disk = after;
        let mounted = disk.mount();
        let mut store = Embedded::open(mounted.directory()).unwrap();
        last = reached(&mut store);
        assert!(last >= acknowledged, "cut {cut}: {acknowledged} was acknowledged, {last} is there");
        commits_cut_short += u32::from(last > acknowledged);
        assert_whole(&mut store, last, cut);
    }
    assert!(last > u64::from(CUTS), "the writer hardly wrote: {last} commits");
    println!(
        "{CUTS} cuts in {:.1} s: {last} commits, none lost; {commits_cut_short} cuts fell between flush and word",
        began.elapsed().as_secs_f64()
    );
}

fn assert_whole(store: &mut Embedded, last: u64, cut: u32) {
    let shredded: BTreeSet<_> = (1..=last).filter_map(shredded_by).collect();
    let wanted: Vec<_> = (2..2 * last + 2).rev().filter(|id| !shredded.contains(id)).map(object_id).collect();
    let mut found: Vec<ObjectId> = Vec::new();
    let mut query = any_of(tenant("acme"), &[1]);
    loop {
        let page = store.list(&query).unwrap();
        let Some(oldest) = page.last() else { break };
        query = Query { older_than: oldest.name.id, ..query };
        for record in page {
            let number = u64::from_be_bytes(*record.name.id.as_bytes().first_chunk().unwrap()) / 2;
            let whole = record.body.iter().all(|byte| *byte == number.to_be_bytes()[7]);
            assert!(whole, "cut {cut}: record of commit {number} is altered");
            found.push(record.name.id);
        }
    }
    assert_eq!(found, wanted, "cut {cut}: a commit is there in part");
}

fn write_carelessly_until_killed(directory: &Path) -> ExitCode {
    let mut file = File::create(directory.join("careless")).unwrap();
    for n in 1_u64.. {
        writeln!(file, "{n}").unwrap();
        println!("{n}");
    }
    ExitCode::SUCCESS
}

fn careless_writer_is_caught() {
    let place = Place::new();
    let disk = place.new_disk();
    let mounted = disk.mount();
    let acknowledged = mounted.run_and_kill("careless-writer", Duration::from_millis(50));
    let after = mounted.copy_at_the_cut(0);
    drop(mounted);
    let mounted = after.mount();
    let left = std::fs::read_to_string(mounted.directory().join("careless")).unwrap_or_default();
    assert!(acknowledged > 0 && left.is_empty(), "{acknowledged} acknowledged, {} bytes left", left.len());
}

/// A directory for disks, gone afterwards.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "root is needed to mount a loop device");
        Self(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn new_disk(&self) -> Disk {
        let image = self.0.path().join("disk");
        File::create(&image).unwrap().set_len(DISK_MIB << 20).unwrap();
        runner::program(&["mkfs.ext4", "-q", "-F", image.to_str().unwrap()]);
        Disk { image }
    }
}

struct Disk {
    image: PathBuf,
}

impl Disk {
    fn mount(&self) -> Mounted<'_> {
        let directory = tempfile::tempdir_in(self.image.parent().unwrap()).unwrap();
        let (image, at) = (self.image.to_str().unwrap(), directory.path().to_str().unwrap());
        runner::program(&["mount", "-t", "ext4", "-o", "loop", image, at]);
        Mounted { disk: self, directory }
    }

    fn remove(self) {
        std::fs::remove_file(self.image).unwrap();
    }
}

struct Mounted<'d> {
    disk: &'d Disk,
    directory: tempfile::TempDir,
}

impl Mounted<'_> {
    fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a writer, kills it `after` its first word, and gives the last number that it acknowledged.
    fn run_and_kill(&self, writer: &str, after: Duration) -> u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([writer, self.directory().to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut words = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = words.next().expect("the writer ended by itself").unwrap();
        let reader = std::thread::spawn(move || words.map_while(Result::ok).last());
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap().unwrap_or(first).parse().unwrap()
    }

    /// The disk as the block device has it now.
    fn copy_at_the_cut(&self, number: u32) -> Disk {
        let image = self.disk.image.with_file_name(format!("disk-after-{number}"));
        runner::program(&[
            "cp",
            "--sparse=always",
            self.disk.image.to_str().unwrap(),
            image.to_str().unwrap(),
        ]);
        Disk { image }
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        runner::program(&["umount", self.directory.path().to_str().unwrap()]);
    }
}

fn seeded() -> impl FnMut() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut state = now.as_secs() | 1;
    println!("random moments from seed {state}");
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}
