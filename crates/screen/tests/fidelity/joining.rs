//! The table of widths and joining against the add-on it was observed from, for every text there can be.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

#[path = "../../src/width.rs"]
mod width;

use width::Joining;

/// A value the add-on can give.
#[derive(Deserialize)]
struct Value {
    /// Code points that lead to it from the start.
    by: Vec<u32>,
    cells: u8,
    joins: bool,
    /// How many code points in a row, from 0 on, give which value.
    runs: Vec<(u32, usize)>,
}

fn machine() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
    let output = Command::new("node")
        .arg("width-machine.mjs")
        .current_dir(folder)
        .output()
        .expect("node runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn after(points: &[u32]) -> Joining {
    points.iter().fold(Joining::default(), |state, point| {
        state.next(char::from_u32(*point).unwrap())
    })
}

#[test]
fn every_character_after_every_text_is_as_wide_and_joins_as_the_add_on_says() {
    let machine = machine();
    let states: Vec<Joining> = machine.iter().map(|value| after(&value.by)).collect();
    for (value, state) in machine.iter().zip(&states) {
        assert_eq!(state.width(), value.cells, "after {:x?}", value.by);
        assert_eq!(state.joins(), value.joins, "after {:x?}", value.by);
        assert_eq!(state.is_none(), value.by.is_empty(), "after {:x?}", value.by);
        let mut from = 0;
        for (count, next) in &value.runs {
            for c in (from..from + count).filter_map(char::from_u32) {
                let by = &value.by;
                assert_eq!(state.next(c), states[*next], "{:x} after {by:x?}", u32::from(c));
            }
            from += count;
        }
        assert_eq!(from, 0x11_0000);
    }
}
