//! Where the attacks are tried: a home, a cache and a device of the trial's own, and the steps of a
//! plugin from its folder to its call.

use crate::device::Device;
use crate::error::{Complaint, TrialError};
use crate::leftover;
use crate::line::{Said, Setting};
use crate::memory;
use crate::table::{Attack, Before};
use crate::verdict::{CANARY, LATE_MS, Outcome, Verdict, judge};
use crate::{ALONE, GUEST, Reach};
use if_core::Clock;
use serde_json::Value;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The word under which the guest is installed.
const PROVIDER: &str = "trial";
/// The instance that is the device.
const INSTANCE: &str = "device";
/// The guest's deadline, as its declaration has it.
const DEADLINE_MS: u64 = 5_000;
/// For steps that compile or only prepare; ten times what a slow machine needs. It keeps a program
/// that hangs from hanging the trial.
const STEP_MS: u64 = 30_000;
/// Most entries of the log that are read: more than the trial makes.
const ENTRIES: &str = "1000";

/// The stage of one trial.
pub(crate) struct Stage<'a> {
    folder: TempDir,
    /// As long as it is held, no other trial takes the folder away.
    held: File,
    /// The most memory that honest commands took.
    pub honest_kib: u64,
    program: PathBuf,
    reach: Reach,
    declaration: &'a str,
    /// None where the program has no network.
    device: Option<Device>,
    clock: &'a dyn Clock,
}

impl<'a> Stage<'a> {
    /// A home with fresh keys, and the guest packed.
    pub(crate) fn build(
        program: &Path,
        reach: Reach,
        declaration: &'a str,
        clock: &'a dyn Clock,
    ) -> Result<Self, TrialError> {
        let closed = std::fs::Permissions::from_mode(0o700);
        let folder =
            tempfile::Builder::new().prefix(leftover::PREFIX).permissions(closed).tempdir()?;
        let held = leftover::hold(&folder)?;
        leftover::sweep(&folder);
        let program = program.to_owned();
        let device = if reach == Reach::Network { Some(Device::start()?) } else { None };
        let stage =
            Self { folder, held, honest_kib: 0, program, reach, declaration, device, clock };
        stage.step(&["init", "--no-passphrase"])?;
        stage.write_plugin("guest", GUEST)?;
        stage.pack("guest")?.demand("plugin pack")?;
        Ok(stage)
    }

    /// The attacks on a package that nobody has signed yet.
    pub(crate) fn before_signing(&self, attacks: &[&Attack]) -> Result<Vec<Outcome>, TrialError> {
        let rows = attacks.iter().filter(|attack| attack.before == Some(Before::Signing));
        rows.map(|attack| {
            let said = self.line(&["plugin", "install", &self.package("guest")], STEP_MS)?;
            Ok(judge(attack, &said, &self.arrived()))
        })
        .collect()
    }

    /// Signs, allows and installs the guest; its instance is the device.
    pub(crate) fn open(&mut self) -> Result<(), TrialError> {
        let package = self.package("guest");
        self.step(&["plugin", "sign", &package])?;
        self.step(&["plugin", "allow", &package])?;
        self.step(&["plugin", "install", &package])?;
        let port = self.port().to_string();
        self.step(&[PROVIDER, "add", INSTANCE, "--host", "127.0.0.1", "--port", &port])?;
        if self.reach == Reach::Network {
            let words = ["secret", "set", PROVIDER, INSTANCE, "password"];
            self.setting().run(words, CANARY, STEP_MS)?.demand("secret set")?;
        }
        self.line(&self.words("honest"), STEP_MS)?.demand("an honest command")?;
        self.honest_kib = memory::peak_kib()?;
        Ok(())
    }

    /// Tries one attack, and afterwards an honest command.
    pub(crate) fn attempt(&self, attack: &Attack) -> Result<Outcome, TrialError> {
        let before_kib = memory::peak_kib()?;
        let mut outcome = match (&attack.command, attack.before) {
            (None, _) => self.attempt_component(attack)?,
            (Some(_), Some(Before::ForgedManifest)) => {
                let manifest = self.home().join("plugins").join(PROVIDER).join("manifest.json");
                self.forged(&manifest, attack)?
            }
            (Some(_), Some(Before::ForgedCache)) => self.attempt_cache(attack)?,
            (Some(_), _) => self.call(attack)?,
        };
        let more = memory::too_much(self.honest_kib, before_kib, memory::peak_kib()?);
        if let (Some(more), Verdict::Held) = (more, outcome.verdict) {
            outcome.verdict = Verdict::TooMuchMemory;
            outcome.about = format!("it took {more} KiB of memory more than honest commands");
        }
        let honest = self.line(&self.words("honest"), DEADLINE_MS + LATE_MS)?;
        self.arrived();
        if honest.exit == Some(0) || outcome.verdict != Verdict::Held {
            return Ok(outcome);
        }
        let about = format!("an honest command fails afterwards: {}", honest.told());
        Ok(Outcome { verdict: Verdict::GotThrough, about, ..outcome })
    }

