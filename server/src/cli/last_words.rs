//! What an ended session still has to say: rows D5 (it ended at once) and D6 (there is nothing to attach to).

use sempre_protocol::SessionId;
use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::holder::EndReason;
use sempre_protocol::programs::{WaitKind, WaitRequest};
use sempre_protocol::texts::ExitStatus;

use super::describe;
use super::exit::{self, Coded};
use super::table::plain;
use crate::client::{Client, ClientError, ScreenFormat};

/// An exit within this long after the start is an early one (D5), ms.
const EARLY_EXIT_MS: u64 = 200;
/// Lines told.
const LINES: usize = 20;

/// Waits a moment; if the session ends meanwhile, that is an error with its code and last lines (D5).
pub(super) async fn refuse_early_exit(client: &Client, id: SessionId) -> anyhow::Result<()> {
    let wait = WaitRequest {
        kind: WaitKind::Exit,
        value: None,
        timeout_ms: Some(EARLY_EXIT_MS),
        from: None,
    };
    let ended = match client.wait(id, &wait).await {
        Ok(ended) => ended,
        Err(error) if error.code() == Some("timed_out") => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let how = match ended.exit {
        Some(ExitStatus::Code(code)) => format!("exit code: {code}"),
        Some(ExitStatus::Signal(signal)) => format!("signal: {signal}"),
        None => "exit code: unknown".to_owned(),
    };
    let lines = last_lines(client, id).await;
    let short = describe::short(id);
    let text = format!("session {short} exited immediately ({how}). Last output:\n{lines}");
    Err(Coded { code: 1, text }.into())
}

/// Why there is nothing to attach to (D6): how and when it ended, its last lines, and how to start it again.
pub(super) async fn refuse_ended(client: &Client, session: &SessionInfo) -> anyhow::Result<()> {
    if session.state == SessionState::Active {
        return Ok(());
    }
    let id = session.session_id;
    let at = session.ended_at.as_deref().unwrap_or("some time");
    let reason = session.end_reason.as_deref().unwrap_or("ended");
    let lines = match session.state {
        SessionState::Archived => session.summary.clone().unwrap_or_default(),
        _ => last_lines(client, id).await,
    };
    let said = match lines.as_str() {
        "" => "and wrote nothing".to_owned(),
        lines => format!("its last lines were:\n{lines}\n"),
    };
    let next = match session
        .end_reason
        .as_deref()
        .is_none_or(EndReason::can_be_restarted)
    {
        true => format!("start it again with: sempre restart {}", describe::short(id)),
        false => "it never ran here and cannot be started".to_owned(),
    };
    let text = format!(
        "session {id} {} at {at} ({reason}); {said}; {next}",
        describe::ended(session)
    );
    Err(Coded {
        code: exit::ENDED,
        text: text.replace(&format!("\n; {next}"), &format!("\n{next}")),
    }
    .into())
}

/// The last lines that stand on its screen and above it; none if they cannot be had.
async fn last_lines(client: &Client, id: SessionId) -> String {
    let lines = u32::try_from(LINES).unwrap_or_default();
    let screen: Result<_, ClientError> = client.screen(id, ScreenFormat::Text, lines).await;
    let Ok(screen) = screen else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&screen);
    let text = text.trim_end();
    let skipped = text.lines().count().saturating_sub(LINES);
    let lines: Vec<_> = text.lines().skip(skipped).map(plain).collect();
    lines.join("\n")
}
