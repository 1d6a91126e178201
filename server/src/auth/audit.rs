//! The audit log: who did what to which session, from where, and how it went. Never what a terminal showed, never a
//! secret.
//!
//! Noting never waits: entries go through a bounded channel to one task that writes them to the database and, if there
//! is one, to a file of JSON lines. What does not fit is counted, and the count becomes an entry.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use sempre_protocol::door::AuditEntry;
use sempre_protocol::{GrantId, SessionId};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Principal;
use crate::calendar::{now_ms, rfc3339};
use crate::measure;
use crate::store::{AccessStore, AuditRow};

/// Entries that may wait to be written; more are lost, and that is told.
const MAX_WAITING: usize = 4096;
/// Entries written in one transaction.
const MAX_AT_ONCE: usize = 256;
/// Longest text of an entry, characters.
const MAX_TEXT_CHARS: usize = 256;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Action {
    Login,
    Logout,
    LoginRevoke,
    SessionCreate,
    SessionImport,
    SessionEnd,
    SessionRemove,
    SessionRestart,
    SessionResize,
    SessionInput,
    SessionRun,
    SessionSignal,
    ViewerAttach,
    ViewerDetach,
    ViewerDisconnect,
    TypingTaken,
    InputRecordingRead,
    KeyCreate,
    KeyRevoke,
    UserPut,
    UserRemove,
    ShareCreate,
    ShareOpen,
    ShareRevoke,
    LogLevelSet,
    /// Something they have no right to; the detail says what.
    Forbidden,
    /// Entries that were lost because too many came at once; the detail counts them.
    EntriesLost,
}

impl Action {
    /// The word in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::LoginRevoke => "login_revoke",
            Self::SessionCreate => "session_create",
            Self::SessionImport => "session_import",
            Self::SessionEnd => "session_end",
            Self::SessionRemove => "session_remove",
            Self::SessionRestart => "session_restart",
            Self::SessionResize => "session_resize",
            Self::SessionInput => "session_input",
            Self::SessionRun => "session_run",
            Self::SessionSignal => "session_signal",
            Self::ViewerAttach => "viewer_attach",
            Self::ViewerDetach => "viewer_detach",
            Self::ViewerDisconnect => "viewer_disconnect",
            Self::TypingTaken => "typing_taken",
            Self::InputRecordingRead => "input_recording_read",
            Self::KeyCreate => "key_create",
            Self::KeyRevoke => "key_revoke",
            Self::UserPut => "user_put",
            Self::UserRemove => "user_remove",
            Self::ShareCreate => "share_create",
            Self::ShareOpen => "share_open",
            Self::ShareRevoke => "share_revoke",
            Self::LogLevelSet => "log_level_set",
            Self::Forbidden => "forbidden",
            Self::EntriesLost => "entries_lost",
        }
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// They may not.
    Refused,
    /// It did not work.
    Failed,
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Something to be noted.
#[derive(Debug, Clone)]
pub struct Note {
    row: AuditRow,
}

impl Note {
    /// Somebody did something.
    pub fn of(principal: &Principal, action: Action) -> Self {
        Self::by(principal.name.as_deref(), &principal.from, action)
    }

    /// Somebody, who may be nobody, did something.
    pub fn by(who: Option<&str>, from: &str, action: Action) -> Self {
        Self {
            row: AuditRow {
                id: 0,
                at: now_ms(),
                who: who.map(plain),
                origin: plain(from),
                action: action.word().to_owned(),
                session: None,
                result: Outcome::Ok.word().to_owned(),
                detail: None,
            },
        }
    }

    /// To this session.
    pub fn session(mut self, session: SessionId) -> Self {
        self.row.session = Some(session);
        self
    }

    /// With this outcome.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.row.result = outcome.word().to_owned();
        self
    }

    /// With more to say, which may come from outside.
    pub fn detail(mut self, detail: &str) -> Self {
        self.row.detail = Some(plain(detail));
        self
    }
}

/// Text that does nothing to a terminal that shows it, nor to a line of a log.
pub fn plain(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut plain = String::new();
    for c in text.chars().take(MAX_TEXT_CHARS) {
        match hidden(c) || c == '\\' {
            true => plain.extend(c.escape_default()),
            false => plain.push(c),
        }
    }
    if text.chars().nth(MAX_TEXT_CHARS).is_some() {
        plain.push('…');
    }
    plain
}

/// What the writing task is told.
#[derive(Debug)]
enum Message {
    Note(AuditRow),
    Used(GrantId, u64),
    /// To be told once everything before it is written.
    Settle(oneshot::Sender<()>),
}

/// A way to note; cheap to clone.
#[derive(Debug, Clone)]
pub struct Audit {
    messages: mpsc::Sender<Message>,
    lost: Arc<AtomicU64>,
}

