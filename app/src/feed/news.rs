//! What the session tells besides its output: who is here, and what its program says of itself.

use sempre_protocol::texts::ServerText;
use sempre_protocol::viewers::ViewerInfo;

/// The latest of each. All texts are plain text that a program or a stranger chose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// The window title.
    pub title: Option<String>,
    /// How far the program is, `0..=100`.
    pub progress: Option<u8>,
    /// How often the bell rang while this viewer looked.
    pub bells: u32,
    /// What the person shall be told, and its number: the same words may come twice.
    pub note: Option<(u32, String)>,
    /// Output is missing that may still show.
    pub inexact: bool,
    /// This viewer among [`Self::who`].
    pub viewer: u64,
    /// Who is attached, oldest first.
    pub who: Vec<ViewerInfo>,
    /// Counts what was told of [`Self::who`].
    pub who_told: u32,
}

impl News {
    /// A connection begins: what is not told again is over.
    pub(super) fn begin(&mut self, viewer: u64) {
        self.viewer = viewer;
        self.inexact = false;
        self.progress = None;
        self.who.clear();
    }

    /// Takes what is news.
    pub(super) fn take(&mut self, text: ServerText) {
        match text {
            ServerText::Title { title } => self.title = Some(title).filter(|title| !title.is_empty()),
            ServerText::Progress { percent } => self.progress = percent,
            ServerText::Bell => self.bells = self.bells.wrapping_add(1),
            ServerText::Notify { message } => {
                let number = self.note.take().map_or(0, |(number, _)| number.wrapping_add(1));
                self.note = Some((number, message));
            }
            ServerText::Inexact { inexact } => self.inexact = inexact,
            ServerText::Viewers { who, .. } => {
                self.who = who;
                self.who_told = self.who_told.wrapping_add(1);
            }
            _ => {}
        }
    }
}
