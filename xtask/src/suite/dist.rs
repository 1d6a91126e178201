//! What `cargo xtask dist` makes is what users get: it is made here of the programs built for release, looked at, and the
//! Debian package is installed, upgraded, removed and purged ([`super::deb_life`]).

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::browser_programs::{on_path, require_python};
use super::deb_life::ENTER;
use super::not_run::NotRun;
use super::{Report, Suite};
use crate::dist::{self, Dist, Made, Platform};
use crate::progress::Progress;
use crate::python;
use crate::verbs;

const REQUIREMENTS: &str = "xtask/dist/requirements.txt";
const VALIDATE: &str = "xtask/dist/validate_sbom.py";
/// What every part of the product contributes to the SBOM: server, holder, page, and the page's scripts.
const COMPONENTS: [&str; 5] = [
    "axum",
    "portable-pty",
    "wasm-bindgen",
    "@xterm/xterm",
    "sempre-holder",
];

/// Each check counts as one test.
pub(super) fn check(suite: &Suite<'_>) -> Result<Report> {
    if !suite.full {
        return Ok(Report::left_out(
            "dist",
            "long: it needs programs built for release",
        ));
    }
    let platform = verbs::dist::platform(None)?;
    let made = dist::make(suite.workspace, &platform, &mut Progress::new(dist::STEPS))?;
    tarball(suite, &platform, &made).context("the tarball")?;
    sums(suite, &made).context("the sums")?;
    sbom(suite, &made).context("the SBOM")?;
    let mut report = Report {
        passed: 3,
        ..Report::default()
    };
    match package(suite, &made).context("the Debian package")? {
        None => report.passed += 1,
        Some(not_run) => report.not_run.push(not_run),
    }
    Ok(report)
}

/// Unpacked anywhere it works, and it is the same however often it is made.
fn tarball(suite: &Suite<'_>, platform: &Platform, made: &Dist) -> Result<()> {
    let dir = suite.temp.path().join("unpacked");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let unpack = ["--extract", "--gzip", "--strip-components=1", "--file"];
    suite.must(
        "dist:unpack",
        Command::new("tar")
            .args(unpack)
            .arg(&made.tarball)
            .arg("--directory")
            .arg(&dir),
    )?;
    let mut command = Command::new(dir.join("bin/sempre"));
    let version = suite.must("dist:version", command.arg("--version"))?;
    ensure!(version.trim() == said_version(suite), "--version says {version}");
    for file in [
        "bin/sempre-holder",
        "share/bash-completion/completions/sempre",
        "share/zsh/site-functions/_sempre",
        "share/fish/vendor_completions.d/sempre.fish",
        "share/man/man1/sempre.1",
        "share/doc/sempre/LICENSE",
        "share/doc/sempre/CHANGELOG.md",
        "share/doc/sempre/docs/install.md",
        "share/doc/sempre/packaging/nginx.conf",
        "share/doc/sempre/packaging/sempre.service",
    ] {
        ensure!(dir.join(file).is_file(), "{file} is missing");
    }
    let elsewhere = suite.temp.path().join("again");
    fs::create_dir_all(&elsewhere).with_context(|| format!("cannot create {}", elsewhere.display()))?;
    let again = Made::by_the_programs(suite.workspace, platform)?;
    let again = dist::tarball(suite.workspace, platform, &again, &elsewhere)?;
    ensure!(
        read(&again)? == read(&made.tarball)?,
        "made again it is another file"
    );
    Ok(())
}

fn sums(suite: &Suite<'_>, made: &Dist) -> Result<()> {
    let text = fs::read_to_string(&made.sums).context("cannot read them")?;
    for path in [Some(&made.tarball), made.deb.as_ref(), Some(&made.sbom)]
        .into_iter()
        .flatten()
    {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ensure!(text.contains(&*name), "{name} is not among them");
    }
    let mut command = Command::new("sha256sum");
    suite.must(
        "dist:sums",
        command
            .args(["--check", "--strict", "SHA256SUMS"])
            .current_dir(&made.dir),
    )?;
    Ok(())
}

/// It is what CycloneDX asks for, has every part, and names no place of this machine.
fn sbom(suite: &Suite<'_>, made: &Dist) -> Result<()> {
    require_python(suite)?;
    let programs = python::environment(suite.workspace, "sbom", REQUIREMENTS)?;
    let mut command = Command::new(programs.join("python"));
    suite.must(
        "dist:sbom",
        command.arg(suite.workspace.root.join(VALIDATE)).arg(&made.sbom),
    )?;
    let text = fs::read_to_string(&made.sbom).context("cannot read it")?;
    for name in COMPONENTS {
        ensure!(
            text.contains(&format!("\"name\": \"{name}\"")),
            "{name} is not in it"
        );
    }
    let root = suite.workspace.root.to_string_lossy();
    ensure!(!text.contains(&*root), "it names {root}");
    Ok(())
}

/// Lives its life where nothing of this machine is changed; something: why it could not.
fn package(suite: &Suite<'_>, made: &Dist) -> Result<Option<NotRun>> {
    let not_run = |reason: &str| Ok(Some(NotRun::new("dist:package", reason)));
    let (Some(package), Some(_)) = (&made.deb, on_path("dpkg")) else {
        return not_run("dpkg: this machine has none");
    };
    if !rustix::process::geteuid().is_root() {
        return not_run("root: only root installs packages");
    }
    let probe = suite.quiet("dist:namespace", enter(suite, "probe")?.arg("true"))?;
    if !probe.success {
        return not_run("root: mounts of its own are not allowed here");
    }
    let later_dir = suite.temp.path().join("later");
    fs::create_dir_all(&later_dir).with_context(|| format!("cannot create {}", later_dir.display()))?;
    let epoch = dist::epoch_seconds(suite.workspace)?;
    let later = dist::debian_package(suite.workspace, &later_dir, epoch, 2)?;
    let mut life = enter(suite, "life")?;
    life.arg(env::current_exe().context("cannot find this program's path")?)
        .arg("life-of-a-package")
        .args([package.as_path(), &later])
        .arg(said_version(suite));
    crate::workspace::without_sempre(&mut life);
    suite.must("dist:package", &mut life)?;
    Ok(None)
}

/// The beginning of a command that runs with mounts and process ids of its own.
fn enter(suite: &Suite<'_>, name: &str) -> Result<Command> {
    let dir = suite.temp.path().join(name);
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--",
            "sh",
            "-c",
            ENTER,
            "sh",
        ])
        .arg(&dir);
    Ok(command)
}

fn said_version(suite: &Suite<'_>) -> String {
    format!("sempre {}", suite.workspace.version)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
