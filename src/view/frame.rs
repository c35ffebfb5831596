//! What stands around the panes: header, tabs, filter row, status line, footer.

use ratatui::style::{Modifier, Style};

use crate::app::App;
use crate::app::action::{Action, Place};
use crate::app::cells;
use crate::app::dispatch::is_conflict;
use crate::app::doc::Tone;
use crate::app::filter::Typing;
use crate::app::footer::footer as offered;
use crate::app::layout::{Area, LEAST_NAME};
use crate::app::modal::Modal;
use crate::app::notice::Notice;
use crate::app::pane::candidates::Listing;
use crate::app::pane::editor::FormField;
use crate::app::pane::settings::SettingsField;
use crate::app::pane::{Mark, Pane, TURNS, plan};
use crate::app::session::Writing;
use crate::app::sync::clock_or_day;
use crate::domain::outbox::EntryState;
use crate::domain::seat;
use crate::domain::sign_in::SignInWay;
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
        // Who and what is open goes before the local time.
        Some(at) if area.width < WIDE => format!("read {}", clock_or_day(at, app.now)),
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
    let right = match &clock {
        Some(clock) => format!("{clock}  {seats}  {read}"),
        None => format!("{seats}  {read}"),
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
        if room > 0 && !text.is_empty() {
            x += painter.put((x, area.y), room, &text, style) + 2;
        }
    }
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

