//! Makes the guests: from `guest.wat` and `attacks.toml` to components that the library carries as
//! bytes. The shapes of the border come from `wit/`, so that no drift is possible; what lifts a
//! module to a component is needed while building only.

// A build that fails says why and ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

#[path = "src/table.rs"]
mod table;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use table::{Attack, Bomb, Effect, Table};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Where the first text stands in the guest's memory.
const TEXTS_AT: usize = 2048;
/// Most bytes of texts: from there on the guest writes.
const TEXTS_END: usize = 32768;
/// More than the host's limits on memories (8) and on instances (64).
const BOMBS: [(Bomb, usize); 2] = [(Bomb::Memories, 12), (Bomb::Instances, 80)];

const WORLD: &str = "package if:trial;
    interface oddity { strange: func(); }
    world guest {
        include infrafabric:adapter/adapter@0.1.0;
        import wasi:clocks/monotonic-clock@0.2.9;
        import oddity;
    }";
const CLOCKS: &str = "package wasi:clocks@0.2.9;
    interface monotonic-clock {
        use wasi:io/poll@0.2.9.{pollable};
        subscribe-duration: func(when: u64) -> pollable;
    }";

fn main() {
    let here = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap());
    let wit = here.join("../../../wit/adapter-0.1.0");
    for path in ["guest.wat", "attacks.toml", "src/table.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-changed={}", wit.display());
    let wat = std::fs::read_to_string(here.join("guest.wat")).unwrap();
    let table = std::fs::read_to_string(here.join("attacks.toml")).unwrap();
    let table: Table = toml::from_str(&table).expect("attacks.toml");
    let bench = Bench { wit, wat };

    let mut list = String::from("[");
    let (alone, together): (Vec<_>, Vec<_>) = table.attack.iter().partition(|a| a.is_component());
    let all = bench.component(&together, None);
    std::fs::write(out.join("guest.wasm"), all).unwrap();
    for (at, attack) in alone.into_iter().enumerate() {
        let name = format!("alone-{at}.wasm");
        std::fs::write(out.join(&name), bench.component(&[], Some(attack))).unwrap();
        write!(list, "({:?}, include_bytes!({:?})),", attack.name, out.join(name)).unwrap();
    }
    std::fs::write(out.join("alone.rs"), list + "]").unwrap();
}

/// What every guest is made of.
struct Bench {
    wit: PathBuf,
    wat: String,
}

