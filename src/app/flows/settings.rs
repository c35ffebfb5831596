//! Settings of the tenant, seats, conflicts of several fields, comparing runs.

use crate::domain::difference::{Difference, Turn};
use crate::domain::gate::FirstCause;
use crate::domain::outbox::{EntryId, EntryState};
use crate::domain::run::RunId;
use crate::domain::seat::Seats;
use crate::domain::settings::{AddMode, Selection, TenantSettings};
use crate::domain::user::{UserId, Value};

use crate::app::Settings;
use crate::app::action::Action;
use crate::app::effect::{Effect, Keep, LedgerChange, SettingsChange};
use crate::app::event::{LedgerEvent, What};
use crate::app::fixture::{Driver, country, desk, entry, object, settings};
use crate::app::modal::Modal;
use crate::app::pane::candidates::Picklist;
use crate::view::screens::screen;

use super::{change, failure, here};

fn wanted(t: &Driver) -> TenantSettings {
    match t.effects.as_slice() {
        [
            Effect::Settings {
                change: SettingsChange::All(wanted),
                ..
            },
        ] => (**wanted).clone(),
        other => panic!("settings were expected: {other:?}"),
    }
}

#[test]
fn lowering_the_count_names_who_would_lose_before_it_is_saved() {
    let mut t = Driver::new();
    t.keys("T <backspace> <backspace> 3");
    assert!(
        screen(&t.app)
            .iter()
            .any(|row| row.contains("Would lose the seat (2): Pradeep Gupta, Megan Bowen"))
    );
    t.keys("<enter>");
    assert_eq!(t.effects, [], "nothing is saved before the question");
    t.keys("<enter>");
    assert_eq!(t.effects, [], "the key that asked does not confirm");
    assert!(
        screen(&t.app)
            .iter()
            .any(|row| row.starts_with("Save 3 seats?"))
    );
    t.keys("y");
    assert_eq!(
        wanted(&t).seats,
        Seats {
            bought: Some(3),
            ends: None
        }
    );
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.app.modals.len(), 0);
}

#[test]
fn all_four_settings_are_asked_for_at_once_and_the_screen_follows() {
    let mut t = Driver::with(
        Settings {
            group: Some("Voice users".to_owned()),
            ..settings()
        },
        (80, 24),
    );
    t.keys("T <tab>").text("2027-03-31");
    t.keys("<tab> Ctrl-U").text("All voice");
    t.keys("<tab> Space <enter>");
    let all = wanted(&t);
    assert_eq!(
        all,
        TenantSettings {
            seats: Seats {
                bought: Some(25),
                ends: Some("2027-03-31".parse().unwrap())
            },
            selection: Selection {
                group: Some("All voice".into()),
                mode: AddMode::Manual
            },
        }
    );
    let req = t.asked();
    t.event(What::Ledger(LedgerEvent::Selection(all.selection)));
    assert_eq!(t.app.settings.group.as_deref(), Some("All voice"));
    assert_eq!(t.app.candidates.picklist, Picklist::Off);
    t.event(What::Ledger(LedgerEvent::Refused {
        req,
        failure: failure(),
    }));
    assert!(
        screen(&t.app)
            .iter()
            .any(|row| row.contains("the ledger is busy")),
        "what was refused stays in the form"
    );
}

#[test]
fn a_wrong_value_stays_in_its_field_and_a_changed_form_is_not_left_silently() {
    let mut t = Driver::new();
    t.keys("T <tab>").text("tomorrow");
    t.keys("<backtab> <enter>");
    assert_eq!(t.effects, []);
    let Some(Modal::Settings(form)) = t.app.modals.last() else {
        panic!("the form is open");
    };
    assert_eq!(form.focus, crate::app::pane::settings::SettingsField::Ends);
    t.keys("<esc>");
    assert_eq!(t.app.modals.len(), 2, "a question");
    t.keys("y");
    assert_eq!(t.app.modals.len(), 0);
    t.keys("T <enter>");
    assert_eq!(t.notice(), "nothing was changed");
}

#[test]
fn the_group_filter_is_cleared_by_name_and_after_a_question() {
    let t = Driver::new();
    assert!(t.app.refusal(Action::ClearGroup).is_some(), "none is set");
    let group = Some("Voice users".to_owned());
    let mut t = Driver::with(
        Settings {
            group,
            ..settings()
        },
        (80, 24),
    );
    t.keys(":").text("clear the group");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Settings {
            change: SettingsChange::Group(None),
            ..
        }]
    ));
}

