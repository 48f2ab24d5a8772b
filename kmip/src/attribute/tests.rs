//! What attributes must survive, in both forms.

use super::*;
use crate::enums::{HashingAlgorithm, KeyFormatType, NameType, ObjectType};
use crate::field::Field;
use crate::ttlv::{Limits, parse};

fn template(version: Version, attributes: &[Attribute<'_>]) -> Vec<u8> {
    let tag = if version.tags_attributes() { Tag::ATTRIBUTES } else { Tag::TEMPLATE_ATTRIBUTE };
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, 1 << 20);
    Attributes::from(attributes).encode(tag, version, &mut writer);
    writer.finish().unwrap();
    out
}

fn read(version: Version, bytes: &[u8]) -> Vec<Attribute<'static>> {
    let item = parse(bytes, &Limits::DEFAULT).ok().unwrap();
    Attributes::decode(item, version).ok().unwrap().iter().map(Attribute::into_owned).collect()
}

fn sample() -> Vec<Attribute<'static>> {
    vec![
        Attribute::standard(
            Tag::NAME,
            AttributeValue::structure(&Name { value: "disk", ty: NameType::UNINTERPRETED_TEXT_STRING }),
        ),
        Attribute::standard(Tag::CRYPTOGRAPHIC_LENGTH, AttributeValue::Integer(256)),
        Attribute {
            name: AttributeName::vendor("x", "Purpose"),
            index: None,
            value: Some(AttributeValue::text("backup")),
        },
        Attribute {
            name: AttributeName::vendor("x", "Count"),
            index: None,
            value: Some(AttributeValue::LongInteger(7)),
        },
    ]
}

#[test]
fn attributes_survive_both_forms_with_their_types() {
    for version in Version::NEWEST_FIRST {
        assert_eq!(read(version, &template(version, &sample())), sample(), "{version}");
    }
}

#[test]
fn an_attribute_written_in_one_form_is_the_same_when_written_in_the_other() {
    let from_1x = read(Version::V1_4, &template(Version::V1_4, &sample()));
    let from_2x = read(Version::V2_1, &template(Version::V2_1, &from_1x));
    assert_eq!(from_2x, sample());
}

#[test]
fn an_index_survives_and_its_absence_does_too() {
    let mut attributes = sample();
    attributes[2].index = Some(3);
    let read = read(Version::V1_0, &template(Version::V1_0, &attributes));
    assert_eq!(read[2].index, Some(3));
    assert_eq!(read[1].index, None);
}

#[test]
fn an_attribute_newer_than_the_version_is_left_out() {
    let attributes = [Attribute::standard(Tag::SENSITIVE, AttributeValue::Boolean(true))];
    assert_eq!(read(Version::V1_2, &template(Version::V1_2, &attributes)), []);
    assert_eq!(read(Version::V1_4, &template(Version::V1_4, &attributes)), attributes);
}

#[test]
fn another_vendor_s_attribute_has_no_name_in_1x() {
    let attributes = [Attribute {
        name: AttributeName::vendor("acme", "Shelf"),
        index: None,
        value: Some(AttributeValue::text("9")),
    }];
    assert_eq!(read(Version::V1_4, &template(Version::V1_4, &attributes)), []);
    assert_eq!(read(Version::V2_0, &template(Version::V2_0, &attributes)), attributes);
}

#[test]
fn a_digest_in_1_0_has_no_key_format_type() {
    let digest = Digest {
        hashing_algorithm: HashingAlgorithm::SHA_256,
        digest_value: Some(&[1, 2, 3]),
        key_format_type: Some(KeyFormatType::RAW),
    };
    let attributes = [Attribute::standard(Tag::DIGEST, AttributeValue::structure(&digest))];
    let format = |version| {
        let read = read(version, &template(version, &attributes));
        let value = read[0].value.clone().unwrap();
        value.as_digest().unwrap().key_format_type
    };
    assert_eq!(format(Version::V1_0), None);
    assert_eq!(format(Version::V1_1), Some(KeyFormatType::RAW));
}

#[test]
fn a_template_attribute_is_refused_in_2x_and_attributes_in_1x() {
    let old = template(Version::V1_4, &sample());
    let new = template(Version::V2_1, &sample());
    let item = |bytes| parse(bytes, &Limits::DEFAULT).ok().unwrap();
    assert!(Attributes::decode(item(&old), Version::V2_0).is_err());
    assert!(Attributes::decode(item(&new), Version::V1_4).is_err());
}

#[test]
fn text_that_names_no_attribute_is_kept_to_be_refused_by_name() {
    assert_eq!(AttributeName::from_text("Digest"), AttributeName::Standard(Tag::DIGEST));
    assert_eq!(AttributeName::from_text("y-made"), AttributeName::vendor("y", "made"));
    assert!(matches!(AttributeName::from_text("digest"), AttributeName::Unknown(_)));
    assert!(!AttributeName::from_text("No Such").exists_in(Version::V1_4));
}

#[test]
fn the_rules_are_sorted_and_every_attribute_has_a_type() {
    assert!(rules().is_sorted_by_key(|rule| rule.tag));
    assert_eq!(rule(Tag::NAME).map(|rule| rule.multiple), Some(true));
    assert_eq!(rule(Tag::STATE).map(|rule| rule.client_changes), Some(Change::No));
    assert!(rule(Tag::BATCH_COUNT).is_none());
}

#[test]
fn a_rule_applies_to_the_objects_of_the_version() {
    let state = rule(Tag::STATE).unwrap();
    assert!(!state.applies_to(ObjectType::OPAQUE_OBJECT, Version::V1_4));
    assert!(state.applies_to(ObjectType::OPAQUE_OBJECT, Version::V2_1));
    assert!(state.applies_to(ObjectType::SYMMETRIC_KEY, Version::V1_0));
    let sensitive = rule(Tag::SENSITIVE).unwrap();
    assert!(!sensitive.applies_to(ObjectType::SYMMETRIC_KEY, Version::V1_3));
}

#[test]
fn debug_of_a_value_tells_no_value() {
    assert_eq!(format!("{:?}", AttributeValue::text("secret")), "TextString(6 bytes)");
    assert_eq!(format!("{:?}", AttributeValue::Integer(42)), "Integer");
}
