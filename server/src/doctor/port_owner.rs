//! Which process listens on a TCP port, from `/proc`.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use super::look::{processes, program_name};

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
    let inodes = listening(port..=port)
        .into_iter()
        .map(|(_, inode)| inode)
        .collect();
    owners(&inodes).into_values().next()
}

/// Who listens on a range of ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Ports of this process.
    pub own: Vec<u16>,
    /// Ports of others; with whom, unless it is another user's and hidden.
    pub others: Vec<(u16, Option<Owner>)>,
}

/// Every port of `ports` on which somebody listens, with whom, unless it is another user's and hidden. Blocks.
///
/// # Errors
/// If the kernel's table cannot be read.
pub fn all(ports: RangeInclusive<u16>) -> std::io::Result<Vec<(u16, Option<Owner>)>> {
    std::fs::File::open("/proc/net/tcp")?;
    let found = listening(ports);
    let wanted = found.iter().map(|(_, inode)| inode.clone()).collect();
    let owners = owners(&wanted);
    let mut all: Vec<_> = found
        .into_iter()
        .map(|(port, inode)| (port, owners.get(&inode).cloned()))
        .collect();
    // Both address families of one program are one listener.
    all.sort_by_key(|(port, owner)| (*port, owner.as_ref().map(|owner| owner.pid)));
    all.dedup();
    Ok(all)
}

/// Who listens on `ports`. Looks through all processes only if somebody else does. Blocks.
pub fn listeners(ports: RangeInclusive<u16>) -> Listeners {
    let found = listening(ports);
    let wanted = found.iter().map(|(_, inode)| inode.clone()).collect();
    let own_inodes = sockets_of(Path::new("/proc/self"), &wanted);
    let (own, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(_, inode)| own_inodes.contains(inode));
    let foreign: HashSet<String> = others.iter().map(|(_, inode)| inode.clone()).collect();
    let mut owners = match foreign.is_empty() {
        true => HashMap::new(),
        false => owners(&foreign),
    };
    let mut listeners = Listeners {
        own: own.into_iter().map(|(port, _)| port).collect(),
        others: others
            .into_iter()
            .map(|(port, inode)| (port, owners.remove(&inode)))
            .collect(),
    };
    // Both address families of one program are one listener.
    listeners.own.sort_unstable();
    listeners.own.dedup();
    listeners
        .others
        .sort_by_key(|(port, owner)| (*port, owner.as_ref().map(|owner| owner.pid)));
    listeners.others.dedup();
    listeners
}

/// Ports and sockets that listen.
fn listening(ports: RangeInclusive<u16>) -> Vec<(u16, String)> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok())
        .flat_map(|table| listening_inodes(&table, &ports))
        .map(|(port, inode)| (port, format!("socket:[{inode}]")))
        .collect()
}

/// Which of `sockets` a process has open, by its directory in `/proc`.
fn sockets_of(process: &Path, sockets: &HashSet<String>) -> Vec<String> {
    let files = process.join("fd").read_dir().into_iter().flatten().flatten();
    let targets = files.filter_map(|file| {
        std::fs::read_link(file.path())
            .ok()?
            .into_os_string()
            .into_string()
            .ok()
    });
    targets.filter(|target| sockets.contains(target)).collect()
}

/// The processes that have `sockets` open.
fn owners(sockets: &HashSet<String>) -> HashMap<String, Owner> {
    let mut owners = HashMap::new();
    for pid in processes() {
        for socket in sockets_of(&Path::new("/proc").join(pid.to_string()), sockets) {
            let program = program_name(pid).unwrap_or_default();
            let owner = Owner { pid, program };
            owners.entry(socket).or_insert(owner);
        }
        if owners.len() == sockets.len() {
            break;
        }
    }
    owners
}

/// Ports and inodes of the sockets that listen on `ports`, from a table such as `/proc/net/tcp`.
fn listening_inodes(table: &str, ports: &RangeInclusive<u16>) -> Vec<(u16, String)> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace();
            let local = fields.nth(1)?;
            let state = fields.nth(1)?;
            let inode = fields.nth(5)?;
            let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
            (state == LISTENING && ports.contains(&port)).then(|| (port, inode.to_owned()))
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
    #[test]
    fn k9_own_listeners_are_told_from_those_of_others() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = listeners(port..=port);
        assert_eq!((found.own, found.others), (vec![port], vec![]));
        // Another program: it says on which port it listens.
        let script = "import socket, sys; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); \
                      print(s.getsockname()[1], flush=True); sys.stdin.read()";
        let mut other = std::process::Command::new("python3")
            .args(["-c", script])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = other.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
        let port: u16 = line.trim().parse().unwrap();
        let found = listeners(port..=port);
        drop(other.stdin.take());
        let pid = other.id();
        other.wait().unwrap();
        let owner = |(port, owner): &(u16, Option<Owner>)| (*port, owner.as_ref().unwrap().pid);
        let owners: Vec<_> = found.others.iter().map(owner).collect();
        assert_eq!((found.own, owners), (vec![], vec![(port, pid)]));
    }
}
