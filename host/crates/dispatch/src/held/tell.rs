//! Telling people that a command waits: a program of the operator's own, or a webhook. Whoever
//! cannot be told does not hinder the hold; the one who asked learns of it.

use crate::host::Host;
use crate::job::explain;
use if_config::{GovernorFile, HoldsEntry};
use if_core::Problem;
use if_governor::hold::Held;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often the operator's program is looked after, and how many times at most: five seconds, for
/// somebody waits at a prompt.
const PAUSE: Duration = Duration::from_millis(10);
const PAUSES_MAX: usize = 500;

impl Host {
    /// Tells whoever is configured; why somebody could not be told, in a line.
    pub(super) fn tell(&self, held: &Held, line: &str) -> Result<(), String> {
        let file = GovernorFile::load(&self.home).map_err(explain);
        let holds = file.map_err(|problem: Problem| problem.to_string())?.holds;
        let message = message(held, line);
        let hooked = match &holds.hook {
            Some(hook) => run_hook(hook, &message).map_err(|why| format!("nobody was told: {why}")),
            None => Ok(()),
        };
        let posted = self.post(&holds, &message);
        hooked.and(posted)
    }

    #[cfg(feature = "live")]
    fn post(&self, holds: &HoldsEntry, message: &Value) -> Result<(), String> {
        let Some(url) = &holds.webhook else { return Ok(()) };
        let body = message.to_string().into_bytes();
        let posting = if_broker::webhook::post(url, holds.ca_file.as_deref(), body);
        let posted = crate::run::block_on(posting).map_err(|problem| problem.to_string())?;
        posted.map_err(|why| format!("the webhook was not told: {why}"))
    }

    #[cfg(not(feature = "live"))]
    fn post(&self, holds: &HoldsEntry, _message: &Value) -> Result<(), String> {
        match holds.webhook {
            Some(_) => Err("this program was built without network: no webhook".to_owned()),
            None => Ok(()),
        }
    }
}

/// What is told: enough to decide whether to look, nothing of the arguments.
fn message(held: &Held, line: &str) -> Value {
    json!({
        "hold": held.id, "verdict": held.verdict, "command": line, "actor": held.actor,
        "reasons": held.reasons, "approvals": held.approvals, "at_ms": held.at.0,
        "expires_ms": held.expires.0,
        "approve": format!("ifctl governor holds approve {}", held.id),
    })
}

/// Runs the operator's program with the message on its standard input.
fn run_hook(hook: &[String], message: &Value) -> Result<(), String> {
    let Some((program, arguments)) = hook.split_first() else { return Ok(()) };
    let program = PathBuf::from(program);
    let mut child = Command::new(&program)
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read still counts by how it ends.
        let _ = input.write_all(format!("{message}\n").as_bytes());
    }
    for _ in 0..PAUSES_MAX {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{} ended with {status}", program.display())),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(error) => return Err(error.to_string()),
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Err(format!("{} took longer than 5 s", program.display()))
}
