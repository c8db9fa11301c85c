//! One command's conversation with its device, written down: what `tests/cassettes/*.json` hold.

use serde_json::{Map, Value, json};

/// The instant of every answer; time stands in a script.
const AT: u64 = 1_700_000_000_000;

/// A script being written. Exchanges come in the order in which they are said here.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    document: Map<String, Value>,
    exchanges: Vec<Value>,
    connections: u32,
}

impl Script {
    /// A script for this command path, or for `check`.
    pub fn command(path: &str) -> Self {
        let mut document = Map::new();
        document.insert("command".into(), json!(path));
        Self { document, exchanges: Vec::new(), connections: 0 }
    }

    /// An argument.
    #[must_use]
    pub fn argument(self, name: &str, value: impl Into<Value>) -> Self {
        self.member("arguments", name, value.into())
    }

    /// A setting of the instance.
    #[must_use]
    pub fn setting(self, name: &str, value: impl Into<Value>) -> Self {
        self.member("settings", name, value.into())
    }

    /// The instance has this secret.
    #[must_use]
    pub fn secret(mut self, name: &str) -> Self {
        let secrets = self.document.entry("secrets").or_insert_with(|| json!([]));
        if let Some(secrets) = secrets.as_array_mut() {
            secrets.push(json!(name));
        }
        self
    }

    /// A dry run.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.document.insert("dry_run".into(), json!(true));
        self
    }

    /// An HTTP exchange: asked so, answered with this status and body.
    #[must_use]
    pub fn http(self, method: &str, url: &str, body: &str, status: u16, answer: &str) -> Self {
        let request = json!({
            "method": method, "url": url, "headers": [], "body": body, "timeout_ms": null,
        });
        let response = json!({ "status": status, "headers": [], "body": answer });
        self.exchange(
            json!({ "ask": "http", "request": request }),
            json!({ "reply": "http", "response": response }),
        )
    }

    /// A connection is opened: `ws`, `wss`, `tcp`, `tls`, `udp`. What is sent and received from
    /// here on is on this one.
    #[must_use]
    pub fn opens(mut self, protocol: &str, host: &str, port: u16) -> Self {
        self.connections += 1;
        let path = if protocol.starts_with("ws") { json!("/") } else { Value::Null };
        let target = json!({
            "protocol": protocol, "host": host, "port": port, "path": path, "headers": [],
            "timeout_ms": 0,
        });
        let opened = json!({
            "reply": "opened", "connection": self.connections, "fresh": true,
            "local": "127.0.0.1:1", "subprotocol": null,
        });
        self.exchange(json!({ "ask": "open", "target": target }), opened)
    }

    /// The plugin sends this JSON. A secret's place holds `<placeholder:recipe>`.
    #[must_use]
    pub fn sends(self, message: &Value) -> Self {
        self.sends_frame(json!({ "text": message.to_string() }))
    }

    /// The plugin sends this piece of a byte stream.
    #[must_use]
    pub fn sends_line(self, line: &str) -> Self {
        self.sends_frame(json!({ "binary": line }))
    }

    /// The device sends this JSON.
    #[must_use]
    pub fn receives(self, message: &Value) -> Self {
        self.receives_frame(json!({ "text": message.to_string() }))
    }

    /// The device sends this piece of a byte stream.
    #[must_use]
    pub fn receives_line(self, line: &str) -> Self {
        self.receives_frame(json!({ "binary": line }))
    }

    /// The device closes.
    #[must_use]
    pub fn closes(self, code: u16, reason: &str) -> Self {
        self.receives_frame(json!({ "closed": { "code": code, "reason": reason } }))
    }

    /// What must come out.
    #[must_use]
    pub fn gives(self, result: Value) -> Self {
        self.expect(json!({ "ok": result }))
    }

    /// The events that a stream must emit until the script ends.
    #[must_use]
    pub fn emits(self, events: Value) -> Self {
        self.expect(json!({ "events": events }))
    }

    /// The error code that must come out: `IF_ERR_PROVIDER`.
    #[must_use]
    pub fn fails(self, code: &str) -> Self {
        self.expect(json!({ "error": code }))
    }

    /// The document as `ifctl plugin test` reads it.
    pub fn document(&self) -> Value {
        let mut document = self.document.clone();
        document.insert("cassette".into(), json!(self.exchanges));
        Value::Object(document)
    }

    fn member(mut self, group: &str, name: &str, value: Value) -> Self {
        let group = self.document.entry(group).or_insert_with(|| json!({}));
        if let Some(group) = group.as_object_mut() {
            group.insert(name.into(), value);
        }
        self
    }

    fn expect(mut self, expect: Value) -> Self {
        self.document.insert("expect".into(), expect);
        self
    }

    fn sends_frame(self, frame: Value) -> Self {
        let connection = self.connections;
        self.exchange(
            json!({ "ask": "send", "connection": connection, "frame": frame }),
            json!({ "reply": "done" }),
        )
    }

    fn receives_frame(self, frame: Value) -> Self {
        let connection = self.connections;
        self.exchange(
            json!({ "ask": "receive", "connection": connection, "timeout_ms": 0 }),
            json!({ "reply": "frame", "frame": frame }),
        )
    }

    fn exchange(mut self, ask: Value, reply: Value) -> Self {
        let answer = json!({ "at": AT, "effect": null, "result": { "Ok": reply } });
        self.exchanges.push(json!({ "ask": ask, "answer": answer }));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_a_cassette() {
        let script = Script::command("status")
            .setting("host", "h")
            .argument("level", 3)
            .secret("password")
            .opens("tcp", "h", 1)
            .sends_line("STATUS\r\n")
            .receives_line("OK\r\n")
            .gives(json!({ "ok": true }))
            .document();
        assert_eq!(script["settings"]["host"], "h");
        assert_eq!(script["arguments"]["level"], 3);
        assert_eq!(script["secrets"], json!(["password"]));
        assert_eq!(script["cassette"][1]["ask"]["frame"]["binary"], "STATUS\r\n");
        assert_eq!(script["cassette"][2]["answer"]["result"]["Ok"]["reply"], "frame");
        assert_eq!(script["expect"]["ok"]["ok"], true);
    }
}
