//! Moments as Home Assistant reads them in a path: ISO 8601 with a zone.
//!
//! `now` is the host's time: a component has no clock of its own. The calendar is Howard Hinnant's
//! `civil_from_days`.

use if_sdk::Failure;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_SECONDS: u64 = 24 * 3600;

/// Seconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(u64);

impl Moment {
    /// The host's time.
    #[allow(clippy::disallowed_methods)] // inside a component this asks the host
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self(since.map_or(0, |since| since.as_secs()))
    }

    /// This many seconds earlier.
    pub fn before(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }

    /// This many seconds later.
    pub fn after(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// `2026-05-01T18:00:00+00:00`.
    pub fn text(self) -> String {
        let (days, second) = (self.0 / DAY_SECONDS, self.0 % DAY_SECONDS);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+00:00")
    }
}

/// Year, month and day of this many days since 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (400 * era + year_of_era + u64::from(month <= 2), month, day)
}

/// A moment that somebody typed: it is Home Assistant's to read, but must look like one, so that a
/// slip is told before it is sent. Without a zone it is UTC.
pub fn checked(text: &str) -> Result<String, Failure> {
    let shape = || {
        Failure::usage(format!("`{text}` is no moment such as 2026-05-01T18:00:00Z or 2026-05-01"))
    };
    let date = text.get(..10).ok_or_else(shape)?;
    let digits = |part: &str, count: usize| {
        part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = date.split('-').collect();
    let sound = matches!(parts.as_slice(), [year, month, day]
        if digits(year, 4) && digits(month, 2) && digits(day, 2));
    let rest = text.get(10..).unwrap_or_default();
    let fine = |byte: u8| byte.is_ascii_digit() || b":.+-Z".contains(&byte);
    match rest.as_bytes() {
        _ if !sound => Err(shape()),
        [] => Ok(format!("{date}T00:00:00+00:00")),
        [b'T' | b' ', clock @ ..] if clock.len() >= 5 && clock.iter().all(|byte| fine(*byte)) => {
            let clock = rest.get(1..).unwrap_or_default();
            let zoned = clock.contains(['Z', '+', '-']);
            Ok(format!("{date}T{clock}{}", if zoned { "" } else { "+00:00" }))
        }
        _ => Err(shape()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00+00:00"),
            (951_782_399, "2000-02-28T23:59:59+00:00"),
            (951_782_400, "2000-02-29T00:00:00+00:00"),
            (951_868_800, "2000-03-01T00:00:00+00:00"),
            (1_798_761_599, "2026-12-31T23:59:59+00:00"),
            (4_107_542_400, "2100-03-01T00:00:00+00:00"),
        ] {
            assert_eq!(Moment(seconds).text(), text);
        }
        assert_eq!(Moment(5).before(10), Moment(0));
        assert_eq!(Moment(5).after(10), Moment(15));
    }

    #[test]
    fn typed_moments_get_a_zone_and_slips_are_refused() {
        for (typed, sent) in [
            ("2026-05-01", "2026-05-01T00:00:00+00:00"),
            ("2026-05-01T18:00", "2026-05-01T18:00+00:00"),
            ("2026-05-01 18:00:00", "2026-05-01T18:00:00+00:00"),
            ("2026-05-01T18:00:00Z", "2026-05-01T18:00:00Z"),
            ("2026-05-01T18:00:00.5+02:00", "2026-05-01T18:00:00.5+02:00"),
        ] {
            assert_eq!(checked(typed), Ok(sent.to_owned()));
        }
        for bad in ["", "yesterday", "2026-5-1", "20260501", "2026-05-01T", "2026-05-01Tnoon!"] {
            assert!(matches!(checked(bad), Err(Failure::Usage(_))), "{bad}");
        }
    }
}
