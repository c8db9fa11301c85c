//! `batch`: several requests in one frame.
//!
//! Each is checked here as if it stood alone; what the batch may do is decided by the host, which
//! looks every one of them up in the signed table.

use crate::protocol::meaning;
use crate::requests;
use crate::session::Obs;
use if_sdk::prelude::*;

/// `--execution` and the protocol's number for it.
const MODES: &[(&str, i64)] = &[("serial", 0), ("frame", 1), ("parallel", 2)];

/// Members that a request of a batch may have.
const MEMBERS: &[&str] =
    &["requestType", "requestId", "requestData", "inputVariables", "outputVariables"];

/// `batch`.
pub fn command() -> Command {
    let modes: Vec<&str> = MODES.iter().map(|(mode, _)| *mode).collect();
    by_table("batch", "several requests in one", "requests", "data:/*/requestType")
        .takes((
            if_sdk::json("data", "the requests: [{\"requestType\": …, \"requestData\": {…}}, …]"),
            choice("execution", "one after the other, one per frame, or all at once", &modes)
                .or("serial"),
            flag("halt", "end with the first that is refused"),
            flag("tolerate", "show refusals among the results instead of failing"),
        ))
        .example("obs batch studio --data @requests.json --halt")
        .json()
        .run(|call, (data, mode, halt, tolerate): (Value, String, bool, bool)| {
            check(&data)?;
            let mode = MODES.iter().find(|(word, _)| *word == mode).map(|(_, number)| *number);
            let batch = json!({ "requests": data, "executionType": mode, "haltOnFailure": halt });
            let results = Obs::connect(call)?.batch(batch)?;
            judge(data.items(), results.items(), tolerate)
        })
}

/// Every request must be one, with fields that it has.
fn check(data: &Value) -> Result<(), Failure> {
    let Some(list) = data.as_array().filter(|list| !list.is_empty()) else {
        return Err(Failure::usage("`data` must be a list of requests"));
    };
    for (index, request) in list.iter().enumerate() {
        let fault = |text: &str| Failure::usage(format!("request {}: {text}", index + 1));
        let members = request.as_object().ok_or_else(|| fault("must be an object"))?;
        if let Some(odd) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(fault(&format!("has no member `{odd}`")));
        }
        let name = request.at("requestType").as_str();
        let name = name.ok_or_else(|| fault("`requestType` is missing"))?;
        let none = json!({});
        let fields = request.get("requestData").unwrap_or(&none);
        let later: Vec<&str> = match request.at("inputVariables").as_object() {
            Some(variables) => variables.keys().map(String::as_str).collect(),
            None => Vec::new(),
        };
        requests::check(name, fields, &later).map_err(|failure| match failure {
            Failure::Usage(text) => fault(&text),
            other => other,
        })?;
    }
    Ok(())
}

/// The results, unless one was refused and nobody said that it may be.
fn judge(asked: &[Value], results: &[Value], tolerate: bool) -> Outcome {
    let code = |result: &Value| result.at("requestStatus").at("code").as_u64().unwrap_or_default();
    let good = |result: &&Value| result.at("requestStatus").at("result") == true;
    let words = |result: &Value| {
        let comment = result.at("requestStatus").at("comment").as_str();
        comment.unwrap_or_else(|| meaning(code(result))).to_owned()
    };
    let refused: Vec<(usize, &Value)> =
        results.iter().enumerate().filter(|(_, result)| !good(result)).collect();
    if let (false, Some((_, first))) = (tolerate, refused.first()) {
        let lines = refused.iter().map(|(index, result)| {
            let name = result.at("requestType").as_str().unwrap_or_default();
            format!("request {} ({name}): {} {}", index + 1, code(result), words(result))
        });
        let done = results.len() - refused.len();
        let lines: Vec<_> = lines.collect();
        let text = format!("{}; {done} of {} were done", lines.join("; "), asked.len());
        return Err(Failure::refused(code(first), text));
    }
    let rows = results.iter().map(|result| {
        json!({
            "request": result.at("requestType"), "ok": good(&result), "code": code(result),
            "comment": result.at("requestStatus").at("comment"),
            "answer": result.at("responseData"),
        })
    });
    let rows: Vec<Value> = rows.collect();
    Ok(json!({ "asked": asked.len(), "refused": refused.len(), "results": rows }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_checked_as_if_alone() {
        let fault = |data: Value| match check(&data) {
            Err(Failure::Usage(text)) => text,
            other => format!("{other:?}"),
        };
        let good = json!([{ "requestType": "GetVersion" }, { "requestType": "Sleep",
            "requestData": { "sleepMillis": 5 } }]);
        assert_eq!(check(&good), Ok(()));
        let later = json!([{ "requestType": "SetCurrentProgramScene",
            "inputVariables": { "sceneName": "x" } }]);
        assert_eq!(check(&later), Ok(()));
        assert_eq!(fault(json!([])), "`data` must be a list of requests");
        assert_eq!(fault(json!({})), "`data` must be a list of requests");
        assert_eq!(fault(json!([1])), "request 1: must be an object");
        assert_eq!(
            fault(json!([{ "requestType": "GetVersion" }, {}])),
            "request 2: `requestType` is missing"
        );
        assert!(fault(json!([{ "requestType": "GetVersionn" }])).contains("did you mean"));
        assert!(fault(json!([{ "requestType": "GetVersion", "data": {} }])).contains("`data`"));
    }

    #[test]
    fn a_refusal_fails_the_batch_unless_tolerated() {
        let asked = [json!({}), json!({}), json!({})];
        let results = [
            json!({ "requestType": "A", "requestStatus": { "result": true, "code": 100 },
                "responseData": { "x": 1 } }),
            json!({ "requestType": "B",
                "requestStatus": { "result": false, "code": 600, "comment": "No scene." } }),
        ];
        let expect = "request 2 (B): 600 No scene.; 1 of 3 were done";
        assert_eq!(judge(&asked, &results, false), Err(Failure::refused(600, expect)));
        let all = judge(&asked, &results, true).unwrap();
        assert_eq!((all.at("refused"), all.at("results").items().len()), (&json!(1), 2));
        assert_eq!(all.at("results").items()[1].at("comment"), "No scene.");
    }
}
