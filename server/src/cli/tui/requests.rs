//! Asks the server for what a key was pressed for. What is said of it is for people.

use std::time::Duration;

use sempre_protocol::api::{DeleteOnly, NAME_LABEL};
use sempre_protocol::{SessionId, Size};
use tokio::time::timeout;

use super::form::command_of;
use super::model::{Done, Request};
use crate::cli::start::StartFlags;
use crate::cli::{describe, last_words};
use crate::client::Client;

/// A request that takes longer is given up; the server may still do it.
const LIMIT: Duration = Duration::from_secs(60);

/// Who asks, and from where.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    pub(super) client: Client,
    /// The server's directories are not those of this machine.
    pub(super) remote: bool,
}

impl Asker {
    /// Does it; the words of what came of it, or of why it could not be.
    pub(super) async fn ask(&self, request: Request, size: Size) -> Result<Done, String> {
        match timeout(LIMIT, self.ask_unhurried(request, size)).await {
            Ok(answer) => answer.map_err(|error| format!("{error:#}")),
            Err(_) => Err(format!(
                "no answer within {} s; it may still happen",
                LIMIT.as_secs()
            )),
        }
    }

    async fn ask_unhurried(&self, request: Request, size: Size) -> anyhow::Result<Done> {
        match request {
            Request::Create { name, command } => self.create(name, &command, size).await,
            Request::End(id) => {
                self.client.end(id).await?;
                let ended = self.client.session(id).await?;
                Ok(said(format!(
                    "{} {}",
                    describe::short(id),
                    describe::ended(&ended)
                )))
            }
            Request::Restart(id) => {
                let started = self.client.restart(id).await?.session.session_id;
                self.started(started).await
            }
            Request::Remove { id, runs } => {
                if runs {
                    self.client.end(id).await?;
                }
                self.client.delete(id, DeleteOnly::Ended).await?;
                Ok(said(format!("{} removed", describe::short(id))))
            }
        }
    }

    async fn create(&self, name: String, line: &str, size: Size) -> anyhow::Result<Done> {
        let label = (!name.is_empty()).then(|| (NAME_LABEL.to_owned(), name));
        let flags = StartFlags::of(command_of(line), label.into_iter().collect());
        let request = flags.request(self.remote, Some(size))?;
        let started = self.client.create(&request).await?.session.session_id;
        self.started(started).await
    }

    async fn started(&self, id: SessionId) -> anyhow::Result<Done> {
        last_words::refuse_early_exit(&self.client, id).await?;
        Ok(Done {
            said: format!("{} started; Enter attaches", describe::short(id)),
            started: Some(id),
        })
    }
}

fn said(said: String) -> Done {
    Done { said, started: None }
}
