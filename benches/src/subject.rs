//! What is measured: a whole appliance in its full sandbox on a token of its own, and the bare echo beside it.

use crate::echo::Echo;
use crate::load::Server;
use crate::requests::{activate, create, encrypt, identifier, succeeded};
use crate::support::pki::Pki;
use crate::talk::Talk;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use softhsm_tests::appliance::PROCESSES;
use softhsm_tests::client::tls;
use softhsm_tests::configuration::Settings;
use softhsm_tests::{Appliance, Stage};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The tenant whose requests are measured.
pub(crate) const TENANT: &str = "acme";
/// How long a tenant may take to be unsealed.
const UNSEALING_MAX: Duration = Duration::from_secs(30);

/// The box, its tenant's client and a key that is in use.
pub(crate) struct Subject {
    pub(crate) stage: Stage,
    appliance: Option<Appliance>,
    client: Arc<ClientConfig>,
    /// The Unique Identifier of an active AES-256 key.
    pub(crate) key: String,
}

impl Subject {
    /// Starts a box with what an operator gets who changes nothing, and makes a key in it.
    ///
    /// # Errors
    /// When the box does not serve.
    pub(crate) fn serving(lanes: Option<u16>) -> Result<Self, String> {
        let cpus = std::thread::available_parallelism().map_or(1, |n| u16::try_from(n.get()).unwrap_or(16));
        let settings = Settings {
            lanes: lanes.unwrap_or(cpus).min(16),
            arena_mib: 64,
            heap_mib: 128,
            ..Settings::default()
        };
        let (stage, appliance) = Stage::serving(&[TENANT], &settings);
        let client = tls(&stage.box_ca, Some(&stage.identity(TENANT)), rustls::DEFAULT_VERSIONS);
        let mut subject = Self { stage, appliance: Some(appliance), client, key: String::new() };
        let key = subject.done(&create("bench-key"))?;
        subject.key = identifier(&key).ok_or("Create was answered without an identifier")?;
        subject.done(&activate(&subject.key))?;
        Ok(subject)
    }

    /// The running box.
    ///
    /// # Errors
    /// When it is stopped.
    pub(crate) fn appliance(&self) -> Result<&Appliance, String> {
        self.appliance.as_ref().ok_or_else(|| "the appliance is stopped".to_owned())
    }

    /// Where it listens, for its tenant's client.
    ///
    /// # Errors
    /// When it is stopped.
    pub(crate) fn server(&self) -> Result<Server, String> {
        let appliance = self.appliance()?;
        let pids = PROCESSES.iter().filter_map(|name| u32::try_from(appliance.pid(name)).ok());
        Ok(Server {
            at: appliance.kmip,
            name: name("localhost")?,
            tls: self.client.clone(),
            pids: pids.collect(),
        })
    }

    /// Asks for something until it is done: a tenant that is being unsealed takes a moment.
    ///
    /// # Errors
    /// When it is not done in time.
    pub(crate) fn done(&self, request: &[u8]) -> Result<Vec<u8>, String> {
        let server = self.server()?;
        let until = Instant::now() + UNSEALING_MAX;
        loop {
            match Talk::with(&server).and_then(|mut talk| talk.ask(request)) {
                Ok(answer) if succeeded(&answer) => return Ok(answer),
                outcome if Instant::now() > until => {
                    return Err(match outcome {
                        Ok(_) => "the appliance goes on answering with an error".to_owned(),
                        Err(error) => format!("the appliance does not answer: {error}"),
                    });
                }
                _ => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Stops the box and starts it again. Returns how long it took until every process served, and until the first
    /// Encrypt was answered, for which the tenant is unsealed by the HSM.
    ///
    /// # Errors
    /// When it does not come back.
    pub(crate) fn restart(&mut self) -> Result<(Duration, Duration), String> {
        if let Some(appliance) = self.appliance.take() {
            let status = appliance.stop();
            if !status.success() {
                return Err(format!("the appliance ended badly: {status}"));
            }
        }
        let start = Instant::now();
        self.appliance = Some(Appliance::start(&self.stage.configuration));
        let serving = start.elapsed();
        self.done(&encrypt(&self.key))?;
        Ok((serving, start.elapsed()))
    }
}

/// The echo and how to reach it.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn echo() -> Result<(Echo, Server), String> {
    let pki = Pki::new();
    let echo = Echo::start(&pki)?;
    let server =
        Server { at: echo.at, name: name("holdfast.test")?, tls: pki.client("acme"), pids: vec![echo.pid()] };
    Ok((echo, server))
}

fn name(name: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(name.to_owned()).map_err(|e| e.to_string())
}
