//! What was seen to happen: plan, transcript, traffic, and whether a write may have arrived.
//!
//! Written the moment before bytes leave, not when an answer comes: a call that is killed in
//! between must still be told apart from one that sent nothing. Everything here has placeholders
//! where values were: their tokens in the transcript, which the guest saw, and their names in the
//! plan, which people see. Every list is bounded.

use if_core::{Answer, Ask, ConnectionId, Effect, Frame, Refusal, Reply, UnixMillis, Word};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most entries of a transcript: a stream runs for days, its evidence is the recent past.
pub const TRANSCRIPT_ENTRIES_MAX: usize = 10_000;
/// Most bytes of messages in a transcript: it is stored with every operation.
pub const TRANSCRIPT_BYTES_MAX: usize = 4 << 20;
/// Most messages of a plan: nobody reads more, and a guest could loop.
pub const PLAN_MAX: usize = 1_000;
/// Most messages whose missing answers are remembered one by one: one is enough to doubt an
/// outcome, and a stream could lose answers for ever.
const UNANSWERED_MAX: usize = 1_000;
/// Longest summary of one message, shown on a terminal.
const SUMMARY_CHARS_MAX: usize = 2_000;

/// One message that a dry run kept back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMessage {
    /// Name of the endpoint in the manifest.
    pub endpoint: String,
    pub effect: Effect,
    /// Method and path, or the frame, with `<placeholder:name>` where values would stand.
    pub summary: String,
}

/// What went to and came from one endpoint. Bytes of heads and bodies, without TLS and framing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndpointTraffic {
    pub messages: BTreeMap<Effect, u64>,
    pub bytes_out: u64,
    pub bytes_in: u64,
}

/// The broker's account of one call.
#[derive(Debug, Clone, Default)]
pub struct BrokerReport {
    pub plan: Vec<PlannedMessage>,
    /// In order, as the guest said and heard it; the oldest entries are gone when
    /// `transcript_dropped` is not 0.
    pub transcript: Vec<(Ask, Answer)>,
    /// Each token that stands for a value, and the name of what it stands for.
    pub placeholders: Vec<(String, String)>,
    pub transcript_dropped: u64,
    /// By endpoint name.
    pub traffic: BTreeMap<String, EndpointTraffic>,
    /// A `write` or `dangerous` message left the machine.
    pub wrote: bool,
    /// Such a message has had no answer on its connection so far.
    pub wrote_unanswered: bool,
    /// (secret, endpoint) of every value that was put into a message.
    pub secrets_used: Vec<(String, String)>,
    /// The first refusal that ended the call.
    pub refusal: Option<Refusal>,
    /// Fake only: recorded exchanges that were not asked for.
    pub cassette_left: usize,
    /// Fake only: more was asked for than recorded. The usual end of a stream's recording.
    pub cassette_ended: bool,
}

/// Who a message waits for an answer from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    Request(u64),
    Connection(ConnectionId),
}

#[derive(Default)]
struct Inner {
    report: BrokerReport,
    transcript: VecDeque<(usize, Ask, Answer)>,
    transcript_bytes: usize,
    unanswered: BTreeSet<Waiting>,
    requests: u64,
}

/// The shared account.
#[derive(Default)]
pub struct Ledger {
    inner: Mutex<Inner>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key under which one HTTP request waits.
    pub fn request(&self) -> Waiting {
        let mut inner = self.lock();
        inner.requests += 1;
        Waiting::Request(inner.requests)
    }

    fn leaves(&self, departure: &Departure) {
        let mut inner = self.lock();
        let traffic = inner.report.traffic.entry(departure.endpoint.to_string()).or_default();
        *traffic.messages.entry(departure.effect).or_default() += departure.messages;
        traffic.bytes_out = traffic.bytes_out.saturating_add(departure.bytes);
        if !departure.effect.is_harmless() {
            inner.report.wrote = true;
            if inner.unanswered.len() < UNANSWERED_MAX {
                inner.unanswered.insert(departure.waiting);
            }
        }
    }

    /// An answer came: a whole response, or the next frame of a connection.
    pub fn answered(&self, waiting: Waiting, endpoint: &Word, bytes: u64) {
        let mut inner = self.lock();
        inner.unanswered.remove(&waiting);
        let traffic = inner.report.traffic.entry(endpoint.to_string()).or_default();
        traffic.bytes_in = traffic.bytes_in.saturating_add(bytes);
    }

    /// Notes that a value of this secret was put into a message.
    pub fn used(&self, secret: &Word, endpoint: &Word) {
        let mut inner = self.lock();
        let entry = (secret.to_string(), endpoint.to_string());
        if !inner.report.secrets_used.contains(&entry) {
            inner.report.secrets_used.push(entry);
        }
    }

    /// Adds a message to the plan. False when the plan is full.
    pub fn plan(&self, endpoint: &Word, effect: Effect, summary: &str) -> bool {
        let mut inner = self.lock();
        let room = inner.report.plan.len() < PLAN_MAX;
        if room {
            let summary = summary.chars().take(SUMMARY_CHARS_MAX).collect();
            inner.report.plan.push(PlannedMessage {
                endpoint: endpoint.to_string(),
                effect,
                summary,
            });
        }
        room
    }

    /// The refusal that ended the call, if one did.
    pub fn ended(&self) -> Option<Refusal> {
        self.lock().report.refusal.clone()
    }

    /// Remembers the first refusal that ends the call.
    pub fn end(&self, refusal: &Refusal) {
        self.lock().report.refusal.get_or_insert_with(|| refusal.clone());
    }

    /// When what was recorded last was answered.
    pub fn time(&self) -> Option<UnixMillis> {
        self.lock().transcript.back().map(|(_, _, answer)| answer.at)
    }

