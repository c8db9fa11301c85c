//! A terminal without a person: a program on a pseudo-terminal, what it drew kept as a screen, and
//! waits that end as soon as the screen shows what they wait for.

use rexpect::process::PtyProcess;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest wait for anything: the slowest honest one is a component that is compiled first.
const PATIENCE: Duration = Duration::from_secs(45);

/// How often to look whether a terminal still echoes; each look starts a process, a millisecond.
const ECHO_LOOKS_MAX: usize = 5_000;

/// Size of the screen. High, so that nothing a test looks for has scrolled away.
const ROWS: u16 = 60;
pub const COLUMNS: u16 = 100;

/// A program on a terminal of its own.
pub struct Terminal {
    process: PtyProcess,
    input: File,
    seen: Arc<Seen>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    screen: vt100::Parser,
    /// Everything that was written, as bytes.
    raw: Vec<u8>,
    ended: bool,
}

impl Default for State {
    fn default() -> Self {
        let size = |length: u16| length.try_into().unwrap();
        let screen = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
        Self { screen, raw: Vec::new(), ended: false }
    }
}

impl Terminal {
    /// Starts a command, with its environment, on a terminal of 60 lines and 100 columns.
    pub fn start(command: &Command) -> Terminal {
        let size = format!("stty rows {ROWS} cols {COLUMNS} echo; exec \"$@\"");
        let mut sized = Command::new("sh");
        sized.args(["-c", &size, "sh"]).arg(command.get_program()).args(command.get_args());
        sized.env_clear();
        let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        sized.envs(set).env("TERM", "xterm-256color");
        if let Some(folder) = command.get_current_dir() {
            sized.current_dir(folder);
        }
        let mut process = PtyProcess::new(sized).unwrap();
        process.set_kill_timeout(Some(2_000));
        let input = process.get_file_handle().unwrap();
        let seen = Arc::new(Seen::default());
        let (mut output, to) = (process.get_file_handle().unwrap(), seen.clone());
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // A terminal whose program is gone reads as an error.
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let mut state = to.state.lock().unwrap();
                state.screen.process(&buffer[..count]);
                state.raw.extend(&buffer[..count]);
                to.changed.notify_all();
            }
            to.state.lock().unwrap().ended = true;
            to.changed.notify_all();
        });
        Terminal { process, input, seen, reader: Some(reader) }
    }

    /// Types.
    pub fn send(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Waits until the screen fits.
    #[track_caller]
    pub fn until(&self, what: &str, fits: impl Fn(&str) -> bool) {
        let state = self.seen.state.lock().unwrap();
        let waiting = |state: &mut State| !state.ended && !fits(&state.screen.screen().contents());
        let (state, _) = self.seen.changed.wait_timeout_while(state, PATIENCE, waiting).unwrap();
        let screen = state.screen.screen().contents();
        assert!(fits(&screen), "waited for {what}; the screen shows\n{screen}");
    }

    /// Waits until the screen shows this text.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.until(&format!("{text:?}"), |screen| screen.contains(text));
    }

    /// Waits until the screen shows this text so many times.
    #[track_caller]
    pub fn shows_times(&self, text: &str, times: usize) {
        self.until(&format!("{times} times {text:?}"), |screen| {
            screen.matches(text).count() >= times
        });
    }

    /// Waits until the program has switched the echo off, as one that asks for a secret does: what
    /// is typed before would be shown, by a terminal as by a person's own.
    #[track_caller]
    pub fn hides(&self) {
        for _ in 0..ECHO_LOOKS_MAX {
            let terminal = self.input.try_clone().unwrap();
            let settings = Command::new("stty").arg("-a").stdin(terminal).output().unwrap();
            if String::from_utf8_lossy(&settings.stdout).contains(" -echo ") {
                return;
            }
        }
        panic!("the terminal still echoes\n{}", self.screen());
    }

    /// What stands on the screen now.
    pub fn screen(&self) -> String {
        self.seen.state.lock().unwrap().screen.screen().contents()
    }

    /// Waits for the end; everything that was ever written.
    #[track_caller]
    pub fn end(mut self) -> String {
        let state = self.seen.state.lock().unwrap();
        let waiting = |state: &mut State| !state.ended;
        let (state, _) = self.seen.changed.wait_timeout_while(state, PATIENCE, waiting).unwrap();
        assert!(state.ended, "still running\n{}", state.screen.screen().contents());
        let raw = String::from_utf8_lossy(&state.raw).into_owned();
        drop(state);
        self.reader.take().unwrap().join().unwrap();
        raw
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Gone already, or ended by the hang-up; a shell that ignores both is killed.
        let _ = self.process.exit();
    }
}

/// The folders of `PATH`, with one before them in which `ifctl` is the binary under test.
pub fn path_with(folder: &std::path::Path) -> std::ffi::OsString {
    std::fs::create_dir_all(folder).unwrap();
    std::os::unix::fs::symlink(super::lab::binary(), folder.join("ifctl")).unwrap();
    let mut path = folder.as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_else(|| OsStr::new("/usr/bin:/bin").to_owned()));
    path
}
