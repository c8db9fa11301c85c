//! Approvals that another tool signed: pinned, attached, shown, counted, revoked, as an operator
//! does it.

use crate::lab::Lab;
use if_fakes::sigstore::{Content, Key, Subject, TestAuthority, key, spki_pem};
use serde_json::Value;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const ADA: &str = "ada@example.com";
pub const ISSUER: &str = "https://login.example.com";

/// A minute ago, so that what is signed was signed by now.
fn recently() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() - 60
}

fn installation() -> TestAuthority {
    TestAuthority::new(10)
}

fn file(lab: &Lab, name: &str, text: &str) -> String {
    let path = lab.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn manifest(package: &str) -> Content {
    Content::Blob(fs::read(format!("{package}/manifest.json")).unwrap())
}

/// A bundle file over the package, as cosign would write one for this name.
fn signed_by(lab: &Lab, name: &str, package: &str) -> String {
    certified(lab, &key(50), name, package)
}

/// The same, with a key of the test's choosing.
pub fn certified(lab: &Lab, holder: &Key, name: &str, package: &str) -> String {
    let now = recently();
    let certificate = installation().certify(holder, &Subject::mail(name, ISSUER, now));
    let bundle = installation().bundle(holder, &certificate, &manifest(package), now + 5);
    file(lab, "bundle.json", &serde_json::to_string_pretty(&bundle).unwrap())
}

/// A home that pins the private installation.
pub fn pinned(lab: &Lab) {
    let root = file(lab, "trusted_root.json", &installation().trusted_root().to_string());
    lab.run(["trust", "add-authority", "test", &root]).ok();
}

#[test]
fn a_person_certified_by_a_private_authority_reviews_a_plugin() {
    let lab = Lab::fresh();
    let package = lab.package("noop");
    let name = ["trust", "add-identity", "reviewer", ADA, "--issuer", ISSUER];
    let error = lab.run(name).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("trust add-authority"), "{error}");
    pinned(&lab);
    lab.run(["plugin", "sign", &package]).ok();
    lab.run(["plugin", "allow", &package, "--reviewers", "1"]).ok();
    let bundle = signed_by(&lab, ADA, &package);
    let attach = ["plugin", "sign", &package, "--bundle", &bundle];
    let error = lab.run(attach).fails("IF_ERR_SIGNATURE_MISSING", 4);
    assert!(error.contains("ada@example.com") && error.contains("trust add-identity"), "{error}");
    lab.run(["plugin", "install", &package]).fails("IF_ERR_SIGNATURE_MISSING", 4);
    lab.run(name).ok();
    let attached = lab.run(attach.iter().chain(&["--json"])).json();
    assert_eq!(attached["role"], "reviewer");
    assert_eq!(attached["vouched"]["who"]["identity"]["name"], ADA);
    lab.run(["plugin", "install", &package]).ok();
    let text = lab.run(["plugin", "verify", "noop"]).ok();
    assert!(text.contains("ada@example.com (https://login.example.com); by test: "), "{text}");
    assert!(text.contains("certificate, certificate log, entry 1 of log.test - 42"), "{text}");
    let verified = lab.run(["plugin", "verify", "noop", "--json"]).json();
    assert_eq!(verified["vouched"][0]["proof"]["sct"], true);
    assert_eq!(verified["vouched"][0]["principal"], attached["principal"]);
    // Taken back by name, it stops; the log says who it was.
    lab.run(["noop", "add", "here"]).ok();
    lab.run(["noop", "ping", "here"]).ok();
    let revoke = ["plugin", "revoke", "identity:ada@example.com", "--reason", "left"];
    lab.run(revoke).ok();
    let error = lab.run(["noop", "ping", "here"]).fails("IF_ERR_REVOKED", 4);
    assert!(error.contains("left"), "{error}");
    assert!(lab.run(["witness", "log"]).ok().contains(ADA));
    let revoke = ["plugin", "revoke", "identity:eve@example.com", "--reason", "x"];
    lab.run(revoke).fails("IF_ERR_USAGE", 2);
}

