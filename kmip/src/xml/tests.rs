//! Spellings, and what is refused.

use super::*;
use crate::spelling as value;
use crate::ttlv::Limits;

fn read(text: &str) -> Result<Vec<u8>, XmlError> {
    to_ttlv(text, &Limits::DEFAULT).map(|bytes| bytes.to_vec())
}

#[test]
fn the_spellings_of_one_value_are_one() {
    let spellings = [
        r#"<ActivationDate type="DateTime" value="2001-01-01T10:00:00+10:00"/>"#,
        r#"<TTLV tag="0x420001" name="ActivationDate" type="DateTime" value="2001-01-01T00:00:00Z"/>"#,
        r#"<x420001 type='DateTime' value='2000-12-31T23:59:60'></x420001>"#,
    ];
    for spelling in spellings {
        assert_eq!(read(spelling), read(spellings[0]), "{spelling}");
    }
    let masks = [
        r#"<CryptographicUsageMask type="Integer" value="0x0000100c"/>"#,
        r#"<CryptographicUsageMask type="Integer" value="Encrypt Decrypt CertificateSign"/>"#,
        r#"<CryptographicUsageMask type="Integer" value="CertificateSign 0x0000000c"/>"#,
        r#"<CryptographicUsageMask type="Integer" value="4108"/>"#,
    ];
    for mask in masks {
        assert_eq!(read(mask), read(masks[0]), "{mask}");
    }
}

#[test]
fn the_value_of_a_named_attribute_is_spelled_with_that_attribute_s_names() {
    let text = "<Attribute>\n  <AttributeName type=\"TextString\" value=\"Object Type\"/>\n  \
                <AttributeValue type=\"Enumeration\" value=\"SymmetricKey\"/>\n</Attribute>\n";
    let bytes = read(text).unwrap();
    assert_eq!(*from_ttlv(&bytes, &Limits::DEFAULT).unwrap(), text);
}

#[test]
fn dates_survive() {
    for seconds in [0, -1, 951_782_400, 1_335_513_143, 4_102_444_800, -62_135_596_800, 253_402_300_799] {
        let text = value::write_date_time(seconds, None);
        assert_eq!(value::date_time(&text), Some((seconds, 0)), "{text}");
    }
    assert_eq!(value::write_date_time(1_335_513_143, None), "2012-04-27T07:52:23+00:00");
    assert_eq!(value::date_time("1970-01-01T00:00:01.5Z"), Some((1, 500_000)));
}

#[test]
fn what_is_not_a_message_is_refused() {
    for text in [
        "",
        "<RequestMessage>",
        "<RequestMessage></ResponseMessage>",
        "<RequestMessage/><RequestMessage/>",
        "text",
        "<RequestMessage>text</RequestMessage>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><RequestMessage/>",
        "<Comment type=\"TextString\" value=\"&b;\"/>",
        "<Comment type=\"TextString\" value=\"a/>",
        "<RequestMessage><![CDATA[a]]></RequestMessage>",
    ] {
        assert!(matches!(read(text), Err(XmlError::Syntax { .. })), "{text}");
    }
    assert!(matches!(read("<NoSuchTag/>"), Err(XmlError::UnknownTag { offset: 0 })));
    assert!(matches!(read("<Name type=\"Text\"/>"), Err(XmlError::UnknownType { offset: 0 })));
    for value in ["", "a", "1.0", "99999999999"] {
        let text = format!("<BatchCount type=\"Integer\" value=\"{value}\"/>");
        assert!(matches!(read(&text), Err(XmlError::Value { .. })), "{text}");
    }
}

#[test]
fn nesting_without_end_is_refused() {
    assert!(matches!(read(&"<Attributes>".repeat(100_000)), Err(XmlError::Limit { .. })));
}

#[test]
fn references_and_line_breaks_in_a_value_are_resolved() {
    let bytes = read("<Comment type=\"TextString\" value=\"a&#913;&lt;&#x2F;\n&amp;\"/>").unwrap();
    let item = crate::ttlv::parse(&bytes, &Limits::DEFAULT).ok().unwrap();
    assert_eq!(item.text(), Ok("aΑ</ &"));
}
