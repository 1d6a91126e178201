//! Numbered steps with their times, on the standard output.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Counts the steps of one build.
#[derive(Debug)]
pub(crate) struct Progress {
    total: usize,
    done: usize,
    started: Instant,
}

impl Progress {
    /// Announces `total` steps.
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            done: 0,
            started: Instant::now(),
        }
    }

    /// Does one step. `talks`: a child may write to the terminal meanwhile, so the time goes on a line of its own.
    pub(crate) fn step<T>(&mut self, name: &str, talks: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        print!(
            "[{}/{}] {name} …{}",
            self.done,
            self.total,
            if talks { "\n" } else { "" }
        );
        // A closed standard output must not stop a build.
        let _ = io::stdout().flush();
        let started = Instant::now();
        let result = work();
        let indent = if talks { "     " } else { "" };
        match &result {
            Ok(_) => println!("{indent} {}", seconds(started.elapsed())),
            Err(_) => println!("{indent} failed after {}", seconds(started.elapsed())),
        }
        result.with_context(|| format!("step \"{name}\" failed"))
    }

    /// Time since the first step.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A duration for people: `0.4 s`, `2 min 05 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole >= 100 {
        format!("{} min {:02} s", whole / 60, whole % 60)
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(99)), "99.0 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 05 s");
    }
}
