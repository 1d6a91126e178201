//! How many files a process may have open. A server of many sessions takes all that it may have; programs in its sessions
//! begin with what it was given, for some of them count on few.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the soft limit of this process to its hard one. What it was before; none: no limit, or it stays as it is.
pub(crate) fn raise() -> Option<u64> {
    let given = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: given.maximum,
        ..given
    };
    // Where it is refused the server has what it had.
    setrlimit(Resource::Nofile, raised).ok().and(given.current)
}
