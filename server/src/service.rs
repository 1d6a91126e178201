//! The service of systemd that keeps the server running (row K7): its unit, and where units are.
//!
//! What would cage the server would cage every shell, since all of it is inherited: so there is no `PrivateTmp`,
//! `ProtectHome`, `ProtectSystem` or `NoNewPrivileges` here. Holders outlive a restart (`KillMode=process`) and a shell
//! that runs out of memory (`OOMPolicy=continue`).

pub mod notify;
pub mod scope;
pub mod unit_of;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// The unit's name.
pub const UNIT: &str = "sempre.service";
/// The first line of a unit that was written by this program; others are left alone.
pub const MARK: &str = "# Written by `sempre service`; changes belong into `systemctl edit sempre.service`.";
/// What has a meaning in units, besides blanks.
const SPECIAL: [char; 4] = ['%', '$', '"', '\\'];

/// Whose service it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Of the user who runs this, by the user's own manager.
    User,
    /// Of the machine; sessions run as this user.
    System {
        /// The user's name.
        user: String,
    },
}

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Whose.
    pub scope: Scope,
    /// The server's program, absolute.
    pub program: PathBuf,
    /// Flags of `sempre serve`.
    pub args: Vec<String>,
}

impl Service {
    /// The unit's text.
    ///
    /// # Errors
    /// If a path or an argument cannot be written in a unit.
    pub fn unit(&self) -> anyhow::Result<String> {
        let program = self
            .program
            .to_str()
            .context("the path of this program is no text")?;
        if !self.program.is_absolute() {
            bail!("{program} is no absolute path; systemd needs one");
        }
        let program = word(program)?;
        let args = self
            .args
            .iter()
            .map(|arg| word(arg))
            .collect::<Result<Vec<_>, _>>()?;
        let start = [vec![program.clone(), "serve".into()], args].concat().join(" ");
        let (whose, wanted_by) = match &self.scope {
            Scope::User => (String::new(), "default.target"),
            Scope::System { user } => (format!("User={}\n", name(user)?), "multi-user.target"),
        };
        Ok(format!(
            "{MARK}\n\
             [Unit]\n\
             Description=Sempre: terminals in the browser whose sessions are always there\n\
             After=network.target\n\
             \n\
             [Service]\n\
             Type=notify\n\
             {whose}\
             WorkingDirectory=~\n\
             ExecStart={start}\n\
             ExecReload=/bin/kill -HUP $MAINPID\n\
             # What a crash left behind: dead sockets, stale locks.\n\
             ExecStopPost=-{program} doctor --fix --yes --json\n\
             Restart=on-failure\n\
             RestartSec=5\n\
             WatchdogSec=60\n\
             TimeoutStopSec=15\n\
             # Only the server ends at a restart: each session lives in a process of its own.\n\
             KillMode=process\n\
             OOMPolicy=continue\n\
             TasksMax=infinity\n\
             Delegate=yes\n\
             \n\
             [Install]\n\
             WantedBy={wanted_by}\n"
        ))
    }
}

/// One word of a command line in a unit.
fn word(text: &str) -> anyhow::Result<String> {
    if text.chars().any(char::is_control) {
        bail!("{text:?} has control characters and cannot stand in a unit");
    }
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$");
    let needs = text.is_empty()
        || text
            .chars()
            .any(|c| c.is_whitespace() || SPECIAL.contains(&c) || c == '\'' || c == ';');
    Ok(if needs { format!("\"{escaped}\"") } else { escaped })
}

fn name(user: &str) -> anyhow::Result<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '$');
    match !user.is_empty() && user.chars().all(plain) && !user.starts_with('-') {
        true => Ok(user),
        false => bail!("{user:?} is no name of a user"),
    }
}

/// Writes the unit, unless somebody else wrote one there.
///
/// # Errors
/// If it cannot be written, or another unit is in its place.
pub fn install(path: &Path, text: &str) -> anyhow::Result<()> {
    let shown = path.display();
    if !is_ours(path)? {
        bail!("{shown} was not written by `sempre service`; move it away first");
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {shown}"))
}

/// Removes the unit; false: there was none.
///
/// # Errors
/// If it cannot be removed, or is somebody else's.
pub fn uninstall(path: &Path) -> anyhow::Result<bool> {
    let shown = path.display();
    if !path.exists() {
        return Ok(false);
    }
    if !is_ours(path)? {
        bail!("{shown} was not written by `sempre service`; remove it by hand");
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove {shown}"))?;
    Ok(true)
}

/// Whether the unit there may be replaced; nothing there may be.
fn is_ours(path: &Path) -> anyhow::Result<bool> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.lines().next() == Some(MARK)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(scope: Scope) -> Service {
        Service {
            scope,
            program: "/usr/local/bin/sempre".into(),
            args: Vec::new(),
        }
    }

    /// packaging/sempre.service is what is installed for the machine; `SEMPRE_UPDATE=1` writes it.
    #[test]
    fn k7_the_packaged_unit_is_what_is_installed() {
        let user = "sempre".to_owned();
        let text = service(Scope::System { user }).unit().unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/sempre.service");
        if std::env::var_os("SEMPRE_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text,
            "SEMPRE_UPDATE=1 writes it anew"
        );
        for line in [
            "Type=notify",
            "KillMode=process",
            "OOMPolicy=continue",
            "TasksMax=infinity",
            "Delegate=yes",
            "Restart=on-failure",
            "RestartSec=5",
            "WatchdogSec=60",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}");
        }
        for cage in ["PrivateTmp", "ProtectHome", "ProtectSystem", "NoNewPrivileges"] {
            assert!(!text.contains(cage), "{cage}");
        }
    }

    #[test]
    fn k7_words_of_a_unit_mean_what_they_are() {
        let args = ["--data-dir", "/a b/$HOME/50%", "--shell", "x\"y\\z"]
            .map(str::to_owned)
            .into();
        let text = Service {
            args,
            ..service(Scope::User)
        }
        .unit()
        .unwrap();
        let line =
            "ExecStart=/usr/local/bin/sempre serve --data-dir \"/a b/$$HOME/50%%\" --shell \"x\\\"y\\\\z\"";
        assert!(text.lines().any(|found| found == line), "{text}");
        assert!(!text.contains("User="));
        let bad = |args: &[&str], scope| {
            let args = args.iter().map(|arg| (*arg).to_owned()).collect();
            Service {
                args,
                ..service(scope)
            }
            .unit()
            .is_err()
        };
        assert!(bad(&["a\nExecStart=/bin/sh"], Scope::User));
        assert!(bad(&[], Scope::System { user: "a\nb".into() }));
    }

    #[test]
    fn k7_units_of_others_are_left_alone() {
        let dir = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let path = dir.path().join("units").join(UNIT);
        let text = service(Scope::User).unit().unwrap();
        install(&path, &text).unwrap();
        install(&path, &text).unwrap();
        assert!(uninstall(&path).unwrap() && !uninstall(&path).unwrap());
        std::fs::write(&path, "[Unit]\n").unwrap();
        assert!(install(&path, &text).is_err() && uninstall(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "[Unit]\n");
    }
}
