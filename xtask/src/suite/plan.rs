//! Which steps there are, in which order, and which a developer asked for.

use anyhow::{Result, bail};

use crate::workspace::{Member, WASM_TARGET, Workspace};

/// The judge of the screen's tests comes from npm.
const JUDGE: &str = "packages:judge";

/// One step.
#[derive(Debug)]
pub(crate) struct Step {
    /// `group` or `group:item`.
    pub(crate) name: String,
    /// What it does.
    pub(super) action: Action,
    /// Steps that must have passed, if they are in the plan.
    pub(super) needs: Vec<String>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Fmt,
    Arrows,
    Tidy,
    Deny,
    Clippy(Build),
    Docs(Build),
    Page,
    Program(String),
    RustTests(Build),
    Packages(&'static str),
    Wasm(&'static str),
    Fuzz,
    Types,
    Described,
    Browser,
    Container,
    Dist,
    Upgrade,
    Systemd,
    Leftovers,
}

/// A package with the features and the target that make sense for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    /// Its name.
    pub(super) package: String,
    /// Arguments for cargo.
    pub(super) args: Vec<String>,
    /// For the browser: only its library can be compiled.
    pub(super) wasm: bool,
}

impl Build {
    fn native(package: &str, feature: Option<&str>) -> Self {
        let args = feature
            .into_iter()
            .flat_map(|name| ["--features".to_owned(), name.to_owned()])
            .collect();
        Self {
            package: package.to_owned(),
            args,
            wasm: false,
        }
    }

