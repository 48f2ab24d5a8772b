//! Puts load on a server: a number of connections, each with one request on its way at a time.
//!
//! Connections stay open between rounds, so that servers can be measured in turns: what else the machine does then
//! falls on all of them alike.

use crate::report::Round;
use crate::requests::refusal;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    pub(crate) name: ServerName<'static>,
    pub(crate) tls: Arc<ClientConfig>,
    /// Its processes, whose processor time is read.
    pub(crate) pids: Vec<u32>,
}

/// Makes requests: each call the next one.
pub(crate) type Requests = Box<dyn Fn() -> Vec<u8>>;

/// A number of open connections and what is asked over them.
pub(crate) struct Load {
    server: Server,
    streams: Vec<TlsStream<TcpStream>>,
    requests: std::rc::Rc<Requests>,
    is_fine: fn(&[u8]) -> bool,
}

/// The runtime that all loads of a measurement share: one thread.
///
/// # Errors
/// When the system has no resources for it.
pub(crate) fn runtime() -> Result<Runtime, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    runtime.map_err(|e| e.to_string())
}

impl Load {
    /// Opens the connections.
    ///
    /// # Errors
    /// When one cannot be made.
    pub(crate) fn open(
        runtime: &Runtime,
        server: &Server,
        connections: usize,
        requests: Requests,
        is_fine: fn(&[u8]) -> bool,
    ) -> Result<Self, String> {
        let streams = runtime.block_on(async {
            let mut streams = Vec::new();
            for _ in 0..connections {
                streams.push(connect(server).await?);
            }
            Ok::<_, std::io::Error>(streams)
        });
        let streams = streams.map_err(|e| format!("cannot connect: {e}"))?;
        Ok(Self { server: server.clone(), streams, requests: requests.into(), is_fine })
    }

    /// Asks for so long, or until `requests_max` requests have begun.
    ///
    /// # Errors
    /// When a connection breaks or an answer is not fine.
    pub(crate) fn round(
        &mut self,
        runtime: &Runtime,
        duration: Duration,
        requests_max: usize,
    ) -> Result<Round, String> {
        let (before, start) = (cpu_time(&self.server.pids), Instant::now());
        let left = std::rc::Rc::new(std::cell::Cell::new(requests_max));
        let outcome = LocalSet::new().block_on(runtime, async {
            let asking: Vec<_> = self
                .streams
                .drain(..)
                .map(|stream| {
                    let asking =
                        ask(stream, self.requests.clone(), start + duration, left.clone(), self.is_fine);
                    tokio::task::spawn_local(asking)
                })
                .collect();
            let mut done = Vec::new();
            for one in asking {
                done.push(one.await.map_err(|e| e.to_string())??);
            }
            Ok::<_, String>(done)
        })?;
        let took = start.elapsed();
        let mut latencies = Vec::new();
        for (stream, of_one) in outcome {
            self.streams.push(stream);
            latencies.extend(of_one);
        }
        Ok(Round::of(latencies, took, cpu_time(&self.server.pids).saturating_sub(before)))
    }
}

async fn connect(server: &Server) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.at).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(server.tls.clone()).connect(server.name.clone(), stream).await
}

async fn ask(
    mut stream: TlsStream<TcpStream>,
    requests: std::rc::Rc<Requests>,
    until: Instant,
    left: std::rc::Rc<std::cell::Cell<usize>>,
    is_fine: fn(&[u8]) -> bool,
) -> Result<(TlsStream<TcpStream>, Vec<Duration>), String> {
    let mut latencies = Vec::new();
    let mut answer = Vec::new();
    while Instant::now() < until && left.get() > 0 {
        left.set(left.get() - 1);
        let request = requests();
        let start = Instant::now();
        exchange(&mut stream, &request, &mut answer).await.map_err(|e| format!("connection broke: {e}"))?;
        latencies.push(start.elapsed());
        if !is_fine(&answer) {
            return Err(format!("a request was refused: {}", refusal(&answer)));
        }
    }
    Ok((stream, latencies))
}

async fn exchange(
    stream: &mut TlsStream<TcpStream>,
    request: &[u8],
    answer: &mut Vec<u8>,
) -> std::io::Result<()> {
    stream.write_all(request).await?;
    stream.flush().await?;
    answer.resize(8, 0);
    stream.read_exact(answer).await?;
    let length = answer.get(4..8).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
    answer.resize(8 + usize::try_from(length).unwrap_or(0), 0);
    stream.read_exact(answer.get_mut(8..).unwrap_or_default()).await?;
    Ok(())
}

/// Processor time of processes so far, in user and kernel mode, as the scheduler counts it (proc(5): schedstat), in all
/// their threads.
fn cpu_time(pids: &[u32]) -> Duration {
    let threads = pids.iter().filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).ok()).flatten();
    let times = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}
