//! A D-Bus of a test's own (a real dbus-daemon), and a manager of units on it that notes what it is asked and does nothing.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, fdo, interface};

use crate::harness::{LONG, children};

const PATH: &str = "/org/freedesktop/systemd1";
const JOB: &str = "/org/freedesktop/systemd1/job/7";

/// A bus for whoever finds it; it ends with this.
pub(crate) struct Bus {
    daemon: Child,
    path: PathBuf,
}

impl Bus {
    /// Starts it with its socket in `dir`, and waits until it listens.
    pub(crate) fn start(dir: &Path) -> Self {
        let path = dir.join("bus");
        let config = dir.join("bus.conf");
        let text = format!(
            "<busconfig><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context=\"default\">\
             <allow send_destination=\"*\"/><allow receive_sender=\"*\"/><allow own=\"*\"/><allow user=\"*\"/>\
             </policy></busconfig>",
            path.display()
        );
        std::fs::write(&config, text).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg("--config-file")
            .arg(&config)
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut line = String::new();
        let mut said = BufReader::new(daemon.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("unix:"), "{line}");
        Self { daemon, path }
    }

    /// Its socket.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What it does instead of making a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It says that the scope is there.
    None,
    /// It does not know the property `OOMPolicy`, as systemd before 253.
    OomPolicy,
    /// Who asks may not start units.
    NotAllowed,
    /// The job begins and fails.
    JobFails,
}

/// One question for a transient unit.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) mode: String,
    pub(crate) pids: Vec<u32>,
    /// How many children the first of them had at that moment.
    pub(crate) children: usize,
    /// The other properties, as values are written.
    pub(crate) properties: BTreeMap<String, String>,
}

struct Units {
    refusal: Refusal,
    asked: mpsc::UnboundedSender<Asked>,
}

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Units {
    async fn start_transient_unit(
        &self,
        name: String,
        mode: String,
        properties: Vec<(String, OwnedValue)>,
        _aux: Vec<(String, Vec<(String, OwnedValue)>)>,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<OwnedObjectPath> {
        let mut properties: HashMap<String, OwnedValue> = properties.into_iter().collect();
        let pids = properties.remove("PIDs").expect("a scope has processes");
        let pids = Vec::<u32>::try_from(pids).unwrap();
        let refuses = self.refusal == Refusal::OomPolicy && properties.contains_key("OOMPolicy");
        let shown = |value: &OwnedValue| match &**value {
            Value::Str(text) => format!("{:?}", text.as_str()),
            Value::Bool(bool) => bool.to_string(),
            Value::U64(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        let asked = Asked {
            name: name.clone(),
            mode,
            children: children(pids[0]).len(),
            pids,
            properties: properties
                .iter()
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect(),
        };
        self.asked.send(asked).unwrap();
        if refuses {
            let message = "Cannot set property OOMPolicy, or unknown property.";
            return Err(fdo::Error::PropertyReadOnly(message.into()));
        }
        if self.refusal == Refusal::NotAllowed {
            return Err(fdo::Error::InteractiveAuthorizationRequired(
                "Interactive authentication required.".into(),
            ));
        }
        let job = OwnedObjectPath::try_from(JOB).unwrap();
        // Others' jobs end as well.
        let other = OwnedObjectPath::try_from("/org/freedesktop/systemd1/job/6").unwrap();
        let result = if self.refusal == Refusal::JobFails {
            "failed"
        } else {
            "done"
        };
        Self::job_removed(&emitter, 6, other, "other.service", "canceled").await?;
        Self::job_removed(&emitter, 7, job.clone(), &name, result).await?;
        Ok(job)
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        job: OwnedObjectPath,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;
}

/// A manager on a bus.
pub(crate) struct FakeManager {
    asked: mpsc::UnboundedReceiver<Asked>,
    _connection: Connection,
}

impl FakeManager {
    /// Takes the name of systemd on that bus.
    pub(crate) async fn start(bus: &Bus, refusal: Refusal) -> Self {
        let (tell, asked) = mpsc::unbounded_channel();
        let units = Units { refusal, asked: tell };
        let address = format!("unix:path={}", bus.path().display());
        let connection = zbus::connection::Builder::address(address.as_str())
            .unwrap()
            .serve_at(PATH, units)
            .unwrap()
            .name("org.freedesktop.systemd1")
            .unwrap()
            .build()
            .await
            .unwrap();
        Self {
            asked,
            _connection: connection,
        }
    }

    /// The next question.
    pub(crate) async fn asked(&mut self) -> Asked {
        let asked = timeout(LONG, self.asked.recv()).await;
        asked.expect("systemd is asked").unwrap()
    }

    /// Whether there was no question since.
    pub(crate) fn is_left_alone(&mut self) -> bool {
        self.asked.try_recv().is_err()
    }
}
