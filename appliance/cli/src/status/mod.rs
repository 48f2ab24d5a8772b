//! `holdfast status`: asks the box's ops listener, and shows what it says.

mod http;
mod table;

use crate::{Failure, Report};
use clap::Args;
use holdfast_model::status::BoxStatus;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// Asks a running box how it is. Exit code 1 when something is wrong: a process or an HSM is away, or the audit log
/// takes no records. A sealed tenant is not wrong: it unseals when it is asked for something.
#[derive(Args)]
#[command(after_help = "\
Examples:
  holdfast status
  holdfast status --watch
  holdfast status --url http://10.0.0.7:9464 --json")]
pub(crate) struct Status {
    /// The box's ops listener (`listen.ops` in its configuration).
    #[arg(long, default_value = "http://127.0.0.1:9464", conflicts_with = "socket")]
    url: String,
    /// The same over a Unix socket.
    #[arg(long)]
    socket: Option<PathBuf>,
    /// Ask again every so many seconds, until interrupted.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "2",
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    watch: Option<u32>,
}

/// Clears a terminal: cursor home, erase below.
const CLEAR: &str = "\x1b[H\x1b[J";

impl Status {
    pub(crate) fn run(&self, as_json: bool) -> Result<Report, Failure> {
        let Some(seconds) = self.watch else { return self.ask() };
        loop {
            let text = match self.ask() {
                Ok(report) => report.print(as_json),
                Err(failure) if as_json => failure.json(),
                Err(failure) => format!("{failure}\n"),
            };
            let clear = if as_json { "" } else { CLEAR };
            let mut out = std::io::stdout().lock();
            let written = write!(out, "{clear}{text}").and_then(|()| out.flush());
            drop(out);
            written.map_err(|error| Failure::Unable(format!("standard output: {error}")))?;
            std::thread::sleep(Duration::from_secs(seconds.into()));
        }
    }

    fn ask(&self) -> Result<Report, Failure> {
        let (body, whom) = match &self.socket {
            Some(path) => (http::get_unix(path, "/status"), path.display().to_string()),
            None => (http::get_tcp(&self.url, "/status"), self.url.clone()),
        };
        let body = body.map_err(|error| {
            Failure::Unable(format!("{whom}: {error}. Is holdfastd running, and is this its ops listener?"))
        })?;
        let status: BoxStatus = serde_json::from_slice(&body)
            .map_err(|_| Failure::Unable(format!("{whom} answered, but not with the status of a box")))?;
        let json = serde_json::to_value(&status).map_err(|error| Failure::Unable(error.to_string()))?;
        Ok(Report { text: table::render(&status), json, good: table::is_healthy(&status) })
    }
}
