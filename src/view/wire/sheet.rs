//! What stands in each cell of a terminal, so that two frames can be compared as the eye compares them.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::app::cells;

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Look {
    pub(super) fg: Color,
    pub(super) bg: Color,
    pub(super) modifier: Modifier,
}

/// What shows on a blank too.
const ON_BLANKS: Modifier = Modifier::REVERSED
    .union(Modifier::UNDERLINED)
    .union(Modifier::CROSSED_OUT);

impl Look {
    /// Whether a blank in this look is the same to the eye as one in the other.
    pub(super) fn is_alike_on_blanks(self, other: Self) -> bool {
        self.bg == other.bg
            && !self.modifier.intersects(ON_BLANKS)
            && !other.modifier.intersects(ON_BLANKS)
    }
}

/// What is written in a cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Text {
    /// One character.
    One(char),
    /// A character and what sits on it.
    More(Box<str>),
    /// The second half of the wide one before.
    Tail,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Spot {
    pub(super) text: Text,
    pub(super) look: Look,
}

impl Spot {
    /// As a terminal leaves it that was told to erase.
    pub(super) const BLANK: Self = Self {
        text: Text::One(' '),
        look: Look {
            fg: Color::Reset,
            bg: Color::Reset,
            modifier: Modifier::empty(),
        },
    };

    fn of(cell: &Cell) -> Self {
        let look = Look {
            fg: cell.fg,
            bg: cell.bg,
            modifier: cell.modifier,
        };
        let mut chars = cell.symbol().chars();
        let text = match (chars.next(), chars.next()) {
            (None, _) => Text::One(' '),
            (Some(one), None) => Text::One(one),
            (Some(_), Some(_)) => Text::More(cell.symbol().into()),
        };
        Self { text, look }.seen()
    }

    /// Nobody sees the colour of a blank's letter, nor whether it is bold.
    pub(super) fn seen(mut self) -> Self {
        if self.is_space() && !self.look.modifier.intersects(ON_BLANKS) {
            self.look.fg = Color::Reset;
            self.look.modifier = Modifier::empty();
        }
        self
    }

    pub(super) fn is_space(&self) -> bool {
        self.text == Text::One(' ')
    }
}

/// A screen full of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) width: u16,
    pub(super) height: u16,
    spots: Vec<Spot>,
}

impl Sheet {
    pub(super) fn blank(width: u16, height: u16) -> Self {
        Self {
            width,
            height,
            spots: vec![Spot::BLANK; usize::from(width) * usize::from(height)],
        }
    }

    pub(super) fn of(buffer: &Buffer) -> Self {
        let (width, height) = (buffer.area.width, buffer.area.height);
        let mut spots = Vec::with_capacity(buffer.content.len());
        for row in buffer.content.chunks(usize::from(width.max(1))) {
            let end = spots.len() + row.len();
            let mut cells = row.iter();
            while let Some(cell) = cells.next() {
                let spot = Spot::of(cell);
                if cells::width(cell.symbol()) < 2 {
                    spots.push(spot);
                    continue;
                }
                let look = spot.look;
                if cells.next().is_some() {
                    let text = Text::Tail;
                    spots.extend([spot, Spot { text, look }]);
                } else {
                    // Half of it would stand on the next row.
                    let text = Text::One(' ');
                    spots.push(Spot { text, look }.seen());
                }
            }
            debug_assert_eq!(spots.len(), end, "each row has its width");
        }
        Self {
            width,
            height,
            spots,
        }
    }

    pub(super) fn row(&self, y: u16) -> &[Spot] {
        let width = usize::from(self.width);
        let from = usize::from(y) * width;
        &self.spots[from..from + width]
    }

    /// The same after the terminal has moved these rows by so many: up where it is more than none, and blank what came in.
    pub(super) fn scrolled(&self, rows: std::ops::Range<u16>, up: i32) -> Self {
        let mut spots = self.spots.clone();
        let width = usize::from(self.width);
        let part = &mut spots[usize::from(rows.start) * width..usize::from(rows.end) * width];
        let by = usize::try_from(up.unsigned_abs()).map_or(part.len(), |by| by * width);
        let by = by.min(part.len());
        if up > 0 {
            part.rotate_left(by);
            let kept = part.len() - by;
            part[kept..].fill(Spot::BLANK);
        } else {
            part.rotate_right(by);
            part[..by].fill(Spot::BLANK);
        }
        Self { spots, ..*self }
    }
}
