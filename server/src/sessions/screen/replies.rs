//! Which of an engine's answers go to the program: each query once, and none that has waited too long.

use sempre_protocol::Offset;
use sempre_screen::{Event, EventKind};

/// The answers to send, with the offset after their query. `answered`: queries up to there have their answer.
/// `old_before`: output before it is too old; its newest query is marked answered by an empty reply.
pub(super) fn replies(events: &[Event], answered: Offset, old_before: Offset) -> Vec<(Offset, Vec<u8>)> {
    let mut mark = None;
    let mut replies: Vec<(Offset, Vec<u8>)> = Vec::new();
    for event in events {
        let EventKind::Reply(bytes) = &event.kind else {
            continue;
        };
        let after = event.offset.plus(1);
        if after <= answered {
            continue;
        }
        if event.offset < old_before {
            mark = Some(after);
            continue;
        }
        match replies.last_mut().filter(|(offset, _)| *offset == after) {
            // One sequence may ask several things; the holder takes one answer for it.
            Some((_, all)) => all.extend_from_slice(bytes),
            None => replies.push((after, bytes.clone())),
        }
    }
    let marked = mark.map(|offset| (offset, Vec::new()));
    marked.into_iter().chain(replies).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(offset: u64, reply: &str) -> Event {
        Event {
            offset: Offset(offset),
            kind: EventKind::Reply(reply.as_bytes().to_vec()),
        }
    }

    #[test]
    fn each_query_is_answered_once_and_old_ones_are_marked() {
        let bell = Event {
            offset: Offset(5),
            kind: EventKind::Bell,
        };
        let events = [
            asked(3, "a"),
            bell,
            asked(9, "b"),
            asked(19, "c"),
            asked(29, "d"),
            asked(29, "e"),
        ];
        let all = |answered, old| replies(&events, Offset(answered), Offset(old));
        let reply = |after, bytes: &str| (Offset(after), bytes.as_bytes().to_vec());
        assert_eq!(all(4, 0), [reply(10, "b"), reply(20, "c"), reply(30, "de")]);
        assert_eq!(all(4, 20), [reply(20, ""), reply(30, "de")]);
        assert_eq!(all(0, 1000), [reply(30, "")]);
        assert_eq!(all(30, 0), []);
    }
}
