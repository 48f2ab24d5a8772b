//! The PKCS#11 library as an application finds it: its file, and a configuration with a client's certificate.

use crate::appliance::Appliance;
use crate::binaries::library;
use crate::configuration::private;
use crate::stage::Stage;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A configured library.
pub struct Provider {
    directory: tempfile::TempDir,
    /// Where the library is.
    pub module: PathBuf,
}

impl Provider {
    /// One slot for each tenant, at these appliances.
    #[must_use]
    pub fn new(stage: &Stage, appliances: &[&Appliance], tenants: &[&str]) -> Self {
        let directory = tempfile::tempdir_in(stage.path("")).unwrap();
        let at = directory.path();
        private(&at.join("ca.pem"), &stage.box_ca.pem);
        let servers: Vec<String> = appliances.iter().map(|one| format!("\"{}\"", one.kmip)).collect();
        let mut text = format!("log = \"errors.log\"\nca = \"ca.pem\"\nservers = [{}]\n", servers.join(", "));
        for tenant in tenants {
            let identity = stage.identity(tenant);
            private(&at.join(format!("{tenant}.pem")), &identity.pem);
            private(&at.join(format!("{tenant}.key")), &identity.key_pem);
            let _ = write!(
                text,
                "[[slot]]\nlabel = \"{tenant}\"\ncertificate = \"{tenant}.pem\"\nkey = \"{tenant}.key\"\n"
            );
        }
        private(&at.join("holdfast-pkcs11.toml"), &text);
        Self { module: library(), directory }
    }

    /// Its configuration.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.path("holdfast-pkcs11.toml")
    }

    /// A path beside the configuration, gone with it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program that finds the library.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("HOLDFAST_PKCS11_CONF", self.configuration()).current_dir(self.directory.path());
        command
    }

    /// `pkcs11-tool` with these arguments.
    #[must_use]
    pub fn tool(&self, arguments: &[&str]) -> Output {
        let mut command = self.command("pkcs11-tool");
        command.arg("--module").arg(&self.module).args(arguments);
        command.output().unwrap_or_else(|error| panic!("pkcs11-tool: {error}: apt-get install opensc"))
    }

    /// What `pkcs11-tool` printed, on both streams.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn tool_says(&self, arguments: &[&str]) -> String {
        let output = self.tool(arguments);
        let text = said(&output);
        assert!(output.status.success(), "pkcs11-tool {arguments:?}: {text}\n{}", self.log());
        text
    }

    /// What the library wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("errors.log")).unwrap_or_default()
    }

    /// Writes a file beside the configuration.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Reads it back.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }
}

/// Both streams of a program.
#[must_use]
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
