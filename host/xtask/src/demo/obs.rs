//! The tour's part with a real OBS, started for it and gone after it.

use super::bring;
use crate::scenario::Scene;
use anyhow::{Result, bail, ensure};
use if_servers::Obs;

/// Switches scenes, meets OBS's own refusal, and shows that the password never shows.
pub fn tour(scene: &Scene) -> Result<()> {
    scene.tell("A real OBS, started for this tour. Its password goes into the vault, by stdin.");
    bring(scene, "plugins/obs")?;
    let obs = Obs::start()?;
    let port = obs.port.to_string();
    scene.ok(&["obs", "add", "studio", "--host", "127.0.0.1", "--port", &port], &["studio"])?;
    scene.fed(&["secret", "set", "obs", "studio", "password"], &obs.password, &["stored"])?;
    let mut said = String::new();
    for (words, says) in [
        (&["obs", "version", "studio"][..], "obs"),
        (&["obs", "scene", "create", "studio", "Main Scene"], ""),
        (&["obs", "scene", "switch", "studio", "Main Scene", "--why", "show start"], ""),
        (&["obs", "scene", "current", "studio"], "Main Scene"),
        (&["obs", "stream", "stop", "studio", "--dry-run"], "StopStream"),
    ] {
        said.push_str(&scene.ok(words, &[says])?.all());
    }
    scene.tell("A refusal in OBS's own words, as an exit code and in the log.");
    let nowhere = ["obs", "scene", "switch", "studio", "Nowhere"];
    said.push_str(&scene.refused(1, &nowhere, &["600"])?.all());
    ensure!(!said.contains(&obs.password), "the password was shown");
    if let Some(file) = scene.file_with(obs.password.as_bytes())? {
        bail!("the password stands in {}", file.display());
    }
    scene.tell(
        "The plugin logged in with a password it cannot read. It was not shown above, and no file\n\
         of the home or the cache contains it: log, vault, transcripts, compiled plugins.",
    );
    Ok(())
}
