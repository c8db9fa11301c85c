//! Outsiders read what the log publishes: the reference code of Go's checksum database, and a
//! script of Python's standard library. Neither has anything of ours but the files.

#![cfg(test)] // so that helpers count as test code

#[allow(dead_code, reason = "each test binary uses some of it")]
mod support;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use if_tlog::{Hash32, TILE_WIDTH, TileAt, Tiles, Tree, leaf_hash};
use if_witness::{Published, Witness, WitnessError};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::Home;

/// Entries of the published log: three levels of tiles, the last ones narrow.
const LEAVES: u64 = 10_000;

/// A published log in a folder.
struct Folder(PathBuf);

impl Tiles for &Folder {
    type Error = std::io::Error;

    fn tile(&self, at: TileAt) -> Result<Vec<Hash32>, std::io::Error> {
        // Of an older tree the tiles are the beginnings of those that are published.
        let there = (LEAVES >> (8 * u32::from(at.level))) - at.index * TILE_WIDTH;
        let published = TileAt { width: there.min(TILE_WIDTH), ..at };
        let bytes = fs_err::read(self.0.join(published.path()))?;
        Ok(bytes[..32 * usize::try_from(at.width).unwrap()]
            .chunks(32)
            .map(|hash| Hash32::from_slice(hash).unwrap())
            .collect())
    }
}

fn publish(witness: &Witness, folder: &Path) -> Folder {
    let keep = |Published { path, bytes }: Published| {
        let path = folder.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, bytes).unwrap();
        Ok::<_, WitnessError>(())
    };
    witness.publish(0, keep).unwrap();
    Folder(folder.to_owned())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_owned()
}

/// The program built of Go's reference code.
struct Go(PathBuf);

impl Go {
    fn built(source: &str, folder: &Path) -> Go {
        let program = folder.join("program");
        let mut go = Command::new("go");
        go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOFLAGS", "");
        go.env("GOCACHE", folder.join("cache")).args(["build", "-o"]).arg(&program);
        let built = go.arg(root().join("tests/outsiders").join(source)).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Go(program)
    }

