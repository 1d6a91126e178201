//! Which limits hold for a session, and by what: pure.

use sempre_protocol::SessionId;
use sempre_protocol::confinement::{
    Cgroup, LimitInForce, LimitMechanism, LimitsInForce, MAX_CPU_MAX_PERCENT, MIN_MEMORY_MAX_BYTES,
    ResourceLimits,
};

use super::ConfinementOptions;
use super::machine::Machine;
use crate::sessions::SessionError;

/// What a session is held to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The limits, as they are shown.
    pub(super) limits: LimitsInForce,
    /// The control group to make.
    pub(super) cgroup: Option<Cgroup>,
    /// `RLIMIT_AS` of each process, bytes.
    pub(super) address_space_max_bytes: Option<u64>,
}

/// A limit by name: how it is asked for, what it may be, and which flag is its ceiling.
struct Rule {
    field: &'static str,
    of: fn(&ResourceLimits) -> Option<u64>,
    least: u64,
    most: u64,
    ceiling_flag: &'static str,
}

const MEMORY: Rule = Rule {
    field: "limits.memory_max_bytes",
    of: |limits| limits.memory_max_bytes,
    least: MIN_MEMORY_MAX_BYTES,
    most: i64::MAX as u64,
    ceiling_flag: "--session-memory-ceiling",
};
const CPU: Rule = Rule {
    field: "limits.cpu_max_percent",
    of: |limits| limits.cpu_max_percent,
    least: 1,
    most: MAX_CPU_MAX_PERCENT,
    ceiling_flag: "--session-cpu-ceiling-percent",
};
const CPU_TIME: Rule = Rule {
    field: "limits.cpu_time_max_s",
    of: |limits| limits.cpu_time_max_s,
    least: 1,
    most: i64::MAX as u64,
    ceiling_flag: "--session-cpu-time-ceiling",
};
const PROCESSES: Rule = Rule {
    field: "limits.processes_max",
    of: |limits| limits.processes_max,
    least: 1,
    most: 4 * 1024 * 1024,
    ceiling_flag: "--session-processes-ceiling",
};

fn invalid(field: &'static str, message: String) -> SessionError {
    SessionError::Invalid { field, message }
}

impl Rule {
    /// The limit of a session that asks for `asked`; none: no limit.
    fn value(
        &self,
        asked: &ResourceLimits,
        options: &ConfinementOptions,
    ) -> Result<Option<u64>, SessionError> {
        let ceiling = (self.of)(&options.ceilings);
        let Some(asked) = (self.of)(asked) else {
            return Ok(self.unasked(options));
        };
        let Self { least, most, .. } = *self;
        if !(least..=most).contains(&asked) {
            return Err(invalid(self.field, format!("{asked} is not {least} to {most}")));
        }
        match ceiling {
            Some(ceiling) if asked > ceiling => Err(invalid(
                self.field,
                format!(
                    "{asked} is more than the ceiling of {ceiling}; ask for less, or raise the server's {}",
                    self.ceiling_flag
                ),
            )),
            _ => Ok(Some(asked)),
        }
    }

    /// The limit of a session that does not ask: the default, but never beyond the ceiling.
    fn unasked(&self, options: &ConfinementOptions) -> Option<u64> {
        let default = (self.of)(&options.defaults);
        let ceiling = (self.of)(&options.ceilings);
        default
            .into_iter()
            .chain(ceiling)
            .min()
            .map(|value| value.max(self.least))
    }
}

/// What a session is held to that asks for `asked`.
///
/// # Errors
/// [`SessionError::Invalid`] for a limit out of range, beyond its ceiling, or asked for where nothing holds it.
pub(super) fn plan(
    asked: &ResourceLimits,
    options: &ConfinementOptions,
    machine: &Machine,
    id: SessionId,
) -> Result<Plan, SessionError> {
    let by = |mechanism| move |value| LimitInForce { value, mechanism };
    let memory = MEMORY.value(asked, options)?;
    let controllers = machine.controllers();
    let cpu = held(&CPU, controllers.cpu, asked, options, machine)?;
    let processes = held(&PROCESSES, controllers.pids, asked, options, machine)?;
    let (memory_by_group, memory_by_rlimit) = match controllers.memory {
        true => (memory, None),
        false => (None, memory),
    };
    let wanted = memory_by_group.is_some() || cpu.is_some() || processes.is_some();
    let cgroup = machine.group(id).filter(|_| wanted).map(|directory| Cgroup {
        directory,
        memory_max_bytes: memory_by_group,
        cpu_max_percent: cpu,
        processes_max: processes,
    });
    let (group, rlimit) = (LimitMechanism::CgroupV2, LimitMechanism::Rlimit);
    Ok(Plan {
        limits: LimitsInForce {
            memory_max_bytes: memory_by_group
                .map(by(group))
                .or(memory_by_rlimit.map(by(rlimit))),
            cpu_max_percent: cpu.map(by(group)),
            cpu_time_max_s: CPU_TIME.value(asked, options)?.map(by(rlimit)),
            processes_max: processes.map(by(group)),
        },
        cgroup,
        address_space_max_bytes: memory_by_rlimit,
    })
}

