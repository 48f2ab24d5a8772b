//! Audience, order and time.

use super::*;
use crate::{inspect, verify_stored};

#[test]
fn a_good_bundle_says_what_was_signed_by_whom() {
    let office = Office::new();
    let directives =
        vec![define("acme"), link("acme"), service("acme"), trust(certificate(true), &["client"])];
    let bundle = office.draft(7, BundleDigest::NONE, directives);
    let received = office.sign(&bundle);
    let bytes = received.as_bytes().to_vec();
    let verified = office.judge(received, None).unwrap();
    assert_eq!(verified.content(), &bundle);
    assert_eq!(verified.signed_by(), ["alice", "bob"]);
    assert_eq!(verified.received().as_bytes(), bytes);
    assert!(!verified.skipped());
    let mark = HighWater { source: SOURCE, sequence: Sequence(7), digest: verified.digest() };
    assert_eq!(verified.high_water(), mark);
}

#[test]
fn a_bundle_for_another_cluster_or_appliance_is_refused() {
    let office = Office::new();
    let mut bundle = office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    bundle.header.appliances = vec![ApplianceId::parse("box-2").unwrap()];
    assert_eq!(office.refuses(office.sign(&bundle)), Refusal::AnotherBox);
    bundle.header.appliances.push(APPLIANCE);
    assert!(office.judge(office.sign(&bundle), None).is_ok());
    bundle.header.cluster = ClusterId::parse("south").unwrap();
    assert_eq!(office.refuses(office.sign(&bundle)), Refusal::AnotherBox);
}

#[test]
fn the_first_bundle_of_a_box_begins_a_chain_at_any_sequence() {
    let office = Office::new();
    let at = |sequence, previous| office.sign(&office.draft(sequence, previous, vec![define("acme")]));
    assert!(office.judge(at(1, BundleDigest::NONE), None).is_ok());
    assert!(office.judge(at(900, BundleDigest::NONE), None).is_ok());
    assert_eq!(office.refuses(at(2, BundleDigest([1; 32]))), Refusal::BrokenChain);
}

#[test]
fn a_chain_is_followed_bundle_by_bundle() {
    let office = Office::new();
    let first = office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    let first = office.judge(first, None).unwrap();
    let second = office.sign(&office.draft(5, first.digest(), vec![link("acme")]));
    let second = office.judge(second, Some(first.high_water())).unwrap();
    assert_eq!(second.high_water().sequence, Sequence(5));
    assert!(!second.skipped());
}

#[test]
fn a_bundle_given_again_is_refused_as_replayed_and_an_older_one_as_stale() {
    let office = Office::new();
    let received = office.sign(&office.draft(4, BundleDigest::NONE, vec![define("acme")]));
    let last = office.judge(received.clone(), None).unwrap().high_water();
    let again = |received| office.judge(received, Some(last)).err();
    assert_eq!(again(received), Some(Refusal::Replayed));
    for sequence in [1, 3, 4] {
        let older = office.sign(&office.draft(sequence, last.digest, vec![define("other")]));
        assert_eq!(again(older), Some(Refusal::Stale));
    }
}

#[test]
fn another_signature_on_the_same_bundle_does_not_make_it_new() {
    let office = Office::new();
    let received = office.sign(&office.draft(4, BundleDigest::NONE, vec![define("acme")]));
    let last = office.judge(received.clone(), None).unwrap().high_water();
    let more = add_signature(&received, "carol", &office.carol).unwrap();
    assert_eq!(office.judge(more, Some(last)).err(), Some(Refusal::Replayed));
}

#[test]
fn a_bundle_lost_on_the_way_is_missed() {
    let office = Office::new();
    let first = office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    let last = office.judge(first, None).unwrap().high_water();
    for previous in [BundleDigest([9; 32]), BundleDigest::NONE] {
        let third = office.sign(&office.draft(3, previous, vec![define("other")]));
        assert_eq!(office.judge(third, Some(last)).err(), Some(Refusal::BrokenChain));
    }
}

#[test]
fn an_unlink_in_lane_0_does_not_wait_for_what_was_lost_and_leaves_it_behind() {
    let office = Office::new();
    let first = office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    let first = office.judge(first, None).unwrap();
    let lost = office.sign(&office.draft(2, first.digest(), vec![link("acme")]));
    let mut kill = office.draft(3, BundleDigest([9; 32]), vec![unlink("acme")]);
    kill.header.lane = Lane::Critical;
    let kill = office.judge(office.sign(&kill), Some(first.high_water())).unwrap();
    assert!(kill.skipped());
    let late = office.judge(lost, Some(kill.high_water())).err();
    assert_eq!(late, Some(Refusal::Stale), "an older link cannot undo the unlink");
}

