//! Stories of the PKCS#11 library with OpenSC's `pkcs11-tool`, which is not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::configuration::Settings;
use softhsm_tests::provider::{Provider, said};
use softhsm_tests::{Appliance, Stage};
use std::process::Command;

fn box_of(tenants: &[&str]) -> (Stage, Appliance, Provider) {
    let settings = Settings { arena_mib: 32, heap_mib: 128, ..Settings::default() };
    let (stage, appliance) = Stage::serving(tenants, &settings);
    let provider = Provider::new(&stage, &[&appliance], tenants);
    (stage, appliance, provider)
}

fn slot_of<'a>(slot: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--slot", slot], arguments].concat()
}

#[test]
fn every_tenant_is_a_slot_and_sees_nothing_of_the_other() {
    let (_stage, _appliance, provider) = box_of(&["acme", "globex"]);
    let slots = provider.tool_says(&["--list-slots"]);
    assert!(
        slots.contains("token label        : acme") && slots.contains("token label        : globex"),
        "{slots}"
    );
    assert!(provider.tool_says(&["--show-info"]).contains("Cryptoki version 3.2"));
    let _ = provider
        .tool_says(&slot_of("0", &["--keygen", "--key-type", "aes:32", "--label", "ledger", "--id", "01"]));
    let mine = provider.tool_says(&slot_of("0", &["--list-objects"]));
    let theirs = provider.tool_says(&slot_of("1", &["--list-objects"]));
    assert!(mine.contains("ledger") && !theirs.contains("ledger"), "{mine}{theirs}");
    let said = said(&provider.tool(&slot_of("0", &["--list-mechanisms"])));
    assert!(said.contains("AES-GCM") && said.contains("ECDSA") && !said.contains("RSA-X-509"), "{said}");
}

#[test]
fn keys_of_every_kind_are_made_used_and_destroyed_and_openssl_believes_the_signatures() {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    provider.write("text", "ten thousand euro to the bakery");
    for (id, kind, mechanism, hash) in [
        ("02", "EC:prime256v1", "ECDSA-SHA256", "-sha256"),
        ("03", "EC:secp384r1", "ECDSA-SHA384", "-sha384"),
        ("04", "rsa:2048", "SHA256-RSA-PKCS", "-sha256"),
    ] {
        let _ = provider.tool_says(&["--keypairgen", "--key-type", kind, "--label", kind, "--id", id]);
        let mut sign = vec!["--sign", "--mechanism", mechanism, "--id", id, "-i", "text", "-o", "signature"];
        if kind.starts_with("EC") {
            sign.extend(["--signature-format", "openssl"]);
        }
        let _ = provider.tool_says(&sign);
        // pkcs11-tool cannot write a public key on P-384.
        if kind != "EC:secp384r1" {
            let _ = provider.tool_says(&["--read-object", "--type", "pubkey", "--id", id, "-o", "public"]);
            let verify =
                ["dgst", hash, "-keyform", "DER", "-verify", "public", "-signature", "signature", "text"];
            let output =
                Command::new("openssl").args(verify).current_dir(provider.path("")).output().unwrap();
            assert!(output.status.success(), "{kind}: {}", said(&output));
        }
        let mut check = sign.clone();
        check[0] = "--verify";
        let at = check.iter().position(|word| *word == "-o").unwrap();
        check[at] = "--signature-file";
        assert!(provider.tool_says(&check).contains("Signature is valid"), "{kind}");
    }
    let _ = provider.tool_says(&["--keygen", "--key-type", "aes:32", "--label", "ledger", "--id", "01"]);
    let iv = "000102030405060708090a0b0c0d0e0f";
    let cbc = ["--mechanism", "AES-CBC-PAD", "--iv", iv, "--id", "01"];
    let _ = provider.tool_says(&[&["--encrypt", "-i", "text", "-o", "sealed"], &cbc[..]].concat());
    assert_ne!(provider.read("sealed"), provider.read("text"));
    let _ = provider.tool_says(&[&["--decrypt", "-i", "sealed", "-o", "opened"], &cbc[..]].concat());
    assert_eq!(provider.read("opened"), provider.read("text"));
    let _ = provider.tool_says(&["--delete-object", "--type", "secrkey", "--id", "01"]);
    assert!(!provider.tool_says(&["--list-objects", "--type", "secrkey"]).contains("ledger"));
}

