//! Frames as an emulated terminal shows them: cell by cell what was drawn, whatever was shown before.

use std::fmt::Display;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::view::theme::SIXTEEN;

use super::sheet::{Look, Sheet, Spot, Text};
use super::{ANEW, BEGIN, END, Wire};

fn side(cells: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(cells).expect("a terminal has a size")
}

fn colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
        vt100::Color::Idx(n) => SIXTEEN
            .get(usize::from(n))
            .copied()
            .unwrap_or(Color::Indexed(n)),
    }
}

/// What the emulator knows of looks.
const KNOWN: Modifier = Modifier::BOLD
    .union(Modifier::DIM)
    .union(Modifier::ITALIC)
    .union(Modifier::UNDERLINED)
    .union(Modifier::REVERSED);

/// A cell of the emulator as a cell of a frame.
fn spot(cell: &vt100::Cell) -> Spot {
    let mut chars = cell.contents().chars();
    let text = match (chars.next(), chars.next()) {
        _ if cell.is_wide_continuation() => Text::Tail,
        (None, _) => Text::One(' '),
        (Some(one), None) => Text::One(one),
        (Some(_), Some(_)) => Text::More(cell.contents().into()),
    };
    let mut modifier = Modifier::empty();
    for (is, with) in [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ] {
        modifier.set(with, is);
    }
    let look = Look {
        fg: colour(cell.fgcolor()),
        bg: colour(cell.bgcolor()),
        modifier,
    };
    Spot { text, look }.seen()
}

/// Whether two cells of emulators are the same to the eye.
pub(in crate::view) fn is_same(one: &vt100::Cell, other: &vt100::Cell) -> bool {
    spot(one) == spot(other)
}

/// Asserts that the emulator shows this frame.
#[track_caller]
pub(in crate::view) fn assert_seen(
    screen: &vt100::Screen,
    buffer: &Buffer,
    cursor: Option<(u16, u16)>,
    what: &dyn Display,
) {
    let sheet = Sheet::of(buffer);
    for y in 0..sheet.height {
        for (x, drawn) in (0..).zip(sheet.row(y)) {
            let mut drawn = drawn.clone();
            drawn.look.modifier &= KNOWN;
            let mut seen = spot(screen.cell(y, x).unwrap());
            let both = Modifier::BOLD | Modifier::DIM;
            if drawn.look.modifier.contains(both) {
                // It knows the later of the two alone.
                drawn.look.modifier -= both;
                seen.look.modifier -= both;
            }
            if seen.text == Text::Tail {
                // An emulator gives no look to what has no text of its own.
                seen.look = drawn.look;
            }
            if let (Text::More(drawn), Text::More(seen)) = (&mut drawn.text, &seen.text)
                && drawn.starts_with(&**seen)
            {
                // It keeps no more than so many signs on one letter.
                drawn.clone_from(seen);
            }
            assert_eq!(
                seen,
                drawn,
                "{what}: row {y}, column {x}\n{}",
                screen.contents()
            );
        }
    }
    assert_eq!(!screen.hide_cursor(), cursor.is_some(), "{what}");
    if let Some((x, y)) = cursor {
        assert_eq!(screen.cursor_position(), (y, x), "{what}");
    }
}

/// A row of numbers that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u16) -> u16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u16::try_from((self.0 >> 20) % u64::from(n)).unwrap()
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.below(u16::try_from(of.len()).unwrap()))]
    }
}

const WORDS: [&str; 12] = [
    "a",
    "Joni Sherman",
    "山田",
    "é",
    "e\u{301}x",
    "…",
    "  ",
    "         ",
    "─────",
    "👩",
    "+44 1235 123480",
    "ﾞ|",
];

fn style(chance: &mut Chance) -> Style {
    let modifiers = [
        Modifier::empty(),
        Modifier::REVERSED,
        Modifier::BOLD,
        Modifier::DIM,
        Modifier::UNDERLINED,
        Modifier::ITALIC | Modifier::REVERSED,
    ];
    let colours = [
        Color::Reset,
        Color::Reset,
        Color::Red,
        Color::White,
        Color::Indexed(99),
        Color::Rgb(1, 2, 3),
    ];
    Style::reset()
        .fg(chance.one_of(&colours))
        .bg(chance.one_of(&colours[..3]))
        .add_modifier(chance.one_of(&modifiers))
}

/// Writes somewhere, as the painter does: wide signs in two cells, the second of them reset.
fn scribble(buffer: &mut Buffer, chance: &mut Chance) {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let (mut x, y) = (chance.below(width), chance.below(height));
    let style = style(chance);
    for piece in crate::app::cells::pieces(chance.one_of(&WORDS)) {
        let wide = u16::try_from(crate::app::cells::width(piece)).unwrap();
        // What the emulator takes for a mark on the letter before, others draw in a cell.
        if wide == 0 || piece == "ﾞ" || x + wide > width {
            continue;
        }
        buffer[(x, y)].set_symbol(piece).set_style(style);
        for behind in x + 1..x + wide {
            buffer[(behind, y)].reset();
        }
        x += wide;
    }
}

