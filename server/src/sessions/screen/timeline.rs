//! What happened in a session, in order and with offsets: for programs that follow along, and to know where the shell
//! stands. A program that looks late has missed what is no longer kept.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sempre_protocol::Offset;
use sempre_screen::{Event, EventKind, ShellMark, ShellStage};

/// Happenings kept for who looks late.
const MAX_KEPT: usize = 512;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sessions) struct Happening {
    /// Rises by one from each to the next.
    pub(in crate::sessions) number: u64,
    /// Output offset after the sequence that told of it.
    pub(in crate::sessions) offset: Offset,
    /// What.
    pub(in crate::sessions) what: What,
}

/// Kinds of [`Happening`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sessions) enum What {
    /// The window title is now this.
    Title(String),
    /// The shell stands in this directory.
    Cwd(String),
    /// The bell rang.
    Bell,
    /// The program wants the user told.
    Notify(String),
    /// Progress in per cent; none: busy without a known end, or over.
    Progress(Option<u8>),
    /// The shell prints its prompt.
    Prompt,
    /// The shell waits for a command.
    Input,
    /// A command runs.
    CommandStarted,
    /// It ended.
    CommandEnded {
        /// Its exit code, if the shell told.
        code: Option<i32>,
        /// How long it ran; none if its start or its end was not seen as it happened.
        took: Option<Duration>,
    },
    /// What was typed was no command the shell could run.
    Refused {
        /// The code the shell gave for it.
        code: Option<i32>,
    },
}

/// The newest happenings of a session.
#[derive(Debug, Default)]
pub(in crate::sessions) struct Timeline {
    /// The shell whose marks count; none: any.
    aid: Option<String>,
    kept: VecDeque<Happening>,
    /// Number of the next.
    next: u64,
    /// Where the shell stands; none: it never told.
    shell: Option<ShellStage>,
    command_started: Option<Instant>,
    /// Output before this was looked at: drawn again, nothing of it happens again.
    seen: Offset,
}

impl Timeline {
    /// Nothing happened; only marks of the shell `aid` count, if there is one.
    pub(super) fn new(aid: Option<String>) -> Self {
        Self {
            aid,
            ..Self::default()
        }
    }

    /// Where the shell stands; none: it never told.
    pub(in crate::sessions) fn shell(&self) -> Option<ShellStage> {
        self.shell
    }

    /// Number of the next happening.
    pub(in crate::sessions) fn next(&self) -> u64 {
        self.next
    }

    /// What happened from number `from` on, oldest first, as far as it is kept.
    pub(in crate::sessions) fn since(&self, from: u64) -> impl Iterator<Item = &Happening> {
        self.kept.iter().filter(move |happening| happening.number >= from)
    }

    /// Number of the oldest that is kept.
    pub(in crate::sessions) fn oldest(&self) -> u64 {
        self.kept.front().map_or(self.next, |oldest| oldest.number)
    }

    /// Takes what older output says of the shell, unless newer output said something.
    pub(in crate::sessions) fn remember(&mut self, stage: ShellStage) {
        self.shell = self.shell.or(Some(stage));
    }

    /// Whether a mark is of the session's shell.
    pub(in crate::sessions) fn is_own(&self, mark: &ShellMark) -> bool {
        self.aid.is_none() || self.aid == mark.aid
    }

    /// Notes `events` of output that was drawn up to `upto`; those before `old` happened too long ago for a bell or a
    /// notification. Whether something happened.
    pub(super) fn note(&mut self, events: &[Event], old: Offset, upto: Offset) -> bool {
        let (seen, before) = (self.seen, self.next);
        self.seen = seen.max(upto);
        for event in events.iter().filter(|event| event.offset >= seen) {
            let fresh = event.offset >= old;
            let what = match &event.kind {
                EventKind::Title(title) => What::Title(title.clone()),
                EventKind::Cwd(cwd) => What::Cwd(cwd.clone()),
                EventKind::Bell if fresh => What::Bell,
                EventKind::Notify(message) if fresh => What::Notify(message.clone()),
                EventKind::Progress(percent) if fresh => What::Progress(*percent),
                EventKind::Shell(mark) if self.is_own(mark) => match self.shell_told(mark.stage, fresh) {
                    Some(what) => what,
                    None => continue,
                },
                _ => continue,
            };
            self.push(event.offset.plus(1), what);
        }
        self.next != before
    }

