//! The ways in, tried one after the other: header, query, login cookie, a proxy's word, the process behind a socket.
//!
//! A way answers that it is not meant, lets someone in, or finds something wrong shown; then no other is tried, for who
//! shows a credential means it. A further way is one more function in the list.

mod elsewhere;
mod log_in;
mod opening;
mod signed;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, header};
use sempre_protocol::SessionId;
use sempre_protocol::access::{Role, Scope};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempts::{Attempts, client_name};
use super::audit::{Action, Audit, Note, Outcome};
use super::deadlines::Deadlines;
use super::grants::{Grants, Held, KEY_PREFIX};
use super::jwt::Jwt;
use super::oidc::Oidc;
use super::passwords::Passwords;
use super::peer::Standing;
use super::proxy::ProxyRule;
use super::shares::{self, ShareKey};
use super::users::Users;
use super::{Peer, Principal, RunAsRule, Subject, Token, Walls};
use crate::store::{AccessStore, GrantKind};

pub use log_in::LoginError;
pub use opening::DoorsOptions;

/// What the audit log says of a secret that nobody knows.
const UNKNOWN: &str = "a token or key that is worth nothing";

/// What a request was let in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Nothing is asked for.
    Open,
    /// A token or key in the `Authorization` header.
    Bearer,
    /// A token or key in the query.
    Query,
    /// The login cookie.
    Cookie,
    /// What a trusted proxy said.
    Proxy,
    /// The process behind a Unix socket.
    Process,
}

impl Credential {
    /// Whether a browser brings it along without being asked, also for a page of another site.
    pub fn is_ambient(self) -> bool {
        matches!(self, Self::Cookie | Self::Proxy)
    }
}

/// What is known of a request before anyone is let in.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its query, without the question mark.
    pub query: &'a str,
    /// The other end of its connection.
    pub peer: &'a Peer,
}

