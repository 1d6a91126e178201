//! The time that all files of a release have: of the commit, not of the moment they are made.

use std::env;

use anyhow::{Context, Result, bail};

use crate::run::answer;
use crate::workspace::Workspace;

/// The variable by which builds that are to be repeatable are told their time.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// `SOURCE_DATE_EPOCH`, else the commit's time; seconds of Unix.
pub(crate) fn seconds(workspace: &Workspace) -> Result<u64> {
    if let Ok(text) = env::var(VARIABLE) {
        return text
            .trim()
            .parse()
            .with_context(|| format!("{VARIABLE} is {text:?}; it must be seconds since 1970"));
    }
    let root = workspace.root.to_string_lossy();
    match answer("git", &["-C", &root, "log", "-1", "--format=%ct"]).and_then(|text| text.parse().ok()) {
        Some(seconds) => Ok(seconds),
        None => bail!(
            "this is no clone with a commit, so the files have no time; set {VARIABLE} to seconds since 1970"
        ),
    }
}
