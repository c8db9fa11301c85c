//! Questions and answers over one WebSocket, and what comes in between.
//!
//! A protocol that numbers its requests answers them in its own order, with events among them. This
//! keeps what is no answer until somebody asks for it, in bounds: a peer that never answers must
//! not fill the memory nor keep the call busy until its deadline.

use crate::bindings::infrafabric::adapter::output;
use crate::websocket::{Message, WebSocket};
use crate::{Failure, Level, Outcome};
use serde_json::Value;
use std::collections::VecDeque;

/// Messages that may come before one answer. A burst of events while a request runs is a few
/// hundred; a thousand times no answer is none.
const STRAYS_MAX: usize = 1_000;

/// What a close code means to this protocol; `None` for one that says nothing of its own.
pub type Closes = fn(code: u16, reason: &str) -> Option<Failure>;

/// A WebSocket on which requests carry numbers.
#[derive(Debug)]
pub struct Conversation {
    socket: WebSocket,
    closes: Closes,
    last_id: u64,
    /// Came while an answer was awaited.
    kept: VecDeque<Value>,
    /// Came, and had to make room for newer ones.
    lost: u64,
}

impl Conversation {
    /// A conversation on this socket, whose close codes mean this.
    pub fn new(socket: WebSocket, closes: Closes) -> Self {
        Self { socket, closes, last_id: 0, kept: VecDeque::new(), lost: 0 }
    }

    /// A number for the next request: 1, 2, 3 …
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Sends a frame that wants no answer and changes nothing: a handshake, a subscription.
    ///
    /// # Errors
    /// As the socket's.
    pub fn say(&self, message: &Value) -> Result<(), Failure> {
        self.socket.ask(message)
    }

    /// Sends a question and returns the first message that `is_answer` accepts.
    ///
    /// # Errors
    /// `timeout`, `unreachable`, `protocol`; nothing is left in doubt.
    pub fn ask(&mut self, message: &Value, is_answer: impl Fn(&Value) -> bool) -> Outcome {
        self.socket.ask(message)?;
        self.answer(is_answer)
    }

    /// The same for what may change something: a lost answer means an unknown outcome.
    ///
    /// # Errors
    /// As [`Conversation::ask`].
    pub fn tell(&mut self, message: &Value, is_answer: impl Fn(&Value) -> bool) -> Outcome {
        self.socket.send(message)?;
        self.answer(is_answer)
    }

    /// The first message that `is_answer` accepts; the others are kept for [`Conversation::heard`].
    ///
    /// # Errors
    /// As [`Conversation::ask`].
    pub fn answer(&mut self, is_answer: impl Fn(&Value) -> bool) -> Outcome {
        for _ in 0..STRAYS_MAX {
            let message = self.socket.receive()?;
            let message = self.json(message)?;
            if is_answer(&message) {
                return Ok(message);
            }
            self.keep(message);
        }
        Err(Failure::protocol(format!("{STRAYS_MAX} messages came, none of them the answer")))
    }

    /// The next message that was no answer, however long it takes: for a command that streams.
    /// Messages that had to make room for newer ones are counted, and the operator reads how many.
    ///
    /// # Errors
    /// `unreachable` when the connection is gone, `protocol` when it is no JSON.
    pub fn heard(&mut self) -> Outcome {
        self.say_what_was_lost();
        match self.kept.pop_front() {
            Some(message) => Ok(message),
            None => {
                let message = self.socket.wait()?;
                self.json(message)
            }
        }
    }

    /// What came while an answer was awaited and was none, if anything did.
    pub fn kept(&mut self) -> Option<Value> {
        self.say_what_was_lost();
        self.kept.pop_front()
    }

    fn keep(&mut self, message: Value) {
        if self.kept.len() >= STRAYS_MAX {
            self.kept.pop_front();
            self.lost += 1;
        }
        self.kept.push_back(message);
    }

    fn say_what_was_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            let words = format!("{lost} messages came while an answer was awaited, and are lost");
            output::log(Level::Warn, &words);
        }
    }

    fn json(&self, message: Message) -> Outcome {
        match message {
            Message::Json(message) => Ok(message),
            Message::Closed { code, reason } => {
                Err((self.closes)(code, &reason).unwrap_or_else(|| self.socket.gone(code, &reason)))
            }
        }
    }
}
