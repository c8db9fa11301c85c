//! What the governor keeps: counts, held commands, swarms.

use super::kind::on_each;
use if_core::{Digest, Micros, OperationId, UnixMillis, Word};
use if_governor::capability::{Capability, Skill, Swarm, register, swarms};
use if_governor::hold::{self, Held, Standing, Voice};
use if_governor::{SCHEMA, Verdict, tallies, tally};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

#[test]
fn what_was_counted_lately_is_what_a_window_sees() {
    on_each(|kind| {
        let store = kind.open(&[SCHEMA]).unwrap();
        let names = ["actor:a".to_owned(), "actor:b".to_owned()];
        let count = |name: usize, ago: u64| {
            let at = UnixMillis(NOW.0 - ago * 1000);
            store.transaction(|tx| tally(tx, &names[name..=name], at)).unwrap();
        };
        for ago in [100_000, 7_000, 1_000, 20, 0] {
            count(0, ago);
        }
        count(1, 0);
        count(1, 0);
        let seen = store.read(|view| tallies(view, &names, NOW)).unwrap();
        assert_eq!(seen, [[2, 3, 4], [2, 2, 2]]);
    });
}

fn held(number: u8, actor: &str) -> Held {
    Held {
        id: OperationId::new(format!("{number:032x}")).unwrap(),
        asked_sha256: Digest::from_bytes([number; 32]),
        intent_sha256: Digest::from_bytes([7; 32]),
        request: "{}".to_owned(),
        actor: actor.to_owned(),
        principal: None,
        verdict: Verdict::Escalate,
        reasons: vec!["two-person: \"it\" could hurt".to_owned()],
        approvals: 2,
        at: NOW,
        expires: NOW.plus_millis(hold::LASTS_MS),
        standing: Standing::Waiting,
        ended: None,
        operation: None,
    }
}

#[test]
fn a_held_command_comes_back_as_it_was_and_moves_on_once() {
    on_each(|kind| {
        let store = kind.open(&[SCHEMA]).unwrap();
        let (one, other) = (held(1, "alice"), held(2, "bob"));
        let both = |tx: &if_store::Transaction<'_>| {
            hold::keep(tx, &one)?;
            hold::keep(tx, &other)
        };
        store.transaction(both).unwrap();
        assert_eq!(store.read(|v| hold::find(v, one.id.as_str())).unwrap(), Some(one.clone()));
        assert_eq!(store.read(|v| hold::find(v, "nothing")).unwrap(), None);
        assert_eq!(store.read(|v| hold::waiting(v, "alice", NOW)).unwrap(), 1);
        assert_eq!(
            store.read(|v| hold::same(v, &one.asked_sha256, NOW)).unwrap(),
            Some(one.clone())
        );
        assert_eq!(store.read(|v| hold::list(v, true, NOW)).unwrap().len(), 2);
        let voice = Voice {
            principal: "key".to_owned(),
            decision: "approve".to_owned(),
            at: NOW,
            envelope: vec![0, 255],
        };
        store.transaction(|tx| hold::say(tx, &one.id, &voice)).unwrap();
        assert_eq!(store.read(|v| hold::voices(v, &one.id)).unwrap(), std::slice::from_ref(&voice));
        assert!(store.transaction(|tx| hold::say(tx, &one.id, &voice)).is_err(), "once each");
        let advance = |from, to| {
            let by = Some(&other.id);
            store.transaction(|tx| hold::advance(tx, &one.id, from, to, NOW, by)).unwrap()
        };
        assert!(advance(Standing::Waiting, Standing::Approved));
        assert!(advance(Standing::Approved, Standing::Done));
        assert!(!advance(Standing::Approved, Standing::Done), "somebody was faster");
        let done = store.read(|v| hold::find(v, one.id.as_str())).unwrap().unwrap();
        assert_eq!(
            (done.standing, done.ended, done.operation),
            (Standing::Done, Some(NOW), Some(other.id.clone()))
        );
        let late = NOW.plus_millis(hold::LASTS_MS);
        assert_eq!(store.read(|v| hold::overdue(v, late)).unwrap(), std::slice::from_ref(&other));
        assert_eq!(store.read(|v| hold::list(v, true, late)).unwrap(), []);
        assert_eq!(store.read(|v| hold::list(v, false, late)).unwrap().len(), 2);
    });
}

#[test]
fn a_swarm_is_registered_in_its_own_place() {
    on_each(|kind| {
        let store = kind.open(&[SCHEMA]).unwrap();
        let swarm = |name: &str, skills: &[&str]| Swarm {
            name: Word::new(name).unwrap(),
            reputation: 900,
            at: NOW,
            capabilities: skills
                .iter()
                .map(|it| Capability {
                    name: Skill::parse(it).unwrap(),
                    score: 500,
                    cost: Micros(7),
                })
                .collect(),
        };
        for it in [swarm("red", &["ocr"]), swarm("blue", &["a", "b"]), swarm("blue", &["c"])] {
            store.transaction(|tx| register(tx, &it)).unwrap();
        }
        let all = store.read(|view| swarms(view)).unwrap();
        assert_eq!(all, [swarm("blue", &["c"]), swarm("red", &["ocr"])]);
    });
}
