//! Spells numbers, masks, bytes and dates as XML does.
//!
//! Rules: KMIP Additional Message Encodings 1.0, section 6.1.6; XML Schema 1.0 part 2 (dateTime, hexBinary).

use zeroize::Zeroizing;

use crate::attribute::AttributeName;
use crate::enums::{Listed, listed};
use crate::tag::Tag;

/// A number in decimal, or in hex with all its digits (`0x` and two per byte).
pub(super) fn integer(text: &str) -> Option<i32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok().map(u32::cast_signed),
        None => text.parse().ok(),
    }
}

/// The same with 64 bits.
pub(super) fn long_integer(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(u64::cast_signed),
        None => text.parse().ok(),
    }
}

/// The Integer of a mask, given by names and hex numbers.
pub(super) fn mask(tag: Tag, text: &str) -> Option<i32> {
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
pub(super) fn enumeration(tag: Tag, text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x") {
        return u32::from_str_radix(hex, 16).ok();
    }
    match listed(tag)? {
        Listed::Enumeration(names) | Listed::Mask(names) => names.value(text),
        Listed::Tag => Tag::named(text).map(Tag::number),
    }
}

/// The tag that names the values of an attribute in 1.x.
pub(super) fn attribute_tag(name: &str) -> Option<Tag> {
    AttributeName::from_text(name).tag()
}

/// Bytes in hex without prefix. They may be a key: wiped when dropped.
pub(super) fn bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks_exact(2) {
        out.push(u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    Some(out)
}

/// Writes bytes in hex.
pub(super) fn hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0xF] {
            out.push(DIGITS.get(usize::from(nibble)).copied().map_or('0', char::from));
        }
    }
}

/// Seconds since 1970 of `2001-01-01T10:00:00+10:00`, and microseconds of the second.
pub(super) fn date_time(text: &str) -> Option<(i64, i64)> {
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
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
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
pub(super) fn write_date_time(seconds: i64, microseconds: Option<i64>) -> String {
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
