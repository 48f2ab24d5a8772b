//! The frontend over a double of core, beside the bare echo: what framing, batching and the crossing cost.

use crate::echo::Echo;
use crate::load::{self, Server};
use crate::report;
use crate::support::{House, echo, message, settings};
use rustls::pki_types::ServerName;
use std::time::Duration;

/// Bytes of a request and of its answer.
const MESSAGE_BYTES: usize = 200;

/// Measures and prints.
///
/// # Errors
/// When one of the servers fails.
pub(crate) fn measure(duration: Duration) -> Result<(), String> {
    // One worker beside the echo's one thread.
    let settings = holdfast_ports::settings::Frontend { workers: 1, lanes: 1, ..settings() };
    let house = House::apart(settings, echo);
    let bare = Echo::start(&house.pki)?;
    let name = ServerName::try_from("holdfast.test").map_err(|e| e.to_string())?;
    let tls = house.pki.client("acme");
    let edge = Server { at: house.kmip, name: name.clone(), tls: tls.clone(), pid: Some(house.pid()) };
    let bare_at = Server { at: bare.at, name, tls, pid: Some(bare.pid()) };
    let request = |_| message(7, MESSAGE_BYTES - 8);
    report::heading();
    for connections in [1, 8, 16, 64] {
        let echoed = load::run(&bare_at, connections, duration, request, |_| true)?;
        report::line("bare echo, 200 B", connections, &echoed, None);
        let through = load::run(&edge, connections, duration, request, |_| true)?;
        report::line("frontend + double of core", connections, &through, Some(&echoed));
    }
    Ok(())
}
