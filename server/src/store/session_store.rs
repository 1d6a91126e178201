//! The store of sessions as the rest of the server sees it. No SQL.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
use sempre_protocol::SessionId;

use super::{ActivityNote, Place, SessionRow};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is on disk is no database, or a damaged one.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// It cannot be read or written now: full disk, read-only directory, a lock held by another program.
    #[error("the database cannot be used: {0}")]
    Unavailable(String),
}

/// What a store answers.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Sessions as rows. Each call is one transaction: all of it happens or nothing.
///
/// Everything in it is derived from the session directories, but for archived sessions.
///
/// # Errors
/// Every call may answer with any [`StoreError`].
pub trait Store: Debug + Send + Sync {
    /// Writes rows; one with the same id is replaced.
    fn put(&self, rows: Vec<SessionRow>) -> Answer<'_, ()>;

    /// Writes the row of a session whose directory is about to go, with the text of its last screen.
    fn archive(&self, row: SessionRow, last_screen: String) -> Answer<'_, ()>;

    /// Notes activity of sessions that have a row, and touches nothing else.
    fn note_activity(&self, notes: Vec<ActivityNote>) -> Answer<'_, ()>;

    /// Replaces the places of these sessions; one without a row gets none.
    fn put_places(&self, places: Vec<(SessionId, Vec<Place>)>) -> Answer<'_, ()>;

    /// The places of all sessions that have some.
    fn places(&self) -> Answer<'_, Vec<(SessionId, Vec<Place>)>>;

    /// One row.
    fn get(&self, id: SessionId) -> Answer<'_, Option<SessionRow>>;

    /// All rows, newest start first.
    fn all(&self) -> Answer<'_, Vec<SessionRow>>;

    /// How many archived sessions there are, and the `limit` of them that started last, newest first.
    fn newest_archived(&self, limit: usize) -> Answer<'_, (u64, Vec<SessionRow>)>;

    /// What stood on the screen of an archived session.
    fn last_screen(&self, id: SessionId) -> Answer<'_, Option<String>>;

    /// Removes rows with all that belongs to them; unknown ids are as wished already.
    fn remove(&self, ids: Vec<SessionId>) -> Answer<'_, ()>;

    /// Finishes all writing; nothing may be asked afterwards.
    fn close(&self) -> BoxFuture<'_, ()>;
}
