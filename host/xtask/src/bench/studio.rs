//! One question to a real OBS, beside a native client that asks the same and beside `obs-cli`, the
//! command line from PyPI that people use for it.

use super::lab::{Lab, release};
use super::rivals::{self, RATIO_MAX};
use super::syncs;
use super::table::{Row, ms};
use super::timing::medians;
use crate::shell;
use anyhow::Result;
use if_servers::{Obs, Server};

/// How many times a native client's time ours may take.
const NATIVE_RATIO_MAX: f64 = 1.5;
/// How often each line runs beside the native client.
const RUNS: usize = 60;
/// The same with and without bounds: the difference is small beside what disturbs a command.
const BOUNDS_RUNS: usize = 300;
/// How many times the unbounded command's time the bounded one may take.
const BOUNDS_MAX: f64 = 1.05;
/// The same beside the rival, which takes half a second each time.
const RIVAL_RUNS: usize = 30;

const WHAT: &str = "`ifctl obs scene current studio`";
const CURRENT: &[&str] = &["obs", "scene", "current", "studio"];

/// A home that knows this OBS.
fn studio(obs: &Obs) -> Result<Lab> {
    let (lab, port) = (Lab::new(None)?, obs.port.to_string());
    lab.bring(&shell::root().join("plugins/obs"))?;
    lab.ok(&["obs", "add", "studio", "--host", "127.0.0.1", "--port", &port])?;
    lab.fed(&["secret", "set", "obs", "studio", "password"], &obs.password)?;
    Ok(lab)
}

/// A whole command beside the same by programs that give guests neither fuel nor interruptions.
pub fn bounds() -> Result<Row> {
    let what = format!("fuel and epochs: {WHAT}, unbounded");
    if let Some(program) = Server::Obs.missing() {
        return Ok(Row::information(&what, format!("not measured: no `{program}`")));
    }
    let obs = Obs::start()?;
    let (bounded, free) = (studio(&obs)?, studio(&obs)?.with(&super::unbounded()));
    let (bounded, free) = medians(BOUNDS_RUNS, &mut [bounded.line(CURRENT), free.line(CURRENT)])?;
    Ok(Row::compared(&what, bounded, free, Some(BOUNDS_MAX)))
}

/// `ifctl obs scene current` beside the others.
pub fn scene() -> Result<Vec<Row>> {
    let (what, current) = (WHAT, CURRENT);
    if let Some(program) = Server::Obs.missing() {
        return Ok(vec![Row::information(what, format!("not measured: no `{program}`"))]);
    }
    let obs = Obs::start()?;
    let (lab, port) = (studio(&obs)?, obs.port.to_string());
    let mut bare = shell::command(release("bare-websocket"));
    bare.args([&port, &obs.password]);
    let (ours, theirs) = medians(RUNS, &mut [lab.line(current), bare])?;
    let beside = format!("{what}, bare WebSocket client");
    let mut rows = vec![Row::compared(&beside, ours, theirs, Some(NATIVE_RATIO_MAX))];
    if shell::has(syncs::TRACER) {
        let flushes = syncs::of(RUNS, lab.path(), |words| lab.under(words, current))?;
        let summed = flushes.per_run.median();
        rows.push(Row::information("its flushes, summed", ms(summed)));
        let without = ours.saturating_sub(summed);
        rows.push(Row::compared("without flushes", without, theirs, None));
    }
    let Some(rival) = rivals::OBS_CLI.installed()? else {
        rows.push(rivals::OBS_CLI.not_measured(what));
        return Ok(rows);
    };
    let mut rival = shell::command(rival);
    rival.args(["--host", "127.0.0.1", "--port", &port, "--password", &obs.password]);
    rival.args(["scene", "current"]);
    let (ours, theirs) = medians(RIVAL_RUNS, &mut [lab.line(current), rival])?;
    rows.push(Row::compared(&rivals::OBS_CLI.beside(what), ours, theirs, Some(RATIO_MAX)));
    Ok(rows)
}
