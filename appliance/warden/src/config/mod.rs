//! The configuration, read and checked: every later step trusts it.
//!
//! Opens the secret files that it names and hands the descriptors on; reads none of them.
//! A problem is reported with file, line and what to do (`error`); nothing is started then.

mod error;
mod file;
mod open;
mod signers;
mod user;

#[cfg(test)]
mod tests;

pub use error::{ConfigError, Problem};
pub use user::User;

use holdfast_model::limits::{CONNECTIONS_MAX, HSMS_MAX, LANES_MAX, MESSAGE_BYTES_MAX};
use holdfast_model::{ApplianceId, ClusterId, HsmName};
use holdfast_ports::settings::{KeystoreBackend, Logs, Signer};
use open::Owners;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;

/// Where KMIP is served if the configuration does not say (IANA: kmip 5696).
pub const KMIP_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5696);
/// Where metrics and status are served if the configuration does not say.
pub const OPS_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
/// Longest CKA_LABEL of a token (PKCS#11, CK_TOKEN_INFO).
const TOKEN_LABEL_BYTES_MAX: usize = 32;
/// One mebibyte.
const MIB: u64 = 1 << 20;

/// Everything that was configured, checked.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is a key of the file, documented in holdfast.example.toml")]
pub struct Config {
    pub cluster: ClusterId,
    pub appliance: ApplianceId,
    /// Whom to become; `None`: stay who we are.
    pub run_as: Option<User>,
    pub logs: Logs,
    pub kmip: SocketAddr,
    pub https: Option<SocketAddr>,
    pub local: Option<PathBuf>,
    pub ops: SocketAddr,
    pub workers: u16,
    /// In DER, leaf first.
    pub tls_chain: Vec<Vec<u8>>,
    /// Opened, not read.
    pub tls_key: OwnedFd,
    pub keystore: KeystoreBackend,
    pub audit_directory: PathBuf,
    pub segment_bytes_max: u64,
    pub hsms: Vec<Hsm>,
    pub spool: PathBuf,
    pub outbox: PathBuf,
    pub signers: Vec<Signer>,
    pub signers_needed: u16,
    pub lanes: u16,
    pub arena_bytes: u64,
    pub heap_bytes: u64,
    pub l1_check_interval: Duration,
    pub l1_grace: Duration,
    pub message_bytes_max: u32,
    pub connections_max: u32,
    pub tenant_requests_per_second: u32,
}

/// One HSM.
#[derive(Debug)]
#[expect(missing_docs, reason = "each field is a key of the file, documented in holdfast.example.toml")]
pub struct Hsm {
    pub name: HsmName,
    pub module: PathBuf,
    pub token_label: String,
    /// Opened, not read.
    pub pin: OwnedFd,
    pub plain_path: bool,
    /// Names and values that the vendor's module looks for in its environment.
    pub environment: Vec<(String, String)>,
    pub readable: Vec<PathBuf>,
    pub writable: Vec<PathBuf>,
    pub connect_ports: Vec<u16>,
    pub sessions_max: u16,
}

impl Config {
    /// Reads and checks a configuration, and opens the secret files that it names.
    ///
    /// Call it before privileges are given up: the files may be root's.
    ///
    /// # Errors
    /// [`ConfigError`]: the first problem found.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let me = rustix::process::geteuid().as_raw();
        let text = open::configuration(path, me).map_err(|problem| ConfigError {
            file: path.to_owned(),
            line: None,
            problem,
        })?;
        let source = Source { file: path, text: &text };
        let file: file::File = toml::from_str(&text).map_err(|e| {
            source.error(e.span().map(|span| span.start), Problem::Syntax(e.message().to_owned()))
        })?;
        source.check(file, me)
    }
}

