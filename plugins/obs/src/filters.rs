//! `filter …`: what changes a source's picture or sound.

use crate::kinds;
use crate::name;
use crate::session::Obs;
use crate::things::{Thing, by, by_with};
use if_sdk::prelude::*;

/// The commands.
pub fn commands() -> [Command; 6] {
    let source = || {
        name("source", "the source's or scene's name or UUID")
            .completes("input list", "/inputs/*/name")
    };
    let filter = || name("filter", "the filter's name");
    let enabled = |enabled: bool| {
        move |call: &Call, (source, filter): (String, String)| {
            let fields = json!({ "filterEnabled": enabled });
            on_filter(call, "SetSourceFilterEnabled", (&source, &filter), fields)?;
            Ok(json!({ "source": source, "filter": filter, "enabled": enabled }))
        }
    };
    [
        read("filter list", "the filters of a source")
            .takes(source())
            .example("obs filter list studio Camera")
            .table("/filters", &["name", "kind", "enabled", "index"])
            .run(list),
        write("filter add", "add a filter to a source")
            .takes((
                source(),
                name("filter", "the new filter's name"),
                text("type", "chroma-key, color, crop, gain, noise-gate …, or OBS's kind"),
                if_sdk::json("settings", "its settings as a JSON object").or(json!({})),
            ))
            .example("obs filter add studio Camera Key --type chroma-key")
            .run(add),
        write("filter set", "change some of a filter's settings")
            .takes((source(), filter(), if_sdk::json("settings", "the settings to change")))
            .run(|call, (source, filter, settings)| {
                let fields = json!({ "filterSettings": settings });
                on_filter(call, "SetSourceFilterSettings", (&source, &filter), fields)?;
                Ok(json!({ "source": source, "filter": filter, "settings": settings }))
            }),
        write("filter enable", "let a filter act").takes((source(), filter())).run(enabled(true)),
        write("filter disable", "let a filter rest")
            .takes((source(), filter()))
            .run(enabled(false)),
        dangerous("filter remove", "delete a filter and its settings")
            .takes((source(), filter()))
            .example("obs filter remove studio Camera Key --yes")
            .run(|call, (source, filter)| {
                on_filter(call, "RemoveSourceFilter", (&source, &filter), json!({}))?;
                Ok(json!({ "source": source, "filter": filter }))
            }),
    ]
}

/// A request about one filter of one source.
fn on_filter(call: &Call, kind: &str, (source, filter): (&str, &str), more: Value) -> Outcome {
    let mut data = by_with("source", source, more);
    if let Some(data) = data.as_object_mut() {
        data.insert("filterName".into(), json!(filter));
    }
    let things = [Thing::Source(source), Thing::Filter { source, filter }];
    Obs::connect(call)?.on(&things, kind, data)
}

fn list(call: &Call, source: String) -> Outcome {
    const ROW: &[(&str, &str)] = &[
        ("name", "filterName"),
        ("kind", "filterKind"),
        ("enabled", "filterEnabled"),
        ("index", "filterIndex"),
        ("settings", "filterSettings"),
    ];
    let things = [Thing::Source(&source)];
    let answer = Obs::connect(call)?.on(&things, "GetSourceFilterList", by("source", &source))?;
    let filters = answer.at("filters").items().iter();
    let rows: Vec<_> = filters.map(|filter| filter.pick(ROW)).collect();
    Ok(json!({ "source": source, "filters": rows }))
}

fn add(call: &Call, (source, filter, kind, settings): (String, String, String, Value)) -> Outcome {
    let mut obs = Obs::connect(call)?;
    let kind = kinds::filter(&mut obs, &kind)?;
    let fields = json!({ "filterName": filter, "filterKind": kind, "filterSettings": settings });
    let data = by_with("source", &source, fields);
    obs.on(&[Thing::Source(&source)], "CreateSourceFilter", data)?;
    Ok(json!({ "source": source, "filter": filter, "kind": kind }))
}
