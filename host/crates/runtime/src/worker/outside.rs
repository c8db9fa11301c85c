//! A worker as the house sees it: a process to start, to listen to, and to end.

use super::frame::{Reader, encode};
use super::judge::Judge;
use super::message::{HANDOVER, Said, Told, VERSION};
use super::wishes::Wishes;
use crate::cache::Artefact;
use crate::call::{Call, CallError, PROCESS, Report};
use crate::end;
use crate::error::RuntimeError;
use crate::sandbox::interrupted;
use if_core::{Broker, Code};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};

/// How long a worker may take to load machine code. Milliseconds are usual.
const LOAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Imports of one component, as text.
const IMPORTS_BYTES_MAX: usize = 1 << 20;

/// How much later than the sandbox the house itself ends a call.
const GRACE: Duration = Duration::from_millis(750);

/// How long a worker that has closed its socket may take to be gone.
const DEATH_TIME_MAX: Duration = Duration::from_millis(100);

/// Starts workers of one program, the first one ahead of its work.
pub(crate) struct Workers {
    program: PathBuf,
    ahead: Mutex<Option<Worker>>,
}

impl Workers {
    pub(crate) fn new(program: PathBuf) -> std::result::Result<Self, RuntimeError> {
        let ahead = Mutex::new(Some(Worker::start(&program)?));
        Ok(Self { program, ahead })
    }

    /// A worker that has loaded this machine code, and what it imports.
    pub(crate) fn loaded(
        &self,
        artefact: &Artefact,
    ) -> std::result::Result<(Worker, Vec<String>), RuntimeError> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        let worker = ahead.map_or_else(|| Worker::start(&self.program), Ok)?;
        let imports = worker.load(artefact, LOAD_TIME_MAX)?;
        Ok((worker, imports))
    }
}

