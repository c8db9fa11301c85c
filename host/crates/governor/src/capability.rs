//! What swarms say that they are good at, what they ask for it, and how far they were right: who
//! could take a task on. Pure but for the tables; shares and reputations are whole thousandths.

use if_core::{Micros, UnixMillis, Word};
use if_store::{Row, Rows as _, Sql, StoreError};
use serde::Serialize;
use std::cmp::Reverse;
use std::fmt;

/// The whole of a share or a reputation.
pub const WHOLE: u64 = 1_000;

/// Most helpers that are named for one task: people, and programs, read them.
pub const HELPERS_MAX: usize = 3;

/// Most capabilities of one swarm.
pub const CAPABILITIES_MAX: usize = 256;

pub(crate) const TABLES: &str = "
    CREATE TABLE swarm (
        name TEXT PRIMARY KEY,
        reputation INTEGER NOT NULL,
        at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE capability (
        swarm TEXT NOT NULL,
        name TEXT NOT NULL,
        score INTEGER NOT NULL,
        cost INTEGER NOT NULL,
        PRIMARY KEY (swarm, name)
    ) STRICT, WITHOUT ROWID;
    ";

/// The name of a capability: words with dots between them, the wide one first: `video.encode`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Skill(String);

impl Skill {
    /// A name of one to eight words.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split('.').collect();
        let fine = words.len() <= 8 && words.iter().all(|word| Word::new(*word).is_ok());
        fine.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether who can do this can do that: the same, or something narrower.
    pub fn covers(&self, task: &Skill) -> bool {
        let rest = task.0.strip_prefix(&self.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that a swarm is good at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capability {
    pub name: Skill,
    /// Thousandths.
    pub score: u64,
    /// Of one task, in millionths of the currency that all here count in.
    pub cost: Micros,
}

/// A registered swarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Swarm {
    pub name: Word,
    /// Thousandths.
    pub reputation: u64,
    pub at: UnixMillis,
    /// By name.
    pub capabilities: Vec<Capability>,
}

/// How well a swarm fits a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Match {
    pub swarm: Word,
    /// Its own, which covers the task.
    pub capability: Skill,
    /// Its score, in thousandths.
    pub score: u64,
    pub reputation: u64,
    /// Score times reputation, in thousandths: what a threshold is held against.
    pub fit: u64,
    pub cost: Micros,
}

impl Swarm {
    /// Its best capability for a task: the best score, then the narrowest name.
    pub fn fits(&self, task: &Skill) -> Option<Match> {
        let covering = self.capabilities.iter().filter(|it| it.name.covers(task));
        let best = covering.max_by_key(|it| (it.score, it.name.as_str().len()))?;
        Some(Match {
            swarm: self.name.clone(),
            capability: best.name.clone(),
            score: best.score,
            reputation: self.reputation,
            fit: best.score * self.reputation / WHOLE,
            cost: best.cost,
        })
    }
}

/// Who fits a task, the best first; `threshold` in thousandths.
pub fn matches(swarms: &[Swarm], task: &Skill, threshold: u64) -> Vec<Match> {
    let fitting = swarms.iter().filter_map(|swarm| swarm.fits(task));
    let mut found: Vec<Match> = fitting.filter(|it| it.fit >= threshold).collect();
    found.sort_by_key(|it| (Reverse(it.fit), it.swarm.clone()));
    found
}

/// Who could help with a task for at most so much, by fit for the money, at most [`HELPERS_MAX`].
/// What is free counts as one millionth.
pub fn helpers(swarms: &[Swarm], task: &Skill, cost_max: Micros) -> Vec<Match> {
    let mut found: Vec<Match> = swarms
        .iter()
        .filter_map(|swarm| swarm.fits(task))
        .filter(|it| it.cost <= cost_max && it.fit > 0)
        .collect();
    let value = |it: &Match| u128::from(it.fit) * 1_000_000_000 / u128::from(it.cost.0.max(1));
    found.sort_by_key(|it| (Reverse(value(it)), it.swarm.clone()));
    found.truncate(HELPERS_MAX);
    found
}

/// Registers a swarm in the place of what was known of it.
///
/// # Errors
/// The database fails.
pub fn register(sql: &dyn Sql, swarm: &Swarm) -> Result<(), StoreError> {
    let name = swarm.name.as_str();
    sql.execute(
        "INSERT INTO swarm (name, reputation, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET reputation = excluded.reputation, at = excluded.at",
        &[name.into(), swarm.reputation.into(), swarm.at.0.into()],
    )?;
    sql.execute("DELETE FROM capability WHERE swarm = ?1", &[name.into()])?;
    for it in &swarm.capabilities {
        sql.execute(
            "INSERT INTO capability (swarm, name, score, cost) VALUES (?1, ?2, ?3, ?4)",
            &[name.into(), it.name.as_str().into(), it.score.into(), it.cost.0.into()],
        )?;
    }
    Ok(())
}

/// All registered swarms, by name.
///
/// # Errors
/// The database fails.
pub fn swarms(sql: &dyn Sql) -> Result<Vec<Swarm>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok::<_, StoreError>(Swarm {
            name: Word::new(row.text(0)?).map_err(|_| StoreError::Cell { column: 0 })?,
            reputation: row.number(1)?,
            at: UnixMillis(row.number(2)?),
            capabilities: Vec::new(),
        })
    };
    let mut all: Vec<Swarm> =
        sql.all("SELECT name, reputation, at FROM swarm ORDER BY name", &[], read)?;
    let select = "SELECT name, score, cost FROM capability WHERE swarm = ?1 ORDER BY name";
    for swarm in &mut all {
        swarm.capabilities = sql.all(select, &[swarm.name.as_str().into()], |row| {
            Ok::<_, StoreError>(Capability {
                name: Skill::parse(row.text(0)?).ok_or(StoreError::Cell { column: 0 })?,
                score: row.number(1)?,
                cost: Micros(row.number(2)?),
            })
        })?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swarm(name: &str, reputation: u64, skills: &[(&str, u64, u64)]) -> Swarm {
        let capability = |(name, score, cost): &(&str, u64, u64)| Capability {
            name: Skill::parse(name).unwrap(),
            score: *score,
            cost: Micros(*cost),
        };
        Swarm {
            name: Word::new(name).unwrap(),
            reputation,
            at: UnixMillis(0),
            capabilities: skills.iter().map(capability).collect(),
        }
    }

    fn task(name: &str) -> Skill {
        Skill::parse(name).unwrap()
    }

    #[test]
    fn who_can_do_more_can_do_less() {
        for (wide, narrow, covers) in [
            ("video", "video.encode", true),
            ("video", "video", true),
            ("video.encode", "video", false),
            ("vid", "video", false),
            ("video", "videos.encode", false),
        ] {
            assert_eq!(task(wide).covers(&task(narrow)), covers, "{wide} {narrow}");
        }
        for bad in ["", ".", "a..b", "A", "a b", "a.b.c.d.e.f.g.h.i"] {
            assert_eq!(Skill::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn those_who_fit_come_in_the_order_of_their_fit() {
        let all = [
            swarm("red", 500, &[("video", 900, 1)]),
            swarm("blue", 1000, &[("video", 100, 1), ("video.encode", 800, 1)]),
            swarm("green", 1000, &[("audio", 1000, 1)]),
        ];
        let names = |threshold| -> Vec<String> {
            let found = matches(&all, &task("video.encode.h264"), threshold);
            found.iter().map(|it| format!("{} {} {}", it.swarm, it.capability, it.fit)).collect()
        };
        assert_eq!(names(0), ["blue video.encode 800", "red video 450"]);
        assert_eq!(names(700), ["blue video.encode 800"]);
        assert!(names(801).is_empty());
    }

    #[test]
    fn help_is_what_fits_for_the_money_and_three_at_most() {
        let all = [
            swarm("dear", 1000, &[("ocr", 1000, 4_000_000)]),
            swarm("cheap", 1000, &[("ocr", 500, 1_000_000)]),
            swarm("free", 100, &[("ocr", 100, 0)]),
            swarm("good", 1000, &[("ocr", 900, 2_000_000)]),
            swarm("useless", 0, &[("ocr", 900, 0)]),
        ];
        let names = |most| -> Vec<String> {
            let found = helpers(&all, &task("ocr"), Micros(most));
            found.iter().map(|it| it.swarm.to_string()).collect()
        };
        assert_eq!(names(u64::MAX), ["free", "cheap", "good"]);
        assert_eq!(names(1_500_000), ["free", "cheap"]);
        assert_eq!(helpers(&all, &task("tts"), Micros(u64::MAX)), []);
    }
}
