//! Time and allocations to read and write typical messages. Goal: under 300 ns, and nothing allocated to read.

use divan::{Bencher, black_box};
use kmip::attribute::CryptographicParameters;
use kmip::enums::{BlockCipherMode, KeyFormatType, ObjectType, Operation};
use kmip::identifier::{Data, Identifier};
use kmip::message::{RequestHeader, RequestMessage, ResponseHeader, ResponseItem, ResponseWriter};
use kmip::object::{KeyBlock, KeyMaterial, KeyValue, Object, SymmetricKey};
use kmip::operation::{EncryptRequest, EncryptResponse, GetResponse, Request};
use kmip::primitive::DateTime;
use kmip::ttlv::{Limits, frame, parse};
use kmip::version::Version;

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

const VERSION: Version = Version::V1_4;
const IDENTIFIER: &str = "6b9a4f0e-93d8-4a6c-8f3c-6a3d0c3f1b52";

fn main() {
    divan::main();
}

/// Encrypt of 32 bytes with AES-GCM, as a client sends it.
fn encrypt_request() -> Vec<u8> {
    let payload = EncryptRequest {
        unique_identifier: Some(Identifier::Text(IDENTIFIER)),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::GCM),
            tag_length: Some(16),
            ..CryptographicParameters::default()
        }),
        data: Some(Data::Bytes(&[7; 32])),
        iv_counter_nonce: Some(&[1; 12]),
        correlation_value: None,
        init: None,
        last: None,
        additional_data: Some(b"header"),
    };
    let mut out = Vec::new();
    let header = RequestHeader::new(VERSION, 1);
    let written = kmip::message::request(&mut out, 4096, &header, VERSION, |items| {
        items.add(Operation::ENCRYPT, None, &payload);
    });
    assert!(written.is_ok(), "4096 bytes are enough");
    out
}

#[divan::bench]
fn frame_a_message(bencher: Bencher<'_, '_>) {
    let bytes = encrypt_request();
    bencher.bench_local(|| frame::length(black_box(&bytes), 1 << 20));
}

#[divan::bench]
fn check_an_encrypt_request(bencher: Bencher<'_, '_>) {
    let bytes = encrypt_request();
    bencher.bench_local(|| parse(black_box(&bytes), &Limits::DEFAULT).is_ok());
}

#[divan::bench]
fn read_an_encrypt_request(bencher: Bencher<'_, '_>) {
    let bytes = encrypt_request();
    bencher.bench_local(|| {
        let message = RequestMessage::decode(black_box(&bytes), &Limits::DEFAULT).ok()?;
        let item = message.items.iter().next()?;
        match Request::of(&item, message.version)?.ok()? {
            Request::Encrypt(request) => request.data.and_then(|data| data.bytes().map(<[u8]>::len)),
            _ => None,
        }
    });
}

/// As the appliance does: it has one function for each operation, which reads its own payload.
#[divan::bench]
fn read_an_encrypt_request_knowing_its_operation(bencher: Bencher<'_, '_>) {
    let bytes = encrypt_request();
    bencher.bench_local(|| {
        let message = RequestMessage::decode(black_box(&bytes), &Limits::DEFAULT).ok()?;
        let item = message.items.iter().next()?;
        match item.operation {
            Operation::ENCRYPT => {
                let request: EncryptRequest<'_> = item.read(message.version).ok()?;
                request.data.and_then(|data| data.bytes().map(<[u8]>::len))
            }
            _ => None,
        }
    });
}

#[divan::bench]
fn write_an_encrypt_response(bencher: Bencher<'_, '_>) {
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        let header = ResponseHeader::new(VERSION, DateTime(1_335_513_143));
        let mut response = ResponseWriter::begin(&mut out, 4096, VERSION, &header).ok()?;
        let item = ResponseItem { operation: Some(Operation::ENCRYPT), unique_batch_item_id: None };
        let payload = EncryptResponse {
            unique_identifier: Identifier::Text(IDENTIFIER),
            data: Some(black_box(&[7; 32])),
            iv_counter_nonce: None,
            correlation_value: None,
            tag: Some(&[9; 16]),
        };
        response.success(&item, &payload).ok()?;
        Some(response.finish())
    });
}

#[divan::bench]
fn write_a_get_response(bencher: Bencher<'_, '_>) {
    let mut out = Vec::with_capacity(4096);
    bencher.bench_local(|| {
        out.clear();
        let header = ResponseHeader::new(VERSION, DateTime(1_335_513_143));
        let mut response = ResponseWriter::begin(&mut out, 4096, VERSION, &header).ok()?;
        let item = ResponseItem { operation: Some(Operation::GET), unique_batch_item_id: None };
        let key_block = KeyBlock {
            format: KeyFormatType::RAW,
            compression: None,
            value: Some(KeyValue::plain(KeyMaterial::Bytes(black_box(&[7; 32])))),
            algorithm: None,
            length: Some(256),
            wrapping: None,
        };
        let payload = GetResponse {
            object_type: ObjectType::SYMMETRIC_KEY,
            unique_identifier: Identifier::Text(IDENTIFIER),
            object: Object::SymmetricKey(SymmetricKey { key_block }),
        };
        response.success(&item, &payload).ok()?;
        Some(response.finish())
    });
}
