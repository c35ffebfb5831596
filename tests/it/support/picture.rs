//! A screen as an SVG picture: text as text, colours by the sixteen ANSI names on a dark ground. What differs from one drawing to the
//! next (hours, days, ids) is put to fixed values of the same width, so that the same program draws the same file.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::civil::Date;
use jiff::{Span, Timestamp, tz::TimeZone};

/// A cell's width and height, and a window's edge.
const CELL: (f64, f64) = (8.4, 18.0);
const EDGE: f64 = 12.0;
const BAR: f64 = 26.0;

const GROUND: &str = "#101418";
const INK: &str = "#d0d0d0";
const SIXTEEN: [&str; 16] = [
    "#000000", "#e05561", "#3fc67f", "#d0a83a", "#5a8dff", "#c678dd", "#35b5d0", "#d0d0d0",
    "#7f8791", "#ff7a85", "#5fe29a", "#f2d45c", "#86acff", "#dd95f0", "#62d3ea", "#ffffff",
];

/// Where the README's pictures lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/pictures")
}

/// What the picture of this name says, rows and all, without its blanks; `None` when there is none.
pub(crate) fn words(name: &str) -> Option<String> {
    let svg = std::fs::read_to_string(folder().join(format!("{name}.svg"))).ok()?;
    let mut text = String::new();
    let mut rest = svg.as_str();
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    Some(bare(&text))
}

/// A text without its blanks: in a picture they are distances.
pub(crate) fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Keeps the picture where `TEAMSCONNECTOR_PICTURES` asks for pictures: `.ci/pictures` does.
pub(crate) fn keep(name: &str, title: &str, screen: &vt100::Screen) {
    #[expect(
        clippy::disallowed_methods,
        reason = "whether pictures are drawn is asked of the tests, not of the program"
    )]
    let is_asked_for = std::env::var_os("TEAMSCONNECTOR_PICTURES").is_some();
    if is_asked_for {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(folder().join(format!("{name}.svg")), svg(title, screen)).unwrap();
    }
}

#[derive(Clone, Copy, PartialEq)]
struct Look {
    ink: &'static str,
    ground: &'static str,
    bold: bool,
    dim: bool,
    underlined: bool,
}

/// Letters that are measured alike: a font that has no such letter takes one of another, of another width.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Latin,
    Other,
    Wide,
}

/// Cells side by side that look the same.
struct Stretch {
    from: usize,
    cells: usize,
    text: String,
    look: Look,
    kind: Kind,
}

fn svg(title: &str, screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let columns = columns.get();
    // What is printed ends somewhere; a console has its last row at the bottom.
    let rows = (0..rows.get())
        .rev()
        .find(|row| !stretches(screen, *row, columns).is_empty())
        .map_or(1, |last| last + 1);
    let width = f64::from(columns) * CELL.0 + 2.0 * EDGE;
    let height = f64::from(rows) * CELL.1 + EDGE + BAR;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" font-size=\"14\" fill=\"{INK}\">\n\
         <title>{0}</title>\n<rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n\
         <text x=\"{EDGE}\" y=\"17\" font-size=\"12\" fill=\"#7f8791\">$ {0}</text>\n",
        escaped(title)
    );
    for row in 0..rows {
        let y = BAR + f64::from(row) * CELL.1;
        let stretches = stretches(screen, row, columns);
        for one in stretches.iter().filter(|one| one.look.ground != GROUND) {
            let (x, wide) = place(one);
            let _ = writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{}\"/>",
                CELL.1, one.look.ground
            );
        }
        for one in stretches.iter().filter(|one| !one.text.trim().is_empty()) {
            out.push_str(&letters(one, y + 13.5));
        }
    }
    out.push_str("</svg>\n");
    out
}

fn place(one: &Stretch) -> (f64, f64) {
    let cells = |n: usize| f64::from(u16::try_from(n).unwrap()) * CELL.0;
    (EDGE + cells(one.from), cells(one.cells))
}

