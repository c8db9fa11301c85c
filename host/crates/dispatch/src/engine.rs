//! The sandbox, made ready: the key of the artefact cache, the bounded child that compiles, and the
//! worker in which a guest runs.

use crate::host::{Host, fill_random};
use crate::job::explain;
use fs_err::os::unix::fs::OpenOptionsExt;
use if_config::{Environment, Home};
use if_core::{Code, Problem};
use if_registry::{Loaded, Memory};
use if_runtime::{Compiler, Place, Prepared, Runtime, RuntimeConfig};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The program that compiles components, beside this one.
const COMPILER: &str = "ifctl-compile";

/// The program in which they run, beside this one.
const WORKER: &str = "ifctl-worker";

/// Makes the key that authenticates compiled code. Outside the cache folder, closed to others.
pub fn create_key(home: &Home) -> Result<(), Problem> {
    let mut key = [0u8; 32];
    fill_random(&mut key)?;
    let path = key_path(home);
    let mut file = fs_err::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| unwritable(&e))?;
    file.write_all(&key).and_then(|()| file.sync_all()).map_err(|e| unwritable(&e))
}

fn key_path(home: &Home) -> PathBuf {
    home.keys_dir().join("host.key")
}

fn unwritable(error: &std::io::Error) -> Problem {
    Problem::new(Code::Store, "the key of the artefact cache cannot be written")
        .because(error.to_string())
}

fn read_key(path: &Path) -> Result<[u8; 32], Problem> {
    let bytes = fs_err::read(path).map_err(|e| {
        Problem::new(Code::Store, "the key of the artefact cache is missing").because(e.to_string())
    })?;
    <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| Problem::new(Code::Store, format!("{} must hold 32 bytes", path.display())))
}

/// A sandbox with one plugin in it, ready to be called.
pub(crate) struct Ready {
    pub engine: Runtime,
    pub prepared: Prepared,
}

impl Host {
    /// The engine of this home. Its worker starts in this moment, so the earlier it is asked for,
    /// the less it is waited for.
    pub(crate) fn engine(&self) -> Result<Runtime, Problem> {
        of_home(&self.home, &self.environment)
    }

    /// The plugin's compiled form; its bytes are read and hashed only when the cache has none. The
    /// imports of what will run are held against the manifest, whether it was cached or not.
    pub(crate) fn ready(&self, engine: Runtime, loaded: &Loaded) -> Result<Ready, Problem> {
        let mut bytes = || loaded.component_bytes().map_err(explain);
        let prepared = engine.prepare(&loaded.component_digest, &mut bytes).map_err(explain)?;
        if_registry::check_imports(&Runtime::imports(&prepared), &loaded.manifest)
            .map_err(explain)?;
        Ok(Ready { engine, prepared })
    }
}

/// The engine of a home, with its cache and its key.
pub(crate) fn of_home(home: &Home, environment: &Environment) -> Result<Runtime, Problem> {
    engine(home.cache_dir(environment), read_key(&key_path(home))?)
}

/// Where a home remembers what it verified: beside the compiled code, under the same key.
pub(crate) fn memory(home: &Home, environment: &Environment) -> Result<Memory, Problem> {
    Ok(Memory { folder: home.cache_dir(environment), key: read_key(&key_path(home))? })
}

/// An engine whose cache lies there, compiling in a bounded child.
pub(crate) fn engine(cache_dir: PathBuf, cache_key: [u8; 32]) -> Result<Runtime, Problem> {
    let this = std::env::current_exe().map_err(|e| {
        Problem::new(Code::Bug, "this program cannot find itself").because(e.to_string())
    })?;
    let compiler = Compiler::Child { program: this.with_file_name(COMPILER), arguments: vec![] };
    let place = Place::Worker { program: this.with_file_name(WORKER) };
    Runtime::new(RuntimeConfig { cache_dir, cache_key, place, compiler }).map_err(explain)
}
