//! Money: no call starts that could overspend, what was spent is what the log says, and a process
//! that dies owes what it set aside.

use crate::lab::{Lab, sql};
use if_servers::Size;
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn metered() -> Lab {
    let lab = Lab::with(&["meter"]);
    lab.run(["meter", "add", "here"]).ok();
    lab
}

fn set(lab: &Lab, words: &str) -> Value {
    lab.run(["optimise", "budget", "set"].into_iter().chain(words.split(' ')).chain(["--json"]))
        .json()
}

/// What is spent of the only budget.
fn spent(lab: &Lab) -> u64 {
    let status = lab.run(["optimise", "budget", "status", "--json"]).json();
    status["budgets"][0]["spent_micros"].as_u64().unwrap()
}

/// The outcome of the newest operation.
fn outcome(lab: &Lab) -> Value {
    let found = lab.run(["witness", "query", "--provider", "meter", "--json", "-n", "1"]).json();
    let entry = &found["entries"][0];
    entry.get("closed").unwrap_or(&entry["opened"])["leaf"].clone()
}

fn verified(lab: &Lab) -> String {
    lab.run(["optimise", "verify"]).ok()
}

#[test]
fn a_budget_lets_through_what_it_admits_and_names_itself_when_it_stops() {
    let lab = metered();
    set(&lab, "provider:meter 0.05 USD --period daily");
    lab.run(["meter", "buy", "here"]).ok();
    lab.run(["meter", "buy", "here"]).ok();
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_BUDGET", 5);
    assert!(said.contains("the daily budget of provider:meter (0.05 USD) has 0.01 left"), "{said}");
    assert!(
        said.contains("ifctl optimise budget set provider:meter 0.06 USD --period daily"),
        "{said}"
    );
    assert_eq!(spent(&lab), 40_000);
    let denied = outcome(&lab);
    assert_eq!(
        (&denied["kind"], &denied["outcome"]["code"]),
        (&"denied".into(), &"IF_ERR_BUDGET".into())
    );
    set(&lab, "provider:meter 0.06 USD --period daily");
    lab.run(["meter", "buy", "here"]).ok();
    assert_eq!(spent(&lab), 60_000);
    let told = verified(&lab);
    assert!(told.starts_with("3 operations and 12 sums follow from the"), "{told}");
}

#[test]
fn what_is_reserved_before_is_settled_after_and_stands_in_the_log() {
    let lab = metered();
    set(&lab, "global 1 USD");
    lab.run(["meter", "chat", "here", "--in", "10", "--out", "1"]).ok();
    let leaf = outcome(&lab);
    assert_eq!(leaf["reserved_micros"], 300 + 600, "{leaf}");
    assert_eq!((&leaf["cost_micros"], &leaf["currency"]), (&3.into(), &"USD".into()), "{leaf}");
    assert_eq!(leaf["category"], "test", "{leaf}");
    lab.run(["meter", "chat", "here"]).ok();
    assert_eq!(outcome(&lab)["cost_micros"], 900, "what is not reported costs its reservation");
    lab.run(["meter", "last", "here", "--millis", "30"]).ok();
    let leaf = outcome(&lab);
    let (cost, wall) =
        (leaf["cost_micros"].as_u64().unwrap(), leaf["timing"]["wall_ms"].as_u64().unwrap());
    assert_eq!((cost, leaf["reserved_micros"].as_u64()), (wall, Some(20_000)), "{leaf}");
    assert_eq!(spent(&lab), 903 + cost);
    let explained = lab.run(["witness", "explain", leaf["operation"].as_str().unwrap()]).ok();
    assert!(explained.contains("budget global monthly: 0.999097 of 1.00 USD left"), "{explained}");
    verified(&lab);
}

