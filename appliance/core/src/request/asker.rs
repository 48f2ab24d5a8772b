//! Whom a request names in its header, besides the certificate: a user or a device of the service.
//!
//! The certificate says which service asks and what it may do. A credential only narrows that: what one user of a service
//! made is kept from another. Passwords are not looked at, so whoever holds the service's certificate can name anybody, or
//! nobody; the names part the users of a service that tells them apart honestly, and nothing more.
//! Rules: KMIP 1.4, sections 2.1.2, 3.18 and 6.6; KMIP 2.1, section 9.5. Why: docs/adr/0064.

use aws_lc_rs::digest::{Context, SHA256};
use kmip::message::{Authentication, Credential, CredentialValue};

/// One user or device of a service: the same name is the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker([u8; 32]);

impl Asker {
    /// Whom the credentials name, if any of them names somebody.
    #[must_use]
    pub fn of(authentication: Option<&Authentication<'_>>) -> Option<Self> {
        authentication?.credentials.iter().find_map(|credential| named(&credential))
    }

    /// As it was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn named(credential: &Credential<'_>) -> Option<Asker> {
    match &credential.value {
        CredentialValue::UsernamePassword(user) => Some(hashed("user", &[Some(user.username)])),
        CredentialValue::OneTimePassword(user) => Some(hashed("user", &[Some(user.username)])),
        CredentialValue::HashedPassword(user) => Some(hashed("user", &[Some(user.username)])),
        CredentialValue::Device(device) => {
            let parts = [device.serial_number, device.device, device.network, device.machine, device.media];
            parts.iter().any(Option::is_some).then(|| hashed("device", &parts))
        }
        CredentialValue::Attestation(_) | CredentialValue::Ticket(_) | CredentialValue::Other(_) => None,
    }
}

fn hashed(kind: &str, parts: &[Option<&str>]) -> Asker {
    let mut context = Context::new(&SHA256);
    context.update(b"holdfast/asker/v1");
    for part in core::iter::once(&Some(kind)).chain(parts) {
        let text = part.unwrap_or_default();
        context.update(&[u8::from(part.is_some())]);
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    Asker(bytes)
}
