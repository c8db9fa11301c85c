//! `cargo xtask fuzz`: bytes that nobody thought of, thrown at every parser of foreign bytes.
//!
//! libFuzzer without a sanitizer, which the stable compiler can: what `cargo fuzz --sanitizer none`
//! passes to it is passed here. Each target begins with its committed seeds; as many run at a time
//! as there are processors. People give it seconds, and other inputs each time. CI gives it a
//! number of inputs that follow from the seeds alone: a change is not refused for what chance
//! found in something else. What it finds lies in `target/fuzz/found`; the seeds themselves are
//! replayed by the ordinary tests.

mod driver;

use anyhow::{Context as _, Result, bail, ensure};
use driver::{Driver, Outcome};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Where each target has a folder of seeds.
const SEEDS: &str = "tests/fuzz/seeds";

/// For each target where nothing else is said: all of them take less than two minutes.
const SECONDS: u32 = 3;
/// For each target in CI.
const INPUTS: u32 = 20_000;

const FLAGS: &str = "--list, --seconds N, --inputs N and --replay FILE";

/// How much of each target.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Effort {
    /// So long, going on from whatever earlier runs learnt.
    Seconds(u32),
    /// So many inputs, the same ones each time.
    Inputs(u32),
}

/// What to fuzz.
#[derive(Debug, PartialEq)]
pub struct Options {
    effort: Effort,
    replay: Option<PathBuf>,
    list: bool,
    /// All where none is named.
    targets: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let effort = Effort::Seconds(SECONDS);
        Self { effort, replay: None, list: false, targets: Vec::new() }
    }
}

impl Options {
    /// Everything, as CI does.
    pub fn ci() -> Self {
        Self { effort: Effort::Inputs(INPUTS), ..Self::default() }
    }

    /// Reads the words.
    pub fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--list" => options.list = true,
                "--seconds" => options.effort = Effort::Seconds(number(word, words.next())?),
                "--inputs" => options.effort = Effort::Inputs(number(word, words.next())?),
                "--replay" => {
                    options.replay = Some(words.next().context("--replay wants a file")?.into());
                }
                flag if flag.starts_with('-') => {
                    bail!("unknown: {flag}; fuzz knows {FLAGS}")
                }
                target => options.targets.push(target.to_owned()),
            }
        }
        Ok(options)
    }
}

fn number(flag: &str, text: Option<&&str>) -> Result<u32> {
    let number = text.and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    number.with_context(|| format!("{flag} wants a number above 0"))
}

/// Runs the command.
pub fn run(options: &Options) -> Result<()> {
    let known = targets(&crate::shell::root().join(SEEDS))?;
    if options.list {
        known.iter().for_each(|name| println!("{name}"));
        return Ok(());
    }
    if let Some(unknown) = options.targets.iter().find(|name| !known.contains(name)) {
        bail!("no target `{unknown}`; there are: {}", known.join(", "));
    }
    if let Some(file) = &options.replay {
        let target = match options.targets.as_slice() {
            [] => of_file(file, &known).context("say behind the file which target it is for")?,
            [one] => one.as_str(),
            _ => bail!("a file is replayed to one target"),
        };
        return Driver::build()?.replay(target, file);
    }
    let chosen = if options.targets.is_empty() { &known } else { &options.targets };
    let driver = Driver::build()?;
    let outcomes = all(&driver, chosen, options.effort)?;
    let found: Vec<&Outcome> = outcomes.iter().filter(|one| one.found.is_some()).collect();
    for Outcome { target, said, found, .. } in &found {
        let file = found.as_deref().unwrap_or(Path::new("")).display();
        println!("\n{said}\n{target}: again with: cargo xtask fuzz --replay {file} {target}");
    }
    ensure!(found.is_empty(), "{} of {} targets found something", found.len(), chosen.len());
    println!("{} targets, nothing found", chosen.len());
    Ok(())
}

/// The targets by the folders of their seeds; a test holds that they are the same.
fn targets(seeds: &Path) -> Result<Vec<String>> {
    let names = fs_err::read_dir(seeds)?;
    let names = names.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// The target that a file belongs to: by its folder, as a seed's, or by the beginning of its name,
/// as what was found is called.
fn of_file<'a>(file: &Path, known: &'a [String]) -> Option<&'a str> {
    let folder = file.parent()?.file_name()?.to_str()?;
    let name = file.file_name()?.to_str()?;
    let fits = |target: &&String| folder == *target || name.starts_with(&format!("{target}."));
    known.iter().find(fits).map(String::as_str)
}

/// Runs them, some at a time, and prints a row for each as it ends.
fn all(driver: &Driver, targets: &[String], effort: Effort) -> Result<Vec<Outcome>> {
    let width = targets.iter().map(String::len).max().unwrap_or_default();
    let waiting = Mutex::new(targets.iter());
    let next = || waiting.lock().ok().and_then(|mut waiting| waiting.next());
    let work = || -> Result<Vec<Outcome>> {
        let mut done = Vec::new();
        while let Some(target) = next() {
            let outcome = driver.fuzz(target, effort)?;
            println!("{target:width$}  {}", outcome.row());
            done.push(outcome);
        }
        Ok(done)
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        let mut outcomes = Vec::new();
        for thread in threads {
            let done = thread.join().map_err(|_| anyhow::anyhow!("a thread of it panicked"))?;
            outcomes.extend(done?);
        }
        Ok(outcomes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_unknown_ones_refused() {
        assert_eq!(Options::parse(&[]).unwrap(), Options::default());
        let options = Options::parse(&["--seconds", "60", "name", "key"]).unwrap();
        assert_eq!(options.effort, Effort::Seconds(60));
        assert_eq!(options.targets, ["name", "key"]);
        assert_eq!(Options::parse(&["--inputs", "20000"]).unwrap(), Options::ci());
        let options = Options::parse(&["--replay", "x/name.crash"]).unwrap();
        assert_eq!(options.replay.as_deref(), Some(Path::new("x/name.crash")));
        for wrong in [&["--seconds", "0"][..], &["--seconds"], &["--replay"], &["--secs"]] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
        let unknown = Options { targets: vec!["nobody".into()], ..Options::ci() };
        assert!(run(&unknown).unwrap_err().to_string().contains("no target `nobody`"));
    }

    #[test]
    fn a_file_says_which_target_it_is_for() {
        let known = ["name".to_owned(), "name-too".to_owned()];
        let of = |file: &str| of_file(Path::new(file), &known);
        assert_eq!(of("tests/fuzz/seeds/name-too/real"), Some("name-too"));
        assert_eq!(of("target/fuzz/found/name.crash-1f"), Some("name"));
        assert_eq!(of("target/fuzz/found/name-too.crash-1f"), Some("name-too"));
        assert_eq!(of("elsewhere/file"), None);
    }
}
