//! Keeps up what is known of the server: its sessions as they change, figures that no change tells of, its health. It goes
//! on while the server is away and while a session is attached; what is done with it is in `model`.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use sempre_protocol::SessionId;
use sempre_protocol::api::{Health, SessionInfo, SessionState};
use sempre_protocol::events::SessionEvent;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::wrapping::tame;
use crate::calendar::now_ms;
use crate::client::{Client, ClientError, Events};

/// Between two attempts to reach a server that is away.
const RETRY: Duration = Duration::from_secs(1);
/// Between two looks at what changes without telling: the last activity, the health.
const REFRESH: Duration = Duration::from_secs(5);
/// A server that does not answer within this is away.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Longest reason why the server is away.
const MAX_TROUBLE_CHARS: usize = 1000;

/// A session, and when it was heard of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heard {
    pub(super) info: SessionInfo,
    /// By this machine's clock, ms since the Unix epoch.
    pub(super) at_ms: u64,
}

/// What is known of the server.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct World {
    /// Every session that has a journal.
    pub(super) sessions: BTreeMap<SessionId, Heard>,
    /// None: this key may not ask for it.
    pub(super) health: Option<Health>,
    /// Why it is not up to date; none: it is.
    pub(super) trouble: Option<String>,
}

impl World {
    /// Asks for everything.
    ///
    /// # Errors
    /// What the server refuses, or that it does not answer.
    pub(super) async fn ask(client: &Client) -> Result<Self, ClientError> {
        let asked = async { (client.sessions(None).await, client.health().await) };
        let Ok((sessions, health)) = timeout(ANSWER_LIMIT, asked).await else {
            return Err(client.target().silent());
        };
        let mut world = Self::default();
        for info in sessions? {
            world.hear(info);
        }
        world.health = match health {
            Ok(health) => Some(health),
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => None,
        };
        Ok(world)
    }

    fn hear(&mut self, info: SessionInfo) {
        let id = info.session_id;
        match info.state {
            // Its output is gone; the list is of those that have some.
            SessionState::Archived => drop(self.sessions.remove(&id)),
            _ => {
                let at_ms = now_ms();
                self.sessions.insert(id, Heard { info, at_ms });
            }
        }
    }
}

/// Keeps `world` true until nobody looks at it.
pub(super) async fn keep_up(client: Client, world: watch::Sender<World>) {
    loop {
        let Err(error) = follow(&client, &world).await;
        let trouble = Some(tame(&error.to_string(), MAX_TROUBLE_CHARS));
        world.send_if_modified(|world| {
            let is_news = world.trouble != trouble;
            world.trouble = trouble;
            is_news
        });
        sleep(RETRY).await;
    }
}

async fn follow(client: &Client, world: &watch::Sender<World>) -> Result<Infallible, ClientError> {
    let Ok(events) = timeout(ANSWER_LIMIT, client.events()).await else {
        return Err(client.target().silent());
    };
    let mut events: Events = events?;
    let mut refresh = interval(REFRESH);
    refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = events.next() => match event? {
                Some(SessionEvent::Session(info)) => world.send_modify(|world| world.hear(*info)),
                Some(SessionEvent::Removed { session_id }) => world.send_modify(|world| {
                    world.sessions.remove(&session_id);
                }),
                Some(SessionEvent::Resync {}) => refresh.reset_immediately(),
                None => return Err(client.target().closed()),
            },
            // The first one is due at once.
            _ = refresh.tick() => {
                let news = World::ask(client).await?;
                world.send_replace(news);
            }
        }
    }
}
