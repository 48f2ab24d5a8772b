//! Accepts connections and deals them out to the workers.
//!
//! One place accepts, so that the bounds hold for all workers together and the load is even: with one accepting
//! socket in each worker, whoever wakes first takes all.
//! Does not trust: peers; none of their bytes are read here.

use crate::counters::Counters;
use crate::worker::stream::Accepted;
use crate::worker::{Handle, Speech, ToWorker};
use holdfast_model::limits::HANDSHAKES_MAX;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};

/// How long to wait when there are no descriptors or no memory for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// Where clients come in.
pub(crate) enum Door {
    /// From the network.
    Tcp(TcpListener),
    /// From this host.
    Local(UnixListener),
}

impl Door {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Door::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // One TLS record per reply: waiting to fill packets only makes clients wait.
                // It fails on a connection that is gone already.
                stream.set_nodelay(true).map_err(|_| io::ErrorKind::ConnectionAborted)?;
                stream.into_std().map(Accepted::Tcp)
            }
            Door::Local(listener) => listener.accept().await?.0.into_std().map(Accepted::Local),
        }
    }
}

/// Accepts until the process ends.
pub(crate) async fn accept(
    door: Door,
    speech: Speech,
    connections_max: u32,
    counters: std::sync::Arc<Counters>,
    workers: Rc<Vec<Handle>>,
) {
    let mut turn = 0_usize;
    loop {
        match door.accept().await {
            Ok(stream) => {
                turn = turn.wrapping_add(1);
                deal(stream, speech, turn, connections_max, &counters, &workers);
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                counters.accept_failures.add(1);
                tracing::warn!(reason = %error.kind(), "accept-failed");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn deal(
    stream: Accepted,
    speech: Speech,
    turn: usize,
    connections_max: u32,
    counters: &Counters,
    workers: &[Handle],
) {
    counters.accepted.add(1);
    let place = counters.open.enter(u64::from(connections_max));
    let handshaking = counters.handshaking.enter(HANDSHAKES_MAX as u64);
    let (Some(place), Some(handshaking)) = (place, handshaking) else {
        counters.turned_away.add(1);
        return;
    };
    if let Some(worker) = workers.get(turn % workers.len().max(1))
        && worker.say.send(ToWorker::Serve { stream, speech, place, handshaking }).is_err()
    {
        tracing::error!("worker-gone");
    }
}

/// The peer's own doing: it was there and has gone.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
