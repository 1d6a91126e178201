//! Whether a session's shell waits at its prompt, by what the system says of the processes in its terminal.
//!
//! A session is idle only if its process is a known shell, that shell is in the foreground, and nothing else lives in
//! its Unix session: a job in the background counts as work. Whatever cannot be read counts as work too.

use std::collections::HashMap;
use std::fs;

/// Programs that are shells, by the name the system has for them.
const SHELL_NAMES: [&str; 13] = [
    "bash", "zsh", "fish", "sh", "dash", "ash", "ksh", "ksh93", "mksh", "tcsh", "csh", "nu", "pwsh",
];

/// One process, as `/proc/PID/stat` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    pid: u32,
    name: String,
    state: char,
    group: u32,
    session: u32,
    foreground_group: i64,
}

impl Process {
    /// Reads a line of `/proc/PID/stat`; the name is in parentheses and may hold anything.
    fn parse(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (name, rest) = rest.rsplit_once(") ")?;
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let mut number = || fields.next()?.parse::<i64>().ok();
        let (_parent, group, session, _terminal, foreground_group) =
            (number()?, number()?, number()?, number()?, number()?);
        Some(Self {
            pid: pid.parse().ok()?,
            name: name.to_owned(),
            state,
            group: u32::try_from(group).ok()?,
            session: u32::try_from(session).ok()?,
            foreground_group,
        })
    }

    /// A process that has ended and waits to be reaped does nothing any more.
    fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    fn is_shell_in_front(&self) -> bool {
        SHELL_NAMES.contains(&self.name.as_str())
            && self.pid == self.session
            && self.group == self.pid
            && self.foreground_group == i64::from(self.group)
    }
}

/// All processes at one moment, by Unix session.
#[derive(Debug, Default)]
pub(super) struct Processes(HashMap<u32, Vec<Process>>);

impl Processes {
    /// Reads `/proc` once. Blocks for about a millisecond per hundred processes.
    pub(super) fn read() -> Self {
        let mut sessions: HashMap<u32, Vec<Process>> = HashMap::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_pid = name
                .to_str()
                .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
            if !is_pid {
                continue;
            }
            // Gone meanwhile, or hidden.
            let Ok(line) = fs::read_to_string(entry.path().join("stat")) else {
                continue;
            };
            if let Some(process) = Process::parse(&line) {
                sessions.entry(process.session).or_default().push(process);
            }
        }
        Self(sessions)
    }

    /// Whether the process `pid`, which leads a session of its own, is a shell that waits at its prompt.
    pub(super) fn is_at_prompt(&self, pid: u32) -> bool {
        let mut living = self
            .0
            .get(&pid)
            .into_iter()
            .flatten()
            .filter(|process| process.lives());
        match (living.next(), living.next()) {
            (Some(only), None) => only.is_shell_in_front(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(lines: &[&str]) -> Processes {
        let mut sessions: HashMap<u32, Vec<Process>> = HashMap::new();
        for line in lines {
            let process = Process::parse(line).unwrap();
            sessions.entry(process.session).or_default().push(process);
        }
        Processes(sessions)
    }

    const SHELL: &str = "100 (bash) S 90 100 100 34816 100 4194304 1 2";

    #[test]
    fn a_shell_alone_in_front_is_at_its_prompt() {
        assert!(processes(&[SHELL, "7 (other) S 1 7 7 0 -1 0"]).is_at_prompt(100));
    }

    #[test]
    fn whatever_else_lives_in_the_terminal_is_work() {
        for other in [
            "101 (vim) S 100 101 100 34816 101 0",
            "101 (sleep) S 100 101 100 34816 100 0",
            "101 (make) T 100 101 100 34816 100 0",
            "101 (bash) R 100 100 100 34816 100 0",
        ] {
            assert!(!processes(&[SHELL, other]).is_at_prompt(100), "{other}");
        }
        let zombie = "101 (sleep) Z 100 101 100 34816 100 0";
        assert!(processes(&[SHELL, zombie]).is_at_prompt(100), "it has ended");
    }

    #[test]
    fn what_is_no_shell_or_not_in_front_is_at_no_prompt() {
        for line in [
            "100 (python3) S 90 100 100 34816 100 0",
            "100 (bash) S 90 100 100 34816 101 0",
            "100 (bash) S 90 100 99 34816 100 0",
            "100 (bash) Z 90 100 100 34816 100 0",
        ] {
            assert!(!processes(&[line]).is_at_prompt(100), "{line}");
        }
        assert!(!processes(&[]).is_at_prompt(100));
    }

    #[test]
    fn a_name_may_hold_anything() {
        let odd = Process::parse("100 (a) (b) S 1) S 90 100 100 34816 100 0").unwrap();
        assert_eq!((odd.name.as_str(), odd.group), ("a) (b) S 1", 100));
        assert_eq!(Process::parse("100 (cut"), None);
    }

    #[test]
    fn the_system_tells_of_this_process() {
        let all = Processes::read();
        let own = std::process::id();
        assert!(
            all.0
                .values()
                .flatten()
                .any(|process| process.pid == own && process.lives())
        );
    }
}
