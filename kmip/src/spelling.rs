//! Spells numbers, names, masks, bytes and dates as the text encodings do.
//!
//! Separate from `xml` and `json` because both spell alike. Text that is written may hold secrets: it is wiped when it moves and
//! when it is dropped.
//! Rules: KMIP Additional Message Encodings 1.0, sections 4.1.6 and 6.1.6; XML Schema 1.0 part 2 (dateTime, hexBinary).

use core::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::attribute::AttributeName;
use crate::enums::{Listed, listed};
use crate::field::Field;
use crate::tag::Tag;
use crate::ttlv::{Children, Item, ItemType};
use crate::version::{ProtocolVersion, Version};

/// Text that is being written.
#[derive(Default)]
pub(crate) struct Text {
    text: Zeroizing<String>,
}

impl Text {
    /// With room for so many bytes before it moves for the first time.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Text { text: Zeroizing::new(String::with_capacity(bytes)) }
    }

    pub(crate) fn push_str(&mut self, more: &str) {
        let wanted = self.text.len().saturating_add(more.len());
        if wanted > self.text.capacity() {
            let mut grown = String::with_capacity(wanted.saturating_mul(2));
            grown.push_str(&self.text);
            self.text.zeroize();
            *self.text = grown;
        }
        self.text.push_str(more);
    }

    pub(crate) fn push(&mut self, more: char) {
        self.push_str(more.encode_utf8(&mut [0; 4]));
    }

    pub(crate) fn done(self) -> Zeroizing<String> {
        self.text
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.push_str(more);
        Ok(())
    }
}

/// The type of a name.
pub(crate) fn item_type(name: &str) -> Option<ItemType> {
    Some(match name {
        "Structure" => ItemType::Structure,
        "Integer" => ItemType::Integer,
        "LongInteger" => ItemType::LongInteger,
        "BigInteger" => ItemType::BigInteger,
        "Enumeration" => ItemType::Enumeration,
        "Boolean" => ItemType::Boolean,
        "TextString" => ItemType::TextString,
        "ByteString" => ItemType::ByteString,
        "DateTime" => ItemType::DateTime,
        "Interval" => ItemType::Interval,
        "DateTimeExtended" => ItemType::DateTimeExtended,
        _ => return None,
    })
}

/// The tag of a name, or of `0x` and six hex digits.
pub(crate) fn tag(name: &str) -> Option<Tag> {
    match name.strip_prefix("0x") {
        Some(digits) if digits.len() == 6 => u32::from_str_radix(digits, 16).ok().and_then(Tag::new),
        Some(_) => None,
        None => Tag::named(name),
    }
}

/// The version that a message says it is in.
pub(crate) fn version_of(message: Item<'_>) -> Option<Version> {
    let header = message
        .children()
        .ok()?
        .find(|child| matches!(child.tag(), Tag::REQUEST_HEADER | Tag::RESPONSE_HEADER))?;
    let number = header.children().ok()?.find(|child| child.tag() == Tag::PROTOCOL_VERSION)?;
    <ProtocolVersion as Field<'_>>::decode(number, Version::V1_0).ok()?.spoken()
}

/// Which attribute a 1.x Attribute structure holds.
pub(crate) fn attribute_of(mut children: Children<'_>) -> Option<Tag> {
    children.find(|child| child.tag() == Tag::ATTRIBUTE_NAME)?.text().ok().and_then(attribute_tag)
}

/// Writes an enumerated value by name if it has one, else in hex.
pub(crate) fn write_enumeration(out: &mut Text, named: Tag, code: u32, version: Version) {
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

/// Writes the bits of a mask by name; `false` if the field is no mask.
pub(crate) fn write_mask(out: &mut Text, named: Tag, bits: u32, between: char, version: Version) -> bool {
    let Some(Listed::Mask(names)) = listed(named) else { return false };
    let set = (0..32).map(|shift| bits & (1 << shift)).filter(|bit| *bit != 0);
    for (nth, bit) in set.enumerate() {
        if nth > 0 {
            out.push(between);
        }
        match names.name(bit, version) {
            Some(name) => out.push_str(name),
            None => out.push_str(&format!("0x{bit:08x}")),
        }
    }
    true
}

/// A number in decimal, or in hex with all its digits (`0x` and two per byte).
pub(crate) fn integer(text: &str) -> Option<i32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok().map(u32::cast_signed),
        None => text.parse().ok(),
    }
}

