//! Times in certificates: from text to seconds since 1970, and back.
//!
//! Rules: RFC 5280, section 4.1.2.5 (seconds, and `Z`; two digits of the year until 2049).

use crate::crypto::der::{self, Malformed, Reader, Room};

/// UTCTime.
const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
const GENERALIZED_TIME: u8 = 0x18;
/// The first second of 2050: from here on four digits are written.
const YEAR_2050: i64 = 2_524_608_000;
/// The last second of 9999, which RFC 5280 uses for "never".
pub const NEVER: i64 = 253_402_300_799;

/// Reads the time that comes next.
///
/// # Errors
/// [`Malformed`].
pub fn read(reader: &mut Reader<'_>) -> Result<i64, Malformed> {
    let element = reader.element()?;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (digits, rest) = element.content.split_at_checked(2).ok_or(Malformed)?;
            let year = number(digits)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (digits, rest) = element.content.split_at_checked(4).ok_or(Malformed)?;
            (number(digits)?, rest)
        }
        _ => return Err(Malformed),
    };
    let [a, b, c, d, e, f, g, h, i, j, b'Z'] = *rest else { return Err(Malformed) };
    let (month, day) = (number(&[a, b])?, number(&[c, d])?);
    let (hour, minute, second) = (number(&[e, f])?, number(&[g, h])?, number(&[i, j])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_of(year, month) {
        return Err(Malformed);
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Malformed);
    }
    Ok(((days_until(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Writes a time, in the form that its year demands.
pub fn write(out: &mut Room, seconds: i64) {
    let seconds = seconds.clamp(0, NEVER);
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let of_day = seconds.rem_euclid(86_400);
    let clock = format!("{:02}{:02}{:02}Z", of_day / 3600, of_day / 60 % 60, of_day % 60);
    if seconds < YEAR_2050 {
        let text = format!("{:02}{month:02}{day:02}{clock}", year % 100);
        der::write(out, UTC_TIME, text.as_bytes());
    } else {
        let text = format!("{year:04}{month:02}{day:02}{clock}");
        der::write(out, GENERALIZED_TIME, text.as_bytes());
    }
}

fn number(digits: &[u8]) -> Result<i64, Malformed> {
    digits.iter().try_fold(0_i64, |sum, digit| {
        if digit.is_ascii_digit() { Ok(sum * 10 + i64::from(digit - b'0')) } else { Err(Malformed) }
    })
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 until this date (of the Gregorian calendar, also before it was in use).
fn days_until(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leaps = |years: i64| years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    let whole = (year - 1970) * 365 + leaps(before) - leaps(1969);
    whole + (1..month).map(|month| days_of(year, month)).sum::<i64>() + day - 1
}

/// The date so many days after 1970-01-01.
fn date_of(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while days_until(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_until(year, month + 1, 1) <= days {
        month += 1;
    }
    (year, month, days - days_until(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use super::{NEVER, read, write};
    use crate::crypto::der::{Malformed, Reader, room};

    #[test]
    fn a_time_that_is_written_reads_the_same_in_its_one_form() {
        for (seconds, text) in [
            (0, &b"700101000000Z"[..]),
            (951_782_400, b"000229000000Z"),
            (1_353_567_890, b"121122070450Z"),
            (2_524_607_999, b"491231235959Z"),
            (2_524_608_000, b"20500101000000Z"),
            (NEVER, b"99991231235959Z"),
        ] {
            let mut out = room(32);
            write(&mut out, seconds);
            assert_eq!(out.get(2..), Some(text));
            assert_eq!(read(&mut Reader::new(&out)), Ok(seconds));
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            &b"\x17\x0d700230000000Z"[..],
            b"\x17\x0d701301000000Z",
            b"\x17\x0d700101240000Z",
            b"\x17\x0d7001010000000",
            b"\x17\x0b7001010000Z",
            b"\x18\x0d700101000000Z",
            b"\x18\x0f2023022900000aZ",
            b"\x18\x0f20230229000000Z",
        ] {
            assert_eq!(read(&mut Reader::new(text)), Err(Malformed));
        }
    }
}
