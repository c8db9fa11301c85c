//! A name that changes its mind, through the real binary and the machine's own resolver.
//!
//! In a network namespace of its own (`rebinding.py`) the test is the name server, a public address
//! and the metadata service, all of which would answer. The product knows nothing of it: what it
//! finds in `/etc` is what it would find on a machine whose DNS somebody else answers.

use crate::lab::{Lab, root};
use serde::Deserialize;
use serde_json::json;
use std::process::Command;

const PORT: u16 = 8080;
const PUBLIC: &str = "93.184.216.34";
const DENIED: &str = "error[IF_ERR_ADDRESS_DENIED]";
/// How to get namespaces of one's own: as root, and as anybody where that is allowed.
const WAYS: [&[&str]; 2] = [&["-n", "-m"], &["-r", "-n", "-m"]];

/// Words of one command, and whether it must be denied.
type Step = (&'static [&'static str], bool);

/// What the resolver says to each look-up in turn, what is run, who may be reached.
struct Row {
    name: &'static str,
    answers: &'static [&'static [&'static str]],
    steps: &'static [Step],
    reached: &'static [&'static str],
}

#[derive(Debug, Deserialize)]
struct Told {
    /// Exit code, standard output, standard error.
    runs: Vec<(i32, String, String)>,
    asked: Vec<String>,
    reached: Vec<String>,
}

