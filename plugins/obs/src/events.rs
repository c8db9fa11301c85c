//! `events`: what happens in OBS, one JSON line each, until stopped.
//!
//! OBS sends events by category; what was not asked for is passed over here. The four that come
//! many times a second have categories of their own and are sent only when named.

use crate::session::Obs;
use if_sdk::did_you_mean;
use if_sdk::follow::emit_all;
use if_sdk::prelude::*;

/// `event,category,subscription,since,fields`, of obs-websocket 5.7.3.
const TABLE: &str = include_str!("../events.csv");

/// Bits of the subscription mask by the protocol's names.
const SUBSCRIPTIONS: &[(&str, u32)] = &[
    ("General", 1 << 0),
    ("Config", 1 << 1),
    ("Scenes", 1 << 2),
    ("Inputs", 1 << 3),
    ("Transitions", 1 << 4),
    ("Filters", 1 << 5),
    ("Outputs", 1 << 6),
    ("SceneItems", 1 << 7),
    ("MediaInputs", 1 << 8),
    ("Vendors", 1 << 9),
    ("Ui", 1 << 10),
    ("Canvases", 1 << 11),
    ("InputVolumeMeters", 1 << 16),
    ("InputActiveStateChanged", 1 << 17),
    ("InputShowStateChanged", 1 << 18),
    ("SceneItemTransformChanged", 1 << 19),
];

/// All bits but the four of high volume.
const USUAL: u32 = (1 << 12) - 1;

struct Event {
    name: &'static str,
    category: &'static str,
    subscription: &'static str,
    since: &'static str,
    fields: &'static str,
}

fn all() -> impl Iterator<Item = Event> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut cells = line.split(',');
        let mut cell = || cells.next();
        let (name, category, subscription) = (cell()?, cell()?, cell()?);
        Some(Event { name, category, subscription, since: cell()?, fields: cell()? })
    })
}

/// The mask that brings these events; the usual ones when none is named.
fn mask(wanted: &[String]) -> Result<u32, Failure> {
    if wanted.is_empty() {
        return Ok(USUAL);
    }
    wanted.iter().try_fold(0, |mask, name| {
        let event = all().find(|event| event.name == name).ok_or_else(|| {
            let tail = did_you_mean(name, all().map(|event| event.name));
            Failure::usage(format!("obs-websocket has no event `{name}`{tail}"))
        })?;
        let bit = SUBSCRIPTIONS.iter().find(|(known, _)| *known == event.subscription);
        Ok(mask | bit.map_or(0, |(_, bit)| *bit))
    })
}

/// `events`.
pub fn command() -> Command {
    read("events", "what happens in OBS, one line each; --timeout stops it")
        .takes(
            list(text(
                "type",
                "only these, such as CurrentProgramSceneChanged; high-volume ones \
                       only so",
            ))
            .optional(),
        )
        .details(&details())
        .example("obs events studio")
        .example("obs events studio --type StreamStateChanged --type RecordStateChanged")
        .streams()
        .json()
        .run(|call, wanted| {
            let wanted: Vec<String> = wanted.unwrap_or_default();
            let mask = mask(&wanted)?;
            let open = || -> Result<Obs, Failure> {
                let mut obs = Obs::connect(call)?;
                obs.subscribe(mask)?;
                Ok(obs)
            };
            emit_all(call, "OBS", open, |obs| Ok(obs.event()?.and_then(|e| shown(&wanted, e))))
        })
}

/// An event as it is shown, if it was asked for.
pub fn shown(wanted: &[String], mut event: Value) -> Option<Value> {
    let name = event.take_at("eventType");
    let asked = wanted.is_empty() || wanted.iter().any(|wanted| name == wanted.as_str());
    asked.then(|| json!({ "event": name, "data": event.take_at("eventData") }))
}

/// The events by category, for help.
fn details() -> String {
    let mut text = String::from("Events:");
    let mut category = "";
    for event in all() {
        if event.category != category {
            category = event.category;
            text.push_str("\n  ");
            text.push_str(category);
            text.push(':');
        }
        text.push(' ');
        text.push_str(event.name);
        if event.subscription == event.name {
            text.push('*');
        }
    }
    text.push_str("\n  * high volume: only when named with --type");
    text
}

/// One event's fields, for `event-help`.
pub fn help(name: &str) -> Outcome {
    let wanted = [name.to_owned()];
    mask(&wanted)?;
    let event = all().find(|event| event.name == name);
    let rows = event.iter().flat_map(|event| event.fields.split(' ')).filter_map(|field| {
        let (field, kind) = field.split_once(':')?;
        Some(json!({ "field": field, "type": kind }))
    });
    let rows: Vec<Value> = rows.collect();
    Ok(json!({
        "event": name,
        "category": event.as_ref().map(|event| event.category),
        "subscription": event.as_ref().map(|event| event.subscription),
        "since": event.as_ref().map(|event| event.since),
        "fields": rows,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_sixty_events_have_a_bit() {
        assert_eq!(all().count(), 60);
        for event in all() {
            let bit = mask(&[event.name.to_owned()]).unwrap();
            assert_eq!(bit.count_ones(), 1, "{}", event.name);
            let seldom = event.subscription == event.name;
            assert_eq!(bit & USUAL == 0, seldom, "{} is of high volume or usual", event.name);
        }
    }

    #[test]
    fn masks_join_and_slips_are_named() {
        let of = |names: &[&str]| mask(&names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), Ok(0xfff));
        assert_eq!(of(&["SceneCreated", "StreamStateChanged"]), Ok((1 << 2) | (1 << 6)));
        assert_eq!(of(&["InputVolumeMeters"]), Ok(1 << 16));
        let Err(Failure::Usage(text)) = of(&["SceneCreate"]) else { panic!("found") };
        assert!(text.ends_with("did you mean `SceneCreated`?"), "{text}");
    }

    #[test]
    fn only_what_was_asked_for_is_shown() {
        let event =
            || json!({ "eventType": "SceneCreated", "eventIntent": 4, "eventData": { "x": 1 } });
        let shown_as = json!({ "event": "SceneCreated", "data": { "x": 1 } });
        assert_eq!(shown(&[], event()), Some(shown_as.clone()));
        assert_eq!(shown(&["SceneCreated".into()], event()), Some(shown_as));
        assert_eq!(shown(&["SceneRemoved".into()], event()), None);
    }
}