impl Audit {
    /// Starts the task that writes; it writes what waits when `stop` is cancelled, and ends.
    ///
    /// # Errors
    /// If `file` cannot be opened for appending.
    pub fn start(
        store: Arc<AccessStore>,
        file: Option<&Path>,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let file = file.map(open).transpose()?;
        let (messages, received) = mpsc::channel(MAX_WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let writer = Writer {
            store,
            file,
            lost: Arc::clone(&lost),
        };
        tasks.spawn(writer.run(received, stop));
        Ok(Self { messages, lost })
    }

    /// Notes something; never waits.
    pub fn note(&self, note: Note) {
        if self.messages.try_send(Message::Note(note.row)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            measure::audit_lost(1);
        }
    }

    /// Waits until everything noted before is written, or given up: who reads the log finds what they have just done.
    pub async fn settled(&self) {
        let (settle, settled) = oneshot::channel();
        if self.messages.send(Message::Settle(settle)).await.is_ok() {
            // The task drops it only when it ends, and has written everything then.
            let _ = settled.await;
        }
    }

    /// Notes that a grant was used, ms since the Unix epoch. One that does not fit is noted with the next use.
    pub(super) fn used(&self, grant: GrantId, at_ms: u64) {
        let _ = self.messages.try_send(Message::Used(grant, at_ms));
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot open the audit file {}", path.display()))
}

struct Writer {
    store: Arc<AccessStore>,
    file: Option<File>,
    lost: Arc<AtomicU64>,
}

impl Writer {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>, stop: CancellationToken) {
        let mut batch = Vec::new();
        loop {
            let stopping = tokio::select! {
                biased;
                count = messages.recv_many(&mut batch, MAX_AT_ONCE) => count == 0,
                () = stop.cancelled() => true,
            };
            self.write(std::mem::take(&mut batch)).await;
            if stopping {
                return;
            }
        }
    }

    async fn write(&mut self, batch: Vec<Message>) {
        let (mut rows, mut uses, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for message in batch {
            match message {
                Message::Note(row) => rows.push(row),
                Message::Used(grant, at_ms) => uses.push((grant, at_ms)),
                Message::Settle(settle) => waiting.push(settle),
            }
        }
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "entries of the audit log were lost: too many at once");
            let note = Note::by(None, "server", Action::EntriesLost).outcome(Outcome::Failed);
            rows.push(note.detail(&lost.to_string()).row);
        }
        if !rows.is_empty() {
            self.append(&rows).await;
        }
        if !uses.is_empty()
            && let Err(error) = self.store.note_uses(&uses).await
        {
            tracing::debug!(%error, "uses of keys are not noted");
        }
        for settle in waiting {
            // Who no longer waits has gone.
            let _ = settle.send(());
        }
    }

    async fn append(&mut self, rows: &[AuditRow]) {
        if let Err(error) = self.store.append_audit(rows).await {
            tracing::error!(%error, entries = rows.len(), "the audit log cannot be written");
            // Told with the next that can be.
            self.lost.fetch_add(rows.len() as u64, Ordering::Relaxed);
            measure::audit_lost(rows.len() as u64);
        }
        let Some(file) = self.file.take() else { return };
        let entries = rows
            .iter()
            .cloned()
            .map(entry_of)
            .map(|entry| AuditEntry { id: None, ..entry });
        let lines: Vec<_> = entries
            .filter_map(|entry| serde_json::to_string(&entry).ok())
            .collect();
        let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
        // A slow disk holds up the log and nothing else.
        let written = tokio::task::spawn_blocking(move || {
            let outcome = (&file).write_all(text.as_bytes());
            (file, outcome)
        });
        if let Ok((file, outcome)) = written.await {
            if let Err(error) = outcome {
                tracing::error!(%error, "the audit file cannot be written");
            }
            self.file = Some(file);
        }
    }
}

/// A row as the API shows it.
pub fn entry_of(row: AuditRow) -> AuditEntry {
    AuditEntry {
        id: Some(row.id),
        at: rfc3339(row.at),
        who: row.who,
        from: row.origin,
        action: row.action,
        session_id: row.session,
        result: row.result,
        detail: row.detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::AuditFilter;

    const ALL: AuditFilter = AuditFilter {
        before: None,
        session: None,
        limit: 10_000,
    };

    #[test]
    fn text_from_outside_is_escaped_and_cut() {
        assert_eq!(
            plain("eve\n2026 login ok\u{1b}[2J"),
            "eve\\n2026 login ok\\u{1b}[2J"
        );
        assert_eq!(plain("a\\nb"), "a\\\\nb", "an escape of one's own is told apart");
        assert_eq!(plain("\u{202e}evil"), "\\u{202e}evil");
        assert_eq!(plain(&"x".repeat(1000)).chars().count(), MAX_TEXT_CHARS + 1);
        assert_eq!(plain("Grüße 日本"), "Grüße 日本");
    }

    #[tokio::test]
    async fn more_than_fits_is_counted_and_told_and_nobody_waits() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let (store, _) = AccessStore::open(&temp.path().join("access.db")).await.unwrap();
        let (store, tasks) = (Arc::new(store), TaskTracker::new());
        let stop = CancellationToken::new();
        let file = temp.path().join("audit.jsonl");
        let audit = Audit::start(Arc::clone(&store), Some(&file), &tasks, stop.clone()).unwrap();
        // Nothing is written before this task gives way.
        for number in 0..MAX_WAITING + 7 {
            audit.note(Note::by(Some("ada"), "test", Action::Login).detail(&number.to_string()));
        }
        stop.cancel();
        tasks.close();
        drop(audit);
        tasks.wait().await;
        let rows = store.audit(ALL).await.unwrap();
        let lost: Vec<_> = rows.iter().filter(|row| row.action == "entries_lost").collect();
        assert_eq!((lost.len(), rows.len()), (1, MAX_WAITING + 1));
        assert_eq!(lost[0].detail.as_deref(), Some("7"));
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.lines().count(), MAX_WAITING + 1);
        let first: AuditEntry = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!((first.who.as_deref(), first.id), (Some("ada"), None));
        store.close().await;
    }
}
