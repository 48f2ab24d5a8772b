//! Clients that are not ours, against the whole box: PyKMIP in every version it speaks, and MongoDB's libmongocrypt.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::Stage;
use softhsm_tests::configuration::Settings;
use softhsm_tests::mongocrypt::mongocrypt;
use softhsm_tests::pykmip::{VERSIONS, pykmip_in};
use softhsm_tests::ttlv::reason;

/// What every version has.
const LIFE: &str = r#"
from kmip.pie import objects
uid = client.create(AES, 256, name="life in " + VERSION.name, cryptographic_usage_mask=MASK)
assert client.locate(attributes=[named("life in " + VERSION.name)]) == [uid]
assert client.locate(attributes=[named("life")]) == []
assert len(client.get(uid).value) == 32
names = client.get_attribute_list(uid)
for name in ["Cryptographic Algorithm", "Cryptographic Length", "State", "Unique Identifier"]:
    assert name in names, (name, names)
_, attributes_ = client.get_attributes(uid, ["State", "Cryptographic Length"])
assert len(attributes_) == 2, attributes_
client.activate(uid)
print("active", refused(lambda: client.destroy(uid)))
client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid=uid)
client.destroy(uid)
print("destroyed", refused(lambda: client.get(uid)))
print("nobody's", refused(lambda: client.get("nobody's")))

given = objects.SymmetricKey(AES, 128, bytes(range(16)), masks=MASK, name="given in " + VERSION.name)
kept = client.register(given)
assert client.get(kept).value == bytes(range(16))
secret = client.register(objects.SecretData(b"sesame", enums.SecretDataType.PASSWORD, masks=[enums.CryptographicUsageMask.VERIFY], name="secret in " + VERSION.name))
assert client.get(secret).value == b"sesame"
opaque = client.register(objects.OpaqueObject(b"\x00" * 24, enums.OpaqueDataType.NONE, name="opaque in " + VERSION.name))
assert client.get(opaque).value == b"\x00" * 24
public, private = client.create_key_pair(
    enums.CryptographicAlgorithm.RSA, 2048,
    public_usage_mask=[enums.CryptographicUsageMask.VERIFY],
    private_usage_mask=[enums.CryptographicUsageMask.SIGN])
assert client.get(public).cryptographic_length == 2048
assert client.get(private).cryptographic_length == 2048
# In 2.0 it sends a Template Attribute with Re-key, which that version no longer has.
rekeyed = kept if VERSION == enums.KMIPVersion.KMIP_2_0 else client.rekey(uid=kept)
assert VERSION == enums.KMIPVersion.KMIP_2_0 or rekeyed != kept
assert len(client.get(rekeyed).value) == 16
"#;

/// What came with 1.2.
const USE: &str = r#"
uid = client.create(AES, 256, name="use in " + VERSION.name, cryptographic_usage_mask=MASK)
client.activate(uid)
plain, iv = b"ten thousand euro to the bakery", bytes(range(16))
sealed = client.encrypt(plain, uid=uid, cryptographic_parameters=CBC, iv_counter_nonce=iv)[0]
assert sealed != plain
assert client.decrypt(sealed, uid=uid, cryptographic_parameters=CBC, iv_counter_nonce=iv) == plain
public, private = client.create_key_pair(
    enums.CryptographicAlgorithm.RSA, 2048,
    public_usage_mask=[enums.CryptographicUsageMask.VERIFY],
    private_usage_mask=[enums.CryptographicUsageMask.SIGN])
