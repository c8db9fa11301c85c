//! The signed tables, compiled in for messages: what a service or command does is decided by the
//! host, which reads the same tables from the manifest. Here they only help to say so in time.

/// `service,effect`.
const SERVICES: &str = include_str!("../services-effects.csv");
/// `type,effect`.
const COMMANDS: &str = include_str!("../commands-effects.csv");

/// The effect of a service; none where the table lacks it, which means dangerous.
pub fn of_service(name: &str) -> Option<&'static str> {
    rows(SERVICES).find(|(known, _)| *known == name).map(|(_, effect)| effect)
}

/// The effect of a type of message, as above.
pub fn of_command(kind: &str) -> Option<&'static str> {
    rows(COMMANDS).find(|(known, _)| *known == kind).map(|(_, effect)| effect)
}

/// Every type of message that the table knows.
pub fn command_types() -> impl Iterator<Item = &'static str> {
    rows(COMMANDS).map(|(kind, _)| kind)
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().skip(1).filter_map(|line| line.split_once(','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hurts_is_dangerous_and_what_looks_is_read() {
        for (service, effect) in [
            ("light.turn_on", "write"),
            ("lock.lock", "write"),
            ("lock.unlock", "dangerous"),
            ("lock.open", "dangerous"),
            ("alarm_control_panel.alarm_disarm", "dangerous"),
            ("cover.open_cover", "dangerous"),
            ("cover.close_cover", "write"),
            ("siren.turn_on", "dangerous"),
            ("valve.open_valve", "dangerous"),
            ("homeassistant.restart", "dangerous"),
            ("homeassistant.stop", "dangerous"),
            // They reach what is dangerous by its own name.
            ("homeassistant.turn_on", "dangerous"),
            ("homeassistant.toggle", "dangerous"),
            ("homeassistant.turn_off", "write"),
            ("scene.apply", "dangerous"),
            ("scene.turn_on", "write"),
            ("recorder.purge", "dangerous"),
            ("weather.get_forecasts", "read"),
            ("todo.get_items", "read"),
        ] {
            assert_eq!(of_service(service), Some(effect), "{service}");
        }
        assert_eq!(of_service("shell_command.anything"), None);
    }

    #[test]
    fn a_read_is_called_so_by_its_name() {
        let reading = |word: &str| {
            let verb = word.rsplit(['.', '/']).next().unwrap_or_default();
            let verbs = ["get_", "list_", "browse_", "search_"];
            verbs.iter().any(|start| verb.starts_with(start))
        };
        for (service, effect) in rows(SERVICES) {
            assert!(["read", "write", "dangerous"].contains(&effect), "{service} is {effect}");
            assert_eq!(effect == "read", reading(service), "{service}");
        }
        let changing = ["create", "update", "delete", "remove", "save", "set_", "install", "clear"];
        for (kind, effect) in rows(COMMANDS) {
            let verb = kind.rsplit('/').next().unwrap_or_default();
            let changes = changing.iter().any(|start| verb.starts_with(start));
            assert!(!(changes && effect == "read"), "{kind}");
        }
    }
}
