//! `holdfast kmip` by hand against a whole box: what a person does in an afternoon, and what they cannot do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use serde_json::Value;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Appliance, Stage, holdfast};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

/// A person with a profile.
struct Person<'s> {
    stage: &'s Stage,
}

impl<'s> Person<'s> {
    fn new(stage: &'s Stage, appliance: &Appliance, tenant: &str) -> Self {
        let identity = stage.identity(tenant);
        std::fs::write(stage.path("ca.pem"), &stage.box_ca.pem).unwrap();
        std::fs::write(stage.path("client.pem"), &identity.pem).unwrap();
        std::fs::write(stage.path("client-key.pem"), &identity.key_pem).unwrap();
        std::fs::set_permissions(stage.path("client-key.pem"), Permissions::from_mode(0o600)).unwrap();
        let at = stage.path("");
        let profile = format!(
            "default = \"box\"\n[profile.box]\nservers = [\"{}\"]\nca = \"{at}ca.pem\"\n\
             certificate = \"{at}client.pem\"\nkey = \"{at}client-key.pem\"\n",
            appliance.kmip,
            at = at.display(),
        );
        std::fs::write(stage.path("kmip.toml"), profile).unwrap();
        Person { stage }
    }

    fn run(&self, input: &[u8], arguments: &[&str]) -> Output {
        let mut child = Command::new(holdfast())
            .arg("kmip")
            .arg("--config")
            .arg(self.stage.path("kmip.toml"))
            .args(arguments)
            .current_dir(self.stage.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Commands that take no input may end before it is written.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn bytes(&self, input: &[u8], arguments: &[&str]) -> Vec<u8> {
        let output = self.run(input, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
        output.stdout
    }

    fn says(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.bytes(b"", arguments)).unwrap()
    }

    fn json(&self, input: &[u8], arguments: &[&str]) -> Value {
        let output = self.bytes(input, &[arguments, &["--json"]].concat());
        serde_json::from_slice(&output).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(b"", arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stderr).unwrap()
    }
}

fn id(answer: &Value) -> String {
    answer["UniqueIdentifier"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_person_finds_their_way_around_a_box_with_the_command_line() {
    let (stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let person = Person::new(&stage, &appliance, "acme");

    let versions = person.says(&["discover"]);
    assert!(versions.contains("2.1\n") && versions.contains("1.0\n"), "{versions}");
    let can = person.json(b"", &["query"]);
    assert!(can["Operation"].as_array().unwrap().contains(&"Encrypt".into()), "{can}");
    let newer = person.json(b"", &["--speak", "2.1", "query", "QueryOperations"]);
    assert!(newer["Operation"].as_array().unwrap().contains(&"SetAttribute".into()), "{newer}");

    // A symmetric key, from Create to nothing.
    let key = id(&person.json(b"", &["create", "--name", "first", "--attribute", "x-purpose=a story"]));
    assert!(person.refused(&["encrypt", &key, "--mode", "GCM", "--random-iv"]).contains("refused"));
    person.says(&["activate", &key]);
    assert_eq!(person.says(&["locate", "--name", "first"]), format!("{key}\n"));
    assert_eq!(
        person.says(&["locate", "--attribute", "x-purpose=a story", "-a", "State=Active"]),
        format!("{key}\n")
    );
    let shown = person.says(&["attributes", "get", &key]);
    assert!(shown.contains("Cryptographic Length: 256\n") && shown.contains("State: Active\n"), "{shown}");
    assert!(shown.contains("x-purpose: a story\n"), "{shown}");
    let sealed = person.json(
        b"ten thousand euro",
        &["encrypt", &key, "--mode", "GCM", "--random-iv", "--tag-length", "16", "--out", "sealed.bin"],
    );
    let (iv, tag) = (sealed["iv"].as_str().unwrap(), sealed["tag"].as_str().unwrap());
    let open = ["decrypt", &key, "--mode", "GCM", "--iv", iv, "--tag", tag, "--in", "sealed.bin"];
    assert_eq!(person.bytes(b"", &[&open[..], &["--out", "-"]].concat()), b"ten thousand euro");
    let hidden = person.says(&open);
    assert!(hidden.contains("not shown") && !hidden.contains("ten thousand"), "{hidden}");

    // Key material shows itself only where it is asked to.
    person.says(&["get", &key, "--out", "key.bin"]);
    let material = std::fs::read(stage.path("key.bin")).unwrap();
    assert_eq!(material.len(), 32);
    assert_eq!(std::fs::metadata(stage.path("key.bin")).unwrap().permissions().mode() & 0o777, 0o600);
    let hex: String = material.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!person.says(&["get", &key]).contains(&hex));
    assert!(!person.says(&["get", &key, "--json"]).contains(&hex));
    assert!(person.says(&["get", &key, "--show-secrets"]).contains(&hex));
    assert!(!person.run(b"", &["get", &key, "--out", "key.bin"]).status.success(), "nothing is written over");

    person.says(&["attributes", "modify", &key, "x-purpose=another"]);
    assert!(person.says(&["attributes", "get", &key, "x-purpose"]).contains("another"));
    person.says(&["attributes", "delete", &key, "x-purpose"]);
    assert!(!person.says(&["attributes", "list", &key]).contains("x-purpose"));
    let next = id(&person.json(b"", &["re-key", &key]));
    assert_ne!(next, key);
    person.says(&["revoke", &key, &next, "--reason", "Superseded"]);
    person.says(&["destroy", &key, &next]);
    assert!(person.refused(&["get", &key]).contains("refused"));

    // What comes from outside comes from a file or standard input.
    let same = id(&person.json(&material, &["register", "--type", "SymmetricKey", "--name", "mine"]));
    assert_eq!(person.bytes(b"", &["get", &same, "--out", "-"]), material);
    let secret = id(&person.json(b"open sesame", &["register", "--type", "secret-data"]));
    assert_eq!(person.bytes(b"", &["get", &secret, "--out", "-"]), b"open sesame");

    // A key pair signs, and what it signed is verified, or not.
    let pair =
        person.json(b"", &["create-key-pair", "--name", "web", "--algorithm", "RSA", "--length", "2048"]);
    let (private, public) = (
        pair["PrivateKeyUniqueIdentifier"].as_str().unwrap(),
        pair["PublicKeyUniqueIdentifier"].as_str().unwrap(),
    );
    person.says(&["activate", private, public]);
    let how = ["--padding", "PKCS1v15", "--hash", "SHA_256", "--algorithm", "RSA"];
    person.bytes(b"a contract", &[&["sign", private, "--out", "signature"], &how[..]].concat());
    let verify = [&["verify", public, "--signature", "signature"], &how[..]].concat();
    assert!(String::from_utf8(person.bytes(b"a contract", &verify)).unwrap().contains("Valid"));
    assert_eq!(person.run(b"another one", &verify).status.code(), Some(1));

    let hash = person.json(b"abc", &["hash", "--hash", "sha-256"]);
    assert_eq!(hash["hash"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(person.bytes(b"", &["random", "64", "--out", "-"]).len(), 64);

    // Any request, in any encoding.
    let xml = b"<RequestMessage><RequestHeader><ProtocolVersion>\
        <ProtocolVersionMajor type=\"Integer\" value=\"1\"/><ProtocolVersionMinor type=\"Integer\" value=\"2\"/>\
        </ProtocolVersion><BatchCount type=\"Integer\" value=\"1\"/></RequestHeader><BatchItem>\
        <Operation type=\"Enumeration\" value=\"Query\"/><RequestPayload>\
        <QueryFunction type=\"Enumeration\" value=\"QueryObjects\"/></RequestPayload></BatchItem></RequestMessage>";
    let answer = String::from_utf8(person.bytes(xml, &["raw", "-", "--as", "xml"])).unwrap();
    assert!(answer.contains("<ObjectType type=\"Enumeration\" value=\"SymmetricKey\"/>"), "{answer}");
    let json = person.bytes(xml, &["raw", "-", "--dry-run", "--as", "json"]);
    let answer = String::from_utf8(person.bytes(&json, &["raw", "-"])).unwrap();
    assert!(answer.contains("ObjectType: SymmetricKey"), "{answer}");

    // A client on the same host comes in through a socket, with the same certificate and to the same keys.
    let socket = format!("unix:{}", stage.path("kmip.sock").display());
    let near = ["--server", &socket, "--server-name", "localhost"];
    assert_eq!(person.bytes(b"", &[&near[..], &["get", &same, "--out", "-"]].concat()), material);

    // Another tenant's person sees none of it.
    let other = Person::new(&stage, &appliance, "globex");
    assert_eq!(other.says(&["locate"]), "");
    assert!(other.refused(&["get", &same]).contains("ItemNotFound"));

    // A private key that others may read is not used, and an empty house is told from a closed door.
    std::fs::set_permissions(stage.path("client-key.pem"), Permissions::from_mode(0o644)).unwrap();
    let output = other.run(b"", &["locate"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("chmod 600"));
    std::fs::set_permissions(stage.path("client-key.pem"), Permissions::from_mode(0o600)).unwrap();
    assert!(appliance.stop().success());
    let output = other.run(b"", &["locate"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no server reached"));
}
