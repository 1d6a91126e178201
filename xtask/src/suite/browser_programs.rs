//! Chromium and the programs that tests start in a terminal: found, installed, or asked for.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::Suite;
use super::browser::tool;
use crate::run::answer;

/// Where a Chromium may be, by name on the PATH.
const CHROMIUM_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// Programs whose screens the browser tests look at; each is a Debian package of the same name.
pub(super) const SCREEN_PROGRAMS: [&str; 6] = ["bash", "htop", "less", "python3", "tmux", "vim"];

/// Programs that the server's tests start, likewise.
pub(super) const SERVER_PROGRAMS: [&str; 7] =
    ["bash", "curl", "dbus-daemon", "fish", "nginx", "python3", "zsh"];

/// Which browser is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chromium {
    /// One that is installed.
    At(PathBuf),
    /// The one Playwright fetched itself and finds by itself.
    Playwrights,
}

/// In this order: `CHROMIUM`, one on the PATH, Debian's, Playwright's.
pub(super) fn find_chromium(suite: &Suite<'_>) -> Result<Chromium> {
    if let Some(path) = env::var_os("CHROMIUM").map(PathBuf::from) {
        if !path.is_file() {
            bail!(
                "CHROMIUM is {}, which is no file; unset it or give a browser's path",
                path.display()
            );
        }
        return Ok(Chromium::At(path));
    }
    let installed = || {
        CHROMIUM_NAMES
            .iter()
            .find_map(|name| on_path(name))
            .map(Chromium::At)
    };
    if let Some(found) = installed() {
        return Ok(found);
    }
    if may_install() {
        apt_install(suite, &["chromium".to_owned()])?;
        if let Some(found) = installed() {
            return Ok(found);
        }
    }
    let fetched = suite.quiet(
        "browser:install",
        tool(suite, "playwright").args(["install", "chromium"]),
    )?;
    if !fetched.success {
        bail!(
            "no Chromium was found, and Playwright could not fetch its own. Install one (Debian: apt-get install -y \
             chromium; Fedora: dnf install chromium; elsewhere https://www.chromium.org/getting-involved/download-chromium), or set \
             CHROMIUM to a browser's path.\n{}",
            fetched.report()
        );
    }
    Ok(Chromium::Playwrights)
}

/// Makes sure of programs that tests start.
pub(super) fn require_programs(suite: &Suite<'_>, programs: &[&str]) -> Result<()> {
    let missing = || -> Vec<String> {
        programs
            .iter()
            .filter(|name| on_path(name).is_none())
            .map(|name| (*name).to_owned())
            .collect()
    };
    let wanted = missing();
    if !wanted.is_empty() && may_install() {
        apt_install(suite, &wanted)?;
    }
    let missing = missing();
    if !missing.is_empty() {
        let names = missing.join(" ");
        bail!("the tests need these programs: {names} (Debian: apt-get install -y {names})");
    }
    Ok(())
}

/// Makes sure of Python and its module `venv`, which Debian has apart.
pub(super) fn require_python(suite: &Suite<'_>) -> Result<()> {
    require_programs(suite, &["python3"])?;
    let has_venv = || answer("python3", &["-c", "import ensurepip, venv"]).is_some();
    if !has_venv() && may_install() {
        apt_install(suite, &["python3-venv".to_owned()])?;
    }
    if !has_venv() {
        bail!("the tests need Python's module venv (Debian: apt-get install -y python3-venv)");
    }
    Ok(())
}

/// Root on Debian or one of its children.
fn may_install() -> bool {
    rustix::process::geteuid().is_root()
        && Path::new("/etc/debian_version").exists()
        && on_path("apt-get").is_some()
}

/// Tries with the package lists as they are, then with fresh ones.
fn apt_install(suite: &Suite<'_>, packages: &[String]) -> Result<()> {
    println!("      installing {} with apt-get", packages.join(" "));
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        // As in single-user mode: what is installed starts no service.
        command.env("RUNLEVEL", "1");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(args);
        command
    };
    let mut install = apt(&["install", "-y", "--no-install-recommends"]);
    if suite.quiet("apt-get", install.args(packages))?.success {
        return Ok(());
    }
    suite.must("apt-get", &mut apt(&["update"]))?;
    suite.must("apt-get", &mut install)?;
    Ok(())
}

/// Where a program is, if it is anywhere.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    // Debian has servers where an ordinary user's PATH does not look.
    let look = "PATH=$PATH:/usr/sbin; command -v -- \"$1\"";
    answer("sh", &["-c", look, "sh", name]).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_programs_by_name() {
        assert!(on_path("sh").is_some_and(|path| path.is_absolute()));
        assert_eq!(on_path("no-such-program-here"), None);
    }
}
