//! kill -9 of each process in turn, under load: nothing acknowledged is lost, and the box heals by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // Says what it saw.

use softhsm_tests::appliance::PROCESSES;
use softhsm_tests::client::Sealed;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Client, Stage, Trouble, within};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often a process is killed.
const ROUNDS: usize = 200;
/// How long a round may take until every tenant is served again. Warden waits up to ten seconds before it starts a
/// process that keeps dying.
const HEALED_WITHIN: Duration = Duration::from_secs(30);

/// What a client was told about one key; what it was not told is not here.
#[derive(Default)]
struct Told {
    active: bool,
    /// Revoked or destroyed, or asked for without an answer: what it is now is not known.
    uncertain: bool,
    destroyed: bool,
    key: Option<Vec<u8>>,
    sealed: Option<Sealed>,
}

/// Everything that one client was told.
#[derive(Default)]
struct Ledger(BTreeMap<String, Told>);

/// One client's work: keys made, used, some of them destroyed. Every answer goes into the ledger before the next
/// request is sent.
fn work(client: &mut Client, ledger: &Mutex<Ledger>, served: &AtomicU64, at: u64) -> Result<(), Trouble> {
    let uid = client.create(&format!("key {at}"))?;
    let note = |change: &dyn Fn(&mut Told)| {
        change(ledger.lock().unwrap().0.entry(uid.clone()).or_default());
        served.fetch_add(1, Ordering::Relaxed);
    };
    note(&|_| {});
    let key = client.get(&uid)?;
    note(&|told| told.key = Some(key.clone()));
    client.activate(&uid)?;
    note(&|told| told.active = true);
    let sealed = client.encrypt(&uid, uid.as_bytes())?;
    note(&|told| told.sealed = Some(sealed.clone()));
    if at.is_multiple_of(3) {
        note(&|told| told.uncertain = true);
        client.revoke(&uid)?;
        client.destroy(&uid)?;
        note(&|told| told.destroyed = true);
    }
    Ok(())
}

fn keep_working(
    connect: impl Fn() -> std::io::Result<Client>,
    ledger: &Mutex<Ledger>,
    served: &AtomicU64,
    stop: &AtomicBool,
) {
    let mut client = None;
    for at in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        if client.is_none() {
            client = connect().ok();
        }
        let Some(open) = &mut client else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        match work(open, ledger, served, at) {
            Ok(()) => {}
            // A refusal is retryable; the connection is still good.
            Err(Trouble::Refused { .. }) => std::thread::sleep(Duration::from_millis(2)),
            Err(Trouble::Connection(_)) => client = None,
        }
    }
}

fn check(client: &mut Client, ledger: &Ledger) -> (usize, usize) {
    let mut destroyed = 0;
    for (uid, told) in &ledger.0 {
        let state = client.state(uid).unwrap_or_else(|trouble| panic!("{uid} was acknowledged: {trouble:?}"));
        if told.destroyed {
            assert_eq!(state, 5, "{uid}: destroyed stays destroyed");
            assert!(client.get(uid).is_err(), "{uid}");
            destroyed += 1;
            continue;
        }
        if told.uncertain {
            assert!([2, 3, 5].contains(&state), "{uid}: {state}");
            continue;
        }
        if told.active {
            assert_eq!(state, 2, "{uid}: activation was acknowledged");
        }
        if let Some(key) = &told.key {
            assert_eq!(&client.get(uid).unwrap(), key, "{uid}");
        }
        if let Some(sealed) = &told.sealed {
            assert_eq!(client.decrypt(uid, sealed).unwrap(), uid.as_bytes());
        }
    }
    (ledger.0.len(), destroyed)
}

#[test]
fn two_hundred_kills_of_each_process_in_turn_lose_nothing_that_was_acknowledged() {
    const TENANTS: [&str; 2] = ["acme", "globex"];
    let (stage, mut appliance) = Stage::serving(&TENANTS, &Settings::default());
    let identities = TENANTS.map(|tenant| stage.identity(tenant));
    let ledgers: [Mutex<Ledger>; 2] = Default::default();
    let served: [AtomicU64; 2] = Default::default();
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let kmip = appliance.kmip;
    std::thread::scope(|scope| {
        for at in 0..TENANTS.len() {
            let config =
                softhsm_tests::client::tls(&stage.box_ca, Some(&identities[at]), rustls::ALL_VERSIONS);
            let (ledger, served, stop) = (&ledgers[at], &served[at], &stop);
            scope.spawn(move || keep_working(|| Client::connect(kmip, config.clone()), ledger, served, stop));
        }
        // Whatever happens, the workers stop: a story that fails must end.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..ROUNDS {
                let process = PROCESSES[round % PROCESSES.len()];
                let generation = appliance.generation(process);
                appliance.kill(process);
                within(HEALED_WITHIN, &format!("round {round}: {process} to be started again"), || {
                    (appliance.generation(process) > generation).then_some(())
                });
                appliance.wait_until_whole();
                let before: Vec<u64> = served.iter().map(|served| served.load(Ordering::Relaxed)).collect();
                within(
                    HEALED_WITHIN,
                    &format!("round {round}: tenants to be served after {process} died"),
                    || {
                        let now = served.iter().map(|served| served.load(Ordering::Relaxed));
                        now.zip(&before).all(|(now, before)| now > *before).then_some(())
                    },
                );
            }
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = outcome {
            println!("{}", appliance.log().lines().rev().take(60).collect::<Vec<_>>().join("\n"));
            std::panic::resume_unwind(panic);
        }
    });
    let took = begun.elapsed();
    for (tenant, ledger) in TENANTS.iter().zip(&ledgers) {
        let (keys, destroyed) = check(&mut stage.client(&appliance, tenant), &ledger.lock().unwrap());
        println!("{tenant}: {keys} keys acknowledged, {destroyed} of them destroyed");
        assert!(keys >= ROUNDS / 2, "the load was a load: {keys} keys");
    }
    println!("{ROUNDS} kills in {took:?}");
    assert!(appliance.stop().success());
    let verified = stage.verify_audit();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let created = audited(&stage, "Create");
    for ledger in &ledgers {
        for uid in ledger.lock().unwrap().0.keys() {
            assert!(
                created.contains(uid.as_str()),
                "the Create of {uid} was acknowledged and is not in the log"
            );
        }
    }
}

/// All lines of the log about a successful operation.
fn audited(stage: &Stage, operation: &str) -> String {
    let lines = stage.audit_lines();
    let wanted = lines.iter().filter(|line| line.contains(operation) && !line.contains("refused"));
    wanted.map(String::as_str).collect::<Vec<_>>().join("\n")
}
