//! Moving a number, taking back what was written, and adding somebody whom a gate stops.

use std::sync::Arc;

use crate::app::action::{Action, Place};
use crate::app::effect::{Effect, LedgerChange, Who};
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, desk, entry, number, object, row, why_alex};
use crate::app::modal::Modal;
use crate::app::pane::changes::Item;
use crate::domain::gate::FirstCause;
use crate::domain::outbox::{EntryId, EntryState, Giver};
use crate::domain::user::{Association, Value};
use crate::domain::why::WhyStep;
use crate::roster::Roster;
use crate::roster::desk::{AuditRow, Desk};

/// The lines of the question on top.
fn asked(t: &Driver) -> Vec<String> {
    match t.app.modals.last() {
        Some(Modal::Confirm(confirm)) => confirm.lines("Contoso Ltd"),
        other => panic!("a question was expected: {other:?}"),
    }
}

#[test]
fn successors_who_can_hold_a_number_come_first_and_the_others_say_why_not() {
    let mut t = Driver::new();
    t.keys("j m").text("e");
    let lines = asked(&t);
    assert!(
        lines[2].starts_with("> Ben Walters"),
        "{lines:?}: somebody on the list who can hold it is chosen"
    );
    t.keys("Ctrl-U").text("grady");
    assert_eq!(
        asked(&t)[2],
        "> Grady Archie <grady.archie@contoso.example>  (no: guest)"
    );
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "the number cannot go there: guest");
    t.keys("Ctrl-U").text("diego");
    assert!(
        asked(&t)[2].ends_with("(no: has it now)"),
        "{:?}",
        asked(&t)
    );
    t.keys("Ctrl-U").text("joni");
    t.keys("<enter> y");
    assert!(matches!(
        t.effects.as_slice(),
        [_, Effect::Ledger { change: LedgerChange::Move { to, .. }, .. }] if *to == object(6)
    ));
}

#[test]
fn who_gets_a_number_may_be_pasted_and_only_a_key_agrees() {
    let mut t = Driver::new();
    t.keys("j m");
    t.event(What::Paste("  Joni\u{1b}[2J Sherman\ny\n".into()));
    let Some(Modal::Confirm(confirm)) = t.app.modals.last() else {
        panic!("the question stays");
    };
    let field = confirm.field().map(|field| field.text().to_owned());
    assert_eq!(field.as_deref(), Some("Joni[2J Sherman"));
    assert_eq!(asked(&t)[2], "  nobody is called that");
    t.keys("Ctrl-U");
    t.event(What::Paste("joni.sherman@contoso.example\ny\n".into()));
    assert_eq!(t.effects, []);
    assert_eq!(
        asked(&t)[2],
        "> Joni Sherman <joni.sherman@contoso.example>  (not on the list of users)"
    );
    t.keys("<enter> y");
    assert!(matches!(
        t.effects.as_slice(),
        [.., Effect::Ledger { change: LedgerChange::Move { to, .. }, .. }] if *to == object(6)
    ));
}

#[test]
fn a_question_is_not_answered_by_a_paste() {
    let mut t = Driver::new();
    t.keys("d");
    t.event(What::Paste("y".into()));
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "a paste answers no question: y and n do; Esc leaves it"
    );
}

#[test]
fn who_gives_a_number_away_says_so_in_the_list() {
    let mut desk = desk();
    let mut moves = entry(
        9,
        &desk.users[0],
        Value::Number(Some(number("+441235123471"))),
        EntryState::Queued,
    );
    moves.takes_from = Some(Giver {
        id: object(4),
        name: "Diego Siciliani".to_owned(),
    });
    desk.users[1].entries.clear();
    desk.entries = vec![moves];
    let mut t = Driver::new();
    t.desk(desk.clone());
    let state = t.app.users.state(&desk.users[1], t.app.now);
    assert_eq!(
        (state.word, state.cause.as_str()),
        ("queued", "its number goes to Ben Walters")
    );
}

fn written(seq: i64, change: &str) -> AuditRow {
    AuditRow {
        seq,
        at: crate::app::fixture::at(seq),
        author: "j.smith".to_owned(),
        name: "Diego Siciliani".to_owned(),
        action: "confirmed".to_owned(),
        change: change.to_owned(),
        outcome: String::new(),
        entry: Some(EntryId(seq)),
        ticket: String::new(),
    }
}

/// A console whose audit has these rows, the newest first, and nothing that waits.
fn audited(rows: Vec<AuditRow>) -> Driver {
    let mut t = Driver::new();
    t.desk(Desk {
        entries: Vec::new(),
        audit: rows,
        ..desk()
    });
    t.keys("4 g");
    t
}

#[test]
fn taking_back_says_what_becomes_of_both_numbers_and_is_offered_once() {
    let there = written(1, "number +14255550101 -> +14255550199");
    let mut t = audited(vec![there.clone()]);
    t.keys("?");
    assert_eq!(
        t.app.refusal_in(t.app.place_below(), Action::Undo),
        None,
        "the list of actions offers it too"
    );
    t.keys("<esc> u");
    assert_eq!(
        asked(&t)[1],
        "The number goes back to +1 425 555 0101, from +1 425 555 0199."
    );
    let back = written(2, "number +14255550199 -> +14255550101");
    let mut t = audited(vec![back, there]);
    t.keys("j u");
    assert!(t.app.modals.is_empty(), "it was undone already");
    assert!(t.notice().contains("not undone since"), "{}", t.notice());
    t.keys("k u");
    assert_eq!(t.app.place(), Place::Confirm, "the undoing can be undone");
}

