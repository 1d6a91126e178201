//! The environment a child starts with: an allow-list of the server's own, plus what the request asks for.
//!
//! Secrets of the server never pass: what is not on the list does not exist for the child. `$NAME` in a
//! requested value expands from the list only, never from the server's environment.

use std::collections::BTreeMap;

use sempre_protocol::SessionId;
use sempre_protocol::limits::{MAX_ENV_BYTES, MAX_ENV_VARS};

use super::SessionError;

/// Variables of the server that a child inherits.
const INHERITED: [&str; 17] = [
    "HOME",
    "PATH",
    "LANG",
    "LANGUAGE",
    "USER",
    "LOGNAME",
    "SHELL",
    "TZ",
    "SSH_AUTH_SOCK",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "XDG_SESSION_TYPE",
    "DBUS_SESSION_BUS_ADDRESS",
    "TMPDIR",
    "TERMINFO_DIRS",
];

/// Those of them that are of the machine and not of the server's own user.
const OF_NOBODY: [&str; 5] = ["PATH", "LANG", "LANGUAGE", "TZ", "TERMINFO_DIRS"];

/// A PATH for servers that were started without one.
const FALLBACK_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The inherited part of a child's environment, read once at start.
#[derive(Debug, Clone)]
pub struct BaseEnvironment(BTreeMap<String, String>);

