//! Spellings, and what is refused.

use super::*;
use crate::ttlv::Limits;

fn read(text: &str) -> Result<Vec<u8>, JsonError> {
    to_ttlv(text, &Limits::DEFAULT).map(|bytes| bytes.to_vec())
}

fn alike(spellings: &[&str]) {
    let first = read(spellings[0]).unwrap();
    for spelling in spellings {
        assert_eq!(read(spelling).as_ref(), Ok(&first), "{spelling}");
    }
    let again = from_ttlv(&first, &Limits::DEFAULT).unwrap();
    assert_eq!(read(&again), Ok(first), "{}", *again);
}

/// KMIP Additional Message Encodings 1.0, section 4.1.6, in its order.
#[test]
fn the_spellings_of_one_value_are_one() {
    alike(&[
        r#"{"tag": "ActivationDate", "type":"DateTime", "value":"2001-01-01T10:00:00+10:00"}"#,
        r#"{"tag": "0x420001", "type":"DateTime", "value":"2001-01-01T10:00:00+10:00"}"#,
        r#"{"tag": "0x420001", "type":"DateTime", "value":"0x000000003a4fc880"}"#,
        r#"{"value":"2001-01-01T00:00:00Z","type":"DateTime","name":"x","tag":"ActivationDate"}"#,
    ]);
    alike(&[
        r#"{"tag": "ProtocolVersion", "type":"Structure", "value":[
            {"tag": "ProtocolVersionMajor", "type":"Integer", "value":1},
            {"tag": "ProtocolVersionMajor", "type":"Integer", "value":0}]}"#,
        r#"{"value":[{"value":"0x00000001","tag":"ProtocolVersionMajor","type":"Integer"},
            {"type":"Integer","value":"0x00000000","tag":"ProtocolVersionMajor"}],"tag":"ProtocolVersion"}"#,
    ]);
    alike(&[
        r#"{"tag": "PrivateKeyTemplateAttribute", "type":"Structure", "value":[]}"#,
        r#"{"tag": "PrivateKeyTemplateAttribute", "value":null}"#,
        r#"{"tag": "PrivateKeyTemplateAttribute"}"#,
    ]);
    alike(&[
        r#"{"tag": "CryptographicUsageMask", "type":"Integer", "value": "0x0000100c"}"#,
        r#"{"tag": "CryptographicUsageMask", "type":"Integer", "value": "Encrypt|Decrypt|CertificateSign"}"#,
        r#"{"tag": "CryptographicUsageMask", "type":"Integer", "value": "CertificateSign|0x00000004|0x0000008"}"#,
        r#"{"tag": "CryptographicUsageMask", "type":"Integer", "value": 4108}"#,
    ]);
    alike(&[
        r#"{"tag": "0x540001", "type":"LongInteger", "value":"0xfffffffffffffffe"}"#,
        r#"{"tag": "0x540001", "type":"LongInteger", "value":-2}"#,
    ]);
    alike(&[
        r#"{"tag": "X", "type":"BigInteger", "value":0}"#,
        r#"{"tag": "X", "type":"BigInteger", "value":"0x0000000000000000"}"#,
    ]);
    alike(&[
        r#"{"tag": "0x420057", "type":"Enumeration", "value":2}"#,
        r#"{"tag": "ObjectType", "type":"Enumeration", "value":"0x00000002"}"#,
        r#"{"tag": "ObjectType", "type":"Enumeration", "value":"SymmetricKey"}"#,
    ]);
    alike(&[
        r#"{"tag": "BatchOrderOption", "type":"Boolean", "value":true}"#,
        r#"{"tag": "BatchOrderOption", "type":"Boolean", "value":"0x0000000000000001"}"#,
    ]);
    alike(&[
        r#"{"tag": "AttributeName", "type":"TextString", "value":"a\"\\/Ω😀\n"}"#,
        r#"{"tag": "AttributeName", "type":"TextString", "value":"\u0061\"\\\/\u03A9\ud83d\uDE00\u000a"}"#,
    ]);
    alike(&[
        r#"{"tag": "MACSignature", "type":"ByteString", "value":"C50F77"}"#,
        r#"{"tag": "MACSignature", "type":"ByteString", "value":"c50f77"}"#,
    ]);
    alike(&[
        r#"{"tag": "Offset", "type":"Interval", "value":27}"#,
        r#"{"tag": "Offset", "type":"Interval", "value":"0x0000001b"}"#,
    ]);
}