    fn call(&self, attack: &Attack) -> Result<Outcome, TrialError> {
        let mut words = self.words(attack.command.as_deref().unwrap_or_default());
        words.extend(attack.flags.iter().cloned());
        let most = attack.deadline_ms.unwrap_or(DEADLINE_MS) + LATE_MS;
        let said = match attack.flags.iter().any(|flag| flag == "-v") {
            // The plugin's log is for people: a program is given none.
            true => self.setting().run(&words, "", most)?,
            false => self.line(&words, most)?,
        };
        Ok(judge(attack, &said, &self.arrived()))
    }

    /// A component of its own: it must not survive being packed.
    fn attempt_component(&self, attack: &Attack) -> Result<Outcome, TrialError> {
        let known = ALONE.iter().find(|(name, _)| *name == attack.name);
        let (_, component) = known.ok_or_else(|| TrialError::Table(attack.name.clone()))?;
        self.write_plugin("alone", component)?;
        let said = self.pack("alone")?;
        Ok(judge(attack, &said, &self.arrived()))
    }

    /// The call with this file of the installed plugin changed; the file is mended afterwards.
    fn forged(&self, file: &Path, attack: &Attack) -> Result<Outcome, TrialError> {
        let genuine = fs_err::read(file)?;
        fs_err::write(file, spoilt(&genuine))?;
        let outcome = self.call(attack);
        fs_err::write(file, genuine)?;
        outcome
    }

    /// The call with changed machine code in the cache. Who executes it runs into what is no code
    /// of ours; who does not has compiled it again, and the entry is another.
    fn attempt_cache(&self, attack: &Attack) -> Result<Outcome, TrialError> {
        let mut spoilt_entries = Vec::new();
        for entry in fs_err::read_dir(self.folder.path().join("cache"))? {
            let path = entry?.path();
            let bytes = spoilt(&fs_err::read(&path)?);
            fs_err::write(&path, &bytes)?;
            spoilt_entries.push((path, bytes));
        }
        let mut outcome = self.call(attack)?;
        let mut mended = 0;
        for (path, bytes) in &spoilt_entries {
            mended += usize::from(fs_err::read(path)? != *bytes);
        }
        if mended == 0 && outcome.verdict == Verdict::Held {
            outcome.verdict = Verdict::GotThrough;
            outcome.about = "the changed code was taken as it is".into();
        }
        Ok(outcome)
    }

    /// Verifies the log; how many entries it has, and what it does not say of these attacks.
    pub(crate) fn read_log(&self, attacks: &[&Attack]) -> Result<(u64, Vec<String>), TrialError> {
        let verified = self.line(&["witness", "verify"], STEP_MS)?;
        if verified.exit != Some(0) {
            return Ok((0, vec![format!("the log is not whole: {}", verified.told())]));
        }
        let leaves = verified.json().get("leaves").and_then(Value::as_u64).unwrap_or_default();
        let query = ["witness", "query", "--provider", PROVIDER, "-n", ENTRIES];
        let queried = self.line(&query, STEP_MS)?;
        queried.demand("witness query")?;
        let entries =
            queried.json().get("entries").and_then(Value::as_array).cloned().unwrap_or_default();
        let called = attacks.iter().filter(|row| row.command.is_some() && row.before.is_none());
        Ok((leaves, called.filter_map(|attack| unlogged(attack, &entries)).collect()))
    }

    /// Takes the stage away; nothing of it stays.
    pub(crate) fn strike(self) -> Result<(), TrialError> {
        let Self { folder, held, device, .. } = self;
        drop((device, held));
        Ok(folder.close()?)
    }

    /// The device's port; without one, that of the discard service, which nobody asks.
    fn port(&self) -> u16 {
        self.device.as_ref().map_or(9, |device| device.port)
    }

    fn arrived(&self) -> String {
        self.device.as_ref().map(Device::arrived).unwrap_or_default()
    }

