//! Input of programs that keep no stream of their own: they say bytes, the link says where those go.
//!
//! One writer for all of them, made anew with each connection to the holder, so that nothing is ever sent twice. What
//! was given and not answered when a connection breaks may or may not have arrived.

use std::collections::VecDeque;

use bytes::Bytes;
use sempre_protocol::{Offset, WriterId};
use tokio::sync::oneshot;

use super::input::InputFlow;
use crate::store::random_bytes;

/// Inputs that may wait for a program to read them; more are refused.
const MAX_APPENDED: usize = 1024;

/// Why input was not taken; nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sessions) struct Refused;

/// The answer, at once: input is taken; what it holds is told when all of it has reached the PTY, and dropped if
/// nobody will know.
pub(in crate::sessions) type Reply = oneshot::Sender<Result<oneshot::Receiver<()>, Refused>>;

/// The stream that such input goes to.
pub(super) struct Appended {
    writer: Option<WriterId>,
    end: Offset,
    waiting: VecDeque<(Offset, oneshot::Sender<()>)>,
}

impl Appended {
    pub(super) fn new() -> Self {
        Self {
            writer: random_bytes().ok().map(WriterId::from_bytes),
            end: Offset::ZERO,
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
            let (written, receiver) = oneshot::channel();
            self.end = end;
            self.waiting.push_back((end, written));
            Ok(receiver)
        } else {
            Err(Refused)
        };
        // Who asked may have gone.
        let _ = reply.send(answer);
    }

    /// Answers those whose input has arrived.
    pub(super) fn acked(&mut self, writer: WriterId, offset: Offset) {
        if self.writer != Some(writer) {
            return;
        }
        while let Some((_, written)) = self.waiting.pop_front_if(|(end, _)| *end <= offset) {
            // Who asked may have gone.
            let _ = written.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(
        appended: &mut Appended,
        flow: &mut InputFlow,
        bytes: &'static [u8],
    ) -> Result<oneshot::Receiver<()>, Refused> {
        let (reply, mut answer) = oneshot::channel();
        appended.take(Bytes::from_static(bytes), reply, flow);
        answer.try_recv().unwrap()
    }

    #[test]
    fn input_is_answered_when_all_of_it_has_arrived() {
        let (mut appended, mut flow) = (Appended::new(), InputFlow::default());
        let mut one = given(&mut appended, &mut flow, b"abc").unwrap();
        let mut two = given(&mut appended, &mut flow, b"de").unwrap();
        let writer = appended.writer.unwrap();
        appended.acked(WriterId::from_bytes([0; 16]), Offset(9));
        appended.acked(writer, Offset(4));
        assert_eq!(one.try_recv(), Ok(()));
        assert!(two.try_recv().is_err());
        appended.acked(writer, Offset(5));
        assert_eq!(two.try_recv(), Ok(()));
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
