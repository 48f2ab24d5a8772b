//! The configuration of a story's box, as an operator would write it.

use crate::certificates::Identity;
use crate::governance::{APPLIANCE, CLUSTER, SIGNER};
use crate::token::Token;
use rustix::fs::{Gid, Uid, chown};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Whom the box runs as when the story is root: uid and gid of `nobody`.
const NOBODY: u32 = 65534;

/// What a story may set; the rest is the same for all.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Fast lanes, and frontend workers.
    pub lanes: u16,
    /// Seconds between checks of every L1.
    pub l1_check_seconds: u64,
    /// How long they may fail.
    pub l1_grace_seconds: u64,
    /// Size of an audit segment.
    pub segment_mib: u64,
    /// Events from this level on.
    pub level: &'static str,
    /// Core's secret memory for keys.
    pub arena_mib: u64,
    /// Core's secret memory for everything else.
    pub heap_mib: u64,
    /// Size of a file system of its own for the keystore, in KiB.
    pub keystore_kib: Option<u32>,
    /// The same for the audit log.
    pub audit_kib: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lanes: 2,
            l1_check_seconds: 60,
            l1_grace_seconds: 3600,
            segment_mib: 64,
            level: "info",
            arena_mib: 8,
            heap_mib: 64,
            keystore_kib: None,
            audit_kib: None,
        }
    }
}

/// Who may own what the box writes: the user that it runs as.
fn give(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
    if is_root() {
        chown(path, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY))).unwrap();
    }
}

/// May the story do what only root may?
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Gives a directory and all that is in it to the user that the box runs as.
pub(crate) fn give_all(path: &Path) {
    give(path);
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            give_all(&path);
        } else if is_root() {
            chown(&path, Some(Uid::from_raw(NOBODY)), Some(Gid::from_raw(NOBODY))).unwrap();
        }
    }
}

/// Makes the directories and writes `holdfast.toml`; where it is.
pub(crate) fn write(
    at: &Path,
    settings: &Settings,
    server: &Identity,
    token: &Token,
    signer: &str,
) -> PathBuf {
    for name in ["keystore", "audit", "in", "out"] {
        fs::create_dir(at.join(name)).unwrap();
        give(&at.join(name));
    }
    give_all(&token.tokens());
    private(&at.join("chain.pem"), &server.pem);
    private(&at.join("key.pem"), &server.key_pem);
    let user = if is_root() { "user = \"nobody\"" } else { "" };
    let Settings {
        lanes, l1_check_seconds, l1_grace_seconds, segment_mib, level, arena_mib, heap_mib, ..
    } = settings;
    let (at_shown, hsm) = (at.display(), token.section());
    let text = format!(
        "[box]\ncluster = \"{CLUSTER}\"\nappliance = \"{APPLIANCE}\"\n{user}\n\
         [logs]\nformat = \"json\"\nlevel = \"{level}\"\n\
         [listen]\nkmip = \"127.0.0.1:0\"\nhttps = \"127.0.0.1:0\"\nlocal = \"{at_shown}/kmip.sock\"\nops = \"127.0.0.1:0\"\nworkers = {lanes}\n\
         [tls]\nchain = \"{at_shown}/chain.pem\"\nkey = \"{at_shown}/key.pem\"\n\
         [keystore]\nembedded = \"{at_shown}/keystore\"\n\
         [audit]\ndirectory = \"{at_shown}/audit\"\nsegment_mib = {segment_mib}\n\
         {hsm}\
         [bundles]\nspool = \"{at_shown}/in\"\noutbox = \"{at_shown}/out\"\nsigners_needed = 1\n\
         [[bundles.signer]]\nkid = \"{SIGNER}\"\npublic_key = \"{signer}\"\n\
         [core]\nlanes = {lanes}\narena_mib = {arena_mib}\nheap_mib = {heap_mib}\n\
         l1_check_seconds = {l1_check_seconds}\nl1_grace_seconds = {l1_grace_seconds}\n"
    );
    let path = at.join("holdfast.toml");
    private(&path, &text);
    path
}

/// A file for its owner alone.
pub fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
