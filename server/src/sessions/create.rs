//! From a request to a running session: names are resolved, values are checked, then a holder is started.

use std::collections::BTreeMap;
use std::path::Path;

use sempre_protocol::api::CreateSession;
use sempre_protocol::holder::{CONTROL_VERSION, Manifest, Spec};
use sempre_protocol::limits::{MAX_LABEL_KEY_BYTES, MAX_LABEL_VALUE_BYTES, MAX_LABELS};
use sempre_protocol::{RunId, SessionId, Size};

use super::clock::wall_ms;
use super::environment::BaseEnvironment;
use super::{SessionError, shells};
use crate::random::random_bytes;

/// Journal bytes a session keeps unless configured otherwise.
pub(super) const DEFAULT_BUDGET_BYTES: u64 = 64 * 1024 * 1024;
/// Longest group or user name, bytes.
const MAX_NAME_BYTES: usize = 128;
/// Arguments of a command, and bytes of all of them.
const MAX_ARGS: usize = 1024;
const MAX_ARGS_BYTES: usize = 128 * 1024;
/// Set to 1 in sessions whose input is recorded.
const RECORDS_INPUT_VARIABLE: &str = "SEMPRE_RECORDS_INPUT";

fn invalid(field: &'static str, message: impl Into<String>) -> SessionError {
    SessionError::Invalid {
        field,
        message: message.into(),
    }
}

/// The spec of a session that does what `request` asks; `default_ttl_s` is the time to live, seconds, of one that
/// names none.
///
/// # Errors
/// [`SessionError::Invalid`] and [`SessionError::ShellNotInstalled`].
pub(super) fn spec(
    request: CreateSession,
    default_shell: &str,
    base: &BaseEnvironment,
    default_ttl_s: u64,
) -> Result<Spec, SessionError> {
    check_labels(&request)?;
    check_name("group", request.group.as_deref())?;
    check_name("user_id", request.user_id.as_deref())?;
    let (id, run) = fresh_ids()?;
    let path = base
        .for_child(id, &request.env, &request.labels)?
        .remove("PATH")
        .unwrap_or_default();
    let (shell, cmd, login) = command(&request, default_shell, &path)?;
    let records_input = request.record_input.unwrap_or_default();
    let mut child_env = child_env(base, id, &request.env, &request.labels, &cmd, login)?;
    tell_of_recording(&mut child_env, records_input);
    let manifest = Manifest {
        session: id,
        run,
        started_at_ms: wall_ms(),
        shell,
        cmd,
        login,
        cwd: working_directory(request.cwd.as_deref(), base)?,
        size: Size::new(
            request.cols.unwrap_or(Size::DEFAULT.cols),
            request.rows.unwrap_or(Size::DEFAULT.rows),
        ),
        env: request.env,
        group: request.group,
        labels: request.labels,
        user_id: request.user_id,
        owner: None,
        restarted_from: None,
        ttl_s: request.ttl.unwrap_or(default_ttl_s),
        idle_s: request.idle.unwrap_or_default(),
        shell_aid: None,
        records_input,
        run_as: None,
        limits: Default::default(),
        cgroup: None,
        imported_at_ms: None,
        pid: 0,
    };
    Ok(spec_of(manifest, child_env))
}

/// The spec of a session that repeats the one of `manifest`, at its last size.
///
/// # Errors
/// [`SessionError::System`] if there are no random numbers.
pub(super) fn again(manifest: &Manifest, size: Size, base: &BaseEnvironment) -> Result<Spec, SessionError> {
    let (id, run) = fresh_ids()?;
    let mut child_env = child_env(
        base,
        id,
        &manifest.env,
        &manifest.labels,
        &manifest.cmd,
        manifest.login,
    )?;
    tell_of_recording(&mut child_env, manifest.records_input);
    let manifest = Manifest {
        session: id,
        run,
        started_at_ms: wall_ms(),
        size,
        restarted_from: Some(manifest.session),
        pid: 0,
        ..manifest.clone()
    };
    Ok(spec_of(manifest, child_env))
}

