//! Secrets from a KV engine of version 2, by the real program: against a real OpenBao, and against
//! a fake for what no honest server does. Whatever goes wrong is said with the line that mends it,
//! and neither a value nor the token is in any output or file.

use crate::lab::{Lab, Run, binary};
use if_fakes::http::{Canned, HttpFake, Recorded};
use if_servers::OpenBao;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

const CANARY: &str = "canary-84b6e1-never-to-be-seen";
const REFERENCE: &str = "kv:secret/studio/device#password";

/// A device, and a home whose plugin takes its password for it from this server.
struct Desk {
    lab: Lab,
    device: HttpFake,
    variables: Vec<(&'static str, String)>,
    token: String,
}

impl Desk {
    fn new(variables: &[(&'static str, &str)], token: &str) -> Self {
        let device = HttpFake::start(|_| Canned::ok("{}")).unwrap();
        let lab = Lab::with(&["hostile"]);
        let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
        let variables = variables.iter().map(owned).collect();
        let desk = Self { lab, device, variables, token: token.to_owned() };
        desk.refers(REFERENCE);
        desk
    }

    /// With the server and its token in the environment, as its own tool has them.
    fn of(bao: &OpenBao) -> Self {
        let variables = [("BAO_ADDR", bao.address()), ("BAO_TOKEN", bao.token.clone())];
        let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
        Self::new(&variables, &bao.token)
    }

    fn refers(&self, reference: &str) {
        let text = format!(
            "instances:\n  target:\n    host: 127.0.0.1\n    port: {}\n    \
             private_network: true\n    secrets:\n      password: {reference}\n",
            self.device.port
        );
        fs::write(self.lab.home().join("providers/hostile.yaml"), text).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.command(words);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Neither the value nor the token may be in what it says.
    fn run(&self, words: &[&str]) -> Run {
        let run = Run::from(self.command(words).output().unwrap());
        for said in [&run.stdout, &run.stderr] {
            assert!(!said.contains(CANARY) && !said.contains(&self.token), "{words:?}: {said}");
        }
        run
    }

    fn use_it(&self) -> Run {
        let reversed: String = CANARY.chars().rev().collect();
        self.run(&["hostile", "use-header", "target", "--reversed", &reversed])
    }

    /// The call fails so, says so, and the device hears nothing.
    #[track_caller]
    fn fails(&self, code: &str, exit: i32, parts: &[&str]) {
        let said = self.use_it().fails(code, exit);
        for part in parts {
            assert!(said.contains(part), "expected {part}\n{said}");
        }
        assert!(self.device.requests().is_empty());
    }

    fn used(&self) -> Value {
        self.run(&["secret", "audit", "--json"]).json()["used"][0].clone()
    }
}

fn put(bao: &OpenBao, fields: &[&str]) {
    let words: Vec<&str> =
        ["kv", "put", "secret/studio/device"].iter().chain(fields).copied().collect();
    bao.tool_with(&words, CANARY).unwrap();
}

#[test]
fn a_real_call_uses_the_value_and_the_log_has_its_version() {
    if !if_servers::require!(OpenBao) {
        return;
    }
    let bao = OpenBao::start().unwrap();
    put(&bao, &["password=older"]);
    put(&bao, &["password=-", "other=x"]);
    let desk = Desk::of(&bao);
    desk.use_it().ok();
    assert_eq!(desk.device.requests()[0].header("x-token"), Some(CANARY));
    let used = desk.used();
    assert_eq!((&used["source"], &used["source_version"]), (&json!(REFERENCE), &json!(2)));
    assert!(desk.run(&["secret", "audit"]).ok().contains(&format!("{REFERENCE} version 2")));
    let operation = used["operation"].as_str().unwrap();
    let logged = desk.run(&["witness", "query", "--operation", operation, "--json"]).json();
    let sources: Value =
        serde_json::from_str(logged["parts"]["sources"].as_str().unwrap()).unwrap();
    let facts = json!({"password": {"from": REFERENCE, "server": bao.address(), "version": 2}});
    assert_eq!(sources, facts);
    for (path, bytes) in desk.lab.files() {
        for secret in [CANARY, &bao.token] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {}", path.display());
        }
    }
    let shown = desk.run(&["hostile", "show", "target", "--json"]).json();
    assert_eq!(shown["secrets"], json!([{"name": "password", "from": REFERENCE}]));
    assert!(desk.run(&["secret", "list"]).ok().contains(REFERENCE));
    // A dry run reads it too: it is a read, and without it no device lets anybody look.
    let line = ["hostile", "use-header", "target", "--reversed", "x", "--dry-run"];
    desk.run(&line).ok();
    assert_eq!(desk.used()["source_version"], 2);
}

#[test]
fn what_a_real_server_has_not_is_told_apart_with_the_line_that_mends_it() {
    if !if_servers::require!(OpenBao) {
        return;
    }
    let bao = OpenBao::start().unwrap();
    let desk = Desk::of(&bao);
    // The vault has one, under the very name; it is not asked.
    desk.lab.feed(["secret", "set", "hostile", "target", "password"], CANARY).ok();
    let missing = "IF_ERR_SECRET_MISSING";
    let line = "hint: vault kv put secret/studio/device password=-";
    let name =
        "secret `hostile/target/password` is to come from `kv:secret/studio/device#password`";
    desk.fails(missing, 2, &[name, &bao.address(), "it has nothing there", line]);
    put(&bao, &["other=x"]);
    let line = "hint: vault kv patch secret/studio/device password=-";
    desk.fails(missing, 2, &["version 1 has no such field", line]);
    // The line of the hint, by OpenBao's own tool, mends it.
    bao.tool_with(&["kv", "patch", "secret/studio/device", "password=-"], CANARY).unwrap();
    let other = Desk::of(&bao);
    other.use_it().ok();
    bao.tool(&["kv", "delete", "secret/studio/device"]).unwrap();
    desk.fails(missing, 2, &["version 2, the newest, was deleted", "vault kv put"]);
    bao.tool(&["kv", "destroy", "-versions=2", "secret/studio/device"]).unwrap();
    desk.fails(missing, 2, &["version 2, the newest, was deleted"]);
    desk.refers("kv:elsewhere/studio/device#password");
    desk.fails(missing, 2, &["it has nothing there"]);

    let source = "IF_ERR_SECRET_SOURCE";
    desk.refers(REFERENCE);
    fs::write(desk.lab.path().join("numbers.json"), r#"{"password": 5}"#).unwrap();
    let numbers = format!("@{}", desk.lab.path().join("numbers.json").display());
    bao.tool(&["kv", "put", "secret/studio/device", &numbers]).unwrap();
    desk.fails(source, 74, &["the field is not text"]);
    bao.tool(&["secrets", "enable", "-path=old", "-version=1", "kv"]).unwrap();
    bao.tool(&["kv", "put", "-mount=old", "data/device", "password=x"]).unwrap();
    desk.refers("kv:old/device#password");
    let line = "hint: vault kv enable-versioning old";
    desk.fails(source, 74, &["not that of a KV engine of version 2", line]);
    bao.tool(&["operator", "seal"]).unwrap();
    desk.fails(source, 74, &["it is sealed", "hint: vault operator unseal"]);
}

#[test]
fn a_token_has_the_rights_that_the_server_gives_it() {
    if !if_servers::require!(OpenBao) {
        return;
    }
    let bao = OpenBao::start().unwrap();
    put(&bao, &["password=-"]);
    let policy = r#"path "secret/data/studio/*" { capabilities = ["read"] }"#;
    bao.tool_with(&["policy", "write", "studio", "-"], policy).unwrap();
    let create = ["token", "create", "-policy=studio", "-no-default-policy", "-field=token"];
    let narrow = bao.tool(&create).unwrap().trim().to_owned();
    let desk = Desk::new(&[("VAULT_ADDR", &bao.address()), ("VAULT_TOKEN", &narrow)], &narrow);
    desk.use_it().ok();
    let desk = Desk::new(&[("VAULT_ADDR", &bao.address()), ("VAULT_TOKEN", &narrow)], &narrow);
    desk.refers("kv:secret/other#password");
    desk.fails("IF_ERR_SECRET_SOURCE", 74, &["it refused the token", "hint: vault login"]);
    bao.tool(&["token", "revoke", &narrow]).unwrap();
    desk.refers(REFERENCE);
    desk.fails("IF_ERR_SECRET_SOURCE", 74, &["it refused the token"]);
}

#[test]
fn the_file_names_server_namespace_authority_and_token() {
    if !if_servers::require!(OpenBao) {
        return;
    }
    let bao = OpenBao::start_secure().unwrap();
    bao.tool(&["namespace", "create", "studio"]).unwrap();
    bao.tool(&["secrets", "enable", "-namespace=studio", "-path=secret", "-version=2", "kv"])
        .unwrap();
    let line = ["kv", "put", "-namespace=studio", "secret/studio/device", "password=-"];
    bao.tool_with(&line, CANARY).unwrap();
    // What the environment says of another server does not count.
    let left_over = [("VAULT_ADDR", "http://127.0.0.1:9"), ("VAULT_NAMESPACE", "other")];
    let desk = Desk::new(&left_over, &bao.token);
    let token_file = desk.lab.path().join("token");
    let closed = |mode: u32| {
        fs::write(&token_file, format!("{}\n", bao.token)).unwrap();
        fs::set_permissions(&token_file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let config = |more: &str| {
        let (address, token) = (bao.address(), token_file.display());
        let text = format!("kv:\n  address: {address}\n  token_file: {token}\n{more}");
        fs::write(desk.lab.home().join("config.yaml"), text).unwrap();
    };
    let authority = format!("  ca_file: {}\n", bao.ca_file().display());
    config(&authority);
    let source = "IF_ERR_SECRET_SOURCE";
    desk.fails(source, 74, &["there is no token for the KV server", "hint: vault login"]);
    closed(0o644);
    desk.fails("IF_ERR_VAULT", 74, &["can be read or written by other users", "chmod 600"]);
    closed(0o600);
    desk.fails("IF_ERR_SECRET_MISSING", 2, &["it has nothing there"]);
    config("  namespace: studio\n");
    desk.fails(source, 74, &["certificate", "ca_file: /path/ca.pem", "VAULT_CACERT"]);
    config(&format!("{authority}  namespace: studio\n"));
    desk.use_it().ok();
    assert_eq!(desk.used()["source_version"], 1);
}

#[test]
fn without_a_server_or_a_token_nothing_is_asked() {
    let desk = Desk::new(&[], "no-token");
    let source = "IF_ERR_SECRET_SOURCE";
    desk.fails(source, 74, &["nothing says which KV server", "export VAULT_ADDR=https://"]);
    let fake = fake_kv(|_| Canned::ok("{}"));
    let desk = Desk::new(&[("VAULT_ADDR", &fake.url(""))], "no-token");
    desk.fails(source, 74, &["there is no token for the KV server", "hint: vault login"]);
    let desk = Desk::new(&[("VAULT_ADDR", "vault:8200"), ("VAULT_TOKEN", "t-7f")], "t-7f");
    desk.fails("IF_ERR_CONFIG", 2, &["no URL of a server"]);
    let desk =
        Desk::new(&[("VAULT_ADDR", "http://10.0.0.1:8200"), ("VAULT_TOKEN", "t-7f")], "t-7f");
    desk.fails("IF_ERR_CONFIG", 2, &["a token does not go there in clear"]);
    assert!(fake.requests().is_empty());
}

/// No KV server: a fake that answers as a test says.
fn fake_kv(answer: impl Fn(&Recorded) -> Canned + Send + Sync + 'static) -> HttpFake {
    HttpFake::start(answer).unwrap()
}

#[test]
fn what_no_honest_server_does_is_told_and_its_words_are_not_repeated() {
    let elsewhere = fake_kv(|_| Canned::ok("{}"));
    let to = elsewhere.url("/v1/secret/data/studio/device");
    let words = format!("{{\"errors\":[\"{CANARY} echoed\"]}}");
    let answers: [(Canned, &str); 6] = [
        (Canned::status(307, "").header("location", &to), "sends us to another address"),
        (Canned::ok(format!("<html>{CANARY}</html>")), "its answer is not JSON"),
        (Canned::status(500, words), "it answered with status 500"),
        (Canned::ok("x".repeat(2 << 20)), "larger than the limit of 1048576 bytes"),
        (Canned::hang_up(), "closed before an answer"),
        (Canned::never(), "it did not answer within 300 ms"),
    ];
    for (canned, expect) in answers {
        let fake = fake_kv(move |_| canned.clone());
        let desk = Desk::new(&[("VAULT_ADDR", &fake.url("")), ("VAULT_TOKEN", "t-7f1c")], "t-7f1c");
        let line = ["hostile", "use-header", "target", "--reversed", "x", "--timeout", "300ms"];
        let said = desk.run(&line).fails("IF_ERR_SECRET_SOURCE", 74);
        assert!(said.contains(expect), "expected {expect}\n{said}");
        assert!(desk.device.requests().is_empty());
    }
    assert!(elsewhere.requests().is_empty(), "a redirect was followed");
}

#[test]
fn a_value_is_held_to_the_bounds_of_the_vault_and_of_its_place() {
    let large = format!("{CANARY}{}", "x".repeat(64 << 10));
    let code = |value: String| {
        let body = json!({"data": {"data": {"password": value}, "metadata": {"version": 1}}});
        let fake = fake_kv(move |_| Canned::json(&body));
        let desk = Desk::new(&[("VAULT_ADDR", &fake.url("")), ("VAULT_TOKEN", "t-7f1c")], "t-7f1c");
        let run = desk.use_it();
        assert!(desk.device.requests().is_empty());
        run
    };
    let said = code(large).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("`hostile/target/password` is larger than 65536 bytes"), "{said}");
    code(String::new()).fails("IF_ERR_USAGE", 2);
    // A line break cannot become a header of its own.
    code(format!("{CANARY}\r\nx-more: 1")).fails("IF_ERR_SECRET_SINK", 4);
}

#[test]
fn a_server_is_asked_once_after_the_intent_and_only_for_what_the_plugin_declares() {
    let good = |_: &Recorded| {
        Canned::json(&json!({"data": {"data": {"password": CANARY}, "metadata": {"version": 1}}}))
    };
    let fake = fake_kv(good);
    let desk = Desk::new(&[("VAULT_ADDR", &fake.url("")), ("VAULT_TOKEN", "t-7f1c")], "t-7f1c");
    let file = desk.lab.home().join("providers/hostile.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}      undeclared: kv:secret/another#x\n")).unwrap();
    desk.use_it().ok();
    let asked =
        |fake: &HttpFake| fake.requests().into_iter().map(|it| it.target).collect::<Vec<_>>();
    assert_eq!(asked(&fake), ["/v1/secret/data/studio/device"]);
    // What is refused before the intent asks nobody; nor does whoever only lists and shows.
    desk.run(&["hostile", "use-header", "target", "--nonsense"]).fails("IF_ERR_USAGE", 2);
    for line in
        [&["secret", "list"][..], &["hostile", "show", "target"], &["hostile", "list"], &["lint"]]
    {
        desk.run(line).ok();
    }
    assert_eq!(asked(&fake).len(), 1);
}

#[test]
fn the_intent_is_in_the_log_before_anything_leaves() {
    let (home, seen) = (Arc::new(OnceLock::<PathBuf>::new()), Arc::new(Mutex::new(Vec::new())));
    let (known, noted) = (home.clone(), seen.clone());
    let fake = fake_kv(move |_| {
        // While it is asked: what does the log say?
        let words = ["witness", "query", "--provider", "hostile", "--json"];
        let mut query = Command::new(binary());
        let said = query.args(words).env("IF_HOME", known.get().unwrap()).output().unwrap();
        noted.lock().unwrap().push(String::from_utf8(said.stdout).unwrap());
        Canned::json(&json!({"data": {"data": {"password": CANARY}, "metadata": {"version": 1}}}))
    });
    let desk = Desk::new(&[("VAULT_ADDR", &fake.url("")), ("VAULT_TOKEN", "t-7f1c")], "t-7f1c");
    home.set(desk.lab.home()).unwrap();
    desk.use_it().ok();
    let said: Value = serde_json::from_str(&seen.lock().unwrap().remove(0)).unwrap();
    let entry = &said["entries"][0];
    assert_eq!(entry["opened"]["leaf"]["kind"], "intent", "{said}");
    assert_eq!(entry["opened"]["leaf"]["command"], "use-header", "{said}");
    assert!(entry["closed"].is_null(), "{said}");
}

#[test]
fn doctor_tells_what_each_place_gives() {
    let sealed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let seen = sealed.clone();
    let fake = fake_kv(move |_| match seen.load(std::sync::atomic::Ordering::SeqCst) {
        true => Canned::status(503, r#"{"errors":["Vault is sealed"]}"#),
        false => Canned::json(
            &json!({"data": {"data": {"password": CANARY}, "metadata": {"version": 1}}}),
        ),
    });
    let desk = Desk::new(&[("VAULT_ADDR", &fake.url("")), ("VAULT_TOKEN", "t-7f1c")], "t-7f1c");
    let finding = || {
        let report: Value = serde_json::from_str(&desk.run(&["doctor", "--json"]).stdout).unwrap();
        let checks = report["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["check"] == "secret").unwrap()
    };
    assert_eq!(finding()["health"], "bad");
    assert!(finding()["about"].as_str().unwrap().contains("it is sealed"));
    sealed.store(false, std::sync::atomic::Ordering::SeqCst);
    let there = format!("hostile/target/password comes from {REFERENCE}");
    assert_eq!(finding(), json!({"check": "secret", "health": "good", "about": there}));
}
