//! The driver: feeds the targets with mutated input on stable Rust. `cargo xtask fuzz` starts it; `--input FILE` tries
//! one input again.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "telling what it found is what this program is for"
)]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sempre_fuzz::mutate::{self, Random};
use sempre_fuzz::{TARGETS, Target, seeds};

/// An input that takes longer is a finding, too. Builds without optimisation are slow.
const SLOW: Duration = Duration::from_secs(10);

/// What is asked for: `[TARGET] [--seconds N] [--seed N] [--input FILE]`.
struct Args {
    /// This target alone; all, one after the other, without it.
    target: Option<String>,
    /// Time for each target.
    seconds: u64,
    /// Other inputs than usual.
    seed: u64,
    /// Try this input alone.
    input: Option<PathBuf>,
}

impl Args {
    fn parse() -> Result<Self> {
        let mut parsed = Self {
            target: None,
            seconds: 5,
            seed: 1,
            input: None,
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--seconds" => parsed.seconds = value()?.parse().context("--seconds takes a number")?,
                "--seed" => parsed.seed = value()?.parse().context("--seed takes a number")?,
                "--input" => parsed.input = Some(value()?.into()),
                option if option.starts_with('-') => bail!("there is no option {option}"),
                _ => parsed.target = Some(arg),
            }
        }
        Ok(parsed)
    }
}

fn main() -> Result<ExitCode> {
    let args = Args::parse()?;
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| args.target.as_ref().is_none_or(|name| name == target.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        bail!("there is no such target; there are: {}", names.join(", "));
    }
    if let (Some(path), Some(_), Some(target)) = (&args.input, &args.target, chosen.first()) {
        let input = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        (target.body)(&input);
        println!("{}: survived", target.name);
        return Ok(ExitCode::SUCCESS);
    }
    let mut found = false;
    for target in chosen {
        found |= run(target, &args)?;
    }
    Ok(if found {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Feeds one target until the time is over or a promise is broken; whether one was.
fn run(target: &Target, args: &Args) -> Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let seeds = seeds::of(target.name, &root)?;
    let mut random = Random::new(args.seed);
    let began = Instant::now();
    let mut inputs = 0_u64;
    while began.elapsed() < Duration::from_secs(args.seconds) {
        let input = mutate::next(&mut random, &seeds);
        let input_began = Instant::now();
        let survived = catch_unwind(AssertUnwindSafe(|| (target.body)(&input))).is_ok();
        let slow = input_began.elapsed() > SLOW;
        inputs += 1;
        if !survived || slow {
            let why = if slow {
                "it took long"
            } else {
                "a promise is broken"
            };
            return keep(target, &input, &root, why).map(|()| true);
        }
    }
    println!("{}: {inputs} inputs, {}", target.name, target.promise);
    Ok(false)
}

/// Keeps an input that found something.
fn keep(target: &Target, input: &[u8], root: &Path, why: &str) -> Result<()> {
    let folder = root.join("fuzz/artifacts");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let hash = input.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let path = folder.join(format!("{}-{hash:016x}", target.name));
    fs::write(&path, input).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!(
        "{}: {why}: {}\ninput: {}\nagain: cargo run -p sempre-fuzz -- {} --input {}",
        target.name,
        target.promise,
        input.escape_ascii(),
        target.name,
        path.display()
    );
    Ok(())
}
