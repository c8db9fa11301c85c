//! Plugins, from an author's folder to the home: the registry's operations with this home's keys,
//! this home's clock, and a sandbox in which a component describes itself.

use crate::engine;
use crate::host::{Host, fill_random};
use crate::job::explain;
use if_config::{Environment, Home};
use if_core::{Code, Explain, Mode, Problem, UnixMillis, Word};
use if_manifest::KeyId;
use if_manifest::keys::SigningKey;
use if_manifest::model::{Limits, Predicate};
use if_manifest::trust::sigstore::Vouched;
use if_manifest::trust::{LockFile, Role};
use if_registry::{
    AllowRequest, Allowed, Attached, Disallowed, Installed, Loaded, PackReport, Revoked, Signed,
    Target,
};
use if_runtime::{Action, Call, Facts, NoBroker, Runtime};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How long an approval counts unless the allow-list ends it earlier: a year.
pub(crate) const APPROVAL_MILLIS: u64 = 365 * 24 * 3600 * 1000;

/// Time in which a component must describe itself: it has nothing to wait for.
const DESCRIBE_MILLIS: u64 = 5_000;

/// An installed plugin in a list.
#[derive(Debug, Clone)]
pub struct Plugin {
    pub provider: String,
    pub id: String,
    pub version: String,
    pub release: u64,
    /// Why it may not run; `None` when it may.
    pub problem: Option<Problem>,
}

/// A plugin laid open for a reviewer.
#[derive(Debug, Clone)]
pub struct Shown {
    pub manifest_digest: String,
    pub predicate: Predicate,
}

/// Two plugins side by side.
#[derive(Debug, Clone)]
pub struct Compared {
    pub old: Shown,
    pub new: Shown,
    /// What widens first.
    pub differences: Vec<if_manifest::diff::Difference>,
}

/// A verification that passed.
#[derive(Debug, Clone)]
pub struct PluginVerified {
    pub id: String,
    pub version: String,
    pub manifest: String,
    pub component: String,
    pub approvers: Vec<String>,
    /// What proved the approvals among them that were signed with Sigstore.
    pub vouched: Vec<(KeyId, Vouched)>,
    pub warnings: Vec<String>,
}

/// Makes a package. Needs no home: an author may have none.
pub fn pack(
    environment: &Environment,
    folder: &Path,
    component: Option<&Path>,
    out: &Path,
) -> Result<PackReport, Problem> {
    let bench = Workbench::open(environment)?;
    let mut describe = |bytes: &[u8]| describe(&bench.runtime, bytes);
    if_registry::pack(&folder.join("plugin.toml"), component, out, &mut describe).map_err(explain)
}

/// A sandbox for an author: the home's when there is one, so that installing finds the component
/// compiled; else one in a temporary folder, under a key that ends with this process.
pub(crate) struct Workbench {
    pub runtime: Runtime,
    _folder: Option<tempfile::TempDir>,
}

impl Workbench {
    pub(crate) fn open(environment: &Environment) -> Result<Self, Problem> {
        if let Ok(home) = Home::open(Home::locate(environment, None)) {
            return Ok(Self { runtime: engine::of_home(&home, environment)?, _folder: None });
        }
        // Compiled code may only lie where nobody else writes.
        let closed = std::fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(closed).tempdir().map_err(|e| {
            Problem::new(Code::Store, "no temporary folder can be made").because(e.to_string())
        })?;
        let mut key = [0u8; 32];
        fill_random(&mut key)?;
        Ok(Self { runtime: engine::engine(folder.path().to_owned(), key)?, _folder: Some(folder) })
    }
}

/// What a component says of itself, and what it imports.
pub(crate) fn describe(runtime: &Runtime, bytes: &[u8]) -> Result<(String, Vec<String>), Problem> {
    let digest = if_manifest::sha256(bytes);
    let prepared = runtime.prepare(&digest, &mut || Ok(bytes.to_vec())).map_err(explain)?;
    let imports = Runtime::imports(&prepared);
    let report = crate::run::block_on(runtime.call(&prepared, describing(), Arc::new(NoBroker)))?;
    report.result.map(|text| (text, imports)).map_err(|error| error.problem())
}

/// A call in which nothing is granted, with the clock at 0.
pub(crate) fn describing() -> Call {
    Call {
        action: Action::Describe,
        facts: Facts {
            instance: String::new(),
            settings: "{}".to_owned(),
            actor: String::new(),
            trace_id: String::new(),
            idempotency_key: None,
            mode: Mode::Live,
            secrets_available: Vec::new(),
        },
        limits: Limits::default(),
        start: UnixMillis(0),
        seed: [0; 32],
        deadline_ms: DESCRIBE_MILLIS,
        stream: None,
        interrupt: None,
        standing: None,
    }
}