/// A process for one call. Dropping it ends it.
pub(crate) struct Worker {
    child: Child,
    socket: UnixStream,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended by itself. Waiting takes it out of the kernel's table.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    fn start(program: &Path) -> std::result::Result<Self, RuntimeError> {
        let failed = |error: Error| match error.kind() {
            ErrorKind::NotFound => RuntimeError::WorkerMissing(program.to_owned()),
            _ => RuntimeError::Worker(error.to_string()),
        };
        let (socket, theirs) = UnixStream::pair().map_err(failed)?;
        let child = Command::new(program)
            .env_clear()
            .current_dir("/")
            // Ctrl-C is for this process; the worker hears of it from here.
            .process_group(0)
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        Ok(Self { child, socket })
    }

    /// Any process, behind a socket on which a test speaks.
    #[cfg(test)]
    pub(super) fn of(child: Child, socket: UnixStream) -> Self {
        Self { child, socket }
    }

    /// Hands the machine code over; what it imports comes back within this time.
    pub(super) fn load(
        &self,
        artefact: &Artefact,
        time_max: Duration,
    ) -> std::result::Result<Vec<String>, RuntimeError> {
        let failed = |error: Error| RuntimeError::Worker(error.to_string());
        match self.hand_over(artefact) {
            // Why it is gone is asked below.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            handed => handed.map_err(failed)?,
        }
        self.socket.set_read_timeout(Some(time_max)).map_err(failed)?;
        match Reader::new(IMPORTS_BYTES_MAX).next_blocking(&self.socket).map_err(failed)? {
            Some(Said::Loaded { version, imports }) if version == VERSION => Ok(imports),
            Some(Said::Loaded { version, .. }) => {
                Err(RuntimeError::Worker(format!("it is of version {version}, not {VERSION}")))
            }
            Some(Said::Unloadable { why }) => Err(why.into()),
            Some(_) => Err(RuntimeError::Worker("it speaks before it is spoken to".to_owned())),
            None => Err(RuntimeError::Worker("it ended before it began".to_owned())),
        }
    }

    fn hand_over(&self, artefact: &Artefact) -> Result<()> {
        let memory = [artefact.memory()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        beside.push(SendAncillaryMessage::ScmRights(&memory));
        let byte = [HANDOVER];
        sendmsg(&self.socket, &[IoSlice::new(&byte)], &mut beside, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Runs the one call of this worker and ends it.
    pub(crate) async fn run(mut self, call: Call, broker: Arc<dyn Broker>) -> Report {
        let talk = match Talk::begin(&self.socket, &call) {
            Ok(talk) => talk,
            Err(error) => return Report::of_bug(format!("no socket to the worker: {error}")),
        };
        let end = tokio::select! {
            end = talk.hold(call.clone(), broker) => end,
            late = overdue(&call) => End::Late(late),
        };
        match end {
            End::Report(report) => report,
            End::Late(error) => Report::of(error),
            End::Broke(why) => Report::of(lost(&format!("gave {why}"))),
            End::Closed => Report::of(lost(&self.last_words().await)),
        }
    }

    /// How the process ended that has closed its socket.
    async fn last_words(&mut self) -> String {
        let pause = Duration::from_millis(1);
        let ended = async {
            loop {
                match self.child.try_wait() {
                    Ok(Some(status)) => return format!("ended ({status})"),
                    Ok(None) => sleep(pause).await,
                    Err(error) => return format!("is lost ({error})"),
                }
            }
        };
        let silent = |_| "fell silent".to_owned();
        timeout(DEATH_TIME_MAX, ended).await.unwrap_or_else(silent)
    }
}

/// The guest's process broke the interface, so nothing is known of the guest.
fn lost(what: &str) -> CallError {
    CallError::Misbehaved { message: format!("{PROCESS}{what}") }
}

/// Ends when the sandbox should have ended the call itself.
async fn overdue(call: &Call) -> CallError {
    let deadline = Duration::from_millis(call.deadline_ms);
    let (allowed, late) = match call.stream {
        None => (Some(deadline), end::limit(Code::LimitDeadline, too_long(call.deadline_ms))),
        Some(stream) => (stream.stop_after_ms.map(Duration::from_millis), CallError::Stopped),
    };
    let time = async {
        match allowed {
            Some(allowed) => sleep(allowed.saturating_add(GRACE)).await,
            None => std::future::pending().await,
        }
    };
    let interrupt = async {
        interrupted(call.interrupt.clone()).await;
        sleep(GRACE).await;
    };
    tokio::select! {
        () = time => late,
        () = interrupt => CallError::Interrupted,
    }
}

fn too_long(deadline_ms: u64) -> String {
    format!("the plugin did not finish within {deadline_ms} ms, and its process was ended")
}

/// How a conversation ended.
enum End {
    Report(Report),
    Late(CallError),
    /// It said what no worker of ours says.
    Broke(String),
    Closed,
}

/// A conversation with a worker.
struct Talk {
    incoming: OwnedReadHalf,
    outgoing: OwnedWriteHalf,
    reader: Reader,
    judge: Judge,
    wishes: Wishes,
    /// A stream's worker that waits for nothing must say something within this time.
    silence_max: Option<Duration>,
}

impl Talk {
    fn begin(socket: &UnixStream, call: &Call) -> Result<Self> {
        let socket = socket.try_clone()?;
        socket.set_nonblocking(true)?;
        let (incoming, outgoing) = tokio::net::UnixStream::from_std(socket)?.into_split();
        let judge = Judge::new(call);
        let reader = Reader::new(judge.message_bytes_max());
        let deadline = Duration::from_millis(call.deadline_ms);
        let silence_max = call.stream.map(|_| deadline.saturating_add(GRACE));
        Ok(Self { incoming, outgoing, reader, judge, wishes: Wishes::default(), silence_max })
    }

    async fn hold(mut self, call: Call, broker: Arc<dyn Broker>) -> End {
        let mut interrupt = std::pin::pin!(interrupted(call.interrupt.clone()));
        let (mut is_interrupted, mut hears) = (false, true);
        if self.tell(&Told::Call { call: Box::new(call) }).await.is_err() {
            return End::Closed;
        }
        loop {
            let waits = self.wishes.count() > 0;
            let told = tokio::select! {
                biased;
                () = &mut interrupt, if !is_interrupted => {
                    is_interrupted = true;
                    self.judge.interrupted();
                    Told::Interrupt
                }
                (id, answer) = self.wishes.next() => {
                    self.judge.answered(&answer);
                    Told::Answer { id, answer }
                }
                () = silent(self.silence_max), if !waits => {
                    let message = "the plugin's process fell silent, and was ended";
                    return End::Late(end::limit(Code::LimitDeadline, message));
                }
                said = self.reader.next(&mut self.incoming) => {
                    match said {
                        Ok(Some(said)) => match self.heard(said, &broker) {
                            Some(end) => return end,
                            None => continue,
                        },
                        Ok(None) => return End::Closed,
                        Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                            return End::Closed;
                        }
                        Err(error) => return End::Broke(error.to_string()),
                    }
                }
            };
            if hears && self.tell(&told).await.is_err() {
                // Its last words may still be on their way.
                hears = false;
            }
        }
    }

    /// One word of the worker; the end, if it is that.
    fn heard(&mut self, said: Said, broker: &Arc<dyn Broker>) -> Option<End> {
        match said {
            Said::Ask { id, ask } => match self.judge.allows(&ask, self.wishes.count()) {
                Ok(()) => self.wishes.begin(id, broker.clone(), ask),
                Err(why) => return Some(End::Broke(why.to_owned())),
            },
            Said::Dropped { id } => self.wishes.forget(id),
            Said::Report { report } => {
                let judged = self.judge.report(report);
                return Some(judged.map_or_else(|why| End::Broke(why.to_owned()), End::Report));
            }
            Said::Loaded { .. } | Said::Unloadable { .. } => {
                return Some(End::Broke("words out of turn".to_owned()));
            }
        }
        None
    }

    async fn tell(&mut self, told: &Told) -> Result<()> {
        let frame = encode(told)?;
        let written = self.outgoing.write_all(&frame);
        match self.silence_max {
            None => written.await,
            Some(most) => timeout(most, written).await.map_err(Error::other)?,
        }
    }
}

async fn silent(most: Option<Duration>) {
    match most {
        Some(most) => sleep(most).await,
        None => std::future::pending().await,
    }
}
