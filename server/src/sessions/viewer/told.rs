//! What a client was told already, and what is news to it.

use std::time::Instant;

use sempre_protocol::limits::MAX_VIEWERS_TOLD;
use sempre_protocol::texts::{ErrorCode, ServerText};
use sempre_protocol::viewers::ViewerInfo;
use sempre_protocol::{Offset, Size};

use crate::sessions::roster::{InputState, Presence, TYPING};
use crate::sessions::screen::News;

/// What one client was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) size: Size,
    pub(super) acked: Offset,
    gap_at: Option<Offset>,
    presence: Option<Presence>,
    who: Vec<ViewerInfo>,
    /// When to look again whether those who typed still do.
    pub(super) look_at: Option<Instant>,
    news: News,
}

impl Told {
    /// A client that was told its size and where its input stands; of what a program told before, only what is still
    /// so counts as news.
    pub(super) fn new(size: Size, acked: Offset, news: &News) -> Self {
        Self {
            size,
            acked,
            gap_at: None,
            presence: None,
            who: Vec::new(),
            look_at: None,
            news: news.passed(),
        }
    }

    /// News of the client's own input, without those that end the connection.
    pub(super) fn input(&mut self, state: &InputState) -> Option<ServerText> {
        if state.gap_at != self.gap_at {
            self.gap_at = state.gap_at;
            return state.gap_at.map(gap_error);
        }
        (state.acked > self.acked).then(|| {
            self.acked = state.acked;
            ServerText::InputAck { offset: state.acked }
        })
    }

    /// News of who is there; `who` tells it.
    pub(super) fn presence(
        &mut self,
        presence: Presence,
        who: impl FnOnce() -> Vec<ViewerInfo>,
    ) -> Option<ServerText> {
        let now = Instant::now();
        let looks = self.look_at.is_some_and(|at| at <= now);
        if self.presence == Some(presence) && !looks {
            return None;
        }
        let counts = |presence: Presence| (presence.count, presence.writers);
        let counted = self.presence.map(counts) == Some(counts(presence));
        self.presence = Some(presence);
        let mut who = who();
        who.truncate(MAX_VIEWERS_TOLD);
        self.look_at = who.iter().any(|viewer| viewer.typing).then(|| now + TYPING);
        if counted && who == self.who {
            return None;
        }
        self.who.clone_from(&who);
        Some(ServerText::Viewers {
            count: presence.count,
            writers: presence.writers,
            who,
        })
    }

    /// News of what the program told.
    pub(super) fn screen(&mut self, news: &News) -> Option<ServerText> {
        let told = &mut self.news;
        if told.title != news.title {
            told.title.clone_from(&news.title);
            let title = news.title.clone();
            return Some(ServerText::Title { title });
        }
        if told.cwd != news.cwd {
            told.cwd.clone_from(&news.cwd);
            return news.cwd.clone().map(|cwd| ServerText::Cwd { cwd });
        }
        if told.inexact != news.inexact {
            told.inexact = news.inexact;
            return Some(ServerText::Inexact {
                inexact: news.inexact,
            });
        }
        if told.bells != news.bells {
            told.bells = news.bells;
            return Some(ServerText::Bell);
        }
        if told.progress != news.progress {
            told.progress = news.progress;
            return Some(ServerText::Progress {
                percent: news.progress.1,
            });
        }
        let (next, message) = news.notification_after(told.notified)?;
        told.notified = next;
        let message = message.clone();
        Some(ServerText::Notify { message })
    }
}

fn gap_error(accepted: Offset) -> ServerText {
    ServerText::Error {
        code: ErrorCode::InputGap,
        message: format!("input began beyond offset {accepted}; nothing was written, send again from there"),
        input_offset: Some(accepted),
    }
}
