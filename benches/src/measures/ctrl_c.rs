//! How long after Ctrl-C the prompt is there when `yes` floods a viewer on a slow link, and what the server gathered.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::{Measure, Round, Row, contains, wait_for};
use crate::contender::{Column, Manner, Server, Viewer};

/// `yes` runs this long before Ctrl-C.
const FLOOD: Duration = Duration::from_secs(3);
/// The same before, not measured: screens fill, the server learns what the viewer takes.
const WARM_UP: Duration = Duration::from_secs(1);
/// After this the prompt is not waited for any more.
const GIVE_UP: Duration = Duration::from_secs(5);
const SHELL: [&str; 2] = ["sh", "-i"];
/// The shell puts this prompt together, so that typing it shows something else.
const SET_PROMPT: &[u8] = b"PS1='pro''mpt> '\r";
/// Without the space behind it: a snapshot moves the cursor instead.
const PROMPT: &[u8] = b"prompt>";
const CTRL_C: &[u8] = b"\x03";

/// Viewers' links: the rate, and its name.
const LINKS: [(f64, &str, &str); 2] = [(1e6, "1 MB/s", "≤ 25"), (256.0 * 1024.0, "256 KB/s", "< 100")];

/// Ctrl-C during `yes`.
pub(crate) struct CtrlC;

impl Measure for CtrlC {
    fn name(&self) -> &'static str {
        "ctrl-c"
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (_, link, goal) in LINKS {
            let name = format!("Ctrl-C to prompt during `yes`, viewer at {link}, ms");
            rows.push(Row {
                at_most: Some(GIVE_UP.as_secs_f64() * 1e3),
                ..Row::plain(name, 0, goal)
            });
            rows.push(Row::plain("… the server grew meanwhile, MB", 1, "0"));
        }
        rows
    }

    fn round(&self, server: &dyn Server) -> anyhow::Result<Round> {
        let mut figures = Vec::new();
        for (bytes_per_s, ..) in LINKS {
            figures.extend(interrupted(server, bytes_per_s)?);
        }
        Ok(figures)
    }
}

/// Time to the prompt, ms, and how much the server's memory grew, MB.
fn interrupted(server: &dyn Server, bytes_per_s: f64) -> anyhow::Result<[Option<f64>; 2]> {
    let session = server.create(&SHELL)?;
    let mut viewer = server.attach(&session, Manner::Page)?;
    viewer.write(SET_PROMPT)?;
    wait_for(viewer.as_mut(), PROMPT).context("no prompt")?;
    let mut link = Link {
        viewer: viewer.as_mut(),
        bytes_per_s,
        tail: Vec::new(),
    };
    link.flood(server, WARM_UP)?;
    let is_back = link.interrupt()?.is_some();
    let (grown_kib, to_prompt) = if is_back {
        let grown_kib = link.flood(server, FLOOD)?;
        (Some(grown_kib), link.interrupt()?)
    } else {
        (None, None)
    };
    drop(viewer);
    server.end(&session)?;
    let has_server = server.column() != Column::Raw;
    let ms = to_prompt.unwrap_or(GIVE_UP).as_secs_f64() * 1e3;
    let grown = grown_kib.filter(|_| has_server).map(|kib| kib * 1024.0 / 1e6);
    Ok([Some(ms), grown])
}

/// A viewer that takes so many bytes per second.
struct Link<'a> {
    viewer: &'a mut dyn Viewer,
    bytes_per_s: f64,
    /// What came last; the prompt may come in two pieces.
    tail: Vec<u8>,
}

impl Link<'_> {
    /// Takes what comes next; it has been drawn when the link could have brought it.
    fn take(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        let seen = self.viewer.next()?;
        let takes = Duration::from_secs_f64(seen.wire_bytes() as f64 / self.bytes_per_s);
        std::thread::sleep(takes.saturating_sub(begun.elapsed()));
        if seen.wire_bytes() > 0 {
            self.viewer.drawn()?;
        }
        self.tail.drain(..self.tail.len().saturating_sub(PROMPT.len()));
        self.tail.extend_from_slice(seen.text());
        Ok(())
    }

    /// Runs `yes` and looks on; by how much server and holders grew, KiB.
    fn flood(&mut self, server: &dyn Server, time: Duration) -> anyhow::Result<f64> {
        let pids = server.pids()?;
        let before = pids.anonymous_kib()?;
        let mut most = before;
        self.viewer.write(b"yes\r")?;
        let started = Instant::now();
        while started.elapsed() < time {
            self.take()?;
            most = most.max(pids.anonymous_kib()?);
        }
        Ok(most - before)
    }

    /// Ctrl-C; how long it took until the prompt was drawn, if it was at all.
    fn interrupt(&mut self) -> anyhow::Result<Option<Duration>> {
        self.tail.clear();
        let started = Instant::now();
        self.viewer.write(CTRL_C)?;
        while !contains(&self.tail, PROMPT) {
            if started.elapsed() > GIVE_UP {
                return Ok(None);
            }
            self.take()?;
        }
        Ok(Some(started.elapsed()))
    }
}
