//! What is given holds until it is taken back, expires, or what it came of falls.

use tokio_util::task::TaskTracker;

use super::*;

struct Fixture {
    grants: Grants,
    stop: CancellationToken,
    tasks: TaskTracker,
    temp: tempfile::TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        Self::open(temp, "owner:1").await
    }

    async fn open(temp: tempfile::TempDir, owner: &str) -> Self {
        let (store, _) = AccessStore::open(&temp.path().join("access.db")).await.unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let store = Arc::new(store);
        let audit = Audit::start(Arc::clone(&store), None, &tasks, stop.clone()).unwrap();
        let deadlines = Deadlines::new();
        tasks.spawn(deadlines.clone().run(stop.clone()));
        let grants = Grants::load(store, deadlines, audit, owner).await.unwrap();
        Self {
            grants,
            stop,
            tasks,
            temp,
        }
    }

    async fn close(self) -> tempfile::TempDir {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.grants.store.close().await;
        self.temp
    }

    async fn give(
        &self,
        kind: GrantKind,
        parent: Option<String>,
        expires_at: Option<u64>,
    ) -> (GrantRow, String) {
        let new = NewGrant {
            kind,
            name: Some("x".into()),
            role: Role::Operator,
            scope: Scope::All,
            parent,
            made_by: None,
            expires_at,
            until: CancellationToken::new(),
        };
        self.grants.give(new).await.unwrap()
    }
}

#[tokio::test]
async fn a_key_holds_over_a_restart_until_it_is_taken_back() {
    let fixture = Fixture::new().await;
    let (row, secret) = fixture.give(GrantKind::Key, None, None).await;
    assert!(secret.starts_with("sempre_") && secret.len() == 71, "{secret}");
    let temp = fixture.close().await;
    let bytes = std::fs::read(temp.path().join("access.db")).unwrap();
    let kept = String::from_utf8_lossy(&bytes);
    assert!(!kept.contains(&secret[7..]), "the secret is on the disk");
    let fixture = Fixture::open(temp, "owner:1").await;
    let held = fixture.grants.by_secret(GrantKind::Key, &secret).unwrap();
    assert!(fixture.grants.by_secret(GrantKind::Login, &secret).is_none());
    assert!(fixture.grants.by_secret(GrantKind::Key, &secret[..70]).is_none());
    assert!(
        fixture
            .grants
            .take_back(GrantKind::Key, row.id)
            .await
            .unwrap()
            .is_some()
    );
    assert!(held.ended.is_cancelled());
    assert!(fixture.grants.by_secret(GrantKind::Key, &secret).is_none());
    assert!(
        fixture
            .grants
            .take_back(GrantKind::Key, row.id)
            .await
            .unwrap()
            .is_none()
    );
    let temp = fixture.close().await;
    let fixture = Fixture::open(temp, "owner:1").await;
    assert!(fixture.grants.by_secret(GrantKind::Key, &secret).is_none());
    fixture.close().await;
}

#[tokio::test]
async fn what_came_of_a_grant_falls_with_it() {
    let fixture = Fixture::new().await;
    let (key, _) = fixture.give(GrantKind::Key, None, None).await;
    let key_tag = Subject::Key(key.id).to_string();
    let (share, _) = fixture.give(GrantKind::Share, Some(key_tag.clone()), None).await;
    let share_tag = Subject::Share(share.id).to_string();
    let (_, by_key) = fixture.give(GrantKind::Login, Some(key_tag), None).await;
    let (_, by_share) = fixture.give(GrantKind::Login, Some(share_tag), None).await;
    let (_, other) = fixture
        .give(GrantKind::Login, Some("user:ada".into()), None)
        .await;
    let logins =
        [&by_key, &by_share].map(|secret| fixture.grants.by_secret(GrantKind::Login, secret).unwrap());
    fixture.grants.take_back(GrantKind::Key, key.id).await.unwrap();
    assert!(logins.iter().all(|held| held.ended.is_cancelled()));
    assert!(fixture.grants.by_id(GrantKind::Share, share.id).is_none());
    assert!(fixture.grants.by_secret(GrantKind::Login, &other).is_some());
    fixture
        .grants
        .take_back_of(&Subject::User("ada".into()))
        .await
        .unwrap();
    assert!(fixture.grants.by_secret(GrantKind::Login, &other).is_none());
    fixture.close().await;
}

#[tokio::test]
async fn what_expires_ends_by_itself() {
    let fixture = Fixture::new().await;
    let (_, secret) = fixture.give(GrantKind::Key, None, Some(now_ms() + 50)).await;
    let held = fixture.grants.by_secret(GrantKind::Key, &secret).unwrap();
    held.ended.cancelled().await;
    assert!(fixture.grants.by_secret(GrantKind::Key, &secret).is_none());
    assert!(fixture.grants.list(GrantKind::Key).is_empty());
    fixture.close().await;
}

#[tokio::test]
async fn another_token_ends_the_owners_logins() {
    let fixture = Fixture::new().await;
    let (_, owner) = fixture.give(GrantKind::Login, Some("owner:1".into()), None).await;
    let (_, user) = fixture
        .give(GrantKind::Login, Some("user:ada".into()), None)
        .await;
    let temp = fixture.close().await;
    let fixture = Fixture::open(temp, "owner:2").await;
    assert!(fixture.grants.by_secret(GrantKind::Login, &owner).is_none());
    assert!(fixture.grants.by_secret(GrantKind::Login, &user).is_some());
    fixture.close().await;
}

#[tokio::test]
async fn the_oldest_login_of_one_makes_room_for_the_newest() {
    let fixture = Fixture::new().await;
    let parent = Some("share:1".to_owned());
    let (_, other) = fixture
        .give(GrantKind::Login, Some("user:ada".into()), None)
        .await;
    let (_, first) = fixture.give(GrantKind::Login, parent.clone(), None).await;
    let held = fixture.grants.by_secret(GrantKind::Login, &first).unwrap();
    // The same millisecond would leave it to chance which one is the oldest.
    while now_ms() == held.row.created_at {
        tokio::task::yield_now().await;
    }
    for _ in 0..MAX_LOGINS_OF_ONE {
        fixture.give(GrantKind::Login, parent.clone(), None).await;
    }
    assert!(held.ended.is_cancelled());
    assert_eq!(fixture.grants.list(GrantKind::Login).len(), MAX_LOGINS_OF_ONE + 1);
    assert!(fixture.grants.by_secret(GrantKind::Login, &other).is_some());
    fixture.close().await;
}
