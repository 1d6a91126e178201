//! What is in the product, as CycloneDX: libraries of the server, of the holder and of the page's WASM by cargo-cyclonedx,
//! scripts and styles of the page by `npm sbom`, put together in one document.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Platform;
use crate::cargo_tool::CargoTool;
use crate::run::{Job, must};
use crate::workspace::{WASM_TARGET, Workspace, without_cargo_run};

const CYCLONEDX: CargoTool = CargoTool {
    name: "cargo-cyclonedx",
    version: "0.5.9",
    version_args: &["cyclonedx", "--version"],
};
/// The version that both tools write.
const SPECIFICATION: &str = "1.5";
/// What cargo-cyclonedx leaves in each package's directory, until it is taken from there.
const LEFT_BEHIND: &str = "sempre-sbom";
const LIMIT: Duration = Duration::from_secs(10 * 60);
/// Stands for the checkout, wherever it is.
const ANYWHERE: &str = "/sempre";

/// A document, as far as two of them are put together.
#[derive(Debug, Deserialize, Serialize)]
struct Document {
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Value>,
    #[serde(default)]
    dependencies: Vec<Dependencies>,
    #[serde(flatten)]
    head: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Metadata {
    /// What the document is of.
    component: Value,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// What one component depends on.
#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Dependencies {
    #[serde(rename = "ref")]
    of: String,
    #[serde(rename = "dependsOn", default)]
    on: BTreeSet<String>,
}

/// Documents by package.
type Documents = BTreeMap<String, Document>;

/// Writes the document of the product for `platform`.
pub(super) fn write(workspace: &Workspace, platform: &Platform, epoch: u64, path: &Path) -> Result<()> {
    let mut native = by_cargo(workspace, &platform.triple, epoch)?;
    let mut page = by_cargo(workspace, WASM_TARGET, epoch)?;
    let mut whole = take(&mut native, "sempre-server")?;
    merge(&mut whole, take(&mut native, "sempre-holder")?);
    merge(&mut whole, take(&mut page, "sempre-frontend")?);
    merge(&mut whole, by_npm(workspace)?);
    // A number of its own for each time it is made.
    whole.head.remove("serialNumber");
    let text = serde_json::to_string_pretty(&whole).context("cannot write the SBOM as JSON")? + "\n";
    let text = text.replace(&*workspace.root.to_string_lossy(), ANYWHERE);
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn take(documents: &mut Documents, package: &str) -> Result<Document> {
    documents
        .remove(package)
        .with_context(|| format!("cargo-cyclonedx wrote nothing for {package}"))
}

/// What cargo-cyclonedx says of each package, for one target. It writes into the packages' directories; nothing stays there.
fn by_cargo(workspace: &Workspace, target: &str, epoch: u64) -> Result<Documents> {
    let mut command = Command::new(CYCLONEDX.find_or_install(workspace)?);
    without_cargo_run(&mut command);
    command
        .current_dir(&workspace.root)
        .args(["cyclonedx", "--format", "json", "--all", "--target", target])
        .args([
            "--spec-version",
            SPECIFICATION,
            "--override-filename",
            LEFT_BEHIND,
        ])
        .env("SOURCE_DATE_EPOCH", epoch.to_string());
    let written =
        must(&mut command, &job(workspace, "dist-cyclonedx.log")?).context("cargo-cyclonedx failed");
    let mut documents = Documents::new();
    for member in &workspace.members {
        let path = member.dir.join(format!("{LEFT_BEHIND}.json"));
        if path.exists() {
            documents.insert(member.name.clone(), read(&path)?);
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    written.map(|_| documents)
}

fn by_npm(workspace: &Workspace) -> Result<Document> {
    let output = Command::new("npm")
        .args(["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application"])
        .args(["--omit", "dev", "--package-lock-only"])
        .current_dir(workspace.root.join("frontend"))
        .output()
        .context("cannot start npm")?;
    if !output.status.success() {
        bail!(
            "npm sbom ended with {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    serde_json::from_slice(&output.stdout).context("npm sbom printed something else")
}

fn read(path: &Path) -> Result<Document> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn job(workspace: &Workspace, log: &str) -> Result<Job> {
    Ok(Job {
        log: workspace.scratch(&format!("logs/{log}"))?,
        limit: LIMIT,
        shows_progress: false,
    })
}

/// Adds what `other` is of and has, each thing once; who depends on what is joined.
fn merge(whole: &mut Document, other: Document) {
    let known: BTreeSet<String> = whole.components.iter().filter_map(name).collect();
    let its = [other.metadata.component].into_iter().chain(other.components);
    let new = its.filter(|one| name(one).is_some_and(|name| !known.contains(&name)));
    whole.components.extend(new);
    for one in other.dependencies {
        match whole.dependencies.iter_mut().find(|known| known.of == one.of) {
            None => whole.dependencies.push(one),
            Some(known) => known.on.extend(one.on),
        }
    }
}

/// What a component is called by others.
fn name(component: &Value) -> Option<String> {
    Some(component.get("bom-ref")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_two_parts_share_stands_there_once() {
        let part = |root: &str, others: &[&str]| -> Document {
            let component = |name: &str| json!({ "bom-ref": name });
            let document = json!({
                "metadata": { "component": component(root) },
                "components": others.iter().map(|name| component(name)).collect::<Vec<_>>(),
                "dependencies": [
                    { "ref": root, "dependsOn": others },
                    { "ref": "shared", "dependsOn": [format!("of {root}")] },
                ],
            });
            serde_json::from_value(document).unwrap()
        };
        let mut whole = part("server", &["shared", "axum"]);
        merge(&mut whole, part("holder", &["shared", "pty"]));
        let names: Vec<_> = whole.components.iter().filter_map(name).collect();
        assert_eq!(names, ["shared", "axum", "holder", "pty"]);
        let shared = whole.dependencies.iter().find(|one| one.of == "shared").unwrap();
        assert_eq!(shared.on, ["of holder", "of server"].map(str::to_owned).into());
        assert_eq!(name(&whole.metadata.component).unwrap(), "server");
    }
}
