//! Where the shell stands, also when nobody looked while it told.

use std::io;
use std::path::Path;
use std::sync::Arc;

use sempre_journal::{ReadAt, Reader};
use sempre_protocol::Offset;
use sempre_screen::{ShellMark, ShellStage};
use tokio::sync::watch;

use crate::sessions::screen::{Screen, Timeline};
use crate::sessions::{Session, SessionError};

/// Output looked through for what the shell told last, bytes.
const MAX_LOOK_BACK_BYTES: u64 = 16 * 1024 * 1024;
/// Output read at once, bytes.
const CHUNK_BYTES: u64 = 256 * 1024;
/// Longest mark, bytes; chunks overlap by as much.
const MARK_BYTES: u64 = 256;
const MARK_START: &[u8] = b"\x1b]133;";

/// What a command that runs means to who waits for the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// Its end is waited for.
    Awaited,
    /// Nothing is waited for.
    Refused,
}

impl Session {
    /// Makes sure that the timeline has come to where the output is now, and that it is known where the shell stands, if it
    /// ever told.
    ///
    /// # Errors
    /// If the journal cannot be read, or the server goes down.
    pub(super) async fn catch_up(self: &Arc<Self>) -> Result<(), SessionError> {
        Screen::look(self, |_| ()).await?;
        if self.screen().timeline().borrow().shell().is_none() {
            let session = Arc::clone(self);
            let found = tokio::task::spawn_blocking(move || session.last_stage())
                .await
                .map_err(io::Error::other)
                .and_then(|found| found);
            if let Some(stage) = found.map_err(SessionError::system("cannot read the journal"))? {
                self.screen().remember_shell(stage);
            }
        }
        Ok(())
    }

    /// Waits until the shell takes commands.
    ///
    /// # Errors
    /// [`SessionError::Ended`], [`SessionError::NoShellIntegration`], [`SessionError::ShellBusy`] if that is refused,
    /// and as [`Session::catch_up`].
    pub(super) async fn until_prompt(
        self: &Arc<Self>,
        timeline: &mut watch::Receiver<Timeline>,
        busy: Busy,
    ) -> Result<(), SessionError> {
        let mut status = self.watch();
        loop {
            if self.exit().is_some() {
                return Err(SessionError::Ended(self.id()));
            }
            self.catch_up().await?;
            let stage = timeline.borrow_and_update().shell();
            match stage {
                Some(ShellStage::Input) => return Ok(()),
                Some(ShellStage::Command) if busy == Busy::Refused => {
                    return Err(SessionError::ShellBusy(self.id()));
                }
                None if self.manifest().shell_aid.is_none() => {
                    return Err(SessionError::NoShellIntegration(self.id()));
                }
                Some(_) | None => {}
            }
            tokio::select! {
                changed = timeline.changed() => changed.map_err(|_| SessionError::Draining)?,
                _ = status.wait_for(|status| status.exit.is_some()) => {}
            }
        }
    }

    fn last_stage(&self) -> io::Result<Option<ShellStage>> {
        let status = self.status();
        let timeline = self.screen().timeline();
        let is_own = |mark: &ShellMark| timeline.borrow().is_own(mark);
        last_stage(self.directory(), status.base_offset, status.offset, is_own)
    }
}

/// The stage of the newest mark before `end` that `is_own`, if there is one not too far back.
fn last_stage(
    directory: &Path,
    base: Offset,
    end: Offset,
    is_own: impl Fn(&ShellMark) -> bool,
) -> io::Result<Option<ShellStage>> {
    let mut reader = Reader::open(directory)?;
    let first = base.0.max(end.0.saturating_sub(MAX_LOOK_BACK_BYTES));
    let mut chunk_end = end.0;
    while chunk_end > first {
        let start = first.max(chunk_end.saturating_sub(CHUNK_BYTES));
        let bytes = read(
            &mut reader,
            start,
            chunk_end.saturating_add(MARK_BYTES).min(end.0),
        )?;
        if let Some(mark) = newest(&bytes, &is_own) {
            return Ok(Some(mark.stage));
        }
        chunk_end = start;
    }
    Ok(None)
}

/// Output from `start` to `end`, or to where something is missing.
fn read(reader: &mut Reader, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap_or_default()];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader
            .read_at(start + filled as u64, rest)
            .map_err(io::Error::other)?
        {
            ReadAt::Bytes(count) => filled += count,
            ReadAt::End | ReadAt::Gap { .. } | ReadAt::Trimmed { .. } => break,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn newest(bytes: &[u8], is_own: &impl Fn(&ShellMark) -> bool) -> Option<ShellMark> {
    let starts = bytes.windows(MARK_START.len()).enumerate().rev();
    let starts = starts.filter(|(_, window)| *window == MARK_START);
    starts.map(|(at, _)| at).find_map(|at| {
        let data = bytes.get(at + MARK_START.len()..)?;
        let end = data.iter().position(|byte| matches!(byte, 0x07 | 0x1b))?;
        let mark = ShellMark::read(std::str::from_utf8(data.get(..end)?).ok()?)?;
        is_own(&mark).then_some(mark)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_mark_of_the_own_shell_counts() {
        let own = |mark: &ShellMark| mark.aid.as_deref() == Some("a");
        let stage = |bytes: &[u8]| newest(bytes, &own).map(|mark| mark.stage);
        assert_eq!(
            stage(b"\x1b]133;B;aid=a\x07ls\x1b]133;C;aid=a\x07out \x1b]133;D;0\x07 \x1b]133;D;0;aid=b\x1b\\"),
            Some(ShellStage::Command)
        );
        assert_eq!(stage(b"\x1b]133;D;2;aid=a\x1b\\"), Some(ShellStage::End(Some(2))));
        assert_eq!(stage(b"\x1b]133;A;aid=a"), None, "not finished");
        assert_eq!(stage(b"nothing"), None);
    }
}
