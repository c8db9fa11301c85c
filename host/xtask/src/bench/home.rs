//! One question to a real Home Assistant, beside curl with the same request and beside `hass-cli`,
//! the command line from PyPI that people use for it.
//!
//! Both get the token as an argument: nothing but the exchange is compared.

use super::lab::Lab;
use super::rivals::{self, RATIO_MAX};
use super::syncs;
use super::table::{Row, ms};
use super::timing::medians;
use crate::shell;
use anyhow::Result;
use if_servers::{HomeAssistant, Server};
use std::time::Duration;

/// How often each line runs; `hass-cli` takes a second and more each time.
const RUNS: usize = 30;
/// How many times curl's time ours may take.
const CURL_RATIO_MAX: f64 = 1.5;
/// Between two looks for the entity, and how many.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const LOOKS_MAX: u32 = 120;
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
    await_entity(&lab, &words)?;
    let mut rows = Vec::new();
    if shell::has("curl") {
        let mut curl = shell::command("curl");
        let header = format!("Authorization: Bearer {}", home.tokens.administrator);
        curl.args(["--silent", "--fail", "--header", &header]);
        curl.arg(format!("{}/api/states/{ENTITY}", home.url()));
        let (ours, theirs) = medians(RUNS, &mut [lab.line(&words), curl])?;
        rows.push(Row::compared(&format!("{what}, curl"), ours, theirs, Some(CURL_RATIO_MAX)));
        if shell::has(syncs::TRACER) {
            let flushes = syncs::of(RUNS, lab.path(), |before| lab.under(before, &words))?;
            let summed = flushes.per_run.median();
            rows.push(Row::information("its flushes, summed", ms(summed)));
            let without = ours.saturating_sub(summed);
            rows.push(Row::compared("without flushes, curl", without, theirs, None));
        }
    }
    let Some(rival) = rivals::HASS_CLI.installed()? else {
        rows.push(rivals::HASS_CLI.not_measured(&what));
        return Ok(rows);
    };
    let mut rival = shell::command(rival);
    rival.args(["--server", &home.url(), "--token", &home.tokens.administrator]);
    rival.args(["state", "get", ENTITY]);
    let (ours, theirs) = medians(RUNS, &mut [lab.line(&words), rival])?;
    rows.push(Row::compared(&rivals::HASS_CLI.beside(&what), ours, theirs, Some(RATIO_MAX)));
    Ok(rows)
}

/// Its devices come up one by one, a moment after it answers.
fn await_entity(lab: &Lab, words: &[&str]) -> Result<()> {
    for _ in 0..LOOKS_MAX {
        if lab.ok(words).is_ok() {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    lab.ok(words).map(drop)
}
