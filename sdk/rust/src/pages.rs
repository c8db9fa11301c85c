//! Answers that come in pages.

use crate::Failure;
use serde_json::Value;

/// Most pages of one answer: beyond it a provider's cursor runs in a circle.
const PAGES_MAX: usize = 1_000;

/// All items: `fetch` gives one page's items and where the next begins, `None` after the last.
///
/// # Errors
/// As `fetch`; `protocol` when the pages have no end.
pub fn pages<C>(
    first: C,
    mut fetch: impl FnMut(C) -> Result<(Vec<Value>, Option<C>), Failure>,
) -> Result<Vec<Value>, Failure> {
    let (mut all, mut cursor) = (Vec::new(), first);
    for _ in 0..PAGES_MAX {
        let (items, next) = fetch(cursor)?;
        all.extend(items);
        match next {
            Some(next) => cursor = next,
            None => return Ok(all),
        }
    }
    Err(Failure::protocol(format!("the answer has more than {PAGES_MAX} pages")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_are_joined_in_order_and_a_circle_ends() {
        let page = |at: u32| Ok((vec![json!(at)], (at < 3).then_some(at + 1)));
        assert_eq!(pages(1, page), Ok(vec![json!(1), json!(2), json!(3)]));
        assert!(matches!(pages((), |()| Ok((vec![], Some(())))), Err(Failure::Protocol(_))));
    }
}
