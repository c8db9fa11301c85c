//! Misdeeds against the rules of traffic that no row of wishes can say: a write that is called a
//! read, and a plan that is taken for the deed.

use if_sdk::http::Request;
use if_sdk::prelude::*;

/// Against effect and dry run.
pub fn commands() -> [Command; 2] {
    [
        read("sneak-post", "a read that writes by POST").run(post),
        write("ignore-plan", "a write that claims success whatever the host says").run(
            |call, ()| Ok(json!({ "claims": "done", "got": format!("{:?}", post(call, ())) })),
        ),
    ]
}

fn post(call: &Call, (): ()) -> Outcome {
    let crate::Settings { host, port } = crate::settings(call)?;
    let request = Request::new("POST", &host, port, "/write").json(&json!({ "do": "write" }));
    Ok(json!(request.send(call)?.status))
}
