//! Sets of policies: looked through, applied, signed, tried, and asked.

use super::{TWO, apply, governed, newest, person, written};
use serde_json::{Value, json};
use std::fs;

#[test]
fn every_command_says_by_which_set_it_was_judged() {
    let (lab, _vmix) = governed(&["two-person"]);
    let digest = |entry: &Value| entry["opened"]["leaf"]["decision"]["policies"].clone();
    lab.run(["vmix", "state", "switcher"]).ok();
    let none = digest(&newest(&lab));
    assert!(none.as_str().unwrap().starts_with("sha256:"), "{none}");
    apply(&lab, TWO);
    lab.run(["vmix", "state", "switcher"]).ok();
    let some = newest(&lab);
    assert_ne!(digest(&some), none);
    assert!(some["opened"]["leaf"]["commitments"]["decided"].is_string());
    let list = lab.run(["governor", "policy", "list", "--json"]).json();
    assert_eq!(list["policies"][0]["when"]["provider"], "vmix");
    let text = lab.run(["governor", "policy", "list"]).ok();
    assert!(text.contains("holds"), "{text}");
    let page = lab.run(["governor", "policy", "explain", "two-person"]).ok();
    assert!(page.contains("needs-approvals") && page.contains("say-why"), "{page}");
    let said = lab.run(["governor", "policy", "explain", "two-persons"]);
    assert!(said.fails("IF_ERR_PLUGIN_UNKNOWN", 2).contains("did you mean `two-person`"));
}

#[test]
fn what_is_wrong_with_a_set_has_a_line_and_a_column_and_changes_nothing() {
    let (lab, _vmix) = governed(&["two-person"]);
    apply(&lab, TWO);
    let before = fs::read(lab.home().join("policies.yaml")).unwrap();
    for (set, code, expect) in [
        (
            "policies:\n  - policy: two-person\n    settings: { aprovals: 2 }\n",
            "IF_ERR_CONFIG",
            "set.yaml:3:27: two-person: unknown setting `aprovals`; did you mean `approvals`?",
        ),
        (
            "policies:\n  - policy: two-person\n    settings: { approvals: 0 }\n",
            "IF_ERR_CONFIG",
            "set.yaml:3:28: two-person: `approvals` must be at least 1",
        ),
        ("policies:\n  - policy: vmix\n", "IF_ERR_CONFIG", "`vmix` is a provider, not a policy"),
        ("policies:\n  - policy: nowhere\n", "IF_ERR_PLUGIN_UNKNOWN", "nowhere"),
        ("policies: [\n", "IF_ERR_CONFIG", "set.yaml:"),
    ] {
        let path = written(&lab, set);
        for word in ["validate", "apply"] {
            let run = lab.run(["governor", "policy", word, &path]);
            let exit = run.exit;
            let said = run.fails(code, exit);
            assert!(said.contains(expect), "{said}");
        }
    }
    assert_eq!(fs::read(lab.home().join("policies.yaml")).unwrap(), before);
    let said = lab.run(["governor", "policy", "apply", "/nowhere/set.yaml"]);
    assert!(said.fails("IF_ERR_USAGE", 2).contains("there is no file"));
}

#[test]
fn a_policy_that_cannot_decide_denies_what_it_is_for_and_nothing_else() {
    let (lab, _vmix) = governed(&["two-person"]);
    apply(&lab, &TWO.replace("provider: vmix", "provider: vmix, command: cut"));
    lab.run(["plugin", "disallow", "two-person"]).ok();
    let said = lab.run(["vmix", "cut", "switcher"]).fails("IF_ERR_POLICY_FAILED", 4);
    assert!(said.contains("`two-person` gave no answer that counts"), "{said}");
    let reasons = newest(&lab)["opened"]["leaf"]["decision"]["reasons"].to_string();
    assert!(reasons.contains("two-person: policy-failed"), "{reasons}");
    lab.run(["vmix", "fade", "switcher"]).ok();
    let list = lab.run(["governor", "policy", "list"]).ok();
    assert!(list.contains("denies: it cannot decide"), "{list}");
}

