//! The other end of a connection: its address, or the process behind a Unix socket and where that process stands.

use std::fmt;
use std::fs;
use std::net::IpAddr;

use sempre_protocol::SessionId;
use sempre_protocol::viewers::PeerKind;

/// Processes above a peer that are looked at; more are a sign that something is wrong.
const MAX_ANCESTORS: usize = 256;
/// How often the way up is tried when a process on it ends meanwhile.
const LOOKS: usize = 4;
/// The environment variable every process of a session inherits.
const SESSION_VARIABLE: &[u8] = b"SEMPRE_SESSION=";
/// The start of the holder's program name, as the kernel shortens it.
const HOLDER: &str = "sempre-holder";

/// How a connection came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// In one word.
    pub kind: PeerKind,
    /// Its address; none on a Unix socket.
    pub address: Option<IpAddr>,
    /// Its process, on a Unix socket.
    pub process: Option<Process>,
    /// Encrypted, by this server itself.
    pub tls: bool,
}

/// Who opened a Unix socket, as it stood when the connection was taken: later its pid may be another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its effective user.
    pub uid: u32,
    /// Its id.
    pub pid: u32,
    /// What is known of where it stands; none: nothing, so it may stand anywhere.
    pub standing: Option<Standing>,
}

/// Where a process stands among others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// It, its ancestors, and the leaders of their Unix sessions.
    pub pids: Vec<u32>,
    /// The sessions named in the environments of those.
    pub marks: Vec<SessionId>,
    /// It descends from some session: of this server or of another one.
    pub in_a_session: bool,
}

impl Peer {
    /// By TCP from `address`.
    pub fn tcp(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let kind = match address.is_loopback() {
            true => PeerKind::Loopback,
            false => PeerKind::Network,
        };
        Self {
            kind,
            address: Some(address),
            process: None,
            tls: false,
        }
    }

    /// By a Unix socket from a process, if the system told which.
    pub fn unix(process: Option<Process>) -> Self {
        Self {
            kind: PeerKind::Unix,
            address: None,
            process,
            tls: false,
        }
    }

    /// The same, after a TLS handshake with this server.
    pub fn under_tls(self) -> Self {
        Self { tls: true, ..self }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, &self.process) {
            (Some(address), _) => address.fmt(f),
            (None, Some(Process { uid, pid, .. })) => write!(f, "unix uid={uid} pid={pid}"),
            (None, None) => f.write_str("unix"),
        }
    }
}

impl Process {
    /// Looks where a process stands.
    pub fn look(pid: u32, uid: u32) -> Self {
        // A parent that ends meanwhile leaves its children to another: the way up is another one then.
        let standing = (0..LOOKS).find_map(|_| stand(pid));
        Self { uid, pid, standing }
    }
}

/// Follows the parents of `pid` up to the first process; none if one of them cannot be read.
fn stand(pid: u32) -> Option<Standing> {
    let mut standing = Standing::default();
    let mut at = pid;
    for _ in 0..MAX_ANCESTORS {
        // 0 is the kernel, and a process outside this pid namespace.
        if at == 0 {
            return (at != pid).then_some(standing);
        }
        let stat = fs::read_to_string(format!("/proc/{at}/stat")).ok()?;
        let (name, parent, leader) = read_stat(&stat)?;
        standing.pids.extend([at, leader]);
        // Environments of other users cannot be read; their processes are no children of this server's sessions.
        if let Ok(environment) = fs::read(format!("/proc/{at}/environ")) {
            let mark = mark_of(&environment);
            standing.in_a_session |= mark.is_some();
            standing.marks.extend(mark.flatten());
        }
        standing.in_a_session |= name.starts_with(HOLDER);
        at = parent;
    }
    None
}

/// Name, parent and session leader of a line of `/proc/PID/stat`. The name may hold anything, even `)`.
fn read_stat(stat: &str) -> Option<(&str, u32, u32)> {
    let (head, rest) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let leader = fields.nth(1)?.parse().ok()?;
    Some((name, parent, leader))
}

/// The session an environment names; `Some(None)`: one that is no session's id.
fn mark_of(environment: &[u8]) -> Option<Option<SessionId>> {
    let mut variables = environment.split(|&byte| byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(SESSION_VARIABLE))?;
    Some(std::str::from_utf8(value).ok().and_then(|id| id.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_nothing() {
        assert_eq!(read_stat("7 (a) S 1 (b) S 3 5 6 0 -1"), Some(("a) S 1 (b", 3, 6)));
        assert_eq!(read_stat("7 (a"), None);
        assert_eq!(read_stat("7 (a) S x"), None);
    }

    #[test]
    fn a_process_knows_its_ancestors() {
        let standing = stand(std::process::id()).unwrap();
        assert!(standing.pids.contains(&std::process::id()));
        let parent = std::os::unix::process::parent_id();
        assert!(standing.pids.contains(&parent), "{standing:?} {parent}");
        assert_eq!(stand(0), None);
        assert_eq!(stand(u32::MAX), None, "nothing is known of who is not there");
    }

    #[test]
    fn a_session_marks_its_processes() {
        let id = SessionId::from_bytes([7; 16]);
        let environment = format!("A=b\0SEMPRE_SESSION={id}\0C=d");
        assert_eq!(mark_of(environment.as_bytes()), Some(Some(id)));
        assert_eq!(mark_of(b"SEMPRE_SESSION=else\0"), Some(None));
        assert_eq!(mark_of(b"XSEMPRE_SESSION=else\0"), None);
    }

    #[test]
    fn where_a_connection_comes_from_is_told() {
        let peer = Peer::tcp("::ffff:127.0.0.1".parse().unwrap());
        assert_eq!(
            (peer.kind, peer.to_string()),
            (PeerKind::Loopback, "127.0.0.1".into())
        );
        let process = Process {
            uid: 5,
            pid: 7,
            standing: None,
        };
        assert_eq!(Peer::unix(Some(process)).to_string(), "unix uid=5 pid=7");
    }
}
