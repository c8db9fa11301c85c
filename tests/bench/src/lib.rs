//! What the bare programs have in common: a store with nothing but WASI in it, and what a guest is
//! told of its call.

use wasmtime::component::{ResourceTable, Val};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// The data of a bare store.
pub struct Bare {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for Bare {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl Default for Bare {
    fn default() -> Self {
        Self { wasi: WasiCtx::builder().build(), table: ResourceTable::new() }
    }
}

/// What `instance.get` answers.
pub fn facts() -> Val {
    let text = |value: &str| Val::String(value.into());
    Val::Record(vec![
        ("name".into(), text("here")),
        ("settings".into(), text("{}")),
        ("actor".into(), text("bench")),
        ("trace-id".into(), text("0")),
        ("idempotency-key".into(), Val::Option(None)),
        ("deadline-ms".into(), Val::U64(10_000)),
        ("mode".into(), Val::Enum("live".into())),
    ])
}
