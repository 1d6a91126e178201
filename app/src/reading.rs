//! How the page reads what the server sends: flat structs, turned into the protocol's types where there is one.
//!
//! What serde derives for those types, and the buffers it needs for tagged, untagged and flattened ones, would be a
//! tenth of the page's module. The tests hold these readers against the types they stand for.

use sempre_protocol::api::SessionState;
use sempre_protocol::stats::{Stats, StatsSession};
use sempre_protocol::texts::{ErrorCode, ExitStatus, Hello, Role, ServerText};
use sempre_protocol::viewers::{PeerKind, ViewerInfo};
use sempre_protocol::{Offset, RunId, SessionId, Size, WriterId};
use serde::de::IntoDeserializer;
use serde::de::value::Error as WordError;
use serde::{Deserialize, Serialize};

/// A struct read from a JSON object: fields that are not there have their defaults, others are skipped. A field may
/// stand for a key of another name.
macro_rules! flat {
    ($(#[$attribute:meta])* $vis:vis struct $name:ident { $($field:ident $(= $key:literal)?: $type:ty,)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Default, PartialEq)]
        $vis struct $name { $($vis $field: $type,)* }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;
                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut read = $name::default();
                        while let Some(key) = map.next_key::<String>()? {
                            $(if key == flat!(@key $field $($key)?) {
                                read.$field = map.next_value()?;
                                continue;
                            })*
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                        Ok(read)
                    }
                }
                deserializer.deserialize_map(Object)
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
pub(crate) use flat;

flat! {
    /// All texts of the server in one.
    struct Text {
        kind = "type": String,
        session: Option<SessionId>,
        writer: Option<WriterId>,
        run: Option<RunId>,
        writer_known: bool,
        offset: Offset,
        base_offset: Offset,
        tail_offset: Offset,
        input_offset: Option<Offset>,
        input_accepted: Option<Offset>,
        input_window: u64,
        size: Option<Size>,
        role: Option<Role>,
        viewer: u64,
        reset: bool,
        records_input: bool,
        cols: u16,
        rows: u16,
        percent: Option<u8>,
        title: String,
        message: String,
        inexact: bool,
        count: u32,
        writers: u32,
        who: Vec<Viewer>,
        // A number at an exit, a word in an error.
        code: Option<NumberOrWord>,
        signal: Option<i32>,
        reason: String,
    }
}

flat! {
    struct Viewer {
        viewer: u64,
        role: Option<Role>,
        typing: bool,
        since: String,
        peer: Option<PeerKind>,
        name: Option<String>,
        client: Option<String>,
    }
}

flat! {
    /// A session by its id, among whatever else stands there.
    pub(crate) struct Named {
        session_id: Option<SessionId>,
    }
}

flat! {
    /// As far as the health page shows them (L6).
    #[derive(Clone, Serialize)]
    pub(crate) struct SessionStats {
        by_status: Counts,
        recent: Vec<Recent>,
        active_longer_than_a_day: Long,
    }
}

flat! {
    #[derive(Clone, Serialize)]
    pub(crate) struct Counts {
        completed: u64,
        archived: u64,
    }
}

flat! {
    #[derive(Clone, Serialize)]
    pub(crate) struct Long {
        count: u64,
    }
}

flat! {
    #[derive(Clone, Serialize)]
    pub(crate) struct Recent {
        session_id: Option<SessionId>,
        status: Option<SessionState>,
        shell: String,
        started_at: String,
    }
}

impl From<Stats> for SessionStats {
    fn from(stats: Stats) -> Self {
        let recent = |session: StatsSession| Recent {
            session_id: Some(session.session_id),
            status: Some(session.status),
            shell: session.shell,
            started_at: session.started_at,
        };
        Self {
            by_status: Counts {
                completed: stats.by_status.completed,
                archived: stats.by_status.archived,
            },
            recent: stats.recent.into_iter().map(recent).collect(),
            active_longer_than_a_day: Long {
                count: stats.active_longer_than_a_day.count,
            },
        }
    }
}

/// What may be either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NumberOrWord {
    Number(i32),
    Word(String),
}

impl<'de> Deserialize<'de> for NumberOrWord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl serde::de::Visitor<'_> for Either {
            type Value = NumberOrWord;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or a word")
            }
            fn visit_u64<E>(self, number: u64) -> Result<NumberOrWord, E> {
                Ok(NumberOrWord::Number(number as i32))
            }
            fn visit_i64<E>(self, number: i64) -> Result<NumberOrWord, E> {
                Ok(NumberOrWord::Number(number as i32))
            }
            fn visit_str<E>(self, word: &str) -> Result<NumberOrWord, E> {
                Ok(NumberOrWord::Word(word.to_owned()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A text of the server; none if it is not one, [`ServerText::Unknown`] if this page has no use for it.
pub(crate) fn server_text(text: &str) -> Option<ServerText> {
    let text: Text = serde_json::from_str(text).ok()?;
    let offset = text.offset;
    Some(match text.kind.as_str() {
        "" => return None,
        "hello" => ServerText::Hello(hello(text)?),
        "exit" => {
            let code = match text.code {
                Some(NumberOrWord::Number(code)) => Some(ExitStatus::Code(code)),
                _ => None,
            };
            ServerText::Exit {
                offset,
                status: code.or(text.signal.map(ExitStatus::Signal)),
                reason: text.reason,
            }
        }
        "error" => ServerText::Error {
            code: error_code(text.code),
            message: text.message,
            input_offset: text.input_offset,
        },
        "input_ack" => ServerText::InputAck { offset },
        "resized" => ServerText::Resized {
            offset,
            cols: text.cols,
            rows: text.rows,
        },
        "title" => ServerText::Title { title: text.title },
        "bell" => ServerText::Bell,
        "progress" => ServerText::Progress {
            percent: text.percent,
        },
        "notify" => ServerText::Notify {
            message: text.message,
        },
        "viewers" => ServerText::Viewers {
            count: text.count,
            writers: text.writers,
            who: text.who.into_iter().map(viewer).collect(),
        },
        "inexact" => ServerText::Inexact {
            inexact: text.inexact,
        },
        "draining" => ServerText::Draining,
        "pong" => ServerText::Pong,
        _ => ServerText::Unknown,
    })
}

fn error_code(code: Option<NumberOrWord>) -> ErrorCode {
    let Some(NumberOrWord::Word(word)) = code else {
        return ErrorCode::Unknown;
    };
    let word: serde::de::value::StrDeserializer<'_, WordError> = word.as_str().into_deserializer();
    ErrorCode::deserialize(word).unwrap_or(ErrorCode::Unknown)
}

fn hello(text: Text) -> Option<Hello> {
    Some(Hello {
        session: text.session?,
        writer: text.writer?,
        run: text.run?,
        writer_known: text.writer_known,
        offset: text.offset,
        base_offset: text.base_offset,
        tail_offset: text.tail_offset,
        input_offset: text.input_offset?,
        input_accepted: text.input_accepted,
        input_window: text.input_window,
        size: text.size?,
        role: text.role?,
        viewer: text.viewer,
        // Of no use here.
        answers: false,
        reset: text.reset,
        records_input: text.records_input,
        server_version: String::new(),
    })
}

fn viewer(viewer: Viewer) -> ViewerInfo {
    ViewerInfo {
        viewer: viewer.viewer,
        role: viewer.role.unwrap_or(Role::Viewer),
        typing: viewer.typing,
        since: viewer.since,
        peer: viewer.peer.unwrap_or(PeerKind::Unknown),
        name: viewer.name,
        client: viewer.client,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_as_the_protocol_reads_them() {
        let texts = [
            r#"{"type":"hello","session":"01010101010101010101010101010101","writer":"02020202020202020202020202020202","run":"03030303030303030303030303030303","writer_known":true,"offset":10,"base_offset":1,"tail_offset":12,"input_offset":4,"input_window":262144,"size":{"cols":80,"rows":24},"role":"viewer","viewer":6,"answers":false,"reset":true,"server_version":"","later":[1,{"a":2}]}"#,
            r#"{"type":"input_ack","offset":3}"#,
            r#"{"type":"resized","offset":7,"cols":80,"rows":24}"#,
            r#"{"type":"title","title":"<b>\"ä"}"#,
            r#"{"type":"bell"}"#,
            r#"{"type":"progress","percent":5}"#,
            r#"{"type":"progress"}"#,
            r#"{"type":"notify","message":"done"}"#,
            r#"{"type":"inexact","inexact":true}"#,
            r#"{"type":"exit","offset":9,"code":3,"reason":"exited"}"#,
            r#"{"type":"exit","offset":9,"code":-1,"reason":"exited"}"#,
            r#"{"type":"exit","offset":9,"signal":9,"reason":"ended"}"#,
            r#"{"type":"exit","offset":9,"reason":"orphaned"}"#,
            r#"{"type":"draining"}"#,
            r#"{"type":"pong"}"#,
            r#"{"type":"error","code":"input_gap","message":"m","input_offset":1}"#,
            r#"{"type":"error","code":"disconnected","message":"m"}"#,
            r#"{"type":"error","code":"of_a_later_release","message":"m"}"#,
            r#"{"type":"viewers","count":1,"writers":1,"who":[{"viewer":4,"role":"writer","typing":true,"since":"2026-11-20T10:00:00Z","peer":"network","name":"n","client":"Firefox"}]}"#,
            r#"{"type":"viewers","count":0,"writers":0}"#,
            r#"{"type":"hologram","depth":3}"#,
        ];
        for text in texts {
            let expected: ServerText = serde_json::from_str(text).unwrap();
            assert_eq!(server_text(text), Some(expected), "{text}");
        }
        for junk in [
            "{}",
            "junk",
            "[]",
            r#"{"type":"hello"}"#,
            r#"{"type":"resized","cols":"x"}"#,
        ] {
            assert_eq!(server_text(junk), None, "{junk}");
        }
    }

    #[test]
    fn a_session_is_named_in_every_answer_that_names_one() {
        let session = crate::fixture::session(5);
        let created = sempre_protocol::api::CreatedSession {
            websocket_url: "/ws".into(),
            attach_url: "/ws".into(),
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
            let named: Named = serde_json::from_str(&text).unwrap();
            assert_eq!(named.session_id, Some(session.session_id));
        }
    }
}
