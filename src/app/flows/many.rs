//! Edits of all marked, and exports of what a pane shows.

use crate::app::effect::{Effect, Exported, LedgerChange};
use crate::app::event::{SessionEvent, What};
use crate::app::fixture::{Driver, country, desk, number, object, user};
use crate::app::modal::Modal;
use crate::app::pane::Pane;
use crate::app::pane::bulk::Bulk;
use crate::bulk::export::Reader;
use crate::domain::outbox::{EntryId, EntryState};
use crate::domain::phone::NumberKind;
use crate::domain::user::{LicenseStatus, UnlicensedCause, UserId, Value};
use crate::view::screens::screen;

use super::bulk::shows;
use super::{change, failure};

/// Ben without a number, Ann and Zoe without one either, Lee with one.
pub(super) fn marked() -> Driver {
    let mut with = desk();
    with.users.truncate(3);
    with.users.push(user(8, 1, "Ann Lee", None));
    with.users.push(user(9, 6, "Zoe Poe", None));
    let mut t = Driver::new();
    t.desk(with);
    t
}

fn rows(t: &Driver) -> Vec<String> {
    let rows = screen(&t.app);
    let rows = rows
        .iter()
        .skip_while(|row| !row.starts_with('['))
        .take_while(|row| row.starts_with('['));
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn marked_users_get_consecutive_numbers_that_are_free_in_one_change() {
    let mut t = marked();
    // Ann, Ben and Zoe in the order of the pane.
    t.keys("g <space> <space> G <space> e");
    assert!(shows(&t, "EDIT 3 MARKED"));
    t.text("+441235123471..");
    t.keys("<tab> <tab>").text("uk");
    t.keys("<enter>");
    assert!(
        shows(&t, "UK is not a country code"),
        "{}",
        screen(&t.app).join("\n")
    );
    t.keys("Ctrl-T <enter>");
    assert_eq!(
        rows(&t),
        [
            "[x] Ann Lee number +44 1235 123474",
            "[x] Ben Walters number +44 1235 123475",
            "[x] Zoe Poe number +44 1235 123476"
        ]
    );
    // Who is left out gives the number to the next.
    t.keys("j <space>");
    assert_eq!(
        rows(&t),
        [
            "[x] Ann Lee number +44 1235 123474",
            "[ ] Ben Walters left out",
            "[x] Zoe Poe number +44 1235 123475"
        ]
    );
    t.keys("A");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    let given: Vec<_> = patches
        .iter()
        .map(|(id, patch)| (id.0, patch.two_way[0].1.shown()))
        .collect();
    assert_eq!(
        given,
        [
            (8, "+44 1235 123474".to_owned()),
            (9, "+44 1235 123475".to_owned())
        ]
    );
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.app.modals.len(), 0);
    assert!(t.app.users.marked.is_empty());
}

#[test]
fn a_preview_has_only_its_own_keys_and_names_the_numbers_that_it_skips() {
    let mut t = marked();
    t.keys("g <space> <space> G <space> e");
    t.text("+441235123470..");
    t.keys("<enter>");
    let skipped = "4 skipped as taken: +44 1235 123470, +44 1235 123471, ";
    assert!(shows(&t, skipped), "{}", screen(&t.app).join("\n"));
    assert_eq!(rows(&t)[0], "[x] Ann Lee number +44 1235 123474");
    let open = t.app.modals.len();
    for key in ["<enter>", "e", "a", "d", "w", "n", "u", "I", "s", "4"] {
        t.keys(key);
        assert_eq!(t.app.modals.len(), open, "{key}");
        assert_eq!(
            (t.effects.as_slice(), t.app.pane),
            (&[][..], Pane::Users),
            "{key}"
        );
        assert!(
            !t.notice().contains("not on the list"),
            "{key}: {}",
            t.notice()
        );
    }
    t.keys("e");
    assert_eq!(
        t.notice(),
        "here: A queues all, P without those marked [!], Space leaves one out, Esc goes back"
    );
    // Moving does what it does everywhere, and the keys of the preview still count.
    t.keys("j <space>");
    assert!(rows(&t)[1].contains("left out"));
    t.keys("A");
    assert!(matches!(change(&t), LedgerChange::EditMany(_)));
}

