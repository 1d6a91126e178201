//! Starting: what the holder reports, and that nothing is left of what it could not start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use sempre_protocol::holder::{
    LOCK_NAME, MANIFEST_NAME, Manifest, SOCKET_NAME, StartError, StartFault, StartReport,
};

use crate::harness::{Holder, SpecBuilder, is_alive, start_in, start_with};

fn temp() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("sempre-test-").tempdir().unwrap()
}

/// Starts what cannot be started.
fn refused(directory: &Path, spec: SpecBuilder) -> StartError {
    let (mut process, report) = start_in(directory, &spec.0);
    assert_eq!(process.wait().unwrap().code(), Some(1));
    match report {
        StartReport::Failed(error) => error,
        StartReport::Ok { pid } => panic!("{pid} was started"),
    }
}

fn assert_refused(directory: &Path, spec: SpecBuilder, what: StartFault, path: &Path, errno: i32) {
    let error = refused(directory, spec);
    assert_eq!((error.what, error.errno), (what, Some(errno)), "{error:?}");
    assert_eq!(Path::new(&error.path), path);
    assert!(
        error.message.contains(path.to_str().unwrap()),
        "{}",
        error.message
    );
}

#[test]
fn a_started_holder_has_reported_its_child_and_left_its_files_private() {
    let holder = Holder::script("cat");
    assert!(is_alive(holder.child));
    let manifest = fs::read(holder.directory.join(MANIFEST_NAME)).unwrap();
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    assert_eq!((manifest.pid, manifest.session), (holder.child, holder.session));
    assert!(holder.holds_lock());
    let pid = fs::read_to_string(holder.directory.join(LOCK_NAME)).unwrap();
    assert_eq!(pid, holder.pid().to_string());
    for entry in fs::read_dir(&holder.directory).unwrap() {
        let path = entry.unwrap().path();
        let mode = fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
    assert!(holder.directory.join(SOCKET_NAME).exists());
}

#[test]
fn what_cannot_be_started_is_reported_with_path_and_errno() {
    let temp = temp();
    let file = |name: &str, content: &str, mode: u32| {
        let path = temp.path().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    const ENOENT: i32 = 2;
    const EACCES: i32 = 13;
    const ENOTDIR: i32 = 20;
    const EISDIR: i32 = 21;
    let plain = file("plain", "#!/bin/sh\n", 0o644);
    for (n, (program, errno)) in [
        (temp.path().join("missing"), ENOENT),
        (plain.clone(), EACCES),
        (temp.path().to_path_buf(), EISDIR),
        (file("script", "#!/no/such/interpreter\n", 0o755), ENOENT),
        (plain.join("below"), ENOTDIR),
    ]
    .into_iter()
    .enumerate()
    {
        let directory = temp.path().join(n.to_string());
        fs::create_dir(&directory).unwrap();
        let spec = SpecBuilder::new(&[program.to_str().unwrap()]);
        assert_refused(&directory, spec, StartFault::Program, &program, errno);
        assert!(!directory.join(SOCKET_NAME).exists() && !directory.join(MANIFEST_NAME).exists());
    }
    for (n, (cwd, errno)) in [(temp.path().join("nowhere"), ENOENT), (plain, ENOTDIR)]
        .into_iter()
        .enumerate()
    {
        let directory = temp.path().join(format!("cwd{n}"));
        fs::create_dir(&directory).unwrap();
        let spec = SpecBuilder::script("true").cwd(&cwd);
        assert_refused(&directory, spec, StartFault::Cwd, &cwd, errno);
    }
    // Directories that may not be searched would be told instead.
    let spec = SpecBuilder::new(&["no-such-program"]).path("/usr/bin:/bin");
    let error = refused(temp.path(), spec);
    assert_eq!(
        (error.path.as_str(), error.errno),
        ("no-such-program", Some(ENOENT))
    );
}

#[test]
fn an_empty_command_and_a_broken_spec_are_reported() {
    let temp = temp();
    assert_eq!(
        refused(temp.path(), SpecBuilder::new(&[])).what,
        StartFault::Program
    );
    for json in [&b""[..], b"{", b"[]", b"{\"version\":1}", b"\xff\xfe"] {
        let (mut process, report) = start_with(&[], temp.path(), json);
        let Ok(StartReport::Failed(error)) = report else {
            panic!("{report:?}");
        };
        assert_eq!(error.what, StartFault::System);
        assert!(error.message.contains("spec"), "{}", error.message);
        assert_eq!(process.wait().unwrap().code(), Some(1));
    }
}

#[test]
fn fields_of_a_later_release_do_not_stop_a_start() {
    let temp = temp();
    let mut spec = serde_json::to_value(&SpecBuilder::script("exit 0").0).unwrap();
    spec["manifest"]["colour"] = "blue".into();
    spec["cgroup"] = "/x".into();
    let (mut process, report) = start_with(&[], temp.path(), &serde_json::to_vec(&spec).unwrap());
    assert!(matches!(report, Ok(StartReport::Ok { .. })), "{report:?}");
    assert!(process.wait().unwrap().success());
}

#[test]
fn a_directory_that_is_missing_or_taken_is_reported() {
    let holder = Holder::script("cat");
    let missing = holder.directory.join("missing");
    assert_eq!(
        refused(&missing, SpecBuilder::script("true")).what,
        StartFault::System
    );
    let error = refused(&holder.directory, SpecBuilder::script("echo intruder"));
    assert_eq!(error.what, StartFault::System, "{error:?}");
    let mut client = holder.connect();
    client.input(crate::harness::ONE, 0, b"unharmed\n");
    client.until_tail(10);
    assert!(holder.text().starts_with("unharmed"));
}

#[test]
fn a_directory_with_a_journal_is_not_written_over() {
    let mut holder = Holder::script("echo precious");
    holder.wait();
    let error = refused(&holder.directory, SpecBuilder::script("echo intruder"));
    assert_eq!(error.what, StartFault::System);
    assert_eq!(holder.text(), "precious\r\n");
}

#[test]
fn files_of_the_starter_stay_with_the_starter() {
    let temp = temp();
    let directory = temp.path().join("session");
    fs::create_dir(&directory).unwrap();
    let precious = temp.path().join("precious");
    fs::write(&precious, "").unwrap();
    let open = format!("exec 7<'{}'; exec \"$@\"", precious.display());
    let spec = SpecBuilder::script("ls -l /proc/$$/fd; cat").0;
    let holder = Holder::start(&["sh", "-c", &open, "sh"], directory, &spec);
    for fd in fs::read_dir(format!("/proc/{}/fd", holder.pid())).unwrap() {
        let link = fs::read_link(fd.unwrap().path()).unwrap();
        assert_ne!(link, precious);
    }
    holder
        .connect()
        .until("the listing", |_| holder.text().contains(" 2 -> /dev/pts/"));
    assert!(!holder.text().contains("precious"), "{}", holder.text());
}

#[test]
fn the_program_says_its_version_and_who_starts_it() {
    let program = env!("CARGO_BIN_EXE_sempre-holder");
    let version = Command::new(program).arg("--version").output().unwrap();
    assert_eq!(
        version.stdout,
        concat!("sempre-holder ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()
    );
    let usage = Command::new(program).output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&usage.stderr).contains("sempre serve"));
}
