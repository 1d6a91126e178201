//! Which process listens on a TCP port, from `/proc`.

use std::fmt;
use std::path::Path;

/// A process that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its pid.
    pub pid: u32,
    /// Its program's name.
    pub program: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.program.escape_debug(), self.pid)
    }
}

/// In `/proc/net/tcp`: the state of a listening socket.
const LISTENING: &str = "0A";

/// The process that listens on `port`; none if nobody does or it is another user's and hidden.
pub fn of_port(port: u16) -> Option<Owner> {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = Path::new("/proc").read_dir().ok()?;
    processes.flatten().find_map(|process| {
        let pid = process.file_name().to_str()?.parse().ok()?;
        let mut files = process.path().join("fd").read_dir().ok()?.flatten();
        let owns = files.any(|file| {
            std::fs::read_link(file.path())
                .is_ok_and(|target| inodes.iter().any(|inode| target.as_os_str() == inode.as_str()))
        });
        let program = || std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
        owns.then(|| Owner {
            pid,
            program: program().trim().to_owned(),
        })
    })
}

/// Inodes of the sockets that listen on `port`, from a table such as `/proc/net/tcp`.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1)?;
            let state = fields.nth(1)?;
            let inode = fields.nth(5)?;
            let found = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
            (state == LISTENING && found == port).then(|| inode.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_port_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let owner = of_port(listener.local_addr().unwrap().port()).unwrap();
        assert_eq!(owner.pid, std::process::id());
    }
}
