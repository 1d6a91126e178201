//! The engine's own lines and cursor, as its readers get them, against the judge's screen.

use sempre_screen::Engine;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::oracle::Oracle;
use crate::script::{Op, Script};

/// What a reader sees.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct View {
    x: u16,
    y: u16,
    lines: Vec<Row>,
}

/// A row, without blanks at its end.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Row {
    wrapped: bool,
    text: String,
}

fn view(engine: &Engine) -> View {
    let (x, y) = engine.cursor();
    let row = |line: sempre_screen::Line| Row {
        wrapped: line.wrapped,
        text: line.text().trim_end().to_owned(),
    };
    View {
        x,
        y,
        lines: engine.screen_lines().into_iter().map(row).collect(),
    }
}

fn expected(oracle: &mut Oracle, script: &Script, segments: &[Vec<Op>]) -> Vec<View> {
    let segments: Vec<Value> = segments
        .iter()
        .map(|ops| json!({ "ops": ops.iter().map(Op::to_json).collect::<Vec<_>>() }))
        .collect();
    let request = json!({
        "cols": script.size.cols, "rows": script.size.rows, "scrollback": script.scrollback, "segments": segments,
    });
    oracle.ask("view", request)
}

/// How the screen differs after one segment, in words.
pub(crate) fn difference(oracle: &mut Oracle, script: &Script, segment: usize) -> Option<String> {
    let segments = script.segments.get(..=segment)?;
    let mut engine = script.engine();
    for op in segments.iter().flatten() {
        op.apply(&mut engine);
    }
    let expected = expected(oracle, script, segments).pop()?;
    describe(&expected, &view(&engine))
}

/// How the screen differs after the first segment after which it does.
pub(crate) fn first_difference(oracle: &mut Oracle, script: &Script) -> Option<String> {
    let expected = expected(oracle, script, &script.segments);
    let mut engine = script.engine();
    for (at, (ops, expected)) in script.segments.iter().zip(&expected).enumerate() {
        for op in ops {
            op.apply(&mut engine);
        }
        if let Some(difference) = describe(expected, &view(&engine)) {
            let output = script.output_until(at);
            let tail = crate::script::readable(&output[output.len().saturating_sub(120)..]);
            return Some(format!(
                "{} after {} bytes ({tail}): {difference}",
                script.name,
                output.len()
            ));
        }
    }
    None
}

fn describe(expected: &View, got: &View) -> Option<String> {
    if (expected.x, expected.y) != (got.x, got.y) {
        return Some(format!(
            "cursor: expected column {} row {}, got column {} row {}",
            expected.x, expected.y, got.x, got.y
        ));
    }
    if expected.lines.len() != got.lines.len() {
        return Some(format!(
            "expected {} rows, got {}",
            expected.lines.len(),
            got.lines.len()
        ));
    }
    let differs = |(_, (expected, got)): &(usize, (&Row, &Row))| expected != got;
    let mut rows = expected.lines.iter().zip(&got.lines).enumerate();
    let (row, (expected, got)) = rows.find(differs)?;
    Some(format!("row {row}: expected {expected:?}, got {got:?}"))
}
