//! What this machine can hold sessions to, looked at once: whether a control group (cgroup v2) is there for us to divide,
//! and whether this process may become other users.
//!
//! Only a group that was given to the server is touched: one that systemd has delegated (its mark is on the directory,
//! and the server sits in a group of its own below it), or one that the server was told. [`choose`] is pure.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sempre_protocol::SessionId;

use super::CgroupChoice;

/// Marks systemd puts on a directory it has given away; the first one can be read by anyone.
const DELEGATED_MARKS: [&str; 2] = ["user.delegate", "trusted.delegate"];

/// A place for control groups that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no control groups can be made in {directory}: {reason}; name another with --session-cgroup, or leave it away"
)]
pub struct MachineError {
    directory: String,
    reason: String,
}

/// Which of the kernel's controllers a group can use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Controllers {
    /// `memory.max`.
    pub(super) memory: bool,
    /// `cpu.max`.
    pub(super) cpu: bool,
    /// `pids.max`.
    pub(super) pids: bool,
}

impl Controllers {
    /// From a list such as `cpuset cpu memory pids`.
    fn read(list: &str) -> Self {
        let has = |name: &str| list.split_whitespace().any(|word| word == name);
        Self {
            memory: has("memory"),
            cpu: has("cpu"),
            pids: has("pids"),
        }
    }
}

/// Where groups of sessions are made, and what they can limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupBase {
    /// Its directory.
    pub(super) directory: PathBuf,
    /// What groups below it can use.
    pub(super) controllers: Controllers,
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    /// None: why there are no control groups.
    pub(super) cgroup: Result<GroupBase, String>,
    /// This process may become any user.
    pub(super) is_root: bool,
}

/// The group above the server's own, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Above {
    directory: PathBuf,
    /// It has systemd's mark.
    delegated: bool,
    /// Groups can be made in it.
    writable: bool,
    /// Processes are in it, so that its groups can limit nothing.
    inhabited: bool,
}

/// The directory in which groups of sessions may be made.
fn choose(choice: &CgroupChoice, above: Result<Above, String>) -> Result<PathBuf, String> {
    match choice {
        CgroupChoice::Off => Err("it is switched off (--session-cgroup off)".into()),
        CgroupChoice::Below(directory) => Ok(directory.clone()),
        CgroupChoice::Delegated => {
            let above = above?;
            let shown = above.directory.display();
            let advice = "a systemd unit with Delegate=yes and DelegateSubgroup=server, or --session-cgroup";
            match above {
                Above { delegated: false, .. } => {
                    Err(format!("{shown} is not delegated to the server: use {advice}"))
                }
                Above { writable: false, .. } => Err(format!("{shown} cannot be written to: use {advice}")),
                Above { inhabited: true, .. } => {
                    Err(format!("processes are in {shown} itself: use {advice}"))
                }
                Above { directory, .. } => Ok(directory),
            }
        }
    }
}

impl Machine {
    /// Looks at the machine; where groups are to be made, their controllers are switched on.
    ///
    /// # Errors
    /// If groups cannot be made where `choice` names a directory.
    pub(super) fn look(choice: &CgroupChoice) -> Result<Self, MachineError> {
        let above = match choice {
            CgroupChoice::Delegated => above_own(),
            CgroupChoice::Below(_) | CgroupChoice::Off => Err(String::new()),
        };
        let cgroup = choose(choice, above).and_then(open);
        if let (CgroupChoice::Below(directory), Err(reason)) = (choice, &cgroup) {
            return Err(MachineError {
                directory: directory.display().to_string(),
                reason: reason.clone(),
            });
        }
        Ok(Self {
            cgroup,
            is_root: rustix::process::geteuid().is_root(),
        })
    }

    /// What groups of sessions can limit.
    pub(super) fn controllers(&self) -> Controllers {
        self.cgroup
            .as_ref()
            .map_or(Controllers::default(), |base| base.controllers)
    }

    /// The directory of a session's group; none: there are no groups.
    pub(super) fn group(&self, id: SessionId) -> Option<String> {
        let base = self.cgroup.as_ref().ok()?;
        let directory = base.directory.join(super::cgroup::name(id));
        directory.to_str().map(str::to_owned)
    }

