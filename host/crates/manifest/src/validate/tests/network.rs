//! Ways to spoil what a plugin may reach and which secrets it may use where.

use super::check;
use serde_json::{Value, json};

#[test]
fn endpoints_and_rules() {
    let rule = |more: Value| {
        let mut it = json!({"effect": "read"});
        it.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        it
    };
    let (control, web, lines) = (
        "/predicate/endpoints/0/rules/-",
        "/predicate/endpoints/1/rules/-",
        "/predicate/endpoints/2/rules/-",
    );
    check(&[
        (
            "/predicate/endpoints/1/name",
            json!("control"),
            "endpoints[1].name: `control` stands twice",
        ),
        ("/predicate/endpoints/0/protocols", json!([]), "endpoints[0].protocols: must name one"),
        ("/predicate/endpoints/0/protocols", json!(["ws", "ws"]), "same protocol, host and port"),
        ("/predicate/endpoints/0/host", json!("*.example.com"), "no wildcards"),
        ("/predicate/endpoints/0/host", json!("*"), "no wildcards"),
        ("/predicate/endpoints/0/host", json!("Example.com"), "no wildcards"),
        ("/predicate/endpoints/0/host", json!("a..b"), "no wildcards"),
        ("/predicate/endpoints/0/host", json!("{region}*.example.com"), "no wildcards"),
        ("/predicate/endpoints/0/host", json!(""), "must not be empty"),
        ("/predicate/endpoints/0/host", json!("{host"), "a brace without its partner"),
        ("/predicate/endpoints/0/host", json!("{other}"), "there is no setting `other`"),
        ("/predicate/endpoints/0/host", json!("{port}"), "must be a string or an enum"),
        ("/predicate/settings/0/required", json!(false), "must be required and have no default"),
        ("/predicate/settings/2/required", json!(false), "setting `region` must be required"),
        ("/predicate/settings/1/default", Value::Null, "must be required or have a default"),
        ("/predicate/endpoints/0/port", json!("{host}"), "setting `host` must be an int"),
        ("/predicate/endpoints/0/port", json!("0"), "must be a number from 1"),
        ("/predicate/endpoints/0/port", json!("65536"), "must be a number from 1"),
        ("/predicate/endpoints/0/port", json!("+80"), "must be a number from 1"),
        ("/predicate/endpoints/0/port", json!("1{port}"), "must be a number or one setting"),
        ("/predicate/endpoints/0/port", json!("*"), "must be a number from 1"),
        (web, rule(json!({"method": "get"})), "must be a method in capital letters"),
        (control, rule(json!({"method": "GET"})), "rules[2].method: needs http or SIP"),
        (control, rule(json!({"path": "/x"})), "rules[2].path: needs an http endpoint"),
        (control, rule(json!({"query": {"a": "b"}})), "rules[2].query: needs an http endpoint"),
        (control, rule(json!({"line": "x"})), "rules[2].line: needs a tcp"),
        (lines, rule(json!({"json": {"/a": 1}})), "rules[1].json: needs an http or ws"),
        (web, rule(json!({"path": "x"})), "must begin with /"),
        (web, rule(json!({"path": "/**/x"})), "must begin with /"),
        (web, rule(json!({"path": "/a*"})), "must begin with /"),
        (web, rule(json!({"path": "/a//b"})), "must begin with /"),
        (web, rule(json!({"path": "/a/../b"})), "must begin with /"),
        (web, rule(json!({"path": "/a%2fb"})), "must begin with /"),
        (web, rule(json!({"path": "/a?b=c"})), "must begin with /"),
        (web, rule(json!({"json": {"a": 1}})), "is not a JSON pointer"),
        (web, rule(json!({"effect": {"table": "x", "key": "query:a"}})), "there is no table `x`"),
        (
            web,
            rule(json!({"effect": {"table": "requests", "key": "header:a"}})),
            "must be json:<pointer>",
        ),
        (
            web,
            rule(json!({"effect": {"table": "requests", "key": "json:a"}})),
            "is not a JSON pointer",
        ),
        (
            web,
            rule(json!({"effect": {"table": "requests", "key": "line:1"}})),
            "`line:` needs a tcp",
        ),
        (
            lines,
            rule(json!({"effect": {"table": "requests", "key": "line:16"}})),
            "`line:` needs a tcp",
        ),
        (
            lines,
            rule(json!({"effect": {"table": "requests", "key": "query:a"}})),
            "`query:` needs an http",
        ),
        (
            lines,
            rule(json!({"effect": {"table": "requests", "key": "json:/a"}})),
            "needs an http or ws",
        ),
        ("/predicate/endpoints/0/rules", json!(vec![rule(json!({})); 201]), "has more than 200"),
    ]);
    let many: Vec<Value> = (0..33)
        .map(|n| json!({"name": format!("e{n}"), "protocols": ["tcp"], "host": "a", "port": format!("{}", n + 1)}))
        .collect();
    check(&[("/predicate/endpoints", json!(many), "endpoints: has more than 32")]);
}