/// The value of a limit that only a control group holds. Where there is none, who asks is refused, and a default of
/// the server's does not hold: [`dropped`] says so.
fn held(
    rule: &Rule,
    available: bool,
    asked: &ResourceLimits,
    options: &ConfinementOptions,
    machine: &Machine,
) -> Result<Option<u64>, SessionError> {
    let value = rule.value(asked, options)?;
    if available || value.is_none() {
        return Ok(value);
    }
    match (rule.of)(asked) {
        None => Ok(None),
        Some(_) => Err(invalid(
            rule.field,
            format!("it takes cgroup v2, and {}", machine.without_cgroup()),
        )),
    }
}

/// What of the server's own settings does not hold on this machine, and why.
pub(super) fn dropped(options: &ConfinementOptions, machine: &Machine) -> Option<String> {
    let controllers = machine.controllers();
    let lost: Vec<_> = [(&CPU, controllers.cpu), (&PROCESSES, controllers.pids)]
        .into_iter()
        .filter(|(rule, available)| !available && rule.unasked(options).is_some())
        .map(|(rule, _)| rule.field)
        .collect();
    (!lost.is_empty()).then(|| {
        format!(
            "sessions are not held to {}: it takes cgroup v2, and {}",
            lost.join(" and "),
            machine.without_cgroup()
        )
    })
}

