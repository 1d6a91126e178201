//! A small OpenID Connect provider: it logs in whoever comes, hands out codes that work once, and lies when told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::signer::{KeyPlace, Signer, Site, base64url, now_s};

pub(crate) const CLIENT: &str = "sempre";
/// With characters that must be encoded.
pub(crate) const SECRET: &str = "a secret: of/this+client";

type Pairs = HashMap<String, String>;

struct Inner {
    issuer: String,
    signer: Signer,
    /// Codes that were not used yet, with what was asked for.
    codes: Mutex<HashMap<String, Pairs>>,
    /// What it says of people, beyond what every token says; it may contradict that.
    claims: Mutex<Value>,
    count: Mutex<u64>,
}

/// A provider that runs.
pub(crate) struct Provider {
    inner: Arc<Inner>,
    _site: Site,
}

impl Provider {
    pub(crate) fn start() -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        let site = Site::start(move |address| {
            let signer = Signer::es256("p");
            let keys = KeyPlace::of(&[&signer]);
            let inner = Arc::new(Inner {
                issuer: format!("http://{address}"),
                signer,
                codes: Mutex::default(),
                claims: Mutex::new(json!({})),
                count: Mutex::default(),
            });
            tell.send(Arc::clone(&inner)).unwrap();
            let own = Router::new()
                .route("/.well-known/openid-configuration", get(describe))
                .route("/authorize", get(authorize))
                .route("/token", post(exchange))
                .with_state(inner);
            own.merge(keys.router())
        });
        Self {
            inner: told.recv().unwrap(),
            _site: site,
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// From now on it says this of people.
    pub(crate) fn says(&self, claims: Value) {
        *self.inner.claims.lock().unwrap() = claims;
    }
}

async fn describe(State(provider): State<Arc<Inner>>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize?theme=dark"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
    }))
}

async fn authorize(State(provider): State<Arc<Inner>>, Query(asked): Query<Pairs>) -> Redirect {
    let code = {
        let mut count = provider.count.lock().unwrap();
        *count += 1;
        format!("code-{count}")
    };
    let url = format!("{}?code={code}&state={}", asked["redirect_uri"], asked["state"]);
    provider.codes.lock().unwrap().insert(code, asked);
    Redirect::to(&url)
}

async fn exchange(
    State(provider): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<Pairs>,
) -> Response {
    let refuse = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response();
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{encoded}")));
    if headers
        .get(header::AUTHORIZATION)
        .is_none_or(|shown| *shown != *basic)
    {
        return refuse("invalid_client");
    }
    let Some(asked) = provider.codes.lock().unwrap().remove(&form["code"]) else {
        return refuse("invalid_grant");
    };
    let challenge = base64url(Sha256::digest(&form["code_verifier"]));
    let right = asked["code_challenge_method"] == "S256"
        && asked["code_challenge"] == challenge
        && asked["redirect_uri"] == form["redirect_uri"]
        && asked["client_id"] == CLIENT
        && asked["response_type"] == "code"
        && asked["theme"] == "dark"
        && form["grant_type"] == "authorization_code";
    if !right {
        return refuse("invalid_grant");
    }
    let mut claims = json!({
        "iss": provider.issuer, "aud": CLIENT, "sub": "1", "exp": now_s() + 300, "nonce": asked["nonce"],
        "email": "ada@example.org", "email_verified": true, "groups": ["crew"],
    });
    for (name, value) in provider.claims.lock().unwrap().as_object().unwrap() {
        claims[name] = value.clone();
    }
    Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": provider.signer.token(&claims) }))
        .into_response()
}
