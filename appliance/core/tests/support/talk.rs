//! Requests in few words, and what came back.
#![allow(dead_code, reason = "each user needs a part of it")]

use super::memory::Memory;
use super::tree::{self, Node};
use kmip::ttlv::Limits;

/// A text element.
pub(crate) fn text(tag: &str, value: &str) -> String {
    format!("<{tag} type=\"TextString\" value=\"{value}\"/>")
}

/// An enumeration.
pub(crate) fn pick(tag: &str, value: &str) -> String {
    format!("<{tag} type=\"Enumeration\" value=\"{value}\"/>")
}

/// Bytes.
pub(crate) fn bytes(tag: &str, hex: &str) -> String {
    format!("<{tag} type=\"ByteString\" value=\"{hex}\"/>")
}

/// An integer.
pub(crate) fn number(tag: &str, value: i64) -> String {
    format!("<{tag} type=\"Integer\" value=\"{value}\"/>")
}

/// A date.
pub(crate) fn date(tag: &str, seconds: i64) -> String {
    let text = holdfast_model::Timestamp::from_seconds(seconds).to_string();
    format!("<{tag} type=\"DateTime\" value=\"{}+00:00\"/>", &text[..19])
}

/// A structure.
pub(crate) fn within(tag: &str, inside: &str) -> String {
    format!("<{tag}>{inside}</{tag}>")
}

/// An attribute of 1.x.
pub(crate) fn attribute(name: &str, value: &str) -> String {
    within("Attribute", &format!("{}{value}", text("AttributeName", name)))
}

/// A name of 1.x.
pub(crate) fn name(value: &str) -> String {
    let inside = format!("{}{}", text("NameValue", value), pick("NameType", "UninterpretedTextString"));
    attribute("Name", &within("AttributeValue", &inside))
}

/// The attributes that every key needs.
pub(crate) fn key_attributes(mask: &str) -> String {
    format!(
        "{}{}<Attribute><AttributeName type=\"TextString\" value=\"Cryptographic Usage Mask\"/><AttributeValue type=\"Integer\" value=\"{mask}\"/></Attribute>",
        attribute("Cryptographic Algorithm", &pick("AttributeValue", "AES")),
        attribute("Cryptographic Length", &number("AttributeValue", 256)),
    )
}

/// A batch item.
pub(crate) fn item(operation: &str, payload: &str) -> String {
    within("BatchItem", &format!("{}{}", pick("Operation", operation), within("RequestPayload", payload)))
}

/// What came back.
pub(crate) struct Reply(pub(crate) Node);

impl Reply {
    /// The results: "Success" or the reason.
    pub(crate) fn results(&self) -> Vec<String> {
        let items = self.0.children.iter().filter(|child| child.tag == "BatchItem");
        items
            .map(|item| match item.all("ResultReason").first() {
                Some(reason) => reason.value.clone(),
                None => item.all("ResultStatus")[0].value.clone(),
            })
            .collect()
    }

    /// The result of the only item.
    pub(crate) fn result(&self) -> String {
        let results = self.results();
        assert_eq!(results.len(), 1);
        results[0].clone()
    }

    /// The value of the first field of this tag.
    pub(crate) fn value(&self, tag: &str) -> String {
        self.0.all(tag).first().map(|node| node.value.clone()).unwrap_or_default()
    }

    /// Every value of this tag.
    pub(crate) fn values(&self, tag: &str) -> Vec<String> {
        self.0.all(tag).iter().map(|node| node.value.clone()).collect()
    }

    /// The value of an attribute of 1.x.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let attributes = self.0.all("Attribute");
        let found = attributes.iter().find(|attribute| attribute.children[0].value == name)?;
        found.children.last().map(|value| value.value.clone())
    }
}

impl Memory {
    /// Sends items in one message of this version, with more in its header.
    pub(crate) fn say(&self, (major, minor): (i64, i64), header: &str, items: &[String]) -> Reply {
        let version = within(
            "ProtocolVersion",
            &format!("{}{}", number("ProtocolVersionMajor", major), number("ProtocolVersionMinor", minor)),
        );
        let count = number("BatchCount", i64::try_from(items.len()).unwrap());
        let head = within("RequestHeader", &format!("{version}{header}{count}"));
        let message = within("RequestMessage", &format!("{head}{}", items.concat()));
        let request = kmip::xml::to_ttlv(&message, &Limits::DEFAULT).unwrap();
        read(&self.send(&request))
    }

    /// One operation in 1.4.
    pub(crate) fn ask(&self, operation: &str, payload: &str) -> Reply {
        self.say((1, 4), "", &[item(operation, payload)])
    }

    /// A fresh AES key of 256 bits, active since long.
    pub(crate) fn active_key(&self, mask: &str) -> String {
        self.key_with(&format!(
            "{}{}",
            key_attributes(mask),
            attribute("Activation Date", &date("AttributeValue", 1_000_000_000))
        ))
    }

    /// A fresh key with these attributes.
    pub(crate) fn key_with(&self, attributes: &str) -> String {
        let payload =
            format!("{}{}", pick("ObjectType", "SymmetricKey"), within("TemplateAttribute", attributes));
        let reply = self.ask("Create", &payload);
        assert_eq!(reply.result(), "Success");
        reply.value("UniqueIdentifier")
    }

    /// Encrypts 16 zero bytes.
    pub(crate) fn encrypt(&self, id: &str, parameters: &str, more: &str) -> Reply {
        let data = bytes("Data", &"00".repeat(16));
        let parameters = within("CryptographicParameters", parameters);
        self.ask("Encrypt", &format!("{}{parameters}{data}{more}", text("UniqueIdentifier", id)))
    }

    /// The state of an object.
    pub(crate) fn state(&self, id: &str) -> String {
        let payload = format!("{}{}", text("UniqueIdentifier", id), text("AttributeName", "State"));
        self.ask("GetAttributes", &payload).attribute("State").unwrap()
    }

    /// An operation that is given an identifier alone.
    pub(crate) fn simply(&self, operation: &str, id: &str) -> Reply {
        self.ask(operation, &text("UniqueIdentifier", id))
    }

    /// Revokes for a reason.
    pub(crate) fn revoke(&self, id: &str, reason: &str) -> Reply {
        let reason = within("RevocationReason", &pick("RevocationReasonCode", reason));
        let when = date("CompromiseOccurrenceDate", 1_000_000_000);
        self.ask("Revoke", &format!("{}{reason}{when}", text("UniqueIdentifier", id)))
    }
}

/// A response as a tree.
pub(crate) fn read(reply: &[u8]) -> Reply {
    let text = kmip::xml::from_ttlv(reply, &Limits::DEFAULT).unwrap();
    Reply(tree::messages(&format!("<KMIP>{}</KMIP>", *text)).remove(0).0)
}
