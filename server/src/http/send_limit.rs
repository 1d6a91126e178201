//! A connection whose client takes what is sent to it, or loses it: time without any progress is limited.
//!
//! Only time in which something waits to be sent counts, so an event stream that has nothing to say is never cut. A
//! client that is slow and goes on reading keeps its connection, however long the answer takes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Takes the limit off a connection: a WebSocket's own limits are with its session.
#[derive(Debug, Clone, Default)]
pub(super) struct Lift(Arc<AtomicBool>);

impl Lift {
    /// From now on nothing is limited.
    pub(super) fn lift(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The connection.
#[derive(Debug)]
pub(super) struct Limited<S> {
    stream: S,
    /// Without progress for this long, writing fails with [`io::ErrorKind::TimedOut`].
    limit: Duration,
    lift: Lift,
    /// Runs while something waits to be sent.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Limited<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            limit,
            lift: Lift::default(),
            stalled: None,
        }
    }

    /// A way to take the limit off.
    pub(super) fn lift(&self) -> Lift {
        self.lift.clone()
    }

    /// What became of an attempt to write, with the limit.
    fn watch<T>(&mut self, context: &mut Context<'_>, tried: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if tried.is_ready() || self.lift.0.load(Ordering::Relaxed) {
            self.stalled = None;
            return tried;
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the client took nothing for {} ms", limit.as_millis()),
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, tried)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tried = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, tried)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, tried)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let tried = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(context, tried)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn who_takes_nothing_is_cut_and_who_takes_a_little_each_time_is_not() {
        let (near, mut far) = duplex(16);
        let mut near = Limited::new(near, LIMIT);
        let reads = async {
            for _ in 0..8 {
                tokio::time::sleep(LIMIT / 4).await;
                far.read_exact(&mut [0; 16]).await.unwrap();
            }
        };
        let writes = near.write_all(&[7; 16 * 9]);
        // In this order: what was read counts before the limit is looked at, also on a machine that is late.
        let ((), written) = tokio::join!(biased; reads, writes);
        written.unwrap();
        let error = near.write_all(&[7; 16]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().contains("200 ms"), "{error}");
    }

    #[tokio::test]
    async fn without_anything_to_send_and_once_it_is_lifted_nothing_is_cut() {
        let (near, mut far) = duplex(16);
        let mut near = Limited::new(near, LIMIT);
        tokio::time::sleep(2 * LIMIT).await;
        near.write_all(b"still here").await.unwrap();
        near.lift().lift();
        let waits = tokio::time::timeout(2 * LIMIT, near.write_all(&[7; 16])).await;
        assert!(waits.is_err(), "it waits for the client");
        far.read_exact(&mut [0; 10]).await.unwrap();
    }
}
