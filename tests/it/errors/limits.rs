//! Stages on which the operator's own limits are reached: money, turns, breakers.

use super::stage::Stage;

pub fn priced() -> Stage {
    let stage = Stage::fresh()
        .source(|text| format!("{text}currency = \"EUR\"\n\n[prices.ping]\ncall = 20000\n"));
    stage.before(&[
        "ifctl plugin pack noop",
        "ifctl plugin sign noop/package",
        "ifctl plugin allow noop/package",
        "ifctl plugin install noop/package",
        "ifctl noop add here",
    ])
}

pub fn budgeted_otherwise() -> Stage {
    priced().before(&["ifctl optimise budget set global 100 USD"])
}

/// Its one turn was taken.
pub fn seldom() -> Stage {
    let rates = "rates:\n  - { provider: noop, rps: 0.01, wait_ms: 0 }\n";
    let stage = Stage::noop().before(&[
        "ifctl plugin sign noop/package",
        "ifctl plugin allow noop/package",
        "ifctl plugin install noop/package",
    ]);
    stage.file("governor.yaml", rates).before(&["ifctl noop ping here"])
}

/// Nobody listens there, and it was tried five times. It stays open for as long as a test takes.
pub fn studio_away() -> Stage {
    let stage = Stage::good_studio().before(&[
        "ifctl obs add away --host 127.0.0.1 --port 9",
        "for turn in 1 2 3 4 5; do ifctl obs status away || true; done",
    ]);
    stage.sql("update circuit set until = until + 20000")
}
