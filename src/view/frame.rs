//! What stands around the panes: header, filter row, status line.

use ratatui::style::{Modifier, Style};

use crate::app::App;
use crate::app::action::Place;
use crate::app::cells;
use crate::app::doc::Tone;
use crate::app::filter::Typing;
use crate::app::layout::{Area, LEAST_NAME};
use crate::app::modal::Modal;
use crate::app::notice::Notice;
use crate::app::pane::candidates::Listing;
use crate::app::pane::{Mark, Pane};
use crate::app::session::Writing;
use crate::app::sync::clock_or_day;
use crate::domain::seat;
use crate::domain::words;

use super::paint::Painter;
use super::summary::{counted, marks, summary};

/// From here on there is room for what is good to know.
const WIDE: u16 = 100;

/// Tenant, READ-ONLY or not, account, seats, time of the last good read.
pub(super) fn header(app: &App, painter: &mut Painter<'_>, area: Area) {
    let seats = app.desk.seats;
    let used = seat::used(app.desk.users.len(), seats);
    let seats = match seats.bought {
        Some(bought) => format!("seats {used}/{bought}"),
        None => format!("seats {used}"),
    };
    let read = match app.desk.read_at {
        Some(at) => format!("read {}", app.when(at)),
        None if app.opened => "never read".to_owned(),
        None => "opening…".to_owned(),
    };
    let ending = seat::ending(
        app.desk.seats,
        app.now.to_zoned(jiff::tz::TimeZone::UTC).date(),
    );
    let (seats, look) = match ending {
        Some(ending) => (format!("{seats} {}", ending.short()), painter.theme.warn),
        None => (seats, Style::new()),
    };
    let clock = words::clock_away(app.session.server_ahead);
    let clock = clock.map(|away| format!("! clock {away}"));
    let right = |read: &str| match &clock {
        Some(clock) => format!("{clock}  {seats}  {read}"),
        None => format!("{seats}  {read}"),
    };
    let right = match app.desk.read_at {
        // Who and what is open goes before the local time.
        Some(at)
            if area.width < WIDE
                && whole_left(app, painter) + 2 + width(&right(&read)) > area.width =>
        {
            right(&format!("read {}", clock_or_day(at, app.now)))
        }
        _ => right(&read),
    };
    let plain = Style::new();
    painter.two(area, 0, ("", plain), (&right, plain));
    let mut warned = (area.x + area.width).saturating_sub(width(&right));
    if let Some(clock) = &clock {
        warned += painter.put((warned, area.y), width(clock), clock, painter.theme.warn) + 2;
    }
    painter.put((warned, area.y), width(&seats), &seats, look);
    let end = area.x + area.width.saturating_sub(width(&right) + 2);
    let mut x = area.x;
    for (text, most, style) in left(app, painter, end.saturating_sub(area.x)) {
        let room = end.saturating_sub(x).min(most);
        // A sign that something is cut says nothing by itself.
        let tells = width(&text) <= room || room > 3;
        if room > 0 && !text.is_empty() && tells {
            x += painter.put((x, area.y), room, &text, style) + 2;
        }
    }
}

/// Cells of all that tells who and what is open, uncut. The id of an app tells nobody more than its tenant's does.
fn whole_left(app: &App, painter: &Painter<'_>) -> u16 {
    let parts = left(app, painter, u16::MAX).into_iter();
    let parts = parts.filter(|(text, ..)| !text.is_empty() && !text.starts_with("app "));
    parts
        .map(|(text, most, _)| width(&text).min(most) + 2)
        .sum::<u16>()
        .saturating_sub(2)
}

