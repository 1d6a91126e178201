//! Connections: taken, counted, wrapped in TLS, served with time limits, ended when the server goes down. Most speak
//! HTTP, those of one socket JSON lines.
//!
//! A client that opens connections and says nothing, says it a byte at a time, or reads nothing of its answer holds a
//! place for a limited time only (slowloris). What was upgraded to a WebSocket holds none: its own limits are with its session.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::ServerState;
use super::compat::ipc;
use super::send_limit::Limited;
use super::tls::Tls;
use crate::auth::Peer;

/// Connections at once that are no WebSockets; more wait to be taken.
pub(super) const MAX_CONNECTIONS: usize = 4096;
/// Bytes of a request's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// After a failed accept, as when no descriptors are left, the next is tried after this.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// What is spoken on a listener.
#[derive(Clone)]
pub(super) enum Wire {
    /// HTTP, with these routes.
    Http(Router),
    /// JSON lines of sessions.
    Ipc(ServerState),
}

/// What the tasks of the listeners share.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) wire: Wire,
    pub(super) tls: Option<Arc<Tls>>,
    /// For the TLS handshake, for a request's head, and between two requests.
    pub(super) head_timeout: Duration,
    /// For a client that takes nothing of what is sent to it.
    pub(super) send_timeout: Duration,
    pub(super) places: Arc<Semaphore>,
    pub(super) tasks: TaskTracker,
    pub(super) drain: CancellationToken,
}

/// A socket to take connections from.
pub(super) trait Accept: Send + Sync + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection and who is at its other end.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Peer)>> + Send;
}

impl Serving {
    /// Takes connections until the server goes down.
    pub(super) async fn run(self, listener: impl Accept) {
        let drain = self.drain.clone();
        // What was not taken by then never got an answer: its client tries again.
        drain.run_until_cancelled(self.accept_all(listener)).await;
    }

    async fn accept_all(self, listener: impl Accept) {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    self.tasks.spawn(self.clone().serve(stream, peer, place));
                }
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn serve(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        place: OwnedSemaphorePermit,
    ) {
        match &self.tls {
            // Without an address there is no network to be safe from.
            Some(tls) if peer.address.is_some() => {
                let handshake = timeout(self.head_timeout, tls.acceptor().accept(stream));
                match self.drain.run_until_cancelled(handshake).await {
                    Some(Ok(Ok(stream))) => self.converse(stream, peer.under_tls(), place).await,
                    Some(Ok(Err(error))) => tracing::debug!(%peer, %error, "no TLS"),
                    Some(Err(_)) => tracing::debug!(%peer, "no TLS in time"),
                    None => {}
                }
            }
            _ => self.converse(stream, peer, place).await,
        }
    }

    /// Answers until the connection ends, or needs no place any more.
    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        place: OwnedSemaphorePermit,
    ) {
        match &self.wire {
            Wire::Http(app) => {
                self.answer_requests(app.clone(), stream, peer).await;
                drop(place);
            }
            Wire::Ipc(state) => {
                let stream = Limited::new(stream, self.send_timeout);
                let (state, drain) = (state.clone(), self.drain.clone());
                let connection = ipc::Connection::new(state, peer, stream, self.head_timeout, drain);
                connection.run(place).await;
            }
        }
    }

    /// Answers requests until the connection ends or is upgraded.
    async fn answer_requests(
        &self,
        app: Router,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
    ) {
        let peer = ConnectInfo(peer);
        let stream = Limited::new(stream, self.send_timeout);
        let lift = stream.lift();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let (answer, lift) = (app.clone().oneshot(request), lift.clone());
            async move {
                let answer = answer.await;
                if answer.as_ref().is_ok_and(is_upgrade) {
                    lift.lift();
                }
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.drain.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        }
    }
}

fn is_upgrade(answer: &Response) -> bool {
    answer.status() == StatusCode::SWITCHING_PROTOCOLS
}

/// Whether a connection was gone before it was taken: nothing is wrong with the listener.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
