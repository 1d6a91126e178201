//! What lets someone in and can be taken back: API keys, logins, share links.
//!
//! All of them are in memory, so that a request asks no database; the database has them over restarts. What is taken
//! back is refused at once, and what was opened with it closes: its token is cancelled, and those of all that fell
//! with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sempre_protocol::GrantId;
use sempre_protocol::access::{Role, Scope};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::Subject;
use super::audit::Audit;
use super::deadlines::Deadlines;
use super::token::hex;
use crate::calendar::now_ms;
use crate::random::random_bytes;
use crate::store::{AccessStore, GrantKind, GrantRow, StoreError};

/// What every API key begins with, so that scanners of code find one that leaked.
pub const KEY_PREFIX: &str = "sempre_";

/// Grants of one kind.
const MAX_OF_A_KIND: usize = 10_000;
/// Logins of one user, key or link; the oldest is ended for one more.
const MAX_LOGINS_OF_ONE: usize = 256;
/// A use is noted again after this, ms.
const USE_NOTED_MS: u64 = 60_000;

/// Why nothing was given or taken.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// There are too many.
    #[error("there are {MAX_OF_A_KIND} {0}s already; take some back")]
    Limit(&'static str),
    /// The database does not take it.
    #[error("{0}; nothing was changed for good, try again")]
    Store(#[from] StoreError),
    /// What it would fall with has fallen meanwhile.
    #[error("the credential this would come of was taken back or changed meanwhile; log in again")]
    Fallen,
    /// The system has no random numbers.
    #[error("cannot make a secret: {0}")]
    Random(#[from] std::io::Error),
}

/// What is to be given.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// What it is.
    pub kind: GrantKind,
    /// Who comes in by it.
    pub name: Option<String>,
    /// What they may do.
    pub role: Role,
    /// With which sessions.
    pub scope: Scope,
    /// What it falls with.
    pub parent: Option<String>,
    /// Who makes it.
    pub made_by: Option<String>,
    /// ms since the Unix epoch; none: never.
    pub expires_at: Option<u64>,
    /// Cancelled once what it falls with has fallen.
    pub until: CancellationToken,
}

/// A grant that holds, and the token that ends with it.
#[derive(Debug, Clone)]
pub struct Held {
    /// What it is.
    pub row: GrantRow,
    /// Cancelled when it is taken back or expires.
    pub ended: CancellationToken,
}

impl Held {
    fn holds(&self, now_ms: u64) -> bool {
        !self.ended.is_cancelled() && self.row.expires_at.is_none_or(|at| at > now_ms)
    }
}

#[derive(Debug, Default)]
struct Tables {
    by_id: HashMap<GrantId, Held>,
    by_secret: HashMap<[u8; 32], GrantId>,
}

impl Tables {
    fn insert(&mut self, row: GrantRow, deadlines: &Deadlines) {
        let ended = CancellationToken::new();
        if let Some(at_ms) = row.expires_at {
            deadlines.cancel_at(at_ms, ended.clone());
        }
        if let Some(secret) = row.secret {
            self.by_secret.insert(secret, row.id);
        }
        self.by_id.insert(row.id, Held { row, ended });
    }

    fn remove(&mut self, id: GrantId) -> Option<GrantRow> {
        let held = self.by_id.remove(&id)?;
        held.ended.cancel();
        if let Some(secret) = held.row.secret {
            self.by_secret.remove(&secret);
        }
        Some(held.row)
    }

    /// Removes everything that falls with `subject`, and with what falls.
    fn remove_family(&mut self, subject: Option<&Subject>) -> Vec<GrantId> {
        let mut parents: Vec<_> = subject.map(Subject::to_string).into_iter().collect();
        let mut removed = Vec::new();
        while let Some(parent) = parents.pop() {
            let rows = self.by_id.values().map(|held| &held.row);
            let children = rows.filter(|row| row.parent.as_deref() == Some(&parent));
            let children: Vec<_> = children.map(|row| row.id).collect();
            for row in children.into_iter().filter_map(|id| self.remove(id)) {
                removed.push(row.id);
                parents.extend(subject_of(&row).map(|subject| subject.to_string()));
            }
        }
        removed
    }
}

/// Whom a grant makes of who has it; a login is of someone else.
fn subject_of(row: &GrantRow) -> Option<Subject> {
    match row.kind {
        GrantKind::Key => Some(Subject::Key(row.id)),
        GrantKind::Share => Some(Subject::Share(row.id)),
        GrantKind::Login => None,
    }
}

/// All grants.
#[derive(Debug)]
pub struct Grants {
    tables: Mutex<Tables>,
    store: Arc<AccessStore>,
    deadlines: Deadlines,
    audit: Audit,
}

impl Grants {
    /// Those in the database that still hold; logins of an owner's token other than the one with `owner_parent`
    /// do not.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn load(
        store: Arc<AccessStore>,
        deadlines: Deadlines,
        audit: Audit,
        owner_parent: &str,
    ) -> Result<Self, StoreError> {
        let now_ms = now_ms();
        let (mut tables, mut over) = (Tables::default(), Vec::new());
        for row in store.grants().await? {
            let old = row.parent.as_deref().is_some_and(|parent| {
                Subject::of_parent(parent) == Some(Subject::Owner) && parent != owner_parent
            });
            if old || row.expires_at.is_some_and(|at| at <= now_ms) {
                over.push(row.id);
            } else {
                tables.insert(row, &deadlines);
            }
        }
        store.remove_grants(&over).await?;
        Ok(Self {
            tables: Mutex::new(tables),
            store,
            deadlines,
            audit,
        })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives something, and the secret that is shown once; share links have none of their own.
    ///
    /// # Errors
    /// Any [`GrantError`].
    pub async fn give(&self, new: NewGrant) -> Result<(GrantRow, String), GrantError> {
        let NewGrant {
            kind,
            name,
            role,
            scope,
            parent,
            made_by,
            expires_at,
            until,
        } = new;
        self.make_room(kind, parent.as_deref()).await?;
        let random = hex(&random_bytes::<32>()?);
        let secret = match kind {
            GrantKind::Key => format!("{KEY_PREFIX}{random}"),
            GrantKind::Login | GrantKind::Share => random,
        };
        let row = GrantRow {
            id: GrantId::from_bytes(random_bytes()?),
            kind,
            secret: (kind != GrantKind::Share).then(|| Sha256::digest(&secret).into()),
            name,
            role,
            scope,
            parent,
            made_by,
            created_at: now_ms(),
            expires_at,
            last_used_at: None,
        };
        match self.store.put_grant(&row).await {
            // A full disk keeps nobody out: this login is over with the server.
            Err(error) if kind == GrantKind::Login => {
                tracing::warn!(%error, "a login is not kept on the disk")
            }
            written => written?,
        }
        let fallen = {
            let mut tables = self.tables();
            let fallen = until.is_cancelled();
            if !fallen {
                tables.insert(row.clone(), &self.deadlines);
            }
            fallen
        };
        if fallen {
            self.store.remove_grants(&[row.id]).await?;
            return Err(GrantError::Fallen);
        }
        Ok((row, secret))
    }

    /// Clears away what expired, and the oldest login of someone who has many.
    async fn make_room(&self, kind: GrantKind, parent: Option<&str>) -> Result<(), GrantError> {
        let now_ms = now_ms();
        let (over, count) = {
            let tables = self.tables();
            let rows = tables.by_id.values();
            let mut over: Vec<_> = rows
                .filter(|held| !held.holds(now_ms))
                .map(|held| held.row.id)
                .collect();
            let mut of_kind: Vec<_> = tables
                .by_id
                .values()
                .map(|held| &held.row)
                .filter(|row| row.kind == kind && !over.contains(&row.id))
                .collect();
            let count = of_kind.len();
            of_kind.retain(|row| row.parent.as_deref() == parent);
            if kind == GrantKind::Login && of_kind.len() >= MAX_LOGINS_OF_ONE {
                let oldest = of_kind.iter().min_by_key(|row| row.created_at);
                over.extend(oldest.map(|row| row.id));
            }
            (over, count)
        };
        if !over.is_empty() {
            let removed = self.remove(over).await;
            if let Err(error) = removed {
                // What expired holds no more, and is looked for again at the next start.
                tracing::debug!(%error, "expired grants stay in the database for now");
            }
        }
        if count >= MAX_OF_A_KIND {
            return Err(GrantError::Limit(kind.word()));
        }
        Ok(())
    }

    /// The grant of this kind whose secret this is, if it holds.
    pub fn by_secret(&self, kind: GrantKind, secret: &str) -> Option<Held> {
        let secret: [u8; 32] = Sha256::digest(secret).into();
        let mut tables = self.tables();
        let id = *tables.by_secret.get(&secret)?;
        let now_ms = now_ms();
        let held = tables.by_id.get_mut(&id)?;
        if held.row.kind != kind || !held.holds(now_ms) {
            return None;
        }
        if held.row.last_used_at.is_none_or(|at| at + USE_NOTED_MS <= now_ms) {
            held.row.last_used_at = Some(now_ms);
            self.audit.used(id, now_ms);
        }
        Some(held.clone())
    }

    /// The grant of this kind with this id, if it holds.
    pub fn by_id(&self, kind: GrantKind, id: GrantId) -> Option<Held> {
        let tables = self.tables();
        let held = tables.by_id.get(&id);
        held.filter(|held| held.row.kind == kind && held.holds(now_ms()))
            .cloned()
    }

    /// All of a kind that hold, oldest first.
    pub fn list(&self, kind: GrantKind) -> Vec<GrantRow> {
        let now_ms = now_ms();
        let tables = self.tables();
        let held = tables.by_id.values();
        let held = held.filter(|held| held.row.kind == kind && held.holds(now_ms));
        let mut rows: Vec<_> = held.map(|held| held.row.clone()).collect();
        drop(tables);
        rows.sort_by_key(|row| (row.created_at, row.id));
        rows
    }

    /// Takes something back, with all that falls with it; none: it was not there.
    ///
    /// # Errors
    /// [`GrantError::Store`]: it holds no more until the server is started again.
    pub async fn take_back(&self, kind: GrantKind, id: GrantId) -> Result<Option<GrantRow>, GrantError> {
        let (row, ids) = {
            let mut tables = self.tables();
            let known = tables.by_id.get(&id);
            if known.is_some_and(|held| held.row.kind != kind) {
                return Ok(None);
            }
            let row = tables.remove(id);
            let mut ids = tables.remove_family(row.as_ref().and_then(subject_of).as_ref());
            ids.push(id);
            (row, ids)
        };
        // Also of one that is not known: a call that failed may have left it in the database.
        self.store.remove_grants(&ids).await?;
        Ok(row)
    }

    /// Takes back everything that falls with `subject`, which comes in no more.
    ///
    /// # Errors
    /// As [`Grants::take_back`].
    pub async fn take_back_of(&self, subject: &Subject) -> Result<(), GrantError> {
        let ids = self.tables().remove_family(Some(subject));
        Ok(self.store.remove_grants(&ids).await?)
    }

    async fn remove(&self, ids: Vec<GrantId>) -> Result<(), GrantError> {
        {
            let mut tables = self.tables();
            for id in &ids {
                tables.remove(*id);
            }
        }
        Ok(self.store.remove_grants(&ids).await?)
    }
}

#[cfg(test)]
mod tests;
