//! What a program told besides output: title, directory, bell, progress, notifications. Viewers compare what they
//! were told with what is so; a bell rung a thousand times is one bell to a viewer that looks late.

use std::collections::VecDeque;

use sempre_protocol::Offset;
use sempre_screen::{Event, EventKind};

/// Notifications kept for viewers that look late.
const MAX_NOTIFICATIONS: usize = 16;

/// What is so now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::sessions) struct News {
    /// The window title; empty if none.
    pub(in crate::sessions) title: String,
    /// The directory the shell told last.
    pub(in crate::sessions) cwd: Option<String>,
    /// Output is missing that may still show.
    pub(in crate::sessions) inexact: bool,
    /// The newest progress report and how many there were.
    pub(in crate::sessions) progress: (u64, Option<u8>),
    /// How often the bell rang.
    pub(in crate::sessions) bells: u64,
    /// How many notifications there were.
    pub(in crate::sessions) notified: u64,
    /// The newest of them, oldest first.
    pub(in crate::sessions) notifications: VecDeque<String>,
    /// Output before this was drawn and told: drawn again, it rings no bell.
    seen: Offset,
}

impl News {
    /// Notes `events` of output that was drawn up to `upto`; those before `old` happened too long ago for a bell or a
    /// notification.
    pub(super) fn note(&mut self, events: &[Event], old: Offset, upto: Offset) {
        let old = old.max(self.seen);
        self.seen = self.seen.max(upto);
        for event in events {
            let fresh = event.offset >= old;
            match &event.kind {
                EventKind::Bell if fresh => self.bells += 1,
                EventKind::Progress(percent) if fresh => self.progress = (self.progress.0 + 1, *percent),
                EventKind::Notify(message) if fresh => self.notify(message.clone()),
                // Title and directory are asked of the engine: a rebuilt one tells no events of them.
                _ => {}
            }
        }
    }

    /// Whether no engine has told anything yet.
    pub(super) fn is_untold(&self) -> bool {
        self.seen == Offset::ZERO
    }

    /// What a viewer that comes now has missed for good: nothing is left to tell but what is so.
    pub(in crate::sessions) fn passed(&self) -> Self {
        Self {
            title: String::new(),
            cwd: None,
            inexact: false,
            ..self.clone()
        }
    }

    fn notify(&mut self, message: String) {
        self.notified += 1;
        self.notifications.push_back(message);
        if self.notifications.len() > MAX_NOTIFICATIONS {
            self.notifications.pop_front();
        }
    }

    /// The notifications after the first `told` ones, as far as they are kept.
    pub(in crate::sessions) fn notification_after(&self, told: u64) -> Option<(u64, &String)> {
        let kept_from = self.notified - self.notifications.len() as u64;
        let next = told.max(kept_from);
        let index = usize::try_from(next - kept_from).ok()?;
        self.notifications.get(index).map(|message| (next + 1, message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(offset: u64, kind: EventKind) -> Event {
        Event {
            offset: Offset(offset),
            kind,
        }
    }

    #[test]
    fn what_is_replayed_or_old_rings_no_bell() {
        let mut news = News::default();
        let events = [event(3, EventKind::Bell), event(9, EventKind::Notify("n".into()))];
        news.note(&events, Offset(0), Offset(10));
        news.note(&events, Offset(0), Offset(10));
        assert_eq!((news.bells, news.notified), (1, 1));
        news.note(&[event(20, EventKind::Bell)], Offset(30), Offset(21));
        assert_eq!(news.bells, 1, "too old");
        news.note(&[event(31, EventKind::Bell)], Offset(30), Offset(32));
        assert_eq!(news.bells, 2);
    }

    #[test]
    fn a_late_viewer_hears_the_newest_notifications() {
        let mut news = News::default();
        let many = MAX_NOTIFICATIONS as u64 + 2;
        for n in 1..=many {
            news.note(
                &[event(n, EventKind::Notify(n.to_string()))],
                Offset(0),
                Offset(n + 1),
            );
        }
        let mut told = 0;
        let mut heard = Vec::new();
        while let Some((next, message)) = news.notification_after(told) {
            told = next;
            heard.push(message.clone());
        }
        assert_eq!(heard.len(), MAX_NOTIFICATIONS);
        assert_eq!(heard.last(), Some(&many.to_string()));
        assert_eq!(told, many);
    }
}
