//! `discover`: the host looks on this machine alone, the plugin names, and nobody else is asked.

use crate::lab::{Lab, root, switcher};
use if_fakes::VmixSimulator;
use if_fakes::http::{Canned, HttpFake};
use serde_json::json;
use std::path::Path;

/// Only this machine: a test must not ask a network for anything.
const HERE: [&str; 2] = ["--network", "127.0.0.1"];

/// A lab with a vMix plugin that probes `port` instead of 8088.
fn probing(port: u16) -> Lab {
    let lab = Lab::fresh();
    let source = root().join("plugins/vmix");
    let copy = lab.path().join("vmix-source");
    std::fs::create_dir_all(&copy).unwrap();
    for entry in std::fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "csv") {
            std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
        }
    }
    let declared = std::fs::read_to_string(source.join("plugin.toml")).unwrap();
    let target = source.join("../target").display().to_string();
    let declared = declared
        .replace("\"../target", &format!("\"{target}"))
        .replace("port = 8088", &format!("port = {port}"));
    std::fs::write(copy.join("plugin.toml"), declared).unwrap();
    install(&lab, &copy);
    lab
}

fn install(lab: &Lab, source: &Path) {
    let package = lab.path().join("vmix-package").display().to_string();
    let source = source.display().to_string();
    lab.run(["plugin", "pack", &source, "--out", &package]).ok();
    for verb in ["sign", "allow", "install"] {
        lab.run(["plugin", verb, &package]).ok();
    }
}

#[test]
fn a_vmix_is_found_and_the_line_that_adds_it_works() {
    let vmix = VmixSimulator::start().unwrap();
    let lab = probing(vmix.http_port);
    let run = lab.run(["vmix", "discover"].iter().chain(&HERE));
    let line =
        format!("ifctl vmix add vmix --host 127.0.0.1 --port {} --tcp-port 8099", vmix.http_port);
    assert!(run.stderr.contains(&format!("hint: {line}")), "{run:?}");
    assert!(run.stdout.contains("vMix 27.0.0.49 4K"), "{run:?}");
    lab.run(line.split(' ').skip(1)).ok();
    let found = lab.run(["vmix", "discover", "--json"].iter().chain(&HERE)).json();
    assert_eq!(found[0]["configured"], "vmix", "{found}");
    assert_eq!(found[0]["settings"]["host"], "127.0.0.1");
    assert_eq!(vmix.functions_seen(), Vec::<String>::new());
    let seen = vmix.requests_seen();
    assert!(seen.iter().all(|seen| seen.line == "GET /api/"), "{seen:?}");
}

#[test]
fn a_look_stands_in_the_log_with_its_traffic() {
    let vmix = VmixSimulator::start().unwrap();
    let lab = probing(vmix.http_port);
    lab.run(["vmix", "discover", "--why", "new studio"].iter().chain(&HERE)).ok();
    let logged = lab.run(["witness", "query", "--provider", "vmix", "--json"]).json();
    let entry = &logged["entries"][0];
    assert_eq!(entry["opened"]["leaf"]["command"], "discover");
    let traffic = &entry["closed"]["leaf"]["traffic"][0];
    assert_eq!(traffic["endpoint"], format!("probe-{}", vmix.http_port), "{entry}");
    assert_eq!(traffic["read"], 1);
    let operation = entry["opened"]["leaf"]["operation"].as_str().unwrap();
    let evidence = lab.run(["witness", "query", "--operation", operation]).ok();
    assert!(evidence.contains("this machine"), "{evidence}");
}

#[test]
fn a_dry_run_tells_where_it_would_look_and_looks_nowhere() {
    let vmix = VmixSimulator::start().unwrap();
    let lab = probing(vmix.http_port);
    let run = lab.run(["vmix", "discover", "--dry-run"].iter().chain(&HERE)).ok();
    let expect = format!("GET :{}/api/ at 1 addresses of this machine", vmix.http_port);
    assert!(run.contains(&expect), "{run}");
    assert_eq!(vmix.requests_seen(), []);
}

#[test]
fn what_is_no_vmix_is_not_shown_to_the_plugin() {
    let page = HttpFake::start(|_| Canned::ok("<html>vmix</html>")).unwrap();
    let lab = probing(page.port);
    let run = lab.run(["vmix", "discover"].iter().chain(&HERE)).ok();
    assert_eq!(run.trim(), "none found");
    assert_eq!(page.requests().len(), 1);
}

#[test]
fn a_network_that_is_not_ones_own_is_refused_before_anything_is_sent() {
    let (lab, vmix) = switcher();
    let before = vmix.requests_seen().len();
    for (network, words) in [
        ("203.0.113.0/24", "none of this machine's private networks"),
        ("everywhere", "is no IPv4 network"),
    ] {
        let error = lab.run(["vmix", "discover", "--network", network]).fails("IF_ERR_USAGE", 2);
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(vmix.requests_seen().len(), before);
    let guest = Lab::with(&["noop"]);
    let run = guest.run(["noop", "discover", "--json"].iter().chain(&HERE));
    assert_eq!(run.json(), json!([]), "who declares nothing finds nothing");
}
