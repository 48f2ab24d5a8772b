//! Turns TTLV into JSON.

use core::fmt::Write as _;
use zeroize::Zeroizing;

use crate::spelling::{self, Text, attribute_of, version_of};
use crate::tag::Tag;
use crate::ttlv::{Children, DecodeError, Item, ItemType, Limits, parse};
use crate::version::Version;

/// JSON is longer than its TTLV, about so many times.
const TIMES_LONGER: usize = 6;

/// The JSON of one message, an object a line, two spaces a level, names as its version has them; wiped when dropped.
///
/// # Errors
/// [`DecodeError`]: the bytes are no TTLV.
pub fn from_ttlv(bytes: &[u8], limits: &Limits) -> Result<Zeroizing<String>, DecodeError> {
    let message = parse(bytes, limits)?;
    let version = version_of(message).unwrap_or(Version::V2_1);
    let mut out = Text::with_room(bytes.len().saturating_mul(TIMES_LONGER));
    // What is still to be written of each open structure.
    let mut open: Vec<(Children<'_>, Option<Tag>)> = Vec::new();
    let mut next = Some((message, None));
    loop {
        if let Some((item, attribute)) = next.take() {
            let indent = "  ".repeat(open.len());
            // Writing to a string cannot fail.
            let _ = match item.tag().name(version) {
                Some(name) => write!(out, "{indent}{{\"tag\":\"{name}\", "),
                None => write!(out, "{indent}{{\"tag\":\"0x{:06X}\", ", item.tag().number()),
            };
            if item.ty() == ItemType::Structure {
                let children = item.children()?;
                if children.encoded().is_empty() {
                    out.push_str("\"value\":[]}");
                } else {
                    out.push_str("\"value\":[\n");
                    open.push((children, attribute_of(children)));
                    next = first(&mut open);
                    continue;
                }
            } else {
                let _ = write!(out, "\"type\":\"{:?}\", \"value\":", item.ty());
                let named = attribute.filter(|_| item.tag() == Tag::ATTRIBUTE_VALUE).unwrap_or(item.tag());
                leaf(&mut out, &item, named, version)?;
                out.push('}');
            }
        }
        if open.is_empty() {
            out.push('\n');
            return Ok(out.done());
        }
        next = first(&mut open);
        if next.is_some() {
            out.push_str(",\n");
        } else {
            open.pop();
            let _ = write!(out, "\n{}]}}", "  ".repeat(open.len()));
        }
    }
}

/// The next child of the structure opened last.
fn first<'a>(open: &mut [(Children<'a>, Option<Tag>)]) -> Option<(Item<'a>, Option<Tag>)> {
    let (children, attribute) = open.last_mut()?;
    children.next().map(|child| (child, *attribute))
}

fn leaf(out: &mut Text, item: &Item<'_>, named: Tag, version: Version) -> Result<(), DecodeError> {
    let quoted = !matches!(item.ty(), ItemType::Boolean);
    if quoted {
        out.push('"');
    }
    match item.ty() {
        ItemType::Structure => {}
        ItemType::Integer => {
            let bits = item.integer()?.cast_unsigned();
            if bits == 0 || !spelling::write_mask(out, named, bits, '|', version) {
                let _ = write!(out, "0x{bits:08x}");
            }
        }
        ItemType::LongInteger => {
            let _ = write!(out, "0x{:016x}", item.long_integer()?);
        }
        ItemType::BigInteger => {
            out.push_str("0x");
            spelling::hex(out, item.big_integer()?);
        }
        ItemType::Enumeration => spelling::write_enumeration(out, named, item.enumeration()?, version),
        ItemType::Boolean => out.push_str(if item.boolean()? { "true" } else { "false" }),
        ItemType::TextString => escape(out, item.text()?),
        ItemType::ByteString => spelling::hex(out, item.bytes()?),
        ItemType::DateTime => out.push_str(&spelling::write_date_time(item.date_time()?, None)),
        ItemType::Interval => {
            let _ = write!(out, "0x{:08x}", item.interval()?);
        }
        ItemType::DateTimeExtended => {
            let all = item.date_time_extended()?;
            let (seconds, rest) = (all.div_euclid(1_000_000), all.rem_euclid(1_000_000));
            out.push_str(&spelling::write_date_time(seconds, Some(rest)));
        }
    }
    if quoted {
        out.push('"');
    }
    Ok(())
}

fn escape(out: &mut Text, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}
