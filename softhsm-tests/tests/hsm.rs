//! The HSM goes away and comes back: who has its keys goes on, who has not waits, and nobody restarts anything.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::configuration::Settings;
use softhsm_tests::ttlv::reason;
use softhsm_tests::{Stage, Trouble, eventually, within};
use std::time::Duration;

/// What a client may try again: KMIP 1.x has no reason of its own for it.
fn is_retryable(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Refused { reason: reason::GENERAL_FAILURE, message } if message.contains("now"))
}

/// A health state of the HSM in `/status`.
fn hsm_state(appliance: &softhsm_tests::Appliance) -> String {
    appliance.status()["core"]["hsms"][0]["state"].as_str().unwrap().to_owned()
}

#[test]
fn while_the_hsm_is_away_unsealed_tenants_go_on_and_sealed_ones_wait_and_then_all_heal() {
    let settings = Settings { l1_check_seconds: 1, ..Settings::default() };
    let (stage, mut appliance) = Stage::serving(&["acme", "globex"], &settings);
    let mut keys = Vec::new();
    for tenant in ["acme", "globex"] {
        let mut client = stage.client(&appliance, tenant);
        let uid = client.create_active("k").unwrap();
        keys.push((uid.clone(), client.get(&uid).unwrap()));
    }
    // A new core has no key; acme's comes back with its first request, globex asks too late.
    appliance.kill_and_heal("core");
    let mut acme = eventually("acme to be let in", || stage.try_client(&appliance, "acme").ok());
    eventually("acme to unseal", || acme.get(&keys[0].0).ok());
    assert_eq!(appliance.tenant_state("globex"), "sealed");
    stage.token.take_away();
    appliance.kill_and_heal("root-agent:hsm-1");

    let mut globex = stage.client(&appliance, "globex");
    let refusal = globex.get(&keys[1].0).unwrap_err();
    assert!(is_retryable(&refusal), "{refusal:?}");
    let sealed = acme.encrypt(&keys[0].0, b"meanwhile").unwrap();
    assert_eq!(acme.decrypt(&keys[0].0, &sealed).unwrap(), b"meanwhile");
    assert_eq!(appliance.tenant_state("globex"), "sealed");
    eventually("the operator to see it", || (hsm_state(&appliance) == "failing").then_some(()));

    stage.token.bring_back();
    let key =
        within(Duration::from_secs(30), "globex to unseal without a restart", || globex.get(&keys[1].0).ok());
    assert_eq!(key, keys[1].1);
    eventually("the operator to see it", || (hsm_state(&appliance) == "healthy").then_some(()));
    assert_eq!(acme.get(&keys[0].0).unwrap(), keys[0].1);
}

#[test]
fn a_token_that_vanishes_under_a_running_agent_heals_as_well() {
    let settings = Settings { l1_check_seconds: 1, ..Settings::default() };
    let (stage, mut appliance) = Stage::serving(&["acme"], &settings);
    let uid = stage.client(&appliance, "acme").create_active("k").unwrap();
    let agent = appliance.generation("root-agent:hsm-1");
    stage.token.take_away();
    appliance.kill_and_heal("core");
    let mut client = eventually("a connection", || stage.try_client(&appliance, "acme").ok());
    // The module may still have the objects in its memory; then there is nothing to wait for.
    if let Err(refusal) = client.get(&uid) {
        assert!(is_retryable(&refusal), "{refusal:?}");
    }
    stage.token.bring_back();
    within(Duration::from_secs(30), "the tenant to unseal", || client.get(&uid).ok());
    assert_eq!(appliance.generation("root-agent:hsm-1"), agent, "nothing was restarted");
}

#[test]
fn a_tenant_whose_root_key_cannot_be_checked_seals_itself_when_the_grace_is_over() {
    let settings = Settings { l1_check_seconds: 1, l1_grace_seconds: 3, ..Settings::default() };
    let (stage, mut appliance) = Stage::serving(&["acme"], &settings);
    let mut client = stage.client(&appliance, "acme");
    let uid = client.create_active("k").unwrap();
    let sealed = client.encrypt(&uid, b"before").unwrap();
    stage.token.take_away();
    appliance.kill_and_heal("root-agent:hsm-1");
    assert_eq!(client.decrypt(&uid, &sealed).unwrap(), b"before", "within the grace");
    within(Duration::from_secs(30), "the tenant to seal itself", || {
        (appliance.tenant_state("acme") == "sealed").then_some(())
    });
    let refusal = client.decrypt(&uid, &sealed).unwrap_err();
    assert!(is_retryable(&refusal), "{refusal:?}");
    stage.token.bring_back();
    within(Duration::from_secs(30), "the tenant to unseal", || client.decrypt(&uid, &sealed).ok());
    assert!(appliance.stop().success());
    let lines = stage.audit_lines();
    assert!(lines.iter().any(|line| line.contains(" seal") && line.contains("tenant=acme")), "{lines:#?}");
}
