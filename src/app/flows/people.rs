//! Finding, adding, removing people.

use std::sync::Arc;

use crate::domain::added::{self, Added, Tie};
use crate::domain::gate::FirstCause;
use crate::domain::matching::MatchedBy;
use crate::domain::outbox::{EntryId, EntryState, Removal, Step};
use crate::domain::user::{Association, LicenseStatus, UserId, Value};

use crate::app::Settings;
use crate::app::action::Place;
use crate::app::effect::{Effect, LedgerChange, Who};
use crate::app::event::{CacheEvent, LedgerEvent, What};
use crate::app::fixture::{
    Driver, at, country, desk, entry, number, object, roster, row, settings, user, why_alex,
};
use crate::app::modal::Modal;
use crate::app::pane::Pane;
use crate::app::pane::candidates::Listing;
use crate::app::pane::editor::Target;
use crate::roster::desk::AuditRow;

use super::{change, failure, here};

#[test]
fn a_filter_that_finds_nothing_names_the_hits_elsewhere_and_enter_explains() {
    let mut t = Driver::new();
    t.keys("/ a l e x");
    let found = t.app.filter().elsewhere.clone().unwrap();
    assert_eq!(
        found.line(80),
        "1 in everyone: Alex Wilber, Calling Plan (Enter: why)"
    );
    t.keys("<enter>");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Directory(object(2)),
            live: false
        }]
    );
    let req = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req,
        why: Box::new(why_alex()),
    }));
    assert_eq!(
        t.app.why_shown().map(|w| w.name.as_str()),
        Some("Alex Wilber")
    );
    t.keys("r");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Directory(object(2)),
            live: true
        }]
    );
    // The answer to the older question is no longer waited for.
    t.event(What::Cache(CacheEvent::Failed {
        req,
        failure: failure(),
    }));
    assert_eq!(
        t.app.why_shown().map(|w| w.name.as_str()),
        Some("Alex Wilber")
    );
    t.keys("<esc> <esc>");
    assert_eq!(t.app.place(), Place::Users);
    assert_eq!(t.app.users.shown.len(), 5);
}

#[test]
fn several_hits_elsewhere_are_listed_by_enter() {
    let mut t = Driver::new();
    t.keys("/").text("wil");
    let found = t.app.filter().elsewhere.clone().unwrap();
    assert_eq!(
        found.line(70),
        "2 in everyone: Alex Wilber (Calling Plan), … (Enter lists them)"
    );
    // The key is never cut, the name is.
    assert_eq!(
        found.line(46),
        "2 in everyone: Alex Wilber… (Enter lists them)"
    );
    assert_eq!(found.line(20), "2 in everyone (Enter lists them)");
    t.keys("<enter>");
    assert_eq!(t.questions(), []);
    assert_eq!(t.app.pane, Pane::Candidates);
    assert_eq!(t.app.candidates.listing, Listing::Everyone);
    assert_eq!(t.app.candidates.shown.len(), 2);
    assert_eq!(t.app.filter().field.text(), "wil");
    t.keys("<enter>");
    assert!(matches!(t.effects.as_slice(), [Effect::Explain { .. }]));
    // `w` explains the first of them at once.
    let mut t = Driver::new();
    t.keys("/").text("wil");
    t.keys("<tab> w");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain { who: Who::Directory(id), .. }] if *id == object(2)
    ));
}

#[test]
fn an_address_that_no_row_has_is_asked_for() {
    let mut t = Driver::new();
    t.keys("/").text("old@contoso.example");
    let found = t.app.filter().elsewhere.clone().unwrap();
    assert_eq!(
        found.line(80),
        "not found by name or number; Enter looks for this address in what was last read"
    );
    assert_eq!(found.line(45), "not found by name or number (Enter: why)");
    t.keys("<enter>");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain { who: Who::Text(text), .. }] if text == "old@contoso.example"
    ));
}

#[test]
fn nobody_anywhere_is_explained_by_text() {
    let mut t = Driver::new();
    t.keys("2 / z z z <enter>");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Text("zzz".into()),
            live: false
        }]
    );
}

