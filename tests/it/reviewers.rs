//! `plugin allow --reviewers 2`: two people, each heard once, or nothing is installed and nothing
//! runs. Each refusal counts who is missing and prints the line for one more to run.

use crate::lab::{Lab, Run};
use crate::sigstore::{ISSUER, certified, pinned};
use crate::trust_root::pair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use if_fakes::sigstore::key;
use if_manifest::dsse::Envelope;
use if_manifest::keys::SigningKey;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const ADA: &str = "ada@example.com";

/// A package that its publisher signed and that needs two reviewers, and their keys.
struct Review {
    lab: Lab,
    package: String,
    ada: String,
    ben: String,
    cyd: String,
}

impl Review {
    fn new() -> Self {
        let lab = Lab::fresh();
        let package = lab.package("noop");
        lab.run(["plugin", "sign", &package]).ok();
        let [ada, ben, cyd] = ["ada", "ben", "cyd"].map(|name| {
            let (private, public) = pair(&lab, name);
            lab.run(["trust", "add-key", "reviewer", &public]).ok();
            private
        });
        lab.run(["plugin", "allow", &package, "--reviewers", "2"]).ok();
        Self { lab, package, ada, ben, cyd }
    }

    fn reviewed_by(&self, key: &str) {
        self.lab.run(["plugin", "sign", &self.package, "--role", "reviewer", "--key", key]).ok();
    }

    fn install(&self) -> Run {
        self.lab.run(["plugin", "install", &self.package])
    }

    /// What everybody says who is asked whether it may run.
    fn refused(&self, code: &str) -> String {
        let said = self.install().fails(code, 4);
        let verified = self.lab.run(["plugin", "verify", &self.package]).fails(code, 4);
        assert_eq!(verified, said);
        assert!(!self.lab.home().join("plugins/noop").exists());
        said
    }

    /// Runs the line that the refusal prints, with this key for its `<file>`.
    fn mended(&self, refusal: &str, key: &str) {
        let hint = "hint: after reading it: ifctl ";
        let line = refusal.lines().find_map(|line| line.strip_prefix(hint)).expect(refusal);
        assert!(line.ends_with(" --role reviewer --key <file>"), "{line}");
        let words = line.split(' ').map(|word| if word == "<file>" { key } else { word });
        self.lab.run(words).ok();
    }

    fn approvals(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(Path::new(&self.package).join("approvals")).unwrap();
        folder.map(|entry| entry.unwrap().path()).collect()
    }

    /// The approval of this key.
    fn approval(&self, key: &str) -> PathBuf {
        let id = id(key);
        self.approvals()
            .into_iter()
            .find(|path| id.starts_with(path.file_stem().unwrap().to_str().unwrap()))
            .unwrap()
    }

    /// Puts what lies there beside it once more, under a name of its own.
    fn twice(&self, approval: &Path) {
        fs::copy(approval, approval.with_file_name("0000feedbeef.json")).unwrap();
    }
}

fn signing(key: &str) -> SigningKey {
    SigningKey::from_pem(&fs::read_to_string(key).unwrap()).unwrap()
}

fn id(key: &str) -> String {
    signing(key).id().to_string()
}

/// The two whose voices count, as the program tells it.
fn reviewers(lab: &Lab) -> Vec<String> {
    let verified = lab.run(["plugin", "verify", "noop", "--json"]).json();
    let approvers = verified["approved_by"].as_array().unwrap().clone();
    let named = approvers.iter().map(|one| one.as_str().unwrap());
    let reviewers = named.filter_map(|one| one.strip_suffix(" (reviewer)"));
    let mut keys: Vec<String> = reviewers.map(str::to_owned).collect();
    keys.sort();
    keys
}

const ONE_OF_TWO: &str =
    "error[IF_ERR_SIGNATURE_MISSING]: `noop` has 1 of 2 approvals by distinct reviewers";

#[test]
fn two_people_are_two() {
    let review = Review::new();
    let none = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(none.contains("`noop` has 0 of 2 approvals by distinct reviewers"), "{none}");
    review.mended(&none, &review.ada);
    let one = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(one.starts_with(ONE_OF_TWO), "{one}");
    review.mended(&one, &review.ben);
    review.install().ok();
    review.lab.run(["noop", "add", "here"]).ok();
    review.lab.run(["noop", "ping", "here"]).ok();
    let mut both = [id(&review.ada), id(&review.ben)];
    both.sort();
    assert_eq!(reviewers(&review.lab), both);
}

#[test]
fn one_key_that_signs_twice_is_one() {
    let review = Review::new();
    review.reviewed_by(&review.ada);
    review.reviewed_by(&review.ada);
    assert_eq!(review.approvals().len(), 2, "her later word replaces the earlier one");
    review.twice(&review.approval(&review.ada));
    let one = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(one.starts_with(ONE_OF_TWO), "{one}");
    // The same key in another file is the same key, and is no reviewer twice.
    let copy = review.lab.path().join("copy.key");
    fs::copy(&review.ada, &copy).unwrap();
    let public = review.ada.replace(".key", ".pub");
    let again = review.lab.run(["trust", "add-key", "reviewer", &public]);
    assert!(again.fails("IF_ERR_USAGE", 2).contains("speaks for reviewer already"));
    review.reviewed_by(copy.to_str().unwrap());
    let one = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(one.starts_with(ONE_OF_TWO), "{one}");
    review.mended(&one, &review.ben);
    review.install().ok();
}

