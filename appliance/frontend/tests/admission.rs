//! Who is let in, who is not and what each hears; what happens when the rules change.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test ends at its first surprise.

mod support;

use holdfast_model::trust::Realm;
use holdfast_ports::edge::Rejection;
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use support::pki::{Ca, Issued, client_params};
use support::{House, Tls, eventually, exchange, last_words, message};

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

/// What a client hears that is refused: in TLS 1.3 it hears it only after its own handshake is done.
fn refusal(house: &House, issued: &Issued, version: &'static rustls::SupportedProtocolVersion) -> String {
    let outcome = house.connect(house.pki.client_with(issued, &[version])).and_then(|mut tls: Tls| {
        tls.write_all(&message(1, 8))?;
        tls.read(&mut [0; 8])
    });
    outcome.expect_err("refused").to_string()
}

fn reported(house: &House, why: Rejection, times: usize) {
    eventually("the refusal is reported", || {
        house.core.seen.lock().unwrap().rejections.iter().filter(|r| **r == why).count() == times
    });
}

#[test]
fn a_client_of_an_unknown_ca_is_refused_with_unknown_ca_and_reported() {
    let house = House::echoing();
    let stranger = Ca::new("Stranger CA").issue(&client_params("db-1"));
    for version in VERSIONS {
        assert!(refusal(&house, &stranger, version).contains("UnknownCA"));
    }
    reported(&house, Rejection::UnknownIssuer, 2);
    assert!(house.core.seen.lock().unwrap().opened.is_empty(), "core never saw it");
}

#[test]
fn an_expired_client_is_refused_with_certificate_expired_and_reported() {
    let house = House::echoing();
    let mut params = client_params("db-1");
    params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    let expired = house.pki.acme.issue(&params);
    for version in VERSIONS {
        assert!(refusal(&house, &expired, version).contains("CertificateExpired"));
    }
    reported(&house, Rejection::Expired, 2);
}

#[test]
fn a_client_that_no_rule_names_is_refused_with_access_denied_and_reported() {
    let house = House::echoing();
    let mut rule = house.pki.acme.rule("acme");
    rule.common_names = vec!["another".to_owned()];
    house.core.trust(vec![rule, house.pki.globex.rule("globex")]);
    let nobody = house.pki.acme.issue(&client_params("db-1"));
    eventually("the rule is in force", || refusal(&house, &nobody, VERSIONS[0]).contains("AccessDenied"));
    eventually("reported", || house.core.seen.lock().unwrap().rejections.contains(&Rejection::NoRule));
    exchange(&mut house.connect(house.pki.client("globex")).unwrap(), &message(1, 8)).unwrap();
}

#[test]
fn a_client_without_a_certificate_is_refused_with_certificate_required_and_reported() {
    let house = House::echoing();
    let outcome = house.connect(house.pki.nobody()).and_then(|mut tls| tls.read(&mut [0; 8]));
    assert!(outcome.unwrap_err().to_string().contains("CertificateRequired"));
    reported(&house, Rejection::NoCertificate, 1);
}

#[test]
fn the_names_of_tenants_cas_are_not_given_away() {
    let house = House::echoing();
    let said = openssl(&house, &["-tls1_2"], None);
    assert!(said.contains("No client certificate CA names sent"), "{said}");
    assert!(!said.contains("Acme CA"));
}

#[test]
fn a_session_is_never_resumed_so_every_connection_shows_its_certificate() {
    let house = House::echoing();
    let config = house.pki.client("acme");
    for _ in 0..3 {
        let mut tls = house.connect(config.clone()).unwrap();
        exchange(&mut tls, &message(1, 8)).unwrap();
        assert_eq!(tls.conn.handshake_kind(), Some(rustls::HandshakeKind::Full));
    }
}