/// What a holder is told of any session; what the registry holds its sessions to is added there.
fn spec_of(manifest: Manifest, child_env: BTreeMap<String, String>) -> Spec {
    Spec {
        version: CONTROL_VERSION,
        manifest,
        child_env,
        args: Vec::new(),
        confinement: None,
        budget_bytes: DEFAULT_BUDGET_BYTES,
        input_budget_bytes: None,
        open_files: None,
    }
}

/// Ids nobody has yet.
pub(super) fn fresh_ids() -> Result<(SessionId, RunId), SessionError> {
    let bytes = || random_bytes().map_err(SessionError::system("cannot make an id"));
    Ok((SessionId::from_bytes(bytes()?), RunId::from_bytes(bytes()?)))
}

/// The whole environment of the child; a login shell is told that it is the user's shell.
fn child_env(
    base: &BaseEnvironment,
    id: SessionId,
    requested: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
    cmd: &[String],
    login: bool,
) -> Result<BTreeMap<String, String>, SessionError> {
    let mut env = base.for_child(id, requested, labels)?;
    if let Some(program) = cmd.first().filter(|_| login) {
        env.insert("SHELL".into(), program.clone());
    }
    Ok(env)
}

/// Tells programs that what is typed is recorded; nothing else says so, whatever the request.
fn tell_of_recording(env: &mut BTreeMap<String, String>, records_input: bool) {
    match records_input {
        true => env.insert(RECORDS_INPUT_VARIABLE.into(), "1".into()),
        false => env.remove(RECORDS_INPUT_VARIABLE),
    };
}

/// Name, command line and login of what is to run.
fn command(
    request: &CreateSession,
    default_shell: &str,
    path: &str,
) -> Result<(String, Vec<String>, bool), SessionError> {
    if let Some(cmd) = &request.cmd {
        if request.shell.is_some() {
            return Err(invalid("cmd", "give either shell or cmd, not both"));
        }
        let program = cmd.first().filter(|program| !program.is_empty());
        let program =
            program.ok_or_else(|| invalid("cmd", "it is empty; its first element is the program"))?;
        let bytes: usize = cmd.iter().map(String::len).sum();
        if cmd.len() > MAX_ARGS || bytes > MAX_ARGS_BYTES {
            return Err(invalid(
                "cmd",
                format!("at most {MAX_ARGS} arguments of {MAX_ARGS_BYTES} bytes in all"),
            ));
        }
        if cmd.iter().any(|arg| arg.contains('\0')) {
            return Err(invalid("cmd", "an argument holds a NUL byte"));
        }
        let name = Path::new(program)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or(program);
        return Ok((name.to_owned(), cmd.clone(), false));
    }
    let name = request.shell.as_deref().unwrap_or(default_shell);
    if name.contains('\0') {
        return Err(invalid("shell", "the name holds a NUL byte"));
    }
    let shell = shells::find(name, path).ok_or_else(|| SessionError::ShellNotInstalled {
        name: name.to_owned(),
        installed: shells::installed(path),
    })?;
    let program = shell
        .program
        .to_str()
        .ok_or_else(|| invalid("shell", "its path is not UTF-8"))?;
    Ok((shell.name, vec![program.to_owned()], shell.login))
}

fn working_directory(requested: Option<&str>, base: &BaseEnvironment) -> Result<String, SessionError> {
    let home = base.get("HOME").unwrap_or("/");
    match requested.unwrap_or("~") {
        "" | "~" => Ok(home.to_owned()),
        cwd if cwd.contains('\0') => Err(invalid("cwd", "the path holds a NUL byte")),
        cwd if cwd.starts_with('/') => Ok(cwd.to_owned()),
        cwd => match cwd.strip_prefix("~/") {
            Some(below) => Ok(format!("{}/{below}", home.trim_end_matches('/'))),
            None => Err(invalid(
                "cwd",
                format!("{cwd:?} is not absolute; begin it with / or ~/"),
            )),
        },
    }
}

