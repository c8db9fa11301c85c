//! Replay: a recorded operation once more, in the same component, with the recorded answers.
//!
//! The guest gets the same input, seed and times; whatever it wishes is held against what it wished
//! then. Nothing leaves the machine and no secret is read. What nobody can know again is when
//! something from outside ended a call (Ctrl-C, a deadline, a revocation): such a call is the same
//! up to there, and that is what is said of it.

mod adversary;
mod falsify;
mod player;

use crate::engine::Ready;
use crate::host::Host;
use crate::job::explain;
use crate::recorded::{DROPPED, End, RecordedCall};
use crate::run::block_on;
pub use adversary::Adversity;
pub use falsify::{Case, Falsified};
use if_core::{Code, Explain as _, OperationId, Problem};
use if_runtime::{Call, CallError, Report};
use if_witness::{Entry, Filter, Plugin};
use player::{Exchange, Player, Seen};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// One replayed operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    pub operation: String,
    /// `obs scene switch studio`.
    pub what: String,
    /// Wishes that were the same.
    pub messages: usize,
    /// SHA-256 over the recorded call and its transcript.
    pub transcript: String,
    #[serde(flatten)]
    pub verdict: Comparison,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Comparison {
    /// Every message, every event and the end.
    Identical,
    /// The same up to where this ended it.
    IdenticalUntil { code: Code },
    /// The first difference.
    Diverged { recorded: String, replayed: String },
    /// Why it cannot be replayed.
    NotReplayable { why: String },
}

impl Host {
    /// Replays one operation.
    pub fn replay(&self, operation: &OperationId) -> Result<Replayed, Problem> {
        let entry = self.entry(operation)?;
        self.replay_entry(&entry)
    }

    /// Replays every operation that fits, oldest first, and gives each out as it is done.
    pub fn replay_each(
        &self,
        filter: &Filter,
        mut give: impl FnMut(Replayed),
    ) -> Result<(), Problem> {
        let end = self.length()?;
        let each = |entry: Entry| -> Result<(), Failed> {
            if entry.opened.leaf.operation.is_some() {
                give(self.replay_entry(&entry)?);
            }
            Ok(())
        };
        self.witness.each(filter, end, each).map_err(|Failed(problem)| problem)
    }

    fn replay_entry(&self, entry: &Entry) -> Result<Replayed, Problem> {
        let recording = match Recording::of(entry) {
            Ok(recording) => recording,
            Err(why) => return Ok(Replayed::not(entry, why)),
        };
        self.is_whole(entry)?;
        let loaded = match self.load(&recording.provider) {
            Ok(loaded) => loaded,
            Err(problem) => return Ok(Replayed::not(entry, problem.message)),
        };
        if loaded.component_digest != recording.plugin.component {
            let (then, now) = (&recording.plugin.component, &loaded.component_digest);
            let why = format!("it ran in {then}, and {now} is installed");
            return Ok(Replayed::not(entry, why));
        }
        let ready = self.ready(self.engine()?, &loaded)?;
        let player = Arc::new(Player::new(recording.exchanges, recording.recorded.start));
        let report = drive(&ready, recording.call, &player)?;
        let seen = player.seen();
        let (recorded, result) = (&recording.recorded, recording.result.as_deref());
        Ok(Replayed {
            messages: seen.played,
            transcript: recording.digest,
            verdict: compare(recorded, result, &report, &seen),
            ..Replayed::not(entry, String::new())
        })
    }

    /// What is replayed must be what was recorded.
    fn is_whole(&self, entry: &Entry) -> Result<(), Problem> {
        let seq = entry.closed.as_ref().unwrap_or(&entry.opened).leaf.seq;
        let report = self.witness.verify_entry(seq).map_err(explain)?;
        report.first_problem.map_or(Ok(()), |fault| Err(fault.problem()))
    }
}

/// Runs it; where it waits for an answer that was not recorded, it is interrupted.
fn drive(ready: &Ready, mut call: Call, player: &Arc<Player>) -> Result<Report, Problem> {
    let (interrupt, interrupted) = tokio::sync::watch::channel(false);
    call.interrupt = Some(interrupted);
    block_on(async {
        let mut running = std::pin::pin!(ready.engine.call(&ready.prepared, call, player.clone()));
        tokio::select! {
            biased;
            report = &mut running => report,
            () = player.stalls() => {
                interrupt.send_replace(true);
                running.await
            }
        }
    })
}

/// The way of a problem through the log's reader.
struct Failed(Problem);

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<if_witness::WitnessError> for Failed {
    fn from(error: if_witness::WitnessError) -> Self {
        Self(explain(error))
    }
}

/// All that a replay needs of an entry.
struct Recording {
    provider: if_core::Word,
    plugin: Plugin,
    recorded: RecordedCall,
    call: Call,
    exchanges: Vec<Exchange>,
    result: Option<String>,
    digest: String,
}

