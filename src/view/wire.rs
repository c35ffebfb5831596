//! Frames as bytes: what has changed since the last one and nothing else, in one synchronized update. A list that has scrolled is
//! moved by the terminal itself where that takes fewer bytes.

mod pen;
#[cfg(test)]
pub(super) mod seen;
mod sheet;
mod shift;

use ratatui::buffer::Buffer;

use pen::Pen;
use sheet::{Look, Sheet, Spot, Text};

/// The terminal shows nothing of what follows until the end.
const BEGIN: &[u8] = b"\x1b[?2026h";

/// It shows it at once.
const END: &[u8] = b"\x1b[?2026l";

/// Plain look, no scroll region, everything erased.
const ANEW: &[u8] = b"\x1b[m\x1b[r\x1b[2J";

/// From so many changed cells on it is worth looking whether rows have moved.
const MANY: usize = 120;

/// What a terminal shows, as far as it was told by frames.
#[derive(Debug, Default)]
pub struct Wire {
    /// Nothing is known of a screen that others may have written on.
    shown: Option<Shown>,
}

#[derive(Debug)]
struct Shown {
    sheet: Sheet,
    /// Where the terminal's cursor is, visible or not, if that is certain.
    at: Option<(u16, u16)>,
    has_cursor: bool,
}

impl Wire {
    /// Forgets what is shown: the next frame is drawn whole.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// The bytes that turn what is shown into this frame, with the cursor there or hidden; none where nothing has changed.
    pub fn frame(&mut self, buffer: &Buffer, cursor: Option<(u16, u16)>) -> Vec<u8> {
        let new = Sheet::of(buffer);
        let known = self.shown.take();
        let known = known
            .filter(|shown| (shown.sheet.width, shown.sheet.height) == (new.width, new.height));
        let is_anew = known.is_none();
        let old = known.unwrap_or_else(|| Shown {
            sheet: Sheet::blank(new.width, new.height),
            at: None,
            has_cursor: true,
        });
        let mut pen = shortest(&old, &new);
        pen.look(Look::default());
        match cursor {
            Some(at) => {
                pen.go(at);
                if !old.has_cursor || is_anew {
                    pen.out.extend_from_slice(b"\x1b[?25h");
                }
            }
            None if old.has_cursor => pen.out.extend_from_slice(b"\x1b[?25l"),
            None => {}
        }
        self.shown = Some(Shown {
            sheet: new,
            at: pen.at,
            has_cursor: cursor.is_some(),
        });
        if pen.out.is_empty() && !is_anew {
            return Vec::new();
        }
        let anew = if is_anew { ANEW } else { b"" };
        [BEGIN, anew, &pen.out, END].concat()
    }
}

/// The changes as they stand, or with rows moved first: what is shorter.
fn shortest(old: &Shown, new: &Sheet) -> Pen {
    let mut plain = Pen::new(old.at, new.width);
    let changed = write(&mut plain, &old.sheet, new);
    if changed < MANY {
        return plain;
    }
    let Some(shift) = shift::find(&old.sheet, new) else {
        return plain;
    };
    let mut moved = Pen::new(old.at, new.width);
    moved.scroll(shift.rows.clone(), shift.up);
    let scrolled = old.sheet.scrolled(shift.rows, shift.up);
    write(&mut moved, &scrolled, new);
    if moved.out.len() < plain.out.len() {
        moved
    } else {
        plain
    }
}

/// Writes each cell that differs; how many did.
fn write(pen: &mut Pen, old: &Sheet, new: &Sheet) -> usize {
    let mut changed = 0;
    for y in 0..new.height {
        let (before, after) = (old.row(y), new.row(y));
        if before == after {
            continue;
        }
        let mut differs = differing(before, after);
        changed += differs.iter().filter(|differs| **differs).count();
        let erased = rest_to_erase(&differs, after);
        if let Some(from) = erased {
            differs[from..].fill(false);
        }
        row(pen, y, &differs, after);
        if let Some(from) = erased {
            pen.go((column(from), y));
            pen.erase_rest();
        }
    }
    changed
}

fn column(x: usize) -> u16 {
    u16::try_from(x).expect("a row has as many cells as a terminal can have")
}

/// Which cells of a row are to be written. The halves of a wide sign are written together, those of one that goes away too.
fn differing(before: &[Spot], after: &[Spot]) -> Vec<bool> {
    let mut differs: Vec<bool> = before.iter().zip(after).map(|(a, b)| a != b).collect();
    let mut is_settled = false;
    while !is_settled {
        is_settled = true;
        for tail in 1..differs.len() {
            let together = before[tail].text == Text::Tail || after[tail].text == Text::Tail;
            if together && differs[tail - 1] != differs[tail] {
                differs[tail - 1..=tail].fill(true);
                is_settled = false;
            }
        }
    }
    differs
}

/// The first cell of a rest that is blank from then on, where erasing it is shorter than writing blanks.
fn rest_to_erase(differs: &[bool], after: &[Spot]) -> Option<usize> {
    let blank = after.iter().rposition(|spot| *spot != Spot::BLANK);
    let blank = blank.map_or(0, |last| last + 1);
    let first = blank + differs[blank..].iter().position(|differs| *differs)?;
    let blanks = differs[first..].iter().filter(|differs| **differs).count();
    (blanks > 6).then_some(first)
}

/// Writes the cells of a row that differ, and those between them where that is shorter than a move.
fn row(pen: &mut Pen, y: u16, differs: &[bool], after: &[Spot]) {
    for (x, spot) in after.iter().enumerate() {
        if !differs[x] || spot.text == Text::Tail {
            continue;
        }
        let to = (column(x), y);
        if let Some((at, row)) = pen.at
            && row == y
            && at < to.0
        {
            let between = &after[usize::from(at)..x];
            let again: Option<usize> = between.iter().map(|spot| pen.rewrite(spot)).sum();
            if again.is_some_and(|bytes| bytes <= Pen::forward(to.0 - at)) {
                for spot in between {
                    pen.put(spot);
                }
            }
        }
        pen.go(to);
        pen.put(spot);
    }
}
