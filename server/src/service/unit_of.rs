//! Which service of systemd a process is in, as its control group tells. Reads `/proc`; asks nobody.

/// A service, where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitOf {
    /// Its name, such as `sempre.service`.
    pub name: String,
    /// It is one of a user's manager, and not of the machine's.
    pub is_users: bool,
    /// The slice it is in, if it is in one of the same manager.
    pub slice: Option<String>,
}

/// The service a process belongs to; none: it is in none, or gone.
pub fn unit_of(pid: u32) -> Option<UnitOf> {
    let cgroup = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    unit_in(&cgroup)
}

fn unit_in(cgroup: &str) -> Option<UnitOf> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mut above: Vec<_> = path.split('/').collect();
    let at = above.iter().rposition(|part| part.ends_with(".service"))?;
    let name = above.get(at).copied()?.to_owned();
    above.truncate(at);
    // The manager of a user's services is a service itself, and what is only in it was started by hand.
    let is_manager = name.starts_with("user@");
    let slice = above.last().filter(|part| part.ends_with(".slice"));
    (!is_manager).then(|| UnitOf {
        is_users: above.iter().any(|part| is_users_manager(part)),
        slice: slice.map(|slice| (*slice).to_owned()),
        name,
    })
}

fn is_users_manager(part: &str) -> bool {
    part.starts_with("user@") && part.ends_with(".service")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_their_control_group() {
        let unit = |name: &str, is_users, slice: &str| {
            Some(UnitOf {
                name: name.into(),
                is_users,
                slice: (!slice.is_empty()).then(|| slice.to_owned()),
            })
        };
        let users = "0::/user.slice/user-1000.slice/user@1000.service";
        for (cgroup, service) in [
            (
                "0::/system.slice/sempre.service\n".to_owned(),
                unit("sempre.service", false, "system.slice"),
            ),
            (
                "0::/a.slice/a-b.slice/sempre.service/server\n".to_owned(),
                unit("sempre.service", false, "a-b.slice"),
            ),
            (
                format!("{users}/app.slice/sempre.service\n"),
                unit("sempre.service", true, "app.slice"),
            ),
            (
                format!("{users}/sempre.service\n"),
                unit("sempre.service", true, ""),
            ),
            (format!("{users}/app.slice/x.scope\n"), None),
            (
                "0::/user.slice/user-1000.slice/session-2.scope\n".to_owned(),
                None,
            ),
            ("0::/\n".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(unit_in(&cgroup), service, "{cgroup}");
        }
    }
}
