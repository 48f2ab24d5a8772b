//! Any text as a message in XML; any message, as XML and back.
#![no_main]

use kmip::ttlv::Limits;
use kmip::xml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::DEFAULT;
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = xml::messages(text, &limits);
        if let Ok(message) = xml::to_ttlv(text, &limits) {
            let _ = xml::from_ttlv(&message, &limits);
        }
    }
    if let Ok(text) = xml::from_ttlv(bytes, &limits) {
        let _ = xml::to_ttlv(&text, &limits);
    }
});
