//! Flags of `sempre service`, and the service they describe.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::service::{Scope, Service, UNIT};

/// What is done with the service.
#[derive(Debug, Clone, Subcommand)]
pub enum ServiceVerb {
    /// Print the unit
    Print(ServiceFlags),
    /// Write the unit and let systemd read it; starts nothing unless told to
    Install(ServiceFlags),
    /// Stop the server and remove the unit; sessions stay
    Uninstall(ServiceFlags),
    /// Show whether the unit is there and how the service is
    Status(ServiceFlags),
}

/// Flags of all of them.
#[derive(Debug, Clone, Args)]
pub struct ServiceFlags {
    /// A service of yours [default, unless root runs this]
    #[arg(long, conflicts_with = "system")]
    pub user: bool,

    /// A service of the machine
    #[arg(long)]
    pub system: bool,

    /// User the machine's service runs as [default: the one who ran sudo, else sempre]
    #[arg(long, value_name = "NAME", requires = "system")]
    pub run_as_user: Option<String>,

    /// Directory the unit is in [default: /etc/systemd/system, or ~/.config/systemd/user]
    #[arg(long, value_name = "DIR")]
    pub unit_dir: Option<PathBuf>,

    /// With install: start it now, and at each boot or login
    #[arg(long)]
    pub now: bool,

    /// One JSON object on standard output
    #[arg(long)]
    pub json: bool,

    /// Flags of `sempre serve` for the unit, after `--`
    #[arg(last = true, value_name = "FLAG")]
    pub serve: Vec<String>,
}

impl ServiceFlags {
    /// Whether it is a service of the user who asks.
    pub fn is_users(&self) -> bool {
        !self.system && (self.user || !rustix::process::geteuid().is_root())
    }

    /// What is installed.
    ///
    /// # Errors
    /// If this program's path is unknown, or its flags for the server are none.
    pub fn service(&self) -> anyhow::Result<Service> {
        let given: Vec<_> = self.serve.iter().map(std::ffi::OsString::from).collect();
        super::layers::check_flags(&given).context("after --")?;
        let scope = match self.is_users() {
            true => Scope::User,
            false => Scope::System {
                user: self.run_as_user.clone().unwrap_or_else(default_user),
            },
        };
        Ok(Service {
            scope,
            program: std::env::current_exe().context("cannot find this program's path")?,
            args: self.serve.clone(),
        })
    }

    /// Where the unit is.
    ///
    /// # Errors
    /// If there is no home directory to put it in.
    pub fn path(&self) -> anyhow::Result<PathBuf> {
        let directory = match &self.unit_dir {
            Some(directory) => directory.clone(),
            None if self.is_users() => users_directory()?,
            None => PathBuf::from("/etc/systemd/system"),
        };
        Ok(directory.join(UNIT))
    }
}

fn default_user() -> String {
    let sudo = std::env::var("SUDO_USER")
        .ok()
        .filter(|user| !user.is_empty() && user != "root");
    sudo.unwrap_or_else(|| "sempre".into())
}

fn users_directory() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let config = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    match config {
        Some(config) => Ok(config.join("systemd/user")),
        None => bail!("HOME is not set; name the directory with --unit-dir"),
    }
}