#[test]
fn pkcs11_tools_own_test_finds_no_error() {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    for (id, kind) in [("02", "EC:prime256v1"), ("03", "rsa:2048")] {
        let _ = provider.tool_says(&["--keypairgen", "--key-type", kind, "--label", kind, "--id", id]);
    }
    let said = provider.tool_says(&["--test"]);
    assert!(said.contains("No errors"), "{said}");
}

#[test]
fn a_pin_is_checked_by_the_appliance_and_private_keys_are_seen_behind_it_alone() {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    let _ = provider.tool_says(&["--slot", "0", "--init-token", "--label", "vault", "--so-pin", "87654321"]);
    let so = ["--login", "--login-type", "so", "--so-pin", "87654321"];
    let _ = provider.tool_says(&[&so[..], &["--init-pin", "--new-pin", "1234"]].concat());
    assert!(provider.tool_says(&["--list-slots"]).contains("login required"));
    let wrong = provider.tool(&["--login", "--pin", "9999", "--list-objects"]);
    assert!(said(&wrong).contains("CKR_PIN_INCORRECT"), "{}", said(&wrong));
    let user = ["--login", "--pin", "1234"];
    let make = ["--keypairgen", "--key-type", "EC:prime256v1", "--label", "till", "--id", "07"];
    let _ = provider.tool_says(&[&user[..], &make[..]].concat());
    let seen = provider.tool_says(&["--list-objects"]);
    assert!(seen.contains("Public Key Object") && !seen.contains("Private Key Object"), "{seen}");
    let seen = provider.tool_says(&[&user[..], &["--list-objects"]].concat());
    assert!(seen.contains("Private Key Object"), "{seen}");
}

#[test]
fn what_was_made_over_kmip_is_found_by_its_name_as_a_label_and_once() {
    let (stage, appliance, provider) = box_of(&["acme"]);
    let mut client = stage.client(&appliance, "acme");
    let _ = client.create("invoices").unwrap();
    let _ = provider.tool_says(&["--keygen", "--key-type", "aes:32", "--label", "ledger", "--id", "01"]);
    for label in ["invoices", "ledger"] {
        let _ = provider.tool_says(&["--delete-object", "--type", "secrkey", "--label", label]);
        let again = provider.tool(&["--delete-object", "--type", "secrkey", "--label", label]);
        assert!(said(&again).contains("not found"), "{label}: {}", said(&again));
    }
    assert!(client.locate("invoices").unwrap().is_empty());
}

#[test]
fn the_library_exports_the_functions_of_pkcs11_and_nothing_else() {
    let (_stage, _appliance, provider) = box_of(&["acme"]);
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(&provider.module).output().unwrap();
    let text = said(&output);
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert!(names.len() > 90, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("C_")), "{names:?}");
}

#[test]
fn an_appliance_that_does_not_answer_is_passed_over_and_one_that_comes_back_is_used_again() {
    let (stage, appliance, provider) = box_of(&["acme"]);
    let text = String::from_utf8(provider.read("holdfast-pkcs11.toml")).unwrap();
    // Nobody listens on the port of discard here.
    provider.write("holdfast-pkcs11.toml", text.replace("servers = [", "servers = [\"127.0.0.1:9\", "));
    let _ = provider.tool_says(&["--keygen", "--key-type", "aes:32", "--label", "ledger", "--id", "01"]);
    assert!(provider.log().contains("connect: 127.0.0.1:9"), "{}", provider.log());
    let _ = appliance.stop();
    let output = provider.tool(&["--list-objects"]);
    assert!(said(&output).contains("CKR_DEVICE_ERROR"), "{}", said(&output));
    let again = Appliance::start(&stage.configuration);
    provider.write(
        "holdfast-pkcs11.toml",
        text.replace("servers = [", &format!("servers = [\"{}\", ", again.kmip)),
    );
    assert!(provider.tool_says(&["--list-objects"]).contains("ledger"), "what was acknowledged is there");
}