/// The file being read: turns positions into lines.
struct Source<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn error(&self, position: Option<usize>, problem: Problem) -> ConfigError {
        let line = position
            .and_then(|at| self.text.get(..at))
            .map(|before| before.bytes().filter(|byte| *byte == b'\n').count() + 1);
        ConfigError { file: self.file.to_owned(), line, problem }
    }

    /// Runs a check on one value; its line goes into the error.
    fn at<T, R>(
        &self,
        value: &Spanned<T>,
        check: impl FnOnce(&T) -> Result<R, Problem>,
    ) -> Result<R, ConfigError> {
        check(value.get_ref()).map_err(|problem| self.error(Some(value.span().start), problem))
    }

    /// A number within its range, or what stands for it.
    fn number<N: TryFrom<u64>>(
        &self,
        key: &'static str,
        value: Option<&Spanned<u64>>,
        default: u64,
        least: u64,
        most: u64,
    ) -> Result<N, ConfigError> {
        let number = value.map_or(default, |value| *value.get_ref());
        let problem = || Problem::OutOfRange { key, value: number, least, most };
        let fits = Some(number).filter(|n| (least..=most).contains(n)).and_then(|n| N::try_from(n).ok());
        fits.ok_or_else(|| self.error(value.map(|value| value.span().start), problem()))
    }

    fn check(&self, file: file::File, me: u32) -> Result<Config, ConfigError> {
        let user = file.this_box.user.as_ref();
        let run_as = user::to_become(user.map(|name| name.get_ref().as_str()))
            .map_err(|problem| self.error(user.map(|name| name.span().start), problem))?;
        let owners = Owners { me, run_as: run_as.map_or(me, |user| user.uid) };
        let cpus = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
        let lanes_max = LANES_MAX as u64;
        let each_cpu = cpus.min(lanes_max);
        let (core, limits, listen) = (&file.core, &file.limits, &file.listen);
        let name = |key| move |source| Problem::Name { key, source };
        let signers = signers::check(self, &file.bundles)?;
        Ok(Config {
            cluster: self
                .at(&file.this_box.cluster, |text| ClusterId::parse(text).map_err(name("cluster")))?,
            appliance: self
                .at(&file.this_box.appliance, |text| ApplianceId::parse(text).map_err(name("appliance")))?,
            run_as,
            logs: Logs { format: file.logs.format, level: file.logs.level },
            kmip: self.address(listen.kmip.as_ref(), KMIP_DEFAULT)?,
            https: match &listen.https {
                Some(https) => Some(self.address(Some(https), KMIP_DEFAULT)?),
                None => None,
            },
            local: match &listen.local {
                Some(path) => Some(self.at(path, |path| open::place(path).map(|()| path.clone()))?),
                None => None,
            },
            ops: self.address(listen.ops.as_ref(), OPS_DEFAULT)?,
            workers: self.number("workers", listen.workers.as_ref(), each_cpu, 1, lanes_max)?,
            tls_chain: self.at(&file.tls.chain, |path| chain(path))?,
            tls_key: self.at(&file.tls.key, |path| open::secret(path, owners))?,
            keystore: self.keystore(&file.keystore, owners)?,
            audit_directory: self.own_directory(&file.audit.directory, owners)?,
            segment_bytes_max: MIB
                * self.number::<u64>("segment_mib", file.audit.segment_mib.as_ref(), 64, 1, 4096)?,
            hsms: self.hsms(&file.hsm, owners)?,
            spool: self.at(&file.bundles.spool, |path| open::directory(path).map(|_| path.clone()))?,
            outbox: self.own_directory(&file.bundles.outbox, owners)?,
            signers_needed: self.number(
                "signers_needed",
                Some(&file.bundles.signers_needed),
                1,
                1,
                signers.len() as u64,
            )?,
            signers,
            lanes: self.number("lanes", core.lanes.as_ref(), each_cpu, 1, lanes_max)?,
            arena_bytes: MIB * self.number::<u64>("arena_mib", core.arena_mib.as_ref(), 64, 8, 1 << 16)?,
            heap_bytes: MIB * self.number::<u64>("heap_mib", core.heap_mib.as_ref(), 128, 32, 1 << 16)?,
            l1_check_interval: self.seconds("l1_check_seconds", core.l1_check_seconds.as_ref(), 60)?,
            l1_grace: self.seconds("l1_grace_seconds", core.l1_grace_seconds.as_ref(), 3600)?,
            message_bytes_max: self.number(
                "message_bytes",
                limits.message_bytes.as_ref(),
                MESSAGE_BYTES_MAX as u64,
                4096,
                MESSAGE_BYTES_MAX as u64,
            )?,
            connections_max: self.number(
                "connections",
                limits.connections.as_ref(),
                1024,
                1,
                CONNECTIONS_MAX as u64,
            )?,
            tenant_requests_per_second: self.number(
                "tenant_requests_per_second",
                limits.tenant_requests_per_second.as_ref(),
                100_000,
                1,
                10_000_000,
            )?,
        })
    }

    /// From one second to thirty days.
    fn seconds(
        &self,
        key: &'static str,
        value: Option<&Spanned<u64>>,
        default: u64,
    ) -> Result<Duration, ConfigError> {
        self.number(key, value, default, 1, 30 * 86_400).map(Duration::from_secs)
    }

    fn address(
        &self,
        text: Option<&Spanned<String>>,
        default: SocketAddr,
    ) -> Result<SocketAddr, ConfigError> {
        let Some(text) = text else { return Ok(default) };
        self.at(text, |text| text.parse().map_err(|_| Problem::Address { text: text.clone() }))
    }

    fn own_directory(&self, path: &Spanned<PathBuf>, owners: Owners) -> Result<PathBuf, ConfigError> {
        self.at(path, |path| open::own_directory(path, owners).map(|()| path.clone()))
    }

    fn keystore(
        &self,
        keystore: &Spanned<file::Keystore>,
        owners: Owners,
    ) -> Result<KeystoreBackend, ConfigError> {
        match (&keystore.get_ref().embedded, keystore.get_ref().memory) {
            (Some(path), false) => self.own_directory(path, owners).map(KeystoreBackend::Embedded),
            (None, true) => Ok(KeystoreBackend::Memory),
            _ => Err(self.error(Some(keystore.span().start), Problem::Backend)),
        }
    }

    fn hsms(&self, hsms: &[Spanned<file::Hsm>], owners: Owners) -> Result<Vec<Hsm>, ConfigError> {
        let mut checked: Vec<Hsm> = Vec::new();
        for hsm in hsms {
            let line = Some(hsm.span().start);
            if checked.len() == HSMS_MAX {
                let (value, most) = (hsms.len() as u64, HSMS_MAX as u64);
                return Err(
                    self.error(line, Problem::OutOfRange { key: "number of [[hsm]]", value, least: 0, most })
                );
            }
            let hsm = self.hsm(hsm.get_ref(), owners)?;
            if checked.iter().any(|other| other.name == hsm.name) {
                return Err(self.error(line, Problem::Twice { what: format!("the HSM name {}", hsm.name) }));
            }
            checked.push(hsm);
        }
        Ok(checked)
    }

    fn hsm(&self, hsm: &file::Hsm, owners: Owners) -> Result<Hsm, ConfigError> {
        let existing = |paths: &[Spanned<PathBuf>]| {
            let check = |path: &PathBuf| open::anything(path).map(|_| path.clone());
            paths.iter().map(|path| self.at(path, check)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Hsm {
            name: self.at(&hsm.name, |text| {
                HsmName::parse(text).map_err(|source| Problem::Name { key: "name", source })
            })?,
            module: self.at(&hsm.module, |path| open::module(path, owners).map(|()| path.clone()))?,
            token_label: self.at(&hsm.token, |label| token_label(label))?,
            pin: self.at(&hsm.pin_file, |path| open::secret(path, owners))?,
            plain_path: hsm.plain_path,
            environment: hsm
                .env
                .iter()
                .map(|text| self.at(text, |text| variable(text)))
                .collect::<Result<_, _>>()?,
            readable: existing(&hsm.readable)?,
            writable: existing(&hsm.writable)?,
            connect_ports: hsm.connect_ports.clone(),
            sessions_max: self.number("sessions", hsm.sessions.as_ref(), 8, 1, 1024)?,
        })
    }
}

