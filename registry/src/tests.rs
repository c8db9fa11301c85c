//! A whole life: a fresh home, an author's folder, and a package on its way between them.

mod bundles;
mod lists;
mod memory;
mod packages;

use crate::*;
use if_core::{Code, Explain, Problem, UnixMillis, Word};
use if_manifest::trust::Role;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(super) const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const DAY: u64 = 24 * 3_600_000;

const DECLARATION: &str = r#"
id = "if://capability/example.mixer"
provider = "mixer"
version = "1.0.0"
release = 1
component = "mixer.wasm"
scopes = ["studio:control"]

[tables]
requests = "requests.csv"

[data]
"words.csv" = "words.csv"

[[endpoints]]
name = "control"
protocols = ["ws"]
host = "{host}"
port = "4455"
rules = [{ json = { "/op" = 6 }, effect = { table = "requests", key = "json:/d/type" } }]

[[secrets]]
name = "password"
summary = "its password"
optional = true

[[secrets.recipes]]
name = "auth"
inputs = ["salt"]
step = { base64 = { sha256 = { concat = [{ secret = "password" }, { input = "salt" }] } } }
sinks = [{ endpoint = "control", position = { frame = "/d/authentication" } }]
"#;

/// A home, an author's folder and a package's folder, all removed at the end.
pub(super) struct World {
    folder: tempfile::TempDir,
    pub layout: Layout,
    /// What the component says of itself, and imports.
    pub description: Value,
    pub imports: Vec<String>,
}

pub(super) fn component(content: &str) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0", content.as_bytes()].concat()
}

pub(super) fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

impl World {
    /// A home after `init`, and an author's folder with everything to pack.
    pub fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout { home: folder.path().join("home") };
        init_trust(&layout, NOW, &InTheClear).unwrap();
        let world = World {
            folder,
            layout,
            description: json!({
                "summary": "a mixer",
                "settings": [
                    {"name": "host", "summary": "where", "kind": {"string": {}}, "required": true},
                ],
                "commands": [{"path": "scene switch", "summary": "switch", "effect": "write"}],
            }),
            imports: ["wasi:io/poll@0.2.9", "infrafabric:adapter/connection@0.1.0"]
                .map(str::to_owned)
                .to_vec(),
        };
        fs_err::create_dir(world.author()).unwrap();
        world.write("plugin.toml", DECLARATION);
        world.write("requests.csv", "key,effect\nGet,read\nSet,write\n");
        world.write("words.csv", "one\ntwo\n");
        world.write("mixer.wasm", component("mixer"));
        world
    }

    pub fn author(&self) -> PathBuf {
        self.folder.path().join("author")
    }

    pub fn package(&self) -> PathBuf {
        self.folder.path().join("package")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file of the author's.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs_err::write(self.author().join(name), bytes).unwrap();
    }

    pub fn describe(&self) -> impl FnMut(&[u8]) -> Result<(String, Vec<String>), Problem> {
        let answer = (self.description.to_string(), self.imports.clone());
        move |_| Ok(answer.clone())
    }

    pub fn pack(&self) -> Result<PackReport, RegistryError> {
        let declaration = self.author().join("plugin.toml");
        pack(&declaration, None, &self.package(), &mut self.describe())
    }

    pub fn key(&self) -> if_manifest::SigningKey {
        root_key(&self.layout, &InTheClear).unwrap()
    }

    pub fn sign(&self) {
        let expires = NOW.plus_millis(1_000 * DAY);
        sign(&self.package(), &self.key(), Role::Publisher, expires).unwrap();
    }

    pub fn allow(&self, target: &str) -> Result<Allowed, RegistryError> {
        self.allow_with(target, &AllowRequest::default())
    }

    pub fn allow_with(
        &self,
        target: &str,
        request: &AllowRequest,
    ) -> Result<Allowed, RegistryError> {
        let target = Target::of(&self.layout, target);
        allow(&self.layout, &target, &self.key(), request, NOW)
    }

    pub fn allow_package(&self) -> Result<Allowed, RegistryError> {
        self.allow(&self.package().display().to_string())
    }

    pub fn install(&self) -> Result<Installed, RegistryError> {
        install(&self.layout, &self.package(), NOW, None, false, &mut self.describe())
    }

    pub fn load(&self) -> Result<Loaded, RegistryError> {
        load(&self.layout, &word("mixer"), NOW, None)
    }

    pub fn verify(&self) -> Result<VerifyReport, RegistryError> {
        verify(&self.layout, &Target::Installed(word("mixer")), NOW, None)
    }

    /// Packed, signed, allowed, installed.
    pub fn installed() -> World {
        let world = World::new();
        world.pack().unwrap();
        world.sign();
        world.allow_package().unwrap();
        world.install().unwrap();
        world
    }

    pub fn installed_file(&self, name: &str) -> PathBuf {
        self.layout.plugin_dir(&word("mixer")).join(name)
    }
}