impl Host {
    /// The one load path: signatures, schema, allow-list, revocations, release floor.
    pub(crate) fn load(&self, provider: &Word) -> Result<Loaded, Problem> {
        let memory = engine::memory(&self.home, &self.environment).ok();
        let (now, seen) = (self.now(), self.seen()?);
        if_registry::load_remembering(&self.layout, memory.as_ref(), provider, now, seen)
            .map_err(explain)
    }

    /// Approves a package as publisher or reviewer.
    pub fn sign(&self, plugin: &str, role: &str, key: Option<&Path>) -> Result<Signed, Problem> {
        let target = Target::of(&self.layout, plugin);
        let key = self.key(key)?;
        let role = if role == "reviewer" { Role::Reviewer } else { Role::Publisher };
        let expires = self.now().plus_millis(APPROVAL_MILLIS);
        let signed = if_registry::sign_target(&self.layout, &target, &key, role, expires);
        let signed = signed.map_err(explain)?;
        self.note(&format!(
            "manifest {} signed as {role} by {}",
            signed.manifest_digest, signed.principal
        ))?;
        Ok(signed)
    }

    /// Attaches an approval that another tool signed: a Sigstore bundle over the manifest.
    pub fn attach(&self, plugin: &str, bundle: &Path) -> Result<Attached, Problem> {
        let target = Target::of(&self.layout, plugin);
        let attached = if_registry::attach(&self.layout, &target, bundle, self.now());
        let attached = attached.map_err(explain)?;
        self.note(&format!(
            "manifest {} signed as {} by {} ({})",
            attached.signed.manifest_digest,
            attached.role,
            attached.signed.principal,
            attached.vouched.who,
        ))?;
        Ok(attached)
    }

    /// Puts a package on the allow-list, or widens an installed plugin's grants.
    pub fn allow(&self, plugin: &str, request: &AllowRequest) -> Result<Allowed, Problem> {
        let target = Target::of(&self.layout, plugin);
        let key = self.key(None)?;
        let allowed = if_registry::allow(&self.layout, &target, &key, request, self.now())
            .map_err(explain)?;
        let hosts = if request.hosts.is_empty() {
            String::new()
        } else {
            format!(", hosts {}", request.hosts.join(" "))
        };
        self.note(&format!(
            "{} {} allowed ({}){hosts}",
            allowed.id, allowed.version, allowed.manifest_digest
        ))?;
        Ok(allowed)
    }

    /// Takes a plugin off the allow-list; an older list is no list any more.
    pub fn disallow(&self, what: &str) -> Result<Disallowed, Problem> {
        let key = self.key(None)?;
        let gone = if_registry::disallow(&self.layout, what, &key).map_err(explain)?;
        self.remember_allow_list(gone.list_version)?;
        for one in &gone.releases {
            let digest = one.manifest_digest;
            self.note(&format!("{} {} allowed no more ({digest})", one.id, one.version))?;
        }
        Ok(gone)
    }

    /// Ends a plugin for good.
    pub fn revoke(&self, what: &str, reason: &str) -> Result<Revoked, Problem> {
        let revoked = if_registry::revoke(&self.layout, what, reason, &self.key(None)?, self.now())
            .map_err(explain)?;
        self.remember_deny_list(revoked.list_version)?;
        self.note(&format!("{what} revoked: {reason}"))?;
        Ok(revoked)
    }

    /// Installs a package: verified on the load path, described anew, compiled.
    /// With `locked` it must be what the lock file says.
    pub fn install(&self, package: &Path, locked: bool) -> Result<Installed, Problem> {
        let runtime = self.engine()?;
        let mut describe = |bytes: &[u8]| describe(&runtime, bytes);
        let (now, seen) = (self.now(), self.seen()?);
        let installed =
            if_registry::install(&self.layout, package, now, seen, locked, &mut describe)
                .map_err(explain)?;
        let plugin = &installed.manifest;
        self.ready(self.engine()?, &self.load(&plugin.provider)?)?;
        self.note(&format!(
            "{} {} installed ({})",
            plugin.id, plugin.version, installed.manifest_digest
        ))?;
        Ok(installed)
    }

