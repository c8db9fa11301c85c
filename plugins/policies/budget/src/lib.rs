//! Before the money is gone, people are asked; when it is gone, nothing runs.
//!
//! The host refuses what no budget covers. This policy speaks earlier, and about a single command
//! that costs too much. Money is whole millionths throughout; the one number with a point,
//! `call-max`, is made one of them when the settings are prepared.

use if_policy::{Budget, Compiled, Cost, prelude::*};

/// Millionths of one unit of a currency.
const MICROS: f64 = 1e6;

/// Dearest command that may be written: its micros are still exact as a float.
const COST_MAX: f64 = 1e9;

/// The policy `budget`.
pub struct BudgetLine;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    hold_percent: u64,
    deny_percent: u64,
    call_max: Option<f64>,
    currency: Option<String>,
}

/// What `evaluate` decides by.
#[derive(Debug, Serialize, Deserialize)]
struct Limits {
    hold_percent: u64,
    deny_percent: u64,
    dearest: Option<Cost>,
}

impl Compiled for BudgetLine {
    type Settings = Settings;

    fn about() -> About {
        About::new("what costs too much waits, and what no budget covers does not run")
            .setting(int("hold-percent", "beyond so much of a budget, it waits", 1, 100).or(80))
            .setting(
                int("deny-percent", "beyond so much of a budget, it is denied", 1, 100).or(100),
            )
            .setting(decimal(
                "call-max",
                "a dearer command waits; in whole units, such as 2.50",
                0.0,
                COST_MAX,
            ))
            .setting(text("currency", "of `call-max`, such as EUR"))
            .reason("over-budget", "a budget would be, or is, beyond what may be spent of it")
            .reason("near-budget", "most of a budget would be spent")
            .reason("too-dear", "the command costs more than one command may")
            .reason("other-currency", "its cost cannot be compared with what one command may cost")
            .needs(Need::Budgets)
    }

    fn validate(settings: &Settings, _catalog: &Value) -> Vec<Issue> {
        let Settings { hold_percent: hold, deny_percent: deny, .. } = settings;
        let mut issues = Vec::new();
        if hold > deny {
            let message = format!("{hold} is above `deny-percent`, {deny}: nothing waits");
            issues.push(Issue::at("/hold-percent", message));
        }
        match (&settings.call_max, &settings.currency) {
            (Some(_), None) => issues.push(Issue::at("/currency", "`call-max` is of a currency")),
            (None, Some(_)) => issues.push(Issue::at("/currency", "there is no `call-max` of it")),
            (Some(_), Some(code)) if !is_code(code) => {
                let message = format!("`{code}` must be an ISO 4217 code such as USD");
                issues.push(Issue::at("/currency", message));
            }
            _ => {}
        }
        issues
    }

    fn prepare(settings: Settings) -> Result<Vec<u8>, Vec<Issue>> {
        let issues = Self::validate(&settings, &Value::Null);
        if !issues.is_empty() {
            return Err(issues);
        }
        let Settings { hold_percent, deny_percent, call_max, currency } = settings;
        let dearest = call_max
            .zip(currency)
            .map(|(units, currency)| Cost { micros: (units * MICROS).round() as u64, currency });
        serde_json::to_vec(&Limits { hold_percent, deny_percent, dearest })
            .map_err(|error| vec![Issue::at("", error.to_string())])
    }

    fn evaluate(prepared: &[u8], facts: &str) -> Result<Ruling, String> {
        let limits: Limits = serde_json::from_slice(prepared).map_err(|it| it.to_string())?;
        let facts: Facts = serde_json::from_str(facts).map_err(|it| it.to_string())?;
        Ok(limits.decide(&facts))
    }
}

impl Limits {
    fn decide(&self, facts: &Facts) -> Ruling {
        if facts.command.mode == Mode::DryRun {
            return Ruling::allow();
        }
        let ruling = match &facts.cost {
            Some(cost) => self.dear(cost),
            None => Ruling::allow(),
        };
        facts.budgets.iter().fold(ruling, |ruling, it| ruling.and(self.held(it, &facts.cost)))
    }

    /// The cost of one command.
    fn dear(&self, cost: &Cost) -> Ruling {
        let Some(dearest) = &self.dearest else { return Ruling::allow() };
        if cost.micros > 0 && cost.currency != dearest.currency {
            let text =
                format!("it costs {}, and `call-max` is in {}", shown(cost), dearest.currency);
            return Ruling::hold("other-currency", text);
        }
        if cost.micros > dearest.micros {
            let text = format!("it costs {}, more than {}", shown(cost), shown(dearest));
            return Ruling::hold("too-dear", text);
        }
        Ruling::allow()
    }

    /// One budget. Without a known cost only one that is beyond already says anything.
    fn held(&self, budget: &Budget, cost: &Option<Cost>) -> Ruling {
        let Budget { scope, period, currency, .. } = budget;
        let micros = match cost {
            Some(cost) if cost.currency != *currency => return Ruling::allow(),
            Some(cost) => cost.micros,
            None => 0,
        };
        let beyond = |percent| is_beyond(budget, micros, percent);
        let text = |percent| {
            let limit = Cost { micros: budget.limit_micros, currency: currency.clone() };
            format!("it would be beyond {percent} % of {} per {period} ({scope})", shown(&limit))
        };
        if beyond(self.deny_percent) {
            Ruling::deny("over-budget", text(self.deny_percent))
        } else if cost.is_some() && beyond(self.hold_percent) {
            Ruling::hold("near-budget", text(self.hold_percent))
        } else {
            Ruling::allow()
        }
    }
}

/// Three 64-bit numbers never overflow here.
fn is_beyond(budget: &Budget, cost_micros: u64, percent: u64) -> bool {
    let spent = u128::from(budget.used_micros) + u128::from(cost_micros);
    spent * 100 > u128::from(budget.limit_micros) * u128::from(percent)
}

fn is_code(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// `2.50 EUR`, and further digits where there are any.
fn shown(cost: &Cost) -> String {
    let (units, rest) = (cost.micros / 1_000_000, format!("{:06}", cost.micros % 1_000_000));
    let (cents, digits) = rest.split_at(2);
    format!("{units}.{cents}{} {}", digits.trim_end_matches('0'), cost.currency)
}

if_policy::policy!(BudgetLine);

#[cfg(test)]
mod tests;
