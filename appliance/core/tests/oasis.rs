//! The OASIS test cases, replayed through `answer`: how many of them pass, and never fewer than before.
//!
//! What may differ is what the profiles permit (see the README beside the cases).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test: what is wrong here is to fail loudly, and the tally is for people"
)]

#[path = "support/conformance.rs"]
mod conformance;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/tree.rs"]
mod tree;

use conformance::Statement;
use holdfast_core::scope::Scope;
use holdfast_model::Timestamp;
use holdfast_model::trust::Permission;
use kmip::ttlv::Limits;
use memory::{Memory, Store};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use tree::Node;

/// The tally may only grow.
const PASSED_FLOOR: usize = 215;

#[test]
fn the_cases_that_passed_still_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../kmip/tests/oasis");
    let (mut passed, mut failed) = (BTreeMap::<String, usize>::new(), Vec::new());
    let mut statement = Statement::default();
    for folder in ["1.0", "1.4-profiles", "1.4-testcases", "2.1-profiles"] {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        // Cases that belong together (a tape is configured, written, read) share a tenant.
        let mut stores = BTreeMap::new();
        for file in files {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let family = name.split(|c: char| c.is_ascii_digit()).next().unwrap().to_owned();
            let shared = family.starts_with("TL") || family.starts_with("SASED");
            let family = if shared { family } else { name.clone() };
            let store = stores.entry(family).or_insert_with(Store::new);
            let text = std::fs::read_to_string(&file).unwrap();
            let outcome = replay(&text, store);
            statement.take(folder, &name, &text, outcome.as_ref().err());
            match outcome {
                Ok(()) => *passed.entry(folder.to_owned()).or_default() += 1,
                Err(why) => {
                    failed.push(format!("{folder}/{}: {why}", file.file_name().unwrap().to_string_lossy()));
                }
            }
        }
    }
    let total: usize = passed.values().sum();
    for line in &failed {
        println!("{line}");
    }
    println!("passed {total} of {}: {passed:?}", total + failed.len());
    assert!(total >= PASSED_FLOOR, "{total} pass, {PASSED_FLOOR} did before");
    statement.must_be_the_published_one();
}

/// One case: requests and expected responses in turn.
fn replay(text: &str, store: &Rc<Store>) -> Result<(), String> {
    let client = store.client("db", Permission::Manage);
    let messages = tree::messages(text);
    let mut bound = Bound { values: BTreeMap::new(), last: BTreeMap::new(), now: client.now() };
    let made_by_server = text.contains("TL-M-")
        || text.contains("value=\"Create\"")
        || text.contains("value=\"RNGRetrieve\"")
        || text.contains("value=\"CreateKeyPair\"")
        || text.contains("value=\"ReKey\"")
        || text.contains("RandomIV")
        // OAEP is random as well.
        || text.contains("value=\"OAEP\"") && text.contains("value=\"Encrypt\"/>");
    for (at, pair) in messages.chunks(2).enumerate() {
        let [request, expected] = pair else { return Err("a request without a response".to_owned()) };
        if request.0.tag != "RequestMessage" {
            return Err(format!("message {at}: the server would have to be the sender"));
        }
        if let Some(time) = literal_time(&expected.0) {
            store.set_clock(time);
            bound.now = client.now();
        }
        // A correlation value is that of the stream, or of the request, under way: who names none begins another.
        for placeholder in ["$CORRELATION_VALUE", "$ASYNCHRONOUS_CORRELATION_VALUE"] {
            if !request.1.contains(&format!("\"{placeholder}\"")) {
                bound.values.remove(placeholder);
            }
        }
        let request =
            bound.fill(&request.1).map_err(|unbound| format!("message {at}: {unbound} is unbound"))?;
        let bytes =
            kmip::xml::to_ttlv(&request, &Limits::DEFAULT).map_err(|e| format!("message {at}: {e}"))?;
        let reply = client.send(&bytes);
        let reply = kmip::xml::from_ttlv(&reply, &Limits::DEFAULT).unwrap();
        let actual = &tree::messages(&format!("<KMIP>{reply}</KMIP>"))[0].0;
        bound.remember(actual);
        compare(&expected.0, actual, &mut bound, made_by_server)
            .map_err(|why| format!("message {at} ({}): {why}", operations(&expected.0)))?;
        advance(&client);
    }
    Ok(())
}

