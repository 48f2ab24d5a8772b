use super::keys::TenantKey;
use super::service_record::ServiceKeys;
use super::tenant_record::TenantRecord;
use super::transport::OneTimeKey;
use super::vault::{self, Checked};
use super::{CustodyError, selftest, wrap};
use crate::managed::{KeyBlock, Kind, Managed};
use crate::object::Object;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use hardening::arena::{self, ArenaSize};
use hardening::{Secret, SecretBytes};
use holdfast_model::l1::{L1Ref, OaepHash, WrapMechanism, WrappedL2};
use holdfast_model::record::{Revision, SealedRecord};
use holdfast_model::{ClusterId, HsmName, KeyVersion, ObjectId, ServiceId, TenantId};
use kmip::enums::{KeyFormatType, ObjectType};

const BLOCK: KeyBlock = KeyBlock {
    format: KeyFormatType::RAW,
    compression: None,
    algorithm: None,
    length: None,
    structured: false,
};

fn tenant_key(tenant: &str, byte: u8) -> TenantKey {
    arena::install(ArenaSize::mib(4)).unwrap();
    let secret = Secret::init_with(|bytes| {
        *bytes = [byte; 32];
        Ok::<_, CustodyError>(())
    });
    TenantKey::new(secret.unwrap(), ClusterId::parse("c").unwrap(), TenantId::parse(tenant).unwrap()).unwrap()
}

fn service(name: &str) -> ServiceId {
    ServiceId::parse(name).unwrap()
}

fn object(id: u8, secret: Option<&[u8]>) -> Object {
    Object {
        id: ObjectId::from_bytes([id; 16]),
        revision: Revision(0),
        service: service("db"),
        key_version: KeyVersion(0),
        managed: Managed::new(ObjectType::SYMMETRIC_KEY, Kind::Key(BLOCK)),
        material: secret.map(|bytes| SecretBytes::take_from(&mut bytes.to_vec()).unwrap()),
        schedules: crate::crypto::Schedules::default(),
        nonces_left: core::cell::Cell::new(0),
    }
}

fn seal(key: &TenantKey, services: &ServiceKeys, object: &Object) -> SealedRecord {
    vault::seal_object(key, services.active().unwrap(), object).unwrap()
}

fn open(
    key: &TenantKey,
    services: &ServiceKeys,
    id: u8,
    record: &SealedRecord,
) -> Result<Object, CustodyError> {
    let checked = Checked::new(key, ObjectId::from_bytes([id; 16]), record)?;
    let service_key = services.version(checked.version()).ok_or(CustodyError::NotAuthentic)?;
    checked.open(key, service_key)
}

#[test]
fn every_known_answer_is_given() {
    tenant_key("a", 1);
    assert_eq!(selftest::run(), Ok(()));
}

#[test]
fn an_object_comes_back_as_it_was_sealed() {
    let key = tenant_key("a", 1);
    let services = ServiceKeys::first(service("db")).unwrap();
    for secret in [None, Some([].as_slice()), Some(&[7]), Some(&[7; 32]), Some(&[7; 1001])] {
        let record = seal(&key, &services, &object(1, secret));
        let back = open(&key, &services, 1, &record).unwrap();
        assert_eq!(back.revision, Revision(1));
        assert_eq!(back.key_version, KeyVersion(1));
        match (secret, &back.material) {
            (Some(secret), Some(material)) => assert!(material.ct_eq_bytes(secret)),
            (None, None) => {}
            _ => panic!("material appeared or vanished"),
        }
    }
}

#[test]
fn a_record_altered_in_any_byte_does_not_open() {
    let key = tenant_key("a", 1);
    let services = ServiceKeys::first(service("db")).unwrap();
    let record = seal(&key, &services, &object(1, Some(&[7; 32])));
    for at in 0..record.body.len() {
        let mut forged = record.clone();
        forged.body[at] ^= 1;
        assert!(open(&key, &services, 1, &forged).is_err(), "byte {at}");
    }
    let forgeries = [
        SealedRecord { revision: Revision(2), ..record.clone() },
        SealedRecord { index: Vec::new(), ..record.clone() },
        SealedRecord { mac: [0; 32], ..record.clone() },
    ];
    for forged in forgeries {
        assert!(open(&key, &services, 1, &forged).is_err());
    }
}

#[test]
fn a_record_does_not_open_under_another_name_or_for_another_tenant() {
    let (key, other) = (tenant_key("a", 1), tenant_key("b", 1));
    let services = ServiceKeys::first(service("db")).unwrap();
    let record = seal(&key, &services, &object(1, Some(&[7; 32])));
    assert!(open(&key, &services, 2, &record).is_err());
    let mut moved = record.clone();
    moved.name.id = ObjectId::from_bytes([2; 16]);
    assert!(open(&key, &services, 2, &moved).is_err());
    let mut taken = record;
    taken.name.tenant = other.tenant();
    assert!(open(&other, &services, 1, &taken).is_err());
}

