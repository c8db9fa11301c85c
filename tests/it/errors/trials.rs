//! How each error is provoked. The lines that a person types stand in the code's page; here stands
//! what has to be so for them to fail.

use super::limits::{budgeted_otherwise, priced, seldom, studio_away};
use super::people;
use super::stage::{Stage, edit, expire_allow_list, spoil};
use crate::lab::Lab;
use if_fakes::http::Canned;
use if_fakes::obs::Misbehaviour;
use if_fakes::{ObsFake, VmixSimulator};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// One code.
pub struct Trial {
    /// The test in which it is tried.
    pub room: &'static str,
    pub code: &'static str,
    pub stage: fn() -> Stage,
    pub remedy: Remedy,
}

/// Who mends it.
#[derive(Clone, Copy)]
pub enum Remedy {
    /// The lines of the page.
    Lines,
    /// The lines of the page, after this happened: a device is on again, a lock is free.
    After(fn(&mut Stage)),
    /// Nobody at this machine: the page gives no lines and says who.
    Outside,
}

use Remedy::{After, Lines, Outside};

/// Every code but `IF_ERR_BUG`.
pub const ALL: &[Trial] = &[
    trial("usage", "IF_ERR_USAGE", Stage::switcher, Lines),
    trial("usage", "IF_ERR_CONFIG", broken_yaml, Lines),
    trial("usage", "IF_ERR_CONFIG_LITERAL_SECRET", literal_secret, Lines),
    trial("usage", "IF_ERR_HOME_UNSAFE", open_home, Lines),
    trial("usage", "IF_ERR_HOME_MISSING", Stage::bare, Lines),
    trial("usage", "IF_ERR_INSTANCE_UNKNOWN", Stage::switcher, Lines),
    trial("usage", "IF_ERR_PLUGIN_UNKNOWN", not_installed, Lines),
    trial("usage", "IF_ERR_BROKEN_PIPE", Stage::noop, Lines),
    trial("usage", "IF_ERR_INTERRUPTED", Stage::noop, Lines),
    trial("provider", "IF_ERR_PROVIDER", Stage::switcher, Lines),
    trial("provider", "IF_ERR_PROVIDER_AUTH", wrong_password, Lines),
    trial("provider", "IF_ERR_PROVIDER_PROTOCOL", wrong_port, Lines),
    trial("provider", "IF_ERR_UNREACHABLE", nobody_there, Lines),
    trial("provider", "IF_ERR_TIMEOUT", slow_device, Lines),
    trial("provider", "IF_ERR_OUTCOME_UNKNOWN", silent_device, After(make_well)),
    trial("package", "IF_ERR_PACKAGE_MALFORMED", package_without_component, Lines),
    trial("package", "IF_ERR_MANIFEST_MALFORMED", mistyped_declaration, Lines),
    trial("package", "IF_ERR_IMPORTS_UNDECLARED", undeclared_import, Lines),
    trial("package", "IF_ERR_DESCRIPTION_CHANGED", other_description, Lines),
    trial("package", "IF_ERR_COMPILE", broken_component, Lines),
    trial("trust", "IF_ERR_SIGNATURE_MISSING", Stage::packed, Lines),
    trial("trust", "IF_ERR_SIGNATURE_INVALID", spoilt_approval, Lines),
    trial("trust", "IF_ERR_TAMPERED", spoilt_component, Lines),
    trial("trust", "IF_ERR_NOT_ALLOWED", signed, Lines),
    trial("trust", "IF_ERR_ALLOW_EXPIRED", expired_list, Lines),
    trial("trust", "IF_ERR_REVOKED", revoked, Lines),
    trial("trust", "IF_ERR_ROLLED_BACK", rolled_back, Lines),
    trial("trust", "IF_ERR_TRUST_MALFORMED", spoilt_list, Lines),
    trial("trust", "IF_ERR_ROOT_UNKNOWN", foreign_bundle, Outside),
    trial("trust", "IF_ERR_KEY_MISSING", key_elsewhere, Lines),
    trial("trust", "IF_ERR_LOCK_DRIFT", locked_before, Lines),
    trial("trust", "IF_ERR_PASSPHRASE", key_under_a_passphrase, Lines),
    trial("effect", "IF_ERR_CONFIRMATION_NEEDED", Stage::switcher, Lines),
    trial("effect", "IF_ERR_PLANNED", Stage::switcher, Lines),
    trial("effect", "IF_ERR_EGRESS_DENIED", narrowed, Lines),
    trial("effect", "IF_ERR_ADDRESS_DENIED", name_of_own_network, Lines),
    trial("effect", "IF_ERR_FALSIFIED", honest_device, Outside),
    trial("effect", "IF_ERR_EFFECT_EXCEEDED", honest_device, Outside),
    trial("effect", "IF_ERR_CAPABILITY_DENIED", honest_device, Outside),
    trial("secret", "IF_ERR_SECRET_MISSING", Stage::good_studio, Lines),
    trial("secret", "IF_ERR_SECRET_SOURCE", no_keyring, Lines),
    trial("secret", "IF_ERR_SECRET_SINK", broken_secret, Lines),
    trial("secret", "IF_ERR_SECRET_ECHO", echoing_device, Outside),
    trial("secret", "IF_ERR_VAULT", vault_key_gone, Lines),
    trial("package", "IF_ERR_SANDBOX_UNSOUND", compiler_left_behind, Outside),
    trial("package", "IF_ERR_WORKER", worker_left_behind, Outside),
    trial("limit", "IF_ERR_LIMIT_MEMORY", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_FUEL", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_DEADLINE", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_STACK", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_HANDLES", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_OUTPUT", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_HOST_CALLS", honest_device, Outside),
    trial("limit", "IF_ERR_LIMIT_NETWORK", talkative_device, Outside),
    trial("limit", "IF_ERR_BUDGET", priced, Lines),
    trial("limit", "IF_ERR_CURRENCY", budgeted_otherwise, Lines),
    trial("limit", "IF_ERR_RATE_LIMITED", seldom, Lines),
    trial("limit", "IF_ERR_CIRCUIT_OPEN", studio_away, Lines),
    trial("people", "IF_ERR_POLICY_DENIED", people::obliged, Lines),
    trial("people", "IF_ERR_POLICY_FAILED", people::undecided, Lines),
    trial("people", "IF_ERR_POLICY_UNSIGNED", people::edited, Lines),
    trial("people", "IF_ERR_HELD", people::held, Outside),
    trial("people", "IF_ERR_HOLD_QUOTA", people::crowded, Outside),
    trial("people", "IF_ERR_HOLD_CLOSED", people::denied, Outside),
    trial("people", "IF_ERR_APPROVAL_REFUSED", people::own, Outside),
    trial("people", "IF_ERR_CLOCK_BACK", people::asked_tomorrow, Outside),
    trial("limit", "IF_ERR_PLUGIN_PANICKED", honest_device, Outside),
    trial("limit", "IF_ERR_PLUGIN_MISBEHAVED", honest_device, Outside),
    trial("storage", "IF_ERR_STORE_BUSY", busy, After(Stage::clear)),
    trial("storage", "IF_ERR_STORE_FULL", Stage::switcher, Lines),
    trial("storage", "IF_ERR_STORE_NEWER", newer_database, Outside),
    trial("storage", "IF_ERR_STORE", spoilt_database, Lines),
    trial("storage", "IF_ERR_WITNESS_BROKEN", edited_entry, Lines),
    trial("storage", "IF_ERR_LEDGER_BROKEN", cooked_books, Lines),
    trial("storage", "IF_ERR_REPLAY_DIVERGED", forged_record, Lines),
    trial("anchor", "IF_ERR_LOG_ROLLED_BACK", image_put_back, Lines),
    trial("anchor", "IF_ERR_LOG_FORKED", image_continued, Lines),
    trial("anchor", "IF_ERR_LOG_UNSIGNED", anchor_of_another_log, Lines),
    trial("anchor", "IF_ERR_ANCHOR", anchor_cleared, Lines),
];

