//! What a call's store, its HTTP tasks and its pollables have in common: the broker, guest time,
//! and whether the call must end.

use crate::limits::Stop;
use crate::pace::Pace;
use crate::time::GuestTime;
use if_core::{Ask, Broker, Code, Frame, Header, Refusal, RefusalKind, Reply, UnixMillis};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One per call.
pub(crate) struct Shared {
    broker: Arc<dyn Broker>,
    pub(crate) time: GuestTime,
    bytes: AtomicU64,
    stopped: AtomicBool,
    stop: Mutex<Option<Stop>>,
    stopping: Notify,
    /// The last of each kind that the guest was given.
    refusals: Mutex<Vec<Refusal>>,
    /// Streams only.
    pace: Option<Arc<Pace>>,
}

impl Shared {
    pub(crate) fn new(
        broker: Arc<dyn Broker>,
        start: UnixMillis,
        pace: Option<Arc<Pace>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            broker,
            time: GuestTime::new(start),
            bytes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            stop: Mutex::new(None),
            stopping: Notify::new(),
            refusals: Mutex::new(Vec::new()),
            pace,
        })
    }

    /// Passes one wish to the broker, moves guest time, and ends the call if the refusal says so.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Reply, Refusal> {
        self.count(weight_of_ask(&ask));
        let reaches_out = matches!(ask, Ask::Http { .. } | Ask::Open { .. });
        let gives = matches!(ask, Ask::Emit { .. });
        let answer = self.broker.ask(ask).await;
        self.time.move_to(answer.at);
        if let Some(pace) = &self.pace
            && is_pulse(gives, reaches_out, &answer.result)
        {
            pace.pulse();
        }
        match answer.result {
            Ok(reply) => {
                self.count(weight_of_reply(&reply));
                Ok(reply)
            }
            Err(refusal) => {
                if refusal.ends_call {
                    self.end(Stop::Refused(refusal.clone()));
                }
                self.refused(refusal.clone());
                Err(refusal)
            }
        }
    }

    /// A stream's guest waits for its peer: the clock of silence stands.
    pub(crate) fn waits(&self) {
        if let Some(pace) = &self.pace {
            pace.waits();
        }
    }

    /// A stream's guest is at work.
    pub(crate) fn works(&self) {
        if let Some(pace) = &self.pace {
            pace.works();
        }
    }

    /// Lets guest time reach `instant`, in nanoseconds since 1970. A broker that refuses to wait
    /// does not keep guest time from passing.
    pub(crate) async fn sleep_until(&self, instant: u64) {
        let nanos = instant.saturating_sub(self.time.now());
        if nanos > 0 {
            let _ = self.ask(Ask::Sleep { nanos }).await;
            self.time.pass_to(instant);
        }
    }

    /// Demands the end of the call. The first reason stays.
    pub(crate) fn end(&self, stop: Stop) {
        lock(&self.stop).get_or_insert(stop);
        self.stopped.store(true, Ordering::Release);
        self.stopping.notify_one();
    }

    /// The reason to end, if there is one.
    pub(crate) fn ended(&self) -> Option<Stop> {
        if self.stopped.load(Ordering::Acquire) { lock(&self.stop).clone() } else { None }
    }

    /// Waits for a reason to end.
    pub(crate) async fn ending(&self) -> Stop {
        loop {
            if let Some(stop) = self.ended() {
                return stop;
            }
            self.stopping.notified().await;
        }
    }

    /// Keeps what the guest was refused, so that its report of it can be held against it.
    pub(crate) fn refused(&self, refusal: Refusal) {
        let mut refusals = lock(&self.refusals);
        refusals.retain(|earlier| earlier.kind != refusal.kind);
        refusals.push(refusal);
    }

    /// The last refusal of this kind that the guest was given.
    pub(crate) fn refusal(&self, kind: RefusalKind) -> Option<Refusal> {
        lock(&self.refusals).iter().find(|refusal| refusal.kind == kind).cloned()
    }

    /// A reply of the wrong kind is a bug of the broker, and ends the call as one.
    pub(crate) fn mismatch(&self, reply: &Reply) -> Stop {
        let kind = match reply {
            Reply::Done => "done",
            Reply::Http { .. } => "http",
            Reply::Opened { .. } => "opened",
            Reply::Frame { .. } => "frame",
            Reply::Placeholder { .. } => "placeholder",
            Reply::Bytes { .. } => "bytes",
            Reply::State { .. } => "state",
        };
        let message = format!("the broker gave a reply of the wrong kind: {kind}");
        let stop = Stop::Refused(Refusal::fatal(RefusalKind::Invalid, Code::Bug, message));
        self.end(stop.clone());
        stop
    }

    /// Payload bytes that crossed so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a stream gave or got something: an event, a message, an answer from outside. That a peer
/// cannot be reached is one too (waiting for its return is what a stream is for); that the host
/// refuses is none.
fn is_pulse(gives: bool, reaches_out: bool, result: &Result<Reply, Refusal>) -> bool {
    match result {
        Ok(Reply::Frame { frame }) => frame.is_some(),
        Ok(_) => gives || reaches_out,
        Err(refusal) => {
            let outside = [RefusalKind::Unreachable, RefusalKind::Timeout, RefusalKind::Protocol];
            reaches_out && outside.contains(&refusal.kind)
        }
    }
}

fn weight_of_headers(headers: &[Header]) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn weight_of_frame(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Binary(bytes) => bytes.len(),
        Frame::Closed { reason, .. } => reason.len(),
    }
}

fn weight_of_ask(ask: &Ask) -> usize {
    match ask {
        Ask::Http { request } => {
            request.url.len() + weight_of_headers(&request.headers) + request.body.len()
        }
        Ask::Open { target } => target.host.len() + weight_of_headers(&target.headers),
        Ask::Send { frame, .. } => weight_of_frame(frame),
        Ask::Placeholder { recipe, inputs } => {
            recipe.len()
                + inputs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
        }
        Ask::BlobWrite { bytes, .. } => bytes.len(),
        Ask::StateSet { key, value } => key.len() + value.as_ref().map_or(0, Vec::len),
        Ask::Emit { event } => event.len(),
        Ask::Progress { message, .. } | Ask::Log { message, .. } => message.len(),
        Ask::Attach { name, evidence } => name.len() + evidence.len(),
        Ask::CostReserve { reason: text, .. } | Ask::CostReport { usage: text, .. } => text.len(),
        Ask::StateGet { key } => key.len(),
        Ask::Receive { .. }
        | Ask::Ready { .. }
        | Ask::Close { .. }
        | Ask::Sleep { .. }
        | Ask::BlobRead { .. } => 0,
    }
}

fn weight_of_reply(reply: &Reply) -> usize {
    match reply {
        Reply::Http { response } => weight_of_headers(&response.headers) + response.body.len(),
        Reply::Frame { frame } => frame.as_ref().map_or(0, weight_of_frame),
        Reply::Placeholder { token } => token.len(),
        Reply::Bytes { bytes, .. } => bytes.len(),
        Reply::State { value } => value.as_ref().map_or(0, Vec::len),
        Reply::Opened { local, .. } => local.len(),
        Reply::Done => 0,
    }
}