/// What a way in makes of a request.
enum Answer {
    /// It is not the way the request comes.
    NotMeant,
    /// Somebody may come in.
    In(Principal),
    /// What was shown is worth nothing: what it is, for the audit log.
    Wrong(Cow<'static, str>),
}

/// Something was shown and is worth nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong;

/// Who may come in, and how.
#[derive(Debug)]
pub struct Doors {
    /// None: everyone who can connect.
    token: Option<Token>,
    cookie_name: String,
    cookie_path: String,
    /// What logins by the server's own token fall with: another token, another parent.
    owner_parent: String,
    proxy: ProxyRule,
    jwt: Option<Jwt>,
    oidc: Option<Oidc>,
    shared_uid: bool,
    run_as: RunAsRule,
    grants: Grants,
    users: Users,
    passwords: Passwords,
    share_key: Option<ShareKey>,
    by_client: Attempts,
    by_user: Attempts,
    refusals: Attempts,
    /// None: as often as one likes.
    creations: Option<Attempts>,
    audit: Audit,
    deadlines: Deadlines,
    store: Arc<AccessStore>,
    problem: Option<String>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Doors {
    /// Whether nothing is asked for.
    pub fn is_open(&self) -> bool {
        self.token.is_none()
    }

    /// The server's own token, for the login URL.
    pub fn secret(&self) -> Option<&str> {
        self.token.as_ref().map(Token::secret)
    }

    /// What stands between people at a session of `owner` that runs as `run_as`.
    pub fn walls(&self, run_as: Option<&str>, owner: Option<&str>) -> Walls {
        Walls::of(self.shared_uid, &self.run_as, run_as, owner)
    }

    /// Who chooses the Unix user of a session.
    pub fn run_as(&self) -> &RunAsRule {
        &self.run_as
    }

    /// What proxies are believed.
    pub fn proxy(&self) -> &ProxyRule {
        &self.proxy
    }

    /// Keys, logins, share links.
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Users.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Hashes of passwords.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Where to note what is done.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Cancels tokens of credentials that nobody here gave out, when they expire.
    pub fn deadlines(&self) -> &Deadlines {
        &self.deadlines
    }

    /// The database, for reading the audit log.
    pub fn store(&self) -> &AccessStore {
        &self.store
    }

    /// What is wrong with the database.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Counts a session that is to be made.
    ///
    /// # Errors
    /// How long this client has to wait for the next one.
    pub fn count_creation(&self, who: &Principal) -> Result<(), Duration> {
        let client = client_name(who.from.parse().ok());
        let take = |creations: &Attempts| creations.take(&client, Instant::now());
        self.creations.as_ref().map_or(Ok(()), take)
    }

    /// Where a request comes from, for the audit log.
    pub fn from(&self, arrival: Arrival<'_>) -> String {
        match self.proxy.client_address(arrival.headers, arrival.peer) {
            Some(address) => address.to_string(),
            None => arrival.peer.to_string(),
        }
    }

    /// The name under which whoever sends a request has their budgets.
    pub fn client(&self, arrival: Arrival<'_>) -> String {
        client_name(self.proxy.client_address(arrival.headers, arrival.peer))
    }

    /// Notes that `client` was refused something, unless that happens to it all the time: nobody is to push the log's
    /// older entries out. Whether it was noted.
    pub fn note_refusal(&self, client: &str, note: Note) -> bool {
        let noted = self.refusals.take(client, Instant::now()).is_ok();
        if noted {
            self.audit.note(note.outcome(Outcome::Refused));
        }
        noted
    }

    /// Who a request comes from; none: nothing was shown. `inside` finds the session a process stands in.
    ///
    /// # Errors
    /// [`Wrong`], noted in the audit log unless this client shows such things all the time.
    pub fn identify(
        &self,
        arrival: Arrival<'_>,
        inside: impl Fn(&Standing) -> Option<SessionId>,
    ) -> Result<Option<Principal>, Wrong> {
        let from = self.from(arrival);
        let Some(token) = &self.token else {
            let principal = Principal::owner(Credential::Open);
            return Ok(Some(Principal { from, ..principal }));
        };
        let ways: [&dyn Fn() -> Answer; 5] = [
            &|| self.by_header(token, arrival),
            &|| self.by_query(token, arrival),
            &|| self.by_cookie(arrival),
            &|| self.by_proxy(arrival),
            &|| by_process(&self.proxy, arrival, &inside),
        ];
        for way in ways {
            match way() {
                Answer::NotMeant => {}
                Answer::In(principal) => return Ok(Some(Principal { from, ..principal })),
                Answer::Wrong(what) => {
                    let note = Note::by(None, &from, Action::Login);
                    let note = note.detail(&what);
                    self.note_refusal(&self.client(arrival), note);
                    return Err(Wrong);
                }
            }
        }
        Ok(None)
    }

    /// Who is at the other end of a socket that no proxy speaks on: nobody's word counts but the system's.
    pub fn identify_process(
        &self,
        peer: &Peer,
        inside: impl Fn(&Standing) -> Option<SessionId>,
    ) -> Option<Principal> {
        let principal = match &self.token {
            None => Some(Principal::owner(Credential::Open)),
            Some(_) => of_process(peer, inside),
        };
        let from = peer.to_string();
        principal.map(|principal| Principal { from, ..principal })
    }

    fn by_header(&self, token: &Token, arrival: Arrival<'_>) -> Answer {
        let Some(authorization) = arrival.headers.get(header::AUTHORIZATION) else {
            return Answer::NotMeant;
        };
        let shown = authorization.to_str().ok().and_then(|text| text.split_once(' '));
        match shown {
            Some((scheme, secret)) if scheme.eq_ignore_ascii_case("bearer") => {
                self.by_secret(token, secret.trim(), Credential::Bearer)
            }
            _ => Answer::Wrong(UNKNOWN.into()),
        }
    }

    fn by_query(&self, token: &Token, arrival: Arrival<'_>) -> Answer {
        match query_token(arrival.query) {
            Some(secret) => self.by_secret(token, secret, Credential::Query),
            None => Answer::NotMeant,
        }
    }

    /// By the server's own token, an API key or a token that someone else signed.
    fn by_secret(&self, token: &Token, secret: &str, credential: Credential) -> Answer {
        if token.matches(secret) {
            return Answer::In(Principal::owner(credential));
        }
        let key = secret
            .starts_with(KEY_PREFIX)
            .then(|| self.grants.by_secret(GrantKind::Key, secret));
        match key.flatten() {
            Some(held) => Answer::In(principal_of(held.row.id, held, credential)),
            None => self.by_signature(secret, credential),
        }
    }

    fn by_cookie(&self, arrival: Arrival<'_>) -> Answer {
        let login = self.cookie(arrival.headers);
        let Some(Held { row, ended }) = login else {
            return Answer::NotMeant;
        };
        let subject = row.parent.as_deref().and_then(Subject::of_parent);
        let Some(subject) = subject else {
            return Answer::NotMeant;
        };
        Answer::In(Principal {
            name: row.name,
            subject,
            role: row.role,
            scope: row.scope,
            credential: Credential::Cookie,
            login: Some(row.id),
            from: String::new(),
            expires_at: row.expires_at,
            ended,
        })
    }

    fn by_proxy(&self, arrival: Arrival<'_>) -> Answer {
        let Some(name) = self.proxy.user(arrival.headers, arrival.peer) else {
            return Answer::NotMeant;
        };
        let known = self.users.get(name);
        let (role, ended) = match known {
            Some(known) => (known.row.role, known.ended),
            None => (self.proxy.role, CancellationToken::new()),
        };
        Answer::In(Principal {
            role,
            ended,
            ..user(name, Credential::Proxy)
        })
    }

    /// The share link of this token, if it holds.
    pub fn share(&self, token: &str) -> Option<Principal> {
        let (id, signature) = shares::read(token)?;
        let held = self.grants.by_id(GrantKind::Share, id)?;
        let genuine = self.share_key.as_ref()?.verify(&held.row, &signature);
        genuine.then(|| principal_of(id, held, Credential::Query))
    }

    /// The last part of a share link's path; none: links cannot be made here.
    pub fn share_token(&self, share: &crate::store::GrantRow) -> Option<String> {
        self.share_key.as_ref()?.sign(share)
    }
}

fn user(name: &str, credential: Credential) -> Principal {
    Principal {
        name: Some(name.to_owned()),
        subject: Subject::User(name.to_owned()),
        ..Principal::owner(credential)
    }
}

/// Whoever has a key or a share link.
fn principal_of(id: sempre_protocol::GrantId, held: Held, credential: Credential) -> Principal {
    let Held { row, ended } = held;
    let subject = match row.kind {
        GrantKind::Share => Subject::Share(id),
        GrantKind::Key | GrantKind::Login => Subject::Key(id),
    };
    Principal {
        name: row.name,
        subject,
        role: row.role,
        scope: row.scope,
        credential,
        login: None,
        from: String::new(),
        expires_at: row.expires_at,
        ended,
    }
}

/// What a proxy passes on is not the word of the process that connected.
fn by_process(
    proxy: &ProxyRule,
    arrival: Arrival<'_>,
    inside: impl Fn(&Standing) -> Option<SessionId>,
) -> Answer {
    if proxy.may_be_forwarded(arrival.headers) {
        return Answer::NotMeant;
    }
    of_process(arrival.peer, inside).map_or(Answer::NotMeant, Answer::In)
}

/// A process of this server's own user, or root's, is its owner; one inside a session is that session's operator.
fn of_process(peer: &Peer, inside: impl Fn(&Standing) -> Option<SessionId>) -> Option<Principal> {
    let process = peer.process.as_ref()?;
    let standing = process.standing.as_ref()?;
    if let Some(session) = inside(standing) {
        return Some(Principal {
            name: Some(format!("session:{session}")),
            subject: Subject::Inside(session),
            role: Role::Operator,
            scope: Scope::Session(session),
            ..Principal::owner(Credential::Process)
        });
    }
    let own = rustix::process::geteuid().as_raw();
    let outside = !standing.in_a_session && (process.uid == own || process.uid == 0);
    outside.then(|| Principal::owner(Credential::Process))
}

/// The `token` of a query string. Tokens and keys need no percent-encoding.
pub(super) fn query_token(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

#[cfg(test)]
mod tests;
