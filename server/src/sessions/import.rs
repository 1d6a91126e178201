//! A recording from elsewhere becomes a session that has ended: its journal is written as a holder would have.
//!
//! It is made beside the sessions and moved among them when it is whole; what is given up leaves nothing.

mod cast;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sempre_journal::{ExitStatus as JournalExit, Options, Size as JournalSize, Writer};
use sempre_protocol::holder::{EndReason, MANIFEST_NAME, Manifest};
use sempre_protocol::limits::MAX_LABEL_VALUE_BYTES;
use sempre_protocol::{RunId, SessionId, Size};
use tokio::sync::SemaphorePermit;

pub use cast::CastError;
use cast::{Cast, Happening, Header};

use super::session::Activity;
use super::{Registry, Session, SessionError, adopt, create};

/// Largest recording, bytes of the file.
pub const MAX_RECORDING_BYTES: u64 = 256 * 1024 * 1024;
/// Recordings that are taken in at once; more wait.
pub(super) const MAX_IMPORTING: usize = 2;
/// What an imported session has for a shell.
const SHELL: &str = "recording";
/// Where the recording's title is kept.
const TITLE_LABEL: &str = "title";
/// The recording while it comes in; not in the session's directory any more once that is one.
const CAST_NAME: &str = "import.cast";
const JOURNAL_MODE: u32 = 0o600;
/// Longest command that is told, characters.
const MAX_COMMAND_CHARS: usize = 1024;

/// A recording on its way in. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct Import<'a> {
    directory: Unfinished,
    file: File,
    id: SessionId,
    run: RunId,
    taken_bytes: u64,
    _place: SemaphorePermit<'a>,
}

/// Whom an imported session belongs to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belonging {
    /// Who made it; none: whoever has the server's own token.
    pub owner: Option<String>,
    /// The group it belongs to.
    pub group: Option<String>,
}

/// A directory that goes when it is dropped, unless it was moved away.
#[derive(Debug)]
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        match std::fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(directory = %self.0.display(), %error, "what is left of an import cannot be removed");
            }
            _ => {}
        }
    }
}

impl Import<'_> {
    /// Takes a piece of the file. It blocks as long as a write to a file does.
    ///
    /// # Errors
    /// [`SessionError::RecordingTooLarge`], or what the disk says.
    pub fn take(&mut self, piece: &[u8]) -> Result<(), SessionError> {
        self.taken_bytes = self.taken_bytes.saturating_add(piece.len() as u64);
        if self.taken_bytes > MAX_RECORDING_BYTES {
            return Err(SessionError::RecordingTooLarge);
        }
        let written = self.file.write_all(piece);
        written.map_err(SessionError::system("cannot keep the recording"))
    }
}

impl Registry {
    /// Begins to take in a recording; waits while others are taken in.
    ///
    /// # Errors
    /// [`SessionError::Draining`], or what the disk says.
    pub async fn begin_import(&self) -> Result<Import<'_>, SessionError> {
        let place = self.importing().acquire().await;
        let place = place.map_err(|_| SessionError::Draining)?;
        if self.is_closing() {
            return Err(SessionError::Draining);
        }
        let (id, run) = create::fresh_ids()?;
        let directory = self.data_dir().create_import_dir(id);
        let directory =
            directory.map_err(SessionError::system("cannot make a directory for the recording"))?;
        let directory = Unfinished(directory);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(JOURNAL_MODE)
            .open(directory.0.join(CAST_NAME))
            .map_err(SessionError::system("cannot make a file for the recording"))?;
        Ok(Import {
            directory,
            file,
            id,
            run,
            taken_bytes: 0,
            _place: place,
        })
    }

    /// Makes a session of what was taken.
    ///
    /// # Errors
    /// [`SessionError::BadRecording`], [`SessionError::Invalid`], or what the disk says; nothing is left behind.
    pub async fn finish_import(
        &self,
        import: Import<'_>,
        belonging: Belonging,
    ) -> Result<Arc<Session>, SessionError> {
        create::check_name("group", belonging.group.as_deref())?;
        let Import {
            directory,
            file,
            id,
            run,
            _place,
            ..
        } = import;
        let now_ms = self.clock().wall_ms();
        let written = tokio::task::spawn_blocking(move || {
            let made = write_session(&directory.0, file, id, run, now_ms, belonging);
            made.map(|manifest| (directory, manifest))
        });
        let (directory, manifest) = written
            .await
            .map_err(|error| SessionError::system("the import broke off")(io::Error::other(error)))??;
        let moved = self.data_dir().adopt_import(&directory.0, id);
        let moved = moved.map_err(SessionError::system("cannot move the import among the sessions"))?;
        let mut status = adopt::read_status(&moved, &manifest);
        status.exit = Some(adopt::read_exit(&moved, status.offset));
        tracing::info!(session = %id, "recording imported");
        Ok(self.insert(manifest, moved, status, Activity::now(self.clock()), None))
    }
}

