//! Turns TTLV into XML.

use core::fmt::Write as _;

use super::value;
use crate::enums::{Listed, listed};
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, ItemType, Limits, parse};
use crate::version::{ProtocolVersion, Version};

/// The XML of one message, two spaces a level, names as its version has them.
///
/// # Errors
/// [`DecodeError`]: the bytes are no TTLV.
pub fn from_ttlv(bytes: &[u8], limits: &Limits) -> Result<String, DecodeError> {
    let message = parse(bytes, limits)?;
    let version = version_of(message).unwrap_or(Version::V2_1);
    let mut out = String::new();
    // What is still to be written of each open structure, and how it is closed.
    let mut open: Vec<(Children<'_>, String, Option<Tag>)> = Vec::new();
    let mut next = Some((message, None));
    loop {
        if let Some((item, attribute)) = next.take() {
            let (name, attributes) = element(item.tag(), version);
            let indent = "  ".repeat(open.len());
            // Writing to a string cannot fail.
            let _ = write!(out, "{indent}<{name}{attributes}");
            if item.ty() == ItemType::Structure {
                let children = item.children()?;
                if children.encoded().is_empty() {
                    out.push_str("/>\n");
                } else {
                    out.push_str(">\n");
                    open.push((children, name, attribute_of(children)));
                }
            } else {
                let _ = write!(out, " type=\"{:?}\" value=\"", item.ty());
                let named = attribute.filter(|_| item.tag() == Tag::ATTRIBUTE_VALUE).unwrap_or(item.tag());
                leaf(&mut out, &item, named, version)?;
                out.push_str("\"/>\n");
            }
        }
        let Some((children, name, attribute)) = open.last_mut() else { return Ok(out) };
        if let Some(child) = children.next() {
            next = Some((child, *attribute));
        } else {
            let name = core::mem::take(name);
            open.pop();
            let indent = "  ".repeat(open.len());
            let _ = writeln!(out, "{indent}</{name}>");
        }
    }
}

fn version_of(message: Item<'_>) -> Option<Version> {
    let header = message
        .children()
        .ok()?
        .find(|child| matches!(child.tag(), Tag::REQUEST_HEADER | Tag::RESPONSE_HEADER))?;
    let number = header.children().ok()?.find(|child| child.tag() == Tag::PROTOCOL_VERSION)?;
    <ProtocolVersion as crate::field::Field<'_>>::decode(number, Version::V1_0).ok()?.spoken()
}

/// Which attribute a 1.x Attribute structure holds.
fn attribute_of(mut children: Children<'_>) -> Option<Tag> {
    children.find(|child| child.tag() == Tag::ATTRIBUTE_NAME)?.text().ok().and_then(value::attribute_tag)
}

fn element(tag: Tag, version: Version) -> (String, String) {
    match tag.name(version) {
        Some(name) => (name.to_owned(), String::new()),
        None => ("TTLV".to_owned(), format!(" tag=\"0x{:06X}\"", tag.number())),
    }
}

fn leaf(out: &mut String, item: &Item<'_>, named: Tag, version: Version) -> Result<(), DecodeError> {
    match item.ty() {
        ItemType::Structure => {}
        ItemType::Integer => match listed(named) {
            Some(Listed::Mask(_)) => mask(out, named, item.integer()?.cast_unsigned(), version),
            _ => out.push_str(&item.integer()?.to_string()),
        },
        ItemType::LongInteger => out.push_str(&item.long_integer()?.to_string()),
        ItemType::BigInteger => value::hex(out, item.big_integer()?),
        ItemType::Enumeration => {
            let code = item.enumeration()?;
            let name = match listed(named) {
                Some(Listed::Enumeration(names) | Listed::Mask(names)) => names.name(code, version),
                Some(Listed::Tag) => Tag::new(code).and_then(|tag| tag.name(version)),
                None => None,
            };
            match name {
                Some(name) => out.push_str(name),
                None => out.push_str(&format!("0x{code:08x}")),
            }
        }
        ItemType::Boolean => out.push_str(if item.boolean()? { "true" } else { "false" }),
        ItemType::TextString => escape(out, item.text()?),
        ItemType::ByteString => value::hex(out, item.bytes()?),
        ItemType::DateTime => out.push_str(&value::write_date_time(item.date_time()?, None)),
        ItemType::Interval => out.push_str(&item.interval()?.to_string()),
        ItemType::DateTimeExtended => {
            let all = item.date_time_extended()?;
            let (seconds, rest) = (all.div_euclid(1_000_000), all.rem_euclid(1_000_000));
            out.push_str(&value::write_date_time(seconds, Some(rest)));
        }
    }
    Ok(())
}

fn mask(out: &mut String, named: Tag, bits: u32, version: Version) {
    let Some(Listed::Mask(names)) = listed(named) else { return };
    let set = (0..32).map(|shift| bits & (1 << shift)).filter(|bit| *bit != 0);
    for (nth, bit) in set.enumerate() {
        if nth > 0 {
            out.push(' ');
        }
        match names.name(bit, version) {
            Some(name) => out.push_str(name),
            None => out.push_str(&format!("0x{bit:08x}")),
        }
    }
    if bits == 0 {
        out.push('0');
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
}
