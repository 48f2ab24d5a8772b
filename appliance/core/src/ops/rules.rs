//! Which attributes a client may set, and to what.
//!
//! Rules: the attribute rules of KMIP 1.4, section 3, and 2.1, section 4, as `kmip::attribute` has them; sections 11.2 to
//! 11.4 for the refusals.

use kmip::attribute::{
    Attribute, AttributeName, AttributeValue, Link, Name, RngParameters, Rule, SERVER_VENDOR, StructureValue,
    UsageLimits, rule, vendor_rule,
};
use kmip::enums::ObjectType;
use kmip::result::Refusal;
use kmip::tag::Tag;
use kmip::ttlv::ItemType;
use kmip::version::Version;

/// Most instances of attributes that one object may have: what fits its index.
pub(super) const INSTANCES_MAX: usize = 256;

/// The rule of an attribute that the version knows.
///
/// # Errors
/// [`Refusal::UnknownAttribute`].
pub(super) fn rule_of(name: &AttributeName<'_>, version: Version) -> Result<&'static Rule, Refusal> {
    if !name.exists_in(version) {
        return Err(Refusal::UnknownAttribute);
    }
    match name {
        AttributeName::Standard(tag) => rule(*tag).ok_or(Refusal::UnknownAttribute),
        AttributeName::Vendor { .. } => Ok(vendor_rule()),
        AttributeName::Unknown(_) => Err(Refusal::UnknownAttribute),
    }
}

/// Judges an attribute that a client gives for a new object of this type.
///
/// # Errors
/// What the error tables of Create and Register name.
pub(super) fn may_be_given(
    attribute: &Attribute<'_>,
    object: ObjectType,
    version: Version,
) -> Result<(), Refusal> {
    let rule = rule_of(&attribute.name, version)?;
    let named_by_client = matches!(
        attribute.name,
        AttributeName::Standard(
            Tag::CRYPTOGRAPHIC_ALGORITHM
                | Tag::CRYPTOGRAPHIC_LENGTH
                | Tag::CRYPTOGRAPHIC_USAGE_MASK
                | Tag::CERTIFICATE_TYPE
                | Tag::DIGITAL_SIGNATURE_ALGORITHM
                | Tag::KEY_FORMAT_TYPE
                | Tag::OPERATION_POLICY_NAME
                | Tag::RANDOM_NUMBER_GENERATOR
        )
    );
    let ours = matches!(&attribute.name, AttributeName::Vendor { vendor, .. } if vendor == SERVER_VENDOR);
    if ours || !(rule.set_by.client() || named_by_client) {
        return Err(if version.tags_attributes() {
            Refusal::AttributeReadOnly
        } else {
            Refusal::InvalidField
        });
    }
    let vendor = matches!(attribute.name, AttributeName::Vendor { .. });
    // The tables give these two to symmetric keys only; the profiles' cases give them to private keys as well.
    let span = matches!(attribute.name.tag(), Some(Tag::PROCESS_START_DATE | Tag::PROTECT_STOP_DATE));
    if !vendor && !span && !rule.applies_to(object, version) {
        return Err(Refusal::InvalidAttribute);
    }
    well_formed(attribute, rule)
}

/// Judges the value of an attribute by its type, and by its structure where it has one.
///
/// # Errors
/// [`Refusal::InvalidDataType`], [`Refusal::InvalidAttributeValue`], [`Refusal::InvalidMessage`].
pub(super) fn well_formed(attribute: &Attribute<'_>, rule: &Rule) -> Result<(), Refusal> {
    let value = attribute.value.as_ref().ok_or(Refusal::InvalidMessage)?;
    let AttributeName::Standard(tag) = attribute.name else { return Ok(()) };
    if value.ty() != rule.ty {
        return Err(Refusal::InvalidDataType);
    }
    let sound = match value {
        AttributeValue::Structure(structure) => sound_structure(tag, structure),
        AttributeValue::Integer(length) if tag == Tag::CRYPTOGRAPHIC_LENGTH => *length > 0,
        _ => true,
    };
    if sound { Ok(()) } else { Err(Refusal::InvalidAttributeValue) }
}

fn sound_structure(tag: Tag, structure: &StructureValue<'_>) -> bool {
    match tag {
        Tag::NAME => structure.read::<Name<'_>>().is_ok_and(|name| !name.value.is_empty()),
        Tag::LINK => structure.read::<Link<'_>>().is_ok(),
        Tag::CRYPTOGRAPHIC_PARAMETERS => {
            structure.read::<kmip::attribute::CryptographicParameters<'_>>().is_ok()
        }
        Tag::USAGE_LIMITS => structure
            .read::<UsageLimits>()
            .is_ok_and(|limits| limits.total >= 0 && limits.count.is_none_or(|count| count >= 0)),
        Tag::RANDOM_NUMBER_GENERATOR => structure.read::<RngParameters>().is_ok(),
        Tag::APPLICATION_SPECIFIC_INFORMATION => {
            structure.read::<kmip::attribute::ApplicationSpecificInformation<'_>>().is_ok()
        }
        Tag::ALTERNATIVE_NAME => structure.read::<kmip::attribute::AlternativeName<'_>>().is_ok(),
        _ => true,
    }
}

/// Is a value of this type what the rule wants? For questions, where a wrong type finds nothing.
pub(super) fn is_date(value: &AttributeValue<'_>) -> bool {
    value.ty() == ItemType::DateTime
}
