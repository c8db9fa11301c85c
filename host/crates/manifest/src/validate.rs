//! What JSON's shape cannot say: names that refer to something, words that do not collide, bounds
//! that make sense. The first fault ends it, with its place: `predicate.commands[2].path`.
//!
//! Everything later rooms rely on without looking again is checked here, because only here it is
//! signed: a provider word that is no command of ours, an endpoint that is no wildcard, a recipe
//! that has a sink. It never mends anything and has no warnings.

mod at;
mod commands;
mod discover;
mod network;
mod parameters;
mod secrets;
#[cfg(test)]
pub(crate) mod tests;

use crate::ManifestError;
use crate::model::{
    COMPONENT_FILE, Kind, Limits, Manifest, PREDICATE_TYPE, PluginKind, Predicate, STATEMENT_TYPE,
    Subject, WORLD_POLICY, WORLD_PROVIDER,
};
use at::At;
use if_core::Digest;
pub(crate) use network::is_host;
use std::collections::BTreeSet;

/// Words behind `if` that are ours: nouns and categories. No provider may take one.
pub const RESERVED_PROVIDERS: &[&str] = &[
    "init",
    "plugin",
    "witness",
    "doctor",
    "explain",
    "completion",
    "secret",
    "trust",
    "governor",
    "optimise",
    "context",
    "backup",
    "restore",
    "bundle",
    "lint",
    "help",
    "version",
    "aliases",
    "shell-init",
    "daemon",
    "ai",
    "cloud",
    "payment",
    "chat",
    "sip",
];

/// Commands that every provider has from the host: no manifest may begin a path with one.
pub const RESERVED_COMMANDS: &[&str] = &["add", "list", "show", "test", "remove", "discover"];

/// Flags of every command, without `--`: no parameter may take one.
pub const GLOBAL_FLAGS: &[&str] = &[
    "json",
    "format",
    "why",
    "trace",
    "dry-run",
    "mode",
    "timeout",
    "idempotency-key",
    "max-cost",
    "yes",
    "claim",
    "context",
    "quiet",
    "verbose",
    "help",
    "version",
];

/// Most files in a package: each is read and hashed when it is installed.
const SUBJECTS_MAX: usize = 128;

/// Most reasons of one policy: each has a test and a line in its page.
const REASONS_MAX: usize = 64;

/// Longest line of text for people; help and lists have 80 to 200 columns.
const LINE_LENGTH_MAX: usize = 240;

/// Longest key of a table: the longest real one (a vMix function) has 41 characters.
const KEY_LENGTH_MAX: usize = 128;

/// Checks everything beyond the shape.
pub fn validate(manifest: &Manifest) -> Result<(), ManifestError> {
    let root = At::root("");
    root.field("_type").require(manifest.statement_type == STATEMENT_TYPE, || {
        format!("must be `{STATEMENT_TYPE}`")
    })?;
    root.field("predicateType").require(manifest.predicate_type == PREDICATE_TYPE, || {
        format!("must be `{PREDICATE_TYPE}`; a newer one needs a newer host")
    })?;
    subjects(&root.field("subject"), &manifest.subject)?;
    predicate(&root.field("predicate"), &manifest.predicate)
}

fn subjects(at: &At<'_>, subjects: &[Subject]) -> Result<(), ManifestError> {
    at.require(subjects.len() <= SUBJECTS_MAX, || format!("has more than {SUBJECTS_MAX} files"))?;
    let first = subjects.first().is_some_and(|one| one.name == COMPONENT_FILE);
    at.require(first, || format!("must begin with {COMPONENT_FILE}"))?;
    let mut seen = BTreeSet::new();
    for (index, subject) in subjects.iter().enumerate() {
        let at = &at.index(index);
        let name = &subject.name;
        // Two names that differ only in case are one file on some disks.
        at.field("name")
            .require(seen.insert(name.to_ascii_lowercase()), || format!("`{name}` stands twice"))?;
        at.field("name").require(index == 0 || is_data_path(name), || {
            format!(
                "`{name}` must be data/<path> of [A-Za-z0-9._-] segments, none beginning with ."
            )
        })?;
        let digest = &subject.digest.sha256;
        let plain = !digest.starts_with("sha256:") && Digest::parse(digest).is_ok();
        at.field("digest")
            .field("sha256")
            .require(plain, || format!("`{digest}` must be 64 lower-case hexadecimal digits"))?;
    }
    Ok(())
}

