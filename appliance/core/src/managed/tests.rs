use super::{AttributeSet, BodyError, Cause, Indexed, KeyBlock, Kind, Life, Managed};
use holdfast_model::Timestamp;
use kmip::attribute::{AttributeName, AttributeValue, Name};
use kmip::enums::{
    CertificateRequestType, CertificateType, CryptographicAlgorithm, Enumeration, KeyFormatType, NameType,
    ObjectType, OpaqueDataType, SecretDataType, SplitKeyMethod,
};
use kmip::tag::Tag;

const BLOCK: KeyBlock = KeyBlock {
    format: KeyFormatType::RAW,
    compression: None,
    algorithm: Some(CryptographicAlgorithm::AES),
    length: Some(256),
    structured: false,
};

fn key() -> Managed {
    let mut key = Managed::new(ObjectType::SYMMETRIC_KEY, Kind::Key(BLOCK));
    key.attributes
        .set(Tag::CRYPTOGRAPHIC_ALGORITHM, AttributeValue::Enumeration(CryptographicAlgorithm::AES.code()));
    key.attributes.set(Tag::CRYPTOGRAPHIC_USAGE_MASK, AttributeValue::Integer(12));
    key
}

fn body(managed: &Managed) -> Vec<u8> {
    let mut out = Vec::new();
    managed.encode(&mut out);
    out
}

fn index(managed: &Managed) -> Vec<(u32, Vec<u8>)> {
    let mut entries = Vec::new();
    managed.index(&mut |field, value| entries.push((field, value.to_vec())));
    entries
}

fn named(text: &str) -> AttributeValue<'static> {
    AttributeValue::structure(&Name { value: text, ty: NameType::UNINTERPRETED_TEXT_STRING })
}

#[test]
fn there_are_nine_ways_from_state_to_state_and_no_others() {
    use Cause::{Activation, Compromise, Deactivation, Destruction};
    use Life::{Active, Compromised, Deactivated, Destroyed, DestroyedCompromised, PreActive};
    let permitted = [
        (PreActive, Destruction, Destroyed),
        (PreActive, Compromise, Compromised),
        (PreActive, Activation, Active),
        (Active, Compromise, Compromised),
        (Active, Deactivation, Deactivated),
        (Deactivated, Destruction, Destroyed),
        (Deactivated, Compromise, Compromised),
        (Compromised, Destruction, DestroyedCompromised),
        (Destroyed, Compromise, DestroyedCompromised),
    ];
    for from in Life::ALL {
        for cause in [Activation, Deactivation, Compromise, Destruction] {
            let expected = permitted.iter().find(|(f, c, _)| (*f, *c) == (from, cause)).map(|(_, _, to)| *to);
            assert_eq!(from.after(cause), expected, "{from:?} {cause:?}");
        }
    }
}

#[test]
fn what_is_destroyed_never_has_material_again() {
    for from in [Life::Destroyed, Life::DestroyedCompromised] {
        for cause in [Cause::Activation, Cause::Deactivation, Cause::Compromise, Cause::Destruction] {
            assert!(from.after(cause).is_none_or(Life::is_destroyed));
        }
    }
}

#[test]
fn dates_move_a_state_forward_and_never_back() {
    assert_eq!(Life::PreActive.at(9, Some(10), None), Life::PreActive);
    assert_eq!(Life::PreActive.at(10, Some(10), None), Life::Active);
    assert_eq!(Life::PreActive.at(30, Some(10), Some(20)), Life::Deactivated);
    assert_eq!(Life::PreActive.at(30, None, Some(20)), Life::PreActive, "it never was active");
    assert_eq!(Life::Compromised.at(30, Some(10), Some(20)), Life::Compromised);
    assert_eq!(Life::Destroyed.at(30, Some(10), None), Life::Destroyed);
}

