//! Who a client says it is, besides its certificate.
//!
//! Credentials hold passwords: no type here has `Debug`, and the values stay in the message buffer.
//! Rules: KMIP 1.4, sections 2.1.2, 2.1.14 and 6.6; KMIP 2.1, sections 7.39 and 9.11.

use crate::enums::{AttestationType, CredentialType, HashingAlgorithm, TicketType};
use crate::field::{Field, List, structure};
use crate::primitive::DateTimeExtended;
use crate::tag::Tag;
use crate::ttlv::{DecodeError, Item, Writer};
use crate::version::Version;

structure! {
    /// The credentials of a request.
    #[derive(Clone, Copy)]
    Authentication<'a> {
        /// Any number (one in 1.0 and 1.1).
        credentials: List<'a, Credential<'a>> = CREDENTIAL,
    }
}

/// One credential.
#[derive(Clone, Copy)]
pub struct Credential<'a> {
    /// Kind of credential.
    pub ty: CredentialType,
    /// Its value.
    pub value: CredentialValue<'a>,
}

/// The value of a credential.
#[derive(Clone, Copy)]
pub enum CredentialValue<'a> {
    /// Username and Password.
    UsernamePassword(UsernamePassword<'a>),
    /// Device.
    Device(DeviceCredential<'a>),
    /// Attestation.
    Attestation(AttestationCredential<'a>),
    /// One Time Password (2.x).
    OneTimePassword(OneTimePasswordCredential<'a>),
    /// Hashed Password (2.x).
    HashedPassword(HashedPasswordCredential<'a>),
    /// Ticket (2.x).
    Ticket(TicketCredential<'a>),
    /// A kind that no version defines: a vendor's.
    Other(Item<'a>),
}

impl<'a> Field<'a> for Credential<'a> {
    fn decode(item: Item<'a>, version: Version) -> Result<Self, DecodeError> {
        let (mut ty, mut value) = (None, None);
        for child in item.children()? {
            let fresh = match child.tag() {
                Tag::CREDENTIAL_TYPE => ty.replace(CredentialType::decode(child, version)?).is_none(),
                Tag::CREDENTIAL_VALUE => value.replace(child).is_none(),
                _ => return Err(child.unexpected_in(item.tag())),
            };
            if !fresh {
                return Err(child.repeated());
            }
        }
        let ty = ty.ok_or_else(|| item.lacks(Tag::CREDENTIAL_TYPE))?;
        let value = value.ok_or_else(|| item.lacks(Tag::CREDENTIAL_VALUE))?;
        let value = match ty {
            CredentialType::USERNAME_AND_PASSWORD => {
                Field::decode(value, version).map(CredentialValue::UsernamePassword)
            }
            CredentialType::DEVICE => Field::decode(value, version).map(CredentialValue::Device),
            CredentialType::ATTESTATION => Field::decode(value, version).map(CredentialValue::Attestation),
            CredentialType::ONE_TIME_PASSWORD => {
                Field::decode(value, version).map(CredentialValue::OneTimePassword)
            }
            CredentialType::HASHED_PASSWORD => {
                Field::decode(value, version).map(CredentialValue::HashedPassword)
            }
            CredentialType::TICKET => Field::decode(value, version).map(CredentialValue::Ticket),
            _ => Ok(CredentialValue::Other(value)),
        }?;
        Ok(Credential { ty, value })
    }

    fn encode(&self, tag: Tag, version: Version, out: &mut Writer<'_>) {
        out.structure(tag, |out| {
            self.ty.encode(Tag::CREDENTIAL_TYPE, version, out);
            match &self.value {
                CredentialValue::UsernamePassword(value) => value.encode(Tag::CREDENTIAL_VALUE, version, out),
                CredentialValue::Device(value) => value.encode(Tag::CREDENTIAL_VALUE, version, out),
                CredentialValue::Attestation(value) => value.encode(Tag::CREDENTIAL_VALUE, version, out),
                CredentialValue::OneTimePassword(value) => value.encode(Tag::CREDENTIAL_VALUE, version, out),
                CredentialValue::HashedPassword(value) => value.encode(Tag::CREDENTIAL_VALUE, version, out),
                CredentialValue::Ticket(value) => value.encode(Tag::CREDENTIAL_VALUE, version, out),
                CredentialValue::Other(item) => out.item(Tag::CREDENTIAL_VALUE, item),
            }
        });
    }
}

structure! {
    /// Username and Password.
    #[derive(Clone, Copy)]
    UsernamePassword<'a> {
        /// Who.
        username: &'a str = USERNAME,
        /// The secret.
        password: Option<&'a str> = PASSWORD,
    }
}

structure! {
    /// Device.
    #[derive(Clone, Copy)]
    DeviceCredential<'a> {
        /// Serial number.
        serial_number: Option<&'a str> = DEVICE_SERIAL_NUMBER,
        /// The secret.
        password: Option<&'a str> = PASSWORD,
        /// Device.
        device: Option<&'a str> = DEVICE_IDENTIFIER,
        /// Network.
        network: Option<&'a str> = NETWORK_IDENTIFIER,
        /// Machine.
        machine: Option<&'a str> = MACHINE_IDENTIFIER,
        /// Medium.
        media: Option<&'a str> = MEDIA_IDENTIFIER,
    }
}

structure! {
    /// Attestation.
    #[derive(Clone, Copy)]
    AttestationCredential<'a> {
        /// What the server asked with.
        nonce: Nonce<'a> = NONCE,
        /// Kind of attestation.
        ty: AttestationType = ATTESTATION_TYPE,
        /// Measurement.
        measurement: Option<&'a [u8]> = ATTESTATION_MEASUREMENT,
        /// Assertion of a third party.
        assertion: Option<&'a [u8]> = ATTESTATION_ASSERTION,
    }
}

structure! {
    /// A nonce of the server.
    #[derive(Clone, Copy)]
    Nonce<'a> {
        /// Its name.
        id: &'a [u8] = NONCE_ID,
        /// Its value.
        value: &'a [u8] = NONCE_VALUE,
    }
}

structure! {
    /// One Time Password (2.x).
    #[derive(Clone, Copy)]
    OneTimePasswordCredential<'a> {
        /// Who.
        username: &'a str = USERNAME,
        /// The lasting secret.
        password: Option<&'a str> = PASSWORD,
        /// The passing one.
        one_time_password: &'a str = ONE_TIME_PASSWORD,
    }
}

structure! {
    /// Hashed Password (2.x).
    #[derive(Clone, Copy)]
    HashedPasswordCredential<'a> {
        /// Who.
        username: &'a str = USERNAME,
        /// When it was hashed.
        timestamp: DateTimeExtended = TIME_STAMP,
        /// Hash; SHA-256 if absent.
        hashing_algorithm: Option<HashingAlgorithm> = HASHING_ALGORITHM,
        /// What it yields.
        hashed_password: &'a [u8] = HASHED_PASSWORD,
    }
}

structure! {
    /// A ticket as credential (2.x).
    #[derive(Clone, Copy)]
    TicketCredential<'a> {
        /// The ticket.
        ticket: Ticket<'a> = TICKET,
    }
}

structure! {
    /// What Login gave (2.x).
    #[derive(Clone, Copy)]
    Ticket<'a> {
        /// Kind of ticket.
        ty: TicketType = TICKET_TYPE,
        /// Its value: whoever has it is logged in.
        value: &'a [u8] = TICKET_VALUE,
    }
}
