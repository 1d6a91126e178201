//! Users: names with a role, and a password unless they come in by a proxy only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sempre_protocol::access::Role;
use tokio_util::sync::CancellationToken;

use crate::calendar::now_ms;
use crate::store::{AccessStore, StoreError, UserRow};

/// Users there may be.
pub const MAX_USERS: usize = 10_000;

/// A user, and the token that ends with what they are now.
#[derive(Debug, Clone)]
pub struct Known {
    /// What is known of them.
    pub row: UserRow,
    /// Cancelled when they are changed or removed.
    pub ended: CancellationToken,
}

/// All users, in memory and in the database.
#[derive(Debug)]
pub struct Users {
    known: Mutex<BTreeMap<String, Known>>,
    store: Arc<AccessStore>,
}

impl Users {
    /// Those in the database.
    ///
    /// # Errors
    /// Any [`StoreError`].
    pub async fn load(store: Arc<AccessStore>) -> Result<Self, StoreError> {
        let rows = store.users().await?.into_iter();
        let known = rows.map(|row| (row.name.clone(), known(row)));
        Ok(Self {
            known: Mutex::new(known.collect()),
            store,
        })
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user of this name.
    pub fn get(&self, name: &str) -> Option<Known> {
        self.known().get(name).cloned()
    }

    /// Whether someone can log in with a password.
    pub fn have_passwords(&self) -> bool {
        self.known().values().any(|known| known.row.password.is_some())
    }

    /// All, by name.
    pub fn list(&self) -> Vec<UserRow> {
        self.known().values().map(|known| known.row.clone()).collect()
    }

    /// Makes or changes a user; without a `password` the one they have stays. None: there are too many.
    ///
    /// # Errors
    /// Any [`StoreError`]; nothing is changed then.
    pub async fn put(
        &self,
        name: &str,
        role: Role,
        password: Option<String>,
    ) -> Result<Option<UserRow>, StoreError> {
        let old = self.get(name).map(|known| known.row);
        if old.is_none() && self.known().len() >= MAX_USERS {
            return Ok(None);
        }
        let row = UserRow {
            name: name.to_owned(),
            role,
            password: password.or_else(|| old.as_ref()?.password.clone()),
            created_at: old.map_or_else(now_ms, |old| old.created_at),
        };
        self.store.put_user(&row).await?;
        if let Some(former) = self.known().insert(row.name.clone(), known(row.clone())) {
            former.ended.cancel();
        }
        Ok(Some(row))
    }

    /// Removes a user; false: there was none.
    ///
    /// # Errors
    /// Any [`StoreError`]; they come in no more until the server is started again.
    pub async fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let former = self.known().remove(name);
        if let Some(former) = &former {
            former.ended.cancel();
        }
        self.store.remove_user(name).await?;
        Ok(former.is_some())
    }
}

fn known(row: UserRow) -> Known {
    Known {
        row,
        ended: CancellationToken::new(),
    }
}
