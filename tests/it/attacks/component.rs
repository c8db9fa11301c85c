//! Attacks that no Rust compiler would emit: components from a few lines of WebAssembly text, and
//! what stops them between `plugin pack` and the first call (`components.toml`).

use super::{MEMORY_KIB_MAX, Measured};
use crate::lab::{Lab, root};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::time::Duration;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const DESCRIPTION: &str = r#"{"summary":"by hand","settings":[],"commands":[
    {"path":"go","summary":"goes","effect":"read"}]}"#;
/// What a call may take: the deadline of two seconds, and the second of grace.
const CALL: Duration = Duration::from_secs(3);
/// The same where a component is compiled first: in a test build, by a compiler without
/// optimisation, beside other tests. Nothing that hangs comes near it.
const COMPILE: Duration = Duration::from_secs(10);
const WORLD: &str = "package test:guests;\n\
    interface strange { oddity: func(); }\n\
    world guest {\n\
    include infrafabric:adapter/adapter@0.1.0; import strange;\n\
    import wasi:random/random@0.2.9; import wasi:clocks/wall-clock@0.2.9;\n\
    }";
/// Of the baseline, what a guest may look at to be another each time.
const BASELINE: [&str; 2] = [
    "package wasi:random@0.2.9; interface random { get-random-u64: func() -> u64; }",
    "package wasi:clocks@0.2.9; interface wall-clock {\n\
    record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }",
];
/// Steps until a plugin runs, each with the words of its line; `+` is the package.
const STEPS: [(&str, &[&str]); 6] = [
    ("pack", &["plugin", "pack", ".", "--out", "+"]),
    ("sign", &["plugin", "sign", "+"]),
    ("allow", &["plugin", "allow", "+"]),
    ("install", &["plugin", "install", "+"]),
    ("add", &["PROVIDER", "add", "here"]),
    ("call", &["PROVIDER", "go", "here"]),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    component: Vec<Row>,
}

/// One component, and the step at which it is stopped.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    #[serde(default)]
    module: String,
    #[serde(default)]
    describe: Option<String>,
    #[serde(default)]
    call: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// The provider word it asks for.
    #[serde(default)]
    provider: Option<String>,
    /// Changed in the manifest before it is signed: this text, into that.
    #[serde(default)]
    forged: Option<(String, String)>,
    /// `pack`, `sign`, `allow`, `install`, `add` or `call`.
    when: String,
    /// None where it is let go on because it gets nothing by it.
    #[serde(default)]
    code: String,
    #[serde(default)]
    exit: i32,
}

impl Row {
    fn wasm(&self) -> Vec<u8> {
        let description = self.description.as_deref().unwrap_or(DESCRIPTION);
        let escaped: String = description.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let text = fs::read_to_string(root().join("tests/guests/hostile/guest.wat")).unwrap();
        let text = text
            .replace("{module}", &self.module)
            .replace("{description}", &escaped)
            .replace("{length}", &description.len().to_string())
            .replace("{describe}", self.describe.as_deref().unwrap_or("(call $described)"))
            .replace("{call}", self.call.as_deref().unwrap_or("(call $ok)"));
        let mut resolve = Resolve::default();
        resolve.push_dir(root().join("wit/adapter-0.1.0")).unwrap();
        for (at, text) in BASELINE.iter().enumerate() {
            resolve.push_str(format!("baseline-{at}.wit"), text).unwrap();
        }
        let package = resolve.push_str("guest.wit", WORLD).unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        let mut module = wat::parse_str(text).unwrap_or_else(|e| panic!("{}: {e}", self.name));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        let encoder = ComponentEncoder::default().validate(true).module(&module).unwrap();
        let mut encoder = encoder;
        encoder.encode().unwrap_or_else(|error| panic!("{}: {error:#}", self.name))
    }