fn check_labels(request: &CreateSession) -> Result<(), SessionError> {
    if request.labels.len() > MAX_LABELS {
        return Err(invalid(
            "labels",
            format!("{} labels are more than {MAX_LABELS}", request.labels.len()),
        ));
    }
    for (key, value) in &request.labels {
        let proper = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if key.is_empty() || key.len() > MAX_LABEL_KEY_BYTES || !key.chars().all(proper) {
            return Err(invalid(
                "labels",
                format!("the key {key:?} is not 1 to {MAX_LABEL_KEY_BYTES} letters, digits, '_', '-' or '.'"),
            ));
        }
        if value.len() > MAX_LABEL_VALUE_BYTES || value.chars().any(char::is_control) {
            return Err(invalid(
                "labels",
                format!(
                    "the value of {key:?} is over {MAX_LABEL_VALUE_BYTES} bytes or holds control characters"
                ),
            ));
        }
    }
    Ok(())
}

/// Refuses a name that is too long, empty or cannot be shown.
pub(super) fn check_name(field: &'static str, name: Option<&str>) -> Result<(), SessionError> {
    match name {
        Some(name)
            if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) =>
        {
            Err(invalid(
                field,
                format!("it is not 1 to {MAX_NAME_BYTES} bytes without control characters"),
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseEnvironment {
        BaseEnvironment::new([
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("HOME".into(), "/home/ada".into()),
        ])
    }

    fn made(request: CreateSession) -> Result<Spec, SessionError> {
        spec(request, "sh", &base(), 3600)
    }

    #[test]
    fn an_empty_request_is_the_default_shell_at_home() {
        let spec = made(CreateSession::default()).unwrap();
        assert_eq!((spec.manifest.shell.as_str(), spec.manifest.login), ("sh", true));
        assert_eq!(spec.manifest.cwd, "/home/ada");
        assert_eq!(spec.manifest.size, Size::DEFAULT);
        assert_eq!(spec.child_env.get("SHELL"), spec.manifest.cmd.first());
    }

    #[test]
    fn t7_the_time_to_live_is_the_servers_unless_it_is_named() {
        let made_with = |ttl, idle| {
            let request = CreateSession {
                ttl,
                idle,
                ..CreateSession::default()
            };
            let manifest = made(request).unwrap().manifest;
            (manifest.ttl_s, manifest.idle_s)
        };
        assert_eq!(made_with(None, None), (3600, 0));
        assert_eq!(made_with(Some(0), Some(1800)), (0, 1800));
        assert_eq!(made_with(Some(86_400), None), (86_400, 0));
    }

    #[test]
    fn a_missing_shell_names_those_there_are() {
        let error = made(CreateSession {
            shell: Some("zsh9".into()),
            ..CreateSession::default()
        })
        .unwrap_err();
        assert!(
            error.to_string().contains("\"zsh9\"") && error.to_string().contains("sh"),
            "{error}"
        );
    }

    #[test]
    fn bad_fields_are_named() {
        let labels = |key: &str, value: &str| CreateSession {
            labels: [(key.to_owned(), value.to_owned())].into(),
            ..CreateSession::default()
        };
        for (request, field) in [
            (labels("a b", "v"), "labels"),
            (labels("a", "x\u{1b}[31m"), "labels"),
            (
                CreateSession {
                    cwd: Some("etc".into()),
                    ..CreateSession::default()
                },
                "cwd",
            ),
            (
                CreateSession {
                    cmd: Some(vec![]),
                    ..CreateSession::default()
                },
                "cmd",
            ),
            (
                CreateSession {
                    group: Some("\n".into()),
                    ..CreateSession::default()
                },
                "group",
            ),
        ] {
            assert!(
                matches!(made(request), Err(SessionError::Invalid { field: found, .. }) if found == field)
            );
        }
    }

    #[test]
    fn a_session_can_be_asked_for_again() {
        let request = CreateSession {
            shell: Some("/bin/sh".into()),
            cwd: Some("~/work".into()),
            labels: [("story".to_owned(), "S-7".to_owned())].into(),
            ..CreateSession::default()
        };
        let first = made(request).unwrap().manifest;
        let second = again(&first, Size::new(90, 20), &base()).unwrap();
        assert_eq!(second.child_env.get("SHELL").map(String::as_str), Some("/bin/sh"));
        let second = second.manifest;
        assert_eq!(
            (&first.cmd, &first.cwd, &first.labels),
            (&second.cmd, &second.cwd, &second.labels)
        );
        assert_eq!(second.size, Size::new(90, 20));
        assert_ne!(first.session, second.session);
        assert_eq!(second.restarted_from, Some(first.session));
    }
}
