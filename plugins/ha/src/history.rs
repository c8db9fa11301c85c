//! The past and the planned: states as they were, the logbook, calendars.

use crate::entities::{domain_of, entity, no_entity};
use crate::home::Home;
use crate::moment::{self, Moment};
use if_sdk::prelude::*;

/// A day, in seconds: what is shown unless somebody says from when.
const DAY_SECONDS: u64 = 24 * 3600;
/// A week, in seconds: how far calendars are shown.
const WEEK_SECONDS: u64 = 7 * DAY_SECONDS;

pub fn commands() -> [Command; 4] {
    [
        read("history", "states of an entity in the past, the oldest first")
            .takes((
                entity("such as light.kitchen; several with commas"),
                period(),
                flag("attributes", "with attributes, and changes of them"),
            ))
            .example("ha history myhome light.kitchen --since 2h")
            .table("/history", &["at", "entity", "state"])
            .run(history),
        read("logbook", "what happened, in words")
            .takes((entity("only about this").optional(), period()))
            .example("ha logbook myhome --since 30m")
            .table("/entries", &["when", "name", "message", "entity_id"])
            .run(logbook),
        read("calendar list", "all calendars")
            .example("ha calendar list myhome")
            .table("/calendars", &["entity_id", "name"])
            .run(|call, ()| Ok(json!({ "calendars": Home::of(call)?.list_at("/api/calendars")? }))),
        read("calendar events", "what a calendar holds, a week from now on")
            .takes((
                entity("such as calendar.stage"),
                text("start", "from then on, such as 2026-05-01T18:00:00Z").optional(),
                text("end", "until then").optional(),
            ))
            .example("ha calendar events myhome calendar.stage")
            .table("/events", &["start", "end", "summary", "location"])
            .run(calendar),
    ]
}

type Period = (Option<u64>, Option<String>, Option<String>);

/// `--since 2h`, or `--start` and `--end` as moments.
fn period() -> impl Parameters<Values = Period> {
    (
        duration("since", "this long until now, such as 2h; a day when nothing is said").optional(),
        text("start", "from then on, such as 2026-05-01T18:00:00Z").optional(),
        text("end", "until then").optional(),
    )
}

/// Start and end as Home Assistant reads them.
fn bounds((since, start, end): Period) -> Result<(String, Option<String>), Failure> {
    let end = end.map(|text| moment::checked(&text)).transpose()?;
    match (since, start) {
        (Some(_), Some(_)) => Err(Failure::usage("either --since or --start, not both")),
        (_, Some(start)) => Ok((moment::checked(&start)?, end)),
        (since, None) => {
            let seconds = since.map_or(DAY_SECONDS, |millis| millis / 1000);
            Ok((Moment::now().before(seconds).text(), end))
        }
    }
}

fn history(call: &Call, (ids, period, attributes): (String, Period, bool)) -> Outcome {
    let home = Home::of(call)?;
    let (start, end) = bounds(period)?;
    let mut request =
        home.request("GET", "/api/history/period")?.segment(&start).query("filter_entity_id", &ids);
    if let Some(end) = &end {
        request = request.query("end_time", end);
    }
    if attributes {
        request = request.query("significant_changes_only", "0");
    } else {
        request = request.query("no_attributes", "").query("minimal_response", "");
    }
    let answer = home.list(request)?;
    let rows: Vec<Value> = answer.items().iter().flat_map(|one| told(one, attributes)).collect();
    if rows.is_empty() {
        ids.split(',').try_for_each(|id| crate::entities::state(&home, id.trim()).map(|_| ()))?;
    }
    Ok(json!({ "start": start, "end": end, "history": rows }))
}

/// Only the first state of an entity names it.
fn told(states: &Value, attributes: bool) -> Vec<Value> {
    let name = states.items().first().map(|first| first.at("entity_id").clone());
    let row = |state: &Value| {
        let mut row = json!({
            "entity": name,
            "state": state.at("state"),
            "at": state.at("last_changed"),
        });
        if let (true, Some(row)) = (attributes, row.as_object_mut()) {
            row.insert("attributes".into(), state.at("attributes").clone());
            row.insert("updated".into(), state.at("last_updated").clone());
        }
        row
    };
    states.items().iter().map(row).collect()
}

fn logbook(call: &Call, (id, period): (Option<String>, Period)) -> Outcome {
    let home = Home::of(call)?;
    let (start, end) = bounds(period)?;
    let mut request = home.request("GET", "/api/logbook")?.segment(&start);
    if let Some(id) = &id {
        crate::entities::state(&home, id)?;
        request = request.query("entity", id);
    }
    if let Some(end) = &end {
        request = request.query("end_time", end);
    }
    let mut entries = home.list(request)?;
    for entry in entries.as_array_mut().into_iter().flatten() {
        // A change of state has no message of its own.
        let state = entry.at("state").as_str().map(|state| format!("changed to {state}"));
        let message = entry.get("message").is_none().then_some(state).flatten();
        if let (Some(message), Some(entry)) = (message, entry.as_object_mut()) {
            entry.insert("message".into(), json!(message));
        }
    }
    Ok(json!({ "start": start, "end": end, "entries": entries }))
}

fn calendar(call: &Call, (id, start, end): (String, Option<String>, Option<String>)) -> Outcome {
    let home = Home::of(call)?;
    let now = Moment::now();
    let start = start.map_or(Ok(now.text()), |text| moment::checked(&text))?;
    let end = end.map_or(Ok(now.after(WEEK_SECONDS).text()), |text| moment::checked(&text))?;
    if domain_of(&id) != "calendar" {
        return Err(Failure::usage(format!("`{id}` is no calendar")));
    }
    let request = home.request("GET", "/api/calendars")?.segment(&id);
    let answer = home.list(request.query("start", &start).query("end", &end));
    let events = answer.map_err(|failure| no_calendar(&home, &id, failure))?;
    let when = |moment: &Value| moment.get("dateTime").or_else(|| moment.get("date")).cloned();
    let row = |event: &Value| {
        json!({
            "start": when(event.at("start")),
            "end": when(event.at("end")),
            "summary": event.at("summary"),
            "description": event.at("description"),
            "location": event.at("location"),
        })
    };
    let rows: Vec<Value> = events.items().iter().map(row).collect();
    Ok(json!({ "calendar": id, "start": start, "end": end, "events": rows }))
}

/// Home Assistant says 400 without a word, to an unknown calendar as to an end before its start.
fn no_calendar(home: &Home<'_>, id: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Refused(refusal) if ["400", "404"].contains(&refusal.code.as_str()) => {
            let calendars = home.list_at("/api/calendars").unwrap_or_default();
            let known = calendars.items().iter().filter_map(|one| one.at("entity_id").as_str());
            let known: Vec<&str> = known.collect();
            match known.contains(&id) {
                true => {
                    Failure::refused(refusal.code, "these bounds make no sense: end before start?")
                }
                false => no_entity(id, known.into_iter()),
            }
        }
        other => other,
    }
}
