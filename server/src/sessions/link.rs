//! The link: the one task per live session that talks to its holder, and comes back when the holder does.
//!
//! It ends when the session has ended or the server stops; the holder goes on in the latter case. Orders arrive
//! on a bounded channel; input is passed on only as fast as the PTY takes it, so the holder never holds more
//! than the window and output, resizes and signals are never behind input.

mod append;
mod connection;
mod input;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sempre_protocol::holder::{Control, EndReason, Event, HolderHello, Op, WriterState};
use sempre_protocol::{Offset, Size, WriterId};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::adopt;
use super::confinement;
use super::screen::Screen;
use super::session::Session;
use crate::measure;
use append::Appended;
pub(super) use append::{Refused, Reply};
use connection::{Connection, Incoming};
use input::InputFlow;

/// Orders that may wait for the link.
pub(super) const MAX_ORDERS: usize = 64;
/// First and longest pause before the holder is called again.
const RETRY_FIRST: Duration = Duration::from_millis(20);
const RETRY_LONGEST: Duration = Duration::from_secs(2);
/// An answer to a query that waited longer for the holder is only marked: the program has given up.
const MAX_REPLY_AGE: Duration = Duration::from_secs(2);
/// After its farewell a holder has this long to be gone.
const REAP_TIMEOUT: Duration = Duration::from_secs(2);

/// What a session's link can be told.
#[derive(Debug)]
pub(super) enum Order {
    /// Ask the holder something.
    Ask {
        /// What.
        op: Op,
        /// Where the answer goes; dropped if there is none.
        reply: oneshot::Sender<Result<Option<WriterState>, String>>,
    },
    /// Journal bytes that only the holder has.
    Read {
        /// Offset of the first byte.
        offset: Offset,
        /// At most this many.
        max_bytes: u32,
        /// Where they go; dropped if there are none.
        reply: oneshot::Sender<(Offset, Vec<u8>)>,
    },
    /// Input of one writer.
    Input {
        /// Whose stream.
        writer: WriterId,
        /// Input offset of the first byte.
        offset: Offset,
        /// The size to set before the bytes are written.
        size: Option<Size>,
        /// The bytes.
        bytes: Bytes,
    },
    /// Input of a program that keeps no stream.
    Append {
        /// The bytes.
        bytes: Bytes,
        /// Told whether they are taken; dropped if nobody knows.
        reply: Reply,
    },
    /// The engine's answer to a terminal query.
    EngineReply {
        /// Journal offset after the query's last byte.
        query_offset: Offset,
        /// The answer; empty: none, any more.
        bytes: Vec<u8>,
        /// When it was made.
        made_at: Instant,
    },
}

/// Why a connection to the holder is over.
enum Over {
    /// The session has ended.
    Ended,
    /// The server stops.
    Stopped,
    /// The connection broke.
    Lost,
}

/// Talks to the session's holder until the session has ended or `stop` is cancelled.
///
/// `child` is the holder if this server started it: it has to be waited for.
pub(super) async fn run(
    session: Arc<Session>,
    mut orders: mpsc::Receiver<Order>,
    mut child: Option<Child>,
    stop: CancellationToken,
) {
    let mut pause = RETRY_FIRST;
    loop {
        match Connection::open(session.directory(), session.id()).await {
            Ok((connection, hello)) => {
                pause = RETRY_FIRST;
                greet(&session, &hello);
                match serve(&session, connection, &mut orders, &stop).await {
                    Over::Ended => break,
                    Over::Stopped => return,
                    Over::Lost => session.roster().lost(),
                }
            }
            Err(error) => report_unreachable(&session, &error.to_string()),
        }
        if adopt::is_abandoned(session.directory()) {
            let exit = adopt::read_exit(session.directory(), session.status().offset);
            finish(&session, exit);
            break;
        }
        if !session
            .directory()
            .join(sempre_protocol::holder::SOCKET_NAME)
            .exists()
        {
            adopt::ask_for_socket(session.directory());
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(RETRY_LONGEST),
        }
    }
    if let Some(child) = &mut child
        && tokio::time::timeout(REAP_TIMEOUT, child.wait()).await.is_err()
    {
        tracing::warn!(session = %session.id(), "the holder said its farewell and is still there");
    }
    confinement::clear(session.manifest()).await;
}

fn greet(session: &Arc<Session>, hello: &HolderHello) {
    session.update(|status| {
        status.offset = hello.offset;
        status.base_offset = hello.base_offset;
        status.size = hello.size;
        status.size_offset = hello.size_offset;
        status.pid = hello.pid;
        status.problem = hello.disk_error.as_deref().map(disk_problem);
    });
    session.announce();
    session.screen().answered(hello.answered_offset);
    // A program may have asked its terminal something just before.
    if hello.offset > hello.answered_offset && adopt::wrote_lately(session.directory(), MAX_REPLY_AGE) {
        Screen::wake(session);
    }
}

fn disk_problem(error: &str) -> String {
    format!("the disk takes no more output: {error}; the newest 1 MiB is kept in memory, free some space")
}

