//! The tokens that the suite runs against, and the places where they live: temporary directories, loopback ports.

use holdfast_model::HsmName;
use holdfast_ports::settings;
use holdfast_root_of_trust::pin::Pin;
use holdfast_root_of_trust::pkcs11::Driver;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const PIN: &str = "user-7319";
pub(crate) const SO_PIN: &str = "officer-5520";
pub(crate) const TOKEN: &str = "holdfast test token";
pub(crate) const PLACE: &str = "HOLDFAST_TEST_PLACE";
const SHIM: &str = "HOLDFAST_TEST_SHIM";

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
const NSS: &str = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so";
const TPM2: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    SoftHsm,
    Nss,
    Tpm2,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Aes,
    Rsa,
}

/// A make of token, a kind of L1, and the way of L2.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) make: Make,
    pub(crate) kind: Kind,
    pub(crate) plain: bool,
    /// Behind the module that fails when told to.
    pub(crate) shim: bool,
}

impl Subject {
    pub(crate) fn all() -> Vec<Self> {
        let subject = |name, make, kind, plain, shim| Self { name, make, kind, plain, shim };
        vec![
            subject("softhsm-aes", Make::SoftHsm, Kind::Aes, false, false),
            subject("softhsm-rsa", Make::SoftHsm, Kind::Rsa, false, false),
            subject("softhsm-rsa-plain", Make::SoftHsm, Kind::Rsa, true, false),
            subject("softhsm-aes-behind-faults", Make::SoftHsm, Kind::Aes, false, true),
            subject("nss-aes", Make::Nss, Kind::Aes, false, true),
            subject("nss-rsa", Make::Nss, Kind::Rsa, false, true),
            subject("nss-aes-plain", Make::Nss, Kind::Aes, true, true),
            subject("tpm2-rsa-plain", Make::Tpm2, Kind::Rsa, true, false),
        ]
    }

    /// How often the long stories repeat.
    pub(crate) fn rounds(&self) -> usize {
        match (self.make, self.kind) {
            (Make::SoftHsm, _) | (Make::Nss, Kind::Aes) => 1000,
            // NSS takes 200 ms for each use of a private key.
            (Make::Nss, Kind::Rsa) | (Make::Tpm2, _) => 50,
        }
    }

    fn real_module(&self) -> &'static str {
        match self.make {
            Make::SoftHsm => SOFTHSM,
            Make::Nss => NSS,
            Make::Tpm2 => TPM2,
        }
    }

    pub(crate) fn module(&self) -> PathBuf {
        if self.shim { std::env::var(SHIM).unwrap().into() } else { self.real_module().into() }
    }

    pub(crate) fn settings(&self) -> settings::Root {
        settings::Root {
            hsm: hsm(),
            module: self.module(),
            token_label: TOKEN.into(),
            plain_path: self.plain,
            writable: vec![place()],
            readable: self.shim.then(|| PathBuf::from(self.real_module())).into_iter().collect(),
            connect_ports: tpm_ports(),
            sessions_max: 4,
            lanes: 2,
        }
    }

    pub(crate) fn driver(&self) -> Driver {
        Driver::load(&self.settings(), pin(PIN)).unwrap()
    }

    /// Makes the place where the token will live. The token itself is made by the story, through the module.
    pub(crate) fn prepare(&self) -> Place {
        assert!(Path::new(self.real_module()).exists(), "{} is not installed", self.real_module());
        let directory = tempfile::Builder::new().prefix("holdfast-hsm").tempdir().unwrap();
        let at = directory.path().to_path_buf();
        let mut environment: Vec<(String, String)> = vec![(PLACE.into(), at.display().to_string())];
        let mut set = |name: &str, value: String| environment.push((name.into(), value));
        let mut tpm = None;
        match self.make {
            Make::SoftHsm => {
                std::fs::create_dir(at.join("tokens")).unwrap();
                let conf =
                    format!("directories.tokendir = {}\nlog.level = ERROR\n", at.join("tokens").display());
                std::fs::write(at.join("softhsm2.conf"), conf).unwrap();
                set("SOFTHSM2_CONF", at.join("softhsm2.conf").display().to_string());
            }
            Make::Nss => {
                let (database, pin) = (at.join("database"), at.join("pin"));
                std::fs::create_dir(&database).unwrap();
                std::fs::write(&pin, PIN).unwrap();
                let place = format!("sql:{}", database.display());
                let made =
                    Command::new("certutil").args(["-N", "-d", &place, "-f"]).arg(&pin).status().unwrap();
                assert!(made.success());
                std::fs::remove_file(pin).unwrap();
                let parameters = format!(
                    "configdir='{place}' certPrefix='' keyPrefix='' secmod='' dbTokenDescription='{TOKEN}'"
                );
                set("SHIM_PARAMETERS", parameters);
            }
            Make::Tpm2 => {
                std::fs::create_dir(at.join("state")).unwrap();
                std::fs::create_dir(at.join("store")).unwrap();
                let started = Tpm::start(&at, free_port());
                for user in ["TPM2_PKCS11_TCTI", "TPM2TOOLS_TCTI"] {
                    set(user, format!("swtpm:host=127.0.0.1,port={}", started.port));
                }
                set("TPM2_PKCS11_STORE", at.join("store").display().to_string());
                set("TPM2_PKCS11_LOG_LEVEL", "0".into());
                set("TSS2_LOG", "all+NONE".into());
                std::fs::write(at.join("tpm.pid"), started.process.id().to_string()).unwrap();
                std::fs::write(at.join("tpm.port"), started.port.to_string()).unwrap();
                tpm = Some(started);
            }
        }
        if self.shim {
            set(SHIM, shim().display().to_string());
            set("SHIM_MODULE", self.real_module().into());
            set("SHIM_ORDERS", at.join("orders").display().to_string());
            set("SHIM_CALLS", at.join("calls").display().to_string());
        }
        Place { environment, _tpm: tpm, _directory: directory }
    }
}

