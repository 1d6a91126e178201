//! Golden texts: what is on the wire stays.

use super::*;
use crate::viewers::PeerKind;

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

#[test]
fn golden_hello() {
    let hello = ServerText::Hello(Hello {
        session: SessionId::from_bytes([1; 16]),
        writer: WriterId::from_bytes([2; 16]),
        run: RunId::from_bytes([3; 16]),
        writer_known: true,
        offset: Offset(10),
        base_offset: Offset(0),
        tail_offset: Offset(12),
        input_offset: Offset(4),
        input_accepted: Some(Offset(5)),
        input_window: 262_144,
        size: Size::DEFAULT,
        role: Role::Writer,
        viewer: 6,
        answers: false,
        reset: true,
        records_input: false,
        server_version: "0.1.0".into(),
    });
    assert_eq!(
        json(&hello),
        "{\"type\":\"hello\",\"session\":\"01010101010101010101010101010101\",\
         \"writer\":\"02020202020202020202020202020202\",\"run\":\"03030303030303030303030303030303\",\
         \"writer_known\":true,\"offset\":10,\"base_offset\":0,\"tail_offset\":12,\"input_offset\":4,\"input_accepted\":5,\
         \"input_window\":262144,\"size\":{\"cols\":80,\"rows\":24},\"role\":\"writer\",\"viewer\":6,\"answers\":false,\
         \"reset\":true,\"server_version\":\"0.1.0\"}"
    );
    assert_eq!(serde_json::from_str::<ServerText>(&json(&hello)).unwrap(), hello);
}

#[test]
fn golden_server_texts() {
    let cases = [
        (
            ServerText::InputAck { offset: Offset(3) },
            r#"{"type":"input_ack","offset":3}"#,
        ),
        (
            ServerText::Resized {
                offset: Offset(7),
                cols: 80,
                rows: 24,
            },
            r#"{"type":"resized","offset":7,"cols":80,"rows":24}"#,
        ),
        (
            ServerText::Title { title: "t".into() },
            r#"{"type":"title","title":"t"}"#,
        ),
        (ServerText::Cwd { cwd: "/".into() }, r#"{"type":"cwd","cwd":"/"}"#),
        (ServerText::Bell, r#"{"type":"bell"}"#),
        (
            ServerText::Progress { percent: Some(5) },
            r#"{"type":"progress","percent":5}"#,
        ),
        (
            ServerText::Notify { message: "m".into() },
            r#"{"type":"notify","message":"m"}"#,
        ),
        (
            ServerText::Viewers {
                count: 2,
                writers: 1,
                who: Vec::new(),
            },
            r#"{"type":"viewers","count":2,"writers":1}"#,
        ),
        (
            ServerText::Viewers {
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
            },
            r#"{"type":"viewers","count":1,"writers":1,"who":[{"viewer":4,"role":"writer","typing":true,"since":"2026-11-20T10:00:00Z","peer":"network","name":"n","client":"Firefox"}]}"#,
        ),
        (
            ServerText::Inexact { inexact: true },
            r#"{"type":"inexact","inexact":true}"#,
        ),
        (
            ServerText::Answers { answers: true },
            r#"{"type":"answers","answers":true}"#,
        ),
        (
            ServerText::Exit {
                offset: Offset(9),
                status: Some(ExitStatus::Code(3)),
                reason: "exited".into(),
            },
            r#"{"type":"exit","offset":9,"code":3,"reason":"exited"}"#,
        ),
        (
            ServerText::Exit {
                offset: Offset(9),
                status: Some(ExitStatus::Signal(9)),
                reason: "exited".into(),
            },
            r#"{"type":"exit","offset":9,"signal":9,"reason":"exited"}"#,
        ),
        (ServerText::Draining, r#"{"type":"draining"}"#),
        (
            ServerText::Heartbeat { time_ms: 1 },
            r#"{"type":"heartbeat","time_ms":1}"#,
        ),
        (ServerText::Pong, r#"{"type":"pong"}"#),
        (
            ServerText::Error {
                code: ErrorCode::InputGap,
                message: "m".into(),
                input_offset: Some(Offset(1)),
            },
            r#"{"type":"error","code":"input_gap","message":"m","input_offset":1}"#,
        ),
    ];
    for (text, golden) in cases {
        assert_eq!(json(&text), golden);
        assert_eq!(serde_json::from_str::<ServerText>(golden).unwrap(), text);
    }
}

const GOLDEN_THEME: &str = r##"{"type":"theme","foreground":"#c0caf5","background":"#1a1b26","cursor":"#ffffff","ansi":["#000000","#000001","#000002","#000003","#000004","#000005","#000006","#000007","#000008","#000009","#00000a","#00000b","#00000c","#00000d","#00000e","#00000f"]}"##;

#[test]
fn golden_client_texts() {
    let colour = |text: &str| text.parse().unwrap();
    let theme = Theme {
        foreground: colour("#c0caf5"),
        background: colour("#1a1b26"),
        cursor: colour("#ffffff"),
        ansi: std::array::from_fn(|n| colour(&format!("#{n:06x}"))),
    };
    let cases = [
        (
            ClientText::Resize { cols: 80, rows: 24 },
            r#"{"type":"resize","cols":80,"rows":24}"#,
        ),
        (
            ClientText::Ack { offset: Offset(5) },
            r#"{"type":"ack","offset":5}"#,
        ),
        (ClientText::Typing, r#"{"type":"typing"}"#),
        (
            ClientText::Signal { signal: Signal::Int },
            r#"{"type":"signal","signal":"INT"}"#,
        ),
        (ClientText::Theme(theme), GOLDEN_THEME),
        (ClientText::Ping, r#"{"type":"ping"}"#),
    ];
    for (text, golden) in cases {
        assert_eq!(json(&text), golden);
        assert_eq!(serde_json::from_str::<ClientText>(golden).unwrap(), text);
    }
}

#[test]
fn texts_of_a_later_release_are_skipped_by_a_client() {
    let text: ServerText = serde_json::from_str(r#"{"type":"hologram","depth":3}"#).unwrap();
    assert_eq!(text, ServerText::Unknown);
    let exit: ServerText = serde_json::from_str(r#"{"type":"exit","offset":9,"reason":"orphaned"}"#).unwrap();
    assert_eq!(
        exit,
        ServerText::Exit {
            offset: Offset(9),
            status: None,
            reason: "orphaned".into()
        }
    );
}
