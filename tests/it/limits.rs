//! Each limit fires by its name, the host lives, the log has it, and the next command works.

use crate::lab::Lab;

/// A hostile guest whose device does not matter.
fn hostile() -> Lab {
    let lab = Lab::with(&["hostile"]);
    lab.run(["hostile", "add", "target", "--host", "127.0.0.1", "--port", "9"]).ok();
    lab
}

fn fires(command: &str, code: &str, exit: i32) {
    let lab = hostile();
    lab.run(["hostile", command, "target"]).fails(code, exit);
    let logged = lab.run(["witness", "query", "--provider", "hostile", "--json", "-n", "1"]).json();
    let outcome = &logged["entries"][0]["closed"]["leaf"]["outcome"];
    assert_eq!(outcome["code"], code, "{logged}");
    lab.run(["witness", "verify"]).ok();
    lab.run(["hostile", "leftovers", "target"]).ok();
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    fires("loop", "IF_ERR_LIMIT_FUEL", 5);
}

#[test]
fn a_cost_above_what_was_allowed_is_named_and_recorded() {
    let lab = hostile();
    let words = ["hostile", "grow", "target", "cost-report", "--max-cost", "1000", "--json"];
    let run = lab.run(words);
    let said: serde_json::Value = serde_json::from_str(run.stderr.trim()).unwrap();
    assert!(said["warning"].as_str().unwrap().contains("more than --max-cost allows"), "{said}");
    run.ok();
    let logged = lab.run(["witness", "query", "--provider", "hostile", "--json", "-n", "1"]).json();
    let leaf = &logged["entries"][0]["closed"]["leaf"];
    // The largest amount that there is, of which many can still be added.
    assert_eq!(leaf["cost_micros"], 1_000_000_000_000_000_u64, "{logged}");
    assert_eq!(leaf["overrun_micros"], 999_999_999_999_000_u64, "{logged}");
    lab.run(["witness", "verify"]).ok();
}

#[test]
fn memory_is_bounded_over_the_whole_call() {
    fires("eat-memory", "IF_ERR_LIMIT_MEMORY", 5);
}

#[test]
fn recursion_ends_at_the_stack() {
    fires("stack", "IF_ERR_LIMIT_STACK", 5);
}

#[test]
fn a_panic_is_the_plugins_alone() {
    fires("panic", "IF_ERR_PLUGIN_PANICKED", 1);
}

#[test]
fn sleeping_ends_at_the_deadline() {
    fires("sleep-forever", "IF_ERR_LIMIT_DEADLINE", 5);
}

#[test]
fn handles_are_counted() {
    fires("hoard-handles", "IF_ERR_LIMIT_HANDLES", 5);
}

#[test]
fn results_are_bounded() {
    fires("flood-result", "IF_ERR_LIMIT_OUTPUT", 5);
}

#[test]
fn events_are_bounded() {
    fires("flood-events", "IF_ERR_LIMIT_OUTPUT", 5);
}

#[test]
fn host_calls_are_counted() {
    fires("flood-calls", "IF_ERR_LIMIT_HOST_CALLS", 5);
}

#[test]
fn one_host_call_carries_only_so_much() {
    fires("big-call", "IF_ERR_LIMIT_HOST_CALLS", 5);
}

#[test]
fn an_answer_that_is_not_json_is_misbehaviour() {
    fires("bad-json", "IF_ERR_PLUGIN_MISBEHAVED", 1);
}

#[test]
fn log_stdout_and_stderr_are_cut_and_the_command_goes_on() {
    let lab = hostile();
    for command in ["flood-log", "flood-stdout", "flood-stderr"] {
        let run = lab.run(["hostile", command, "target", "-v", "-v"]);
        assert!(run.stderr.len() < 64 << 10, "{command}: {} bytes", run.stderr.len());
        assert!(run.exit == 0 || run.stderr.contains("IF_ERR_LIMIT"), "{command}: {}", run.stderr);
    }
}

#[test]
fn terminal_escapes_and_forged_hints_do_not_reach_the_terminal() {
    let lab = hostile();
    let run = lab.run(["hostile", "escape", "target", "-v", "-v"]);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{run:?}");
    assert!(!run.stdout.contains('\u{202e}') && !run.stderr.contains('\u{202e}'));
    assert!(
        !run.stderr.lines().any(|line| line.starts_with("hint: ifctl plugin allow hostile")),
        "{}",
        run.stderr
    );
}

#[test]
fn a_guest_sees_no_file_no_environment_and_no_socket() {
    let lab = hostile();
    let found = lab.run(["hostile", "read-files", "target", "--json"]).json().to_string();
    for word in ["root:", "tester", "127.0.0.1:9", "listening"] {
        assert!(!found.contains(word), "{found}");
    }
    let leftovers = lab.run(["hostile", "leftovers", "target", "--json"]).json();
    let again = lab.run(["hostile", "leftovers", "target", "--json"]).json();
    assert_eq!(leftovers, again);
}