#[test]
fn digits_and_words_filter_and_the_cursor_stays_on_its_user() {
    let mut t = Driver::new();
    t.keys("j j");
    assert_eq!(here(&t), "Lee Gu");
    t.keys("/").text("+44 1235");
    assert_eq!(t.app.users.shown.len(), 3);
    assert_eq!(here(&t), "Lee Gu");
    t.keys("<enter> <esc> /").text("(01235) 123471");
    assert_eq!(t.app.users.shown.len(), 1);
    t.keys("<enter> <esc> /").text("gu !conflict");
    assert_eq!(t.app.users.shown.len(), 1);
    assert_eq!(here(&t), "Lee Gu");
    t.keys("<esc>");
    let mut other = desk();
    other.users.insert(0, user(9, 1, "Adele Vance", None));
    t.desk(other);
    assert_eq!(here(&t), "Lee Gu");
    t.keys("o o");
    assert_eq!(here(&t), "Lee Gu");
    // By state: the conflict first.
    assert_eq!(
        t.app.desk.users[t.app.users.shown[0]].user.name,
        "Pradeep Gupta"
    );
}

#[test]
fn one_added_by_hand_gets_the_cursor_whoever_has_the_same_name() {
    let mut t = Driver::new();
    let mut old = desk();
    old.users.push(user(40, 40, "Zed", None));
    t.desk(old.clone());
    t.keys("A")
        .text("Zed")
        .keys("<tab>")
        .text("zed@contoso.example");
    t.keys("<enter>");
    if t.effects.is_empty() {
        t.keys("<enter>");
    }
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users[0].association, Association::None);
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "Zed added; e gives a number");
    let mut new = user(41, 41, "Zed", None);
    new.user.association = Association::None;
    old.users.push(new);
    t.desk(old);
    t.keys("e");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("a form was expected");
    };
    assert_eq!(form.target, Target::User(UserId(41)));
    // Who is somebody of the tenant has perhaps a number by that.
    let zed = [(None, "Zed".to_owned())];
    let mut told = Added::of(added::Who::One("Zed".to_owned()));
    told.tie = Some(Tie::One {
        by: MatchedBy::Upn,
        upn: "zed@contoso.example".to_owned(),
    });
    t.app.added(&zed, (None, None), Some(&told));
    assert_eq!(
        t.notice(),
        "Zed added and matched: the e-mail is the sign-in name of zed@contoso.example"
    );
    // A name that reads like the console's own words is a name.
    let odd = "Zed; Unlicensed: and matched: nobody".to_owned();
    t.app.added(&[(None, odd)], (None, None), None);
    assert!(t.notice().ends_with("nobody added; e gives a number"));
}

#[test]
fn one_candidate_is_added_at_once_and_gets_the_cursor() {
    let mut t = Driver::new();
    t.keys("2 j a");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].name, "Joni Sherman");
    assert_eq!(users[0].association, Association::Matched(object(6)));
    assert_eq!((&users[0].number, &users[0].wanted_number), (&None, &None));
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "Joni Sherman added; e gives a number");
    assert_eq!(t.app.pane, Pane::Users);
    let mut with = desk();
    with.users.push(user(6, 6, "Joni Sherman", None));
    t.desk(with);
    assert_eq!(here(&t), "Joni Sherman");
    t.keys("e");
    assert_eq!(t.app.place(), Place::Form);
}

#[test]
fn a_candidate_with_a_number_is_added_with_it_and_queues_nothing() {
    let mut t = Driver::new();
    let mut rows: Vec<_> = roster().rows().map(|row| row.to_row()).collect();
    rows.push(row(
        20,
        "Zoe Z",
        FirstCause::Eligible,
        Some("+441235123499"),
    ));
    t.event(What::Cache(CacheEvent::Roster(Arc::new(
        crate::roster::Roster::new(2, rows),
    ))));
    t.keys("2 G a");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users[0].number, Some(number("+441235123499")));
    assert_eq!(users[0].wanted_number, None);
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "Zoe Z added with +44 1235 123499");
}