#[test]
fn after_a_rotation_new_objects_use_the_new_version_and_old_ones_still_open() {
    let key = tenant_key("a", 1);
    let mut services = ServiceKeys::first(service("db")).unwrap();
    let old = seal(&key, &services, &object(1, Some(&[1; 32])));
    assert_eq!(services.rotate(), Ok(KeyVersion(2)));
    let new = seal(&key, &services, &object(2, Some(&[2; 32])));
    let stored = services.seal(&key).unwrap();
    let again = ServiceKeys::open(&key, service("db"), &stored).unwrap();
    assert_eq!(open(&key, &again, 1, &old).unwrap().key_version, KeyVersion(1));
    assert_eq!(open(&key, &again, 2, &new).unwrap().key_version, KeyVersion(2));
}

#[test]
fn a_service_key_record_is_worthless_for_another_service_or_tenant() {
    let (key, other) = (tenant_key("a", 1), tenant_key("a", 2));
    let record = ServiceKeys::first(service("db")).unwrap().seal(&key).unwrap();
    assert!(ServiceKeys::open(&key, service("web"), &record).is_err());
    assert!(ServiceKeys::open(&other, service("db"), &record).is_err());
}

#[test]
fn a_tenant_record_with_the_key_of_another_is_found_out() {
    let (key, other) = (tenant_key("a", 1), tenant_key("a", 2));
    let wrapped = WrappedL2 { mechanism: WrapMechanism::AesKeyWrap, bytes: vec![1; 40] };
    let l1 = L1Ref { hsm: HsmName::parse("h").unwrap(), label: "l1".to_owned() };
    let record = TenantRecord { l1, wrapped }.seal(&key, Revision(1)).unwrap();
    assert_eq!(TenantRecord::check(&key, &record), Ok(()));
    assert_eq!(TenantRecord::check(&other, &record), Err(CustodyError::NotAuthentic));
    assert!(TenantRecord::read_unchecked(TenantId::parse("b").unwrap(), &record).is_err());
}

#[test]
fn equal_values_have_equal_tags_within_a_service_and_nowhere_else() {
    let (key, other) = (tenant_key("a", 1), tenant_key("a", 2));
    let tag = key.index_tag(service("db"), 3, b"name");
    assert_eq!(tag, key.index_tag(service("db"), 3, b"name"));
    assert_ne!(tag, key.index_tag(service("web"), 3, b"name"));
    assert_ne!(tag, key.index_tag(service("db"), 4, b"name"));
    assert_ne!(tag, other.index_tag(service("db"), 3, b"name"));
}

#[test]
fn what_is_wrapped_for_the_transport_key_opens_once_and_nothing_else_does() {
    tenant_key("a", 1);
    for (hash, padding) in
        [(OaepHash::Sha1, &OAEP_SHA1_MGF1SHA1), (OaepHash::Sha256, &OAEP_SHA256_MGF1SHA256)]
    {
        let key = OneTimeKey::generate().unwrap();
        assert_eq!(key.public().modulus.len(), 384);
        let public = PublicEncryptingKey::from_der(&spki(key.public())).unwrap();
        let public = OaepPublicEncryptingKey::new(public).unwrap();
        let mut ciphertext = vec![0; public.ciphertext_size()];
        public.encrypt(padding, &[9; 32], &mut ciphertext, None).unwrap();
        assert!(key.open(&ciphertext, hash).unwrap().ct_eq_bytes(&[9; 32]));
    }
    let key = OneTimeKey::generate().unwrap();
    assert!(key.open(&[1; 384], OaepHash::Sha256).is_err());
}

/// SubjectPublicKeyInfo of modulus and exponent, by hand: what an HSM is given.
fn spki(key: &holdfast_ports::root::TransportKey) -> Vec<u8> {
    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let length = if length[0] == 0 && length[1] < 0x80 {
            length[1..].to_vec()
        } else {
            [&[0x82], length.as_slice()].concat()
        };
        [&[tag], length.as_slice(), content].concat()
    }
    let modulus = tlv(2, &[&[0], key.modulus.as_slice()].concat());
    let rsa_public = tlv(0x30, &[modulus, tlv(2, &key.exponent)].concat());
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
    tlv(0x30, &[algorithm.as_slice(), &tlv(3, &[&[0], rsa_public.as_slice()].concat())].concat())
}

#[test]
fn a_wrapped_key_of_the_wrong_length_is_no_key() {
    let key = tenant_key("a", 1);
    let name = key.service_key_name(service("db"), KeyVersion(1));
    let mut wrapped = Vec::new();
    wrap::wrap(&[1; 32], &name, &[1; 16], &mut wrapped).unwrap();
    assert!(wrap::unwrap_key(&[1; 32], &name, &wrapped).is_err());
    assert!(wrap::unwrap(&[1; 32], &name, &[]).is_err());
}
