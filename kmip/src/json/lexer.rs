//! Cuts JSON into tokens; a string stays as it is written until its text is wanted.
//!
//! Rules: RFC 8259.

use super::JsonError;
use std::borrow::Cow;
use zeroize::Zeroizing;

/// One token. A string or number is lent from the text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'x> {
    ObjectBegins,
    ObjectEnds,
    ArrayBegins,
    ArrayEnds,
    Colon,
    Comma,
    /// What stands between the quotes, escapes and all.
    Text(&'x str),
    Number(&'x str),
    Boolean(bool),
    Null,
}

pub(super) struct Lexer<'x> {
    text: &'x str,
    at: usize,
}

impl<'x> Lexer<'x> {
    pub(super) fn new(text: &'x str) -> Self {
        Lexer { text, at: 0 }
    }

    pub(super) fn offset(&self) -> usize {
        self.at
    }

    pub(super) fn syntax<T>(&self) -> Result<T, JsonError> {
        Err(JsonError::Syntax { offset: self.at })
    }

    fn rest(&self) -> &'x str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next token; `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Token<'x>>, JsonError> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let rest = self.rest();
        let Some(first) = rest.bytes().next() else { return Ok(None) };
        let (token, length) = match first {
            b'{' => (Token::ObjectBegins, 1),
            b'}' => (Token::ObjectEnds, 1),
            b'[' => (Token::ArrayBegins, 1),
            b']' => (Token::ArrayEnds, 1),
            b':' => (Token::Colon, 1),
            b',' => (Token::Comma, 1),
            b'"' => {
                let inside = rest.get(1..).unwrap_or_default();
                let mut escaped = false;
                let end = inside.bytes().position(|byte| {
                    let ends = byte == b'"' && !escaped;
                    escaped = byte == b'\\' && !escaped;
                    ends
                });
                let Some(text) = end.and_then(|end| inside.get(..end)) else { return self.syntax() };
                (Token::Text(text), text.len() + 2)
            }
            b'-' | b'0'..=b'9' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
                let number = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                (Token::Number(number), number.len())
            }
            _ => {
                let words =
                    [("true", Token::Boolean(true)), ("false", Token::Boolean(false)), ("null", Token::Null)];
                let found = words.into_iter().find(|(word, _)| rest.starts_with(word));
                let Some((word, token)) = found else { return self.syntax() };
                (token, word.len())
            }
        };
        self.at += length;
        Ok(Some(token))
    }

    /// The next token, which must be there.
    pub(super) fn some(&mut self) -> Result<Token<'x>, JsonError> {
        match self.next()? {
            Some(token) => Ok(token),
            None => self.syntax(),
        }
    }
}

/// The text of a string as written; `None` if an escape is none, or a control character stands bare.
pub(super) fn unescape(written: &str) -> Option<Cow<'_, str>> {
    if written.bytes().any(|byte| byte < 0x20) {
        return None;
    }
    if !written.contains('\\') {
        return Some(Cow::Borrowed(written));
    }
    // No escape is shorter than what it stands for, so the text never moves.
    let mut out = Zeroizing::new(String::with_capacity(written.len()));
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let kind = after.chars().next()?;
        rest = after.get(kind.len_utf8()..)?;
        out.push(match kind {
            '"' | '\\' | '/' => kind,
            'b' => '\u{8}',
            'f' => '\u{C}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = |text: &str| {
                    let digits = text.get(..4).filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
                    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
                };
                let first = unit(rest)?;
                rest = rest.get(4..)?;
                if (0xD800..0xDC00).contains(&first) {
                    let low = rest.strip_prefix("\\u").and_then(unit)?;
                    let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                    rest = rest.get(6..)?;
                    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + low)?
                } else {
                    char::from_u32(first)?
                }
            }
            _ => return None,
        });
    }
    out.push_str(rest);
    Some(Cow::Owned(core::mem::take(&mut *out)))
}