#[track_caller]
pub(super) fn refused<T>(result: Result<T, RegistryError>, code: Code, text: &str) {
    let error = result.map(|_| ()).expect_err(text);
    assert!(error.to_string().contains(text), "{error}\nexpected: {text}");
    assert_eq!(error.code(), code, "{error}");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs_err::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn from_an_authors_folder_to_a_loaded_plugin() {
    let world = World::new();
    let package = world.package().display().to_string();
    let packed = world.pack().unwrap();
    assert_eq!(packed.imports, ["infrafabric:adapter/connection@0.1"]);
    assert_eq!(packed.commands, ["scene switch"]);
    assert_eq!(packed.files, ["component.wasm", "data/sbom.json", "data/words.csv"]);
    refused(world.install(), Code::SignatureMissing, "has 0 of 1 approvals");
    world.sign();
    refused(world.install(), Code::NotAllowed, "is not on the allow-list");
    let hints = world.install().unwrap_err().hints();
    assert!(hints.contains(&format!("to allow it: ifctl plugin allow {package}")), "{hints:?}");
    let allowed = world.allow_package().unwrap();
    assert_eq!((allowed.list_version, allowed.installed), (2, false));
    refused(world.load(), Code::PluginUnknown, "no plugin `mixer` is installed");
    let installed = world.install().unwrap();
    assert_eq!(installed.manifest_digest, packed.manifest_digest);

    let loaded = world.load().unwrap();
    assert_eq!(loaded.component_digest, packed.component_digest);
    assert_eq!(loaded.component_bytes().unwrap(), component("mixer"));
    assert_eq!(loaded.data("words.csv").unwrap().as_deref(), Some(&b"one\ntwo\n"[..]));
    assert_eq!(loaded.manifest.scopes, loaded.trusted.scopes);
    for unlisted in ["../component.wasm", "../../../etc/passwd", "/etc/passwd", "none", ""] {
        assert_eq!(loaded.data(unlisted).unwrap(), None, "{unlisted}");
    }
    let report = world.verify().unwrap();
    assert_eq!(report.files.len(), 3);
    let by_folder = verify(&world.layout, &Target::of(&world.layout, &package), NOW, None).unwrap();
    assert_eq!(by_folder.files, report.files);
    let listed = list(&world.layout).unwrap();
    assert_eq!(listed[0].manifest.as_ref().unwrap(), &*loaded.manifest);
    assert!(world.allow("mixer").unwrap().installed);
    assert_eq!(mode(&loaded.dir), 0o700);
    assert_eq!(mode(&world.installed_file("component.wasm")), 0o600);
}

#[test]
fn a_changed_byte_of_any_file_is_refused() {
    let world = World::installed();
    let verify_and_load = |file: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let path = world.installed_file(file);
        let good = fs_err::read(&path).unwrap();
        let mut bad = good.clone();
        change(&mut bad);
        fs_err::write(&path, &bad).unwrap();
        let codes = (
            world.verify().map(|_| ()).map_err(|error| error.code()),
            world.load().map(|_| ()).map_err(|error| error.code()),
            world.load().and_then(|it| it.component_bytes()).map(|_| ()).map_err(|e| e.code()),
            world.load().and_then(|it| it.data("words.csv")).map(|_| ()).map_err(|e| e.code()),
        );
        fs_err::write(&path, &good).unwrap();
        codes
    };
    let flip = |bytes: &mut Vec<u8>| bytes[9] ^= 1;
    let (tampered, signature) = (Err(Code::Tampered), Err(Code::SignatureInvalid));
    assert_eq!(verify_and_load("component.wasm", &flip), (tampered, Ok(()), tampered, Ok(())));
    assert_eq!(verify_and_load("data/words.csv", &|it| it.push(b'x')).0, tampered);
    assert_eq!(verify_and_load("data/words.csv", &|it| it.push(b'x')).3, tampered);
    assert_eq!(verify_and_load("data/sbom.json", &flip).0, tampered);
    let all = (signature, signature, signature, signature);
    assert_eq!(verify_and_load("manifest.json", &|it| it.push(b'\n')), all);
    let approval = format!("approvals/{}.json", world.key().id().short());
    let bad = Err(Code::TrustMalformed);
    assert_eq!(verify_and_load(&approval, &|it| it.truncate(20)), (bad, bad, bad, bad));
    let none = Err(Code::SignatureMissing);
    fs_err::rename(world.installed_file(&approval), world.path("kept")).unwrap();
    assert_eq!(world.load().map(|_| ()).map_err(|error| error.code()), none);
    fs_err::rename(world.path("kept"), world.installed_file(&approval)).unwrap();
    assert!(world.verify().is_ok());
}

