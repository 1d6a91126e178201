//! What must be installed before anything is built, and the command that gets what is missing.

use std::path::Path;

use anyhow::{Result, bail};

use crate::run::answer;
use crate::workspace::WASM_TARGET;

const NODE_MAJOR_MIN: u32 = 20;

/// Names everything that is missing at once.
pub(crate) fn check() -> Result<()> {
    let missing: Vec<String> = [c_compiler(), wasm_target(), node(), npm()]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    report(&missing)
}

/// What only the checks need, not the build.
pub(crate) fn check_lints() -> Result<()> {
    let missing: Vec<String> = ["fmt", "clippy"]
        .into_iter()
        .filter(|tool| answer("cargo", &[tool, "--version"]).is_none())
        .map(|tool| {
            let component = if tool == "fmt" { "rustfmt" } else { tool };
            format!("{component} is missing: rustup component add {component}")
        })
        .collect();
    report(&missing)
}

/// Adds the page's target where rustup can; without rustup it was found installed.
pub(crate) fn add_wasm_target() -> Result<()> {
    add_target(WASM_TARGET)
}

/// A target of programs, and the C compiler for it where that is another one.
pub(crate) fn add_program_target(triple: &str) -> Result<()> {
    add_target(triple)?;
    if triple.ends_with("-musl") && answer("musl-gcc", &["--version"]).is_none() {
        bail!("`musl-gcc` is missing: apt-get install -y musl-tools (Debian, Ubuntu)");
    }
    Ok(())
}

fn report(missing: &[String]) -> Result<()> {
    if !missing.is_empty() {
        bail!("something is missing on this machine\n  {}", missing.join("\n  "));
    }
    Ok(())
}

type Found = std::result::Result<(), String>;

fn c_compiler() -> Found {
    answer("cc", &["--version"]).map(drop).ok_or_else(|| {
        "a C compiler `cc` is missing: apt-get install -y build-essential (Debian, Ubuntu), dnf install gcc \
         (Fedora), pacman -S base-devel (Arch)"
            .to_owned()
    })
}

fn wasm_target() -> Found {
    if has_target(WASM_TARGET) || answer("rustup", &["--version"]).is_some() {
        return Ok(());
    }
    Err(format!(
        "Rust's target {WASM_TARGET} is missing, and so is rustup, which could add it: get rustup from \
         https://rustup.rs, or the target from your distribution (Debian: apt-get install -y libstd-rust-dev-wasm32)"
    ))
}

fn add_target(triple: &str) -> Result<()> {
    if !has_target(triple) {
        // Whether it is there now is what counts.
        let _ = answer("rustup", &["target", "add", triple]);
    }
    if !has_target(triple) {
        bail!("the target {triple} could not be added; see why with: rustup target add {triple}");
    }
    Ok(())
}

fn has_target(triple: &str) -> bool {
    answer("rustc", &["--print", "target-libdir", "--target", triple])
        .is_some_and(|dir| Path::new(&dir).is_dir())
}

fn node() -> Found {
    let how = format!(
        "Node.js {NODE_MAJOR_MIN} or newer: https://nodejs.org/en/download (or: nvm install {NODE_MAJOR_MIN})"
    );
    match answer("node", &["--version"]) {
        None => Err(format!("`node` is missing; get {how}")),
        Some(version) if node_major(&version).is_some_and(|major| major >= NODE_MAJOR_MIN) => Ok(()),
        Some(version) => Err(format!("`node` is {version}, which is too old; get {how}")),
    }
}

fn npm() -> Found {
    answer("npm", &["--version"]).map(drop).ok_or_else(|| {
        "`npm` is missing; it comes with Node.js from https://nodejs.org/en/download (Debian's own: apt-get \
         install -y npm)"
            .to_owned()
    })
}

fn node_major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_node() {
        assert_eq!(node_major("v20.20.2"), Some(20));
        assert_eq!(node_major("weird"), None);
    }

    #[test]
    fn everything_missing_is_named_at_once() {
        let error = report(&["a: get a".to_owned(), "b: get b".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("a: get a") && error.contains("b: get b"),
            "{error}"
        );
        assert!(report(&[]).is_ok());
    }
}
