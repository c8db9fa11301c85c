//! What the demo plays against: the vMix simulator as a process of its own, and a tripwire that
//! tells whether a single byte arrived.

use crate::shell;
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

/// Everything here is on this machine; more than this is a hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// The vMix simulator; ends with the handle, and with us: it serves until its stdin ends.
pub struct Simulator {
    child: Child,
    pub http_port: u16,
}

impl Simulator {
    /// Starts it on free ports.
    pub fn start() -> Result<Self> {
        let program = shell::root().join("target/debug/vmix-simulator");
        let mut command = shell::command(program);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut simulator = Self { child: child.context("no simulator")?, http_port: 0 };
        let stdout = simulator.child.stdout.take().context("the simulator has no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let ports: serde_json::Value = serde_json::from_str(&line)?;
        let port = ports.get("http").and_then(serde_json::Value::as_u64);
        simulator.http_port = u16::try_from(port.context("the simulator names no port")?)?;
        Ok(simulator)
    }

    /// The state, asked for behind everybody's back.
    pub fn xml(&self) -> Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.http_port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /api/ HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, xml) = answer.split_once("\r\n\r\n").context("no answer")?;
        ensure!(head.starts_with("HTTP/1.1 200"), "the simulator answered {head}");
        Ok(xml.to_owned())
    }

    /// The number of the input on program.
    pub fn active(&self) -> Result<u32> {
        let xml = self.xml()?;
        // The main mix comes before the others.
        let (_, rest) = xml.split_once("<active>").context("no active input")?;
        let (number, _) = rest.split_once('<').context("no active input")?;
        Ok(number.parse()?)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that should stay untouched.
pub struct Tripwire {
    listener: TcpListener,
    pub port: u16,
}

impl Tripwire {
    /// Listens on a free port.
    pub fn set() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Forgets what came so far: `add` may look whether a device answers.
    pub fn reset(&self) -> Result<()> {
        while self.next()?.is_some() {}
        Ok(())
    }

    /// Whether anybody sent anything since.
    pub fn touched(&self) -> Result<bool> {
        while let Some(mut stream) = self.next()? {
            stream.set_nonblocking(false)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            // The other process has ended, so this is its bytes, or the end.
            if stream.read(&mut [0]).is_ok_and(|bytes| bytes > 0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A connection that waits in the queue.
    fn next(&self) -> Result<Option<TcpStream>> {
        match self.listener.accept() {
            Ok((stream, _)) => Ok(Some(stream)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tripwire_tells_bytes_from_silence() {
        let tripwire = Tripwire::set().unwrap();
        assert!(!tripwire.touched().unwrap());
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, tripwire.port)).unwrap());
        assert!(!tripwire.touched().unwrap(), "a connection without a byte is no message");
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, tripwire.port)).unwrap();
        stream.write_all(b"POST").unwrap();
        assert!(tripwire.touched().unwrap());
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, tripwire.port)).unwrap();
        stream.write_all(b"GET").unwrap();
        tripwire.reset().unwrap();
        assert!(!tripwire.touched().unwrap(), "what came before is forgotten");
    }
}