#[test]
fn many_are_marked_and_added_and_hidden_marks_are_counted() {
    let mut t = Driver::new();
    t.keys("2 *");
    assert_eq!(t.app.candidates.marked.len(), 4);
    t.keys("/ j o n i");
    assert_eq!(
        t.app.candidates.marks(&t.app.roster),
        Some("4 marked, 3 not shown".to_owned())
    );
    t.keys("<enter> a");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users.len(), 4);
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "4 users added: 1 shows them");
    assert_eq!(t.app.candidates.marked.len(), 0);
    assert_eq!(t.app.pane, Pane::Candidates);
}

#[test]
fn people_beyond_the_seats_are_told() {
    let (users, bought) = (9, 8);
    let told = |t: &mut Driver, who| {
        let mut added = Added::of(who);
        added.short = Some(added::Short { users, bought });
        let req = t.asked();
        t.event(What::Ledger(LedgerEvent::Added { req, added }));
    };
    let mut t = Driver::new();
    t.keys("2 * a");
    told(&mut t, added::Who::Many(4));
    assert_eq!(t.notice(), "4 users added; Unlicensed: 9 users, 8 seats");
    t.keys("j a");
    told(&mut t, added::Who::One("Joni Sherman".to_owned()));
    assert_eq!(
        t.notice(),
        "Joni Sherman added; Unlicensed: 9 users, 8 seats"
    );
}

#[test]
fn everyone_shows_causes_and_adding_a_stranger_asks_with_the_reason() {
    let mut t = Driver::new();
    t.keys("f");
    assert_eq!(t.app.pane, Pane::Candidates);
    assert_eq!(t.app.candidates.listing, Listing::Everyone);
    assert_eq!(t.app.candidates.shown.len(), 14);
    assert_eq!(
        t.app.candidates.cause_counts().join(", "),
        "3 can be added, 5 configured, 1 resource, 1 disabled, 1 guest, 1 no licence, 1 no Phone System, 1 Calling Plan"
    );
    t.keys("j a");
    assert_eq!(t.effects, []);
    let Some(Modal::Confirm(confirm)) = t.app.modals.last() else {
        panic!("a question was expected");
    };
    assert_eq!(
        confirm.lines("Contoso Ltd"),
        [
            "Add Alex Wilber, who is not a candidate?",
            "Alex Wilber: Calling Plan",
            "{yes} adds now all the same. {why} shows what is missing: {add} there repairs it and adds as soon as all gates pass."
        ]
    );
    t.event(What::Paste("y".into()));
    assert_eq!(t.effects, []);
    t.keys("y");
    assert!(matches!(change(&t), LedgerChange::Add(users) if users.len() == 1));
    t.keys("<esc> f j j");
    assert_eq!(t.app.candidates.listing, Listing::Candidates);
    // Somebody who is configured already is not added twice.
    let mut t = Driver::new();
    t.keys("f j j a");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "configured already: 1 shows the row");
}

#[test]
fn removing_asks_twice_when_there_is_a_number() {
    let removal = |id, release, seen: &[i64]| {
        LedgerChange::Remove(Removal {
            user: UserId(id),
            release,
            seen: seen.iter().copied().map(EntryId).collect(),
        })
    };
    let mut t = Driver::new();
    t.keys("j d d");
    assert_eq!(t.effects, []);
    t.keys("y n");
    assert_eq!(change(&t), removal(2, None, &[1]));
    t.keys("d y y");
    let released = Some(number("+14255550101"));
    assert_eq!(change(&t), removal(2, released, &[1]));
    // Ben has no number: one question.
    t.keys("k d y");
    assert_eq!(change(&t), removal(1, None, &[]));
}

