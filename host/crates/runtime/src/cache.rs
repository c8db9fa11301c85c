//! Compiled artefacts on disk. Whoever can write machine code here runs as us, so an entry counts
//! only with a MAC under a key that lies elsewhere, over the component it was made from, the
//! engine it was made for, and every byte of it.
//!
//! An entry is opened without following links, copied once into memory that is then sealed,
//! verified there, and mapped from there: nothing can change in between, and only the pages that
//! run are ever touched. Any doubt means compiling again, never an error. Writers make a new file
//! and rename it, so readers see whole entries only.

use crate::compile::ARTEFACT_BYTES_MAX;
use crate::error::RuntimeError;
use if_core::Digest;
use rustix::fs::{
    MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create, sendfile,
};
use std::fs::{DirBuilder, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use wasmtime::Engine;
use wasmtime::component::Component;

/// First bytes of an entry; the last is the format's version.
const MAGIC: &[u8; 8] = b"IF-AOT\0\x01";

/// Settings of the compiler that an engine cannot see in its code; changed with them.
const SETTINGS: &str = "canonical NaNs, speed and size";

/// Magic and MAC.
const HEADER_BYTES: usize = 8 + 32;

/// Code is verified in pieces of this size: it fits a processor's nearest large cache.
const PIECE_BYTES: usize = 64 << 10;

/// In front of the random name of a file that is being written, by whoever keeps something here.
const UNFINISHED: &str = ".tmp";

/// After this long its writer is dead.
const UNFINISHED_MAX: Duration = Duration::from_secs(3600);

/// Neither written nor resized, and so for good.
const ALL_SEALS: SealFlags =
    SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// The folder, the key, and what the engine is.
pub(crate) struct Cache {
    dir: PathBuf,
    key: [u8; 32],
    engine: [u8; 32],
}

/// Machine code that this process or an earlier one of ours has made: from the compiler, from an
/// entry whose MAC was verified, or handed over by the process that verified it.
pub(crate) struct Artefact(File);

impl Artefact {
    /// What our own compiler has just made.
    pub(crate) fn compiled(code: &[u8]) -> std::io::Result<Self> {
        let mut memory = memory()?;
        memory.write_all(code)?;
        sealed(memory).map(Self)
    }

    /// What the process that started this one has handed over: it has verified it, in memory that
    /// was sealed before. Refuses memory that anybody may still change.
    pub(crate) fn handed(memory: OwnedFd) -> std::io::Result<Self> {
        if !fcntl_get_seals(&memory)?.contains(ALL_SEALS) {
            return Err(std::io::Error::other("the machine code can still be changed"));
        }
        Ok(Self(File::from(memory)))
    }

    /// The memory, to be handed over.
    pub(crate) fn memory(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Loads the code into `engine`.
    #[allow(unsafe_code)]
    pub(crate) fn load(&self, engine: &Engine) -> wasmtime::Result<Component> {
        let memory = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        // SAFETY: the bytes must come from this engine's compiler and never change. An `Artefact`
        // is made only from the compiler's output or from an entry with a valid MAC under our key,
        // by this process or the one that started it, and lies in memory that was sealed before it
        // was verified: nobody can write to it.
        unsafe { Component::deserialize_file(engine, memory) }
    }
}

/// A file that is memory only.
fn memory() -> std::io::Result<File> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    Ok(File::from(memfd_create("artefact", flags)?))
}

/// The same file; from here on nobody changes it, whoever else has it open.
fn sealed(memory: File) -> std::io::Result<File> {
    fcntl_add_seals(&memory, ALL_SEALS)?;
    Ok(memory)
}

impl Cache {
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Makes the folder when it is missing; refuses one that others own or may enter.
    pub(crate) fn open(dir: &Path, key: [u8; 32]) -> Result<Self, RuntimeError> {
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
        Ok(Self { dir: dir.to_owned(), key, engine: identity() })
    }

    /// The artefact of this component for this engine, verified; `None` at any doubt.
    pub(crate) fn load(&self, component: &Digest) -> Option<Artefact> {
        let (header, code) = read(&self.path(component)).ok()?;
        let (magic, mac) = header.split_first_chunk::<8>()?;
        let mac = blake3::Hash::from_slice(mac).ok()?;
        // `blake3::Hash` compares in constant time.
        let genuine = magic == MAGIC && self.mac(component, &code).ok()? == mac;
        genuine.then_some(Artefact(code))
    }

    /// Keeps an artefact. A reader sees the old entry or the new one, whole.
    pub(crate) fn store(&self, component: &Digest, artefact: &Artefact) -> std::io::Result<()> {
        // The name is random, the mode 0600, and the file goes away if anything fails.
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.dir)?;
        file.write_all(MAGIC)?;
        file.write_all(self.mac(component, &artefact.0)?.as_bytes())?;
        pieces(&artefact.0, |piece| file.write_all(piece))?;
        // No sync: an entry torn by a crash fails its MAC and is compiled again.
        let kept = file.persist(self.path(component)).map_err(|error| error.error)?;
        // Left where it lies, a leftover costs space and nothing else.
        let _ = kept.metadata().and_then(|facts| self.sweep(facts.modified()?));
        Ok(())
    }

    /// Takes away what writers left that were killed. One that is still writing began less than an
    /// hour before `now`, a time of the file system.
    fn sweep(&self, now: SystemTime) -> std::io::Result<()> {
        for entry in fs_err::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if !name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
                continue;
            }
            let age = now.duration_since(entry.metadata()?.modified()?);
            if age.is_ok_and(|age| age > UNFINISHED_MAX) {
                fs_err::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, component: &Digest) -> PathBuf {
        let mut name = blake3::Hasher::new();
        name.update(component.as_bytes()).update(&self.engine);
        self.dir.join(format!("{}.aot", name.finalize().to_hex()))
    }

    fn mac(&self, component: &Digest, code: &File) -> std::io::Result<blake3::Hash> {
        let mut mac = blake3::Hasher::new_keyed(&self.key);
        mac.update(MAGIC).update(component.as_bytes()).update(&self.engine);
        pieces(code, |piece| {
            mac.update(piece);
            Ok(())
        })?;
        Ok(mac.finalize())
    }
}