#[test]
fn an_unlink_in_lane_0_must_still_be_newer() {
    let office = Office::new();
    let first = office.sign(&office.draft(5, BundleDigest::NONE, vec![define("acme")]));
    let last = office.judge(first, None).unwrap().high_water();
    let mut kill = office.draft(5, BundleDigest([9; 32]), vec![unlink("acme")]);
    kill.header.lane = Lane::Critical;
    assert_eq!(office.judge(office.sign(&kill), Some(last)).err(), Some(Refusal::Stale));
}

#[test]
fn what_gives_may_not_travel_in_a_faster_lane_but_what_takes_away_may_travel_in_a_slower_one() {
    let office = Office::new();
    for (directive, lane) in
        [(define("acme"), 0), (link("acme"), 0), (service("acme"), 0), (trust(certificate(true), &[]), 1)]
    {
        let mut bundle = office.draft(1, BundleDigest::NONE, vec![directive]);
        bundle.header.lane = Lane::try_from(lane).unwrap();
        assert!(sign(&bundle, "alice", &office.alice).is_err());
    }
    let bundle = office.draft(1, BundleDigest::NONE, vec![define("acme"), unlink("acme")]);
    assert!(office.judge(office.sign(&bundle), None).is_ok());
}

#[test]
fn a_box_follows_one_source() {
    let office = Office::new();
    let first = office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    let last = office.judge(first, None).unwrap().high_water();
    let mut other = office.draft(2, last.digest, vec![define("other")]);
    other.header.source = SourceId::parse("pretender").unwrap();
    assert_eq!(office.judge(office.sign(&other), Some(last)).err(), Some(Refusal::AnotherSource));
}

#[test]
fn a_bundle_holds_from_its_first_to_before_its_last_moment() {
    let office = Office::new();
    let received = office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    let signers = office.signers();
    let at = |millis| {
        verify(received.clone(), &Office::policy(&signers, None), Timestamp::from_millis(millis)).err()
    };
    assert_eq!(at(899_999), Some(Refusal::NotYetValid));
    assert_eq!(at(900_000), None);
    assert_eq!(at(1_999_999), None);
    assert_eq!(at(2_000_000), Some(Refusal::Expired));
}

#[test]
fn a_bundle_issued_in_the_future_is_refused() {
    let office = Office::new();
    let mut bundle = office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    bundle.header.issued_at = Timestamp::from_millis(1_000_001);
    assert_eq!(office.refuses(office.sign(&bundle)), Refusal::NotYetValid);
}

#[test]
fn a_stored_bundle_needs_no_time_window_but_everything_else() {
    let office = Office::new();
    let signers = office.signers();
    let first = office.sign(&office.draft(1, BundleDigest::NONE, vec![define("acme")]));
    let policy = Office::policy(&signers, None);
    let late = Timestamp::from_millis(9_000_000);
    assert_eq!(verify(first.clone(), &policy, late).err(), Some(Refusal::Expired));
    let stored = verify_stored(first.clone(), &policy).unwrap();
    let after = Office::policy(&signers, Some(stored.high_water()));
    assert_eq!(verify_stored(first, &after).err(), Some(Refusal::Replayed));
    let third = office.sign(&office.draft(3, BundleDigest([9; 32]), vec![define("other")]));
    assert_eq!(verify_stored(third, &after).err(), Some(Refusal::BrokenChain), "one missing in the log");
    let one = sign(&office.draft(2, stored.digest(), vec![link("acme")]), "alice", &office.alice).unwrap();
    assert_eq!(verify_stored(one, &after).err(), Some(Refusal::NotEnoughSigners { had: 1, needed: 2 }));
}

#[test]
fn an_inspection_asks_everything_but_the_history() {
    let office = Office::new();
    let signers = office.signers();
    let received = office.sign(&office.draft(3, BundleDigest([9; 32]), vec![define("acme")]));
    let checked = inspect(received.clone(), &Office::policy(&signers, None), NOW).unwrap();
    assert_eq!(checked.header().sequence, Sequence(3));
    let late = Timestamp::from_millis(9_000_000);
    assert_eq!(inspect(received, &Office::policy(&signers, None), late).err(), Some(Refusal::Expired));
    let mut other = office.draft(1, BundleDigest::NONE, vec![define("acme")]);
    other.header.cluster = ClusterId::parse("south").unwrap();
    let other = inspect(office.sign(&other), &Office::policy(&signers, None), NOW);
    assert_eq!(other.err(), Some(Refusal::AnotherBox));
}
