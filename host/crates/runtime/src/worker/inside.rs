//! The life of a worker: one component, one call, behind the wall.

use super::frame::{Reader, encode};
use super::message::{HANDOVER, Said, Told, VERSION};
use crate::cache::Artefact;
use crate::call::Call;
use crate::config::Allocation;
use crate::error::RuntimeError;
use crate::sandbox::{Linked, Sandbox};
use if_core::{Answer, Ask, BoxFuture, Broker, Code, Refusal, RefusalKind, UnixMillis};
use if_wall::{Bounds, Calls};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Signal, set_parent_process_death_signal};
use std::collections::HashMap;
use std::io::{Error, IoSliceMut, Result, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::{OwnedPermit, Receiver, Sender, channel};
use tokio::sync::{oneshot, watch};

/// Largest message from outside: an answer's body with every byte spelled out, and more.
const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// Address space: each linear memory reserves 4 GiB of it and touches what it has.
const ADDRESS_BYTES_MAX: u64 = 128 << 30;

/// Memory beside the guest's own: this program's, and its tables.
const OWN_BYTES_MAX: u64 = 96 << 20;

/// How many times a message of the largest size is held at once: as it came, as text, as the
/// guest's and as it goes.
const MESSAGE_COPIES: u64 = 6;

/// Beyond its deadline a call is ended from outside; the kernel's clock only ends what outlives
/// that.
const CPU_SECONDS_BEYOND: u64 = 5;

/// All of it: loads the machine code that comes over standard input, which is a socket, closes
/// itself off, runs the one call, reports. Ends early without a word when the other side is gone.
pub fn worker_main() -> std::result::Result<(), RuntimeError> {
    if_wall::forget_inherited();
    // Whoever is left behind a dead house would compute for nobody.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    // Made while the other side still checks who may run.
    let sandbox = Sandbox::new(Allocation::OnDemand)?;
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from);
    let run = socket.and_then(|socket| run(socket, sandbox));
    run.map_err(|error| RuntimeError::Worker(error.to_string()))
}

fn run(socket: UnixStream, sandbox: Sandbox) -> Result<()> {
    let Some(memory) = receive(&socket)? else { return Ok(()) };
    let linked = Artefact::handed(memory)
        .map_err(|error| RuntimeError::Worker(error.to_string()))
        .and_then(|artefact| sandbox.load(&artefact));
    let linked = match linked {
        Ok(linked) => linked,
        Err(error) => return say(&socket, &Said::Unloadable { why: error.into() }),
    };
    let (version, imports) = (VERSION.to_owned(), linked.imports.to_vec());
    say(&socket, &Said::Loaded { version, imports })?;
    // What must be made is made now: a file table for events, a thread for the clock.
    let executor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outside = if_wall::leave_file_system().map_err(Error::other)?;
    sandbox.tick()?;
    let mut reader = Reader::new(MESSAGE_BYTES_MAX);
    let Some(Told::Call { call }) = reader.next_blocking(&socket)? else { return Ok(()) };
    socket.set_nonblocking(true)?;
    let socket = {
        let _executor = executor.enter();
        tokio::net::UnixStream::from_std(socket)?
    };
    outside.close(bounds(&call), Calls::Conversing).map_err(Error::other)?;
    executor.block_on(converse(socket, reader, sandbox, linked, *call))
}

/// What the kernel holds it to, whatever becomes of the sandbox.
fn bounds(call: &Call) -> Bounds {
    let limits = &call.limits;
    let messages = limits.message_bytes_max.saturating_mul(MESSAGE_COPIES);
    let words = limits.output_bytes_max.saturating_add(limits.log_bytes_max).saturating_mul(2);
    Bounds {
        // A stream may run all night.
        cpu_seconds: call.stream.is_none().then(|| call.deadline_ms / 1000 + CPU_SECONDS_BEYOND),
        address_bytes: ADDRESS_BYTES_MAX,
        data_bytes: Some(OWN_BYTES_MAX + limits.memory_bytes_max + messages + words),
    }
}

fn say(mut socket: &UnixStream, said: &Said) -> Result<()> {
    socket.write_all(&encode(said)?)
}

