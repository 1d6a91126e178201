//! A session to test with.

use sempre_protocol::api::{SessionInfo, SessionState};
use sempre_protocol::{Offset, RunId, SessionId};

/// An active bash numbered `number`, started at that minute.
pub(crate) fn session(number: u8) -> SessionInfo {
    SessionInfo {
        session_id: SessionId::from_bytes([number; 16]),
        shell: "bash".into(),
        pid: Some(1),
        rows: 24,
        cols: 80,
        uptime: 5,
        last_activity: 0,
        state: SessionState::Active,
        run: RunId::from_bytes([number; 16]),
        cmd: vec!["/bin/bash".into()],
        cwd: "/srv".into(),
        title: None,
        current_cwd: None,
        started_at: format!("2026-11-20T10:{number:02}:00Z"),
        ended_at: None,
        exit: None,
        end_reason: None,
        group: None,
        labels: Default::default(),
        user_id: None,
        owner: None,
        run_as: None,
        limits: Default::default(),
        viewers: 0,
        offset: Offset(0),
        base_offset: Offset(0),
        restarted_from: None,
        ttl: None,
        idle: None,
        expires_at: None,
        expires_by: None,
        records_input: false,
        summary: None,
        problem: None,
    }
}
