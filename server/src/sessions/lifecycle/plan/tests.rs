//! Plans over random sessions and times, and the cases that have a name.

use proptest::prelude::*;

use super::*;

const HOUR: u64 = 3_600_000;

fn id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 16])
}

fn now(monotonic_ms: u64) -> Now {
    Now {
        monotonic_ms,
        wall_ms: 1_000 * HOUR,
        wall_is_trusted: true,
    }
}

const LIMITS: KeepLimits = KeepLimits {
    retention_ms: 7 * 24 * HOUR,
    archive_retention_ms: 30 * 24 * HOUR,
    compress_after_ms: HOUR,
    max_archived: 5,
    end_idle_beyond_group: None,
};

fn active(number: u8, ttl_s: u64, idle_s: u64, last_activity_ms: u64) -> PlanRow {
    PlanRow {
        id: id(number),
        group: None,
        stage: Stage::Active {
            ttl_s,
            idle_s,
            last_activity_ms,
            held: false,
            at_prompt: true,
        },
    }
}

fn with(mut row: PlanRow, change: impl FnOnce(&mut bool, &mut bool)) -> PlanRow {
    if let Stage::Active { held, at_prompt, .. } = &mut row.stage {
        change(held, at_prompt);
    }
    row
}

fn completed(number: u8, hours_ago: u64) -> PlanRow {
    PlanRow {
        id: id(number),
        group: None,
        stage: Stage::Completed {
            ended_at_ms: now(0).wall_ms - hours_ago * HOUR,
            held: false,
            compressed: false,
        },
    }
}

fn archived(number: u8, hours_ago: u64) -> PlanRow {
    PlanRow {
        id: id(number),
        group: None,
        stage: Stage::Archived {
            ended_at_ms: now(0).wall_ms - hours_ago * HOUR,
        },
    }
}

fn end(number: u8, reason: EndReason) -> Action {
    Action::End {
        id: id(number),
        reason,
    }
}

#[test]
fn t7_a_session_is_ended_when_its_time_to_live_is_over_and_not_a_moment_before() {
    let rows = [active(1, 3600, 0, 5_000)];
    assert_eq!(plan(now(3_604_999), &rows, &LIMITS), []);
    assert_eq!(plan(now(3_605_000), &rows, &LIMITS), [end(1, EndReason::Ttl)]);
}

#[test]
fn l2_idle_is_a_shell_at_its_prompt_with_nobody_there() {
    let idle = active(1, 0, 1800, 0);
    let busy = with(active(2, 0, 1800, 0), |_, at_prompt| *at_prompt = false);
    let watched = with(active(3, 0, 1800, 0), |held, _| *held = true);
    let rows = [idle, busy, watched, active(4, 0, 0, 0)];
    assert_eq!(plan(now(1_799_999), &rows, &LIMITS), []);
    assert_eq!(plan(now(1_800_000), &rows, &LIMITS), [end(1, EndReason::Idle)]);
}

#[test]
fn the_earlier_reason_is_the_reason() {
    assert_eq!(due(60, 30, 1000), Some((31_000, EndReason::Idle)));
    assert_eq!(due(30, 60, 1000), Some((31_000, EndReason::Ttl)));
    assert_eq!(due(0, 0, 1000), None);
    assert_eq!(due(u64::MAX, 0, 1000), Some((u64::MAX, EndReason::Ttl)));
}

#[test]
fn p9_the_oldest_idle_sessions_of_a_full_group_go_and_busy_ones_never() {
    let of_crew = |row: PlanRow| PlanRow {
        group: Some("crew".into()),
        ..row
    };
    let limits = KeepLimits {
        end_idle_beyond_group: Some(2),
        ..LIMITS
    };
    let busy = with(active(1, 0, 0, 1), |_, at_prompt| *at_prompt = false);
    let watched = with(active(2, 0, 0, 2), |held, _| *held = true);
    let idle = [active(3, 0, 0, 40), active(4, 0, 0, 30)];
    let rows: Vec<_> = [busy, watched].into_iter().chain(idle).map(of_crew).collect();
    let ends = [4, 3].map(|number| end(number, EndReason::GroupLimit));
    assert_eq!(plan(now(0), &rows, &limits), ends, "the oldest first");
    assert_eq!(plan(now(0), &rows[..3], &limits), [end(3, EndReason::GroupLimit)]);
    assert_eq!(plan(now(0), &rows[..2], &limits), []);
    assert_eq!(plan(now(0), &rows, &LIMITS), [], "only where that is asked for");
}

