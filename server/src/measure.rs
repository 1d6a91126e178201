//! What is counted and measured, for Prometheus. `docs/metrics.md` lists it for people; a test compares the two.
//!
//! Everything goes through this file, so that no label can take more values than are written here: routes are
//! templates, everything else is a word of a fixed list. Nothing here knows a session.

mod recent;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use ::metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use sempre_protocol::api::RecoveryFigures;
use sempre_protocol::holder::EndReason;

use recent::Recent;

const ACTIVE_PTYS: &str = "sempre_active_ptys";
const SESSIONS: &str = "sempre_sessions";
const VIEWERS: &str = "sempre_viewers";
const SCREENS: &str = "sempre_screens";
const TROUBLED: &str = "sempre_troubled_sessions";
const FREE_BYTES: &str = "sempre_data_directory_free_bytes";
const START_TIME: &str = "sempre_start_time_seconds";
const BUILD_INFO: &str = "sempre_build_info";
const STARTED: &str = "sempre_sessions_started_total";
const ENDED: &str = "sempre_sessions_ended_total";
const LIMITS: &str = "sempre_limits_reached_total";
const OUTPUT: &str = "sempre_output_bytes_total";
const INPUT: &str = "sempre_input_bytes_total";
const SENT: &str = "sempre_viewer_sent_bytes_total";
const SNAPSHOT: &str = "sempre_snapshot_bytes";
const KEYFRAMES: &str = "sempre_keyframes_total";
const KEYFRAME_BYTES: &str = "sempre_keyframe_bytes_total";
const RECOVERY: &str = "sempre_recovery_seconds";
const RECONNECTS: &str = "sempre_reconnects_total";
const FAILED: &str = "sempre_failed_recoveries_total";
const UNREACHABLE: &str = "sempre_holder_unreachable_total";
const DATABASE: &str = "sempre_database_errors_total";
const COMMANDS: &str = "sempre_commands_run_total";
const REQUESTS: &str = "sempre_http_requests_total";
const AUDIT_LOST: &str = "sempre_audit_entries_lost_total";

/// Bounds of recovery times, s.
const RECOVERY_S: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// Bounds of snapshot sizes, bytes.
const SNAPSHOT_BYTES: [f64; 8] = [
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

/// Samples of histograms that may wait for somebody to look at them; then they are put into their buckets.
const MAX_WAITING_SAMPLES: u32 = 1024;
static SAMPLES: AtomicU32 = AtomicU32::new(0);
static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
static RECENT: Recent = Recent::new();

/// How the sessions stand at the moment of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Sessions whose process runs.
    pub active: usize,
    /// Ended sessions whose journal is kept.
    pub completed: usize,
    /// Viewers attached.
    pub viewers: usize,
    /// Screen engines in memory.
    pub screens: usize,
    /// Sessions that have a problem.
    pub troubled: usize,
    /// Free space in the data directory, bytes.
    pub free_bytes: u64,
}

/// The recorder of this process.
#[derive(Debug, Clone)]
pub struct Measures(PrometheusHandle);

impl Measures {
    /// Starts to record; once per process.
    ///
    /// # Errors
    /// If something records already.
    pub fn install() -> anyhow::Result<Self> {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(RECOVERY.into()), &RECOVERY_S)
            .and_then(|builder| {
                builder.set_buckets_for_metric(Matcher::Full(SNAPSHOT.into()), &SNAPSHOT_BYTES)
            })
            .context("cannot set up the metrics")?;
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder)
            .map_err(|_| anyhow::anyhow!("metrics are recorded in this process already"))?;
        // Only who set the recorder comes here.
        let _ = HANDLE.set(handle.clone());
        describe();
        begin();
        Ok(Self(handle))
    }

    /// Everything in Prometheus' text format.
    pub fn render(&self, standing: Standing) -> String {
        let number = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
        gauge!(ACTIVE_PTYS).set(number(standing.active));
        gauge!(SESSIONS, "state" => "active").set(number(standing.active));
        gauge!(SESSIONS, "state" => "completed").set(number(standing.completed));
        gauge!(VIEWERS).set(number(standing.viewers));
        gauge!(SCREENS).set(number(standing.screens));
        gauge!(TROUBLED).set(number(standing.troubled));
        // Exact up to 8 PiB.
        #[allow(clippy::cast_precision_loss, reason = "a gauge of Prometheus is a float")]
        gauge!(FREE_BYTES).set(standing.free_bytes as f64);
        self.0.render()
    }
}

