//! Damage in what an engine reads: output that is not what the program wrote, as far as the journal's checksums tell.
//! It is drawn all the same (most of it is right), and the screen counts as inexact from there on.

use std::collections::VecDeque;

use sempre_journal::{Damage, DamageKind, Reader};
use sempre_protocol::Offset;

/// Where stretches of doubtful output between `from` and `to` end, rising. What cannot be read is doubted as a whole.
pub(super) fn doubtful_ends(reader: &Reader, from: Offset, to: Offset) -> VecDeque<Offset> {
    // Where nothing is left, damage lies at the end.
    let range = from.0..to.0.max(from.0.saturating_add(1));
    let mut ends: Vec<Offset> = match reader.verify_range(range) {
        Ok(damage) => damage
            .iter()
            .filter_map(|damage| end_of(damage, from, to))
            .collect(),
        Err(_) => vec![to],
    };
    ends.sort_unstable();
    ends.dedup();
    ends.into()
}

fn end_of(damage: &Damage, from: Offset, end: Offset) -> Option<Offset> {
    match damage.kind {
        DamageKind::OutputChecksum { to, .. }
        | DamageKind::OutputNul { to, .. }
        | DamageKind::OutputShort { to, .. } => Some(Offset(to).min(end)),
        // Sizes may be lost with the record, and nothing says where they took effect.
        DamageKind::IndexMissing
        | DamageKind::RecordChecksum
        | DamageKind::RecordNul
        | DamageKind::RecordMisplaced => Some(end),
        DamageKind::OutputMissing if from == end => Some(end),
        // A reader meets these as gaps; the last output of a live journal has no record yet.
        DamageKind::OutputMissing
        | DamageKind::Missing { .. }
        | DamageKind::Overlap { .. }
        | DamageKind::Unchecked { .. }
        | DamageKind::TornRecord => None,
    }
}
