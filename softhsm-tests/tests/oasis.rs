//! The OASIS test cases, replayed over mutual TLS against the whole box in its sandbox: in TTLV, and over HTTPS in XML and JSON.
//!
//! What the conformance statement says is passed, in memory, passes here; the comparing code is the same. Each case has a
//! service of its own, so that none sees what another left. Times in a case are its own: where it waits, the replay waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.
#![allow(clippy::print_stdout)] // Says what it found.

#[path = "../../appliance/core/tests/support/replay/mod.rs"]
mod replay;

use kmip::ttlv::Limits;
use replay::{FOLDERS, Peer, namespace, replay};
use rustls::ClientConfig;
use softhsm_tests::client::tls;
use softhsm_tests::configuration::Settings;
use softhsm_tests::https::Https;
use softhsm_tests::{Appliance, Client, Stage};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Cases at once: most of the time they wait.
const AT_ONCE: usize = 16;

/// How messages go to the box and come back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Ttlv,
    HttpsXml,
    HttpsJson,
}

/// A connection to the box, and the time of this machine.
enum Connection {
    Ttlv(Client),
    Xml(Https),
    Json(Https),
}

impl Connection {
    fn open(way: Way, appliance: &Appliance, config: Arc<ClientConfig>) -> Self {
        match way {
            Way::Ttlv => Self::Ttlv(Client::connect(appliance.kmip, config).unwrap()),
            Way::HttpsXml => Self::Xml(Https::connect(appliance.https, config).unwrap()),
            Way::HttpsJson => Self::Json(Https::connect(appliance.https, config).unwrap()),
        }
    }
}

/// Posts text; the answer's text.
fn post(https: &mut Https, kind: &str, text: &str) -> Result<String, String> {
    let answer = https.post(kind, text.as_bytes()).map_err(|error| error.to_string())?;
    String::from_utf8(answer).map_err(|error| error.to_string())
}

impl Peer for Connection {
    fn exchange(&mut self, message: &[u8]) -> Result<Vec<u8>, String> {
        const LIMITS: Limits = Limits::DEFAULT;
        match self {
            Self::Ttlv(client) => client.exchange_bytes(message).map_err(|error| error.to_string()),
            Self::Xml(https) => {
                let text = kmip::xml::from_ttlv(message, &LIMITS).map_err(|error| error.to_string())?;
                let answer = post(https, "text/xml", &text)?;
                kmip::xml::to_ttlv(&answer, &LIMITS).map(|bytes| bytes.to_vec()).map_err(|e| e.to_string())
            }
            Self::Json(https) => {
                let text = kmip::json::from_ttlv(message, &LIMITS).map_err(|error| error.to_string())?;
                let answer = post(https, "application/json", &text)?;
                kmip::json::to_ttlv(&answer, &LIMITS).map(|bytes| bytes.to_vec()).map_err(|e| e.to_string())
            }
        }
    }

    fn now(&self) -> i64 {
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
    }

    fn wait_until(&mut self, seconds: i64) {
        let missing = seconds.saturating_sub(self.now());
        std::thread::sleep(Duration::from_secs(u64::try_from(missing).unwrap_or(0)));
    }
}

/// Where the cases are: beside the tree, or in it.
fn root() -> PathBuf {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let beside = tree.join("../shared/oasis-kmip");
    if beside.is_dir() { beside } else { tree.join("kmip/tests/oasis") }
}

/// Cases by the namespace that they share, each as folder and name.
fn cases() -> BTreeMap<String, Vec<(String, String)>> {
    let mut cases = BTreeMap::<_, Vec<_>>::new();
    for folder in FOLDERS {
        let entries = std::fs::read_dir(root().join(folder)).expect("the published cases");
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        for name in names {
            cases
                .entry(format!("{folder}/{}", namespace(&name)))
                .or_default()
                .push((folder.to_owned(), name));
        }
    }
    cases
}

/// Does the conformance statement say that this case passes?
fn is_stated(statement: &str, case: &str) -> bool {
    statement.contains(&format!("| {} | passed |", case.trim_end_matches(".xml")))
}

#[test]
fn every_case_that_passes_in_memory_passes_over_tls_in_the_sandbox() {
    replay_all(Way::Ttlv);
}

#[test]
fn every_case_that_passes_in_memory_passes_over_https_in_xml() {
    replay_all(Way::HttpsXml);
}

#[test]
fn every_case_that_passes_in_memory_passes_over_https_in_json() {
    replay_all(Way::HttpsJson);
}

fn replay_all(way: Way) {
    let cases = cases();
    let names: Vec<String> = (0..cases.len()).map(|at| format!("case-{at}")).collect();
    let (stage, appliance) = Stage::with_namespaces("acme", &names, &Settings::default());
    let statement = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kmip/CONFORMANCE.md");
    let statement = std::fs::read_to_string(statement).unwrap();
    let queue = Mutex::new(names.iter().zip(&cases).collect::<Vec<_>>());
    let found = Mutex::new((0, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().pop();
                    let Some((name, (_, group))) = next else { return };
                    let identity = stage.tenants["acme"].client(name);
                    let config = tls(&stage.box_ca, Some(&identity), rustls::ALL_VERSIONS);
                    for (folder, case) in group {
                        let text = std::fs::read_to_string(root().join(folder).join(case)).unwrap();
                        let mut connection = Connection::open(way, &appliance, config.clone());
                        let outcome = replay(&text, &mut connection);
                        let mut found = found.lock().unwrap();
                        match outcome {
                            Ok(()) => found.0 += 1,
                            Err(why) => found.1.push((folder.clone(), case.clone(), why)),
                        }
                    }
                }
            });
        }
    });
    let (passed, failed) = found.into_inner().unwrap();
    for (folder, case, why) in &failed {
        println!("{folder}/{case}: {why}");
    }
    println!("passed {passed} of {}", passed + failed.len());
    let broken: Vec<_> = failed.iter().filter(|(_, case, _)| is_stated(&statement, case)).collect();
    assert!(broken.is_empty(), "pass in memory and not here: {broken:#?}");
    for process in softhsm_tests::appliance::PROCESSES {
        assert_eq!(appliance.generation(process), 1, "{process} did not die");
    }
}
