//! A KMIP client: mutual TLS, and the operations that stories need. One request at a time.

use crate::certificates::{Authority, Identity};
use crate::ttlv::{Item, boolean, bytes, enumeration, integer, operation, structure, tag, text};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// Longer than the box waits for any of its agents.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why something did not work.
#[derive(Debug)]
pub enum Trouble {
    /// The connection: not let in, closed, broken.
    Connection(io::Error),
    /// The box says no.
    Refused {
        /// KMIP result reason.
        reason: u32,
        /// For people.
        message: String,
    },
}

impl Trouble {
    /// The result reason, if the box gave one.
    #[must_use]
    pub const fn reason(&self) -> Option<u32> {
        match self {
            Self::Connection(_) => None,
            Self::Refused { reason, .. } => Some(*reason),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

/// What Encrypt gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in the answer")]
pub struct Sealed {
    pub data: Vec<u8>,
    pub iv: Vec<u8>,
    pub tag: Vec<u8>,
}

/// How to connect.
#[must_use]
pub fn tls(
    box_ca: &Authority,
    identity: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(box_ca.der.clone())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key_der.clone()));
            builder.with_client_auth_cert(vec![CertificateDer::from(identity.der.clone())], key).unwrap()
        }
    })
}

/// A connection.
pub struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Client {
    /// Connects and completes the handshake. TLS 1.3 tells a client that is not let in only afterwards.
    ///
    /// # Errors
    /// What the network or TLS said.
    pub fn connect(at: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = TcpStream::connect(at)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::from(at.ip());
        let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self { stream })
    }

    /// The version of TLS that was agreed on.
    #[must_use]
    pub fn tls_version(&self) -> Option<rustls::ProtocolVersion> {
        self.stream.conn.protocol_version()
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Reads one whole message.
    ///
    /// # Errors
    /// When the connection ends before.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        let mut message = vec![0; 8];
        self.stream.read_exact(&mut message)?;
        let length = u32::from_be_bytes([message[4], message[5], message[6], message[7]]);
        message.resize(8 + usize::try_from(length).unwrap().next_multiple_of(8), 0);
        self.stream.read_exact(&mut message[8..])?;
        Ok(message)
    }

    /// Sends a message; the answer's bytes.
    ///
    /// # Errors
    /// When the connection is broken.
    pub fn exchange_bytes(&mut self, message: &[u8]) -> io::Result<Vec<u8>> {
        self.send(message)?;
        self.receive()
    }

    /// Sends a message and reads the answer.
    ///
    /// # Errors
    /// When the connection is broken, or the answer is no TTLV.
    pub fn exchange(&mut self, message: &[u8]) -> io::Result<Item> {
        self.send(message)?;
        let answer = self.receive()?;
        Item::decode(&answer).ok_or_else(|| io::Error::other("the answer is no TTLV"))
    }

    /// One operation: its response payload.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn call(&mut self, operation: u32, payload: impl Into<Vec<Item>>) -> Result<Item, Trouble> {
        let answer = self.exchange(&request(&[(operation, payload.into())]).encode())?;
        let item = answer.get(tag::BATCH_ITEM).ok_or_else(|| io::Error::other("no batch item"))?;
        outcome(item)
    }

    /// Creates an AES-256 key for encryption and decryption; its identifier.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn create(&mut self, name: &str) -> Result<String, Trouble> {
        let attributes = structure(
            tag::TEMPLATE_ATTRIBUTE,
            [
                attribute("Cryptographic Algorithm", |tag| enumeration(tag, 3)),
                attribute("Cryptographic Length", |tag| integer(tag, 256)),
                attribute("Cryptographic Usage Mask", |tag| integer(tag, 4 | 8)),
                name_attribute(name),
            ],
        );
        let answer = self.call(operation::CREATE, [enumeration(tag::OBJECT_TYPE, 2), attributes])?;
        Ok(identifier(&answer))
    }

    /// Creates a key and activates it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn create_active(&mut self, name: &str) -> Result<String, Trouble> {
        let uid = self.create(name)?;
        self.activate(&uid)?;
        Ok(uid)
    }

    /// Activates a key.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn activate(&mut self, uid: &str) -> Result<(), Trouble> {
        self.call(operation::ACTIVATE, [text(tag::UNIQUE_IDENTIFIER, uid)]).map(drop)
    }

    /// The bytes of a key.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn get(&mut self, uid: &str) -> Result<Vec<u8>, Trouble> {
        let answer = self.call(operation::GET, [text(tag::UNIQUE_IDENTIFIER, uid)])?;
        Ok(answer.find(tag::KEY_MATERIAL).and_then(Item::as_bytes).expect("a key has bytes").to_vec())
    }

    /// The identifiers of what bears a name.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn locate(&mut self, name: &str) -> Result<Vec<String>, Trouble> {
        let answer = self.call(operation::LOCATE, [name_attribute(name)])?;
        Ok(identifiers(&answer))
    }

    /// The identifiers of everything.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn locate_all(&mut self) -> Result<Vec<String>, Trouble> {
        let answer = self.call(operation::LOCATE, [])?;
        Ok(identifiers(&answer))
    }

    /// AES-GCM; the box makes the IV.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn encrypt(&mut self, uid: &str, plain: &[u8]) -> Result<Sealed, Trouble> {
        let payload = [text(tag::UNIQUE_IDENTIFIER, uid), gcm(true), bytes(tag::DATA, plain)];
        let answer = self.call(operation::ENCRYPT, payload)?;
        let part = |tag| answer.get(tag).and_then(Item::as_bytes).unwrap_or_default().to_vec();
        Ok(Sealed {
            data: part(tag::DATA),
            iv: part(tag::IV_COUNTER_NONCE),
            tag: part(tag::AUTHENTICATED_ENCRYPTION_TAG),
        })
    }

    /// AES-GCM back.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn decrypt(&mut self, uid: &str, sealed: &Sealed) -> Result<Vec<u8>, Trouble> {
        let payload = [
            text(tag::UNIQUE_IDENTIFIER, uid),
            gcm(false),
            bytes(tag::DATA, sealed.data.clone()),
            bytes(tag::IV_COUNTER_NONCE, sealed.iv.clone()),
            bytes(tag::AUTHENTICATED_ENCRYPTION_TAG, sealed.tag.clone()),
        ];
        let answer = self.call(operation::DECRYPT, payload)?;
        Ok(answer.get(tag::DATA).and_then(Item::as_bytes).unwrap_or_default().to_vec())
    }

    /// Revokes a key: it is no longer used.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn revoke(&mut self, uid: &str) -> Result<(), Trouble> {
        const CESSATION_OF_OPERATION: u32 = 6;
        let code = enumeration(tag::REVOCATION_REASON_CODE, CESSATION_OF_OPERATION);
        let payload = [text(tag::UNIQUE_IDENTIFIER, uid), structure(tag::REVOCATION_REASON, [code])];
        self.call(operation::REVOKE, payload).map(drop)
    }

    /// Destroys a key.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn destroy(&mut self, uid: &str) -> Result<(), Trouble> {
        self.call(operation::DESTROY, [text(tag::UNIQUE_IDENTIFIER, uid)]).map(drop)
    }

    /// The state of an object (KMIP 1.4, section 9.1.3.2.18): 1 pre-active, 2 active, 3 deactivated, 5 destroyed.
    ///
    /// # Errors
    /// [`Trouble`].
    pub fn state(&mut self, uid: &str) -> Result<u32, Trouble> {
        let payload = [text(tag::UNIQUE_IDENTIFIER, uid), text(tag::ATTRIBUTE_NAME, "State")];
        let answer = self.call(operation::GET_ATTRIBUTES, payload)?;
        let value = answer.find(tag::ATTRIBUTE_VALUE).and_then(Item::as_enumeration);
        value.ok_or_else(|| io::Error::other("no state").into())
    }
}

