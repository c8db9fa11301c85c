//! What every parser of foreign bytes must hold, as one function per parser.
//!
//! A target takes any bytes and panics where the parser breaks a promise: not only "it does not
//! crash", but what acceptance means. A name that is accepted prints as it was written; a document
//! that is believed is believed when it is written anew; two readers of one text agree. The
//! targets are a library, so that the committed seeds are replayed by an ordinary test, without a
//! fuzzer; `tests/fuzz/driver.rs` puts libFuzzer in front of them.

// Here a panic is the result: it says what was found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alike;
mod answers;
mod backups;
mod bundles;
mod configs;
mod dns;
mod grants;
mod guests;
mod input;
mod logs;
mod manifests;
mod names;
mod secrets;
mod signed;
mod sigstore;
mod sinks;
mod strict;
mod terminal;
mod traffic;
mod trees;
mod values;
mod vaults;

// Parts of the program that print and read for people. It is no library, so they are taken as
// they are: neither needs anything else of it.
#[path = "../../../../host/src/print/sanitize.rs"]
mod sanitize;
#[path = "../../../../host/src/print/time.rs"]
mod time;

/// One parser under fire: its name, which is that of its folder of seeds, and what it must hold.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("address", grants::address),
    ("allow-list", signed::allow_list),
    ("approval", signed::approval),
    ("archive-sealed", vaults::archive),
    ("backup", backups::unpack),
    ("bundle", bundles::bundle),
    ("capture", secrets::capture),
    ("config-file", configs::settings),
    ("deny-list", signed::deny_list),
    ("description", manifests::description),
    ("dns", dns::packets),
    ("echo", secrets::echo),
    ("effect-table", manifests::effect_table),
    ("envelope", signed::envelope),
    ("guest-json", guests::json),
    ("host-name", grants::host_name),
    ("http-answer", answers::http),
    ("http-target", grants::http_target),
    ("instant", logs::instant),
    ("json-place", secrets::place),
    ("json-pointer", traffic::pointer),
    ("key", names::key),
    ("leaf", logs::leaves),
    ("lock-file", signed::lock_file),
    ("log-entries", trees::bundled),
    ("log-key", trees::key),
    ("log-note", trees::note),
    ("log-proof", trees::proof),
    ("log-receipt", trees::receipt),
    ("log-submission", trees::submission),
    ("manifest-diff", manifests::diff),
    ("manifest-json", manifests::json),
    ("manifest-toml", manifests::toml),
    ("name", names::name),
    ("probe", answers::probe),
    ("provider-file", configs::provider_file),
    ("recipe", secrets::recipe),
    ("s3-answer", answers::s3),
    ("secret-name", vaults::name),
    ("secret-reference", configs::secret_reference),
    ("sigstore-bundle", sigstore::bundle),
    ("sigstore-proof", sigstore::proof),
    ("sigstore-root", sigstore::root),
    ("sink-body", sinks::body),
    ("sink-form", sinks::form),
    ("sink-frame", sinks::frame),
    ("sink-line", sinks::line),
    ("sink-path", sinks::path),
    ("sink-query", sinks::query),
    ("strict-json", strict::json),
    ("template", values::template),
    ("terminal", terminal::shown),
    ("traffic-frame", traffic::frame),
    ("traffic-line", traffic::line),
    ("traffic-request", traffic::request),
    ("trust-root", signed::trust_root),
    ("url-setting", values::url),
    ("value", values::value),
    ("vault-contents", vaults::contents),
    ("vault-key", vaults::key),
    ("vault-sealed", vaults::sealed),
    ("websocket", answers::websocket),
    ("websocket-hand", answers::hand),
    ("worker-is-told", guests::told),
    ("worker-says", guests::said),
];
