//! Input of programs that keep no stream of their own: they say bytes, the link says where those go.
//!
//! One writer for all of them, made anew with each connection to the holder, so that nothing is ever sent twice. What
//! was given and not answered when a connection breaks may or may not have arrived.

use std::collections::VecDeque;

use bytes::Bytes;
use sempre_protocol::{Offset, WriterId};
use tokio::sync::{oneshot, watch};

use super::input::InputFlow;
use crate::random::random_bytes;

/// Inputs that may wait for a program to read them; more are refused.
const MAX_APPENDED: usize = 1024;

/// Why input was not taken; nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sessions) struct Refused;

/// Input that was taken, on its way to the PTY.
#[derive(Debug)]
pub(in crate::sessions) struct Given {
    end: Offset,
    acked: watch::Receiver<Offset>,
}

impl Given {
    /// Waits until all of it has reached the PTY; false if nobody will know.
    pub(in crate::sessions) async fn written(&mut self) -> bool {
        self.acked.wait_for(|acked| *acked >= self.end).await.is_ok()
    }

    /// How much of it and of what came before it has not, bytes.
    pub(in crate::sessions) fn held(&self) -> u64 {
        self.end.since(*self.acked.borrow())
    }
}

/// The answer, at once: whether the input is taken.
pub(in crate::sessions) type Reply = oneshot::Sender<Result<Given, Refused>>;

/// The stream that such input goes to.
pub(super) struct Appended {
    writer: Option<WriterId>,
    end: Offset,
    acked: watch::Sender<Offset>,
    /// Where the inputs end that have not arrived.
    waiting: VecDeque<Offset>,
}

impl Appended {
    pub(super) fn new() -> Self {
        Self {
            writer: random_bytes().ok().map(WriterId::from_bytes),
            end: Offset::ZERO,
            acked: watch::Sender::new(Offset::ZERO),
            waiting: VecDeque::new(),
        }
    }

    /// Queues input behind what was given before.
    pub(super) fn take(&mut self, bytes: Bytes, reply: Reply, flow: &mut InputFlow) {
        let end = self.end.plus(bytes.len() as u64);
        let taken = self.waiting.len() < MAX_APPENDED
            && self
                .writer
                .is_some_and(|writer| flow.push(writer, self.end, None, bytes));
        let answer = if taken {
            self.end = end;
            self.waiting.push_back(end);
            Ok(Given {
                end,
                acked: self.acked.subscribe(),
            })
        } else {
            Err(Refused)
        };
        // Who asked may have gone.
        let _ = reply.send(answer);
    }

    /// Tells how far input has arrived.
    pub(super) fn acked(&mut self, writer: WriterId, offset: Offset) {
        if self.writer != Some(writer) {
            return;
        }
        while self.waiting.pop_front_if(|end| *end <= offset).is_some() {}
        self.acked.send_replace(offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(appended: &mut Appended, flow: &mut InputFlow, bytes: &'static [u8]) -> Result<Given, Refused> {
        let (reply, mut answer) = oneshot::channel();
        appended.take(Bytes::from_static(bytes), reply, flow);
        answer.try_recv().unwrap()
    }

    #[tokio::test]
    async fn input_is_answered_when_all_of_it_has_arrived() {
        let (mut appended, mut flow) = (Appended::new(), InputFlow::default());
        let mut one = given(&mut appended, &mut flow, b"abc").unwrap();
        let mut two = given(&mut appended, &mut flow, b"de").unwrap();
        let writer = appended.writer.unwrap();
        appended.acked(WriterId::from_bytes([0; 16]), Offset(9));
        assert_eq!((one.held(), two.held()), (3, 5));
        appended.acked(writer, Offset(4));
        assert!(one.written().await);
        assert_eq!((one.held(), two.held()), (0, 1));
        appended.acked(writer, Offset(5));
        assert!(two.written().await);
        let mut lost = given(&mut appended, &mut flow, b"f").unwrap();
        drop(appended);
        assert!(two.written().await, "what is known stays known");
        assert!(!lost.written().await);
    }

    #[test]
    fn too_much_is_refused() {
        let (mut appended, mut flow) = (Appended::new(), InputFlow::default());
        let taken: Vec<_> = (0..MAX_APPENDED)
            .map(|_| given(&mut appended, &mut flow, b"x"))
            .collect();
        assert!(taken.iter().all(Result::is_ok));
        assert_eq!(given(&mut appended, &mut flow, b"x").err(), Some(Refused));
    }
}
