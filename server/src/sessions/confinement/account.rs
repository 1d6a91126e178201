//! The Unix user a session runs as, from the system's user database (files, LDAP, whatever NSS is set to).

use std::ffi::CString;

use nix::unistd::{User, getgrouplist};
use sempre_protocol::confinement::UnixUser;
use sempre_protocol::holder::Spec;

use crate::sessions::SessionError;
use crate::sessions::environment::BaseEnvironment;

/// The field of the request.
const FIELD: &str = "run_as";
/// Longest name of a Unix user, bytes.
const MAX_NAME_BYTES: usize = 256;
/// The first user id that belongs to a person and not to the system: nobody becomes `postgres` by being called so.
const FIRST_PERSON_UID: u32 = 1000;

fn invalid(message: String) -> SessionError {
    SessionError::Invalid {
        field: FIELD,
        message,
    }
}

/// The refusal of a server that cannot change users.
pub(super) fn not_root() -> SessionError {
    let uid = rustix::process::geteuid().as_raw();
    invalid(format!(
        "this server runs as the user id {uid}, and so do its sessions: start it as root to run them as others, or \
         leave run_as away"
    ))
}

/// A user and where it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sessions) struct Account {
    /// Its ids.
    pub(in crate::sessions) user: UnixUser,
    home: String,
    shell: String,
}

impl Account {
    /// Asks the system; `personal`: only a person's account will do.
    pub(super) async fn find(name: &str, personal: bool) -> Result<Self, SessionError> {
        let name = name.to_owned();
        // A name service may be on the network.
        let found = tokio::task::spawn_blocking(move || look_up(&name)).await;
        let found =
            found.map_err(|error| SessionError::system("cannot look up the user")(error.into()))??;
        let Self { user, .. } = &found;
        if user.uid == 0 {
            return Err(invalid(format!(
                "{} has the user id 0, as the server: leave run_as away",
                user.name
            )));
        }
        if personal && user.uid < FIRST_PERSON_UID {
            return Err(invalid(format!(
                "{} is an account of the system (user id {} is below {FIRST_PERSON_UID}) and no person's",
                user.name, user.uid
            )));
        }
        Ok(found)
    }

    /// What its programs inherit: of the server's environment only what is no one's, and where it lives.
    pub(in crate::sessions) fn environment(&self, base: &BaseEnvironment) -> BaseEnvironment {
        base.of_user(&self.user.name, &self.home, &self.shell)
    }

    /// The shell of a session that names none; none: the server's default.
    pub(in crate::sessions) fn shell(&self) -> Option<&str> {
        Some(self.shell.as_str()).filter(|shell| shell.starts_with('/'))
    }

    /// Gives a session what belongs to its user rather than to its shell.
    pub(super) fn enter(&self, spec: &mut Spec) {
        if self.shell().is_some() {
            spec.child_env.insert("SHELL".into(), self.shell.clone());
        }
        // As `login` does.
        if spec.manifest.cwd == self.home && !std::path::Path::new(&self.home).is_dir() {
            spec.manifest.cwd = "/".into();
        }
    }
}

fn look_up(name: &str) -> Result<Account, SessionError> {
    let unknown = || invalid(format!("there is no Unix user {name:?} on this machine"));
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(unknown());
    }
    let system = |errno: nix::Error| SessionError::system("cannot look up the user")(errno.into());
    let c_name = CString::new(name).map_err(|_| unknown())?;
    let user = User::from_name(name).map_err(system)?.ok_or_else(unknown)?;
    let groups = getgrouplist(&c_name, user.gid).map_err(system)?;
    Ok(Account {
        user: UnixUser {
            name: user.name,
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            groups: groups.into_iter().map(nix::unistd::Gid::as_raw).collect(),
        },
        home: text(user.dir).unwrap_or_else(|| "/".into()),
        shell: text(user.shell).unwrap_or_default(),
    })
}

fn text(path: std::path::PathBuf) -> Option<String> {
    path.into_os_string()
        .into_string()
        .ok()
        .filter(|path| path.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn t10_a_user_comes_with_its_groups_and_its_home() {
        let account = Account::find("nobody", false).await.unwrap();
        assert!(account.user.uid != 0 && account.user.groups.contains(&account.user.gid));
        assert!(account.home.starts_with('/'));
    }

    #[tokio::test]
    async fn t10_root_and_who_is_not_there_are_refused() {
        for name in ["root", "no-such-user-here", "", "a\0b"] {
            let error = Account::find(name, false).await.unwrap_err().to_string();
            assert!(error.starts_with("run_as: "), "{error}");
        }
    }

    #[tokio::test]
    async fn t10_nobody_becomes_an_account_of_the_system_by_being_called_so() {
        let error = Account::find("daemon", true).await.unwrap_err().to_string();
        assert!(error.contains("below 1000"), "{error}");
        assert!(Account::find("daemon", false).await.is_ok());
        assert!(Account::find("nobody", true).await.is_ok());
    }
}
