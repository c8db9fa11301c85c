//! Builds components from a few lines of WebAssembly text.
//!
//! Every guest has the whole provider interface; a test writes what `call` does, and what it
//! imports. Helpers: `$ok` returns `{"ok":true}`, `$assert` traps on zero. Memory is 1 MiB: results
//! below 1024, the text of `$ok` there, an authority with path at 1100, lifted arguments from
//! 64 KiB.

use std::path::Path;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component whose `call` has this body; it must leave an `i32`, as `call $ok` does.
pub fn component(imports: &str, body: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let adapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../wit/adapter-0.1.0");
    resolve.push_dir(adapter).unwrap();
    let package = resolve.push_str("guest.wit", include_str!("guest.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(text(imports, body)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).unwrap();
    encoder.encode().unwrap()
}

/// A component that returns this text.
pub fn returning(json: &str) -> Vec<u8> {
    let escaped: String = json.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let imports = format!("(data (i32.const 2048) \"{escaped}\")");
    component(&imports, &format!("(call $text (i32.const 2048) (i32.const {}))", json.len()))
}

fn text(imports: &str, body: &str) -> String {
    // Imports must come first in a module; data segments may stand anywhere.
    format!(
        r#"(module
  {imports}
  (memory (export "memory") 16)
  (global $free (mut i32) (i32.const 65536))
  (data (i32.const 1024) "{{\22ok\22:true}}")
  (data (i32.const 1100) "h.example/a?b=c")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $assert (param i32) (if (i32.eqz (local.get 0)) (then unreachable)))
  (func $text (param $at i32) (param $length i32) (result i32)
    (i32.store8 (i32.const 0) (i32.const 0))
    (i32.store (i32.const 4) (local.get $at))
    (i32.store (i32.const 8) (local.get $length))
    (i32.const 0))
  (func $ok (result i32) (call $text (i32.const 1024) (i32.const 11)))
  (func (export "infrafabric:adapter/provider@0.1.0#describe") (result i32)
    (drop (call $ok))
    (i32.const 4))
  (func (export "infrafabric:adapter/provider@0.1.0#check") (result i32) (call $ok))
  (func (export "infrafabric:adapter/provider@0.1.0#discover") (result i32) (call $ok))
  (func $call (export "infrafabric:adapter/provider@0.1.0#call")
    (param i32 i32 i32 i32) (result i32)
    (local $i i32) (local $handle i32)
    {body})
)"#
    )
}
