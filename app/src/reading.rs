//! How the page reads what the server sends: the protocol's types, filled from flat structs.
//!
//! Serde reads tagged, untagged and flattened types by way of a buffer of its own, which would be a fifteenth part of
//! the page's module. The tests hold these readers against the types they stand for.

use sempre_protocol::texts::{ErrorCode, ExitStatus, ServerText};
use sempre_protocol::viewers::ViewerInfo;
use sempre_protocol::{Offset, SessionId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The name of a text.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

/// The fields of all short texts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    offset: Offset,
    cols: u16,
    rows: u16,
    percent: Option<u8>,
    title: String,
    message: String,
    inexact: bool,
    count: u32,
    writers: u32,
    who: Vec<ViewerInfo>,
}

#[derive(Deserialize)]
struct Exit {
    offset: Offset,
    code: Option<i32>,
    signal: Option<i32>,
    reason: String,
}

#[derive(Deserialize)]
struct Refusal {
    code: ErrorCode,
    message: String,
    input_offset: Option<Offset>,
}

/// A session by its id, among whatever else stands there.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) session_id: SessionId,
}

fn json<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

/// A text of the server; none if it is not one, [`ServerText::Unknown`] if this page has no use for it.
pub(crate) fn server_text(text: &str) -> Option<ServerText> {
    let Kind { kind } = json(text)?;
    Some(match kind.as_str() {
        "hello" => ServerText::Hello(json(text)?),
        "exit" => {
            let exit: Exit = json(text)?;
            let code = exit.code.map(ExitStatus::Code);
            ServerText::Exit {
                offset: exit.offset,
                status: code.or(exit.signal.map(ExitStatus::Signal)),
                reason: exit.reason,
            }
        }
        "error" => {
            let refusal: Refusal = json(text)?;
            ServerText::Error {
                code: refusal.code,
                message: refusal.message,
                input_offset: refusal.input_offset,
            }
        }
        kind => short_text(kind, json(text)?),
    })
}

fn short_text(kind: &str, fields: Fields) -> ServerText {
    let Fields { offset, .. } = fields;
    match kind {
        "input_ack" => ServerText::InputAck { offset },
        "resized" => ServerText::Resized {
            offset,
            cols: fields.cols,
            rows: fields.rows,
        },
        "title" => ServerText::Title { title: fields.title },
        "bell" => ServerText::Bell,
        "progress" => ServerText::Progress {
            percent: fields.percent,
        },
        "notify" => ServerText::Notify {
            message: fields.message,
        },
        "viewers" => ServerText::Viewers {
            count: fields.count,
            writers: fields.writers,
            who: fields.who,
        },
        "inexact" => ServerText::Inexact {
            inexact: fields.inexact,
        },
        "draining" => ServerText::Draining,
        "pong" => ServerText::Pong,
        _ => ServerText::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use sempre_protocol::texts::Role;
    use sempre_protocol::viewers::PeerKind;

    use super::*;

    #[test]
    fn texts_read_as_the_protocol_reads_them() {
        let texts = [
            r#"{"type":"hello","session":"01010101010101010101010101010101","writer":"02020202020202020202020202020202","run":"03030303030303030303030303030303","writer_known":true,"offset":10,"base_offset":1,"tail_offset":12,"input_offset":4,"input_window":262144,"size":{"cols":80,"rows":24},"role":"viewer","viewer":6,"answers":false,"reset":true,"server_version":"0.1.0","later":[1]}"#,
            r#"{"type":"input_ack","offset":3}"#,
            r#"{"type":"resized","offset":7,"cols":80,"rows":24}"#,
            r#"{"type":"title","title":"<b>"}"#,
            r#"{"type":"bell"}"#,
            r#"{"type":"progress","percent":5}"#,
            r#"{"type":"progress"}"#,
            r#"{"type":"notify","message":"done"}"#,
            r#"{"type":"inexact","inexact":true}"#,
            r#"{"type":"exit","offset":9,"code":3,"reason":"exited"}"#,
            r#"{"type":"exit","offset":9,"signal":9,"reason":"ended"}"#,
            r#"{"type":"exit","offset":9,"reason":"orphaned"}"#,
            r#"{"type":"draining"}"#,
            r#"{"type":"pong"}"#,
            r#"{"type":"error","code":"input_gap","message":"m","input_offset":1}"#,
            r#"{"type":"error","code":"of_a_later_release","message":"m"}"#,
            r#"{"type":"hologram","depth":3}"#,
        ];
        for text in texts {
            let expected: ServerText = serde_json::from_str(text).unwrap();
            assert_eq!(server_text(text), Some(expected), "{text}");
        }
        assert_eq!(server_text("{}"), None);
        assert_eq!(server_text("junk"), None);
    }

    #[test]
    fn who_is_here_is_read_too() {
        let viewers = ServerText::Viewers {
            count: 1,
            writers: 1,
            who: vec![ViewerInfo {
                viewer: 4,
                role: Role::Writer,
                typing: true,
                since: "2026-11-20T10:00:00Z".into(),
                peer: PeerKind::Network,
                name: Some("n".into()),
                client: Some("Firefox".into()),
            }],
        };
        let text = serde_json::to_string(&viewers).unwrap();
        assert_eq!(server_text(&text), Some(viewers));
    }

    #[test]
    fn a_session_is_named_in_every_answer_that_names_one() {
        let session = crate::fixture::session(5);
        let created = sempre_protocol::api::CreatedSession {
            websocket_url: "/ws".into(),
            page_url: "/t".into(),
            session: session.clone(),
        };
        let removed = sempre_protocol::events::SessionEvent::Removed {
            session_id: session.session_id,
        };
        for text in [
            serde_json::to_string(&created).unwrap(),
            serde_json::to_string(&removed).unwrap(),
        ] {
            assert_eq!(
                serde_json::from_str::<Named>(&text).unwrap().session_id,
                session.session_id
            );
        }
    }
}