/// `data/…` without a way out: no empty, hidden or climbing segment.
fn is_data_path(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let segment = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.len() <= 100 && part.bytes().all(legal)
    };
    name.strip_prefix("data/").is_some_and(|path| path.split('/').all(segment))
}

fn predicate(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    let word = it.provider.as_str();
    at.field("provider").require(!RESERVED_PROVIDERS.contains(&word), || {
        format!("`{word}` is a word of the host's own")
    })?;
    at.field("id").require(!it.id.name().starts_with("host."), || {
        "must not begin with `host.`, which is the host's own".into()
    })?;
    at.field("release").require(it.release > 0, || "must be at least 1".into())?;
    let world = match it.kind {
        PluginKind::Provider => WORLD_PROVIDER,
        PluginKind::Policy => WORLD_POLICY,
    };
    at.field("world").require(it.world == world, || {
        format!("`{}` is not known; this kind of plugin implements `{world}`", it.world)
    })?;
    line(&at.field("summary"), &it.summary)?;
    imports(&at.field("imports"), &it.imports)?;
    scopes(&at.field("scopes"), &it.scopes)?;
    limits(&at.field("limits"), &it.limits)?;
    rules(at, it)?;
    tables(&at.field("tables"), it)?;
    parameters::settings(&at.field("settings"), it)?;
    commands::commands(&at.field("commands"), it)?;
    network::endpoints(&at.field("endpoints"), it)?;
    secrets::secrets(&at.field("secrets"), it)?;
    secrets::captures(&at.field("captures"), it)?;
    discover::discover(&at.field("discover"), &it.discover)?;
    prices(at, it)
}

/// A policy says by which rules it speaks, and has nothing else.
fn rules(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    let Predicate { kind: PluginKind::Policy, rules: Some(rules), .. } = it else {
        let stray = it.rules.is_some() || it.kind == PluginKind::Policy;
        return at
            .field("rules")
            .require(!stray, || "a policy has them, and a provider has none".into());
    };
    bare_policy(at, it)?;
    let at = &at.field("rules");
    at.field("reasons").require(rules.reasons.len() <= REASONS_MAX, || {
        format!("has more than {REASONS_MAX} codes")
    })?;
    for (code, meaning) in &rules.reasons {
        line(&at.field("reasons").key(code.as_str()), meaning)?;
    }
    let twice = (1..rules.needs.len()).any(|index| {
        let (before, rest) = rules.needs.split_at(index);
        rest.first().is_some_and(|need| before.contains(need))
    });
    at.field("needs").require(!twice, || "names one twice".into())
}

/// A policy is a pure function: it has nobody to talk to and nothing to keep.
fn bare_policy(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    let empty = it.endpoints.is_empty()
        && it.secrets.is_empty()
        && it.captures.is_empty()
        && it.commands.is_empty()
        && it.imports.is_empty()
        && it.scopes.is_empty()
        && it.settings.iter().all(|setting| setting.kind != Kind::Secret);
    at.field("kind").require(empty, || {
        "a policy has no imports, scopes, endpoints, secrets, captures or commands".into()
    })
}

/// One line of plain text for people.
fn line(at: &At<'_>, text: &str) -> Result<(), ManifestError> {
    at.require(!text.trim().is_empty(), || "must not be empty".into())?;
    at.require(text.chars().count() <= LINE_LENGTH_MAX, || {
        format!("must have at most {LINE_LENGTH_MAX} characters")
    })?;
    at.require(is_plain(text), || "must be one line without control or direction marks".into())
}