#[test]
fn a_share_of_an_amount_is_owed_unless_the_payment_failed() {
    let lab = metered();
    set(&lab, "global 1 USD");
    lab.run(["meter", "pay", "here", "1001", "--currency", "usd"]).ok();
    assert_eq!(outcome(&lab)["cost_micros"], 590_290);
    lab.run(["meter", "pay", "here", "100", "--fail"]).fails("IF_ERR_PROVIDER", 1);
    assert_eq!(outcome(&lab)["cost_micros"], 0);
    assert_eq!(spent(&lab), 590_290);
    lab.run(["meter", "pay", "here", "100000"]).fails("IF_ERR_BUDGET", 5);
    let said =
        lab.run(["meter", "pay", "here", "1", "--currency", "eur"]).fails("IF_ERR_CURRENCY", 5);
    assert!(said.contains("the amount is in EUR, and the price of `meter pay` in USD"), "{said}");
    verified(&lab);
}

#[test]
fn a_bill_above_the_budget_stands_is_named_and_blocks_the_next() {
    let lab = metered();
    set(&lab, "global 0.00001 USD --alert 50");
    let told = lab.run(["meter", "spend", "here", "25"]);
    assert!(
        told.stderr.contains("budget global monthly: 0.00 of 0.00001 USD left"),
        "{}",
        told.stderr
    );
    told.ok();
    assert_eq!(spent(&lab), 25);
    lab.run(["meter", "spend", "here", "0"]).fails("IF_ERR_BUDGET", 5);
    let alerts = lab.run(["optimise", "budget", "alerts", "--json"]).json();
    assert_eq!(alerts["alerts"].as_array().unwrap().len(), 1, "{alerts}");
    let advice = lab.run(["optimise", "recommendations"]).ok();
    assert!(advice.contains("meter spend: give it a price"), "{advice}");
    assert!(advice.contains("global monthly: raise it"), "{advice}");
    verified(&lab);
}

#[test]
fn money_that_a_plugin_asks_for_while_it_runs_is_held_against_every_budget() {
    let lab = metered();
    set(&lab, "instance:meter/here 0.000100 USD");
    let said = lab.run(["meter", "hold", "here", "101"]).fails("IF_ERR_BUDGET", 5);
    assert!(said.contains("the monthly budget of instance:meter/here"), "{said}");
    assert_eq!(spent(&lab), 0);
    lab.run(["meter", "hold", "here", "60"]).ok();
    assert_eq!((spent(&lab), outcome(&lab)["cost_micros"].as_u64()), (60, Some(60)));
    lab.run(["meter", "hold", "here", "41"]).fails("IF_ERR_BUDGET", 5);
    verified(&lab);
}