/// What stands in the header from the left: each with the cells that it may take, and a blank between. The name is cut last, and
/// in its middle.
fn left(app: &App, painter: &Painter<'_>, room: u16) -> Vec<(String, u16, Style)> {
    let theme = painter.theme;
    let plain = Style::new();
    let accent = app.settings.accent;
    let mut parts = Vec::new();
    // Where no colour is drawn, its word stands for it: in brackets, since it is no state.
    if let Some(accent) = accent.filter(|accent| theme.accent(*accent).fg.is_none()) {
        let look = theme.accent(accent).add_modifier(Modifier::REVERSED);
        parts.push((format!("[{}]", accent.as_str()), 9, look));
    }
    if app.settings.demo {
        parts.push((" DEMO ".to_owned(), 6, theme.badge));
    }
    if app.settings.bundle {
        parts.push((" BUNDLE ".to_owned(), 8, theme.badge));
    }
    let (mode, style) = match app.session.writing {
        Writing::ReadOnly => ("READ-ONLY", theme.strong),
        Writing::Asking(_) => ("READ-ONLY, asking", theme.strong),
        Writing::Allowed => (" READ-WRITE ", theme.badge),
    };
    parts.push((mode.to_owned(), 17, style));
    let pin = app.desk.pin.as_ref();
    let id = pin.map(|(id, _)| (id.to_string()[..8].to_owned(), 8, theme.dim));
    let taken = |parts: &[(String, u16, Style)]| -> u16 {
        parts.iter().map(|(text, ..)| width(text) + 2).sum()
    };
    // An id that tells two names apart is not given up for either of them.
    if let Some(id) = id.clone().filter(|_| app.settings.has_namesake) {
        parts.push(id);
    }
    let most = room.saturating_sub(taken(&parts)).max(LEAST_NAME);
    let name = painter.middle(&app.session.tenant, usize::from(most));
    let look = accent.map_or(theme.tenant, |accent| {
        theme.accent(accent).add_modifier(Modifier::REVERSED)
    });
    parts.insert(0, (name, most, look));
    let account = app.session.account.clone();
    let both = taken(&parts) + 10 + width(&account).min(40);
    // The id of an app tells nobody more than its tenant's does.
    let fits = both <= room || account.starts_with("app ");
    if let Some(id) = id.filter(|_| !app.settings.has_namesake && fits) {
        parts.push(id);
    }
    parts.push((account, 40, plain));
    parts
}

pub(super) fn width(text: &str) -> u16 {
    u16::try_from(cells::width(text)).unwrap_or(u16::MAX)
}

/// The filter and what it finds, else what the pane holds.
pub(super) fn filter(app: &App, painter: &mut Painter<'_>, area: Area) {
    let filter = app.filter();
    if let Some(Modal::Log(open)) = app.over()
        && !filter.is_shown()
    {
        let lines = open.lines.as_ref().map_or(0, |lines| lines.len());
        let text = counted(lines, "line", "lines");
        painter.line(area, 0, &text, painter.theme.dim);
        return;
    }
    if !filter.is_shown() {
        let dim = painter.theme.dim;
        painter.line(area, 0, &summary(app), dim);
        return;
    }
    painter.put((area.x, area.y), 1, "/", painter.theme.strong);
    let typed = width(filter.field.text());
    let room = (typed + 1).clamp(6, (area.width / 3).max(6));
    let field = painter.theme.field;
    painter.field((area.x + 1, area.y), room, &filter.field, field);
    if filter.typing == Typing::No || !app.is_typing() {
        painter.cursor = None;
    }
    let x = area.x + 1 + room + 2;
    let rest = (area.x + area.width).saturating_sub(x);
    if let Some(old) = filter.old.as_deref()
        && filter.field.text().is_empty()
    {
        let text = format!("replaces {old}; Esc takes it back");
        painter.put((x, area.y), rest, &text, painter.theme.dim);
        return;
    }
    let dim = painter.theme.dim;
    let hint = app.filter_hint().unwrap_or_default();
    if filter.field.text().is_empty() || hint.is_empty() {
        let (tone, found) = found(app, usize::from(rest));
        let used = painter.put((x, area.y), rest, &found, painter.tone(tone));
        let behind = rest.saturating_sub(used + 3);
        painter.put((x + used + 3, area.y), behind, &hint, dim);
        return;
    }
    // What can be made of the word under way comes first: what is found elsewhere may fill the line.
    let used = painter.put((x, area.y), rest, &hint, dim) + 3;
    let behind = rest.saturating_sub(used);
    let (tone, found) = found(app, usize::from(behind));
    painter.put((x + used, area.y), behind, &found, painter.tone(tone));
}

