//! Placeholders from making to filling to capture, without a network.

use super::capture::Capturer;
use super::sinks::{FilledRequest, Filler};
use super::*;
use crate::BrokerConfig;
use crate::testing::{Secrets, config};
use if_core::{Code, Explain, Header, HttpResponse};
use if_manifest::model::Capture;
use serde_json::{Value as Json, json};

const SECRET: &[u8] = b"s3cr\xc3\xa9t/&\"x";

/// A vault whose recipe `raw` (the secret itself) may stand in these sinks, and one token of it.
struct Scene {
    config: BrokerConfig,
    vault: Vault,
    token: String,
}

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}

fn recipe_config(sinks: Json) -> BrokerConfig {
    config(|predicate| {
        predicate.secrets = serde_json::from_value(json!([{"name": "password", "summary": "s",
        "recipes": [
            {"name": "raw", "inputs": [], "step": {"secret": "password"}, "sinks": sinks},
            {"name": "salted", "inputs": ["salt"], "sinks": [],
             "step": {"concat": [{"secret": "password"}, {"input": "salt"}]}},
        ]}]))
        .unwrap();
    })
}

fn source(value: &[u8]) -> Secrets {
    Secrets {
        values: BTreeMap::from([("test/one/password".to_owned(), value.to_vec())]),
        read: Mutex::default(),
    }
}

fn scene_of(value: &[u8], sinks: Json) -> Scene {
    let config = recipe_config(sinks);
    let vault = Vault::new(false);
    let token = make(&vault, &config, "raw", &[], &source(value)).unwrap();
    Scene { config, vault, token }
}

fn scene(sinks: Json) -> Scene {
    scene_of(SECRET, sinks)
}

fn make(
    vault: &Vault,
    config: &BrokerConfig,
    recipe: &str,
    inputs: &[(&str, &str)],
    source: &Secrets,
) -> Result<String, BrokerError> {
    let inputs = inputs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    vault.make(&config.predicate, (recipe, &inputs), (source, "test/one"), UnixMillis(0))
}