impl Recording {
    /// What of it was recorded, or why it is not enough.
    fn of(entry: &Entry) -> Result<Self, String> {
        let missing = |what: &str| format!("{what} was not recorded, or was erased");
        let Some(closed) = &entry.closed else {
            return Err(match entry.is_open() {
                true => "it has not ended".to_owned(),
                false => "it was refused before the plugin was called".to_owned(),
            });
        };
        // The entry whose signature, and whose bodies, are held against each other.
        let leaf = &closed.leaf;
        let (Some(provider), Some(plugin)) = (&leaf.provider, &leaf.plugin) else {
            return Err("no plugin was called".to_owned());
        };
        if let Some(dropped) = dropped(entry) {
            return Err(format!("the transcript has lost its {dropped} oldest messages"));
        }
        let part = |name: &str| entry.parts.get(name);
        let text = part("call").ok_or_else(|| missing("the call"))?;
        let recorded = RecordedCall::parse(text);
        let recorded = recorded.ok_or_else(|| "its record is of another version".to_owned())?;
        let call = recorded.call().ok_or_else(|| "its record has no seed".to_owned())?;
        let transcript = part("transcript").map_or("[]", String::as_str);
        if transcript == "[]" && leaf.commitments.contains_key("transcript") {
            return Err(missing("the transcript"));
        }
        let exchanges = serde_json::from_str(transcript)
            .map_err(|error| format!("its transcript cannot be read: {error}"))?;
        if recorded.end == End::Result && part("result").is_none() {
            return Err(missing("the result"));
        }
        let digest = if_manifest::sha256(format!("{text}\n{transcript}").as_bytes()).to_string();
        Ok(Self {
            provider: provider.clone(),
            plugin: plugin.clone(),
            recorded,
            call,
            exchanges,
            result: part("result").cloned(),
            digest,
        })
    }
}

/// How many messages a transcript lost, as the evidence says.
fn dropped(entry: &Entry) -> Option<String> {
    let evidence = entry.parts.iter().filter(|(name, _)| name.starts_with("evidence-"));
    let evidence = evidence.filter_map(|(_, text)| serde_json::from_str::<Value>(text).ok());
    let told = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut lost = evidence.filter(|it| told(it, "name").as_deref() == Some(DROPPED));
    lost.next().map(|it| told(&it, "evidence").unwrap_or_default())
}

impl Replayed {
    fn not(entry: &Entry, why: String) -> Self {
        let leaf = &entry.opened.leaf;
        Self {
            operation: leaf.operation.as_ref().map(ToString::to_string).unwrap_or_default(),
            what: entry.what(),
            messages: 0,
            transcript: String::new(),
            verdict: Comparison::NotReplayable { why },
        }
    }
}

/// Holds the replay against the record: messages first, then what was said, then the end.
fn compare(
    recorded: &RecordedCall,
    result: Option<&str>,
    report: &Report,
    seen: &Seen,
) -> Comparison {
    let differ = |recorded: String, replayed: String| Comparison::Diverged { recorded, replayed };
    if let Some(parting) = &seen.parting {
        let place = format!("message {}", parting.after + 1);
        return differ(
            format!("{place}: {}", parting.recorded),
            format!("{place}: {}", parting.replayed),
        );
    }
    if let Some(code) = recorded.end.ended_from_outside()
        && seen.left.is_empty()
    {
        return Comparison::IdenticalUntil { code };
    }
    let end = End::of(&report.result);
    let place = seen.played + 1;
    let is_stalled = matches!(report.result, Err(CallError::Interrupted));
    if let Some(beyond) = seen.beyond.as_ref().filter(|_| is_stalled) {
        return differ(
            format!("the end: {}", told(&recorded.end)),
            format!("message {place}: {beyond}"),
        );
    }
    if let Some(next) = seen.left.first() {
        return differ(format!("message {place}: {next}"), format!("the end: {}", told(&end)));
    }
    if seen.said != recorded.said {
        let events = |said: &crate::recorded::Said| format!("{} events {}", said.events, said.hash);
        return differ(events(&recorded.said), events(&seen.said));
    }
    if end != recorded.end {
        return differ(told(&recorded.end), told(&end));
    }
    match (&report.result, result) {
        (Ok(replayed), Some(recorded)) if replayed != recorded => {
            differ(format!("result {recorded}"), format!("result {replayed}"))
        }
        _ => Comparison::Identical,
    }
}

fn told(end: &End) -> String {
    match end {
        End::Result => "a result".to_owned(),
        End::Error { code, message } => format!("{code}: {message}"),
        End::Lost => "its process was lost".to_owned(),
    }
}

#[cfg(test)]
mod tests;
