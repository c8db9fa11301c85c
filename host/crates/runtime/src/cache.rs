//! Compiled artefacts on disk. Whoever can write machine code here runs as us, so an entry counts
//! only with a MAC under a key that lies elsewhere, over the component it was made from, the
//! engine it was made for, and every byte of it.
//!
//! An entry is opened without following links, read once into memory, verified there, and loaded
//! from that memory: nothing can change in between. Any doubt means compiling again, never an
//! error. Writers make a new file and rename it, so readers see whole entries only.

use crate::compile::ARTEFACT_BYTES_MAX;
use crate::error::RuntimeError;
use if_core::Digest;
use rustix::fs::{Mode, OFlags};
use std::fs::{DirBuilder, File};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// First bytes of an entry; the last is the format's version.
const MAGIC: &[u8; 8] = b"IF-AOT\0\x01";

/// Magic and MAC.
const HEADER_BYTES: usize = 8 + 32;

/// The folder, the key, and what the engine is.
pub(crate) struct Cache {
    dir: PathBuf,
    key: [u8; 32],
    engine: [u8; 32],
}

/// Machine code that this process or an earlier one of ours has made: from the compiler, or from
/// an entry whose MAC was verified. There is no other way to have one.
pub(crate) struct Artefact {
    bytes: Vec<u8>,
    start: usize,
}

impl Artefact {
    /// What our own compiler has just made.
    pub(crate) fn compiled(bytes: Vec<u8>) -> Self {
        Self { bytes, start: 0 }
    }

    fn code(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Loads the code into `engine`.
    #[allow(unsafe_code)]
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the bytes must come from this engine's compiler. An `Artefact` is made only from
        // the compiler's output or from an entry with a valid MAC under our key, and is immutable.
        unsafe { Component::deserialize(engine, self.code()) }
    }
}

impl Cache {
    /// Makes the folder when it is missing; refuses one that others own or may enter.
    pub(crate) fn open(dir: &Path, key: [u8; 32], engine: &Engine) -> Result<Self, RuntimeError> {
        let failed = |source| RuntimeError::Cache { path: dir.to_owned(), source };
        let metadata = match fs_err::symlink_metadata(dir) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
                fs_err::symlink_metadata(dir).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        let unsafe_because = |why| RuntimeError::CacheUnsafe { path: dir.to_owned(), why };
        if !metadata.is_dir() {
            return Err(unsafe_because("is not a folder"));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(unsafe_because("belongs to another user"));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(unsafe_because("is open to other users"));
        }
        Ok(Self { dir: dir.to_owned(), key, engine: identity(engine) })
    }

    /// The artefact of this component for this engine, verified; `None` at any doubt.
    pub(crate) fn load(&self, component: &Digest) -> Option<Artefact> {
        let bytes = read(&self.path(component)).ok()?;
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (mac, code) = rest.split_first_chunk::<32>()?;
        // `blake3::Hash` compares in constant time.
        let genuine = magic == MAGIC && self.mac(component, code) == blake3::Hash::from(*mac);
        genuine.then_some(Artefact { bytes, start: HEADER_BYTES })
    }

    /// Keeps an artefact. A reader sees the old entry or the new one, whole.
    pub(crate) fn store(&self, component: &Digest, artefact: &Artefact) -> std::io::Result<()> {
        // The name is random, the mode 0600, and the file goes away if anything fails.
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        file.write_all(MAGIC)?;
        file.write_all(self.mac(component, artefact.code()).as_bytes())?;
        file.write_all(artefact.code())?;
        // No sync: an entry torn by a crash fails its MAC and is compiled again.
        file.persist(self.path(component)).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, component: &Digest) -> PathBuf {
        let mut name = blake3::Hasher::new();
        name.update(component.as_bytes()).update(&self.engine);
        self.dir.join(format!("{}.aot", name.finalize().to_hex()))
    }

    fn mac(&self, component: &Digest, code: &[u8]) -> blake3::Hash {
        let mut mac = blake3::Hasher::new_keyed(&self.key);
        mac.update(MAGIC).update(component.as_bytes()).update(&self.engine).update(code);
        mac.finalize()
    }
}

/// Reads a regular file of plausible size, without following a link at its end.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    // NONBLOCK: opening a pipe that somebody put here must not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    let bytes_max = (ARTEFACT_BYTES_MAX + HEADER_BYTES) as u64;
    if !metadata.is_file() || metadata.len() > bytes_max {
        return Err(std::io::Error::other("not an artefact"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What an engine's code depends on: its version, settings, target and the processor's features,
/// all of which the engine hashes itself.
fn identity(engine: &Engine) -> [u8; 32] {
    let mut hasher = Identity(blake3::Hasher::new());
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    std::env::consts::ARCH.hash(&mut hasher);
    engine.precompile_compatibility_hash().hash(&mut hasher);
    *hasher.0.finalize().as_bytes()
}

/// Takes in all that is hashed; 64 bits would be too few to tell engines apart.
struct Identity(blake3::Hasher);

impl Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
