//! Restart: what was acknowledged is there, keys unseal again, and no order of yesterday is taken twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use holdfast_orbital::Lane;
use softhsm_tests::configuration::Settings;
use softhsm_tests::governance::{define, unlink};
use softhsm_tests::{Appliance, Client, Stage};
use std::fs;

/// What a client knows to be done.
struct Known {
    active: String,
    key: Vec<u8>,
    sealed: softhsm_tests::client::Sealed,
    destroyed: String,
}

fn work(client: &mut Client) -> Known {
    let active = client.create_active("kept").unwrap();
    let destroyed = client.create_active("gone").unwrap();
    client.revoke(&destroyed).unwrap();
    client.destroy(&destroyed).unwrap();
    let (key, sealed) = (client.get(&active).unwrap(), client.encrypt(&active, b"before").unwrap());
    Known { active, key, sealed, destroyed }
}

fn everything_is_there(client: &mut Client, known: &Known) {
    assert_eq!(client.get(&known.active).unwrap(), known.key);
    assert_eq!(client.decrypt(&known.active, &known.sealed).unwrap(), b"before");
    assert_eq!(client.state(&known.active).unwrap(), 2);
    assert_eq!(client.state(&known.destroyed).unwrap(), 5, "destroyed stays destroyed");
    assert!(client.get(&known.destroyed).is_err());
    assert_eq!(client.locate("kept").unwrap(), [known.active.as_str()]);
}

#[test]
fn after_a_stop_every_acknowledged_object_is_there_and_keys_unseal_again() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let known = work(&mut stage.client(&appliance, "acme"));
    assert!(appliance.stop().success());
    let appliance = Appliance::start(&stage.configuration);
    assert_eq!(appliance.tenant_state("acme"), "sealed", "no key outlives its process");
    everything_is_there(&mut stage.client(&appliance, "acme"), &known);
    assert_eq!(appliance.tenant_state("acme"), "unsealed");
    assert!(appliance.stop().success());
    assert!(stage.verify_audit().status.success());
}

#[test]
fn after_kill_9_of_the_whole_box_every_acknowledged_object_is_there() {
    let (stage, mut appliance) = Stage::serving(&["acme"], &Settings::default());
    let mut known = vec![work(&mut stage.client(&appliance, "acme"))];
    for round in 0..3 {
        let uid = stage.client(&appliance, "acme").create_active(&format!("round {round}")).unwrap();
        appliance.cut_power();
        appliance = Appliance::start(&stage.configuration);
        let mut client = stage.client(&appliance, "acme");
        assert_eq!(client.state(&uid).unwrap(), 2, "acknowledged just before the cut");
        known.iter().for_each(|known| everything_is_there(&mut client, known));
        if round == 0 {
            client.destroy(&known[0].destroyed).unwrap_err();
        }
        known.truncate(1);
    }
    assert!(appliance.stop().success());
    let verified = stage.verify_audit();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn a_bundle_of_before_the_restart_is_not_taken_again() {
    let (mut stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let first = fs::read(stage.path("in/define.bundle")).unwrap();
    let cut = stage.sign(Lane::Critical, vec![unlink("globex")]);
    stage.carry("cut", cut.as_bytes());
    assert_eq!(stage.settled("cut")["outcome"], "applied");
    appliance.cut_power();
    // Whoever restores the spool and the outbox of yesterday restores no order.
    for entry in fs::read_dir(stage.path("out")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let appliance = Appliance::start(&stage.configuration);
    stage.carry("first-again", &first);
    stage.carry("cut-again", cut.as_bytes());
    assert_eq!(stage.settled("cut-again")["outcome"], "applied-already");
    let refused = stage.settled("first-again");
    assert_eq!((refused["outcome"].as_str(), refused["reason"].as_str()), (Some("refused"), Some("stale")));
    assert_eq!(appliance.status()["core"]["bundle_sequence"], stage.governance.sequence());
    assert_eq!(appliance.tenant_state("globex"), "revoked");
    assert_eq!(stage.order("next", Lane::High, vec![define("initech")])["outcome"], "applied");
}
