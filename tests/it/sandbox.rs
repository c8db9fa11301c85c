//! `doctor sandbox` on this machine: every attack is held, nothing stays behind, and each verdict
//! can be red. Red is made by what could really go wrong: a limit that is lifted, a rule or a sink
//! that is too wide, a limit that does not fire in time, a compiler that is not ours.

use crate::lab::{Lab, binary};
use crate::worker::children;
use if_core::{Clock, UnixMillis};
use if_trial::{Attack, Outcome, Reach, Verdict, attacks, declaration, hold};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What the trial may take, in a build without optimisation and with other tests before it.
const TRIAL: Duration = Duration::from_secs(20);

struct Machine;

impl Clock for Machine {
    fn now(&self) -> UnixMillis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        UnixMillis(u64::try_from(since.as_millis()).unwrap())
    }
}

/// The outcome of one row, changed, under a declaration that is changed too.
fn tried(name: &str, change: impl Fn(&mut Attack), lifted: (&str, &str)) -> Outcome {
    let mut row = attacks().unwrap().into_iter().find(|row| row.name == name).unwrap();
    // Without it the trial could not see whether an honest command still works.
    let honest = attacks().unwrap().into_iter().find(|row| row.before.is_some()).unwrap();
    assert!(declaration().contains(lifted.0), "{lifted:?}");
    let declaration = declaration().replace(lifted.0, lifted.1);
    change(&mut row);
    let report = hold(&binary(), Reach::Network, &[honest, row], &declaration, &Machine).unwrap();
    assert!(!report.held(), "{:?}", report.outcomes);
    report.outcomes.into_iter().find(|outcome| outcome.attack == name).unwrap()
}

fn as_it_is(_: &mut Attack) {}

#[test]
fn every_attack_is_held_and_nothing_stays_behind() {
    let lab = Lab::bare();
    let scratch = lab.path().join("scratch");
    fs::create_dir(&scratch).unwrap();
    let begun = Instant::now();
    let run = lab.command(["doctor", "sandbox", "--json"]).env("TMPDIR", &scratch).output();
    let took = begun.elapsed();
    let report = crate::lab::Run::from(run.unwrap()).json();
    let rows = report["attacks"].as_array().unwrap();
    let expected = attacks().unwrap();
    assert!(rows.len() >= 15 && rows.len() == expected.len(), "{report}");
    for (row, attack) in rows.iter().zip(&expected) {
        assert_eq!(row["attack"], attack.name.as_str());
        assert_eq!(row["verdict"], "held", "{row}");
        let limit = attack.limit.as_deref().or(attack.code.as_deref()).unwrap();
        assert_eq!(row["limit"], limit);
        assert!(row["stopped_after_ms"].is_u64(), "{row}");
    }
    assert_eq!(report["held"], expected.len());
    let kib = |what: &str| report["memory_kib"][what].as_u64().unwrap();
    assert!(kib("honest") > 1_000 && kib("peak") >= kib("honest"), "{report}");
    assert!(kib("peak") <= kib("honest") + (128 << 10), "{report}");
    assert!(report["log"]["entries"].as_u64().unwrap() > expected.len() as u64, "{report}");
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0, "something stays behind");
    assert_eq!(fs::read_dir(lab.path()).unwrap().count(), 1, "a home was touched");
    assert!(took < TRIAL, "{took:?}");
}

#[test]
fn a_home_that_is_there_is_not_touched() {
    let lab = Lab::fresh();
    // Whatever is run first in a home writes the index of its commands.
    lab.run(["plugin", "list"]).ok();
    let before = lab.files();
    let text = lab.run(["doctor", "sandbox"]).ok();
    assert!(text.contains("computes for ever") && text.contains(" attacks held"), "{text}");
    let other: Vec<_> = lab
        .files()
        .into_iter()
        .filter(|file| !before.contains(file))
        .map(|(path, _)| path)
        .collect();
    assert!(other.is_empty() && lab.files().len() == before.len(), "other: {other:?}");
}

#[test]
fn another_limit_than_the_named_one_is_red() {
    let other = |row: &mut Attack| row.code = Some("IF_ERR_LIMIT_MEMORY".into());
    let outcome = tried("recurses for ever", other, ("", ""));
    assert_eq!(outcome.verdict, Verdict::OtherLimit);
    assert_eq!(outcome.about, "IF_ERR_LIMIT_STACK");
}

#[test]
fn a_lifted_limit_is_red() {
    let lifted = ("output_bytes_max = 65536", "output_bytes_max = 6553600");
    let outcome = tried("answers with a huge text", as_it_is, lifted);
    assert_eq!(outcome.verdict, Verdict::GotThrough, "{outcome:?}");
    let lifted = ("log_bytes_max = 16384", "log_bytes_max = 1048576");
    let outcome = tried("logs without end", as_it_is, lifted);
    assert_eq!(outcome.verdict, Verdict::GotThrough, "{outcome:?}");
}