/// A whole request in KMIP 1.4.
#[must_use]
pub fn request(operations: &[(u32, Vec<Item>)]) -> Item {
    request_with(&[], operations)
}

/// The same with more in its header.
#[must_use]
pub fn request_with(header: &[Item], operations: &[(u32, Vec<Item>)]) -> Item {
    let version = structure(
        tag::PROTOCOL_VERSION,
        [integer(tag::PROTOCOL_VERSION_MAJOR, 1), integer(tag::PROTOCOL_VERSION_MINOR, 4)],
    );
    let count = integer(tag::BATCH_COUNT, i32::try_from(operations.len()).unwrap());
    let header = [&[version], header, &[count]].concat();
    let mut message = vec![structure(tag::REQUEST_HEADER, header)];
    for (at, (operation, payload)) in operations.iter().enumerate() {
        let mut item = vec![enumeration(tag::OPERATION, *operation)];
        if operations.len() > 1 {
            item.push(bytes(tag::UNIQUE_BATCH_ITEM_ID, u32::try_from(at).unwrap().to_be_bytes()));
        }
        item.push(structure(tag::REQUEST_PAYLOAD, payload.clone()));
        message.push(structure(tag::BATCH_ITEM, item));
    }
    structure(tag::REQUEST_MESSAGE, message)
}

/// How a batch item ended.
///
/// # Errors
/// [`Trouble::Refused`].
pub fn outcome(item: &Item) -> Result<Item, Trouble> {
    let status = item.get(tag::RESULT_STATUS).and_then(Item::as_enumeration);
    if status == Some(0) {
        return Ok(item.get(tag::RESPONSE_PAYLOAD).cloned().unwrap_or(structure(tag::RESPONSE_PAYLOAD, [])));
    }
    let reason = item.get(tag::RESULT_REASON).and_then(Item::as_enumeration).unwrap_or(0);
    let message = item.get(tag::RESULT_MESSAGE).and_then(Item::as_text).unwrap_or_default().to_owned();
    Err(Trouble::Refused { reason, message })
}

fn gcm(random_iv: bool) -> Item {
    const GCM: u32 = 9;
    let mut parameters = vec![enumeration(tag::BLOCK_CIPHER_MODE, GCM)];
    if random_iv {
        parameters.push(boolean(tag::RANDOM_IV, true));
    }
    parameters.push(integer(tag::TAG_LENGTH, 16));
    structure(tag::CRYPTOGRAPHIC_PARAMETERS, parameters)
}

/// An attribute as KMIP 1.x writes it.
pub fn attribute(name: &str, value: impl FnOnce(u32) -> Item) -> Item {
    structure(tag::ATTRIBUTE, [text(tag::ATTRIBUTE_NAME, name), value(tag::ATTRIBUTE_VALUE)])
}

/// The attribute Name.
#[must_use]
pub fn name_attribute(name: &str) -> Item {
    attribute("Name", |tag| structure(tag, [text(tag::NAME_VALUE, name), enumeration(tag::NAME_TYPE, 1)]))
}

fn identifier(answer: &Item) -> String {
    identifiers(answer).into_iter().next().expect("an identifier")
}

fn identifiers(answer: &Item) -> Vec<String> {
    answer.all(tag::UNIQUE_IDENTIFIER).filter_map(Item::as_text).map(str::to_owned).collect()
}
