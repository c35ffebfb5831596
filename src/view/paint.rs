//! Puts text into cells: made safe, cut to its column, never outside its area.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use crate::app::cells;
use crate::app::doc::Tone;
use crate::app::field::Field;
use crate::app::layout::Area;
use crate::domain::text::Label;

use super::theme::Theme;

/// A column of a row: text, cells, look.
#[derive(Debug, Clone)]
pub(super) struct Column {
    text: String,
    cells: usize,
    style: Style,
}

impl Column {
    /// The same with so many cells more, or fewer; two always stay.
    pub(super) fn wider(mut self, by: i16) -> Self {
        if by != 0 && self.cells != usize::MAX {
            self.cells = self.cells.saturating_add_signed(isize::from(by)).max(2);
        }
        self
    }

    /// Cells that it takes; the last of a row may take all that are left.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// Gives up to so many cells away, and keeps the least.
    pub(super) fn give(&mut self, wanted: usize, least: usize) {
        self.cells = self.cells.saturating_sub(wanted).max(least.min(self.cells));
    }
}

/// Whether a row is under the cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    /// It is.
    Selected,
    /// It is not.
    Ordinary,
}

impl From<bool> for Row {
    fn from(selected: bool) -> Self {
        if selected {
            Self::Selected
        } else {
            Self::Ordinary
        }
    }
}

/// A brush over the buffer of one frame.
#[derive(Debug)]
pub(super) struct Painter<'a> {
    buffer: &'a mut Buffer,
    /// Looks.
    pub(super) theme: &'a Theme,
    ascii: bool,
    /// Where the terminal's cursor is to stand.
    pub(super) cursor: Option<(u16, u16)>,
}