fn letters(one: &Stretch, y: f64) -> String {
    let (x, wide) = place(one);
    let mut more = String::new();
    if one.look.ink != INK {
        let _ = write!(more, " fill=\"{}\"", one.look.ink);
    }
    if one.look.bold {
        more.push_str(" font-weight=\"bold\"");
    }
    if one.look.dim {
        more.push_str(" opacity=\"0.6\"");
    }
    if one.look.underlined {
        more.push_str(" text-decoration=\"underline\"");
    }
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{wide:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{more}>{}</text>\n",
        escaped(&one.text)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The stretches of a row, without the blanks at their ends that nobody sees.
fn stretches(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<Stretch> {
    let cells: Vec<&vt100::Cell> = (0..columns)
        .filter_map(|column| screen.cell(row, column))
        .collect();
    // One letter for each cell, so that what is put to fixed values stays in its place.
    let mut plain: Vec<char> = cells
        .iter()
        .map(|cell| cell.contents().chars().next().unwrap_or(' '))
        .collect();
    fix(&mut plain);
    let mut found: Vec<Stretch> = Vec::new();
    for (at, (cell, letter)) in cells.iter().zip(plain).enumerate() {
        if cell.is_wide_continuation() {
            if let Some(last) = found.last_mut() {
                last.cells += 1;
            }
            continue;
        }
        let text = if letter.is_ascii() {
            letter.to_string()
        } else {
            cell.contents().to_owned()
        };
        let look = look(cell);
        let last = found.last_mut().filter(|last| last.look == look);
        let kind = match (letter, &last) {
            _ if cell.is_wide() => Kind::Wide,
            (' ', Some(last)) => last.kind,
            _ if letter.is_ascii() => Kind::Latin,
            _ => Kind::Other,
        };
        match last.filter(|last| last.kind == kind && kind != Kind::Wide) {
            Some(last) => {
                last.text.push_str(&text);
                last.cells += 1;
            }
            None => found.push(Stretch {
                from: at,
                cells: 1,
                text,
                look,
                kind,
            }),
        }
    }
    for one in found.iter_mut().filter(|one| one.look.ground == GROUND) {
        let kept = one.text.trim_end().len();
        one.cells -= one.text.len() - kept;
        one.text.truncate(kept);
    }
    found.retain(|one| one.cells > 0);
    found
}

fn look(cell: &vt100::Cell) -> Look {
    let named = |colour: vt100::Color, other: &'static str| match colour {
        vt100::Color::Idx(n) => SIXTEEN.get(usize::from(n)).copied().unwrap_or(other),
        vt100::Color::Default | vt100::Color::Rgb(..) => other,
    };
    let (ink, ground) = (named(cell.fgcolor(), INK), named(cell.bgcolor(), GROUND));
    let (ink, ground) = if cell.inverse() {
        (ground, ink)
    } else {
        (ink, ground)
    };
    Look {
        ink,
        ground,
        bold: cell.bold(),
        dim: cell.dim(),
        underlined: cell.underline(),
    }
}

/// Where this shape stands: `d` is a digit, `x` a hexadecimal one, all else itself.
fn shaped(row: &[char], shape: &str) -> Vec<usize> {
    let shape: Vec<char> = shape.chars().collect();
    let is = |(letter, wanted): (&char, &char)| match wanted {
        'd' => letter.is_ascii_digit(),
        'x' => letter.is_ascii_hexdigit(),
        other => letter == other,
    };
    let places = row.windows(shape.len()).enumerate();
    places
        .filter(|(_, part)| part.iter().zip(&shape).all(is))
        .map(|(at, _)| at)
        .collect()
}

fn put(row: &mut [char], at: usize, text: &str) {
    for (cell, letter) in row[at..].iter_mut().zip(text.chars()) {
        *cell = letter;
    }
}

/// Hours, days and random ids at fixed values of the same width.
fn fix(row: &mut [char]) {
    const FILE: &str = "Configuration  ";
    for (shape, fixed) in [
        ("dd:ddZ", "09:00Z"),
        ("dd:dd:ddZ", "09:00:00Z"),
        ("<dd:dd>", "<00:00>"),
    ] {
        for at in shaped(row, shape) {
            put(row, at, fixed);
        }
    }
    for at in shaped(row, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") {
        // A tenant of the demo has an id of its own, the same each time.
        if row[at + 1..at + 8] != ['1'; 7] {
            put(row, at, "5e550000-0000-4000-8000-00000000c0de");
        }
    }
    // The home of a test is nobody's.
    if row.starts_with(&FILE.chars().collect::<Vec<_>>()) {
        row[FILE.len()..].fill(' ');
        put(row, FILE.len(), "~/.config/teamsconnector/config.toml");
    }
    // The head of the audit.
    for at in shaped(row, &"x".repeat(32)) {
        row[at..at + 32].fill('0');
    }
    for at in shaped(row, "dddd-dd-dd") {
        let text: String = row[at..at + 10].iter().collect();
        if let Ok(date) = text.parse::<Date>() {
            put(row, at, &moved(date).to_string());
        }
    }
}

/// A day as far from the day of the pictures as this one is from today.
fn moved(date: Date) -> Date {
    #[expect(
        clippy::disallowed_methods,
        reason = "the program that is drawn goes by the clock of this machine"
    )]
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let days = today.until(date).map_or(0, |span| span.get_days());
    "2026-11-20"
        .parse::<Date>()
        .unwrap()
        .saturating_add(Span::new().days(days))
}

#[test]
fn what_differs_each_time_is_put_to_the_same_values() {
    let row = |text: &str| {
        let mut row: Vec<char> = text.chars().collect();
        fix(&mut row);
        row.into_iter().collect::<String>()
    };
    assert_eq!(
        row("<12:34> read 21:48Z by 7fe2bcd1-b42b-4066-80f5-28430c497a61"),
        "<00:00> read 09:00Z by 5e550000-0000-4000-8000-00000000c0de"
    );
    assert_eq!(row("+44 1235 123480"), "+44 1235 123480");
    assert_eq!(
        row("11111111-2222-4333-8444-555555555555"),
        "11111111-2222-4333-8444-555555555555"
    );
}

#[test]
fn a_picture_has_its_text_as_text_and_wide_letters_in_two_cells() {
    let mut parser = vt100::Parser::new(2.try_into().unwrap(), 20.try_into().unwrap(), 0);
    parser.process("\x1b[31;1mred\x1b[0m \x1b[7m<on>\x1b[0m\r\n\u{5c71} end".as_bytes());
    let svg = svg("teamsconnector", parser.screen());
    for part in [
        "fill=\"#e05561\" font-weight=\"bold\">red</text>",
        ">&lt;on&gt;</text>",
        "textLength=\"16.8\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">\u{5c71}</text>",
    ] {
        assert!(svg.contains(part), "{part}: {svg}");
    }
}
