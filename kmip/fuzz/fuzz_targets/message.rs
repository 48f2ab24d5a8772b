//! Any bytes as a message: framed, checked, read by its types, written again, read again.
#![no_main]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a crash is how a fuzz target reports"
)]

use kmip::message::{RequestMessage, ResponseMessage};
use kmip::operation::{Request, Response};
use kmip::tag::Tag;
use kmip::ttlv::{Limits, Writer, frame, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::DEFAULT;
    let _ = frame::length(bytes, limits.message_bytes);
    if let Ok(request) = RequestMessage::decode(bytes, &limits) {
        let mut out = Vec::new();
        request.encode(&mut out, usize::MAX).expect("no bound");
        assert!(
            RequestMessage::decode(&out, &limits).is_ok(),
            "a request that was read and written can be read"
        );
        for item in request.items.iter() {
            if let Some(Ok(payload)) = Request::of(&item, request.version) {
                again(|out| payload.encode(Tag::REQUEST_PAYLOAD, request.version, out));
            }
        }
    }
    if let Ok(response) = ResponseMessage::decode(bytes, &limits) {
        for item in response.items.iter() {
            let (Some(operation), Some(payload)) = (item.operation, item.payload) else { continue };
            if let Some(Ok(payload)) = Response::decode(operation, payload, response.version) {
                again(|out| payload.encode(Tag::RESPONSE_PAYLOAD, response.version, out));
            }
        }
    }
});

fn again(write: impl FnOnce(&mut Writer<'_>)) {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, usize::MAX);
    write(&mut writer);
    writer.finish().expect("no bound");
    let limits = Limits { message_bytes: usize::MAX, ..Limits::DEFAULT };
    assert!(parse(&out, &limits).is_ok(), "what is written can be read");
}
