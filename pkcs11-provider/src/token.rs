//! The token's PINs: what the appliance knows of them, and asking it whether one is right.
//!
//! The certificate lets an application in; a PIN guards what it does there in a session. The appliance holds, for each
//! role, an HMAC key that is derived from the PIN and that it never hands out; a PIN is right if it makes the MAC of a fresh
//! challenge that the appliance finds valid. Neither the PIN nor the key it makes is kept here.
//! Rules: PKCS#11 3.2, sections 5.5.7 to 5.5.9 and 5.6.8.

use crate::appliance::{Again, Trouble, payload};
use crate::attribute::VENDOR;
use crate::fault::{Done, Fault};
use crate::limits::{PIN_BYTES_MAX, PIN_BYTES_MIN, PIN_ROUNDS};
use crate::slot::{Slot, of_trouble};
use aws_lc_rs::{hmac, pbkdf2, rand};
use core::num::NonZeroU32;
use kmip::attribute::{Attribute, AttributeName, AttributeValue, CryptographicParameters, InlineAttributes};
use kmip::enums::{
    CryptographicAlgorithm, Enumeration, KeyFormatType, ObjectType, Operation, ValidityIndicator,
};
use kmip::identifier::{Data, Identifier};
use kmip::mask::CryptographicUsageMask as Mask;
use kmip::object::{KeyBlock, KeyMaterial, KeyValue, Object as Wire, SymmetricKey};
use kmip::operation::{
    LocateRequest, LocateResponse, MacVerifyRequest, MacVerifyResponse, RegisterRequest, RegisterResponse,
};
use kmip::tag::Tag;
use kmip::ttlv::Item;
use std::borrow::Cow;
use std::collections::HashSet;
use zeroize::Zeroizing;

/// Names whose PIN an object is; the appliance shows such an object to nobody who does not name it.
pub(crate) const PIN: &str = "pin";
/// Bytes of a salt, and of a challenge.
const SALT_BYTES: usize = 16;
/// Bytes of the key that a PIN makes.
const KEY_BYTES: usize = 32;

/// Whose PIN it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The security officer.
    So,
    /// The user.
    User,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::So => "so",
            Self::User => "user",
        }
    }
}

/// One PIN, as the appliance knows it.
pub(crate) struct Pin {
    /// The key it makes.
    pub(crate) uid: String,
    salt: Vec<u8>,
}

/// The PINs of a token, and the label that C_InitToken gave it.
pub(crate) struct Pins {
    /// The security officer's.
    pub(crate) so: Option<Pin>,
    /// The user's.
    pub(crate) user: Option<Pin>,
    /// The token's label.
    pub(crate) label: Option<String>,
}

impl Pins {
    /// Asks the appliance.
    ///
    /// # Errors
    /// [`Fault::DeviceError`].
    pub(crate) fn find(slot: &Slot) -> Done<Self> {
        let mut pins = Self { so: None, user: None, label: None };
        for role in [Role::So, Role::User] {
            let wanted = [vendor(PIN, AttributeValue::text(role.name()))];
            for uid in locate(slot, &wanted)? {
                let Some((uid, seen)) = slot.look_at_all(&[uid])?.pop() else { continue };
                let Some(salt) = seen.vendor_bytes("salt") else { continue };
                let pin = Pin { uid, salt: salt.to_vec() };
                if role == Role::So {
                    pins.label = seen
                        .vendor_bytes("CKA_LABEL")
                        .and_then(|label| String::from_utf8(label.to_vec()).ok());
                    pins.so = Some(pin);
                } else {
                    pins.user = Some(pin);
                }
                break;
            }
        }
        Ok(pins)
    }

    /// The PIN of a role.
    pub(crate) const fn of(&self, role: Role) -> Option<&Pin> {
        match role {
            Role::So => self.so.as_ref(),
            Role::User => self.user.as_ref(),
        }
    }
}

/// Asks the appliance whether this is the PIN of a role.
///
/// # Errors
/// [`Fault::PinIncorrect`], [`Fault::UserPinNotInitialized`], [`Fault::PinLenRange`].
pub(crate) fn check(slot: &Slot, role: Role, given: &[u8]) -> Done<()> {
    let pins = slot.look_up_pins()?;
    let pin = pins.of(role).ok_or(Fault::UserPinNotInitialized)?;
    if given.len() > PIN_BYTES_MAX {
        return Err(Fault::PinIncorrect);
    }
    let mut challenge = [0; SALT_BYTES];
    rand::fill(&mut challenge).map_err(|_| Fault::General)?;
    let key = derived(given, &pin.salt)?;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), &challenge);
    let parameters = CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
        ..CryptographicParameters::default()
    };
    let request = MacVerifyRequest {
        unique_identifier: Some(Identifier::Text(&pin.uid)),
        cryptographic_parameters: Some(parameters),
        data: Some(Data::Bytes(&challenge)),
        mac_data: Some(mac.as_ref()),
        correlation_value: None,
        init: None,
        last: None,
    };
    let valid = slot.appliance.ask(Operation::MAC_VERIFY, &request, Again::May, |item| {
        let response: MacVerifyResponse<'_> = payload(item)?;
        Some(response.validity == Some(ValidityIndicator::VALID))
    });
    match valid {
        Ok(true) => Ok(()),
        Ok(false) => Err(Fault::PinIncorrect),
        Err(Trouble::Refused(kmip::enums::ResultReason::CRYPTOGRAPHIC_FAILURE)) => Err(Fault::PinIncorrect),
        Err(other) => Err(of_trouble(other)),
    }
}

