//! A connection that is a viewer of a session: output goes out as it comes, lines that type come in.

use sempre_protocol::SessionId;
use sempre_protocol::compat::Base64;
use sempre_protocol::compat::ipc::{IpcEvent, IpcReply, IpcRequest};
use sempre_protocol::texts::{ClientText, ServerText};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::lines::{LineError, Lines};
use super::{Asked, Fault, read, say};
use crate::auth::Principal;
use crate::auth::audit::{Action, Audit, Note};
use crate::sessions::follow::{Followed, FollowedOutput, Piece};
use crate::sessions::viewer::ViewerInput;

/// Answers that may wait for a client that takes none; it is not heard until it does.
const MAX_ANSWERS: usize = 8;

/// A viewer that has just begun.
pub(super) struct Attached {
    pub(super) session: SessionId,
    pub(super) followed: Followed,
    /// Rows and columns of the client.
    pub(super) size: Option<(u16, u16)>,
    pub(super) who: Principal,
    pub(super) audit: Audit,
}

impl Attached {
    /// Goes on until one side has enough; `id` is that of the request.
    pub(super) async fn run(
        self,
        id: String,
        mut lines: Lines<impl AsyncRead + Unpin>,
        mut sink: impl AsyncWrite + Unpin,
    ) {
        let Followed {
            snapshot,
            mut output,
            mut input,
            ..
        } = self.followed;
        lines.wait_for_ever();
        let (answers, mut told) = mpsc::channel(MAX_ANSWERS);
        let tell = async {
            say(&mut sink, &IpcReply::Ack { id }).await.ok()?;
            if let Some(snapshot) = snapshot {
                let data = Base64(snapshot.ansi);
                let session_id = self.session;
                say(&mut sink, &IpcReply::PtyOutput { session_id, data })
                    .await
                    .ok()?;
            }
            tell(&mut sink, self.session, &mut output, &mut told).await
        };
        let hear = async move {
            if let Some((rows, cols)) = self.size {
                input.text(ClientText::Resize { cols, rows }).await;
            }
            if let Some(last) = hear(&mut lines, &mut input, &answers).await {
                // The other half ends when the client is gone.
                let _ = answers.send(last).await;
            }
            // That half says what it has begun to say, and ends when it sees that this one did.
            drop(answers);
            std::future::pending::<Option<()>>().await
        };
        tokio::select! {
            _ = hear => {}
            _ = tell => {}
            () = self.who.ended.cancelled() => {}
        }
        let note = Note::of(&self.who, Action::ViewerDetach);
        self.audit.note(note.session(self.session));
    }
}

/// Sends what comes until there is nothing more to say, or nobody to say it to.
async fn tell(
    sink: &mut (impl AsyncWrite + Unpin),
    session_id: SessionId,
    output: &mut FollowedOutput,
    answers: &mut mpsc::Receiver<IpcReply>,
) -> Option<()> {
    loop {
        let reply = tokio::select! {
            biased;
            answer = answers.recv() => Some(answer?),
            piece = output.next() => match piece {
                Piece::Close(_) => return None,
                Piece::Output { bytes, .. } => {
                    let data = Base64(bytes.into());
                    Some(IpcReply::PtyOutput { session_id, data })
                }
                Piece::Text(text) => event(session_id, text),
            },
        };
        if let Some(reply) = reply {
            say(sink, &reply).await.ok()?;
        }
    }
}

/// What of the native wire is said on this one.
fn event(session_id: SessionId, text: ServerText) -> Option<IpcReply> {
    let event = |event, details| IpcReply::SessionEvent {
        event,
        session_id,
        details,
    };
    match text {
        ServerText::Exit { status, .. } => Some(event(IpcEvent::Stopped, Some(status.into()))),
        ServerText::Draining => Some(event(IpcEvent::Draining, None)),
        ServerText::Error { code, message, .. } => {
            // The word of the wire.
            let code = serde_json::to_value(code).unwrap_or_default();
            let code = code.as_str().unwrap_or("refused");
            Some(Fault::new(code, message).to(String::new()))
        }
        _ => None,
    }
}

/// Takes what comes in; the last word, none if the client is gone.
async fn hear(
    lines: &mut Lines<impl AsyncRead + Unpin>,
    input: &mut ViewerInput,
    answers: &mpsc::Sender<IpcReply>,
) -> Option<IpcReply> {
    loop {
        let asked = match lines.next().await {
            Ok(Some(line)) => read(&line),
            Ok(None) | Err(LineError::Gone) => return None,
            Err(LineError::Wrong(fault)) => Err(fault),
        };
        let Asked { id, request } = match asked {
            Ok(asked) => asked,
            Err(fault) => return Some(fault.to(String::new())),
        };
        let answer = match request {
            Ok(IpcRequest::Detach) => return Some(IpcReply::Ack { id }),
            Ok(IpcRequest::WriteStdin { data: Base64(bytes) }) => {
                input.text(ClientText::Typing).await;
                input.append(bytes.into()).await;
                IpcReply::Ack { id }
            }
            Ok(IpcRequest::ResizePty { rows, cols }) => {
                input.text(ClientText::Resize { cols, rows }).await;
                IpcReply::Ack { id }
            }
            Ok(IpcRequest::Ping) => IpcReply::Ack { id },
            Ok(_) => {
                let message = "this connection is attached; ask on another one, or detach first";
                Fault::new("attached", message).to(id)
            }
            Err(fault) => fault.to(id),
        };
        // The other half ends when the client is gone.
        answers.send(answer).await.ok()?;
    }
}
