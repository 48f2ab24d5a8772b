//! The kill switch: an unlink cuts a tenant off at once and for all its connections; a new link brings it back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // Says what it measured.

use holdfast_orbital::Lane;
use softhsm_tests::configuration::Settings;
use softhsm_tests::governance::{link, unlink};
use softhsm_tests::ttlv::reason;
use softhsm_tests::{Client, Stage, Trouble, eventually};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Connections with requests in flight.
const CONNECTIONS: usize = 8;
/// From the bundle's appearance in the spool to the first refusal; includes noticing the file, which the goal of
/// 10 ms from a *verified* bundle does not, and an unoptimised build on a machine that does other things.
const FIRST_REFUSAL_WITHIN: Duration = Duration::from_secs(2);

/// One request: when it was sent, when it was answered, and how.
struct Answered {
    sent: Instant,
    done: Instant,
    refused: Option<u32>,
}

/// Encrypts until told to stop; a connection that is closed is opened again.
fn hammer(
    mut connect: impl FnMut() -> std::io::Result<Client>,
    uid: &str,
    stop: &AtomicBool,
) -> Vec<Answered> {
    let mut answers = Vec::new();
    let mut client = connect().ok();
    while !stop.load(Ordering::Relaxed) {
        let Some(open) = &mut client else {
            client = connect().ok();
            continue;
        };
        let sent = Instant::now();
        let outcome = open.encrypt(uid, b"in flight");
        let done = Instant::now();
        match outcome {
            Ok(_) => answers.push(Answered { sent, done, refused: None }),
            Err(Trouble::Refused { reason, .. }) => {
                answers.push(Answered { sent, done, refused: Some(reason) })
            }
            Err(Trouble::Connection(_)) => client = None,
        }
    }
    answers
}

#[test]
fn an_unlink_refuses_every_connection_of_the_tenant_at_once_and_no_other() {
    let (mut stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let uid = stage.client(&appliance, "acme").create_active("k").unwrap();
    let other = stage.client(&appliance, "globex").create_active("k").unwrap();
    let bundle = stage.sign(Lane::Critical, vec![unlink("acme")]);
    let stop = AtomicBool::new(false);
    let (acme, globex) = (stage.identity("acme"), stage.identity("globex"));
    let (answers, others, carried) = std::thread::scope(|scope| {
        let (stage, appliance, stop) = (&stage, &appliance, &stop);
        let run = |identity, uid| {
            scope.spawn(move || hammer(|| stage.client_with(appliance, Some(identity)), uid, stop))
        };
        let hammers: Vec<_> = (0..CONNECTIONS).map(|_| run(&acme, uid.as_str())).collect();
        let bystander = run(&globex, other.as_str());
        std::thread::sleep(Duration::from_millis(500));
        let carried = Instant::now();
        stage.carry("cut", bundle.as_bytes());
        assert_eq!(stage.settled("cut")["outcome"], "applied");
        std::thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
        let answers: Vec<_> = hammers.into_iter().flat_map(|hammer| hammer.join().unwrap()).collect();
        (answers, bystander.join().unwrap(), carried)
    });
    let refusals = || answers.iter().filter(|answer| answer.refused.is_some());
    let first = refusals().map(|answer| answer.done).min().expect("somebody was refused");
    let late = answers.iter().filter(|answer| answer.sent > first && answer.refused.is_none()).count();
    assert_eq!(late, 0, "nothing that was asked after the first refusal was done");
    assert!(
        refusals().all(|answer| answer.refused == Some(reason::PERMISSION_DENIED)),
        "all for the same reason"
    );
    let before = answers.iter().filter(|answer| answer.done < carried).count();
    assert!(before > CONNECTIONS, "requests were in flight ({before})");
    let took = first.saturating_duration_since(carried);
    println!("first refusal {took:?} after the bundle lay in the spool; {before} requests before");
    assert!(took < FIRST_REFUSAL_WITHIN, "{took:?}");
    assert!(others.iter().all(|answer| answer.refused.is_none()), "the other tenant goes on");
    assert!(others.iter().any(|answer| answer.sent > first), "and does so afterwards");
    assert_eq!(appliance.tenant_state("acme"), "revoked");
}

#[test]
fn a_tenant_that_is_linked_again_has_the_same_keys() {
    let (mut stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let mut client = stage.client(&appliance, "acme");
    let uid = client.create_active("k").unwrap();
    let (key, sealed) = (client.get(&uid).unwrap(), client.encrypt(&uid, b"before").unwrap());
    assert_eq!(stage.unlink("cut", "acme")["outcome"], "applied");
    let refusal = stage.client(&appliance, "acme").get(&uid).unwrap_err();
    assert_eq!(refusal.reason(), Some(reason::PERMISSION_DENIED));
    assert_eq!(stage.order("again", Lane::High, vec![link("acme")])["outcome"], "applied");
    let mut client = stage.client(&appliance, "acme");
    eventually("the tenant to be back", || (client.get(&uid).ok()? == key).then_some(()));
    assert_eq!(client.decrypt(&uid, &sealed).unwrap(), b"before");
}

#[test]
fn a_tenant_that_was_cut_off_stays_so_through_a_restart() {
    let (mut stage, mut appliance) = Stage::serving(&["acme"], &Settings::default());
    let uid = stage.client(&appliance, "acme").create_active("k").unwrap();
    assert_eq!(stage.unlink("cut", "acme")["outcome"], "applied");
    appliance.kill_and_heal("core");
    let ask = |appliance: &softhsm_tests::Appliance| {
        eventually("an answer", || match stage.try_client(appliance, "acme").ok()?.get(&uid) {
            Ok(_) => panic!("a revoked tenant was served"),
            Err(trouble) => trouble.reason(),
        })
    };
    assert_eq!(ask(&appliance), reason::PERMISSION_DENIED);
    appliance.cut_power();
    let appliance = softhsm_tests::Appliance::start(&stage.configuration);
    assert_eq!(ask(&appliance), reason::PERMISSION_DENIED);
    assert_eq!(appliance.tenant_state("acme"), "revoked");
}
