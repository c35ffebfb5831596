//! The shortest sequences that every terminal knows: to a place, into a look, a text, the rest of a row erased.

use std::io::Write as _;

use ratatui::style::{Color, Modifier};

use crate::app::cells;

use super::sheet::{Look, Spot, Text};

/// Modifiers, the number that sets each, and the one that takes it away.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// Writes, and knows where the terminal's cursor is and how it would write.
#[derive(Debug, Clone)]
pub(super) struct Pen {
    pub(super) out: Vec<u8>,
    /// Column and row, where they are known for certain. Behind the last column it waits to wrap: only a carriage return or an
    /// absolute move is the same in all terminals from there.
    pub(super) at: Option<(u16, u16)>,
    look: Look,
    width: u16,
}

impl Pen {
    /// Between frames terminals are left in the plain look.
    pub(super) fn new(at: Option<(u16, u16)>, width: u16) -> Self {
        Self {
            out: Vec::new(),
            at,
            look: Look::default(),
            width,
        }
    }

    /// Goes to a cell.
    pub(super) fn go(&mut self, to: (u16, u16)) {
        if self.at == Some(to) {
            return;
        }
        let way = self.way(to);
        self.out.extend(way);
        self.at = Some(to);
    }

    /// The shortest way to a cell.
    fn way(&self, (x, y): (u16, u16)) -> Vec<u8> {
        let mut way = match (x, y) {
            (0, 0) => b"\x1b[H".to_vec(),
            (0, y) => format!("\x1b[{}H", y + 1).into_bytes(),
            (x, y) => format!("\x1b[{};{}H", y + 1, x + 1).into_bytes(),
        };
        let Some((at, row)) = self.at else {
            return way;
        };
        let mut or = |other: Vec<u8>| {
            if other.len() < way.len() {
                way = other;
            }
        };
        if row == y || row + 1 == y {
            let mut from_left = b"\r".to_vec();
            if row != y {
                from_left.push(b'\n');
            }
            from_left.extend(across(0, x));
            or(from_left);
        }
        if row == y && at < self.width {
            or(across(at, x));
        }
        way
    }

    /// Bytes that a move forward in a row takes.
    pub(super) fn forward(cells: u16) -> usize {
        across(0, cells).len()
    }

    /// Writes a cell where the cursor is.
    pub(super) fn put(&mut self, spot: &Spot) {
        if !(spot.is_space() && self.look.is_alike_on_blanks(spot.look)) {
            self.look(spot.look);
        }
        let advance = match &spot.text {
            Text::Tail => return,
            Text::One(c) => {
                let mut room = [0; 4];
                self.out
                    .extend_from_slice(c.encode_utf8(&mut room).as_bytes());
                is_certain(*c).then(|| cells::width(c.encode_utf8(&mut room)))
            }
            Text::More(text) => {
                self.out.extend_from_slice(text.as_bytes());
                None
            }
        };
        // Terminals differ in how wide rare signs are: the next one is put in its place whatever this one took.
        self.at = self.at.zip(advance).map(|((x, y), advance)| {
            let advance = u16::try_from(advance).unwrap_or_default();
            (x + advance, y)
        });
    }

    /// Whether a cell that is right already may be written again for less than a move over it: its bytes if so.
    pub(super) fn rewrite(&self, spot: &Spot) -> Option<usize> {
        match spot.text {
            Text::One(' ') if self.look.is_alike_on_blanks(spot.look) => Some(1),
            Text::One(c) if c.is_ascii() && self.look == spot.look => Some(1),
            _ => None,
        }
    }

    /// Erases from the cursor to the end of the row.
    pub(super) fn erase_rest(&mut self) {
        // Some terminals erase with the ground that is set, some with their own.
        self.look(Look::default());
        self.out.extend_from_slice(b"\x1b[K");
    }

    /// Moves rows up, or down where it is less than none, by what even the oldest terminals know: a line feed at the last row of a
    /// region, a reverse one at its first.
    pub(super) fn scroll(&mut self, rows: std::ops::Range<u16>, up: i32) {
        self.look(Look::default());
        let (top, bottom) = (rows.start + 1, rows.end);
        let from = if up > 0 { bottom } else { top };
        let one: &[u8] = if up > 0 { b"\n" } else { b"\x1bM" };
        let _ = write!(self.out, "\x1b[{top};{bottom}r\x1b[{from}H");
        for _ in 0..up.unsigned_abs() {
            self.out.extend_from_slice(one);
        }
        self.out.extend_from_slice(b"\x1b[r");
        self.at = None;
    }

    /// Takes a look.
    pub(super) fn look(&mut self, look: Look) {
        if look == self.look {
            return;
        }
        let anew = numbers(Look::default(), look, "0");
        let from_here = numbers(self.look, look, "");
        let shorter = if look == Look::default() {
            String::new()
        } else if from_here.len() <= anew.len() {
            from_here
        } else {
            anew
        };
        let _ = write!(self.out, "\x1b[{shorter}m");
        self.look = look;
    }
}

/// A move within a row.
fn across(from: u16, to: u16) -> Vec<u8> {
    match (to.saturating_sub(from), from.saturating_sub(to)) {
        (0, 0) => Vec::new(),
        (1, 0) => b"\x1b[C".to_vec(),
        (right, 0) => format!("\x1b[{right}C").into_bytes(),
        (_, 1) => b"\x08".to_vec(),
        (_, left) => format!("\x1b[{left}D").into_bytes(),
    }
}

/// The numbers that lead from one look to another, behind those given.
fn numbers(from: Look, to: Look, before: &str) -> String {
    let mut all = before.to_owned();
    let mut add = |number: &str| {
        if !all.is_empty() {
            all.push(';');
        }
        all.push_str(number);
    };
    let gone = from.modifier - to.modifier;
    let mut off = 0;
    let mut missing = to.modifier - from.modifier;
    for (modifier, _, without) in MODIFIERS {
        if gone.contains(modifier) && off != without {
            off = without;
            add(&without.to_string());
            // One number takes bold and dim away together.
            for (other, _, too) in MODIFIERS {
                if too == without && to.modifier.contains(other) {
                    missing |= other;
                }
            }
        }
    }
    for (modifier, with, _) in MODIFIERS {
        if missing.contains(modifier) {
            add(&with.to_string());
        }
    }
    if from.fg != to.fg {
        add(&colour(to.fg, 30));
    }
    if from.bg != to.bg {
        add(&colour(to.bg, 40));
    }
    all
}

/// A colour of letters (30) or of the ground (40).
fn colour(colour: Color, base: u8) -> String {
    let named = match colour {
        Color::Reset => 9,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
        Color::Indexed(n) => return format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => return format!("{};2;{r};{g};{b}", base + 8),
    };
    (base + named).to_string()
}

/// Whether all terminals move their cursor alike over a character.
fn is_certain(c: char) -> bool {
    matches!(
        c,
        ' '..='~'
            // Latin, Greek, Cyrillic: no soft hyphen, nothing that sits on another.
            | '\u{a1}'..='\u{ac}'
            | '\u{ae}'..='\u{2ff}'
            | '\u{391}'..='\u{3a1}'
            | '\u{3b1}'..='\u{3c9}'
            | '\u{400}'..='\u{481}'
            // Dashes, quotes, dots, arrows, lines and blocks.
            | '\u{2013}'..='\u{2014}'
            | '\u{2018}'..='\u{201d}'
            | '…'
            | '\u{2190}'..='\u{2193}'
            | '\u{2500}'..='\u{259f}'
            // Han, kana, Hangul: two cells everywhere.
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
    )
}
