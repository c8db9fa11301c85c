//! Media players, spoken words and notifications.

use crate::entities::{domain_of, entity, list};
use crate::home::Home;
use crate::service::{invoke, on_entity};
use crate::socket::Socket;
use crate::target::Target;
use if_sdk::did_you_mean;
use if_sdk::prelude::*;

/// What a file's name says about what it is, in the words of Home Assistant's media types.
const KINDS: &[(&str, &[&str])] = &[
    ("music", &["mp3", "flac", "wav", "ogg", "oga", "m4a", "aac", "opus", "wma", "aiff"]),
    ("video", &["mp4", "m4v", "mov", "mkv", "webm", "avi", "mpg", "mpeg", "ts", "m3u8", "mpd"]),
    ("image", &["jpg", "jpeg", "png", "gif", "webp", "bmp", "svg"]),
    ("playlist", &["m3u", "pls", "xspf"]),
];

pub fn commands() -> [Command; 6] {
    let simple = |verb: &str, service: &'static str, about: &str| {
        write(&format!("media {verb}"), about)
            .takes(entity("a media player"))
            .example(&format!("ha media {verb} myhome media_player.hall"))
            .json()
            .run(move |call, id: String| on_entity(call, service, &id, json!({})))
    };
    [
        list("media list", "media_player", "players"),
        play(),
        simple("pause", "media_player.media_pause", "pause"),
        simple("stop", "media_player.media_stop", "stop"),
        speak(),
        notify(),
    ]
}

fn play() -> Command {
    write("media play", "go on playing, or play what a URL names")
        .takes((
            entity("a media player"),
            text("url", "of a file or stream, or a media-source:// id").optional(),
            text(
                "type",
                "music, video, image, playlist, a MIME type …; told by the URL when absent",
            )
            .optional(),
        ))
        .example("ha media play myhome media_player.hall --url http://files.local/intro.mp4")
        .json()
        .run(|call, (id, url, kind): (String, Option<String>, Option<String>)| match url {
            None => on_entity(call, "media_player.media_play", &id, json!({})),
            Some(url) => {
                let kind = match kind.or_else(|| kind_of(&url).map(str::to_owned)) {
                    Some(kind) => kind,
                    None => {
                        let fault =
                            format!("what `{url}` is cannot be told: add --type video or such");
                        return Err(Failure::usage(fault));
                    }
                };
                let data = json!({ "media_content_id": url, "media_content_type": kind });
                on_entity(call, "media_player.play_media", &id, data)
            }
        })
}

/// The kind of media a URL's file name tells.
fn kind_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let ending = path.rsplit('/').next()?.rsplit_once('.')?.1.to_lowercase();
    KINDS.iter().find(|(_, endings)| endings.contains(&ending.as_str())).map(|(kind, _)| *kind)
}

fn speak() -> Command {
    write("tts", "say a text on a media player")
        .takes((
            entity("the media player that speaks"),
            text("message", "what to say").positional(),
            text("language", "such as en; the voice's own when absent").optional(),
            text("engine", "the tts entity that makes the voice, when there are several")
                .optional(),
        ))
        .example("ha tts myhome media_player.hall \"Doors open\" --language en")
        .json()
        .run(
            |call,
             (player, message, language, engine): (
                String,
                String,
                Option<String>,
                Option<String>,
            )| {
                let mut socket = Socket::open(&Home::of(call)?)?;
                let states = socket.ask("get_states", json!({}))?;
                let ids = states.items().iter().filter_map(|state| state.at("entity_id").as_str());
                let voices: Vec<&str> = ids.filter(|id| domain_of(id) == "tts").collect();
                let mut data = Map::from_iter([("message".to_owned(), json!(message))]);
                data.extend(language.map(|language| ("language".to_owned(), json!(language))));
                match voice(&voices, engine.as_deref())? {
                    Some(voice) => {
                        data.insert("media_player_entity_id".into(), json!(player));
                        invoke(&mut socket, "tts.speak", &Target::entity(voice), &data, false)
                    }
                    None => {
                        let services = socket.ask("get_services", json!({}))?;
                        let service = legacy(&services)?;
                        invoke(&mut socket, &service, &Target::entity(&player), &data, false)
                    }
                }
            },
        )
}

