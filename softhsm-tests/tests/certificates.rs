//! Wrong certificates: not let in, told to the auditor, and nobody else notices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use rustls::SupportedProtocolVersion;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use softhsm_tests::certificates::{Authority, Identity, Kind};
use softhsm_tests::client::tls;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Appliance, Client, Stage, Trouble, eventually};
use std::sync::Arc;

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

/// What a client with this certificate gets from the box: an answer, or why not.
fn ask(
    stage: &Stage,
    appliance: &Appliance,
    identity: Option<&Identity>,
    version: &'static SupportedProtocolVersion,
) -> Result<Vec<String>, Trouble> {
    let config = tls(&stage.box_ca, identity, &[version]);
    Client::connect(appliance.kmip, config)?.locate_all()
}

#[test]
fn a_certificate_that_no_bundle_has_named_is_refused_and_audited_while_others_are_served() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let mut bystander = stage.client(&appliance, "globex");
    let uid = bystander.create("k").unwrap();
    let acme = &stage.tenants["acme"];
    let stranger = Authority::new("acme CA");
    let wrong = [
        ("of an unknown CA with a known name", Some(stranger.client("client-1"))),
        ("that has expired", Some(acme.client_of("client-1", Kind::Expired))),
        ("whose time has not come", Some(acme.client_of("client-1", Kind::Early))),
        ("for servers", Some(acme.client_of("client-1", Kind::ServerOnly))),
        ("of the box's own CA", Some(stage.box_ca.client("client-1"))),
        ("of the box itself", Some(stage.box_ca.server())),
        ("that is absent", None),
    ];
    for (what, identity) in &wrong {
        for version in VERSIONS {
            let refused = ask(&stage, &appliance, identity.as_ref(), version).unwrap_err();
            assert!(matches!(refused, Trouble::Connection(_)), "a certificate {what}: {refused:?}");
            assert_eq!(bystander.get(&uid).unwrap().len(), 32, "others are served");
        }
    }
    let told = eventually("every refusal to be audited", || {
        let lines = stage.audit_lines();
        let told: Vec<_> = lines.into_iter().filter(|line| line.contains("connect")).collect();
        (told.len() >= wrong.len() * VERSIONS.len()).then_some(told)
    });
    assert!(
        told.iter().all(|line| !line.contains("tenant=acme")),
        "nobody is blamed for a stranger: {told:#?}"
    );
    for word in ["unknown", "expired"] {
        assert!(told.iter().any(|line| line.contains(word)), "{word}: {told:#?}");
    }
    assert!(stage.client(&appliance, "acme").locate_all().unwrap().is_empty());
    assert!(appliance.stop().success());
    assert!(stage.verify_audit().status.success());
}

#[test]
fn a_good_certificate_is_let_in_over_tls_1_3_and_1_2_and_older_versions_are_not_spoken() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let identity = stage.identity("acme");
    for version in VERSIONS {
        let config = tls(&stage.box_ca, Some(&identity), &[version]);
        let mut client = Client::connect(appliance.kmip, config).unwrap();
        assert!(client.locate_all().is_ok());
        assert_eq!(client.tls_version(), Some(version.version));
    }
    // TLS 1.1: a ClientHello with nothing newer in it. rustls cannot write one.
    let hello =
        [&[0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x13, 1, 0]].concat();
    let mut stream = std::net::TcpStream::connect(appliance.kmip).unwrap();
    std::io::Write::write_all(&mut stream, &hello).unwrap();
    let mut answer = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    const ALERT: u8 = 0x15;
    assert!(answer.first().is_none_or(|kind| *kind == ALERT), "{answer:02x?}");
}

#[test]
fn a_client_is_whom_its_ca_says_and_not_whom_its_certificate_claims_to_be() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let uid = stage.client(&appliance, "acme").create("k").unwrap();
    let pretender = stage.tenants["globex"].client("acme");
    let mut client = stage.client_with(&appliance, Some(&pretender)).unwrap();
    assert!(client.locate_all().unwrap().is_empty());
    assert!(client.get(&uid).is_err());
}

/// Shows one certificate and signs with the key of another.
#[derive(Debug)]
struct Thief(Arc<CertifiedKey>);

impl ResolvesClientCert for Thief {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn a_certificate_without_its_private_key_is_worth_nothing() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let (shown, signing) = (stage.identity("acme"), stage.identity("acme"));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing.key_der.clone()));
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
    let stolen = CertifiedKey::new(vec![CertificateDer::from(shown.der.clone())], key);
    for version in VERSIONS {
        let mut config = (*tls(&stage.box_ca, Some(&signing), &[version])).clone();
        config.client_auth_cert_resolver = Arc::new(Thief(Arc::new(stolen.clone())));
        let refused = Client::connect(appliance.kmip, Arc::new(config))
            .map_err(Trouble::from)
            .and_then(|mut client| client.locate_all());
        assert!(matches!(refused, Err(Trouble::Connection(_))), "{refused:?}");
    }
}