#[test]
fn obligations_are_asked_for_before_anybody_waits() {
    let (lab, _vmix) = governed(&["two-person"]);
    apply(&lab, &TWO.replace("effect: write", "effect: write, say-why: true"));
    let said = lab.run(["vmix", "cut", "switcher"]).fails("IF_ERR_POLICY_DENIED", 4);
    assert!(said.contains("needs --why, which a policy asks for"), "{said}");
    assert!(said.contains("ifctl vmix cut switcher --why \"…\""), "{said}");
    lab.run(["vmix", "cut", "switcher", "--why", "so"]).fails("IF_ERR_HELD", 6);
}

#[test]
fn what_would_be_decided_is_shown_and_nothing_is_done() {
    let (lab, vmix) = governed(&["two-person"]);
    let set = written(&lab, TWO);
    lab.run(["vmix", "cut", "switcher"]).ok();
    let test = |words: &[&str]| {
        let words = ["governor", "policy", "test"].iter().chain(words).chain(&["--json"]);
        lab.run(words.copied()).json()
    };
    let line = "vmix cut switcher";
    assert_eq!(test(&["--command", line])["verdict"], "allow");
    let would = test(&["--command", line, "--policies", &set]);
    assert_eq!((&would["verdict"], &would["approvals"]), (&"hold".into(), &1.into()));
    assert_eq!(would["findings"][0]["reasons"][0]["code"], "needs-approvals");
    assert_eq!(would["facts"]["command"]["effect"], "write");
    let claimed = "if vmix cut switcher --claim confidence=0.25 --claim task=video.cut";
    let facts = test(&["--command", claimed])["facts"]["claims"].clone();
    assert_eq!(facts, json!({"confidence": 0.25, "task": "video.cut"}));
    let since = test(&["--since", "1h", "--policies", &set]);
    let differed = since["differed"].as_array().unwrap();
    assert_eq!(differed.len(), 1, "{since}");
    assert_eq!((&differed[0]["was"], &differed[0]["would_be"]), (&"allow".into(), &"hold".into()));
    // What policies were told then is what they are told now: claims, too.
    lab.install("hazard");
    apply(&lab, "policies:\n  - policy: hazard\n");
    lab.run(["vmix", "fade", "switcher", "--claim", "confidence=0.5"]).ok();
    let explained = newest(&lab)["opened"]["leaf"]["operation"].as_str().unwrap().to_owned();
    let explained = lab.run(["witness", "explain", &explained, "--json"]).json();
    assert_eq!(explained["explained"]["policies"][0]["verdict"], "allow");
    let stricter =
        written(&lab, "policies:\n  - policy: hazard\n    settings: { confidence-hold: 0.6 }\n");
    let since = test(&["--since", "1h", "--policies", &stricter]);
    let differed = since["differed"].as_array().unwrap();
    assert_eq!((differed.len(), &differed[0]["would_be"]), (1, &"hold".into()), "{since}");
    assert_eq!(differed[0]["rules"][0], "hazard: confidence-low");
    let (sent, length) =
        (vmix.functions_seen().len(), newest(&lab)["opened"]["leaf"]["seq"].clone());
    let task = test(&["--task", "video.encode", "--swarm", "blue"]);
    assert_eq!(task["facts"]["claims"]["task"], "video.encode");
    assert_eq!(vmix.functions_seen().len(), sent);
    assert_eq!(newest(&lab)["opened"]["leaf"]["seq"], length);
    let said = lab.run(["governor", "policy", "test", "--command", "vmix cutt switcher"]);
    assert!(said.fails("IF_ERR_USAGE", 2).contains("cut"));
    let said = lab.run(["governor", "policy", "test", "--command", "nothing at all"]);
    said.fails("IF_ERR_USAGE", 2);
}

