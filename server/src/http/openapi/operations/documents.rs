//! Routes that clients of other services know: `docs/compatible-routes.md`.

use sempre_protocol::access::Role::{Operator, Viewer};

use super::Answer::{Events, Json, Nothing};
use super::Kind::{Number, OneOf};
use super::{Operation, may, operation};

#[rustfmt::skip]
pub(super) const OPERATIONS: &[Operation] = &[
    operation("get", "/session/{sid}/pty", "list_ptys", Viewer, "The PTYs of a group, newest first", Json(200, "PtyInfo[]")).tag("ptys"),
    operation("post", "/session/{sid}/pty", "create_pty", Operator, "Starts a PTY of a group", Json(201, "PtyInfo")).body("CreatePty").tag("ptys"),
    operation("get", "/session/{sid}/pty/{id}", "show_pty", Viewer, "One PTY", Json(200, "PtyInfo")).tag("ptys"),
    operation("delete", "/session/{sid}/pty/{id}", "delete_pty", Operator, "Ends a running PTY, removes an ended one", Nothing).tag("ptys"),
    operation("post", "/session/{sid}/pty/{id}/resize", "resize_pty", Operator, "Sets the size until someone types", Json(200, "PtyInfo")).body("ResizePty").tag("ptys"),
    operation("put", "/session/{sid}/pty/{id}/resize", "put_pty_size", Operator, "The same", Json(200, "PtyInfo")).body("ResizePty").tag("ptys"),
    operation("post", "/session/{sid}/pty/{id}/input", "write_pty", Operator, "Types; answers once it has reached the PTY, or after two seconds", Json(200, "PtyWritten")).body("PtyInput").tag("ptys"),
    operation("get", "/session/{sid}/pty/{id}/snapshot", "snapshot_pty", Viewer, "Scrollback, screen, colours and cursor", Json(200, "PtySnapshot")).tag("ptys")
        .query(&[may("lines", Number, "rows above the screen, 5000 if left out"), may("format", OneOf(&["ansi", "text", "html"]), "ansi if left out")]),
    operation("get", "/session/{sid}/pty/{id}/stream", "follow_pty", Viewer, "The events snapshot, data, resize and exit", Events(&["PtySnapshot", "PtyData", "ResizePty", "PtyExit"])).tag("ptys")
        .query(&[may("lines", Number, "rows above the screen in the snapshot, 5000 if left out")]),
    operation("post", "/kiro/chat", "kiro_chat", Operator, "Asks one of the workers; 502 and 504 with what it had said", Json(200, "ChatAnswer")).body("ChatRequest").tag("workers"),
    operation("post", "/api/v1/chat", "chat", Operator, "The same", Json(200, "ChatAnswer")).body("ChatRequest").tag("workers"),
];
