//! Which server is asked, and what is shown to it: a socket in a data directory, or an address and a key.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use url::Url;

use super::ClientError;
use crate::short_path::SocketPath;

/// Longest key, bytes: signed tokens are long.
const MAX_KEY_BYTES: u64 = 16 * 1024;

/// A token, API key or signed token; never shown.
#[derive(Clone)]
pub struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key in a file; white space around it does not count.
    ///
    /// # Errors
    /// [`ClientError::KeyFile`] if it cannot be read, is empty, or holds what no key does.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let wrong = |why: String| ClientError::KeyFile {
            path: path.to_path_buf(),
            why,
        };
        let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let mut text = String::new();
        file.take(MAX_KEY_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| wrong(error.to_string()))?;
        let key = text.trim();
        match key {
            "" => Err(wrong("it is empty".into())),
            key if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self(key.to_owned())),
            _ => Err(wrong(
                "a key is one line of letters, digits and signs without spaces".into(),
            )),
        }
    }

    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

/// How the server is reached.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// By a socket.
    Unix(SocketPath),
    /// By TCP, as the URL says.
    Tcp,
}

/// A server.
#[derive(Debug, Clone)]
pub struct Target {
    pub(super) way: Way,
    /// Ends with a slash: the API is below it.
    pub(super) base: Url,
    pub(super) key: Option<Key>,
    shown: String,
}

impl Target {
    /// The server of this machine that listens on the socket `name` in `directory`.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`] if there is no such directory.
    pub fn local(directory: &Path, name: &str, key: Option<Key>) -> Result<Self, ClientError> {
        let shown = format!("unix:{}", directory.join(name).display());
        let socket = SocketPath::open(directory, name).map_err(|error| ClientError::Unreachable {
            target: shown.clone(),
            why: error.to_string(),
            hint: LOCAL_HINT,
        })?;
        let base = Url::parse("http://localhost/").map_err(|error| ClientError::Url {
            url: shown.clone(),
            why: error.to_string(),
        })?;
        Ok(Self {
            way: Way::Unix(socket),
            base,
            key,
            shown,
        })
    }

    /// The server at `url`: http or https, with the base path if it has one.
    ///
    /// # Errors
    /// [`ClientError::Url`] if it is no such address, or holds a secret: those come by file.
    pub fn remote(url: &str, key: Option<Key>) -> Result<Self, ClientError> {
        let wrong = |why: &str| ClientError::Url {
            url: url.split('?').next().unwrap_or_default().to_owned(),
            why: why.to_owned(),
        };
        let mut base = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("it is written http://HOST:PORT/ or https://HOST/"));
        }
        if base.query().is_some() || !base.username().is_empty() || base.password().is_some() {
            return Err(wrong(
                "a token in an address is seen by every user of this machine; put it into a file and name that with --key-file",
            ));
        }
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self {
            way: Way::Tcp,
            shown: base.to_string(),
            base,
            key,
        })
    }

    /// For people.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn unreachable(&self, why: impl fmt::Display) -> ClientError {
        ClientError::Unreachable {
            target: self.shown.clone(),
            why: why.to_string(),
            hint: match self.way {
                Way::Unix(_) => LOCAL_HINT,
                Way::Tcp => "--url",
            },
        }
    }

    /// The error of a server that takes too long.
    pub fn silent(&self) -> ClientError {
        self.unreachable("no answer in time")
    }

    /// The error of a server that closed a connection which was to stay.
    pub fn closed(&self) -> ClientError {
        self.unreachable("the connection was closed")
    }

    pub(super) fn strange(&self, what: impl fmt::Display) -> ClientError {
        ClientError::Strange {
            target: self.shown.clone(),
            what: what.to_string(),
        }
    }

    /// The address of a page whose path the server told, base path included.
    pub fn page(&self, path: &str) -> Option<String> {
        self.base.join(path).ok().map(Into::into)
    }

    /// The address of `path` (without a leading slash) with a query.
    pub(super) fn at(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

const LOCAL_HINT: &str = "--data-dir or --url";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_base_path() {
        let target = Target::remote("https://host.example/sempre", None).unwrap();
        let url = target.at("api/v1/sessions", &[("state", "active".into())]);
        assert_eq!(
            url.as_str(),
            "https://host.example/sempre/api/v1/sessions?state=active"
        );
    }

    #[test]
    fn no_secret_comes_by_an_address() {
        for url in ["http://h/?token=abc", "http://u:abc@h/", "http://abc@h/"] {
            let said = Target::remote(url, None).unwrap_err().to_string();
            assert!(said.contains("--key-file"), "{said}");
        }
        for url in ["", "host:8084", "ftp://h/", "unix:/x"] {
            assert!(Target::remote(url, None).is_err(), "{url}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = temp.path().join("key");
        std::fs::write(&path, "  s3cret-word \n").unwrap();
        let key = Key::read(&path).unwrap();
        assert_eq!(key.header(), "Bearer s3cret-word");
        assert!(!format!("{key:?}").contains("s3cret"));
        for text in ["", "two words", "a\u{7}b"] {
            std::fs::write(&path, text).unwrap();
            assert!(Key::read(&path).is_err(), "{text:?}");
        }
    }
}
