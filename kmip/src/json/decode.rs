//! Turns JSON into TTLV.

use zeroize::{Zeroize, Zeroizing};

use super::JsonError;
use super::lexer::{Lexer, Token, unescape};
use crate::spelling;
use crate::tag::Tag;
use crate::ttlv::{ItemType, Limits, OpenStructure, Writer};

/// The TTLV of the one message (or other item) that the text holds, wiped when dropped. The text is the caller's to wipe.
///
/// # Errors
/// [`JsonError`].
pub fn to_ttlv(text: &str, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, JsonError> {
    // No object is shorter than its TTLV, so the buffer never grows, which would leave secrets behind.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len().min(limits.message_bytes)));
    let mut reader = Reader {
        lexer: Lexer::new(text),
        writer: Writer::new(&mut out, limits.message_bytes),
        open: Vec::new(),
        items: 0,
        limits,
    };
    reader.read()?;
    let offset = reader.lexer.offset();
    if reader.lexer.next()?.is_some() {
        return Err(JsonError::Syntax { offset });
    }
    reader.writer.finish().map_err(|_| JsonError::Limit { offset })?;
    Ok(out)
}

/// An object whose end has not come, and what is known of it.
struct Open<'x> {
    offset: usize,
    tag: Option<Tag>,
    ty: Option<ItemType>,
    has_name: bool,
    value: Value<'x>,
    /// Once its Attribute Name has been seen: which attribute it is.
    attribute: Option<Tag>,
}

enum Value<'x> {
    None,
    Scalar(Token<'x>),
    Structure(OpenStructure),
}

struct Reader<'x, 'w> {
    lexer: Lexer<'x>,
    writer: Writer<'w>,
    open: Vec<Open<'x>>,
    items: usize,
    limits: &'w Limits,
}

impl<'x> Reader<'x, '_> {
    fn read(&mut self) -> Result<(), JsonError> {
        if self.lexer.some()? != Token::ObjectBegins {
            return self.lexer.syntax();
        }
        self.begin()?;
        // Whether a property may follow at once, or only after a comma.
        let mut fresh = true;
        loop {
            let mut token = self.lexer.some()?;
            if token == Token::Comma && !fresh {
                token = self.lexer.some()?;
                if token == Token::ObjectEnds {
                    return self.lexer.syntax();
                }
            } else if !fresh && token != Token::ObjectEnds {
                return self.lexer.syntax();
            }
            match token {
                Token::Text(key) => fresh = self.property(key)?,
                Token::ObjectEnds => {
                    self.end()?;
                    if self.open.is_empty() {
                        return Ok(());
                    }
                    // Back in the array of the object around it: another item, or its end.
                    fresh = match self.lexer.some()? {
                        Token::ArrayEnds => false,
                        Token::Comma if self.lexer.some()? == Token::ObjectBegins => {
                            self.begin()?;
                            true
                        }
                        _ => return self.lexer.syntax(),
                    };
                }
                _ => return self.lexer.syntax(),
            }
        }
    }

    fn begin(&mut self) -> Result<(), JsonError> {
        let offset = self.lexer.offset().saturating_sub(1);
        self.items += 1;
        if self.items > self.limits.items || self.open.len() >= self.limits.depth {
            return Err(JsonError::Limit { offset });
        }
        self.open.push(Open {
            offset,
            tag: None,
            ty: None,
            has_name: false,
            value: Value::None,
            attribute: None,
        });
        Ok(())
    }

    /// Reads a property of the object opened last. True: it was the beginning of an object within.
    fn property(&mut self, key: &str) -> Result<bool, JsonError> {
        if self.lexer.some()? != Token::Colon {
            return self.lexer.syntax();
        }
        let token = self.lexer.some()?;
        let Some(object) = self.open.last_mut() else { return self.lexer.syntax() };
        let offset = object.offset;
        match (key, token) {
            ("tag", Token::Text(name)) if object.tag.is_none() => {
                let name = unescape(name).ok_or(JsonError::UnknownTag { offset })?;
                object.tag = Some(spelling::tag(&name).ok_or(JsonError::UnknownTag { offset })?);
            }
            ("type", Token::Text(name)) if object.ty.is_none() => {
                object.ty = Some(spelling::item_type(name).ok_or(JsonError::UnknownType { offset })?);
            }
            ("name", Token::Text(_)) if !object.has_name => object.has_name = true,
            ("value", Token::ArrayBegins) if matches!(object.value, Value::None) => {
                // If its tag comes later, it is renamed then.
                object.value = Value::Structure(self.writer.open(object.tag.unwrap_or(Tag::ATTRIBUTE)));
                return match self.lexer.some()? {
                    Token::ArrayEnds => Ok(false),
                    Token::ObjectBegins => self.begin().map(|()| true),
                    _ => self.lexer.syntax(),
                };
            }
            ("value", Token::Text(_) | Token::Number(_) | Token::Boolean(_) | Token::Null)
                if matches!(object.value, Value::None) =>
            {
                object.value = Value::Scalar(token)
            }
            _ => return self.lexer.syntax(),
        }
        Ok(false)
    }

    fn end(&mut self) -> Result<(), JsonError> {
        let Some(object) = self.open.pop() else { return self.lexer.syntax() };
        let offset = object.offset;
        let tag = object.tag.ok_or(JsonError::UnknownTag { offset })?;
        let ty = object.ty.unwrap_or(ItemType::Structure);
        match object.value {
            Value::Structure(structure) if ty == ItemType::Structure => {
                self.writer.rename(&structure, tag);
                self.writer.close(structure);
            }
            Value::None | Value::Scalar(Token::Null) if ty == ItemType::Structure => {
                let structure = self.writer.open(tag);
                self.writer.close(structure);
            }
            Value::Scalar(value) => self.leaf(tag, ty, value).ok_or(JsonError::Value { offset })?,
            Value::None | Value::Structure(_) => return Err(JsonError::Value { offset }),
        }
        Ok(())
    }

    fn leaf(&mut self, tag: Tag, ty: ItemType, value: Token<'x>) -> Option<()> {
        let mut outer = self.open.last_mut();
        let named = outer.as_ref().and_then(|outer| outer.attribute).filter(|_| tag == Tag::ATTRIBUTE_VALUE);
        let named = named.unwrap_or(tag);
        let out = &mut self.writer;
        match (ty, value) {
            (ItemType::Integer, Token::Number(text)) => out.integer(tag, number(text)?.try_into().ok()?),
            (ItemType::LongInteger, Token::Number(text)) => out.long_integer(tag, number(text)?),
            (ItemType::BigInteger, Token::Number(text)) => out.big_integer(tag, &number(text)?.to_be_bytes()),
            (ItemType::Enumeration, Token::Number(text)) => {
                out.enumeration(tag, number(text)?.try_into().ok()?);
            }
            (ItemType::Interval, Token::Number(text)) => out.interval(tag, number(text)?.try_into().ok()?),
            (ItemType::Boolean, Token::Boolean(value)) => out.boolean(tag, value),
            (_, Token::Text(written)) => {
                let mut text = unescape(written)?;
                if tag == Tag::ATTRIBUTE_NAME
                    && let Some(outer) = &mut outer
                {
                    outer.attribute = spelling::attribute_tag(&text);
                }
                let wrote = spelled(out, tag, named, ty, &text, self.limits);
                if let std::borrow::Cow::Owned(text) = &mut text {
                    text.zeroize();
                }
                return wrote;
            }
            _ => return None,
        }
        Some(())
    }
}