impl Scene {
    fn request(
        &self,
        (method, path, query): (&str, &str, Option<&str>),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<FilledRequest, BrokerError> {
        let endpoint = word("web");
        let headers: Vec<Header> =
            headers.iter().map(|(n, v)| ((*n).into(), v.replace('T', &self.token))).collect();
        let (path, body) = (path.replace('T', &self.token), body.replace('T', &self.token));
        let query = query.map(|query| query.replace('T', &self.token));
        let filler = Filler::new(&self.vault, &endpoint);
        filler.request(method, (&path, query.as_deref()), &headers, body.as_bytes())
    }

    fn shown(&self, bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace(&self.token, "T")
    }
}

fn sink(position: Json) -> Json {
    json!([{"endpoint": "web", "position": position}])
}

#[test]
fn tokens_are_unguessable_unreserved_and_of_this_call() {
    let scene = scene(json!([]));
    assert_eq!(scene.token.len(), TOKEN_LENGTH);
    assert!(scene.token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
    let other = make(&scene.vault, &scene.config, "raw", &[], &source(SECRET)).unwrap();
    assert_ne!(scene.token, other);
    let text = format!("a {} b {other} c ifp-{}", scene.token, "0".repeat(40));
    let stable = scene.vault.stable_text(&text);
    let unknown = format!("ifp-{}", "0".repeat(40));
    assert_eq!(stable, format!("a <placeholder:raw> b <placeholder:raw#2> c {unknown}"));
    assert!(Vault::new(false).tokens_in(text.as_bytes()).is_empty());
}

#[test]
fn recipes_take_their_inputs_and_no_others() {
    let config = recipe_config(json!([]));
    let vault = Vault::new(false);
    let source = source(SECRET);
    let attempt = |recipe: &str, inputs: &[(&str, &str)]| {
        make(&vault, &config, recipe, inputs, &source).map(|_| ())
    };
    assert!(attempt("salted", &[("salt", "x")]).is_ok());
    assert!(matches!(attempt("nope", &[]), Err(BrokerError::Invalid(_))));
    let long = "x".repeat(INPUT_BYTES_MAX + 1);
    for inputs in [&[][..], &[("salt", "x"), ("more", "y")], &[("salt", &long)]] {
        assert!(matches!(attempt("salted", inputs), Err(BrokerError::Recipe { .. })));
    }
}

#[test]
fn a_missing_secret_says_which_line_sets_it() {
    let config = recipe_config(json!([]));
    let error = make(&Vault::new(false), &config, "raw", &[], &Secrets::default()).unwrap_err();
    let refusal = error.refusal();
    assert_eq!(refusal.code, if_core::Code::SecretMissing);
    assert_eq!(refusal.hints, ["ifctl secret set test one password"]);
}

#[test]
fn the_number_of_placeholders_is_bounded() {
    let config = recipe_config(json!([]));
    let (vault, source) = (Vault::new(false), source(SECRET));
    for _ in 0..PLACEHOLDERS_MAX {
        make(&vault, &config, "raw", &[], &source).unwrap();
    }
    let error = make(&vault, &config, "raw", &[], &source).unwrap_err();
    assert_eq!(error.code(), Code::LimitHandles);
}

#[test]
fn a_stream_forgets_its_oldest_placeholders() {
    let config = recipe_config(json!([]));
    let (vault, source) = (Vault::new(false).rolling(true), source(SECRET));
    let tokens: Vec<_> = (0..PLACEHOLDERS_MAX + 2)
        .map(|_| make(&vault, &config, "raw", &[], &source).unwrap())
        .collect();
    let known = |at: usize| vault.tokens_in(tokens[at].as_bytes()).len();
    assert_eq!((known(0), known(1), known(2), known(PLACEHOLDERS_MAX + 1)), (0, 0, 1, 1));
    let last = vault.stable_text(&tokens[PLACEHOLDERS_MAX + 1]);
    assert_eq!(last, format!("<placeholder:raw#{}>", PLACEHOLDERS_MAX + 2));
}

#[test]
fn a_fake_vault_reads_no_secret() {
    let config = recipe_config(sink(json!({"query": "key"})));
    let (vault, source) = (Vault::new(true), source(SECRET));
    let token = make(&vault, &config, "raw", &[], &source).unwrap();
    assert!(source.read.lock().unwrap().is_empty());
    assert!(vault.needles().is_none());
    let filled = Filler::new(&vault, &word("web"))
        .request("GET", ("/", Some(&format!("key={token}"))), &[], b"")
        .unwrap();
    assert_eq!(filled.path_and_query.as_slice(), format!("/?key={token}").as_bytes());
}

#[test]
fn debug_never_shows_a_value() {
    let scene = scene(json!([]));
    let found = scene.vault.tokens_in(scene.token.as_bytes());
    assert!(format!("{found:?}").contains("value: SecretValue(…)"), "{found:?}");
    assert_eq!(format!("{:?}", scene.vault.needles().unwrap()), "Needles(…)");
    scene.vault.clear();
    assert!(scene.vault.tokens_in(scene.token.as_bytes()).is_empty());
}

#[test]
fn no_error_shows_a_value() {
    const VALUE: &str = "s3cr\r\n\0et";
    let spelled = |error: BrokerError| format!("{error} {error:?} {:?}", error.clone().refusal());
    let header = scene_of(VALUE.as_bytes(), sink(json!({"header": "x-key"})));
    let line = scene_of(VALUE.as_bytes(), sink(json!({"line": ""})));
    let steps = ["un-hex", "un-base64", "rs256", "es256", "ed-dsa", "jwt"];
    let config = config(|predicate| {
        let recipe = |name: &&str| {
            let of = json!({"secret": "password"});
            let step = match *name {
                "un-hex" | "un-base64" => of,
                "jwt" => json!({"algorithm": "ES256", "key": of, "header": {"text": "{}"},
                    "claims": {"secret": "password"}}),
                _ => json!({"key": of, "message": {"text": "m"}}),
            };
            json!({"name": name, "step": {*name: step}, "sinks": []})
        };
        let recipes: Vec<Json> = steps.iter().map(recipe).collect();
        predicate.secrets = serde_json::from_value(json!([{"name": "password", "summary": "s",
            "recipes": recipes}]))
        .unwrap();
    });
    let made = |name: &&str| {
        make(&Vault::new(false), &config, name, &[], &source(VALUE.as_bytes())).unwrap_err()
    };
    let mut errors: Vec<BrokerError> = steps.iter().map(made).collect();
    errors.extend(header.request(("GET", "/", None), &[("x-key", "T")], "").err());
    errors.extend(Filler::new(&line.vault, &word("web")).line(line.token.as_bytes()).err());
    assert_eq!(errors.len(), steps.len() + 2);
    for error in errors {
        let text = spelled(error);
        assert!(!text.contains("s3cr"), "{text}");
    }
}

#[test]
fn a_value_stands_in_its_sink_and_a_token_elsewhere_is_text() {
    // (sink, path, query, header, body) → the same with V where the value must stand.
    let url = "s3cr%C3%A9t%2F%26%22x";
    let in_json = r#"s3crét/&\"x"#;
    let rows = [
        (
            json!({"query": "key"}),
            ("/a/T?key=T&k=T&T=1", "T", r#"{"x":"T"}"#),
            (format!("/a/T?key={url}&k=T&T=1"), "T".to_owned(), r#"{"x":"T"}"#.to_owned()),
        ),
        (
            json!({"path-segment": 1}),
            ("/a/botT/T?key=T", "T", "T"),
            (format!("/a/bot{url}/T?key=T"), "T".to_owned(), "T".to_owned()),
        ),
        (
            json!({"header": "x-key"}),
            ("/T", "Bearer T", "T"),
            ("/T".to_owned(), "Bearer s3crét/&\"x".to_owned(), "T".to_owned()),
        ),
        (
            json!({"json": "/d/x"}),
            ("/?x=T", "T", r#"{"d": {"x":"aTb", "y":"T"}, "n":1.10, "x":"T"}"#),
            (
                "/?x=T".to_owned(),
                "T".to_owned(),
                format!(r#"{{"d": {{"x":"a{in_json}b", "y":"T"}}, "n":1.10, "x":"T"}}"#),
            ),
        ),
    ];
    for (position, (place, header, body), (want_place, want_header, want_body)) in rows {
        let scene = scene(sink(position.clone()));
        let (path, query) = place.split_once('?').map_or((place, None), |(p, q)| (p, Some(q)));
        let filled = scene.request(("POST", path, query), &[("x-key", header)], body).unwrap();
        assert_eq!(scene.shown(&filled.path_and_query), want_place, "{position}");
        assert_eq!(scene.shown(&filled.headers[0].1), want_header, "{position}");
        assert_eq!(scene.shown(&filled.body), want_body, "{position}");
        assert_eq!(filled.used.len(), 1, "{position}");
    }
}

#[test]
fn a_form_field_is_filled_only_in_a_form() {
    let scene = scene(sink(json!({"form": "password"})));
    let post = |kind: &str| {
        let headers = [("content-type", kind)];
        scene.request(("POST", "/", None), &headers, "user=a&password=T&x=T").unwrap()
    };
    let form = post("application/x-www-form-urlencoded; charset=utf-8");
    assert_eq!(scene.shown(&form.body), "user=a&password=s3cr%C3%A9t%2F%26%22x&x=T");
    assert_eq!(scene.shown(&post("text/plain").body), "user=a&password=T&x=T");
}

#[test]
fn json_that_can_be_read_in_two_ways_is_not_filled() {
    let scene = scene(sink(json!({"json": "/x"})));
    for body in [r#"{"x":"T","x":"T"}"#, r#"{"x":"T""#, r#"{"x":["T"]}"#, r#"{"T":"x"}"#] {
        let filled = scene.request(("POST", "/", None), &[], body).unwrap();
        assert_eq!(scene.shown(&filled.body), body);
        assert!(filled.used.is_empty());
    }
}

#[test]
fn method_path_and_endpoint_of_a_sink_must_fit() {
    let scene = scene(json!([{"endpoint": "web", "position": {"query": "key"},
        "method": "POST", "path": "/login/*"}]));
    let used =
        |method, path| scene.request((method, path, Some("key=T")), &[], "").unwrap().used.len();
    assert_eq!(used("POST", "/login/a"), 1);
    assert_eq!(used("GET", "/login/a"), 0);
    assert_eq!(used("POST", "/login"), 0);
    let elsewhere = Filler::new(&scene.vault, &word("other"))
        .request("POST", ("/login/a", Some(&format!("key={}", scene.token))), &[], b"")
        .unwrap();
    assert!(elsewhere.used.is_empty());
}

#[test]
fn the_query_of_a_sink_must_fit_and_be_read_one_way() {
    let scene = scene(json!([{"endpoint": "web", "position": {"query": "Value"},
        "path": "/api/", "query": {"Function": "SetKey"}}]));
    let used = |query| scene.request(("GET", "/api/", Some(query)), &[], "").unwrap().used.len();
    assert_eq!(used("Function=SetKey&Value=T"), 1);
    assert_eq!(used("Value=T&Function=SetKey"), 1);
    for elsewhere in [
        "Function=SetText&Value=T",
        "Value=T",
        "Function=SetKey&Function=SetText&Value=T",
        "Function=SetKey&function=SetText&Value=T",
        "Function=SetKey;Function=SetText&Value=T",
    ] {
        assert_eq!(used(elsewhere), 0, "{elsewhere}");
    }
}

#[test]
fn credential_headers_need_a_declared_placeholder() {
    let declared = scene_of(b"value", sink(json!({"header": "authorization"})));
    for (value, want) in
        [("Bearer T", Some("Bearer value")), ("Bearer hardcoded", None), ("", None)]
    {
        let filled = declared.request(("GET", "/", None), &[("Authorization", value)], "");
        let shown = filled.ok().map(|filled| declared.shown(&filled.headers[0].1));
        assert_eq!(shown.as_deref(), want, "{value}");
    }
    let undeclared = scene(sink(json!({"query": "key"})));
    for name in ["authorization", "Cookie", "proxy-authorization"] {
        let refused = undeclared.request(("GET", "/", None), &[(name, "T")], "");
        assert!(matches!(refused, Err(BrokerError::SecretSink(_))), "{name}");
    }
}

#[test]
fn values_cannot_break_out_of_a_header_line_path_or_json() {
    let header = |value: &[u8]| {
        scene_of(value, sink(json!({"header": "x-key"})))
            .request(("GET", "/", None), &[("x-key", "T")], "")
            .map(|_| ())
    };
    assert!(header(b"fine").is_ok());
    for bad in [&b"a\r\nx: y"[..], b"a\nb", b"a\rb", b"a\0b"] {
        assert!(matches!(header(bad), Err(BrokerError::SecretSink(_))));
    }
    for bad in [&b".."[..], b".", b""] {
        let path = scene_of(bad, sink(json!({"path-segment": 0})));
        let refused = path.request(("GET", "/T/x", None), &[], "");
        assert!(matches!(refused, Err(BrokerError::SecretSink(_))), "{bad:?}");
    }
    let body = scene_of(b"\xff\xfe", sink(json!({"json": "/x"})));
    let refused = body.request(("POST", "/", None), &[], r#"{"x":"T"}"#);
    assert!(matches!(refused, Err(BrokerError::SecretSink(_))));
}

#[test]
fn frames_and_lines_have_sinks_of_their_own() {
    let frame = scene(sink(json!({"frame": "/d/auth"})));
    let fill = |scene: &Scene, text: &str| {
        let text = text.replace('T', &scene.token);
        let filled = Filler::new(&scene.vault, &word("web")).frame(&text).unwrap();
        scene.shown(&filled.bytes)
    };
    assert_eq!(
        fill(&frame, r#"{"d":{"auth":"T","x":"T"}}"#),
        r#"{"d":{"auth":"s3crét/&\"x","x":"T"}}"#
    );
    let line = scene_of(b"value", sink(json!({"line": "LOGIN "})));
    let fill = |scene: &Scene, text: &str| {
        let text = text.replace('T', &scene.token);
        Filler::new(&scene.vault, &word("web"))
            .line(text.as_bytes())
            .map(|filled| scene.shown(&filled.bytes))
    };
    assert_eq!(fill(&line, "LOGIN a T\r\n").unwrap(), "LOGIN a value\r\n");
    assert_eq!(fill(&line, "SAY T\r\n").unwrap(), "SAY T\r\n");
    let broken = scene_of(b"a\r\nQUIT", sink(json!({"line": "LOGIN "})));
    assert!(matches!(fill(&broken, "LOGIN T\n"), Err(BrokerError::SecretSink(_))));
}

fn response(headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let headers = headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    HttpResponse { status: 200, headers, body: body.as_bytes().to_vec() }
}

fn capture(vault: &Vault, captures: &[Capture], response: &mut HttpResponse) {
    Capturer::new(vault, &word("web"), captures).response(response).unwrap();
}

#[test]
fn tokens_in_answers_become_placeholders_and_go_back_where_they_belong() {
    let vault = Vault::new(false);
    let mut answer = response(
        &[("set-cookie", "sid=cookie-value-1; Path=/"), ("x-other", "kept")],
        r#"{"user":{"access_token":"access-value-1","expires":3600,"Session_Id":"session-value"}}"#,
    );
    capture(&vault, &[], &mut answer);
    let text = format!("{answer:?}") + &String::from_utf8_lossy(&answer.body);
    for value in ["cookie-value-1", "access-value-1", "session-value"] {
        assert!(!text.contains(value), "{value}");
    }
    assert_eq!(answer.headers[1].1, "kept");
    let body: Json = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["user"]["expires"], 3600);
    let access = body["user"]["access_token"].as_str().unwrap();
    let cookie = answer.headers[0].1.split(['=', ';']).nth(1).unwrap();
    let endpoint = word("web");
    let send = |endpoint: &Word, headers: &[(&str, String)]| {
        let headers: Vec<Header> = headers.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
        Filler::new(&vault, endpoint)
            .request("GET", ("/", None), &headers, b"")
            .map(|filled| String::from_utf8(filled.headers[0].1.to_vec()).unwrap())
    };
    let bearer = [("authorization", format!("Bearer {access}"))];
    assert_eq!(send(&endpoint, &bearer).unwrap(), "Bearer access-value-1");
    let jar = [("cookie", format!("a=b; sid={cookie}"))];
    assert_eq!(send(&endpoint, &jar).unwrap(), "a=b; sid=cookie-value-1");
    for (endpoint, wrong) in [
        (&word("other"), &bearer),
        (&endpoint, &[("cookie", format!("other={cookie}"))]),
        (&endpoint, &[("cookie", format!("xsid={cookie}"))]),
    ] {
        assert!(matches!(send(endpoint, wrong), Err(BrokerError::SecretSink(_))), "{wrong:?}");
    }
    let body = format!(r#"{{"refresh":{{"access_token":"{access}"}},"note":"{access}"}}"#);
    let filled = Filler::new(&vault, &endpoint).request("POST", ("/", None), &[], body.as_bytes());
    let filled = String::from_utf8(filled.unwrap().body.to_vec()).unwrap();
    assert_eq!(
        filled,
        format!(r#"{{"refresh":{{"access_token":"access-value-1"}},"note":"{access}"}}"#)
    );
}

#[test]
fn a_value_is_captured_once_and_hidden_in_every_later_answer() {
    let vault = Vault::new(false);
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let mut answer = response(&[], r#"{"access_token":"access-value-1"}"#);
        capture(&vault, &[], &mut answer);
        tokens.push(String::from_utf8(answer.body).unwrap());
    }
    assert_eq!(tokens[0], tokens[1]);
    let hidden = vault.hide("you are access-value-1").unwrap();
    assert_eq!(vault.stable_text(&hidden), "you are <placeholder:capture.access_token>");
    assert_eq!(vault.hide("nothing here"), None);
    assert!(vault.needles().unwrap().found_in(hex::encode("access-value-1").as_bytes()));
}

#[test]
fn manifests_add_names_and_sinks() {
    let captures: Vec<Capture> = serde_json::from_value(json!([{"endpoint": "web",
        "name": "X-Auth", "sinks": [{"endpoint": "api", "position": {"header": "x-auth"}}]},
        {"endpoint": "api", "name": "ticket", "sinks": []}]))
    .unwrap();
    let vault = Vault::new(false);
    let mut answer =
        response(&[("x-auth", "ticket-value-1")], r#"{"ticket":"kept-because-of-api"}"#);
    capture(&vault, &captures, &mut answer);
    assert_eq!(answer.body, br#"{"ticket":"kept-because-of-api"}"#);
    let token = answer.headers[0].1.clone();
    assert!(token.starts_with(TOKEN_PREFIX));
    let used = |endpoint: &str, name: &str| {
        let headers = [(name.to_owned(), token.clone())];
        let endpoint = word(endpoint);
        let filled = Filler::new(&vault, &endpoint).request("GET", ("/", None), &headers, b"");
        filled.unwrap().used.len()
    };
    assert_eq!((used("api", "x-auth"), used("web", "x-auth"), used("api", "x-b")), (1, 0, 0));
}

#[test]
fn forms_lists_and_doubled_keys_do_not_hide_a_token() {
    let vault = Vault::new(false);
    let mut form = response(
        &[("content-type", "application/x-www-form-urlencoded")],
        "access_token=form%2Dvalue-1&scope=all",
    );
    capture(&vault, &[], &mut form);
    let text = vault.stable_text(std::str::from_utf8(&form.body).unwrap());
    assert_eq!(text, "access_token=<placeholder:capture.access_token>&scope=all");
    for body in [
        r#"{"session_ids":["list-value-1","list-value-2"]}"#,
        r#"{"id_token":"twice-value-1","id_token":"twice-value-2"}"#,
        r#"{"\u0069d_token":"escaped-value-1"}"#,
        r#"[{"session":{"refresh_token":"nested-value-1"}}]"#,
    ] {
        let mut answer = response(&[], body);
        capture(&vault, &[], &mut answer);
        let text = String::from_utf8(answer.body).unwrap();
        assert!(!text.contains("-value-"), "{body} -> {text}");
    }
    let mut short = response(&[], r#"{"session":"on","sessions":3}"#);
    capture(&vault, &[], &mut short);
    assert_eq!(short.body, br#"{"session":"on","sessions":3}"#);
}
