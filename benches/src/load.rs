//! Puts load on a server: a number of connections, each with one request on its way at a time.

use crate::report::Figures;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom to ask.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    pub(crate) name: ServerName<'static>,
    pub(crate) tls: Arc<ClientConfig>,
    /// To read its processor time.
    pub(crate) pid: Option<u32>,
}

/// Asks `what(n)` with n = 0, 1, 2, … for so long over so many connections.
///
/// # Errors
/// When a connection cannot be made or breaks, or `is_fine` says no to an answer.
pub(crate) fn run(
    server: &Server,
    connections: usize,
    duration: Duration,
    what: impl Fn(u32) -> Vec<u8> + 'static,
    is_fine: fn(&[u8]) -> bool,
) -> Result<Figures, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.map_err(|e| e.to_string())?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let mut streams = Vec::new();
        for _ in 0..connections {
            streams.push(connect(server).await.map_err(|e| format!("cannot connect: {e}"))?);
        }
        let what = Rc::new(what);
        let (cpu, start) = (server.pid.and_then(cpu_time), Instant::now());
        let asking: Vec<_> = streams
            .into_iter()
            .zip(0_u32..)
            .map(|(stream, first)| {
                let step = u32::try_from(connections).unwrap_or(u32::MAX);
                tokio::task::spawn_local(ask(stream, what.clone(), first, step, start + duration, is_fine))
            })
            .collect();
        let mut latencies = Vec::new();
        for one in asking {
            latencies.extend(one.await.map_err(|e| e.to_string())??);
        }
        let took = start.elapsed();
        let cpu = cpu.and_then(|before| server.pid.and_then(cpu_time).map(|now| now.saturating_sub(before)));
        Ok(Figures::of(latencies, took, cpu))
    })
}

async fn connect(server: &Server) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server.at).await?;
    stream.set_nodelay(true)?;
    TlsConnector::from(server.tls.clone()).connect(server.name.clone(), stream).await
}

async fn ask(
    mut stream: TlsStream<TcpStream>,
    what: Rc<impl Fn(u32) -> Vec<u8>>,
    first: u32,
    step: u32,
    until: Instant,
    is_fine: fn(&[u8]) -> bool,
) -> Result<Vec<Duration>, String> {
    let mut latencies = Vec::new();
    let mut answer = Vec::new();
    let mut number = first;
    while Instant::now() < until {
        let request = what(number);
        let start = Instant::now();
        exchange(&mut stream, &request, &mut answer).await.map_err(|e| format!("connection broke: {e}"))?;
        latencies.push(start.elapsed());
        if !is_fine(&answer) {
            return Err(format!("request {number} was answered with an error"));
        }
        number = number.wrapping_add(step);
    }
    Ok(latencies)
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

/// Processor time of a process so far, in user and kernel mode (proc(5), fields 14 and 15, in hundredths of a second).
fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}
