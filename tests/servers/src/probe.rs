//! Does an obs-websocket answer on this port? One WebSocket handshake by hand and the first frame.
//!
//! By hand because it must be small enough for xtask; it understands as much of RFC 6455 as a
//! Hello needs (an unfragmented text frame below 64 KiB) and nothing more.

use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// One attempt's patience; a server on this machine answers at once or not yet.
const ATTEMPT: Duration = Duration::from_secs(2);
/// Longest line of the handshake's answer.
const LINE_BYTES_MAX: u64 = 8 << 10;
/// Final text frame, unmasked.
const TEXT_FRAME: u8 = 0x81;
/// Marks a length in the next two bytes.
const LENGTH_16: u8 = 126;

/// The Hello of the server on this port of 127.0.0.1, as JSON text.
pub(crate) fn hello(port: u16) -> Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ATTEMPT)?;
    stream.set_read_timeout(Some(ATTEMPT))?;
    stream.set_write_timeout(Some(ATTEMPT))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: aWYtc2VydmVycy1wcm9iZQ==\r\n\r\n"
    )?;
    let mut reader = BufReader::new(stream);
    let status = line(&mut reader)?;
    ensure!(status.starts_with("HTTP/1.1 101"), "no WebSocket answers: {status}");
    while !line(&mut reader)?.is_empty() {}
    let hello = frame(&mut reader)?;
    ensure!(hello.contains("\"op\":0"), "the first frame is no Hello: {hello}");
    Ok(hello)
}

fn line(reader: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    reader.take(LINE_BYTES_MAX).read_line(&mut line)?;
    ensure!(line.ends_with('\n'), "the connection ended within a line");
    Ok(line.trim_end().to_owned())
}

fn frame(reader: &mut BufReader<TcpStream>) -> Result<String> {
    let mut head = [0u8; 2];
    reader.read_exact(&mut head)?;
    let [kind, short] = head;
    ensure!(kind == TEXT_FRAME && short <= LENGTH_16, "an unexpected frame: {head:02x?}");
    let length = if short == LENGTH_16 {
        let mut long = [0u8; 2];
        reader.read_exact(&mut long)?;
        u16::from_be_bytes(long)
    } else {
        u16::from(short)
    };
    let mut text = vec![0u8; usize::from(length)];
    reader.read_exact(&mut text)?;
    String::from_utf8(text).context("the frame is not text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// What the probe makes of a server that answers these bytes.
    fn probe(answer: Vec<u8>) -> Result<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let server = std::thread::spawn(move || -> Result<()> {
            let (mut stream, _) = listener.accept()?;
            let mut asked = [0; 4096];
            ensure!(stream.read(&mut asked)? > 0);
            Ok(stream.write_all(&answer)?)
        });
        let hello = hello(port);
        server.join().unwrap()?;
        hello
    }

    fn upgraded(frame: &[u8]) -> Vec<u8> {
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", frame].concat()
    }

    #[test]
    fn a_hello_is_recognised_short_and_long() {
        let text = br#"{"op":0,"d":{}}"#;
        let short = [&[TEXT_FRAME, text.len() as u8], text.as_slice()].concat();
        assert_eq!(probe(upgraded(&short)).unwrap().as_bytes(), text);
        let text = format!(r#"{{"op":0,"d":"{}"}}"#, "x".repeat(300));
        let length = u16::try_from(text.len()).unwrap().to_be_bytes();
        let long = [&[TEXT_FRAME, LENGTH_16], &length[..], text.as_bytes()].concat();
        assert_eq!(probe(upgraded(&long)).unwrap(), text);
    }

    #[test]
    fn anything_else_is_refused() {
        assert!(probe(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()).is_err());
        assert!(probe(b"HTTP/1.1 101".to_vec()).is_err());
        assert!(probe(upgraded(&[TEXT_FRAME, 2, b'{', b'}'])).is_err(), "not a Hello");
        assert!(probe(upgraded(&[0x88, 0])).is_err(), "a close frame");
        assert!(probe(upgraded(&[TEXT_FRAME, 127])).is_err(), "a 64-bit length");
        assert!(probe(upgraded(&[TEXT_FRAME, 9, b'{'])).is_err(), "cut short");
    }
}
