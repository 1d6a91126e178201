//! Step 6: who starts the server again when it dies, and whether a restart leaves the sessions alive (row K7).

use std::collections::HashMap;
use std::path::Path;

use sempre_protocol::api::{Health, HealthStatus};

use super::{Check, Look};
use crate::service::unit_of::unit_of;
use crate::sessions::scopes;

/// The unit that `sempre service install` makes.
pub(super) const UNIT: &str = "sempre.service";
/// There as long as systemd is the system's manager (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";
/// What is asked of a unit.
const PROPERTIES: &str = "LoadState,ActiveState,Type,Restart,KillMode,OOMPolicy,TasksMax,WatchdogUSec,\
     PrivateTmp,ProtectHome,ProtectSystem,NoNewPrivileges";

/// The checks, and what to do where nobody watches.
pub(super) fn check(look: &mut Look, server: Option<u32>) -> (Vec<Check>, Vec<String>) {
    look.note(format!("stat {SYSTEMD}"));
    if !Path::new(SYSTEMD).is_dir() {
        let nobody = Check::warning(
            "supervision",
            "systemd does not run here: nobody seems to start the server again when it dies",
            "let a supervisor run it (runit, s6, a container's restart policy): sempre serve",
        );
        return (vec![nobody], advice(None));
    }
    let service = server.and_then(|pid| {
        look.note(format!("read /proc/{pid}/cgroup"));
        unit_of(pid)
    });
    let (unit, is_users) = match (service, server) {
        (Some(service), _) => (service.name, service.is_users),
        (None, Some(pid)) => {
            let alone = Check::warning(
                "supervision",
                format!("the server with pid {pid} was started by hand: nobody starts it again when it dies"),
                "sempre service install --user",
            );
            return (vec![alone], advice(Some(true)));
        }
        // Nothing runs: is there a unit at all?
        (None, None) => (UNIT.to_owned(), !rustix::process::geteuid().is_root()),
    };
    let properties = match show(look, &unit, is_users) {
        Ok(properties) => properties,
        Err(why) => {
            let message = format!("cannot ask systemd about {unit}: {why}");
            return (
                vec![Check::unknown("supervision", message)],
                advice(Some(is_users)),
            );
        }
    };
    let mut checks = judge(&unit, is_users, &properties);
    if is_users && properties.get("LoadState").is_some_and(|state| state == "loaded") {
        checks.push(linger(look));
    }
    (checks, advice(Some(is_users)))
}

fn show(look: &mut Look, unit: &str, is_users: bool) -> Result<HashMap<String, String>, String> {
    let mut words = vec!["systemctl"];
    words.extend(is_users.then_some("--user"));
    words.extend(["show", unit, "--property", PROPERTIES]);
    let output = look.run(&words).map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(properties(&String::from_utf8_lossy(&output.stdout)))
}

