//! Any bytes as a PKCS #12 container: opened with its password or refused, in bounded time.
#![no_main]
#![allow(clippy::expect_used, reason = "a crash is how a fuzz target reports")]

use holdfast_core::crypto::pkcs12::read;
use libfuzzer_sys::fuzz_target;
use std::sync::Once;

static ARENA: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    ARENA.call_once(|| {
        hardening::arena::install(hardening::arena::ArenaSize::mib(4)).expect("secret memory");
    });
    if let Ok(contents) = read(bytes, "p", None) {
        assert!(contents.certificates.len() <= 32);
    }
    let _ = read(bytes, "p", Some("alias"));
});
