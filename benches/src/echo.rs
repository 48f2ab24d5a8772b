//! The bare echo: rustls on tokio, mutual TLS with the appliance's settings, the request sent back. Nothing else.
//!
//! A process of its own; certificates and key come on its standard input, its port goes out on standard output.

use crate::support::pki::Pki;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

type Identity = (Vec<u8>, Vec<u8>, Vec<u8>);

/// A running echo.
pub(crate) struct Echo {
    child: Child,
    pub(crate) at: SocketAddr,
}

impl Echo {
    /// Starts an echo that trusts the clients of tenant acme.
    ///
    /// # Errors
    /// When the process cannot be started.
    pub(crate) fn start(pki: &Pki) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut child = Command::new(program)
            .arg("echo")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| e.to_string())?;
        let identity: Identity =
            (pki.server.der.clone(), pki.server.key.serialize_der(), pki.acme.der.clone());
        let bytes = postcard::to_allocvec(&identity).map_err(|e| e.to_string())?;
        let mut input = child.stdin.take().ok_or("no standard input")?;
        input.write_all(&bytes).map_err(|e| e.to_string())?;
        drop(input);
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(output).read_line(&mut line).map_err(|e| e.to_string())?;
        let at = line.trim().parse().map_err(|_| "the echo did not start".to_owned())?;
        Ok(Self { child, at })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the echo's process does.
///
/// # Errors
/// When it cannot serve.
pub(crate) fn serve() -> Result<(), String> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    let (certificate, key, ca): Identity = postcard::from_bytes(&bytes).map_err(|e| e.to_string())?;
    let config = config(certificate, key, ca).map_err(|e| e.to_string())?;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    listener.set_nonblocking(true).map_err(|e| e.to_string())?;
    println!("{}", listener.local_addr().map_err(|e| e.to_string())?);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(|e| e.to_string())?;
    runtime.block_on(accept(listener, TlsAcceptor::from(config))).map_err(|e| e.to_string())
}

fn config(
    certificate: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca))?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build()?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.into()], PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

async fn accept(listener: std::net::TcpListener, acceptor: TlsAcceptor) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut buffer = vec![0; 16 << 10];
            while let Ok(bytes @ 1..) = stream.read(&mut buffer).await {
                let said = buffer.get(..bytes).unwrap_or_default();
                if stream.write_all(said).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
            }
        });
    }
}
