//! Flags that name a server, the client they make, and the runtime it needs.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use sempre_protocol::SessionId;

use crate::client::{Client, ClientError, Key, Target};
use crate::config::serve::data_dir;
use crate::store::HTTP_SOCKET;

/// How long whatever still reads or waits may hold up the exit.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(100);

/// Which server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub(super) struct ServerFlags {
    /// Data directory of the server on this machine [default: $XDG_STATE_HOME/sempre]
    #[arg(long, value_name = "DIR", env = "SEMPRE_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// Address of a server elsewhere: http://HOST:PORT or https://HOST/PATH
    #[arg(long, value_name = "URL", env = "SEMPRE_URL")]
    url: Option<String>,

    /// File with the token or API key to show; the server's own user needs none on its machine
    #[arg(long, value_name = "FILE", env = "SEMPRE_KEY_FILE")]
    key_file: Option<PathBuf>,
}

impl ServerFlags {
    /// A client of that server.
    pub(super) fn client(&self) -> Result<Client, ClientError> {
        let key = self.key_file.as_deref().map(Key::read).transpose()?;
        let target = match &self.url {
            Some(url) => Target::remote(url, key)?,
            None => {
                let directory = self.data_dir.clone();
                let directory = directory.map_or_else(|| data_dir(&variable), Ok);
                let directory = directory.map_err(|error| ClientError::Url {
                    url: "the local server".into(),
                    why: error.to_string(),
                })?;
                Target::local(&directory, HTTP_SOCKET, key)?
            }
        };
        Client::new(target)
    }

    /// Whether that server may have other files than this program sees.
    pub(super) fn is_remote(&self) -> bool {
        self.url.is_some()
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The session a verb is about.
#[derive(Debug, Clone, Args)]
pub(super) struct SessionArg {
    /// Session: its id, or the beginning of it
    #[arg(value_name = "SESSION")]
    session: String,
}

impl SessionArg {
    /// Its id.
    pub(super) async fn find(&self, client: &Client) -> Result<SessionId, ClientError> {
        client.find(&self.session).await
    }
}

/// Runs `work` to its end.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(SHUTDOWN_LIMIT);
    outcome
}
