//! How long a key takes to come back: viewer → server → holder → PTY and all the way back.

use std::path::Path;
use std::time::Instant;

use crate::ROUNDS;
use crate::raw_pty;
use crate::rounds::{Spread, percentile};
use crate::server::{Seen, Server, Viewer};

/// Keys per round.
const KEYS: usize = 1000;

/// Echoes each byte itself, so that the line discipline adds nothing.
const ECHO: [&str; 3] = ["sh", "-c", "stty raw -echo; printf ready; exec cat"];

fn wait_for(viewer: &mut Viewer, wanted: &[u8]) -> anyhow::Result<()> {
    let mut seen = Vec::new();
    loop {
        match viewer.next()? {
            Seen::Output(bytes) => seen.extend_from_slice(&bytes),
            Seen::Exit => anyhow::bail!("the echoing program ended"),
            Seen::Other => {}
        }
        if seen.windows(wanted.len()).any(|window| window == wanted) {
            return Ok(());
        }
    }
}

fn through_sempre(server: &Server) -> anyhow::Result<Vec<f64>> {
    let session = server.create(&ECHO)?;
    let mut viewer = server.attach(&session)?;
    wait_for(&mut viewer, b"ready")?;
    let mut times = Vec::with_capacity(KEYS);
    for _ in 0..KEYS {
        let started = Instant::now();
        viewer.write(b"x")?;
        wait_for(&mut viewer, b"x")?;
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}

/// Prints the table.
pub(crate) fn measure(program: &Path) -> anyhow::Result<()> {
    let server = Server::start(program)?;
    let (mut raw, mut own) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raw.push(sorted(raw_pty::echo(&ECHO, KEYS)?));
        own.push(sorted(through_sempre(&server)?));
    }
    println!("| echo, idle | raw PTY, µs | Sempre, µs | × raw |\n|---|---|---|---|");
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let at = |rounds: &[Vec<f64>]| -> Vec<f64> {
            rounds.iter().map(|round| percentile(round, share)).collect()
        };
        let (raw, own) = (at(&raw), at(&own));
        let ratios = Spread::of(own.iter().zip(&raw).map(|(own, raw)| own / raw));
        println!(
            "| {name} | {} | {} | {} |",
            Spread::of(raw).show(0),
            Spread::of(own).show(0),
            ratios.show(2)
        );
    }
    println!();
    Ok(())
}

fn sorted(mut times: Vec<f64>) -> Vec<f64> {
    times.sort_by(f64::total_cmp);
    times
}
