//! What a session's processes are held to: limits on memory, processor and processes, and another Unix user (rows
//! T10, T11). Here are the words of the API and of the spec; what the machine can do is decided by the server, and
//! done by the holder.

use serde::{Deserialize, Serialize};

/// Least `memory_max_bytes`: with less no shell starts.
pub const MIN_MEMORY_MAX_BYTES: u64 = 16 * 1024 * 1024;
/// Largest `cpu_max_percent`: a thousand processors.
pub const MAX_CPU_MAX_PERCENT: u64 = 100_000;

/// Limits as a request asks for them; none: the server's default, which may be no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResourceLimits {
    /// Memory, bytes, at least 16 MiB. By cgroup v2 of all processes of the session together; by rlimit the address
    /// space of each single process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_max_bytes: Option<u64>,
    /// Processor time of all processes of the session together, percent of one processor: 150 is one and a half.
    /// Only by cgroup v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_max_percent: Option<u64>,
    /// Processor time of each single process in its whole life, seconds; it is ended by SIGXCPU then. Only by rlimit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time_max_s: Option<u64>,
    /// Processes and threads of the session. Only by cgroup v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_max: Option<u64>,
}

impl ResourceLimits {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What the kernel holds a limit by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LimitMechanism {
    /// A control group of the session's own: all of its processes count together.
    CgroupV2,
    /// A resource limit that every process inherits: each counts by itself.
    Rlimit,
}

impl LimitMechanism {
    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::CgroupV2 => "cgroup v2",
            Self::Rlimit => "rlimit",
        }
    }
}

/// A limit that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitInForce {
    /// In the unit its name says.
    pub value: u64,
    /// What holds it.
    pub mechanism: LimitMechanism,
}

/// The limits a session was started with; what is left out is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LimitsInForce {
    /// Memory, bytes: of the session by cgroup v2, of each process (address space) by rlimit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_max_bytes: Option<LimitInForce>,
    /// Processor time of the session, percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_max_percent: Option<LimitInForce>,
    /// Processor time of each process, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time_max_s: Option<LimitInForce>,
    /// Processes and threads of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_max: Option<LimitInForce>,
}

impl LimitsInForce {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The same, asked for again.
    pub fn asked(&self) -> ResourceLimits {
        let value = |limit: Option<LimitInForce>| limit.map(|limit| limit.value);
        ResourceLimits {
            memory_max_bytes: value(self.memory_max_bytes),
            cpu_max_percent: value(self.cpu_max_percent),
            cpu_time_max_s: value(self.cpu_time_max_s),
            processes_max: value(self.processes_max),
        }
    }
}

/// What a holder holds its child to, never itself. A holder that does not know this must start nothing: it is also
/// told by an argument (`CONFINE_ARGUMENT`) that one of an older release refuses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// Whom the child runs as; none: as the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UnixUser>,
    /// The control group to make for it and to remove after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<Cgroup>,
    /// `RLIMIT_AS` of the child, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_space_max_bytes: Option<u64>,
    /// `RLIMIT_CPU` of the child, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time_max_s: Option<u64>,
}

/// A Unix user as the child becomes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnixUser {
    /// Its name, for messages.
    pub name: String,
    /// User id; never 0.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// All groups, the primary one too.
    pub groups: Vec<u32>,
}

/// A control group (cgroup v2) of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cgroup {
    /// Its directory; it does not exist yet.
    pub directory: String,
    /// `memory.max`, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_max_bytes: Option<u64>,
    /// `cpu.max`, percent of one processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_max_percent: Option<u64>,
    /// `pids.max`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes_max: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t11_limits_are_asked_for_by_names_with_units_and_no_others() {
        let asked: ResourceLimits =
            serde_json::from_str(r#"{"memory_max_bytes": 33554432, "cpu_max_percent": 50}"#).unwrap();
        assert_eq!(
            (asked.memory_max_bytes, asked.cpu_max_percent),
            (Some(33_554_432), Some(50))
        );
        assert!(serde_json::from_str::<ResourceLimits>(r#"{"memory_max": 1}"#).is_err());
        assert!(ResourceLimits::default().is_none() && !asked.is_none());
    }

    #[test]
    fn t11_a_limit_in_force_says_by_what() {
        let limits = LimitsInForce {
            memory_max_bytes: Some(LimitInForce {
                value: 1 << 25,
                mechanism: LimitMechanism::CgroupV2,
            }),
            ..LimitsInForce::default()
        };
        let json = r#"{"memory_max_bytes":{"value":33554432,"mechanism":"cgroup_v2"}}"#;
        assert_eq!(serde_json::to_string(&limits).unwrap(), json);
        assert_eq!(limits.asked().memory_max_bytes, Some(1 << 25));
    }

    #[test]
    fn what_a_later_release_adds_is_passed_over() {
        let read: Confinement = serde_json::from_str(r#"{"cpu_time_max_s":5,"later":1}"#).unwrap();
        assert_eq!(read.cpu_time_max_s, Some(5));
        assert_eq!(
            serde_json::from_str::<LimitsInForce>(r#"{"later":1}"#).unwrap(),
            LimitsInForce::default()
        );
    }
}
