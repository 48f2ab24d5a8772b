//! Any bytes as the head of an HTTP request to the operator's window: a path that begins with a slash, or a refusal.
#![no_main]

use holdfast_frontend::strangers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|head: &[u8]| {
    if let Ok(asked) = strangers::parse(head) {
        assert!(asked.path.starts_with('/') && !asked.path.contains([' ', '?', '\r']));
    }
});
