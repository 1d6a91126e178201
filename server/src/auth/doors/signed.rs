//! The way in by a token that someone else signed.

use axum::http::header;

use super::{Answer, Arrival, Credential, Doors, UNKNOWN, query_token, user};
use crate::auth::Principal;
use crate::auth::jwt::Jwt;

impl Doors {
    /// Looks for what it takes to check what a request shows, if that is elsewhere: [`Doors::identify`] asks nobody.
    pub async fn make_ready(&self, arrival: Arrival<'_>) {
        let header = arrival.headers.get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()?.split_once(' '));
        match header {
            Some((_, secret)) => self.make_ready_for(secret.trim()).await,
            None => {
                self.make_ready_for(query_token(arrival.query).unwrap_or_default())
                    .await
            }
        }
    }

    pub(super) async fn make_ready_for(&self, secret: &str) {
        if let Some(jwt) = self.jwt.as_ref().filter(|_| Jwt::is_meant(secret)) {
            jwt.make_ready(secret).await;
        }
    }

    /// By a token that someone else signed.
    pub(super) fn by_signature(&self, secret: &str, credential: Credential) -> Answer {
        let Some(jwt) = self.jwt.as_ref().filter(|_| Jwt::is_meant(secret)) else {
            return Answer::Wrong(UNKNOWN.into());
        };
        match jwt.verify(secret, &self.users, &self.deadlines) {
            Ok(bearer) => Answer::In(Principal {
                role: bearer.role,
                expires_at: Some(bearer.expires_at),
                ended: bearer.ended,
                ..user(&bearer.name, credential)
            }),
            Err(error) => Answer::Wrong(format!("a signed token is worth nothing: {error}").into()),
        }
    }
}