/// Whoever signs with Sigstore has a fresh key each time; she is her name.
#[test]
fn one_person_with_two_keys_is_one() {
    let review = Review::new();
    let (lab, package) = (&review.lab, &review.package);
    pinned(lab);
    lab.run(["trust", "add-identity", "reviewer", ADA, "--issuer", ISSUER]).ok();
    let attach = |holder: u8| {
        let bundle = certified(lab, &key(holder), ADA, package);
        lab.run(["plugin", "sign", package, "--bundle", &bundle, "--json"]).json()
    };
    let before = review.approvals();
    let first = attach(60);
    let hers = review.approvals().into_iter().find(|path| !before.contains(path)).unwrap();
    review.twice(&hers);
    let second = attach(61);
    assert_eq!(first["principal"], second["principal"]);
    let voices = review.approvals();
    let bundles: Vec<Vec<u8>> = voices.iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(bundles.len(), 3, "the publisher's, and hers twice");
    assert!(bundles.iter().all(|one| bundles.iter().filter(|other| *other == one).count() == 1));
    let one = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(one.starts_with(ONE_OF_TWO), "{one}");
    review.mended(&one, &review.ben);
    review.install().ok();
}

/// Who published it does not review it, under the same key.
#[test]
fn the_publisher_is_no_reviewer() {
    let review = Review::new();
    review.reviewed_by(&review.ada);
    let own = review.lab.home().join("keys/root.key").display().to_string();
    review.twice(&review.approval(&own));
    review.reviewed_by(&own);
    let two = review.refused("IF_ERR_SIGNATURE_INVALID");
    assert!(two.contains(&id(&own)[..12]) && two.contains("in two roles"), "{two}");
}

#[test]
fn an_expired_second_is_none() {
    let review = Review::new();
    review.reviewed_by(&review.ada);
    review.reviewed_by(&review.ben);
    let path = review.approval(&review.ben);
    let old: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let payload = STANDARD.decode(old["payload"].as_str().unwrap()).unwrap();
    let mut approval: Value = serde_json::from_slice(&payload).unwrap();
    approval["expires"] = 1_500_000_000_000_u64.into();
    let (kind, payload) = (old["payloadType"].as_str().unwrap(), approval.to_string());
    let sealed = Envelope::seal(kind, payload.into_bytes(), &[&signing(&review.ben)]);
    fs::write(path, sealed.to_bytes()).unwrap();
    let one = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(one.starts_with(&format!("{ONE_OF_TWO}; 1 more expired\n")), "{one}");
    review.mended(&one, &review.ben);
    review.install().ok();
}

#[test]
fn a_revoked_second_is_none_and_ends_what_she_let_in() {
    let review = Review::new();
    let lab = &review.lab;
    review.reviewed_by(&review.ada);
    review.reviewed_by(&review.ben);
    let revoke = ["plugin", "revoke", &format!("key:{}", id(&review.ben)), "--reason", "he left"];
    lab.run(revoke).ok();
    let revoked = review.refused("IF_ERR_REVOKED");
    let text = format!("error[IF_ERR_REVOKED]: key {} was revoked: he left\n", id(&review.ben));
    assert!(revoked.starts_with(&text), "{revoked}");
    // He may sign as often as he likes.
    review.reviewed_by(&review.ben);
    review.refused("IF_ERR_REVOKED");
    review.mended(&revoked, &review.cyd);
    review.install().ok();
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    // Of what is installed the line names the word, and mends it in its place.
    let revoke = ["plugin", "revoke", &format!("key:{}", id(&review.ada)), "--reason", "too"];
    lab.run(revoke).ok();
    let stopped = lab.run(["noop", "ping", "here"]).fails("IF_ERR_REVOKED", 4);
    assert!(stopped.contains("ifctl plugin sign noop --role reviewer --key <file>"), "{stopped}");
    let (dot, public) = pair(lab, "dot");
    lab.run(["trust", "add-key", "reviewer", &public]).ok();
    review.mended(&stopped, &dot);
    lab.run(["noop", "ping", "here"]).ok();
}

#[test]
fn who_is_no_reviewer_any_more_is_none() {
    let review = Review::new();
    review.reviewed_by(&review.ada);
    review.reviewed_by(&review.ben);
    review.lab.run(["trust", "remove-key", &id(&review.ben)]).ok();
    let one = review.refused("IF_ERR_SIGNATURE_MISSING");
    assert!(one.starts_with(ONE_OF_TWO), "{one}");
    review.mended(&one, &review.cyd);
    review.install().ok();
}
