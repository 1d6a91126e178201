//! The provider: what it says of itself (OpenID Connect Discovery 1.0), and exchanging a code for its word.

use anyhow::{Context, bail};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::begun::{Begun, LoginKey};
use super::{OidcError, OidcOptions, brief};
use crate::auth::fetch::{Fetcher, trustworthy_url};
use crate::auth::jwt::{Claims, Expected, KeySource, Keys, TokenError, text};

const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// How a client shows its secret (RFC 6749, 2.3.1), as the provider's description names it.
const BY_BASIC: &str = "client_secret_basic";
const BY_FORM: &str = "client_secret_post";

#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What a code is exchanged with.
pub(super) struct Exchange<'a> {
    pub(super) code: &'a str,
    pub(super) verifier: &'a str,
    pub(super) redirect: &'a Url,
    pub(super) secret: Option<&'a str>,
}

/// A provider that has described itself.
#[derive(Debug)]
pub(super) struct Provider {
    login: Url,
    token: Url,
    keys: Keys,
    secret_by_form: bool,
}

impl Provider {
    /// Asks for the description.
    ///
    /// # Errors
    /// If it does not come, or is another's.
    pub(super) async fn discover(fetcher: &Fetcher, options: &OidcOptions) -> anyhow::Result<Self> {
        let url = format!("{}{DESCRIPTION}", options.issuer_text.trim_end_matches('/'));
        let url = Url::parse(&url).context("no address for the description")?;
        let body = fetcher.get(&url).await?;
        let found: Description = serde_json::from_slice(&body)
            .with_context(|| format!("{url} is no description of a provider"))?;
        if found.issuer != options.issuer_text {
            bail!(
                "it calls itself {:?}; give --oidc-issuer exactly that if it is right",
                brief(&found.issuer)
            );
        }
        let methods = &found.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|known| known == method);
        let jwks = KeySource::JwksUrl(trustworthy_url(&found.jwks_uri)?);
        Ok(Self {
            login: trustworthy_url(&found.authorization_endpoint)?,
            token: trustworthy_url(&found.token_endpoint)?,
            keys: Keys::new(jwks, Some(fetcher.clone())),
            secret_by_form: takes(BY_FORM) && !takes(BY_BASIC),
        })
    }

    /// Where the browser goes to log in.
    pub(super) fn login_url(
        &self,
        options: &OidcOptions,
        redirect: &Url,
        begun: &Begun,
        key: &LoginKey,
    ) -> Url {
        let mut url = self.login.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &options.client_id)
            .append_pair("redirect_uri", redirect.as_str())
            .append_pair("scope", &options.scopes)
            .append_pair("state", begun.state())
            .append_pair("nonce", &key.nonce(begun))
            .append_pair("code_challenge", &key.challenge(begun))
            .append_pair("code_challenge_method", "S256");
        url
    }

    /// What the provider says of whoever got this code: the claims of a genuine id token.
    ///
    /// # Errors
    /// The outer one: it cannot be reached or is not itself. The inner one: it says no, or something not to be believed.
    pub(super) async fn exchange(
        &self,
        fetcher: &Fetcher,
        options: &OidcOptions,
        exchange: Exchange<'_>,
    ) -> anyhow::Result<Result<Claims, OidcError>> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", exchange.code),
            ("redirect_uri", exchange.redirect.as_str()),
            ("client_id", &options.client_id),
            ("code_verifier", exchange.verifier),
        ];
        let mut user = None;
        match exchange.secret {
            Some(secret) if self.secret_by_form => form.push(("client_secret", secret)),
            Some(secret) => user = Some((encoded(&options.client_id), encoded(secret))),
            None => {}
        }
        let (status, body) = fetcher.post(&self.token, &form, user).await?;
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == StatusCode::BAD_REQUEST {
            let error = answer.get("error").and_then(Value::as_str);
            return Ok(Err(OidcError::Refused(brief(error.unwrap_or("bad request")))));
        }
        if status != StatusCode::OK {
            bail!("{} answered {status} to a code", self.token);
        }
        let token = answer.get("id_token").and_then(Value::as_str);
        let token = token.with_context(|| format!("{} answered a code without an id token", self.token))?;
        let expected = Expected {
            issuer: Some(options.issuer_text.clone()),
            audience: Some(options.client_id.clone()),
        };
        let claims = self.keys.read_token(token, &expected).await;
        Ok(claims
            .and_then(|claims| ours(claims, &options.client_id))
            .map_err(OidcError::from))
    }
}

/// A token for several must say that it was made for this one (OpenID Connect Core 1.0, 3.1.3.7).
fn ours(claims: Claims, client_id: &str) -> Result<Claims, TokenError> {
    let several = claims
        .get("aud")
        .and_then(Value::as_array)
        .is_some_and(|aud| aud.len() > 1);
    let made_for = text(&claims, "azp");
    match made_for.map_or(!several, |azp| azp == client_id) {
        true => Ok(claims),
        false => Err(TokenError::Audience),
    }
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}
