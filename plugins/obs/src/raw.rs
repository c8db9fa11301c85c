//! Every request of the protocol: `request`, `batch`, and their help, which needs no OBS.

use crate::session::Obs;
use crate::{batch, events, requests};
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 5] {
    [
        request(),
        batch::command(),
        read("requests", "the requests there are, by category or part of the name; asks no OBS")
            .takes((
                text("category", "such as inputs").optional(),
                text("match", "a part of the name").optional(),
            ))
            .example("obs requests studio --match Volume")
            .table("/requests", &["request", "category", "effect", "since"])
            .run(|_, (category, part)| Ok(list(category, part))),
        read("request-help", "a request's fields, types, ranges, effect and age; asks no OBS")
            .takes(text("type", "such as SetInputVolume").positional())
            .example("obs request-help studio SetInputVolume")
            .json()
            .run(|_, kind: String| Ok(requests::find(&kind)?.help())),
        read("event-help", "an event's fields, category and age; asks no OBS")
            .takes(text("type", "such as StreamStateChanged").positional())
            .example("obs event-help studio StreamStateChanged")
            .json()
            .run(|_, kind: String| events::help(&kind)),
    ]
}

fn request() -> Command {
    by_table("request", "any request of obs-websocket 5", "requests", "type")
        .takes((
            text("type", "such as GetInputList").positional(),
            if_sdk::json("data", "the request's fields as a JSON object").or(json!({})),
        ))
        .details(&details())
        .example("obs request studio GetSceneItemList --data '{\"sceneName\": \"Main Scene\"}'")
        .example("obs request-help studio GetSceneItemList")
        .json()
        .run(|call, (kind, data): (String, Value)| {
            requests::check(&kind, &data, &[])?;
            Obs::connect(call)?.request(&kind, data)
        })
}

fn list(category: Option<String>, part: Option<String>) -> Value {
    let part = part.unwrap_or_default().to_lowercase();
    let rows = requests::all()
        .filter(|request| category.as_ref().is_none_or(|wanted| wanted == request.category))
        .filter(|request| request.name.to_lowercase().contains(&part))
        .map(|request| {
            json!({
                "request": request.name, "category": request.category,
                "effect": request.effect(), "since": request.since,
            })
        });
    json!({ "requests": rows.collect::<Vec<_>>() })
}

/// The requests by category, for help.
fn details() -> String {
    let mut text = String::from("Requests:");
    let mut category = "";
    for request in requests::all() {
        if request.category != category {
            category = request.category;
            text.push_str("\n  ");
            text.push_str(category);
            text.push(':');
        }
        text.push(' ');
        text.push_str(request.name);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_listed_by_category_and_part() {
        let count = |category: Option<&str>, part: Option<&str>| {
            let listed = list(category.map(Into::into), part.map(Into::into));
            listed.at("requests").items().len()
        };
        assert_eq!(count(None, None), 151);
        assert_eq!(count(Some("stream"), None), 5);
        assert_eq!(count(None, Some("recorddir")), 2);
        assert_eq!(count(Some("stream"), Some("recorddir")), 0);
    }
}
