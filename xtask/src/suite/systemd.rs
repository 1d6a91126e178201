//! The service under a real systemd: restarted, killed and stopped while a session goes on, whose holder is in a scope of its
//! own. It starts units on the machine that runs it, under names of its own, and takes them away: so only when asked.
//!
//! Root asks the machine's manager, anybody else their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::leftovers::wait_for_end;
use super::{Report, Suite};
use crate::run::answer;

/// What one waits for here, at most, also on a machine with much else to do.
const LONG: Duration = Duration::from_secs(5 * 60);
/// Between two looks at what systemd tells nobody.
const LOOK: Duration = Duration::from_millis(100);
/// What `systemctl is-system-running` says where systemd manages units.
const RUNNING: [&str; 4] = ["running", "degraded", "starting", "maintenance"];

/// Each part counts as one test.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    if !suite.systemd {
        let reason = "systemd: it starts units on this machine, only with --systemd";
        return Ok(Report::left_out("systemd", reason));
    }
    let is_users = !geteuid().is_root();
    let says = manager_says(is_users);
    if !RUNNING.contains(&says.as_str()) {
        bail!(
            "systemd does not run here (systemctl{} is-system-running says {says:?}); run this on a machine or in a virtual \
             machine that it has started",
            if is_users { " --user" } else { "" }
        );
    }
    let service = Service::install(suite, is_users)?;
    service.systemctl(&["start", &service.name])?;
    let session = service.session()?;
    session.is_in_its_scope().context("at its start")?;
    for (what, act) in service.acts() {
        act(&service).with_context(|| format!("the service cannot be {what}"))?;
        session
            .goes_on(what)
            .with_context(|| format!("the service was {what}"))?;
    }
    session.end()?;
    Ok(Report {
        passed: 5,
        ..Report::default()
    })
}

fn manager_says(is_users: bool) -> String {
    // It fails where the machine is degraded, and says so all the same.
    let mut command = Command::new("systemctl");
    command
        .args(is_users.then_some("--user"))
        .arg("is-system-running");
    match command.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// A unit that is there for this run.
struct Service<'a> {
    suite: &'a Suite<'a>,
    is_users: bool,
    name: String,
    unit: PathBuf,
    program: PathBuf,
    data: PathBuf,
}

/// What is done to a service, and how.
type Act<'a> = (&'static str, fn(&Service<'a>) -> Result<()>);

impl<'a> Service<'a> {
    /// The unit that `sempre service` prints, with a data directory and a port of its own, where the next boot forgets it.
    fn install(suite: &'a Suite<'a>, is_users: bool) -> Result<Self> {
        let directory = match is_users {
            false => PathBuf::from("/run/systemd/system"),
            true => {
                let runtime = std::env::var_os("XDG_RUNTIME_DIR").context("XDG_RUNTIME_DIR is not set")?;
                PathBuf::from(runtime).join("systemd/user")
            }
        };
        let name = format!("sempre-test-{}.service", std::process::id());
        let service = Self {
            suite,
            is_users,
            unit: directory.join(&name),
            name,
            program: suite.workspace.program(suite.profile(), "sempre"),
            data: suite.temp.path().join("systemd"),
        };
        let whose: &[&str] = match is_users {
            true => &["--user"],
            false => &["--system", "--run-as-user", "root"],
        };
        let mut print = Command::new(&service.program);
        print.args(["service", "print"]).args(whose);
        print.args(["--", "--listen", "127.0.0.1:0"]);
        let text = suite.must("systemd:unit", &mut print)?;
        let own = format!(
            "[Service]\nEnvironment=\"SEMPRE_DATA_DIR={}\"\n",
            service.data.display()
        );
        let text = text.replacen("[Service]\n", &own, 1);
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        fs::write(&service.unit, text).with_context(|| format!("cannot write {}", service.unit.display()))?;
        service.systemctl(&["daemon-reload"])?;
        Ok(service)
    }

    fn acts(&self) -> [Act<'a>; 3] {
        [
            ("restarted", |service| {
                service.systemctl(&["restart", &service.name]).map(drop)
            }),
            ("killed", Self::kill),
            ("stopped", |service| {
                service.systemctl(&["stop", &service.name])?;
                service.systemctl(&["start", &service.name]).map(drop)
            }),
        ]
    }

    /// As a crash: systemd starts it again by itself.
    fn kill(&self) -> Result<()> {
        let before = self.main_pid()?;
        let pid = i32::try_from(before).ok().and_then(Pid::from_raw);
        kill_process(pid.context("the service has no process")?, Signal::KILL).context("cannot kill it")?;
        wait_until("systemd to start it again", || {
            let pid = self.main_pid()?;
            Ok(pid != 0 && pid != before && self.property(&self.name, "ActiveState")? == "active")
        })
    }

    fn main_pid(&self) -> Result<u32> {
        let pid = self.property(&self.name, "MainPID")?;
        pid.parse().with_context(|| format!("MainPID={pid}"))
    }

    fn property(&self, unit: &str, property: &str) -> Result<String> {
        let said = self.systemctl(&["show", unit, "--value", "--property", property])?;
        Ok(said.trim().to_owned())
    }

    fn systemctl(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new("systemctl");
        command.args(self.is_users.then_some("--user")).args(args);
        self.suite.must("systemd:systemctl", &mut command)
    }

    fn sempre(&self, args: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.args(args).env("SEMPRE_DATA_DIR", &self.data);
        self.suite.must("systemd:sempre", &mut command)
    }

    /// One that repeats what it is told.
    fn session(&self) -> Result<Session<'_>> {
        let lines = "while read -r word; do echo got-$word; done";
        let id = self.sempre(&["new", "--", "sh", "-c", lines])?.trim().to_owned();
        let lock = self.data.join("sessions").join(&id).join("lock");
        let holder = fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
        Ok(Session {
            service: self,
            holder: holder.trim().parse().context("the lock names no pid")?,
            child: child_of(self, &id)?,
            scope: format!("sempre-holder-{id}.scope"),
            id,
        })
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // Each that can be done is done; what fails stands in the step's logs.
        let _ = self.systemctl(&["stop", &self.name]);
        let _ = fs::remove_file(&self.unit);
        let _ = self.systemctl(&["daemon-reload"]);
        let _ = self.systemctl(&["reset-failed", &self.name]);
    }
}