fn properties(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What a unit must say so that sessions live through a restart of the server, and why.
const DEMANDS: [(&str, &str, &str); 3] = [
    ("KillMode", "process", "a restart would kill every session"),
    (
        "OOMPolicy",
        "continue",
        "one shell that runs out of memory would stop the server",
    ),
    (
        "TasksMax",
        "infinity",
        "all shells together could start no more programs than the server may",
    ),
];

/// What sessions inherit and would make shells strange.
const CAGES: [&str; 4] = ["PrivateTmp", "ProtectHome", "ProtectSystem", "NoNewPrivileges"];

fn judge(unit: &str, is_users: bool, properties: &HashMap<String, String>) -> Vec<Check> {
    let get = |name: &str| properties.get(name).map_or("", String::as_str);
    let edit = match is_users {
        true => format!("systemctl --user edit {unit}"),
        false => format!("sudo systemctl edit {unit}"),
    };
    if get("LoadState") != "loaded" {
        let scope = if is_users { "--user" } else { "--system" };
        return vec![Check::warning(
            "supervision",
            format!("no service {unit} is installed: nobody starts the server"),
            format!("sempre service install {scope}"),
        )];
    }
    let mut checks = vec![match get("ActiveState") {
        "failed" => Check::problem(
            "supervision",
            format!("{unit} has failed"),
            format!(
                "journalctl{} -u {unit} -n 50",
                if is_users { " --user" } else { "" }
            ),
        ),
        state => Check::ok("supervision", format!("systemd has {unit}: {state}")),
    }];
    for (name, wanted, why) in DEMANDS {
        let value = get(name);
        checks.push(match value == wanted {
            true => Check::ok("unit", format!("{name}={value}")),
            false => Check::problem(
                "unit",
                format!("{name}={value}: {why}"),
                format!("{edit}: {name}={wanted}"),
            ),
        });
    }
    if matches!(get("Restart"), "" | "no") {
        let message = "Restart=no: nobody starts the server again when it dies";
        checks.push(Check::problem(
            "unit",
            message,
            format!("{edit}: Restart=on-failure"),
        ));
    }
    for name in CAGES {
        if !matches!(get(name), "" | "no") {
            let message = format!("{name}={}: every shell would live in it", get(name));
            checks.push(Check::warning("unit", message, format!("{edit}: {name}=no")));
        }
    }
    checks
}

/// Whether sessions are units of their own, as the server that starts them says.
pub(super) fn scopes(look: &mut Look, health: Option<&Health>) -> Option<Check> {
    look.note("ask the server for /api/v1/health");
    let said = health?
        .checks
        .iter()
        .find(|check| check.name == scopes::HEALTH_CHECK)?;
    Some(match said.status {
        HealthStatus::Ok => Check::ok("scopes", said.message.clone()),
        HealthStatus::Degraded => Check::warning(
            "scopes",
            said.message.clone(),
            "look at the bus: busctl status (of a service of yours: busctl --user status)",
        ),
    })
}

/// Without it, a user's services end with the last login.
fn linger(look: &mut Look) -> Check {
    let user = std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_default();
    let path = Path::new("/var/lib/systemd/linger").join(&user);
    look.note(format!("stat {}", path.display()));
    match !user.is_empty() && path.exists() {
        true => Check::ok(
            "linger",
            format!("services of {user} go on when nobody is logged in"),
        ),
        false => Check::problem(
            "linger",
            "your services, and all sessions with them, end when you log out",
            "loginctl enable-linger",
        ),
    }
}

fn advice(systemd_of_user: Option<bool>) -> Vec<String> {
    let lines: &[&str] = match systemd_of_user {
        Some(true) => &[
            "sempre service install --user      # writes ~/.config/systemd/user/sempre.service",
            "systemctl --user enable --now sempre.service",
            "loginctl enable-linger             # sessions go on when you log out",
        ],
        Some(false) => &[
            "sudo sempre service install --system   # writes /etc/systemd/system/sempre.service",
            "sudo systemctl enable --now sempre.service",
        ],
        None => &[
            "run `sempre serve` under a supervisor that starts it again when it dies",
            "let that end only the server itself at a restart: holders must live on",
            "where systemd runs: sempre service install",
        ],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    const GOOD: &str = "LoadState=loaded\nActiveState=active\nType=notify\nRestart=on-failure\nKillMode=process\n\
         OOMPolicy=continue\nTasksMax=infinity\nPrivateTmp=no\nProtectHome=no\nProtectSystem=no\nNoNewPrivileges=no\n";

    fn worst(text: &str) -> (Status, String) {
        let checks = judge(UNIT, false, &properties(text));
        let worst = checks.into_iter().max_by_key(|check| check.status).unwrap();
        (worst.status, worst.mend.unwrap_or_default())
    }

    #[test]
    fn k7_a_unit_that_would_kill_sessions_is_a_problem_with_the_line_that_mends_it() {
        assert_eq!(worst(GOOD).0, Status::Ok);
        for (good, bad) in [
            ("KillMode=process", "KillMode=control-group"),
            ("OOMPolicy=continue", "OOMPolicy=stop"),
            ("TasksMax=infinity", "TasksMax=4915"),
            ("Restart=on-failure", "Restart=no"),
        ] {
            let (status, mend) = worst(&GOOD.replace(good, bad));
            assert_eq!(status, Status::Problem, "{bad}");
            assert!(mend.ends_with(good), "{mend}");
        }
        assert_eq!(
            worst(&GOOD.replace("ActiveState=active", "ActiveState=failed")).0,
            Status::Problem
        );
        assert_eq!(
            worst(&GOOD.replace("PrivateTmp=no", "PrivateTmp=yes")).0,
            Status::Warning
        );
        let (status, mend) = worst("LoadState=not-found\n");
        assert_eq!(
            (status, mend.as_str()),
            (Status::Warning, "sempre service install --system")
        );
    }
}
