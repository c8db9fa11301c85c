//! What was measured, as the table of `docs/BENCH.md`: each line against its bar, met or not.

use std::time::Duration;

/// How a line stands to its bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Met,
    NotMet,
    /// There is no bar: the line explains another.
    Information,
}

/// One line of the table.
pub struct Row {
    pub what: String,
    pub ours: String,
    pub yardstick: String,
    pub ratio: String,
    pub bar: String,
    pub verdict: Verdict,
}

impl Verdict {
    /// Met when it is so.
    pub fn when(met: bool) -> Self {
        if met { Self::Met } else { Self::NotMet }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "**not met**",
            Self::Information => "",
        }
    }
}

impl Row {
    /// A line of one figure, without a bar.
    pub fn information(what: &str, ours: String) -> Self {
        let none = String::new;
        let (yardstick, ratio, bar) = (none(), none(), none());
        let verdict = Verdict::Information;
        Self { what: what.to_owned(), ours, yardstick, ratio, bar, verdict }
    }

    /// A line of one figure that has a bar.
    pub fn bar(what: &str, ours: String, bar: String, met: bool) -> Self {
        Self { bar, verdict: Verdict::when(met), ..Self::information(what, ours) }
    }

    /// Two medians, and how many times the yardstick ours may take; `None` where nothing is asked.
    pub fn compared(what: &str, ours: Duration, yardstick: Duration, at_most: Option<f64>) -> Self {
        let ratio = ours.as_secs_f64() / yardstick.as_secs_f64();
        Self {
            yardstick: ms(yardstick),
            ratio: format!("{ratio:.2}"),
            bar: at_most.map_or(String::new(), |bar| format!("≤ {bar} x")),
            verdict: at_most
                .map_or(Verdict::Information, |at_most| Verdict::when(ratio <= at_most)),
            ..Self::information(what, ms(ours))
        }
    }
}

/// The table in Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| What | Ours | Yardstick | Ratio | Bar | |\n");
    text.push_str("|---|---:|---:|---:|---:|---|\n");
    for row in rows {
        let Row { what, ours, yardstick, ratio, bar, verdict } = row;
        let verdict = verdict.word();
        text.push_str(&format!(
            "| {what} | {ours} | {yardstick} | {ratio} | {bar} | {verdict} |\n"
        ));
    }
    text
}

/// Milliseconds, as the table has them.
pub fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_judged_by_its_bar() {
        let ms = Duration::from_millis;
        let verdict = |at_most| Row::compared("x", ms(30), ms(20), at_most).verdict;
        assert_eq!(verdict(Some(1.5)), Verdict::Met);
        assert_eq!(verdict(Some(1.4)), Verdict::NotMet);
        assert_eq!(verdict(None), Verdict::Information);
    }

    #[test]
    fn what_is_not_met_stands_out() {
        let row = Row::bar("size", "31 MiB".into(), "≤ 30 MiB".into(), false);
        let table = markdown(&[row]);
        assert!(table.ends_with("| size | 31 MiB |  |  | ≤ 30 MiB | **not met** |\n"), "{table}");
    }
}
