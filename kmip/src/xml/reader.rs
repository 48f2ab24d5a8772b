//! Reads the little XML that messages use: elements with attributes, comments, nothing else.
//!
//! Separate from `decode` so that what is XML and what is KMIP do not mix.
//! Rules: XML 1.0, fifth edition, sections 2 and 3.3.3.

use std::borrow::Cow;

use super::XmlError;

/// What comes next in the text.
pub(super) enum Event<'x> {
    /// An element begins.
    Start(Element<'x>),
    /// The element that began last, and has not ended, ends.
    End,
}

/// The tag that begins an element.
pub(super) struct Element<'x> {
    pub(super) offset: usize,
    pub(super) name: &'x str,
    attributes: &'x str,
    /// Whether it ends at once.
    pub(super) empty: bool,
}

pub(super) struct Reader<'x> {
    text: &'x str,
    at: usize,
    /// Names of the open elements, to be closed in turn.
    open: Vec<&'x str>,
    /// Whether text between messages, inside the element around them, is skipped: test cases have remarks there.
    remarks: bool,
}

impl<'x> Reader<'x> {
    pub(super) fn new(text: &'x str) -> Self {
        Reader { text, at: 0, open: Vec::new(), remarks: false }
    }

    pub(super) fn with_remarks(text: &'x str) -> Self {
        Reader { remarks: true, ..Reader::new(text) }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Bytes of the text from `offset` on.
    pub(super) fn remaining(&self, offset: usize) -> usize {
        self.text.len().saturating_sub(offset)
    }

    fn rest(&self) -> &'x str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn syntax<T>(&self) -> Result<T, XmlError> {
        Err(XmlError::Syntax { offset: self.at })
    }

    /// The next event; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Event<'x>>, XmlError> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{FEFF}']).len();
            let rest = self.rest();
            if rest.is_empty() {
                return if self.open.is_empty() { Ok(None) } else { self.syntax() };
            }
            if rest.starts_with("<!--") {
                self.skip_past("-->")?;
            } else if rest.starts_with("<?") {
                self.skip_past("?>")?;
            } else if let Some(closing) = rest.strip_prefix("</") {
                let Some((name, _)) = closing.split_once('>') else { return self.syntax() };
                if self.open.pop() != Some(name.trim_end()) {
                    return self.syntax();
                }
                self.at += 2 + name.len() + 1;
                return Ok(Some(Event::End));
            } else if rest.starts_with('<') {
                return self.element().map(Event::Start).map(Some);
            } else if self.remarks && self.open.len() == 1 {
                self.at += rest.find('<').unwrap_or(rest.len());
            } else {
                return self.syntax();
            }
        }
    }

    fn skip_past(&mut self, end: &str) -> Result<(), XmlError> {
        match self.rest().find(end) {
            Some(found) => {
                self.at += found + end.len();
                Ok(())
            }
            None => self.syntax(),
        }
    }

    fn element(&mut self) -> Result<Element<'x>, XmlError> {
        let offset = self.at;
        let Some(inside) = self.rest().strip_prefix('<') else { return self.syntax() };
        let length = inside.find(|c: char| !(c.is_ascii_alphanumeric() || "_-.:".contains(c)));
        let Some(name) = length.filter(|length| *length > 0).and_then(|length| inside.get(..length)) else {
            return self.syntax();
        };
        // The end of the tag is the first '>' outside quotes.
        let mut quote = None;
        let end = inside.bytes().position(|byte| match (quote, byte) {
            (None, b'"' | b'\'') => {
                quote = Some(byte);
                false
            }
            (Some(open), _) if open == byte => {
                quote = None;
                false
            }
            (None, b'>') => true,
            _ => false,
        });
        let Some(tag) = end.and_then(|end| inside.get(name.len()..end)) else { return self.syntax() };
        let (attributes, empty) = match tag.strip_suffix('/') {
            Some(attributes) => (attributes, true),
            None => (tag, false),
        };
        self.at += 1 + name.len() + tag.len() + 1;
        if !empty {
            self.open.push(name);
        }
        Ok(Element { offset, name, attributes, empty })
    }
}

impl<'x> Element<'x> {
    /// The value of an attribute, its references resolved.
    pub(super) fn attribute(&self, wanted: &str) -> Result<Option<Cow<'x, str>>, XmlError> {
        let syntax = XmlError::Syntax { offset: self.offset };
        let mut rest = self.attributes.trim_start();
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or(syntax)?;
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or(syntax)?;
            let (value, next) = after.get(1..).and_then(|after| after.split_once(quote)).ok_or(syntax)?;
            if name.trim_end() == wanted {
                return resolve(value).map(Some).ok_or(syntax);
            }
            rest = next.trim_start();
        }
        Ok(None)
    }
}

/// Resolves references, and turns line breaks and tabs into spaces as XML demands of attributes.
fn resolve(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains(['&', '\n', '\r', '\t']) {
        return Some(Cow::Borrowed(value));
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['&', '\n', '\r', '\t']) {
        out.push_str(rest.get(..at)?);
        rest = rest.get(at..)?;
        if let Some(reference) = rest.strip_prefix('&') {
            let (name, after) = reference.split_once(';')?;
            out.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix('x') {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            });
            rest = after;
        } else {
            out.push(' ');
            rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..))?;
        }
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}
