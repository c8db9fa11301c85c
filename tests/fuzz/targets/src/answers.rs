//! What a server says: HTTP heads, bodies and chunks, WebSocket frames, the answer to a probe. The
//! libraries read it; however the bytes are cut on their way, they must mean the same.

use crate::input::choice;
use if_broker::fuzzing as broker;
use if_core::{Frame, HttpResponse};
use if_manifest::model::Probe;

/// Most of a body here: small, so that the fuzzer meets it.
const BODY_BYTES_MAX: u64 = 512;
/// Most bytes of a message here.
const MESSAGE_BYTES_MAX: u64 = 512;
/// What `discover` keeps of an answer, and of a server's name in characters.
const PROBE_BYTES_MAX: usize = 4 << 10;
const SERVER_CHARS_MAX: usize = 80;

/// `http-answer`: the first byte says how small the pieces are.
pub fn http(data: &[u8]) {
    let Some((piece, said)) = choice(data) else { return };
    let whole = broker::http_answer(said, said.len(), BODY_BYTES_MAX);
    let cut = broker::http_answer(said, piece % 16 + 1, BODY_BYTES_MAX);
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut, "cut otherwise, it is another answer"),
        (Err(whole), Err(cut)) => {
            let safe =
                |error: &dyn std::fmt::Display| !error.to_string().contains(char::is_control);
            assert!(safe(whole) && safe(cut), "an error repeats what came");
        }
        _ => panic!("whole it is {whole:?}, cut it is {cut:?}"),
    }
    if let Ok(HttpResponse { status, headers, body }) = whole {
        assert!((100..1000).contains(&status) && status != 101);
        assert!(body.len() as u64 <= BODY_BYTES_MAX);
        for (name, value) in &headers {
            assert!(!name.is_empty() && !name.contains(|sign: char| sign.is_whitespace()));
            assert!(!value.contains(['\r', '\n', '\0']), "a header holds a second one");
            assert!(!name.eq_ignore_ascii_case("transfer-encoding"));
        }
    }
}

/// `s3-answer`: a page of a list, or a refusal. One body is not both, and of a refusal only a word
/// is repeated.
pub fn s3(data: &[u8]) {
    let (listed, code) = broker::s3_answer(data);
    assert!(listed.is_none() || code.is_none(), "a list that is a refusal");
    let word = |code: &String| code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    assert!(code.iter().all(|code| !code.is_empty() && code.len() <= 64 && word(code)));
    let keys = listed.unwrap_or_default();
    assert!(keys.iter().map(String::len).sum::<usize>() <= data.len(), "keys out of nothing");
}

/// `websocket-hand`: the answer to a handshake. Nobody who cannot know its key is believed, and no
/// complaint repeats what came.
pub fn hand(data: &[u8]) {
    let Some((piece, said)) = choice(data) else { return };
    let error = broker::shaken(said, piece % 16 + 1, MESSAGE_BYTES_MAX).expect_err("a guess");
    assert!(!error.to_string().contains(char::is_control), "an error repeats what came");
}

/// `websocket`: frames behind a handshake.
pub fn websocket(data: &[u8]) {
    let Some((piece, said)) = choice(data) else { return };
    let whole = broker::messages(said, said.len(), MESSAGE_BYTES_MAX);
    let cut = broker::messages(said, piece % 16 + 1, MESSAGE_BYTES_MAX);
    assert_eq!(whole, cut, "cut otherwise, it says something else");
    for frame in &whole {
        let bytes = match frame {
            Frame::Text(text) => text.len(),
            Frame::Binary(bytes) => bytes.len(),
            Frame::Closed { reason, .. } => {
                assert!(reason.len() <= 123);
                0
            }
        };
        assert!(bytes as u64 <= MESSAGE_BYTES_MAX);
    }
}

/// `probe`: whoever answers on a port that `discover` asks.
pub fn probe(data: &[u8]) {
    let Some((piece, said)) = choice(data) else { return };
    let probe: Probe = serde_json::from_str(r#"{"port": 8088, "path": "/api/"}"#).unwrap();
    let whole = broker::probed(said, said.len(), &probe);
    let cut = broker::probed(said, piece % 16 + 1, &probe);
    if let (Some(whole), Some(cut)) = (&whole, &cut) {
        assert_eq!((whole.0, &whole.1), (cut.0, &cut.1));
    }
    if let Some((_, server, answer)) = whole {
        assert!(server.chars().count() <= SERVER_CHARS_MAX && answer.len() <= PROBE_BYTES_MAX);
    }
}
