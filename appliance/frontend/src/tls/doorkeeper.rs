//! Asks `trust` about one client during its handshake, and remembers the answer for after it.
//!
//! One doorkeeper serves one connection, and so the answer belongs to that connection alone.
//! Rules: RFC 8446, section 4.4.2.4 (alerts); section 4.2.4 (no CA names are given away).

use super::signer::BoxKey;
use super::trust::{Admitted, Trust};
use holdfast_ports::edge::Rejection;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Decides about one client.
pub(crate) struct Doorkeeper {
    trust: Arc<Trust>,
    provider: Arc<CryptoProvider>,
    verdict: OnceLock<Result<Admitted, Rejection>>,
}

impl Doorkeeper {
    pub(crate) fn new(trust: Arc<Trust>, provider: Arc<CryptoProvider>) -> Arc<Self> {
        Arc::new(Self { trust, provider, verdict: OnceLock::new() })
    }

    /// The answer, once a certificate has been shown.
    pub(crate) fn verdict(&self) -> Option<&Result<Admitted, Rejection>> {
        self.verdict.get()
    }
}

impl fmt::Debug for Doorkeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doorkeeper").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Doorkeeper {
    /// None: the names of tenants' CAs are nobody's business.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let answer = self.trust.admit(leaf, others, self.provider.signature_verification_algorithms, now);
        let (verdict, outcome) = match answer {
            Ok(admitted) => (Ok(admitted), Ok(ClientCertVerified::assertion())),
            Err(refused) => (Err(refused.why), Err(refused.alert.into())),
        };
        // A second certificate in one handshake cannot happen; if it did, the first answer must not stand for it.
        self.verdict.set(verdict).map_err(|_| rustls::Error::HandshakeNotComplete)?;
        outcome
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The TLS settings for one connection.
///
/// No tickets and no session cache: a resumed session would not show its certificate again.
///
/// # Errors
/// When the provider has no cipher suite for a protocol version: a mistake of this build.
pub(crate) fn config(doorkeeper: Arc<Doorkeeper>, key: BoxKey) -> Result<Arc<ServerConfig>, rustls::Error> {
    let certified = CertifiedKey::new(doorkeeper.trust.chain.clone(), Arc::new(key));
    let mut config = ServerConfig::builder_with_provider(doorkeeper.provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(doorkeeper)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
