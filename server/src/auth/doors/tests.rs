//! Each way in lets in whom it should, in order, and what is wrong is not mended by what comes later.

use axum::http::HeaderValue;
use sempre_protocol::viewers::PeerKind;

use super::*;
use crate::auth::grants::NewGrant;
use crate::auth::peer::Process;
use crate::store::DataDir;

struct Fixture {
    doors: Doors,
    _temp: tempfile::TempDir,
}

impl Fixture {
    async fn new(proxy: ProxyRule) -> Self {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let data_dir = DataDir::open(temp.path()).unwrap();
        let options = DoorsOptions {
            cookie_path: "/".into(),
            max_creates_per_minute: 0,
            token: Some(Token::read_or_make(&data_dir.token_path()).unwrap()),
            proxy,
            jwt: None,
            oidc: None,
            shared_uid: false,
            run_as: RunAsRule::default(),
            audit_file: None,
        };
        let doors = Doors::open(&data_dir, options).await.unwrap();
        Self { doors, _temp: temp }
    }

    fn ask(
        &self,
        headers: &[(&'static str, &str)],
        query: &str,
        peer: &Peer,
    ) -> Result<Option<Principal>, Wrong> {
        let pairs = headers.iter();
        let headers: HeaderMap = pairs
            .map(|(name, value)| {
                let name = header::HeaderName::from_static(name);
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect();
        let arrival = Arrival {
            headers: &headers,
            query,
            peer,
        };
        self.doors
            .identify(arrival, |standing| standing.marks.first().copied())
    }
}

fn tcp() -> Peer {
    Peer::tcp("192.0.2.1".parse().unwrap())
}

fn unix(uid: u32, standing: Option<Standing>) -> Peer {
    let process = Process {
        uid,
        pid: 7,
        standing,
    };
    Peer {
        kind: PeerKind::Unix,
        address: None,
        process: Some(process),
        tls: false,
    }
}

#[tokio::test]
async fn the_token_a_key_and_a_login_let_in_and_nothing_else() {
    let fixture = Fixture::new(ProxyRule::default()).await;
    let secret = fixture.doors.secret().unwrap().to_owned();
    let bearer = |secret: &str| format!("Bearer {secret}");
    let owner = fixture.ask(&[("authorization", &bearer(&secret))], "", &tcp());
    let owner = owner.unwrap().unwrap();
    assert_eq!(
        (owner.role, owner.name.clone(), &*owner.from),
        (Role::Admin, None, "192.0.2.1")
    );
    let query = fixture.ask(&[], &format!("a=b&token={secret}"), &tcp());
    assert_eq!(query.unwrap().unwrap().credential, Credential::Query);

    let new = NewGrant {
        kind: GrantKind::Key,
        name: Some("key:ci".into()),
        role: Role::Viewer,
        scope: Scope::Group("crew".into()),
        parent: None,
        made_by: None,
        expires_at: None,
        until: CancellationToken::new(),
    };
    let (_, key) = fixture.doors.grants().give(new).await.unwrap();
    let ci = fixture.ask(&[("authorization", &bearer(&key))], "", &tcp());
    let ci = ci.unwrap().unwrap();
    assert_eq!((ci.role, ci.name.as_deref()), (Role::Viewer, Some("key:ci")));

    let cookie = fixture.doors.log_in(&ci, false).await.unwrap();
    assert!(
        cookie.contains("; HttpOnly; SameSite=Strict") && !cookie.contains(&key[7..]),
        "{cookie}"
    );
    assert!(
        fixture
            .doors
            .log_in(&ci, true)
            .await
            .unwrap()
            .ends_with("; Secure")
    );
    let pair = format!("other=1; {}", cookie.split(';').next().unwrap());
    let login = fixture.ask(&[("cookie", &pair)], "", &tcp()).unwrap().unwrap();
    assert_eq!(
        (&login.subject, &login.scope, login.role),
        (&ci.subject, &ci.scope, ci.role)
    );
    let wrong = fixture.ask(&[("cookie", &pair), ("authorization", "Bearer x")], "", &tcp());
    assert_eq!(
        wrong.unwrap_err(),
        Wrong,
        "a wrong token is not mended by a right cookie"
    );

    for authorization in [
        "Bearer",
        "Bearer x",
        &format!("Basic {secret}"),
        "Bearer sempre_x",
    ] {
        let answer = fixture.ask(&[("authorization", authorization)], "", &tcp());
        assert_eq!(answer.unwrap_err(), Wrong, "{authorization}");
    }
    assert!(fixture.ask(&[], "", &tcp()).unwrap().is_none());
    let name = pair
        .split_once("; ")
        .unwrap()
        .1
        .split_once('=')
        .unwrap()
        .0
        .to_owned();
    let forged = fixture.ask(&[("cookie", &format!("{name}={secret}"))], "", &tcp());
    assert!(forged.unwrap().is_none());
    fixture.doors.close().await;
}

#[tokio::test]
async fn a_process_comes_in_by_where_it_stands() {
    let fixture = Fixture::new(ProxyRule::default()).await;
    let own = rustix::process::geteuid().as_raw();
    let outside = Some(Standing::default());
    for uid in [own, 0] {
        let owner = fixture
            .ask(&[], "", &unix(uid, outside.clone()))
            .unwrap()
            .unwrap();
        assert_eq!(owner.role, Role::Admin);
    }
    let id = SessionId::from_bytes([1; 16]);
    let within = Some(Standing {
        marks: vec![id],
        in_a_session: true,
        ..Standing::default()
    });
    let within = fixture.ask(&[], "", &unix(own, within)).unwrap().unwrap();
    assert_eq!((within.role, within.scope), (Role::Operator, Scope::Session(id)));
    let elsewhere = Some(Standing {
        in_a_session: true,
        ..Standing::default()
    });
    let nobody = [
        unix(own, elsewhere),
        unix(own, None),
        unix(own.wrapping_add(1), outside.clone()),
        Peer::unix(None),
    ];
    for peer in nobody {
        assert!(fixture.ask(&[], "", &peer).unwrap().is_none(), "{peer:?}");
    }
    let forwarded = fixture.ask(&[("x-forwarded-for", "198.51.100.1")], "", &unix(own, outside));
    assert!(forwarded.unwrap().is_none());
    fixture.doors.close().await;
}

#[tokio::test]
async fn a_proxys_user_has_the_role_they_are_known_with() {
    let rule = ProxyRule {
        trusted: vec!["192.0.2.1".parse().unwrap()],
        user_header: Some(header::HeaderName::from_static("remote-user")),
        role: Role::Viewer,
    };
    let fixture = Fixture::new(rule).await;
    fixture.doors.users().put("ada", Role::Admin, None).await.unwrap();
    let ada = fixture
        .ask(&[("remote-user", "ada")], "", &tcp())
        .unwrap()
        .unwrap();
    assert_eq!((ada.role, ada.name.as_deref()), (Role::Admin, Some("ada")));
    let eve = fixture
        .ask(&[("remote-user", "eve")], "", &tcp())
        .unwrap()
        .unwrap();
    assert_eq!(eve.role, Role::Viewer);
    fixture.doors.users().remove("ada").await.unwrap();
    assert!(ada.ended.is_cancelled() && !eve.ended.is_cancelled());
    fixture.doors.close().await;
}
