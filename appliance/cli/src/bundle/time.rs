//! Points in time as people write them: RFC 3339 with a zone, as in TOML.

use holdfast_model::Timestamp;
use toml::value::{Datetime, Offset};

const WRONG: &str = "write a time with date and zone, for instance 2026-11-22T12:00:00Z";

/// Reads a time from the command line.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    let datetime: Datetime = text.parse().map_err(|_| WRONG.to_owned())?;
    from_datetime(&datetime)
}

/// A TOML date-time with a zone. Times before 1970 are refused.
pub(super) fn from_datetime(datetime: &Datetime) -> Result<Timestamp, String> {
    let (Some(date), Some(time), Some(offset)) = (datetime.date, datetime.time, datetime.offset) else {
        return Err(WRONG.to_owned());
    };
    let minutes_ahead = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days_from_civil(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let minutes = days * 1440 + i64::from(time.hour) * 60 + i64::from(time.minute) - minutes_ahead;
    let seconds = minutes * 60 + i64::from(time.second.unwrap_or(0));
    let millis = seconds * 1000 + i64::from(time.nanosecond.unwrap_or(0) / 1_000_000);
    u64::try_from(millis)
        .map(Timestamp::from_millis)
        .map_err(|_| "times before 1970 are no use here".to_owned())
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back_as_it_is_written() {
        for text in ["1970-01-01T00:00:00.000Z", "2000-02-29T00:00:00.123Z", "2026-11-22T11:59:59.000Z"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_zone_is_honoured_and_must_be_there() {
        assert_eq!(parse("2026-01-01T01:30:00+01:30"), parse("2026-01-01T00:00:00Z"));
        for text in ["2026-01-01T00:00:00", "2026-01-01", "tomorrow", "1969-12-31T23:59:59Z"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