/// No control characters and none that reorder or hide text on a reviewer's screen.
fn is_plain(text: &str) -> bool {
    let hidden = |c: char| {
        matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    !text.chars().any(|c| c.is_control() || hidden(c))
}

fn imports(at: &At<'_>, imports: &[String]) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for (index, import) in imports.iter().enumerate() {
        let at = &at.index(index);
        at.require(is_import(import), || {
            format!("`{import}` must look like wasi:http/outgoing-handler@0.2")
        })?;
        at.require(seen.insert(import), || format!("`{import}` stands twice"))?;
    }
    Ok(())
}

/// `package:name/interface@major.minor`.
fn is_import(import: &str) -> bool {
    let name = |text: &str| {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !text.is_empty() && text.bytes().all(legal)
    };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts = || {
        let (path, version) = import.split_once('@')?;
        let (package, interface) = path.split_once('/')?;
        let (namespace, package) = package.split_once(':')?;
        let (major, minor) = version.split_once('.')?;
        Some(
            [namespace, package, interface].into_iter().all(name) && number(major) && number(minor),
        )
    };
    parts().unwrap_or(false)
}

fn scopes(at: &At<'_>, scopes: &[String]) -> Result<(), ManifestError> {
    let mut seen = BTreeSet::new();
    for (index, scope) in scopes.iter().enumerate() {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        let word = |part: &str| !part.is_empty() && part.bytes().all(legal);
        let ok = scope.contains(':') && scope.split(':').all(word);
        at.index(index).require(ok, || format!("`{scope}` must look like studio:control"))?;
        at.index(index).require(seen.insert(scope), || format!("`{scope}` stands twice"))?;
    }
    Ok(())
}

fn limits(at: &At<'_>, limits: &Limits) -> Result<(), ManifestError> {
    for (name, asked, most) in limits.rows() {
        // A plugin without network is one with no connections; every other limit needs a value.
        let least = u64::from(name != "connections_max");
        at.field(name).require(asked >= least, || format!("must be at least {least}"))?;
        at.field(name).require(asked <= most, || format!("must be at most {most}"))?;
    }
    Ok(())
}

fn tables(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    for (name, table) in &it.tables {
        let at = &at.key(name);
        at.require(if_core::Word::new(name.as_str()).is_ok(), || {
            "its name must match [a-z0-9-]+".into()
        })?;
        at.require(!table.is_empty(), || "is empty: every key would be dangerous".into())?;
        for key in table.keys() {
            let fine = !key.is_empty() && key.len() <= KEY_LENGTH_MAX && is_plain(key);
            at.key(key).require(fine, || {
                format!("keys are 1 to {KEY_LENGTH_MAX} bytes without control characters")
            })?;
        }
    }
    Ok(())
}

fn prices(at: &At<'_>, it: &Predicate) -> Result<(), ManifestError> {
    for (path, price) in &it.prices {
        let prices = at.field("prices");
        let at = prices.key(path);
        let command = it.commands.iter().find(|command| command.path == *path);
        at.require(command.is_some(), || format!("there is no command `{path}`"))?;
        price.check().or_else(|(part, why)| at.field(part).require(false, || why))?;
        let named =
            price.transaction.iter().flat_map(|it| [Some(&it.amount), it.currency.as_ref()]);
        for name in named.flatten() {
            let known = command
                .is_some_and(|it| it.parameters.iter().any(|known| known.name.as_str() == name));
            at.field("transaction").require(known, || format!("there is no parameter `{name}`"))?;
        }
    }
    let currency = at.field("currency");
    match &it.currency {
        None => currency.require(it.prices.is_empty(), || "prices need a currency".into()),
        Some(code) => {
            let ok = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            currency.require(ok, || format!("`{code}` must be an ISO 4217 code such as USD"))
        }
    }
}