const fn trial(
    room: &'static str,
    code: &'static str,
    stage: fn() -> Stage,
    remedy: Remedy,
) -> Trial {
    Trial { room, code, stage, remedy }
}

fn broken_yaml() -> Stage {
    let text =
        "instances:\n  switcher:\n    host: 127.0.0.1\n    private_network: true\n   port: [\n";
    Stage::switcher().file("providers/vmix.yaml", text)
}

fn literal_secret() -> Stage {
    let stage = Stage::good_studio();
    edit(&stage.home("providers/obs.yaml"), |text| {
        format!("{}\n    password: hunter2hunter2\n", text.trim_end())
    });
    stage
}

fn open_home() -> Stage {
    let stage = Stage::fresh();
    fs::set_permissions(stage.home(""), fs::Permissions::from_mode(0o755)).unwrap();
    stage
}

fn signed() -> Stage {
    Stage::packed().before(&["ifctl plugin sign noop/package"])
}

fn not_installed() -> Stage {
    signed().before(&[
        "ifctl plugin allow noop/package",
        "mkdir packages; mv noop/package packages/noop; rm -r noop",
    ])
}

fn wrong_password() -> Stage {
    Stage::good_studio().before(&[
        "echo some-older-password > old",
        "ifctl secret set --from-file old obs studio password",
    ])
}

