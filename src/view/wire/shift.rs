//! Finds rows that have moved up or down between two frames.

use std::hash::{Hash as _, Hasher as _};
use std::ops::Range;

use rustc_hash::FxHasher;

use super::sheet::{Sheet, Spot};

/// Columns that are compared at once.
const BLOCK: usize = 8;

/// Rows that have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shift {
    /// All rows that the terminal is to move, among them those that come in blank.
    pub(super) rows: Range<u16>,
    /// How far up; less than none is down.
    pub(super) up: i32,
}

/// The blocks of each row, as numbers that differ where they differ, as good as always: a shift that was guessed wrongly is written out
/// like any other and loses against none.
fn blocks(sheet: &Sheet) -> Vec<Vec<u64>> {
    let block = |spots: &[Spot]| {
        let mut hasher = FxHasher::default();
        spots.hash(&mut hasher);
        hasher.finish()
    };
    (0..sheet.height)
        .map(|y| sheet.row(y).chunks(BLOCK).map(block).collect())
        .collect()
}

/// The shift that leaves the fewest blocks to be written, if any leaves fewer than none does.
pub(super) fn find(old: &Sheet, new: &Sheet) -> Option<Shift> {
    let (old, new) = (blocks(old), blocks(new));
    let height = new.len();
    // What moves farther leaves little of itself on the screen.
    let farthest = height / 2;
    let ways = (1..=farthest).flat_map(|by| [(by, true), (by, false)]);
    let best = ways
        .filter_map(|(by, is_up)| {
            let (gain, start, end) = best_run(&old, &new, by, is_up);
            (gain > 0).then_some((gain, by, is_up, start, end))
        })
        .max_by_key(|(gain, by, ..)| (*gain, usize::MAX - by))?;
    let (_, by, is_up, start, end) = best;
    let rows = if is_up {
        start..end + by
    } else {
        start - by..end
    };
    let up = i32::try_from(by).ok()?;
    Some(Shift {
        rows: u16::try_from(rows.start).ok()?..u16::try_from(rows.end).ok()?,
        up: if is_up { up } else { -up },
    })
}

/// Among the new rows that may have come from `by` rows away, those in one piece that gain most: gain, first, end.
fn best_run(old: &[Vec<u64>], new: &[Vec<u64>], by: usize, is_up: bool) -> (i32, usize, usize) {
    let from = if is_up {
        0..new.len() - by
    } else {
        by..new.len()
    };
    let mut best = (0, 0, 0);
    let (mut sum, mut start) = (0, from.start);
    for y in from {
        let came = if is_up { y + by } else { y - by };
        let gain: i32 = (new[y].iter().zip(&old[y]).zip(&old[came]))
            .map(|((new, here), there)| i32::from(new == there) - i32::from(new == here))
            .sum();
        if sum <= 0 {
            (sum, start) = (0, y);
        }
        sum += gain;
        if sum > best.0 {
            best = (sum, start, y + 1);
        }
    }
    best
}
