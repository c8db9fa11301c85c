//! The registries: areas, devices, entities, floors and labels as Home Assistant keeps them.

use crate::home::Home;
use crate::socket::Socket;
use if_sdk::prelude::*;

/// Path, the registry's word in the protocol, sentence, columns.
const REGISTRIES: &[(&str, &str, &str, &[&str])] = &[
    ("areas", "area", "rooms and other places", &["area_id", "name", "floor_id"]),
    ("devices", "device", "devices", &["id", "name", "manufacturer", "model", "area_id"]),
    (
        "entities",
        "entity",
        "registered entities, disabled ones too",
        &["entity_id", "platform", "area_id", "disabled_by"],
    ),
    ("floors", "floor", "floors", &["floor_id", "name", "level"]),
    ("labels", "label", "labels", &["label_id", "name", "color"]),
];

pub fn commands() -> impl Iterator<Item = Command> {
    REGISTRIES.iter().map(|(path, word, about, columns)| {
        read(&format!("registry {path}"), about)
            .example(&format!("ha registry {path} myhome"))
            .table(&format!("/{path}"), columns)
            .run(move |call, ()| {
                let mut socket = Socket::open(&Home::of(call)?)?;
                let list = socket.ask(&format!("config/{word}_registry/list"), json!({}))?;
                Ok(Value::Object(Map::from_iter([((*path).to_owned(), list)])))
            })
    })
}
