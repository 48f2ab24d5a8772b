//! A running appliance beside the bare echo: Encrypt of 32 bytes, Get, Create, Locate by name.

use crate::echo::Echo;
use crate::load::{self, Server};
use crate::report;
use crate::support::message;
use crate::support::pki::Pki;
use kmip::attribute::{Attribute, AttributeValue, CryptographicParameters, Name};
use kmip::enums::{BlockCipherMode, CryptographicAlgorithm, Enumeration, NameType, ObjectType, Operation};
use kmip::field::Field;
use kmip::identifier::{Data, Identifier};
use kmip::message::{RequestHeader, request};
use kmip::operation::{ActivateRequest, CreateRequest, EncryptRequest, GetRequest, LocateRequest};
use kmip::tag::Tag;
use kmip::ttlv::{Item, Limits, parse};
use kmip::version::Version;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const VERSION: Version = Version::V1_4;
const REQUEST_BYTES_MAX: usize = 4096;
/// Encrypt and Decrypt.
const USAGE: i32 = 0x0C;

/// Measures and prints.
///
/// # Errors
/// When a server fails or answers with an error.
pub(crate) fn measure(
    at: SocketAddr,
    name: &str,
    certs: &Path,
    duration: Duration,
    objects: u32,
) -> Result<(), String> {
    let name = ServerName::try_from(name.to_owned()).map_err(|e| e.to_string())?;
    let box_ = Server { at, name, tls: client(certs).map_err(|e| e.to_string())?, pid: None };
    let pki = Pki::new();
    let bare = Echo::start(&pki)?;
    let name = ServerName::try_from("holdfast.test").map_err(|e| e.to_string())?;
    let echo = Server { at: bare.at, name, tls: pki.client("acme"), pid: Some(bare.pid()) };

    // A name of its own for each run, so that runs do not find each other's objects.
    let run = std::process::id();
    let key = one(&box_, create(&format!("bench-{run}-key")))?;
    let key = identifier(&key).ok_or("Create answered without an identifier")?;
    one(
        &box_,
        of(Operation::ACTIVATE, &ActivateRequest { unique_identifier: Some(Identifier::Text(&key)) }),
    )?;
    for number in 0..objects {
        one(&box_, create(&format!("bench-{run}-object-{number}")))?;
    }

    report::heading();
    for connections in [1, 16] {
        let echoed = load::run(&echo, connections, duration, |_| message(7, 192), |_| true)?;
        report::line("bare echo, 200 B", connections, &echoed, None);
        let measured = |what: &str, request: Box<dyn Fn(u32) -> Vec<u8>>| {
            let figures = load::run(&box_, connections, duration, request, succeeded)?;
            report::line(what, connections, &figures, Some(&echoed));
            Ok::<(), String>(())
        };
        let bytes = encrypt(&key);
        measured("Encrypt 32 B, AES-GCM", Box::new(move |_| bytes.clone()))?;
        let bytes = get(&key);
        measured("Get", Box::new(move |_| bytes.clone()))?;
        if objects > 0 {
            measured(
                "Locate by name",
                Box::new(move |n| locate(&format!("bench-{run}-object-{}", n % objects))),
            )?;
        }
        measured("Create", Box::new(move |n| create(&format!("bench-{run}-{connections}-{n}"))))?;
    }
    Ok(())
}

fn client(certs: &Path) -> Result<Arc<ClientConfig>, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    for ca in CertificateDer::pem_file_iter(certs.join("ca.pem"))? {
        roots.add(ca?)?;
    }
    let chain = CertificateDer::pem_file_iter(certs.join("client.pem"))?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certs.join("client.key"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_client_auth_cert(chain, key)?))
}

/// One request, answered with success.
fn one(server: &Server, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    use std::io::{Read, Write};
    let text = |e: std::io::Error| e.to_string();
    let stream = std::net::TcpStream::connect(server.at).map_err(text)?;
    let tls =
        rustls::ClientConnection::new(server.tls.clone(), server.name.clone()).map_err(|e| e.to_string())?;
    let mut stream = rustls::StreamOwned::new(tls, stream);
    stream.write_all(&bytes).map_err(text)?;
    let mut answer = vec![0; 8];
    stream.read_exact(&mut answer).map_err(text)?;
    let whole = kmip::ttlv::frame::response_length(&answer, 1 << 20).map_err(|e| e.to_string())?;
    answer.resize(whole.unwrap_or(8), 0);
    stream.read_exact(answer.get_mut(8..).unwrap_or_default()).map_err(text)?;
    if succeeded(&answer) { Ok(answer) } else { Err("the appliance answered with an error".to_owned()) }
}

/// Result Status is Success, in the first batch item.
fn succeeded(answer: &[u8]) -> bool {
    const SUCCESS: [u8; 12] = [0x42, 0x00, 0x7F, 0x05, 0, 0, 0, 4, 0, 0, 0, 0];
    answer.windows(SUCCESS.len()).any(|window| window == SUCCESS)
}

fn identifier(answer: &[u8]) -> Option<String> {
    fn find(item: Item<'_>) -> Option<String> {
        if item.tag() == Tag::UNIQUE_IDENTIFIER {
            return item.text().ok().map(str::to_owned);
        }
        item.children().ok()?.find_map(find)
    }
    find(parse(answer, &Limits::DEFAULT).ok()?)
}

fn of<'p>(operation: Operation, payload: &impl Field<'p>) -> Vec<u8> {
    let mut out = Vec::new();
    let header = RequestHeader::new(VERSION, 1);
    let written =
        request(&mut out, REQUEST_BYTES_MAX, &header, VERSION, |items| items.add(operation, None, payload));
    assert!(written.is_ok(), "requests of a benchmark are short");
    out
}

fn named(name: &str) -> Attribute<'static> {
    let name = Name { value: name, ty: NameType::UNINTERPRETED_TEXT_STRING };
    Attribute::standard(Tag::NAME, AttributeValue::structure(&name))
}

fn create(name: &str) -> Vec<u8> {
    let algorithm = AttributeValue::Enumeration(CryptographicAlgorithm::AES.code());
    let attributes = [
        Attribute::standard(Tag::CRYPTOGRAPHIC_ALGORITHM, algorithm),
        Attribute::standard(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(256)),
        Attribute::standard(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(USAGE)),
        named(name),
    ];
    let payload = CreateRequest {
        object_type: ObjectType::SYMMETRIC_KEY,
        attributes: (&attributes).into(),
        protection_storage_masks: None,
    };
    of(Operation::CREATE, &payload)
}

fn encrypt(key: &str) -> Vec<u8> {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::GCM),
        tag_length: Some(16),
        ..CryptographicParameters::default()
    };
    let payload = EncryptRequest {
        unique_identifier: Some(Identifier::Text(key)),
        cryptographic_parameters: Some(parameters),
        data: Some(Data::Bytes(&[7; 32])),
        // The server makes the nonce: one nonce must not serve two messages.
        iv_counter_nonce: None,
        correlation_value: None,
        init: None,
        last: None,
        additional_data: None,
    };
    of(Operation::ENCRYPT, &payload)
}

fn get(key: &str) -> Vec<u8> {
    let payload = GetRequest {
        unique_identifier: Some(Identifier::Text(key)),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    of(Operation::GET, &payload)
}

fn locate(name: &str) -> Vec<u8> {
    let attributes = [named(name)];
    let payload = LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_group_member: None,
        attributes: (&attributes).into(),
    };
    of(Operation::LOCATE, &payload)
}