    fn wasm(package: &str, feature: Option<&str>) -> Self {
        let mut build = Self::native(package, feature);
        build
            .args
            .extend(["--lib", "--target", WASM_TARGET].map(str::to_owned));
        build.wasm = true;
        build
    }
}

/// All steps, or those named by `only` and what they need.
pub(crate) fn plan(workspace: &Workspace, only: &[String]) -> Result<Vec<Step>> {
    let steps = all(&workspace.members);
    for name in only {
        if !steps.iter().any(|step| selects(name, step)) {
            bail!("there is no step `{name}`; see them with: cargo xtask test --list");
        }
    }
    if only.is_empty() {
        return Ok(steps);
    }
    let mut wanted: Vec<String> = steps
        .iter()
        .filter(|step| only.iter().any(|name| selects(name, step)))
        .flat_map(|step| step.needs.iter().chain([&step.name]).cloned())
        .collect();
    wanted.push("leftovers".to_owned());
    Ok(steps
        .into_iter()
        .filter(|step| wanted.contains(&step.name))
        .collect())
}

fn selects(name: &str, step: &Step) -> bool {
    step.name == name || step.name.split_once(':').is_some_and(|(group, _)| group == name)
}

/// Quick checks first, so that a slip is told early; then what compiles; the browser last.
fn all(members: &[Member]) -> Vec<Step> {
    let builds: Vec<Build> = members.iter().flat_map(builds_of).collect();
    let mut steps = vec![
        step("fmt", Action::Fmt, &[]),
        step("arrows", Action::Arrows, &[]),
        step("tidy", Action::Tidy, &[]),
        step("deny", Action::Deny, &[]),
        step("container", Action::Container, &[]),
        step("types", Action::Types, &[]),
    ];
    for build in &builds {
        steps.push(step(&named("clippy", build), Action::Clippy(build.clone()), &[]));
    }
    for build in builds
        .iter()
        .filter(|build| !build.wasm || build.package == "sempre-frontend")
    {
        steps.push(step(&named("docs", build), Action::Docs(build.clone()), &[]));
    }
    steps.push(step("build:page", Action::Page, &[]));
    steps.push(step(
        "build:holder",
        Action::Program("sempre-holder".to_owned()),
        &[],
    ));
    steps.push(step(JUDGE, Action::Packages("crates/screen/oracle"), &[]));
    for build in builds.iter().filter(|build| !build.wasm) {
        let needs: &[&str] = match build.package.as_str() {
            "sempre-screen" => &[JUDGE],
            "sempre-server" => &["build:page", "build:holder"],
            _ => &[],
        };
        steps.push(step(
            &named("test", build),
            Action::RustTests(build.clone()),
            needs,
        ));
    }
    steps.push(step("wasm:sempre-screen", Action::Wasm("sempre-screen"), &[]));
    steps.push(step("fuzz", Action::Fuzz, &[]));
    steps.push(step(
        "build:server",
        Action::Program("sempre-server".to_owned()),
        &["build:page"],
    ));
    steps.push(step(
        "openapi",
        Action::Described,
        &["build:page", "build:holder", "build:server"],
    ));
    steps.push(step(
        "browser",
        Action::Browser,
        &["build:page", "build:holder", "build:server"],
    ));
    steps.push(step(
        "dist",
        Action::Dist,
        &["build:page", "build:holder", "build:server"],
    ));
    steps.push(step("upgrade", Action::Upgrade, &["build:holder"]));
    steps.push(step(
        "systemd",
        Action::Systemd,
        &["build:page", "build:holder", "build:server"],
    ));
    steps.push(step("leftovers", Action::Leftovers, &[]));
    steps
}

/// The page's crates are compiled twice, for the server and for the browser; everything else once.
fn builds_of(member: &Member) -> Vec<Build> {
    let has = |feature: &str| member.features.iter().any(|name| name == feature);
    if member.name == "sempre-frontend" {
        vec![Build::wasm(&member.name, None)]
    } else if has("ssr") && has("hydrate") {
        vec![
            Build::native(&member.name, Some("ssr")),
            Build::wasm(&member.name, Some("hydrate")),
        ]
    } else {
        vec![Build::native(&member.name, None)]
    }
}

fn named(group: &str, build: &Build) -> String {
    let suffix = if build.wasm && build.package != "sempre-frontend" {
        "-wasm"
    } else {
        ""
    };
    format!("{group}:{}{suffix}", build.package)
}

fn step(name: &str, action: Action, needs: &[&str]) -> Step {
    Step {
        name: name.to_owned(),
        action,
        needs: needs.iter().map(|need| (*need).to_owned()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let member = |name: &str, features: &[&str]| Member {
            name: name.to_owned(),
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            dir: "/".into(),
        };
        let members = vec![
            member("sempre-app", &["hydrate", "ssr"]),
            member("sempre-frontend", &[]),
            member("sempre-server", &[]),
            member("sempre-shed", &[]),
        ];
        Workspace {
            root: "/".into(),
            target: "/".into(),
            members,
            version: "0.1.0".to_owned(),
        }
    }

    fn names(only: &[&str]) -> Vec<String> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        plan(&workspace(), &only)
            .unwrap()
            .into_iter()
            .map(|step| step.name)
            .collect()
    }

    #[test]
    fn a_new_package_is_linted_documented_and_tested_unasked() {
        let names = names(&[]);
        for group in ["clippy", "docs", "test"] {
            assert!(names.contains(&format!("{group}:sempre-shed")), "{names:?}");
        }
    }

    #[test]
    fn both_halves_of_the_page_are_linted() {
        let names = names(&["clippy"]);
        assert!(names.contains(&"clippy:sempre-app".to_owned()));
        assert!(names.contains(&"clippy:sempre-app-wasm".to_owned()));
        assert!(names.contains(&"clippy:sempre-frontend".to_owned()));
    }

    #[test]
    fn a_wanted_step_brings_what_it_needs_in_order() {
        let expected = [
            "build:page",
            "build:holder",
            "build:server",
            "browser",
            "leftovers",
        ];
        assert_eq!(names(&["browser"]), expected);
    }

    #[test]
    fn an_unknown_step_is_an_error() {
        let error = plan(&workspace(), &["brwser".to_owned()])
            .unwrap_err()
            .to_string();
        assert!(error.contains("brwser") && error.contains("--list"), "{error}");
    }
}