    /// Why a control group does not hold what it is asked to.
    pub(super) fn without_cgroup(&self) -> String {
        match &self.cgroup {
            Err(reason) => reason.clone(),
            Ok(base) => format!(
                "{} has no controller for it (cgroup.controllers, cgroup.subtree_control)",
                base.directory.display()
            ),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cgroup {
            Err(reason) => write!(f, "limits are rlimits, of each process: {reason}"),
            Ok(base) => {
                let Controllers { memory, cpu, pids } = base.controllers;
                let names = [(memory, "memory"), (cpu, "cpu"), (pids, "pids")];
                let names: Vec<_> = names
                    .iter()
                    .filter(|(has, _)| *has)
                    .map(|(_, name)| *name)
                    .collect();
                let names = if names.is_empty() {
                    "nothing".to_owned()
                } else {
                    names.join(", ")
                };
                write!(f, "control groups in {} limit {names}", base.directory.display())
            }
        }
    }
}

/// Switches controllers on in a directory of cgroup v2.
pub(super) fn open(directory: PathBuf) -> Result<GroupBase, String> {
    let file = |name: &str| directory.join(name);
    let listed = fs::read_to_string(file("cgroup.controllers"))
        .map_err(|error| format!("it is no directory of cgroup v2 ({error})"))?;
    if directory.to_str().is_none() {
        return Err("its path is not UTF-8".into());
    }
    if !is_writable(&directory) {
        return Err("this user may not write to it".into());
    }
    let available = Controllers::read(&listed);
    let subtree = file("cgroup.subtree_control");
    for (has, name) in [
        (available.memory, "+memory"),
        (available.cpu, "+cpu"),
        (available.pids, "+pids"),
    ] {
        // One at a time: what cannot be switched on is not there below.
        if has && let Err(error) = fs::write(&subtree, name) {
            tracing::debug!(%error, path = %subtree.display(), controller = name, "stays off");
        }
    }
    let enabled = fs::read_to_string(&subtree).map_err(|error| format!("{}: {error}", subtree.display()))?;
    Ok(GroupBase {
        controllers: Controllers::read(&enabled),
        directory,
    })
}

fn is_writable(directory: &Path) -> bool {
    let writable = |path: &Path| rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    writable(directory) && writable(&directory.join("cgroup.procs"))
}

/// The group above this process' own.
fn above_own() -> Result<Above, String> {
    let read =
        |path: &str| fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"));
    let (groups, mounts) = (read("/proc/self/cgroup")?, read("/proc/self/mountinfo")?);
    let own = own_directory(&groups, &mounts).ok_or("cgroup v2 is not mounted")?;
    let root = mount_point(&mounts).unwrap_or_default();
    if own == root {
        return Err("the server is in the root of the control groups: name one with --session-cgroup".into());
    }
    let directory = own.parent().map(Path::to_path_buf).unwrap_or(own);
    let procs = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    Ok(Above {
        delegated: DELEGATED_MARKS.iter().any(|mark| has_mark(&directory, mark)),
        writable: is_writable(&directory),
        inhabited: !procs.trim().is_empty(),
        directory,
    })
}

fn has_mark(directory: &Path, name: &str) -> bool {
    let mut value = [0; 8];
    let length = rustix::fs::getxattr(directory, name, &mut value[..]);
    length.is_ok_and(|length| value.get(..length) == Some(b"1"))
}

/// The directory of the group named in `/proc/self/cgroup`.
pub(super) fn own_directory(groups: &str, mounts: &str) -> Option<PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(match own {
        "" => mount_point(mounts)?,
        own => mount_point(mounts)?.join(own),
    })
}

/// Where `/proc/self/mountinfo` says that cgroup v2 is.
fn mount_point(mounts: &str) -> Option<PathBuf> {
    let is_v2 = |line: &&str| {
        let (_, kind) = line.split_once(" - ").unwrap_or_default();
        kind.starts_with("cgroup2 ")
    };
    let line = mounts.lines().find(is_v2)?;
    line.split(' ').nth(4).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 0:20 / /proc rw - proc proc rw\n\
                          31 23 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    fn above(delegated: bool, writable: bool, inhabited: bool) -> Result<Above, String> {
        Ok(Above {
            directory: "/sys/fs/cgroup/system.slice/sempre.service".into(),
            delegated,
            writable,
            inhabited,
        })
    }

    #[test]
    fn t11_the_own_group_is_found_below_the_mount() {
        let own = |groups| own_directory(groups, MOUNTS);
        assert_eq!(
            own("12:cpu:/a\n0::/system.slice/sempre.service/server\n"),
            Some("/sys/fs/cgroup/system.slice/sempre.service/server".into())
        );
        assert_eq!(own("0::/\n"), Some("/sys/fs/cgroup".into()));
        assert_eq!(own("4:memory:/x\n"), None);
        assert_eq!(
            own_directory("0::/x\n", "22 1 0:20 / /proc rw - proc proc rw\n"),
            None
        );
    }

    #[test]
    fn t11_only_a_group_that_was_given_to_the_server_is_used() {
        let auto = CgroupChoice::Delegated;
        assert!(choose(&auto, above(true, true, false)).is_ok());
        for (found, why) in [
            (above(false, true, false), "not delegated"),
            (above(true, false, false), "written"),
            (above(true, true, true), "processes"),
            (Err("cgroup v2 is not mounted".into()), "not mounted"),
        ] {
            let reason = choose(&auto, found).unwrap_err();
            assert!(reason.contains(why), "{reason}");
        }
        let off = choose(&CgroupChoice::Off, above(true, true, false)).unwrap_err();
        assert!(off.contains("switched off"), "{off}");
        let named = CgroupChoice::Below("/sys/fs/cgroup/mine".into());
        assert_eq!(
            choose(&named, Err(String::new())),
            Ok("/sys/fs/cgroup/mine".into())
        );
    }

    #[test]
    fn t11_a_named_place_that_is_no_control_group_is_an_error() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let choice = CgroupChoice::Below(temp.path().into());
        let error = Machine::look(&choice).unwrap_err().to_string();
        assert!(
            error.contains("cgroup v2") && error.contains("--session-cgroup"),
            "{error}"
        );
    }

    #[test]
    fn t11_controllers_are_switched_on_and_what_is_not_on_is_not_there() {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(temp.path().join(name), text).unwrap();
        write("cgroup.controllers", "cpuset cpu io memory pids\n");
        write("cgroup.procs", "");
        // A plain file keeps what was written last, as a kernel that refuses the others would.
        write("cgroup.subtree_control", "");
        let base = open(temp.path().into()).unwrap();
        assert_eq!(
            fs::read_to_string(temp.path().join("cgroup.subtree_control")).unwrap(),
            "+pids"
        );
        assert_eq!(base.controllers, Controllers::default());
        assert_eq!(
            Controllers::read("cpu memory\n"),
            Controllers {
                memory: true,
                cpu: true,
                pids: false
            }
        );
    }
}
