//! Share links: an id and a signature over all it stands for, so that the database alone opens nothing.

use std::path::Path;

use anyhow::{Context, bail};
use hmac::{Hmac, Mac};
use sempre_protocol::GrantId;
use sha2::Sha256;

use super::token::hex;
use crate::random::random_bytes;
use crate::store::{GrantRow, write_private};

const PURPOSE: &[u8] = b"sempre share link v1";

/// What links are signed with.
pub(super) struct ShareKey([u8; 32]);

impl std::fmt::Debug for ShareKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShareKey(…)")
    }
}

impl ShareKey {
    /// The key in a file that is made, with mode 0600, if it is not there.
    ///
    /// # Errors
    /// If it cannot be read or made, or is none.
    pub(super) fn read_or_make(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        if !path.exists() {
            let key = random_bytes::<32>().context("cannot make a key for share links")?;
            write_private(path, &key).with_context(|| format!("cannot write {shown}"))?;
        }
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {shown}"))?;
        match bytes.try_into() {
            Ok(key) => Ok(Self(key)),
            Err(_) => bail!("{shown} is no key of 32 bytes; remove it, and all share links with it"),
        }
    }

    fn mac(&self, share: &GrantRow) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(PURPOSE);
        mac.update(share.id.as_bytes());
        let scope = serde_json::to_string(&share.scope).ok()?;
        let facts = format!("{}\n{scope}\n{:?}", share.role.word(), share.expires_at);
        mac.update(facts.as_bytes());
        Some(mac)
    }

    /// The last part of a link's path.
    pub(super) fn sign(&self, share: &GrantRow) -> Option<String> {
        let signature = self.mac(share)?.finalize().into_bytes();
        Some(format!("{}.{}", share.id, hex(&signature)))
    }

    /// Whether `signature` is the one of `share`; takes as long for each.
    pub(super) fn verify(&self, share: &GrantRow, signature: &[u8]) -> bool {
        self.mac(share)
            .is_some_and(|mac| mac.verify_slice(signature).is_ok())
    }
}

/// The id and the signature in the last part of a link's path.
pub(super) fn read(token: &str) -> Option<(GrantId, Vec<u8>)> {
    let (id, signature) = token.split_once('.')?;
    if signature.len() != 64 {
        return None;
    }
    let digits = signature.as_bytes().chunks(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    Some((id.parse().ok()?, bytes.collect::<Option<_>>()?))
}

#[cfg(test)]
mod tests {
    use sempre_protocol::SessionId;
    use sempre_protocol::access::{Role, Scope};

    use super::*;
    use crate::store::GrantKind;

    fn share() -> GrantRow {
        GrantRow {
            id: GrantId::from_bytes([1; 16]),
            kind: GrantKind::Share,
            secret: None,
            name: None,
            role: Role::Viewer,
            scope: Scope::Session(SessionId::from_bytes([2; 16])),
            parent: None,
            made_by: None,
            created_at: 1,
            expires_at: Some(2),
            last_used_at: None,
        }
    }

    #[test]
    fn a_link_is_worth_what_was_signed_and_nothing_else() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = temp.path().join("share-key");
        let key = ShareKey::read_or_make(&path).unwrap();
        let token = key.sign(&share()).unwrap();
        let (id, signature) = read(&token).unwrap();
        assert_eq!(id, share().id);
        assert!(
            ShareKey::read_or_make(&path)
                .unwrap()
                .verify(&share(), &signature)
        );
        for forged in [
            GrantRow {
                role: Role::Operator,
                ..share()
            },
            GrantRow {
                scope: Scope::All,
                ..share()
            },
            GrantRow {
                expires_at: None,
                ..share()
            },
            GrantRow {
                id: GrantId::from_bytes([9; 16]),
                ..share()
            },
        ] {
            assert!(!key.verify(&forged, &signature), "{forged:?}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(
            !ShareKey::read_or_make(&path)
                .unwrap()
                .verify(&share(), &signature)
        );
        for junk in [
            "",
            ".",
            "01.02",
            &token[1..],
            &token.replace('.', "+"),
            &format!("{token}0"),
        ] {
            assert!(read(junk).is_none(), "{junk}");
        }
    }
}