#[test]
fn marked_people_are_added_with_numbers_of_a_range_as_one_change() {
    let mut t = Driver::new();
    t.keys("2 e");
    assert_eq!(t.app.modals.len(), 0);
    t.keys("f * e").text("+441235123500..");
    t.keys("<enter>");
    assert!(shows(&t, "ADD 14 MARKED"), "{}", screen(&t.app).join("\n"));
    let all = rows(&t);
    assert_eq!(all[0], "[x] Adele Vance number +44 1235 123500");
    assert!(
        all[1].starts_with("[!] Alex Wilber not a candidate (Calling Plan)"),
        "{all:?}"
    );
    assert!(
        all[2].starts_with("[!] Ben Walters configured already"),
        "{all:?}"
    );
    t.keys("A");
    assert_eq!(t.effects, []);
    let refused = |t: &Driver| match t.app.modals.last() {
        Some(Modal::Bulk(open)) => match open.as_ref() {
            Bulk::Preview(open) => open.counts()[3],
            other => panic!("a preview was expected: {other:?}"),
        },
        other => panic!("a preview was expected: {other:?}"),
    };
    while refused(&t) > 0 {
        t.keys("! <space>");
    }
    t.keys("A");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("people were to be added");
    };
    assert_eq!(users[0].name, "Adele Vance");
    assert_eq!(users[0].wanted_number, Some(number("+441235123500")));
    assert_eq!(users[0].association.id(), Some(object(1)));
    let last = users.last().map(|user| user.wanted_number.clone());
    let nth = users.len() - 1;
    assert_eq!(last, Some(Some(number(&format!("+4412351235{nth:02}")))));
}

#[test]
fn who_would_lose_a_number_is_named_and_refused() {
    let mut t = marked();
    t.keys("* e").text("+441235123500..501");
    t.keys("<enter>");
    let refused = rows(&t);
    assert!(refused[2].starts_with("[!] Diego Siciliani number +1 425 555 0199 is queued already"));
    assert!(
        refused[3].starts_with("[!] Lee Gu has +44 1235 123471 and keeps it"),
        "{refused:?}"
    );
    assert!(refused[4].starts_with("[!] Zoe Poe no number of the range is left"));
    t.keys("A");
    assert_eq!(t.effects, []);
    assert!(
        t.notice()
            .starts_with("3 cannot (P leaves them out): Diego Siciliani:")
    );
    t.keys("P");
    assert_eq!(t.effects, []);
    assert!(shows(&t, "Change 2 users?  3 cannot be part of it:"));
    assert!(shows(&t, "Lee Gu: has +44 1235 123471 and keeps it"));
    t.keys("P y");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    assert_eq!(
        patches.iter().map(|(id, _)| id.0).collect::<Vec<_>>(),
        [8, 1]
    );
}

#[test]
fn numbers_are_replaced_where_the_form_says_so() {
    let mut t = marked();
    t.keys("* e").text("+441235123500..");
    t.keys("<backtab> <right> <enter>");
    let all = rows(&t);
    assert!(
        all[3].starts_with("[x] Lee Gu number +44 1235 123471 -> +44 1235 123502"),
        "{all:?}"
    );
    assert!(shows(&t, "[!] Diego Siciliani"));
    t.keys("P y");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    let lee = patches.iter().find(|(id, _)| *id == UserId(3)).unwrap();
    assert_eq!(
        lee.1.two_way,
        [(
            Value::Number(Some(number("+441235123471"))),
            Value::Number(Some(number("+441235123502")))
        )]
    );
}

