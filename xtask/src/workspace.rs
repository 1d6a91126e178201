//! Where things are, and how cargo is called: the one place that sets the environment every build shares.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

/// The stem of the page's script and WASM; Leptos' own hydration script asks for the same name.
pub(crate) const OUTPUT_NAME: &str = "sempre";
/// The target the page is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// How something is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Dev,
    /// What is shipped.
    Release,
}

impl Profile {
    /// `--release` or not.
    pub(crate) fn from_flag(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    /// The word in our own directories.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Cargo's directory of native programs.
    fn native_dir(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// Cargo's directory of the page's WASM.
    pub(crate) fn wasm_dir(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "wasm-release",
        }
    }
}

/// A workspace package, as far as it matters here.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Package name.
    pub(crate) name: String,
    /// Names of its features.
    pub(crate) features: Vec<String>,
    /// Its directory.
    pub(crate) dir: PathBuf,
}

/// This checkout.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its root directory.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the user's configuration put it.
    pub(crate) target: PathBuf,
    /// Its packages.
    pub(crate) members: Vec<Member>,
    /// The version of all of them.
    pub(crate) version: String,
}

impl Workspace {
    /// Asks cargo. The manifest is looked for at run time: a checkout may have moved since this was compiled.
    pub(crate) fn find() -> Result<Self> {
        let mut command = MetadataCommand::new();
        if let Some(dir) = env::var_os("CARGO_MANIFEST_DIR") {
            command.current_dir(dir);
        }
        let metadata = command
            .no_deps()
            .exec()
            .context("cannot read the workspace's metadata")?;
        let members = metadata
            .workspace_packages()
            .iter()
            .map(|package| Member {
                name: package.name.to_string(),
                features: package.features.keys().cloned().collect(),
                dir: package
                    .manifest_path
                    .parent()
                    .map(|dir| dir.as_std_path().to_owned())
                    .unwrap_or_default(),
            })
            .collect();
        let version = metadata
            .workspace_packages()
            .first()
            .map(|package| package.version.to_string())
            .context("the workspace has no packages")?;
        Ok(Self {
            root: metadata.workspace_root.clone().into_std_path_buf(),
            target: metadata.target_directory.clone().into_std_path_buf(),
            members,
            version,
        })
    }

    /// The page as the server embeds it: `manifest.json` and `assets/`.
    pub(crate) fn site(&self, profile: Profile) -> PathBuf {
        self.target.join("site").join(profile.word())
    }

    /// A file or directory for intermediate results; the directory around it exists afterwards.
    pub(crate) fn scratch(&self, name: &str) -> Result<PathBuf> {
        let path = self.target.join("xtask").join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        Ok(path)
    }

    /// A program that cargo built.
    pub(crate) fn program(&self, profile: Profile, name: &str) -> PathBuf {
        self.programs(profile, None).join(name)
    }

    /// The directory of programs that cargo built, for a `target` that was asked for or for this machine.
    pub(crate) fn programs(&self, profile: Profile, target: Option<&str>) -> PathBuf {
        let root = target.map_or_else(|| self.target.clone(), |triple| self.target.join(triple));
        root.join(profile.native_dir())
    }

    /// A call of cargo whose server embeds the site of `profile`. Every call goes through here: the server does
    /// not compile without a site, and another site or output name means compiling it again.
    pub(crate) fn cargo(&self, profile: Profile, verb: &str) -> Result<Command> {
        let site = self.site(profile);
        ensure_site(&site)?;
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        without_cargo_run(&mut command);
        without_sempre(&mut command);
        command
            .current_dir(&self.root)
            .arg(verb)
            .env("LEPTOS_OUTPUT_NAME", OUTPUT_NAME)
            .env("SEMPRE_SITE_DIR", site);
        Ok(command)
    }
}

/// Takes away what `cargo run` set for this program: build scripts that watch those variables would run again.
pub(crate) fn without_cargo_run(command: &mut Command) {
    const SET_BY_RUN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
    for (name, _) in env::vars_os() {
        if SET_BY_RUN
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
}

/// Takes away what would configure a Sempre: a developer may work in a session of one.
pub(crate) fn without_sempre(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if ["SEMPRE_", "KIRO_"]
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
}

/// Makes an empty site where none was built, so that the server compiles.
fn ensure_site(site: &Path) -> Result<()> {
    let assets = site.join("assets");
    fs::create_dir_all(&assets).with_context(|| format!("cannot create {}", assets.display()))?;
    let manifest = site.join("manifest.json");
    if !manifest.exists() {
        fs::write(&manifest, "{}\n").with_context(|| format!("cannot write {}", manifest.display()))?;
    }
    Ok(())
}
