//! The conformance statement: made of what the replay found, never by hand.

use super::tree;
use holdfast_core::ops::TABLE;
use kmip::enums::Operation;
use kmip::version::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// What is stated.
#[derive(Default)]
pub(crate) struct Statement {
    folders: BTreeMap<String, Vec<(String, Option<String>)>>,
    proven: BTreeSet<(String, String)>,
}

impl Statement {
    /// Takes what became of one case.
    pub(crate) fn take(&mut self, folder: &str, name: &str, text: &str, failure: Option<&String>) {
        let case = name.trim_end_matches(".xml").to_owned();
        if failure.is_none() {
            self.prove(text);
        }
        // Where it ends and no more: the rest tells values that differ from run to run.
        let place =
            failure.map(|why| why.split(&['(', ':'][..]).next().unwrap_or_default().trim().to_owned());
        self.folders.entry(folder.to_owned()).or_default().push((case, place));
    }

    /// Notes the operations that a case had done, in its version.
    fn prove(&mut self, text: &str) {
        for (message, _) in tree::messages(text).into_iter().filter(|(node, _)| node.tag == "ResponseMessage")
        {
            let number = |tag| message.all(tag).first().map(|node| node.value.clone()).unwrap_or_default();
            let version = format!("{}.{}", number("ProtocolVersionMajor"), number("ProtocolVersionMinor"));
            for item in message.all("BatchItem") {
                let success =
                    item.all("ResultStatus").first().is_some_and(|status| status.value == "Success");
                if let Some(operation) = item.all("Operation").first().filter(|_| success) {
                    self.proven.insert((operation.value.clone(), version.clone()));
                }
            }
        }
    }

    fn text(&self) -> String {
        let mut out = String::from(
            "# What of KMIP this server does\n\nMade by the replay of the published OASIS cases \
             (`cargo test -p holdfast-core --test oasis`), never by hand: the test writes this file anew and fails when \
             it is not what it found. What may differ between a case and our answer is what the profiles permit; the \
             test says which fields those are.\n\n## Operations\n\n`proven`: done in a case that passes, in this version. \
             `served`: there, and in no such case. `no`: not there. Empty: the version has no such operation.\n\n",
        );
        let mut versions = Version::NEWEST_FIRST;
        versions.reverse();
        out.push_str("| Operation |");
        versions.iter().for_each(|version| write!(out, " {version} |").unwrap());
        out.push_str("\n|---|---|---|---|---|---|---|---|\n");
        let operations: BTreeSet<Operation> =
            versions.iter().flat_map(|version| Operation::all(*version)).collect();
        for operation in operations {
            let name = operation.name(Version::V2_1).unwrap_or_default();
            write!(out, "| {name} |").unwrap();
            for version in versions {
                let served = TABLE.iter().any(|row| row.operation == operation);
                let proven = self.proven.contains(&(name.to_owned(), version.to_string()));
                let word = match (operation.exists_in(version), served, proven) {
                    (false, _, _) => "",
                    (true, false, _) => "no",
                    (true, true, false) => "served",
                    (true, true, true) => "proven",
                };
                write!(out, " {word} |").unwrap();
            }
            out.push('\n');
        }
        out.push_str("\n## Cases\n\n| Folder | Cases | Passed |\n|---|---|---|\n");
        for (folder, cases) in &self.folders {
            let passed = cases.iter().filter(|(_, failure)| failure.is_none()).count();
            writeln!(out, "| {folder} | {} | {passed} |", cases.len()).unwrap();
        }
        for (folder, cases) in &self.folders {
            write!(out, "\n### {folder}\n\n| Case | |\n|---|---|\n").unwrap();
            for (case, failure) in cases {
                match failure {
                    None => writeln!(out, "| {case} | passed |").unwrap(),
                    Some(place) => writeln!(out, "| {case} | not passed, at {place} |").unwrap(),
                }
            }
        }
        out
    }

    /// Fails, and writes it anew, if the file in the tree says something else.
    pub(crate) fn must_be_the_published_one(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kmip/CONFORMANCE.md");
        let text = self.text();
        if std::fs::read_to_string(&path).unwrap_or_default() == text {
            return;
        }
        std::fs::write(&path, text).unwrap();
        panic!("kmip/CONFORMANCE.md was out of date and is now written anew: look at it and keep it");
    }
}
