//! Keys and share links: who may come in.

use reqwest::Method;
use sempre_protocol::door::{CreateKey, CreateShare, CreatedKey, CreatedShare, KeyInfo, ShareInfo};
use sempre_protocol::{GrantId, SessionId};

use super::{Client, ClientError};

impl Client {
    /// Makes a key; the only time it is told.
    ///
    /// # Errors
    /// What the server refuses, or that it does not answer; so with all that follow.
    pub async fn create_key(&self, request: &CreateKey) -> Result<CreatedKey, ClientError> {
        self.post("api/v1/keys", request).await
    }

    /// All keys, without the keys themselves.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, ClientError> {
        self.get("api/v1/keys", &[]).await
    }

    /// Takes a key back.
    pub async fn revoke_key(&self, id: GrantId) -> Result<(), ClientError> {
        let path = format!("api/v1/keys/{id}");
        self.send::<()>(Method::DELETE, &path, &[], None).await.map(drop)
    }

    /// Makes a link that opens a session; the only time it is told. Its path becomes an address here.
    pub async fn create_share(
        &self,
        id: SessionId,
        request: &CreateShare,
    ) -> Result<CreatedShare, ClientError> {
        self.post(&format!("api/v1/sessions/{id}/shares"), request).await
    }

    /// The links to a session, without the links themselves.
    pub async fn shares(&self, id: SessionId) -> Result<Vec<ShareInfo>, ClientError> {
        self.get(&format!("api/v1/sessions/{id}/shares"), &[]).await
    }

    /// Takes a link back and throws out who came by it.
    pub async fn revoke_share(&self, id: SessionId, share: GrantId) -> Result<(), ClientError> {
        let path = format!("api/v1/sessions/{id}/shares/{share}");
        self.send::<()>(Method::DELETE, &path, &[], None).await.map(drop)
    }
}
