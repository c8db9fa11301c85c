//! A guest that costs money, in every way in which a price can be stated. Nothing is bought.

use if_sdk::prelude::*;
use std::time::Duration;

/// The provider `meter`.
pub fn provider() -> Provider {
    let micros =
        || int("micros", "millionths of a unit").between(0, 1_000_000_000_000).positional();
    let millis = || int("millis", "for so long").between(0, 600_000).optional();
    Provider::new("costs money: what budgets are tested with").commands([
        read("buy", "costs what its price says").run(|_, ()| Ok(json!({}))),
        read("chat", "reports tokens, or says nothing of them")
            .takes((
                int("in", "tokens read").between(0, 1_000_000_000).optional(),
                int("out", "tokens written").between(0, 1_000_000_000).optional(),
            ))
            .run(|call, (read, written): (Option<i64>, Option<i64>)| {
                if let (Some(read), Some(written)) = (read, written) {
                    call.report(0, &json!({ "tokens_in": read, "tokens_out": written }))?;
                }
                Ok(json!({}))
            }),
        read("pay", "moves money, or fails to")
            .takes((
                int("cents", "how much").between(0, 1_000_000_000_000).positional(),
                text("currency", "of the amount").optional(),
                flag("fail", "the card is declined"),
            ))
            .run(|_, (_, _, fails): (i64, Option<String>, bool)| match fails {
                true => Err(Failure::refused("declined", "the card was declined")),
                false => Ok(json!({})),
            }),
        read("last", "takes its time").takes(millis()).run(|_, millis: Option<i64>| {
            wait(millis);
            Ok(json!({}))
        }),
        read("spend", "reports a cost that nothing said before").takes(micros()).run(
            |call, micros: i64| {
                call.report(micros.unsigned_abs(), &json!({}))?;
                Ok(json!({}))
            },
        ),
        read("hold", "reserves while it runs, waits, and reports nothing")
            .takes((micros(), millis()))
            .run(|call, (micros, millis): (i64, Option<i64>)| {
                call.reserve(micros.unsigned_abs(), "a large model")?;
                wait(millis);
                Ok(json!({}))
            }),
    ])
}

fn wait(millis: Option<i64>) {
    std::thread::sleep(Duration::from_millis(millis.unwrap_or_default().unsigned_abs()));
}

if_sdk::provider!(provider);
