//! The answer that a case expects and the one that came: what may differ between them, and nothing else.
//!
//! Free are: identifiers (each is one throughout a case), dates that the server chooses, material that the server makes and
//! what follows from it, correlation values, result messages, vendor and server information, template attributes, an
//! attribute index of 0, object groups, `y-` attributes, attributes that the server adds, the order of sets.
//! Of Query's lists, those of operations and object types hold at least what the case has; what generators, profiles and
//! validations a server has is its own.

use super::placeholders::Placeholders;
use super::tree::Node;
use kmip::attribute::rule;
use kmip::tag::Tag;

/// Fields whose value the server chooses, or people read.
const FREE: [&str; 6] = [
    "ResultMessage",
    "TimeStamp",
    "ServerCorrelationValue",
    "AsynchronousCorrelationValue",
    "CorrelationValue",
    "ShortUniqueIdentifier",
];

/// Fields that name objects.
const IDENTIFIERS: [&str; 4] =
    ["UniqueIdentifier", "PrivateKeyUniqueIdentifier", "PublicKeyUniqueIdentifier", "LinkedObjectIdentifier"];

/// What follows from the authority that the server is.
const CERTIFIED: &[&str] = &[
    "CertificateValue",
    "Issuer",
    "SerialNumber",
    "CertificateIssuerDistinguishedName",
    "IssuerDistinguishedName",
    "CertificateSerialNumber",
];

/// What follows from key material that the server made.
const FOLLOWS: [&str; 8] = [
    "DigestValue",
    "KeyMaterial",
    "Data",
    "IVCounterNonce",
    "AuthenticatedEncryptionTag",
    "SignatureData",
    "MACData",
    "Modulus",
];

/// What one server has and another has not: what Query says of itself.
const OWN: [&str; 7] = [
    "RNGParameters",
    "RandomNumberGenerator",
    "ProfileInformation",
    "CapabilityInformation",
    "ValidationInformation",
    "VendorIdentification",
    "ServerInformation",
];

/// Structures that hold sets, or whose fields the cases write in any order.
const SETS: [&str; 2] = ["Attributes", "CapabilityInformation"];

/// Bytes from which on material is that of a pair: its encoding has no fixed length.
const PAIR_HEX_MIN: usize = 128;

/// One exchange.
pub(crate) struct Compared<'c> {
    /// The request, placeholders replaced.
    pub(crate) request: &'c Node,
    /// What the case knows so far.
    pub(crate) known: &'c mut Placeholders,
}

impl Compared<'_> {
    /// Compares two whole messages.
    ///
    /// # Errors
    /// The first difference, in words for people.
    pub(crate) fn message(&mut self, expected: &Node, actual: &Node) -> Result<(), String> {
        let asked: Vec<&Node> =
            self.request.children.iter().filter(|child| child.tag == "BatchItem").collect();
        // Header and items stand in order.
        if expected.children.len() != actual.children.len() {
            let items = actual.children.len().saturating_sub(1);
            return Err(format!("{items} items instead of {}", expected.children.len() - 1));
        }
        for (at, (expected, actual)) in expected.children.iter().zip(&actual.children).enumerate() {
            let open = asked.get(at.wrapping_sub(1)).is_some_and(|item| asks_openly(item));
            self.node(expected, actual, open)?;
        }
        Ok(())
    }

    fn asks(&self, operation: &str) -> bool {
        self.request.all("Operation").iter().any(|node| node.value == operation)
    }

    fn asks_of_library(&self) -> bool {
        self.request.all("PKCS_11Function").iter().any(|node| node.value == "C_GetInfo")
    }

    fn node(&mut self, expected: &Node, actual: &Node, open: bool) -> Result<(), String> {
        if expected.tag != actual.tag {
            return Err(format!("{} instead of {}", actual.tag, expected.tag));
        }
        if OWN.contains(&expected.tag.as_str()) || generator(expected) && generator(actual) {
            return Ok(());
        }
        if expected.children.is_empty() && actual.children.is_empty() {
            return self.value(expected, actual);
        }
        self.children(expected, actual, open)?;
        in_order(expected, actual)
    }

    fn children(&mut self, expected: &Node, actual: &Node, open: bool) -> Result<(), String> {
        let mut left: Vec<&Node> = actual.children.iter().collect();
        for child in &expected.children {
            if is_optional(child) {
                left.retain(|node| !(node.tag == child.tag && is_optional(node)));
                continue;
            }
            let mut why = format!("{} is missing in {}", describe(child), expected.tag);
            let found = left.iter().position(|node| {
                if node.tag != child.tag {
                    return false;
                }
                let mut trial = self.known.clone();
                let mut inner = Compared { request: self.request, known: &mut trial };
                match inner.node(child, node, open) {
                    Ok(()) => {
                        *self.known = trial;
                        true
                    }
                    Err(reason) => {
                        if child.tag != "Attribute" || attribute_name(child) == attribute_name(node) {
                            why = format!("{} in {}: {reason}", describe(child), expected.tag);
                        }
                        false
                    }
                }
            });
            match found {
                Some(at) => drop(left.remove(at)),
                // A server need not be validated, and may have fewer profiles; what it says once, it need not say twice.
                None if OWN.contains(&child.tag.as_str()) && may_lack(child, actual) => {}
                None => return Err(why),
            }
        }
        let holds_more = open && ["ResponsePayload", "Attributes"].contains(&expected.tag.as_str());
        match left.iter().find(|node| !(is_optional(node) || holds_more && may_be_more(node))) {
            None => Ok(()),
            Some(node) => Err(format!("{} is too much in {}", describe(node), expected.tag)),
        }
    }

    fn value(&mut self, expected: &Node, actual: &Node) -> Result<(), String> {
        let differs =
            || Err(format!("{} is {} and should be {}", expected.tag, actual.value, expected.value));
        if expected.ty != actual.ty {
            return Err(format!("{} is a {} and should be a {}", expected.tag, actual.ty, expected.ty));
        }
        let placeholder = expected.value.starts_with('$');
        if FREE.contains(&expected.tag.as_str()) && !(placeholder && expected.ty == "ByteString") {
            return Ok(());
        }
        // How long a lease lasts is the server's to say.
        if expected.tag == "LeaseTime" && self.asks("ObtainLease") {
            return Ok(());
        }
        if expected.ty == "DateTime" {
            return if self.known.dates_agree(&expected.value, &actual.value) { Ok(()) } else { differs() };
        }
        let sample = IDENTIFIERS.contains(&expected.tag.as_str()) && !self.known.sent(&expected.value);
        if placeholder || sample {
            return if self.known.binds(&expected.value, &actual.value) { Ok(()) } else { differs() };
        }
        // What a PKCS#11 library says of itself has its maker's name in it: as long as any.
        if expected.tag == "PKCS_11OutputParameters" && self.asks_of_library() {
            return if expected.value.len() == actual.value.len() { Ok(()) } else { differs() };
        }
        let same = match expected.ty.as_str() {
            "Integer" => words(&expected.value) == words(&actual.value),
            "ByteString" => expected.value.eq_ignore_ascii_case(&actual.value),
            // Printed with several blanks where one is meant.
            _ if expected.tag == "AttributeName" => {
                expected.value.split_whitespace().eq(actual.value.split_whitespace())
            }
            _ => expected.value == actual.value,
        };
        let follows = self.known.made && FOLLOWS.contains(&expected.tag.as_str());
        // Who the server's authority is, and what it signs, is its own.
        if self.known.certified && CERTIFIED.contains(&expected.tag.as_str()) {
            return Ok(());
        }
        let long = expected.value.len() >= PAIR_HEX_MIN && actual.value.len() >= PAIR_HEX_MIN;
        if same || follows && (expected.value.len() == actual.value.len() || long) {
            return Ok(());
        }
        differs()
    }
}

