//! Opening the doors at the start of the server and closing them at its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Doors;
use crate::auth::attempts::Attempts;
use crate::auth::audit::Audit;
use crate::auth::deadlines::Deadlines;
use crate::auth::grants::Grants;
use crate::auth::jwt::{Jwt, JwtOptions};
use crate::auth::oidc::{Oidc, OidcOptions};
use crate::auth::passwords::Passwords;
use crate::auth::proxy::ProxyRule;
use crate::auth::shares::ShareKey;
use crate::auth::users::Users;
use crate::auth::{RunAsRule, Token, token};
use crate::store::{AccessStore, DataDir};

/// Logins one client may try at once, and when one more is allowed.
const BY_CLIENT: (u32, Duration) = (10, Duration::from_secs(10));
/// The same for one user, from wherever.
const BY_USER: (u32, Duration) = (20, Duration::from_secs(10));
/// Refusals of one client that are noted at once, and when one more is.
const NOTED: (u32, Duration) = (20, Duration::from_secs(30));

const MINUTE: Duration = Duration::from_secs(60);

/// What the doors are told at the start.
#[derive(Debug)]
pub struct DoorsOptions {
    /// The server's own token; none: everyone who can connect comes in.
    pub token: Option<Token>,
    /// What proxies are believed.
    pub proxy: ProxyRule,
    /// How signed tokens are checked; none: they are not taken.
    pub jwt: Option<JwtOptions>,
    /// Who may log in elsewhere; none: nobody.
    pub oidc: Option<OidcOptions>,
    /// Operators may type into each other's sessions.
    pub shared_uid: bool,
    /// Who chooses the Unix user of a session.
    pub run_as: RunAsRule,
    /// What login cookies are for: the path of the start page.
    pub cookie_path: String,
    /// Sessions one client may make at once, and within a minute after that; 0: as many as it likes.
    pub max_creates_per_minute: u32,
    /// Where the audit log goes besides the database, as JSON lines.
    pub audit_file: Option<PathBuf>,
}

impl Doors {
    /// Opens the database and starts what keeps deadlines and writes the audit log.
    ///
    /// A database that cannot be used keeps out who comes by it, and nobody else.
    ///
    /// # Errors
    /// If the audit file cannot be opened, the keys of signed tokens cannot be read from a file, or the system has no random numbers or no memory.
    pub async fn open(data_dir: &DataDir, options: DoorsOptions) -> anyhow::Result<Self> {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (store, problem) = open_store(data_dir).await?;
        let store = Arc::new(store);
        let file = options.audit_file.as_deref();
        let audit = Audit::start(Arc::clone(&store), file, &tasks, stop.clone())?;
        let deadlines = Deadlines::new();
        let keeper = deadlines.clone().run(stop.clone());
        tasks.spawn(async move {
            if let Err(error) = keeper.await {
                tracing::error!(%error, "nothing expires by itself: the system has no timer");
            }
        });
        let owner_parent = format!(
            "owner:{}",
            options.token.as_ref().map(Token::mark).unwrap_or_default()
        );
        let grants = Grants::load(
            Arc::clone(&store),
            deadlines.clone(),
            audit.clone(),
            &owner_parent,
        )
        .await?;
        let share_key = ShareKey::read_or_make(&data_dir.share_key_path())
            .inspect_err(|error| tracing::warn!("there are no share links: {error:#}"));
        let jwt = match options.jwt {
            Some(options) => Some(Jwt::open(options).await?),
            None => None,
        };
        let oidc = match options.oidc {
            Some(options) => Some(Oidc::open(options, format!("{}-oidc", cookie_name(data_dir))).await?),
            None => None,
        };
        let attempts = |(burst, refill)| Attempts::new(burst, refill);
        Ok(Self {
            token: options.token,
            cookie_name: cookie_name(data_dir),
            cookie_path: options.cookie_path,
            owner_parent,
            proxy: options.proxy,
            jwt,
            oidc,
            shared_uid: options.shared_uid,
            run_as: options.run_as,
            grants,
            users: Users::load(Arc::clone(&store)).await?,
            passwords: Passwords::new()?,
            share_key: share_key.ok(),
            by_client: attempts(BY_CLIENT),
            by_user: attempts(BY_USER),
            refusals: attempts(NOTED),
            creations: creations(options.max_creates_per_minute),
            audit,
            deadlines,
            store,
            problem,
            tasks,
            stop,
        })
    }

    /// Writes what is to be noted and lets go of the database.
    pub async fn close(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.store.close().await;
    }
}

fn creations(max_per_minute: u32) -> Option<Attempts> {
    let refill = MINUTE.checked_div(max_per_minute)?;
    Some(Attempts::new(max_per_minute, refill))
}

async fn open_store(data_dir: &DataDir) -> anyhow::Result<(AccessStore, Option<String>)> {
    match AccessStore::open(&data_dir.access_path()).await {
        Ok((store, None)) => Ok((store, None)),
        Ok((store, Some(aside))) => {
            let problem = format!(
                "the database of keys, users and logins was damaged and is now {}; make them anew",
                aside.display()
            );
            Ok((store, Some(problem)))
        }
        Err(error) => {
            tracing::error!(%error, "no keys, users and logins: only the server's own token lets in");
            let problem = format!("{error}; only the server's own token lets in, nothing is audited");
            Ok((AccessStore::in_memory().await?, Some(problem)))
        }
    }
}

/// Named by the data directory: browsers send cookies to every port.
fn cookie_name(data_dir: &DataDir) -> String {
    let digest = Sha256::digest(data_dir.root().as_os_str().as_encoded_bytes());
    let instance = token::hex(digest.get(..4).unwrap_or_default());
    format!("sempre-{instance}")
}