#[test]
fn where_the_root_says_so_only_a_signed_set_counts_and_none_older() {
    let (lab, _vmix) = governed(&["two-person"]);
    let keeper = lab.path().join("keeper.key").display().to_string();
    lab.run(["trust", "new-key", &keeper, "--no-passphrase"]).ok();
    lab.run(["trust", "add-key", "policy", &format!("{keeper}.pub")]).ok();
    let said = lab.run(["vmix", "state", "switcher"]).fails("IF_ERR_POLICY_UNSIGNED", 4);
    assert!(said.contains("the set of policies is not signed"), "{said}");
    let path = written(&lab, TWO);
    let said = lab.run(["governor", "policy", "apply", &path]);
    assert!(said.fails("IF_ERR_KEY_MISSING", 4).contains("1 policy keys, and has 0"));
    lab.run(["governor", "policy", "apply", &path, "--key", &keeper]).ok();
    lab.run(["vmix", "state", "switcher"]).ok();
    let old = ["policies.yaml", "trust/policies.json"].map(|it| fs::read(lab.home().join(it)));
    let none = written(&lab, "policies: []\n");
    lab.run(["governor", "policy", "apply", &none, "--key", &keeper]).ok();
    lab.run(["vmix", "cut", "switcher"]).ok();
    for (name, bytes) in ["policies.yaml", "trust/policies.json"].iter().zip(old) {
        fs::write(lab.home().join(name), bytes.unwrap()).unwrap();
    }
    let said = lab.run(["vmix", "cut", "switcher"]).fails("IF_ERR_POLICY_UNSIGNED", 4);
    assert!(said.contains("it is version 1, and 2 was seen here"), "{said}");
    fs::write(lab.home().join("policies.yaml"), "policies: []\n").unwrap();
    let said = lab.run(["vmix", "cut", "switcher"]).fails("IF_ERR_POLICY_UNSIGNED", 4);
    assert!(said.contains("it is not the file that was signed"), "{said}");
    lab.run(["governor", "policy", "apply", &none, "--key", &keeper]).ok();
    lab.run(["vmix", "cut", "switcher"]).ok();
}

#[test]
fn a_policy_is_no_word_to_type_and_nothing_to_call() {
    let (lab, _vmix) = governed(&["two-person"]);
    lab.run(["two-person", "add", "x"]).fails("IF_ERR_USAGE", 2);
    let help = lab.run(["--help"]).ok();
    assert!(!help.contains("two-person"), "{help}");
    let _ = person(&lab, "bob.key");
}

#[test]
fn a_policy_that_crashes_loops_or_lies_denies_that_command_and_nothing_else() {
    let (lab, _vmix) = governed(&["unjust"]);
    let set = |how: &str| {
        let when = "when: { command: cut }";
        format!("policies:\n  - policy: unjust\n    {when}\n    settings: {{ how: {how} }}\n")
    };
    for (how, expect) in [
        ("panic", "no decision today"),
        ("loop", "did not finish within"),
        ("eat", "memory"),
        ("error", "it cannot decide"),
        ("undeclared", "it gives the reason `because`, which it does not declare"),
        ("mute", "it gives no reason"),
        ("greedy", "it asks for more than a policy may"),
    ] {
        apply(&lab, &set(how));
        let said = lab.run(["vmix", "cut", "switcher"]).fails("IF_ERR_POLICY_FAILED", 4);
        assert!(said.contains(expect), "{how}: {said}");
        lab.run(["vmix", "fade", "switcher"]).ok();
    }
    apply(&lab, &set("fair"));
    lab.run(["vmix", "cut", "switcher"]).ok();
    let path = written(&lab, &set("issue"));
    let said = lab.run(["governor", "policy", "apply", &path]).fails("IF_ERR_CONFIG", 2);
    assert!(said.contains("set.yaml:4:22: unjust: of 1 providers none is fair"), "{said}");
}
