//! Every operation of the API: who may, what it takes, what it answers. A new route is described here.

use sempre_protocol::access::Role;

/// What a request that goes well is answered with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answer {
    /// JSON with this status, of this schema; `[]` behind it: a list of them.
    Json(u16, &'static str),
    /// Something else than JSON, of this content type.
    Other(&'static str),
    /// Server-sent events whose data is of this schema.
    Events(&'static str),
    /// 204.
    Nothing,
}

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// In lower case.
    pub(super) method: &'static str,
    /// With its parameters in braces.
    pub(super) path: &'static str,
    /// Its name for programs that are generated.
    pub(super) id: &'static str,
    /// What it belongs to.
    pub(super) tag: &'static str,
    /// What it does.
    pub(super) summary: &'static str,
    /// The least role.
    pub(super) role: Role,
    /// Name, type and meaning of what may be in the query.
    pub(super) query: &'static [(&'static str, &'static str, &'static str)],
    /// Schema of the body, if it takes one.
    pub(super) body: Option<&'static str>,
    /// What it answers.
    pub(super) answer: Answer,
}

const fn operation(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    role: Role,
    summary: &'static str,
    answer: Answer,
) -> Operation {
    Operation {
        method,
        path,
        id,
        tag: "sessions",
        summary,
        role,
        query: &[],
        body: None,
        answer,
    }
}

impl Operation {
    const fn query(self, query: &'static [(&'static str, &'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    const fn body(self, schema: &'static str) -> Self {
        Self {
            body: Some(schema),
            ..self
        }
    }

    const fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }
}

use Answer::{Events, Json, Nothing, Other};
use Role::{Operator, Viewer};

/// All of them, as they are read on `/docs`.
#[rustfmt::skip]
pub(super) const OPERATIONS: &[Operation] = &[
    operation("get", "/api/v1/health", "health", Viewer, "How the server is, and what to do where it is not well", Json(200, "Health")).tag("server"),
    operation("get", "/api/v1/shells", "list_shells", Viewer, "The shells that can be started", Json(200, "Shells")).tag("server"),
    operation("get", "/api/v1/events", "follow_list", Viewer, "Changes in the list of sessions", Events("SessionEvent")).tag("server"),
    operation("get", "/api/v1/stats", "stats", Viewer, "Statistics of the sessions there were and are", Other("application/json")).tag("server"),
    operation("get", "/api/v1/openapi.json", "openapi", Viewer, "This description", Other("application/json")).tag("server"),
    operation("get", "/api/v1/sessions", "list_sessions", Viewer, "The sessions, newest first", Json(200, "SessionInfo[]"))
        .query(&[("state", "string", "only those that are active, completed or archived")]),
    operation("post", "/api/v1/sessions", "create_session", Operator, "Starts a session", Json(201, "CreatedSession")).body("CreateSession"),
    operation("get", "/api/v1/sessions/{id}", "show_session", Viewer, "One session", Json(200, "SessionInfo")),
    operation("delete", "/api/v1/sessions/{id}", "delete_session", Operator, "Ends a running session, removes an ended one", Nothing),
    operation("put", "/api/v1/sessions/{id}/resize", "resize_session", Operator, "Sets the size until someone types", Json(200, "SessionInfo")).body("ResizeSession"),
    operation("post", "/api/v1/sessions/{id}/restart", "restart_session", Operator, "Starts an ended session's command again as a new session", Json(201, "CreatedSession")),
    operation("post", "/api/v1/sessions/{id}/run", "run_command", Operator, "Runs a command at the shell's prompt; 504 with what came so far if it takes too long", Json(200, "RunResult")).body("RunCommand").tag("programs"),
    operation("post", "/api/v1/sessions/{id}/input", "send_input", Operator, "Types; answers once the holder has it", Json(200, "InputTaken")).body("SendInput").tag("programs"),
    operation("post", "/api/v1/sessions/{id}/signal", "send_signal", Operator, "Signals what is in the foreground", Nothing).body("SendSignal").tag("programs"),
    operation("post", "/api/v1/sessions/{id}/wait", "wait", Viewer, "Waits for text, a pattern, the prompt, the end or silence", Json(200, "WaitResult")).body("WaitRequest").tag("programs"),
    operation("get", "/api/v1/sessions/{id}/screen", "screen", Viewer, "What a terminal shows now", Json(200, "ScreenPage")).tag("programs")
        .query(&[("format", "string", "text (the default), ansi, html or json"), ("lines", "integer", "rows above the screen, 5000 at most")]),
    operation("get", "/api/v1/sessions/{id}/events", "follow_session", Viewer, "What happens in a session", Events("ProgramEvent")).tag("programs"),
    operation("get", "/api/v1/sessions/{id}/output", "output", Viewer, "What the session wrote", Other("application/octet-stream")).tag("programs")
        .query(&[("from", "integer", "the first byte; the oldest kept if left out"), ("format", "string", "raw (the default) or text")]),
    operation("get", "/api/v1/sessions/{id}/snapshot", "snapshot", Viewer, "Text that rebuilds the screen on a reset terminal", Other("text/plain")).tag("history")
        .query(&[("lines", "integer", "rows above the screen, 5000 if left out"), ("format", "string", "ansi")]),
    operation("get", "/api/v1/sessions/{id}/history", "history", Viewer, "Rows of everything the session printed", Json(200, "HistoryPage")).tag("history")
        .query(&[("before", "integer", "the last rows below this number"), ("after", "integer", "the first rows from this number on"), ("lines", "integer", "how many, 200 if left out")]),
    operation("get", "/api/v1/sessions/{id}/history/search", "search_history", Viewer, "Where a text stands in it, newest first", Json(200, "HistoryMatches")).tag("history")
        .query(&[("q", "string", "the text"), ("before", "integer", "only below this row"), ("limit", "integer", "how many, 100 if left out")]),
    operation("get", "/api/v1/sessions/{id}/viewers", "list_viewers", Viewer, "Who is attached", Json(200, "ViewerInfo[]")),
    operation("delete", "/api/v1/sessions/{id}/viewers/{viewer}", "disconnect_viewer", Operator, "Disconnects one", Nothing),
];
