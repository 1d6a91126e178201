//! Starts under way: from before a session's first process runs until the session is in the list.
//!
//! Its programs may speak to this server earlier than the holder reports. Who comes from a session that is not known
//! yet waits here. Knows nothing of what is started.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// Those of one registry.
#[derive(Debug, Default)]
pub(super) struct Starts {
    next: AtomicU64,
    under_way: watch::Sender<BTreeSet<u64>>,
}

/// One of them; over when it is dropped.
#[derive(Debug)]
pub(super) struct Start<'a> {
    starts: &'a Starts,
    number: u64,
}

impl Drop for Start<'_> {
    fn drop(&mut self) {
        self.starts.under_way.send_modify(|under_way| {
            under_way.remove(&self.number);
        });
    }
}

impl Starts {
    /// One more.
    pub(super) fn begin(&self) -> Start<'_> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.under_way.send_modify(|under_way| {
            under_way.insert(number);
        });
        Start { starts: self, number }
    }

    /// Waits until all that are under way now are over, whatever begins meanwhile. No longer than a holder may take.
    pub(super) async fn settled(&self) {
        let mut under_way = self.under_way.subscribe();
        let these = under_way.borrow_and_update().clone();
        // The sender is in `self`: there is always one.
        let _ = under_way.wait_for(|now| now.is_disjoint(&these)).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn who_waits_waits_for_what_had_begun_and_no_more() {
        let starts = Starts::default();
        starts.settled().await;
        let (first, second) = (starts.begin(), starts.begin());
        let mut settled = Box::pin(starts.settled());
        assert!(settled.as_mut().now_or_never().is_none());
        drop(first);
        let _third = starts.begin();
        assert!(settled.as_mut().now_or_never().is_none());
        drop(second);
        settled.await;
    }
}