/// A session of the service; it is ended whatever happens.
struct Session<'a> {
    service: &'a Service<'a>,
    id: String,
    holder: u32,
    child: u32,
    scope: String,
}

fn child_of(service: &Service<'_>, id: &str) -> Result<u32> {
    let text = service.sempre(&["show", id, "--json"])?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("show said {text}"))?;
    let pid = value.get("pid").and_then(serde_json::Value::as_u64);
    let pid = pid.and_then(|pid| u32::try_from(pid).ok());
    pid.with_context(|| format!("the session has no pid: {text}"))
}

impl Session<'_> {
    fn is_in_its_scope(&self) -> Result<()> {
        for pid in [self.holder, self.child] {
            let path = Path::new("/proc").join(pid.to_string()).join("cgroup");
            let group =
                fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            ensure!(
                group.contains(&self.scope),
                "{pid} is in {group}, not in {}",
                self.scope
            );
        }
        let state = self.service.property(&self.scope, "ActiveState")?;
        ensure!(state == "active", "{} is {state}", self.scope);
        Ok(())
    }

    /// It is the same process in the same scope, and answers.
    fn goes_on(&self, word: &str) -> Result<()> {
        self.is_in_its_scope()?;
        ensure!(
            child_of(self.service, &self.id)? == self.child,
            "it is another process now"
        );
        self.service.sempre(&["send", &self.id, "--enter", word])?;
        let answer = format!("got-{word}");
        let wait = ["wait", &self.id, "--text", &answer, "--from", "0"];
        self.service.sempre(&wait)?;
        Ok(())
    }

    /// Its scope goes with it.
    fn end(self) -> Result<()> {
        self.service.sempre(&["stop", &self.id])?;
        wait_for_end(self.holder, LONG);
        wait_until("the end of the scope", || {
            Ok(self.service.property(&self.scope, "ActiveState")? == "inactive")
        })
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let user = self.service.is_users.then_some("--user");
        let words: Vec<_> = user.into_iter().chain(["stop", &self.scope]).collect();
        // After its end there is none.
        let _ = answer("systemctl", &words);
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !is_so()? {
        ensure!(started.elapsed() < LONG, "waited {LONG:?} for {what}");
        std::thread::sleep(LOOK);
    }
    Ok(())
}
