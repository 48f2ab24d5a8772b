//! What PKCS#11 says of an object and KMIP has no word for: attributes of the vendor `PKCS11`, which bind it.
//!
//! They come from the PKCS#11 library, or from any client: an object that bears them is bound whoever asks. Some can be set at
//! its beginning alone, some go one way, and some forbid what would be done with the object.
//! Rules: PKCS#11 3.2, sections 4.1 (one-way attributes, templates), 4.4 (MODIFIABLE, COPYABLE, DESTROYABLE), 4.9 and
//! 4.10 (WRAP_WITH_TRUSTED).

use super::Managed;
use kmip::attribute::{AttributeName, AttributeValue};
use kmip::mask::CryptographicUsageMask as Mask;
use kmip::result::Refusal;

/// Vendor identification of these attributes.
pub const VENDOR: &str = "PKCS11";
/// Marks what belongs to one session of one application.
const SESSION: &str = "session";
/// Marks what a PIN is checked with.
const PIN: &str = "pin";

/// Is this one of them?
#[must_use]
pub fn is_token_attribute(name: &AttributeName<'_>) -> bool {
    matches!(name, AttributeName::Vendor { vendor, .. } if vendor == VENDOR)
}

/// Does a question that names this attribute look for what is hidden from others?
#[must_use]
pub fn names_hidden(name: &AttributeName<'_>) -> bool {
    matches!(name, AttributeName::Vendor { vendor, name } if vendor == VENDOR && (name == SESSION || name == PIN))
}

/// Does it mark whose an object is? A copy belongs to whom its own marks say.
#[must_use]
pub fn is_mark(name: &AttributeName<'_>) -> bool {
    names_hidden(name)
}

