use super::*;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};

/// SEC 2, section 2.4.2: the generator of P-256, and nobody's key.
const GENERATOR: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
                         4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// A directory with everything that a configuration names.
struct Home {
    directory: tempfile::TempDir,
    text: String,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let root = rustix::process::geteuid().is_root();
        for name in ["keystore", "audit", "in", "out"] {
            fs::create_dir(at.join(name)).unwrap();
            fs::set_permissions(at.join(name), Permissions::from_mode(0o700)).unwrap();
            if root {
                chown(at.join(name), Some(65534), Some(65534)).unwrap();
            }
        }
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let home = Self {
            text: format!(
                "[box]\ncluster = \"north\"\nappliance = \"north-1\"\n{user}\n\
                 [listen]\nkmip = \"127.0.0.1:0\"\nops = \"[::1]:0\"\nworkers = 2\n\
                 [tls]\nchain = \"{at}/chain.pem\"\nkey = \"{at}/key.pem\"\n\
                 [keystore]\nembedded = \"{at}/keystore\"\n\
                 [audit]\ndirectory = \"{at}/audit\"\nsegment_mib = 8\n\
                 [[hsm]]\nname = \"hsm-1\"\nmodule = \"{at}/module.so\"\ntoken = \"label\"\npin_file = \"{at}/pin\"\n\
                 env = [\"SOFTHSM2_CONF=/etc/x=y\"]\n\
                 [bundles]\nspool = \"{at}/in\"\noutbox = \"{at}/out\"\nsigners_needed = 1\n\
                 [[bundles.signer]]\nkid = \"governance-1\"\npublic_key = \"{GENERATOR}\"\n\
                 [core]\nlanes = 3\narena_mib = 16\nl1_grace_seconds = 7\n\
                 [limits]\nconnections = 9\n",
                user = if root { "user = \"nobody\"" } else { "" },
                at = at.display(),
            ),
            directory,
        };
        home.write("key.pem", &certified.signing_key.serialize_pem(), 0o600);
        home.write("chain.pem", &certified.cert.pem(), 0o644);
        home.write("pin", "1234", 0o600);
        home.write("module.so", "", 0o755);
        home
    }

    fn write(&self, name: &str, content: &str, mode: u32) {
        let path = self.directory.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn load(&self, text: &str) -> Result<Config, ConfigError> {
        self.write("box.toml", text, 0o600);
        Config::load(&self.directory.path().join("box.toml"))
    }

    /// The configuration with one text replaced: refused at the line that has `at`, with words that say why.
    fn refuses(&self, from: &str, to: &str, at: &str, why: &str) {
        assert!(self.text.contains(from), "{from}");
        let text = self.text.replace(from, to);
        let line = text.lines().position(|line| line.contains(at)).unwrap() + 1;
        let error = self.load(&text).unwrap_err();
        let said = error.to_string();
        assert_eq!(error.line, Some(line), "{to}: {said}");
        assert!(said.contains("box.toml:") && said.contains(why), "{to}: {said}");
    }
}

#[test]
fn a_whole_configuration_is_read_as_it_is_written() {
    let home = Home::new();
    let config = home.load(&home.text).unwrap();
    assert_eq!((config.lanes, config.workers, config.connections_max), (3, 2, 9));
    assert_eq!(
        (config.arena_bytes, config.heap_bytes, config.segment_bytes_max),
        (16 << 20, 128 << 20, 8 << 20)
    );
    assert_eq!(config.l1_grace, Duration::from_secs(7));
    assert_eq!(config.l1_check_interval, Duration::from_secs(60));
    assert_eq!(config.message_bytes_max as usize, MESSAGE_BYTES_MAX);
    assert_eq!(config.tls_chain.len(), 1);
    assert_eq!(config.hsms[0].environment, [("SOFTHSM2_CONF".to_owned(), "/etc/x=y".to_owned())]);
    assert_eq!(config.signers[0].public_key.len(), 65);
    assert!(matches!(config.keystore, KeystoreBackend::Embedded(_)));
}

#[test]
fn the_example_has_every_section_and_key_in_the_syntax_that_is_read() {
    let example = include_str!("../../holdfast.example.toml");
    let file: file::File = toml::from_str(example).unwrap();
    assert_eq!(file.hsm.len(), 1);
    assert_eq!(file.bundles.signer.get_ref().len(), 1);
    // Every key of the reference stands in the example.
    for line in include_str!("file.rs").lines() {
        let Some(key) = line.trim().strip_prefix("pub(super) ").and_then(|rest| rest.split_once(':')) else {
            continue;
        };
        let (key, kind) = key;
        let section =
            ["this_box", "logs", "listen", "tls", "keystore", "audit", "hsm", "bundles", "core", "limits"];
        let shown = key == "signer" || section.contains(&key) || example.contains(&format!("{key} = "));
        assert!(shown, "{key}: {kind}");
    }
}

