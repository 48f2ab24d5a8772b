//! The operator's window: metrics for Prometheus, the state of the box, and whether this process lives.
//!
//! Separate from the workers, so that watching never takes from serving. Reads states and counts, never values; it
//! has no way to change anything. Which address it listens on is configuration, loopback unless said otherwise.
//! Does not trust: whoever connects; anybody on that address may read.

mod exchange;
mod metrics;

use crate::counters::Counters;
use crate::edge::StatusQuestion;
use exchange::Response;
pub use exchange::{Asked, Status, parse};
use holdfast_model::Timestamp;
use holdfast_model::limits::{OPS_CONNECTIONS_MAX, OPS_CORE_TIMEOUT, OPS_TIMEOUT};
use holdfast_model::role::Role;
use holdfast_model::status::{BoxStatus, CoreStatus, ProcessStatus};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::timeout;

/// How long to wait when accepting fails.
const BREATH: Duration = Duration::from_millis(100);

/// Where the answers come from.
pub(crate) struct Ops {
    pub(crate) counters: Arc<Counters>,
    pub(crate) processes: watch::Receiver<Vec<ProcessStatus>>,
    pub(crate) questions: mpsc::Sender<StatusQuestion>,
    /// When this process began, for as long as no table of processes is there.
    pub(crate) started: Timestamp,
}

/// Serves the operator's listener; one exchange a connection.
pub(crate) async fn serve(listener: TcpListener, ops: Rc<Ops>) {
    let places = Arc::new(Semaphore::new(OPS_CONNECTIONS_MAX));
    loop {
        // More than that wait in the kernel's queue.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let ops = ops.clone();
                tokio::task::spawn_local(async move {
                    let _ = timeout(OPS_TIMEOUT, ops.exchange(stream)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(reason = %error.kind(), "ops-accept-failed");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

impl Ops {
    async fn exchange(&self, mut stream: TcpStream) {
        let Some(request) = exchange::read(&mut stream).await else { return };
        let response = match request {
            Ok(asked) => self.answer(&asked).await,
            Err(status) => Response::bare(status),
        };
        exchange::write(stream, response).await;
    }

    async fn answer(&self, asked: &Asked) -> Response {
        match asked.path.as_str() {
            "/health" => {
                Response { kind: "text/plain; charset=utf-8", body: "ok\n".to_owned(), ..Response::ok(asked) }
            }
            "/status" => match serde_json::to_string(&self.status().await) {
                Ok(body) => Response { kind: "application/json", body, ..Response::ok(asked) },
                Err(_) => Response::bare(Status::Failed),
            },
            "/metrics" => match metrics::text(self.counters.clone(), self.status().await) {
                Ok(body) => Response { kind: metrics::KIND, body, ..Response::ok(asked) },
                Err(_) => Response::bare(Status::Failed),
            },
            _ => Response::bare(Status::NotFound),
        }
    }

    async fn status(&self) -> BoxStatus {
        let core = self.core().await;
        let processes = self.processes.borrow().clone();
        let warden = processes.iter().find(|p| p.instance.role == Role::Warden).map(|p| p.started);
        let oldest = processes.iter().map(|p| p.started).fold(self.started, Ord::min);
        BoxStatus { at: Timestamp::now(), started: warden.unwrap_or(oldest), processes, core }
    }

    /// None when core is away or does not answer in time.
    async fn core(&self) -> Option<CoreStatus> {
        let (question, answer) = oneshot::channel();
        self.questions.try_send(question).ok()?;
        timeout(OPS_CORE_TIMEOUT, answer).await.ok()?.ok()
    }
}