#[test]
fn openssl_is_served_over_tls_1_3_and_1_2_and_refused_without_or_with_a_strangers_certificate() {
    let house = House::echoing();
    let ours = house.pki.acme.issue(&client_params("db-1"));
    let stranger = Ca::new("Acme CA").issue(&client_params("db-1"));
    for version in ["-tls1_3", "-tls1_2"] {
        let said = openssl(&house, &[version], Some(&ours));
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        assert!(said.contains("KMIPKMIP"), "the request came back: {said}");
        for shown in [None, Some(&stranger)] {
            let said = openssl(&house, &[version], shown);
            assert!(said.contains("alert"), "{said}");
            assert!(!said.contains("KMIPKMIP"), "{said}");
        }
    }
    let said = openssl(&house, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"], Some(&ours));
    assert!(said.contains("alert") && said.contains("(NONE)"), "{said}");
}

/// Runs OpenSSL's client, which sends one request and waits for the answer.
fn openssl(house: &House, more: &[&str], shown: Option<&Issued>) -> String {
    use std::process::{Command, Stdio};
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let pem = |label: &str, der: &[u8]| {
        use std::fmt::Write as _;
        let mut text = format!("-----BEGIN {label}-----\n");
        for line in base64(der).as_bytes().chunks(64) {
            writeln!(text, "{}", str::from_utf8(line).unwrap()).unwrap();
        }
        text + &format!("-----END {label}-----\n")
    };
    std::fs::write(path("ca"), pem("CERTIFICATE", &house.pki.box_ca.der)).unwrap();
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &house.kmip.to_string(), "-servername", "holdfast.test"]);
    command.arg("-CAfile").arg(path("ca")).args(["-ign_eof", "-nbio"]).args(more);
    if let Some(issued) = shown {
        std::fs::write(path("cert"), pem("CERTIFICATE", &issued.der)).unwrap();
        std::fs::write(path("key"), issued.key.serialize_pem()).unwrap();
        command.arg("-cert").arg(path("cert")).arg("-key").arg(path("key"));
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this test needs the openssl program");
    let mut request = message(0, 16);
    request[8..].copy_from_slice(b"KMIPKMIPKMIPKMIP");
    // It may have been refused, and be gone.
    let _ = child.stdin.as_mut().unwrap().write_all(&request);
    let mut said = Vec::new();
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(bytes @ 1..) = out.read(&mut piece) {
            said.extend_from_slice(&piece[..bytes]);
            if said.windows(8).any(|w| w == b"KMIPKMIP") {
                break;
            }
        }
        said
    });
    let start = Instant::now();
    while !reader.is_finished() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let mut said = String::from_utf8_lossy(&reader.join().unwrap()).into_owned();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    said
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = ALPHABET[(word >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[test]
fn a_client_that_newer_rules_do_not_name_is_closed_and_others_are_not() {
    let house = House::echoing();
    let (mut acme, mut globex) = (house.acme(), house.connect(house.pki.client("globex")).unwrap());
    exchange(&mut acme, &message(1, 8)).unwrap();
    exchange(&mut globex, &message(1, 8)).unwrap();
    house.core.trust(vec![house.pki.globex.rule("globex")]);
    let (said, outcome) = last_words(&mut acme);
    outcome.unwrap();
    assert!(said.is_empty());
    exchange(&mut globex, &message(1, 8)).unwrap();
    assert!(
        house.connect(house.pki.client("acme")).and_then(|mut t| exchange(&mut t, &message(1, 8))).is_err()
    );
}

#[test]
fn a_client_that_newer_rules_make_somebody_else_is_closed_too() {
    let house = House::echoing();
    let mut acme = house.acme();
    exchange(&mut acme, &message(1, 8)).unwrap();
    house.core.trust(vec![house.pki.acme.rule("globex")]);
    last_words(&mut acme).1.unwrap();
    exchange(&mut house.acme(), &message(1, 8)).unwrap();
    let lane = house.core.seen.lock().unwrap().opened.last().unwrap().0;
    assert_eq!(lane, holdfast_ports::front::lane_of(&holdfast_model::TenantId::parse("globex").unwrap(), 2));
}

#[test]
fn an_open_connection_ends_with_its_certificate() {
    let house = House::echoing();
    let mut params = client_params("db-1");
    params.not_after = std::time::SystemTime::now().checked_add(Duration::from_secs(3)).unwrap().into();
    let issued = house.pki.acme.issue(&params);
    let mut tls = house.connect(house.pki.client_with(&issued, rustls::DEFAULT_VERSIONS)).unwrap();
    exchange(&mut tls, &message(1, 8)).unwrap();
    let start = Instant::now();
    last_words(&mut tls).1.unwrap();
    assert!(start.elapsed() < Duration::from_secs(6));
    assert!(exchange(&mut tls, &message(1, 8)).is_err());
}

#[test]
fn under_a_shared_ca_a_client_is_its_own_tenants_alone() {
    let house = House::echoing();
    let shared = Ca::new("Shared CA");
    let mut rule = shared.rule("acme");
    rule.realm = Realm::Shared;
    house.core.trust(vec![rule]);
    let mut params = client_params("db-1");
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "globex");
    let foreign = shared.issue(&params);
    eventually("the rule is in force", || refusal(&house, &foreign, VERSIONS[0]).contains("AccessDenied"));
    let mut params = client_params("db-1");
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "acme");
    let ours = house.pki.client_with(&shared.issue(&params), rustls::DEFAULT_VERSIONS);
    exchange(&mut house.connect(ours).unwrap(), &message(1, 8)).unwrap();
}

#[test]
fn a_flood_of_strangers_is_counted_in_full_and_reported_in_part() {
    let house = House::echoing();
    let stranger = Ca::new("Stranger CA").issue(&client_params("db-1"));
    for _ in 0..100 {
        refusal(&house, &stranger, VERSIONS[0]);
    }
    eventually("all are counted", || {
        house.get("/metrics").contains("clients_rejected_total{reason=\"unknown-issuer\"} 100")
    });
    let reported = house.core.seen.lock().unwrap().rejections.len();
    assert!((1..=60).contains(&reported), "{reported} of 100 within a second or two");
}

#[test]
fn a_core_that_does_not_sign_fails_handshakes_at_once_and_clients_already_there_are_served() {
    let house = House::echoing();
    let mut there = house.acme();
    exchange(&mut there, &message(1, 8)).unwrap();
    house.core.stop_signing();
    let start = Instant::now();
    for _ in 0..10 {
        assert!(house.connect(house.pki.client("acme")).and_then(|mut t| t.read(&mut [0; 8])).is_err());
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    exchange(&mut there, &message(1, 8)).unwrap();
}