    /// What is installed.
    pub fn plugins(&self) -> Result<Vec<Plugin>, Problem> {
        let listed = if_registry::list(&self.layout).map_err(explain)?;
        let row = |one: if_registry::Listed| {
            let manifest = one.manifest.as_ref();
            Plugin {
                problem: self.load(&one.provider).err(),
                provider: one.provider.to_string(),
                id: manifest.map(|m| m.id.to_string()).unwrap_or_default(),
                version: manifest.map(|m| m.version.to_string()).unwrap_or_default(),
                release: manifest.map(|m| m.release).unwrap_or_default(),
            }
        };
        Ok(listed.into_iter().map(row).collect())
    }

    /// Lays a plugin or package open. Signatures do not matter here: a reviewer looks before
    /// signing.
    pub fn show(&self, plugin: &str) -> Result<Shown, Problem> {
        let dir = Target::of(&self.layout, plugin).dir(&self.layout);
        let package = if_registry::Package::read(&dir).map_err(explain)?;
        let manifest = if_manifest::parse_manifest(&package.manifest).map_err(explain)?;
        let manifest_digest = if_manifest::sha256(&package.manifest).to_string();
        Ok(Shown { manifest_digest, predicate: manifest.predicate })
    }

    /// What `new` may do that `old` may not; each an installed plugin's word or a package's folder.
    pub fn diff(&self, old: &str, new: &str) -> Result<Compared, Problem> {
        let (old, new) = (self.show(old)?, self.show(new)?);
        let differences = if_manifest::diff::diff(&old.predicate, &new.predicate);
        Ok(Compared { old, new, differences })
    }

    /// How a package differs from what is installed under its word; `None` when nothing is, the
    /// very same, or another plugin, to which the word belongs.
    pub fn upgrade(&self, package: &str) -> Result<Option<Compared>, Problem> {
        let word = self.show(package)?.predicate.provider;
        if !self.layout.plugin_dir(&word).is_dir() {
            return Ok(None);
        }
        let compared = self.diff(word.as_str(), package)?;
        let same = compared.old.manifest_digest == compared.new.manifest_digest;
        let other = compared.old.predicate.id != compared.new.predicate.id;
        Ok((!same && !other).then_some(compared))
    }

    /// The load path without running, and every file besides.
    pub fn verify_plugin(&self, plugin: &str) -> Result<PluginVerified, Problem> {
        let target = Target::of(&self.layout, plugin);
        let report = if_registry::verify(&self.layout, &target, self.now(), self.seen()?)
            .map_err(explain)?;
        let trusted = report.trusted;
        Ok(PluginVerified {
            id: trusted.predicate.id.to_string(),
            version: trusted.predicate.version.to_string(),
            manifest: trusted.manifest_digest.to_string(),
            component: trusted.component_digest.to_string(),
            approvers: trusted
                .approvers
                .iter()
                .map(|(key, role)| format!("{key} ({role})"))
                .collect(),
            vouched: trusted.vouched.into_iter().collect(),
            warnings: report.warnings,
        })
    }

    /// Writes the lock file of what is installed, signed by the home's key and these.
    pub fn lock_plugins(&self, keys: &[PathBuf]) -> Result<LockFile, Problem> {
        let keys = self.signers(keys, true)?;
        let keys: Vec<&SigningKey> = keys.iter().collect();
        let (now, seen) = (self.now(), self.seen()?);
        let locked = if_registry::lock_installed(&self.layout, &keys, now, &seen);
        let locked = locked.map_err(explain)?;
        self.note(&format!("{} plugins locked", locked.plugins.len()))?;
        Ok(locked)
    }

    /// Holds what is installed, or this plugin, against the lock file; false where there is none.
    /// Any difference is the error. A package that is not installed may differ, unless `locked`.
    pub fn verify_lock(&self, plugin: Option<&str>, locked: bool) -> Result<bool, Problem> {
        let target = plugin.map(|text| Target::of(&self.layout, text));
        if !locked && matches!(target, Some(Target::Folder(_))) {
            return Ok(false);
        }
        let (now, seen) = (self.now(), self.seen()?);
        if_registry::verify_lock(&self.layout, target.as_ref(), now, &seen).map_err(explain)
    }

    /// The file in which plugins are locked.
    pub fn lock_file(&self) -> PathBuf {
        self.layout.lock_file()
    }

    /// The key in this file, or the home's own; whoever guards it may have to ask.
    pub(crate) fn key(&self, path: Option<&Path>) -> Result<SigningKey, Problem> {
        match path {
            Some(path) => if_registry::read_key(path, &*self.guard).map_err(explain),
            None => if_registry::root_key(&self.layout, &*self.guard).map_err(explain),
        }
    }
}
