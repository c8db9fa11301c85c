//! A stage for one error: a home that may be spoilt, devices that may fail, and a shell in which
//! the lines of the error's page are typed.

use crate::lab::{Lab, binary, root};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use if_fakes::http::{Canned, HttpFake, Recorded};
use if_fakes::obs::ObsScript;
use if_fakes::{ObsFake, VmixSimulator};
use if_manifest::SigningKey;
use if_manifest::dsse::Envelope;
use if_pages::Shell;
use serde_json::Value;
use std::any::Any;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The password of every OBS on this stage.
pub const PASSWORD: &str = "the-password-of-this-obs";

/// The home is `~/.if`, as for a person; the shell begins in `~`.
pub struct Stage {
    pub lab: Lab,
    pub shell: Shell,
    /// False while the device or the disk misbehaves; the mending sets it.
    pub well: Arc<AtomicBool>,
    props: Vec<Box<dyn Any>>,
}

impl Stage {
    /// No home yet.
    pub fn bare() -> Self {
        Self::of(Lab::bare())
    }

    /// A home without plugins.
    pub fn fresh() -> Self {
        Self::of(Lab::fresh())
    }

    /// A home with these plugins.
    pub fn with(plugins: &[&str]) -> Self {
        Self::of(Lab::with(plugins))
    }

    fn of(lab: Lab) -> Self {
        let (home, hidden, bin) = (lab.home(), lab.path().join(".if"), lab.path().join("bin"));
        if home.exists() {
            fs::rename(&home, &hidden).unwrap();
            symlink(&hidden, &home).unwrap();
        }
        fs::create_dir(&bin).unwrap();
        symlink(binary(), bin.join("ifctl")).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{path}", bin.display());
        let mut shell = Shell::new(lab.path(), lab.path(), &path).unwrap();
        shell.set("IF_CACHE", &lab.path().join("cache").display().to_string());
        shell.set("USER", "you");
        Self { lab, shell, well: Arc::default(), props: Vec::new() }
    }

    /// A file or folder of the home.
    pub fn home(&self, name: &str) -> PathBuf {
        self.lab.home().join(name)
    }

    /// Lines that lead to the error and are no part of the page.
    pub fn before(mut self, lines: &[&str]) -> Self {
        for line in lines {
            let said = self.shell.run(line).unwrap();
            assert_eq!(said.exit, 0, "{line}\n{}", said.printed);
        }
        self
    }

