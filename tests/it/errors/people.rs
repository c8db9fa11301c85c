//! Stages on which policies, or people, have the last word.

use super::stage::Stage;
use crate::lab::plugin_folder;

/// The hold of every page.
const HOLD: &str = "0192aa00000070008000000000000001";

/// A switcher, the policy `two-person`, and this set of policies applied.
fn governed(settings: &str) -> Stage {
    let set = format!(
        "policies:\n  - policy: two-person\n    when: {{ provider: vmix }}\n    \
         settings: {{ effect: write{settings} }}\n"
    );
    let folder = plugin_folder("two-person").display().to_string();
    let stage = Stage::switcher().before(&[
        &format!("ifctl plugin pack {folder} --out two-person"),
        "ifctl plugin sign two-person",
        "ifctl plugin allow two-person",
        "ifctl plugin install two-person",
    ]);
    std::fs::write(stage.lab.path().join("set.yaml"), set).unwrap();
    stage.before(&["ifctl governor policy apply set.yaml"])
}

pub fn held() -> Stage {
    governed("")
}

pub fn obliged() -> Stage {
    governed(", say-why: true")
}

pub fn undecided() -> Stage {
    governed("").before(&["ifctl plugin disallow two-person"])
}

pub fn edited() -> Stage {
    let stage = governed("").before(&[
        "ifctl trust new-key keeper.key --no-passphrase",
        "ifctl trust add-key policy keeper.key.pub",
        "ifctl governor policy apply set.yaml --key keeper.key",
    ]);
    stage.file("policies.yaml", "policies: []\n")
}

pub fn crowded() -> Stage {
    let ask = "for n in 1 2 3 4 5 6 7 8 9 10; do \
               ifctl vmix cut switcher --why \"$n\" || true; done";
    governed("").before(&[ask])
}

/// One waits, under the id of the pages.
fn waiting() -> Stage {
    let stage = governed("").before(&[
        "ifctl trust new-key bob.key --no-passphrase",
        "ifctl trust add-key approver bob.key.pub",
        "ifctl vmix cut switcher || true",
    ]);
    stage.sql(&format!("update hold set id = '{HOLD}'"))
}

pub fn own() -> Stage {
    waiting()
}

pub fn denied() -> Stage {
    waiting().before(&[&format!("ifctl governor holds deny {HOLD} --key bob.key")])
}

pub fn asked_tomorrow() -> Stage {
    waiting().sql("update hold set at = at + 86400000, expires = expires + 86400000")
}