/// An integral JSON number; a fraction or exponent is none of KMIP's.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let sound =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    text.parse().ok().filter(|_| sound)
}

/// Writes a value that is given as a string.
fn spelled(
    out: &mut Writer<'_>,
    tag: Tag,
    named: Tag,
    ty: ItemType,
    text: &str,
    limits: &Limits,
) -> Option<()> {
    let hex = text.strip_prefix("0x");
    match ty {
        ItemType::Structure => return None,
        ItemType::Integer => {
            let value = if hex.is_some() { spelling::integer(text) } else { None };
            out.integer(tag, value.or_else(|| spelling::mask(named, text))?);
        }
        ItemType::LongInteger => out.long_integer(tag, hex.and_then(|_| spelling::long_integer(text))?),
        ItemType::BigInteger => {
            let bytes = spelling::bytes(hex?).filter(|bytes| !bytes.is_empty())?;
            if bytes.len() > limits.string_bytes {
                return None;
            }
            out.big_integer(tag, &bytes);
        }
        ItemType::Enumeration => out.enumeration(tag, spelling::enumeration(named, text)?),
        ItemType::Boolean => match spelling::long_integer(hex.map(|_| text)?)? {
            0 => out.boolean(tag, false),
            1 => out.boolean(tag, true),
            _ => return None,
        },
        ItemType::TextString if text.len() <= limits.string_bytes => out.text(tag, text),
        ItemType::ByteString if text.len() / 2 <= limits.string_bytes => {
            out.bytes(tag, &spelling::bytes(text)?)
        }
        ItemType::TextString | ItemType::ByteString => return None,
        ItemType::DateTime => {
            let seconds = if hex.is_some() { spelling::long_integer(text) } else { None };
            out.date_time(tag, seconds.or_else(|| spelling::date_time(text).map(|(seconds, _)| seconds))?);
        }
        ItemType::Interval => out.interval(tag, u32::from_str_radix(hex?, 16).ok()?),
        ItemType::DateTimeExtended => {
            let microseconds = if hex.is_some() {
                spelling::long_integer(text)
            } else {
                let (seconds, rest) = spelling::date_time(text)?;
                seconds.checked_mul(1_000_000).and_then(|all| all.checked_add(rest))
            };
            out.date_time_extended(tag, microseconds?);
        }
    }
    Some(())
}
