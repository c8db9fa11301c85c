//! The wishes of a guest that the broker has not yet answered.

use if_core::{Answer, Ask, BoxFuture, Broker};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

/// Waiting for the broker, each under the number that the worker gave it.
#[derive(Default)]
pub(super) struct Wishes(Vec<(u64, BoxFuture<'static, Answer>)>);

impl Wishes {
    pub(super) fn begin(&mut self, id: u64, broker: Arc<dyn Broker>, ask: Ask) {
        self.0.push((id, Box::pin(async move { broker.ask(ask).await })));
    }

    /// Nobody waits for it any more: the broker hears that at once.
    pub(super) fn forget(&mut self, id: u64) {
        self.0.retain(|(waiting, _)| *waiting != id);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The next that is answered. Without any it waits for ever.
    pub(super) async fn next(&mut self) -> (u64, Answer) {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                let Some((id, wish)) = self.0.get_mut(at) else { break };
                if let Poll::Ready(answer) = wish.as_mut().poll(context) {
                    let id = *id;
                    drop(self.0.swap_remove(at));
                    return Poll::Ready((id, answer));
                }
            }
            Poll::Pending
        })
        .await
    }
}
