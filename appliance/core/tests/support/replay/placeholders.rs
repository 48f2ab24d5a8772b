//! What placeholders stand for, and which dates and identifiers a case has sent.

use super::dates;
use super::tree::{self, Node};
use std::collections::{BTreeMap, BTreeSet};

/// Elements that a response shows by a sample where a later request has a placeholder.
const SAMPLES: [(&str, &str); 8] = [
    ("$DATA", "Data"),
    ("$IV_COUNTER_NONCE", "IVCounterNonce"),
    ("$SIGNATURE_DATA", "SignatureData"),
    ("$MAC_DATA", "MACData"),
    ("$AUTHENTICATED_ENCRYPTION_TAG", "AuthenticatedEncryptionTag"),
    ("$CORRELATION_VALUE", "CorrelationValue"),
    ("$KEY_MATERIAL", "KeyMaterial"),
    ("$SERVER_CORRELATION_VALUE", "ServerCorrelationValue"),
];

/// A correlation value is that of the stream, or of the request, under way: who names none begins another.
const UNDER_WAY: [&str; 2] = ["$CORRELATION_VALUE", "$ASYNCHRONOUS_CORRELATION_VALUE"];

#[derive(Clone)]
pub(crate) struct Placeholders {
    values: BTreeMap<String, String>,
    last: BTreeMap<String, String>,
    /// What requests have sent in so many words: dates by how the case writes them, and texts.
    dates: BTreeSet<(String, String)>,
    texts: BTreeSet<String>,
    /// Follows from material that the server made?
    pub(crate) made: bool,
    /// Does the server's own authority sign in it?
    pub(crate) certified: bool,
    /// When the case began, and what the time is.
    pub(crate) span: (i64, i64),
}

impl Placeholders {
    pub(crate) fn new(text: &str, now: i64) -> Self {
        let made = text.contains("TL-M-")
            || ["Create", "RNGRetrieve", "CreateKeyPair", "ReKey", "ReKeyKeyPair"]
                .iter()
                .any(|operation| text.contains(&format!("value=\"{operation}\"")))
            || text.contains("RandomIV")
            // OAEP is random as well.
            || text.contains("value=\"OAEP\"") && text.contains("value=\"Encrypt\"/>");
        Self {
            values: BTreeMap::new(),
            last: BTreeMap::new(),
            dates: BTreeSet::new(),
            texts: BTreeSet::new(),
            made,
            certified: text.contains("value=\"Certify\""),
            span: (now, now),
        }
    }

    /// Begins the next exchange.
    pub(crate) fn begin(&mut self, request: &str, now: i64) {
        self.span.1 = now;
        for placeholder in UNDER_WAY {
            if !request.contains(&format!("\"{placeholder}\"")) {
                self.values.remove(placeholder);
            }
        }
        for (message, _) in tree::messages(&format!("<KMIP>{request}</KMIP>")) {
            self.note(&message);
        }
    }

    fn note(&mut self, node: &Node) {
        match node.ty.as_str() {
            "DateTime" => {
                let sent = self.value(&node.value).unwrap_or_else(|| node.value.clone());
                self.dates.insert((node.value.clone(), sent));
            }
            "TextString" => drop(self.texts.insert(node.value.clone())),
            _ => {}
        }
        node.children.iter().for_each(|child| self.note(child));
    }

    /// The text with every placeholder replaced.
    ///
    /// # Errors
    /// The first that stands for nothing yet.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
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
            return Some(dates::print(self.span.1 + offset));
        }
        if let Some(value) = self.values.get(placeholder) {
            return Some(value.clone());
        }
        let stem = placeholder.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let (_, element) = SAMPLES.iter().find(|(sample, _)| *sample == stem)?;
        self.last.get(*element).cloned()
    }

    /// Keeps the last value of everything, for placeholders that no response binds.
    pub(crate) fn remember(&mut self, node: &Node, now: i64) {
        self.span.1 = now;
        if !node.value.is_empty() {
            self.last.insert(node.tag.clone(), node.value.clone());
        }
        node.children.iter().for_each(|child| self.remember(child, now));
    }

    /// Is this what the placeholder, or the sample, stands for? At first sight it is.
    pub(crate) fn binds(&mut self, name: &str, actual: &str) -> bool {
        self.values.entry(name.to_owned()).or_insert_with(|| actual.to_owned()) == actual
    }

    /// Does a date that a request has set come between these two?
    pub(crate) fn awaits(&self, now: i64, then: i64) -> bool {
        self.dates.iter().filter_map(|(_, sent)| dates::parse(sent)).any(|date| date > now && date <= then)
    }

    /// Was this text sent by a request?
    pub(crate) fn sent(&self, text: &str) -> bool {
        self.texts.contains(text)
    }

    /// Is this date what the case means? What a request set comes back as it was sent; what happens now is of now; the rest
    /// is the server's.
    pub(crate) fn dates_agree(&self, expected: &str, actual: &str) -> bool {
        /// A clock that is read twice, and a message that travels.
        const SLACK: i64 = 2;
        let Some(there) = dates::parse(actual) else { return false };
        let now = there >= self.span.0 - SLACK && there <= self.span.1 + SLACK;
        let mut sent = self.dates.iter().filter(|(written, _)| written == expected).peekable();
        if sent.peek().is_some() {
            return sent.any(|(_, value)| dates::parse(value) == Some(there)) || now;
        }
        match dates::parse(expected) {
            Some(then) if then >= self.span.0 && then <= self.span.1 + SLACK => now,
            Some(_) => true,
            None if expected == "$NOW" => now,
            None => true,
        }
    }
}