/// Where a token lives; gone with this.
pub(crate) struct Place {
    environment: Vec<(String, String)>,
    _tpm: Option<Tpm>,
    _directory: TempDir,
}

impl Place {
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&String, &String)> {
        self.environment.iter().map(|(name, value)| (name, value))
    }
}

/// A software TPM on loopback; ends with this.
pub(crate) struct Tpm {
    process: Child,
    port: u16,
}

impl Tpm {
    pub(crate) fn start(at: &Path, port: u16) -> Self {
        let log = std::fs::File::options().create(true).append(true).open(at.join("tpm.log")).unwrap();
        let process = Command::new("swtpm")
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--tpmstate"])
            .arg(format!("dir={}", at.join("state").display()))
            .args(["--server", &format!("type=tcp,port={port},bindaddr=127.0.0.1")])
            .args(["--ctrl", &format!("type=tcp,port={},bindaddr=127.0.0.1", port + 1)])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let began = Instant::now();
        // The control port answers without taking the one data connection.
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port + 1)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "swtpm does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { process, port }
    }
}

impl Drop for Tpm {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two ports in a row that nobody listens on; the module wants the control port beside the other.
fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return port;
        }
    }
}

/// The module of `faulty_module.c`, built once per run.
fn shim() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faulty_module.c");
            let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faulty_module.so");
            let status = Command::new("cc")
                .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wno-cast-function-type", "-o"])
                .args([&built, &source])
                .args(["-ldl", "-lpthread"])
                .status()
                .unwrap();
            assert!(status.success(), "faulty_module.c does not compile");
            built
        })
        .clone()
}

/// The ports of the software TPM, if there is one: commands and control.
fn tpm_ports() -> Vec<u16> {
    let port =
        std::fs::read_to_string(place().join("tpm.port")).ok().and_then(|port| port.parse::<u16>().ok());
    port.map_or(Vec::new(), |port| vec![port, port + 1])
}

pub(crate) fn place() -> PathBuf {
    std::env::var(PLACE).unwrap().into()
}

pub(crate) fn hsm() -> HsmName {
    HsmName::parse("hsm1").unwrap()
}

pub(crate) fn pin(text: &str) -> Pin {
    let mut file = tempfile::tempfile().unwrap();
    writeln!(file, "{text}").unwrap();
    Pin::read(file.into()).unwrap()
}