/// The time that the case was written at, if it says so in figures.
fn literal_time(expected: &Node) -> Option<u64> {
    let text = &expected.all("TimeStamp").first()?.value;
    if text.starts_with('$') {
        return None;
    }
    let item = format!("<TimeStamp type=\"DateTime\" value=\"{text}\"/>");
    let bytes = kmip::xml::to_ttlv(&item, &Limits::DEFAULT).ok()?;
    let seconds = kmip::ttlv::parse(&bytes, &Limits::DEFAULT).ok()?.date_time().ok()?;
    u64::try_from(seconds).ok()
}

/// Time goes by between messages, as it does for people.
fn advance(client: &Memory) {
    client.store.wait(1);
}

fn operations(message: &Node) -> String {
    message.all("Operation").iter().map(|node| node.value.clone()).collect::<Vec<_>>().join("+")
}

/// What placeholders stand for.
struct Bound {
    values: BTreeMap<String, String>,
    last: BTreeMap<String, String>,
    now: Timestamp,
}

impl Bound {
    /// The text with every placeholder replaced.
    fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("value=\"$") {
            let (before, after) = rest.split_at(at + 7);
            let (placeholder, after) = after.split_once('"').unwrap();
            out.push_str(before);
            out.push_str(&self.value(placeholder).ok_or(placeholder)?);
            out.push('"');
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, placeholder: &str) -> Option<String> {
        if let Some(offset) = placeholder.strip_prefix("$NOW") {
            let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().ok()? };
            let then = Timestamp::from_seconds(self.now.seconds() + offset).after(Duration::ZERO).to_string();
            return Some(format!("{}+00:00", &then[..19]));
        }
        if let Some(value) = self.values.get(placeholder) {
            return Some(value.clone());
        }
        let element = match placeholder.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_') {
            "$DATA" => "Data",
            "$IV_COUNTER_NONCE" => "IVCounterNonce",
            "$SIGNATURE_DATA" => "SignatureData",
            "$MAC_DATA" => "MACData",
            "$AUTHENTICATED_ENCRYPTION_TAG" => "AuthenticatedEncryptionTag",
            "$CORRELATION_VALUE" => "CorrelationValue",
            "$KEY_MATERIAL" => "KeyMaterial",
            "$SERVER_CORRELATION_VALUE" => "ServerCorrelationValue",
            _ => return None,
        };
        self.last.get(element).cloned()
    }

    /// Keeps the last value of everything, for placeholders that no response binds.
    fn remember(&mut self, node: &Node) {
        if !node.value.is_empty() {
            self.last.insert(node.tag.clone(), node.value.clone());
        }
        for child in &node.children {
            self.remember(child);
        }
    }
}

/// Fields whose value the server chooses, or people read.
const FREE: [&str; 7] = [
    "ResultMessage",
    "TimeStamp",
    "ServerCorrelationValue",
    "AsynchronousCorrelationValue",
    "CorrelationValue",
    "ShortUniqueIdentifier",
    "UniqueIdentifier",
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

fn compare(expected: &Node, actual: &Node, bound: &mut Bound, made: bool) -> Result<(), String> {
    if expected.tag != actual.tag {
        return Err(format!("{} instead of {}", actual.tag, expected.tag));
    }
    if expected.children.is_empty() && actual.children.is_empty() {
        return value(expected, actual, bound, made);
    }
    // Which generator made a key is the server's own, and it says so.
    let generator = attribute_name(expected) == "Random Number Generator"
        && attribute_name(actual) == "Random Number Generator";
    if expected.tag == "RandomNumberGenerator" || generator {
        return Ok(());
    }
    if expected.tag == "ServerInformation" {
        return Ok(());
    }
    if expected.tag == "ResponseMessage" {
        // Header and items stand in order.
        if expected.children.len() != actual.children.len() {
            let items = actual.children.len().saturating_sub(1);
            let last = actual.children.last().map(|item| item.all("ResultReason"));
            let reason =
                last.and_then(|found| found.first().map(|node| node.value.clone())).unwrap_or_default();
            return Err(format!("{items} items instead of {}: {reason}", expected.children.len() - 1));
        }
        for (expected, actual) in expected.children.iter().zip(&actual.children) {
            compare(expected, actual, bound, made).map_err(|why| {
                let reason = actual.all("ResultReason").first().map(|node| node.value.clone());
                let said = actual.all("ResultMessage").first().map(|node| node.value.clone());
                format!("{why} {}({})", reason.unwrap_or_default(), said.unwrap_or_default())
            })?;
        }
        return Ok(());
    }
    if expected.tag == "BatchItem" && expected.children.first().is_some_and(|first| first.value == "Query") {
        let mut required = expected.clone();
        required.children.iter_mut().for_each(|child| child.children.retain(required_of_query));
        let mut answered = actual.clone();
        answered.children.iter_mut().for_each(|child| child.children.retain(required_of_query));
        return compare_children(&required, &answered, bound, made);
    }
    compare_children(expected, actual, bound, made)
}

/// Operations of the baseline server profiles: what lies beyond them, a server may list or not.
const BASELINE: [&str; 13] = [
    "Locate",
    "Check",
    "Get",
    "GetAttributes",
    "GetAttributeList",
    "AddAttribute",
    "ModifyAttribute",
    "DeleteAttribute",
    "Activate",
    "Revoke",
    "Destroy",
    "Query",
    "DiscoverVersions",
];

/// Is this part of Query's answer more than a list of what one server happens to have?
fn required_of_query(node: &Node) -> bool {
    match node.tag.as_str() {
        "Operation" => BASELINE.contains(&node.value.as_str()),
        "RNGParameters"
        | "ProfileInformation"
        | "CapabilityInformation"
        | "ValidationInformation"
        | "VendorIdentification" => false,
        _ => true,
    }
}

fn compare_children(expected: &Node, actual: &Node, bound: &mut Bound, made: bool) -> Result<(), String> {
    let open = expected.tag == "ResponsePayload" || expected.tag == "Attributes";
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
            let mut trial = bound.clone_values();
            match compare(child, node, &mut trial, made) {
                Ok(()) => {
                    bound.values = trial.values;
                    true
                }
                Err(reason) => {
                    if !named(child) || attribute_name(child) == attribute_name(node) {
                        why = format!("{} in {}: {reason}", describe(child), expected.tag);
                    }
                    false
                }
            }
        });
        match found {
            Some(at) => drop(left.remove(at)),
            None => return Err(why),
        }
    }
    let surplus = left.iter().find(|node| !(is_optional(node) || open && may_be_more(node)));
    match surplus {
        None => Ok(()),
        Some(node) => Err(format!("{} is too much in {}", describe(node), expected.tag)),
    }
}

