//! Confining the child and nobody else: its control group, its Unix user, its resource limits.
//!
//! All is prepared before the fork. Between fork and exec only system calls are made; the one that failed is told by
//! a byte on a pipe, since the error alone does not say which it was.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

use rustix::fs::{Gid, Uid};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Resource, Rlimit, chdir, setrlimit};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use sempre_protocol::confinement::{Confinement, UnixUser};
use sempre_protocol::holder::{StartError, StartFault};

use crate::cgroup::Group;
use crate::child::system_error;

/// Between SIGXCPU, which a program may take as a warning, and SIGKILL, seconds of processor time.
const CPU_TIME_GRACE_S: u64 = 5;

/// Steps between fork and exec, as they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Step {
    Cgroup = 1,
    User = 2,
    Limits = 3,
    Cwd = 4,
}

/// What the child does to itself before it becomes the program.
#[derive(Debug)]
pub struct Confined {
    procs: Option<OwnedFd>,
    user: Option<Identity>,
    rlimits: Vec<(Resource, Rlimit)>,
    failed: OwnedFd,
}

#[derive(Debug)]
struct Identity {
    uid: Uid,
    gid: Gid,
    groups: Vec<Gid>,
    /// Entered as that user: where it may not go the child does not begin.
    cwd: CString,
}

/// Hears from a child that could not be confined.
#[derive(Debug)]
pub struct Failure(File);

impl Confined {
    /// Prepares what `confinement` asks for; the child's terminal becomes its user's.
    ///
    /// # Errors
    /// What the system says, and for ids that are none.
    pub fn prepare(
        confinement: &Confinement,
        group: Option<&Group>,
        cwd: &str,
        terminal: &File,
    ) -> io::Result<(Self, Failure)> {
        let user = match &confinement.user {
            Some(user) => Some(identity(user, cwd)?),
            None => None,
        };
        if let Some(user) = &user {
            rustix::fs::fchown(terminal, Some(user.uid), None)?;
        }
        let (read, failed) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let confined = Self {
            procs: group
                .map(|group| group.procs().try_clone_to_owned())
                .transpose()?,
            user,
            rlimits: rlimits(confinement),
            failed,
        };
        Ok((confined, Failure(read.into())))
    }

    /// Makes the calling process, which must be a child before its exec, what was prepared. Allocates nothing.
    ///
    /// # Errors
    /// What the system says; which step it was is told to [`Failure`].
    pub fn apply(&self) -> io::Result<()> {
        let told = |step: Step| {
            move |errno: Errno| {
                // Without the byte the error is told as the program's.
                let _ = rustix::io::write(&self.failed, &[step as u8]);
                io::Error::from(errno)
            }
        };
        if let Some(procs) = &self.procs {
            rustix::io::write(procs, b"0").map_err(told(Step::Cgroup))?;
        }
        if let Some(user) = &self.user {
            user.take().map_err(told(Step::User))?;
        }
        for (resource, limit) in &self.rlimits {
            setrlimit(*resource, *limit).map_err(told(Step::Limits))?;
        }
        if let Some(user) = &self.user {
            chdir(user.cwd.as_c_str()).map_err(told(Step::Cwd))?;
        }
        Ok(())
    }
}

impl Identity {
    /// Groups first: afterwards this process may not any more.
    fn take(&self) -> rustix::io::Result<()> {
        set_thread_groups(&self.groups)?;
        set_thread_res_gid(self.gid, self.gid, self.gid)?;
        set_thread_res_uid(self.uid, self.uid, self.uid)
    }
}

impl Failure {
    /// The error of a child that failed while it was confined; none: it was confined, and the program failed.
    pub fn read(mut self, error: &io::Error, confinement: &Confinement, cwd: &str) -> Option<StartError> {
        let mut step = [0];
        let read = self.0.read(&mut step).is_ok_and(|count| count == 1);
        if !read {
            return None;
        }
        let name = confinement.user.as_ref().map_or("?", |user| user.name.as_str());
        let wrong = |what, path: &str, message| StartError {
            what,
            path: path.to_owned(),
            errno: error.raw_os_error(),
            message,
        };
        Some(match step {
            [step] if step == Step::Cgroup as u8 => {
                let cgroup = confinement.cgroup.as_ref();
                system_error(cgroup.map_or("cgroup.procs", |cgroup| &cgroup.directory), error)
            }
            [step] if step == Step::Cwd as u8 => wrong(
                StartFault::Cwd,
                cwd,
                format!(
                    "cannot start in the directory {cwd}: {error} for {name}; name one that {name} may enter"
                ),
            ),
            [step] if step == Step::Limits as u8 => wrong(
                StartFault::System,
                "rlimit",
                format!("cannot limit the child: {error}; its limit is above that of the server (ulimit -H)"),
            ),
            _ => wrong(
                StartFault::System,
                name,
                format!("cannot become the user {name}: {error}; the server needs CAP_SETUID and CAP_SETGID"),
            ),
        })
    }
}

fn identity(user: &UnixUser, cwd: &str) -> io::Result<Identity> {
    // All ones means "leave as it is" to the kernel.
    let none = |id: u32| id == u32::MAX;
    if user.uid == 0 || none(user.uid) || none(user.gid) || user.groups.iter().any(|&id| none(id)) {
        return Err(Errno::INVAL.into());
    }
    Ok(Identity {
        uid: Uid::from_raw(user.uid),
        gid: Gid::from_raw(user.gid),
        groups: user.groups.iter().map(|&id| Gid::from_raw(id)).collect(),
        cwd: CString::new(cwd)?,
    })
}

/// Hard as well as soft: a program cannot raise them.
fn rlimits(confinement: &Confinement) -> Vec<(Resource, Rlimit)> {
    let both = |soft: u64, hard: u64| Rlimit {
        current: Some(soft),
        maximum: Some(hard),
    };
    let memory = confinement.address_space_max_bytes;
    let cpu = confinement.cpu_time_max_s;
    let memory = memory.map(|bytes| (Resource::As, both(bytes, bytes)));
    let cpu = cpu.map(|s| (Resource::Cpu, both(s, s.saturating_add(CPU_TIME_GRACE_S))));
    memory.into_iter().chain(cpu).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32, gid: u32) -> UnixUser {
        UnixUser {
            name: "ada".into(),
            uid,
            gid,
            groups: vec![gid],
        }
    }

    #[test]
    fn t10_nobody_becomes_root_or_stays_who_it_is() {
        assert!(identity(&user(1000, 100), "/").is_ok());
        for (uid, gid) in [(0, 0), (u32::MAX, 5), (1000, u32::MAX)] {
            assert!(identity(&user(uid, gid), "/").is_err(), "{uid}:{gid}");
        }
        assert!(identity(&user(1000, 100), "/a\0b").is_err());
    }

    #[test]
    fn t11_limits_are_hard_and_processor_time_warns_first() {
        let confinement = Confinement {
            address_space_max_bytes: Some(1 << 25),
            cpu_time_max_s: Some(7),
            ..Confinement::default()
        };
        let limits: Vec<_> = rlimits(&confinement)
            .into_iter()
            .map(|(_, limit)| (limit.current, limit.maximum))
            .collect();
        assert_eq!(limits, [(Some(1 << 25), Some(1 << 25)), (Some(7), Some(12))]);
        assert!(rlimits(&Confinement::default()).is_empty());
    }
}
