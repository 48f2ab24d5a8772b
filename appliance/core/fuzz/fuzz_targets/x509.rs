//! Any bytes as a certificate, a request for one, or an OpenPGP certificate: read or refused, and what is read says something.
#![no_main]

use holdfast_core::crypto::pgp;
use holdfast_core::crypto::x509::chain::{Link, judge};
use holdfast_core::crypto::x509::extension::SUBJECT_ALTERNATIVE_NAME;
use holdfast_core::crypto::x509::name::general_name_text;
use holdfast_core::crypto::x509::request::{RequestForm, unarmoured};
use holdfast_core::crypto::x509::{read_certificate, read_request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(certificate) = read_certificate(bytes) {
        let _ = (certificate.subject.text(), certificate.issuer.text());
        certificate.subject.parts(|_, _| ());
        for name in certificate.extensions.alternative_names(SUBJECT_ALTERNATIVE_NAME) {
            let _ = general_name_text(name);
        }
        let subject = Link { certificate: certificate.clone(), anchor: false };
        let same = Link { certificate, anchor: true };
        let _ = judge(&[subject], &[same], 0);
    }
    for form in [RequestForm::Pkcs10, RequestForm::Pem, RequestForm::Crmf] {
        if let Ok(der) = unarmoured(form, bytes) {
            let _ = read_request(form, &der);
        }
    }
    let _ = pgp::read(bytes);
});