/// The certificates of a PEM file in DER. A private key in it is refused: warden must not see one.
fn chain(path: &Path) -> Result<Vec<Vec<u8>>, Problem> {
    let text = open::public_text(path)?;
    if text.contains("PRIVATE KEY") {
        return Err(Problem::KeyInChain { path: path.to_owned() });
    }
    let certificates = CertificateDer::pem_slice_iter(text.as_bytes())
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>();
    certificates
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| Problem::Chain { path: path.to_owned() })
}

fn token_label(label: &str) -> Result<String, Problem> {
    if label.is_empty() || label.len() > TOKEN_LABEL_BYTES_MAX || label.contains('\0') {
        return Err(Problem::TokenLabel);
    }
    Ok(label.to_owned())
}

/// `NAME=value` for a vendor's module. What steers the dynamic linker, and what looks like a secret, is refused.
fn variable(text: &str) -> Result<(String, String), Problem> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let refuse = |why| Err(Problem::Environment { name: name.to_owned(), why });
    let upper = name.to_ascii_uppercase();
    if !text.contains('=') || value.contains('\0') {
        return refuse("write it as NAME=value");
    }
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return refuse("a name has letters, digits and underscores");
    }
    if upper.starts_with("LD_") || upper.starts_with("GLIBC_") || upper.starts_with("MALLOC_") {
        return refuse(
            "it steers the dynamic linker or the C library; install the module where it finds its parts",
        );
    }
    let secret = |word| word == "PIN" || word == "SECRET" || word == "KEY" || word == "TOKEN";
    if upper.split('_').any(secret) || upper.contains("PASS") {
        return refuse("it looks like a secret, and an environment can be read; secrets go into pin_file");
    }
    Ok((name.to_owned(), value.to_owned()))
}