impl Bench {
    /// A component with these commands, or with none and this misdeed of its own.
    fn component(&self, commands: &[&Attack], alone: Option<&Attack>) -> Vec<u8> {
        let module = alone.and_then(|attack| attack.module.as_deref());
        let describe = alone.and_then(|attack| attack.describe.as_deref()).unwrap_or_default();
        let (attacks, dispatch) = functions(commands);
        let mut texts = Texts::default();
        // The table that one command grows.
        let module = module.map_or_else(|| "(table $t 1 funcref)".to_owned(), str::to_owned);
        let filled = self
            .wat
            .replace("{module}", &module)
            .replace("{attacks}", &attacks)
            .replace("{dispatch}", &dispatch)
            .replace("{describe}", describe)
            .replace("{description}", &format!("{{{}}}", quoted(&description(commands))))
            .replace("{ok}", &format!("{{{}}}", quoted(r#"{"ok":true}"#)))
            .replace("{listener}", "{\"127.0.0.1\"}")
            .replace("{recipe}", "{\"plain\"}");
        let placed = texts.place(&filled);
        let wat = placed.replace("{texts}", &texts.data);
        let bytes = lifted(&self.wit, &wat);
        match alone.and_then(|attack| attack.bomb) {
            Some(bomb) => bombed(bytes, bomb),
            None => bytes,
        }
    }
}

/// The functions of these commands, and who is called by which.
fn functions(commands: &[&Attack]) -> (String, String) {
    let (mut attacks, mut dispatch) = (String::new(), String::new());
    let mut known = std::collections::BTreeSet::new();
    for attack in commands {
        let Some(command) = &attack.command else { continue };
        if !known.insert(command) {
            assert!(attack.wat.is_none(), "{command} has two bodies");
            continue;
        }
        let body = attack.wat.as_deref().unwrap_or("(call $done)");
        writeln!(attacks, "(func $do-{command} (param $port i32) (result i32) {body})").unwrap();
        writeln!(
            dispatch,
            "(if (call $is (local.get $command) (local.get $length) {{\"{command}\"}})
               (then (return (call $do-{command} (local.get $port)))))"
        )
        .unwrap();
    }
    (attacks, dispatch)
}

/// What the guest says of itself.
fn description(commands: &[&Attack]) -> String {
    let parameter = |name: &str, kind: &str| {
        format!(r#"{{"name":"{name}","summary":"the device","kind":{kind},"required":true}}"#)
    };
    let port = || parameter("port", r#"{"int":{"min":1,"max":65535}}"#);
    let mut known = std::collections::BTreeSet::new();
    let rows: Vec<String> = commands
        .iter()
        .filter_map(|attack| attack.command.as_ref().map(|command| (command, attack)))
        .filter(|(command, _)| known.insert(*command))
        .map(|(command, attack)| {
            let effect = if attack.effect == Effect::Write { "write" } else { "read" };
            let head = format!(r#""path":"{command}","summary":"{}""#, attack.name);
            format!(r#"{{{head},"effect":"{effect}","parameters":[{}]}}"#, port())
        })
        .collect();
    let host = parameter("host", r#"{"string":{"length_max":64}}"#);
    format!(
        r#"{{"summary":"hostile on purpose","settings":[{host},{}],"commands":[{}]}}"#,
        port(),
        rows.join(",")
    )
}

/// The texts of a guest: taken out of braces, put into its memory.
#[derive(Default)]
struct Texts {
    data: String,
    used: usize,
}

impl Texts {
    /// Every `{"text"}` becomes its address and length.
    fn place(&mut self, wat: &str) -> String {
        let mut rest = wat;
        let mut placed = String::new();
        while let Some(begin) = rest.find("{\"") {
            placed.push_str(&rest[..begin]);
            let tail = &rest[begin + 2..];
            let end = tail.find("\"}").expect("a text ends");
            let text = unquoted(&tail[..end]);
            let at = TEXTS_AT + self.used;
            let bytes: String = text.bytes().map(|byte| format!("\\{byte:02x}")).collect();
            writeln!(self.data, "(data (i32.const {at}) \"{bytes}\")").unwrap();
            self.used += text.len();
            write!(placed, "(i32.const {at}) (i32.const {})", text.len()).unwrap();
            rest = &tail[end + 2..];
        }
        assert!(TEXTS_AT + self.used <= TEXTS_END, "the texts are too long");
        placed + rest
    }
}

/// A text in quotes in which no quote or brace ends it early.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\q"))
}

/// The same backwards; ends of lines may be spelt too, and any other escape is the text's own.
fn unquoted(text: &str) -> String {
    let (mut out, mut letters) = (String::new(), text.chars());
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match letters.next() {
            Some('q') => out.push('"'),
            Some('r') => out.push('\r'),
            Some('n') => out.push('\n'),
            Some('\\') => out.push('\\'),
            other => out.extend(['\\'].into_iter().chain(other)),
        }
    }
    out
}

/// The module as a component of the world.
fn lifted(wit: &Path, wat: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    resolve.push_dir(wit).unwrap();
    resolve.push_str("clocks.wit", CLOCKS).unwrap();
    let package = resolve.push_str("trial.wit", WORLD).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{wat}"));
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap_or_else(|error| panic!("{error:#}"))
}

/// The same component with a module behind everything else, instantiated again and again: with a
/// memory each, or with nothing. A component is a row of sections, so a further one may follow.
fn bombed(mut component: Vec<u8>, bomb: Bomb) -> Vec<u8> {
    let number = modules(&component);
    let times = BOMBS.iter().find(|(kind, _)| *kind == bomb).unwrap().1;
    let text = if bomb == Bomb::Memories { "(module (memory 1))" } else { "(module)" };
    section(&mut component, 1, &wat::parse_str(text).unwrap());
    let mut instances = vec![u8::try_from(times).unwrap()];
    (0..times).for_each(|_| instances.extend([0, number, 0]));
    section(&mut component, 2, &instances);
    component
}

fn section(component: &mut Vec<u8>, id: u8, content: &[u8]) {
    component.push(id);
    let mut length = content.len();
    while length > 0x7f {
        component.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    component.push(u8::try_from(length).unwrap());
    component.extend_from_slice(content);
}

/// How many core modules a component holds: its next one has this number.
fn modules(component: &[u8]) -> u8 {
    let (mut at, mut count) = (8, 0);
    while at < component.len() {
        let id = component[at];
        at += 1;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = component[at];
            at += 1;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        count += u8::from(id == 1);
        at += length;
    }
    count
}