#[test]
fn a_removal_names_what_is_queued_and_asks_anew_about_what_is_queued_meanwhile() {
    let lines = |t: &Driver| match t.app.modals.last() {
        Some(Modal::Confirm(confirm)) => confirm.lines("Contoso Ltd"),
        other => panic!("a question was expected: {other:?}"),
    };
    let mut t = Driver::new();
    t.keys("d");
    assert_eq!(lines(&t).len(), 2, "nothing is queued for Ben");
    t.keys("<esc> j d");
    let asked = lines(&t);
    assert_eq!(asked[2], "This is queued, and is dropped by it:");
    assert!(asked[3].starts_with("  j.smith "), "{asked:?}");
    assert!(asked[3].ends_with(": number +1 425 555 0199"), "{asked:?}");
    // Another window queues a country for the same user while the question stands.
    let mut with = desk();
    let wanted = Value::Country(country("FR"));
    let mut theirs = entry(9, &with.users[1], wanted, EntryState::Queued);
    theirs.author = "pat".to_owned();
    with.users[1].entries.push(theirs.clone());
    with.entries.push(theirs);
    t.desk(with);
    assert_eq!(
        lines(&t),
        asked,
        "what is asked does not change under the finger"
    );
    t.keys("y");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "something was queued for Diego Siciliani meanwhile"
    );
    let asked = lines(&t);
    assert_eq!(
        asked[2],
        "These 2 changes are queued, and are dropped by it:"
    );
    assert!(asked[4].starts_with("  pat "), "{asked:?}");
    assert!(asked[4].ends_with(": country FR"), "{asked:?}");
    // Once more, below the second question.
    t.keys("y");
    let mut again = t.app.desk.as_ref().clone();
    let wanted = Value::Number(None);
    let later = entry(10, &again.users[1], wanted, EntryState::Queued);
    again.users[1].entries.push(later);
    t.desk(again);
    t.keys("n");
    assert_eq!(t.effects, []);
    assert_eq!(
        lines(&t)[2],
        "These 3 changes are queued, and are dropped by it:"
    );
    t.keys("y n");
    let LedgerChange::Remove(removal) = change(&t) else {
        panic!("a removal was to be asked for");
    };
    assert_eq!(removal.seen, [1, 9, 10].map(EntryId));
}

#[test]
fn undo_drops_the_queued_change() {
    let mut t = Driver::new();
    t.keys("j u");
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(1)));
    t.keys("k u");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "no queued change is under the cursor");
    // The newest is first, and the cursor starts on it.
    t.keys("4 u");
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(4)));
    t.keys("j j j u");
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(1)));
    // Left on a line of the audit, it starts on what waits again.
    t.keys("G u");
    assert_eq!(t.effects, []);
    t.keys("1 4 u");
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(4)));
}

#[test]
fn marked_changes_that_were_written_are_taken_back_together() {
    let mut t = Driver::new();
    let mut desk = t.app.desk.as_ref().clone();
    let row = desk.audit[0].clone();
    desk.audit = [
        ("country FR -> GB", 31),
        ("number none -> +44 1", 32),
        ("country GB -> DE", 33),
    ]
    .into_iter()
    .map(|(change, n)| AuditRow {
        seq: n,
        name: format!("Person {n}"),
        action: if n == 33 { "queued" } else { "confirmed" }.to_owned(),
        change: change.to_owned(),
        entry: Some(EntryId(n)),
        ..row.clone()
    })
    .collect();
    t.desk(desk);
    t.keys("4 G *");
    assert_eq!(
        t.app.changes.marked,
        [EntryId(31), EntryId(32)].into(),
        "only what was confirmed"
    );
    assert_eq!(t.app.changes.marks(&t.app.desk).unwrap(), "2 marked");
    t.keys("g <space> u");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Changes, "not both kinds at once");
    assert!(
        t.notice()
            .starts_with("what waits and what was written are both marked")
    );
    t.keys("<esc> G * u");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("u");
    assert_eq!(t.effects, [], "the key that asks does not answer");
    t.keys("y");
    let LedgerChange::TakeBackMany(mut ids) = change(&t) else {
        panic!("{:?}", t.effects);
    };
    ids.sort();
    assert_eq!(ids, [EntryId(31), EntryId(32)]);
    assert_eq!(t.app.changes.marked.len(), 0);
}

