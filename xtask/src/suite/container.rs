//! The recipe of the container image: hadolint reads it, and what the image is built from leaves out what is big or
//! private. Nothing is built: that needs a container engine.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::browser_programs::require_python;
use super::{Report, Suite};
use crate::python;
use crate::run::answer;

const REQUIREMENTS: &str = "xtask/hadolint/requirements.txt";
const RECIPE: &str = "Dockerfile";
const LEFT_OUT: &str = ".dockerignore";
/// What git needs and an image does not.
const ALSO_LEFT_OUT: [&str; 2] = [".git", "target"];

/// Both files.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    let root = &suite.workspace.root;
    let read =
        |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("cannot read {name}"));
    let errors = not_left_out(&read(".gitignore")?, &read(LEFT_OUT)?);
    let mut report = Report::of_errors(&errors)?;
    let hadolint = match answer("hadolint", &["--version"]) {
        Some(_) => "hadolint".into(),
        None => {
            require_python(suite)?;
            python::environment(suite.workspace, "hadolint", REQUIREMENTS)?.join("hadolint")
        }
    };
    let mut command = Command::new(hadolint);
    suite.must(
        "container",
        command.args(["--no-color", RECIPE]).current_dir(root),
    )?;
    report.passed += 1;
    Ok(report)
}

/// What git ignores is built or fetched: the image gets its own. Each line of `.gitignore` that `.dockerignore` has not.
fn not_left_out(git: &str, docker: &str) -> Vec<String> {
    let lines = |text: &str| -> BTreeSet<String> {
        text.lines()
            .map(|line| line.trim().trim_start_matches("**/").trim_matches('/').to_owned())
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect()
    };
    let docker = lines(docker);
    let mut wanted = lines(git);
    wanted.extend(ALSO_LEFT_OUT.map(str::to_owned));
    let covered = |name: &String| {
        let last = name.rsplit('/').next().unwrap_or(name);
        docker.contains(name) || docker.contains(last)
    };
    wanted
        .iter()
        .filter(|name| !covered(name))
        .map(|name| format!("{LEFT_OUT} lacks `{name}`, which git ignores"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_ignores_is_left_out_of_the_image() {
        let git = "/target\n/page/node_modules\n__pycache__/\n";
        assert!(not_left_out(git, ".git\ntarget\n**/node_modules\n**/__pycache__\n").is_empty());
        let errors = not_left_out(git, ".git\ntarget\n**/node_modules\n");
        assert_eq!(errors, [".dockerignore lacks `__pycache__`, which git ignores"]);
    }
}
