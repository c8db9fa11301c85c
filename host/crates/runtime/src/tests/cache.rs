//! Attacks on the artefact cache, and its ordinary life. A refused entry shows in where the code
//! came from: the compiler, not the cache.

use super::fixture::{Script, call, config, digest, prepare, run_prepared};
use super::guest::returning;
use crate::cache::{Artefact, Cache};
use crate::{Runtime, RuntimeError, Source};
use if_core::{Code, Explain, Problem};
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

const COMPILED: Source = Source::Compiled { kept: true };

fn source(dir: &Path, component: &[u8]) -> Source {
    prepare(&Runtime::new(config(dir)).unwrap(), component).source()
}

/// The only entry of a cache.
fn entry(dir: &Path) -> PathBuf {
    let mut entries = fs_err::read_dir(dir.join("aot")).unwrap();
    let entry = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "more than one entry");
    entry
}

/// A cache with one entry, which `spoil` changes; says where the code comes from then, and after
/// that once more.
fn after(spoil: impl FnOnce(&Path)) -> (Source, Source) {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("1"));
    assert_eq!(source(dir.path(), &component), COMPILED);
    assert_eq!(source(dir.path(), &component), Source::Cache);
    spoil(&entry(dir.path()));
    (source(dir.path(), &component), source(dir.path(), &component))
}

fn edit(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs_err::read(path).unwrap();
    change(&mut bytes);
    fs_err::write(path, bytes).unwrap();
}

#[test]
fn a_hit_reads_no_component_and_runs() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("42"));
    assert_eq!(source(dir.path(), &component), COMPILED);
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let unread = &mut || Err(Problem::new(Code::Bug, "the component was read"));
    let prepared = runtime.prepare(&digest(&component), unread).unwrap();
    let report = run_prepared(&runtime, &prepared, call(), Script::done());
    assert_eq!(report.result.as_deref(), Ok("42"));
}

#[test]
fn every_spoilt_byte_means_compiling_again() {
    for at in [0, 7, 8, 39, 40, 4_000] {
        let flipped = after(|entry| edit(entry, |bytes| bytes[at] ^= 1));
        assert_eq!(flipped, (COMPILED, Source::Cache), "byte {at}");
    }
}

#[test]
fn truncated_and_empty_entries_mean_compiling_again() {
    for length in [0, 39, 40, 5_000] {
        let cut = after(|entry| edit(entry, |bytes| bytes.truncate(length)));
        assert_eq!(cut, (COMPILED, Source::Cache), "{length} bytes");
    }
}

#[test]
fn a_link_is_not_followed() {
    let linked = after(|entry| {
        let elsewhere = entry.with_extension("elsewhere");
        fs_err::rename(entry, &elsewhere).unwrap();
        symlink(elsewhere, entry).unwrap();
    });
    assert_eq!(linked, (COMPILED, Source::Cache));
}

#[test]
fn a_pipe_does_not_hang_and_a_folder_does_not_fail() {
    let piped = after(|entry| {
        fs_err::remove_file(entry).unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, entry, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    });
    assert_eq!(piped, (COMPILED, Source::Cache));
    // A folder in the entry's place can be neither read nor replaced: the call works all the same.
    let blocked = after(|entry| {
        fs_err::remove_file(entry).unwrap();
        fs_err::create_dir(entry).unwrap();
    });
    let unkept = Source::Compiled { kept: false };
    assert_eq!(blocked, (unkept, unkept));
}

#[test]
fn an_entry_under_another_key_is_not_ours() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("1"));
    let mut foreign = config(dir.path());
    foreign.cache_key = [2; 32];
    prepare(&Runtime::new(foreign).unwrap(), &component);
    assert_eq!(source(dir.path(), &component), COMPILED);
}

#[test]
fn an_entry_of_another_component_is_not_this_ones() {
    let dirs = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (good, evil) = (returning("1"), returning("2"));
    source(dirs.0.path(), &good);
    source(dirs.1.path(), &evil);
    // Both are genuine and under the same key; only the place is wrong.
    fs_err::copy(entry(dirs.1.path()), entry(dirs.0.path())).unwrap();
    assert_eq!(source(dirs.0.path(), &good), COMPILED);
}

