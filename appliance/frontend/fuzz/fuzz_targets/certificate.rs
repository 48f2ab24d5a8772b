//! Any bytes as a client's certificate: what trust rules ask about is read, or nothing is.
#![no_main]

use holdfast_frontend::strangers;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|der: &[u8]| {
    let subject = strangers::subject(der);
    assert_eq!(subject.is_some(), strangers::not_after(der).is_some(), "both or neither see a certificate");
    if subject.is_none() {
        assert!(strangers::authority_key(der).is_none() && strangers::subject_key(der).is_none());
    }
    let _ = strangers::fingerprint(der);
});
