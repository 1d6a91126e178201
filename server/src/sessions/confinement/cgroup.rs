//! Control groups that were left behind: their holder was killed before it could remove them.

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sempre_protocol::SessionId;
use sempre_protocol::holder::Manifest;

/// What was killed is gone within this.
const EMPTY_LIMIT: Duration = Duration::from_secs(5);

/// The name of a session's group.
pub(super) fn name(id: SessionId) -> String {
    format!("sempre-{id}")
}

/// Kills what is left in the control group of a session that has ended, and removes it; there may be none.
pub(in crate::sessions) async fn clear(manifest: &Manifest) {
    let (id, directory) = (manifest.session, manifest.cgroup.clone());
    let named = |directory: &String| {
        Path::new(directory)
            .file_name()
            .is_some_and(|own| own == &*name(id))
    };
    let Some(directory) = directory.filter(named) else {
        return;
    };
    let removed = tokio::task::spawn_blocking(move || remove(Path::new(&directory))).await;
    if let Ok(Err(error)) = removed {
        tracing::warn!(session = %id, %error, "the session's control group cannot be removed");
    }
}

fn remove(directory: &Path) -> io::Result<()> {
    let mut events = match File::open(directory.join("cgroup.events")) {
        // As it should be: its holder has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        events => events?,
    };
    let until = Instant::now() + EMPTY_LIMIT;
    // Kernels before 5.14 have no such file: the group then goes when its last process does.
    let _ = fs::write(directory.join("cgroup.kill"), "1");
    loop {
        // The kernel tells of what changed since the last reading.
        let read = events
            .rewind()
            .and_then(|()| io::copy(&mut events, &mut io::sink()));
        let removed = read.and_then(|_| remove_tree(directory));
        let Err(error) = removed else { return Ok(()) };
        let left = until.saturating_duration_since(Instant::now());
        if !directory.exists() {
            return Ok(());
        }
        if left.is_zero() {
            return Err(error);
        }
        let left = Timespec::try_from(left).unwrap_or_default();
        poll(&mut [PollFd::new(&events, PollFlags::PRI)], Some(&left))?;
    }
}

/// Removes a group and those a program has made in it; their files go by themselves.
fn remove_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(directory)
}