const ONCE: &[&str] = &["send", "turns", r#"[{"path":"/look"}]"#];
const TWICE: &[&str] = &["send", "turns", r#"[{"path":"/look"},{"path":"/look"}]"#];
const AT_HOME: &[&str] = &["send", "home", r#"[{"path":"/look"}]"#];
const LINE: &[&str] = &["speak", "turns", r#"[{"protocol":"tcp","frames":["LOOK\r\n"]}]"#];
const LINES: &[&str] = &[
    "speak",
    "turns",
    r#"[{"protocol":"tcp","frames":["LOOK\r\n"]},{"protocol":"tcp","frames":["LOOK\r\n"]}]"#,
];
const SOCKET: &[&str] = &["speak", "turns", r#"[{"frames":["{\"do\":\"look\"}"]}]"#];
const DATAGRAM: &[&str] = &["speak", "turns", r#"[{"protocol":"udp","frames":["LOOK"]}]"#];

const ROWS: &[Row] = &[
    Row {
        name: "public all the time",
        answers: &[&[PUBLIC]],
        steps: &[(TWICE, false)],
        reached: &[PUBLIC, PUBLIC],
    },
    Row {
        name: "turns to the loopback within a call",
        answers: &[&[PUBLIC], &["127.0.0.1"]],
        steps: &[(TWICE, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns to the metadata service within a call",
        answers: &[&[PUBLIC], &["169.254.169.254"]],
        steps: &[(TWICE, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns to the loopback between two calls",
        answers: &[&[PUBLIC], &["127.0.0.1"], &[PUBLIC]],
        steps: &[(ONCE, false), (ONCE, true), (ONCE, false)],
        reached: &[PUBLIC, PUBLIC],
    },
    Row {
        name: "turns to the metadata service between two calls",
        answers: &[&[PUBLIC], &["169.254.169.254"]],
        steps: &[(ONCE, false), (ONCE, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns to the own network",
        answers: &[&[PUBLIC], &["10.0.0.5"], &["192.168.1.5"]],
        steps: &[(ONCE, false), (ONCE, true), (ONCE, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns to no address at all, which is this machine",
        answers: &[&[PUBLIC], &["0.0.0.0"], &["::"]],
        steps: &[(ONCE, false), (ONCE, true), (ONCE, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns to IPv6, plain and with IPv4 inside",
        answers: &[&[PUBLIC], &["::1"], &["::ffff:127.0.0.1"], &["64:ff9b::a9fe:a9fe"]],
        steps: &[(ONCE, false), (ONCE, true), (ONCE, true), (ONCE, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "says a public address and another beside it",
        answers: &[&[PUBLIC, "127.0.0.1"], &["169.254.169.254", PUBLIC], &[PUBLIC, "::1"]],
        steps: &[(ONCE, true), (ONCE, true), (ONCE, true)],
        reached: &[],
    },
    Row {
        name: "turns between the look-up and the connection",
        answers: &[&[PUBLIC], &["127.0.0.1"]],
        steps: &[(ONCE, false)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns between two connections of lines",
        answers: &[&[PUBLIC], &["127.0.0.1"]],
        steps: &[(LINES, true)],
        reached: &[PUBLIC],
    },
    Row {
        name: "turns before a line, a WebSocket, a datagram",
        answers: &[&["127.0.0.1"]],
        steps: &[(LINE, true), (SOCKET, true), (DATAGRAM, true)],
        reached: &[],
    },
    Row {
        name: "turns to the metadata service where private networks are allowed",
        answers: &[&["10.0.0.5"], &["169.254.169.254"]],
        steps: &[(AT_HOME, false), (AT_HOME, true)],
        reached: &["10.0.0.5"],
    },
];

/// The words that make namespaces here, if any do.
fn way() -> Option<&'static [&'static str]> {
    WAYS.into_iter().find(|way| {
        let made = Command::new("unshare").args(*way).arg("true").output();
        made.is_ok_and(|made| made.status.success())
    })
}

fn lab() -> Lab {
    let lab = Lab::with(&["hostile"]);
    let text = format!(
        "instances:\n  turns:\n    host: turns.example\n    port: {PORT}\n  home:\n    \
         host: home.example\n    port: {PORT}\n    private_network: true\n"
    );
    std::fs::write(lab.home().join("providers/hostile.yaml"), text).unwrap();
    lab
}

fn played(lab: &Lab, way: &[&str]) -> Vec<Told> {
    let argv = |words: &[&str]| -> Vec<String> {
        let line = lab.command(["hostile"].iter().chain(words));
        let words = [line.get_program()].into_iter().chain(line.get_args());
        words.map(|word| word.to_str().unwrap().to_owned()).collect()
    };
    let line = lab.command([""; 0]);
    let env: serde_json::Map<String, serde_json::Value> = line
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value?.to_str()?.into())))
        .collect();
    let rows: Vec<_> = ROWS
        .iter()
        .map(|row| {
            let commands: Vec<_> = row.steps.iter().map(|(words, _)| argv(words)).collect();
            json!({ "answers": row.answers, "commands": commands })
        })
        .collect();
    let (plan, told) = (lab.path().join("plan.json"), lab.path().join("told.json"));
    let text = json!({ "port": PORT, "env": env, "rows": rows }).to_string();
    std::fs::write(&plan, text).unwrap();
    let script = root().join("tests/it/rebinding.py");
    let mut command = Command::new("unshare");
    command.args(way).arg("python3").args([&script, &plan, &told]);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_str(&std::fs::read_to_string(told).unwrap()).unwrap()
}

fn faults(row: &Row, told: &Told) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((words, denied), (exit, stdout, stderr)) in row.steps.iter().zip(&told.runs) {
        let fits = if *denied {
            *exit == 4 && stderr.contains(DENIED)
        } else {
            *exit == 0 && !stderr.contains("error[")
        };
        if !fits {
            wrong.push(format!("{words:?} exits {exit}: {stdout}{stderr}"));
        }
    }
    if told.reached != row.reached {
        wrong.push(format!("reached {:?}, not {:?}", told.reached, row.reached));
    }
    // Asked a second time on the way to a connection, a name could answer differently.
    let wishes = row
        .steps
        .iter()
        .flat_map(|(words, _)| words.last())
        .map(|wishes| serde_json::from_str::<Vec<serde_json::Value>>(wishes).unwrap().len());
    if told.asked.len() != wishes.sum::<usize>() {
        wrong.push(format!("the resolver was asked for {:?}", told.asked));
    }
    wrong.into_iter().map(|wrong| format!("{}: {wrong}", row.name)).collect()
}

#[test]
fn a_name_that_turns_inward_is_followed_nowhere() {
    let Some(way) = way() else {
        if_servers::skip!("may not make a network of its own");
        return;
    };
    let lab = lab();
    let told = played(&lab, way);
    let wrong: Vec<_> = ROWS.iter().zip(&told).flat_map(|(row, told)| faults(row, told)).collect();
    assert!(told.len() == ROWS.len() && wrong.is_empty(), "{}", wrong.join("\n"));
    let query = ["witness", "query", "--outcome", "denied", "--json", "-n", "100"];
    let denied = ROWS.iter().flat_map(|row| row.steps).filter(|(_, denied)| *denied).count();
    let logged = lab.run(query).json();
    assert_eq!(logged["entries"].as_array().unwrap().len(), denied, "{logged}");
    lab.run(["witness", "verify"]).ok();
}
