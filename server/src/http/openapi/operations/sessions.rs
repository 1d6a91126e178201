//! The server itself, sessions, and what programs do with them.

use sempre_protocol::access::Role::{Admin, Operator, Viewer};

use super::Answer::{Events, Json, Media, Nothing};
use super::Kind::{Number, OneOf, Text};
use super::{Operation, may, must, operation};

const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain";

#[rustfmt::skip]
pub(super) const OPERATIONS: &[Operation] = &[
    operation("get", "/api/v1/health", "health", Viewer, "How the server is, and what to do where it is not well", Json(200, "Health")).tag("server"),
    operation("get", "/api/v1/shells", "list_shells", Viewer, "The shells that can be started", Json(200, "Shells")).tag("server"),
    operation("get", "/api/v1/events", "follow_list", Viewer, "Changes in the list of sessions", Events(&["SessionEvent"])).tag("server"),
    operation("get", "/api/v1/stats", "stats", Viewer, "Statistics of the sessions there were and are", Json(200, "Stats")).tag("server"),
    operation("get", "/api/v1/log-level", "log_level", Admin, "What the server logs", Json(200, "LogLevels")).tag("server"),
    operation("put", "/api/v1/log-level", "set_log_level", Admin, "Changes what the server logs, until it is started again or its configuration says another level", Json(200, "LogLevels")).body("LogLevels").tag("server"),
    operation("get", "/api/v1/openapi.json", "openapi", Viewer, "This description", Media(&[("application/json", "")])).tag("server"),
    operation("get", "/metrics", "metrics", Viewer, "What is counted, for Prometheus", Media(&[(TEXT, "")])).tag("server"),
    operation("get", "/api/v1/sessions", "list_sessions", Viewer, "The sessions, newest first", Json(200, "SessionInfo[]"))
        .query(&[may("state", OneOf(&["active", "completed", "archived"]), "only those in this state")]),
    operation("post", "/api/v1/sessions", "create_session", Operator, "Starts a session", Json(201, "CreatedSession")).body("CreateSession"),
    operation("get", "/api/v1/sessions/{id}", "show_session", Viewer, "One session", Json(200, "SessionInfo")),
    operation("delete", "/api/v1/sessions/{id}", "delete_session", Operator, "Ends a running session, removes an ended one", Nothing)
        .query(&[may("only", OneOf(&["running", "ended"]), "only end it, or only remove it; 409 if it is not so")]),
    operation("post", "/api/v1/sessions/import", "import_session", Operator, "Makes an ended session of a recording of asciinema (asciicast v2 or v3), 256 MiB at most; 422 with the line that is wrong", Json(201, "CreatedSession")).media("application/x-asciicast")
        .query(&[may("group", Text, "group the session belongs to")]),
    operation("put", "/api/v1/sessions/{id}/resize", "resize_session", Operator, "Sets the size until someone types", Json(200, "SessionInfo")).body("ResizeSession"),
    operation("post", "/api/v1/sessions/{id}/restart", "restart_session", Operator, "Starts an ended session's command again as a new session", Json(201, "CreatedSession")),
    operation("get", "/api/v1/sessions/{id}/viewers", "list_viewers", Viewer, "Who is attached", Json(200, "ViewerInfo[]")),
    operation("delete", "/api/v1/sessions/{id}/viewers/{viewer}", "disconnect_viewer", Operator, "Disconnects one", Nothing),
    operation("post", "/api/v1/sessions/{id}/run", "run_command", Operator, "Runs a command at the shell's prompt; 504 with what came so far if it takes too long", Json(200, "RunResult")).body("RunCommand").tag("programs"),
    operation("post", "/api/v1/sessions/{id}/input", "send_input", Operator, "Types; answers once the holder has it", Json(200, "InputTaken")).body("SendInput").tag("programs"),
    operation("post", "/api/v1/sessions/{id}/signal", "send_signal", Operator, "Signals what is in the foreground", Nothing).body("SendSignal").tag("programs"),
    operation("post", "/api/v1/sessions/{id}/wait", "wait", Viewer, "Waits for text, a pattern, the prompt, the end or silence", Json(200, "WaitResult")).body("WaitRequest").tag("programs"),
    operation("get", "/api/v1/sessions/{id}/screen", "screen", Viewer, "What a terminal shows now", Media(&[(TEXT, ""), ("text/html", ""), ("application/json", "ScreenPage")])).tag("programs")
        .query(&[may("format", OneOf(&["text", "ansi", "html", "json"]), "text if left out"), may("lines", Number, "rows above the screen, 5000 at most")]),
    operation("get", "/api/v1/sessions/{id}/events", "follow_session", Viewer, "What happens in a session", Events(&["ProgramEvent"])).tag("programs"),
    operation("get", "/api/v1/sessions/{id}/output", "output", Viewer, "What the session wrote", Media(&[(BYTES, ""), (TEXT, ""), ("application/x-asciicast", "")])).tag("programs")
        .query(&[may("from", Number, "the first byte; the oldest kept if left out"), may("format", OneOf(&["raw", "text", "asciicast-v2", "asciicast-v3"]), "raw if left out")]),
    operation("get", "/api/v1/sessions/{id}/input-recording", "input_recording", Operator, "What was typed, for the owner and administrators: a RecordedInput a line; 404 if it is not recorded", Media(&[("application/x-ndjson", "")])).tag("programs"),
    operation("get", "/api/v1/sessions/{id}/snapshot", "snapshot", Viewer, "Text that rebuilds the screen on a reset terminal", Media(&[(TEXT, "")])).tag("history")
        .query(&[may("lines", Number, "rows above the screen, 5000 if left out"), may("format", OneOf(&["ansi"]), "only ansi")]),
    operation("get", "/api/v1/sessions/{id}/history", "history", Viewer, "Rows of everything the session printed", Json(200, "HistoryPage")).tag("history")
        .query(&[may("before", Number, "the last rows below this number"), may("after", Number, "the first rows from this number on; not together with before"), may("lines", Number, "how many, 200 if left out")]),
    operation("get", "/api/v1/sessions/{id}/history/search", "search_history", Viewer, "Where a text stands in it, newest first", Json(200, "HistoryMatches")).tag("history")
        .query(&[must("q", Text, "the text, 1 to 256 characters"), may("before", Number, "only below this row"), may("limit", Number, "how many, 100 if left out")]),
];
