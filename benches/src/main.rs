//! `cargo xtask bench`: Sempre, journal and holder and engine and all, against a raw PTY and two peers, in turns.
//!
//! Prints a table for `docs/performance.md`. Nothing here asserts a time; ratios within one round are what counts.

#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the table is the output"
)]

mod args;
mod contender;
mod guard;
mod machine;
mod measures;
mod processes;
mod rounds;
mod spread;
mod table;
mod workload;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use args::Args;
use contender::{Contender, Node, Raw, Sempre, Terminado};
use machine::Machine;
use measures::Measure;

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let args = Args::parse(words.clone())?;
    if args.help {
        println!("{}", args::USAGE);
        return Ok(ExitCode::SUCCESS);
    }
    if !guard::is_guarded() {
        return guard::run(words);
    }
    let measures = measures::all(args.effort)?;
    let mut names: Vec<&str> = measures.iter().map(|measure| measure.name()).collect();
    names.dedup();
    if args.list {
        println!("{}", names.join("\n"));
        return Ok(ExitCode::SUCCESS);
    }
    for name in &args.chosen {
        anyhow::ensure!(
            names.contains(&name.as_str()),
            "no measure is called {name:?}; there are {}",
            names.join(", ")
        );
    }
    let text = measured(&args, &measures)?;
    if let Some(path) = &args.write {
        table::write(path, &text)?;
        eprintln!("written to {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn contenders() -> anyhow::Result<Vec<Box<dyn Contender>>> {
    let program = std::env::var_os("SEMPRE_BIN")
        .context("SEMPRE_BIN must name the release build of sempre; `cargo xtask bench` sets it")?;
    let program = PathBuf::from(program);
    Ok(vec![
        Box::new(Raw),
        Box::new(Terminado),
        Box::new(Node),
        Box::new(Sempre { program }),
    ])
}

/// Measures what was chosen and prints each line when it is known; all of it as one text.
fn measured(args: &Args, measures: &[Box<dyn Measure>]) -> anyhow::Result<String> {
    let contenders = contenders()?;
    let machine = Machine::look()?;
    let mut text = String::new();
    let mut say = |line: String| {
        println!("{line}");
        text.push_str(&line);
        text.push('\n');
    };
    say(format!("{machine}\n"));
    for contender in &contenders {
        let version = contender
            .version()
            .unwrap_or_else(|reason| format!("NOT RUN: {reason}"));
        say(format!("- {}: {version}", contender.column().head()));
    }
    say(format!("\n{}", table::head()));
    let mut disturbances = Vec::new();
    let is_chosen = |name: &str| args.chosen.is_empty() || args.chosen.iter().any(|chosen| chosen == name);
    for measure in measures.iter().filter(|measure| is_chosen(measure.name())) {
        eprintln!("… {}", measure.name());
        let outcome = rounds::run(measure.as_ref(), &contenders, args.effort)?;
        for (index, row) in measure.rows().iter().enumerate() {
            say(table::line(row, index, &outcome));
        }
        if outcome.disturbed + outcome.repeated > 0 {
            disturbances.push(format!(
                "{}: {} of {} rounds kept, {} run again",
                measure.name(),
                outcome.disturbed,
                outcome.rounds,
                outcome.repeated
            ));
        }
    }
    say(format!("\n{}", machine.busy()?));
    say(if disturbances.is_empty() {
        "No round was disturbed by other load.".into()
    } else {
        format!("Rounds disturbed by other load ({}).", disturbances.join("; "))
    });
    Ok(text)
}
