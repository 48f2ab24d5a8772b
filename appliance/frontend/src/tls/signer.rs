//! The box's TLS key as the TLS library sees it; the key itself is in core, which signs.
//!
//! Separate so that nothing here could hold a private key. A worker waits for the signature: the TLS library asks
//! synchronously, and core answers within microseconds or is not there.
//! Rules: RFC 8446, section 4.2.3 (signature schemes).

use holdfast_model::limits::SIGNATURE_TIMEOUT;
use holdfast_ports::edge::{Reply, Request};
use holdfast_ports::envelope::{self, Correlation};
use holdfast_ports::link::{Link, LinkError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::pki_types::CertificateDer;
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// After core was silent, handshakes fail at once for this long rather than holding up the worker each time.
const QUIET: Duration = Duration::from_secs(1);

/// Why there is no signature. The handshake fails; the client may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignError {
    /// Core is away or broke the protocol.
    #[error("core is not there to sign")]
    Gone,
    /// Core did not answer in time.
    #[error("core did not sign in time")]
    Silent,
    /// The box's key cannot sign with this scheme.
    #[error("the box's key cannot sign with this scheme")]
    CannotSign,
}

/// One worker's line to core for signatures.
#[derive(Default)]
pub(crate) struct SignLine(Mutex<Line>);

#[derive(Default)]
struct Line {
    link: Option<Link>,
    asked: u64,
    quiet_until: Option<Instant>,
}

impl SignLine {
    /// A new core is at the other end.
    pub(crate) fn connect(&self, end: OwnedFd) -> std::io::Result<()> {
        let link = Link::new(end)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Line { link: Some(link), asked: 0, quiet_until: None };
        Ok(())
    }

    /// Asks core for a signature and waits for it, at most [`SIGNATURE_TIMEOUT`].
    pub(crate) fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if line.quiet_until.is_some_and(|until| now < until) {
            return Err(SignError::Silent);
        }
        let outcome = line.ask(scheme, message, now + SIGNATURE_TIMEOUT);
        line.quiet_until = None;
        match outcome {
            Err(SignError::Gone) => line.link = None,
            Err(SignError::Silent) => line.quiet_until = Some(Instant::now() + QUIET),
            Ok(_) | Err(SignError::CannotSign) => {}
        }
        outcome
    }
}

impl Line {
    fn ask(
        &mut self,
        scheme: SignatureScheme,
        message: &[u8],
        deadline: Instant,
    ) -> Result<Vec<u8>, SignError> {
        self.asked += 1;
        let asked = Correlation(self.asked);
        let link = self.link.as_mut().ok_or(SignError::Gone)?;
        let request = Request::Sign { scheme: scheme.into(), message: message.to_vec() };
        link.queue(|out| envelope::write(out, asked, &request)).map_err(|_| SignError::CannotSign)?;
        while !link.flush().map_err(gone)? {
            wait(link, PollFlags::OUT, deadline)?;
        }
        loop {
            let filled = link.fill();
            while let Some(content) = link.next_frame().map_err(gone)? {
                match envelope::read(content) {
                    Ok((number, Reply::Signature(signature))) if number == asked => return Ok(signature),
                    Ok((number, Reply::CannotSign)) if number == asked => return Err(SignError::CannotSign),
                    // The late answer to a question that was given up.
                    Ok((number, _)) if number < asked => {}
                    _ => return Err(SignError::Gone),
                }
            }
            if !filled.map_err(gone)? {
                wait(link, PollFlags::IN, deadline)?;
            }
        }
    }
}

fn gone(_: LinkError) -> SignError {
    SignError::Gone
}

fn wait(link: &Link, what: PollFlags, deadline: Instant) -> Result<(), SignError> {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = Timespec::try_from(left).map_err(|_| SignError::Silent)?;
    match poll(&mut [PollFd::new(link, what)], Some(&timeout)) {
        Ok(0) => Err(SignError::Silent),
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(_) => Err(SignError::Gone),
    }
}

/// The box's TLS key, as far as this side of core has it: what it can sign with, and whom to ask.
#[derive(Clone)]
pub(crate) struct BoxKey {
    line: Arc<SignLine>,
    algorithm: SignatureAlgorithm,
    schemes: &'static [SignatureScheme],
}

impl BoxKey {
    /// The key that belongs to this server certificate; `None` when it is of a kind that no scheme has.
    pub(crate) fn of(certificate: &CertificateDer<'_>, line: Arc<SignLine>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let kind = &certificate.tbs_certificate().subject_public_key_info().algorithm;
        let curve = || kind.parameters.as_ref().and_then(|p| p.decode_as::<ObjectIdentifier>().ok());
        let (algorithm, schemes): (_, &[SignatureScheme]) = match kind.oid {
            EC_PUBLIC_KEY if curve() == Some(P256) => {
                (SignatureAlgorithm::ECDSA, &[SignatureScheme::ECDSA_NISTP256_SHA256])
            }
            EC_PUBLIC_KEY if curve() == Some(P384) => {
                (SignatureAlgorithm::ECDSA, &[SignatureScheme::ECDSA_NISTP384_SHA384])
            }
            ED25519 => (SignatureAlgorithm::ED25519, &[SignatureScheme::ED25519]),
            RSA => (
                SignatureAlgorithm::RSA,
                &[
                    SignatureScheme::RSA_PSS_SHA256,
                    SignatureScheme::RSA_PSS_SHA384,
                    SignatureScheme::RSA_PSS_SHA512,
                ],
            ),
            _ => return None,
        };
        Some(Self { line, algorithm, schemes })
    }
}

impl std::fmt::Debug for BoxKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoxKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl SigningKey for BoxKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let scheme = *self.schemes.iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(Asking { line: self.line.clone(), scheme }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

struct Asking {
    line: Arc<SignLine>,
    scheme: SignatureScheme,
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asking").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Signer for Asking {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.line.sign(self.scheme, message).map_err(|error| {
            tracing::warn!(reason = %error, "tls-signature-missing");
            rustls::Error::General(error.to_string())
        })
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
