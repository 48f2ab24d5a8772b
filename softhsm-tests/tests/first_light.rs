//! The demo's story: a tenant's key goes from the HSM to a client that is not ours, until governance cuts it off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A story ends at its first surprise.

use softhsm_tests::configuration::Settings;
use softhsm_tests::pykmip::pykmip;
use softhsm_tests::ttlv::reason;
use softhsm_tests::{Appliance, Stage};

const WORK: &str = r#"
uid = client.create(AES, 256, name="invoices", cryptographic_usage_mask=MASK)
client.activate(uid)
assert client.locate(attributes=[named("invoices")]) == [uid], "Locate finds the key by its name, and nothing else"
assert len(client.get(uid).value) == 32
plain, iv = b"ten thousand euro to the bakery", bytes(range(16))
def encrypt():
    return client.encrypt(plain, uid=uid, cryptographic_parameters=CBC, iv_counter_nonce=iv)[0]
sealed = encrypt()
assert sealed != plain
assert client.decrypt(sealed, uid=uid, cryptographic_parameters=CBC, iv_counter_nonce=iv) == plain
client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid=uid)
print("revoked", refused(encrypt))
assert client.decrypt(sealed, uid=uid, cryptographic_parameters=CBC, iv_counter_nonce=iv) == plain
client.destroy(uid)
print("destroyed", refused(lambda: client.get(uid)))
kept = client.create(AES, 256, name="ledger", cryptographic_usage_mask=MASK)
client.activate(kept)
print("kept", kept)
"#;

const PEEK: &str = r#"
assert client.locate() == [], "another tenant's keys can be seen"
print("peeked", refused(lambda: client.get(os.environ["STORY_UID"])))
mine = client.create(AES, 256, cryptographic_usage_mask=MASK)
assert len(client.get(mine).value) == 32
print("mine", mine)
"#;

/// What a script printed after a word.
fn said<'a>(output: &'a str, word: &str) -> &'a str {
    let line = output.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("the script did not say {word}: {output}")).trim()
}

#[test]
fn a_tenants_key_goes_from_the_hsm_to_a_foreign_client_until_governance_cuts_the_tenant_off() {
    let (mut stage, appliance) = Stage::serving(&["acme", "globex"], &Settings::default());
    let acme = stage.identity("acme");
    let globex = stage.identity("globex");

    let worked = pykmip(&stage, &appliance, &acme, WORK);
    assert_eq!(said(&worked, "revoked"), "PERMISSION_DENIED", "a revoked key only decrypts");
    assert_eq!(said(&worked, "destroyed"), "ITEM_NOT_FOUND");
    let ledger = said(&worked, "kept").to_owned();

    let peek = PEEK.replace("os.environ[\"STORY_UID\"]", &format!("{ledger:?}"));
    let peeked = pykmip(&stage, &appliance, &globex, &peek);
    assert_eq!(said(&peeked, "peeked"), "ITEM_NOT_FOUND", "another tenant's key does not exist");
    let mine = said(&peeked, "mine").to_owned();

    let receipt = stage.unlink("cut", "acme");
    assert_eq!(receipt["outcome"], "applied", "{receipt}");
    assert_eq!(appliance.tenant_state("acme"), "revoked");
    let get = |uid: &str| format!("print('cut off', refused(lambda: client.get({uid:?})))");
    let cut = pykmip(&stage, &appliance, &acme, &get(&ledger));
    assert_eq!(said(&cut, "cut off"), "PERMISSION_DENIED");
    let mut other = stage.client(&appliance, "globex");
    assert_eq!(other.get(&mine).unwrap().len(), 32, "the other tenant goes on");
    let refusal = stage.client(&appliance, "acme").get(&ledger).unwrap_err();
    assert_eq!(refusal.reason(), Some(reason::PERMISSION_DENIED));

    assert!(appliance.stop().success());
    let verified = stage.verify_audit();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let lines = stage.audit_lines();
    for (action, object) in [("Create", &ledger), ("Get", &mine)] {
        let told = |line: &String| line.contains(action) && line.contains(object.as_str());
        assert!(lines.iter().any(told), "{action} of {object} is in the log: {lines:#?}");
    }
    assert!(lines.iter().any(|line| line.contains("unlink") && line.contains("acme")), "{lines:#?}");
}

#[test]
fn a_box_without_orders_serves_nobody_and_says_so() {
    let stage = Stage::new(&["acme"], &Settings::default());
    let appliance = Appliance::start(&stage.configuration);
    let refused = stage.try_client(&appliance, "acme").map_err(softhsm_tests::Trouble::from);
    let refused = refused.and_then(|mut client| client.locate_all());
    assert!(refused.is_err(), "a client that no bundle has named is nobody");
    assert_eq!(appliance.status()["core"]["tenants"].as_array().unwrap().len(), 0);
}