#[test]
fn ended_sessions_are_compressed_then_archived_then_forgotten_oldest_first() {
    let rows = [
        completed(1, 8 * 24),
        completed(2, 9 * 24),
        completed(3, 2),
        completed(4, 0),
        archived(5, 31 * 24),
        archived(6, 29 * 24),
    ];
    let expected = [
        Action::Archive(id(2)),
        Action::Archive(id(1)),
        Action::Prune(id(5)),
        Action::Compress(id(3)),
    ];
    assert_eq!(plan(now(0), &rows, &LIMITS), expected);
    let doubtful = Now {
        wall_is_trusted: false,
        ..now(0)
    };
    let expected = [2, 1, 3].map(|number| Action::Compress(id(number)));
    assert_eq!(
        plan(doubtful, &rows, &LIMITS),
        expected,
        "nothing is lost by a doubtful clock"
    );
}

#[test]
fn more_archived_sessions_than_the_limit_are_forgotten() {
    let rows: Vec<_> = (1..=7)
        .map(|number| archived(number, u64::from(number)))
        .collect();
    assert_eq!(
        plan(now(0), &rows, &LIMITS),
        [7, 6].map(|number| Action::Prune(id(number)))
    );
}

prop_compose! {
    fn stage()(
        kind in 0..3_u8,
        ttl_s in prop_oneof![Just(0), 1..100_u64, Just(u64::MAX)],
        idle_s in prop_oneof![Just(0), 1..100_u64, Just(u64::MAX)],
        at_ms in prop_oneof![0..200_000_u64, Just(u64::MAX)],
        held: bool,
        flag: bool,
    ) -> Stage {
        match kind {
            0 => Stage::Active { ttl_s, idle_s, last_activity_ms: at_ms, held, at_prompt: flag },
            1 => Stage::Completed { ended_at_ms: at_ms, held, compressed: flag },
            _ => Stage::Archived { ended_at_ms: at_ms },
        }
    }
}

fn rows() -> impl Strategy<Value = Vec<PlanRow>> {
    let row = (stage(), prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))]);
    prop::collection::vec(row, 0..30).prop_map(|rows| {
        let numbered = rows.into_iter().zip(0..);
        let row = |((stage, group), number): ((_, Option<&str>), u8)| PlanRow {
            id: id(number),
            group: group.map(str::to_owned),
            stage,
        };
        numbered.map(row).collect()
    })
}

prop_compose! {
    fn limits()(
        retention_ms in 0..100_000_u64,
        archive_retention_ms in 0..100_000_u64,
        compress_after_ms in 0..100_000_u64,
        max_archived in 0..10_usize,
        end_idle_beyond_group in prop::option::of(0..5_usize),
    ) -> KeepLimits {
        KeepLimits { retention_ms, archive_retention_ms, compress_after_ms, max_archived, end_idle_beyond_group }
    }
}

prop_compose! {
    /// Any times at all: clocks that jumped, in either direction.
    fn any_now()(
        monotonic_ms in prop_oneof![0..300_000_u64, Just(u64::MAX)],
        wall_ms in prop_oneof![0..300_000_u64, Just(u64::MAX)],
        wall_is_trusted: bool,
    ) -> Now {
        Now { monotonic_ms, wall_ms, wall_is_trusted }
    }
}

