//! Starting a holder: the spec goes in on a pipe, the report comes out on another, then it is on its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sempre_protocol::holder::{CONFINE_ARGUMENT, Spec, StartReport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::SessionError;
use super::confinement::Confiner;
use super::scopes::Scopes;

/// A holder that has not reported by then is given up.
const REPORT_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest report read, bytes.
const MAX_REPORT_BYTES: u64 = 64 * 1024;
/// Environment variable that names another holder program.
const HOLDER_VARIABLE: &str = "SEMPRE_HOLDER";

/// The holder program: named by `SEMPRE_HOLDER`, else `sempre-holder` beside this program.
///
/// Looked up once at start: after an upgrade this program's own path may be gone.
///
/// # Errors
/// If there is none, with the paths that were tried.
pub fn find_holder() -> Result<PathBuf, SessionError> {
    let path = match std::env::var_os(HOLDER_VARIABLE) {
        Some(path) => PathBuf::from(path),
        None => {
            let own =
                std::env::current_exe().map_err(SessionError::system("cannot find this program's path"))?;
            own.with_file_name("sempre-holder")
        }
    };
    let missing = format!(
        "cannot run the holder {}: put sempre-holder beside sempre or name it in {HOLDER_VARIABLE}",
        path.display()
    );
    rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).map_err(|errno| SessionError::System {
        what: missing,
        source: errno.into(),
    })?;
    Ok(path)
}

/// Starts a holder in `directory` and waits until its child runs or could not be started. Before it is told what to start
/// it is put into a scope of its own, where there is one: its child never is anywhere else.
///
/// The returned process is this server's child until one of the two ends; it must be waited for.
pub(super) async fn launch(
    holder: &Path,
    directory: &Path,
    spec: &mut Spec,
    scopes: &Scopes,
    confiner: &Confiner,
) -> Result<Child, SessionError> {
    let mut child = Command::new(holder)
        .arg(directory)
        .args(spec.confinement.as_ref().map(|_| CONFINE_ARGUMENT))
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(SessionError::system("cannot start the holder"))?;
    if let Some(pid) = child.id()
        && let Some(scope) = scopes.enter(spec.manifest.session, pid).await
    {
        confiner.settle_below(scope, pid, spec).await;
    }
    match told(&mut child, spec).await {
        Ok(()) => Ok(child),
        Err(error) => {
            // It failed by its own account or is stuck before its child: nothing of value dies with it.
            let _ = child.kill().await;
            Err(error)
        }
    }
}

/// Tells a holder what to start, and hears how that went.
async fn told(child: &mut Child, spec: &Spec) -> Result<(), SessionError> {
    let json = serde_json::to_vec(spec).map_err(|error| SessionError::System {
        what: "cannot write the spec".into(),
        source: error.into(),
    })?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let talk = async {
        if let Some(mut stdin) = stdin {
            match stdin.write_all(&json).await {
                // It ended without reading; what it reported, if anything, says why.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
                written => written?,
            }
        }
        let mut report = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(MAX_REPORT_BYTES).read_to_end(&mut report).await?;
        }
        Ok(report)
    };
    match timeout(REPORT_TIMEOUT, talk).await {
        Ok(Ok(report)) => read_report(&report),
        Ok(Err(error)) => Err(SessionError::system("cannot talk to the new holder")(error)),
        Err(_) => {
            let error = std::io::Error::from(std::io::ErrorKind::TimedOut);
            Err(SessionError::system(format!(
                "the new holder said nothing for {REPORT_TIMEOUT:?}"
            ))(error))
        }
    }
}

fn read_report(report: &[u8]) -> Result<(), SessionError> {
    match serde_json::from_slice(report) {
        Ok(StartReport::Ok { .. }) => Ok(()),
        Ok(StartReport::Failed(error)) => Err(error.into()),
        Err(error) => Err(SessionError::System {
            what: "the new holder ended without a report; is it of the same release as the server?".into(),
            source: error.into(),
        }),
    }
}
