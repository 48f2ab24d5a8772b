//! Accepts connections and deals them out to the workers.
//!
//! One place accepts, so that the bounds hold for all workers together and the load is even: with one accepting
//! socket in each worker, whoever wakes first takes all.
//! Does not trust: peers; none of their bytes are read here.

use crate::counters::Counters;
use crate::worker::{Handle, ToWorker};
use holdfast_model::limits::HANDSHAKES_MAX;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long to wait when there are no descriptors or no memory for another connection.
const BREATH: Duration = Duration::from_millis(100);

/// Accepts until the process ends.
pub(crate) async fn accept(
    listener: TcpListener,
    connections_max: u32,
    counters: std::sync::Arc<Counters>,
    workers: Rc<Vec<Handle>>,
) {
    let mut turn = 0_usize;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                turn = turn.wrapping_add(1);
                deal(stream, turn, connections_max, &counters, &workers);
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
    stream: tokio::net::TcpStream,
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
    // One TLS record per reply: waiting to fill packets only makes clients wait.
    let ready = stream.set_nodelay(true).and_then(|()| stream.into_std());
    let worker = workers.get(turn % workers.len().max(1));
    if let (Ok(stream), Some(worker)) = (ready, worker)
        && worker.say.send(ToWorker::Serve { stream, place, handshaking }).is_err()
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