/// The rows once `actions` are done.
fn after(actions: &[Action], rows: &[PlanRow], now: Now) -> Vec<PlanRow> {
    let action = |row: &PlanRow| actions.iter().copied().find(|action| action.id() == row.id);
    let done = rows.iter().cloned().filter_map(|mut row| {
        match (action(&row), &mut row.stage) {
            (Some(Action::End { .. }), stage) => {
                *stage = Stage::Completed {
                    ended_at_ms: now.wall_ms,
                    held: false,
                    compressed: true,
                };
            }
            (Some(Action::Archive(_)), &mut Stage::Completed { ended_at_ms, .. }) => {
                row.stage = Stage::Archived { ended_at_ms };
            }
            (Some(Action::Compress(_)), Stage::Completed { compressed, .. }) => *compressed = true,
            (Some(Action::Prune(_)), _) => return None,
            _ => {}
        }
        Some(row)
    });
    done.collect()
}

fn rank(action: Action) -> u8 {
    match action {
        Action::End {
            reason: EndReason::GroupLimit,
            ..
        } => 1,
        Action::End { .. } => 0,
        Action::Archive(_) => 2,
        Action::Prune(_) => 3,
        Action::Compress(_) => 4,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_without_limits_is_never_touched_whatever_the_clocks_say(
        rows in rows(), limits in limits(), now in any_now(),
    ) {
        let limits = KeepLimits { end_idle_beyond_group: None, ..limits };
        for action in plan(now, &rows, &limits) {
            let row = rows.iter().find(|row| row.id == action.id()).unwrap();
            if let Stage::Active { ttl_s, idle_s, held, .. } = row.stage {
                prop_assert!(!held && (ttl_s > 0 || idle_s > 0), "{action:?} for {row:?}");
            }
        }
    }

    #[test]
    fn a_running_session_is_only_ended_and_an_ended_one_never(
        rows in rows(), limits in limits(), now in any_now(),
    ) {
        for action in plan(now, &rows, &limits) {
            let row = rows.iter().find(|row| row.id == action.id()).unwrap();
            let fits = match row.stage {
                Stage::Active { .. } => matches!(action, Action::End { .. }),
                Stage::Completed { held, .. } => match action {
                    Action::Archive(_) => !held && now.wall_is_trusted,
                    action => matches!(action, Action::Compress(_)),
                },
                Stage::Archived { .. } => matches!(action, Action::Prune(_)),
            };
            prop_assert!(fits, "{action:?} for {row:?}");
        }
    }

    #[test]
    fn the_wall_clock_ends_nothing(rows in rows(), limits in limits(), now in any_now(), wall_ms: u64) {
        let ends = |now| -> Vec<_> {
            let all = plan(now, &rows, &limits).into_iter();
            all.filter(|action| matches!(action, Action::End { .. })).collect()
        };
        prop_assert_eq!(ends(now), ends(Now { wall_ms, ..now }));
    }

    #[test]
    fn nothing_is_planned_twice_and_the_order_is_kept(rows in rows(), limits in limits(), now in any_now()) {
        let actions = plan(now, &rows, &limits);
        let ids: HashSet<_> = actions.iter().map(|action| action.id()).collect();
        prop_assert_eq!(ids.len(), actions.len());
        prop_assert!(actions.is_sorted_by_key(|&action| rank(action)), "{actions:?}");
        let mut shuffled = rows.clone();
        shuffled.reverse();
        prop_assert_eq!(plan(now, &shuffled, &limits), actions, "the order of the rows does not matter");
    }

    #[test]
    fn once_done_nothing_is_due(rows in rows(), limits in limits(), now in any_now()) {
        // What is archived may be due for pruning at once, so it settles after a second look.
        let once = after(&plan(now, &rows, &limits), &rows, now);
        let twice = after(&plan(now, &once, &limits), &once, now);
        prop_assert_eq!(plan(now, &twice, &limits), []);
        let again: Vec<_> = plan(now, &once, &limits);
        prop_assert!(again.iter().all(|action| matches!(action, Action::Prune(_))), "{again:?}");
    }
}
