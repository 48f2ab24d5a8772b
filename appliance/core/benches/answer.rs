//! What one request costs in `core` itself: from the bytes of the message to the bytes of the response.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench")]

#[path = "../tests/support/memory.rs"]
mod memory;

use holdfast_core::request::answer;
use holdfast_model::trust::Permission;
use memory::{Memory, Store, block_on};

fn main() {
    divan::main();
}

fn request(inside: &str) -> Vec<u8> {
    let text = format!(
        r#"<RequestMessage><RequestHeader><ProtocolVersion><ProtocolVersionMajor type="Integer" value="1"/>
        <ProtocolVersionMinor type="Integer" value="4"/></ProtocolVersion><BatchCount type="Integer" value="1"/>
        </RequestHeader><BatchItem>{inside}</BatchItem></RequestMessage>"#
    );
    kmip::xml::to_ttlv(&text, &kmip::ttlv::Limits::DEFAULT).unwrap().to_vec()
}

fn client_with_key() -> (Memory, String) {
    let client = Store::new().client("db", Permission::Manage);
    let create = request(
        r#"<Operation type="Enumeration" value="Create"/><RequestPayload>
        <ObjectType type="Enumeration" value="SymmetricKey"/><TemplateAttribute>
        <Attribute><AttributeName type="TextString" value="Cryptographic Algorithm"/>
        <AttributeValue type="Enumeration" value="AES"/></Attribute>
        <Attribute><AttributeName type="TextString" value="Cryptographic Length"/>
        <AttributeValue type="Integer" value="256"/></Attribute>
        <Attribute><AttributeName type="TextString" value="Cryptographic Usage Mask"/>
        <AttributeValue type="Integer" value="Encrypt Decrypt"/></Attribute>
        <Attribute><AttributeName type="TextString" value="Activation Date"/>
        <AttributeValue type="DateTime" value="2020-01-01T00:00:00+00:00"/></Attribute>
        </TemplateAttribute></RequestPayload>"#,
    );
    let reply = kmip::xml::from_ttlv(&client.send(&create), &kmip::ttlv::Limits::DEFAULT).unwrap();
    let at = reply.find("UniqueIdentifier").unwrap();
    let from = at + reply[at..].find("value=\"").unwrap() + 7;
    (client, reply[from..from + 36].to_owned())
}

fn run(bencher: divan::Bencher<'_, '_>, client: &Memory, request: &[u8]) {
    let mut reply = Vec::with_capacity(8192);
    bencher.bench_local(|| {
        reply.clear();
        client.store.events.borrow_mut().clear();
        block_on(answer(client, &client.limits, divan::black_box(request), &mut reply));
        reply.len()
    });
}

#[divan::bench(args = [32, 1024, 16384])]
fn encrypt_gcm(bencher: divan::Bencher<'_, '_>, bytes: usize) {
    let (client, id) = client_with_key();
    let data = "00".repeat(bytes);
    let request = request(&format!(
        r#"<Operation type="Enumeration" value="Encrypt"/><RequestPayload>
        <UniqueIdentifier type="TextString" value="{id}"/><CryptographicParameters>
        <BlockCipherMode type="Enumeration" value="GCM"/></CryptographicParameters>
        <Data type="ByteString" value="{data}"/></RequestPayload>"#
    ));
    run(bencher, &client, &request);
}

#[divan::bench]
fn get(bencher: divan::Bencher<'_, '_>) {
    let (client, id) = client_with_key();
    let request = request(&format!(
        r#"<Operation type="Enumeration" value="Get"/><RequestPayload>
        <UniqueIdentifier type="TextString" value="{id}"/></RequestPayload>"#
    ));
    run(bencher, &client, &request);
}

#[divan::bench]
fn get_attributes(bencher: divan::Bencher<'_, '_>) {
    let (client, id) = client_with_key();
    let request = request(&format!(
        r#"<Operation type="Enumeration" value="GetAttributes"/><RequestPayload>
        <UniqueIdentifier type="TextString" value="{id}"/></RequestPayload>"#
    ));
    run(bencher, &client, &request);
}
