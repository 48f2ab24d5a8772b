//! `holdfast-pkcs11.toml`: where the appliances are, and with which certificate each slot speaks to them.
//!
//! Found by `HOLDFAST_PKCS11_CONF`, else in `$XDG_CONFIG_HOME/holdfast` (or `~/.config/holdfast`), else in `/etc/holdfast`.
//! Trusts: the file, as its owner may choose any appliance. Paths in it are relative to it.

use crate::limits::{FILE_BYTES_MAX, SLOTS_MAX};
use serde::Deserialize;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Name of the file in its directories.
const FILE_NAME: &str = "holdfast-pkcs11.toml";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// None of the usual places has one.
    #[error("no {FILE_NAME} is found; set HOLDFAST_PKCS11_CONF")]
    Missing,
    /// It cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It does not say what it must.
    #[error("{path}: {message}")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with the line.
        message: String,
    },
}

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    log: Option<PathBuf>,
    #[serde(default)]
    servers: Vec<String>,
    server_name: Option<String>,
    ca: Option<PathBuf>,
    #[serde(default)]
    slot: Vec<WrittenSlot>,
}

/// One `[[slot]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSlot {
    label: String,
    certificate: PathBuf,
    key: PathBuf,
    #[serde(default)]
    servers: Vec<String>,
    server_name: Option<String>,
    ca: Option<PathBuf>,
}

/// What was configured, every question answered.
#[derive(Debug)]
pub(crate) struct Config {
    /// Where errors go.
    pub(crate) log: Option<PathBuf>,
    /// The slots in their order.
    pub(crate) slots: Vec<SlotConfig>,
}

/// One slot: a tenant (and service) as the client of this certificate.
#[derive(Debug, Clone)]
pub(crate) struct SlotConfig {
    /// Label of the token until C_InitToken gives it another.
    pub(crate) label: String,
    /// `host:port` of each appliance, the first preferred.
    pub(crate) servers: Vec<String>,
    /// The name in the appliance's certificate; its host if absent.
    pub(crate) server_name: Option<String>,
    /// Who certifies the appliances (PEM).
    pub(crate) ca: PathBuf,
    /// The client's certificate chain (PEM).
    pub(crate) certificate: PathBuf,
    /// Its private key (PEM).
    pub(crate) key: PathBuf,
}

impl Config {
    /// Reads the file of the usual places.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub(crate) fn find() -> Result<Self, ConfigError> {
        Self::read(&place(|name| std::env::var_os(name)).ok_or(ConfigError::Missing)?)
    }

    /// Reads this file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path)?;
        let wrong = |message: String| ConfigError::Wrong { path: path.to_owned(), message };
        let written: Written = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let base = path.parent().unwrap_or(Path::new("."));
        let mut slots = Vec::with_capacity(written.slot.len());
        for (at, slot) in (1..).zip(written.slot) {
            if at > SLOTS_MAX {
                return Err(wrong(format!("more than {SLOTS_MAX} slots")));
            }
            let servers = if slot.servers.is_empty() { written.servers.clone() } else { slot.servers };
            if servers.is_empty() {
                return Err(wrong(format!("slot {at} names no servers")));
            }
            let ca = slot.ca.or_else(|| written.ca.clone());
            slots.push(SlotConfig {
                label: slot.label,
                servers,
                server_name: slot.server_name.or_else(|| written.server_name.clone()),
                ca: base.join(ca.ok_or_else(|| wrong(format!("slot {at} names no ca")))?),
                certificate: base.join(slot.certificate),
                key: base.join(slot.key),
            });
        }
        Ok(Self { log: written.log.map(|log| base.join(log)), slots })
    }
}

/// The file that counts.
fn place(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = set("HOLDFAST_PKCS11_CONF") {
        return Some(named);
    }
    let own = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
    let own = own.map(|own| own.join("holdfast").join(FILE_NAME));
    let shared = Path::new("/etc/holdfast").join(FILE_NAME);
    own.into_iter().chain([shared]).find(|path| path.is_file())
}

/// A file as text, if it is not too large.
///
/// # Errors
/// [`ConfigError::Unreadable`].
pub(crate) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, ConfigError> {
        let name = format!("holdfast-pkcs11-{}-{:p}.toml", std::process::id(), text);
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let config = Config::read(&path);
        std::fs::remove_file(&path).unwrap();
        config
    }

    #[test]
    fn a_slot_takes_from_the_top_what_it_does_not_say_itself() {
        let config = read(
            "servers = [\"a:1\", \"b:2\"]\nca = \"/ca.pem\"\n\
             [[slot]]\nlabel = \"one\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\
             [[slot]]\nlabel = \"two\"\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"\nservers = [\"c:3\"]\n",
        )
        .unwrap();
        let [one, two] = config.slots.as_slice() else { panic!("two slots") };
        assert_eq!(one.servers, ["a:1", "b:2"]);
        assert_eq!(two.servers, ["c:3"]);
        assert_eq!(one.ca, Path::new("/ca.pem"));
        assert!(one.certificate.is_absolute(), "beside the file");
    }

    #[test]
    fn an_unknown_word_is_refused_and_so_is_a_slot_without_servers() {
        assert!(read("colour = 1\n").is_err());
        assert!(read("ca = \"x\"\n[[slot]]\nlabel = \"a\"\ncertificate = \"c\"\nkey = \"k\"\n").is_err());
    }

    #[test]
    fn the_variable_goes_before_the_users_directory() {
        let named = place(|name| (name == "HOLDFAST_PKCS11_CONF").then(|| "/x/y.toml".into()));
        assert_eq!(named.as_deref(), Some(Path::new("/x/y.toml")));
    }
}
