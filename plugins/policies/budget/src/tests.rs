//! Budgets around their bounds, and money that does not compare.

use super::*;
use serde_json::json;

fn ruled(settings: Value, facts: &Facts) -> Ruling {
    let prepared = BudgetLine::prepare(serde_json::from_value(settings).unwrap()).unwrap();
    BudgetLine::evaluate(&prepared, &json!(facts).to_string()).unwrap()
}

fn plain() -> Value {
    json!({"hold-percent": 80, "deny-percent": 100})
}

fn dearest() -> Value {
    json!({"hold-percent": 80, "deny-percent": 100, "call-max": 2.50, "currency": "EUR"})
}

fn cost(micros: u64, currency: &str) -> Option<Cost> {
    Some(Cost { micros, currency: currency.to_owned() })
}

fn budget(used_micros: u64, limit_micros: u64, currency: &str) -> Budget {
    Budget {
        scope: "provider:openai".to_owned(),
        period: "month".to_owned(),
        currency: currency.to_owned(),
        limit_micros,
        used_micros,
    }
}

fn facts(cost: Option<Cost>, budgets: Vec<Budget>) -> Facts {
    Facts { cost, budgets, ..Facts::example("openai", "chat", Effect::Write) }
}

fn codes(ruling: &Ruling) -> Vec<&str> {
    ruling.reasons.iter().map(|it| it.code.as_str()).collect()
}

#[test]
fn nothing_known_is_allowed() {
    assert_eq!(ruled(dearest(), &facts(None, Vec::new())), Ruling::allow());
    assert_eq!(ruled(dearest(), &facts(cost(2_500_000, "EUR"), Vec::new())), Ruling::allow());
}

#[test]
fn a_budget_holds_beyond_one_share_and_denies_beyond_another() {
    for (used, verdict, said) in [
        (70_000_000, Verdict::Allow, vec![]),
        (79_000_000, Verdict::Allow, vec![]),
        (79_000_001, Verdict::Hold, vec!["near-budget"]),
        (99_000_000, Verdict::Hold, vec!["near-budget"]),
        (99_000_001, Verdict::Deny, vec!["over-budget"]),
    ] {
        let budgets = vec![budget(used, 100_000_000, "EUR")];
        let ruling = ruled(plain(), &facts(cost(1_000_000, "EUR"), budgets));
        assert_eq!((ruling.verdict, codes(&ruling)), (verdict, said), "{used}");
    }
}

#[test]
fn the_text_names_the_budget() {
    let budgets = vec![budget(100_000_000, 100_000_000, "EUR")];
    let ruling = ruled(plain(), &facts(cost(1, "EUR"), budgets));
    let expect = "it would be beyond 100 % of 100.00 EUR per month (provider:openai)";
    assert_eq!(ruling.reasons[0].text, expect);
}

#[test]
fn every_budget_of_the_currency_is_looked_at() {
    let budgets = vec![
        budget(85_000_000, 100_000_000, "EUR"),
        budget(500_000_000, 100_000_000, "USD"),
        budget(10_000_000, 10_000_000, "EUR"),
    ];
    let ruling = ruled(plain(), &facts(cost(1, "EUR"), budgets));
    assert_eq!(
        (ruling.verdict, codes(&ruling)),
        (Verdict::Deny, vec!["near-budget", "over-budget"])
    );
}

#[test]
fn without_a_cost_only_what_is_spent_already_denies() {
    let near = facts(None, vec![budget(95, 100, "EUR"), budget(100, 100, "USD")]);
    assert_eq!(ruled(plain(), &near), Ruling::allow());
    let beyond = facts(None, vec![budget(95, 100, "EUR"), budget(101, 100, "USD")]);
    let ruling = ruled(plain(), &beyond);
    assert_eq!((ruling.verdict, codes(&ruling)), (Verdict::Deny, vec!["over-budget"]));
}

#[test]
fn a_dear_command_waits() {
    let ruling = ruled(dearest(), &facts(cost(2_500_001, "EUR"), Vec::new()));
    assert_eq!((ruling.verdict, ruling.approvals), (Verdict::Hold, 1));
    assert_eq!(codes(&ruling), ["too-dear"]);
    assert_eq!(ruling.reasons[0].text, "it costs 2.500001 EUR, more than 2.50 EUR");
}

#[test]
fn another_currency_waits_because_it_does_not_compare() {
    let ruling = ruled(dearest(), &facts(cost(1, "USD"), Vec::new()));
    assert_eq!((ruling.verdict, codes(&ruling)), (Verdict::Hold, vec!["other-currency"]));
    // Nothing is nothing in every currency.
    assert_eq!(ruled(dearest(), &facts(cost(0, "USD"), Vec::new())), Ruling::allow());
}

#[test]
fn the_largest_numbers_do_not_wrap() {
    let budgets = vec![budget(u64::MAX, u64::MAX, "EUR")];
    let ruling = ruled(plain(), &facts(cost(u64::MAX, "EUR"), budgets));
    assert_eq!(codes(&ruling), ["over-budget"]);
    for (units, micros) in [(2.50, 2_500_000), (0.1, 100_000), (1e9, 1_000_000_000_000_000)] {
        let mut settings = dearest();
        settings["call-max"] = json!(units);
        let fits = ruled(settings.clone(), &facts(cost(micros, "EUR"), Vec::new()));
        let more = ruled(settings, &facts(cost(micros + 1, "EUR"), Vec::new()));
        assert_eq!((fits.verdict, more.verdict), (Verdict::Allow, Verdict::Hold), "{units}");
    }
}

#[test]
fn a_dry_run_spends_nothing() {
    let mut facts = facts(cost(9_000_000, "EUR"), vec![budget(101, 100, "EUR")]);
    facts.command.mode = Mode::DryRun;
    assert_eq!(ruled(dearest(), &facts), Ruling::allow());
}

#[test]
fn settings_that_make_no_sense_are_issues() {
    for (settings, at) in [
        (json!({"hold-percent": 80, "deny-percent": 100, "call-max": 1.0}), "/currency"),
        (json!({"hold-percent": 80, "deny-percent": 100, "currency": "EUR"}), "/currency"),
        (
            json!({"hold-percent": 80, "deny-percent": 100, "call-max": 1.0, "currency": "eur"}),
            "/currency",
        ),
        (json!({"hold-percent": 90, "deny-percent": 80}), "/hold-percent"),
    ] {
        let read: Settings = serde_json::from_value(settings.clone()).unwrap();
        let issues = BudgetLine::validate(&read, &Value::Null);
        let places: Vec<&str> = issues.iter().map(|it| it.at.as_str()).collect();
        assert_eq!(places, [at], "{settings}");
        assert_eq!(BudgetLine::prepare(read).unwrap_err(), issues, "{settings}");
    }
    let fine: Settings = serde_json::from_value(dearest()).unwrap();
    assert_eq!(BudgetLine::validate(&fine, &Value::Null), []);
}
