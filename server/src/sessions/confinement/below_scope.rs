//! Control groups of sessions whose holder is in a scope of its own: below that scope, not below the server's service, so
//! that whatever happens to the service is nothing to the session.
//!
//! A group with processes in it cannot limit those below it: the holder goes into a group `holder` beside the session's,
//! and is limited by neither.

use std::fs;
use std::path::{Path, PathBuf};

use sempre_protocol::confinement::Cgroup;
use sempre_protocol::holder::Spec;

use super::machine;

/// The group the holder itself is in.
const HOLDER_GROUP: &str = "holder";

/// Plans the control group of a session, if it is to have one, below the scope its holder `pid` is in. Where that does not
/// work it stays where it was planned.
pub(super) async fn settle_below(scope: String, pid: u32, spec: &mut Spec) {
    let id = spec.manifest.session;
    let wanted = spec.confinement.as_ref().and_then(|wanted| wanted.cgroup.clone());
    let Some(wanted) = wanted else { return };
    let divided = tokio::task::spawn_blocking(move || {
        let directory = directory_of(&scope, pid)?;
        divide(&directory, pid, &wanted)?;
        let group = directory.join(super::cgroup::name(id));
        group
            .into_os_string()
            .into_string()
            .map_err(|_| "its path is not UTF-8".to_owned())
    });
    match divided.await {
        Ok(Ok(group)) => {
            spec.manifest.cgroup = Some(group.clone());
            let confinement = spec.confinement.as_mut();
            if let Some(cgroup) = confinement.and_then(|confinement| confinement.cgroup.as_mut()) {
                cgroup.directory = group;
            }
        }
        Ok(Err(error)) => {
            tracing::warn!(session = %id, error, "the session's control group is not below its scope but beside the server's");
        }
        // It was cancelled: the server stops.
        Err(_) => {}
    }
}

/// The directory of the scope that a process is in.
fn directory_of(scope: &str, pid: u32) -> Result<PathBuf, String> {
    let read =
        |path: String| fs::read_to_string(&path).map_err(|error| format!("{path} cannot be read: {error}"));
    let groups = read(format!("/proc/{pid}/cgroup"))?;
    let mounts = read("/proc/self/mountinfo".into())?;
    let directory = machine::own_directory(&groups, &mounts).ok_or("cgroup v2 is not mounted")?;
    match directory.file_name().is_some_and(|name| name == scope) {
        true => Ok(directory),
        false => Err(format!(
            "the holder is in {}, not in {scope}",
            directory.display()
        )),
    }
}

/// Makes room for a group with the limits of `wanted`.
fn divide(scope: &Path, pid: u32, wanted: &Cgroup) -> Result<(), String> {
    let holder = scope.join(HOLDER_GROUP);
    let failed = |error: std::io::Error| format!("{}: {error}", holder.display());
    fs::create_dir(&holder).map_err(failed)?;
    fs::write(holder.join("cgroup.procs"), pid.to_string()).map_err(failed)?;
    let has = machine::open(scope.to_path_buf())?.controllers;
    let lacks = [
        ("memory", wanted.memory_max_bytes.is_some() && !has.memory),
        ("cpu", wanted.cpu_max_percent.is_some() && !has.cpu),
        ("pids", wanted.processes_max.is_some() && !has.pids),
    ];
    match lacks.iter().find(|(_, lacks)| *lacks) {
        Some((name, _)) => Err(format!("{} has no controller {name}", scope.display())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Cgroup {
        Cgroup {
            directory: "/sys/fs/cgroup/elsewhere".into(),
            memory_max_bytes: None,
            cpu_max_percent: None,
            processes_max: Some(7),
        }
    }

    /// Files in the place of a kernel's: what was written last stays.
    fn scope(controllers: &str) -> tempfile::TempDir {
        let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
        for (name, text) in [
            ("cgroup.controllers", controllers),
            ("cgroup.procs", ""),
            ("cgroup.subtree_control", ""),
        ] {
            fs::write(temp.path().join(name), text).unwrap();
        }
        temp
    }

    #[test]
    fn k7_t11_the_holder_makes_room_and_the_controllers_are_switched_on() {
        let temp = scope("pids");
        let error = divide(temp.path(), 42, &wanted()).unwrap_err();
        // The file says "+pids", which a kernel would turn into "pids".
        assert!(error.contains("no controller pids"), "{error}");
        let read = |name: &str| fs::read_to_string(temp.path().join(name)).unwrap();
        assert_eq!(read("holder/cgroup.procs"), "42");
        assert_eq!(read("cgroup.subtree_control"), "+pids");
    }

    #[test]
    fn k7_a_holder_that_is_elsewhere_is_told() {
        let error = directory_of("sempre-holder-x.scope", std::process::id()).unwrap_err();
        assert!(!error.is_empty());
        assert!(
            directory_of("sempre-holder-x.scope", 0)
                .unwrap_err()
                .contains("/proc/0/cgroup")
        );
    }
}
