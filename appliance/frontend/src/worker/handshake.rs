//! From an accepted connection to an admitted client, or to a stated refusal.
//!
//! Separate from `connection` because nothing here has an identity yet. Does not trust: the peer, at all.

use super::Worker;
use super::stream::Stream;
use crate::tls::signer::BoxKey;
use crate::tls::trust::{Admitted, Trust};
use crate::tls::{self, Doorkeeper};
use holdfast_model::limits::HANDSHAKE_TIMEOUT;
use holdfast_ports::edge::Rejection;
use std::io;
use std::sync::Arc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A client that has shown who it is.
pub(super) struct Met {
    pub(super) stream: TlsStream<Stream>,
    pub(super) admitted: Admitted,
    /// The rules by which it was admitted.
    pub(super) trust: Arc<Trust>,
}

/// Why nobody was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotMet {
    /// The peer is refused.
    Refused(Rejection),
    /// The peer left before it said anything, as the probes of a load balancer do.
    Silent,
    /// We could not: core did not sign, or is away.
    OurFault,
}

/// Performs the handshake, in at most [`HANDSHAKE_TIMEOUT`].
pub(super) async fn meet(worker: &Worker, stream: Stream) -> Result<Met, NotMet> {
    let mut began = false;
    let outcome = timeout(HANDSHAKE_TIMEOUT, shake(worker, stream, &mut began)).await;
    match outcome {
        Ok(outcome) => outcome,
        Err(_) if worker.shared.trust.borrow().is_none() => Err(NotMet::OurFault),
        Err(_) if began => Err(NotMet::Refused(Rejection::Handshake)),
        Err(_) => Err(NotMet::Silent),
    }
}

async fn shake(worker: &Worker, stream: Stream, began: &mut bool) -> Result<Met, NotMet> {
    if !stream.has_spoken().await {
        return Err(NotMet::Silent);
    }
    *began = true;
    let trust = trust(worker).await?;
    let leaf = trust.chain.first().ok_or(NotMet::OurFault)?;
    let key = BoxKey::of(leaf, worker.sign.clone()).ok_or(NotMet::OurFault)?;
    let doorkeeper = Doorkeeper::new(trust.clone(), worker.shared.provider.clone());
    let config = tls::config(doorkeeper.clone(), key).map_err(|_| NotMet::OurFault)?;
    let outcome = TlsAcceptor::from(config).accept(stream).await;
    match (outcome, doorkeeper.verdict()) {
        (Ok(stream), Some(Ok(admitted))) => Ok(Met { stream, admitted: admitted.clone(), trust }),
        // The TLS library demands a certificate and a verdict; without one nobody was admitted.
        (Ok(_), None) => Err(NotMet::Refused(Rejection::NoCertificate)),
        (_, Some(Err(why))) => Err(NotMet::Refused(*why)),
        (Err(error), _) => Err(fault(&error)),
    }
}

/// What core says of trust; waits while core is away.
async fn trust(worker: &Worker) -> Result<Arc<Trust>, NotMet> {
    let mut trust = worker.shared.trust.clone();
    let found = trust.wait_for(Option::is_some).await.map_err(|_| NotMet::OurFault)?;
    found.clone().ok_or(NotMet::OurFault)
}

fn fault(error: &io::Error) -> NotMet {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::NoCertificatesPresented) => NotMet::Refused(Rejection::NoCertificate),
        Some(rustls::Error::General(_)) => NotMet::OurFault,
        Some(rustls::Error::InvalidCertificate(_)) => NotMet::Refused(Rejection::BadCertificate),
        Some(_) | None => NotMet::Refused(Rejection::Handshake),
    }
}
