//! The rules of the house that a compiler does not check: arrows, licences, sources, unsafe code, headers, keys.
//!
//! Reads `cargo metadata`, the tree that git knows, and `deny.toml`. Uses no network.

#![expect(clippy::unwrap_used, reason = "what cargo or git does not say ends the test")]

#[path = "house/licence.rs"]
mod licence;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The registry that everything comes from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Where unsafe code may be.
const UNSAFE_MAY_BE: [&str; 2] = ["hardening/", "pkcs11-provider/src/ffi/"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn metadata() -> Value {
    // For this platform alone: what others need is not fetched.
    let rustc = output("rustc", &["-vV"]);
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host];
    let text = output(env!("CARGO"), &arguments);
    serde_json::from_str(&text).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Files that git tracks or would track, beside binary ones.
fn files() -> Vec<(String, String)> {
    let listed = output("git", &["ls-files", "--cached", "--others", "--exclude-standard"]);
    let read =
        |name: &str| std::fs::read_to_string(root().join(name)).ok().map(|text| (name.to_owned(), text));
    listed.lines().filter_map(read).collect()
}

fn rust_files() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|ext| ext == "rs"))
        .collect()
}

#[test]
fn every_crate_states_its_level_and_uses_only_lower_ones() {
    let metadata = metadata();
    let members: BTreeSet<String> =
        metadata["workspace_members"].as_array().unwrap().iter().map(text).collect();
    let packages: Vec<&Value> = metadata["packages"].as_array().unwrap().iter().collect();
    let ours = packages.iter().filter(|package| members.contains(&text(&package["id"])));
    let levels: BTreeMap<String, u64> = ours
        .clone()
        .map(|package| {
            let level = package["metadata"]["house"]["level"].as_u64();
            (text(&package["name"]), level.unwrap_or_else(|| panic!("{} states no level", package["name"])))
        })
        .collect();
    for package in ours {
        let name = text(&package["name"]);
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = text(&dependency["name"]);
            // A crate's own test features stand in its dev-dependencies under its own name.
            let (false, Some(level)) = (used == name, levels.get(&used)) else { continue };
            assert!(*level < levels[&name], "{name} (level {}) uses {used} (level {level})", levels[&name]);
        }
    }
}

/// Everything that ends up in core's process through core itself, build tools included.
#[test]
fn what_core_depends_on_is_a_closed_list() {
    let tree =
        ["tree", "-p", "holdfast-core", "-e", "normal,build", "--prefix", "none", "--format", "{lib}|{p}"];
    let listed = output(env!("CARGO"), &[&tree[..], &["--locked", "--offline"]].concat());
    let named = |line: &str| line.rsplit('|').next().and_then(|p| p.split(' ').next()).map(str::to_owned);
    let is: BTreeSet<String> = listed.lines().filter_map(named).filter(|name| !name.is_empty()).collect();
    let allowed = include_str!("house/core-dependencies.txt");
    let may: BTreeSet<String> =
        allowed.lines().map(|line| line.split('#').next().unwrap_or_default().trim().to_owned()).collect();
    let new: Vec<_> = is.iter().filter(|name| !may.contains(*name)).collect();
    let gone: Vec<_> = may.iter().filter(|name| !name.is_empty() && !is.contains(*name)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "new in the process that holds keys: {new:?}; no longer there: {gone:?}; \
         if that is meant, say so in softhsm-tests/tests/house/core-dependencies.txt"
    );
}

#[test]
fn unsafe_code_is_only_where_it_may_be() {
    for (name, source) in rust_files() {
        if UNSAFE_MAY_BE.iter().any(|place| name.starts_with(place)) {
            continue;
        }
        for (at, line) in source.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let quoted = name.ends_with("tests/house.rs");
            let allows = line.contains("(unsafe_code") && !line.contains("deny") && !line.contains("forbid");
            assert!(quoted || !words.contains(&"unsafe") && !allows, "{name}:{}: {}", at + 1, line.trim());
        }
    }
}

#[test]
fn every_file_says_in_its_header_what_it_does() {
    // A module's tests beside it speak for the module; its header is theirs.
    let is_tests = |name: &str| name.ends_with("/tests.rs") || name.ends_with("_tests.rs");
    for (name, source) in rust_files().into_iter().filter(|(name, _)| !is_tests(name)) {
        let header = source.lines().find(|line| !line.starts_with("#!") && !line.trim().is_empty());
        assert!(header.is_some_and(|line| line.starts_with("//!")), "{name} has no header");
    }
}

#[test]
fn no_private_key_is_in_the_tree() {
    let keyish = ["key", "p8", "pk8", "pfx", "p12", "jks", "keystore"];
    for name in output("git", &["ls-files"]).lines() {
        let extension = Path::new(name).extension().and_then(|ext| ext.to_str()).unwrap_or_default();
        assert!(!keyish.contains(&extension), "{name} looks like a private key");
    }
    for (name, text) in files() {
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let begins = line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----");
            let body = lines.peek().map_or("", |next| next.trim());
            let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/' || c == '=';
            assert!(
                !(begins && body.len() >= 40 && body.chars().all(is_base64)),
                "{name} holds a private key"
            );
        }
    }
}

#[test]
fn every_dependency_has_an_allowed_licence_comes_from_crates_io_and_is_not_banned() {
    let deny: toml::Table = std::fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let list = |section: &str, key: &str| deny[section][key].as_array().unwrap().clone();
    let allowed: BTreeSet<String> =
        list("licenses", "allow").iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    let banned: BTreeSet<String> =
        list("bans", "deny").iter().map(|ban| ban["crate"].as_str().unwrap().to_owned()).collect();
    // The lock file also names what only features that nobody uses would need; the tree has what is built.
    let tree =
        ["tree", "--workspace", "-e", "all", "--prefix", "none", "--format", "{p}", "--locked", "--offline"];
    let tree = output(env!("CARGO"), &tree);
    let built: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    for package in metadata()["packages"].as_array().unwrap() {
        let name = text(&package["name"]);
        if !built.contains(name.as_str()) {
            continue;
        }
        assert!(!banned.contains(&name), "{name} is banned; deny.toml says why");
        let source = package["source"].as_str();
        assert!(source.is_none_or(|source| source == CRATES_IO), "{name} comes from {source:?}");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(licence::is_allowed(licence, &allowed), "{name}: licence {licence:?} is not in deny.toml");
    }
}

#[test]
fn the_top_of_the_tree_has_the_directories_of_the_design_and_no_others() {
    let allowed = [
        "appliance",
        "pkcs11-provider",
        "kmip",
        "hardening",
        "image",
        "softhsm-tests",
        "benches",
        ".ci",
        ".cargo",
    ];
    for name in output("git", &["ls-files"]).lines() {
        if let Some((top, _)) = name.split_once('/') {
            assert!(allowed.contains(&top), "{name}: a new directory at the top needs a new design");
        }
    }
}