client.activate(public)
client.activate(private)
PSS = {
    "padding_method": enums.PaddingMethod.PSS,
    "hashing_algorithm": enums.HashingAlgorithm.SHA_256,
    "cryptographic_algorithm": enums.CryptographicAlgorithm.RSA,
}
signature = client.sign(plain, uid=private, cryptographic_parameters=PSS)
assert client.signature_verify(plain, signature, uid=public, cryptographic_parameters=PSS) == enums.ValidityIndicator.VALID
assert client.signature_verify(plain + b"!", signature, uid=public, cryptographic_parameters=PSS) == enums.ValidityIndicator.INVALID
mac_key = client.create(enums.CryptographicAlgorithm.HMAC_SHA256, 256, cryptographic_usage_mask=[enums.CryptographicUsageMask.MAC_GENERATE])
client.activate(mac_key)
_, mac = client.mac(plain, uid=mac_key, algorithm=enums.CryptographicAlgorithm.HMAC_SHA256)
assert len(mac) == 32
"#;

#[test]
fn pykmip_lives_with_the_box_in_every_version_that_it_speaks() {
    let (stage, appliance) = Stage::serving(&["acme"], &Settings::default());
    let identity = stage.identity("acme");
    for version in VERSIONS {
        let said = pykmip_in(version, &stage, &appliance, &identity, LIFE);
        let new = version.starts_with('2');
        let destroyed = if new { "OBJECT_DESTROYED" } else { "ITEM_NOT_FOUND" };
        let nobodys = if new { "OBJECT_NOT_FOUND" } else { "ITEM_NOT_FOUND" };
        let active = if new { "WRONG_KEY_LIFECYCLE_STATE" } else { "PERMISSION_DENIED" };
        let expected = format!("active {active}\ndestroyed {destroyed}\nnobody's {nobodys}\n");
        assert_eq!(said, expected, "{version}");
        if !["1_0", "1_1"].contains(&version) {
            let _ = pykmip_in(version, &stage, &appliance, &identity, USE);
        }
    }
    // What they made they keep; what they destroyed is gone.
    let mut client = stage.client(&appliance, "acme");
    assert!(client.locate("life in KMIP_1_0").unwrap().is_empty());
    assert_eq!(client.get("nobody's").unwrap_err().reason(), Some(reason::ITEM_NOT_FOUND));
}

const SEED: &str = r#"
carrier = Carrier()
encrypter = vault(carrier)
key = encrypter.create_data_key("kmip", master_key=master(carrier))
print("messages", carrier.messages)
there_and_back(carrier, encrypter, key)
print("id", bson.decode(carrier.keys[0], STANDARD)["masterKey"]["keyId"])
"#;

const DELEGATED: &str = r#"
carrier = Carrier()
encrypter = vault(carrier)
key = encrypter.create_data_key("kmip", master_key=master(carrier, delegated=True))
there_and_back(carrier, encrypter, key)
print("id", bson.decode(carrier.keys[0], STANDARD)["masterKey"]["keyId"])
"#;

const STRANGER: &str = r#"
carrier = Carrier()
try:
    vault(carrier).create_data_key("kmip", master_key=master(carrier, keyId="@ID@"))
except MongoCryptError as error:
    print("refused", error)
"#;

#[test]
fn mongodb_s_own_library_keeps_its_master_key_in_the_box_and_opens_data_keys_with_it() {
    let (mut stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let (acme, globex) = (stage.identity("acme"), stage.identity("globex"));
    let seeded = mongocrypt(&stage, &appliance, &acme, SEED);
    assert!(seeded.starts_with("messages 3\n"), "Register, Activate, Get: {seeded}");
    let id = seeded.lines().last().unwrap().strip_prefix("id ").unwrap().to_owned();
    let delegated = mongocrypt(&stage, &appliance, &acme, DELEGATED);
    assert!(delegated.starts_with("id "), "the box encrypts, the key stays: {delegated}");
    let refused = mongocrypt(&stage, &appliance, &globex, &STRANGER.replace("@ID@", &id));
    assert!(refused.starts_with("refused"), "{refused}");
    let receipt = stage.unlink("cut", "acme");
    assert_eq!(receipt["outcome"], "applied");
    let cut = mongocrypt(&stage, &appliance, &acme, &STRANGER.replace("@ID@", &id));
    assert!(cut.starts_with("refused"), "{cut}");
}