impl BaseEnvironment {
    /// What the allow-list lets through of `variables`.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut base: BTreeMap<_, _> = variables
            .into_iter()
            .filter(|(name, _)| INHERITED.contains(&name.as_str()) || name.starts_with("LC_"))
            .collect();
        base.entry("PATH".into()).or_insert_with(|| FALLBACK_PATH.into());
        base.entry("HOME".into()).or_insert_with(|| "/".into());
        Self(base)
    }

    /// The server's own environment through the allow-list; what is not UTF-8 is left out.
    pub fn of_this_process() -> Self {
        Self::new(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// The same for programs of another Unix user: of the server's own user nothing passes, neither sockets nor paths.
    pub(super) fn of_user(&self, name: &str, home: &str, shell: &str) -> Self {
        let mut base = self.0.clone();
        base.retain(|variable, _| OF_NOBODY.contains(&variable.as_str()) || variable.starts_with("LC_"));
        for (variable, value) in [
            ("USER", name),
            ("LOGNAME", name),
            ("HOME", home),
            ("SHELL", shell),
        ] {
            if !value.is_empty() {
                base.insert(variable.into(), value.into());
            }
        }
        Self(base)
    }

    /// A variable of the list.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The whole environment of a child.
    ///
    /// # Errors
    /// [`SessionError::Invalid`] for names and values the system cannot hold, or too many of them.
    pub fn for_child(
        &self,
        id: SessionId,
        requested: &BTreeMap<String, String>,
        labels: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, SessionError> {
        check(requested)?;
        let mut env = self.0.clone();
        env.insert("TERM".into(), "xterm-256color".into());
        env.insert("COLORTERM".into(), "truecolor".into());
        for (name, value) in requested {
            env.insert(name.clone(), expand(value, &self.0));
        }
        for (key, value) in labels {
            env.insert(format!("SEMPRE_LABEL_{}", label_name(key)), value.clone());
        }
        env.insert("SEMPRE_SESSION".into(), id.to_string());
        Ok(env)
    }
}

fn check(requested: &BTreeMap<String, String>) -> Result<(), SessionError> {
    let wrong = |message: String| {
        Err(SessionError::Invalid {
            field: "env",
            message,
        })
    };
    if requested.len() > MAX_ENV_VARS {
        return wrong(format!(
            "{} variables are more than {MAX_ENV_VARS}",
            requested.len()
        ));
    }
    let bytes: usize = requested
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > MAX_ENV_BYTES {
        return wrong(format!("{bytes} bytes are more than {MAX_ENV_BYTES}"));
    }
    for (name, value) in requested {
        if name.is_empty() || name.contains(['=', '\0']) {
            return wrong(format!("{name:?} cannot be a variable's name"));
        }
        if value.contains('\0') {
            return wrong(format!("the value of {name:?} holds a NUL byte"));
        }
    }
    Ok(())
}

/// Replaces `$NAME` and `${NAME}` by the list's values; an unknown name becomes nothing, as in a shell.
fn expand(value: &str, from: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, remainder) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some(braced) => braced,
            None => after.split_at(after.find(|c: char| !is_name_char(c)).unwrap_or(after.len())),
        };
        if name.is_empty() || !name.chars().all(is_name_char) {
            out.push('$');
            rest = after;
        } else {
            out.push_str(from.get(name).map_or("", String::as_str));
            rest = remainder;
        }
    }
    out.push_str(rest);
    out
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A label's key as part of a variable's name.
fn label_name(key: &str) -> String {
    key.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    fn child(server: &[(&str, &str)], requested: &[(&str, &str)]) -> BTreeMap<String, String> {
        let base = BaseEnvironment::new(map(server));
        let id = SessionId::from_bytes([7; 16]);
        base.for_child(id, &map(requested), &map(&[("story", "S-1"), ("a-b", "c")]))
            .unwrap()
    }

    #[test]
    fn secrets_of_the_server_never_pass() {
        let env = child(
            &[
                ("PATH", "/bin"),
                ("SEMPRE_TOKEN_FILE", "t"),
                ("NOTIFY_SOCKET", "n"),
                ("LISTEN_FDS", "1"),
                ("AWS_KEY", "k"),
            ],
            &[("X", "$AWS_KEY|$SEMPRE_TOKEN_FILE")],
        );
        assert_eq!(env.get("X").map(String::as_str), Some("|"));
        for name in ["SEMPRE_TOKEN_FILE", "NOTIFY_SOCKET", "LISTEN_FDS", "AWS_KEY"] {
            assert!(!env.contains_key(name), "{name}");
        }
    }

    #[test]
    fn a_requested_path_expands_from_the_list() {
        let env = child(
            &[("PATH", "/bin")],
            &[("PATH", "/custom/path:$PATH"), ("Y", "${PATH}$ 5$$")],
        );
        assert_eq!(env.get("PATH").map(String::as_str), Some("/custom/path:/bin"));
        assert_eq!(env.get("Y").map(String::as_str), Some("/bin$ 5$$"));
    }

    #[test]
    fn the_session_and_its_labels_are_named() {
        let env = child(&[], &[("SEMPRE_SESSION", "forged")]);
        assert_eq!(env.get("SEMPRE_SESSION").map(String::len), Some(32));
        assert_eq!(env.get("SEMPRE_LABEL_STORY").map(String::as_str), Some("S-1"));
        assert_eq!(env.get("SEMPRE_LABEL_A_B").map(String::as_str), Some("c"));
        assert_eq!(env.get("TERM").map(String::as_str), Some("xterm-256color"));
    }

    #[test]
    fn t10_another_user_gets_nothing_of_the_servers_own() {
        let base = BaseEnvironment::new(map(&[
            ("PATH", "/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("HOME", "/home/service"),
            ("SSH_AUTH_SOCK", "/run/agent"),
            ("XDG_RUNTIME_DIR", "/run/user/0"),
            ("TMPDIR", "/home/service/tmp"),
        ]));
        let theirs = base.of_user("ada", "/home/ada", "/bin/zsh");
        let expected = map(&[
            ("PATH", "/bin"),
            ("LC_ALL", "C.UTF-8"),
            ("HOME", "/home/ada"),
            ("USER", "ada"),
            ("LOGNAME", "ada"),
            ("SHELL", "/bin/zsh"),
        ]);
        assert_eq!(theirs.0, expected);
    }

    #[test]
    fn impossible_names_are_refused() {
        let base = BaseEnvironment::new([]);
        for name in ["", "A=B", "N\0"] {
            let result = base.for_child(SessionId::from_bytes([0; 16]), &map(&[(name, "v")]), &map(&[]));
            assert!(
                matches!(result, Err(SessionError::Invalid { field: "env", .. })),
                "{name:?}"
            );
        }
    }
}