#[test]
fn a_genuine_entry_for_another_engine_is_compiled_again() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("1"));
    source(dir.path(), &component);
    // As an older version of this program may have made it: our key, our MAC, another engine.
    let mut other = wasmtime::Config::new();
    other.epoch_interruption(false).consume_fuel(false);
    let code = wasmtime::Engine::new(&other).unwrap().precompile_component(&component).unwrap();
    let cache = Cache::open(&dir.path().join("aot"), config(dir.path()).cache_key).unwrap();
    cache.store(&digest(&component), &Artefact::compiled(&code).unwrap()).unwrap();
    assert!(cache.load(&digest(&component)).is_some(), "its MAC is right");
    assert_eq!(source(dir.path(), &component), COMPILED);
    assert_eq!(source(dir.path(), &component), Source::Cache);
}

#[test]
fn entries_are_closed_to_others_and_nothing_else_is_left() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("1"));
    source(dir.path(), &component);
    let mode = |path: &Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&entry(dir.path())), 0o600);
    assert_eq!(mode(&dir.path().join("aot")), 0o700);
}

#[test]
fn what_a_killed_writer_left_is_swept_and_what_is_being_written_is_not() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("1"));
    let cache = dir.path().join("aot");
    DirBuilder::new().mode(0o700).create(&cache).unwrap();
    for (name, hours) in [(".tmpdead", 2), (".tmpbusy", 0), ("old.aot", 2)] {
        let file = fs_err::File::create(cache.join(name)).unwrap();
        let made = file.metadata().unwrap().modified().unwrap();
        file.file().set_modified(made - Duration::from_secs(hours * 3600)).unwrap();
    }
    assert_eq!(source(dir.path(), &component), COMPILED);
    assert!(!cache.join(".tmpdead").exists());
    assert!(cache.join(".tmpbusy").exists() && cache.join("old.aot").exists());
}

#[test]
fn an_open_folder_or_a_link_to_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("aot");
    fs_err::create_dir(&cache).unwrap();
    fs_err::set_permissions(&cache, PermissionsExt::from_mode(0o750)).unwrap();
    let error = Runtime::new(config(dir.path())).err().unwrap();
    assert!(matches!(error, RuntimeError::CacheUnsafe { .. }), "{error}");
    assert_eq!(error.hints(), [format!("to close it to others: chmod 700 {}", cache.display())]);
    let elsewhere = dir.path().join("elsewhere");
    fs_err::set_permissions(&cache, PermissionsExt::from_mode(0o700)).unwrap();
    fs_err::rename(&cache, &elsewhere).unwrap();
    symlink(&elsewhere, &cache).unwrap();
    assert!(matches!(
        Runtime::new(config(dir.path())).err().unwrap(),
        RuntimeError::CacheUnsafe { .. }
    ));
}

#[test]
fn the_reason_for_missing_bytes_is_passed_on() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new(config(dir.path())).unwrap();
    let problem = Problem::new(Code::Tampered, "digest differs").hint("fetch it again");
    let error = runtime.prepare(&digest(b""), &mut || Err(problem.clone())).err().unwrap();
    assert_eq!(error.problem(), problem);
}

#[test]
fn many_at_once_fill_one_entry() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("1"));
    let runtimes: Vec<_> = (0..4).map(|_| Runtime::new(config(dir.path())).unwrap()).collect();
    std::thread::scope(|scope| {
        for runtime in &runtimes {
            scope.spawn(|| prepare(runtime, &component));
        }
    });
    entry(dir.path());
    assert_eq!(source(dir.path(), &component), Source::Cache);
}

#[test]
fn pooled_and_fresh_memory_share_artefacts() {
    let (dir, component) = (tempfile::tempdir().unwrap(), returning("7"));
    assert_eq!(source(dir.path(), &component), COMPILED);
    let mut pooled = config(dir.path());
    let pool = crate::Allocation::Pooling { calls_max: 2, memory_bytes_max: 4 << 20 };
    pooled.place = crate::Place::Here(pool);
    let runtime = Runtime::new(pooled).unwrap();
    let prepared = prepare(&runtime, &component);
    assert_eq!(prepared.source(), Source::Cache);
    for _ in 0..5 {
        let report = run_prepared(&runtime, &prepared, call(), Script::done());
        assert_eq!(report.result.as_deref(), Ok("7"));
    }
}