/// The voice to use; none when this Home Assistant has no tts entity.
fn voice<'v>(voices: &[&'v str], wanted: Option<&str>) -> Result<Option<&'v str>, Failure> {
    match (voices, wanted) {
        (_, Some(wanted)) => match voices.iter().find(|voice| **voice == wanted) {
            Some(voice) => Ok(Some(voice)),
            None => {
                let tail = did_you_mean(wanted, voices.iter().copied());
                Err(Failure::usage(format!("there is no voice `{wanted}`{tail}")))
            }
        },
        ([], None) => Ok(None),
        ([one], None) => Ok(Some(one)),
        (several, None) => {
            let names = several.join(", ");
            Err(Failure::usage(format!("which voice? --engine one of {names}")))
        }
    }
}

/// Before tts entities every engine had a service of its own: `tts.google_translate_say`.
fn legacy(services: &Value) -> Result<String, Failure> {
    let names = services.at("tts").as_object().into_iter().flatten().map(|(name, _)| name);
    match names.into_iter().find(|name| name.ends_with("_say")) {
        Some(name) => Ok(format!("tts.{name}")),
        None => Err(Failure::refused(
            "no_voice",
            "this Home Assistant has no text-to-speech: no tts entity and no tts service",
        )),
    }
}

/// `--service` is an old target's name, a `notify` entity, or `persistent_notification`.
fn notify() -> Command {
    write("notify", "send a message to people, or into Home Assistant's own list")
        .takes((
            text("message", "what to say").positional(),
            text("title", "above it").optional(),
            text("service", "such as mobile_app_ada, or a notify entity")
                .or("persistent_notification"),
        ))
        .example("ha notify myhome \"Doors open\" --title Show --service mobile_app_ada")
        .json()
        .run(|call, (message, title, service): (String, Option<String>, String)| {
            let mut data = Map::from_iter([("message".to_owned(), json!(message))]);
            data.extend(title.map(|title| ("title".to_owned(), json!(title))));
            let mut socket = Socket::open(&Home::of(call)?)?;
            if service == "persistent_notification" {
                let (none, name) = (Target::default(), "persistent_notification.create");
                return invoke(&mut socket, name, &none, &data, false);
            }
            let services = socket.ask("get_services", json!({}))?;
            let word = service.strip_prefix("notify.").unwrap_or(&service);
            if services.at("notify").get(word).is_some() {
                return invoke(
                    &mut socket,
                    &format!("notify.{word}"),
                    &Target::default(),
                    &data,
                    false,
                );
            }
            if services.at("notify").get("send_message").is_some() {
                let entity = Target::entity(&format!("notify.{word}"));
                return invoke(&mut socket, "notify.send_message", &entity, &data, false);
            }
            let known = services.at("notify").as_object().into_iter().flatten();
            let near = nearest(word, known.map(|(name, _)| name.as_str()));
            let near = near.map(|near| format!("did you mean `{near}`?"));
            let fault = format!("Home Assistant can notify nobody called `{word}`");
            Err(Failure::refused("not_found", fault).hint(near))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_what_it_is() {
        for (url, kind) in [
            ("http://a/intro.MP4", Some("video")),
            ("http://a/b.mp3?token=x.png", Some("music")),
            ("http://a/live/index.m3u8", Some("video")),
            ("http://a/stream", None),
            ("http://a.mp3/stream", None),
        ] {
            assert_eq!(kind_of(url), kind, "{url}");
        }
    }

    #[test]
    fn a_voice_is_chosen_only_where_there_is_no_doubt() {
        assert_eq!(voice(&[], None), Ok(None));
        assert_eq!(voice(&["tts.a"], None), Ok(Some("tts.a")));
        assert_eq!(voice(&["tts.a", "tts.b"], Some("tts.b")), Ok(Some("tts.b")));
        for (voices, wanted) in [(&["tts.a", "tts.b"][..], None), (&["tts.a"], Some("tts.c"))] {
            assert!(matches!(voice(voices, wanted), Err(Failure::Usage(_))));
        }
    }

    #[test]
    fn an_old_engine_is_a_service() {
        let services = json!({ "tts": { "clear_cache": {}, "demo_say": {} } });
        assert_eq!(legacy(&services), Ok("tts.demo_say".into()));
        assert!(matches!(legacy(&json!({ "tts": { "speak": {} } })), Err(Failure::Refused(_))));
    }
}
