//! vMix over its HTTP API: `GET /api/?Function=…`.
//!
//! vMix writes by GET, so neither the method nor the path says what a request does: the signed
//! table `functions-effects.csv` does, by the function's name. Its TCP API comes with streaming
//! commands.

mod functions;
mod state;

use if_sdk::http::Request;
use if_sdk::prelude::*;
use std::collections::BTreeMap;

/// The provider `vmix`.
pub fn provider() -> Provider {
    Provider::new("vMix: live production, by its 797 functions")
        .settings((
            text("host", "name or address of the machine that runs vMix"),
            int("port", "the HTTP API's port").between(1, 65_535).or(8088),
        ))
        .check(|call| Ok(look(call)?.pick(&[("version", "version"), ("edition", "edition")])))
        .commands(switching())
        .commands([
            read("state", "everything vMix tells about itself")
                .example("vmix state studio")
                .json()
                .run(|call, ()| look(call)),
            read("inputs", "all inputs")
                .example("vmix inputs studio")
                .table("/inputs", &["number", "title", "type", "state", "position", "duration"])
                .run(|call, ()| Ok(look(call)?.pick(&[("inputs", "inputs")]))),
            by_table("function", "any of vMix's 797 functions", "functions", "name")
                .takes((
                    text("name", "such as SetVolume").positional(),
                    record("values", "its parameters, such as Input=2 Value=80")
                        .positional()
                        .or(json!({})),
                ))
                .example(
                    "vmix function studio SetText Input=3 SelectedName=Headline.Text Value=Hello",
                )
                .run(|call, (name, values): (String, BTreeMap<String, String>)| {
                    functions::check(&name, values.keys())?;
                    act(call, &name, values)
                }),
        ])
}

fn switching() -> [Command; 3] {
    let input = || text("input", "number, title or key; -1 is program, 0 preview").positional();
    [
        write("cut", "cut to an input, or to preview when none is given")
            .takes(input().optional())
            .example("vmix cut studio --input 1")
            .run(|call, input| act(call, "Cut", values([("Input", input)]))),
        write("fade", "fade to an input, or to preview when none is given")
            .takes((
                input().optional(),
                int("duration", "milliseconds").between(0, DURATION_MS_MAX).or(1000),
            ))
            .example("vmix fade studio --input 2 --duration 500")
            .run(|call, (input, duration): (Option<String>, i64)| {
                let duration = Some(duration.to_string());
                act(call, "Fade", values([("Input", input), ("Duration", duration)]))
            }),
        write("preview", "put an input on preview")
            .takes(input())
            .example("vmix preview studio --input 3")
            .run(|call, input| act(call, "PreviewInput", values([("Input", Some(input))]))),
    ]
}

/// A transition of more than a minute is a slip of the finger on air.
const DURATION_MS_MAX: i64 = 60_000;

/// The settings of an instance.
#[derive(serde::Deserialize)]
struct Settings {
    host: String,
    port: u16,
}

fn api(call: &Call) -> Result<Request, Failure> {
    let Settings { host, port } = call.settings()?;
    Ok(Request::new("GET", &host, port, "/api/"))
}

fn look(call: &Call) -> Outcome {
    state::parse(api(call)?.send(call)?.success()?.text()?)
}

fn values<const N: usize>(given: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Calls a function. vMix answers 500 with its reason when it refuses.
fn act(call: &Call, function: &str, values: BTreeMap<String, String>) -> Outcome {
    let request = api(call)?.query("Function", function);
    let request = values.iter().fold(request, |request, (name, value)| request.query(name, value));
    request.send(call)?.success()?;
    Ok(json!({ "function": function, "values": values }))
}

if_sdk::provider!(provider);
