//! What a client may have done with every cipher and MAC, at once and in parts; and beside it what it may not.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::await_holding_refcell_ref,
    reason = "tests: what is wrong here is to fail loudly"
)]

#[path = "support/memory.rs"]
mod memory;
#[path = "support/talk.rs"]
mod talk;
#[path = "support/tree.rs"]
mod tree;

use holdfast_model::policy::{Policy, Practice};
use holdfast_model::trust::Permission;
use memory::{Memory, Store};
use talk::{Reply, attribute, bytes, date, number, pick, text, within};

fn manager() -> Memory {
    Store::new().client("db", Permission::Manage)
}

fn yes(tag: &str) -> String {
    format!("<{tag} type=\"Boolean\" value=\"true\"/>")
}

/// An active key of these bytes.
fn key(client: &Memory, algorithm: &str, hex: &str) -> String {
    let block = within(
        "KeyBlock",
        &format!(
            "{}{}{}{}",
            pick("KeyFormatType", "Raw"),
            within("KeyValue", &bytes("KeyMaterial", hex)),
            pick("CryptographicAlgorithm", algorithm),
            number("CryptographicLength", i64::try_from(hex.len() * 4).unwrap())
        ),
    );
    let mask = "<AttributeValue type=\"Integer\" value=\"Encrypt Decrypt MACGenerate MACVerify\"/>";
    let attributes = format!(
        "{}{}",
        attribute("Cryptographic Usage Mask", mask),
        attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
    );
    let payload = format!(
        "{}{}{}",
        pick("ObjectType", "SymmetricKey"),
        within("TemplateAttribute", &attributes),
        within("SymmetricKey", &block)
    );
    let reply = client.ask("Register", &payload);
    assert_eq!(reply.result(), "Success", "{algorithm}");
    reply.value("UniqueIdentifier")
}

/// One request of Encrypt, Decrypt, MAC and the like.
fn ask(client: &Memory, operation: &str, id: &str, parameters: &str, fields: &str) -> Reply {
    let parameters = within("CryptographicParameters", parameters);
    client.ask(operation, &format!("{}{parameters}{fields}", text("UniqueIdentifier", id)))
}

struct Case {
    algorithm: &'static str,
    key: &'static str,
    parameters: String,
    iv: &'static str,
    aad: &'static str,
    plain: &'static str,
    cipher: &'static str,
    tag: &'static str,
}

const P: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51";
const K128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const IV: &str = "000102030405060708090a0b0c0d0e0f";

fn mode(name: &str) -> String {
    pick("BlockCipherMode", name)
}

/// Known answers, of the standards that `crypto::selftest` names.
fn cases() -> Vec<Case> {
    let case = |algorithm, key, parameters, iv, plain, cipher| Case {
        algorithm,
        key,
        parameters,
        iv,
        aad: "",
        plain,
        cipher,
        tag: "",
    };
    vec![
        case(
            "AES",
            K128,
            mode("CFB"),
            IV,
            P,
            "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b",
        ),
        case(
            "AES",
            K128,
            mode("OFB"),
            IV,
            P,
            "3b3fd92eb72dad20333449f8e83cfb4a7789508d16918f03f53c52dac54ed825",
        ),
        case(
            "AES",
            "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0",
            mode("XTS"),
            "9a785634120000000000000000000000",
            "000102030405060708090a0b0c0d0e0f10",
            "6c1625db4671522d3d7599601de7ca09ed",
        ),
        case(
            "AES",
            "000102030405060708090a0b0c0d0e0f",
            mode("NISTKeyWrap"),
            "",
            "00112233445566778899aabbccddeeff",
            "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
        ),
        case(
            "AES",
            "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
            mode("AESKeyWrapPadding"),
            "",
            "c37b7e6492584340bed12207808941155068f738",
            "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
        ),
        Case {
            algorithm: "AES",
            key: "404142434445464748494a4b4c4d4e4f",
            parameters: format!("{}{}", mode("CCM"), number("TagLength", 8)),
            iv: "101112131415161718191a1b",
            aad: "000102030405060708090a0b0c0d0e0f10111213",
            plain: "202122232425262728292a2b2c2d2e2f3031323334353637",
            cipher: "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5",
            tag: "484392fbc1b09951",
        },
        case(
            "DES3",
            "0123456789abcdef23456789abcdef01456789abcdef0123",
            mode("CBC"),
            "f69f2445df4f9b17",
            P,
            "2079c3d53aa763e193b79e2569ab5262516570481f25b50f73c0bda85c8e0da7",
        ),
        case(
            "ChaCha20",
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            number("InitialCounterValue", 1),
            "000000000000004a00000000",
            "4c616469657320616e642047656e746c656d656e206f662074686520636c6173",
            "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b",
        ),
    ]
}