/// Writes journal and manifest of the recording in `file` into `directory`, and makes them durable.
fn write_session(
    directory: &Path,
    mut file: File,
    id: SessionId,
    run: RunId,
    now_ms: u64,
    belonging: Belonging,
) -> Result<Manifest, SessionError> {
    let system = |what: &'static str| SessionError::system(what);
    file.rewind().map_err(system("cannot read the recording again"))?;
    let (header, mut cast) = Cast::open(BufReader::new(&file))?;
    // Everything is looked at before anything is made of it; how long it is says when it began, if it does not tell.
    let mut length_ms = 0;
    while let Some(event) = cast.event()? {
        length_ms = event.at_ms;
    }
    let begun_ms = header
        .begun_ms
        .unwrap_or_else(|| now_ms.saturating_sub(length_ms));
    let mut again = &file;
    again
        .rewind()
        .map_err(system("cannot read the recording again"))?;
    let (_, cast) = Cast::open(BufReader::new(again))?;
    write_journal(directory, cast, header.size, begun_ms)?;
    drop(file);
    std::fs::remove_file(directory.join(CAST_NAME)).map_err(system("cannot remove the recording's file"))?;
    let manifest = manifest(header, begun_ms, id, run, now_ms, belonging);
    write_manifest(directory, &manifest).map_err(system("cannot write what the session is"))?;
    Ok(manifest)
}

fn write_journal<R: io::BufRead>(
    directory: &Path,
    mut cast: Cast<R>,
    size: Size,
    begun_ms: u64,
) -> Result<(), SessionError> {
    let system = |what: &'static str| SessionError::system(what);
    let journal_size = |size: Size| JournalSize {
        cols: size.cols,
        rows: size.rows,
    };
    // All of it is kept: the file's own limit is what it may take.
    let options = Options::with_budget(u64::MAX);
    let mut writer = Writer::create(directory, options, journal_size(size), begun_ms)
        .map_err(system("cannot begin the journal"))?;
    let (mut at_ms, mut exit) = (begun_ms, JournalExit::Unknown);
    while let Some(event) = cast.event()? {
        at_ms = begun_ms.saturating_add(event.at_ms);
        match event.happening {
            Happening::Output(text) => {
                let appended = writer.append(text.as_bytes(), at_ms).map_err(io::Error::other);
                // Each event keeps its own time.
                appended
                    .and_then(|()| writer.flush_index(at_ms))
                    .map_err(system("cannot write the journal"))?;
            }
            Happening::Resize(size) => writer
                .resize(journal_size(size), at_ms)
                .map_err(system("cannot write the journal"))?,
            Happening::Exit(code) => exit = JournalExit::Code(code),
        }
    }
    writer
        .exit(exit, EndReason::Imported.code(), at_ms)
        .and_then(|()| writer.sync(at_ms))
        .map_err(system("cannot write the journal"))
}

fn manifest(
    header: Header,
    begun_ms: u64,
    id: SessionId,
    run: RunId,
    now_ms: u64,
    belonging: Belonging,
) -> Manifest {
    let fits = |title: &String| {
        (1..=MAX_LABEL_VALUE_BYTES).contains(&title.len()) && !title.chars().any(char::is_control)
    };
    let title = header.title.filter(fits);
    let command = header.command.unwrap_or_default();
    let command: String = command
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_COMMAND_CHARS)
        .collect();
    Manifest {
        session: id,
        run,
        started_at_ms: begun_ms,
        shell: SHELL.into(),
        cmd: vec![if command.is_empty() { SHELL.into() } else { command }],
        login: false,
        cwd: "/".into(),
        size: header.size,
        env: BTreeMap::new(),
        group: belonging.group,
        labels: title
            .into_iter()
            .map(|title| (TITLE_LABEL.to_owned(), title))
            .collect(),
        user_id: None,
        owner: belonging.owner,
        restarted_from: None,
        ttl_s: 0,
        idle_s: 0,
        shell_aid: None,
        records_input: false,
        run_as: None,
        limits: Default::default(),
        cgroup: None,
        imported_at_ms: Some(now_ms),
        pid: 0,
    }
}

fn write_manifest(directory: &Path, manifest: &Manifest) -> io::Result<()> {
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(JOURNAL_MODE)
        .open(directory.join(MANIFEST_NAME))?;
    serde_json::to_writer(&mut file, manifest)?;
    file.sync_all()?;
    File::open(directory)?.sync_all()
}
