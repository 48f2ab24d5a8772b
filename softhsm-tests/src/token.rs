//! A SoftHSM2 token in a directory of its own, with root keys (L1) in it.

use crate::binaries::tool;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Debian's.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// What the token was initialised with.
pub const LABEL: &str = "stories";

/// A token.
pub struct Token {
    directory: PathBuf,
    pin: String,
}

impl Token {
    /// Makes one under `at`, without keys.
    ///
    /// # Panics
    /// When SoftHSM2 or pkcs11-tool is missing.
    #[must_use]
    pub fn new(at: &Path) -> Self {
        assert!(Path::new(MODULE).exists(), "{MODULE} is missing: apt-get install softhsm2");
        let directory = at.join("hsm");
        fs::create_dir(&directory).unwrap();
        fs::create_dir(directory.join("tokens")).unwrap();
        let random = fs::read("/proc/sys/kernel/random/uuid").unwrap();
        let token = Self { directory, pin: String::from_utf8_lossy(&random[..8]).into_owned() };
        let tokens = token.tokens();
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        fs::write(token.configuration(), text).unwrap();
        fs::write(token.pin_file(), &token.pin).unwrap();
        fs::set_permissions(token.pin_file(), Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(token.configuration(), Permissions::from_mode(0o644)).unwrap();
        token.ask(&["--init-token", "--slot-index", "0", "--so-pin", "env:STORY_PIN", "--label", LABEL]);
        let officer =
            ["--login-type", "so", "--so-pin", "env:STORY_PIN", "--init-pin", "--pin", "env:STORY_PIN"];
        token.ask(&[&["--token-label", LABEL, "--login"], officer.as_slice()].concat());
        token
    }

    /// Makes a root key: AES-256, sensitive, not extractable, for wrapping and unwrapping.
    pub fn make_root_key(&self, label: &str) {
        let login = ["--token-label", LABEL, "--login", "--pin", "env:STORY_PIN"];
        let key = ["--keygen", "--key-type", "aes:32", "--label", label, "--sensitive", "--usage-wrap"];
        self.ask(&[login.as_slice(), key.as_slice()].concat());
    }

    fn ask(&self, arguments: &[&str]) {
        let output = tool("pkcs11-tool", "opensc")
            .args(["--module", MODULE])
            .args(arguments)
            .env("SOFTHSM2_CONF", self.configuration())
            .env("STORY_PIN", &self.pin)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pkcs11-tool {arguments:?}: {said}");
    }

    /// Where the objects are.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.directory.join("tokens")
    }

    /// What the module reads first.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.directory.join("softhsm2.conf")
    }

    /// The PIN, for its owner alone.
    #[must_use]
    pub fn pin_file(&self) -> PathBuf {
        self.directory.join("pin")
    }

    /// The PIN itself, to look for where it must not be.
    #[must_use]
    pub fn pin(&self) -> &str {
        &self.pin
    }

    /// Takes the HSM away: its objects are no longer where the module looks.
    pub fn take_away(&self) {
        let elsewhere = self.directory.join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        move_all(&self.tokens(), &elsewhere);
    }

    /// Brings it back.
    pub fn bring_back(&self) {
        let elsewhere = self.directory.join("elsewhere");
        move_all(&elsewhere, &self.tokens());
        fs::remove_dir(&elsewhere).unwrap();
    }

    /// Its section of a configuration.
    #[must_use]
    pub fn section(&self) -> String {
        let (conf, pin, tokens) = (self.configuration(), self.pin_file(), self.tokens());
        format!(
            "[[hsm]]\nname = \"hsm-1\"\nmodule = \"{MODULE}\"\ntoken = \"{LABEL}\"\npin_file = \"{pin}\"\n\
             env = [\"SOFTHSM2_CONF={conf}\"]\nreadable = [\"{conf}\"]\nwritable = [\"{tokens}\"]\n",
            pin = pin.display(),
            conf = conf.display(),
            tokens = tokens.display(),
        )
    }
}

fn move_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
