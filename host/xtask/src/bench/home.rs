//! One question to a real Home Assistant, beside curl with the same request and beside `hass-cli`,
//! the command line from PyPI that people use for it.
//!
//! Both get the token as an argument: nothing but the exchange is compared.

use super::lab::Lab;
use super::syncs;
use super::table::{Row, ms};
use super::timing::{self, Samples};
use crate::shell;
use anyhow::Result;
use if_servers::{HomeAssistant, Server, ha};
use std::path::PathBuf;
use std::time::Duration;

/// How often each line runs; `hass-cli` takes a second and more each time.
const RUNS: usize = 30;
/// How many times curl's time ours may take.
const CURL_RATIO_MAX: f64 = 1.5;
/// How many times `hass-cli`'s time ours may take: it is twenty times faster.
const RIVAL_RATIO_MAX: f64 = 1.0 / 20.0;
/// The rival, as PyPI has it.
const RIVAL: &str = "homeassistant-cli==0.9.6";
/// The entity that is asked for.
const ENTITY: &str = "light.studio";

/// `ifctl ha state` beside the others.
pub fn state() -> Result<Vec<Row>> {
    let what = format!("`ifctl ha state home {ENTITY}`");
    if let Some(missing) = Server::HomeAssistant.missing() {
        return Ok(vec![Row::information(&what, format!("not measured: no {missing}"))]);
    }
    let home = HomeAssistant::start()?;
    let lab = Lab::new(None)?;
    lab.bring(&shell::root().join("plugins/ha"))?;
    lab.ok(&["ha", "add", "home", "--url", &home.url()])?;
    lab.fed(&["secret", "set", "ha", "home", "token"], &home.tokens.administrator)?;
    let words = ["ha", "state", "home", ENTITY];
    let mut rows = Vec::new();
    if shell::has("curl") {
        let mut curl = shell::command("curl");
        let header = format!("Authorization: Bearer {}", home.tokens.administrator);
        curl.args(["--silent", "--fail", "--header", &header]);
        curl.arg(format!("{}/api/states/{ENTITY}", home.url()));
        let (ours, theirs) = medians(&mut [lab.line(&words), curl])?;
        rows.push(Row::compared(&format!("{what}, curl"), ours, theirs, Some(CURL_RATIO_MAX)));
        if shell::has(syncs::TRACER) {
            let flushes = syncs::of(RUNS, lab.path(), |before| lab.under(before, &words))?;
            let summed = flushes.per_run.median();
            rows.push(Row::information("its flushes, summed", ms(summed)));
            let without = ours.saturating_sub(summed);
            rows.push(Row::compared("without flushes, curl", without, theirs, None));
        }
    }
    let mut rival = shell::command(rival()?);
    rival.args(["--server", &home.url(), "--token", &home.tokens.administrator]);
    rival.args(["state", "get", ENTITY]);
    let (ours, theirs) = medians(&mut [lab.line(&words), rival])?;
    rows.push(Row::compared(
        &format!("{what}, hass-cli 0.9.6"),
        ours,
        theirs,
        Some(RIVAL_RATIO_MAX),
    ));
    Ok(rows)
}

fn medians(lines: &mut [std::process::Command; 2]) -> Result<(Duration, Duration)> {
    let samples = timing::in_turns(RUNS, lines)?;
    let median = |place: usize| samples.get(place).map(Samples::median).unwrap_or_default();
    Ok((median(0), median(1)))
}

/// Installs the rival in an environment of its own, once.
fn rival() -> Result<PathBuf> {
    let folder = ha::installed().join("rival");
    let program = folder.join("bin/hass-cli");
    if !program.exists() {
        let python = ha::installed().join("venv/bin/python");
        shell::run(shell::command(python).args(["-m", "venv"]).arg(&folder))?;
        let mut pip = shell::command(folder.join("bin/pip"));
        pip.args(["install", "--quiet", "--no-input", "--disable-pip-version-check", RIVAL]);
        shell::run(&mut pip)?;
    }
    Ok(program)
}
