//! How TLS is done: the roots to trust, the certificate to show, from PEM.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Why there is no TLS configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The authorities that vouch for the server cannot be read, or there is none.
    #[error("no usable CA certificate")]
    Roots,
    /// The client's certificate cannot be read, or there is none.
    #[error("no usable client certificate")]
    Certificate,
    /// The client's private key cannot be read, or there is none. PKCS#8, PKCS#1 and SEC1 are understood, without encryption.
    #[error("no usable private key")]
    Key,
    /// Key and certificate do not belong together, or TLS cannot use them.
    #[error("certificate and key cannot be used")]
    Unusable(#[source] rustls::Error),
}

/// TLS 1.3 and 1.2 with a client certificate. All three are PEM: `roots` the authorities that vouch for the server, `chain`
/// the client's certificate and what leads to its authority, `key` its private key. `key` stays the caller's to wipe.
///
/// # Errors
/// [`TlsError`].
pub fn from_pem(roots: &[u8], chain: &[u8], key: &[u8]) -> Result<Arc<ClientConfig>, TlsError> {
    let mut trusted = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(roots) {
        trusted.add(root.map_err(|_| TlsError::Roots)?).map_err(|_| TlsError::Roots)?;
    }
    if trusted.is_empty() {
        return Err(TlsError::Roots);
    }
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TlsError::Certificate)?;
    if chain.is_empty() {
        return Err(TlsError::Certificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Unusable)?
        .with_root_certificates(trusted)
        .with_client_auth_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    Ok(Arc::new(config))
}