#[test]
fn trust_files_are_made_once_and_none_may_be_missing() {
    let world = World::installed();
    refused(init_trust(&world.layout, NOW, &InTheClear), Code::Usage, "there are trust files");
    assert_eq!(mode(&world.layout.root_key_file()), 0o600);
    assert_eq!(mode(&world.layout.keys_dir()), 0o700);
    for (path, code, text) in [
        (world.layout.root_file(), Code::HomeMissing, "there is no trust root"),
        (
            world.layout.allow_file(),
            Code::TrustMalformed,
            "allow-list cannot be read: it is missing",
        ),
        (world.layout.deny_file(), Code::TrustMalformed, "deny-list cannot be read: it is missing"),
    ] {
        fs_err::rename(&path, world.path("kept")).unwrap();
        refused(world.load(), code, text);
        std::os::unix::fs::symlink(world.path("kept"), &path).unwrap();
        refused(world.load(), Code::PackageMalformed, "is a link");
        fs_err::rename(world.path("kept"), &path).unwrap();
    }
    assert!(world.load().is_ok());
    // An `init` that was interrupted before the root was written is completed with the same key.
    let key = world.key().id();
    fs_err::remove_file(world.layout.root_file()).unwrap();
    assert_eq!(init_trust(&world.layout, NOW, &InTheClear).unwrap(), key);
    refused(world.load(), Code::NotAllowed, "not on the allow-list");
}

#[test]
fn keys_that_others_can_read_are_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let path = world.layout.root_key_file();
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    refused(root_key(&world.layout, &InTheClear), Code::KeyMissing, "can be read by others");
    assert_eq!(
        root_key(&world.layout, &InTheClear).unwrap_err().hints(),
        [format!("chmod 600 {}", path.display())]
    );
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    fs_err::write(&path, "-----BEGIN PRIVATE KEY-----\nhunter2\n").unwrap();
    let error = root_key(&world.layout, &InTheClear).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    fs_err::remove_file(&path).unwrap();
    refused(root_key(&world.layout, &InTheClear), Code::KeyMissing, "is not here");
}

