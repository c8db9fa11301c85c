//! A provider at its worst: it answers as it did in the dry run, up to the first message that would
//! change something; from there on late, with garbage, with an error, or twice. It has no network.

use super::player::Exchange;
use crate::outcome::Sent;
use if_core::{
    Answer, Ask, BoxFuture, Broker, Code, ConnectionId, Effect, Frame, HttpResponse, Refusal,
    RefusalKind, Reply, UnixMillis,
};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adversity {
    /// No answer comes.
    Late,
    /// What comes is no message of the protocol.
    Garbage,
    /// The provider fails: HTTP 500, or the connection breaks off.
    Error,
    /// The answer before comes once more, in the place of the one that is waited for.
    Twice,
}

impl Adversity {
    /// All of them.
    pub const ALL: [Adversity; 4] = [Self::Late, Self::Garbage, Self::Error, Self::Twice];

    /// In one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Garbage => "garbage",
            Self::Error => "error",
            Self::Twice => "twice",
        }
    }
}

/// What is no message of any protocol that we know.
const GARBAGE: &str = "\u{1}{\"<garbage";

/// How often it says something before the connection breaks off.
const FRAMES: u32 = 2;

/// A connection that the guest opens when the provider has gone bad already; no recorded one has
/// this number.
const NEW_CONNECTION: ConnectionId = ConnectionId(u32::MAX);

/// Answers the wishes of one call.
pub(super) struct Adversary {
    adversity: Adversity,
    state: Mutex<State>,
}

struct State {
    /// As recorded; the message that would change something is not among them.
    before: VecDeque<Exchange>,
    now: UnixMillis,
    /// What was said last, for whoever says it again.
    last: Option<Frame>,
    wrote: bool,
    frames: u32,
    /// The guest wished for something else than in the dry run.
    parted: bool,
}

impl Adversary {
    /// Plays `exchanges` up to the first that would change something; `None` where none would.
    pub fn new(exchanges: &[Exchange], start: UnixMillis, adversity: Adversity) -> Option<Self> {
        let changes = |(_, answer): &Exchange| answer.effect.is_some_and(|it| it >= Effect::Write);
        let place = exchanges.iter().position(changes)?;
        let before: VecDeque<Exchange> = exchanges.iter().take(place).cloned().collect();
        let frame = |(_, answer): &Exchange| match &answer.result {
            Ok(Reply::Frame { frame: Some(frame) }) => Some(frame.clone()),
            _ => None,
        };
        let last = before.iter().rev().find_map(frame);
        let now = before.back().map_or(start, |(_, answer)| answer.at);
        let state = State { before, now, last, wrote: false, frames: FRAMES, parted: false };
        Some(Self { adversity, state: Mutex::new(state) })
    }

    /// What it saw leave.
    pub fn sent(&self) -> Sent {
        let wrote = self.lock().wrote;
        Sent { wrote, unanswered: wrote && self.adversity != Adversity::Garbage }
    }

    /// Whether the guest went another way than in the dry run, before anything was wrong.
    pub fn parted(&self) -> bool {
        self.lock().parted
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self, ask: &Ask, adversity: Adversity) -> Answer {
        if self.before.front().is_some_and(|(recorded, _)| recorded == ask)
            && let Some((_, answer)) = self.before.pop_front()
        {
            return answer;
        }
        let result = match ask {
            Ask::Emit { .. } | Ask::Log { .. } | Ask::Progress { .. } | Ask::Attach { .. } => {
                Ok(Reply::Done)
            }
            _ if !self.before.is_empty() => {
                self.parted = true;
                let text = "the plugin goes another way than in the dry run";
                Err(Refusal::fatal(RefusalKind::Invalid, Code::ReplayDiverged, text))
            }
            ask => {
                self.wrote = true;
                self.worst(ask, adversity)
            }
        };
        Answer { at: self.now, effect: None, result }
    }

    /// From the message that would change something on.
    fn worst(&mut self, ask: &Ask, adversity: Adversity) -> Result<Reply, Refusal> {
        match ask {
            Ask::Http { .. } => http(adversity),
            Ask::Receive { timeout_ms, .. } => self.receive(*timeout_ms, adversity),
            Ask::Open { .. } => match adversity {
                Adversity::Late => Err(silence()),
                Adversity::Error => Err(broken()),
                Adversity::Garbage | Adversity::Twice => Ok(Reply::Opened {
                    connection: NEW_CONNECTION,
                    fresh: true,
                    local: "127.0.0.1:1".to_owned(),
                    subprotocol: None,
                }),
            },
            Ask::Sleep { nanos } => {
                self.now = self.now.plus_millis(nanos.div_ceil(1_000_000));
                Ok(Reply::Done)
            }
            Ask::Placeholder { .. } => Ok(Reply::Placeholder { token: "if-falsified".to_owned() }),
            Ask::BlobRead { .. } => Ok(Reply::Bytes { bytes: Vec::new(), end: true }),
            Ask::StateGet { .. } => Ok(Reply::State { value: None }),
            _ => Ok(Reply::Done),
        }
    }

