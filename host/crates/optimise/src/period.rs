//! For how long a budget holds. Days and months are those of UTC, as the log's times are.

use if_core::UnixMillis;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};
use std::fmt;

/// After which time the counting begins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    Daily,
    Monthly,
    /// Never.
    Total,
}

impl Period {
    /// All of them.
    pub const ALL: [Period; 3] = [Period::Daily, Period::Monthly, Period::Total];

    /// The word, as it is typed and stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Daily => "daily",
            Period::Monthly => "monthly",
            Period::Total => "total",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == text)
    }

    /// The stretch of time that `at` lies in: `2026-11-30`, `2026-11`, `total`.
    pub fn bucket(self, at: UnixMillis) -> String {
        let date = date(at);
        match self {
            Period::Daily => date.to_string(),
            Period::Monthly => format!("{:04}-{:02}", date.year(), date.month()),
            Period::Total => "total".to_owned(),
        }
    }

    /// When the stretch that `at` lies in begins and ends; a total never does.
    pub fn bounds(self, at: UnixMillis) -> Option<(UnixMillis, UnixMillis)> {
        let date = date(at);
        let (first, next) = match self {
            Period::Daily => (date, date.tomorrow().ok()?),
            Period::Monthly => {
                (date.first_of_month(), date.first_of_month().checked_add(1.month()).ok()?)
            }
            Period::Total => return None,
        };
        Some((begin(first)?, begin(next)?))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The day; beyond the calendar's end it is its last.
fn date(at: UnixMillis) -> Date {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    time.to_zoned(TimeZone::UTC).date()
}

fn begin(date: Date) -> Option<UnixMillis> {
    let time = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
    u64::try_from(time.as_millisecond()).ok().map(UnixMillis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_those_of_utc() {
        let at = UnixMillis(1_772_323_199_999); // 2026-02-28T23:59:59.999Z
        assert_eq!(Period::Daily.bucket(at), "2026-02-28");
        assert_eq!(Period::Monthly.bucket(at), "2026-02");
        assert_eq!(Period::Total.bucket(at), "total");
        let next = at.plus_millis(1);
        assert_eq!(Period::Daily.bucket(next), "2026-03-01");
        assert_eq!(Period::Monthly.bucket(next), "2026-03");
        assert_eq!(Period::Daily.bounds(at).unwrap().1, next);
        assert_eq!(Period::Monthly.bounds(next).unwrap().0, next);
        assert_eq!(Period::Total.bounds(at), None);
        assert_eq!(Period::Daily.bucket(UnixMillis(u64::MAX)), "9999-12-30");
    }
}
