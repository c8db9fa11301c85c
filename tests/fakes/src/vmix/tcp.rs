//! The TCP surface (vMix's port 8099): lines in, lines out, and news for whoever subscribed.
//!
//! Source: vMix's help page *TCP API*. A line longer than [`LINE_BYTES_MAX`] ends the connection.

use super::call::Call;
use super::shared::{Change, Shared, Via};
use super::{tally, xpath};
use crate::background;
use futures_util::FutureExt as _;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// Longest line taken; a query with a long text fits, a flood without line ends does not.
const LINE_BYTES_MAX: u64 = 64 << 10;

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    background::accept(listener, |stream| {
        let shared = shared.clone();
        async move {
            // A client that hangs up ends its own connection only.
            let _ = Session::new(stream, shared).run().await;
        }
    })
    .await;
}

/// What to do after a line.
enum Next {
    Answer(String),
    Quit,
}

struct Session {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    shared: Arc<Shared>,
    changes: Receiver<Change>,
    wants_tally: bool,
    wants_acts: bool,
}

impl Session {
    fn new(stream: TcpStream, shared: Arc<Shared>) -> Self {
        let (reader, writer) = stream.into_split();
        let changes = shared.subscribe();
        let reader = BufReader::new(reader);
        Self { reader, writer, shared, changes, wants_tally: false, wants_acts: false }
    }

    /// Greets with the version, as vMix does, then answers until `QUIT` or the end.
    async fn run(mut self) -> std::io::Result<()> {
        let greeting = format!("VERSION OK {}\r\n", self.shared.state().version);
        self.writer.write_all(greeting.as_bytes()).await?;
        let mut line = Vec::new();
        loop {
            let room = LINE_BYTES_MAX.saturating_sub(line.len() as u64);
            let mut limited = (&mut self.reader).take(room);
            tokio::select! {
                // `read_until` keeps what it read in `line` when the other branch wins.
                read = limited.read_until(b'\n', &mut line) => {
                    if read? == 0 || line.last() != Some(&b'\n') {
                        return Ok(());
                    }
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    line.clear();
                    match self.answer(&text) {
                        Next::Answer(answer) => self.writer.write_all(answer.as_bytes()).await?,
                        Next::Quit => return Ok(()),
                    }
                    self.tell_waiting().await?;
                }
                change = self.changes.recv() => match change {
                    Ok(change) => self.tell(&change).await?,
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return Ok(()),
                },
            }
        }
    }

    /// News of the call just answered follow its answer, before the next line is read.
    async fn tell_waiting(&mut self) -> std::io::Result<()> {
        while let Some(Ok(change)) = self.changes.recv().now_or_never() {
            self.tell(&change).await?;
        }
        Ok(())
    }

    async fn tell(&mut self, change: &Change) -> std::io::Result<()> {
        let mut news = String::new();
        if let Some(tally) = change.tally.as_ref().filter(|_| self.wants_tally) {
            news.push_str(&format!("TALLY OK {tally}\r\n"));
        }
        for act in change.acts.iter().filter(|_| self.wants_acts) {
            news.push_str(&format!("ACTS OK {act}\r\n"));
        }
        self.writer.write_all(news.as_bytes()).await
    }

    fn answer(&mut self, line: &str) -> Next {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let function = (command == "FUNCTION").then(|| function_name(rest));
        self.shared.record(Via::Tcp, line.to_owned(), function);
        let answer = match command {
            "VERSION" => Ok(self.shared.state().version),
            "TALLY" => Ok(tally::tally(&self.shared.state())),
            "FUNCTION" => self.function(rest),
            "ACTS" => self.acts(rest),
            "XMLTEXT" => {
                let text = xpath::text(&self.shared.xml(), rest);
                text.ok_or_else(|| "No value found".to_owned())
            }
            "XML" => return Next::Answer(self.xml()),
            "SUBSCRIBE" => self.subscribe(rest, true),
            "UNSUBSCRIBE" => self.subscribe(rest, false),
            "PING" => Ok("PONG".to_owned()),
            "QUIT" => return Next::Quit,
            _ => Err("Unknown command".to_owned()),
        };
        let (status, text) = match answer {
            Ok(text) => ("OK", text),
            Err(text) => ("ER", text),
        };
        Next::Answer(format!("{command} {status} {text}").trim_end().to_owned() + "\r\n")
    }

    fn function(&self, rest: &str) -> Result<String, String> {
        let (function, query) = rest.split_once(' ').unwrap_or((rest, ""));
        let call = Call { function: function.to_owned(), ..Call::parse(query) };
        self.shared.call(&call).map(|()| "Completed".to_owned()).map_err(|refused| refused.0)
    }

    fn acts(&self, name: &str) -> Result<String, String> {
        let acts = tally::activators(&self.shared.state());
        if let Some(value) = acts.get(name) {
            return Ok(format!("{name} {value}"));
        }
        // Without a number these name the input that has it.
        let assigned = matches!(name, "Input" | "InputPreview") || name.starts_with("Overlay");
        let of_input = |(known, value): (&String, &String)| {
            let (known, number) = known.split_once(' ')?;
            (assigned && known == name && value == "1").then(|| format!("{name} {number} 1"))
        };
        let by_input = acts.keys().any(|known| known.starts_with(&format!("{name} ")));
        let missing = if by_input { "No Input" } else { "Unknown activator" };
        acts.iter().find_map(of_input).ok_or_else(|| missing.to_owned())
    }

    /// The length counts everything behind the first line's end.
    fn xml(&self) -> String {
        let xml = self.shared.xml() + "\r\n";
        format!("XML {}\r\n{xml}", xml.len())
    }

    fn subscribe(&mut self, what: &str, on: bool) -> Result<String, String> {
        match what {
            "TALLY" => self.wants_tally = on,
            "ACTS" => self.wants_acts = on,
            _ => return Err("Unknown subscription".to_owned()),
        }
        Ok(what.to_owned())
    }
}

/// The function's name, known or not.
fn function_name(rest: &str) -> String {
    rest.split(' ').next().unwrap_or_default().to_owned()
}
