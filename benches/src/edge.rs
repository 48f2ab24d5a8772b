//! The frontend over a double of core, beside the bare echo: what framing, batching and the crossing cost.

use crate::echo::Echo;
use crate::load::{Load, Server, runtime};
use crate::operations::Turns;
use crate::report::{Report, Round, median};
use crate::support::{House, echo, message, settings};
use rustls::pki_types::ServerName;

/// Bytes of a request and of its answer.
const MESSAGE_BYTES: usize = 200;

/// Measures and reports.
///
/// # Errors
/// When one of the servers fails.
pub(crate) fn measure(report: &mut Report, turns: Turns) -> Result<(), String> {
    // One worker beside the echo's one thread.
    let settings = holdfast_ports::settings::Frontend { workers: 1, lanes: 1, ..settings() };
    let house = House::apart(settings, echo);
    let bare = Echo::start(&house.pki)?;
    let name = ServerName::try_from("holdfast.test").map_err(|e| e.to_string())?;
    let tls = house.pki.client("acme");
    let edge = Server { at: house.kmip, name: name.clone(), tls: tls.clone(), pids: vec![house.pid()] };
    let bare_at = Server { at: bare.at, name, tls, pids: vec![bare.pid()] };
    let runtime = runtime()?;
    for connections in [1, 8, 16, 64] {
        let open = |server| {
            let asked = message(7, MESSAGE_BYTES - 8);
            Load::open(&runtime, server, connections, Box::new(move || asked.clone()), |_| true)
        };
        let (mut bare, mut through) = (open(&bare_at)?, open(&edge)?);
        let (mut of_bare, mut of_edge) = (Vec::new(), Vec::new());
        for _ in 0..turns.rounds {
            of_bare.push(bare.round(&runtime, turns.each, usize::MAX)?);
            of_edge.push(through.round(&runtime, turns.each, usize::MAX)?);
        }
        let ratios = of_edge.iter().zip(&of_bare).map(|(edge, bare)| edge.per_second / bare.per_second);
        report.row("bare echo, 200 B", connections, &Round::median(&of_bare), 1.0, None);
        let ratio = median(ratios.collect());
        report.row("frontend, double of core", connections, &Round::median(&of_edge), ratio, None);
    }
    Ok(())
}