/// `asked`, but never beyond `ceilings`.
pub(super) fn within(asked: &ResourceLimits, ceilings: &ResourceLimits) -> ResourceLimits {
    let least = |of: fn(&ResourceLimits) -> Option<u64>| {
        let asked = of(asked)?;
        Some(of(ceilings).map_or(asked, |ceiling| asked.min(ceiling)))
    };
    ResourceLimits {
        memory_max_bytes: least(MEMORY.of),
        cpu_max_percent: least(CPU.of),
        cpu_time_max_s: least(CPU_TIME.of),
        processes_max: least(PROCESSES.of),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::confinement::machine::{Controllers, GroupBase};

    const MIB: u64 = 1024 * 1024;
    const ALL: Controllers = Controllers {
        memory: true,
        cpu: true,
        pids: true,
    };

    fn id() -> SessionId {
        SessionId::from_bytes([7; 16])
    }

    fn machine(controllers: Controllers) -> Machine {
        Machine {
            cgroup: Ok(GroupBase {
                directory: "/sys/fs/cgroup/sempre.service".into(),
                controllers,
            }),
            is_root: false,
        }
    }

    fn without() -> Machine {
        Machine {
            cgroup: Err("nothing is delegated".into()),
            is_root: false,
        }
    }

    fn limits(memory: Option<u64>, cpu: Option<u64>) -> ResourceLimits {
        ResourceLimits {
            memory_max_bytes: memory,
            cpu_max_percent: cpu,
            ..ResourceLimits::default()
        }
    }

    fn options(defaults: ResourceLimits, ceilings: ResourceLimits) -> ConfinementOptions {
        ConfinementOptions {
            defaults,
            ceilings,
            ..ConfinementOptions::default()
        }
    }

    #[test]
    fn t11_nothing_asked_for_and_nothing_set_is_no_limit() {
        for machine in [machine(ALL), without()] {
            let planned = plan(&ResourceLimits::default(), &Default::default(), &machine, id()).unwrap();
            assert_eq!(planned, Plan::default());
        }
    }

    #[test]
    fn t11_a_control_group_holds_all_of_it_where_there_is_one() {
        let asked = ResourceLimits {
            processes_max: Some(50),
            cpu_time_max_s: Some(9),
            ..limits(Some(64 * MIB), Some(150))
        };
        let planned = plan(&asked, &Default::default(), &machine(ALL), id()).unwrap();
        let cgroup = planned.cgroup.unwrap();
        assert_eq!(
            cgroup.directory,
            format!("/sys/fs/cgroup/sempre.service/sempre-{}", id())
        );
        assert_eq!(
            (
                cgroup.memory_max_bytes,
                cgroup.cpu_max_percent,
                cgroup.processes_max
            ),
            (Some(64 * MIB), Some(150), Some(50))
        );
        assert_eq!(planned.address_space_max_bytes, None);
        let by = |limit: Option<LimitInForce>| limit.unwrap().mechanism;
        assert_eq!(by(planned.limits.memory_max_bytes), LimitMechanism::CgroupV2);
        assert_eq!(by(planned.limits.cpu_time_max_s), LimitMechanism::Rlimit);
        assert_eq!(planned.limits.asked(), asked);
    }

    #[test]
    fn t11_without_one_memory_is_an_rlimit_and_the_rest_is_refused() {
        let planned = plan(
            &limits(Some(64 * MIB), None),
            &Default::default(),
            &without(),
            id(),
        )
        .unwrap();
        assert_eq!(
            (planned.cgroup, planned.address_space_max_bytes),
            (None, Some(64 * MIB))
        );
        let memory = planned.limits.memory_max_bytes.unwrap();
        assert_eq!(memory.mechanism, LimitMechanism::Rlimit);
        let error = plan(&limits(None, Some(50)), &Default::default(), &without(), id()).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("limits.cpu_max_percent") && error.contains("nothing is delegated"),
            "{error}"
        );
        // With only some controllers each limit has what holds it.
        let some = machine(Controllers { memory: false, ..ALL });
        let planned = plan(
            &limits(Some(64 * MIB), Some(50)),
            &Default::default(),
            &some,
            id(),
        )
        .unwrap();
        assert_eq!(planned.address_space_max_bytes, Some(64 * MIB));
        assert_eq!(planned.cgroup.unwrap().memory_max_bytes, None);
    }

    #[test]
    fn t11_defaults_hold_for_who_asks_for_nothing_and_ceilings_for_all() {
        let options = options(limits(Some(64 * MIB), None), limits(Some(128 * MIB), Some(100)));
        let planned = |asked| plan(&asked, &options, &machine(ALL), id()).map(|plan| plan.limits.asked());
        let unasked = planned(ResourceLimits::default()).unwrap();
        assert_eq!(unasked, limits(Some(64 * MIB), Some(100)));
        let more = planned(limits(Some(128 * MIB), Some(20))).unwrap();
        assert_eq!(more, limits(Some(128 * MIB), Some(20)));
        let error = planned(limits(Some(129 * MIB), None)).unwrap_err().to_string();
        assert!(
            error.contains("--session-memory-ceiling") && error.contains(&(128 * MIB).to_string()),
            "{error}"
        );
        let error = planned(limits(None, Some(101))).unwrap_err().to_string();
        assert!(error.contains("--session-cpu-ceiling-percent"), "{error}");
    }

    #[test]
    fn t11_what_no_shell_could_start_with_is_refused() {
        for (asked, field) in [
            (limits(Some(MIB), None), "memory_max_bytes"),
            (limits(None, Some(0)), "cpu_max_percent"),
            (limits(None, Some(u64::MAX)), "cpu_max_percent"),
        ] {
            let error = plan(&asked, &Default::default(), &machine(ALL), id()).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
    }

    #[test]
    fn t11_a_setting_that_does_not_hold_is_told() {
        let set = options(limits(Some(64 * MIB), Some(50)), Default::default());
        assert_eq!(dropped(&set, &machine(ALL)), None);
        let told = dropped(&set, &without()).unwrap();
        assert!(
            told.contains("cpu_max_percent") && !told.contains("memory"),
            "{told}"
        );
        let planned = plan(&ResourceLimits::default(), &set, &without(), id()).unwrap();
        assert_eq!(planned.limits.cpu_max_percent, None);
    }

    #[test]
    fn t11_a_restart_stays_within_ceilings_set_since() {
        let before = limits(Some(512 * MIB), Some(20));
        let ceilings = limits(Some(128 * MIB), Some(100));
        assert_eq!(within(&before, &ceilings), limits(Some(128 * MIB), Some(20)));
        assert_eq!(within(&before, &ResourceLimits::default()), before);
    }
}