#[test]
fn the_value_of_a_named_attribute_is_spelled_with_that_attribute_s_names() {
    let text = "{\"tag\":\"Attribute\", \"value\":[\n  \
        {\"tag\":\"AttributeName\", \"type\":\"TextString\", \"value\":\"Object Type\"},\n  \
        {\"tag\":\"AttributeValue\", \"type\":\"Enumeration\", \"value\":\"SymmetricKey\"}\n]}\n";
    let bytes = read(text).unwrap();
    assert_eq!(*from_ttlv(&bytes, &Limits::DEFAULT).unwrap(), text);
}

#[test]
fn what_is_not_a_message_is_refused() {
    for text in [
        "",
        "{",
        "[]",
        "{\"tag\":\"Attribute\"",
        "{\"tag\":\"Attribute\"}{}",
        "{\"tag\":\"Attribute\",}",
        "{\"tag\":\"Attribute\" \"type\":\"Structure\"}",
        "{,\"tag\":\"Attribute\"}",
        "{\"tag\":\"Attribute\",\"tag\":\"Attribute\"}",
        "{\"tag\":\"Attribute\",\"other\":1}",
        "{\"tag\":\"Attribute\",\"value\":{}}",
        "{\"tag\":\"Attribute\",\"value\":[1]}",
        "{\"tag\":\"Attribute\",\"value\":[{\"tag\":\"Attribute\"},]}",
        "{\"tag\":\"Attribute\",\"value\":[,{\"tag\":\"Attribute\"}]}",
        "{\"tag\":\"Attribute\",\"value\":[{\"tag\":\"Attribute\"}{\"tag\":\"Attribute\"}]}",
        "{\"tag\":\"Attribute\",\"value\":[]]}",
        "{\"tag\":\"Attribute\",\"value\":[]\"type\":\"Structure\"}",
        "{\"tag\":\"Attribute\",\"value\":nul}",
        "{'tag':'Attribute'}",
        "{\"tag\":\"Attribute}",
    ] {
        assert!(matches!(read(text), Err(JsonError::Syntax { .. })), "{text}: {:?}", read(text));
    }
    assert_eq!(read("{}"), Err(JsonError::UnknownTag { offset: 0 }));
    assert_eq!(read("{\"tag\":\"NoSuchTag\"}"), Err(JsonError::UnknownTag { offset: 0 }));
    assert_eq!(read("{\"tag\":\"Name\",\"type\":\"Text\"}"), Err(JsonError::UnknownType { offset: 0 }));
    for (ty, value) in [
        ("Integer", "1.0"),
        ("Integer", "1e3"),
        ("Integer", "01"),
        ("Integer", "2147483648"),
        ("Integer", "\"1\""),
        ("Integer", "null"),
        ("Integer", "[]"),
        ("Interval", "-1"),
        ("Enumeration", "-1"),
        ("Boolean", "1"),
        ("Boolean", "\"0x0000000000000002\""),
        ("TextString", "1"),
        ("TextString", "\"\\ud800\""),
        ("TextString", "\"\\x\""),
        ("TextString", "\"\n\""),
        ("ByteString", "\"abc\""),
        ("ByteString", "\"+1\""),
        ("BigInteger", "\"0x\""),
        ("BigInteger", "\"12\""),
        ("DateTime", "\"tomorrow\""),
        ("Structure", "1"),
    ] {
        let text = format!("{{\"tag\":\"BatchCount\",\"type\":\"{ty}\",\"value\":{value}}}");
        assert_eq!(read(&text), Err(JsonError::Value { offset: 0 }), "{text}");
    }
}

#[test]
fn nesting_without_end_and_too_many_items_are_refused() {
    let endless = "{\"tag\":\"Attributes\",\"value\":[".repeat(100_000);
    assert!(matches!(read(&endless), Err(JsonError::Limit { .. })));
    let one = "{\"tag\":\"Attributes\"}";
    let many = format!("{{\"tag\":\"Attributes\",\"value\":[{}]}}", vec![one; 40_000].join(","));
    assert!(matches!(read(&many), Err(JsonError::Limit { .. })));
    let limits = Limits { message_bytes: 64, ..Limits::DEFAULT };
    let long = format!("{{\"tag\":\"Data\",\"type\":\"ByteString\",\"value\":\"{}\"}}", "00".repeat(100));
    assert!(matches!(to_ttlv(&long, &limits), Err(JsonError::Limit { .. })));
    let limits = Limits { string_bytes: 64, ..Limits::DEFAULT };
    assert!(matches!(to_ttlv(&long, &limits), Err(JsonError::Value { .. })));
}
