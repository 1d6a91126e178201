//! What the longer answers say in words.

use std::time::Duration;

use sempre_protocol::programs::{RunResult, ScreenPage};

use super::answer::{Answer, done};
use super::results::{CommandRan, Exit, Waited};
use super::text;

/// What a command did, as data and in words.
pub(super) fn ran(result: RunResult, timed_out: bool) -> Answer {
    let (output, cut) = text::end_of(text::lines(&result.output));
    let ran = CommandRan {
        output,
        truncated: result.truncated || cut,
        exit_code: result.exit_code,
        duration_ms: result.duration_ms,
        timed_out,
        running: result.running,
        session_ended: result.session_exit.is_some(),
        offset: result.to.0,
    };
    let mut words = match ran.output.as_str() {
        "" => "no output".to_owned(),
        output => text::untrusted(output),
    };
    if ran.truncated {
        words.push_str("\nthe beginning of the output is left out");
    }
    let end = match (
        ran.exit_code,
        result.session_exit.map(|exit| Exit::from(Some(exit))),
    ) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(exit)) => format!("the session ended with it ({})", exit.words().unwrap_or_default()),
        (None, None) if ran.running => {
            "not in time; it runs on: wait_for \"prompt\" and read_screen, or end it with the key ctrl-c"
                .into()
        }
        (None, None) if timed_out => "not in time".into(),
        (None, None) => "the shell did not tell the exit code".into(),
    };
    words.push_str(&format!("\n{end}, after {} ms", ran.duration_ms));
    done(&ran, words)
}

/// How a wait of at most `limit` went.
pub(super) fn waited_words(waited: &Waited, limit: Duration) -> String {
    if !waited.happened {
        return format!(
            "did not happen within {} s; read_screen shows where it stands",
            limit.as_secs()
        );
    }
    let mut words = "it is so".to_owned();
    if let Some(exit) = waited.exit.words() {
        words.push_str(&format!(" ({exit})"));
    }
    if let Some(offset) = waited.offset {
        words.push_str(&format!("; output offset {offset}"));
    }
    if let Some(matched) = &waited.matched {
        words.push_str(&format!("; matched:\n{}", text::untrusted(matched)));
    }
    words
}

/// Rows as lines, without the empty ones at the end.
pub(super) fn written(page: &ScreenPage) -> String {
    let mut text = String::new();
    for (at, line) in page.lines.iter().enumerate() {
        if !line.wrapped && at > 0 {
            text.push('\n');
        }
        line.runs.iter().for_each(|run| text.push_str(&run.text));
    }
    text.truncate(text.trim_end().len());
    text
}
