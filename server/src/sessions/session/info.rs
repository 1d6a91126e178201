//! A session as the API shows it.

use sempre_protocol::api::{SessionInfo, SessionState};

use super::{Activity, Exit, Session, Status, Surroundings};
use crate::calendar::rfc3339;
use crate::sessions::lifecycle::plan::due;

/// Two clocks read one after the other, and at two moments, differ by less than this unless one was set, ms.
const CLOCKS_AGREE_MS: u64 = 1000;

impl Session {
    /// When it will be ended or its journal dropped if nothing happens, ms since the Unix epoch, and the word for it.
    fn expiry(&self, exit: Option<Exit>) -> Option<(u64, &'static str)> {
        let Surroundings {
            clock, retention_ms, ..
        } = self.surroundings.as_ref();
        if let Some(exit) = exit {
            let kept_until = self.kept_from_ms(exit).saturating_add(*retention_ms);
            return (*retention_ms > 0).then_some((kept_until, "retention"));
        }
        if self.roster.count() > 0 {
            return None;
        }
        let (ttl_s, idle_s) = (self.manifest.ttl_s, self.manifest.idle_s);
        let activity = self.activity();
        let (at, reason) = due(ttl_s, idle_s, activity.monotonic_ms)?;
        let now = Activity::now(clock.as_ref());
        let since = activity
            .wall_ms
            .saturating_add(at.saturating_sub(activity.monotonic_ms));
        let from_now = now.wall_ms.saturating_add(at.saturating_sub(now.monotonic_ms));
        // The same moment at each look, unless the wall clock was set in between.
        let shown = match since.abs_diff(from_now) <= CLOCKS_AGREE_MS {
            true => since,
            false => from_now,
        };
        Some((shown, reason.word()))
    }

    /// The session as the API shows it.
    pub fn info(&self) -> SessionInfo {
        let Status {
            offset,
            base_offset,
            size,
            pid,
            exit,
            problem,
            ..
        } = self.status();
        let manifest = &self.manifest;
        let until_ms = exit.map_or_else(|| self.surroundings.clock.wall_ms(), |exit| exit.ended_at_ms);
        let expiry = self.expiry(exit);
        let (title, current_cwd) = self.screen.title_and_cwd();
        SessionInfo {
            session_id: manifest.session,
            shell: manifest.shell.clone(),
            pid: pid.filter(|_| exit.is_none()),
            rows: size.rows,
            cols: size.cols,
            uptime: until_ms.saturating_sub(manifest.started_at_ms) / 1000,
            last_activity: self.activity().wall_ms / 1000,
            state: if exit.is_some() {
                SessionState::Completed
            } else {
                SessionState::Active
            },
            run: manifest.run,
            cmd: manifest.cmd.clone(),
            cwd: manifest.cwd.clone(),
            title,
            current_cwd,
            started_at: rfc3339(manifest.started_at_ms),
            ended_at: exit.map(|exit| rfc3339(exit.ended_at_ms)),
            exit: exit.and_then(|exit| exit.status),
            end_reason: exit.map(|exit| exit.reason.word().to_owned()),
            group: manifest.group.clone(),
            labels: manifest.labels.clone(),
            user_id: manifest.user_id.clone(),
            owner: manifest.owner.clone(),
            run_as: manifest.run_as.clone(),
            limits: manifest.limits,
            viewers: self.roster.count(),
            offset,
            base_offset,
            restarted_from: manifest.restarted_from,
            ttl: Some(manifest.ttl_s).filter(|&seconds| seconds > 0),
            idle: Some(manifest.idle_s).filter(|&seconds| seconds > 0),
            expires_at: expiry.map(|(at, _)| rfc3339(at)),
            expires_by: expiry.map(|(_, word)| word.to_owned()),
            records_input: manifest.records_input,
            summary: None,
            problem,
        }
    }
}
