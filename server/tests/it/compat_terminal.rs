//! `WS /ws/terminal/{id}` beyond the document's own programs: rows T5 and T6.

use futures_util::{SinkExt, StreamExt};
use sempre_protocol::compat::Base64;
use sempre_protocol::compat::terminal::{TerminalAsked, TerminalSaid};
use sempre_protocol::texts::ErrorCode;
use sempre_protocol::{Offset, SessionId};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::{LONG, Server, Setup, assert_same, eventually, find};

struct Terminal {
    ws: WebSocketStream<TcpStream>,
    output: Vec<u8>,
    seq: Offset,
    /// Everything that was no output.
    said: Vec<TerminalSaid>,
    closed: bool,
}

impl Terminal {
    async fn open(server: &Server, id: SessionId, query: &str) -> Self {
        let url = format!("ws://{}/ws/terminal/{id}{query}", server.address());
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", server.token());
        request
            .headers_mut()
            .insert("authorization", bearer.parse().unwrap());
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let (ws, _) = client_async(request, stream).await.unwrap();
        Self {
            ws,
            output: Vec::new(),
            seq: Offset::ZERO,
            said: Vec::new(),
            closed: false,
        }
    }

    async fn ask(&mut self, asked: &TerminalAsked) {
        self.raw(&serde_json::to_string(asked).unwrap()).await;
    }

    async fn raw(&mut self, text: &str) {
        self.ws.send(Message::text(text)).await.unwrap();
    }

    async fn input(&mut self, bytes: &[u8]) {
        self.ask(&TerminalAsked::Input {
            data: Base64(bytes.to_vec()),
        })
        .await;
    }

    /// Reads until `wanted`, or the end.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            let next = timeout(LONG, self.ws.next()).await;
            match next.unwrap_or_else(|_| panic!("no {what}: {:?}", self.said)) {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text).unwrap() {
                    TerminalSaid::Output { data, seq } => {
                        self.output.extend(data.0);
                        self.seq = seq;
                    }
                    said => self.said.push(said),
                },
                Some(Ok(Message::Close(_))) | None => {
                    self.closed = true;
                    assert!(wanted(self), "no {what}: {:?}", self.said);
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("no {what}: {error}"),
            }
        }
    }

    fn shows(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.output).contains(text)
    }
}