    fn verify(&self, log: &Path, key: &str, proofs: &Path) -> Output {
        Command::new(&self.0).arg(log).arg(key).arg(proofs).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn gos_reference_code_carries_a_cosignature_and_its_own_ed25519_verifies_it() {
    if !if_servers::require!(Go) {
        return;
    }
    let (home, other) = (Home::new(), Home::new());
    let (log, witness) = (home.open(), other.open());
    let (key, place) = (log.verifier().unwrap(), tempfile::tempdir().unwrap());
    other.clock.set(1_700_000_000_123);
    let submission = log.submission(0).unwrap();
    let done = witness.cosign(key.name(), Some(&key), &submission).unwrap();
    let path = place.path().join("cosigned");
    // As it is done with a shell: the line is put under the note.
    fs_err::write(&path, format!("{}{}", submission.checkpoint, done.line)).unwrap();
    let go = Go::built("cosigned.go", place.path());
    let open = |path: &Path, witness: &Witness| {
        go.verify(path, &key.to_string(), Path::new(&witness.cosigner().unwrap().to_string()))
    };
    let output = open(&path, &witness);
    assert_eq!(said(&output), "1 and 1, 2 and 0, at 1700000000\n");
    // Another home's key did not say it, and another second was not said.
    assert!(said(&open(&path, &log)).starts_with("1 and 1, 1 and 1"), "{}", said(&output));
    let line = done.line.to_string();
    let (name, text) = line.trim_end().rsplit_once(' ').unwrap();
    let mut signature = STANDARD.decode(text).unwrap();
    // Behind four bytes for the key come eight for the time.
    signature[4 + 7] ^= 1;
    let forged = format!("{}{name} {}\n", submission.checkpoint, STANDARD.encode(signature));
    fs_err::write(&path, forged).unwrap();
    assert!(said(&open(&path, &witness)).starts_with("broken"), "a forged time");
}

/// What is to hold, and for each the same with something of it changed, which must not.
fn claims(folder: &Folder) -> Vec<Value> {
    let tree = Tree::new(folder, LEAVES);
    let whole = tree.root().unwrap();
    let root_of = |size| Tree::new(folder, size).root().unwrap();
    let mut claims = Vec::new();
    for index in [0, 1, 255, 256, 4_095, 9_000, LEAVES - 1] {
        let (leaf, path) = (tree.leaf(index).unwrap(), tree.inclusion(index).unwrap());
        claim(&mut claims, "inclusion", (index, leaf), (LEAVES, whole), &path);
    }
    for old in [1, 2, 256, 300, 8_192, 9_999] {
        let path = tree.consistency(old).unwrap();
        claim(&mut claims, "consistency", (old, root_of(old)), (LEAVES, whole), &path);
    }
    claims
}

fn claim(
    claims: &mut Vec<Value>,
    kind: &str,
    (old, first): (u64, Hash32),
    (new, root): (u64, Hash32),
    path: &[Hash32],
) {
    let (other, mut longer) = (leaf_hash(b"another"), path.to_vec());
    longer.push(other);
    let mut say = |old, first, root, path: &[Hash32], holds| {
        let text = |hash: Hash32| serde_json::to_value(base64(hash)).unwrap();
        let proof: Vec<Value> = path.iter().map(|hash| text(*hash)).collect();
        claims.push(json!({"kind": kind, "old": old, "new": new, "first": text(first),
            "root": text(root), "proof": proof, "holds": holds}));
    };
    say(old, first, root, path, true);
    say(old, other, root, path, false);
    say(old, first, other, path, false);
    say(old + 1, first, root, path, false);
    say(old, first, root, &longer, false);
    for at in 0..path.len() {
        let mut edited = path.to_vec();
        edited[at] = other;
        say(old, first, root, &edited, false);
    }
}

/// As a checkpoint has it.
fn base64(hash: Hash32) -> String {
    let text = if_tlog::Checkpoint { origin: "x".into(), size: 0, root: hash }.to_string();
    text.lines().nth(2).unwrap().to_owned()
}

/// The files of a published log that are tampered with: one of each kind.
const FILES: [&str; 5] =
    ["checkpoint", "tile/0/007", "tile/1/000.p/39", "tile/entries/038", "tile/entries/039.p/16"];

/// Each of them with one byte changed, cut, and gone; and whole again afterwards.
fn tampered(folder: &Path, mut check: impl FnMut(&str, &str)) {
    for name in FILES {
        let path = folder.join(name);
        let whole = fs_err::read(&path).unwrap();
        let mut edited = whole.clone();
        edited[whole.len() / 3] ^= 1;
        fs_err::write(&path, edited).unwrap();
        check(name, "edited");
        fs_err::write(&path, &whole[..whole.len() - 1]).unwrap();
        check(name, "cut");
        fs_err::remove_file(&path).unwrap();
        check(name, "gone");
        fs_err::write(&path, whole).unwrap();
    }
}

#[test]
fn gos_reference_code_verifies_what_is_published_and_refuses_each_tampering() {
    if !if_servers::require!(Go) {
        return;
    }
    let home = Home::new();
    let witness = home.open();
    (1..LEAVES).for_each(|_| assert!(witness.note("entry").is_ok()));
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("log");
    let folder = publish(&witness, &log);
    let (go, key) = (Go::built("verify.go", place.path()), witness.verifier().unwrap().to_string());
    let proofs = place.path().join("proofs");
    let lines: Vec<String> = claims(&folder).iter().map(Value::to_string).collect();
    fs_err::write(&proofs, lines.join("\n")).unwrap();
    let output = go.verify(&log, &key, &proofs);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).starts_with("10000 entries, 13 proofs held"), "{}", said(&output));

    tampered(&log, |name, how| {
        let output = go.verify(&log, &key, &proofs);
        assert!(!output.status.success(), "{name} {how}: {}", said(&output));
    });
    let other = Home::new().open().verifier().unwrap().to_string();
    assert!(!go.verify(&log, &other, &proofs).status.success(), "another log's key");
    assert!(go.verify(&log, &key, &proofs).status.success(), "all is whole again");
}