fn describe() {
    describe_gauge!(ACTIVE_PTYS, "PTYs open: sessions whose process runs");
    describe_gauge!(SESSIONS, "Sessions that have a journal, by state");
    describe_gauge!(VIEWERS, "Viewers attached");
    describe_gauge!(SCREENS, "Screen engines in memory");
    describe_gauge!(TROUBLED, "Sessions that report a problem");
    describe_gauge!(FREE_BYTES, Unit::Bytes, "Free space in the data directory");
    describe_gauge!(
        START_TIME,
        Unit::Seconds,
        "Start of the server since the Unix epoch"
    );
    describe_gauge!(BUILD_INFO, "Always 1; the version is a label");
    describe_counter!(STARTED, "Sessions started");
    describe_counter!(ENDED, "Sessions that ended, by reason");
    describe_counter!(LIMITS, "Requests refused by a limit, by its name");
    describe_counter!(OUTPUT, Unit::Bytes, "Output of all sessions");
    describe_counter!(INPUT, Unit::Bytes, "Input passed on to sessions");
    describe_counter!(SENT, Unit::Bytes, "Output and snapshots sent to viewers");
    describe_histogram!(SNAPSHOT, Unit::Bytes, "Sizes of snapshots before compression");
    describe_counter!(KEYFRAMES, "Keyframes written");
    describe_counter!(
        KEYFRAME_BYTES,
        Unit::Bytes,
        "Bytes of keyframes before compression"
    );
    describe_histogram!(
        RECOVERY,
        Unit::Seconds,
        "From a reconnect to what the client goes on with"
    );
    describe_counter!(RECONNECTS, "Clients that came back to a session");
    describe_counter!(
        FAILED,
        "Clients that came back and could not be given the session"
    );
    describe_counter!(UNREACHABLE, "Times a holder stopped answering");
    describe_counter!(DATABASE, "Times the database began to fail");
    describe_counter!(COMMANDS, "Commands run by the API, by result");
    describe_counter!(AUDIT_LOST, "Entries of the audit log that could not be kept");
    describe_counter!(
        REQUESTS,
        "HTTP requests answered, by method, route and status class"
    );
}

/// What has not happened yet is 0 and not unknown.
fn begin() {
    for name in [
        STARTED,
        OUTPUT,
        INPUT,
        SENT,
        KEYFRAMES,
        KEYFRAME_BYTES,
        RECONNECTS,
        FAILED,
        UNREACHABLE,
        DATABASE,
        AUDIT_LOST,
    ] {
        counter!(name).absolute(0);
    }
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    gauge!(START_TIME).set(since.as_secs_f64());
    gauge!(BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

fn add(name: &'static str, bytes: usize) {
    counter!(name).increment(u64::try_from(bytes).unwrap_or(u64::MAX));
}

/// The recorder keeps each sample until it is looked at, and nobody may look.
fn sample(name: &'static str, value: f64) {
    histogram!(name).record(value);
    if SAMPLES.fetch_add(1, Ordering::Relaxed) % MAX_WAITING_SAMPLES == MAX_WAITING_SAMPLES - 1
        && let Some(handle) = HANDLE.get()
    {
        handle.run_upkeep();
    }
}

/// A session was started.
pub fn session_started() {
    counter!(STARTED).increment(1);
}

/// A session ended.
pub fn session_ended(reason: EndReason) {
    counter!(ENDED, "reason" => reason.word()).increment(1);
}

/// A request was refused by a limit.
pub fn limit_reached(limit: &'static str) {
    counter!(LIMITS, "limit" => limit).increment(1);
}

/// A program wrote.
pub fn output(bytes: u64) {
    counter!(OUTPUT).increment(bytes);
}

/// Input was passed on.
pub fn input(bytes: usize) {
    add(INPUT, bytes);
}

/// A viewer was sent a frame.
pub fn sent(bytes: usize) {
    add(SENT, bytes);
}

/// A snapshot was made.
pub fn snapshot(bytes: usize) {
    RECENT.snapshot(bytes);
    sample(SNAPSHOT, u32::try_from(bytes).map_or(f64::MAX, f64::from));
}

/// A keyframe was written.
pub fn keyframe(bytes: usize) {
    counter!(KEYFRAMES).increment(1);
    add(KEYFRAME_BYTES, bytes);
}

/// A client came back and has what it goes on with.
pub fn recovered(took: Duration) {
    RECENT.reconnect(Some(took), Instant::now());
    counter!(RECONNECTS).increment(1);
    sample(RECOVERY, took.as_secs_f64());
}

/// A client came back and could not be given the session.
pub fn not_recovered() {
    RECENT.reconnect(None, Instant::now());
    counter!(RECONNECTS).increment(1);
    counter!(FAILED).increment(1);
}

/// How the newest snapshots and reconnects went.
pub fn recovery() -> RecoveryFigures {
    RECENT.figures(Instant::now())
}

/// Entries of the audit log that did not fit, or could not be written.
pub fn audit_lost(entries: u64) {
    counter!(AUDIT_LOST).increment(entries);
}

/// A holder stopped answering.
pub fn holder_unreachable() {
    counter!(UNREACHABLE).increment(1);
}

/// The database began to fail.
pub fn database_failed() {
    counter!(DATABASE).increment(1);
}

/// A command was run by the API: `ended`, `timed_out` or `refused`.
pub fn command_run(result: &'static str) {
    counter!(COMMANDS, "result" => result).increment(1);
}

/// A request was answered. `route` is a template of the router.
pub fn request(method: &'static str, route: &str, status: u16) {
    let class = match status {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    counter!(REQUESTS, "method" => method, "route" => route.to_owned(), "status" => class).increment(1);
}