impl<'a> Painter<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, theme: &'a Theme, ascii: bool) -> Self {
        Self {
            buffer,
            theme,
            ascii,
            cursor: None,
        }
    }

    /// The mark at the end of a cut text.
    fn mark(&self) -> char {
        if self.ascii { '~' } else { '…' }
    }

    /// A text cut in its middle to so many cells.
    pub(super) fn middle(&self, text: &str, cells: usize) -> String {
        cells::cut_middle(&self.safe(text), cells, self.mark())
    }

    /// Whether only ASCII is drawn.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Text as it may be drawn: safe, and in ASCII where nothing else can be.
    pub(super) fn safe(&self, text: &str) -> String {
        let label = Label::new(text);
        if !self.ascii || label.as_str().is_ascii() {
            return label.as_str().to_owned();
        }
        let mut out = String::new();
        for grapheme in label.as_str().graphemes(true) {
            match grapheme {
                g if g.is_ascii() => out.push_str(g),
                "…" => out.push('.'),
                "⚠" => out.push('!'),
                "─" => out.push('-'),
                "│" => out.push('|'),
                g => out.extend(std::iter::repeat_n('?', cells::width(g).max(1))),
            }
        }
        out
    }

    /// Writes text from `x` on, at most `width` cells; returns the cells used.
    pub(super) fn put(&mut self, (x, y): (u16, u16), width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return 0;
        }
        let room = usize::from(width.min(area.right() - x));
        let text = cells::cut(&self.safe(text), room, self.mark());
        let mut at = x;
        for piece in cells::pieces(&text) {
            // `cut` has seen to it that all of them fit; what takes no cell has nothing to sit on.
            let wide = u16::try_from(cells::width(piece)).unwrap_or_default();
            if wide == 0 || at + wide > area.right() {
                continue;
            }
            self.buffer[(at, y)].set_symbol(piece).set_style(style);
            for behind in at + 1..at + wide {
                self.buffer[(behind, y)].reset();
            }
            at += wide;
        }
        at - x
    }

    /// Writes a line into row `n` of an area.
    pub(super) fn line(&mut self, area: Area, n: u16, text: &str, style: Style) {
        if n < area.height {
            self.put((area.x, area.y + n), area.width, text, style);
        }
    }

    /// Writes a text from a column on, wrapped; returns the row below it.
    pub(super) fn below(
        &mut self,
        column: u16,
        area: Area,
        mut y: u16,
        (tone, text): (Tone, &str),
    ) -> u16 {
        let style = self.tone(tone);
        let room = area.width.saturating_sub(column + 1);
        for row in cells::wrap(&self.safe(text), usize::from(room)) {
            if y < area.height {
                self.put((area.x + column, area.y + y), room, &row, style);
            }
            y += 1;
        }
        y
    }

    /// Writes the head of a list that is searched by typing: its title, the field, and what is typed there.
    pub(super) fn search(&mut self, area: Area, title: &str, field: &Field, hint: &str) {
        let (strong, dim) = (self.theme.strong, self.theme.dim);
        self.line(area, 0, title, strong);
        self.put((area.x, area.y + 1), 1, "/", strong);
        let room = area.width.saturating_sub(2).min(34);
        self.field((area.x + 1, area.y + 1), room, field, self.theme.field);
        let x = area.x + room + 3;
        let rest = (area.x + area.width).saturating_sub(x);
        self.put((x, area.y + 1), rest, hint, dim);
    }

    /// Writes a line whose second part stands at the right edge, and wins where both do not fit.
    pub(super) fn two(&mut self, area: Area, n: u16, left: (&str, Style), right: (&str, Style)) {
        if n >= area.height {
            return;
        }
        let wanted = u16::try_from(cells::width(&self.safe(right.0))).unwrap_or(u16::MAX);
        let width = wanted.min(area.width);
        let rest = area.width - width;
        self.put((area.x, area.y + n), rest.saturating_sub(1), left.0, left.1);
        self.put((area.x + rest, area.y + n), width, right.0, right.1);
    }

    /// Writes a row in columns, one cell apart. Under the cursor it is reversed as a whole, without its colours.
    pub(super) fn row(&mut self, area: Area, n: u16, row: Row, columns: &[Column]) {
        if n >= area.height {
            return;
        }
        let y = area.y + n;
        let mut x = area.x;
        let end = area.x + area.width;
        if row == Row::Selected {
            let blank = " ".repeat(usize::from(area.width));
            self.put((x, y), area.width, &blank, self.theme.cursor);
        }
        for column in columns {
            if x >= end {
                break;
            }
            let cells = u16::try_from(column.cells).unwrap_or(u16::MAX).min(end - x);
            let text = cells::fit(&self.safe(&column.text), usize::from(cells), self.mark());
            let style = match row {
                Row::Selected => self.theme.cursor,
                Row::Ordinary => column.style,
            };
            self.put((x, y), cells, &text, style);
            x = x.saturating_add(cells).saturating_add(1);
        }
    }

    /// Marks a row: in its first cell, or behind the sign that stands there.
    pub(super) fn mark_beside(&mut self, area: Area, n: u16, row: Row) {
        let (x, y) = (area.x, area.y + n);
        let blank = self
            .buffer
            .cell((x, y))
            .is_none_or(|cell| cell.symbol() == " ");
        let style = match row {
            Row::Selected => self.theme.cursor,
            Row::Ordinary => self.theme.strong,
        };
        self.put((x + u16::from(!blank), y), 1, "*", style);
    }

    /// Gives every cell the look of ordinary text.
    pub(super) fn ground(&mut self) {
        self.buffer.set_style(self.buffer.area, self.theme.plain);
    }

    /// Empties an area.
    pub(super) fn clear(&mut self, area: Area) {
        let blank = " ".repeat(usize::from(area.width));
        let ground = Style::reset().patch(self.theme.plain);
        for n in 0..area.height {
            self.put((area.x, area.y + n), area.width, &blank, ground);
        }
    }

    /// A title over a part of the screen, with a line behind it.
    pub(super) fn rule(&mut self, area: Area, n: u16, title: &str) {
        if n >= area.height {
            return;
        }
        let line = "─".repeat(usize::from(area.width));
        self.put((area.x, area.y + n), area.width, &line, self.theme.dim);
        if !title.is_empty() {
            let strong = self.theme.strong;
            self.put(
                (area.x, area.y + n),
                area.width,
                &format!("{title} "),
                strong,
            );
        }
    }

    /// A field of text that is typed in, scrolled so that the cursor is in it.
    pub(super) fn field(&mut self, (x, y): (u16, u16), width: u16, field: &Field, style: Style) {
        let before = cells::width(&self.safe(field.before_cursor()));
        let room = usize::from(width.max(1));
        // The cursor stands behind the last letter too, so one cell is kept for it.
        let hidden = (before + 1).saturating_sub(room);
        let text = skip(&self.safe(field.text()), hidden);
        let text = cells::fit(&cells::cut(&text, room, ' '), room, ' ');
        self.put((x, y), width, &text, style);
        let at = u16::try_from(before - hidden.min(before)).unwrap_or_default();
        if width > 0 {
            self.cursor = Some((x.saturating_add(at), y));
        }
    }

    /// The look of a tone.
    pub(super) fn tone(&self, tone: Tone) -> Style {
        self.theme.tone(tone)
    }
}

/// How many cells a text from outside takes once it is made safe to draw.
pub(super) fn shown(text: &str) -> usize {
    cells::width(Label::new(text).as_str())
}

/// The text without its first cells.
fn skip(text: &str, cells: usize) -> String {
    let mut skipped = 0;
    text.graphemes(true)
        .skip_while(|grapheme| {
            let skip = skipped < cells;
            skipped += cells::width(grapheme);
            skip
        })
        .collect()
}

/// A column.
pub(super) fn column(text: impl Into<String>, cells: usize, style: Style) -> Column {
    Column {
        text: text.into(),
        cells,
        style,
    }
}
