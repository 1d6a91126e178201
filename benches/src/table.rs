//! The table: a row per figure, a column per contender, Markdown.

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::contender::Column;
use crate::measures::Row;
use crate::rounds::Outcome;
use crate::spread::Spread;

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";
/// Characters of a reason that stand in a cell.
const REASON_CHARS: usize = 120;

/// The head of the table.
pub(crate) fn head() -> String {
    let columns = Column::ALL.map(Column::head).join(" | ");
    format!("| measure | {columns} | goal |\n|---|---|---|---|---|---|")
}

/// One line of it.
pub(crate) fn line(row: &Row, index: usize, outcome: &Outcome) -> String {
    let cells = Column::ALL.map(|column| cell(row, index, column, outcome));
    format!("| {} | {} | {} |", row.name, cells.join(" | "), row.goal)
}

fn cell(row: &Row, index: usize, column: Column, outcome: &Outcome) -> String {
    let Some(figures) = outcome.figures.get(&column) else {
        return "–".into();
    };
    if let Some(reason) = &figures.failed {
        let reason: String = reason.lines().collect::<Vec<_>>().join(" ");
        let short: String = reason.chars().take(REASON_CHARS).collect();
        return format!("NOT RUN: {}", short.replace('|', "/"));
    }
    let own = outcome.row(column, index);
    let Some(absolute) = Spread::of(own.iter().copied().filter(|figure| !figure.is_nan())) else {
        return "–".into();
    };
    let raw = outcome.row(Column::Raw, index);
    let ratios = own.iter().zip(&raw).map(|(own, raw)| own / raw);
    let ratios = Spread::of(ratios.filter(|ratio| ratio.is_finite()));
    match ratios {
        Some(ratios) if row.against_raw && column != Column::Raw => {
            format!("**{}** · {:.*}", ratios.show(2), row.decimals, absolute.median)
        }
        _ => {
            let bound = if row.at_most.is_some_and(|most| absolute.max >= most) {
                "> "
            } else {
                ""
            };
            format!("{bound}{}", absolute.show(row.decimals))
        }
    }
}

/// Replaces what stands between the two marks of a file.
///
/// # Errors
/// If the file cannot be read or written, or has no marks.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let new = between(&old, text)
        .with_context(|| format!("{} has no {BEGIN} with {END} after it", path.display()))?;
    fs::write(path, new).with_context(|| format!("cannot write {}", path.display()))
}

fn between(old: &str, text: &str) -> Option<String> {
    let (before, rest) = old.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let old = format!("a\n{BEGIN}\nold\n{END}\nb");
        assert_eq!(
            between(&old, "new\n").unwrap(),
            format!("a\n{BEGIN}\nnew\n{END}\nb")
        );
        assert_eq!(between("a", "new"), None);
    }
}
