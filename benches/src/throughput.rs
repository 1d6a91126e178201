//! How fast output gets through: program → PTY → holder → journal → server → WebSocket → viewer.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::ROUNDS;
use crate::raw_pty;
use crate::rounds::Spread;
use crate::server::{Seen, Server};

/// Bytes of each workload.
const WORKLOAD_BYTES: usize = 48 * 1024 * 1024;

fn log_lines(n: usize) -> String {
    format!(
        "2026-11-20T12:{:02}:{:02}Z INFO request served id={n} status=200 bytes={} path=/api/items\n",
        n / 60 % 60,
        n % 60,
        n * 37 % 9000
    )
}

fn sgr_lines(n: usize) -> String {
    (0..8)
        .map(|i| format!("\x1b[38;5;{};1mword{}\x1b[0m ", (n + i * 7) % 256, n % 10))
        .collect::<String>()
        + "\n"
}

fn workload(directory: &Path, name: &str, line: impl Fn(usize) -> String) -> anyhow::Result<String> {
    let path = directory.join(name);
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path)?);
    let mut written = 0;
    let mut n = 0;
    while written < WORKLOAD_BYTES {
        let line = line(n);
        file.write_all(line.as_bytes())?;
        written += line.len();
        n += 1;
    }
    file.flush()?;
    Ok(path.display().to_string())
}

fn through_sempre(server: &Server, command: &[&str]) -> anyhow::Result<(u64, f64)> {
    let started = Instant::now();
    let session = server.create(command)?;
    let mut viewer = server.attach(&session)?;
    let mut total = 0;
    loop {
        match viewer.next()? {
            Seen::Output(bytes) => total += bytes.len() as u64,
            Seen::Exit => return Ok((total, started.elapsed().as_secs_f64())),
            Seen::Other => {}
        }
    }
}

/// Prints the table.
pub(crate) fn measure(program: &Path) -> anyhow::Result<()> {
    let temp = tempfile::Builder::new().prefix("sempre-bench-").tempdir()?;
    let server = Server::start(program)?;
    println!("| throughput | raw PTY, MB/s | Sempre, MB/s | × raw |\n|---|---|---|---|");
    let workloads = [
        ("log lines", workload(temp.path(), "log", log_lines)?),
        ("dense SGR", workload(temp.path(), "sgr", sgr_lines)?),
    ];
    for (name, path) in workloads {
        let command = ["cat", path.as_str()];
        let (mut raw, mut own) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (bytes, elapsed) = raw_pty::drain(&command)?;
            raw.push(bytes as f64 / 1e6 / elapsed.as_secs_f64());
            let (own_bytes, elapsed_s) = through_sempre(&server, &command)?;
            anyhow::ensure!(own_bytes == bytes, "{own_bytes} of {bytes} bytes arrived");
            own.push(own_bytes as f64 / 1e6 / elapsed_s);
        }
        let ratios = Spread::of(own.iter().zip(&raw).map(|(own, raw)| own / raw));
        println!(
            "| {name} | {} | {} | {} |",
            Spread::of(raw).show(1),
            Spread::of(own).show(1),
            ratios.show(2)
        );
    }
    println!();
    Ok(())
}
