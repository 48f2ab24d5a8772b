//! A full disk: what cannot be made durable or audited is refused, and the box heals when there is room again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::configuration::Settings;
use softhsm_tests::ttlv::reason;
use softhsm_tests::{Client, Stage, Trouble, within};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Takes all the room there is; the story gives it back by removing the file.
fn fill(directory: &Path) {
    let mut file = fs::File::create(directory.join("ballast")).unwrap();
    for bytes in [1 << 16, 1 << 12, 1 << 9] {
        while file.write_all(&vec![0; bytes]).is_ok() {}
    }
}

fn make_room(directory: &Path) {
    fs::remove_file(directory.join("ballast")).unwrap();
}

/// Creates keys until one is refused; how many were made.
fn create_until_refused(client: &mut Client, most: usize) -> (Vec<String>, Trouble) {
    let mut made = Vec::new();
    for at in 0..most {
        match client.create(&format!("key {at}")) {
            Ok(uid) => made.push(uid),
            Err(trouble) => return (made, trouble),
        }
    }
    panic!("{most} keys were made on a full disk");
}

#[test]
fn with_a_full_keystore_disk_changes_are_refused_and_keys_still_serve_until_there_is_room() {
    let settings = Settings { keystore_kib: Some(16 << 10), ..Settings::default() };
    let (stage, appliance) = Stage::serving(&["acme"], &settings);
    let mut client = stage.client(&appliance, "acme");
    let uid = client.create_active("k").unwrap();
    let key = client.get(&uid).unwrap();
    fill(&stage.path("keystore"));
    let (made, refusal) = create_until_refused(&mut client, 5000);
    assert!(matches!(refusal, Trouble::Refused { .. }), "{refusal:?}");
    assert_eq!(client.get(&uid).unwrap(), key, "keys in memory serve");
    make_room(&stage.path("keystore"));
    within(Duration::from_secs(30), "the keystore to take changes again", || client.create("after").ok());
    for uid in &made {
        assert_eq!(client.get(uid).unwrap().len(), 32, "what was acknowledged is there");
    }
    assert!(appliance.stop().success());
    let appliance = softhsm_tests::Appliance::start(&stage.configuration);
    let mut client = stage.client(&appliance, "acme");
    assert_eq!(client.get(&uid).unwrap(), key);
    assert_eq!(client.locate("after").unwrap().len(), 1);
}

#[test]
fn with_a_full_audit_disk_requests_are_refused_until_there_is_room() {
    let settings = Settings { audit_kib: Some(4 << 10), ..Settings::default() };
    let (stage, appliance) = Stage::serving(&["acme"], &settings);
    let mut client = stage.client(&appliance, "acme");
    let uid = client.create_active("k").unwrap();
    fill(&stage.path("audit"));
    let (_, refusal) = create_until_refused(&mut client, 5000);
    assert_eq!(refusal.reason(), Some(reason::GENERAL_FAILURE), "to be tried again: {refusal:?}");
    within(Duration::from_secs(20), "use of keys to be refused too", || client.get(&uid).err());
    assert_eq!(appliance.status()["core"]["audit_ready"], false, "the operator sees it");
    make_room(&stage.path("audit"));
    within(Duration::from_secs(30), "requests to be served again", || client.get(&uid).ok());
    within(Duration::from_secs(30), "changes to be made again", || client.create("after").ok());
    assert!(appliance.stop().success());
    let verified = stage.verify_audit();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