    /// A file of the home, written over.
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.home(name), text).unwrap();
        self
    }

    /// What lives as long as the stage.
    pub fn keep(&mut self, prop: impl Any) {
        self.props.push(Box::new(prop));
    }

    /// A vMix simulator, called `switcher`; on the page its port is 8088.
    pub fn switcher() -> Self {
        let mut stage = Self::with(&["vmix"]);
        let vmix = VmixSimulator::start().unwrap();
        stage.shell.word("8088", &vmix.http_port.to_string());
        stage.keep(vmix);
        stage.before(&["ifctl vmix add switcher --host 127.0.0.1 --port 8088"])
    }

    /// A vMix that misbehaves: `answer` meets its requests until the stage is well; from then on
    /// it tells a small, valid state.
    pub fn sick_switcher(answer: impl Fn(&Recorded) -> Canned + Send + Sync + 'static) -> Self {
        let mut stage = Self::with(&["vmix"]);
        let well = stage.well.clone();
        let state = fs::read_to_string(root().join("plugins/vmix/tests/state.xml")).unwrap();
        let device = HttpFake::start(move |request| match well.load(Ordering::SeqCst) {
            true => Canned::ok(state.clone()),
            false => answer(request),
        });
        let device = device.unwrap();
        stage.shell.word("8088", &device.port.to_string());
        stage.keep(device);
        stage.well.store(true, Ordering::SeqCst);
        let stage = stage.before(&["ifctl vmix add switcher --host 127.0.0.1 --port 8088"]);
        stage.well.store(false, Ordering::SeqCst);
        stage
    }

    /// An OBS, called `studio`; on the page its port is 4455.
    pub fn studio(script: ObsScript) -> Self {
        let mut stage = Self::with(&["obs"]);
        let version = serde_json::json!({
            "obsVersion": "30.2.3", "obsWebSocketVersion": "5.5.2", "rpcVersion": 1,
            "platform": "ubuntu", "platformDescription": "Debian", "availableRequests": [],
        });
        let obs = script.password(PASSWORD).answer("GetVersion", version).start().unwrap();
        stage.shell.word("4455", &obs.port.to_string());
        stage.shell.answer("secret set", PASSWORD);
        stage.shell.answer("secret rotate", PASSWORD);
        stage.keep(obs);
        stage.before(&["ifctl obs add studio --host 127.0.0.1 --port 4455"])
    }

    /// An OBS that behaves.
    pub fn good_studio() -> Self {
        Self::studio(ObsFake::script())
    }

    /// The guest that tries what is forbidden, with a device that answers everything with `body`.
    pub fn hostile(body: &'static str) -> Self {
        let mut stage = Self::with(&["hostile"]);
        let device = HttpFake::start(move |_| Canned::ok(body)).unwrap();
        stage.shell.word("8080", &device.port.to_string());
        stage.keep(device);
        stage.shell.answer("secret rotate", PASSWORD);
        stage.before(&["ifctl hostile add trap --host 127.0.0.1 --port 8080"])
    }

    /// The folder `~/noop`: the source of a plugin, packed by `ifctl plugin pack noop`.
    pub fn source(self, change: impl Fn(String) -> String) -> Self {
        let original = root().join("tests/guests/noop");
        let text = fs::read_to_string(original.join("plugin.toml")).unwrap();
        let component = text.lines().find(|line| line.starts_with("component")).unwrap();
        let component = component.split('"').nth(1).unwrap().to_owned();
        let real = fs::canonicalize(original.join(&component)).unwrap();
        let folder = self.lab.path().join("noop");
        fs::create_dir_all(&folder).unwrap();
        let text = text.replace(&component, real.to_str().unwrap());
        fs::write(folder.join("plugin.toml"), change(text)).unwrap();
        self
    }

    /// The source's component, built differently: with a section that says nothing.
    pub fn rebuilt(self) -> Self {
        let folder = self.lab.path().join("noop");
        edit(&folder.join("plugin.toml"), |text| {
            let old = text.lines().find(|line| line.starts_with("component")).unwrap();
            let mut bytes = fs::read(old.split('"').nth(1).unwrap()).unwrap();
            bytes.extend(b"\x00\x05\x04note");
            fs::write(folder.join("rebuilt.wasm"), bytes).unwrap();
            text.replace(old, "component = \"rebuilt.wasm\"")
        });
        self
    }

    /// The same, packed: `~/noop/package`.
    pub fn packed() -> Self {
        Self::fresh().source(|text| text).before(&["ifctl plugin pack noop"])
    }

    /// A home with the plugin `noop`, its instance `here`, and its source and package beside it.
    pub fn noop() -> Self {
        let stage = Self::with(&["noop"]).source(|text| text);
        stage.before(&["ifctl plugin pack noop", "ifctl noop add here"])
    }

    /// Statements run on the database behind the program's back, as somebody with the disk could.
    pub fn sql(self, statements: &str) -> Self {
        crate::lab::sql(&self.lab, statements);
        self
    }

    /// Holds a lock file until the stage is well or gone.
    pub fn locked(mut self, name: &str) -> Self {
        let path = self.home(name);
        let lock = File::options().create(true).append(true).open(path).unwrap();
        lock.lock().unwrap();
        self.keep(lock);
        self
    }

    /// Everything kept on the stage goes: locks are free, devices are off.
    pub fn clear(&mut self) {
        self.props.clear();
    }
}

/// Changes one bit in the middle of a file.
pub fn spoil(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The text of a file, changed.
pub fn edit(path: &Path, change: impl Fn(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed, "nothing was changed in {}", path.display());
    fs::write(path, changed).unwrap();
}

/// Signs an allow-list whose time was over years ago, with the key of this home.
pub fn expire_allow_list(stage: &Stage) {
    date_allow_list(&stage.home(""), 1_500_000_000_000, 1_507_000_000_000);
}

/// Signs the allow-list of a home anew, with its key, for another time.
pub fn date_allow_list(home: &Path, issued: u64, expires: u64) {
    let path = home.join("trust/allow.json");
    let pem = fs::read_to_string(home.join("keys/root.key")).unwrap();
    let key = SigningKey::from_pem(&pem).unwrap();
    let old: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let payload = STANDARD.decode(old["payload"].as_str().unwrap()).unwrap();
    let mut list: Value = serde_json::from_slice(&payload).unwrap();
    (list["issued"], list["expires"]) = (issued.into(), expires.into());
    list["version"] = (list["version"].as_u64().unwrap() + 1).into();
    let payload = serde_json::to_vec(&list).unwrap();
    let sealed = Envelope::seal(old["payloadType"].as_str().unwrap(), payload, &[&key]);
    fs::write(path, sealed.to_bytes()).unwrap();
}
