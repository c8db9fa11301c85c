//! A writer that is killed at any step of replacing a file: what stands there afterwards is the old
//! content or the new one in whole, and the next writer takes away what the dead one left.

#![cfg(test)] // so that helpers count as test code

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use tempfile::TempDir;

/// Longer than one page and one block, so that half of it is something.
const BYTES: usize = 10_000;

/// Where the writer that is killed in the middle has come to: 8 blocks of 512 bytes.
const HALF_BLOCKS: &str = "8";
const HALF_BYTES: usize = 4096;

/// What replacing a file consists of. `rename` is where the new content takes the name.
const TRACED: &str = "openat,getdents64,unlink,unlinkat,flock,fchmod,pwrite64,fsync,fdatasync,\
                      rename,renameat,renameat2";

const KILL: i32 = 9;

/// One system call of the writer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    call: String,
    /// How many of this name the process has made with it.
    nth: usize,
    line: String,
}

impl Step {
    fn takes_the_name(&self) -> bool {
        self.call.starts_with("rename")
    }
}

/// A folder with a file in it, and what an earlier writer left that was killed.
struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        fs_err::write(scene.file(), "a".repeat(BYTES)).unwrap();
        fs_err::write(scene.0.path().join(".new-killed"), "b").unwrap();
        scene
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("settings.yaml")
    }

    fn content(&self) -> String {
        fs_err::read_to_string(self.file()).unwrap()
    }

    /// The unfinished files.
    fn leftovers(&self) -> Vec<PathBuf> {
        let names = fs_err::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| *path != self.file()).collect()
    }

    /// The words of a writer: of the example beside the test binaries.
    fn writer(&self, letter: &str) -> Vec<PathBuf> {
        let tests = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        let program = tests.parent().unwrap().join("examples/replace");
        vec![program, self.file(), letter.into(), BYTES.to_string().into()]
    }

    /// Writes undisturbed.
    fn writes(&self, letter: &str) {
        let words = self.writer(letter);
        assert!(Command::new(&words[0]).args(&words[1..]).status().unwrap().success());
        assert_eq!(self.content(), letter.repeat(BYTES));
        assert!(self.leftovers().is_empty(), "{:?}", self.leftovers());
    }

    /// Writes under the tracer. `shell` comes before the writer begins.
    fn traced(&self, tracer: &[&str], shell: &str) -> ExitStatus {
        let script = format!("{shell} exec \"$@\"");
        let mut command = Command::new("strace");
        command.arg("-o").arg(self.trace()).args(tracer);
        command.args(["--", "sh", "-c", &script, "sh"]).args(self.writer("b"));
        command.status().unwrap()
    }

    fn trace(&self) -> PathBuf {
        self.0.path().with_extension("trace")
    }

    /// The steps of a writer that nobody disturbs, from its first look at the folder.
    fn steps(&self) -> Vec<Step> {
        let status = self.traced(&["-e", &format!("trace={TRACED}")], "");
        assert!(status.success(), "{status}");
        let text = fs_err::read_to_string(self.trace()).unwrap();
        fs_err::remove_file(self.trace()).unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for line in text.lines() {
            let Some((call, _)) = line.split_once('(') else { continue };
            let nth = steps.iter().filter(|step| step.call == call).count() + 1;
            steps.push(Step { call: call.to_owned(), nth, line: line.to_owned() });
        }
        let folder = self.0.path().display().to_string();
        let first = steps.iter().position(|step| step.line.contains(&folder)).unwrap();
        steps.split_off(first)
    }

    /// Kills a writer where it begins this call.
    fn killed_at(&self, call: &str, nth: usize, shell: &str) {
        let inject = format!("inject={call}:signal=KILL:when={nth}");
        let status = self.traced(&["-e", &inject], shell);
        assert_eq!(status.signal(), Some(KILL), "{inject}: {status}");
        fs_err::remove_file(self.trace()).unwrap();
    }
}

fn may_trace(scene: &Scene) -> bool {
    let output = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    output.is_ok_and(|output| output.status.success()) && Path::new(&scene.writer("a")[0]).exists()
}

#[test]
fn a_writer_killed_at_any_step_leaves_the_old_content_or_the_new() {
    if !if_servers::require!(Strace) {
        return;
    }
    let scene = Scene::new();
    if !may_trace(&scene) {
        if_servers::skip!("processes may not be traced here");
        return;
    }
    let steps = scene.steps();
    let calls: Vec<&str> = steps.iter().map(|step| step.call.as_str()).collect();
    let named = steps.iter().position(Step::takes_the_name).expect("it is renamed");
    let made = steps.iter().position(|step| step.line.contains("O_EXCL")).expect("it is made");
    assert!(
        calls[made..named].ends_with(&["pwrite64", "fsync"]),
        "durable before named: {calls:?}"
    );
    assert_eq!(calls[named + 1..], ["openat", "fsync"], "then its name: {calls:?}");
    assert!(calls[..made].contains(&"flock"), "the leftover is asked for: {calls:?}");
    for (place, step) in steps.iter().enumerate() {
        let scene = Scene::new();
        scene.killed_at(&step.call, step.nth, "");
        let expected = if place <= named { "a" } else { "b" };
        assert_eq!(scene.content(), expected.repeat(BYTES), "{step:?}");
        let unfinished = usize::from((made + 1..=named).contains(&place));
        assert!(scene.leftovers().len() <= 1 + unfinished, "{step:?}: {:?}", scene.leftovers());
        scene.writes("c");
    }
}

#[test]
fn a_writer_killed_in_the_middle_of_a_write_leaves_the_old_content() {
    if !if_servers::require!(Strace) {
        return;
    }
    let scene = Scene::new();
    if !may_trace(&scene) {
        if_servers::skip!("processes may not be traced here");
        return;
    }
    // The kernel takes half of it; then comes the signal, in place of the rest.
    scene.killed_at("pwrite64", 2, &format!("ulimit -f {HALF_BLOCKS};"));
    assert_eq!(scene.content(), "a".repeat(BYTES));
    let half: Vec<u64> =
        scene.leftovers().iter().map(|path| fs_err::metadata(path).unwrap().len()).collect();
    assert_eq!(half, [HALF_BYTES as u64], "it was in the middle");
    scene.writes("c");
}
