//! The device that guests talk to: a listener on the loopback, on a free port. It keeps what
//! arrives and says every line back, which is the worst that a device can do with a secret.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Most that is read of one connection; no guest has a reason to send more.
const ARRIVED_BYTES_MAX: u64 = 64 << 10;
/// How long a connection may be silent: longer than any attack, so that it is the guest who ends.
const SILENCE: Duration = Duration::from_secs(10);

/// The listener; it ends with this value.
pub(crate) struct Device {
    pub port: u16,
    arrived: Arc<Mutex<Vec<u8>>>,
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Device {
    pub(crate) fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let (arrived, closed) = <(Arc<Mutex<Vec<u8>>>, Arc<AtomicBool>)>::default();
        let (sheet, end) = (arrived.clone(), closed.clone());
        let thread = std::thread::Builder::new().spawn(move || serve(&listener, &sheet, &end))?;
        Ok(Self { port, arrived, closed, thread: Some(thread) })
    }

    /// What arrived since the last time.
    pub(crate) fn arrived(&self) -> String {
        let bytes =
            std::mem::take(&mut *self.arrived.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the listener; where that fails nobody listens any more.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A thread for each connection: some attacks keep theirs open. They are few, for the host's limit
/// on connections is one of those under trial, and each ends when its guest does.
fn serve(listener: &TcpListener, arrived: &Arc<Mutex<Vec<u8>>>, closed: &AtomicBool) {
    for stream in listener.incoming() {
        if closed.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), arrived) = (stream, arrived.clone()) else { continue };
        let talk = move || {
            // A guest that is stopped breaks its connection: what came until then was kept.
            let _ = converse(&stream, &arrived);
        };
        if std::thread::Builder::new().spawn(talk).is_err() {
            return;
        }
    }
}

fn converse(stream: &TcpStream, arrived: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE))?;
    let mut lines = BufReader::new(stream.take(ARRIVED_BYTES_MAX));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        arrived.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&line);
        (&mut &*stream).write_all(&line)?;
        line.clear();
    }
    Ok(())
}
