//! The OASIS test cases, replayed through `answer`: how many of them pass, and never fewer than before.
//!
//! What may differ is what the profiles permit (see the README beside the cases).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: what is wrong here is to fail loudly, and the tally is for people"
)]

#[path = "support/conformance.rs"]
mod conformance;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/replay/mod.rs"]
mod replay;

use conformance::Statement;
use holdfast_core::scope::Scope;
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use replay::{FOLDERS, Peer, namespace, replay, tree};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The tally may only grow.
const PASSED_FLOOR: usize = 229;

#[test]
fn the_cases_that_passed_still_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kmip/tests/oasis");
    let (mut passed, mut failed) = (BTreeMap::<String, usize>::new(), Vec::new());
    let mut statement = Statement::default();
    for folder in FOLDERS {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        // Cases that belong together (a tape is configured, written, read) share a tenant.
        let mut stores = BTreeMap::new();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let store = stores.entry(namespace(&name).to_owned()).or_insert_with(Store::new);
            let text = std::fs::read_to_string(&file).unwrap();
            let outcome = replay(&text, &mut InMemory(store.client("db", Permission::Manage)));
            statement.take(folder, &name, &text, outcome.as_ref().err());
            match outcome {
                Ok(()) => *passed.entry(folder.to_owned()).or_default() += 1,
                Err(why) => {
                    failed.push(format!("{folder}/{}: {why}", file.file_name().unwrap().to_string_lossy()));
                }
            }
        }
    }
    let total: usize = passed.values().sum();
    for line in &failed {
        println!("{line}");
    }
    println!("passed {total} of {}: {passed:?}", total + failed.len());
    assert!(total >= PASSED_FLOOR, "{total} pass, {PASSED_FLOOR} did before");
    statement.must_be_the_published_one();
}

/// The tenant in memory, and its clock.
struct InMemory(Memory);

impl Peer for InMemory {
    fn exchange(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
        Ok(self.0.send(message))
    }

    fn now(&self) -> i64 {
        self.0.now().seconds()
    }

    fn wait_until(&mut self, seconds: i64) {
        let missing = seconds.saturating_sub(self.now());
        self.0.store.wait(u64::try_from(missing).unwrap_or(0));
    }

    fn rest(&mut self) {
        self.0.store.wait(1);
    }
}