fn fields(case: &Case, data: &str, tag: &str) -> String {
    let some = |name: &str, hex: &str| if hex.is_empty() { String::new() } else { bytes(name, hex) };
    format!(
        "{}{}{}{}",
        bytes("Data", data),
        some("IVCounterNonce", case.iv),
        some("AuthenticatedEncryptionAdditionalData", case.aad),
        some("AuthenticatedEncryptionTag", tag)
    )
}

/// Everything old is allowed.
fn lenient() -> Memory {
    let client = manager();
    client.store.policy.set(Policy::with(Practice::ALL, &[]));
    client
}

#[test]
fn every_cipher_gives_its_known_answer_and_takes_it_back() {
    let client = lenient();
    for case in cases() {
        let id = key(&client, case.algorithm, case.key);
        let what = format!("{} {}", case.algorithm, case.parameters);
        let sealed = ask(&client, "Encrypt", &id, &case.parameters, &fields(&case, case.plain, ""));
        assert_eq!(sealed.result(), "Success", "{what}");
        assert_eq!(sealed.value("Data").to_lowercase(), case.cipher, "{what}");
        assert_eq!(sealed.value("AuthenticatedEncryptionTag").to_lowercase(), case.tag, "{what}");
        let opened = ask(&client, "Decrypt", &id, &case.parameters, &fields(&case, case.cipher, case.tag));
        assert_eq!(opened.value("Data").to_lowercase(), case.plain, "{what}");
    }
}

#[test]
fn every_cipher_in_parts_gives_what_it_gives_at_once() {
    let client = lenient();
    for case in cases() {
        let id = key(&client, case.algorithm, case.key);
        let what = format!("{} {}", case.algorithm, case.parameters);
        for (operation, from, to, tag) in
            [("Encrypt", case.plain, case.cipher, ""), ("Decrypt", case.cipher, case.plain, case.tag)]
        {
            let (head, tail) = from.split_at(14);
            let begin = format!("{}{}", fields(&case, head, tag), yes("InitIndicator"));
            let first = ask(&client, operation, &id, &case.parameters, &begin);
            assert_eq!(first.result(), "Success", "{what}");
            let end = format!(
                "{}{}{}{}",
                text("UniqueIdentifier", &id),
                bytes("Data", tail),
                bytes("CorrelationValue", &first.value("CorrelationValue")),
                yes("FinalIndicator")
            );
            let last = client.ask(operation, &end);
            assert_eq!(last.result(), "Success", "{what}");
            assert_eq!(format!("{}{}", first.value("Data"), last.value("Data")).to_lowercase(), to, "{what}");
            if operation == "Encrypt" {
                assert_eq!(last.value("AuthenticatedEncryptionTag").to_lowercase(), case.tag, "{what}");
            }
            assert_eq!(client.ask(operation, &end).result(), "ItemNotFound", "{what}: once only");
        }
    }
}

