//! Keys that tokens are signed with, each good for one algorithm, and what a token must say besides.

use anyhow::{Context, bail};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::TokenError;

/// Keys of one set; further ones are not looked at.
const MAX_KEYS: usize = 64;
/// Shortest secret for HS256, bytes (RFC 7518, 3.2: as long as the hash).
const MIN_SECRET_BYTES: usize = 32;
/// Longest token that is looked at, bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How far clocks may differ, seconds.
pub(super) const LEEWAY_S: u64 = 30;

/// What a token says, once it is known to be genuine.
pub(in crate::auth) type Claims = Map<String, Value>;

/// Tells one key from another.
pub(super) type Mark = [u8; 32];

/// Whom a token must be by and for.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Its `iss`; none: any.
    pub issuer: Option<String>,
    /// One of its `aud`; none: a token that names an audience is for someone else.
    pub audience: Option<String>,
}

impl Expected {
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        let mut required = vec!["exp"];
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
    mark: Mark,
}

/// All keys of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct KeySet(Vec<Key>);

impl KeySet {
    /// One secret, for HS256.
    pub(super) fn of_secret(secret: &[u8]) -> anyhow::Result<Self> {
        if secret.len() < MIN_SECRET_BYTES {
            bail!(
                "the secret is {} bytes, HS256 needs {MIN_SECRET_BYTES}; `openssl rand -hex 32` makes a good one",
                secret.len()
            );
        }
        Ok(Self(vec![Key {
            id: None,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret),
            mark: Sha256::digest(secret).into(),
        }]))
    }

    /// The keys of a JWK set (RFC 7517) that sign by RS256 or ES256; others are passed over.
    pub(super) fn of_jwks(json: &[u8]) -> anyhow::Result<Self> {
        let set: Value = serde_json::from_slice(json).context("it is no JSON")?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.context("it is no JWK set: it has no list \"keys\"")?;
        let keys: Vec<_> = keys.iter().filter_map(read_key).take(MAX_KEYS).collect();
        if keys.is_empty() {
            bail!("it has no key for RS256 or ES256");
        }
        Ok(Self(keys))
    }

    pub(super) fn has(&self, mark: &Mark) -> bool {
        self.0.iter().any(|key| key.mark == *mark)
    }

    /// Keys a token with this header may be signed with.
    fn candidates(&self, header: &Header) -> impl Iterator<Item = &Key> {
        let fits = move |key: &&Key| {
            let same = match (&key.id, &header.kid) {
                (Some(id), Some(kid)) => id == kid,
                _ => true,
            };
            same && key.algorithm == header.alg
        };
        self.0.iter().filter(fits)
    }

    /// Whether a key for this token is here, as far as its header tells.
    pub(super) fn knows_key_of(&self, token: &str) -> bool {
        read_header(token).is_ok_and(|header| self.candidates(&header).next().is_some())
    }

    /// What a genuine token says, and the key it is signed with.
    ///
    /// # Errors
    /// Any [`TokenError`].
    pub(super) fn verify(&self, token: &str, expected: &Expected) -> Result<(Claims, Mark), TokenError> {
        let header = read_header(token)?;
        if !self.0.iter().any(|key| key.algorithm == header.alg) {
            return Err(TokenError::Algorithm);
        }
        let mut error = TokenError::UnknownKey;
        for key in self.candidates(&header) {
            match decode::<Claims>(token, &key.key, &expected.validation(key.algorithm)) {
                Ok(data) => return Ok((data.claims, key.mark)),
                Err(wrong) => error = explain(wrong.kind()),
            }
            if !matches!(error, TokenError::Signature) {
                break;
            }
        }
        Err(error)
    }
}

/// Whether this could be a signed token at all.
pub(super) fn looks_signed(secret: &str) -> bool {
    secret.starts_with("ey") && secret.matches('.').count() == 2
}

fn read_header(token: &str) -> Result<Header, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Malformed);
    }
    let header = decode_header(token).map_err(|error| explain(error.kind()))?;
    // Something that must be understood (RFC 7515, 4.1.11), and nothing of the kind is.
    match header.crit {
        None => Ok(header),
        Some(_) => Err(TokenError::Malformed),
    }
}

fn read_key(key: &Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    if !signs || common.key_algorithm.as_ref().is_some_and(|own| *own != named) {
        return None;
    }
    Some(Key {
        id: common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(&jwk).ok()?,
        mark: Sha256::digest(key.to_string()).into(),
    })
}

fn explain(kind: &ErrorKind) -> TokenError {
    match kind {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::ExpiredSignature => TokenError::Expired,
        ErrorKind::ImmatureSignature => TokenError::NotYet,
        ErrorKind::InvalidIssuer => TokenError::Issuer,
        ErrorKind::InvalidAudience => TokenError::Audience,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            TokenError::Missing(claim.clone())
        }
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::UnsupportedAlgorithm => {
            TokenError::Algorithm
        }
        _ => TokenError::Malformed,
    }
}