fn found(app: &App, room: usize) -> (Tone, String) {
    if let Some(Modal::Log(open)) = app.over() {
        return (Tone::Plain, app.settings.keys.fill(&open.search.words()));
    }
    let (here, all) = match app.pane {
        Pane::Users => (app.users.shown.len(), app.desk.users.len()),
        Pane::Candidates => (
            app.candidates.shown.len(),
            match app.candidates.listing {
                Listing::Candidates => app.candidates.candidates(),
                Listing::Everyone => app.roster.len(),
            },
        ),
        Pane::Sync => {
            let words = app.sync.search.words();
            return (Tone::Plain, app.settings.keys.fill(&words));
        }
        Pane::Changes => (
            app.changes.shown.len(),
            app.desk.entries.len() + app.desk.audit.len(),
        ),
        Pane::Licences => match &app.licences.inside {
            Some(open) => {
                let product = app.licences.product(&app.inventory);
                let plans = product.map_or(0, |product| product.sku.plans.len());
                let users = product.and_then(|product| app.licences.users(product, &app.inventory));
                (open.shown.len(), users.unwrap_or(0) + plans)
            }
            None => (app.licences.shown.len(), app.inventory.products.len()),
        },
        Pane::Numbers => (app.numbers.shown.len(), app.inventory.numbers.len()),
    };
    let (here, all) = (cells::thousands(here as u64), cells::thousands(all as u64));
    if let Some(elsewhere) = &app.filter().elsewhere {
        let here = format!("{here} of {all} here; ");
        let line = elsewhere.line(room.saturating_sub(cells::width(&here)));
        let whole = format!("{here}{line}");
        if cells::width(&whole) <= room {
            return (Tone::Warn, whole);
        }
        return (Tone::Warn, elsewhere.line(room));
    }
    let marks = marks(app)
        .map(|marks| format!("   {marks}"))
        .unwrap_or_default();
    if app.pane == Pane::Candidates
        && let Some(loading) = app.being_loaded()
    {
        return (Tone::Plain, format!("{here} so far: {loading}"));
    }
    // How many there are is known when all were looked at.
    let more = if app.pane == Pane::Candidates && app.candidates.rows.is_partial() {
        "+"
    } else {
        ""
    };
    (Tone::Plain, format!("{here}{more} of {all}{marks}"))
}

/// The notice, and what the run is doing.
pub(super) fn status(app: &App, painter: &mut Painter<'_>, area: Area) {
    // Pane 3 says it in the title of the log.
    let active = app.runs.active();
    let active = active.filter(|_| app.pane != Pane::Sync || !app.modals.is_empty());
    let doing = |room: usize| {
        active
            .map(|run| run.line(app.now, room))
            .unwrap_or_default()
    };
    let whole = usize::from(area.width);
    let busy = painter.theme.busy;
    let (tone, text) = match &app.notice {
        None => {
            painter.line(area, 0, &doing(whole), busy);
            return;
        }
        Some(Notice::Word { tone, text, .. }) => (*tone, text.clone()),
        // It waits until the form is left, whose Enter saves: it would be taken for what is wrong there.
        Some(Notice::Failed(_)) if app.is_of_before() => {
            painter.line(area, 0, &doing(whole), busy);
            return;
        }
        Some(Notice::Failed(failure)) => {
            let glyph = Mark::Refused.glyph(painter.is_ascii());
            let keys = match app.place() {
                Place::Form => "",
                _ => "  (Enter: what to do)",
            };
            // The way to what can be done stays, however long the headline is.
            let room = usize::from(area.width).saturating_sub(cells::width(keys));
            let headline = format!("{glyph} {}", failure.headline);
            (
                Tone::Bad,
                format!("{}{keys}", cells::cut(&headline, room, '…')),
            )
        }
    };
    let style = painter.tone(tone);
    if active.is_none() {
        painter.line(area, 0, &text, style);
    } else {
        let doing = doing(whole.saturating_sub(cells::width(&text) + 2));
        painter.two(area, 0, (&text, style), (&doing, busy));
    }
}
