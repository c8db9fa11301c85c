//! Allowing and revoking: who may, what is kept, and that two at once lose nothing.

use super::*;
use if_manifest::SigningKey;
use if_manifest::trust::{Decision, DenyTarget, Seen};
use zeroize::Zeroizing;

fn stranger() -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([9; 32]))
}

#[test]
fn only_the_lists_key_changes_the_lists() {
    let world = World::installed();
    let target = Target::Installed(word("mixer"));
    let before = fs_err::read(world.layout.allow_file()).unwrap();
    let request = AllowRequest::default();
    let allowed = allow(&world.layout, &target, &stranger(), &request, NOW);
    refused(allowed, Code::KeyMissing, "root.key is not here");
    let revoked = revoke(&world.layout, "mixer", "no", &stranger(), NOW);
    refused(revoked, Code::KeyMissing, "root.key is not here");
    assert_eq!(fs_err::read(world.layout.allow_file()).unwrap(), before);
    assert!(world.load().is_ok());
}

#[test]
fn a_strangers_approval_counts_for_nothing_and_a_reject_for_all() {
    let world = World::new();
    world.pack().unwrap();
    let expires = NOW.plus_millis(DAY);
    sign(&world.package(), &stranger(), Role::Publisher, expires).unwrap();
    world.allow_package().unwrap();
    refused(world.install(), Code::SignatureMissing, "has 0 of 1");
    world.sign();
    world.install().unwrap();
    decide(&world.package(), &world.key(), Role::Publisher, Decision::Reject, expires).unwrap();
    refused(world.install(), Code::Revoked, "rejected this manifest");
}

#[test]
fn grants_add_up_for_the_same_manifest_only() {
    let world = World::installed();
    let with = |hosts: &[&str], cap: &[&str]| AllowRequest {
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        scopes_cap: cap.iter().map(|scope| (*scope).to_owned()).collect(),
        ..AllowRequest::default()
    };
    world.allow_with("mixer", &with(&["a.example:1"], &["studio:none"])).unwrap();
    world.allow_with("mixer", &with(&["b.example:2", "a.example:1"], &[])).unwrap();
    let loaded = world.load().unwrap();
    assert_eq!(loaded.trusted.hosts, ["a.example:1", "b.example:2"]);
    assert!(loaded.trusted.scopes.is_empty(), "the cap of before holds");
    world.allow_with("mixer", &with(&[], &["*"])).unwrap();
    assert_eq!(world.load().unwrap().trusted.scopes, ["studio:control"]);
    refused(world.allow_with("mixer", &with(&["*.example:1"], &[])), Code::Usage, "host:port");
    refused(world.allow_with("mixer", &with(&[], &["st*"])), Code::Usage, "must be a scope");
    // A new release starts without the grants of the old one.
    world.write(
        "plugin.toml",
        DECLARATION.replace("release = 1", "release = 2").replace("1.0.0", "1.1.0"),
    );
    world.pack().unwrap();
    world.sign();
    world.allow_package().unwrap();
    world.install().unwrap();
    assert!(world.load().unwrap().trusted.hosts.is_empty());
    let reviewed = AllowRequest { reviewers_required: Some(1), ..AllowRequest::default() };
    world.allow_with("mixer", &reviewed).unwrap();
    refused(world.load(), Code::SignatureMissing, "0 of 1 approvals by distinct reviewers");
    let floor = AllowRequest {
        reviewers_required: Some(0),
        release_min: Some(3),
        ..AllowRequest::default()
    };
    world.allow_with("mixer", &floor).unwrap();
    refused(world.load(), Code::RolledBack, "release 3 or higher");
}

#[test]
fn a_word_belongs_to_one_plugin() {
    let world = World::installed();
    world.write("plugin.toml", DECLARATION.replace("example.mixer", "evil.mixer"));
    world.pack().unwrap();
    world.sign();
    let text = "the word `mixer` belongs to if://capability/example.mixer";
    refused(world.allow_package(), Code::Usage, text);
}

#[test]
fn the_list_expires_and_allowing_renews_it() {
    let world = World::installed();
    let at = |days: u64| NOW.plus_millis(days * DAY);
    let load_at = |days, seen: Option<u64>| load(&world.layout, &word("mixer"), at(days), seen);
    assert!(load_at(75, None).unwrap().warnings.is_empty());
    assert!(load_at(80, None).unwrap().warnings[0].contains("expires in 10 days"));
    refused(load_at(90, None), Code::AllowExpired, "has expired");
    assert_eq!(load_at(90, None).unwrap_err().hints(), ["to renew it: ifctl plugin allow mixer"]);
    assert!(load_at(90, Some(1)).unwrap().warnings[0].contains("keeps running for 7 days"));
    let target = Target::Installed(word("mixer"));
    allow(&world.layout, &target, &world.key(), &AllowRequest::default(), at(95)).unwrap();
    assert!(load_at(100, None).unwrap().warnings.is_empty());
}