#[test]
fn somebody_whom_a_gate_stops_is_explained_from_the_question() {
    let mut t = Driver::new();
    t.keys("f j a w");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain { who: Who::Directory(id), .. }] if *id == object(2)
    ));
    assert_eq!(t.app.place(), Place::Why);
    // Another question has nobody to explain, and stays.
    let mut t = Driver::new();
    t.keys("d w");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Confirm);
}

#[test]
fn the_number_of_adding_adds_as_its_key_does() {
    let added = |key: &str| {
        let mut t = Driver::new();
        t.keys("2 w");
        let mut why = why_alex();
        why.id = t.app.candidates.row(&t.app.roster).map(|row| row.id);
        why.steps = vec![WhyStep::add()];
        let (req, why) = (t.asked(), Box::new(why));
        t.event(What::Cache(CacheEvent::Why { req, why }));
        t.keys(key);
        t.effects.clone()
    };
    let by_number = added("1");
    assert!(
        matches!(
            by_number.as_slice(),
            [Effect::Ledger { change: LedgerChange::Add(users), .. }] if users.len() == 1
        ),
        "{by_number:?}"
    );
    assert_eq!(by_number, added("a"));
}

#[test]
fn taking_back_a_move_says_to_whom_the_number_goes_back() {
    let moved = written(2, "number none -> +441235123474");
    let mut released = AuditRow {
        name: "Adele Vance".to_owned(),
        action: "released".to_owned(),
        ..written(1, "number +441235123474 -> none")
    };
    released.entry = moved.entry;
    let mut t = audited(vec![moved, released]);
    t.keys("u");
    assert_eq!(asked(&t)[1], "+44 1235 123474 goes back to Adele Vance.");
}

#[test]
fn beginnings_of_words_and_people_on_the_list_come_first_and_the_others_say_so() {
    let rows = [
        row(
            4,
            "Diego Siciliani",
            FirstCause::Eligible,
            Some("+14255550101"),
        ),
        row(21, "Bianca Pisani", FirstCause::NotInGroup, None),
        row(22, "Ann Isaac", FirstCause::Eligible, None),
        row(23, "Isaiah Langer", FirstCause::Eligible, None),
    ];
    let mut listed = desk();
    listed.users[0].user.association = Association::Matched(object(23));
    let mut t = Driver::new();
    let roster = Arc::new(Roster::new(2, rows));
    t.event(What::Cache(CacheEvent::Roster(roster)));
    t.desk(listed);
    t.keys("j m").text("isa");
    assert_eq!(
        asked(&t)[2..5],
        [
            "> Isaiah Langer <isaiah.langer@contoso.example>",
            "  Ann Isaac <ann.isaac@contoso.example>  (not on the list of users)",
            "  Bianca Pisani <bianca.pisani@contoso.example>  (not on the list of users; not in the group)",
        ]
    );
    t.keys("Down <enter>");
    assert_eq!(t.effects, [], "who is not on the list is asked about");
    assert_eq!(
        asked(&t)[..2],
        [
            "Add Ann Isaac and move +1 425 555 0101 there?",
            "Ann Isaac: not on the list of users."
        ]
    );
    t.keys("y");
    assert!(
        matches!(
            t.effects.as_slice(),
            [
                Effect::Ledger { change: LedgerChange::Add(users), .. },
                Effect::Ledger { change: LedgerChange::Move { to, .. }, .. }
            ] if users[0].name == "Ann Isaac" && *to == object(22)
        ),
        "{:?}",
        t.effects
    );
    let Some(Effect::Ledger { req, .. }) = t.effects.first().cloned() else {
        panic!("she was to be added first");
    };
    t.saved(req);
    assert_eq!(
        t.notice(),
        "Ann Isaac added, +1 425 555 0101 is queued",
        "she needs no other number"
    );
}

#[test]
fn a_change_is_one_row_with_its_last_state_and_its_steps_behind_enter() {
    let step = |seq: i64, action: &str, change: &str| AuditRow {
        action: action.to_owned(),
        entry: Some(EntryId(7)),
        ..written(seq, change)
    };
    let sent = "number none -> +14255550199";
    let mut rows = vec![
        step(1, "queued", "number +14255550101 -> +14255550199"),
        step(2, "released", "number +14255550101 -> none"),
        step(3, "sending", sent),
        step(4, "confirmed", sent),
        step(5, "accepted", "number none -> +14255550188"),
    ];
    rows[4].entry = Some(EntryId(1));
    let mut t = Driver::new();
    t.desk(Desk {
        audit: rows,
        ..desk()
    });
    assert!(desk().entries.iter().any(|entry| entry.id == EntryId(1)));
    t.keys("4 G");
    let audit = t.app.changes.shown.iter();
    let audit: Vec<_> = audit
        .filter(|item| matches!(item, Item::Audit(_)))
        .collect();
    assert_eq!(audit, [&Item::Audit(4)], "what waits is not done");
    t.keys("u");
    assert_eq!(
        asked(&t)[1],
        "The number goes back to +1 425 555 0101, from +1 425 555 0199."
    );
    t.keys("<esc> <enter>");
    let Some(Modal::Text(text)) = t.app.modals.last() else {
        panic!("{:?}", t.app.modals);
    };
    let text = text.doc.to_text();
    assert!(
        text.contains("+1 425 555 0101 -> +1 425 555 0199"),
        "{text}"
    );
    for word in ["queued", "released", "sending", "confirmed"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