    /// Appends to the transcript, dropping the oldest beyond its bounds.
    pub fn record(&self, ask: Ask, answer: Answer) {
        let weight = ask_bytes(&ask) + answer_bytes(&answer);
        let mut inner = self.lock();
        inner.transcript_bytes += weight;
        inner.transcript.push_back((weight, ask, answer));
        while inner.transcript.len() > TRANSCRIPT_ENTRIES_MAX
            || inner.transcript_bytes > TRANSCRIPT_BYTES_MAX
        {
            let Some((weight, ..)) = inner.transcript.pop_front() else { break };
            inner.transcript_bytes -= weight;
            inner.report.transcript_dropped += 1;
        }
    }

    /// The account so far.
    pub fn report(&self) -> BrokerReport {
        let inner = self.lock();
        let mut report = inner.report.clone();
        report.transcript =
            inner.transcript.iter().map(|(_, ask, answer)| (ask.clone(), answer.clone())).collect();
        report.wrote_unanswered = !inner.unanswered.is_empty();
        report
    }
}

/// What a transport must say before the first byte of a message leaves.
pub struct Departure {
    pub ledger: Arc<Ledger>,
    pub endpoint: Word,
    pub effect: Effect,
    pub waiting: Waiting,
    /// Lines of a stream leave together.
    pub messages: u64,
    pub bytes: u64,
}

impl Departure {
    /// From here on the message may have arrived.
    pub fn leave(&self) {
        self.ledger.leaves(self);
    }
}

/// Rough size of an ask in memory.
fn ask_bytes(ask: &Ask) -> usize {
    const HEAD: usize = 64;
    HEAD + match ask {
        Ask::Http { request } => {
            request.url.len() + request.body.len() + headers_bytes(&request.headers)
        }
        Ask::Open { target } => target.host.len() + headers_bytes(&target.headers),
        Ask::Send { frame, .. } => frame_bytes(frame),
        Ask::BlobWrite { bytes, .. } => bytes.len(),
        Ask::StateSet { key, value } => key.len() + value.as_ref().map_or(0, Vec::len),
        Ask::Attach { evidence, .. } => evidence.len(),
        Ask::Placeholder { inputs, .. } => inputs.values().map(String::len).sum(),
        _ => 0,
    }
}

fn answer_bytes(answer: &Answer) -> usize {
    match &answer.result {
        Ok(Reply::Http { response }) => response.body.len() + headers_bytes(&response.headers),
        Ok(Reply::Frame { frame: Some(frame) }) => frame_bytes(frame),
        Ok(Reply::Bytes { bytes, .. }) => bytes.len(),
        Ok(Reply::State { value: Some(value) }) => value.len(),
        Err(refusal) => refusal.message.len(),
        _ => 0,
    }
}

/// Bytes of names and values.
pub fn headers_bytes(headers: &[(String, String)]) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// Payload of a frame.
pub fn frame_bytes(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
        Frame::Closed { reason, .. } => reason.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_core::UnixMillis;

    fn word(text: &str) -> Word {
        Word::new(text).unwrap()
    }

    fn answer() -> Answer {
        Answer { at: UnixMillis(0), effect: None, result: Ok(Reply::Done) }
    }

    #[test]
    fn a_write_is_unanswered_until_its_own_answer_comes() {
        let ledger = Arc::new(Ledger::default());
        let leave = |effect, waiting| {
            let ledger = ledger.clone();
            Departure { ledger, endpoint: word("e"), effect, waiting, messages: 1, bytes: 10 }
                .leave();
        };
        let state = || (ledger.report().wrote, ledger.report().wrote_unanswered);
        leave(Effect::Read, ledger.request());
        assert_eq!(state(), (false, false));
        let first = ledger.request();
        leave(Effect::Write, first);
        assert_eq!(state(), (true, true));
        ledger.answered(Waiting::Connection(ConnectionId(1)), &word("e"), 5);
        assert_eq!(state(), (true, true));
        ledger.answered(first, &word("e"), 5);
        assert_eq!(state(), (true, false));
        let traffic = ledger.report().traffic["e"].clone();
        assert_eq!((traffic.bytes_out, traffic.bytes_in), (20, 10));
        assert_eq!(traffic.messages, BTreeMap::from([(Effect::Read, 1), (Effect::Write, 1)]));
    }

    #[test]
    fn the_transcript_is_a_bounded_ring() {
        let ledger = Ledger::default();
        for number in 0..TRANSCRIPT_ENTRIES_MAX as u64 + 5 {
            ledger.record(Ask::Sleep { nanos: number }, answer());
        }
        let report = ledger.report();
        assert_eq!(
            (report.transcript.len(), report.transcript_dropped),
            (TRANSCRIPT_ENTRIES_MAX, 5)
        );
        assert_eq!(report.transcript[0].0, Ask::Sleep { nanos: 5 });
        let big = || Ask::BlobWrite { blob: "b".into(), bytes: vec![0; TRANSCRIPT_BYTES_MAX / 2] };
        ledger.record(big(), answer());
        ledger.record(big(), answer());
        assert_eq!(ledger.report().transcript.len(), 1);
    }

    #[test]
    fn the_plan_is_bounded() {
        let ledger = Ledger::default();
        for _ in 0..PLAN_MAX {
            assert!(ledger.plan(&word("e"), Effect::Write, &"x".repeat(SUMMARY_CHARS_MAX + 1)));
        }
        assert!(!ledger.plan(&word("e"), Effect::Write, "x"));
        assert_eq!(ledger.report().plan[0].summary.len(), SUMMARY_CHARS_MAX);
    }
}