/// vMix speaks HTTP where OBS was expected.
fn wrong_port() -> Stage {
    let mut stage = Stage::good_studio();
    let vmix = VmixSimulator::start().unwrap();
    stage.shell.word("8088", &vmix.http_port.to_string());
    stage.keep(vmix);
    stage.before(&[
        "ifctl obs remove studio --yes",
        "ifctl obs add studio --host 127.0.0.1 --port 8088",
        "ifctl secret set obs studio password",
    ])
}

fn nobody_there() -> Stage {
    Stage::switcher().before(&[
        "ifctl vmix remove switcher --yes",
        "ifctl vmix add switcher --host 127.0.0.1 --port 9",
    ])
}

fn slow_device() -> Stage {
    Stage::sick_switcher(|_| {
        let state = include_str!("../../../plugins/vmix/tests/state.xml");
        Canned::ok(state).after(Duration::from_millis(1500))
    })
}

fn silent_device() -> Stage {
    Stage::sick_switcher(|_| Canned::never())
}

fn make_well(stage: &mut Stage) {
    stage.well.store(true, Ordering::SeqCst);
}

fn package_without_component() -> Stage {
    let stage = Stage::packed();
    fs::remove_file(stage.lab.path().join("noop/package/component.wasm")).unwrap();
    stage
}

fn mistyped_declaration() -> Stage {
    Stage::fresh().source(|text| text.replace("release = 1", "relase = 1"))
}

/// The author's folder beside a package whose manifest says less than its component does.
fn undeclared_import() -> Stage {
    let stage = Stage::fresh();
    let package = stage.lab.package("undeclared");
    let source = crate::lab::root().join("tests/guests/undeclared");
    let stage = stage.before(&[
        "mkdir meter",
        &format!("mv {package} meter/package"),
        &format!("ln -s {} meter/source", source.display()),
    ]);
    let manifest = stage.lab.path().join("meter/package/manifest.json");
    edit(&manifest, |text| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let imports = value["predicate"]["imports"].as_array_mut().unwrap();
        imports.retain(|import| !import.as_str().unwrap().contains("state"));
        serde_json::to_string_pretty(&value).unwrap()
    });
    stage.before(&["ifctl plugin sign meter/package", "ifctl plugin allow meter/package"])
}

fn other_description() -> Stage {
    let stage = Stage::packed();
    let manifest = stage.lab.path().join("noop/package/manifest.json");
    edit(&manifest, |text| text.replace("returns its arguments", "returns your money"));
    stage.before(&["ifctl plugin sign noop/package", "ifctl plugin allow noop/package"])
}

/// A component cut in half, with its digest in the manifest as if that were meant.
fn broken_component() -> Stage {
    let stage = Stage::packed();
    let component = stage.lab.path().join("noop/package/component.wasm");
    let bytes = fs::read(&component).unwrap();
    fs::write(&component, &bytes[..bytes.len() / 2]).unwrap();
    let digest = |path: &std::path::Path| {
        let sum = std::process::Command::new("sha256sum").arg(path).output().unwrap();
        String::from_utf8(sum.stdout).unwrap().split(' ').next().unwrap().to_owned()
    };
    let manifest = stage.lab.path().join("noop/package/manifest.json");
    edit(&manifest, |text| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let subjects = value["subject"].as_array_mut().unwrap();
        let subject = subjects.iter_mut().find(|s| s["name"] == "component.wasm").unwrap();
        subject["digest"]["sha256"] = digest(&component).into();
        serde_json::to_string_pretty(&value).unwrap()
    });
    stage.before(&["ifctl plugin sign noop/package", "ifctl plugin allow noop/package"])
}

