//! A bug of the host in the middle of a call, while it holds a secret: it says where it was noticed
//! and what to report, and nothing of what it held.

use super::{CANARY, Slow, is_nowhere_in, lab, used};
use crate::lab::Run;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Makes this process's next wait for the network fail as it never does: the event loop knows no
/// such answer and panics.
fn breaks(process: u32) -> Child {
    let mut tracer = Command::new("strace")
        .args(["-p", &process.to_string(), "-o", "/dev/null"])
        .args(["-e", "inject=epoll_wait,epoll_pwait,epoll_pwait2:error=EBADF"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut attached = String::new();
    BufReader::new(tracer.stderr.as_mut().unwrap()).read_line(&mut attached).unwrap();
    assert!(attached.contains("attached"), "{attached}");
    tracer
}

/// What a command says whose host has a bug while the secret is under way.
fn broken(words: &[&str]) -> Run {
    let slow = Slow::start();
    let lab = lab(slow.device.port, CANARY);
    let child = used(&lab).args(words).spawn().unwrap();
    slow.hears();
    let mut tracer = breaks(child.id());
    let run = Run::from(child.wait_with_output().unwrap());
    tracer.wait().unwrap();
    is_nowhere_in(&lab);
    // Nobody knows what became of it; the next command writes that down.
    lab.run(["hostile", "list"]).ok();
    let log = lab.run(["witness", "query", "--provider", "hostile", "--json", "-n", "1"]).json();
    assert_eq!(log["entries"][0]["closed"]["leaf"]["outcome"]["status"], "unknown");
    run
}

#[test]
fn a_bug_in_the_middle_of_a_call_tells_its_place_and_no_secret() {
    if !if_servers::require!(Strace) {
        return;
    }
    for words in [&[][..], &["-v", "-v"], &["--json"]] {
        let run = broken(words);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains(CANARY), "{words:?}: {all}");
        // Nor the placeholder that stood for it: the place says all there is to say.
        assert!(all.contains("what it held is not shown"), "{words:?}: {all}");
        let said = run.fails("IF_ERR_BUG", 70);
        assert!(said.contains("noticed at ") && said.contains("report it with"), "{said}");
        assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
        if words == ["--json"] {
            let error: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
            assert_eq!(error["error"]["exit"], 70);
        }
    }
}
