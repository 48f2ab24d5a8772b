//! Any text as a message in JSON; any message, as JSON and back to the same bytes.
#![no_main]

use kmip::json;
use kmip::ttlv::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::DEFAULT;
    if let Ok(text) = core::str::from_utf8(bytes)
        && let Ok(message) = json::to_ttlv(text, &limits)
    {
        round(&message, &limits);
    }
    round(bytes, &limits);
});

fn round(message: &[u8], limits: &Limits) {
    if let Ok(text) = json::from_ttlv(message, limits) {
        // Padding of any value is taken in TTLV and written as zeros; so the second round is compared with the first.
        if let Ok(again) = json::to_ttlv(&text, limits) {
            assert!(json::from_ttlv(&again, limits).is_ok_and(|same| *same == *text), "JSON is stable");
        }
    }
}
