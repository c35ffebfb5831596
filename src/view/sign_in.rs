//! The screen of a sign-in: the code large where there is room, its address as a QR code where that fits, the rest as text.

use qrcode::{Color as Module, EcLevel, QrCode};

use crate::app::App;
use crate::app::cells;
use crate::app::doc::Doc;
use crate::app::layout::Area;
use crate::app::pane::sign_in::{self, SignInBox};
use crate::domain::sign_in::PromptWay;
use crate::domain::text::Label;

use super::paint::Painter;

/// The least that the text needs beside a QR code.
const LEAST: u16 = 44;

/// Blank modules around a QR code: readers need them.
const QUIET: usize = 2;

/// Rows of a large letter.
const TALL: u16 = 5;

/// The screen.
pub(super) fn draw(app: &App, painter: &mut Painter<'_>, open: SignInBox, area: Area) {
    let title = format!("SIGN IN  {}", app.session.tenant);
    let state = sign_in::state(&app.session, app.now);
    let looks = (painter.theme.strong, painter.theme.busy);
    painter.two(area, 0, (&title, looks.0), (&state, looks.1));
    let (_, body) = area.split(1);
    let doc = sign_in::doc(&app.session, &app.settings.keys);
    let code = match app.session.prompt().map(|prompt| &prompt.way) {
        Some(PromptWay::Code { code, address, .. }) => Some((code, address)),
        Some(PromptWay::Browser { .. }) | None => None,
    };
    let Some((code, address)) = code else {
        let (_, rest) = body.split(1);
        text(painter, rest, (&doc, open.scroll.top));
        return;
    };
    // The code is what has to be read: a picture that leaves no room for large letters gives way.
    let letters = large(Label::new(code).as_str());
    let is_large = |area: Area| {
        letters
            .as_ref()
            .is_some_and(|lines| has_room(lines, &doc, area))
    };
    let shown = picture(address).filter(|rows| {
        let beside = without(body, rows);
        fits(painter, body, (rows, &doc)) && (is_large(beside) || !is_large(body))
    });
    let left = match shown {
        Some(rows) => beside(painter, body, &rows),
        None => body,
    };
    let used = typed(painter, left, (code, &doc));
    let (_, rest) = left.split(used);
    text(painter, rest, (&doc, open.scroll.top));
}

fn text(painter: &mut Painter<'_>, area: Area, (doc, top): (&Doc, usize)) {
    let rows = doc.rows(usize::from(area.width));
    for (n, row) in (0..area.height).zip(rows.iter().skip(top)) {
        painter.line(area, n, &row.text, painter.tone(row.tone));
    }
}

/// Whether the large letters fit, and the text below them still does.
fn has_room(letters: &[String], doc: &Doc, area: Area) -> bool {
    let rows = u16::try_from(doc.rows(usize::from(area.width)).len()).unwrap_or(u16::MAX);
    let wide = letters.iter().map(String::len).max().unwrap_or_default();
    wide <= usize::from(area.width) && rows.saturating_add(TALL + 1) <= area.height
}

/// What a picture at the right edge leaves of an area.
fn without(area: Area, picture: &[String]) -> Area {
    let wide = picture.first().map_or(0, |row| cells::width(row)) + 2;
    Area {
        width: area
            .width
            .saturating_sub(u16::try_from(wide).unwrap_or(u16::MAX)),
        ..area
    }
}

/// The code, large where the text below it still has its room; the rows that it takes.
fn typed(painter: &mut Painter<'_>, area: Area, (code, doc): (&str, &Doc)) -> u16 {
    let code = Label::new(code).as_str().to_owned();
    let large = large(&code).filter(|lines| has_room(lines, doc, area));
    let strong = painter.theme.strong;
    let Some(lines) = large else {
        let lead = "Code    ";
        painter.line(area, 1, lead, strong);
        let x = area.x + 8;
        let style = painter.theme.badge;
        let room = area.width.saturating_sub(8);
        painter.put((x, area.y + 1), room, &format!(" {code} "), style);
        return 3;
    };
    let block = if painter.is_ascii() { '#' } else { '█' };
    let rows = u16::try_from(doc.rows(usize::from(area.width)).len()).unwrap_or(u16::MAX);
    let roomy = rows.saturating_add(TALL + 3) <= area.height;
    let wide = lines.first().map_or(0, String::len);
    for (n, line) in (u16::from(roomy)..).zip(lines) {
        let line: String = line
            .chars()
            .map(|c| if c == '#' { block } else { ' ' })
            .collect();
        painter.line(area, n, &line, strong);
    }
    if roomy {
        painter.line(area, TALL + 2, &format!("Code    {code}"), strong);
        return TALL + 4;
    }
    // Where rows are short the code stands beside its large letters.
    let x = u16::try_from(wide + 2).unwrap_or(u16::MAX).min(area.width);
    let room = area.width - x;
    painter.put(
        (area.x + x, area.y + 2),
        room,
        &format!("Code    {code}"),
        strong,
    );
    TALL + 1
}