#[test]
fn the_index_says_what_is_installed_and_heals() {
    let world = World::new();
    assert!(Index::of(&world.layout).unwrap().unwrap().words().is_empty());
    let world_with = World::installed();
    let path = world_with.layout.index_path();
    let check = |index: &Index| {
        let entry = &index.words()[0];
        assert_eq!(
            (entry.word.as_str(), entry.summary.as_str(), entry.release),
            ("mixer", "a mixer", 1)
        );
        let provider = index.provider("mixer").unwrap().unwrap();
        assert_eq!(provider.commands[0].path, "scene switch");
        assert_eq!(provider.secrets[0].name.as_str(), "password");
        assert_eq!(provider.settings[0].name.as_str(), "host");
        assert!(index.provider("obs").unwrap().is_none());
    };
    check(&Index::open(&path).unwrap());
    let good = fs_err::read_to_string(&path).unwrap();
    for bad in
        ["", "[]", "{}\n", "[{\"word\":\"../x\"}]\n", &good.replacen("\"word\"", "\"wort\"", 1)]
    {
        fs_err::write(&path, bad).unwrap();
        refused(Index::open(&path), Code::Store, "index of commands");
        check(&Index::of(&world_with.layout).unwrap().unwrap());
    }
    // A part that is cut off is an error when it is read, not before.
    fs_err::write(&path, &good[..good.len() - 1]).unwrap();
    let index = Index::open(&path).unwrap();
    refused(index.provider("mixer"), Code::Store, "index of commands");
    // A length from a broken file is never allocated.
    let giant = good.replacen("\"length\":", "\"length\":9999999999", 1);
    fs_err::write(&path, giant).unwrap();
    refused(Index::open(&path).unwrap().provider("mixer"), Code::Store, "is too large");
    // A manifest that no longer parses leaves the index; the loader says why.
    fs_err::write(world_with.installed_file("manifest.json"), "{}").unwrap();
    rebuild_index(&world_with.layout).unwrap();
    assert!(Index::open(&path).unwrap().words().is_empty());
    refused(world_with.load(), Code::SignatureInvalid, "another manifest");
}

#[test]
fn opening_the_index_reads_one_line_however_many_are_installed() {
    let world = World::installed();
    let manifest = fs_err::read_to_string(world.installed_file("manifest.json")).unwrap();
    for n in 0..150 {
        let dir = world.layout.plugin_dir(&word(&format!("mixer{n}")));
        fs_err::create_dir(&dir).unwrap();
        let text = manifest.replace("\"mixer\"", &format!("\"mixer{n}\""));
        fs_err::write(dir.join("manifest.json"), text).unwrap();
    }
    rebuild_index(&world.layout).unwrap();
    let index = Index::open(&world.layout.index_path()).unwrap();
    assert_eq!(index.words().len(), 151);
    // Whatever the other parts hold, the part of one word is found and parsed alone.
    let bytes = fs_err::read(world.layout.index_path()).unwrap();
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut only_the_last = bytes.clone();
    let last = index.provider("mixer99").unwrap().unwrap();
    let part = serde_json::to_vec(&last).unwrap();
    let end = bytes.len() - part.len();
    only_the_last[header..end].fill(b'#');
    fs_err::write(world.layout.index_path(), &only_the_last).unwrap();
    let index = Index::open(&world.layout.index_path()).unwrap();
    assert_eq!(index.provider("mixer99").unwrap().unwrap(), last);
    assert!(index.provider("mixer98").is_err());
}

#[test]
fn unknown_words_name_the_nearest() {
    let world = World::installed();
    let error = load(&world.layout, &word("mixr"), NOW, None).unwrap_err();
    assert_eq!(error.hints(), ["did you mean `mixer`?"]);
    let error = load(&world.layout, &word("quite-another"), NOW, None).unwrap_err();
    assert_eq!(error.hints(), ["to see what is installed: ifctl plugin list"]);
    let problem: Problem = error.into();
    assert_eq!(problem.code, Code::PluginUnknown);
}
