//! Turns XML into TTLV.

use zeroize::Zeroizing;

use super::XmlError;
use super::reader::{Element, Event, Reader};
use crate::spelling as value;
use crate::tag::Tag;
use crate::ttlv::{ItemType, Limits, OpenStructure, Writer};

/// The TTLV of the one message (or other item) that the text holds, wiped when dropped. The text is the caller's to wipe.
///
/// # Errors
/// [`XmlError`].
pub fn to_ttlv(text: &str, limits: &Limits) -> Result<Zeroizing<Vec<u8>>, XmlError> {
    let mut reader = Reader::new(text);
    let Some(Event::Start(first)) = reader.next()? else {
        return Err(XmlError::Syntax { offset: reader.offset() });
    };
    let message = item(&mut reader, first, limits)?;
    match reader.next()? {
        None => Ok(message),
        Some(_) => Err(XmlError::Syntax { offset: reader.offset() }),
    }
}

/// The TTLV of each message inside one `KMIP` element, as test cases are written; text between the messages is skipped.
///
/// # Errors
/// [`XmlError`].
pub fn messages(text: &str, limits: &Limits) -> Result<Vec<Zeroizing<Vec<u8>>>, XmlError> {
    let mut reader = Reader::with_remarks(text);
    match reader.next()? {
        Some(Event::Start(outer)) if outer.name == "KMIP" && !outer.empty => {}
        _ => return Err(XmlError::Syntax { offset: 0 }),
    }
    let mut out = Vec::new();
    while let Some(Event::Start(first)) = reader.next()? {
        out.push(item(&mut reader, first, limits)?);
    }
    Ok(out)
}

/// An open structure and, once its Attribute Name has been seen, which attribute it is.
struct Open {
    structure: OpenStructure,
    attribute: Option<Tag>,
}

fn item(
    reader: &mut Reader<'_>,
    first: Element<'_>,
    limits: &Limits,
) -> Result<Zeroizing<Vec<u8>>, XmlError> {
    // No element is half as long as its TTLV, so the buffer never grows, which would leave secrets behind.
    let room = reader.remaining(first.offset).saturating_mul(2).min(limits.message_bytes);
    let mut out = Zeroizing::new(Vec::with_capacity(room));
    let mut writer = Writer::new(&mut out, limits.message_bytes);
    let mut open: Vec<Open> = Vec::new();
    let mut items = 0_usize;
    let mut element = first;
    loop {
        let offset = element.offset;
        items += 1;
        if items > limits.items || open.len() >= limits.depth {
            return Err(XmlError::Limit { offset });
        }
        let tag = tag(&element)?;
        let ty = match element.attribute("type")? {
            None => ItemType::Structure,
            Some(name) => value::item_type(&name).ok_or(XmlError::UnknownType { offset })?,
        };
        let mut ended = element.empty;
        if ty == ItemType::Structure {
            open.push(Open { structure: writer.open(tag), attribute: None });
            if ended && let Some(last) = open.pop() {
                writer.close(last.structure);
            }
        } else {
            let value = element.attribute("value")?.unwrap_or_default();
            let outer = open.last_mut();
            let named =
                outer.as_ref().and_then(|outer| outer.attribute).filter(|_| tag == Tag::ATTRIBUTE_VALUE);
            if tag == Tag::ATTRIBUTE_NAME
                && let Some(outer) = outer
            {
                outer.attribute = value::attribute_tag(&value);
            }
            leaf(&mut writer, tag, named.unwrap_or(tag), ty, &value, limits)
                .ok_or(XmlError::Value { offset })?;
            if !ended {
                // A leaf may be written as a pair of tags with nothing between.
                match reader.next()? {
                    Some(Event::End) => ended = true,
                    _ => return Err(XmlError::Syntax { offset }),
                }
            }
        }
        debug_assert!(ended || ty == ItemType::Structure, "a leaf has ended here");
        // Close what ends, until another element begins.
        loop {
            if open.is_empty() {
                writer.finish().map_err(|_| XmlError::Limit { offset })?;
                return Ok(out);
            }
            match reader.next()? {
                Some(Event::End) => {
                    if let Some(last) = open.pop() {
                        writer.close(last.structure);
                    }
                }
                Some(Event::Start(next)) => {
                    element = next;
                    break;
                }
                None => return Err(XmlError::Syntax { offset: reader.offset() }),
            }
        }
    }
}

fn tag(element: &Element<'_>) -> Result<Tag, XmlError> {
    let unknown = XmlError::UnknownTag { offset: element.offset };
    // A prefix says which name space is meant; there is but one.
    let name = element.name.rsplit_once(':').map_or(element.name, |(_, name)| name);
    if name == "TTLV" {
        return element.attribute("tag")?.and_then(|name| value::tag(&name)).ok_or(unknown);
    }
    let numbered = || {
        let digits = name.strip_prefix('x').filter(|digits| digits.len() == 6)?;
        u32::from_str_radix(digits, 16).ok().and_then(Tag::new)
    };
    Tag::named(name).or_else(numbered).ok_or(unknown)
}

/// Writes a leaf; `named` is the tag whose list its names are from.
fn leaf(out: &mut Writer<'_>, tag: Tag, named: Tag, ty: ItemType, text: &str, limits: &Limits) -> Option<()> {
    match ty {
        ItemType::Structure => return None,
        ItemType::Integer => out.integer(tag, value::integer(text).or_else(|| value::mask(named, text))?),
        ItemType::LongInteger => out.long_integer(tag, value::long_integer(text)?),
        ItemType::BigInteger => out.big_integer(tag, &value::bytes(text.strip_prefix("0x").unwrap_or(text))?),
        ItemType::Enumeration => out.enumeration(tag, value::enumeration(named, text)?),
        ItemType::Boolean => match text {
            "true" | "1" => out.boolean(tag, true),
            "false" | "0" => out.boolean(tag, false),
            _ => return None,
        },
        ItemType::TextString => {
            if text.len() > limits.string_bytes {
                return None;
            }
            out.text(tag, text);
        }
        ItemType::ByteString => {
            if text.len() / 2 > limits.string_bytes {
                return None;
            }
            out.bytes(tag, &value::bytes(text)?);
        }
        ItemType::DateTime => out.date_time(tag, value::date_time(text)?.0),
        ItemType::Interval => out.interval(tag, text.parse().ok()?),
        ItemType::DateTimeExtended => {
            let (seconds, microseconds) = value::date_time(text)?;
            out.date_time_extended(tag, seconds.checked_mul(1_000_000)?.checked_add(microseconds)?);
        }
    }
    Some(())
}
