//! A configuration that is not right: the box refuses to start, names the line and says what to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::certificates::Authority;
use softhsm_tests::configuration::{Settings, private};
use softhsm_tests::{Stage, holdfast, holdfastd};
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

/// Starts the box for real and waits for its end: what it said.
fn refused(stage: &Stage, what: &str) -> String {
    let output = Command::new(holdfastd())
        .arg("--config")
        .arg(&stage.configuration)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{what}: {said}");
    assert!(!said.contains("process-started"), "{what}: nothing was started: {said}");
    said
}

/// The line on which a text stands, from 1.
fn line_of(text: &str, wanted: &str) -> usize {
    text.lines().position(|line| line.contains(wanted)).unwrap() + 1
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let stage = Stage::new(&[], &Settings::default());
    let good = fs::read_to_string(&stage.configuration).unwrap();
    let text = good.replace("segment_mib", "segment_gib");
    private(&stage.configuration, &text);
    let said = refused(&stage, "an unknown key");
    let at = format!("holdfast.toml:{}", line_of(&text, "segment_gib"));
    assert!(said.contains(&at) && said.contains("segment_gib"), "{at}: {said}");
}

#[test]
fn a_value_out_of_range_is_refused_with_its_line_and_what_may_stand_there() {
    let stage = Stage::new(&[], &Settings::default());
    let good = fs::read_to_string(&stage.configuration).unwrap();
    let text = good.replace("arena_mib = 8", "arena_mib = 1");
    private(&stage.configuration, &text);
    let said = refused(&stage, "too small an arena");
    let at = format!("holdfast.toml:{}", line_of(&text, "arena_mib"));
    assert!(said.contains(&at) && said.contains("arena_mib") && said.contains('8'), "{at}: {said}");
}

#[test]
fn files_that_others_can_read_or_change_are_refused_with_what_to_do() {
    let stage = Stage::new(&[], &Settings::default());
    for (file, mode) in [("holdfast.toml", 0o644), ("key.pem", 0o640), ("hsm/pin", 0o604)] {
        let path = stage.path(file);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let said = refused(&stage, file);
        assert!(said.contains(&path.display().to_string()) && said.contains("chmod"), "{file}: {said}");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(stage.path("audit"), Permissions::from_mode(0o777)).unwrap();
    let said = refused(&stage, "a directory for everybody");
    assert!(said.contains("audit") && said.contains("chmod"), "{said}");
}

#[test]
fn a_missing_file_is_refused_with_the_line_that_names_it() {
    for (file, key) in [
        ("chain.pem", "chain ="),
        ("key.pem", "key ="),
        ("hsm/pin", "pin_file ="),
        ("keystore", "embedded ="),
    ] {
        let stage = Stage::new(&[], &Settings::default());
        let text = fs::read_to_string(&stage.configuration).unwrap();
        let path = stage.path(file);
        fs::rename(&path, stage.path("moved")).unwrap();
        let said = refused(&stage, file);
        let at = format!("holdfast.toml:{}", line_of(&text, key));
        assert!(said.contains(&at) && said.contains(&path.display().to_string()), "{at}: {said}");
    }
}

#[test]
fn a_tls_key_that_is_not_the_certificates_stops_the_box_with_the_reason() {
    let stage = Stage::new(&[], &Settings::default());
    private(&stage.path("key.pem"), &Authority::new("another").server().key_pem);
    let mut process = Command::new(holdfastd())
        .arg("--config")
        .arg(&stage.configuration)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(process.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("the TLS key is not the one of the first certificate"));
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(told);
}

#[test]
fn the_file_that_init_writes_passes_the_check_once_what_it_names_is_there() {
    let stage = Stage::new(&[], &Settings::default());
    let etc = stage.path("etc");
    let signer = format!("alice={}", stage.governance.public_key());
    let init = Command::new(holdfast())
        .args(["init", "--cluster", "north", "--appliance", "north-1", "--signer", &signer])
        .arg(&etc)
        .output()
        .unwrap();
    assert!(init.status.success(), "{init:?}");
    let file = etc.join("holdfast.toml");
    let written = fs::read_to_string(&file).unwrap();
    // What an operator does: say where things are on this machine.
    let shown = |name: &str| stage.path(name).display().to_string();
    let own = fs::read_to_string(&stage.configuration).unwrap();
    let text = [
        ("/var/lib/holdfast/softhsm", shown("hsm/tokens")),
        ("/var/lib/holdfast", shown("")),
        ("/var/spool/holdfast", shown("")),
        ("/run/holdfast", shown("")),
        (&format!("{}/tls/", etc.display()), shown("")),
        (&format!("{}/pin", etc.display()), shown("hsm/pin")),
        (&format!("{}/softhsm2.conf", etc.display()), shown("hsm/softhsm2.conf")),
        ("token = \"holdfast\"", "token = \"stories\"".to_owned()),
        ("user = \"holdfast\"", own.lines().find(|line| line.starts_with("user")).unwrap_or("").to_owned()),
    ]
    .into_iter()
    .fold(written, |text, (there, here)| text.replace(there, here.trim_end_matches('/')));
    private(&file, &text.replace("chain.pem", "/chain.pem").replace("key.pem", "/key.pem"));
    let check = Command::new(holdfastd()).arg("--config").arg(&file).arg("--check").output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn a_pin_is_never_taken_from_the_configuration_or_shown() {
    let stage = Stage::new(&[], &Settings::default());
    let good = fs::read_to_string(&stage.configuration).unwrap();
    let secret = stage.token.pin().to_owned();
    private(
        &stage.configuration,
        &good.replace("SOFTHSM2_CONF=", &format!("HSM_PIN={secret}\", \"SOFTHSM2_CONF=")),
    );
    let said = refused(&stage, "a PIN in the environment");
    assert!(said.contains("HSM_PIN") && said.contains("pin_file"), "{said}");
    assert!(!said.contains(&secret), "{said}");
}

#[test]
fn a_wrong_configuration_is_told_by_the_check_alone_and_a_good_one_passes_it() {
    let stage = Stage::new(&[], &Settings::default());
    let check = || {
        Command::new(holdfastd()).arg("--config").arg(&stage.configuration).arg("--check").output().unwrap()
    };
    assert!(check().status.success());
    fs::remove_dir(stage.path("in")).unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("holdfast.toml:") && said.contains("create it"), "{said}");
}
