//! `sempre heartbeat` (row K4): pings, printed.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::out;
use crate::config::dot_env::DotEnv;
use crate::config::heartbeat::HeartbeatFlags;
use crate::heartbeat::{Beat, Heart, Lost, Step};

/// Pings once or until a signal; failure if the last ping was lost.
pub(super) fn run(flags: &HeartbeatFlags) -> anyhow::Result<ExitCode> {
    let dot_env = DotEnv::read(Path::new(".env"))?;
    let heart = Heart::new(flags.beating(|name| dot_env.variable(name))?)?;
    if flags.dry_run {
        return dry_run(flags, &heart);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(beats(flags, &heart))
}

fn dry_run(flags: &HeartbeatFlags, heart: &Heart) -> anyhow::Result<ExitCode> {
    if flags.trace {
        trace(
            1,
            &format!("payload constructed: {} bytes", heart.payload().len()),
        );
        trace(2, &format!("not sent to {} (dry run)", heart.to()));
    }
    let line = match flags.json {
        true => {
            let payload: serde_json::Value = serde_json::from_str(heart.payload())?;
            json!({ "status": "dry_run", "url": heart.to(), "payload": payload }).to_string()
        }
        false => heart.payload().to_owned(),
    };
    out::print(&line)?;
    Ok(ExitCode::SUCCESS)
}

async fn beats(flags: &HeartbeatFlags, heart: &Heart) -> anyhow::Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    let mut beats = tokio::time::interval(flags.interval);
    // After a long retry the next ping comes an interval later, not at once.
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut answered = true;
    loop {
        let beat = async {
            beats.tick().await;
            heart.beat(|step| tell(flags, &step)).await
        };
        let outcome = tokio::select! {
            outcome = beat => outcome,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        };
        answered = outcome.is_ok();
        out::print(&line(flags, heart, &outcome))?;
        if flags.once {
            break;
        }
    }
    Ok(if answered {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line(flags: &HeartbeatFlags, heart: &Heart, outcome: &Result<Beat, Lost>) -> String {
    match outcome {
        Ok(beat) if flags.json => json!({
            "status": "answered",
            "url": heart.to(),
            "attempts": beat.attempts,
            "http_status": beat.status,
            "round_trip_ms": beat.round_trip_ms,
            "response_bytes": beat.response_bytes,
            "answer": beat.answer,
        })
        .to_string(),
        Err(lost) if flags.json => {
            json!({ "status": "lost", "url": heart.to(), "error": lost.to_string() }).to_string()
        }
        Ok(beat) => format!(
            "{} answered {} in {} ms{}{}",
            heart.to(),
            beat.status,
            beat.round_trip_ms,
            tries(beat.attempts),
            workers(beat)
        ),
        Err(lost) => format!("lost: {lost}"),
    }
}

fn tries(attempts: u32) -> String {
    match attempts {
        1 => String::new(),
        attempts => format!(" at the {attempts}. try"),
    }
}

/// What a Sempre server says of its workers.
fn workers(beat: &Beat) -> String {
    let count = |name: &str| beat.answer.get("workers")?.get(name)?.as_u64();
    match (count("size"), count("ready"), count("busy")) {
        (Some(size), Some(ready), Some(busy)) => {
            format!("; of {size} workers {ready} wait and {busy} answer")
        }
        _ => String::new(),
    }
}

/// Steps go to standard error, so that standard output holds one line per ping.
fn tell(flags: &HeartbeatFlags, step: &Step<'_>) {
    match step {
        Step::Retry { error, wait } => {
            out::say(&format!(
                "{error}; next try in {}",
                humantime::format_duration(*wait)
            ));
        }
        _ if !flags.trace => {}
        Step::Payload { body } => {
            trace(1, &format!("payload constructed: {body} ({} bytes)", body.len()));
        }
        Step::Dispatch { to, attempt } => {
            let now = humantime::format_rfc3339_millis(SystemTime::now());
            trace(2, &format!("dispatched at {now}: POST {to}, try {attempt}"));
        }
        Step::Answered {
            status,
            round_trip,
            bytes,
        } => {
            trace(
                3,
                &format!("round trip: {} ms, status {}", ms(*round_trip), status.as_u16()),
            );
            trace(4, &format!("raw response length: {bytes} bytes"));
        }
    }
}

/// With a part of a millisecond: loopback is fast.
fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

fn trace(number: u32, text: &str) {
    out::say(&format!("[trace] {number}. {text}"));
}
