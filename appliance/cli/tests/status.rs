//! `holdfast status` against a listener that answers as a box does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use holdfast_model::role::{Instance, Role};
use holdfast_model::status::{
    BoxStatus, CoreStatus, HsmState, HsmStatus, OperationCount, ProcessStatus, TenantState, TenantStatus,
};
use holdfast_model::{Generation, HsmName, Sequence, TenantId, Timestamp};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn healthy() -> BoxStatus {
    let at = Timestamp::from_seconds(1_800_000_000);
    let started = Timestamp::from_seconds(1_800_000_000 - 7_380);
    let operation = OperationCount {
        operation: "Encrypt".to_owned(),
        succeeded: 40,
        failed: 2,
        latency_buckets: [0; 13],
        latency_sum_us: 420,
    };
    let tenant = |name, state, operations| TenantStatus {
        tenant: TenantId::parse(name).unwrap(),
        state,
        hsm: HsmName::parse("hsm-1").ok(),
        services: 3,
        operations,
    };
    let process = |role| ProcessStatus {
        instance: Instance::of(role),
        pid: Some(4711),
        generation: Generation(1),
        started,
        ready: true,
    };
    BoxStatus {
        at,
        started,
        processes: vec![process(Role::Core), process(Role::Frontend)],
        core: Some(CoreStatus {
            tenants: vec![
                tenant("acme", TenantState::Unsealed, vec![operation]),
                tenant("globex", TenantState::Sealed, vec![]),
            ],
            hsms: vec![HsmStatus {
                hsm: HsmName::parse("hsm-1").unwrap(),
                state: HsmState::Healthy,
                since: at,
            }],
            bundle_sequence: Sequence(7),
            secret_memory: "memfd-secret".to_owned(),
            audit_ready: true,
        }),
    }
}

fn answer(stream: impl Read + Write, body: &[u8]) {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    assert_eq!(first, "GET /status HTTP/1.1\r\n");
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    let mut stream = reader.into_inner();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    stream.write_all(body).unwrap();
}

fn holdfast() -> Command {
    Command::new(env!("CARGO_BIN_EXE_holdfast"))
}

/// Asks a box that is as given.
fn asks(status: &BoxStatus, more: &[&str]) -> Output {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let body = serde_json::to_vec(status).unwrap();
    let box_ = std::thread::spawn(move || answer(listener.accept().unwrap().0, &body));
    let output = holdfast().args(["status", "--url", &url]).args(more).output().unwrap();
    box_.join().unwrap();
    output
}

#[test]
fn a_healthy_box_is_shown_as_a_table() {
    let output = asks(&healthy(), &[]);
    assert_eq!(output.status.code(), Some(0));
    let expected = "\
healthy, up 2h 3m at 2027-01-15T08:00:00.000Z
bundle sequence 7, secret memory memfd-secret, audit log takes records

PROCESS   PID   STARTS  UP     STATE
core      4711  1       2h 3m  serving
frontend  4711  1       2h 3m  serving

HSM    STATE    SEEN
hsm-1  healthy  0s ago

TENANT  STATE     HSM    SERVICES  DONE  REFUSED  MEAN
acme    unsealed  hsm-1  3         40    2        10 us
globex  sealed    hsm-1  3         0     0        -
";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn something_wrong_is_exit_code_1_and_stands_out() {
    let core = |change: fn(&mut CoreStatus)| {
        let mut status = healthy();
        change(status.core.as_mut().unwrap());
        status
    };
    let mut down = healthy();
    (down.processes[1].pid, down.processes[1].ready) = (None, false);
    for (status, words) in [
        (core(|core| core.audit_ready = false), "TAKES NO RECORDS"),
        (core(|core| core.hsms[0].state = HsmState::Failing), "FAILING"),
        (down, "DOWN"),
        (BoxStatus { core: None, ..healthy() }, "core is away"),
    ] {
        let output = asks(&status, &[]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.starts_with("NOT HEALTHY") && text.contains(words), "{text}");
    }
}

#[test]
fn json_is_the_status_as_the_box_gave_it() {
    let output = asks(&healthy(), &["--json"]);
    assert_eq!(serde_json::from_slice::<BoxStatus>(&output.stdout).unwrap(), healthy());
}

#[test]
fn a_unix_socket_is_asked_the_same_way() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ops");
    let listener = UnixListener::bind(&path).unwrap();
    let body = serde_json::to_vec(&healthy()).unwrap();
    let box_ = std::thread::spawn(move || answer(listener.accept().unwrap().0, &body));
    let output = holdfast().arg("status").arg("--socket").arg(&path).output().unwrap();
    box_.join().unwrap();
    assert!(output.status.success());
}

#[test]
fn a_box_that_does_not_answer_is_exit_code_2_with_what_to_do() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let output = holdfast().args(["status", "--url", &url]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Is holdfastd running"));
    let output = holdfast().args(["status", "--url", "https://example"]).output().unwrap();
    assert!(
        output.status.code() == Some(2)
            && String::from_utf8(output.stderr).unwrap().contains("http://HOST:PORT")
    );
}

#[test]
fn watching_asks_again_and_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut watcher =
        holdfast().args(["status", "--watch", "1", "--url", &url]).stdout(Stdio::piped()).spawn().unwrap();
    let body = serde_json::to_vec(&healthy()).unwrap();
    for _ in 0..2 {
        answer(listener.accept().unwrap().0, &body);
    }
    std::thread::sleep(Duration::from_millis(100));
    watcher.kill().unwrap();
    let output = watcher.wait_with_output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().matches("healthy, up").count() >= 1);
}
