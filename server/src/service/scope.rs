//! Asking systemd, over its D-Bus, for a transient scope around a process (org.freedesktop.systemd1(5)).
//!
//! One connection per question: sessions start seldom, and a bus that was started again needs no care. What is asked for
//! and when is decided elsewhere (`sessions::scopes`); no limit of time is kept here.

use futures_util::StreamExt;
use zbus::Connection;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};

/// How long systemd waits for what is in a scope that is stopped, before it kills it, µs: as the unit's own.
const STOP_LIMIT_US: u64 = 15_000_000;
/// What systemd says of a property it does not know.
const UNKNOWN_PROPERTY: &str = "org.freedesktop.DBus.Error.PropertyReadOnly";
/// What a bus, systemd and polkit say to somebody who may not.
const DENIALS: [&str; 3] = [
    "org.freedesktop.DBus.Error.AccessDenied",
    "org.freedesktop.DBus.Error.AuthFailed",
    "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired",
];

/// Whose manager is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// The machine's, on the system bus.
    System,
    /// The user's, on the session bus.
    User,
}

/// A scope to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRequest {
    /// Its name, with `.scope`.
    pub name: String,
    /// For people.
    pub description: String,
    /// The process that is moved into it.
    pub pid: u32,
    /// The slice it is made in; none: the manager's default.
    pub slice: Option<String>,
}

/// Why there is no scope.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// This user may not start units there.
    #[error("systemd does not allow it: {0}")]
    Denied(String),
    /// Nobody answers, or in another way than systemd does.
    #[error("systemd cannot be asked: {0}")]
    Bus(zbus::Error),
    /// It was to be made and was not.
    #[error("systemd gave it up: the job ended as {0}")]
    GaveUp(String),
}

impl From<zbus::Error> for ScopeError {
    fn from(error: zbus::Error) -> Self {
        match error_name(&error) {
            Some(name) if DENIALS.contains(&name) => Self::Denied(error.to_string()),
            _ => Self::Bus(error),
        }
    }
}

/// systemd's interface, as far as it is needed.
#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1",
    gen_blocking = false
)]
trait Units {
    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: &[(&str, Value<'_>)],
        aux: &[(&str, Vec<(&str, Value<'_>)>)],
    ) -> zbus::Result<OwnedObjectPath>;

    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: ObjectPath<'_>, unit: &str, result: &str) -> zbus::Result<()>;
}

/// Makes a scope and returns when the process is in it.
///
/// # Errors
/// [`ScopeError`]; the process is where it was, or systemd still tries.
pub async fn make_scope(manager: Manager, request: &ScopeRequest) -> Result<(), ScopeError> {
    let connection = match manager {
        Manager::System => Connection::system().await?,
        Manager::User => Connection::session().await?,
    };
    let units = UnitsProxy::builder(&connection)
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    // Before the question: the job may be over before its name is known here.
    let mut ends = units.receive_job_removed().await?;
    let job = match start(&units, request, true).await {
        Err(error) if error_name(&error) == Some(UNKNOWN_PROPERTY) => start(&units, request, false).await?,
        started => started?,
    };
    while let Some(end) = ends.next().await {
        let end = end.args()?;
        if end.job().as_str() != job.as_str() {
            continue;
        }
        return match *end.result() {
            "done" => Ok(()),
            result => Err(ScopeError::GaveUp(result.to_owned())),
        };
    }
    Err(ScopeError::GaveUp("the bus is gone".into()))
}

/// `OOMPolicy` of scopes is known from systemd 253 on; before that one is asked for without `newer`.
async fn start(units: &UnitsProxy<'_>, request: &ScopeRequest, newer: bool) -> zbus::Result<OwnedObjectPath> {
    let mut properties = vec![
        ("Description", Value::from(request.description.as_str())),
        ("PIDs", Value::from(vec![request.pid])),
        // Nothing of it is left when the last process has ended, also if that was killed.
        ("CollectMode", Value::from("inactive-or-failed")),
        // What is in it may be divided: limits of the session, and what programs do themselves.
        ("Delegate", Value::from(true)),
        ("TasksMax", Value::from(u64::MAX)),
        // Who stops the scope ends the session. Shells end by SIGHUP and not by SIGTERM.
        ("KillMode", Value::from("control-group")),
        ("SendSIGHUP", Value::from(true)),
        ("TimeoutStopUSec", Value::from(STOP_LIMIT_US)),
    ];
    if newer {
        // What the kernel killed ends alone.
        properties.push(("OOMPolicy", Value::from("continue")));
    }
    if let Some(slice) = &request.slice {
        properties.push(("Slice", Value::from(slice.as_str())));
    }
    units
        .start_transient_unit(&request.name, "fail", &properties, &[])
        .await
}

fn error_name(error: &zbus::Error) -> Option<&str> {
    match error {
        zbus::Error::MethodError(name, _, _) => Some(name.as_str()),
        _ => None,
    }
}