impl Managed {
    fn token(&self, name: &str) -> Option<&AttributeValue<'static>> {
        let name = AttributeName::vendor(VENDOR, name);
        self.attributes.of(&name).next().and_then(|attribute| attribute.value.as_ref())
    }

    fn token_flag(&self, name: &str) -> Option<bool> {
        self.token(name).and_then(AttributeValue::as_boolean)
    }

    /// Does it belong to one session, or to a PIN? Then only who names that finds it.
    #[must_use]
    pub fn is_hidden_from_others(&self) -> bool {
        self.token(SESSION).is_some() || self.token(PIN).is_some()
    }

    /// May anything of it be changed?
    ///
    /// # Errors
    /// [`Refusal::ConstraintViolation`].
    pub fn may_be_modified(&self) -> Result<(), Refusal> {
        let fixed = self.token_flag("CKA_MODIFIABLE") == Some(false);
        if fixed { Err(Refusal::ConstraintViolation) } else { Ok(()) }
    }

    /// May it be destroyed?
    ///
    /// # Errors
    /// [`Refusal::ConstraintViolation`].
    pub fn may_be_destroyed(&self) -> Result<(), Refusal> {
        let kept = self.token_flag("CKA_DESTROYABLE") == Some(false);
        if kept { Err(Refusal::ConstraintViolation) } else { Ok(()) }
    }

    /// May it be copied?
    ///
    /// # Errors
    /// [`Refusal::ConstraintViolation`].
    pub fn may_be_copied(&self) -> Result<(), Refusal> {
        let single = self.token_flag("CKA_COPYABLE") == Some(false) || self.token(PIN).is_some();
        if single { Err(Refusal::ConstraintViolation) } else { Ok(()) }
    }

    /// May a copy have this attribute of the vendor? Where it is, whose it is, and whether it can be changed may differ.
    ///
    /// # Errors
    /// [`Refusal::AttributeReadOnly`].
    pub fn may_copy_have(
        &self,
        name: &AttributeName<'_>,
        value: Option<&AttributeValue<'_>>,
    ) -> Result<(), Refusal> {
        let AttributeName::Vendor { vendor, name: text } = name else { return Ok(()) };
        if vendor != VENDOR || self.token(text) == value {
            return Ok(());
        }
        let flag = value.and_then(AttributeValue::as_boolean);
        match &**text {
            SESSION | "CKA_PRIVATE" | "CKA_DESTROYABLE" => Ok(()),
            "CKA_MODIFIABLE" if flag == Some(false) || self.may_be_modified().is_ok() => Ok(()),
            _ => self.may_token_attribute_become(name, value),
        }
    }

    /// May an attribute of the vendor become this (or, with `None`, go)?
    ///
    /// # Errors
    /// [`Refusal::AttributeReadOnly`].
    pub fn may_token_attribute_become(
        &self,
        name: &AttributeName<'_>,
        new: Option<&AttributeValue<'_>>,
    ) -> Result<(), Refusal> {
        let AttributeName::Vendor { vendor, name } = name else { return Ok(()) };
        if vendor != VENDOR {
            return Ok(());
        }
        let flag = new.and_then(AttributeValue::as_boolean);
        let allowed = match &**name {
            // What PKCS#11 lets an application change, either way.
            "CKA_LABEL"
            | "CKA_ID"
            | "CKA_SUBJECT"
            | "CKA_ISSUER"
            | "CKA_SERIAL_NUMBER"
            | "CKA_START_DATE"
            | "CKA_END_DATE"
            | "CKA_APPLICATION"
            | "CKA_OBJECT_ID"
            | "CKA_CERTIFICATE_CATEGORY"
            | "CKA_JAVA_MIDP_SECURITY_DOMAIN"
            | "CKA_TRUSTED"
            | "CKA_SIGN_RECOVER"
            | "CKA_VERIFY_RECOVER"
            | "CKA_ENCAPSULATE"
            | "CKA_DECAPSULATE" => true,
            // One way.
            "CKA_COPYABLE" => flag == Some(false),
            "CKA_WRAP_WITH_TRUSTED" => flag == Some(true),
            // Once.
            "CKA_PUBLIC_KEY_INFO" => new.is_some() && self.token(name).is_none(),
            _ => false,
        };
        if allowed { Ok(()) } else { Err(Refusal::AttributeReadOnly) }
    }

    /// May its usage mask become this? A key that wraps does not begin to encrypt or decrypt, and the other way round: what
    /// it has wrapped would be readable through it.
    ///
    /// # Errors
    /// [`Refusal::AttributeReadOnly`].
    pub fn may_be_used_for(&self, mask: Mask) -> Result<(), Refusal> {
        let wraps = Mask::from_bits(Mask::WRAP_KEY.bits() | Mask::UNWRAP_KEY.bits());
        let ciphers = Mask::from_bits(Mask::ENCRYPT.bits() | Mask::DECRYPT.bits());
        let gained = Mask::from_bits(mask.bits() & !self.usage_mask().bits());
        let mixes = (gained.intersects(wraps) && mask.intersects(ciphers))
            || (gained.intersects(ciphers) && mask.intersects(wraps));
        if mixes { Err(Refusal::AttributeReadOnly) } else { Ok(()) }
    }

    /// May it leave under this key?
    ///
    /// # Errors
    /// [`Refusal::PermissionDenied`].
    pub fn may_be_wrapped_by(&self, key: &Managed) -> Result<(), Refusal> {
        let bound = self.token_flag("CKA_WRAP_WITH_TRUSTED") == Some(true);
        let trusted = key.token_flag("CKA_TRUSTED") == Some(true);
        if bound && !trusted { Err(Refusal::PermissionDenied) } else { Ok(()) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::managed::Kind;
    use kmip::enums::ObjectType;
    use kmip::tag::Tag;

    fn object(attributes: &[(&str, bool)], mask: u32) -> Managed {
        let mut managed = Managed::new(ObjectType::SYMMETRIC_KEY, Kind::Template);
        managed.attributes.set(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(mask.cast_signed()));
        for (name, value) in attributes {
            let name = AttributeName::vendor(VENDOR, name).into_owned();
            managed.attributes.add(name, AttributeValue::Boolean(*value));
        }
        managed
    }

    fn becomes(object: &Managed, name: &str, value: Option<bool>) -> Result<(), Refusal> {
        let value = value.map(AttributeValue::Boolean);
        object.may_token_attribute_become(&AttributeName::vendor(VENDOR, name), value.as_ref())
    }

    #[test]
    fn one_way_attributes_go_one_way_and_others_are_set_at_the_beginning_alone() {
        let key = object(&[("CKA_COPYABLE", true)], 0);
        assert!(becomes(&key, "CKA_COPYABLE", Some(false)).is_ok());
        assert_eq!(becomes(&key, "CKA_COPYABLE", Some(true)), Err(Refusal::AttributeReadOnly));
        assert_eq!(becomes(&key, "CKA_COPYABLE", None), Err(Refusal::AttributeReadOnly));
        assert!(becomes(&key, "CKA_WRAP_WITH_TRUSTED", Some(true)).is_ok());
        assert_eq!(becomes(&key, "CKA_WRAP_WITH_TRUSTED", Some(false)), Err(Refusal::AttributeReadOnly));
        for fixed in
            ["CKA_MODIFIABLE", "CKA_DESTROYABLE", "CKA_ALLOWED_MECHANISMS", "CKA_UNWRAP_TEMPLATE", "pin"]
        {
            assert_eq!(becomes(&key, fixed, Some(true)), Err(Refusal::AttributeReadOnly), "{fixed}");
        }
        assert!(becomes(&key, "CKA_LABEL", None).is_ok());
    }

    #[test]
    fn a_wrapping_key_never_begins_to_decrypt_and_a_decrypting_one_never_to_wrap() {
        let (wrap, decrypt) = (Mask::WRAP_KEY.bits(), Mask::DECRYPT.bits());
        let both = Mask::from_bits(wrap | decrypt);
        assert_eq!(object(&[], wrap).may_be_used_for(both), Err(Refusal::AttributeReadOnly));
        assert_eq!(object(&[], decrypt).may_be_used_for(both), Err(Refusal::AttributeReadOnly));
        assert!(object(&[], both.bits()).may_be_used_for(both).is_ok(), "nothing is gained");
        assert!(object(&[], both.bits()).may_be_used_for(Mask::WRAP_KEY).is_ok(), "less is always allowed");
        let sign = Mask::from_bits(wrap | Mask::MAC_GENERATE.bits());
        assert!(object(&[], wrap).may_be_used_for(sign).is_ok());
    }

    #[test]
    fn what_asks_for_a_trusted_key_does_not_leave_under_another() {
        let bound = object(&[("CKA_WRAP_WITH_TRUSTED", true)], 0);
        assert_eq!(bound.may_be_wrapped_by(&object(&[], 0)), Err(Refusal::PermissionDenied));
        assert!(bound.may_be_wrapped_by(&object(&[("CKA_TRUSTED", true)], 0)).is_ok());
        assert!(object(&[], 0).may_be_wrapped_by(&object(&[], 0)).is_ok());
    }

    #[test]
    fn what_says_so_is_neither_modified_nor_destroyed() {
        assert!(object(&[("CKA_MODIFIABLE", false)], 0).may_be_modified().is_err());
        assert!(object(&[("CKA_DESTROYABLE", false)], 0).may_be_destroyed().is_err());
        assert!(object(&[], 0).may_be_modified().is_ok() && object(&[], 0).may_be_destroyed().is_ok());
    }
}