/// The content from its beginning, piece by piece: the whole is never copied into this process.
fn pieces(code: &File, mut each: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
    let (mut piece, mut at) = (vec![0; PIECE_BYTES], 0);
    loop {
        let count = code.read_at(&mut piece, at)?;
        if count == 0 {
            return Ok(());
        }
        each(piece.get(..count).unwrap_or_default())?;
        at += count as u64;
    }
}

/// The header, and sealed memory with the code, of a regular file of plausible size, opened
/// without following a link at its end.
fn read(path: &Path) -> std::io::Result<([u8; HEADER_BYTES], File)> {
    // NONBLOCK: opening a pipe that somebody put here must not wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    let bytes_max = (ARTEFACT_BYTES_MAX + HEADER_BYTES) as u64;
    if !metadata.is_file() || metadata.len() > bytes_max {
        return Err(std::io::Error::other("not an artefact"));
    }
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header)?;
    let code = memory()?;
    let mut left = usize::try_from(metadata.len()).unwrap_or(0).saturating_sub(HEADER_BYTES);
    while left > 0 {
        match sendfile(&code, &file, None, left)? {
            // Shorter than it was a moment ago: its MAC will tell.
            0 => break,
            count => left = left.saturating_sub(count),
        }
    }
    Ok((header, sealed(code)?))
}

/// Which artefacts an entry is looked for among: those of this version of the host, with these
/// settings of the compiler, for this kind of processor. An engine itself refuses code that was
/// made by another version of it, with other settings, or for features its processor lacks.
fn identity() -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in [env!("CARGO_PKG_VERSION"), SETTINGS, std::env::consts::ARCH] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}
