//! Warden with children that tell what they see: real processes, real kill -9, in the full sandbox.

mod harness;

use harness::{Box, PROCESSES};
use std::time::{Duration, Instant};

#[test]
fn processes_start_in_order_wired_to_each_other_and_with_nothing_else() {
    let mut running = Box::start("north");
    running.wait_until_serving();
    let order: Vec<String> = running.seen("process-started").iter().map(|e| e.text("process")).collect();
    assert_eq!(order, PROCESSES);
    for began in running.seen("child-began") {
        assert_eq!(began.number("others"), 0, "{began:?}");
        let expected =
            if began.text("me").starts_with("root-agent") { "[\"SOFTHSM2_CONF=/x\"]" } else { "[]" };
        assert_eq!(began.text("variables"), expected);
    }
    // Every link carries a greeting in both directions: 2 workers and 2 lanes make 4 front, 2 sign and one edge link,
    // 2 each to two agents and to each of two HSMs, and one to the importer.
    let links = 4 + 2 + 1 + 2 + 2 + 2 * 2 + 1;
    running.wait_for(|e| e.is("heard"), 2 * links);
    let by_core = running.seen("heard").iter().filter(|e| e.text("me") == "core").count();
    assert_eq!(by_core, links);
    assert_eq!(running.seen("file-read").len(), 3);
    running.wait_for(|e| e.is("table") && e.number("ready") == 8, 1);
}

#[test]
fn a_killed_core_is_started_again_and_only_its_neighbours_wires_change() {
    let mut running = Box::start("north");
    running.wait_until_serving();
    running.kill("core");
    running
        .wait_for(|e| e.is("process-ready") && e.text("process") == "core" && e.number("generation") == 2, 1);
    // Everybody is told that the new core is the second one, and hears from it.
    let links = 4 + 2 + 1 + 2 + 2 + 2 * 2 + 1;
    running.wait_for(|e| e.is("rewired") && e.number("peer") == 2, links);
    running.wait_for(|e| e.is("heard") && e.text("heard") == "core 2", links);
    running.wait_for(|e| e.is("heard") && e.text("me") == "core" && e.number("generation") == 2, links);
    assert_eq!(running.seen("process-started").len(), PROCESSES.len() + 1, "nothing else was restarted");
    // Secret files can be read again from their beginning.
    assert_eq!(running.seen("file-read").iter().filter(|e| e.text("socket") == "TlsKey").count(), 2);
    assert!(running.seen("file-read").iter().all(|e| e.number("bytes") > 0));
}

#[test]
fn a_killed_agent_is_started_again_and_core_alone_is_rewired() {
    for agent in ["audit-agent", "keystore-agent", "root-agent:hsm-2", "importer", "frontend"] {
        let mut running = Box::start("north");
        running.wait_until_serving();
        running.kill(agent);
        running.wait_for(
            |e| e.is("heard") && e.text("me") == "core" && e.text("heard") == format!("{agent} 2"),
            1,
        );
        assert!(
            running.seen("rewired").iter().all(|e| e.text("me") == "core" && e.number("peer") == 2),
            "{agent}"
        );
        assert_eq!(running.seen("process-started").len(), PROCESSES.len() + 1, "{agent}");
    }
}

#[test]
fn two_neighbours_killed_together_find_each_other_again() {
    let mut running = Box::start("north");
    running.wait_until_serving();
    for _ in 0..5 {
        running.kill("core");
        running.kill("keystore-agent");
        running.wait_for_all_ready();
    }
    let generation = running.generation("keystore-agent");
    let heard = format!("keystore-agent {generation}");
    let core = running.generation("core");
    running.wait_for(
        |e| {
            e.is("heard")
                && e.text("me") == "core"
                && e.number("generation") == core
                && e.text("heard") == heard
        },
        2,
    );
}

#[test]
fn a_process_that_fails_says_why_and_is_tried_again_ever_more_slowly() {
    let mut running = Box::start("failing");
    running.wait_for(|e| e.is("process-ended") && e.text("process") == "core" && e.number("code") == 7, 4);
    let why = running.seen("process-failed");
    assert!(why.iter().all(|e| e.text("reason") == "the token is on holiday"));
    let waits: Vec<u64> = running.seen("process-ended").iter().map(|e| e.number("retry_ms")).collect();
    for (wait, doubled) in waits.iter().zip([50, 100, 200, 400]) {
        assert!((doubled * 3 / 4..=doubled).contains(wait), "{waits:?}");
    }
    // The others do not suffer.
    assert_eq!(running.seen("process-ready").iter().filter(|e| e.text("process") != "core").count(), 6);
}

#[test]
fn asked_to_stop_all_finish_in_reverse_order_and_warden_exits_with_0() {
    let mut running = Box::start("north");
    running.wait_until_serving();
    let began = Instant::now();
    assert_eq!(running.terminate(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(3));
    let order: Vec<String> = running.seen("stops").iter().map(|e| e.text("me")).collect();
    let mut reversed = PROCESSES.map(str::to_owned);
    reversed.reverse();
    assert_eq!(order, reversed);
    assert!(running.nobody_is_left());
}

#[test]
fn a_process_that_does_not_stop_is_killed_after_three_seconds() {
    let mut running = Box::start("stubborn");
    running.wait_until_serving();
    let began = Instant::now();
    assert_eq!(running.terminate(), Some(0));
    assert!((3..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert_eq!(running.seen("process-killed").len(), 1);
    assert_eq!(running.seen("stops").len(), PROCESSES.len() - 1, "the others finish in peace");
    assert!(running.nobody_is_left());
}

#[test]
fn no_process_outlives_a_killed_warden() {
    let mut running = Box::start("north");
    running.wait_until_serving();
    running.kill_warden();
    let until = Instant::now() + Duration::from_secs(5);
    while !running.nobody_is_left() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(running.nobody_is_left());
}

#[test]
fn a_process_that_never_serves_is_killed_and_tried_again() {
    let mut running = Box::start("never-ready");
    running.wait_within(
        |e| e.is("process-not-ready") && e.text("process") == "core",
        1,
        Duration::from_secs(45),
    );
    running.wait_for(
        |e| e.is("process-started") && e.text("process") == "core" && e.number("generation") == 2,
        1,
    );
}

#[test]
fn a_taken_address_is_named_and_nothing_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut running = Box::start_at("north", &address);
    running.wait_for(|e| e.is("refused") && e.text("reason").contains(&address), 1);
    assert_eq!(running.exit(), Some(1));
    assert!(running.seen("process-started").is_empty());
}