fn report_unreachable(session: &Session, error: &str) {
    let problem = format!("the holder does not answer: {error}");
    let news = session.status().problem.as_ref() != Some(&problem);
    if news {
        measure::holder_unreachable();
        tracing::debug!(session = %session.id(), error, "holder unreachable");
        session.update(|status| status.problem = Some(problem));
        session.announce();
    }
}

fn finish(session: &Session, exit: super::Exit) {
    session.update(|status| {
        status.offset = exit.offset.max(status.offset);
        status.pid = None;
        status.problem = None;
        status.exit = Some(super::Exit {
            offset: status.offset,
            ..exit
        });
    });
    measure::session_ended(exit.reason);
    tracing::info!(session = %session.id(), reason = exit.reason.word(), "session ended");
    session.announce();
}

async fn serve(
    session: &Arc<Session>,
    mut connection: Connection,
    orders: &mut mpsc::Receiver<Order>,
    stop: &CancellationToken,
) -> Over {
    let mut flow = InputFlow::default();
    let mut appended = Appended::new();
    loop {
        flow.pump(&mut connection);
        connection.flush();
        tokio::select! {
            () = stop.cancelled() => return Over::Stopped,
            order = orders.recv() => match order {
                Some(order) => take_order(session, order, &mut connection, &mut flow, &mut appended),
                None => return Over::Stopped,
            },
            incoming = connection.incoming() => {
                let Ok(incoming) = incoming else { return Over::Lost };
                for message in incoming {
                    if hear(session, message, &mut flow, &mut appended) {
                        return Over::Ended;
                    }
                }
            }
        }
    }
}

fn take_order(
    session: &Session,
    order: Order,
    connection: &mut Connection,
    flow: &mut InputFlow,
    appended: &mut Appended,
) {
    match order {
        // Who asked gave up while the holder was away: done now, it would surprise.
        Order::Ask { reply, .. } if reply.is_closed() => {}
        Order::Append { reply, .. } if reply.is_closed() => {}
        Order::Append { bytes, reply } => {
            measure::input(bytes.len());
            appended.take(bytes, reply, flow);
        }
        Order::Ask { op, reply } => {
            if let Op::Writer { writer } = op {
                // Who asks is a new connection; the answer is final only if nothing of the old one follows it.
                flow.forget(writer);
            }
            if matches!(op, Op::Signal { signal } if signal.discards_input()) {
                flow.discard();
            }
            connection.ask(op, reply);
        }
        Order::Read {
            offset,
            max_bytes,
            reply,
        } => connection.read(offset, max_bytes, reply),
        Order::EngineReply {
            query_offset,
            bytes,
            made_at,
        } => {
            let bytes = if made_at.elapsed() > MAX_REPLY_AGE {
                &[]
            } else {
                bytes.as_slice()
            };
            Control::EngineReply { query_offset, bytes }.encode(connection.outgoing());
        }
        Order::Input {
            writer,
            offset,
            size,
            bytes,
        } => {
            measure::input(bytes.len());
            if !flow.push(writer, offset, size, bytes) {
                session.roster().lost_by(writer);
            }
        }
    }
}

/// Handles what the holder said; true when it said that the session has ended.
fn hear(session: &Arc<Session>, message: Incoming, flow: &mut InputFlow, appended: &mut Appended) -> bool {
    match message {
        Incoming::Tail { offset, base_offset } => {
            session.touch();
            session.update(|status| {
                measure::output(offset.since(status.offset));
                status.offset = offset;
                status.base_offset = base_offset;
            });
            Screen::wake(session);
        }
        Incoming::InputAck { writer, offset } => {
            flow.acked(writer, offset);
            appended.acked(writer, offset);
            session.roster().acked(writer, offset);
        }
        Incoming::Event(event) => return hear_event(session, event, flow),
    }
    false
}

fn hear_event(session: &Session, event: Event, flow: &mut InputFlow) -> bool {
    match event {
        Event::Resized { offset, size } => {
            session.update(|status| {
                status.size = size;
                status.size_offset = offset;
            });
            session.announce();
        }
        Event::InputRefused {
            writer,
            gap: true,
            accepted,
        } => {
            flow.refused(writer, accepted);
            session.roster().gap(writer, accepted);
        }
        // The count of what is under way is wrong: start over with it.
        Event::InputRefused { gap: false, .. } => session.roster().lost(),
        Event::Exit {
            offset,
            status,
            reason,
            time_ms,
        } => {
            finish(
                session,
                super::Exit {
                    offset,
                    status,
                    reason,
                    ended_at_ms: time_ms,
                },
            );
            return true;
        }
        Event::Disk { error } => {
            session.update(|status| status.problem = error.as_deref().map(disk_problem));
            session.announce();
        }
        Event::Unknown => {}
    }
    false
}

/// Marks a session whose holder is gone without a word.
pub(super) fn orphaned(offset: Offset, ended_at_ms: u64) -> super::Exit {
    super::Exit {
        offset,
        status: None,
        reason: EndReason::Orphaned,
        ended_at_ms,
    }
}