/// The same with 64 bits.
pub(crate) fn long_integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

/// The Integer of a mask, given by names and hex numbers.
pub(crate) fn mask(tag: Tag, text: &str) -> Option<i32> {
    let Some(Listed::Mask(names)) = listed(tag) else { return None };
    let mut bits = 0;
    for word in text.split([' ', '|']).filter(|word| !word.is_empty()) {
        bits |= match word.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => names.value(word)?,
        };
    }
    Some(bits.cast_signed())
}

/// The number of an enumerated value, given by name or in hex.
pub(crate) fn enumeration(tag: Tag, text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    match listed(tag)? {
        Listed::Enumeration(names) | Listed::Mask(names) => names.value(text),
        Listed::Tag => Tag::named(text).map(Tag::number),
    }
}

/// The tag that names the values of an attribute in 1.x.
pub(crate) fn attribute_tag(name: &str) -> Option<Tag> {
    AttributeName::from_text(name).tag()
}

/// Bytes in hex without prefix. They may be a key: wiped when dropped.
pub(crate) fn bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        out.push(u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    Some(out)
}

/// Writes bytes in hex.
pub(crate) fn hex(out: &mut Text, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0xF] {
            out.push(DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from));
        }
    }
}

/// Seconds since 1970 of `2001-01-01T10:00:00+10:00`, and microseconds of the second.
pub(crate) fn date_time(text: &str) -> Option<(i64, i64)> {
    let (date, time) = text.split_once('T')?;
    let negative = date.starts_with('-');
    let mut parts = date.trim_start_matches('-').splitn(3, '-');
    let year: i64 = parts.next()?.parse().ok()?;
    let year = if negative { -year } else { year };
    let month: i64 = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
    let day: i64 = parts.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => (time.get(..at)?, time.get(at..)?),
        None => (time, "Z"),
    };
    let offset = match zone.strip_prefix('Z') {
        Some("") => 0,
        Some(_) => return None,
        None => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let hours: i64 = hours.parse().ok().filter(|hours| (0..24).contains(hours))?;
            let minutes: i64 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
            let seconds = hours * 3600 + minutes * 60;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let mut parts = time.splitn(3, ':');
    let hours: i64 = parts.next()?.parse().ok().filter(|hours| (0..=24).contains(hours))?;
    let minutes: i64 = parts.next()?.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    let seconds: i64 = parts.next()?.parse().ok().filter(|seconds| (0..=60).contains(seconds))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || !(-200_000..=200_000).contains(&year) {
        return None;
    }
    let microseconds = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let days = days_since_1970(year, month, day);
    Some((days * 86_400 + hours * 3600 + minutes * 60 + seconds - offset, microseconds))
}

/// Writes seconds since 1970 as `2001-01-01T00:00:00+00:00`.
pub(crate) fn write_date_time(seconds: i64, microseconds: Option<i64>) -> String {
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let (year, month, day) = civil(days);
    let fraction = microseconds.map(|micro| format!(".{micro:06}")).unwrap_or_default();
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}{fraction}+00:00")
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that the leap day is the last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The day of the Gregorian calendar that is so many days after 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::date_time;

    #[test]
    fn a_zone_of_more_hours_than_a_day_has_is_no_zone() {
        assert_eq!(date_time("1970-01-01T10:00:00+10:00"), Some((0, 0)));
        for zone in ["+24:00", "+00:60", "+9223372036854775807:00", "+00:9223372036854775807", "+-1:00"] {
            assert_eq!(date_time(&format!("1970-01-01T10:00:00{zone}")), None, "{zone}");
        }
    }
}
