//! Someone who signs tokens (JWT), honestly and not, and who tells their public keys over HTTP.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{hmac, signature};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// Keys that exist for these tests only; ring makes none for RSA.
const RSA: [&str; 2] = [
    include_str!("keys/rsa-first.b64"),
    include_str!("keys/rsa-second.b64"),
];

/// Seconds since the Unix epoch.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Pair {
    Secret(Vec<u8>),
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// A key, and how it signs.
pub(crate) struct Signer {
    kid: Option<String>,
    pair: Pair,
}

impl Signer {
    pub(crate) fn hs256(secret: impl AsRef<[u8]>) -> Self {
        Self {
            kid: None,
            pair: Pair::Secret(secret.as_ref().to_vec()),
        }
    }

    /// One of two keys.
    pub(crate) fn rs256(kid: &str, number: usize) -> Self {
        let text: String = RSA[number].split_whitespace().collect();
        let pair = RsaKeyPair::from_pkcs8(&STANDARD.decode(text).unwrap()).unwrap();
        Self {
            kid: Some(kid.into()),
            pair: Pair::Rsa(Box::new(pair)),
        }
    }

    /// A new key.
    pub(crate) fn es256(kid: &str) -> Self {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self {
            kid: Some(kid.into()),
            pair: Pair::P256(Box::new(
                EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap(),
            )),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Secret(_) => "HS256",
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
        }
    }

    /// The public key as bytes, in the forms in which it goes around.
    pub(crate) fn public_bytes(&self) -> Vec<Vec<u8>> {
        let jwk = serde_json::to_vec(&self.jwk()).unwrap();
        match &self.pair {
            Pair::Secret(_) => panic!("a secret is not public"),
            Pair::P256(pair) => vec![pair.public_key().as_ref().to_vec(), jwk],
            Pair::Rsa(pair) => {
                let RsaPublicKeyComponents { n, .. }: RsaPublicKeyComponents<Vec<u8>> =
                    pair.public_key().into();
                vec![pair.public_key().as_ref().to_vec(), n, jwk]
            }
        }
    }

    /// The public key, as a member of a JWK set.
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Secret(_) => panic!("a secret is not public"),
            Pair::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e }: RsaPublicKeyComponents<Vec<u8>> =
                    pair.public_key().into();
                let (n, e) = (base64url(n), base64url(e));
                json!({ "kty": "RSA", "use": "sig", "kid": self.kid, "n": n, "e": e })
            }
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                let (x, y) = (base64url(x), base64url(y));
                json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "x": x, "y": y })
            }
        }
    }

    fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Pair::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let encoding: &'static dyn signature::RsaEncoding = &RSA_PKCS1_SHA256;
                pair.sign(encoding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token that says `claims`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({ "alg": self.algorithm(), "kid": self.kid }), claims)
    }

    /// A token with a header of one's own.
    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            base64url(header.to_string()),
            base64url(claims.to_string())
        );
        let signature = base64url(self.signature(message.as_bytes()));
        format!("{message}.{signature}")
    }
}

/// A JWK set of these keys.
pub(crate) fn jwks(signers: &[&Signer]) -> Value {
    json!({ "keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>() })
}

/// An HTTP server on a thread of its own: tests that start a program block theirs. It ends when it is dropped.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    pub(crate) fn start(router: impl FnOnce(SocketAddr) -> Router + Send + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        Self::start_at(listener, router)
    }

    /// On an address that was kept for it.
    pub(crate) fn start_at(
        listener: std::net::TcpListener,
        router: impl FnOnce(SocketAddr) -> Router + Send + 'static,
    ) -> Self {
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let serve = async { axum::serve(listener, router(address)).await };
                // Connections that are kept alive are cut with the runtime.
                tokio::select! {
                    _ = stopped => {}
                    served = serve => served.unwrap(),
                }
            });
        });
        Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A place that tells public keys, and counts how often it is asked.
#[derive(Clone, Default)]
pub(crate) struct KeyPlace {
    set: Arc<Mutex<Value>>,
    asked: Arc<AtomicUsize>,
}

impl KeyPlace {
    pub(crate) fn of(signers: &[&Signer]) -> Self {
        let place = Self::default();
        place.tell(signers);
        place
    }

    /// From now on these.
    pub(crate) fn tell(&self, signers: &[&Signer]) {
        *self.set.lock().unwrap() = jwks(signers);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn router(&self) -> Router {
        let own = self.clone();
        let answer = move || async move {
            own.asked.fetch_add(1, Ordering::SeqCst);
            own.set.lock().unwrap().to_string()
        };
        Router::new().route("/keys", get(answer))
    }

    pub(crate) fn serve(&self) -> Site {
        let router = self.router();
        Site::start(|_| router)
    }
}