/// Somebody copied the program and forgot what stands beside it.
fn compiler_left_behind() -> Stage {
    Stage::bare().before(&["cp --remove-destination $(readlink bin/ifctl) bin/ifctl"])
}

fn worker_left_behind() -> Stage {
    Stage::switcher().before(&["cp --remove-destination $(readlink bin/ifctl) bin/ifctl"])
}

fn spoilt_approval() -> Stage {
    let stage = Stage::noop();
    let approvals = fs::read_dir(stage.home("plugins/noop/approvals")).unwrap();
    for approval in approvals {
        let path = approval.unwrap().path();
        edit(&path, |text| {
            let at = text.find("\"sig\"").unwrap() + 12;
            let other = if &text[at..=at] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &text[..at], &text[at + 1..])
        });
    }
    stage.before(&["ifctl plugin sign noop/package", "ifctl plugin allow noop/package"])
}

fn spoilt_component() -> Stage {
    let stage = Stage::noop();
    spoil(&stage.home("plugins/noop/component.wasm"));
    stage.before(&["ifctl plugin sign noop/package", "ifctl plugin allow noop/package"])
}

fn expired_list() -> Stage {
    let stage = Stage::noop();
    expire_allow_list(&stage);
    stage
}

/// A mended version is another build: the component itself is revoked too.
fn revoked() -> Stage {
    let stage = Stage::noop();
    let newer = |text: String| text.replace("release = 1", "release = 2").replace("0.1.0", "0.1.1");
    stage
        .before(&["ifctl plugin revoke noop --reason 'the key was lost on a train'"])
        .source(newer)
        .rebuilt()
        .before(&["ifctl plugin pack noop"])
}

fn rolled_back() -> Stage {
    let stage = Stage::noop().before(&["cp -a .if/plugins/noop old"]);
    let newer = |text: String| text.replace("release = 1", "release = 2").replace("0.1.0", "0.1.1");
    stage.source(newer).before(&[
        "ifctl plugin pack noop",
        "ifctl plugin sign noop/package",
        "ifctl plugin allow noop/package",
        "ifctl plugin install noop/package",
        "ifctl noop ping here",
        "rm -r .if/plugins/noop; mv old .if/plugins/noop",
    ])
}

fn spoilt_list() -> Stage {
    let stage = Stage::noop().before(&["mkdir backup; cp .if/trust/allow.json backup/"]);
    fs::write(stage.home("trust/allow.json"), "{").unwrap();
    stage
}

fn key_elsewhere() -> Stage {
    Stage::packed().before(&["mkdir stick; mv .if/keys/root.key stick/"])
}

fn locked_before() -> Stage {
    Stage::packed().before(&[
        "ifctl plugin lock",
        "ifctl plugin sign noop/package",
        "ifctl plugin allow noop/package",
        "ifctl plugin install noop/package",
    ])
}

fn key_under_a_passphrase() -> Stage {
    Stage::packed().before(&[
        "echo correct horse battery > passphrase",
        "ifctl trust passphrase --new-passphrase-file passphrase",
    ])
}

fn narrowed() -> Stage {
    let stage = Stage::switcher();
    edit(&stage.home("providers/vmix.yaml"), |text| {
        format!("{}\n    hosts:\n      - 127.0.0.1:9\n", text.trim_end())
    });
    stage
}

fn name_of_own_network() -> Stage {
    let stage = Stage::switcher();
    edit(&stage.home("providers/vmix.yaml"), |text| {
        text.replace("127.0.0.1", "localhost").replace("private_network: true", "")
    });
    stage
}

fn foreign_bundle() -> Stage {
    let stage = Stage::fresh();
    let other = Lab::with(&["noop"]);
    let file = stage.lab.path().join("studio.ifbundle").display().to_string();
    other.run(["bundle", "create", &file]).ok();
    stage
}

