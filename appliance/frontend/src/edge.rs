//! The line to core's first lane beside the hot path: trust rules in, refusals and questions for status out.
//!
//! Separate from the workers' links, so that none of this waits behind requests.
//! Trusts: core.

use crate::async_link::AsyncLink;
use crate::counters::Counters;
use crate::rate::Rates;
use crate::tls::trust::Trust;
use holdfast_model::Generation;
use holdfast_model::limits::{OPS_CONNECTIONS_MAX, REJECTION_REPORTS_PER_SECOND};
use holdfast_model::status::CoreStatus;
use holdfast_ports::edge::{Rejection, Reply, Request};
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::link::LinkError;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

/// The number of the one `Watch` on each link; all other numbers are higher.
const WATCH: Correlation = Correlation(1);

/// Somebody wants to know how core is.
pub(crate) type StatusQuestion = oneshot::Sender<CoreStatus>;

/// What the line needs from the rest of the frontend.
pub(crate) struct Edge {
    pub(crate) counters: Arc<Counters>,
    pub(crate) rates: Arc<Rates>,
    pub(crate) trust: watch::Sender<Option<Arc<Trust>>>,
    pub(crate) rejections: mpsc::Receiver<Rejection>,
    pub(crate) questions: mpsc::Receiver<StatusQuestion>,
    pub(crate) ends: mpsc::UnboundedReceiver<(Generation, OwnedFd)>,
}

/// One link to one start of core.
struct Line {
    link: AsyncLink,
    generation: Generation,
    next: u64,
    asked: BTreeMap<u64, StatusQuestion>,
    allowance: Allowance,
}

impl Edge {
    /// Serves one core after another, for as long as the process lives.
    pub(crate) async fn run(mut self) {
        let mut line: Option<Line> = None;
        loop {
            tokio::select! {
                end = self.ends.recv() => {
                    let Some((generation, end)) = end else { return };
                    // The old core's rules end with it, before the new one's can be asked for.
                    self.trust.send_replace(None);
                    line = Line::begin(generation, end);
                }
                Some(why) = self.rejections.recv() => {
                    if let Some(line) = &mut line && line.allowance.permits(Instant::now()) {
                        line.ask(&Request::Rejected { why });
                    }
                }
                Some(question) = self.questions.recv() => {
                    if let Some(line) = &mut line && line.asked.len() < OPS_CONNECTIONS_MAX {
                        line.asked.retain(|_, asker| !asker.is_closed());
                        let number = line.ask(&Request::Status);
                        line.asked.insert(number, question);
                    }
                }
                outcome = drive(&mut line, &self.counters, &self.rates, &self.trust) => {
                    if let Err(error) = outcome {
                        tracing::warn!(reason = %error, "core-lost");
                    }
                    self.trust.send_replace(None);
                    line = None;
                }
            }
        }
    }
}

async fn drive(
    line: &mut Option<Line>,
    counters: &Counters,
    rates: &Rates,
    trust: &watch::Sender<Option<Arc<Trust>>>,
) -> Result<(), LineError> {
    match line {
        Some(line) => poll_fn(|cx| line.poll(cx, counters, rates, trust)).await,
        None => std::future::pending().await,
    }
}

#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Framing(#[from] holdfast_ports::frame::FrameTooLong),
    #[error(transparent)]
    Message(#[from] envelope::NotAMessage),
}

impl Line {
    fn begin(generation: Generation, end: OwnedFd) -> Option<Self> {
        let link = AsyncLink::new(end)
            .inspect_err(|error| tracing::error!(reason = %error, "edge-not-connected"))
            .ok()?;
        let mut line =
            Self { link, generation, next: WATCH.0, asked: BTreeMap::new(), allowance: Allowance::new() };
        line.ask(&Request::Watch);
        Some(line)
    }

    fn ask(&mut self, request: &Request) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.link.queue(|out| envelope::write(out, Correlation(number), request)).is_err() {
            tracing::error!("question-too-long");
        }
        number
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        counters: &Counters,
        rates: &Rates,
        trust: &watch::Sender<Option<Arc<Trust>>>,
    ) -> Poll<Result<(), LineError>> {
        if let Poll::Ready(Err(error)) = self.link.poll_flush(cx) {
            return Poll::Ready(Err(error.into()));
        }
        while let Poll::Ready(filled) = self.link.poll_fill(cx) {
            if let Err(error) = self.hear(counters, rates, trust) {
                return Poll::Ready(Err(error));
            }
            if let Err(error) = filled {
                return Poll::Ready(Err(error.into()));
            }
        }
        Poll::Pending
    }

    fn hear(
        &mut self,
        counters: &Counters,
        rates: &Rates,
        trust: &watch::Sender<Option<Arc<Trust>>>,
    ) -> Result<(), LineError> {
        while let Some(content) = self.link.next_frame()? {
            match envelope::read(content)? {
                (WATCH, Reply::Trust { rules, chain }) => {
                    tracing::info!(rules = rules.len(), generation = self.generation.0, "trust-changed");
                    let newest = Trust::new(self.generation, rules, chain);
                    rates.keep(|tenant| newest.names(tenant));
                    trust.send_replace(Some(Arc::new(newest)));
                }
                (Correlation(number), Reply::Status(status)) => {
                    if let Some(asker) = self.asked.remove(&number) {
                        // Who asked may have given up.
                        let _ = asker.send(status);
                    }
                }
                (_, Reply::Noted) => {}
                (_, Reply::Trust { .. } | Reply::Signature(_) | Reply::CannotSign) => {
                    counters.protocol_errors.add(1);
                    return Err(envelope::NotAMessage.into());
                }
            }
        }
        Ok(())
    }
}

/// How many refusals may still be reported in this second: a stranger must not fill the audit log.
struct Allowance {
    since: Instant,
    left: u32,
}

impl Allowance {
    fn new() -> Self {
        Self { since: Instant::now(), left: REJECTION_REPORTS_PER_SECOND }
    }

    fn permits(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, left: REJECTION_REPORTS_PER_SECOND };
        }
        let permitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        permitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_beyond_the_allowance_of_a_second_are_not_reported_and_the_next_second_is_new() {
        let mut allowance = Allowance::new();
        let start = allowance.since;
        let reported = (0..1000).filter(|_| allowance.permits(start)).count();
        assert_eq!(reported, REJECTION_REPORTS_PER_SECOND as usize);
        assert!(allowance.permits(start + Duration::from_secs(1)));
    }
}
