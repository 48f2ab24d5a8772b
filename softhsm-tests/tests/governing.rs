//! What governance orders beside defining and linking: policies, rotations, and the end of a tenant.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use holdfast_model::policy::Practice;
use holdfast_orbital::Lane;
use softhsm_tests::client::{Trouble, attribute};
use softhsm_tests::configuration::Settings;
use softhsm_tests::eventually;
use softhsm_tests::governance::{define, destroy, link, policy, rotate};
use softhsm_tests::ttlv::{bytes, enumeration, integer, operation, reason, structure, tag, text};
use softhsm_tests::{Appliance, Client, Stage};

/// Makes an active key of triple DES.
fn des3_key(client: &mut Client) -> String {
    let attributes = structure(
        tag::TEMPLATE_ATTRIBUTE,
        [
            attribute("Cryptographic Algorithm", |tag| enumeration(tag, 2)),
            attribute("Cryptographic Length", |tag| integer(tag, 168)),
            attribute("Cryptographic Usage Mask", |tag| integer(tag, 4 | 8)),
        ],
    );
    let answer = client.call(operation::CREATE, [enumeration(tag::OBJECT_TYPE, 2), attributes]).unwrap();
    let uid = answer.get(tag::UNIQUE_IDENTIFIER).unwrap().as_text().unwrap().to_owned();
    client.activate(&uid).unwrap();
    uid
}

/// Encrypts two blocks with it.
fn encrypt(client: &mut Client, uid: &str) -> Result<(), Option<u32>> {
    const ECB: u32 = 2;
    let parameters = structure(tag::CRYPTOGRAPHIC_PARAMETERS, [enumeration(tag::BLOCK_CIPHER_MODE, ECB)]);
    let payload = [text(tag::UNIQUE_IDENTIFIER, uid), parameters, bytes(tag::DATA, [7; 16])];
    client.call(operation::ENCRYPT, payload).map(drop).map_err(|trouble: Trouble| trouble.reason())
}

#[test]
fn a_policy_says_what_keys_may_be_used_for_and_the_next_one_replaces_it() {
    let (mut stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let (mut acme, mut globex) = (stage.client(&appliance, "acme"), stage.client(&appliance, "globex"));
    let (ours, theirs) = (des3_key(&mut acme), des3_key(&mut globex));
    assert_eq!(acme.get(&ours).unwrap().len(), 24, "an old key can be kept, and had back");
    assert_eq!(encrypt(&mut acme, &ours), Err(Some(reason::PERMISSION_DENIED)));
    let allow = vec![policy("acme", &[Practice::Des3Encrypt], &[])];
    assert_eq!(stage.order("allow", Lane::Standard, allow)["outcome"], "applied");
    assert_eq!(encrypt(&mut acme, &ours), Ok(()));
    assert_eq!(encrypt(&mut globex, &theirs), Err(Some(reason::PERMISSION_DENIED)), "theirs alone");
    let other = vec![policy("acme", &[Practice::Sha1Sign], &[])];
    assert_eq!(stage.order("other", Lane::Standard, other)["outcome"], "applied");
    assert_eq!(encrypt(&mut acme, &ours), Err(Some(reason::PERMISSION_DENIED)));
}

/// Reads an object; the key, and the version of the service key behind it, as the audit log has it. Uses reach the disk in groups, a
/// little later.
fn read(stage: &Stage, appliance: &Appliance, uid: &str) -> (Vec<u8>, String) {
    let gets = || {
        let lines =
            stage.audit_lines().into_iter().filter(|line| line.contains("kmip-Get") && line.contains(uid));
        lines.collect::<Vec<_>>()
    };
    let before = gets().len();
    let key = eventually("an answer", || stage.try_client(appliance, "acme").ok()?.get(uid).ok());
    let line = eventually("its record", || gets().into_iter().skip(before).last());
    let (_, version) = line.split_once("key_version=").unwrap_or_else(|| panic!("no version in {line}"));
    (key, version.split_whitespace().next().unwrap_or_default().to_owned())
}

#[test]
fn a_service_key_that_is_rotated_wraps_what_is_new_and_what_is_old_is_wrapped_anew() {
    let (mut stage, mut appliance) = Stage::serving(&["acme"], &Settings::default());
    let old: Vec<_> = {
        let mut client = stage.client(&appliance, "acme");
        (0..100).map(|nth| client.create_active(&format!("old-{nth}")).unwrap()).collect()
    };
    let (key, version) = read(&stage, &appliance, &old[0]);
    assert_eq!(version, "1");
    assert_eq!(stage.order("rotate", Lane::Standard, vec![rotate("acme")])["outcome"], "applied");
    let new = stage.client(&appliance, "acme").create_active("new").unwrap();
    let (newer, version) = read(&stage, &appliance, &new);
    assert_eq!(version, "2");
    let swept = |stage: &Stage| {
        let done = |line: &String| line.contains("key.rotate") && line.contains("rewrapped");
        stage.audit_lines().iter().filter(|line| done(line)).count()
    };
    eventually("the old ones to be wrapped anew", || (swept(&stage) == 1).then_some(()));
    assert_eq!(read(&stage, &appliance, &old[0]), (key.clone(), "2".to_owned()));
    assert_eq!(read(&stage, &appliance, &old[99]).1, "2");
    // Twice more, while nobody asks, and through a crash: what is owed is done when it is next possible.
    assert_eq!(
        stage.order("again", Lane::Standard, vec![rotate("acme"), rotate("acme")])["outcome"],
        "applied"
    );
    appliance.kill_and_heal("core");
    assert_eq!(read(&stage, &appliance, &old[0]).0, key);
    eventually("a second sweep", || (swept(&stage) == 2).then_some(()));
    for uid in [&old[0], &old[50], &new] {
        assert_eq!(read(&stage, &appliance, uid).1, "4");
    }
    assert_eq!(read(&stage, &appliance, &new).0, newer);
    // And once more without a reason: nothing is left to do, and nothing is done.
    appliance.kill_and_heal("core");
    assert_eq!(read(&stage, &appliance, &old[0]), (key, "4".to_owned()));
    assert_eq!(swept(&stage), 2);
}

#[test]
fn a_tenant_that_is_destroyed_does_not_come_back() {
    let (mut stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let uid = stage.client(&appliance, "acme").create_active("k").unwrap();
    let other = stage.client(&appliance, "globex").create_active("k").unwrap();
    assert_eq!(stage.order("end", Lane::Critical, vec![destroy("acme")])["outcome"], "applied");
    let served = stage.try_client(&appliance, "acme").is_ok_and(|mut client| client.get(&uid).is_ok());
    assert!(!served, "nobody acts for it any more");
    stage.client(&appliance, "globex").get(&other).unwrap();
    for (name, orders) in [("link-again", vec![link("acme")]), ("define-again", vec![define("acme")])] {
        let refused = stage.governance.sign(&stage.governance.draft(Lane::High, orders));
        stage.carry(name, refused.as_bytes());
        let receipt = stage.settled(name);
        assert_eq!(receipt["outcome"], "refused", "{receipt}");
        assert_eq!(receipt["reason"], "tenant-destroyed", "{receipt}");
    }
    appliance.cut_power();
    let appliance = Appliance::start(&stage.configuration);
    let served = stage.try_client(&appliance, "acme").is_ok_and(|mut client| client.get(&uid).is_ok());
    assert!(!served, "not after a restart either");
    assert_eq!(appliance.tenant_state("acme"), "revoked");
    stage.client(&appliance, "globex").get(&other).unwrap();
}
