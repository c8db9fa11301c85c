//! Windows, read: whether an instant is in one, and when the next one begins.
//!
//! Both ask the same question of the wall clock's time. A window can only begin where the clock
//! shows its `from`, or where the clock is changed: those instants are tried, in their order.

use crate::{Settings, Window};
use if_policy::Issue;
use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

/// How far ahead the next window is looked for. Each comes every week; one that the clock's change
/// leaves out comes a week later.
const DAYS_AHEAD: i64 = 15;

const DAYS: &[(&str, Weekday)] = &[
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// All of them, in their zone.
pub struct Windows {
    zone: TimeZone,
    spans: Vec<Span>,
}

/// One window.
struct Span {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
}

impl Windows {
    /// # Errors
    /// Everything that makes no sense, with its place.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Issue>> {
        let mut issues = Vec::new();
        let zone = TimeZoneDatabase::bundled().get(&settings.zone);
        if zone.is_err() {
            let what = format!("unknown zone `{}`; one is Europe/Amsterdam", settings.zone);
            issues.push(Issue::at("/zone", what));
        }
        if settings.windows.is_empty() {
            issues.push(Issue::at("/windows", "has no window: nothing would ever change"));
        }
        let windows = settings.windows.iter().enumerate();
        let spans = windows.filter_map(|(index, it)| Span::read(index, it, &mut issues)).collect();
        match zone {
            Ok(zone) if issues.is_empty() => Ok(Self { zone, spans }),
            _ => Err(issues),
        }
    }

    /// Whether this instant, in milliseconds since 1970, is in one.
    pub fn covers(&self, at: u64) -> bool {
        instant(at).is_some_and(|at| self.shows(at))
    }

    /// When the next one begins, as people there write it.
    pub fn next(&self, at: u64) -> Option<String> {
        let at = instant(at)?;
        let mut begins: Vec<Timestamp> =
            self.begins(at).into_iter().filter(|it| *it > at).collect();
        begins.sort_unstable();
        let next = begins.into_iter().find(|it| self.shows(*it))?;
        Some(next.to_zoned(self.zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string())
    }

    /// Whether the clock there shows a time within a window.
    fn shows(&self, at: Timestamp) -> bool {
        let shown = self.zone.to_datetime(at);
        self.spans.iter().any(|span| span.covers(shown))
    }

    /// Every instant around which a window could begin.
    fn begins(&self, at: Timestamp) -> Vec<Timestamp> {
        let today = self.zone.to_datetime(at).date();
        let days = (0..=DAYS_AHEAD).filter_map(|days| today.checked_add(days.days()).ok());
        let begun = |day: Date| {
            let spans = self.spans.iter().filter(move |span| span.days.contains(&day.weekday()));
            spans.map(move |span| self.zone.to_ambiguous_timestamp(day.to_datetime(span.from)))
        };
        // The hour that comes twice: once as the earlier, once as the later.
        let both = |it: jiff::tz::AmbiguousTimestamp| [it.earlier().ok(), it.later().ok()];
        let last = at.checked_add((DAYS_AHEAD * 24).hours()).unwrap_or(at);
        let changes = self.zone.following(at).map(|it| it.timestamp());
        let changes = changes.take_while(|change| *change <= last);
        days.flat_map(begun).flat_map(both).flatten().chain(changes).collect()
    }
}

impl Span {
    /// `None` where something makes no sense, which is among the issues then.
    fn read(index: usize, window: &Window, issues: &mut Vec<Issue>) -> Option<Self> {
        let mut wrong = |field: &str, what: String| {
            issues.push(Issue::at(&format!("/windows/{index}/{field}"), what));
        };
        let known = |name: &String| DAYS.iter().find(|day| day.0 == name).map(|day| day.1);
        let days: Option<Vec<Weekday>> = window.days.iter().map(known).collect();
        let days = days.filter(|days| !days.is_empty());
        if days.is_none() {
            wrong("days", "must name days: mon, tue, wed, thu, fri, sat, sun".to_owned());
        }
        let mut read = |field, text: &str| {
            let time = clock(text);
            if time.is_none() {
                wrong(field, format!("`{text}` is no time from 00:00 to 23:59"));
            }
            time
        };
        let (from, to) = (read("from", &window.from), read("to", &window.to));
        Some(Self { days: days?, from: from?, to: to? })
    }

    fn covers(&self, shown: DateTime) -> bool {
        let (day, time) = (shown.date().weekday(), shown.time());
        let on = |day: Weekday| self.days.contains(&day);
        match self.to <= self.from {
            false => on(day) && self.from <= time && time < self.to,
            true => on(day) && self.from <= time || on(day.previous()) && time < self.to,
        }
    }
}

/// `HH:MM`
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hour)?, number(minute)?, 0, 0).ok()
}

fn instant(at: u64) -> Option<Timestamp> {
    Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()
}