#[test]
fn more_memory_than_the_host_has_to_spare_is_red() {
    let lifted = ("memory_bytes_max = 33554432", "memory_bytes_max = 268435456");
    let outcome = tried("takes all memory there is, and fills it", as_it_is, lifted);
    assert_eq!(outcome.verdict, Verdict::TooMuchMemory, "{outcome:?}");
    assert!(outcome.about.contains("KiB of memory more than honest"), "{outcome:?}");
}

#[test]
fn what_a_killed_trial_left_is_taken_away_by_the_next() {
    let lab = Lab::bare();
    let scratch = lab.path().join("scratch");
    fs::create_dir(&scratch).unwrap();
    let mut killed = lab.command(["doctor", "sandbox"]).env("TMPDIR", &scratch).spawn().unwrap();
    let left = || fs::read_dir(&scratch).unwrap().count();
    let begun = Instant::now();
    let half = |home: fs::DirEntry| home.path().join("home/trust/root.json").exists();
    while !fs::read_dir(&scratch).unwrap().flatten().any(half) {
        assert!(begun.elapsed() < TRIAL, "it does not begin");
        std::thread::yield_now();
    }
    // Stopped first, so that it starts no more programs: what it started may write for a moment.
    let id = killed.id().to_string();
    assert!(Command::new("kill").args(["-STOP", &id]).status().unwrap().success());
    let started = children(killed.id());
    killed.kill().unwrap();
    killed.wait().unwrap();
    while started.iter().any(|one| fs::exists(format!("/proc/{one}")).unwrap()) {
        assert!(begun.elapsed() < TRIAL, "what it started goes on");
        std::thread::yield_now();
    }
    assert_eq!(left(), 1);
    lab.command(["doctor", "sandbox"]).env("TMPDIR", &scratch).output().unwrap();
    assert_eq!(left(), 0, "something stays behind");
}

#[test]
fn a_rule_or_a_sink_that_is_too_wide_is_red() {
    let wide = ("line = \"WRITE\"\neffect = \"write\"", "line = \"WRITE\"\neffect = \"read\"");
    let outcome = tried("writes, and calls it a read", as_it_is, wide);
    assert_eq!(outcome.verdict, Verdict::GotThrough, "{outcome:?}");
    assert!(outcome.about.contains("WRITE"), "{outcome:?}");
    let wide = ("{ line = \"TOKEN \" }", "{ line = \"LOOK \" }");
    let outcome = tried("puts a secret where it does not belong", as_it_is, wide);
    assert_eq!(outcome.verdict, Verdict::GotThrough, "{outcome:?}");
}

#[test]
fn who_is_not_stopped_in_time_is_killed_and_red() {
    let early = |row: &mut Attack| {
        row.flags = Vec::new();
        row.deadline_ms = Some(0);
    };
    let begun = Instant::now();
    let outcome = tried("sleeps for a day in a call of the host", early, ("", ""));
    assert_eq!(outcome.verdict, Verdict::Late, "{outcome:?}");
    assert!(begun.elapsed() < TRIAL);
}

/// Compiles once, so that an honest plugin runs, and never again.
#[test]
fn a_program_that_is_not_sound_ends_with_an_error_after_all_rows() {
    let lab = Lab::bare();
    let folder = lab.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let (program, compiler) = (folder.join("ifctl"), folder.join("ifctl-compile"));
    fs::copy(binary(), &program).unwrap();
    fs::copy(binary().with_file_name("ifctl-worker"), folder.join("ifctl-worker")).unwrap();
    let script = format!(
        "#!/bin/sh\n[ -e {0}/used ] && exit 1\n: > {0}/used\nexec {1}\n",
        folder.display(),
        binary().with_file_name("ifctl-compile").display()
    );
    fs::write(&compiler, script).unwrap();
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).unwrap();
    let line = lab.command(["doctor", "sandbox"]);
    let mut command = Command::new(program);
    command.args(line.get_args()).env_clear();
    command.envs(line.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = crate::lab::Run::from(command.stdin(std::process::Stdio::null()).output().unwrap());
    assert!(run.stdout.contains("another limit") && run.stdout.contains("FAIL"), "{run:?}");
    let red = run.stdout.lines().filter(|line| line.starts_with("FAIL")).count();
    let said = run.fails("error[IF_ERR_SANDBOX_UNSOUND]", 4);
    assert!(said.contains(&format!("{red} of {} attacks", attacks().unwrap().len())), "{said}");
}