#[test]
fn a_killed_command_owes_what_it_set_aside() {
    let lab = metered();
    set(&lab, "global 1 USD");
    let mut command = lab.command(["meter", "hold", "here", "500", "--millis", "15000"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(20);
    while spent(&lab) != 500 {
        assert!(Instant::now() < patience, "nothing was reserved");
    }
    verified(&lab);
    child.kill().unwrap();
    child.wait().unwrap();
    verified(&lab);
    let leaf = outcome(&lab);
    assert_eq!(leaf["outcome"]["status"], "unknown", "{leaf}");
    assert_eq!((&leaf["cost_micros"], &leaf["currency"]), (&500.into(), &"USD".into()), "{leaf}");
    assert_eq!(spent(&lab), 500);
    let report = lab.run(["optimise", "report", "--json"]).json();
    assert_eq!(report["report"][0]["cost_micros"], 500, "{report}");
}

#[test]
fn the_operators_price_goes_before_the_signed_one_and_before_what_the_plugin_reports() {
    let lab = metered();
    fs::write(
        lab.home().join("prices.yaml"),
        "prices:\n  - provider: meter\n    currency: EUR\n    call: 0.5\n",
    )
    .unwrap();
    lab.run(["meter", "buy", "here"]).ok();
    let leaf = outcome(&lab);
    assert_eq!((&leaf["cost_micros"], &leaf["currency"]), (&500_000.into(), &"EUR".into()));
    lab.run(["meter", "spend", "here", "7"]).ok();
    assert_eq!(outcome(&lab)["cost_micros"], 500_000);
    let shown = lab.run(["optimise", "prices", "meter"]).ok();
    assert!(shown.contains("prices.yaml") && shown.contains("2.9 % of cents and 0.30"), "{shown}");
    set(&lab, "global 1 USD");
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_CURRENCY", 5);
    assert!(said.contains("this costs EUR, and the budget of global counts USD"), "{said}");
    set(&lab, "global 2 EUR");
    lab.run(["meter", "buy", "here"]).ok();
    fs::remove_file(lab.home().join("prices.yaml")).unwrap();
    lab.run(["meter", "buy", "here"]).ok();
    let costs = lab.run(["witness", "cost", "--json"]).json();
    let sums: Vec<(u64, &str)> = costs["costs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["cost_micros"].as_u64().unwrap(), it["currency"].as_str().unwrap()))
        .collect();
    assert_eq!(sums, [(1_500_000, "EUR"), (20_000, "USD")], "two currencies are never added");
    verified(&lab);
    fs::write(lab.home().join("prices.yaml"), "prices:\n  - provider: meter\n    calls: 1\n")
        .unwrap();
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_CONFIG", 2);
    assert!(said.contains("prices.yaml:3:5") && said.contains("did you mean `call`?"), "{said}");
}

#[test]
fn agents_and_swarms_have_budgets_of_their_own() {
    let lab = metered();
    set(&lab, "agent:night 0.03 USD");
    let run = |agent: &str| {
        lab.command(["meter", "buy", "here"]).env("IF_AGENT", agent).output().unwrap().status.code()
    };
    assert_eq!((run("night"), run("night"), run("day")), (Some(0), Some(5), Some(0)));
    assert_eq!(outcome(&lab)["agent"], "day");
    let wrong = lab.command(["meter", "buy", "here"]).env("IF_SWARM", "No Name").output().unwrap();
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(wrong.status.code() == Some(2) && said.contains("IF_SWARM"), "{said}");
    let report = lab.run(["optimise", "report", "--group-by", "agent"]).ok();
    assert!(report.contains("night") && report.contains("day"), "{report}");
    verified(&lab);
}

#[test]
fn a_dry_run_owes_nothing_for_the_call_that_it_does_not_make() {
    let lab = metered();
    set(&lab, "global 0.01 USD");
    lab.run(["meter", "buy", "here", "--dry-run"]).ok();
    assert_eq!(spent(&lab), 0);
    lab.run(["meter", "buy", "here"]).fails("IF_ERR_BUDGET", 5);
}

#[test]
fn budgets_are_set_looked_at_and_taken_away() {
    let lab = metered();
    let shown = set(&lab, "category:test 10 usd --period total --alert 90");
    assert_eq!(shown["budget"]["currency"], "USD", "{shown}");
    lab.run(["meter", "buy", "here"]).ok();
    let status = lab.run(["optimise", "budget", "status"]).ok();
    assert!(status.contains("category:test") && status.contains("9.98"), "{status}");
    let history = lab.run(["optimise", "budget", "history", "category:test"]).ok();
    assert!(history.contains("0.02 USD"), "{history}");
    let forecast = lab.run(["optimise", "forecast", "--json"]).json();
    assert_eq!(forecast["forecasts"][0]["expected_micros"], Value::Null, "a total has no end");
    let note = lab.run(["witness", "query", "--text", "budget of category:test"]).ok();
    assert!(!note.contains("no entries"), "{note}");
    let remove = ["optimise", "budget", "remove", "category:test", "USD", "--period", "total"];
    lab.run(remove).ok();
    lab.run(remove).fails("IF_ERR_USAGE", 2);
    for (words, hint) in [
        ("team:x 1 USD", "global, category:NAME"),
        ("global one USD", "write it as 100 or 0.50"),
        ("global 1 dollars", "write USD"),
    ] {
        let words = ["optimise", "budget", "set"].into_iter().chain(words.split(' '));
        let said = lab.run(words).fails("IF_ERR_USAGE", 2);
        assert!(said.contains(hint), "{said}");
    }
}

#[test]
fn books_that_were_cooked_are_named() {
    let lab = metered();
    lab.run(["meter", "buy", "here"]).ok();
    lab.run(["meter", "buy", "here"]).ok();
    verified(&lab);
    for (edit, undo, word) in [
        (
            "update spent set micros = 0 where scope = 'global'",
            "update spent set micros = 40000 where scope = 'global'",
            "the sum of global",
        ),
        ("update spending set cost = 1", "update spending set cost = 20000", "its cost is"),
        (
            "update spending set reserved = 1, cost = null",
            "update spending set reserved = 20000, cost = 20000",
            "its cost is",
        ),
        ("update spending set agent = 'x'", "update spending set agent = null", "its payer is"),
    ] {
        sql(&lab, edit);
        let said = lab.run(["optimise", "verify"]).fails("IF_ERR_LEDGER_BROKEN", 4);
        assert!(said.contains(word), "{said}");
        sql(&lab, undo);
        verified(&lab);
    }
    sql(&lab, "delete from spending");
    let said = lab.run(["optimise", "verify"]).fails("IF_ERR_LEDGER_BROKEN", 4);
    assert!(said.contains("is not in the ledger"), "{said}");
}

/// `--tasks N` of `cargo xtask test`, 64 at a time at most.
#[test]
fn many_processes_spend_a_budget_to_its_last_call_and_no_further() {
    race(&metered());
}

#[test]
fn many_processes_spend_a_budget_on_a_server_to_its_last_call_and_no_further() {
    if !if_servers::require!(Postgres) {
        return;
    }
    let server = if_servers::Postgres::start().unwrap();
    let lab = crate::stores::server::lab(&server);
    lab.install("meter");
    lab.run(["meter", "add", "here"]).ok();
    race(&lab);
}

/// Sends commands against a budget that admits a part of them.
fn race(lab: &Lab) {
    const ADMITTED: usize = 20;
    let tasks = Size::Tasks.asked() as usize;
    let admitted = if tasks >= 1_000 { 100 } else { ADMITTED };
    set(lab, &format!("global {}.{:02} USD", admitted * 2 / 100, admitted * 2 % 100));
    let waiting = std::sync::atomic::AtomicUsize::new(0);
    let passed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64.min(tasks) {
            scope.spawn(|| {
                use std::sync::atomic::Ordering::SeqCst;
                while waiting.fetch_add(1, SeqCst) < tasks {
                    let output = lab.command(["meter", "buy", "here", "--json"]).output().unwrap();
                    let said = String::from_utf8_lossy(&output.stderr).into_owned();
                    match output.status.code() {
                        Some(0) => drop(passed.fetch_add(1, SeqCst)),
                        // So many wait for one database longer than anybody does: once more.
                        Some(74) if said.contains("IF_ERR_STORE_BUSY") => {
                            waiting.fetch_sub(1, SeqCst);
                        }
                        _ => assert!(said.contains("IF_ERR_BUDGET"), "{said}"),
                    }
                }
            });
        }
    });
    // Who waited in vain for the outcome's turn has spent, and does not know.
    let unknown =
        lab.run(["witness", "query", "--outcome", "unknown", "--json", "-n", "999"]).json();
    let unknown = unknown["entries"].as_array().unwrap().len();
    assert_eq!(passed.into_inner() + unknown, admitted, "{unknown} unknown");
    assert_eq!(spent(lab), admitted as u64 * 20_000);
    let told = verified(lab);
    assert!(told.starts_with(&format!("{admitted} operations")), "{told}");
}
