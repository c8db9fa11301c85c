//! The policies that ship, each through the real program: what it lets through and what not.

use super::{apply, governed, newest};
use crate::lab::{Lab, Run};
use std::sync::Mutex;

/// A lab in which one policy holds for everything, with these settings.
fn under(policy: &str, settings: &str) -> (Lab, if_fakes::VmixSimulator) {
    let (lab, vmix) = governed(&[policy]);
    apply(&lab, &format!("policies:\n  - policy: {policy}\n    settings: {settings}\n"));
    (lab, vmix)
}

fn cut(lab: &Lab, words: &[&str]) -> Run {
    lab.run(["vmix", "cut", "switcher"].iter().chain(words))
}

#[test]
fn doubts_are_for_people_to_look_at() {
    let (lab, _vmix) = under("hazard", "{}");
    cut(&lab, &[]).ok();
    cut(&lab, &["--claim", "confidence=0.3"]).ok();
    let said = cut(&lab, &["--claim", "confidence=0.25"]).fails("IF_ERR_HELD", 6);
    assert!(said.contains("waits for approval"), "{said}");
    let said = cut(&lab, &["--claim", "conflict=0.21"]).fails("IF_ERR_HELD", 6);
    assert!(said.contains("is escalated and waits"), "{said}");
    assert_eq!(newest(&lab)["opened"]["leaf"]["decision"]["verdict"], "escalate");
    let said = cut(&lab, &["--claim", "confidence"]).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("write it as --claim confidence=0.8"), "{said}");
    lab.run(["vmix", "state", "switcher", "--claim", "legal=true"]).ok();
}

#[test]
fn changes_are_made_within_their_windows() {
    let always = "{ windows: [ { days: [mon, tue, wed, thu, fri, sat, sun], from: '00:00', \
                  to: '00:00' } ] }";
    let (lab, _vmix) = under("change-window", always);
    cut(&lab, &[]).ok();
    let set = |settings: &str| {
        apply(&lab, &format!("policies:\n  - policy: change-window\n    settings: {settings}\n"));
    };
    // One minute a week, on a day that is neither today nor next to it.
    let weekday = (std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() / 86_400 + 3) % 7;
    let far = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][((weekday + 3) % 7) as usize];
    set(&format!("{{ windows: [ {{ days: [{far}], from: '00:00', to: '00:01' }} ] }}"));
    let said = cut(&lab, &[]).fails("IF_ERR_POLICY_DENIED", 4);
    assert!(said.contains("the next one begins"), "{said}");
    cut(&lab, &["--dry-run"]).ok();
    lab.run(["vmix", "state", "switcher"]).ok();
    let path = lab.path().join("wrong.yaml");
    let wrong = "policies:\n  - policy: change-window\n    settings:\n      \
                 zone: Europe/Nowhere\n      windows: []\n";
    std::fs::write(&path, wrong).unwrap();
    let said = lab.run(["governor", "policy", "apply", path.to_str().unwrap()]);
    let said = said.fails("IF_ERR_CONFIG", 2);
    assert!(said.contains("wrong.yaml:4:13: change-window:"), "{said}");
}

#[test]
fn so_many_and_no_more_whoever_comes_at_once() {
    let limit = "{ limits: [ { per: command, within: hour, most: 3 } ] }";
    let (lab, vmix) = under("rate", limit);
    let passed = Mutex::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let run = cut(&lab, &[]);
                if run.exit == 0 {
                    *passed.lock().unwrap() += 1;
                } else {
                    assert!(run.stderr.contains("IF_ERR_POLICY_DENIED"), "{}", run.stderr);
                }
            });
        }
    });
    assert_eq!(*passed.lock().unwrap(), 3, "exactly as many as the policy lets through");
    assert_eq!(vmix.functions_seen().len(), 3);
    lab.run(["vmix", "fade", "switcher"]).ok();
}

#[test]
fn who_is_not_good_at_it_does_not_do_it() {
    let (lab, _vmix) = under("capability-match", "{}");
    let by = |swarm: &str| {
        let mut command = lab.command(["vmix", "cut", "switcher", "--claim", "task=video.cut"]);
        Run::from(command.env("IF_SWARM", swarm).output().unwrap())
    };
    let register = |words: &[&str]| lab.run(["governor", "register"].iter().chain(words)).ok();
    by("blue").fails("IF_ERR_POLICY_DENIED", 4);
    register(&["blue", "--capability", "video=0.9@0.25", "--capability", "ocr=0.2"]);
    register(&["red", "--capability", "video.cut=0.9", "--reputation", "0.5"]);
    by("blue").ok();
    let said = by("red").fails("IF_ERR_POLICY_DENIED", 4);
    assert!(said.contains("video.cut"), "{said}");
    let task = ["governor", "policy", "test", "--task", "video.cut", "--swarm", "red", "--json"];
    assert_eq!(lab.run(task).json()["verdict"], "deny");
    let found = lab.run(["governor", "capabilities", "match", "video.cut", "--json"]).json();
    assert_eq!(found["matches"].as_array().unwrap().len(), 1);
    assert_eq!(found["matches"][0]["fit"], "0.900");
    let help = ["governor", "find-help", "--required", "video.cut,ocr", "--json"];
    let help = lab.run(help).json();
    // Who is free is worth more than who is better, and comes first.
    assert_eq!(help["help"][0]["helpers"][0]["swarm"], "red");
    assert_eq!(help["help"][1]["helpers"][0]["swarm"], "blue");
    let cheap = ["governor", "find-help", "--required", "video.cut", "--max-cost", "1", "--json"];
    assert_eq!(lab.run(cheap).json()["help"][0]["helpers"].as_array().unwrap().len(), 1);
    let said = lab.run(["governor", "capabilities", "match", "vidio.cut"]);
    assert!(said.fails("IF_ERR_USAGE", 2).contains("no swarm has the capability `vidio.cut`"));
    lab.run(["governor", "register", "x", "--capability", "a=2"]).fails("IF_ERR_USAGE", 2);
    lab.run(["governor", "register", "x", "--capability", "a=1", "--capability", "a=1"])
        .fails("IF_ERR_USAGE", 2);
    lab.run(["governor", "capabilities", "swarm", "blu"]).fails("IF_ERR_USAGE", 2);
}

#[test]
fn telephones_are_called_under_tls_only() {
    let (lab, _vmix) = under("sip-admission", "{ providers: [vmix] }");
    let said = cut(&lab, &[]).fails("IF_ERR_POLICY_DENIED", 4);
    assert!(said.contains("sip-admission: "), "{said}");
    apply(&lab, "policies:\n  - policy: sip-admission\n");
    cut(&lab, &[]).ok();
}

#[test]
fn a_budget_that_is_nearly_spent_is_for_people_to_look_at() {
    let (lab, _vmix) = under("budget", "{ hold-percent: 50 }");
    std::fs::write(
        lab.home().join("prices.yaml"),
        "prices:\n  - { provider: vmix, command: cut, currency: EUR, call: 1.00 }\n",
    )
    .unwrap();
    lab.run(["optimise", "budget", "set", "global", "4", "EUR"]).ok();
    cut(&lab, &[]).ok();
    cut(&lab, &[]).ok();
    let said = cut(&lab, &[]).fails("IF_ERR_HELD", 6);
    assert!(said.contains("budget: "), "{said}");
}