#[tokio::test]
async fn t5_every_message_of_the_wire_is_understood() {
    let server = Setup::new().start();
    let script = "stty -echo; echo ready; read a; echo got $a; stty size; exit 3";
    let id = server.script(script).await;
    let mut terminal = Terminal::open(&server, id, "").await;
    terminal.until("the program", |t| t.shows("ready")).await;
    terminal.ask(&TerminalAsked::Resize { cols: 99, rows: 33 }).await;
    let resized = TerminalSaid::Resize { cols: 99, rows: 33 };
    terminal.until("the size", |t| t.said.contains(&resized)).await;
    terminal.ask(&TerminalAsked::Ping).await;
    terminal
        .until("a pong", |t| t.said.contains(&TerminalSaid::Pong))
        .await;
    terminal.raw(r#"{"type":"hologram","depth":3}"#).await;
    terminal.raw("no json").await;
    let refused = |said: &TerminalSaid| {
        matches!(
            said,
            TerminalSaid::Error {
                code: ErrorCode::BadText,
                ..
            }
        )
    };
    terminal.until("an error", |t| t.said.iter().any(refused)).await;
    terminal.input(b"word\n").await;
    terminal.until("the end", |t| t.closed).await;
    assert!(
        terminal.shows("got word\r\n33 99"),
        "{}",
        terminal.output.escape_ascii()
    );
    let end = server.info(id).await.offset;
    let exit = TerminalSaid::Exit {
        code: Some(3),
        signal: None,
        reason: "exited".into(),
        seq: end,
    };
    assert_eq!((terminal.said.last(), terminal.seq), (Some(&exit), end));
}

#[tokio::test]
async fn t5_a_paste_larger_than_any_window_arrives_whole() {
    let server = Setup::new().start();
    let id = server
        .script("stty raw -echo; echo ready; head -c 2000000 | sha256sum")
        .await;
    let mut terminal = Terminal::open(&server, id, "").await;
    terminal.until("the program", |t| t.shows("ready")).await;
    for piece in vec![b'x'; 2_000_000].chunks(500_000) {
        terminal.input(piece).await;
    }
    terminal.until("the end", |t| t.closed).await;
    let expected = std::process::Command::new("sh")
        .args(["-c", "head -c 2000000 /dev/zero | tr '\\0' x | sha256sum"])
        .output()
        .unwrap();
    let expected = String::from_utf8(expected.stdout).unwrap();
    assert!(
        terminal.shows(expected.split(' ').next().unwrap()),
        "{}",
        terminal.output.escape_ascii()
    );
}

#[tokio::test]
async fn t6_a_number_goes_on_exactly_there_and_what_is_not_kept_is_a_snapshot() {
    let server = Setup::new().start();
    let id = server.script("seq 1 200000; exec cat").await;
    let whole = eventually("the output", || async {
        let output = server.output(id, 0).await;
        output.ends_with(b"200000\r\n").then_some(output)
    })
    .await;
    let middle = whole.len() / 2;
    let mut terminal = Terminal::open(&server, id, &format!("?recover_from={middle}")).await;
    terminal
        .until("the rest", |t| t.seq.0 == whole.len() as u64)
        .await;
    assert_same(&terminal.output, &whole[middle..], "what follows the number");
    assert_eq!(terminal.said, []);
    // More than is sent to who asks for nothing, and more than there is.
    for query in ["", "?recover_from=99999999"] {
        let mut terminal = Terminal::open(&server, id, query).await;
        terminal.until("a snapshot", |t| !t.said.is_empty()).await;
        let TerminalSaid::Snapshot {
            data,
            seq,
            cols,
            rows,
        } = &terminal.said[0]
        else {
            panic!("{:?}", terminal.said);
        };
        assert!(String::from_utf8_lossy(&data.0).contains("199999"));
        assert_eq!((*cols, *rows), (80, 24));
        let seq = *seq;
        terminal.input(b"more\n").await;
        terminal
            .until("what follows", |t| t.shows("more\r\nmore\r\n"))
            .await;
        assert_eq!(terminal.seq.since(seq), terminal.output.len() as u64);
    }
}

#[tokio::test]
async fn t6_the_last_sequence_is_what_was_acknowledged_or_had_arrived() {
    let server = Setup::new().start();
    let id = server.script("stty -echo; echo one; exec cat").await;
    let mut terminal = Terminal::open(&server, id, "?recover_from=last_sequence").await;
    terminal.until("the beginning", |t| t.shows("one")).await;
    terminal.input(b"two\n").await;
    terminal.until("more", |t| t.shows("two")).await;
    terminal.ask(&TerminalAsked::Ack { seq: Offset(5) }).await;
    terminal.ask(&TerminalAsked::Ping).await;
    terminal
        .until("a pong", |t| t.said.contains(&TerminalSaid::Pong))
        .await;
    drop(terminal);
    let mut terminal = Terminal::open(&server, id, "?recover_from=last_sequence").await;
    terminal
        .until("what was not acknowledged", |t| t.shows("two"))
        .await;
    assert_eq!(terminal.output, b"two\r\n");
    // Answers to pings count for who never acknowledges: by the time of a pong they were heard.
    terminal.input(b"three\n").await;
    terminal.until("more", |t| t.shows("three")).await;
    terminal.ask(&TerminalAsked::Ping).await;
    terminal
        .until("a pong", |t| t.said.contains(&TerminalSaid::Pong))
        .await;
    drop(terminal);
    let mut terminal = Terminal::open(&server, id, "?recover_from=last_sequence").await;
    terminal.input(b"four\n").await;
    terminal.until("what is new", |t| t.shows("four")).await;
    assert!(!terminal.shows("two"), "{}", terminal.output.escape_ascii());
}

#[tokio::test]
async fn t6_the_last_sequence_is_known_after_a_restart_of_the_server() {
    let mut server = Setup::new().start();
    let id = server.script("stty -echo; echo one; exec cat").await;
    let mut terminal = Terminal::open(&server, id, "?recover_from=last_sequence").await;
    terminal.until("the beginning", |t| t.shows("one")).await;
    terminal.input(b"two\n").await;
    terminal.until("more", |t| t.shows("two")).await;
    terminal.ask(&TerminalAsked::Ack { seq: Offset(5) }).await;
    terminal.ask(&TerminalAsked::Ping).await;
    terminal
        .until("a pong", |t| t.said.contains(&TerminalSaid::Pong))
        .await;
    drop(terminal);
    server.stop();
    server.start_again();
    let mut terminal = Terminal::open(&server, id, "?recover_from=last_sequence").await;
    terminal
        .until("what was not acknowledged", |t| t.shows("two"))
        .await;
    assert_eq!(terminal.output, b"two\r\n");
    assert_eq!(terminal.said, [], "no snapshot");
    // A server that is killed has written it a few seconds before; what moved since comes again, and is not lost.
    terminal.ask(&TerminalAsked::Ack { seq: Offset(10) }).await;
    let stored = || async {
        let database = server.dir().data().join("sempre.db-wal");
        let log = std::fs::read(database).unwrap_or_default();
        find(&log, b"\"offset\":10}", 0).map(drop)
    };
    eventually("the place in the database", stored).await;
    server.kill();
    server.start_again();
    let mut terminal = Terminal::open(&server, id, "?recover_from=last_sequence").await;
    terminal.input(b"three\n").await;
    terminal.until("what is new", |t| t.shows("three")).await;
    assert_eq!(terminal.output, b"three\r\n");
}
