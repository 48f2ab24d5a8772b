//! Any bytes as an HTTPS request: a head within its bounds, then a body that is one KMIP request, or a refusal.
#![no_main]
#![allow(clippy::expect_used, reason = "a crash is how a fuzz target reports")]

use holdfast_frontend::http;
use holdfast_model::limits::{HTTP_BODY_BYTES_MAX, MESSAGE_BYTES_MAX};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let head = match http::head(bytes) {
        Ok(Some(head)) => head,
        Ok(None) => return,
        Err(refusal) => {
            assert!(refusal.answer().ends_with(b"\r\n\r\n"));
            return;
        }
    };
    assert!(head.bytes <= bytes.len() && head.body <= HTTP_BODY_BYTES_MAX);
    let body = bytes.get(head.bytes..).unwrap_or_default();
    if let Ok(message) = http::to_ttlv(head.encoding, body, MESSAGE_BYTES_MAX) {
        assert!(message.starts_with(&[0x42, 0, 0x78, 1]) && message.len() <= MESSAGE_BYTES_MAX);
        // What core would be given may be no sound TTLV if the client sent TTLV; an answer always is.
        let answer = http::answer(head.encoding, &message, head.keep, head.old);
        assert!(answer.is_none_or(|answer| answer.starts_with(b"HTTP/1.1 200 OK\r\n")));
    }
});
