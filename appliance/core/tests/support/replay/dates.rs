//! Dates of cases: written years ago, told as if they were of today.

use super::tree::Node;

const DAY: i64 = 86_400;

/// Seconds since 1970 of `2010-02-11T13:01:59+00:00`.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let number = |range: core::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let zone = match text.get(19..) {
        Some(zone) if zone.len() == 6 => {
            let minutes = number(20..22)? * 60 + number(23..25)?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
        _ => 0,
    };
    Some(days(year, month, day) * DAY + hour * 3600 + (minute - zone) * 60 + second)
}

/// The same the other way.
pub(crate) fn print(seconds: i64) -> String {
    let (day, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (mut year, mut month) = (1970 + day.div_euclid(366) - 2, 1);
    while days(year + 1, 1, 1) <= day {
        year += 1;
    }
    while month < 12 && days(year, month + 1, 1) <= day {
        month += 1;
    }
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{:02}+00:00",
        day - days(year, month, 1) + 1,
        second % 60
    )
}

/// Days since 1970 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its odd day at its end.
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let century = year.div_euclid(100);
    year * 365 + year.div_euclid(4) - century + year.div_euclid(400) + of_year - 719_468
}

/// The first time that a case was written at, if it says so in figures.
pub(crate) fn first_time_stamp(text: &str) -> Option<i64> {
    let at = text.find("<TimeStamp")?;
    parse(text.get(at..)?.split("value=\"").nth(1)?.split('"').next()?)
}

/// The time of one response, if it is written in figures.
pub(crate) fn time_stamp(message: &Node) -> Option<i64> {
    parse(&message.all("TimeStamp").first()?.value)
}

/// The text with every date that is written in figures moved.
pub(crate) fn shifted(text: &str, by: i64) -> String {
    const DATE: &str = "type=\"DateTime\" value=\"";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(DATE) {
        let (before, after) = rest.split_at(at + DATE.len());
        let end = after.find('"').unwrap_or(0);
        let (value, after) = after.split_at(end);
        out.push_str(before);
        match parse(value) {
            Some(seconds) => out.push_str(&print(seconds + by)),
            None => out.push_str(value),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
