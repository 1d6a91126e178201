//! A holder of version 0.1.0 is understood: its part of real conversations, said again word for word
//! (`crates/protocol/fixtures/control-0.1.0`).

use std::path::PathBuf;

use sempre_protocol::Size;
use sempre_protocol::holder::EndReason;
use sempre_protocol::texts::ExitStatus;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use super::*;

const TYPED: &str = include_str!("../../../../../crates/protocol/fixtures/control-0.1.0/typed.txt");
const ENDED: &str = include_str!("../../../../../crates/protocol/fixtures/control-0.1.0/ended.txt");

/// Whether the server said it, and its bytes.
type Message = (bool, Vec<u8>);

fn read(transcript: &str) -> Vec<Message> {
    let lines = transcript.lines().filter_map(|line| line.split_once(' '));
    let lines = lines.filter(|(who, _)| *who != "#");
    let bytes = |hex: &str| {
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    };
    lines.map(|(who, hex)| (who == "server", bytes(hex))).collect()
}

/// Says the holder's part, each message after as many of the server's as it was; then hangs up.
fn holder(listener: UnixListener, messages: Vec<Message>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for (of_server, bytes) in messages {
            if of_server {
                let length = stream.read_u32().await.unwrap();
                let mut message = vec![0; length as usize];
                stream.read_exact(&mut message).await.unwrap();
                assert_eq!(message[0], bytes[4], "the kind it was");
            } else {
                stream.write_all(&bytes).await.unwrap();
            }
        }
    })
}

/// What the link learns of a holder that says all this.
struct Learned {
    hello: HolderHello,
    incoming: Vec<Incoming>,
    replies: Vec<Result<Option<WriterState>, String>>,
}

async fn learn(transcript: &str) -> Learned {
    let messages = read(transcript);
    let Some((Control::Hello(json), _)) = Control::decode(&messages[0].1).unwrap() else {
        panic!("the server says hello first");
    };
    let said: ServerHello = serde_json::from_slice(json).unwrap();
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let socket: PathBuf = temp.path().join(SOCKET_NAME);
    let holder = holder(UnixListener::bind(socket).unwrap(), messages.clone());
    let (mut connection, hello) = Connection::open(temp.path(), said.session).await.unwrap();
    let mut asked = Vec::new();
    for (_, bytes) in messages.iter().skip(1).filter(|(of_server, _)| *of_server) {
        match Control::decode(bytes).unwrap().unwrap().0 {
            Control::Request(json) => {
                let request: Request = serde_json::from_slice(json).unwrap();
                let (reply, answer) = oneshot::channel();
                connection.ask(request.op, reply);
                asked.push(answer);
            }
            input => input.encode(connection.outgoing()),
        }
    }
    let mut incoming = Vec::new();
    // Until it hangs up.
    while let Ok(messages) = connection.incoming().await {
        incoming.extend(messages);
    }
    holder.await.unwrap();
    let mut replies = Vec::new();
    for answer in asked {
        replies.push(answer.await.expect("each request is answered"));
    }
    Learned {
        hello,
        incoming,
        replies,
    }
}

#[tokio::test]
async fn what_was_typed_resized_and_signalled_is_heard_of_a_holder_of_0_1_0() {
    let Learned {
        hello,
        incoming,
        replies,
    } = learn(TYPED).await;
    assert_eq!((hello.release.as_str(), hello.offset), ("0.1.0", Offset(7)));
    assert_eq!((hello.size, hello.pid.is_some()), (Size::new(80, 24), true));
    let unknown = WriterState {
        known: false,
        written: Offset(0),
        accepted: Offset(0),
    };
    assert_eq!(replies, [Ok(Some(unknown)), Ok(None), Ok(None), Ok(None)]);
    let (mut tails, mut acks, mut sizes, mut exit) = (Vec::new(), Vec::new(), Vec::new(), None);
    for message in incoming {
        match message {
            Incoming::Tail { offset, .. } => tails.push(offset.0),
            Incoming::InputAck { offset, .. } => acks.push(offset.0),
            Incoming::Event(Event::Resized { offset, size }) => sizes.push((offset.0, size)),
            Incoming::Event(Event::Exit {
                offset,
                status,
                reason,
                ..
            }) => exit = Some((offset.0, status, reason)),
            Incoming::Event(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((tails, acks), (vec![18, 36, 49], vec![6, 13, 15]));
    assert_eq!(sizes, [(18, Size::new(100, 30)), (18, Size::new(90, 20))]);
    assert_eq!(exit, Some((49, Some(ExitStatus::Code(7)), EndReason::Exited)));
}

#[tokio::test]
async fn the_end_that_was_asked_for_is_heard_of_a_holder_of_0_1_0() {
    let learned = learn(ENDED).await;
    assert_eq!(learned.replies, [Ok(None)]);
    let [Incoming::Event(Event::Exit { status, reason, .. })] = learned.incoming[..] else {
        panic!("one event");
    };
    assert_eq!((status, reason), (Some(ExitStatus::Signal(1)), EndReason::Ended));
}
