//! How the server is: figures, statistics of its sessions, and check by check.

use leptos::prelude::*;
use leptos_meta::Title;
use sempre_protocol::api::{self, HealthCheck, HealthStatus, Quantiles};

use crate::components::{DataFailure, Header, Icon, IconView, figures};
use crate::data::{self, DataError, ServerReport};
use crate::live::use_clock;
use crate::{format, routes};

use super::statistics::statistics;

/// `/health`.
#[component]
pub fn Health() -> impl IntoView {
    let report = Resource::new(|| (), |()| data::server_report());
    view! {
        <Title text="Health" />
        <Header here=routes::health() />
        <main id="main" class="page">
            <Suspense>
                {move || Suspend::new(async move {
                    match report.await {
                        Ok(report) => view! { <Report report /> }.into_any(),
                        Err(error) => view! { <DataFailure error=Signal::stored(error) /> }.into_any(),
                    }
                })}
            </Suspense>
        </main>
    }
    .into_any()
}

fn words(status: HealthStatus) -> (&'static str, &'static str) {
    match status {
        HealthStatus::Ok => ("OK", "good"),
        HealthStatus::Degraded => ("Needs attention", "warn"),
    }
}

/// `data_directory` as people write it.
fn name(check: &HealthCheck) -> String {
    let words = check.name.replace('_', " ");
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// What the server said, and when on the page's clock.
type Dated = RwSignal<(ServerReport, u64)>;

#[component]
fn Report(report: ServerReport) -> impl IntoView {
    let clock = use_clock();
    let report: Dated = RwSignal::new((report, 0));
    let (busy, failed) = (RwSignal::new(false), RwSignal::new(None::<DataError>));
    let again = move |_| {
        let answer = data::server_report();
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = answer.await;
            busy.try_set(false);
            match answer {
                Ok(answer) => {
                    report.try_set((answer, clock.seconds_once()));
                    failed.try_set(None);
                }
                Err(error) => drop(failed.try_set(Some(error))),
            }
        });
    };
    let status = move || report.with(|(server, _)| words(server.health.status));
    view! {
        <div class="page-head">
            <h1>"Health"</h1>
            <span class="state" data-tone=move || status().1 role="status" data-testid="health-status">
                <span class="dot" aria-hidden="true"></span>
                {move || status().0}
            </span>
            <button type="button" class="button" disabled=busy on:click=again>
                <IconView icon=Icon::Again />
                "Check again"
            </button>
        </div>
        {move || failed.get().map(|error| view! { <DataFailure error=Signal::stored(error) /> })}
        <Figures report />
        <Recovery report />
        <ul class="checks">{move || report.with(|(server, _)| server.health.checks.iter().map(check).collect_view())}</ul>
        {move || report.with(|(server, _)| server.stats.clone()).map(statistics)}
    }
    .into_any()
}

#[component]
fn Figures(report: Dated) -> impl IntoView {
    let clock = use_clock();
    let sessions = move || report.with(|(server, _)| server.health.active_sessions);
    let version = move || report.with(|(server, _)| server.health.version.clone());
    let uptime = Memo::new(move |_| {
        report.with(|(server, at_s)| {
            format::duration(server.health.uptime + clock.seconds().saturating_sub(*at_s))
        })
    });
    view! {
        <dl class="figures">
            <div>
                <dt>"Active sessions"</dt>
                <dd>{sessions}</dd>
            </div>
            <div>
                <dt>"Server up"</dt>
                <dd>{uptime}</dd>
            </div>
            <div>
                <dt>"Version"</dt>
                <dd>{version}</dd>
            </div>
        </dl>
    }
    .into_any()
}

/// How sessions were come back to (P10).
#[component]
fn Recovery(report: Dated) -> impl IntoView {
    view! {
        <section aria-labelledby="recovery-title" data-testid="recovery">
            <h2 id="recovery-title" class="figures-title">
                "Coming back to sessions"
            </h2>
            {move || report.with(|(server, _)| figures(recovery_figures(&server.health)))}
        </section>
    }
    .into_any()
}

/// Names and values, as people write them.
fn recovery_figures(health: &api::Health) -> [(&'static str, String); 6] {
    const NONE: &str = "none yet";
    let recovery = &health.recovery;
    let of = |quantiles: Option<Quantiles>, value: fn(u64) -> String| {
        let text = |q: Quantiles| [q.p50, q.p95, q.p99].map(value).join(" · ");
        quantiles.map_or_else(|| NONE.to_owned(), text)
    };
    [
        ("PTYs open", health.active_sessions.to_string()),
        (
            "Time to come back (p50 · p95 · p99)",
            of(recovery.recovery_us, format::microseconds),
        ),
        (
            "Size of snapshots (p50 · p95 · p99)",
            of(recovery.snapshot_bytes, format::bytes),
        ),
        ("Reconnects", recovery.reconnects.to_string()),
        (
            "Reconnects in the last hour",
            recovery.reconnects_last_hour.to_string(),
        ),
        ("Failed", recovery.failed_recoveries.to_string()),
    ]
}

fn check(check: &HealthCheck) -> impl IntoView + use<> {
    let (word, tone) = words(check.status);
    view! {
        <li class="check" data-tone=tone data-check=check.name.clone()>
            <h2>{name(check)}</h2>
            <span class="state" data-tone=tone>
                <span class="dot" aria-hidden="true"></span>
                {word}
            </span>
            <p>{check.message.clone()}</p>
        </li>
    }
    .into_any()
}
