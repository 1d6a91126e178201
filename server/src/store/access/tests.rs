//! What is written is read again, the audit log refuses to be changed, a damaged database lets nobody in.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sempre_protocol::access::Scope;
use sempre_protocol::{GrantId, SessionId};

use super::*;

fn temp() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap()
}

fn grant(number: u8) -> GrantRow {
    GrantRow {
        id: GrantId::from_bytes([number; 16]),
        kind: GrantKind::Key,
        secret: Some([number; 32]),
        name: Some("key:ci".into()),
        role: Role::Operator,
        scope: Scope::Session(SessionId::from_bytes([number; 16])),
        parent: Some("user:ada".into()),
        made_by: None,
        created_at: u64::from(number),
        expires_at: Some(9),
        last_used_at: None,
    }
}

fn entry(action: &str) -> AuditRow {
    AuditRow {
        id: 0,
        at: 7,
        who: Some("ada".into()),
        origin: "127.0.0.1".into(),
        action: action.into(),
        session: Some(SessionId::from_bytes([1; 16])),
        result: "ok".into(),
        detail: None,
    }
}

#[tokio::test]
async fn what_is_written_is_read_again_and_private() {
    let temp = temp();
    let path = temp.path().join("access.db");
    let (store, _) = AccessStore::open(&path).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let share = GrantRow {
        kind: GrantKind::Share,
        secret: None,
        expires_at: None,
        scope: Scope::All,
        ..grant(2)
    };
    for row in [&grant(1), &share] {
        store.put_grant(row).await.unwrap();
    }
    store.note_uses(&[(grant(1).id, 60_000)]).await.unwrap();
    let user = UserRow {
        name: "ada".into(),
        role: Role::Admin,
        password: None,
        created_at: 3,
    };
    store.put_user(&user).await.unwrap();
    store.close().await;
    let (store, aside) = AccessStore::open(&path).await.unwrap();
    assert_eq!(aside, None);
    let used = GrantRow {
        last_used_at: Some(60_000),
        ..grant(1)
    };
    assert_eq!(store.grants().await.unwrap(), [used, share]);
    assert_eq!(store.users().await.unwrap(), [user]);
    store.remove_grants(&[grant(1).id, grant(9).id]).await.unwrap();
    store.remove_user("ada").await.unwrap();
    assert_eq!(store.grants().await.unwrap().len(), 1);
    assert!(store.users().await.unwrap().is_empty());
    store.close().await;
}

#[tokio::test]
async fn the_audit_log_is_append_only() {
    let temp = temp();
    let (store, _) = AccessStore::open(&temp.path().join("access.db")).await.unwrap();
    store
        .append_audit(&[entry("login"), entry("logout")])
        .await
        .unwrap();
    for statement in [
        "UPDATE audit SET who = 'eve'",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE id = 1",
    ] {
        let error = sqlx::query(statement).execute(&store.pool).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
    let all = AuditFilter {
        before: None,
        session: None,
        limit: 10,
    };
    let actions: Vec<_> = store.audit(all).await.unwrap();
    let actions: Vec<_> = actions.iter().map(|row| (row.id, row.action.as_str())).collect();
    assert_eq!(actions, [(2, "logout"), (1, "login")]);
    let older = AuditFilter {
        before: Some(2),
        ..all
    };
    assert_eq!(store.audit(older).await.unwrap().len(), 1);
    let other = AuditFilter {
        session: Some(SessionId::from_bytes([2; 16])),
        ..all
    };
    assert!(store.audit(other).await.unwrap().is_empty());
    store.close().await;
}

#[tokio::test]
async fn a_damaged_database_is_set_aside_and_lets_nobody_in() {
    let temp = temp();
    let path = temp.path().join("access.db");
    fs::write(
        &path,
        "this is no database, and long enough to be read as a header of one",
    )
    .unwrap();
    let (store, aside) = AccessStore::open(&path).await.unwrap();
    assert!(aside.unwrap().exists());
    assert!(store.grants().await.unwrap().is_empty());
    store.close().await;
}
