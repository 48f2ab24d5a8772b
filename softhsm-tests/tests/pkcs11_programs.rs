//! Stories of the PKCS#11 library in programs that are not ours: a C application that attacks it, Java, OpenSSH, GnuTLS.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::configuration::Settings;
use softhsm_tests::provider::{Provider, said};
use softhsm_tests::{Appliance, Stage};
use std::path::PathBuf;
use std::process::Output;

fn box_of(tenants: &[&str]) -> (Stage, Appliance, Provider) {
    let settings = Settings { arena_mib: 32, heap_mib: 128, ..Settings::default() };
    let (stage, appliance) = Stage::serving(tenants, &settings);
    let provider = Provider::new(&stage, &[&appliance], tenants);
    (stage, appliance, provider)
}

fn run(provider: &Provider, program: &str, arguments: &[&str]) -> Output {
    let mut command = provider.command(program);
    command.args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}: run .ci/packages"))
}

fn runs(provider: &Provider, program: &str, arguments: &[&str]) -> String {
    let output = run(provider, program, arguments);
    let text = said(&output);
    assert!(output.status.success(), "{program} {arguments:?}: {text}\n{}", provider.log());
    text
}

/// Compiles the C application.
fn checks(provider: &Provider) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pkcs11/checks.c");
    let program = provider.path("checks");
    let to = program.to_str().unwrap();
    let _ =
        runs(provider, "gcc", &["-Wall", "-I/usr/include/p11-kit-1", source, "-o", to, "-ldl", "-lpthread"]);
    program
}

fn checked(what: &str) {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    let program = checks(&provider);
    let module = provider.module.to_str().unwrap().to_owned();
    let output = run(&provider, program.to_str().unwrap(), &[&module, what]);
    assert!(output.status.success(), "{what}:\n{}\n{}", said(&output), provider.log());
    assert!(
        output.stdout.is_empty() && output.stderr.is_empty(),
        "the library prints nothing: {}",
        said(&output)
    );
}

#[test]
fn keys_cannot_be_read_by_wrapping_copying_loosening_or_bringing_one_that_is_known() {
    checked("attacks");
}

#[test]
fn lengths_buffers_handles_and_templates_are_judged_as_the_specification_says() {
    checked("conventions");
}

#[test]
fn a_child_of_a_fork_begins_anew_and_its_parent_goes_on() {
    checked("fork");
}

#[test]
fn sixty_four_threads_get_back_what_they_encrypted() {
    checked("threads");
}

#[test]
fn rsa_with_oaep_takes_out_what_may_leave_and_brings_it_back() {
    checked("oaep");
}

#[test]
fn keys_are_derived_with_the_steps_of_hkdf_and_the_counter_of_sp_800_108_and_disks_have_xts() {
    checked("derivations");
}

#[test]
fn ml_dsa_signs_and_what_the_appliance_has_not_is_refused_by_name() {
    checked("lattices");
}

#[test]
fn the_interfaces_of_pkcs11_3_are_listed_and_found_by_name_and_version() {
    checked("interfaces");
}

const TOKEN: [&str; 4] = ["--slot", "0", "--so-pin", "87654321"];

fn set_pins(provider: &Provider) {
    let _ = provider.tool_says(&[&TOKEN[..], &["--init-token", "--label", "vault"]].concat());
    let pin = ["--login", "--login-type", "so", "--init-pin", "--new-pin", "1234"];
    let _ = provider.tool_says(&[&TOKEN[..], &pin].concat());
}

#[test]
fn javas_keytool_keeps_keys_and_jarsigner_signs_with_them() {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    set_pins(&provider);
    provider.write("java.cfg", format!("name = Holdfast\nlibrary = {}\n", provider.module.display()));
    let store = [
        "-keystore",
        "NONE",
        "-storetype",
        "PKCS11",
        "-providerClass",
        "sun.security.pkcs11.SunPKCS11",
        "-providerArg",
        "java.cfg",
        "-storepass",
        "1234",
    ];
    for (alias, algorithm, size) in [("web", "EC", "256"), ("rsa", "RSA", "2048")] {
        let make =
            ["-genkeypair", "-alias", alias, "-keyalg", algorithm, "-keysize", size, "-dname", "CN=till"];
        let _ = runs(&provider, "keytool", &[&make[..], &store].concat());
    }
    let make = ["-genseckey", "-alias", "aes", "-keyalg", "AES", "-keysize", "256"];
    let _ = runs(&provider, "keytool", &[&make[..], &store].concat());
    let listed = runs(&provider, "keytool", &[&["-list"], &store[..]].concat());
    assert!(listed.contains("contains 3 entries"), "{listed}");
    provider.write("text", "ten thousand euro to the bakery");
    let _ = runs(&provider, "jar", &["cf", "text.jar", "text"]);
    for alias in ["web", "rsa"] {
        let _ = runs(&provider, "jarsigner", &[&store[..], &["text.jar", alias]].concat());
    }
    assert!(runs(&provider, "jarsigner", &["-verify", "text.jar"]).contains("jar verified"));
}

#[test]
fn openssh_reads_the_public_keys_and_gnutls_finds_the_objects() {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    for (id, kind) in [("02", "EC:prime256v1"), ("03", "rsa:2048")] {
        let _ = provider.tool_says(&["--keypairgen", "--key-type", kind, "--label", kind, "--id", id]);
    }
    let module = provider.module.to_str().unwrap();
    let keys = runs(&provider, "ssh-keygen", &["-D", module]);
    assert!(keys.contains("ecdsa-sha2-nistp256 ") && keys.contains("ssh-rsa "), "{keys}");
    let tokens = runs(&provider, "p11tool", &["--provider", module, "--list-tokens"]);
    assert!(tokens.contains("token=acme"), "{tokens}");
    let listed = runs(&provider, "p11tool", &["--provider", module, "--list-all", "pkcs11:token=acme"]);
    assert!(listed.contains("type=public") && listed.contains("id=%02"), "{listed}");
}
