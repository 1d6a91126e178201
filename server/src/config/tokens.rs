//! Flags of `sempre serve` about tokens that someone else signs.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::door::RoleWord;
use crate::auth::{Expected, JwtOptions, KeySource, PersonRule, trustworthy_url};

/// The claim of a role, unless another is named.
pub(super) const ROLE_CLAIM: &str = "sempre_role";

/// Flags about signed tokens (JWT).
#[derive(Debug, Clone, Default, Args)]
pub struct TokenFlags {
    /// File with the secret of tokens (JWT) signed by HS256, at least 32 bytes; a newline at its end does not count
    #[arg(
        long,
        value_name = "FILE",
        env = "SEMPRE_JWT_SECRET_FILE",
        conflicts_with = "jwt_jwks"
    )]
    pub jwt_secret_file: Option<PathBuf>,

    /// Public keys (JWK set) of tokens (JWT) signed by RS256 or ES256: a file, or an https address, which is asked again
    /// for a key that is not known
    #[arg(long, value_name = "FILE|URL", env = "SEMPRE_JWT_JWKS")]
    pub jwt_jwks: Option<String>,

    /// Issuer (iss) that tokens must name [default: any]
    #[arg(long, value_name = "TEXT", env = "SEMPRE_JWT_ISSUER")]
    pub jwt_issuer: Option<String>,

    /// Audience (aud) that tokens must name [default: tokens that name one are refused]
    #[arg(long, value_name = "TEXT", env = "SEMPRE_JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// Claim that names the user; a JSON pointer if it begins with a slash [default: sub]
    #[arg(long, value_name = "CLAIM", env = "SEMPRE_JWT_USER_CLAIM")]
    pub jwt_user_claim: Option<String>,

    /// Claim that names the role, or a list that does: viewer, operator or admin [default: sempre_role]
    #[arg(long, value_name = "CLAIM", env = "SEMPRE_JWT_ROLE_CLAIM")]
    pub jwt_role_claim: Option<String>,

    /// Role of those whose token has no such claim [default: they are refused]
    #[arg(long, value_name = "ROLE", env = "SEMPRE_JWT_ROLE", value_enum)]
    pub jwt_role: Option<RoleWord>,
}

impl TokenFlags {
    /// How tokens are checked; none: they are not taken.
    ///
    /// # Errors
    /// For an address that is not to be trusted, and for details of tokens that nothing could check.
    pub fn options(&self) -> anyhow::Result<Option<JwtOptions>> {
        let source = match (&self.jwt_secret_file, &self.jwt_jwks) {
            (Some(_), Some(_)) => {
                bail!("--jwt-secret-file and --jwt-jwks are two ways to sign tokens; choose one")
            }
            (Some(path), None) => KeySource::Secret(path.clone()),
            (None, Some(place)) if place.contains("://") => {
                KeySource::JwksUrl(trustworthy_url(place).context("--jwt-jwks")?)
            }
            (None, Some(place)) => KeySource::JwksFile(place.into()),
            (None, None) => return self.nothing_else().map(|()| None),
        };
        let claim = |named: &Option<String>, default: &str| named.clone().unwrap_or_else(|| default.into());
        Ok(Some(JwtOptions {
            source,
            expected: Expected {
                issuer: self.jwt_issuer.clone(),
                audience: self.jwt_audience.clone(),
            },
            people: PersonRule {
                user_claim: claim(&self.jwt_user_claim, "sub"),
                role_claim: claim(&self.jwt_role_claim, ROLE_CLAIM),
                default_role: self.jwt_role.map(RoleWord::role),
            },
        }))
    }

    fn nothing_else(&self) -> anyhow::Result<()> {
        let texts = [
            ("--jwt-issuer", &self.jwt_issuer),
            ("--jwt-audience", &self.jwt_audience),
            ("--jwt-user-claim", &self.jwt_user_claim),
            ("--jwt-role-claim", &self.jwt_role_claim),
        ];
        let named = texts
            .iter()
            .find(|(_, text)| text.is_some())
            .map(|(flag, _)| *flag);
        match named.or(self.jwt_role.map(|_| "--jwt-role")) {
            Some(flag) => bail!(
                "{flag} is about signed tokens, and nothing says how to check them; name --jwt-secret-file or --jwt-jwks"
            ),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_a_trustworthy_place() {
        let flags = |place: &str| TokenFlags {
            jwt_jwks: Some(place.into()),
            ..TokenFlags::default()
        };
        assert!(matches!(
            flags("keys.json").options().unwrap().unwrap().source,
            KeySource::JwksFile(_)
        ));
        assert!(flags("https://id.example.org/keys").options().is_ok());
        let error = format!("{:#}", flags("http://id.example.org/keys").options().unwrap_err());
        assert!(error.contains("--jwt-jwks") && error.contains("https"), "{error}");
    }

    #[test]
    fn details_without_keys_are_refused() {
        assert!(TokenFlags::default().options().unwrap().is_none());
        let flags = TokenFlags {
            jwt_audience: Some("sempre".into()),
            ..TokenFlags::default()
        };
        let error = flags.options().unwrap_err().to_string();
        assert!(
            error.contains("--jwt-audience") && error.contains("--jwt-jwks"),
            "{error}"
        );
    }
}
