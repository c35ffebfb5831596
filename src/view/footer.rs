//! The footer: the five to seven keys that matter here.

use crate::app::App;
use crate::app::action::{Action, Place};
use crate::app::dispatch::is_conflict;
use crate::app::footer::footer as offered;
use crate::app::layout::Area;
use crate::app::modal::Modal;
use crate::app::pane::candidates::Listing;
use crate::app::pane::editor::FormField;
use crate::app::pane::settings::SettingsField;
use crate::app::pane::{Pane, TURNS, plan};
use crate::domain::outbox::EntryState;
use crate::domain::sign_in::SignInWay;

use super::frame::width;
use super::paint::Painter;

/// What empties a text field.
const CLEARS: (&str, &str) = ("Ctrl-U", "clears");

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
        // What every text field knows goes first, where that is enough.
        if let Some(clears) = keys.iter().position(|(key, _)| key == CLEARS.0) {
            let mut others = keys.clone();
            others.remove(clears);
            if needed(&others) <= room {
                return others;
            }
        }
        let lists = [Action::Palette, Action::FormKeys].map(|action| action.binding().word);
        let stays = |(key, word): &(String, String)| key == "Esc" || lists.contains(&word.as_str());
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
            Some(_) => Some(CLEARS),
            None => Some((TURNS, "choose")),
        };
    }
    let Some(Modal::Form(form)) = app.modals.last() else {
        return None;
    };
    match form.focus {
        FormField::Kind => Some((TURNS, "choose")),
        FormField::Number if form.number_locked.is_none() => Some(CLEARS),
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
