//! What is left of the tenant that was pinned before: a row each, and everything about the one under the cursor.

use ratatui::style::Style;

use crate::app::cells;
use crate::app::earlier::DETAIL;
use crate::app::layout::Area;
use crate::app::pane::changes;
use crate::app::pane::earlier::{EarlierBox, Listing, Row as Line};
use crate::domain::earlier::{Found, Offer, OfferState, Rematch};
use crate::domain::outbox::Entry;
use crate::domain::phone::PhoneNumber;
use crate::domain::words;

use super::paint::{Column, Painter, Row, column};

/// From this width on, whom a user matches stands in the row.
const WIDE: u16 = 110;

pub(super) fn draw(painter: &mut Painter<'_>, open: &EarlierBox, area: Area) {
    let strong = painter.theme.strong;
    painter.line(area, 0, &title(open), strong);
    let (_, rest) = area.split(1);
    match &open.listing {
        Listing::Reading => return,
        Listing::Failed(failure) => {
            let bad = painter.theme.bad;
            for (n, line) in (1..).zip(failure.lines()) {
                painter.line(rest, n, line, bad);
            }
            return;
        }
        Listing::Known(earlier) if earlier.is_empty() => {
            let lines = [
                "Nothing is left of another tenant.",
                "",
                "After sync was disabled and another tenant pinned, who its users are here, their",
                "old numbers and the changes that were queued for it stand here.",
            ];
            for (n, line) in (1..).zip(lines) {
                painter.line(rest, n, line, Style::new());
            }
            return;
        }
        Listing::Known(_) => {}
    }
    let wide = area.width >= WIDE;
    let dim = painter.theme.dim;
    painter.row(rest, 0, Row::Ordinary, &titles(wide, dim));
    let (_, rest) = rest.split(1);
    let (list, below) = rest.split_end(DETAIL);
    for (n, index) in (0..list.height).zip(open.cursor.top..open.len()) {
        let columns = match open.row(index) {
            Some(Line::Match(row)) => matched(painter, open, row, wide),
            Some(Line::Offer(offer)) => offered(painter, open, offer, wide),
            Some(Line::Parked(entry)) => parked(painter, entry, wide),
            None => continue,
        };
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    painter.rule(below, 0, "");
    let width = usize::from(below.width);
    let whole: Vec<String> = match open.here() {
        Some(Line::Match(row)) => match_lines(row),
        Some(Line::Offer(offer)) => offer_lines(offer),
        Some(Line::Parked(entry)) => parked_lines(entry),
        None => Vec::new(),
    }
    .iter()
    .flat_map(|line| cells::wrap(line, width))
    .collect();
    for (n, line) in (1..below.height).zip(whole) {
        painter.line(below, n, &line, Style::new());
    }
}

fn title(open: &EarlierBox) -> String {
    let Some(all) = open.earlier() else {
        return "THE TENANT BEFORE  reading…".to_owned();
    };
    if all.is_empty() {
        return "THE TENANT BEFORE".to_owned();
    }
    let count = |n: usize, one: &str, many: &str| match n {
        0 => String::new(),
        1 => format!("  1 {one}"),
        n => format!("  {n} {many}"),
    };
    let waiting = count(all.matches.len(), "user waits", "users wait");
    let numbers = count(all.offers.len(), "old number", "old numbers");
    let changes = count(all.parked.len(), "change set aside", "changes set aside");
    let marked = match open.marked.len() {
        0 => String::new(),
        n => format!("  {n} marked"),
    };
    format!("THE TENANT BEFORE{waiting}{numbers}{changes}{marked}")
}

fn titles(wide: bool, dim: Style) -> Vec<Column> {
    let mut titles = vec![
        column("", 3, dim),
        column("NAME", 18, dim),
        column("BEFORE", 17, dim),
        column("HERE NOW", 17, dim),
    ];
    if wide {
        titles.push(column("MATCHES BY E-MAIL", 34, dim));
    }
    titles.push(column("STATE", usize::MAX, dim));
    titles
}

fn spaced(number: Option<&PhoneNumber>) -> String {
    number.map_or_else(|| "-".to_owned(), PhoneNumber::spaced)
}

/// A user who waits. Where there is room, the name and the sign-in name of the match stand in columns of their own.
fn matched(painter: &Painter<'_>, open: &EarlierBox, row: &Rematch, wide: bool) -> Vec<Column> {
    let theme = painter.theme;
    let plain = Style::new();
    let (mark, look) = match (row.found.is_one(), open.marked.contains(&row.user)) {
        (true, true) => ("[x]", theme.good),
        (true, false) => ("[ ]", plain),
        (false, _) => ("", theme.warn),
    };
    let whom = row.found.whom();
    let mut columns = vec![
        column(mark, 3, theme.strong),
        column(row.name.as_str(), 18, plain),
    ];
    if wide {
        columns.push(column(row.mail.as_str(), 35, plain));
        columns.push(column(whom.unwrap_or("-"), 34, plain));
    } else {
        let here = whom.map_or_else(|| row.mail.clone(), |whom| format!("is {whom}"));
        columns.push(column(here, 35, plain));
    }
    columns.push(column(row.found.words(), usize::MAX, look));
    columns
}

fn match_lines(row: &Rematch) -> Vec<String> {
    let (name, mail) = (&row.name, &row.mail);
    let (whom, then) = match &row.found {
        Found::One { name, upn, by, .. } => (
            format!("{mail} is the {} of {name} ({upn}) here", by.words()),
            "Nobody is associated before it is taken over: Space marks, Enter takes over.",
        ),
        Found::Several(count) => (
            format!("{mail} is an address of {count} directory users here"),
            "The user is kept: associate by hand in the form (e in Users).",
        ),
        Found::Taken(other) => (
            format!("{mail} is {other}, who belongs to another configured user already"),
            "The user is kept: associate by hand in the form (e in Users).",
        ),
        Found::Nobody => (
            format!("{mail} is nobody's sign-in name, mail or proxy address here"),
            "The user is kept. The list is compared anew after each sync.",
        ),
    };
    vec![format!("{name}: {whom}."), then.to_owned()]
}

fn offered(painter: &Painter<'_>, open: &EarlierBox, offer: &Offer, wide: bool) -> Vec<Column> {
    let theme = painter.theme;
    let plain = Style::new();
    let look = match &offer.state {
        OfferState::Free => plain,
        OfferState::Has | OfferState::Queued => theme.good,
        OfferState::Busy | OfferState::NotFound | OfferState::Waits | OfferState::Held(_) => {
            theme.warn
        }
    };
    let marked = open.marked.contains(&offer.user);
    let mark = match (&offer.state, marked) {
        (OfferState::Free, true) => "[x]",
        (OfferState::Free, false) => "[ ]",
        _ => "",
    };
    let mut columns = vec![
        column(mark, 3, theme.strong),
        column(offer.name.as_str(), 18, plain),
        column(offer.old.spaced(), 17, plain),
        column(spaced(offer.now.as_ref()), 17, plain),
    ];
    if wide {
        columns.push(column(offer.matched.as_deref().unwrap_or("-"), 34, plain));
    }
    columns.push(column(short(&offer.state), usize::MAX, look));
    columns
}

/// The state where there is little room; the whole of it stands below.
fn short(state: &OfferState) -> String {
    match state {
        OfferState::Busy => "other change waits".to_owned(),
        OfferState::NotFound => words::NOBODY_MATCHES.to_owned(),
        OfferState::Waits => "match waits".to_owned(),
        OfferState::Free | OfferState::Has | OfferState::Queued | OfferState::Held(_) => {
            state.words()
        }
    }
}

fn offer_lines(offer: &Offer) -> Vec<String> {
    let matched = match &offer.matched {
        Some(upn) => format!("{} matches {upn} here", offer.mail),
        None => format!("{} matches nobody here; the user is kept", offer.mail),
    };
    vec![
        format!("{}: {matched}.", offer.name),
        format!(
            "Had {}; has {} now; {}.",
            offer.old.spaced(),
            offer
                .now
                .as_ref()
                .map_or_else(|| "no number".to_owned(), PhoneNumber::spaced),
            offer.state.words()
        ),
    ]
}

fn parked(painter: &Painter<'_>, entry: &Entry, wide: bool) -> Vec<Column> {
    let dim = painter.theme.dim;
    let mut columns = vec![
        column("", 3, dim),
        column(entry.name.as_str(), 18, dim),
        column(entry.wanted.shown(), 17, dim),
        column("", 17, dim),
    ];
    if wide {
        columns.push(column(format!("by {}", entry.author), 34, dim));
    }
    columns.push(column("set aside", usize::MAX, dim));
    columns
}

fn parked_lines(entry: &Entry) -> Vec<String> {
    vec![
        format!(
            "{}: {}, by {}.",
            entry.name,
            changes::change(entry),
            entry.author
        ),
        format!("Queued for tenant {}: never sent here.", entry.tenant),
    ]
}
