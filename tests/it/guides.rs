//! The guides, typed as a reader would type them, in order, in one home; and what they print
//! compared with what the page says.
//!
//! `<!-- by hand: why -->` before a block says that it is not typed here; the list of those is
//! short and exact.

use crate::lab::{Lab, binary, root};
use if_fakes::VmixSimulator;
use if_pages::{Block, Shell, blocks, difference};
use if_servers::{HomeAssistant, Obs};
use std::fs;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

/// What marks a block that is not typed here.
const BY_HAND: &str = "by hand:";

/// Blocks that are not typed here: page, first line, and who does it instead.
const NOT_TYPED: &[(&str, &str)] = &[
    // `cargo xtask install` has a test, and CI builds the plugins before this one runs.
    ("operator.md", "cargo xtask install     # ifctl, and if beside it, into ~/.cargo/bin"),
    // tests/it/shell does this in the real bash, zsh and fish.
    ("command-line.md", "eval \"$(ifctl shell-init bash)\"       # ~/.bashrc"),
    // The operator's guide saves and restores.
    (
        "command-line.md",
        "ifctl backup /media/usb/studio.ifbackup              # asks for a passphrase, twice",
    ),
];

/// A reader with an empty home in front of the checkout.
struct Reader {
    home: TempDir,
    shell: Shell,
}

impl Reader {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        symlink(binary(), bin.join("ifctl")).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Shell::new(home.path(), &root(), &path).unwrap();
        shell.set("USER", "you");
        Self { home, shell }
    }

    /// A reader whose home has these plugins, in front of an empty folder for their settings.
    fn with(plugins: &[&str]) -> Self {
        let mut reader = Self::new();
        let lab = Lab::with(plugins);
        fs::rename(lab.home(), reader.home.path().join(".if")).unwrap();
        fs::rename(lab.path().join("cache"), reader.home.path().join("cache")).unwrap();
        let cache = reader.home.path().join("cache").display().to_string();
        reader.shell.set("IF_CACHE", &cache);
        reader
    }

    /// Types a page; every line must end and print as it says.
    fn types(&mut self, name: &str) {
        let page = fs::read_to_string(root().join("docs/guide").join(name)).unwrap();
        let by_hand = |block: &Block| block.mark.as_ref().is_some_and(|m| m.starts_with(BY_HAND));
        let blocks = blocks(&page);
        for step in blocks.iter().filter(|block| !by_hand(block)).flat_map(Block::steps) {
            let said = self.shell.take(&step).unwrap();
            let place = format!("docs/guide/{name}:{}: `{}`", step.line, step.typed);
            assert_eq!(said.exit, step.exit, "{place}\n{}", said.printed);
            let differs = step.prints.and_then(|prints| difference(&prints, &said.printed));
            assert_eq!(differs, None, "{place}");
        }
        let skipped: Vec<_> = blocks.iter().filter(|block| by_hand(block)).map(first).collect();
        let allowed = NOT_TYPED.iter().filter(|(page, _)| *page == name).map(|(_, line)| *line);
        assert_eq!(skipped, allowed.collect::<Vec<_>>(), "{name}: blocks that nobody types");
    }
}

impl Reader {
    /// The page about the command line, with its contexts in `config.yaml` and a second OBS.
    fn types_contexts(&mut self) {
        let page = fs::read_to_string(root().join("docs/guide/command-line.md")).unwrap();
        let yaml = blocks(&page).into_iter().find(|block| block.language == "yaml").unwrap();
        fs::write(self.home.path().join(".if/config.yaml"), yaml.text).unwrap();
        for line in [
            "ifctl obs add testbench --host 127.0.0.1 --port 4455",
            "ifctl secret set obs testbench password",
        ] {
            assert_eq!(self.shell.run(line).unwrap().exit, 0, "{line}");
        }
        self.types("command-line.md");
    }
}

fn first(block: &Block) -> &str {
    block.text.lines().next().unwrap_or_default()
}

