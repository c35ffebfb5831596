//! The chooser of tenants: names at 80 columns, everything about each where there is room.

use jiff::Timestamp;
use ratatui::style::Style;

use crate::app::layout::Area;
use crate::app::pane::chooser::{Card, Chooser, Counts, Facts, Listing, age};

use super::paint::{Column, Painter, Row, column};

/// From this width on, every tenant is shown with its colour's word and its id.
const WIDE: u16 = 110;

/// The chooser.
pub(super) fn draw(painter: &mut Painter<'_>, open: &Chooser, (area, now): (Area, Timestamp)) {
    let plain = Style::new();
    let title = match &open.listing {
        Listing::Reading(_) => "TENANTS  reading…".to_owned(),
        Listing::Failed(_) => "TENANTS  could not be read".to_owned(),
        Listing::Known(cards) => format!("TENANTS  {} of {}", open.shown.len(), cards.len()),
    };
    let hint = "a name or a domain; Enter opens it";
    painter.search(area, &title, &open.field, hint);
    let dim = painter.theme.dim;
    let titles = titles(area.width, dim);
    painter.row(area, 2, Row::Ordinary, &titles);
    let (_, list) = area.split(crate::app::chooser::ABOVE);
    if let Listing::Failed(failure) = &open.listing {
        let bad = painter.theme.bad;
        for (n, line) in (0..).zip(failure.lines()) {
            painter.line(list, n, line, if n == 0 { bad } else { plain });
        }
        return;
    }
    let rows = open.shown.iter().enumerate().skip(open.cursor.top);
    for (n, (index, &place)) in (0..list.height).zip(rows) {
        let Some(card) = open.cards().get(place) else {
            continue;
        };
        let here = card.name == open.here;
        let columns = columns(painter, (card, here), (area.width, now));
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if open.shown.is_empty() && matches!(open.listing, Listing::Known(_)) {
        painter.line(
            list,
            0,
            "no tenant is called that, and none has that domain",
            plain,
        );
    }
}

/// What the names have: all that the counts leave, where it is little.
fn name_cells(width: u16) -> usize {
    match width {
        WIDE.. => 34,
        80.. => 29,
        _ => 24,
    }
}

fn titles(width: u16, dim: Style) -> Vec<Column> {
    let wide = width >= WIDE;
    let mut titles = vec![
        column("", 1, dim),
        column("NAME", name_cells(width), dim),
        column("MODE", 4, dim),
    ];
    if wide {
        titles.push(column("COLOUR", 7, dim));
    }
    titles.extend([
        column("  READ", 7, dim),
        column("USERS", 5, dim),
        column("UNLIC", 5, dim),
        column("QUEUED", 6, dim),
        column("TO DO", 6, dim),
    ]);
    titles.push(column("TENANT", usize::MAX, dim));
    titles
}

fn columns(
    painter: &Painter<'_>,
    (card, here): (&Card, bool),
    (width, now): (u16, Timestamp),
) -> Vec<Column> {
    let wide = width >= WIDE;
    let plain = Style::new();
    let theme = painter.theme;
    let tinted = card.accent.map_or(plain, |accent| theme.accent(accent));
    let name = if card.label == card.name {
        card.name.clone()
    } else {
        format!("{} ({})", card.label, card.name)
    };
    let mode = if card.read_only { "RO" } else { "RW" };
    let room = name_cells(width);
    let mut columns = vec![
        column(if here { ">" } else { " " }, 1, theme.strong),
        column(painter.middle(&name, room), room, tinted),
        column(mode, 4, if card.read_only { plain } else { theme.badge }),
    ];
    if wide {
        let word = card.accent.map_or("", crate::app::session::Accent::as_str);
        columns.push(column(word, 7, tinted));
    }
    match &card.facts {
        Facts::Nothing => columns.push(column("never read", usize::MAX, theme.dim)),
        Facts::Broken(why) => {
            columns.push(column(format!("! {why}"), usize::MAX, theme.bad));
        }
        Facts::Known(counts) => {
            columns.extend(counted(painter, *counts, now));
            columns.push(column(tenant_words(card, wide), usize::MAX, theme.dim));
        }
    }
    columns
}

/// Its id or domain; of an id, the beginning is enough to tell it from another.
fn tenant_words(card: &Card, wide: bool) -> &str {
    let is_id = card.tenant.len() == 36 && card.tenant.as_bytes()[8] == b'-';
    match card.tenant.get(..8) {
        Some(prefix) if is_id && !wide => prefix,
        _ => &card.tenant,
    }
}

fn counted(painter: &Painter<'_>, counts: Counts, now: Timestamp) -> [Column; 5] {
    let theme = painter.theme;
    let plain = Style::new();
    let read = counts
        .read_at
        .map_or_else(|| "never".to_owned(), |at| age(at, now));
    let some = |n: usize, style: Style| if n == 0 { theme.dim } else { style };
    [
        column(format!("{read:>7}"), 7, plain),
        column(format!("{:>5}", counts.users), 5, plain),
        column(
            format!("{:>5}", counts.unlicensed),
            5,
            some(counts.unlicensed, theme.warn),
        ),
        column(
            format!("{:>6}", counts.queued),
            6,
            some(counts.queued, theme.busy),
        ),
        column(
            format!("{:>6}", counts.failed),
            6,
            some(counts.failed, theme.bad),
        ),
    ]
}