/// The QR code of an address, in rows of half blocks: one module is a column wide and half a row high.
pub fn picture(address: &str) -> Option<Vec<String>> {
    let code = QrCode::with_error_correction_level(address.as_bytes(), EcLevel::L).ok()?;
    let width = code.width();
    let colors = code.to_colors();
    let all = width + 2 * QUIET;
    let is_dark = |x: usize, y: usize| {
        let inside = |n: usize| n.checked_sub(QUIET).filter(|n| *n < width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => colors[y * width + x] == Module::Dark,
            _ => false,
        }
    };
    let rows = (0..all.div_ceil(2)).map(|row| {
        (0..all)
            .map(|x| match (is_dark(x, 2 * row), is_dark(x, 2 * row + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect()
    });
    Some(rows.collect())
}

/// Whether the picture fits, and the text beside it still does.
fn fits(painter: &Painter<'_>, area: Area, (rows, doc): (&[String], &Doc)) -> bool {
    let wide = u16::try_from(rows.first().map_or(0, |row| cells::width(row))).unwrap_or(u16::MAX);
    let left = area.width.saturating_sub(wide.saturating_add(2));
    let text = doc.rows(usize::from(left)).len() + 3;
    !painter.is_ascii()
        && rows.len() <= usize::from(area.height)
        && left >= LEAST
        && text <= usize::from(area.height)
}

/// Draws the picture at the right edge; what is left of the area.
fn beside(painter: &mut Painter<'_>, area: Area, rows: &[String]) -> Area {
    let wide = u16::try_from(rows.first().map_or(0, |row| cells::width(row))).unwrap_or(u16::MAX);
    let right = Area {
        x: area.x + area.width.saturating_sub(wide),
        width: wide.min(area.width),
        ..area
    };
    let style = painter.theme.picture;
    for (n, row) in (0..).zip(rows) {
        painter.line(right, n, row, style);
    }
    Area {
        width: area.width.saturating_sub(wide + 2),
        ..area
    }
}

/// The letters of codes, five cells wide and high, a bit for each cell, the leftmost the highest.
#[rustfmt::skip]
const LETTERS: &[(char, [u8; 5])] = &[
    ('A', [0b01110, 0b10001, 0b11111, 0b10001, 0b10001]),
    ('B', [0b11110, 0b10001, 0b11110, 0b10001, 0b11110]),
    ('C', [0b01111, 0b10000, 0b10000, 0b10000, 0b01111]),
    ('D', [0b11110, 0b10001, 0b10001, 0b10001, 0b11110]),
    ('E', [0b11111, 0b10000, 0b11110, 0b10000, 0b11111]),
    ('F', [0b11111, 0b10000, 0b11110, 0b10000, 0b10000]),
    ('G', [0b01111, 0b10000, 0b10011, 0b10001, 0b01111]),
    ('H', [0b10001, 0b10001, 0b11111, 0b10001, 0b10001]),
    ('I', [0b11111, 0b00100, 0b00100, 0b00100, 0b11111]),
    ('J', [0b00111, 0b00010, 0b00010, 0b10010, 0b01100]),
    ('K', [0b10001, 0b10010, 0b11100, 0b10010, 0b10001]),
    ('L', [0b10000, 0b10000, 0b10000, 0b10000, 0b11111]),
    ('M', [0b10001, 0b11011, 0b10101, 0b10001, 0b10001]),
    ('N', [0b10001, 0b11001, 0b10101, 0b10011, 0b10001]),
    ('O', [0b01110, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('P', [0b11110, 0b10001, 0b11110, 0b10000, 0b10000]),
    ('Q', [0b01110, 0b10001, 0b10101, 0b10010, 0b01101]),
    ('R', [0b11110, 0b10001, 0b11110, 0b10010, 0b10001]),
    ('S', [0b01111, 0b10000, 0b01110, 0b00001, 0b11110]),
    ('T', [0b11111, 0b00100, 0b00100, 0b00100, 0b00100]),
    ('U', [0b10001, 0b10001, 0b10001, 0b10001, 0b01110]),
    ('V', [0b10001, 0b10001, 0b10001, 0b01010, 0b00100]),
    ('W', [0b10001, 0b10001, 0b10101, 0b11011, 0b10001]),
    ('X', [0b10001, 0b01010, 0b00100, 0b01010, 0b10001]),
    ('Y', [0b10001, 0b01010, 0b00100, 0b00100, 0b00100]),
    ('Z', [0b11111, 0b00010, 0b00100, 0b01000, 0b11111]),
    ('0', [0b01110, 0b10011, 0b10101, 0b11001, 0b01110]),
    ('1', [0b00100, 0b01100, 0b00100, 0b00100, 0b01110]),
    ('2', [0b11110, 0b00001, 0b01110, 0b10000, 0b11111]),
    ('3', [0b11110, 0b00001, 0b01110, 0b00001, 0b11110]),
    ('4', [0b10010, 0b10010, 0b11111, 0b00010, 0b00010]),
    ('5', [0b11111, 0b10000, 0b11110, 0b00001, 0b11110]),
    ('6', [0b01111, 0b10000, 0b11110, 0b10001, 0b01110]),
    ('7', [0b11111, 0b00001, 0b00010, 0b00100, 0b00100]),
    ('8', [0b01110, 0b10001, 0b01110, 0b10001, 0b01110]),
    ('9', [0b01110, 0b10001, 0b01111, 0b00001, 0b11110]),
    ('-', [0b00000, 0b00000, 0b01110, 0b00000, 0b00000]),
];

/// The rows of a text in large letters, `#` for a block; `None` when it has a letter that codes do not have.
fn large(text: &str) -> Option<Vec<String>> {
    let mut rows = vec![String::new(); usize::from(TALL)];
    for letter in text.chars() {
        let (_, bits) = LETTERS.iter().find(|(known, _)| *known == letter)?;
        for (row, bits) in rows.iter_mut().zip(bits) {
            row.extend(
                (0..5)
                    .rev()
                    .map(|bit| if bits & 1 << bit == 0 { ' ' } else { '#' }),
            );
            row.push(' ');
        }
    }
    Some(rows)
}
