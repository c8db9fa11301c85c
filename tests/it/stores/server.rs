//! The whole program with its log on a real PostgreSQL.

use crate::lab::Lab;
use if_servers::Postgres;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A home whose log is in a database of this server.
pub fn lab(server: &Postgres) -> Lab {
    let lab = Lab::bare();
    let url = server.database("log").unwrap();
    let password = server.password_file(lab.path()).unwrap();
    let reference = format!("file:{}", password.display());
    let store = ["--store", &url, "--store-password", &reference];
    lab.run(["init", "--no-passphrase"].iter().chain(&store)).ok();
    lab
}

#[test]
fn a_home_keeps_its_log_and_its_budgets_on_a_server() {
    if !if_servers::require!(Postgres) {
        return;
    }
    let server = Postgres::start().unwrap();
    let lab = lab(&server);
    assert!(!lab.home().join("if.db").exists());
    let config = fs::read_to_string(lab.home().join("config.yaml")).unwrap();
    assert!(!config.contains(&server.password), "{config}");
    lab.install("meter");
    lab.run(["meter", "add", "here"]).ok();
    lab.run(["optimise", "budget", "set", "global", "0.05", "USD"]).ok();
    lab.run(["meter", "buy", "here"]).ok();
    lab.run(["meter", "buy", "here"]).ok();
    lab.run(["meter", "buy", "here"]).fails("IF_ERR_BUDGET", 5);
    let rows = server.tell("log", "SELECT count(*) FROM infrafabric.spending").unwrap();
    assert_eq!(rows, "2");
    // A command that is killed owes what it set aside, and is closed by the next one.
    lab.run(["optimise", "budget", "set", "global", "1", "USD"]).ok();
    let hold = ["meter", "hold", "here", "500", "--millis", "15000"];
    let mut child = lab.command(hold).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let held = || {
        let sum = "SELECT count(*) FROM infrafabric.spending WHERE reserved = 500";
        server.tell("log", sum).unwrap() == "1"
    };
    let patience = Instant::now() + Duration::from_secs(20);
    while !held() {
        assert!(Instant::now() < patience, "nothing was reserved");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let told = lab.run(["optimise", "verify"]).ok();
    assert!(told.starts_with("3 operations"), "{told}");
    lab.run(["witness", "verify"]).ok();
    let unknown = lab.run(["witness", "query", "--outcome", "unknown", "--json"]).json();
    assert_eq!(unknown["entries"].as_array().unwrap().len(), 1, "{unknown}");
    let replayed = lab.run(["witness", "replay", "--all", "--json"]).json();
    assert!(replayed["replayed"].as_array().unwrap().len() >= 3, "{replayed}");
    let healthy = lab.run(["doctor"]);
    assert!(healthy.stdout.contains("postgresql://127.0.0.1"), "{}", healthy.stdout);
    let backup = ["backup", "here.backup", "--no-passphrase", "--yes"];
    let said = lab.run(backup).fails("IF_ERR_USAGE", 2);
    assert!(said.contains("pg_dump"), "{said}");
}

#[test]
fn a_server_that_is_gone_or_lets_nobody_in_is_named_and_nothing_runs() {
    if !if_servers::require!(Postgres) {
        return;
    }
    let server = Postgres::start().unwrap();
    let lab = lab(&server);
    lab.install("meter");
    lab.run(["meter", "add", "here"]).ok();
    let config = lab.home().join("config.yaml");
    let good = fs::read_to_string(&config).unwrap();
    let wrong = lab.path().join("wrong");
    fs::write(&wrong, "not-the-password").unwrap();
    fs::set_permissions(&wrong, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let right = lab.path().join("database-password").display().to_string();
    fs::write(&config, good.replace(&right, &wrong.display().to_string())).unwrap();
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_STORE", 74);
    assert!(said.contains("authentication failed"), "{said}");
    fs::write(&config, good.replace(&right, "/nowhere/at/all")).unwrap();
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_SECRET_SOURCE", 74);
    assert!(said.contains("file:/nowhere/at/all"), "{said}");
    fs::write(&config, good.replace("postgresql://owner@", "postgresql://owner:hunter2@")).unwrap();
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_CONFIG", 2);
    assert!(said.contains("password: env:") && !said.contains("hunter2"), "{said}");
    fs::write(&config, &good).unwrap();
    lab.run(["meter", "buy", "here"]).ok();
    drop(server);
    let said = lab.run(["meter", "buy", "here"]).fails("IF_ERR_STORE", 74);
    assert!(said.contains("postgresql://127.0.0.1") && said.contains("config.yaml"), "{said}");
}

#[test]
fn a_server_that_does_not_flush_is_refused() {
    if !if_servers::require!(Postgres) {
        return;
    }
    let server = Postgres::start_with(&["fsync=off"]).unwrap();
    let lab = Lab::bare();
    let url = server.database("log").unwrap();
    let store = ["--store", &url, "--store-password", "env:PW"];
    let mut init = lab.command(["init", "--no-passphrase"].iter().chain(&store));
    let refused = init.env("PW", &server.password).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("its `fsync` is off"), "{said}");
    assert!(!lab.home().join("keys").join("root.key").exists(), "half a home was made");
}

#[test]
fn a_server_elsewhere_is_verified_through_tls() {
    if !if_servers::require!(Postgres) {
        return;
    }
    let server = Postgres::start().unwrap();
    let url = server.database("log").unwrap().replace("127.0.0.1", "localhost");
    let url = format!("{url}?sslmode=require");
    // One home: what failed left nothing that is in the way of the next attempt.
    let lab = Lab::bare();
    let init = |extra: &[&str]| {
        let words = ["init", "--no-passphrase", "--store", &url, "--store-password", "env:PW"];
        let mut command = lab.command(words.iter().chain(extra));
        let output = command.env("PW", &server.password).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (exit, said) = init(&[]);
    assert!(exit == Some(74) && said.contains("certificate"), "{said}");
    let (exit, said) = init(&["--store-ca-file", &server.ca_file().display().to_string()]);
    assert_eq!(exit, Some(0), "{said}");
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                     WHERE application_name = 'infrafabric'";
    assert_ne!(server.tell("log", encrypted).unwrap(), "f");
}
