//! The published cases told in the versions between: what a case of one version says of another.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: what is wrong here is to fail loudly"
)]

#[path = "support/memory.rs"]
mod memory;
#[path = "support/replay/mod.rs"]
mod replay;

use holdfast_core::scope::Scope;
use holdfast_model::trust::Permission;
use kmip::attribute::AttributeName;
use kmip::enums::{Listed, listed};
use kmip::tag::Tag;
use kmip::version::Version;
use memory::{Memory, Store};
use replay::tree::{self, Node};
use replay::{FOLDERS, Peer, replay};
use std::path::Path;

/// So many there are at least.
const TELLINGS_MIN: usize = 200;

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

/// The text with another minor version.
fn told_in(text: &str, from: Version, to: Version) -> String {
    let minor = |version: Version| {
        format!("<ProtocolVersionMinor type=\"Integer\" value=\"{}\"/>", version.number().minor)
    };
    text.replace(&minor(from), &minor(to))
}

/// Does the version have everything that a case says?
fn has(version: Version, node: &Node) -> bool {
    let known = match node.tag.as_str() {
        // What these say is about versions, or differs by them: a Digest tells the format since 1.1, Query lists what is there.
        "ProtocolVersion" | "Digest" | "QueryFunction" => false,
        // Version and items: not fields of a version.
        "RequestHeader" | "ResponseHeader" => {
            return node
                .children
                .iter()
                .filter(|child| child.tag != "ProtocolVersion")
                .all(|child| has(version, child));
        }
        "AttributeName" => {
            let name = node.value.split_whitespace().collect::<Vec<_>>().join(" ");
            name != "Digest" && AttributeName::from_text(&name).exists_in(version)
        }
        tag => Tag::named(tag).is_some_and(|tag| tag.exists_in(version)),
    };
    let value = match (node.ty.as_str(), Tag::named(&node.tag).and_then(listed)) {
        ("Enumeration", Some(Listed::Enumeration(names))) => {
            node.value.starts_with("0x")
                || names.value(&node.value).is_some_and(|value| names.defines(value, version))
        }
        _ => true,
    };
    known && value && node.children.iter().all(|child| has(version, child))
}

#[test]
fn a_case_that_passes_in_its_version_passes_in_every_other_that_has_what_it_says() {
    use Version as V;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kmip/tests/oasis");
    let (mut told, mut failed) = (0, Vec::new());
    for folder in FOLDERS {
        let (from, others): (_, &[Version]) = match folder {
            "1.0" => (V::V1_0, &[V::V1_1, V::V1_2, V::V1_3, V::V1_4]),
            "2.1-profiles" => (V::V2_1, &[V::V2_0]),
            _ => (V::V1_4, &[V::V1_3, V::V1_2, V::V1_1, V::V1_0]),
        };
        let mut files: Vec<_> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).unwrap();
            let alone = || InMemory(Store::new().client("db", Permission::Manage));
            // Cases of the test suite are published for several versions in one folder.
            let is_of = format!("<ProtocolVersionMinor type=\"Integer\" value=\"{}\"/>", from.number().minor);
            if !text.contains(&is_of) || replay(&text, &mut alone()).is_err() {
                continue;
            }
            let messages = tree::messages(&text);
            for to in others.iter().filter(|to| messages.iter().all(|(message, _)| has(**to, message))) {
                told += 1;
                if let Err(why) = replay(&told_in(&text, from, *to), &mut alone()) {
                    failed.push(format!("{} in {to}: {why}", file.display()));
                }
            }
        }
    }
    println!("{told} tellings");
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(told >= TELLINGS_MIN, "only {told} tellings");
}