#[test]
fn a_seat_is_moved_to_a_user_who_has_none() {
    let mut t = Driver::new();
    let mut short = desk();
    short.seats.bought = Some(3);
    t.desk(short.clone());
    t.keys("/ p r a d <enter>");
    assert_eq!(here(&t), "Pradeep Gupta");
    t.keys("M").text("lee");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    t.keys("y");
    assert_eq!(
        change(&t),
        LedgerChange::MoveSeat {
            from: UserId(3),
            to: UserId(5)
        }
    );
    assert_eq!(t.app.modals.len(), 0);
    t.keys("<esc> / b e n <enter> M");
    assert_eq!(t.notice(), "Ben Walters holds a seat already");
    short.seats.bought = None;
    t.desk(short);
    t.keys("M");
    assert_eq!(
        t.notice(),
        "no count of seats is set (T): everybody has one"
    );
}

#[test]
fn two_fields_in_conflict_are_decided_each_on_its_own() {
    let mut t = Driver::new();
    let mut both = desk();
    let row = both.users[4].clone();
    let second = entry(
        9,
        &row,
        Value::Country(country("IE")),
        EntryState::Conflict {
            theirs: Value::Country(country("FR")),
        },
    );
    both.users[4].entries.push(second.clone());
    both.entries.push(second);
    t.desk(both.clone());
    t.keys("G <enter>");
    let rows = screen(&t.app);
    assert!(
        rows.iter()
            .any(|row| row.starts_with("CONFLICT  Pradeep Gupta: 2 fields"))
    );
    for word in ["> number", "  country", "+44 1235 123482", "FR", "IE"] {
        assert!(rows.iter().any(|row| row.contains(word)), "{word}");
    }
    t.keys("j t");
    assert_eq!(
        change(&t),
        LedgerChange::Decide {
            entry: EntryId(9),
            keep: Keep::Theirs
        }
    );
    let req = t.asked();
    t.saved(req);
    t.keys("m");
    assert_eq!(
        change(&t),
        LedgerChange::Decide {
            entry: EntryId(4),
            keep: Keep::Mine
        }
    );
    // Decided from another console meanwhile: nothing is left to be asked.
    let req = t.asked();
    t.event(What::Ledger(LedgerEvent::Refused {
        req,
        failure: failure(),
    }));
    both.entries.retain(|entry| entry.user != Some(UserId(5)));
    t.desk(both);
    assert_eq!(t.app.modals.len(), 0);
}

#[test]
fn what_was_changed_in_the_last_hours_is_found_by_that_word() {
    let mut t = Driver::new();
    t.keys(":").text("changed");
    t.keys("<enter>");
    let req = t.asked();
    let [Effect::Handover { since, now, .. }] = t.effects[..] else {
        panic!("{:?}", t.effects)
    };
    assert_eq!(now.duration_since(since).as_hours(), 8);
    let lines = [
        "Done from here: 1",
        "  Lee Gu  number 1 -> 2",
        "Open: nothing",
    ];
    t.event(What::Ledger(LedgerEvent::Handover {
        req,
        since,
        lines: lines.map(str::to_owned).to_vec(),
    }));
    let rows = screen(&t.app);
    for text in [
        "HANDOVER  since ",
        "Done from here: 1",
        "Lee Gu  number 1 -> 2",
    ] {
        assert!(
            rows.iter().any(|row| row.contains(text)),
            "{text}: {rows:#?}"
        );
    }
}

#[test]
fn two_marked_runs_are_compared() {
    let mut t = Driver::new();
    t.keys("3 Space");
    assert_eq!(t.app.sync.marked, [RunId(12)]);
    t.keys("j Space");
    assert!(t.notice().contains("runs 11 and 12 are marked"));
    t.keys("<enter>");
    let req = t.asked();
    assert_eq!(
        t.effects,
        [Effect::Compare {
            req,
            runs: (RunId(11), RunId(12))
        }]
    );
    let heads = &t.app.desk.history;
    let turn = Turn {
        id: object(2),
        name: "Alex Wilber".into(),
        before: Some(FirstCause::CallingPlan),
        after: Some(FirstCause::Eligible),
    };
    let diff = Difference::new(heads[1].clone(), heads[0].clone(), vec![turn]);
    t.event(What::Ledger(LedgerEvent::Compared {
        req,
        diff: Box::new(diff),
    }));
    let rows = screen(&t.app);
    for text in [
        "COMPARE  run 11 with run 12",
        "CHANGED GATE (1)",
        " Alex Wilber                Calling Plan -> can be added",
        "run 11 failed: it left the last good picture in place",
    ] {
        assert!(
            rows.iter().any(|row| row.contains(text)),
            "{text}: {rows:#?}"
        );
    }
    t.keys("<esc> <esc>");
    assert!(t.app.sync.marked.is_empty());
    // Without marks, the run under the cursor and the one before it.
    t.keys("g k =");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Compare {
            runs: (RunId(11), RunId(12)),
            ..
        }]
    ));
}