/// The descriptor of the machine code; `None` when the other side wants nothing any more.
fn receive(socket: &UnixStream) -> Result<Option<OwnedFd>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let got = recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut beside, flags)?;
    if got.bytes == 0 {
        return Ok(None);
    }
    let whole = byte == [HANDOVER];
    let rights = beside.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let mut descriptors: Vec<OwnedFd> = rights.flatten().collect();
    match descriptors.pop() {
        Some(memory) if whole && descriptors.is_empty() => Ok(Some(memory)),
        _ => Err(Error::other("no machine code was handed over")),
    }
}

/// Runs the call; wishes go out, answers come in.
async fn converse(
    socket: tokio::net::UnixStream,
    reader: Reader,
    sandbox: Sandbox,
    linked: Linked,
    mut call: Call,
) -> Result<()> {
    let (incoming, outgoing) = socket.into_split();
    // Each wish takes two places: for itself, and for the word that nobody waits any more.
    let (words, said) = channel(2 * (call.limits.handles_max as usize + 2));
    let (interrupt, interrupted) = watch::channel(false);
    call.interrupt = Some(interrupted);
    let far = Arc::new(Far::new(words.clone()));
    let work = async {
        let report = sandbox.run(&linked, call, far.clone()).await;
        // Nobody listens only when nobody is there.
        let _ = words.send(Said::Report { report }).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        told = speak(outgoing, said) => told,
        heard = hear(incoming, reader, &far, &interrupt) => heard,
        () = work => Ok(()),
    }
}

/// Writes what is to be said, until the report is out.
async fn speak(mut outgoing: OwnedWriteHalf, mut said: Receiver<Said>) -> Result<()> {
    while let Some(words) = said.recv().await {
        outgoing.write_all(&encode(&words)?).await?;
        if matches!(words, Said::Report { .. }) {
            break;
        }
    }
    Ok(())
}

/// Hands answers to those who wait, until the other side is gone.
async fn hear(
    mut incoming: OwnedReadHalf,
    mut reader: Reader,
    far: &Far,
    interrupt: &watch::Sender<bool>,
) -> Result<()> {
    while let Some(told) = reader.next(&mut incoming).await? {
        match told {
            Told::Answer { id, answer } => far.answered(id, answer),
            Told::Interrupt => {
                interrupt.send_replace(true);
            }
            Told::Call { .. } => return Err(Error::other("a second call")),
        }
    }
    Ok(())
}

/// The broker as a worker has it: on the other side of the socket.
struct Far {
    words: Sender<Said>,
    asked: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

impl Far {
    fn new(words: Sender<Said>) -> Self {
        Self { words, asked: AtomicU64::new(0), waiting: Mutex::new(HashMap::new()) }
    }

    fn answered(&self, id: u64, answer: Answer) {
        if let Some(waiting) = self.waiting().remove(&id) {
            // Whoever asked may have given up in this very moment.
            let _ = waiting.send(answer);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Broker for Far {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            let place = || self.words.clone().reserve_owned();
            let (Ok(first), Ok(second)) = (place().await, place().await) else { return gone() };
            let id = self.asked.fetch_add(1, Ordering::Relaxed);
            let (answer, answered) = oneshot::channel();
            self.waiting().insert(id, answer);
            let _given_up = GivenUp { far: self, id, place: Some(second) };
            first.send(Said::Ask { id, ask });
            answered.await.unwrap_or_else(|_| gone())
        })
    }

    /// The true broker is finished where it is.
    fn finish(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The other side is gone; so is this worker, in a moment.
fn gone() -> Answer {
    let refusal = Refusal::fatal(RefusalKind::Invalid, Code::Bug, "nobody answers the worker");
    Answer { at: UnixMillis(0), effect: None, result: Err(refusal) }
}

/// Tells the other side when a wish is dropped before it is answered.
struct GivenUp<'a> {
    far: &'a Far,
    id: u64,
    /// In the queue, for that word.
    place: Option<OwnedPermit<Said>>,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if self.far.waiting().remove(&self.id).is_some()
            && let Some(place) = self.place.take()
        {
            place.send(Said::Dropped { id: self.id });
        }
    }
}

#[cfg(test)]
mod tests;
