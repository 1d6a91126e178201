//! From a started process to a serving holder, in the order the crate's head gives.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sempre_journal::DEFAULT_INPUT_BUDGET_BYTES;
use sempre_protocol::confinement::Confinement;
use sempre_protocol::holder::{LOCK_NAME, MANIFEST_NAME, Manifest, Spec, StartError, StartReport};

use crate::cgroup::Group;
use crate::child::{self, system_error};
use crate::control::ControlSocket;
use crate::detach;
use crate::ending::ChildHandle;
use crate::output::Output;
use crate::pty::Pty;
use crate::recording::Recording;
use crate::serve::Holder;
use crate::signals::Signals;

/// Largest spec read from standard input, bytes.
const MAX_SPEC_BYTES: u64 = 4 * 1024 * 1024;

/// Runs a holder in `directory` from boot to the end of its session.
///
/// # Errors
/// If nothing could be started; the reason is then on standard output as a [`StartReport`].
pub fn run(directory: &Path) -> anyhow::Result<()> {
    detach::close_inherited().context("cannot close inherited files")?;
    detach::leave_session().context("cannot leave the starter's session")?;
    let started = read_spec().and_then(|spec| start(directory, spec));
    let report = match &started {
        Ok((holder, _)) => StartReport::Ok { pid: holder.pid() },
        Err(error) => StartReport::Failed(error.clone()),
    };
    let json = serde_json::to_vec(&report).context("cannot write the report")?;
    // A starter that is gone already does not end the session it asked for.
    let _ = io::stdout().write_all(&json).and_then(|()| io::stdout().flush());
    let (holder, group) = started?;
    detach::silence_stdio().context("cannot point the standard streams at /dev/null")?;
    holder.run();
    // With what the session left in the background.
    drop(group);
    Ok(())
}

fn read_spec() -> Result<Spec, StartError> {
    let mut json = Vec::new();
    io::stdin()
        .take(MAX_SPEC_BYTES)
        .read_to_end(&mut json)
        .map_err(|error| system_error("the spec on standard input", &error))?;
    serde_json::from_slice(&json).map_err(|error| {
        system_error(
            "the spec on standard input",
            &io::Error::new(io::ErrorKind::InvalidData, error),
        )
    })
}

fn start(directory: &Path, spec: Spec) -> Result<(Holder, Option<Group>), StartError> {
    let system = |what: &'static str| move |error: io::Error| system_error(what, &error);
    std::env::set_current_dir(directory)
        .map_err(|error| system_error(&directory.display().to_string(), &error))?;
    // From here on the session's directory is ".", whatever its path is called later.
    let here = Path::new(".");
    let lock = take_lock(here).map_err(system("the lock of the session's directory"))?;
    let mut manifest = spec.manifest;
    manifest.size = manifest.size.clamped();
    let output = Output::create(here, manifest.size, spec.budget_bytes).map_err(system("the journal"))?;
    let recording = manifest
        .records_input
        .then(|| {
            Recording::create(
                here,
                spec.input_budget_bytes.unwrap_or(DEFAULT_INPUT_BUDGET_BYTES),
            )
        })
        .transpose()
        .map_err(system("the recording of input"))?;
    let signals = Signals::install().map_err(system("the signal pipes"))?;
    let pty = Pty::open(manifest.size).map_err(system("a PTY"))?;
    let terminal = pty.open_terminal().map_err(system("the terminal"))?;
    if let Some(soft) = spec.open_files {
        take_open_files(soft).map_err(|errno| system("the limit of open files")(errno.into()))?;
    }
    let group = make_group(spec.confinement.as_ref())?;
    let confinement = spec.confinement.as_ref().map(|wanted| (wanted, group.as_ref()));
    let started = child::spawn(&manifest, &spec.args, &spec.child_env, &terminal, confinement)?;
    manifest.pid = started.id();
    let child = ChildHandle::new(manifest.pid).map_err(system("the child's pidfd"))?;
    let kill = |error: io::Error| {
        child.signal_all(None, sempre_protocol::texts::Signal::Kill);
        system_error("the session's directory", &error)
    };
    write_manifest(here, &manifest).map_err(kill)?;
    let socket = ControlSocket::bind(here).map_err(kill)?;
    let holder = Holder::new(manifest, pty, child, output, socket, signals, lock).with_recording(recording);
    Ok((holder, group))
}

/// Of this process, which needs few; the child has the same.
fn take_open_files(soft: u64) -> rustix::io::Result<()> {
    let given = getrlimit(Resource::Nofile);
    let most = given.maximum.unwrap_or(u64::MAX);
    let taken = Rlimit {
        current: Some(soft.min(most)),
        ..given
    };
    setrlimit(Resource::Nofile, taken)
}

fn make_group(confinement: Option<&Confinement>) -> Result<Option<Group>, StartError> {
    let Some(wanted) = confinement.and_then(|confinement| confinement.cgroup.as_ref()) else {
        return Ok(None);
    };
    let made = Group::make(wanted);
    made.map(Some)
        .map_err(|error| system_error(&format!("the control group {}", wanted.directory), &error))
}

/// Takes the lock that means "this holder lives"; the file holds this process' pid.
///
/// A server that looks whether the lock is free holds it for an instant: so this waits, but not for ever.
fn take_lock(directory: &Path) -> io::Result<File> {
    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(10);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(directory.join(LOCK_NAME))?;
    let mut tries = 1;
    while let Err(error) = file.try_lock() {
        if tries == TRIES {
            return Err(error.into());
        }
        tries += 1;
        std::thread::sleep(PAUSE);
    }
    file.set_len(0)?;
    write!(file, "{}", std::process::id())?;
    Ok(file)
}

/// Writes `session.json`, mode 0600, so that no reader sees half of it.
fn write_manifest(directory: &Path, manifest: &Manifest) -> io::Result<()> {
    let temporary = directory.join(format!("{MANIFEST_NAME}.new"));
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(manifest)?)?;
    std::fs::rename(&temporary, directory.join(MANIFEST_NAME))
}
