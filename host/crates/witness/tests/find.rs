//! What a query finds.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use if_core::{CapabilityId, Code, UnixMillis};
use if_witness::{Filter, Intent, Plugin, Status, Witness};
use support::{Home, intent, operation, outcome, plugin, run, word};

/// Operations 1 to 5, begun at 1,001 to 1,005; the fifth still runs. Then a note.
fn log(home: &Home) -> (Witness, if_witness::Operation) {
    let witness = home.open();
    home.clock.set(1_001);
    run(&witness, 1, Status::Ok);
    home.clock.set(1_002);
    let vmix = Intent { provider: word("vmix"), instance: Some(word("stage")), ..intent(2) };
    witness.begin(vmix, |_| Ok(())).unwrap().finish(outcome(Status::Failed)).unwrap();
    home.clock.set(1_003);
    let other = CapabilityId::new("if://capability/other").unwrap();
    let plugin = Some(Plugin { id: other, ..plugin() });
    witness
        .deny(Intent { plugin, why: None, ..intent(3) }, Code::ConfirmationNeeded, "Too Loud")
        .unwrap();
    home.clock.set(1_004);
    let traced = Intent { trace: Some("t-1".into()), params: b"{}".to_vec(), ..intent(4) };
    witness.begin(traced, |_| Ok(())).unwrap().finish(outcome(Status::Ok)).unwrap();
    home.clock.set(1_005);
    let running = witness.begin(Intent { trace: Some("t-1".into()), ..intent(5) }, |_| Ok(()));
    let running = running.unwrap();
    witness.note("remember the milk").unwrap();
    (witness, running)
}

/// The numbers of the operations found; 0 for a note.
fn found(witness: &Witness, filter: Filter) -> Vec<u64> {
    let number = |entry: &if_witness::Entry| {
        let operation = entry.opened.leaf.operation.as_ref();
        operation.map_or(0, |id| u64::from_str_radix(id.as_str(), 16).unwrap())
    };
    witness.query(&filter).unwrap().iter().map(number).collect()
}

#[test]
fn each_condition_narrows() {
    let home = Home::new();
    let (witness, _running) = log(&home);
    let none = Filter::default;
    for (filter, expected) in [
        // The last is the first leaf, which names the key.
        (none(), vec![0, 5, 4, 3, 2, 1, 0]),
        (Filter { provider: Some(word("vmix")), ..none() }, vec![2]),
        (Filter { instance: Some(word("studio")), ..none() }, vec![5, 4, 3, 1]),
        (Filter { component: Some(plugin().id), ..none() }, vec![5, 4, 2, 1]),
        (Filter { operation: Some(operation(4)), ..none() }, vec![4]),
        (Filter { operation: Some(operation(9)), ..none() }, vec![]),
        (Filter { trace: Some("t-1".into()), ..none() }, vec![5, 4]),
        (Filter { trace: Some("t-1".into()), operation: Some(operation(5)), ..none() }, vec![5]),
        (Filter { outcome: Some(Status::Ok), ..none() }, vec![4, 1]),
        (Filter { outcome: Some(Status::Denied), ..none() }, vec![3]),
        (Filter { outcome: Some(Status::Planned), ..none() }, vec![]),
        (Filter { since: Some(UnixMillis(1_004)), ..none() }, vec![0, 5, 4]),
        (Filter { until: Some(UnixMillis(1_002)), ..none() }, vec![1, 0]),
        (Filter { text: Some("too loud".into()), ..none() }, vec![3]),
        (Filter { text: Some("MILK".into()), ..none() }, vec![0]),
        (Filter { text: Some("show start".into()), ..none() }, vec![5, 4, 2, 1]),
        (Filter { text: Some("%".into()), ..none() }, vec![]),
        (Filter { limit: Some(2), ..none() }, vec![0, 5]),
        (Filter { provider: Some(word("obs")), outcome: Some(Status::Failed), ..none() }, vec![]),
    ] {
        assert_eq!(found(&witness, filter.clone()), expected, "{filter:?}");
    }
}

#[test]
fn an_answer_has_a_largest_length() {
    let home = Home::new();
    let witness = home.open();
    home.raw()
        .execute_batch(
            "WITH RECURSIVE n (seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n LIMIT 1100)
             INSERT INTO leaf SELECT n.seq, leaf, leaf_hash, signature FROM n, leaf;
             INSERT INTO entry (seq, at, kind) SELECT seq, 0, 'note' FROM leaf WHERE seq > 0;",
        )
        .unwrap();
    let all = Filter { limit: Some(usize::MAX), ..Filter::default() };
    assert_eq!(witness.query(&all).unwrap().len(), if_witness::QUERY_ENTRIES_MAX);
}

#[test]
fn entries_read_as_json() {
    let home = Home::new();
    let (witness, _running) = log(&home);
    let entry = witness.entry(&operation(2)).unwrap().unwrap();
    let json = serde_json::to_value(&entry).unwrap();
    assert_eq!(json["opened"]["leaf"]["provider"], "vmix");
    assert_eq!(json["closed"]["leaf"]["outcome"]["status"], "failed");
    assert_eq!(json["parts"]["why"], "show start");
}

#[test]
fn a_trace_is_found_with_what_is_below_it_and_nothing_beside_it() {
    let home = Home::new();
    let witness = home.open();
    let traces = ["show", "show/opening", "show/opening/lights", "show-2", "show0", "sho", "show."];
    for (number, trace) in (1..).zip(traces) {
        let intent = Intent { trace: Some(trace.to_owned()), ..intent(number) };
        witness.begin(intent, |_| Ok(())).unwrap().finish(outcome(Status::Ok)).unwrap();
    }
    let of = |trace: &str, traces_below| {
        let filter = Filter { trace: Some(trace.to_owned()), traces_below, ..Filter::default() };
        found(&witness, filter)
    };
    assert_eq!(of("show", true), [3, 2, 1]);
    assert_eq!(of("show", false), [1]);
    assert_eq!(of("show/opening", true), [3, 2]);
    assert_eq!(of("show/end", true), [0u64; 0]);
}

#[test]
fn a_query_may_begin_behind_what_is_known() {
    let home = Home::new();
    let (witness, _running) = log(&home);
    let all = found(&witness, Filter::default());
    let from = witness.query(&Filter::default()).unwrap()[1].opened.leaf.seq;
    assert_eq!(found(&witness, Filter { from, ..Filter::default() }), all[..2]);
    let mut given = Vec::new();
    let give = |entry: if_witness::Entry| {
        given.push(entry.opened.leaf.seq);
        Ok::<_, if_witness::WitnessError>(())
    };
    witness.each(&Filter { from, ..Filter::default() }, from + 2, give).unwrap();
    assert_eq!(given, [from, from + 1]);
}
