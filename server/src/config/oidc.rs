//! Flags of `sempre serve` about logging in at someone else's login page.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;

use super::door::RoleWord;
use super::tokens::ROLE_CLAIM;
use crate::auth::{OidcOptions, PersonRule, trustworthy_url};

/// Flags about OpenID Connect.
#[derive(Debug, Clone, Default, Args)]
pub struct OidcFlags {
    /// OpenID Connect provider people log in at, exactly as it names itself
    #[arg(
        long,
        value_name = "URL",
        env = "SEMPRE_OIDC_ISSUER",
        requires = "oidc_client_id"
    )]
    pub oidc_issuer: Option<String>,

    /// What the provider knows this server by
    #[arg(
        long,
        value_name = "ID",
        env = "SEMPRE_OIDC_CLIENT_ID",
        requires = "oidc_issuer"
    )]
    pub oidc_client_id: Option<String>,

    /// File with the secret the provider gave this server [default: none, PKCE alone]
    #[arg(
        long,
        value_name = "FILE",
        env = "SEMPRE_OIDC_CLIENT_SECRET_FILE",
        requires = "oidc_issuer"
    )]
    pub oidc_client_secret_file: Option<PathBuf>,

    /// What is asked of the provider [default: openid profile email]
    #[arg(
        long,
        value_name = "WORDS",
        env = "SEMPRE_OIDC_SCOPES",
        requires = "oidc_issuer"
    )]
    pub oidc_scopes: Option<String>,

    /// Claim that names the user; a JSON pointer if it begins with a slash [default: email, which must be verified]
    #[arg(
        long,
        value_name = "CLAIM",
        env = "SEMPRE_OIDC_USER_CLAIM",
        requires = "oidc_issuer"
    )]
    pub oidc_user_claim: Option<String>,

    /// User who may log in; repeatable
    #[arg(
        long,
        value_name = "NAME",
        env = "SEMPRE_OIDC_ALLOWED_USERS",
        value_delimiter = ',',
        requires = "oidc_issuer"
    )]
    pub oidc_allowed_users: Vec<String>,

    /// Group whose members may log in; repeatable
    #[arg(
        long,
        value_name = "NAME",
        env = "SEMPRE_OIDC_ALLOWED_GROUPS",
        value_delimiter = ',',
        requires = "oidc_issuer"
    )]
    pub oidc_allowed_groups: Vec<String>,

    /// Claim that lists the groups [default: groups]
    #[arg(
        long,
        value_name = "CLAIM",
        env = "SEMPRE_OIDC_GROUPS_CLAIM",
        requires = "oidc_issuer"
    )]
    pub oidc_groups_claim: Option<String>,

    /// Claim that names the role, or a list that does; where nobody is named, who has one may log in
    /// [default: sempre_role]
    #[arg(
        long,
        value_name = "CLAIM",
        env = "SEMPRE_OIDC_ROLE_CLAIM",
        requires = "oidc_issuer"
    )]
    pub oidc_role_claim: Option<String>,

    /// Role of who may log in and has no such claim [default: operator]
    #[arg(
        long,
        value_name = "ROLE",
        env = "SEMPRE_OIDC_ROLE",
        value_enum,
        requires = "oidc_issuer"
    )]
    pub oidc_role: Option<RoleWord>,
}

impl OidcFlags {
    /// Who may log in where; none: nobody elsewhere.
    ///
    /// # Errors
    /// For a provider that is not to be trusted, and if nobody could log in.
    pub fn options(&self) -> anyhow::Result<Option<OidcOptions>> {
        let Some(issuer) = &self.oidc_issuer else {
            return Ok(None);
        };
        let lists = !(self.oidc_allowed_users.is_empty() && self.oidc_allowed_groups.is_empty());
        if !lists && self.oidc_role_claim.is_none() {
            bail!(
                "nobody may log in at {issuer}; name them with --oidc-allowed-users or --oidc-allowed-groups, \
                 or the claim that gives them a role with --oidc-role-claim"
            );
        }
        let text = |named: &Option<String>, default: &str| named.clone().unwrap_or_else(|| default.into());
        Ok(Some(OidcOptions {
            issuer: trustworthy_url(issuer).context("--oidc-issuer")?,
            issuer_text: issuer.clone(),
            client_id: self
                .oidc_client_id
                .clone()
                .context("--oidc-client-id is missing")?,
            client_secret_file: self.oidc_client_secret_file.clone(),
            scopes: text(&self.oidc_scopes, "openid profile email"),
            people: PersonRule {
                user_claim: text(&self.oidc_user_claim, "email"),
                role_claim: text(&self.oidc_role_claim, ROLE_CLAIM),
                default_role: Some(self.oidc_role.unwrap_or(RoleWord::Operator).role()),
            },
            groups_claim: text(&self.oidc_groups_claim, "groups"),
            allowed_users: self.oidc_allowed_users.clone(),
            allowed_groups: self.oidc_allowed_groups.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_must_be_let_in() {
        let flags = OidcFlags {
            oidc_issuer: Some("https://id.example.org".into()),
            oidc_client_id: Some("sempre".into()),
            ..OidcFlags::default()
        };
        let error = flags.options().unwrap_err().to_string();
        assert!(error.contains("--oidc-allowed-users"), "{error}");
        let flags = OidcFlags {
            oidc_allowed_users: vec!["ada".into()],
            ..flags
        };
        assert!(flags.options().unwrap().is_some());
        let flags = OidcFlags {
            oidc_issuer: Some("http://id.example.org".into()),
            ..flags
        };
        assert!(flags.options().is_err());
    }
}
