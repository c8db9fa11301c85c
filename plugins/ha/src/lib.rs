//! Home Assistant over its REST and WebSocket APIs.
//!
//! REST where one question has one answer, WebSocket where Home Assistant says more there: why a
//! service was refused, what it changed, what happens next. What a message does is not said here
//! but in the signed rules and tables of `plugin.toml`.

mod camera;
pub mod discover;
mod effects;
mod entities;
mod events;
mod history;
mod home;
mod media;
pub mod moment;
mod raw;
mod registry;
mod scenes;
mod schema;
mod service;
mod set;
mod socket;
pub mod states;
mod system;
mod target;
mod watch;

use if_sdk::prelude::*;

/// The provider `ha`.
pub fn provider() -> Provider {
    Provider::new("Home Assistant: entities, services, cameras, automations")
        .settings(if_sdk::url(
            "url",
            "where its web page is, such as http://homeassistant.local:8123",
            &["http", "https"],
        ))
        .check(system::check)
        .discover(discover::instances)
        .commands(entities::commands())
        .commands([set::command()])
        .commands(service::commands())
        .commands([watch::command()])
        .commands(camera::commands())
        .commands(scenes::commands())
        .commands(media::commands())
        .commands(events::commands())
        .commands(history::commands())
        .commands(registry::commands())
        .commands(system::commands())
        .commands([raw::command()])
}

if_sdk::provider!(provider);
