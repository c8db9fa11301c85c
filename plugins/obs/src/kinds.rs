//! Kinds of inputs and filters, found in what this OBS has rather than in what some version once
//! had: `text` becomes `text_gdiplus_v3` on a new Windows and `text_ft2_source_v2` on Linux.
//!
//! A name with a version (`color_source_v2`) is taken at its word; one without means the newest.

use crate::protocol::{NO_SUCH_KIND, UNKNOWN_REQUEST};
use crate::session::Obs;
use if_sdk::did_you_mean;
use if_sdk::prelude::*;

/// What people say, and the kinds it may be, by platform.
const INPUTS: &[(&str, &[&str])] = &[
    ("color", &["color_source"]),
    ("colour", &["color_source"]),
    ("text", &["text_gdiplus", "text_ft2_source"]),
    ("image", &["image_source"]),
    ("slideshow", &["slideshow"]),
    ("browser", &["browser_source"]),
    ("media", &["ffmpeg_source"]),
    ("vlc", &["vlc_source"]),
    ("ndi", &["ndi_source"]),
    ("camera", &["dshow_input", "macos-avcapture", "av_capture_input", "v4l2_input"]),
    ("webcam", &["dshow_input", "macos-avcapture", "av_capture_input", "v4l2_input"]),
    (
        "display",
        &["monitor_capture", "screen_capture", "pipewire-desktop-capture-source", "xshm_input"],
    ),
    ("window", &["window_capture", "pipewire-window-capture-source", "xcomposite_input"]),
    ("game", &["game_capture"]),
    (
        "microphone",
        &[
            "wasapi_input_capture",
            "coreaudio_input_capture",
            "pulse_input_capture",
            "alsa_input_capture",
        ],
    ),
    (
        "desktop-audio",
        &["wasapi_output_capture", "coreaudio_output_capture", "pulse_output_capture"],
    ),
];

/// The same for filters.
const FILTERS: &[(&str, &[&str])] = &[
    ("chroma-key", &["chroma_key_filter"]),
    ("color-key", &["color_key_filter"]),
    ("luma-key", &["luma_key_filter"]),
    ("color", &["color_filter"]),
    ("lut", &["clut_filter"]),
    ("crop", &["crop_filter"]),
    ("mask", &["mask_filter"]),
    ("scale", &["scale_filter"]),
    ("scroll", &["scroll_filter"]),
    ("sharpness", &["sharpness_filter"]),
    ("delay", &["gpu_delay", "async_delay_filter"]),
    ("noise-suppress", &["noise_suppress_filter"]),
    ("noise-gate", &["noise_gate_filter"]),
    ("gain", &["gain_filter"]),
    ("compressor", &["compressor_filter"]),
    ("limiter", &["limiter_filter"]),
    ("expander", &["expander_filter"]),
    ("invert-polarity", &["invert_polarity_filter"]),
];

/// Versions of a filter tried on an OBS too old to list its kinds (before obs-websocket 5.4).
const VERSION_TRIED_MAX: u32 = 3;

/// The input kind that `given` means on this OBS.
pub fn input(obs: &mut Obs, given: &str) -> Result<String, Failure> {
    let answer = obs.request("GetInputKindList", json!({ "unversioned": false }))?;
    choose(INPUTS, given, &names(&answer, "inputKinds"))
}

/// The filter kind that `given` means on this OBS.
pub fn filter(obs: &mut Obs, given: &str) -> Result<String, Failure> {
    match obs.ask("GetSourceFilterKindList") {
        Ok(answer) => choose(FILTERS, given, &names(&answer, "sourceFilterKinds")),
        Err(Failure::Refused(refusal)) if refusal.code == UNKNOWN_REQUEST => try_out(obs, given),
        Err(failure) => Err(failure),
    }
}

fn names(answer: &Value, list: &str) -> Vec<String> {
    let names = answer.at(list).items().iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn meant<'a>(table: &[(&str, &'a [&'a str])], given: &'a str) -> Vec<&'a str> {
    let found = table.iter().find(|(word, _)| *word == given);
    found.map_or_else(|| vec![given], |(_, kinds)| kinds.to_vec())
}