/// May the answer to this item hold more than the case has? Whoever asks for all attributes may get more of them, and whoever
/// asks what a server has, more of that.
fn asks_openly(item: &Node) -> bool {
    let operation = item.children.iter().find(|child| child.tag == "Operation");
    let names = !item.all("AttributeName").is_empty() || !item.all("AttributeReference").is_empty();
    match operation.map(|node| node.value.as_str()) {
        Some("GetAttributes") => !names,
        Some("GetAttributeList" | "Query" | "DiscoverVersions") => true,
        // Polled for, it may be any of these.
        Some("Poll") => true,
        _ => false,
    }
}

fn may_lack(child: &Node, actual: &Node) -> bool {
    let another = actual.children.iter().any(|node| node.tag == child.tag);
    another || child.tag == "ValidationInformation"
}

/// Do the fields that both have stand in one order?
fn in_order(expected: &Node, actual: &Node) -> Result<(), String> {
    if SETS.contains(&expected.tag.as_str()) {
        return Ok(());
    }
    let order = |node: &Node, other: &Node| {
        let mut tags: Vec<String> = Vec::new();
        for child in &node.children {
            let both = other.children.iter().any(|there| there.tag == child.tag);
            if both && !tags.contains(&child.tag) {
                tags.push(child.tag.clone());
            }
        }
        tags
    };
    let (wanted, there) = (order(expected, actual), order(actual, expected));
    if wanted == there {
        Ok(())
    } else {
        Err(format!("{} has {} where the case has {}", expected.tag, there.join(", "), wanted.join(", ")))
    }
}

fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    words.sort_unstable();
    words
}

/// Which generator made a key is the server's own, and it says so.
fn generator(node: &Node) -> bool {
    attribute_name(node) == "Random Number Generator"
}

fn attribute_name(node: &Node) -> String {
    let name = node.children.iter().find(|child| child.tag == "AttributeName");
    name.map(|name| name.value.clone()).unwrap_or_default()
}

fn describe(node: &Node) -> String {
    if node.tag == "Attribute" {
        format!("attribute {}", attribute_name(node))
    } else {
        format!("{} {}", node.tag, node.value)
    }
}

/// What may be there or not.
fn is_optional(node: &Node) -> bool {
    match node.tag.as_str() {
        "TemplateAttribute"
        | "PrivateKeyTemplateAttribute"
        | "PublicKeyTemplateAttribute"
        | "ResultMessage"
        | "ServerCorrelationValue"
        | "ObjectGroup" => true,
        "AttributeIndex" => node.value == "0",
        "AttributeName" => node.value.starts_with("y-") || node.value == "Object Group",
        "Attribute" => {
            let name = attribute_name(node);
            name.starts_with("y-") || name == "Object Group"
        }
        _ => false,
    }
}

/// What the server may add where it is asked for all.
fn may_be_more(node: &Node) -> bool {
    ["Attribute", "AttributeName", "AttributeReference", "Operation", "ObjectType", "ProtocolVersion"]
        .contains(&node.tag.as_str())
        || OWN.contains(&node.tag.as_str())
        || Tag::named(&node.tag).is_some_and(|tag| rule(tag).is_some())
}
