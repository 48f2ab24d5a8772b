//! Bundles that are not to be obeyed: refused whole with a reason, and nothing has changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use holdfast_model::limits::BUNDLE_BYTES_MAX;
use holdfast_model::{ApplianceId, ClusterId, Sequence, Timestamp};
use holdfast_orbital::sign::BundleKey;
use holdfast_orbital::{Bundle, Lane, Order};
use serde_json::Value;
use softhsm_tests::configuration::Settings;
use softhsm_tests::governance::{Governance, SIGNER, define, link, unlink};
use softhsm_tests::{Appliance, Stage};
use std::time::Duration;

/// What governance has made of the box: every tenant's state, and the sequence mark.
fn state(appliance: &Appliance) -> (Vec<(Value, Value)>, Value) {
    let status = appliance.status();
    let tenants = status["core"]["tenants"].as_array().unwrap();
    let tenants =
        tenants.iter().map(|tenant| (tenant["tenant"].clone(), tenant["services"].clone())).collect();
    (tenants, status["core"]["bundle_sequence"].clone())
}

/// A good order, signed after somebody bent its bundle.
fn bent(governance: &Governance, bend: impl FnOnce(&mut Bundle)) -> Vec<u8> {
    let mut bundle = governance.draft(Lane::High, vec![define("intruder")]);
    bend(&mut bundle);
    governance.sign(&bundle).as_bytes().to_vec()
}

fn changed(mut bytes: Vec<u8>, at: usize) -> Vec<u8> {
    bytes[at] ^= 1;
    bytes
}

#[test]
fn a_bundle_that_is_not_to_be_obeyed_is_refused_with_its_reason_and_changes_nothing() {
    let (mut stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    assert_eq!(stage.order("second", Lane::High, vec![define("globex")])["outcome"], "applied");
    let before = state(&appliance);
    let stranger = BundleKey::generate().unwrap();
    let governance = &stage.governance;
    let good = || bent(governance, |_| {});
    let draft = governance.draft(Lane::High, vec![define("intruder")]);
    let in_an_hour = |timestamp: Timestamp| timestamp.after(Duration::from_secs(3600));
    let long_ago = Timestamp::from_millis(1_600_000_000_000);
    let later = Timestamp::from_millis(1_600_000_060_000);
    let length = good().len();
    let refused: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("forged-body", changed(good(), length / 3), &["forged", "malformed"]),
        ("forged-signature", changed(good(), length - 1), &["forged"]),
        ("forged-by-another", governance.sign_as(&draft, SIGNER, &stranger).as_bytes().to_vec(), &["forged"]),
        (
            "unknown-signer",
            governance.sign_as(&draft, "mallory", &stranger).as_bytes().to_vec(),
            &["unknown-signer"],
        ),
        ("truncated", good()[..length - 20].to_vec(), &["malformed"]),
        ("empty", Vec::new(), &["malformed"]),
        ("no-bundle", b"#!/bin/sh\nreboot\n".to_vec(), &["malformed"]),
        ("too-large", vec![0; BUNDLE_BYTES_MAX + 1], &["too-large"]),
        (
            "another-box",
            bent(governance, |b| b.header.appliances = vec![ApplianceId::parse("south-1").unwrap()]),
            &["another-box"],
        ),
        (
            "another-cluster",
            bent(governance, |b| b.header.cluster = ClusterId::parse("south").unwrap()),
            &["another-box"],
        ),
        (
            "expired",
            bent(governance, |b| {
                (b.header.issued_at, b.header.not_before, b.header.not_after) = (long_ago, long_ago, later);
            }),
            &["expired"],
        ),
        ("stale", bent(governance, |b| b.header.sequence = Sequence(1)), &["stale", "broken-chain"]),
    ];
    let mut judged: Vec<String> = Vec::new();
    for (name, bytes, reasons) in &refused {
        stage.carry(name, bytes);
        let receipt = stage.settled(name);
        assert_eq!(receipt["outcome"], "refused", "{name}: {receipt}");
        assert!(reasons.contains(&receipt["reason"].as_str().unwrap()), "{name}: {receipt}");
        assert_eq!(state(&appliance), before, "{name}");
        // The receipt is written after the record, so that the auditor knows by now.
        let reason = receipt["reason"].as_str().unwrap();
        let lines = stage.audit_lines();
        let told = lines.iter().filter(|line| line.contains("bundle") && line.contains(reason)).count();
        assert_eq!(
            told,
            1 + judged.iter().filter(|before| **before == reason).count(),
            "{name}: {}",
            lines.join("\n")
        );
        judged.push(reason.to_owned());
    }
    // These may become good: they wait, and the receipt says for what.
    let early = bent(&stage.governance, |b| {
        (b.header.not_before, b.header.not_after) =
            (in_an_hour(b.header.not_before), in_an_hour(b.header.not_after));
    });
    stage.carry("early", &early);
    let receipt = stage.receipt("early");
    assert_eq!(
        (&receipt["outcome"], &receipt["reason"]),
        (&"waiting".into(), &"not-yet-valid".into()),
        "{receipt}"
    );
    assert_eq!(state(&appliance), before);
    // And the next good one is obeyed.
    let receipt = stage.order("third", Lane::High, vec![define("initech")]);
    assert_eq!(receipt["outcome"], "applied", "{receipt}");
    assert_ne!(state(&appliance), before);
}

#[test]
fn a_bundle_is_taken_once_and_whole_or_not_at_all() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let first = std::fs::read(stage.path("in/define.bundle")).unwrap();
    stage.carry("replayed", &first);
    assert_eq!(stage.settled("replayed")["outcome"], "applied-already");
    let before = state(&appliance);
    // Its first directive is fine, its second names a tenant that nobody defined.
    let orders: Vec<Order> = vec![define("globex"), link("initech")];
    let half = stage.governance.draft(Lane::High, orders);
    let half = stage.governance.sign(&half);
    stage.carry("half", half.as_bytes());
    let receipt = stage.settled("half");
    assert_eq!(
        (&receipt["outcome"], &receipt["reason"]),
        (&"refused".into(), &"unknown-tenant".into()),
        "{receipt}"
    );
    assert_eq!(state(&appliance), before, "nothing of it was done");
}

#[test]
fn an_unlink_does_not_wait_for_bundles_that_were_lost_on_the_way() {
    let (mut stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let _lost = stage.sign(Lane::High, vec![define("globex")]);
    let cut = stage.sign(Lane::Critical, vec![unlink("acme")]);
    let next = stage.sign(Lane::High, vec![define("initech")]);
    stage.carry("next", next.as_bytes());
    let receipt = stage.receipt("next");
    assert_eq!(
        (&receipt["outcome"], &receipt["reason"]),
        (&"waiting".into(), &"broken-chain".into()),
        "{receipt}"
    );
    stage.carry("cut", cut.as_bytes());
    assert_eq!(stage.settled("cut")["outcome"], "applied");
    assert_eq!(appliance.tenant_state("acme"), "revoked");
    assert_eq!(stage.settled("next")["outcome"], "applied", "it stands on the unlink");
}