#[test]
fn who_is_gone_from_the_tenant_gets_nothing_written() {
    let mut with = desk();
    with.users.truncate(1);
    with.users.push(user(8, 1, "Grady Archie", None));
    with.users[1].status = LicenseStatus::Unlicensed(UnlicensedCause::UserGone);
    let mut t = Driver::new();
    t.desk(with);
    t.keys("* e").text("+441235123500..");
    t.keys("<enter>");
    let all = rows(&t);
    assert!(
        all[1].starts_with("[!] Grady Archie gone from the tenant"),
        "{all:?}"
    );
    // This side's own fields are changed all the same, and it can be removed.
    t.keys("<esc> Ctrl-U <tab> <left> <enter>");
    assert!(rows(&t)[1].starts_with("[x] Grady Archie kind"));
    t.keys("<esc> <esc> y * * d");
    assert!(rows(&t)[1].starts_with("[x] Grady Archie removed here"));
}

#[test]
fn country_and_kind_of_all_marked() {
    let mut t = marked();
    t.keys("* e <tab> <left> <tab>").text("FR");
    t.keys("<enter>");
    let all = rows(&t);
    assert_eq!(all[0], "[x] Ann Lee country GB -> FR, kind ddi -> trunk");
    // Written already and not visible yet: the next change starts from there.
    assert_eq!(all[3], "[x] Lee Gu country GB -> FR, kind ddi -> trunk");
    t.keys("A");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    assert!(
        patches
            .iter()
            .all(|(_, patch)| patch.kind == Some(NumberKind::Trunk))
    );
    assert_eq!(
        patches[0].1.two_way,
        [(Value::Country(country("GB")), Value::Country(country("FR")))]
    );
}

#[test]
fn all_marked_are_removed_and_their_numbers_stay() {
    let mut with = desk();
    with.users[3].entries[0].state = EntryState::Accepted {
        step: crate::domain::outbox::Step::Assign,
        operation: "op".to_owned(),
    };
    let mut t = Driver::new();
    t.desk(with);
    t.keys("* d");
    assert_eq!(t.effects, []);
    let all = rows(&t);
    assert_eq!(all[0], "[x] Ben Walters removed here");
    // A number is whole or is not there: the line below has what is left out.
    let whole = "[x] Diego Siciliani removed here +1 425 555 0101 stays in the tenant;…";
    assert_eq!(all[1], whole);
    assert!(all[3].starts_with("[!] Megan Bowen number +44 1235 123490 is being written"));
    // The key that opened it confirms nothing.
    t.keys("d ! <space> A");
    let LedgerChange::RemoveMany(removals) = change(&t) else {
        panic!("a removal was to be asked for");
    };
    let ids: Vec<UserId> = removals.iter().map(|removal| removal.user).collect();
    assert_eq!(ids, [1, 2, 3, 5].map(UserId));
    // What the row has said is what may go.
    assert_eq!(removals[1].seen, [EntryId(1)]);
}

#[test]
fn more_than_the_limit_are_removed_only_behind_the_tenants_name() {
    let mut with = desk();
    for n in 20..24 {
        with.users.push(user(n, 0, &format!("Pat {n}"), None));
    }
    let mut t = Driver::new();
    t.desk(with);
    let all = t.app.desk.users.len();
    t.keys("* d A");
    assert_eq!(t.effects, []);
    let going = format!("Remove {all} users of Contoso Ltd here?");
    assert!(shows(&t, &going), "{}", screen(&t.app).join("\n"));
    assert!(shows(
        &t,
        "More than 5 in half an hour want the tenant's name"
    ));
    t.event(What::Paste("Contoso Ltd".into()));
    t.keys("y <enter>");
    assert_eq!(t.effects, [], "neither a paste nor a letter is the name");
    t.keys("<backspace>").text("Contoso Ltd");
    t.keys("<enter>");
    let LedgerChange::RemoveMany(removals) = change(&t) else {
        panic!("a removal was to be asked for: {:?}", t.notice());
    };
    assert_eq!(removals.len(), all);
    // As many as may go without it.
    let mut with = desk();
    for n in 20..24 {
        with.users.push(user(n, 0, &format!("Pat {n}"), None));
    }
    let mut t = Driver::new();
    t.desk(with);
    t.keys("G <space> <up> <space> <up> <space> <up> <space> <up> <space> d A");
    assert!(matches!(change(&t), LedgerChange::RemoveMany(few) if few.len() <= 5));
}

