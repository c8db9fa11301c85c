//! A server in a thread of its own: one current-thread runtime, ended and joined on drop.
//!
//! A thread rather than a task, so that a blocking test (one that runs the `if` binary and waits)
//! can use a fake as well as an asynchronous one. It refuses to outlive its handle.

use anyhow::{Context as _, Result};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Connections served at once: far more than a test opens, and a leak shows as a hang, not a crash.
const CONNECTIONS_MAX: usize = 256;

/// A running server thread.
pub(crate) struct Background {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Runs the future that `serve` makes until the handle is dropped. The future is made inside
    /// the runtime, so it may register sockets.
    pub(crate) fn start<F>(serve: impl FnOnce() -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = ()>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("no runtime for the server thread")?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = serve() => {}
                }
            });
        });
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the server thread has been printed by its own hook already.
            let _ = thread.join();
        }
    }
}

/// Binds 127.0.0.1; port 0 lets the system choose.
pub(crate) fn bind(port: u16) -> Result<(StdListener, u16)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = StdListener::bind(address).with_context(|| format!("cannot bind {address}"))?;
    listener.set_nonblocking(true).context("cannot make the listener non-blocking")?;
    let port = listener.local_addr().context("a bound listener has an address")?.port();
    Ok((listener, port))
}

/// Accepts connections and serves each in a task that ends with this future.
pub(crate) async fn accept<F>(listener: StdListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if tasks.len() < CONNECTIONS_MAX => {
                if let Ok((stream, _)) = accepted {
                    tasks.spawn(serve(stream));
                }
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// Locks, whatever happened to a previous holder: a fake's state has no invariant to break.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