    fn receive(&mut self, timeout_ms: u64, adversity: Adversity) -> Result<Reply, Refusal> {
        let speaks = self.frames > 0;
        self.frames = self.frames.saturating_sub(1);
        let frame = match (adversity, &self.last) {
            (Adversity::Late, _) => None,
            (Adversity::Error, _) => return Err(broken()),
            (Adversity::Garbage, _) if !speaks => return Err(broken()),
            (Adversity::Garbage, Some(Frame::Binary(_))) => {
                Some(Frame::Binary(GARBAGE.as_bytes().to_vec()))
            }
            (Adversity::Garbage, _) => Some(Frame::Text(GARBAGE.to_owned())),
            (Adversity::Twice, last) => last.clone().filter(|_| speaks),
        };
        if frame.is_none() {
            self.now = self.now.plus_millis(timeout_ms.max(1));
        }
        Ok(Reply::Frame { frame })
    }
}

fn http(adversity: Adversity) -> Result<Reply, Refusal> {
    let (status, body) = match adversity {
        Adversity::Late => return Err(silence()),
        Adversity::Garbage => (200, GARBAGE),
        Adversity::Error => (500, "internal error"),
        // HTTP has no second answer; a cache or a proxy has an old one.
        Adversity::Twice => (304, ""),
    };
    let body = body.as_bytes().to_vec();
    Ok(Reply::Http { response: HttpResponse { status, headers: Vec::new(), body } })
}

fn silence() -> Refusal {
    Refusal::new(RefusalKind::Timeout, Code::Timeout, "no answer came in time")
}

fn broken() -> Refusal {
    Refusal::new(RefusalKind::Unreachable, Code::Unreachable, "the connection broke off")
}

impl Broker for Adversary {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer> {
        let answer = self.lock().answer(&ask, self.adversity);
        Box::pin(std::future::ready(answer))
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive() -> Ask {
        Ask::Receive { connection: ConnectionId(1), timeout_ms: 40 }
    }

    fn send(text: &str) -> Ask {
        Ask::Send { connection: ConnectionId(1), frame: Frame::Text(text.to_owned()) }
    }

    fn hello() -> Reply {
        Reply::Frame { frame: Some(Frame::Text("hello".to_owned())) }
    }

    /// A greeting is read, then something would be changed.
    fn recorded() -> Vec<Exchange> {
        let answer = |effect, result| Answer { at: UnixMillis(10), effect, result: Ok(result) };
        vec![
            (receive(), answer(None, hello())),
            (send("cut"), answer(Some(Effect::Write), Reply::Done)),
            (receive(), answer(None, hello())),
        ]
    }

    fn adversary(adversity: Adversity) -> Adversary {
        Adversary::new(&recorded(), UnixMillis(5), adversity).unwrap()
    }

    fn said(it: &Adversary, ask: &Ask) -> Answer {
        it.lock().answer(ask, it.adversity)
    }

    #[test]
    fn it_is_honest_until_something_would_change() {
        for adversity in Adversity::ALL {
            let it = adversary(adversity);
            assert_eq!(said(&it, &receive()).result, Ok(hello()));
            assert!(!it.sent().wrote);
            assert_eq!(said(&it, &send("cut")).result, Ok(Reply::Done));
            assert!(it.sent().wrote && !it.parted());
        }
        assert!(Adversary::new(&recorded()[..1], UnixMillis(5), Adversity::Late).is_none());
    }

    #[test]
    fn from_there_on_it_is_late_senseless_broken_or_repeats_itself() {
        let after = |adversity| {
            let it = adversary(adversity);
            said(&it, &receive());
            said(&it, &send("cut"));
            [said(&it, &receive()), said(&it, &receive()), said(&it, &receive())]
        };
        let late = after(Adversity::Late);
        assert_eq!(late[2].result, Ok(Reply::Frame { frame: None }));
        assert_eq!(late[2].at, UnixMillis(10 + 3 * 40), "guest time passes while it waits");
        let [garbage, _, end] = after(Adversity::Garbage);
        let shown = Frame::Text(GARBAGE.to_owned());
        assert_eq!(garbage.result, Ok(Reply::Frame { frame: Some(shown) }));
        assert_eq!(end.result.unwrap_err().kind, RefusalKind::Unreachable);
        assert!(after(Adversity::Error)[0].result.is_err());
        let [again, twice, end] = after(Adversity::Twice);
        assert_eq!((again.result, twice.result), (Ok(hello()), Ok(hello())));
        assert_eq!(end.result, Ok(Reply::Frame { frame: None }));
    }

    #[test]
    fn who_goes_another_way_is_not_played_with() {
        let it = adversary(Adversity::Late);
        let refusal = said(&it, &send("other")).result.unwrap_err();
        assert!(refusal.ends_call && it.parted() && !it.sent().wrote);
    }
}