/// The newest version of the first kind that exists.
fn choose(table: &[(&str, &[&str])], given: &str, exist: &[String]) -> Result<String, Failure> {
    for base in meant(table, given) {
        let version = |kind: &&String| version_of(base, kind);
        if let Some(kind) = exist.iter().filter(|k| version(k).is_some()).max_by_key(version) {
            return Ok(kind.clone());
        }
    }
    let known = exist.iter().map(String::as_str).chain(table.iter().map(|(word, _)| *word));
    let tail = did_you_mean(given, known);
    Err(Failure::usage(format!("this OBS has no kind `{given}`{tail}; `obs kinds` lists them")))
}

/// The version that `kind` is of `base`: 1 for the same name, 3 for `base_v3`.
fn version_of(base: &str, kind: &str) -> Option<u32> {
    match kind.strip_prefix(base)? {
        "" => Some(1),
        rest => rest.strip_prefix("_v")?.parse().ok(),
    }
}

/// Asks for default settings, newest version first: OBS refuses where there is no such kind.
fn try_out(obs: &mut Obs, given: &str) -> Result<String, Failure> {
    for base in meant(FILTERS, given) {
        for version in (1..=VERSION_TRIED_MAX).rev() {
            let kind = if version == 1 { base.into() } else { format!("{base}_v{version}") };
            let asked = json!({ "filterKind": kind });
            match obs.request("GetSourceFilterDefaultSettings", asked) {
                Ok(_) => return Ok(kind),
                Err(Failure::Refused(no)) if NO_SUCH_KIND.contains(&no.code.as_str()) => {}
                Err(failure) => return Err(failure),
            }
        }
    }
    let tail = did_you_mean(given, FILTERS.iter().map(|(word, _)| *word));
    Err(Failure::usage(format!("this OBS has no filter kind `{given}`{tail}")))
}

/// `kinds`: what `--type` may be on this OBS.
pub fn command() -> Command {
    read("kinds", "what this OBS can show and filter with").example("obs kinds studio").run(
        |call, ()| {
            let mut obs = Obs::connect(call)?;
            let inputs = obs.request("GetInputKindList", json!({ "unversioned": false }))?;
            let filters = match obs.ask("GetSourceFilterKindList") {
                Err(Failure::Refused(refusal)) if refusal.code == UNKNOWN_REQUEST => Value::Null,
                answer => answer?.take_at("sourceFilterKinds"),
            };
            Ok(json!({ "inputs": inputs.at("inputKinds"), "filters": filters }))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(table: &[(&str, &[&str])], given: &str, exist: &[&str]) -> Result<String, Failure> {
        choose(table, given, &exist.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_newest_of_what_exists_is_chosen_unless_a_version_is_named() {
        let exist = ["color_source", "color_source_v2", "color_source_v3", "text_ft2_source_v2"];
        for (given, expect) in [
            ("color", "color_source_v3"),
            ("color_source", "color_source_v3"),
            ("color_source_v2", "color_source_v2"),
            ("text", "text_ft2_source_v2"),
        ] {
            assert_eq!(chosen(INPUTS, given, &exist).as_deref(), Ok(expect), "{given}");
        }
        let linux = ["v4l2_input", "ffmpeg_source", "xshm_input", "x_color_source_v9"];
        assert_eq!(chosen(INPUTS, "camera", &linux).as_deref(), Ok("v4l2_input"));
        assert_eq!(chosen(INPUTS, "webcam", &["dshow_input"]).as_deref(), Ok("dshow_input"));
        assert_eq!(
            chosen(FILTERS, "chroma-key", &["chroma_key_filter_v2"]).as_deref(),
            Ok("chroma_key_filter_v2")
        );
        let Err(Failure::Usage(text)) = chosen(INPUTS, "colr", &exist) else { panic!("found") };
        assert!(text.contains("did you mean `color`?"), "{text}");
        assert!(matches!(chosen(INPUTS, "color", &linux), Err(Failure::Usage(_))));
    }
}
