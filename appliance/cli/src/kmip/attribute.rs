//! Attributes as a person writes them: `Name=first`, `State=Active`, `x-purpose=backup`.

use crate::Failure;
use kmip::attribute::{Attribute, AttributeName, AttributeValue, Link, Name, StructureValue, rule, rules};
use kmip::enums::{Enumeration, NameType};
use kmip::identifier::Identifier;
use kmip::tag::Tag;
use kmip::ttlv::{ItemType, Limits, parse};
use serde_json::{Value, json};
use std::time::SystemTime;

/// How attributes are given; part of the help of each command that takes some.
pub(super) const HELP: &str = "\
Attributes are NAME=VALUE. The name is as in the specification, with blanks or without ('Cryptographic Length', ObjectGroup),
or x-ANYTHING for one of your own (x-count:Integer=7 if it is not text). The value is
  a number, true or false, text, or hex bytes, as the attribute's type demands
  a name of an enumeration (AES), several of a mask (Encrypt|Decrypt)
  a date (2026-01-31T12:00:00Z) or `now`
  for Name the name itself; for Link TYPE:ID (PublicKeyLink:ID); for other structures the JSON of their fields:
    'Usage Limits=[{\"tag\":\"UsageLimitsTotal\",\"type\":\"LongInteger\",\"value\":10}, …]'";

/// An attribute from `NAME=VALUE`.
pub(super) fn parse_one(text: &str) -> Result<Attribute<'static>, String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE")?;
    let (name, ty) = match name.split_once(':').filter(|(name, _)| name.starts_with("x-")) {
        Some((name, ty)) => (name, Some(ty)),
        None => (name, None),
    };
    let name = parse_name(name)?;
    let tag = name.tag();
    let value = match (tag, tag.and_then(rule).map(|rule| rule.ty)) {
        (Some(Tag::NAME), _) if !value.starts_with('[') => {
            let name = Name { value, ty: NameType::UNINTERPRETED_TEXT_STRING };
            AttributeValue::Structure(StructureValue::of(&name))
        }
        (Some(Tag::LINK), _) if !value.starts_with('[') => {
            let (ty, id) = value.split_once(':').ok_or("Link=TYPE:ID")?;
            let link = Link { ty: named(ty)?, linked: Identifier::Text(id) };
            AttributeValue::Structure(StructureValue::of(&link))
        }
        (Some(tag), Some(ty)) => typed(tag, ty, value)?,
        _ => typed(Tag::ATTRIBUTE_VALUE, custom_type(ty)?, value)?,
    };
    Ok(Attribute { name, index: None, value: Some(value) })
}

/// The name of an attribute, with blanks or without.
pub(super) fn parse_name(text: &str) -> Result<AttributeName<'static>, String> {
    let name = AttributeName::from_text(text).into_owned();
    if !matches!(name, AttributeName::Unknown(_)) {
        return Ok(name);
    }
    let same =
        |known: &str| known.replace([' ', '-'], "").eq_ignore_ascii_case(&text.replace([' ', '-'], ""));
    let found = rules().iter().find(|rule| same(rule.name));
    found
        .map(|rule| AttributeName::Standard(rule.tag))
        .ok_or_else(|| format!("there is no attribute {text:?}"))
}

fn custom_type(name: Option<&str>) -> Result<ItemType, String> {
    match name {
        None | Some("TextString") => Ok(ItemType::TextString),
        Some("Integer") => Ok(ItemType::Integer),
        Some("LongInteger") => Ok(ItemType::LongInteger),
        Some("Boolean") => Ok(ItemType::Boolean),
        Some("ByteString") => Ok(ItemType::ByteString),
        Some("DateTime") => Ok(ItemType::DateTime),
        Some("Interval") => Ok(ItemType::Interval),
        Some(other) => Err(format!("{other:?} is no type for an attribute of your own")),
    }
}

/// A value of a type: spelled as the JSON encoding spells it, and read as that.
fn typed(tag: Tag, ty: ItemType, text: &str) -> Result<AttributeValue<'static>, String> {
    let value = match ty {
        ItemType::Structure => {
            serde_json::from_str(text).map_err(|error| format!("fields in JSON: {error}"))?
        }
        ItemType::Boolean => json!(text.parse::<bool>().map_err(|_| "true or false")?),
        ItemType::DateTime if text == "now" => json!(format!("0x{:016x}", now())),
        ItemType::Integer | ItemType::LongInteger | ItemType::Interval => {
            text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number))
        }
        _ => Value::from(text),
    };
    let object =
        json!({ "tag": format!("0x{:06X}", tag.number()), "type": format!("{ty:?}"), "value": value });
    let bytes = kmip::json::to_ttlv(&object.to_string(), &Limits::DEFAULT)
        .map_err(|_| format!("{text:?} does not fit {tag}, which is of type {ty:?}"))?;
    let item = parse(&bytes, &Limits::DEFAULT).map_err(|error| error.to_string())?;
    AttributeValue::decode(item).map(AttributeValue::into_owned).map_err(|error| error.to_string())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// A value of an enumeration by its name, with blanks, hyphens and capitals as they come.
pub(super) fn named<E: Enumeration>(text: &str) -> Result<E, String> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_ascii_lowercase();
    let wanted = plain(text);
    let mut codes = kmip::version::Version::NEWEST_FIRST
        .into_iter()
        .flat_map(|version| E::NAMES.values(version).map(move |code| (code, version)));
    codes
        .find(|(code, version)| E::NAMES.name(*code, *version).is_some_and(|name| plain(name) == wanted))
        .map(|(code, _)| E::from_code(code))
        .ok_or_else(|| format!("{text:?} is no {}", E::NAMES.title))
}

/// An attribute of the standard.
pub(super) fn standard(tag: Tag, value: AttributeValue<'static>) -> Attribute<'static> {
    Attribute::standard(tag, value)
}

/// Why an attribute cannot be made of what was given.
pub(super) fn bad(message: String) -> Failure {
    Failure::Unable(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_its_attribute_s_type() {
        let value = |text: &str| parse_one(text).ok().and_then(|attribute| attribute.value);
        assert_eq!(value("Cryptographic Length=256"), Some(AttributeValue::Integer(256)));
        assert_eq!(value("CryptographicUsageMask=Encrypt|Decrypt"), Some(AttributeValue::Integer(12)));
        assert_eq!(value("state=Active"), Some(AttributeValue::Enumeration(2)));
        assert_eq!(value("Activation Date=1970-01-01T00:01:00Z"), Some(AttributeValue::DateTime(60)));
        assert_eq!(value("x-count:Integer=7"), Some(AttributeValue::Integer(7)));
        assert_eq!(value("x-a:b"), None);
        assert_eq!(value("x-note=a=b").as_ref().and_then(AttributeValue::as_text), Some("a=b"));
        assert!(matches!(value("Name=first"), Some(AttributeValue::Structure(_))));
        assert!(matches!(value("Link=PublicKeyLink:id"), Some(AttributeValue::Structure(_))));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for bad in ["Cryptographic Length=long", "No Such Thing=1", "State=Happy", "State", "Sensitive=1"] {
            assert!(parse_one(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_enumeration_is_named_as_people_write_it() {
        use kmip::enums::{BlockCipherMode, HashingAlgorithm};
        assert_eq!(named("gcm"), Ok(BlockCipherMode::GCM));
        assert_eq!(named("sha-256"), Ok(HashingAlgorithm::SHA_256));
        assert!(named::<HashingAlgorithm>("sha-0").is_err());
    }
}