#[test]
fn what_cannot_be_right_is_refused_with_its_line() {
    let home = Home::new();
    let at = home.directory.path().display().to_string();
    for (from, to, line, why) in [
        ("workers = 2", "wrokers = 2", "wrokers", "unknown field `wrokers`"),
        ("[limits]", "[limit]", "[limit]", "unknown field `limit`"),
        ("workers = 2", "workers = 0", "workers = 0", "from 1 to 16"),
        ("workers = 2", "workers = \"2\"", "workers = ", "invalid type"),
        ("lanes = 3", "lanes = 17", "lanes = 17", "from 1 to 16"),
        ("arena_mib = 16", "arena_mib = 1", "arena_mib", "from 8 to"),
        ("connections = 9", "connections = 100000", "connections", "from 1 to 8192"),
        ("\"north\"", "\"North\"", "North", "lower-case"),
        ("127.0.0.1:0", "localhost:5696", "localhost", "no address"),
        ("token = \"label\"", "token = \"\"", "token", "1 to 32 bytes"),
        ("SOFTHSM2_CONF=/etc/x=y", "LD_PRELOAD=/x", "LD_PRELOAD", "dynamic linker"),
        ("SOFTHSM2_CONF=/etc/x=y", "USER_PIN=1234", "USER_PIN", "looks like a secret"),
        ("SOFTHSM2_CONF=/etc/x=y", "NOTHING", "NOTHING", "NAME=value"),
        ("signers_needed = 1", "signers_needed = 2", "signers_needed", "from 1 to 1"),
        ("signers_needed = 1", "signers_needed = 0", "signers_needed", "from 1 to 1"),
        ("046b17d1", "046b17d2", "046b17d2", "no P-256 public key"),
        ("governance-1", "governance 1", "governance 1", "no space"),
    ] {
        home.refuses(from, to, line, why);
    }
    let second = format!("[[bundles.signer]]\nkid = \"other\"\npublic_key = \" {GENERATOR}\"\n[core]");
    home.refuses("[core]", &second, "\" 046b", "twice");
    let hsm = &home.text[home.text.find("[[hsm]]").unwrap()..home.text.find("[bundles]").unwrap()];
    let again = hsm.replace("[[hsm]]", "[[hsm]] # again");
    home.refuses("[bundles]", &format!("{again}[bundles]"), "# again", "twice");
    let keystore = format!("embedded = \"{at}/keystore\"");
    home.refuses(&keystore, "", "[keystore]", "one of the two");
    home.refuses(&keystore, &format!("{keystore}\nmemory = true"), "[keystore]", "one of the two");
    home.refuses(&format!("\"{at}/keystore\""), "\"keystore\"", "embedded", "is relative");
    home.refuses(&format!("{at}/audit"), "/nowhere/audit", "/nowhere", "create it");
}

#[test]
fn files_that_others_could_read_or_change_are_refused_with_their_line() {
    let home = Home::new();
    let at = home.directory.path();
    let refuses = |line: &str, why: &str| home.refuses("[box]", "[box]", line, why);
    for (name, line, loose, tight, why) in [
        ("key.pem", "key = ", 0o640, 0o600, "chmod 0600"),
        ("key.pem", "key = ", 0o604, 0o600, "chmod 0600"),
        ("pin", "pin_file", 0o620, 0o600, "chmod 0600"),
        ("module.so", "module = ", 0o775, 0o755, "chmod go-w"),
        ("audit", "directory", 0o770, 0o700, "chmod go-w"),
        ("keystore", "embedded", 0o707, 0o700, "chmod go-w"),
        ("out", "outbox", 0o777, 0o700, "chmod go-w"),
    ] {
        fs::set_permissions(at.join(name), Permissions::from_mode(loose)).unwrap();
        refuses(line, why);
        fs::set_permissions(at.join(name), Permissions::from_mode(tight)).unwrap();
    }
    home.load(&home.text).unwrap();
    if rustix::process::geteuid().is_root() {
        for (name, line) in
            [("key.pem", "key = "), ("pin", "pin_file"), ("module.so", "module = "), ("out", "outbox")]
        {
            let held = fs::metadata(at.join(name)).unwrap();
            chown(at.join(name), Some(4321), None).unwrap();
            refuses(line, "belongs to user 4321");
            chown(at.join(name), Some(std::os::unix::fs::MetadataExt::uid(&held)), None).unwrap();
        }
    }
}

#[test]
fn the_configuration_itself_must_be_closed_to_others() {
    let home = Home::new();
    let path = home.directory.path().join("box.toml");
    for mode in [0o640, 0o604, 0o620, 0o602] {
        home.write("box.toml", &home.text, mode);
        let said = Config::load(&path).unwrap_err().to_string();
        assert!(said.contains("box.toml") && said.contains("chmod 0600"), "{said}");
    }
    let said = Config::load(Path::new("box.toml")).unwrap_err().to_string();
    assert!(said.contains("relative"), "{said}");
    let said = Config::load(home.directory.path()).unwrap_err().to_string();
    assert!(said.contains("is not a file"), "{said}");
}

#[test]
fn a_private_key_among_certificates_is_refused_unread() {
    let home = Home::new();
    let key = fs::read_to_string(home.directory.path().join("key.pem")).unwrap();
    home.write("chain.pem", &key, 0o644);
    home.refuses("[box]", "[box]", "chain = ", "holds a private key");
    home.write("chain.pem", "nothing", 0o644);
    home.refuses("[box]", "[box]", "chain = ", "no chain of PEM certificates");
}

#[test]
fn keys_and_pins_are_opened_and_not_read() {
    let home = Home::new();
    let config = home.load(&home.text).unwrap();
    for fd in [&config.tls_key, &config.hsms[0].pin] {
        assert_eq!(rustix::fs::tell(fd).unwrap(), 0);
    }
}