#[test]
fn every_kind_of_object_reads_back_as_it_was_written() {
    let kinds = [
        (ObjectType::SYMMETRIC_KEY, Kind::Key(BLOCK)),
        (ObjectType::PRIVATE_KEY, Kind::Key(KeyBlock { structured: true, ..BLOCK })),
        (ObjectType::SECRET_DATA, Kind::SecretData { ty: SecretDataType::SEED, block: BLOCK }),
        (ObjectType::OPAQUE_OBJECT, Kind::Opaque(OpaqueDataType::from_code(0x8000_0001))),
        (ObjectType::TEMPLATE, Kind::Template),
        (ObjectType::CERTIFICATE, Kind::Certificate(CertificateType::X_509)),
        (ObjectType::CERTIFICATE_REQUEST, Kind::CertificateRequest(CertificateRequestType::PKCS_10)),
        (ObjectType::PGP_KEY, Kind::Pgp { version: 4, block: BLOCK }),
        (
            ObjectType::SPLIT_KEY,
            Kind::SplitKey {
                block: BLOCK,
                parts: 5,
                part: 2,
                threshold: 3,
                method: SplitKeyMethod::XOR,
                prime: Some(vec![1; 8]),
            },
        ),
    ];
    for (ty, kind) in kinds {
        let mut managed = Managed::new(ty, kind);
        managed.nonces_reserved = 7;
        managed.internal = true;
        managed.wrapped_as = Some(vec![1, 2, 3]);
        managed.attributes.add(AttributeName::Standard(Tag::NAME), named("a"));
        managed.attributes.add(AttributeName::Standard(Tag::NAME), named("b"));
        managed.attributes.add(AttributeName::vendor("x", "n").into_owned(), AttributeValue::Integer(-1));
        assert_eq!(Managed::decode(&body(&managed)), Ok(managed));
    }
}

#[test]
fn a_body_that_is_cut_or_holds_something_unknown_is_refused() {
    let whole = body(&key());
    for length in 0..whole.len() {
        assert_eq!(Managed::decode(&whole[..length]), Err(BodyError), "{length}");
    }
    let mut other = whole;
    other[2] ^= 1;
    assert_eq!(Managed::decode(&other), Err(BodyError));
}

#[test]
fn an_index_is_not_given_again_while_a_later_instance_is_there() {
    let mut set = AttributeSet::default();
    let name = AttributeName::Standard(Tag::NAME);
    assert_eq!(set.add(name.clone(), named("a")), 0);
    assert_eq!(set.add(name.clone(), named("b")), 1);
    assert_eq!(set.remove(|item| item.index == Some(0)), 1);
    assert_eq!(set.add(name, named("c")), 2);
}

#[test]
fn equal_values_have_equal_index_entries_and_no_others() {
    let (mut one, mut other) = (key(), key());
    one.attributes.add(AttributeName::Standard(Tag::NAME), named("a"));
    other.attributes.add(AttributeName::Standard(Tag::NAME), named("b"));
    let name = Indexed::of(&AttributeName::Standard(Tag::NAME), &named("a")).unwrap();
    let entry = (name.field, name.value);
    assert!(index(&one).contains(&entry) && !index(&other).contains(&entry));
}

#[test]
fn what_the_clock_moves_is_not_in_the_index() {
    let mut key = key();
    key.set_state(Life::Active, Timestamp::from_seconds(5));
    key.attributes.set(Tag::ACTIVATION_DATE, AttributeValue::DateTime(5));
    let fields: Vec<u32> = index(&key).into_iter().map(|(field, _)| field).collect();
    for tag in [Tag::STATE, Tag::ACTIVATION_DATE, Tag::LAST_CHANGE_DATE] {
        assert!(!fields.contains(&tag.number()), "{tag:?}");
    }
}

#[test]
fn what_is_the_servers_own_is_found_by_nothing() {
    let mut key = key();
    key.internal = true;
    assert!(index(&key).is_empty());
}

#[test]
fn the_facts_of_a_key_are_what_its_attributes_say() {
    let mut key = key();
    let facts = key.facts();
    assert_eq!((facts.algorithm, facts.usage_mask, facts.sensitive, facts.extractable), (3, 12, false, true));
    key.attributes.set(Tag::SENSITIVE, AttributeValue::Boolean(true));
    key.attributes.set(Tag::EXTRACTABLE, AttributeValue::Boolean(false));
    assert!(key.facts().sensitive && !key.facts().extractable);
}