/// Sets the PIN of a role, in place of one that there may be.
///
/// # Errors
/// [`Fault::PinLenRange`], [`Fault::DeviceError`].
pub(crate) fn set(slot: &Slot, role: Role, given: &[u8], label: Option<&str>) -> Done<()> {
    if !(PIN_BYTES_MIN..=PIN_BYTES_MAX).contains(&given.len()) {
        return Err(Fault::PinLenRange);
    }
    let pins = slot.look_up_pins()?;
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt).map_err(|_| Fault::General)?;
    let key = derived(given, &salt)?;
    let label = label.map(str::to_owned).or_else(|| pins.label.clone());
    let mut attributes = vec![
        Attribute::standard(
            Tag::CRYPTOGRAPHIC_USAGE_MASK,
            AttributeValue::Integer(Mask::MAC_VERIFY.bits().cast_signed()),
        ),
        Attribute::standard(Tag::ACTIVATION_DATE, AttributeValue::DateTime(0)),
        Attribute::standard(Tag::SENSITIVE, AttributeValue::Boolean(true)),
        Attribute::standard(Tag::EXTRACTABLE, AttributeValue::Boolean(false)),
        vendor(PIN, AttributeValue::text(role.name())),
        vendor("salt", AttributeValue::Bytes(Cow::Borrowed(&salt))),
    ];
    if role == Role::So
        && let Some(label) = &label
    {
        attributes.push(vendor("CKA_LABEL", AttributeValue::text(label)));
    }
    let block = KeyBlock {
        format: KeyFormatType::RAW,
        compression: None,
        value: Some(KeyValue::plain(KeyMaterial::Bytes(&key))),
        algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
        length: Some(256),
        wrapping: None,
    };
    let request = RegisterRequest {
        object_type: ObjectType::SYMMETRIC_KEY,
        attributes: (&attributes).into(),
        object: Wire::SymmetricKey(SymmetricKey { key_block: block }),
        protection_storage_masks: None,
    };
    let done = slot.appliance.ask(Operation::REGISTER, &request, Again::MayNot, |item| {
        payload::<RegisterResponse<'_>>(item).map(drop)
    });
    done.map_err(of_trouble)?;
    if let Some(old) = pins.of(role) {
        slot.destroy(&old.uid).map_err(of_trouble)?;
    }
    slot.look_up_pins().map(drop)
}

fn derived(pin: &[u8], salt: &[u8]) -> Done<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
    let rounds = NonZeroU32::new(PIN_ROUNDS).ok_or(Fault::General)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, pin, &mut key);
    Ok(key)
}

/// An attribute of the vendor.
pub(crate) fn vendor<'a>(name: &'a str, value: AttributeValue<'a>) -> Attribute<'a> {
    Attribute { name: AttributeName::vendor(VENDOR, name), index: None, value: Some(value) }
}

/// The identifiers of what has these attributes.
///
/// # Errors
/// [`Fault::DeviceError`].
pub(crate) fn locate(slot: &Slot, wanted: &[Attribute<'_>]) -> Done<Vec<String>> {
    slot.appliance.ask(Operation::LOCATE, &question(wanted), Again::May, found).map_err(of_trouble)
}

/// As [`locate`], for objects with the one set of attributes or the other: one message, each object once.
///
/// # Errors
/// [`Fault::DeviceError`].
pub(crate) fn locate_either(
    slot: &Slot,
    one: &[Attribute<'_>],
    other: &[Attribute<'_>],
) -> Done<Vec<String>> {
    let write = |items: &mut kmip::message::RequestItems<'_, '_>| {
        items.add(Operation::LOCATE, None, &question(one));
        items.add(Operation::LOCATE, None, &question(other));
    };
    let mut lists: [Option<Vec<String>>; 2] = [None, None];
    let mut refused = None;
    let asked =
        slot.appliance.batch(2, Again::May, &write, &mut |at, answer| match (answer, lists.get_mut(at)) {
            (Ok(answer), Some(list)) => *list = answer.and_then(found),
            (Err(reason), _) => refused = Some(Trouble::Refused(reason)),
            (Ok(_), None) => {}
        });
    asked.map_err(of_trouble)?;
    match (lists, refused) {
        ([Some(mut uids), Some(others)], None) => {
            let known: HashSet<String> = uids.iter().cloned().collect();
            uids.extend(others.into_iter().filter(|uid| !known.contains(uid)));
            Ok(uids)
        }
        (_, refused) => Err(of_trouble(refused.unwrap_or(Trouble::Silent))),
    }
}

fn question<'w>(wanted: &'w [Attribute<'w>]) -> LocateRequest<'w> {
    LocateRequest {
        maximum_items: Some(crate::limits::FOUND_MAX),
        offset_items: None,
        storage_status_mask: None,
        object_group_member: None,
        attributes: InlineAttributes::from(wanted),
    }
}

fn found(answer: Item<'_>) -> Option<Vec<String>> {
    let response: LocateResponse<'_> = payload(answer)?;
    Some(response.unique_identifiers.iter().filter_map(|id| id.text().map(str::to_owned)).collect())
}

/// The number of an enumeration as an attribute's value.
pub(crate) fn code(value: impl Enumeration) -> AttributeValue<'static> {
    AttributeValue::Enumeration(value.code())
}
