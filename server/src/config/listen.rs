//! Where the server listens: `HOST:PORT` or `unix:PATH`.

use std::fmt;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;

/// The port of a server that was told none.
pub const DEFAULT_PORT: u16 = 8084;

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP socket.
    Tcp(SocketAddr),
    /// A Unix socket at this path, mode 0600.
    Unix(PathBuf),
}

impl ListenAddress {
    /// 127.0.0.1 on this port.
    pub fn loopback(port: u16) -> Self {
        Self::Tcp(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port))
    }

    /// Whether only this machine can connect.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("unix: needs a path, such as unix:/run/sempre.sock".into()),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let wrong = |why: String| {
            format!("{text:?} is no address to listen on ({why}); write HOST:PORT or unix:PATH")
        };
        if !text.contains(':') {
            return Err(wrong("the port is missing".into()));
        }
        let mut addresses = text.to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
        addresses
            .next()
            .map(Self::Tcp)
            .ok_or_else(|| wrong("the name has no address".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in ["127.0.0.1:8084", "[::1]:0", "unix:/run/s.sock"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        assert!("unix:/x".parse::<ListenAddress>().unwrap().is_local());
        assert!(!"0.0.0.0:1".parse::<ListenAddress>().unwrap().is_local());
        for text in ["", "8084", "unix:", "127.0.0.1:99999"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text:?}");
        }
    }
}
