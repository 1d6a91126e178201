//! What the programs make of themselves: completions, manual pages and a file of settings; and the unit for `/usr/bin`.
//!
//! All of it is below `dist/` beside the programs: cargo-deb finds there what `server/Cargo.toml` lists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Platform;
use crate::run::{Job, must};
use crate::workspace::{Profile, Workspace, without_sempre};

/// Each call of the program is over at once.
const LIMIT: Duration = Duration::from_secs(5 * 60);
/// Shells and the names of their files.
const COMPLETIONS: [(&str, &str); 3] = [("bash", "sempre"), ("zsh", "_sempre"), ("fish", "sempre.fish")];

/// Programs and what they made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The directory of `sempre` and `sempre-holder`.
    pub(crate) programs: PathBuf,
    /// `completions/`, `man/`, `sempre.toml`, `sempre.service`.
    pub(crate) dir: PathBuf,
}

impl Made {
    /// Asks the programs of `platform`; they must run on this machine.
    pub(crate) fn by_the_programs(workspace: &Workspace, platform: &Platform) -> Result<Self> {
        let programs = programs(workspace, platform)?;
        let made = Self {
            dir: programs.join("dist"),
            programs,
        };
        // What an earlier version made and this one does not must not stay.
        if made.dir.exists() {
            fs::remove_dir_all(&made.dir).with_context(|| format!("cannot remove {}", made.dir.display()))?;
        }
        let completions = made.dir.join("completions");
        fs::create_dir_all(&completions)
            .with_context(|| format!("cannot create {}", completions.display()))?;
        for (shell, file) in COMPLETIONS {
            let script = made.ask(workspace, &["completions", shell])?;
            ensure!(
                script.contains("sempre"),
                "sempre completions {shell} printed no script"
            );
            write(&completions.join(file), &script)?;
        }
        let man = made.dir.join("man");
        made.ask(workspace, &["man", &man.to_string_lossy()])?;
        write(
            &made.dir.join("sempre.toml"),
            &made.ask(workspace, &["config", "default"])?,
        )?;
        write(&made.dir.join("sempre.service"), &unit(workspace)?)?;
        Ok(made)
    }

    fn ask(&self, workspace: &Workspace, args: &[&str]) -> Result<String> {
        let mut command = Command::new(self.programs.join("sempre"));
        without_sempre(&mut command);
        // Its directory counts: a `.env` there would be read.
        command.args(args).current_dir(&self.dir);
        let job = Job {
            log: workspace.scratch("logs/dist-made.log")?,
            limit: LIMIT,
            shows_progress: false,
        };
        must(&mut command, &job).with_context(|| format!("sempre {} failed", args.join(" ")))
    }
}

fn programs(workspace: &Workspace, platform: &Platform) -> Result<PathBuf> {
    let target = platform.explicit.then_some(platform.triple.as_str());
    let dir = workspace.programs(Profile::Release, target);
    for name in ["sempre", "sempre-holder"] {
        let program = dir.join(name);
        ensure!(program.is_file(), "{} is not built", program.display());
    }
    Ok(dir)
}

/// The unit of a machine, for programs where a package has them.
fn unit(workspace: &Workspace) -> Result<String> {
    let path = workspace.root.join("packaging/sempre.service");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let moved = text.replace("/usr/local/bin/", "/usr/bin/");
    ensure!(
        moved != text,
        "{} names no program in /usr/local/bin",
        path.display()
    );
    Ok(moved)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