#[test]
fn what_is_disallowed_runs_no_more_until_it_is_allowed_again() {
    let text = "is not on the allow-list";
    for what in ["mixer", "manifest", "folder"] {
        let world = World::installed();
        let before = TrustFiles::read(&world.layout).unwrap().allow;
        let digest = world.load().unwrap().manifest_digest;
        let named = match what {
            "manifest" => digest.to_string(),
            "folder" => world.package().display().to_string(),
            word => word.to_owned(),
        };
        let gone = disallow(&world.layout, &named, &world.key()).unwrap();
        let of: Vec<_> = gone.releases.iter().map(|one| one.manifest_digest).collect();
        assert_eq!((of, gone.list_version), (vec![digest], before.version + 1), "{what}");
        refused(world.load(), Code::NotAllowed, "");
        refused(world.install(), Code::NotAllowed, "");
        let after = TrustFiles::read(&world.layout).unwrap().allow;
        assert_eq!((after.issued, after.expires), (before.issued, before.expires));
        refused(disallow(&world.layout, &named, &world.key()), Code::Usage, text);
        world.allow("mixer").unwrap();
        assert!(world.load().is_ok());
    }
    let world = World::installed();
    let loaded = world.load().unwrap();
    disallow(&world.layout, "mixer", &world.key()).unwrap();
    let revoked = revoke(&world.layout, "mixer", "x", &world.key(), NOW).unwrap();
    let both = [loaded.manifest_digest, loaded.component_digest].map(DenyTarget::Digest);
    assert_eq!(revoked.targets, both, "its component runs under no other manifest either");
    let world = World::installed();
    refused(disallow(&world.layout, "mixr", &world.key()), Code::PluginUnknown, "mixr");
    refused(disallow(&world.layout, &"0".repeat(64), &world.key()), Code::Usage, text);
    refused(disallow(&world.layout, "mixer", &stranger()), Code::KeyMissing, "root.key");
    assert!(world.load().is_ok());
}

#[test]
fn revocation_is_for_good() {
    let text = "was revoked: it was stolen";
    for what in ["mixer", "manifest", "component", "key"] {
        let world = World::installed();
        let loaded = world.load().unwrap();
        let named = match what {
            "manifest" => loaded.manifest_digest.to_string(),
            "component" => loaded.component_digest.hex(),
            "key" => format!("key:{}", world.key().id()),
            word => word.to_owned(),
        };
        let revoked = revoke(&world.layout, &named, "it was stolen", &world.key(), NOW).unwrap();
        assert_eq!(revoked.list_version, 2);
        refused(world.load(), Code::Revoked, text);
        refused(world.verify(), Code::Revoked, text);
        refused(world.install(), Code::Revoked, text);
        world.allow("mixer").unwrap();
        refused(world.load(), Code::Revoked, text);
        let again = revoke(&world.layout, &named, "again", &world.key(), NOW).unwrap();
        assert_eq!(again.list_version, 3);
        refused(world.load(), Code::Revoked, text);
    }
    let world = World::installed();
    refused(revoke(&world.layout, "mixr", "x", &world.key(), NOW), Code::PluginUnknown, "mixr");
    refused(revoke(&world.layout, "mixer", " ", &world.key(), NOW), Code::Usage, "needs a reason");
    refused(revoke(&world.layout, "key:x", "x", &world.key(), NOW), Code::Usage, "not a key id");
}

#[test]
fn revoking_a_word_reaches_the_signed_release_behind_a_changed_file() {
    let world = World::installed();
    let good = fs_err::read(world.installed_file("manifest.json")).unwrap();
    fs_err::write(world.installed_file("manifest.json"), "{}").unwrap();
    let digest = if_manifest::sha256(&good);
    let revoked = revoke(&world.layout, "mixer", "x", &world.key(), NOW).unwrap();
    assert!(revoked.targets.contains(&DenyTarget::Digest(digest)));
    fs_err::write(world.installed_file("manifest.json"), &good).unwrap();
    refused(world.load(), Code::Revoked, "was revoked");
}

#[test]
fn an_older_list_than_one_seen_is_a_rollback() {
    let world = World::installed();
    let old = fs_err::read(world.layout.deny_file()).unwrap();
    revoke(&world.layout, "mixer", "x", &world.key(), NOW).unwrap();
    fs_err::write(world.layout.deny_file(), old).unwrap();
    assert!(world.load().is_ok(), "one who remembers nothing cannot tell");
    let seen = Seen { deny_version: Some(2), ..Seen::default() };
    let loaded = load(&world.layout, &word("mixer"), NOW, seen);
    refused(loaded, Code::RolledBack, "deny-list has version 1, expected 2 or higher");
}

#[test]
fn two_at_once_lose_nothing() {
    let world = World::new();
    let mut folders = Vec::new();
    for n in 0..6 {
        let text = DECLARATION.replace("\"mixer\"", &format!("\"mixer{n}\""));
        world.write("plugin.toml", text.replace("example.mixer", &format!("example.mixer{n}")));
        world.pack().unwrap();
        world.sign();
        let folder = world.path(&format!("package{n}"));
        fs_err::rename(world.package(), &folder).unwrap();
        folders.push(folder);
    }
    std::thread::scope(|scope| {
        for folder in &folders {
            scope.spawn(|| {
                let target = Target::Folder(folder.clone());
                let request = AllowRequest::default();
                allow(&world.layout, &target, &world.key(), &request, NOW).unwrap();
                install(&world.layout, folder, NOW, None, false, &mut world.describe()).unwrap();
            });
        }
    });
    let files = TrustFiles::read(&world.layout).unwrap();
    assert_eq!((files.allow.version, files.allow.entries.len()), (7, 6));
    assert_eq!(Index::open(&world.layout.index_path()).unwrap().words().len(), 6);
}