#[test]
fn a_random_iv_is_given_back_and_one_that_is_missing_or_too_short_is_told() {
    let client = lenient();
    for case in cases().into_iter().filter(|case| !case.iv.is_empty()) {
        let id = key(&client, case.algorithm, case.key);
        let what = format!("{} {}", case.algorithm, case.parameters);
        // The fields of a structure have an order.
        let random = if case.algorithm == "ChaCha20" {
            format!("{}{}", yes("RandomIV"), number("InitialCounterValue", 1))
        } else if case.tag.is_empty() {
            format!("{}{}", case.parameters, yes("RandomIV"))
        } else {
            format!("{}{}{}", mode("CCM"), yes("RandomIV"), number("TagLength", 8))
        };
        let without = Case { iv: "", ..case };
        let sealed = ask(&client, "Encrypt", &id, &random, &fields(&without, without.plain, ""));
        assert_eq!(sealed.result(), "Success", "{what}");
        let iv = sealed.value("IVCounterNonce");
        assert!(!iv.is_empty(), "{what}");
        let mut back = format!("{}{}", bytes("Data", &sealed.value("Data")), bytes("IVCounterNonce", &iv));
        if !without.aad.is_empty() {
            back += &bytes("AuthenticatedEncryptionAdditionalData", without.aad);
            back += &bytes("AuthenticatedEncryptionTag", &sealed.value("AuthenticatedEncryptionTag"));
        }
        let opened = ask(&client, "Decrypt", &id, &without.parameters, &back);
        assert_eq!(opened.value("Data").to_lowercase(), without.plain, "{what}");
        let short = Case { iv: "0001", ..without };
        let refused = ask(&client, "Encrypt", &id, &short.parameters, &fields(&short, short.plain, ""));
        assert_eq!(refused.result(), "InvalidField", "{what}");
        if short.tag.is_empty() {
            let missing = Case { iv: "", ..short };
            let refused =
                ask(&client, "Encrypt", &id, &missing.parameters, &fields(&missing, missing.plain, ""));
            assert_eq!(refused.result(), "InvalidMessage", "{what}");
        }
    }
}

#[test]
fn what_was_changed_on_the_way_does_not_open() {
    let client = lenient();
    for case in cases() {
        let wraps = case.parameters.contains("Wrap");
        if case.tag.is_empty() && !wraps {
            continue;
        }
        let id = key(&client, case.algorithm, case.key);
        let changed = format!("ff{}", &case.cipher[2..]);
        let refused = ask(&client, "Decrypt", &id, &case.parameters, &fields(&case, &changed, case.tag));
        assert_eq!(refused.result(), "CryptographicFailure", "{}", case.parameters);
    }
}

#[test]
fn data_that_a_mode_cannot_take_and_keys_that_it_is_not_for_are_refused() {
    let client = lenient();
    let id = key(&client, "AES", K128);
    let encrypt = |parameters: &str, iv: &str, data: &str| {
        let iv = if iv.is_empty() { String::new() } else { bytes("IVCounterNonce", iv) };
        ask(&client, "Encrypt", &id, parameters, &format!("{}{iv}", bytes("Data", data))).result()
    };
    assert_eq!(encrypt(&mode("NISTKeyWrap"), "", "0011223344"), "CryptographicFailure");
    assert_eq!(encrypt(&mode("XTS"), IV, P), "InvalidField", "a key of two halves is needed");
    assert_eq!(encrypt(&mode("AEAD"), IV, P), "FeatureNotSupported");
    assert_eq!(encrypt(&mode("NISTKeyWrap"), IV, P), "InvalidField", "it has no IV");
    assert_eq!(encrypt(&format!("{}{}", mode("CCM"), number("TagLength", 5)), "", P), "GeneralFailure");
    assert_eq!(encrypt(&format!("{}{}", mode("CFB"), pick("PaddingMethod", "PKCS5")), IV, P), "InvalidField");
    let two = key(&client, "AES", &format!("{K128}{}", "11".repeat(16)));
    let short = ask(
        &client,
        "Encrypt",
        &two,
        &mode("XTS"),
        &format!("{}{}", bytes("Data", "00"), bytes("IVCounterNonce", IV)),
    );
    assert_eq!(short.result(), "CryptographicFailure");
    let same = key(&client, "AES", &K128.repeat(2));
    let refused = ask(
        &client,
        "Encrypt",
        &same,
        &mode("XTS"),
        &format!("{}{}", bytes("Data", P), bytes("IVCounterNonce", IV)),
    );
    assert_eq!(refused.result(), "InvalidField", "both halves are the same");
}

