//! The broker of a replay: it gives the recorded answers to the recorded wishes, in their order,
//! and stops at the first wish that is another. It has no network, no secret, no file, no clock.

use crate::recorded::Said;
use if_core::{Answer, Ask, BoxFuture, Broker, Code, Refusal, RefusalKind, Reply, UnixMillis};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Longest piece of a wish that is quoted.
const QUOTE_CHARS_MAX: usize = 400;

/// How long a guest may go on beside a wish that is not answered. A recorded one did so until a
/// limit ended it, which comes sooner.
const PATIENCE: Duration = Duration::from_millis(250);

/// A recorded exchange, as the body `transcript` holds it.
pub(super) type Exchange = (Ask, Answer);

/// Where a replay leaves the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parting {
    /// Wishes before it that were the same.
    pub after: usize,
    pub recorded: String,
    pub replayed: String,
}

/// What a replay saw.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub played: usize,
    pub left: Vec<String>,
    pub parting: Option<Parting>,
    /// The guest wished for more than was recorded, and for what.
    pub beyond: Option<String>,
    pub said: Said,
}

/// Plays a transcript.
pub(super) struct Player {
    reel: Mutex<Reel>,
    beyond: Notify,
}

struct Reel {
    exchanges: VecDeque<Exchange>,
    now: UnixMillis,
    seen: Seen,
}

impl Player {
    /// Begins at the call's own start.
    pub fn new(exchanges: Vec<Exchange>, start: UnixMillis) -> Self {
        let seen = Seen {
            played: 0,
            left: Vec::new(),
            parting: None,
            beyond: None,
            said: Said::default(),
        };
        let reel = Reel { exchanges: exchanges.into(), now: start, seen };
        Self { reel: Mutex::new(reel), beyond: Notify::new() }
    }

    /// Returns when the guest has waited for a while for an answer that was not recorded. Until
    /// then it may reach the limit that ended it.
    pub async fn stalls(&self) {
        self.beyond.notified().await;
        tokio::time::sleep(PATIENCE).await;
    }

    /// What it saw so far.
    pub fn seen(&self) -> Seen {
        let reel = self.lock();
        let left = reel.exchanges.iter().map(|(ask, _)| quoted(ask)).collect();
        Seen { left, ..reel.seen.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Reel> {
        self.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reel {
    /// `None` behind the end.
    fn answer(&mut self, ask: &Ask) -> Option<Answer> {
        if self.exchanges.front().is_some_and(|(recorded, _)| recorded == ask)
            && let Some((_, answer)) = self.exchanges.pop_front()
        {
            self.seen.played += 1;
            self.now = answer.at;
            return Some(answer);
        }
        // Words are recorded only where they were refused.
        let result = match ask {
            Ask::Emit { event } => {
                self.seen.said.add(event);
                Ok(Reply::Done)
            }
            Ask::Log { .. } | Ask::Progress { .. } => Ok(Reply::Done),
            other => Err(self.part(other)?),
        };
        Some(Answer { at: self.now, effect: None, result })
    }

    fn part(&mut self, ask: &Ask) -> Option<Refusal> {
        let Some((recorded, _)) = self.exchanges.front() else {
            self.seen.beyond.get_or_insert_with(|| quoted(ask));
            return None;
        };
        self.seen.parting.get_or_insert_with(|| Parting {
            after: self.seen.played,
            recorded: quoted(recorded),
            replayed: quoted(ask),
        });
        let text = "the replay left the recording";
        Some(Refusal::fatal(RefusalKind::Invalid, Code::ReplayDiverged, text))
    }
}

impl Broker for Player {
    /// A wish behind the end of the recording had no answer when the call ended, and gets none.
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer> {
        let answer = self.lock().answer(&ask);
        match answer {
            Some(answer) => Box::pin(std::future::ready(answer)),
            None => {
                self.beyond.notify_one();
                Box::pin(std::future::pending())
            }
        }
    }

    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn quoted(ask: &Ask) -> String {
    let text = serde_json::to_string(ask).unwrap_or_default();
    text.chars().take(QUOTE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleep(nanos: u64) -> Ask {
        Ask::Sleep { nanos }
    }

    fn player() -> Player {
        let answer = |at| Answer { at: UnixMillis(at), effect: None, result: Ok(Reply::Done) };
        Player::new(vec![(sleep(1), answer(10)), (sleep(2), answer(20))], UnixMillis(5))
    }

    fn emit(text: &str) -> Ask {
        Ask::Emit { event: text.to_owned() }
    }

    #[test]
    fn the_same_wishes_get_the_recorded_answers_at_the_recorded_times() {
        let player = player();
        let at = |ask| player.lock().answer(&ask).unwrap().at.0;
        assert_eq!([at(emit("a")), at(sleep(1)), at(emit("b")), at(sleep(2))], [5, 10, 10, 20]);
        let seen = player.seen();
        assert_eq!((seen.played, seen.left.len(), seen.said.events), (2, 0, 2));
        assert_eq!((seen.parting, seen.beyond), (None, None));
    }

    #[test]
    fn another_wish_ends_it_and_is_named_beside_the_recorded_one() {
        let player = player();
        assert!(player.lock().answer(&sleep(1)).unwrap().result.is_ok());
        let refusal = player.lock().answer(&sleep(3)).unwrap().result.unwrap_err();
        assert!(refusal.ends_call);
        let parting = player.seen().parting.unwrap();
        assert_eq!(parting.after, 1);
        assert_eq!(parting.recorded, r#"{"ask":"sleep","nanos":2}"#);
        assert_eq!(parting.replayed, r#"{"ask":"sleep","nanos":3}"#);
    }

    #[test]
    fn a_wish_behind_the_end_is_named() {
        let player = player();
        for nanos in [1, 2] {
            assert!(player.lock().answer(&sleep(nanos)).unwrap().result.is_ok());
        }
        assert_eq!(player.lock().answer(&sleep(3)), None);
        assert_eq!(player.seen().beyond.unwrap(), r#"{"ask":"sleep","nanos":3}"#);
    }

    #[test]
    fn a_word_that_was_refused_is_refused_again() {
        let gone = Refusal::fatal(RefusalKind::Denied, Code::BrokenPipe, "gone");
        let answer = Answer { at: UnixMillis(7), effect: None, result: Err(gone.clone()) };
        let player = Player::new(vec![(emit("b"), answer)], UnixMillis(5));
        assert!(player.lock().answer(&emit("a")).unwrap().result.is_ok());
        assert_eq!(player.lock().answer(&emit("b")).unwrap().result, Err(gone));
        assert_eq!(player.seen().said.events, 1);
    }
}