#[test]
fn secrets_recipes_sinks_and_captures() {
    let step = "/predicate/secrets/0/recipes/0/step";
    let sink = "/predicate/secrets/1/recipes/0/sinks/0/position";
    let deep = (0..21).fold(json!({"secret": "password"}), |of, _| json!({"hex": of}));
    let wide = json!({"concat": vec![json!({"secret": "password"}); 128]});
    let pbkdf2 = |rounds: u32, length: u32| json!({"pbkdf2-sha1": {"password": {"secret": "password"}, "salt": {"text": "s"}, "rounds": rounds, "length_bytes": length}});
    let totp = |digits: u8, period: u32| json!({"totp": {"key": {"secret": "key"}, "digits": digits, "period_seconds": period}});
    check(&[
        (
            "/predicate/secrets/1/name",
            json!("password"),
            "secrets[1].name: `password` stands twice",
        ),
        ("/predicate/secrets/1/recipes/0/name", json!("auth"), "`auth` stands twice"),
        ("/predicate/secrets/0/recipes", json!([]), "without one the secret has no use"),
        ("/predicate/secrets/0/recipes/0/sinks", json!([]), "recipes[0].sinks: must name a place"),
        (
            "/predicate/secrets/0/recipes/0/inputs",
            json!(["salt", "challenge", "more"]),
            "`more` is not used",
        ),
        ("/predicate/secrets/0/recipes/0/inputs", json!(["salt"]), "there is no input `challenge`"),
        ("/predicate/secrets/0/recipes/0/inputs", json!(["salt", "salt"]), "`salt` stands twice"),
        ("/predicate/secrets/0/recipes/0/inputs", json!(["a b"]), "must match [A-Za-z0-9_-]+"),
        (step, json!({"text": "x"}), "uses no secret"),
        (step, json!({"secret": "other"}), "there is no secret `other`"),
        (step, json!({"concat": []}), "concat of nothing"),
        (step, deep, "is deeper than 20"),
        (step, wide, "has over 128 nodes"),
        (step, pbkdf2(0, 20), "rounds must be 1"),
        (step, pbkdf2(2_000_001, 20), "rounds must be 1"),
        (step, pbkdf2(1, 513), "length_bytes must be 1"),
        (step, totp(5, 30), "totp has 6 to 8"),
        (step, totp(6, 0), "totp has 6 to 8"),
        ("/predicate/secrets/1/recipes/1/step/jwt/algorithm", json!("none"), "`none` is not HS256"),
        (
            "/predicate/secrets/0/recipes/0/sinks/0/endpoint",
            json!("other"),
            "there is no endpoint `other`",
        ),
        (sink, json!({"header": "Authorization"}), "must be a header's name in lower case"),
        (sink, json!({"header": "host"}), "`host` is the host's to write"),
        (sink, json!({"header": "content-length"}), "the host's to write"),
        (sink, json!({"header": "transfer-encoding"}), "the host's to write"),
        (sink, json!({"header": "connection"}), "the host's to write"),
        (sink, json!({"header": "x\r\ny"}), "must be a header's name"),
        (sink, json!({"json": ""}), "must point at one member"),
        (sink, json!({"json": "token"}), "is not a JSON pointer"),
        (sink, json!({"frame": "/a"}), "needs a ws endpoint"),
        (sink, json!({"line": "A"}), "needs a tcp, tls or udp"),
        (sink, json!({"form": ""}), "must name a field"),
        (sink, json!({"query": ""}), "must name a parameter"),
        (
            "/predicate/secrets/0/recipes/1/sinks/0/position",
            json!({"line": "A\nB"}),
            "must be one line",
        ),
        (
            "/predicate/secrets/0/recipes/1/sinks/0/position",
            json!({"header": "a"}),
            "needs an http or ws",
        ),
        (
            "/predicate/secrets/0/recipes/0/sinks/0/position",
            json!({"json": "/a"}),
            "needs an http endpoint",
        ),
        ("/predicate/secrets/1/recipes/0/sinks/0/method", json!("post"), "capital letters"),
        ("/predicate/secrets/1/recipes/0/sinks/0/path", json!("v1"), "must begin with /"),
        (
            "/predicate/captures/0/endpoint",
            json!("other"),
            "captures[0].endpoint: there is no endpoint",
        ),
        ("/predicate/captures/0/name", json!(""), "must name a member or header"),
        (
            "/predicate/captures/0/sinks/0/position",
            json!({"header": "host"}),
            "the host's to write",
        ),
    ]);
}
