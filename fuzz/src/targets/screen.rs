//! The engine and its snapshots.

use sempre_protocol::{Offset, Size};
use sempre_screen::{Engine, Screen};

use super::take;

/// Sides an input picks from.
const SIDES: [u16; 8] = [1, 2, 3, 5, 8, 24, 80, 1_000];
/// A byte that no terminal knows stands for a change of size; the next one says which.
const RESIZE: u8 = 0xfe;

struct Setup {
    size: Size,
    scrollback: usize,
}

fn size(choice: u8) -> Size {
    let side = |at: u8| SIDES.get(usize::from(at % 8)).copied().unwrap_or(1);
    Size::new(side(choice), side(choice >> 3))
}

fn setup(bytes: &mut &[u8]) -> Setup {
    Setup {
        size: size(take(bytes)),
        scrollback: usize::from(take(bytes)) * 2,
    }
}

/// Feeds everything, each piece cut again by `cut`.
fn played(setup: &Setup, bytes: &[u8], cut: usize) -> Engine {
    let mut engine = Engine::new(setup.size, setup.scrollback, Offset::ZERO);
    let mut pieces = bytes.split(|byte| *byte == RESIZE);
    for piece in pieces.next().unwrap_or_default().chunks(cut) {
        engine.feed(piece);
    }
    for piece in pieces {
        let mut rest = piece;
        engine.resize(size(take(&mut rest)));
        for piece in rest.chunks(cut) {
            engine.feed(piece);
        }
    }
    engine
}

pub(super) fn engine(mut bytes: &[u8]) {
    let setup = setup(&mut bytes);
    let mut whole = played(&setup, bytes, usize::MAX);
    let mut cut = played(&setup, bytes, 7);
    assert_eq!(whole.offset(), cut.offset());
    assert_eq!(whole.cursor(), cut.cursor());
    assert_eq!(whole.title(), cut.title());
    assert_eq!(whole.screen_lines(), cut.screen_lines());
    assert_eq!(whole.take_events(), cut.take_events());
    let (cols, rows) = (whole.size().cols, whole.size().rows);
    let (column, row) = whole.cursor();
    assert!(column <= cols && row < rows, "cursor at {column}, {row}");
    assert!(whole.line(whole.end_line()).is_none());
    assert!(whole.end_line() - whole.first_line() <= (setup.scrollback + usize::from(rows)) as u64);
}

pub(super) fn snapshot(mut bytes: &[u8]) {
    let setup = setup(&mut bytes);
    let engine = played(&setup, bytes, usize::MAX);
    let snapshot = engine.snapshot(setup.scrollback);
    let restored = Engine::restore(&snapshot, engine.size(), setup.scrollback, engine.offset());
    assert_eq!(restored.screen_lines(), engine.screen_lines());
    assert_eq!(restored.cursor(), engine.cursor());
    assert_eq!(restored.is_alternate(), engine.is_alternate());
    let again = restored.snapshot(setup.scrollback);
    assert_eq!(
        again.escape_ascii().to_string(),
        snapshot.escape_ascii().to_string()
    );
}
