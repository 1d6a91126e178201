//! What happens to ended sessions: their journals are compressed, then dropped for a row with a summary and the last
//! screen, then the row goes too. One at a time: none of it is urgent.

use std::sync::Arc;

use sempre_protocol::SessionId;
use sempre_protocol::api::SessionState;
use sempre_protocol::holder::EndReason;

use super::plan::Action;
use crate::sessions::records::row_of;
use crate::sessions::session::{Change, Session};
use crate::sessions::{Registry, SessionError, adopt, last_lines};
use crate::store::SessionRow;

/// Does what the plan says about ended sessions. Dropped half way, it goes on at the next check.
pub(super) async fn perform(registry: &Registry, actions: Vec<Action>) {
    let mut pruned = Vec::new();
    for action in actions {
        let outcome = match action {
            Action::Archive(id) => archive(registry, id).await,
            Action::Compress(id) => compress(registry, id).await,
            Action::Prune(id) => {
                pruned.push(id);
                Ok(())
            }
            Action::End { .. } => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::warn!(session = %action.id(), %error, "could not put the session away; the next check tries again");
        }
    }
    if pruned.is_empty() {
        return;
    }
    let count = pruned.len();
    match registry.recorder().forget(pruned).await {
        Ok(()) => tracing::info!(count, "archived sessions were forgotten"),
        Err(error) => {
            tracing::warn!(%error, "archived sessions could not be forgotten; the next check tries again")
        }
    }
}

/// First the row, then the directory: a crash in between leaves a directory that the next start removes.
async fn archive(registry: &Registry, id: SessionId) -> Result<(), SessionError> {
    let session = registry.get(id)?;
    let directory = session.directory().to_path_buf();
    let size = session.status().size;
    let screen = tokio::task::spawn_blocking(move || last_lines::last_screen(&directory, size)).await;
    let row = archived_row(&session, registry.clock().wall_ms());
    let screen = screen.unwrap_or_default().join("\n");
    registry.recorder().archive(row, screen).await?;
    if !registry.take_out(id, Change::Archived(id)) {
        // Someone removed it meanwhile: nothing of it is to be kept.
        return Ok(registry.recorder().forget(vec![id]).await?);
    }
    tracing::info!(session = %id, "session archived");
    tokio::fs::remove_dir_all(session.directory())
        .await
        .map_err(SessionError::system("cannot remove the session's directory"))
}

fn archived_row(session: &Arc<Session>, now_ms: u64) -> SessionRow {
    let row = row_of(session, now_ms);
    SessionRow {
        state: SessionState::Archived,
        summary: Some(summary(&row)),
        ..row
    }
}

/// What it was, for people: `bash ran for 2h 3m, wrote 81234 bytes and exited with code 0`.
fn summary(row: &SessionRow) -> String {
    let ran_ms = row
        .ended_at
        .unwrap_or(row.started_at)
        .saturating_sub(row.started_at);
    let ran = humantime::format_duration(std::time::Duration::from_secs(ran_ms / 1000));
    let ending = match (row.exit_code, row.exit_signal) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) if row.end_reason.as_deref() == Some(EndReason::Imported.word()) => {
            "was imported".to_owned()
        }
        (None, None) => "was lost with its holder".to_owned(),
    };
    format!(
        "{} ran for {ran}, wrote {} bytes and {ending}",
        row.shell, row.output_end
    )
}

async fn compress(registry: &Registry, id: SessionId) -> Result<(), SessionError> {
    let session = registry.get(id)?;
    let directory = session.directory().to_path_buf();
    let work = move || match adopt::is_abandoned(&directory) {
        true => sempre_journal::compress(&directory).map(Some),
        // The holder has said its farewell and is still there.
        false => Ok(None),
    };
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(std::io::Error::other)
        .and_then(|done| done)
        .map_err(SessionError::system("cannot compress the journal"))?;
    if let Some(done) = done {
        session.set_compressed();
        if done.segments > 0 {
            let (before, after) = (done.bytes_before, done.bytes_after);
            tracing::info!(session = %id, before, after, "journal compressed");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_says_what_it_was() {
        let row = SessionRow {
            id: SessionId::from_bytes([1; 16]),
            run: sempre_protocol::RunId::from_bytes([1; 16]),
            state: SessionState::Completed,
            started_at: 1_000,
            ended_at: Some(7_381_999),
            updated_at: 0,
            end_reason: Some("exited".into()),
            exit_code: Some(0),
            exit_signal: None,
            shell: "bash".into(),
            cmd: "/bin/bash".into(),
            args: vec![],
            cwd: "/".into(),
            cols: 80,
            rows: 24,
            labels: Default::default(),
            group: None,
            user_id: None,
            owner: None,
            run_as: None,
            limits: Default::default(),
            records_input: false,
            ttl_s: 0,
            idle_s: 0,
            restarted_from: None,
            output_base: 0,
            output_end: 42,
            last_activity: 0,
            last_activity_monotonic: 0,
            summary: None,
        };
        assert_eq!(
            summary(&row),
            "bash ran for 2h 3m, wrote 42 bytes and exited with code 0"
        );
        let killed = SessionRow {
            exit_code: None,
            exit_signal: Some(9),
            ..row
        };
        assert!(summary(&killed).ends_with("killed by signal 9"));
    }
}