    /// What a mark of the shell means after the one before; none: nothing new. Shells that tell twice tell once.
    fn shell_told(&mut self, stage: ShellStage, fresh: bool) -> Option<What> {
        let before = self.shell.replace(stage);
        match (stage, before) {
            (ShellStage::Prompt, Some(ShellStage::Prompt | ShellStage::Input)) => {
                // A prompt drawn again: keys are taken all the same.
                self.shell = before;
                None
            }
            (ShellStage::Prompt, _) => Some(What::Prompt),
            (ShellStage::Input, Some(ShellStage::Input))
            | (ShellStage::Command, Some(ShellStage::Command)) => None,
            (ShellStage::Input, _) => Some(What::Input),
            (ShellStage::Command, _) => {
                self.command_started = fresh.then(Instant::now);
                Some(What::CommandStarted)
            }
            (ShellStage::End(code), Some(ShellStage::Command) | None) => {
                let started = self.command_started.take().filter(|_| fresh);
                let took = started.map(|started| started.elapsed());
                Some(What::CommandEnded { code, took })
            }
            (ShellStage::End(_), Some(ShellStage::End(_))) => {
                self.shell = before;
                None
            }
            (ShellStage::End(code), _) => Some(What::Refused { code }),
        }
    }

    fn push(&mut self, offset: Offset, what: What) {
        // One bell, title or progress after another of its kind: the newest is what is so.
        let replaces = self.kept.back().is_some_and(|last| {
            matches!(
                (&last.what, &what),
                (What::Bell, What::Bell)
                    | (What::Title(_), What::Title(_))
                    | (What::Progress(_), What::Progress(_))
            )
        });
        if replaces && let Some(last) = self.kept.back_mut() {
            // Who has read the older one reads this one too.
            *last = Happening {
                number: self.next,
                offset,
                what,
            };
            self.next += 1;
            return;
        }
        self.kept.push_back(Happening {
            number: self.next,
            offset,
            what,
        });
        self.next += 1;
        if self.kept.len() > MAX_KEPT {
            self.kept.pop_front();
        }
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

    fn mark(offset: u64, stage: ShellStage, aid: &str) -> Event {
        let aid = Some(aid.to_owned());
        event(offset, EventKind::Shell(ShellMark { stage, aid }))
    }

    fn told(timeline: &Timeline) -> Vec<&What> {
        timeline.since(0).map(|happening| &happening.what).collect()
    }

    #[test]
    fn a_round_of_the_shell_is_told_once() {
        let mut timeline = Timeline::new(Some("a".into()));
        let stages = [
            ShellStage::Prompt,
            ShellStage::Input,
            ShellStage::Prompt,
            ShellStage::Input,
            ShellStage::Command,
            ShellStage::Command,
            ShellStage::End(Some(3)),
            ShellStage::End(None),
            ShellStage::Prompt,
            ShellStage::Input,
            ShellStage::End(Some(2)),
        ];
        let events: Vec<_> = (1..).zip(stages).map(|(n, stage)| mark(n, stage, "a")).collect();
        assert!(timeline.note(&events, Offset(1000), Offset(20)));
        let ended = |code| What::CommandEnded {
            code: Some(code),
            took: None,
        };
        assert_eq!(
            told(&timeline),
            [
                &What::Prompt,
                &What::Input,
                &What::CommandStarted,
                &ended(3),
                &What::Prompt,
                &What::Input,
                &What::Refused { code: Some(2) }
            ]
        );
        assert!(!timeline.note(&events, Offset(0), Offset(20)), "drawn again");
    }

    #[test]
    fn only_the_sessions_own_shell_is_believed() {
        let mut timeline = Timeline::new(Some("a".into()));
        timeline.note(&[mark(1, ShellStage::Command, "a")], Offset(0), Offset(2));
        let forged = Event {
            offset: Offset(3),
            kind: EventKind::Shell(ShellMark {
                stage: ShellStage::End(Some(0)),
                aid: None,
            }),
        };
        timeline.note(
            &[forged, mark(4, ShellStage::End(Some(0)), "b")],
            Offset(0),
            Offset(5),
        );
        assert_eq!(timeline.shell(), Some(ShellStage::Command));
    }

    #[test]
    fn a_flood_of_bells_hides_nothing() {
        let mut timeline = Timeline::new(None);
        timeline.note(&[mark(0, ShellStage::Prompt, "x")], Offset(0), Offset(1));
        let bells: Vec<_> = (1..5000).map(|n| event(n, EventKind::Bell)).collect();
        timeline.note(&bells, Offset(0), Offset(5000));
        assert_eq!(told(&timeline), [&What::Prompt, &What::Bell]);
    }
}