#[test]
fn a_p256_key_publishes_within_its_prefix_and_nobody_signs_lists_so() {
    let lab = Lab::fresh();
    let package = lab.package("noop");
    pinned(&lab);
    let public = file(&lab, "team.pub", &spki_pem(&key(52)));
    let add = |role: &'static str| ["trust", "add-key", role, &public, "--authority", "test"];
    let error = lab.run(add("root")).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("which the role root cannot"), "{error}");
    lab.run(add("publisher")).fails("IF_ERR_USAGE", 2);
    lab.run(add("publisher").iter().chain(&["--scope", "if://capability/"])).ok();
    let bundle = installation().key_bundle(&key(52), &manifest(&package), recently());
    let bundle = file(&lab, "bundle.json", &bundle.to_string());
    lab.run(["plugin", "sign", &package, "--bundle", &bundle]).ok();
    lab.run(["plugin", "allow", &package]).ok();
    lab.run(["plugin", "install", &package]).ok();
    let shown = lab.run(["trust", "show"]).ok();
    assert!(shown.contains("P-256 key") && shown.contains("by test"), "{shown}");
    let json: Value = lab.run(["trust", "show", "--json"]).json();
    assert_eq!(json["root"]["sigstore"]["authorities"]["test"]["proof"], "log");
    // An authority on whom somebody depends stays; who is removed counts no more.
    lab.run(["trust", "remove-authority", "test"]).fails("IF_ERR_USAGE", 2);
    let signers = json["root"]["sigstore"]["signers"].as_object().unwrap();
    let id = signers.keys().next().unwrap().clone();
    lab.run(["trust", "remove-key", &id[..12]]).ok();
    lab.run(["trust", "remove-authority", "test"]).ok();
    lab.run(["plugin", "verify", "noop"]).fails("IF_ERR_SIGNATURE_MISSING", 4);
}

#[test]
fn a_bundle_that_proves_nothing_is_not_attached_and_not_believed() {
    let lab = Lab::fresh();
    let package = lab.package("noop");
    pinned(&lab);
    lab.run(["trust", "add-identity", "reviewer", ADA, "--issuer", ISSUER]).ok();
    let bundle = signed_by(&lab, ADA, &package);
    let good = fs::read_to_string(&bundle).unwrap();
    let bad = file(&lab, "bad.json", &good.replace("\"treeSize\": \"3\"", "\"treeSize\": \"4\""));
    let error = lab
        .run(["plugin", "sign", &package, "--bundle", &bad])
        .fails("IF_ERR_SIGNATURE_INVALID", 4);
    assert!(error.contains("checkpoint-false"), "{error}");
    assert!(!std::path::Path::new(&package).join("approvals").exists());
    lab.run(["plugin", "sign", &package]).ok();
    lab.run(["plugin", "sign", &package, "--bundle", &bundle]).ok();
    lab.run(["plugin", "allow", &package]).ok();
    lab.run(["plugin", "install", &package]).ok();
    // Put there as the other tool wrote it, it is refused: a bundle has one spelling here.
    let approvals = lab.home().join("plugins/noop/approvals");
    fs::write(approvals.join("zz.json"), good.replace("{\n  \"mediaType\"", "{\"mediaType\""))
        .unwrap();
    let error = lab.run(["plugin", "verify", "noop"]).fails("IF_ERR_SIGNATURE_INVALID", 4);
    assert!(error.contains("bundle-altered"), "{error}");
    let root = file(&lab, "trusted_root.json", "{}");
    let error = lab.run(["trust", "add-authority", "other", &root]).fails("IF_ERR_USAGE", 2);
    assert!(error.contains("root-malformed"), "{error}");
    let mut without = installation().trusted_root();
    without["tlogs"] = serde_json::json!([]);
    let root = file(&lab, "trusted_root.json", &without.to_string());
    lab.run(["trust", "add-authority", "other", &root]).fails("IF_ERR_USAGE", 2);
}