impl Bound {
    fn clone_values(&self) -> Self {
        Self { values: self.values.clone(), last: BTreeMap::new(), now: self.now }
    }
}

fn value(expected: &Node, actual: &Node, bound: &mut Bound, made: bool) -> Result<(), String> {
    if expected.tag == "LeaseTime" && actual.ty == "Interval" {
        // How long a lease lasts is the server's to say.
        return Ok(());
    }
    if expected.value.starts_with("$NOW") || expected.ty == "DateTime" {
        return if actual.ty == "DateTime" { Ok(()) } else { Err("no date".to_owned()) };
    }
    if expected.value.starts_with('$') {
        let there = bound.values.entry(expected.value.clone()).or_insert_with(|| actual.value.clone());
        return if *there == actual.value { Ok(()) } else { Err(format!("another {}", expected.value)) };
    }
    // Printed with several blanks where one is meant.
    if expected.tag == "AttributeName"
        && expected.value.split_whitespace().eq(actual.value.split_whitespace())
    {
        return Ok(());
    }
    let free = FREE.contains(&expected.tag.as_str()) || made && FOLLOWS.contains(&expected.tag.as_str());
    if free || same(&expected.value, &actual.value, &expected.ty) {
        return Ok(());
    }
    Err(format!("{} is {} and should be {}", expected.tag, actual.value, expected.value))
}

fn same(expected: &str, actual: &str, ty: &str) -> bool {
    let words = |text: &str| {
        let mut words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.sort();
        words
    };
    match ty {
        "Integer" => words(expected) == words(actual),
        "ByteString" => expected.eq_ignore_ascii_case(actual),
        _ => expected == actual,
    }
}

fn named(node: &Node) -> bool {
    node.tag == "Attribute"
}

fn attribute_name(node: &Node) -> String {
    node.children
        .iter()
        .find(|child| child.tag == "AttributeName")
        .map(|n| n.value.clone())
        .unwrap_or_default()
}

fn describe(node: &Node) -> String {
    if named(node) {
        format!("attribute {}", attribute_name(node))
    } else {
        format!("{} {}", node.tag, node.value)
    }
}

/// What may be there or not: template attributes, a zero index, messages, object groups, server's own attributes.
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

/// What the server may add to an answer: attributes, and Query's lists.
fn may_be_more(node: &Node) -> bool {
    node.tag == "Attribute"
        || node.tag == "AttributeName"
        || node.tag == "AttributeReference"
        || node.tag == "Operation"
        || node.tag == "ObjectType"
        || node.tag == "ServerInformation"
        || node.tag == "VendorIdentification"
        || node.tag == "ProtocolVersion"
        || kmip::tag::Tag::named(&node.tag).is_some_and(|tag| kmip::attribute::rule(tag).is_some())
}