    /// The plugin's folder in this lab.
    fn write(&self, folder: &Path) {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("component.wasm"), self.wasm()).unwrap();
        let provider = self.provider.as_deref().unwrap_or("byhand");
        let toml = format!(
            "id = \"if://capability/test.byhand\"\nprovider = \"{provider}\"\nversion = \
             \"0.1.0\"\nrelease = 1\ncomponent = \"component.wasm\"\n\n[limits]\n\
             memory_bytes_max = 33554432\nfuel_max = 300000000\ndeadline_ms = 2000\n"
        );
        fs::write(folder.join("plugin.toml"), toml).unwrap();
    }

    /// Takes the steps; what went wrong, if anything. `harmless` is the memory of each step of a
    /// component that does nothing.
    fn attempt(&self, lab: &Lab, at: usize, harmless: &[u64]) -> Vec<String> {
        let folder = lab.path().join(format!("byhand-{at}"));
        self.write(&folder);
        let package = folder.join("package").display().to_string();
        let provider = self.provider.as_deref().unwrap_or("byhand");
        for ((step, words), harmless) in STEPS.into_iter().zip(harmless) {
            let words = words.iter().map(|word| match *word {
                "+" => package.clone(),
                "." => folder.display().to_string(),
                "PROVIDER" => provider.to_owned(),
                word => word.to_owned(),
            });
            let Measured { run, peak_kib, took } = Measured::of(lab, words);
            if step == "pack" && run.exit == 0 {
                self.forge(Path::new(&package));
            }
            if step != self.when {
                if run.exit != 0 {
                    return vec![format!("`{step}` fails before `{}`: {}", self.when, run.stderr)];
                }
                continue;
            }
            let mut wrong = Vec::new();
            let code = (!self.code.is_empty()).then(|| format!("error[{}]", self.code));
            let ended = code.map_or(!run.stderr.contains("error["), |it| run.stderr.contains(&it));
            if !ended || run.exit != self.exit {
                wrong.push(format!("{step}: exit {}: {}", run.exit, run.stderr));
            }
            if peak_kib > harmless + MEMORY_KIB_MAX {
                wrong.push(format!("{step} took {peak_kib} KiB of memory"));
            }
            if step == "call" {
                wrong.extend(self.unlogged(lab, provider));
            }
            if took > if step == "call" { CALL } else { COMPILE } {
                wrong.push(format!("took {took:?}"));
            }
            return wrong;
        }
        vec![format!("there is no step `{}`", self.when)]
    }

    /// What the log should say of the call, and does not.
    fn unlogged(&self, lab: &Lab, provider: &str) -> Option<String> {
        let query = ["witness", "query", "--provider", provider, "--json", "-n", "1"];
        let logged = lab.run(query).json();
        let outcome = &logged["entries"][0]["closed"]["leaf"]["outcome"];
        let code = outcome["code"].as_str().unwrap_or_default();
        let fits = code == self.code && outcome["status"].is_string();
        (!fits).then(|| format!("the log says {outcome}"))
    }

    fn forge(&self, package: &Path) {
        let Some((from, into)) = &self.forged else { return };
        let path = package.join("manifest.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{}: {text}", self.name);
        fs::write(path, text.replace(from, into)).unwrap();
    }
}

/// The memory of each step of a component that does nothing.
fn harmless() -> Vec<u64> {
    let lab = Lab::with(&["noop"]);
    let folder = lab.path().join("harmless");
    Row { name: "harmless".into(), ..Row::default() }.write(&folder);
    let package = folder.join("package").display().to_string();
    let step = |(step, words): (&str, &[&str])| {
        let words = words.iter().map(|word| match *word {
            "+" => package.clone(),
            "." => folder.display().to_string(),
            "PROVIDER" => "byhand".to_owned(),
            word => word.to_owned(),
        });
        let Measured { run, peak_kib, .. } = Measured::of(&lab, words);
        assert_eq!(run.exit, 0, "{step}: {}", run.stderr);
        peak_kib
    };
    STEPS.into_iter().map(step).collect()
}

#[test]
fn attacks_by_hand_made_components_end_at_their_step() {
    let text = fs::read_to_string(root().join("tests/guests/hostile/components.toml")).unwrap();
    let table: Table = toml::from_str(&text).unwrap_or_else(|e| panic!("components.toml: {e}"));
    let harmless = harmless();
    let report: Vec<String> = table
        .component
        .iter()
        .enumerate()
        .flat_map(|(at, row)| {
            let lab = Lab::with(&["noop"]);
            lab.run(["noop", "add", "well"]).ok();
            let mut wrong = row.attempt(&lab, at, &harmless);
            if lab.run(["noop", "ping", "well"]).exit != 0 {
                wrong.push("the next command fails".into());
            }
            lab.run(["witness", "verify"]).ok();
            wrong.into_iter().map(|wrong| format!("{}: {wrong}", row.name)).collect::<Vec<_>>()
        })
        .collect();
    assert!(report.is_empty(), "{}", report.join("\n"));
}
