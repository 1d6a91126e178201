//! What a line asks for, done with the rights and the audit entries of HTTP.

use std::fmt;

use sempre_protocol::SessionId;
use sempre_protocol::api::{CreateSession, DeleteOnly, NAME_LABEL, SessionState};
use sempre_protocol::compat::Base64;
use sempre_protocol::compat::ipc::{EXITED_EARLY, IpcCreate, IpcReply, IpcRequest};
use sempre_protocol::viewers::PeerKind;
use tokio::time::timeout;

use super::attached::Attached;
use super::{ANSWER_LIMIT, Client, Fault};
use crate::auth::Principal;
use crate::auth::audit::{Action, Note};
use crate::http::proof::{Asking, On, OnId, Operator, Viewer};
use crate::http::{ServerState, acts};
use crate::sessions::follow::{Begin, FollowOptions, follow};
use crate::sessions::{
    EARLY_EXIT_LIMIT, Identity, Session, SessionError, early_exit, last_words, newest_output,
};

/// Output an attached client is sent from the beginning, bytes; of more it is sent the screen.
const SO_FAR_BYTES: u64 = sempre_protocol::limits::NEAR_BYTES;

/// The name of an operation, for the audit log.
struct Named(&'static str);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ipc {}", self.0)
    }
}

impl Client {
    /// Does everything but attaching.
    pub(super) async fn answer(&self, id: &str, request: IpcRequest) -> Result<IpcReply, Fault> {
        let (state, who) = (&self.state, &self.who().await?);
        let id = id.to_owned();
        match request {
            IpcRequest::Create(create) => created(state, who, create, id).await,
            IpcRequest::Destroy { session_id } => {
                destroy(state, who, &session_id).await?;
                Ok(IpcReply::Ack { id })
            }
            IpcRequest::GetSession { session_id } => in_time(shown(state, who, &session_id, id)).await,
            IpcRequest::ListSessions => list(state, who, id),
            IpcRequest::ReadScrollback { session_id } => {
                let what = &Named("read_scrollback");
                let on: On<Viewer> = Asking { state, who, what }.on(find(state, who, &session_id)?)?;
                let read = async { Ok(newest_output(&on.session).await) };
                let data = Base64(in_time(read).await?);
                Ok(IpcReply::ScrollbackContents { id, data })
            }
            IpcRequest::Ping => Ok(IpcReply::Ack { id }),
            IpcRequest::Attach { .. }
            | IpcRequest::Detach
            | IpcRequest::WriteStdin { .. }
            | IpcRequest::ResizePty { .. } => Err(Fault::new(
                "not_attached",
                "this connection is attached to no session; send attach first",
            )),
        }
    }

    /// Begins to be a viewer; `size` is rows and columns.
    pub(super) async fn attach(&self, session: &str, size: Option<(u16, u16)>) -> Result<Attached, Fault> {
        let (state, who) = (&self.state, &self.who().await?);
        let what = &Named("attach");
        let on: On<Viewer> = Asking { state, who, what }.on(find(state, who, session)?)?;
        if let Some(words) = last_words(&on.session).await {
            return Err(Fault::new("session_ended", words.to_string()));
        }
        let options = FollowOptions {
            begin: Begin::SoFar(SO_FAR_BYTES),
            lines: sempre_protocol::limits::SNAPSHOT_LINES,
            role: on.connection_role(state),
            identity: Identity {
                name: who.name.clone(),
                client: Some("ipc".to_owned()),
                peer: PeerKind::Unix,
            },
        };
        let followed = follow(&on.session, options, &self.drain).await.map_err(fault)?;
        let id = on.session.id();
        let audit = state.doors().audit().clone();
        audit.note(Note::of(who, Action::ViewerAttach).session(id));
        Ok(Attached {
            session: id,
            followed,
            size,
            who: who.clone(),
            audit,
        })
    }
}

/// A look that takes too long is no answer any more.
async fn in_time<T>(look: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    timeout(ANSWER_LIMIT, look).await.unwrap_or_else(|_| {
        let message = format!("the server did not find it out within {ANSWER_LIMIT:?}; try again");
        Err(Fault::new("timed_out", message))
    })
}

fn fault(error: SessionError) -> Fault {
    crate::http::ApiError::from(error).into()
}