#[test]
fn macs_are_those_of_the_standards_at_once_and_in_parts() {
    let client = lenient();
    let hi = "4869205468657265";
    let hmac = "0b".repeat(20);
    let cases = [
        ("AES", K128, mode("CMAC"), &P[..32], "070a16b46b4d4144f79bdd9dd04a287c"),
        ("HMAC_SHA1", hmac.as_str(), String::new(), hi, "b617318655057264e28bc0b6fb378c8ef146be00"),
        (
            "HMAC_SHA3_224",
            hmac.as_str(),
            String::new(),
            hi,
            "3b16546bbc7be2706a031dcafd56373d9884367641d8c59af3c860f7",
        ),
    ];
    for (algorithm, material, parameters, data, expected) in cases {
        let id = key(&client, algorithm, material);
        let mac = ask(&client, "MAC", &id, &parameters, &bytes("Data", data));
        assert_eq!(mac.value("MACData").to_lowercase(), expected, "{algorithm}");
        let (head, tail) = data.split_at(6);
        let begin = format!("{}{}", bytes("Data", head), yes("InitIndicator"));
        let first = ask(&client, "MAC", &id, &parameters, &begin);
        let end = format!(
            "{}{}{}{}",
            text("UniqueIdentifier", &id),
            bytes("Data", tail),
            bytes("CorrelationValue", &first.value("CorrelationValue")),
            yes("FinalIndicator")
        );
        assert_eq!(client.ask("MAC", &end).value("MACData").to_lowercase(), expected, "{algorithm}");
        for (given, validity) in
            [(expected.to_owned(), "Valid"), (format!("ff{}", &expected[2..]), "Invalid")]
        {
            let fields = format!("{}{}", bytes("Data", data), bytes("MACData", &given));
            let judged = ask(&client, "MACVerify", &id, &parameters, &fields);
            assert_eq!(judged.value("ValidityIndicator"), validity, "{algorithm}");
        }
    }
}

#[test]
fn a_policy_forbids_the_use_of_a_key_and_not_the_having_of_it() {
    let client = manager();
    let old = key(&client, "DES3", "0123456789abcdef23456789abcdef01456789abcdef0123");
    assert_eq!(client.simply("Get", &old).result(), "Success");
    let ecb = mode("ECB");
    let data = bytes("Data", P);
    assert_eq!(ask(&client, "Encrypt", &old, &ecb, &data).result(), "PermissionDenied");
    assert_eq!(ask(&client, "MAC", &old, &mode("CMAC"), &data).result(), "PermissionDenied");
    assert_eq!(
        ask(&client, "Decrypt", &old, &ecb, &data).result(),
        "Success",
        "what is old can still be read"
    );
    client.store.policy.set(Policy::with(&[Practice::Des3Encrypt], &[Practice::Des3Decrypt]));
    assert_eq!(ask(&client, "Encrypt", &old, &ecb, &data).result(), "Success");
    assert_eq!(ask(&client, "Decrypt", &old, &ecb, &data).result(), "PermissionDenied");
    client.store.policy.set(Policy::with(&[], &[Practice::ChaCha20]));
    let stream = key(&client, "ChaCha20", &"07".repeat(32));
    let nonce = format!("{data}{}", bytes("IVCounterNonce", "0000000000000000"));
    assert_eq!(ask(&client, "Encrypt", &stream, "", &nonce).result(), "PermissionDenied");
}
