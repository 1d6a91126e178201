//! The limit to compare with: a PTY read and written by this program itself.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const READ_BYTES: usize = 64 * 1024;

fn open(command: &[&str]) -> anyhow::Result<portable_pty::PtyPair> {
    let size = PtySize {
        rows: 24,
        cols: 80,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size)?;
    let mut builder = CommandBuilder::from_argv(command.iter().map(Into::into).collect());
    builder.env("TERM", "xterm-256color");
    pair.slave.spawn_command(builder)?;
    Ok(pair)
}

/// Reads all output of a command; how much there was and how long it took from its start.
pub(crate) fn drain(command: &[&str]) -> anyhow::Result<(u64, Duration)> {
    let started = Instant::now();
    let pair = open(command)?;
    let mut reader = pair.master.try_clone_reader()?;
    drop(pair.slave);
    let mut buffer = vec![0; READ_BYTES];
    let mut total = 0;
    // The end of a PTY is an error on Linux.
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        total += count as u64;
    }
    Ok((total, started.elapsed()))
}

/// Round trips of single bytes through a command that echoes, µs.
pub(crate) fn echo(command: &[&str], count: usize) -> anyhow::Result<Vec<f64>> {
    let pair = open(command)?;
    let mut reader = pair.master.try_clone_reader()?;
    let mut writer = pair.master.take_writer()?;
    let mut buffer = [0; 64];
    // The command says "ready" when the terminal is set up.
    let mut seen = Vec::new();
    while !seen.windows(5).any(|window| window == b"ready") {
        let count = reader.read(&mut buffer)?;
        seen.extend_from_slice(buffer.get(..count).unwrap_or_default());
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let started = Instant::now();
        writer.write_all(b"x")?;
        while !reader
            .read(&mut buffer)
            .is_ok_and(|count| buffer.iter().take(count).any(|&b| b == b'x'))
        {}
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}
