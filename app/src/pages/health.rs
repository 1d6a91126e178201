//! How the server is, check by check.

use leptos::prelude::*;
use leptos_meta::Title;
use sempre_protocol::api::{self, HealthCheck, HealthStatus, Quantiles};

use crate::components::{DataFailure, Header, Icon, IconView};
use crate::data::{self, DataError};
use crate::live::use_clock;
use crate::{format, routes};

/// `/health`.
#[component]
pub fn Health() -> impl IntoView {
    let health = Resource::new(|| (), |()| data::health());
    view! {
        <Title text="Health" />
        <Header here=routes::health() />
        <main id="main" class="page">
            <Suspense>
                {move || Suspend::new(async move {
                    match health.await {
                        Ok(health) => view! { <Report health /> }.into_any(),
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
type Dated = RwSignal<(api::Health, u64)>;

#[component]
fn Report(health: api::Health) -> impl IntoView {
    let clock = use_clock();
    let report: Dated = RwSignal::new((health, 0));
    let (busy, failed) = (RwSignal::new(false), RwSignal::new(None::<DataError>));
    let again = move |_| {
        let health = data::health();
        busy.set(true);
        leptos::task::spawn_local(async move {
            let health = health.await;
            busy.try_set(false);
            match health {
                Ok(health) => {
                    report.try_set((health, clock.seconds_once()));
                    failed.try_set(None);
                }
                Err(error) => drop(failed.try_set(Some(error))),
            }
        });
    };
    let status = move || report.with(|(health, _)| words(health.status));
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
        <ul class="checks">{move || report.with(|(health, _)| health.checks.iter().map(check).collect_view())}</ul>
    }
    .into_any()
}

#[component]
fn Figures(report: Dated) -> impl IntoView {
    let clock = use_clock();
    let sessions = move || report.with(|(health, _)| health.active_sessions);
    let version = move || report.with(|(health, _)| health.version.clone());
    let uptime = Memo::new(move |_| {
        report.with(|(health, at_s)| format::duration(health.uptime + clock.seconds().saturating_sub(*at_s)))
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
    let figures = move || report.with(|(health, _)| recovery_figures(health));
    let figure = |(name, value): (&'static str, String)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! {
        <section aria-labelledby="recovery-title" data-testid="recovery">
            <h2 id="recovery-title" class="figures-title">
                "Coming back to sessions"
            </h2>
            <dl class="figures">{move || figures().into_iter().map(figure).collect_view()}</dl>
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
