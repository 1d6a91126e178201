//! Confining: the child and not the holder, and nothing is left of it.

use std::fs;
use std::path::{Path, PathBuf};

use sempre_protocol::confinement::{Cgroup, Confinement, UnixUser};
use sempre_protocol::holder::{StartFault, StartReport};

use crate::harness::{SpecBuilder, eventually, is_alive, not_run, start_in};

fn confined(script: &str, confinement: Confinement) -> SpecBuilder {
    let mut spec = SpecBuilder::script(script);
    spec.0.confinement = Some(confinement);
    spec
}

/// Where cgroup v2 is and this process may make groups, with controllers or without.
fn place() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let line = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let place = PathBuf::from(line.split(' ').nth(4)?).join(format!("sempre-test-{}", std::process::id()));
    fs::create_dir(&place).ok()?;
    fs::remove_dir(&place).ok()?;
    Some(place)
}

fn cgroup(directory: &Path) -> Cgroup {
    Cgroup {
        directory: directory.to_str().unwrap().into(),
        memory_max_bytes: None,
        cpu_max_percent: None,
        processes_max: None,
    }
}

fn groups_of(pid: u32) -> String {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
    let own = groups.lines().find(|line| line.starts_with("0::")).unwrap();
    own.to_owned()
}

#[test]
fn t11_the_child_is_in_its_group_the_holder_is_not_and_the_group_goes_with_the_session() {
    let Some(place) = place() else {
        let name =
            "confine::t11_the_child_is_in_its_group_the_holder_is_not_and_the_group_goes_with_the_session";
        return not_run(name, "cgroup: needs cgroup v2 and the right to make groups in it");
    };
    let own = groups_of(std::process::id());
    let script = "(setsid sleep 1000 & echo $! > pid); cat";
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let confinement = Confinement {
        cgroup: Some(cgroup(&place)),
        ..Confinement::default()
    };
    let mut holder = confined(script, confinement).cwd(temp.path()).start();
    let name = place.file_name().unwrap().to_str().unwrap();
    assert!(groups_of(holder.child).ends_with(name));
    assert_eq!(groups_of(holder.pid()), own);
    let left = eventually("the process in the background", || {
        fs::read_to_string(temp.path().join("pid"))
            .ok()?
            .trim()
            .parse::<u32>()
            .ok()
    });
    assert!(groups_of(left).ends_with(name));
    holder.signal(rustix::process::Signal::TERM);
    holder.wait();
    assert!(!place.exists() && !is_alive(left));
}

#[test]
fn t11_a_group_that_cannot_be_made_starts_nothing() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let confinement = Confinement {
        cgroup: Some(cgroup(&temp.path().join("none/of/it"))),
        ..Confinement::default()
    };
    let (mut process, report) = start_in(temp.path(), &confined("cat", confinement).0);
    process.wait().unwrap();
    let StartReport::Failed(error) = report else {
        panic!("{report:?}");
    };
    assert_eq!(error.what, StartFault::System);
    assert!(error.message.contains("none/of/it"), "{}", error.message);
}

#[test]
fn t10_root_is_no_user_to_become() {
    let temp = tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap();
    let confinement = Confinement {
        user: Some(UnixUser {
            name: "root".into(),
            uid: 0,
            gid: 0,
            groups: vec![0],
        }),
        ..Confinement::default()
    };
    let (mut process, report) = start_in(temp.path(), &confined("cat", confinement).0);
    process.wait().unwrap();
    assert!(matches!(report, StartReport::Failed(_)), "{report:?}");
}