#[test]
fn the_limit_of_removals_counts_those_of_half_an_hour() {
    let crowd = |removed_lately| {
        let mut with = desk();
        for n in 20..24 {
            with.users.push(user(n, 0, &format!("Pat {n}"), None));
        }
        with.removed_lately = removed_lately;
        let mut t = Driver::new();
        t.desk(with);
        t
    };
    // Of five that are allowed three are gone: two may follow, three may not.
    let mut t = crowd(3);
    t.keys("G <up> <up> <up> <space> <space> d A");
    assert!(matches!(change(&t), LedgerChange::RemoveMany(two) if two.len() == 2));
    let mut t = crowd(3);
    t.keys("G <up> <up> <up> <space> <space> <space> d A");
    assert_eq!(t.effects, []);
    assert!(shows(&t, "Remove 3 users of Contoso Ltd here?"));
    assert!(shows(&t, "More than 2 in half an hour"));
    // One by one, too.
    let mut t = crowd(4);
    t.keys("G <up> d y");
    assert!(matches!(change(&t), LedgerChange::Remove(_)));
    let mut t = crowd(5);
    t.keys("G <up> d y");
    assert_eq!(t.effects, []);
    assert!(shows(
        &t,
        "Remove Pat 23 of Contoso Ltd here, after many others?"
    ));
    t.keys("y <enter>");
    assert_eq!(t.effects, [], "a letter is not the name");
    t.keys("<backspace>").text("Contoso Ltd");
    t.keys("<enter>");
    assert!(matches!(change(&t), LedgerChange::Remove(one) if one.user == UserId(23)));
}

#[test]
fn a_removal_is_not_undone_and_says_how_they_come_back() {
    let mut with = desk();
    let mut row = with.audit[0].clone();
    row.seq += 100;
    row.action = "removed".to_owned();
    row.entry = None;
    with.audit.push(row);
    with.users.clear();
    with.entries.clear();
    let mut t = Driver::new();
    t.desk(with);
    t.keys("u");
    assert_eq!(
        t.notice(),
        "a removal is not undone: a in 2 adds a person again, A in 1 anybody"
    );
}

#[test]
fn marks_that_a_filter_hides_are_counted_and_escape_takes_them_away() {
    let mut t = marked();
    t.keys("* / z o e <enter>");
    assert!(shows(&t, "5 marked, 4 not shown"));
    t.keys("<esc> <esc>");
    assert!(t.app.users.marked.is_empty());
    t.keys("e");
    assert!(matches!(t.app.modals.last(), Some(Modal::Form(_))));
}

#[test]
fn what_the_pane_shows_is_exported_to_a_named_file() {
    let mut t = Driver::new();
    t.keys("/ l e e <enter> X");
    assert!(shows(&t, "EXPORT  1 user"));
    t.keys("Ctrl-U").text("out.csv");
    t.keys("<tab> Space <enter>");
    let [
        Effect::Export {
            req,
            what,
            reader,
            path,
        },
    ] = t.effects.as_slice()
    else {
        panic!("an export was to be asked for: {:?}", t.effects);
    };
    assert_eq!(*what, Exported::Users(vec![UserId(3)]));
    assert_eq!((*reader, path.as_str()), (Reader::Machine, "out.csv"));
    let req = *req;
    t.event(What::Session(SessionEvent::Refused {
        req,
        failure: failure(),
    }));
    assert!(shows(&t, "the ledger is busy"));
    t.keys("<enter>");
    let req = t.asked();
    t.event(What::Session(SessionEvent::Done {
        req,
        notice: "1 row written".to_owned(),
    }));
    assert_eq!(
        (t.app.modals.len(), t.notice().as_str()),
        (0, "1 row written")
    );
    t.app.pane = Pane::Changes;
    t.keys("X");
    assert!(t.notice().starts_with("works in 1 Users"));
    // Of everyone only who is missing is written: how many those are is said before.
    let mut t = Driver::new();
    t.keys("2 f X");
    assert!(shows(
        &t,
        "5 of the 14 shown: who is missing, with the reason"
    ));
    assert!(shows(&t, "Who is on the list or can be added is not in it"));
}
