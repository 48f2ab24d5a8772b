//! A KMIP server of a few lines, real TLS on loopback, that behaves as a test wants it to.

use kmip::identifier::Data;
use kmip::message::{RequestMessage, ResponseHeader, ResponseItem, ResponseWriter};
use kmip::operation::{DestroyResponse, EncryptResponse, GetAttributeListResponse, Request};
use kmip::primitive::DateTime;
use kmip::result::Refusal;
use kmip::ttlv::Limits;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the server does with a request.
#[derive(Clone)]
pub(crate) enum Reaction {
    Answer,
    AnswerAndClose,
    AnswerAfter(Duration),
    Close,
    Garbage(Vec<u8>),
}

/// An authority, and what it issued.
pub(crate) struct Pki {
    ca: rcgen::Issuer<'static, KeyPair>,
    pub(crate) ca_pem: String,
}

pub(crate) struct Identity {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = params.self_signed(&key).unwrap().pem();
        Pki { ca: rcgen::Issuer::new(params, key), ca_pem }
    }

    pub(crate) fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let chain = params.signed_by(&key, &self.ca).unwrap().pem();
        Identity { chain, key: key.serialize_pem() }
    }

    fn server(&self) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(der(&self.ca_pem)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let own = self.issue("box.test");
        let key = KeyPair::from_pem(&own.key).unwrap().serialize_der();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![der(&own.chain)], PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key)))
            .unwrap();
        Arc::new(config)
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap()
}

type Rule = dyn Fn(usize) -> Reaction + Send + Sync;

/// What happened so far.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: AtomicUsize,
    pub(crate) requests: AtomicUsize,
    pub(crate) operations: Mutex<Vec<kmip::enums::Operation>>,
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) seen: Arc<Seen>,
}

impl Server {
    /// A server whose reaction to the nth request `rule` says.
    pub(crate) fn start(pki: &Pki, rule: impl Fn(usize) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::on(listener, pki, rule)
    }

    pub(crate) fn on(
        listener: TcpListener,
        pki: &Pki,
        rule: impl Fn(usize) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap().to_string();
        let accept = move || {
            listener.accept().ok().map(|(stream, _)| {
                stream.set_nodelay(true).unwrap();
                stream
            })
        };
        Server { address, seen: serve(accept, pki, Arc::new(rule)) }
    }

    pub(crate) fn behind(path: &Path, pki: &Pki) -> Arc<Seen> {
        let listener = UnixListener::bind(path).unwrap();
        serve(move || listener.accept().ok().map(|(stream, _)| stream), pki, Arc::new(|_| Reaction::Answer))
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

fn serve<S: Read + Write + Send + 'static>(
    accept: impl Fn() -> Option<S> + Send + 'static,
    pki: &Pki,
    rule: Arc<Rule>,
) -> Arc<Seen> {
    let (config, seen) = (pki.server(), Arc::new(Seen::default()));
    let shared = seen.clone();
    std::thread::spawn(move || {
        while let Some(stream) = accept() {
            let (config, seen, rule) = (config.clone(), shared.clone(), rule.clone());
            seen.connections.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || {
                let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                let _ = talk(tls, &seen, &*rule);
            });
        }
    });
    seen
}

fn talk<S: Read + Write>(
    mut tls: StreamOwned<ServerConnection, S>,
    seen: &Seen,
    rule: &Rule,
) -> std::io::Result<()> {
    loop {
        let mut request = vec![0; 8];
        tls.read_exact(&mut request)?;
        let length = u32::from_be_bytes([request[4], request[5], request[6], request[7]]);
        request.resize(8 + length as usize, 0);
        tls.read_exact(&mut request[8..])?;
        let nth = seen.requests.fetch_add(1, Ordering::SeqCst);
        match rule(nth) {
            Reaction::Answer => tls.write_all(&answer(&request, seen))?,
            Reaction::AnswerAfter(pause) => {
                std::thread::sleep(pause);
                tls.write_all(&answer(&request, seen))?;
            }
            Reaction::AnswerAndClose => {
                tls.write_all(&answer(&request, seen))?;
                tls.conn.send_close_notify();
                return tls.flush();
            }
            Reaction::Close => {
                answer(&request, seen);
                return Ok(());
            }
            Reaction::Garbage(bytes) => tls.write_all(&bytes)?,
        }
        tls.flush()?;
    }
}

/// Answers a batch last item first: Encrypt gives the data back, Destroy and Get Attribute List name the object, the rest is refused.
fn answer(request: &[u8], seen: &Seen) -> Vec<u8> {
    let message = RequestMessage::decode(request, &Limits::DEFAULT).ok().unwrap();
    let version = message.version;
    let mut out = Vec::new();
    let mut response =
        ResponseWriter::begin(&mut out, 1 << 20, version, &ResponseHeader::new(version, DateTime(0)))
            .unwrap();
    let items: Vec<_> = message.items.iter().collect();
    for item in items.iter().rev() {
        seen.operations.lock().unwrap().push(item.operation);
        let head =
            ResponseItem { operation: Some(item.operation), unique_batch_item_id: item.unique_batch_item_id };
        match Request::of(item, version).unwrap().ok().unwrap() {
            Request::Encrypt(encrypt) => {
                let data = match encrypt.data {
                    Some(Data::Bytes(data)) => Some(data),
                    _ => None,
                };
                let payload = EncryptResponse {
                    unique_identifier: encrypt.unique_identifier.unwrap(),
                    data,
                    iv_counter_nonce: None,
                    correlation_value: None,
                    tag: None,
                };
                response.success(&head, &payload).unwrap();
            }
            Request::Destroy(destroy) => {
                let payload = DestroyResponse { unique_identifier: destroy.unique_identifier.unwrap() };
                response.success(&head, &payload).unwrap();
            }
            Request::GetAttributeList(list) => {
                let payload = GetAttributeListResponse {
                    unique_identifier: list.unique_identifier.unwrap(),
                    names: Default::default(),
                };
                response.success(&head, &payload).unwrap();
            }
            _ => response.refuse(&head, Refusal::PermissionDenied).unwrap(),
        }
    }
    response.finish();
    out
}
