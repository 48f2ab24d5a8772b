//! Turns TTLV into XML.

use core::fmt::Write as _;

use zeroize::Zeroizing;

use crate::spelling::{self, Text, attribute_of, version_of};
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, ItemType, Limits, parse};
use crate::version::Version;

/// XML is longer than its TTLV, about so many times.
const TIMES_LONGER: usize = 6;

/// The XML of one message, two spaces a level, names as its version has them; wiped when dropped.
///
/// # Errors
/// [`DecodeError`]: the bytes are no TTLV.
pub fn from_ttlv(bytes: &[u8], limits: &Limits) -> Result<Zeroizing<String>, DecodeError> {
    let message = parse(bytes, limits)?;
    let version = version_of(message).unwrap_or(Version::V2_1);
    let mut out = Text::with_room(bytes.len().saturating_mul(TIMES_LONGER));
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
        let Some((children, name, attribute)) = open.last_mut() else { return Ok(out.done()) };
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

fn element(tag: Tag, version: Version) -> (String, String) {
    match tag.name(version) {
        Some(name) => (name.to_owned(), String::new()),
        None => ("TTLV".to_owned(), format!(" tag=\"0x{:06X}\"", tag.number())),
    }
}

fn leaf(out: &mut Text, item: &Item<'_>, named: Tag, version: Version) -> Result<(), DecodeError> {
    match item.ty() {
        ItemType::Structure => {}
        ItemType::Integer => {
            let value = item.integer()?;
            if value == 0 || !spelling::write_mask(out, named, value.cast_unsigned(), ' ', version) {
                out.push_str(&value.to_string());
            }
        }
        ItemType::LongInteger => out.push_str(&item.long_integer()?.to_string()),
        ItemType::BigInteger => spelling::hex(out, item.big_integer()?),
        ItemType::Enumeration => spelling::write_enumeration(out, named, item.enumeration()?, version),
        ItemType::Boolean => out.push_str(if item.boolean()? { "true" } else { "false" }),
        ItemType::TextString => escape(out, item.text()?),
        ItemType::ByteString => spelling::hex(out, item.bytes()?),
        ItemType::DateTime => out.push_str(&spelling::write_date_time(item.date_time()?, None)),
        ItemType::Interval => out.push_str(&item.interval()?.to_string()),
        ItemType::DateTimeExtended => {
            let all = item.date_time_extended()?;
            let (seconds, rest) = (all.div_euclid(1_000_000), all.rem_euclid(1_000_000));
            out.push_str(&spelling::write_date_time(seconds, Some(rest)));
        }
    }
    Ok(())
}

fn escape(out: &mut Text, text: &str) {
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
