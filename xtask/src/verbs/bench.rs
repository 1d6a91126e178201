//! `cargo xtask bench`: gets the peers, builds for release, then runs the measuring program.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use super::build;
use crate::page;
use crate::python;
use crate::workspace::{Profile, Workspace};

const PACKAGE: &str = "sempre-bench";
/// Where the peers' sources are.
const NODE_PEER: &str = "benches/peers/node";
const TERMINADO_REQUIREMENTS: &str = "benches/peers/terminado/requirements.txt";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Arguments of the measuring program: names of measures, --rounds N, --full, --write FILE, --list.
    #[arg(last = true, value_name = "ARGS")]
    bench: Vec<OsString>,
}

/// Turns into the measuring program, once all is built.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if !workspace.members.iter().any(|member| member.name == PACKAGE) {
        bail!("there is no package {PACKAGE} in the workspace, so there is nothing to measure with");
    }
    let profile = Profile::Release;
    let peers = [
        peer("SEMPRE_BENCH_PYTHON", terminado(&workspace)),
        peer("SEMPRE_BENCH_NODE", node(&workspace)),
    ];
    build::product(&workspace, profile)?;
    let mut command = workspace.cargo(profile, "run")?;
    command
        .args(["--release", "--package", PACKAGE, "--"])
        .args(&args.bench)
        .env("SEMPRE_BIN", workspace.program(profile, "sempre"))
        .env("SEMPRE_HOLDER", workspace.program(profile, "sempre-holder"))
        .envs(peers);
    // Cargo turns into the measuring program likewise: a signal to this process reaches it, and it cleans up.
    Err(command.exec()).context("cannot start cargo")
}

/// What the measuring program is told of a peer: the interpreter, or why there is none, which the table then says.
fn peer(variable: &str, installed: Result<OsString>) -> (String, OsString) {
    match installed {
        Ok(interpreter) => (variable.to_owned(), interpreter),
        Err(error) => {
            println!("      a peer is missing: {error:#}");
            (format!("{variable}_MISSING"), format!("{error:#}").into())
        }
    }
}

/// terminado and what it needs in an environment of its own; the interpreter there.
fn terminado(workspace: &Workspace) -> Result<OsString> {
    let programs = python::environment(workspace, "bench-terminado", TERMINADO_REQUIREMENTS)?;
    Ok(programs.join("python").into())
}

/// The packages of the node server; its interpreter. node-pty is compiled for this machine.
fn node(workspace: &Workspace) -> Result<OsString> {
    page::npm_install(workspace, NODE_PEER)?;
    let compiled = "node_modules/node-pty/build/Release/pty.node";
    let compiled = workspace.root.join(NODE_PEER).join(compiled);
    if !compiled.exists() {
        bail!("npm did not compile node-pty; it needs a C++ compiler, make and Python");
    }
    Ok("node".into())
}