/// Rows move, and others come in.
fn roll(buffer: &mut Buffer, chance: &mut Chance) {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let top = chance.below(height);
    let rows = usize::from(height - top);
    let by = usize::from(chance.below(height.min(9)) + 1).min(rows);
    let part = &mut buffer.content[usize::from(top) * usize::from(width)..];
    if chance.below(2) == 0 {
        part.rotate_left(by * usize::from(width));
    } else {
        part.rotate_right(by * usize::from(width));
    }
    scribble(buffer, chance);
}

#[test]
fn an_emulator_shows_every_frame_cell_by_cell() {
    let (mut scrolled, mut erased) = (0, 0);
    for seed in 1..=40 {
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ seed);
        let mut size = (80, 24);
        let mut wire = Wire::default();
        let mut parser = vt100::Parser::new(side(size.1), side(size.0), 0);
        parser.process(b"what a shell has left\r\n\x1b[7mof itself\x1b[3;9r");
        let mut buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
        for n in 0..60 {
            match chance.below(20) {
                0 => {
                    size = chance.one_of(&[(80, 24), (140, 40), (1, 1), (2, 7), (33, 3)]);
                    parser.screen_mut().set_size(side(size.1), side(size.0));
                    buffer = Buffer::empty(Rect::new(0, 0, size.0, size.1));
                    wire.forget();
                }
                1 => buffer.reset(),
                2..=8 => roll(&mut buffer, &mut chance),
                9 => {}
                _ => (0..chance.below(30)).for_each(|_| scribble(&mut buffer, &mut chance)),
            }
            let cursor = chance.one_of(&[None, Some((size.0 - 1, 0)), Some((0, size.1 - 1))]);
            let bytes = wire.frame(&buffer, cursor);
            parser.process(&bytes);
            let what = format!("seed {seed}, frame {n}, {}", bytes.escape_ascii());
            assert_seen(parser.screen(), &buffer, cursor, &what);
            assert_eq!(wire.frame(&buffer, cursor), b"", "{what}");
            let text = String::from_utf8(bytes).unwrap();
            scrolled += usize::from(text.contains("\x1b[r\x1b["));
            erased += usize::from(text.contains("\x1b[K"));
        }
    }
    assert!(scrolled > 200 && erased > 100, "{scrolled} {erased}");
}

/// The sequences between the beginning and the end of a frame.
fn inner(bytes: &[u8]) -> String {
    let inner = bytes
        .strip_prefix(BEGIN)
        .and_then(|bytes| bytes.strip_suffix(END));
    String::from_utf8(inner.expect("one synchronized update").to_vec()).unwrap()
}

/// Rows of a list with a bar across one of them.
fn list(first: u16, cursor: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
    buffer.set_string(0, 0, "Contoso", Style::new().add_modifier(Modifier::BOLD));
    for y in 2..22 {
        let mut look = Style::new();
        if y == cursor {
            look = look.add_modifier(Modifier::REVERSED);
        }
        let n = first + y;
        let name = ["Joni Sherman", "Alex Wilber", "Pradeep"][usize::from(n % 3)];
        let number = u64::from(n) * 7_654_321_987;
        let row = format!("{name:<40}{number:<40}");
        buffer.set_string(0, y, row, look);
    }
    buffer
}

#[test]
fn what_has_not_changed_is_not_sent() {
    let mut wire = Wire::default();
    let first = wire.frame(&list(0, 2), None);
    assert!(inner(&first).starts_with(str::from_utf8(ANEW).unwrap()));
    assert_eq!(wire.frame(&list(0, 2), None), b"");
    // A blank in bold is a blank, and a cursor that appears is a change.
    let mut same = list(0, 2);
    same[(79, 23)].modifier = Modifier::BOLD;
    assert_eq!(wire.frame(&same, None), b"");
    assert_eq!(inner(&wire.frame(&same, Some((0, 0)))), "\x1b[H\x1b[?25h");
    assert_eq!(wire.frame(&same, Some((0, 0))), b"");
    // A letter where the cursor is costs itself.
    same[(0, 0)].set_char('D');
    assert_eq!(inner(&wire.frame(&same, Some((1, 0)))), "\x1b[1mD\x1b[m");
    // A list that scrolls below its bar: two rows are written, eighteen are moved.
    wire.frame(&list(0, 21), None);
    let bytes = wire.frame(&list(1, 21), None);
    let moved = "\x1b[3;21r\x1b[21H\n\x1b[r";
    assert!(inner(&bytes).starts_with(moved), "{}", bytes.escape_ascii());
    assert!(bytes.len() < 300, "{}", bytes.escape_ascii());
    let bytes = wire.frame(&list(0, 2), None);
    let moved = "\x1b[3;22r\x1b[3H\x1bM\x1b[r";
    assert!(inner(&bytes).starts_with(moved), "{}", bytes.escape_ascii());
    assert!(bytes.len() < 300, "{}", bytes.escape_ascii());
}
