//! A first look at sessions that were there before the server: their title and directory are known again without
//! output or a viewer. Read from the journal like everything else, from the newest keyframe on; no engine is kept.

use std::sync::Arc;

use sempre_journal::ReadError;
use tokio_util::sync::CancellationToken;

use super::follower::{Follower, Target};
use crate::sessions::Session;

/// What the screen of a session says of it.
struct Told {
    title: String,
    cwd: Option<String>,
}

/// Looks at `sessions`, one after the other, until `stop` is cancelled.
pub(in crate::sessions) async fn look_at(sessions: Vec<Arc<Session>>, stop: CancellationToken) {
    for session in sessions {
        let catching_up = &session.screen().shared.catching_up;
        let place = tokio::select! {
            () = stop.cancelled() => return,
            place = catching_up.acquire() => place,
        };
        if place.is_err() || !session.screen().news.borrow().is_untold() {
            continue;
        }
        let told = tokio::task::spawn_blocking({
            let session = Arc::clone(&session);
            move || read(&session)
        });
        match told.await {
            Ok(Ok(told)) => note(&session, told),
            // Known as soon as someone attaches, or told then why not.
            Ok(Err(error)) => tracing::debug!(session = %session.id(), %error, "no look at the screen"),
            Err(_) => {}
        }
    }
}

fn read(session: &Session) -> Result<Told, ReadError> {
    let status = session.status();
    let target = Target {
        offset: status.offset,
        size: status.size,
        size_offset: status.size_offset,
    };
    let mut follower = Follower::start(session.directory(), target.offset, target.size)?;
    follower.advance(target, u64::MAX)?;
    let engine = follower.engine();
    Ok(Told {
        title: engine.title().to_owned(),
        cwd: engine.cwd().map(str::to_owned),
    })
}

fn note(session: &Session, told: Told) {
    let news = session.screen().news.send_if_modified(|news| {
        // An engine that came meanwhile knows better.
        let something = !told.title.is_empty() || told.cwd.is_some();
        let noted = news.is_untold() && something;
        if noted {
            news.title = told.title;
            news.cwd = told.cwd;
        }
        noted
    });
    if news {
        session.announce();
    }
}
