//! JSON lines on the Unix socket `server.sock` (rows D2, D3, D5): connections, who is at their other end, and which
//! operation a line asks for. What is done is in `operations`, a connection that is a viewer in `attached`.
//!
//! Rights are those of HTTP on the socket beside it: by the process at the other end, looked at for every line. A proxy speaks
//! HTTP, so that what is believed of proxies (`--trusted-proxy unix`) does not change who is here.

mod attached;
mod lines;
mod operations;

use std::time::Duration;

use sempre_protocol::compat::ipc::{IpcReply, IpcRequest};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::super::guard;
use crate::auth::Peer;
use crate::http::{ApiError, ServerState};
use lines::{LineError, Lines};

/// Connections at once that are attached to nothing; more wait to be taken.
pub(in crate::http) const MAX_CONNECTIONS: usize = 256;
/// A look at a session is answered within this long: clients wait no longer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// What is said when a line cannot be done.
#[derive(Debug)]
struct Fault {
    code: String,
    message: String,
}

impl Fault {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    fn to(self, id: String) -> IpcReply {
        let Self { code, message } = self;
        IpcReply::Error { id, code, message }
    }
}

impl From<ApiError> for Fault {
    fn from(error: ApiError) -> Self {
        let problem = error.problem();
        Self::new(&problem.code, problem.detail)
    }
}

/// One line, as far as it could be read.
struct Asked {
    id: String,
    request: Result<IpcRequest, Fault>,
}

/// Reads a line.
///
/// # Errors
/// It is no JSON object, and nobody knows what the next ones are.
fn read(line: &[u8]) -> Result<Asked, Fault> {
    let value: Option<Value> = serde_json::from_slice(line).ok();
    let Some(value) = value.filter(Value::is_object) else {
        return Err(Fault::new(
            "bad_request",
            "a line is one JSON object with a type and an id",
        ));
    };
    let id = value.get("id").and_then(Value::as_str);
    let id = id.unwrap_or_default().to_owned();
    let request = serde_json::from_value(value);
    let request = request.map_err(|error| Fault::new("bad_request", error.to_string()));
    Ok(Asked { id, request })
}

/// Who is at the other end, and what of the server they ask.
struct Client {
    state: ServerState,
    peer: Peer,
    drain: CancellationToken,
}

/// One connection.
pub(in crate::http) struct Connection<S> {
    client: Client,
    lines: Lines<ReadHalf<S>>,
    sink: WriteHalf<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// One whose next line may take `idle` to begin. `stream` limits how long a client may take nothing of an answer.
    pub(in crate::http) fn new(
        state: ServerState,
        peer: Peer,
        stream: S,
        idle: Duration,
        drain: CancellationToken,
    ) -> Self {
        let (source, sink) = split(stream);
        Self {
            client: Client { state, peer, drain },
            lines: Lines::new(source, idle),
            sink,
        }
    }

    /// Answers lines until one side has enough. `place` is given back when the connection becomes a viewer: those
    /// have a limit of their own.
    pub(in crate::http) async fn run(mut self, place: OwnedSemaphorePermit) {
        let drain = self.client.drain.clone();
        loop {
            let asked = match drain.run_until_cancelled(self.lines.next()).await {
                None | Some(Ok(None) | Err(LineError::Gone)) => return,
                Some(Ok(Some(line))) => read(&line),
                Some(Err(LineError::Wrong(fault))) => Err(fault),
            };
            let Asked { id, request } = match asked {
                Ok(asked) => asked,
                Err(fault) => {
                    // Nothing is read any more, so nothing more is answered either.
                    let _ = say(&mut self.sink, &fault.to(String::new())).await;
                    return;
                }
            };
            let reply = match request {
                Err(fault) => fault.to(id),
                Ok(IpcRequest::Attach {
                    session_id,
                    rows,
                    cols,
                }) => match self.client.attach(&session_id, rows.zip(cols)).await {
                    Err(fault) => fault.to(id),
                    Ok(attached) => {
                        drop(place);
                        return attached.run(id, self.lines, self.sink).await;
                    }
                },
                Ok(request) => {
                    let done = self.client.answer(&id, request).await;
                    done.unwrap_or_else(|fault| fault.to(id))
                }
            };
            if say(&mut self.sink, &reply).await.is_err() {
                return;
            }
        }
    }
}

impl Client {
    async fn who(&self) -> Result<crate::auth::Principal, Fault> {
        let found = guard::identify_process(&self.state, &self.peer).await;
        found.ok_or_else(|| {
            Fault::new(
                "unauthorized",
                "this socket is for the server's own user, for root, and for the processes of its sessions",
            )
        })
    }
}

/// Writes a line.
async fn say(sink: &mut (impl AsyncWrite + Unpin), reply: &IpcReply) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    sink.write_all(&line).await?;
    sink.flush().await
}