fn width(text: &str) -> u16 {
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
    let doing = app
        .runs
        .active()
        .filter(|_| app.pane != Pane::Sync || !app.modals.is_empty())
        .map(|run| format!("{}: {}", run.name(), run.doing_now(app.now)))
        .unwrap_or_default();
    let busy = painter.theme.busy;
    let (tone, text) = match &app.notice {
        None => {
            painter.line(area, 0, &doing, busy);
            return;
        }
        Some(Notice::Word { tone, text, .. }) => (*tone, text.clone()),
        // It waits until the form is left, whose Enter saves: it would be taken for what is wrong there.
        Some(Notice::Failed(_)) if app.is_of_before() => {
            painter.line(area, 0, &doing, busy);
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
    if doing.is_empty() {
        painter.line(area, 0, &text, style);
    } else {
        let room = usize::from(area.width).saturating_sub(cells::width(&text) + 2);
        let doing = cells::cut(&doing, room, '…');
        painter.two(area, 0, (&text, style), (&doing, busy));
    }
}

/// The keys that matter here.
pub(super) fn footer(app: &App, painter: &mut Painter<'_>, area: Area) {
    let place = app.place();
    let mut x = area.x;
    let end = area.x + area.width;
    for (key, word) in fitting(keys(app, place), area.width) {
        x += painter.put((x, area.y), end - x, &key, painter.theme.strong) + 1;
        x += painter.put((x, area.y), end.saturating_sub(x), &word, painter.theme.dim) + 2;
    }
}

/// As many of the keys as fit. The way back and the list of all keys are the last to go: they lead to the others.
fn fitting(mut keys: Vec<(String, String)>, room: u16) -> Vec<(String, String)> {
    let needed = |keys: &[(String, String)]| {
        let all = keys.iter().map(|(key, word)| width(key) + 1 + width(word));
        all.sum::<u16>() + 2 * u16::try_from(keys.len().saturating_sub(1)).unwrap_or_default()
    };
    while needed(&keys) > room {
        let stays = |(key, _): &(String, String)| matches!(key.as_str(), "Esc" | "?");
        let Some(last) = keys.iter().rposition(|key| !stays(key)) else {
            keys.pop();
            continue;
        };
        keys.remove(last);
    }
    keys
}

/// Keys and words of the footer; what cannot be done now is left out.
fn keys(app: &App, place: Place) -> Vec<(String, String)> {
    let picking = matches!(
        app.modals.last(),
        Some(Modal::Form(form)) if form.focus == FormField::Association && !form.hits.is_empty()
    );
    if picking {
        return [
            ("Enter", "choose"),
            ("Up Down", "move"),
            ("Esc", "clear the search"),
        ]
        .map(|(key, word)| (key.to_owned(), word.to_owned()))
        .to_vec();
    }
    let fixed: &[(&str, &str)] = if place == Place::Filter {
        match &app.filter().elsewhere {
            _ if app.searched().is_some() => &[("Enter", "search")],
            Some(elsewhere) => &[("Enter", elsewhere.enter.word())],
            None => &[("Enter", "keep"), ("Up Down", "move")],
        }
    } else if matches!(app.modals.last(), Some(Modal::Chooser(_))) {
        // What else can be done with a tenant tells more than that a list has a cursor.
        &[("Enter", "open")]
    } else if place == Place::Choice {
        &[("Enter", "choose"), ("Up Down", "move")]
    } else if place == Place::Palette {
        &[("Enter", "run"), ("Up Down", "choose")]
    } else if app.is_name_typed() {
        return vec![
            ("Enter".to_owned(), app.typed_word().to_owned()),
            ("Esc".to_owned(), "back".to_owned()),
        ];
    } else {
        &[]
    };
    let pane = app.modals.is_empty() && place != Place::Filter;
    let first = (pane && app.needs_sign_in()).then_some(Action::SignIn);
    let offered = first
        .into_iter()
        .chain(offered(place).iter().copied())
        .filter(|action| can_be(app, *action) && makes_sense(app, place, *action))
        .map(|action| {
            let key = app.settings.keys.first(action).replace("Page", "Pg");
            let mut key = key.replace("PgDown", "PgDn");
            if action == Action::Choose {
                key += &further_ways(app, &key);
            }
            let word = special_word(app, place, action);
            (
                key,
                word.unwrap_or_else(|| action.binding().word.to_owned()),
            )
        });
    let mut all: Vec<(String, String)> = fixed
        .iter()
        .map(|(key, word)| ((*key).to_owned(), (*word).to_owned()))
        .chain(offered)
        .collect();
    let marked = match app.pane {
        Pane::Users if app.edits_many() => app.users.marked.len(),
        Pane::Candidates if app.adds_many() => app.candidates.marked.len(),
        _ => 0,
    };
    if marked > 0 && matches!(place, Place::Users | Place::Candidates) {
        let word = if place == Place::Users {
            format!("edit {marked}")
        } else {
            format!("add {marked} with numbers")
        };
        all.insert(0, ("e".to_owned(), word));
    }
    if let Some((key, word)) = field_key(app) {
        let behind = all.len().min(2);
        all.insert(behind, (key.to_owned(), word.to_owned()));
    }
    all
}

/// `-3` behind the first of the ways on, where there are three.
fn further_ways(app: &App, first: &str) -> String {
    let ways = app.why_shown().map_or(0, |why| why.numbered().count());
    match ways.min(9) {
        last @ 2.. if first == "1" => format!("-{last}"),
        _ => String::new(),
    }
}

/// Whether an action can be done here. Where a tenant is under the cursor its removal is named all the same: the one that is open
/// here is not removed, and the key says so and how it is.
fn can_be(app: &App, action: Action) -> bool {
    let named = if action == Action::RemoveTenant {
        Action::EditTenant
    } else {
        action
    };
    app.refusal(named).is_none()
}

/// The key that a field of the form has of its own.
fn field_key(app: &App) -> Option<(&'static str, &'static str)> {
    if let Some(Modal::Bulk(open)) = app.modals.last() {
        return super::bulk::field_key(open);
    }
    if let Some(Modal::Settings(form)) = app.modals.last() {
        return Some(match form.focus {
            SettingsField::Mode => (TURNS, "choose"),
            SettingsField::Seats | SettingsField::Ends | SettingsField::Group => {
                ("Ctrl-U", "clears")
            }
        });
    }
    if let Some(Modal::NewTenant(form)) = app.modals.last() {
        return match form.line(form.focus) {
            Some(_) if form.is_locked(form.focus) => None,
            Some(_) => Some(("Ctrl-U", "clears")),
            None => Some((TURNS, "choose")),
        };
    }
    let Some(Modal::Form(form)) = app.modals.last() else {
        return None;
    };
    match form.focus {
        FormField::Kind => Some((TURNS, "choose")),
        FormField::Number if form.number_locked.is_none() => Some(("Ctrl-U", "clears")),
        FormField::Number
        | FormField::Name
        | FormField::Mail
        | FormField::Country
        | FormField::Association => None,
    }
}

/// Whether there is something for the action to be done to.
fn makes_sense(app: &App, place: Place, action: Action) -> bool {
    if matches!(
        action,
        Action::AddTenant | Action::EditTenant | Action::RemoveTenant
    ) {
        return matches!(app.modals.last(), Some(Modal::Chooser(_)));
    }
    if action == Action::FreeNumbers && !matches!(app.modals.last(), Some(Modal::Bulk(_))) {
        return matches!(app.modals.last(), Some(Modal::Form(form)) if form.takes_free());
    }
    // Of somebody who is still being read there is nothing to be chosen, edited or copied.
    if place == Place::Why && app.why_shown().is_none() {
        return matches!(action, Action::Palette | Action::Leave);
    }
    if let Some(Modal::Bulk(open)) = app.modals.last() {
        return super::bulk::offers(open, action);
    }
    if place == Place::Confirm && action == Action::PageDown {
        return app.scrolls_question();
    }
    if action == Action::TakeProposal {
        return matches!(app.modals.last(), Some(Modal::Form(form)) if form.proposal().is_some());
    }
    if action == Action::Add && place == Place::Why {
        return app
            .why_shown()
            .is_some_and(|why| why.user.is_none() && why.first_cause.is_candidate());
    }
    if action == Action::Open && place == Place::Log {
        return app.refusal(Action::Open).is_none();
    }
    if action == Action::Open && place == Place::Plan {
        return app.plan.is_some();
    }
    if action == Action::Leave && place == Place::Licences {
        return app.licences.inside.is_some();
    }
    if action == Action::Open && app.filter().elsewhere.is_none() {
        return match app.pane {
            Pane::Users => app.users.row(&app.desk).is_some(),
            Pane::Candidates => app.candidates.row(&app.roster).is_some(),
            Pane::Sync => app.sync.row(&app.desk).is_some(),
            Pane::Changes => !app.changes.shown.is_empty(),
            Pane::Licences => match &app.licences.inside {
                Some(_) => app.licences.person(&app.roster).is_some(),
                None => !app.licences.shown.is_empty(),
            },
            Pane::Numbers => app.number_row().is_some(),
        };
    }
    true
}

/// The word of an action where its place or its count says more than the table.
fn special_word(app: &App, place: Place, action: Action) -> Option<String> {
    if let Some(Modal::Bulk(open)) = app.modals.last() {
        return super::bulk::word(open, action);
    }
    let word = if action == Action::Open {
        open_word(app)
    } else if action == Action::Filter && matches!(place, Place::Sync | Place::Log) {
        "search"
    } else if action == Action::Everyone && app.candidates.listing == Listing::Everyone {
        "candidates"
    } else if action == Action::Mark && place == Place::Columns {
        "show or hide"
    } else if action == Action::Copy && place == Place::Why {
        "for the customer"
    } else if action == Action::CopyTable && place == Place::Why {
        "for the ticket"
    } else if action == Action::Leave && place == Place::Plan {
        "writes nothing"
    } else if place == Place::SignIn {
        return sign_in_word(app, action).map(str::to_owned);
    } else if action == Action::Leave && place == Place::Filter {
        "clear"
    } else if action == Action::Leave && place == Place::Conflict {
        "later"
    } else {
        return counted_word(app, place, action);
    };
    Some(word.to_owned())
}

fn sign_in_word(app: &App, action: Action) -> Option<&'static str> {
    let way = app.session.attempt()?.way;
    let word = match (action, way) {
        (Action::Copy, _) if app.session.prompt().is_none() => "copy",
        (Action::Copy, SignInWay::DeviceCode) => "copy the code",
        (Action::Copy, SignInWay::Browser) => "copy the ssh line",
        (Action::OtherWay, SignInWay::DeviceCode) => "browser instead",
        (Action::OtherWay, SignInWay::Browser) => "code instead",
        (Action::SignIn, _) => "begin anew",
        (Action::Leave, _) if app.session.asking().is_some() => "end it",
        _ => return None,
    };
    Some(word)
}

fn open_word(app: &App) -> &'static str {
    if app.reads_line() || app.place() == Place::Plan {
        return "why";
    }
    if let Some(elsewhere) = &app.filter().elsewhere {
        return elsewhere.enter.word();
    }
    let conflict = match app.pane {
        Pane::Users => app
            .users
            .row(&app.desk)
            .is_some_and(|row| row.entries.iter().any(is_conflict)),
        Pane::Changes => app.changes.entry(&app.desk).is_some_and(is_conflict),
        Pane::Candidates | Pane::Sync | Pane::Licences | Pane::Numbers => false,
    };
    match app.pane {
        _ if conflict => "decide",
        Pane::Sync if app.sync.marked.len() == 2 => "compare",
        Pane::Users => "edit",
        Pane::Candidates => "why",
        Pane::Sync => "its log",
        Pane::Changes => "open",
        Pane::Licences if app.licences.inside.is_some() => "why",
        Pane::Licences => "its users and plans",
        Pane::Numbers if app.who_here().is_some() => "why",
        Pane::Numbers => "all of it",
    }
}

fn counted_word(app: &App, place: Place, action: Action) -> Option<String> {
    if action == Action::Plan {
        let queued = app
            .desk
            .entries
            .iter()
            .filter(|entry| entry.state == EntryState::Queued)
            .count();
        return Some(format!("plan {queued}"));
    }
    if action == Action::Apply {
        let known = app.plan.as_ref()?;
        let count = plan::chosen(known, &app.desk).len();
        let first = if app.session.may_write() {
            ""
        } else {
            " (read-only)"
        };
        return Some(format!("apply {count}{first}"));
    }
    if action == Action::Remove && app.edits_many() {
        return Some(format!("remove {}", app.users.marked.len()));
    }
    if action == Action::Undo && app.undoes_many() {
        return Some(format!("undo {}", app.changes.marked.len()));
    }
    let marked = app.candidates.marked.len();
    (action == Action::Add && place == Place::Candidates && marked > 0)
        .then(|| format!("add {marked}"))
}
