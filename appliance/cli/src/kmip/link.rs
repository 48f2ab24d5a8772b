//! Whom to talk to and as whom: options, or a profile from a file; and the talking itself.

use super::answer::Answer;
use super::bytes;
use crate::Failure;
use clap::Args;
use kmip::client::{CallError, Config, Login, Pool, Server, tls};
use kmip::operation::Ask;
use kmip::ttlv::Item;
use kmip::version::Version;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Where profiles are, below the home directory.
const PROFILES: &str = ".config/holdfast/kmip.toml";

#[derive(Args)]
pub(super) struct Options {
    /// File with profiles. Default: ~/.config/holdfast/kmip.toml, if it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which profile of it. Default: the one that the file calls `default`.
    #[arg(long, short, value_name = "NAME")]
    profile: Option<String>,
    /// A server, as host:port, or unix:PATH for a socket on this host. Give several to fail over.
    #[arg(long = "server", short, value_name = "HOST:PORT")]
    servers: Vec<String>,
    /// The name that the server's certificate bears, if it is not the host.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// The authorities that vouch for the server, in PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Your certificate, in PEM.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// Its private key, in PEM; the file must be yours alone (chmod 600).
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// The version of KMIP to speak: 1.0 to 1.4, 2.0, 2.1. Default 1.4.
    #[arg(long = "speak", value_name = "VERSION")]
    version: Option<String>,
    /// A user name to give beside the certificate.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// File that holds the password and nothing else (chmod 600).
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// How many seconds to wait for an answer.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=3600))]
    timeout: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<String>,
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Profile {
    servers: Vec<String>,
    server_name: Option<String>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    version: Option<String>,
    username: Option<String>,
    password_file: Option<PathBuf>,
    timeout: Option<u32>,
}

impl Options {
    /// Puts options before profile before defaults. Nothing is sent yet.
    pub(super) fn open(&self) -> Result<Link, Failure> {
        let profile = self.profile()?;
        let servers = if self.servers.is_empty() { &profile.servers } else { &self.servers };
        if servers.is_empty() {
            return Err(missing("server", "--server HOST:PORT"));
        }
        let name = self.server_name.as_ref().or(profile.server_name.as_ref());
        let servers = servers.iter().map(|text| server(text, name)).collect::<Result<Vec<_>, _>>()?;
        let ca = path(&self.ca, &profile.ca, "ca")?;
        let certificate = path(&self.certificate, &profile.certificate, "certificate")?;
        let key = path(&self.key, &profile.key, "key")?;
        let tls = tls::from_pem(&bytes::read(ca)?, &bytes::read(certificate)?, &bytes::read_private(key)?)
            .map_err(|error| {
                Failure::Unable(format!(
                    "{error} (CA {}, certificate {}, key {})",
                    ca.display(),
                    certificate.display(),
                    key.display()
                ))
            })?;
        let mut config = Config::new(servers, tls);
        config.connections_max = 1;
        if let Some(text) = self.version.as_ref().or(profile.version.as_ref()) {
            config.version = version(text)?;
        }
        if let Some(seconds) = self.timeout.or(profile.timeout) {
            config.timeouts.read = Duration::from_secs(seconds.into());
        }
        let password = self.password_file.as_ref().or(profile.password_file.as_ref());
        if let Some(username) = self.username.as_ref().or(profile.username.as_ref()) {
            let password = match password {
                Some(file) => bytes::password(file)?,
                None => Zeroizing::default(),
            };
            config.login = Some(Login { username: username.clone(), password });
        }
        Ok(Link { pool: Pool::new(config) })
    }

    fn profile(&self) -> Result<Profile, Failure> {
        let usual = || std::env::home_dir().map(|home| home.join(PROFILES)).filter(|path| path.is_file());
        let Some(path) = self.config.clone().or_else(usual) else {
            return match &self.profile {
                Some(_) => Err(Failure::Unable(format!(
                    "there is no file with profiles: --config FILE, or ~/{PROFILES}"
                ))),
                None => Ok(Profile::default()),
            };
        };
        let text = std::fs::read_to_string(&path).map_err(|error| Failure::file(&path, &error))?;
        let mut file: File =
            toml::from_str(&text).map_err(|error| Failure::Unable(format!("{}: {error}", path.display())))?;
        let Some(name) = self.profile.as_ref().or(file.default.as_ref()) else {
            return Ok(Profile::default());
        };
        let name = name.clone();
        file.profile
            .remove(&name)
            .ok_or_else(|| Failure::Unable(format!("{}: there is no [profile.{name}]", path.display())))
    }
}

fn missing(what: &str, option: &str) -> Failure {
    Failure::Unable(format!(
        "no {what} is given: {option}, or `{what}` in a profile; see `holdfast kmip --help`"
    ))
}

fn path<'p>(
    option: &'p Option<PathBuf>,
    profile: &'p Option<PathBuf>,
    what: &str,
) -> Result<&'p Path, Failure> {
    option.as_deref().or(profile.as_deref()).ok_or_else(|| missing(what, &format!("--{what} FILE")))
}

fn server(text: &str, name: Option<&String>) -> Result<Server, Failure> {
    let made = match (text.strip_prefix("unix:"), name) {
        (Some(path), Some(name)) => Server::unix(path, name),
        (Some(_), None) => return Err(missing("server_name", "--server-name NAME")),
        (None, Some(name)) => Server::tcp(text).and_then(|server| server.named(name)),
        (None, None) => Server::tcp(text),
    };
    made.map_err(|error| Failure::Unable(format!("server {text:?}: {error}")))
}

fn version(text: &str) -> Result<Version, Failure> {
    Version::NEWEST_FIRST.into_iter().find(|version| version.to_string() == text).ok_or_else(|| {
        Failure::Unable(format!("{text:?} is no version of KMIP that is spoken here: 1.0 to 1.4, 2.0, 2.1"))
    })
}

/// The way to the server.
pub(super) struct Link {
    pool: Pool,
}

impl Link {
    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn version(&self) -> Version {
        self.pool.config().version
    }

    /// One operation: its answer, whatever it is.
    pub(super) fn ask<'p, A: Ask<'p>>(&self, ask: &A) -> Result<Answer, Failure> {
        let mut batch = self.pool.new_batch().map_err(|error| failure(error.into()))?;
        batch.add(ask).map_err(|error| failure(error.into()))?;
        self.pool
            .batch(&batch, |answers| {
                let payload: Item<'_> = answers.payload(0, A::OPERATION)?;
                Ok(Answer::new(&payload, answers.version()))
            })
            .and_then(|answer| answer)
            .map_err(failure)
    }
}

/// What a person can do about it.
pub(super) fn failure(error: CallError) -> Failure {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    match error {
        CallError::Refused(refused) => {
            Failure::Refused { word: format!("{:?}", refused.reason), message: refused.to_string() }
        }
        CallError::NotAdmitted(_) => Failure::Unable(format!(
            "TLS refused{cause}. Does the server trust your certificate, and does --ca vouch for the server's name?"
        )),
        CallError::Unreachable(_) => {
            Failure::Unable(format!("no server reached{cause}. Is the address right, and does it listen?"))
        }
        CallError::Uncertain(_) => Failure::Unable(format!(
            "no answer{cause}. The operation may have been done or not; look before doing it again"
        )),
        other => Failure::Unable(format!("{other}{cause}")),
    }
}
