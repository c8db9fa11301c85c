//! Streaming: up to five channels, counted from 0.
//!
//! Where a stream goes decides who sees it, so setting it is `dangerous`; its key and password are
//! secrets of the instance and never arguments.

use super::{on, wrong_state};
use crate::link::{Vmix, values};
use if_sdk::prelude::*;

/// Channels of the newest vMix are 0 to 4.
const CHANNEL_MAX: i64 = 4;
/// What `--rtmp` is when nobody gave one; the signed table `stream-start` knows only this word, so
/// that any address makes the command dangerous.
const UNCHANGED: &str = "unchanged";

pub fn commands() -> Vec<Command> {
    let channel = || int("channel", "the streaming channel, from 0").between(0, CHANNEL_MAX).or(0);
    let all = || flag("all", "all channels");
    vec![
        on(
            by_table("stream start", "go live on a channel", "stream-start", "rtmp")
                .example("vmix stream start studio")
                .example(
                    "vmix stream start studio --channel 1 --rtmp rtmp://live.example/app \
                 --key --yes",
                ),
            (
                channel(),
                all(),
                text("rtmp", "set this destination first (dangerous)").or(UNCHANGED),
                flag("key", "with --rtmp: set the key from the secret stream-key, too"),
            ),
            |vmix, (channel, all, url, key): (i64, bool, String, bool)| {
                start(vmix, channel, all, &url, key)
            },
        ),
        on(
            dangerous("stream stop", "end a channel's stream")
                .example("vmix stream stop studio --channel 0 --yes"),
            (channel(), all()),
            |vmix, (channel, all)| switch(vmix, "StopStreaming", channel, all, true),
        ),
        on(
            read("stream status", "what is live, channel by channel")
                .example("vmix stream status studio"),
            (),
            |vmix, ()| Ok(vmix.state()?.take_at("streaming")),
        ),
        on(
            dangerous("stream set", "where a channel's stream goes")
                .example("vmix stream set studio --url rtmp://live.example/app --key --yes"),
            (
                channel(),
                text("url", "the server's address").optional(),
                text("username", "the server's user").optional(),
                flag("key", "set the key from the secret stream-key"),
                flag("password", "set the password from the secret stream-password"),
            ),
            |vmix, (channel, url, username, key, password): (i64, _, _, bool, bool)| {
                set(
                    vmix,
                    channel,
                    [("URL", url), ("Username", username)],
                    [("Key", key), ("Password", password)],
                )
            },
        ),
    ]
}

fn start(vmix: &mut Vmix<'_>, channel: i64, all: bool, url: &str, key: bool) -> Outcome {
    let url = Some(url.to_owned()).filter(|url| url != UNCHANGED);
    match (&url, all, key) {
        (Some(_), true, _) => {
            return Err(Failure::usage("--rtmp is for one channel: --channel instead of --all"));
        }
        (None, _, true) => {
            return Err(Failure::usage(
                "--key goes with --rtmp; alone it is `vmix stream set --key`",
            ));
        }
        _ => {}
    }
    ready(vmix, channel, all, false)?;
    let settings = match url {
        Some(url) => set(vmix, channel, [("URL", Some(url))], [("Key", key)])?,
        None => Value::Null,
    };
    let mut outcome = call(vmix, "StartStreaming", channel, all)?;
    if let (Some(outcome), false) = (outcome.as_object_mut(), settings.is_null()) {
        outcome.insert("set".to_owned(), settings);
    }
    Ok(outcome)
}

fn switch(vmix: &mut Vmix<'_>, function: &str, channel: i64, all: bool, runs: bool) -> Outcome {
    ready(vmix, channel, all, runs)?;
    call(vmix, function, channel, all)
}

fn call(vmix: &mut Vmix<'_>, function: &str, channel: i64, all: bool) -> Outcome {
    let channel = (!all).then(|| channel.to_string());
    vmix.function(function, values([("Value", channel)]))
}

/// Whether the channel is in the state that the action needs. What an older vMix does not tell by
/// channel, the switch for all of them tells.
fn ready(vmix: &mut Vmix<'_>, channel: i64, all: bool, runs: bool) -> Result<(), Failure> {
    let state = vmix.state()?;
    let streaming = state.at("streaming");
    let listed = streaming.at("channels").items();
    let of_channel = listed.iter().find(|entry| entry.at("channel").as_i64() == Some(channel));
    let overall = streaming.at("active").as_bool();
    let active = match (all, of_channel) {
        // Some may run and some not: all of them is always possible, unless none runs.
        (true, _) => overall.filter(|active| !*active && runs),
        (false, Some(entry)) => entry.at("active").as_bool(),
        (false, None) if !listed.is_empty() => Some(false),
        (false, None) => overall,
    };
    if active != Some(!runs) {
        return Ok(());
    }
    let what = if all { "nothing".to_owned() } else { format!("channel {channel}") };
    let text = match (runs, all) {
        (true, true) => format!("{what} is streaming"),
        (true, false) => format!("{what} is not streaming"),
        (false, _) => format!("{what} is streaming already"),
    };
    Err(wrong_state(text, "`vmix stream status`"))
}

/// Sets what was given: `StreamingSetURL` takes `channel,url`, and so do the others.
fn set<const P: usize, const S: usize>(
    vmix: &mut Vmix<'_>,
    channel: i64,
    plain: [(&str, Option<String>); P],
    secret: [(&str, bool); S],
) -> Outcome {
    let wanted = |(name, _): &(&str, bool)| format!("stream-{}", name.to_lowercase());
    let chosen: Vec<_> = secret.iter().filter(|(_, chosen)| *chosen).collect();
    if let Some(missing) = chosen.iter().map(|it| wanted(it)).find(|it| !vmix.call.has_secret(it)) {
        let name = &vmix.call.facts.name;
        let text = format!("the secret is not set: ifctl secret set vmix {name} {missing}");
        return Err(Failure::usage(text));
    }
    if chosen.is_empty() && plain.iter().all(|(_, value)| value.is_none()) {
        return Err(Failure::usage("nothing to set: --url, --username, --key or --password"));
    }
    let mut done = Vec::new();
    for (name, value) in plain {
        if let Some(value) = value {
            let value = Some(format!("{channel},{value}"));
            vmix.function(&format!("StreamingSet{name}"), values([("Value", value)]))?;
            done.push(name.to_lowercase());
        }
    }
    for it in chosen {
        let function = format!("StreamingSet{}", it.0);
        vmix.function_with_secret(&function, &wanted(it), &channel.to_string())?;
        done.push(it.0.to_lowercase());
    }
    Ok(json!({ "channel": channel, "set": done }))
}
