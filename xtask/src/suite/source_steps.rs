//! Steps that only read the source.

use anyhow::Result;

use super::Report;
use crate::checks::{arrows, imports, proofs, sources, tidy};
use crate::workspace::Workspace;

/// Who may use whom, by package and by directory.
pub(super) fn arrows(workspace: &Workspace) -> Result<Report> {
    let mut errors = arrows::check(workspace)?;
    errors.extend(imports::check(&sources::read_all(&workspace.root)?));
    Report::of_errors(&errors)
}

/// How files look, and whether the tests that documents name exist.
pub(super) fn tidy(workspace: &Workspace) -> Result<Report> {
    let sources = sources::read_all(&workspace.root)?;
    let mut findings = tidy::check(&workspace.root, &sources);
    findings.errors.extend(proofs::check(&sources));
    let report = Report::of_errors(&findings.errors)?;
    Ok(Report {
        warnings: findings.warnings,
        ..report
    })
}
