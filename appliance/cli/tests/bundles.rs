//! Bundles on the command line, as people use it: every command is the real program, every assertion on its output.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// A directory where a person works.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        for name in ["alice", "bob"] {
            desk.does(&["bundle", "keygen", "--name", name, "--out", &format!("{name}.pem")]);
        }
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn says(&self, arguments: &[&str]) -> Said {
        let program = env!("CARGO_BIN_EXE_holdfast");
        let output = Command::new(program).args(arguments).current_dir(self.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A command that must succeed.
    fn does(&self, arguments: &[&str]) -> Said {
        let said = self.says(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {}{}", said.out, said.err);
        said
    }

    /// A draft, made by the program and edited as its comments say.
    fn draft(&self, name: &str, more: &[&str], uncomment: &[&str]) {
        let mut arguments = vec!["bundle", "new", "--out", name];
        arguments.extend_from_slice(more);
        self.does(&arguments);
        let text = std::fs::read_to_string(self.path().join(name)).unwrap();
        let edited: Vec<String> = text
            .split("\n\n")
            .map(|part| {
                let wanted = uncomment.iter().any(|kind| part.contains(&format!("type = \"{kind}\"")));
                let edit = |line: &str| match line.strip_prefix("# ") {
                    Some(code)
                        if wanted
                            && (code.starts_with('[') || code.contains(" = "))
                            && !code.starts_with("shared") =>
                    {
                        code.to_owned()
                    }
                    _ => line.to_owned(),
                };
                part.lines().map(edit).collect::<Vec<_>>().join("\n")
            })
            .collect();
        std::fs::write(self.path().join(name), edited.join("\n\n")).unwrap();
    }

    /// first.bundle, by alice.
    fn first(&self) {
        self.draft("first.toml", &AUDIENCE, &["tenant.define", "l1.link", "service.define"]);
        self.does(&["bundle", "sign", "--key", "alice=alice.pem", "first.toml", "first.bundle"]);
    }

    fn verify(&self, more: &[&str]) -> Said {
        let mut arguments =
            vec!["bundle", "verify", "--signer", "alice=alice.pub", "--signer", "bob=bob.pub"];
        arguments.extend_from_slice(&AUDIENCE);
        arguments.extend_from_slice(more);
        self.says(&arguments)
    }
}

const AUDIENCE: [&str; 4] = ["--cluster", "north", "--appliance", "north-1"];

#[test]
fn a_draft_is_made_edited_signed_by_two_shown_and_verified() {
    let desk = Desk::new();
    desk.first();
    let shown = desk.does(&["bundle", "show", "first.bundle"]);
    for words in [
        "for        cluster north, north-1",
        "sequence   1 in lane 2",
        "signed by  alice (as claimed; not checked here)",
        "tenant.define    there is a tenant acme (Acme Ltd)  [define-acme]",
        "l1.link          the root key of acme is \"acme-root\" in HSM hsm-1  [link-acme]",
        "service.define   acme has a service db  [acme-db]",
    ] {
        assert!(shown.out.contains(words), "{words:?} in\n{}", shown.out);
    }
    let verified = desk.verify(&["first.bundle"]);
    assert_eq!(verified.code, 0, "{}", verified.err);
    assert!(verified.out.starts_with("good: north north-1 would take it\n"), "{}", verified.out);

    let one = desk.verify(&["--needed", "2", "first.bundle"]);
    assert_eq!(one.code, 1);
    assert!(
        one.err.contains("refused (not-enough-signers): signed by 1 of the 2 signers needed"),
        "{}",
        one.err
    );
    desk.does(&["bundle", "sign", "--key", "bob=bob.pem", "first.bundle", "both.bundle"]);
    assert_eq!(desk.verify(&["--needed", "2", "both.bundle"]).code, 0);
    let digest = |file| desk.does(&["--json", "bundle", "show", file]).json()["digest"].clone();
    assert_eq!(digest("first.bundle"), digest("both.bundle"), "a second signature changes no digest");
}

#[test]
fn the_next_bundle_takes_its_place_from_the_one_before() {
    let desk = Desk::new();
    desk.first();
    desk.draft("cut.toml", &["--after", "first.bundle", "--lane", "0"], &["l1.unlink"]);
    desk.does(&["bundle", "sign", "--key", "alice=alice.pem", "cut.toml", "cut.bundle"]);
    let said = desk.verify(&["--json", "--after", "first.bundle", "cut.bundle"]).json();
    assert_eq!((said["good"].as_bool(), said["chain_checked"].as_bool()), (Some(true), Some(true)));
    assert_eq!(said["header"]["sequence"], 2);
    assert_eq!(said["header"]["lane"], 0);
    let again = desk.verify(&["--after", "cut.bundle", "cut.bundle"]);
    assert!(again.code == 1 && again.err.contains("refused (replayed)"), "{}", again.err);
    let back = desk.verify(&["--after", "cut.bundle", "first.bundle"]);
    assert!(back.code == 1 && back.err.contains("refused (stale)"), "{}", back.err);
}

#[test]
fn a_refusal_has_its_word_and_exit_code_1() {
    let desk = Desk::new();
    desk.first();
    let mut bytes = std::fs::read(desk.path().join("first.bundle")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(desk.path().join("forged.bundle"), &bytes).unwrap();
    std::fs::write(desk.path().join("rubbish.bundle"), b"hello").unwrap();
    for (arguments, word) in [
        (&["forged.bundle"][..], "forged"),
        (&["rubbish.bundle"], "malformed"),
        (&["--at", "2099-01-01T00:00:00Z", "first.bundle"], "expired"),
        (&["--at", "1999-01-01T00:00:00Z", "first.bundle"], "not-yet-valid"),
    ] {
        let said = desk.verify(&[&["--json"], arguments].concat());
        assert_eq!((said.code, said.json()["error"].as_str()), (1, Some(word)), "{}", said.err);
    }
    let other = desk.says(&[
        "bundle",
        "verify",
        "--signer",
        "alice=alice.pub",
        "--cluster",
        "north",
        "--appliance",
        "south-1",
        "first.bundle",
    ]);
    assert!(other.code == 1 && other.err.contains("refused (another-box)"), "{}", other.err);
    let stranger = desk.says(&[
        "bundle",
        "verify",
        "--signer",
        "bob=bob.pub",
        "--cluster",
        "north",
        "--appliance",
        "north-1",
        "first.bundle",
    ]);
    assert!(stranger.code == 1 && stranger.err.contains("refused (unknown-signer)"), "{}", stranger.err);
}

#[test]
fn a_private_key_is_its_owners_alone_and_never_printed() {
    let desk = Desk::new();
    let path = desk.path().join("alice.pem");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = desk.says(&["bundle", "keygen", "--name", "alice", "--out", "alice.pem"]);
    assert!(again.code == 2 && again.err.contains("alice.pem"), "an existing key stays: {}", again.err);
    let made = desk.does(&["bundle", "keygen", "--name", "carol", "--out", "carol.pem"]);
    assert!(made.out.contains("[[bundles.signer]]\nkid = \"carol\"\npublic_key = \"04"), "{}", made.out);
    assert!(!made.out.contains("PRIVATE"));
    desk.first();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = desk.says(&["bundle", "sign", "--key", "alice=alice.pem", "first.toml", "second.bundle"]);
    assert!(said.code == 2 && said.err.contains("chmod 600"), "{}", said.err);
    assert!(!desk.path().join("second.bundle").exists());
}

#[test]
fn a_trusted_ca_is_read_from_beside_the_draft() {
    let desk = Desk::new();
    let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
    desk.draft("trust.toml", &AUDIENCE, &["client.trust"]);
    let sign = ["bundle", "sign", "--key", "alice=alice.pem", "trust.toml", "trust.bundle"];
    let missing = desk.says(&sign);
    assert!(missing.code == 2 && missing.err.contains("acme-ca.pem"), "{}", missing.err);
    std::fs::write(desk.path().join("acme-ca.pem"), ca.pem()).unwrap();
    let signed = desk.does(&sign);
    assert!(signed.out.contains("(own) may manage db of acme  [trust-acme-db]"), "{}", signed.out);
    let leaf = rcgen::generate_simple_self_signed(vec!["client".to_owned()]).unwrap();
    std::fs::write(desk.path().join("acme-ca.pem"), leaf.cert.pem()).unwrap();
    let refused = desk.says(&["bundle", "sign", "--key", "alice=alice.pem", "trust.toml", "other.bundle"]);
    assert!(refused.code == 1 && refused.err.contains("is not a CA certificate"), "{}", refused.err);
}

#[test]
fn a_wrong_draft_is_refused_with_the_place() {
    let desk = Desk::new();
    desk.draft("empty.toml", &AUDIENCE, &[]);
    let sign = |file| desk.says(&["bundle", "sign", "--key", "alice=alice.pem", file, "out.bundle"]);
    let empty = sign("empty.toml");
    assert!(empty.code == 2 && empty.err.contains("there are no directives"), "{}", empty.err);
    desk.draft("good.toml", &AUDIENCE, &["l1.unlink"]);
    let good = std::fs::read_to_string(desk.path().join("good.toml")).unwrap();
    for (from, to, words) in [
        ("sequence = 1", "sequence = 1\nurgent = true", "unknown field `urgent`"),
        ("l1.unlink", "l1.forget", "\"l1.forget\" is no directive"),
        (
            "{ tenant = \"acme\" }",
            "{ tenant = \"acme\", force = true }",
            "directive \"cut-off-acme\": unknown field",
        ),
        ("{ tenant = \"acme\" }", "{ tenant = \"ACME\" }", "a name has lower-case letters"),
        ("lane = 2", "lane = 7", "a lane is 0, 1 or 2"),
    ] {
        std::fs::write(desk.path().join("bad.toml"), good.replace(from, to)).unwrap();
        let said = sign("bad.toml");
        assert!(said.code == 2 && said.err.contains(words), "{words:?} in {}", said.err);
    }
    assert!(!desk.path().join("out.bundle").exists());
}

#[test]
fn a_fast_lane_takes_only_what_takes_away() {
    let desk = Desk::new();
    desk.draft("fast.toml", &[&AUDIENCE[..], &["--lane", "0"]].concat(), &["tenant.define"]);
    let said = desk.says(&["bundle", "sign", "--key", "alice=alice.pem", "fast.toml", "fast.bundle"]);
    assert!(said.code == 1 && said.err.contains("refused (wrong-lane)"), "{}", said.err);
}

#[test]
fn help_teaches_by_example_and_wrong_usage_is_exit_code_2() {
    let desk = Desk::new();
    for command in
        [&["bundle", "new"][..], &["bundle", "sign"], &["bundle", "verify"], &["status"], &["init"]]
    {
        let help = desk.does(&[command, &["--help"]].concat()).out;
        assert!(help.contains("Example"), "{help}");
    }
    assert!(desk.does(&["--help"]).out.contains("Exit codes: 0"));
    for wrong in [&["bundle", "fold"][..], &["bundle", "verify"], &["bundle", "new", "--cluster", "No"]] {
        assert_eq!(desk.says(wrong).code, 2, "{wrong:?}");
    }
    assert_eq!(desk.says(&["bundle", "show", "none.bundle"]).code, 2);
}

#[test]
fn a_configuration_to_begin_with_pins_the_signers_given_and_nobody_else() {
    let desk = Desk::new();
    let init = ["init", "etc", "--cluster", "south", "--appliance", "south-7", "--signer", "alice=alice.pub"];
    let said = desk.does(&[&init[..], &["--signer", "bob=bob.pub", "--needed", "2"]].concat());
    assert!(said.out.contains("holdfastd --config etc/holdfast.toml --check"), "{}", said.out);
    let path = desk.path().join("etc/holdfast.toml");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&path).unwrap();
    let config: toml::Table = toml::from_str(&text).unwrap();
    assert_eq!(config["box"]["cluster"].as_str(), Some("south"));
    assert_eq!(config["box"]["appliance"].as_str(), Some("south-7"));
    assert_eq!(config["bundles"]["signers_needed"].as_integer(), Some(2));
    let kids: Vec<_> = config["bundles"]["signer"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["kid"].as_str().unwrap())
        .collect();
    assert_eq!(kids, ["alice", "bob"]);
    assert!(config.contains_key("core") && config.contains_key("limits"), "every section is still there");
    assert_eq!(desk.says(&init).code, 2, "what is there already stays");
}
