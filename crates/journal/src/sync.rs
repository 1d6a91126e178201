//! What has been written but may not survive a power loss yet, as a job that any thread may run.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use crate::segment::at_path;

/// Files to make durable; made by [`crate::Writer::take_sync`]. May be sent to another thread.
#[derive(Debug)]
#[must_use = "nothing is durable until the job has run"]
pub struct SyncJob {
    /// Handles of the segment being written.
    pub(crate) open_files: Vec<File>,
    /// Files of segments closed since the last job. By path: there can be many, and one may be gone by now.
    pub(crate) closed_files: Vec<PathBuf>,
    /// The directory, when files were made in it.
    pub(crate) dir: Option<PathBuf>,
}

impl SyncJob {
    /// Blocks until everything is on the disk (fdatasync; fsync for the directory).
    ///
    /// # Errors
    /// The first failure, after all files were tried. The data may then be lost with the next power loss; a
    /// second try can't tell, since the kernel reports a lost write only once.
    pub fn run(self) -> io::Result<()> {
        let mut outcome = Ok(());
        for path in &self.closed_files {
            match File::open(path).and_then(|file| file.sync_data()) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => outcome = outcome.and(result.map_err(|error| at_path(&error, "sync", path))),
            }
        }
        for file in &self.open_files {
            outcome = outcome.and(file.sync_data());
        }
        if let Some(dir) = &self.dir {
            let result = File::open(dir).and_then(|file| file.sync_all());
            outcome = outcome.and(result.map_err(|error| at_path(&error, "sync", dir)));
        }
        outcome
    }
}