#[test]
fn real_obs_real_ha_and_the_simulator_go_through_the_evening_as_the_guide_says() {
    if !if_servers::require!(Obs) || !if_servers::require!(HomeAssistant) {
        return;
    }
    let (obs, vmix) = (Obs::start().unwrap(), VmixSimulator::start().unwrap());
    let ha = HomeAssistant::start().unwrap();
    let mut reader = Reader::new();
    reader.shell.word("--port 4455", &format!("--port {}", obs.port));
    let (http, tcp) = (vmix.http_port, vmix.tcp_port);
    let switcher = format!("--host 127.0.0.1 --port {http} --tcp-port {tcp}");
    reader.shell.word("--host 192.168.1.100", &switcher);
    reader.shell.word("http://homeassistant.local:8123", &ha.url());
    reader.shell.answer("secret set obs", &obs.password);
    reader.shell.answer("secret set ha", &ha.tokens.administrator);
    reader.shell.answer("ifctl backup", "a passphrase for tests");
    reader.shell.answer("ifctl restore", "a passphrase for tests");
    reader.types("operator.md");
    reader.types_contexts();
    assert!(vmix.functions_seen().contains(&"Fade".to_owned()));
    let shown = fs::read_to_string(reader.home.path().join(".if/providers/obs.yaml")).unwrap();
    assert!(!shown.contains(&obs.password));
}

#[test]
fn policies_and_people_decide_as_the_guide_says() {
    let vmix = VmixSimulator::start().unwrap();
    let mut reader = Reader::with(&["vmix", "two-person", "hazard"]);
    let (http, tcp) = (vmix.http_port, vmix.tcp_port);
    let add = format!("ifctl vmix add studio --host 127.0.0.1 --port {http} --tcp-port {tcp}");
    assert_eq!(reader.shell.run(&add).unwrap().exit, 0);
    let folder = reader.home.path().display().to_string();
    assert_eq!(reader.shell.run(&format!("cd {folder}")).unwrap().exit, 0);
    reader.types("policies.md");
    assert_eq!(vmix.functions_seen(), ["Cut"]);
}

/// Files as the prototype wrote them.
const OLD_FILES: &[(&str, &str)] = &[
    ("vmix", "instances:\n  myvmix:\n    host: 192.168.1.100\n    port: 8088\n"),
    (
        "obs",
        "instances:\n  myobs:\n    host: 127.0.0.1\n    port: 4455\n    password: \
         aHVudGVyMmh1bnRlcjI=\n",
    ),
    (
        "ha",
        "instances:\n  myhome:\n    url: http://homeassistant.local:8123\n    token: \
         eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln\n",
    ),
];

#[test]
fn the_prototypes_files_load_as_the_guide_says() {
    let mut reader = Reader::with(&["vmix", "obs", "ha"]);
    for (provider, text) in OLD_FILES {
        let folder = reader.home.path().join("old").join(provider);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("instances.yaml"), text).unwrap();
    }
    reader.shell.answer("secret set", "another-secret-for-tests");
    reader.types("migration.md");
}

/// The second column of the tables, each a line in backticks.
fn lines_of(page: &str, provider: &str) -> Vec<String> {
    let start = format!("| `{provider} ");
    let rows = page.lines().filter(|line| line.starts_with(&start));
    rows.map(|row| row.split(" | ").nth(1).unwrap().trim_matches('`').to_owned()).collect()
}

#[test]
fn every_command_of_the_prototype_has_one_here() {
    let page = fs::read_to_string(root().join("docs/guide/migration.md")).unwrap();
    let mut reader = Reader::with(&["vmix", "obs", "ha"]);
    for (provider, count) in [("vmix", 27), ("obs", 33), ("ha", 30)] {
        let lines = lines_of(&page, provider);
        assert_eq!(lines.len(), count, "{provider}");
        for line in lines {
            // Help is printed only for words and options that exist.
            let said = reader.shell.run(&format!("{line} --help")).unwrap();
            assert_eq!(said.exit, 0, "{line}\n{}", said.printed);
            assert!(said.printed.contains("Usage: ifctl"), "{line}\n{}", said.printed);
        }
    }
}