#[test]
fn marked_changes_are_undone_together_after_one_question() {
    let mut t = Driver::new();
    t.keys("4 <space>");
    assert_eq!(t.app.changes.marked.len(), 1);
    assert_eq!(t.app.changes.cursor.index, 1, "on to the next");
    t.keys("*");
    let all = t.app.changes.marked.clone();
    assert!(all.len() > 1, "{all:?}");
    assert!(all.iter().all(|id| {
        let mut entries = t.app.desk.entries.iter();
        entries.any(|entry| entry.id == *id && entry.state.is_ours())
    }));
    t.keys("u");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("u");
    assert_eq!(t.effects, [], "the key that asks does not answer");
    t.keys("y");
    let LedgerChange::UndoMany(ids) = change(&t) else {
        panic!("{:?}", t.effects);
    };
    assert_eq!(
        ids.into_iter().collect::<std::collections::BTreeSet<_>>(),
        all
    );
    // What is gone is marked no longer; Esc takes marks away.
    let mut left = t.app.desk.as_ref().clone();
    left.entries.retain(|entry| !all.contains(&entry.id));
    t.desk(left);
    assert_eq!(t.app.changes.marked.len(), 0);
    let mut t = Driver::new();
    t.keys("4 <space> <esc>");
    assert_eq!(t.app.changes.marked.len(), 0);
    t.keys("G <space>");
    assert_eq!(t.app.changes.marked.len(), 0, "{}", t.notice());
}

#[test]
fn manual_mode_builds_no_picklist_but_lists_everyone() {
    let mut t = Driver::with(
        Settings {
            manual_mode: true,
            ..settings()
        },
        (80, 24),
    );
    t.keys("2");
    assert_eq!(t.app.candidates.shown.len(), 0);
    t.keys("f");
    assert_eq!(t.app.candidates.shown.len(), 14);
}

#[test]
fn states_of_users_are_words_with_causes() {
    let t = Driver::new();
    let states: Vec<(String, String)> = t
        .app
        .desk
        .users
        .iter()
        .map(|row| {
            let state = crate::app::pane::users::state(row, t.app.now);
            (state.word.to_owned(), state.cause)
        })
        .collect();
    let expected = [
        ("Unlicensed", "no seat (3 of 3 in use)"),
        ("queued", "-> +1 425 555 0199"),
        ("waiting", "country GB, due 14:20Z"),
        ("refused", "number is in AD (DirSync'd)"),
        ("conflict", "tenant has +44 1235 123482"),
    ]
    .map(|(word, cause)| (word.to_owned(), cause.to_owned()));
    assert_eq!(states, expected);
    // A release is of the number that goes, an assignment of the one that comes.
    for (step, cause) in [
        (Step::Release, "release of +1 425 555 0101"),
        (Step::Assign, "assign of +1 425 555 0199"),
    ] {
        let mut diego = t.app.desk.users[1].clone();
        diego.entries[0].state = EntryState::Accepted {
            step,
            operation: "op".into(),
        };
        assert_eq!(crate::app::pane::users::state(&diego, at(0)).cause, cause);
    }
    let mut left = user(9, 2, "Alex Wilber", None);
    left.cause = Some(FirstCause::CallingPlan);
    let state = crate::app::pane::users::state(&left, at(0));
    assert_eq!(
        (state.word, state.cause.as_str()),
        ("warning", "Calling Plan")
    );
    left.cause = Some(FirstCause::Eligible);
    assert_eq!(left.status, LicenseStatus::Licensed);
    assert_eq!(crate::app::pane::users::state(&left, at(0)).word, "ok");
    assert_eq!(country("GB"), left.user.country);
    // A column has room for 26 cells; `why` has the whole sentence.
    for (bit, cause) in [(3, "country differs"), (4, "DirSync'd: number in AD")] {
        left.marks = crate::domain::gate::Marks(1 << (8 + bit));
        let state = crate::app::pane::users::state(&left, at(0));
        assert_eq!((state.word, state.cause.as_str()), ("warning", cause));
    }
}