fn honest_device() -> Stage {
    Stage::hostile("{}")
}

/// Pasted with a line break in the middle.
fn broken_secret() -> Stage {
    Stage::hostile("{}").before(&[
        "printf 'first half\\nsecond half' > pasted",
        "ifctl secret set --from-file pasted hostile trap password",
    ])
}

fn echoing_device() -> Stage {
    let stage = Stage::studio(ObsFake::script().misbehave(Misbehaviour::EchoSecret));
    stage.before(&["ifctl secret set obs studio password"])
}

fn talkative_device() -> Stage {
    let stage = Stage::studio(ObsFake::script().misbehave(Misbehaviour::Oversize(65 << 20)));
    stage.before(&["ifctl secret set obs studio password"])
}

/// The studio's password is to come from a keyring, and there is no desktop.
fn no_keyring() -> Stage {
    let mut stage = Stage::good_studio();
    stage.shell.set("DBUS_SESSION_BUS_ADDRESS", "");
    stage.shell.set("XDG_RUNTIME_DIR", "");
    edit(&stage.home("providers/obs.yaml"), |text| {
        format!("{text}    secrets:\n      password: keyring:obs/studio\n")
    });
    stage
}

fn vault_key_gone() -> Stage {
    let stage = Stage::good_studio();
    stage.before(&[
        "ifctl secret set obs studio password",
        "mkdir -m 700 backup; cp -p .if/keys/vault.key .if/vault.age backup/",
        "rm .if/keys/vault.key",
    ])
}

fn cooked_books() -> Stage {
    let stage =
        priced().before(&["ifctl noop ping here", "ifctl backup studio.ifbackup --no-passphrase"]);
    stage.sql("update spent set micros = 0 where scope = 'global' and bucket = 'total'")
}

fn busy() -> Stage {
    Stage::packed().before(&["ifctl plugin sign noop/package"]).locked("trust/.lock")
}

fn newer_database() -> Stage {
    Stage::noop().sql("update schema_version set version = 999 where owner = 'witness'")
}

fn spoilt_database() -> Stage {
    let stage = Stage::noop().before(&["mkdir -m 700 backup; cp -p .if/if.db* backup/"]);
    for name in ["if.db-wal", "if.db-shm"] {
        let _ = fs::remove_file(stage.home(name));
    }
    fs::write(stage.home("if.db"), "this was a database ".repeat(400)).unwrap();
    stage
}

fn edited_entry() -> Stage {
    let stage = Stage::noop()
        .before(&["ifctl noop ping here", "ifctl backup studio.ifbackup --no-passphrase"]);
    let leaf = "cast(replace(cast(leaf as text), '\"ping\"', '\"pong\"') as blob)";
    stage.sql(&format!("update leaf set leaf = {leaf} where cast(leaf as text) like '%ping%'"))
}

/// An anchor `stick` that was run.
fn anchored() -> Stage {
    Stage::noop().before(&[
        "mkdir stick",
        "ifctl witness anchor add stick --directory ~/stick",
        "ifctl witness anchor run",
    ])
}

/// The whole home as it was before the newest operation, which an anchor and a backup know.
fn image_put_back() -> Stage {
    anchored().before(&[
        "cp -a .if image",
        "ifctl noop ping here",
        "ifctl witness anchor run",
        "ifctl backup studio.ifbackup --no-passphrase",
        "rm -r .if; mv image .if",
    ])
}

fn image_continued() -> Stage {
    image_put_back().before(&["ifctl noop ping here", "ifctl noop ping here"])
}

fn anchor_of_another_log() -> Stage {
    let stage = anchored();
    let other = Lab::fresh().run(["witness", "checkpoint"]).ok();
    fs::write(stage.lab.path().join("stick/checkpoint/2"), other).unwrap();
    stage
}

/// Somebody moved what was there.
fn anchor_cleared() -> Stage {
    anchored()
        .before(&["mkdir -p elsewhere/checkpoint; mv stick/checkpoint/* elsewhere/checkpoint/"])
}

fn forged_record() -> Stage {
    let stage = Stage::noop().before(&["ifctl noop ping here"]);
    super::forge::another_result(&stage.lab);
    stage.lab.is_forged();
    stage
}