    fn setting(&self) -> Setting<'_> {
        Setting { program: &self.program, folder: self.folder.path(), clock: self.clock }
    }

    fn line<S: AsRef<str>>(&self, words: &[S], most_ms: u64) -> Result<Said, TrialError> {
        let words = words.iter().map(AsRef::as_ref).chain(["--json"]);
        Ok(self.setting().run(words, "", most_ms)?)
    }

    /// A line that must succeed.
    fn step(&self, words: &[&str]) -> Result<(), TrialError> {
        self.line(words, STEP_MS)?.demand(&words.join(" "))
    }

    /// The words of a call.
    fn words(&self, command: &str) -> Vec<String> {
        let port = format!("--port={}", self.port());
        [PROVIDER, command, INSTANCE, &port].map(str::to_owned).to_vec()
    }

    fn write_plugin(&self, name: &str, component: &[u8]) -> Result<(), TrialError> {
        let folder = self.folder.path().join(name);
        fs_err::create_dir_all(&folder)?;
        fs_err::write(folder.join("component.wasm"), component)?;
        Ok(fs_err::write(folder.join("plugin.toml"), self.declaration)?)
    }

    fn pack(&self, name: &str) -> Result<Said, TrialError> {
        let folder = self.folder.path().join(name).display().to_string();
        self.line(&["plugin", "pack", &folder, "--out", &self.package(name)], STEP_MS)
    }

    fn package(&self, name: &str) -> String {
        self.folder.path().join(name).join("package").display().to_string()
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }
}

/// The same bytes, but for one in the middle: of a manifest a letter, of code a part of it.
fn spoilt(genuine: &[u8]) -> Vec<u8> {
    let mut bytes = genuine.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes
}

/// What the log should say of this attack and does not.
fn unlogged(attack: &Attack, entries: &[Value]) -> Option<String> {
    let text = |entry: &Value, at: &str| entry.pointer(at)?.as_str().map(str::to_owned);
    let command = |entry: &&Value| text(entry, "/opened/leaf/command") == attack.command;
    let Some(entry) = entries.iter().find(command) else {
        return Some(format!("`{}` is not in the log", attack.name));
    };
    let code = text(entry, "/closed/leaf/outcome/code");
    let status = text(entry, "/closed/leaf/outcome/status");
    let fits = code == attack.code && status.is_some();
    (!fits).then(|| format!("the log says {status:?} {code:?} of `{}`", attack.name))
}

impl Said {
    fn demand(&self, line: &str) -> Result<(), TrialError> {
        match self.exit {
            Some(0) => Ok(()),
            _ => Err(TrialError::Program { line: line.to_owned(), source: Complaint(self.told()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declarations_deadline_is_the_one_that_is_waited_for() {
        let declared = format!("deadline_ms = {DEADLINE_MS}\n");
        assert!(crate::declaration().contains(&declared));
    }

    #[test]
    fn every_row_has_a_guest_and_something_that_stops_it() {
        for attack in crate::attacks().unwrap() {
            let name = &attack.name;
            let known = attack
                .code
                .as_deref()
                .is_none_or(|code| if_core::Code::ALL.iter().any(|known| known.as_str() == code));
            assert!(known, "{name}: no such code");
            assert!(!attack.stopper().is_empty(), "{name}: nothing stops it");
            let carried = ALONE.iter().any(|(of, _)| of == name);
            assert_eq!(attack.is_component(), carried, "{name}");
            assert!(attack.command.is_some() || carried || attack.before.is_some(), "{name}");
        }
    }

    #[test]
    fn a_spoilt_file_differs_in_one_byte() {
        let changed = spoilt(b"abc");
        assert_eq!(changed, b"acc");
        assert!(spoilt(b"").is_empty());
    }

    #[test]
    fn what_the_log_does_not_say_is_told() {
        let row = Attack {
            command: Some("spin".into()),
            code: Some("IF_ERR_LIMIT_FUEL".into()),
            ..Attack::default()
        };
        let entry = |command: &str, code: &str| {
            serde_json::json!({
                "opened": {"leaf": {"command": command}},
                "closed": {"leaf": {"outcome": {"status": "failed", "code": code}}},
            })
        };
        assert_eq!(unlogged(&row, &[entry("spin", "IF_ERR_LIMIT_FUEL")]), None);
        assert!(unlogged(&row, &[entry("spin", "IF_ERR_BUG")]).is_some());
        assert!(unlogged(&row, &[entry("other", "IF_ERR_LIMIT_FUEL")]).is_some());
        let open = serde_json::json!({"opened": {"leaf": {"command": "spin"}}});
        assert!(unlogged(&row, &[open]).is_some());
    }
}