/// The session of an id, or of a name that a client gave: a running one rather than an ended one, the newest.
fn find(state: &ServerState, who: &Principal, text: &str) -> Result<SessionId, Fault> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let mut named = state.registry().list();
    named.retain(|session| {
        let name = session.labels.get(NAME_LABEL);
        name.is_some_and(|name| name == text) && who.sees(session.session_id, session.group.as_deref())
    });
    let running = named.iter().find(|session| session.state == SessionState::Active);
    let found = running.or(named.first()).map(|session| session.session_id);
    found.ok_or_else(|| {
        Fault::new(
            "unknown_session",
            format!(
                "{text:?} is neither the id nor the name of a session; list_sessions has those there are"
            ),
        )
    })
}

async fn shown(state: &ServerState, who: &Principal, session: &str, id: String) -> Result<IpcReply, Fault> {
    let what = &Named("get_session");
    let session = find(state, who, session)?;
    let on: OnId<Viewer> = Asking { state, who, what }.on_id(session).await?;
    let session = state.registry().info(on.id).await.map_err(fault)?.into();
    Ok(IpcReply::SessionInfo { id, session })
}

fn list(state: &ServerState, who: &Principal, id: String) -> Result<IpcReply, Fault> {
    let what = &Named("list_sessions");
    Asking { state, who, what }.role::<Viewer>()?;
    let mut sessions = state.registry().list();
    sessions.retain(|session| who.sees(session.session_id, session.group.as_deref()));
    let sessions = sessions.into_iter().map(Into::into).collect();
    Ok(IpcReply::SessionList { id, sessions })
}

fn runs(state: &ServerState, id: SessionId) -> bool {
    let session = state.registry().get(id);
    session.is_ok_and(|session| session.exit().is_none())
}

/// What the API is asked for.
fn request_of(create: IpcCreate) -> CreateSession {
    let program = create.command.filter(|command| !command.is_empty());
    let program = program.filter(|_| !create.use_login_shell);
    let name = create.session_id.filter(|name| !name.is_empty());
    CreateSession {
        cmd: program.map(|program| [program].into_iter().chain(create.args).collect()),
        cwd: create.working_directory,
        env: create.env_vars,
        rows: create.rows,
        cols: create.cols,
        group: create.group,
        labels: name
            .map(|name| (NAME_LABEL.to_owned(), name))
            .into_iter()
            .collect(),
        // As those of the command line: somebody started it, somebody ends it.
        ttl: Some(0),
        ..CreateSession::default()
    }
}

async fn created(
    state: &ServerState,
    who: &Principal,
    create: IpcCreate,
    id: String,
) -> Result<IpcReply, Fault> {
    let what = &Named("create");
    Asking { state, who, what }.role::<Operator>()?;
    let request = request_of(create);
    if let Some(name) = request.labels.get(NAME_LABEL)
        && find(state, who, name).is_ok_and(|id| runs(state, id))
    {
        let message = format!("a session named {name:?} runs; destroy it first or choose another name");
        return Err(Fault::new("session_already_exists", message));
    }
    let session = acts::create(state, who, request).await?;
    refuse_early_exit(state, who, &session).await?;
    let session = session.info().into();
    Ok(IpcReply::SessionCreated { id, session })
}

/// One that ended at once is told of with its last lines, and removed (row D5).
async fn refuse_early_exit(state: &ServerState, who: &Principal, session: &Session) -> Result<(), Fault> {
    let Some(words) = early_exit(session, EARLY_EXIT_LIMIT).await else {
        return Ok(());
    };
    // Whatever became of that, what is to be told is why it ended.
    let _ = acts::delete(state, who, session.id(), Some(DeleteOnly::Ended)).await;
    Err(Fault::new(EXITED_EARLY, words.early_exit_message()))
}

/// Ends it if it runs, and removes it.
async fn destroy(state: &ServerState, who: &Principal, session: &str) -> Result<(), Fault> {
    let what = &Named("destroy");
    let session = find(state, who, session)?;
    let OnId { id, principal, .. } = Asking { state, who, what }.on_id::<Operator>(session).await?;
    if runs(state, id) {
        acts::delete(state, &principal, id, Some(DeleteOnly::Running))
            .await
            // It may have ended by itself since.
            .or_else(|error| match error.problem().code.as_str() {
                "session_ended" => Ok(()),
                _ => Err(error),
            })?;
    }
    Ok(acts::delete(state, &principal, id, Some(DeleteOnly::Ended)).await?)
}
