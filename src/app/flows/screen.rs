//! Palette, quitting, idling, the wide and the small screen.

use crate::domain::user::UserId;

use crate::app::App;
use crate::app::action::{Action, Place, TABLE};
use crate::app::available::elsewhere;
use crate::app::effect::{Effect, Who};
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, at, object, settings, why_alex};
use crate::app::modal::Modal;
use crate::app::pane::editor::FormField;
use crate::app::pane::palette::Item;
use crate::roster::desk::Desk;
use crate::view::screens::screen;

use super::sign_in::shows;

#[test]
fn quitting_asks_only_when_something_would_be_lost() {
    let mut t = Driver::new();
    t.keys("s q");
    assert!(matches!(t.effects.as_slice(), [Effect::StartRun { .. }]));
    assert!(matches!(
        t.app.modals.last(),
        Some(Modal::Confirm(confirm))
            if confirm.lines("")[0] == "1 change is queued and stays queued. Quit?"
    ));
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::CancelRun { .. }, Effect::Quit { code: 0 }]
    ));
    let mut t = Driver::new();
    t.keys("q Ctrl-C");
    assert_eq!(t.effects, [Effect::Quit { code: 0 }]);
    let mut t = Driver::new();
    t.keys("s Ctrl-C");
    assert!(matches!(
        t.effects.as_slice(),
        [
            Effect::StartRun { .. },
            Effect::CancelRun { .. },
            Effect::Quit { code: 0 }
        ]
    ));
    let mut t = Driver::new();
    t.keys("e 9 Ctrl-C");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("Ctrl-C");
    assert_eq!(t.effects, []);
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [
            Effect::KeepDraft { text: Some(_), .. },
            Effect::Quit { code: 0 }
        ]
    ));
}

#[test]
fn the_palette_runs_what_is_searched_and_says_why_not() {
    let mut t = Driver::new();
    t.keys("?").text("debug");
    t.keys("<enter>");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun { debug: true, .. }]
    ));
    t.keys(":").text("keep-mine");
    t.keys("<enter>");
    assert_eq!(t.notice(), "works in a conflict");
    assert_eq!(t.app.place(), Place::Palette);
    t.keys("Ctrl-U").text("why alex");
    t.keys("<enter>");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Text("alex".into()),
            live: false
        }]
    );
    t.keys("<esc> ?").text("why alex");
    t.keys("<down> <enter>");
    assert!(
        matches!(&t.effects[..], [Effect::Explain { who: Who::Directory(id), .. }] if *id == object(2))
    );
    for (word, action) in [("delete", Action::Remove), ("clear", Action::Filter)] {
        t.keys("<esc> ?").text(word);
        let Some(Modal::Palette(palette)) = t.app.modals.last() else {
            panic!("the list is open");
        };
        assert!(palette.items.contains(&Item::Do(action)), "{word}");
    }
    t.keys("<esc> ?").text("remove");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Confirm);
}

#[test]
fn what_an_action_is_called_counts_more_than_a_note_that_mentions_it() {
    let found = |text: &str| -> Vec<Action> {
        let mut t = Driver::new();
        t.keys("?").text(text);
        let Some(Modal::Palette(palette)) = t.app.modals.last() else {
            panic!("the list is open");
        };
        let actions = palette.items.iter().map(|item| match item {
            Item::Do(action) => *action,
            Item::Explain { name, .. } => panic!("nobody was meant: {name}"),
        });
        actions.collect()
    };
    // The middle of a word of a note is nothing that anybody looks for.
    assert_eq!(found("isa"), [Action::DisableSync]);
    assert_eq!(found("rowser"), []);
    assert!(found("browser").contains(&Action::OtherWay));
    // A key, then names that begin so, then those that have it, then notes.
    let move_number = found("m");
    assert_eq!(move_number[0], Action::MoveNumber);
    let place = |action| move_number.iter().position(|one| *one == action);
    assert!(place(Action::Remove).is_some());
    assert!(
        place(Action::Mark) < place(Action::Remove),
        "{move_number:?}"
    );
    assert_eq!(found("clear group")[0], Action::ClearGroup);
}

#[test]
fn what_a_place_has_comes_first_and_where_the_rest_works_is_said_once() {
    let mut t = Driver::new();
    t.keys("p ?");
    let rows = screen(&t.app);
    assert!(
        rows[4].starts_with("What works in every pane waits for Esc"),
        "{rows:#?}"
    );
    assert!(rows[5].starts_with("A          apply "), "{rows:#?}");
    let said = rows.iter().filter(|row| row.contains("Esc, which closes"));
    assert_eq!(said.count(), 1);
    t.text("sync now");
    assert!(shows(&t, "[works in every pane]  Sync now"));
}

#[test]
fn idle_changes_nothing_and_asks_for_nothing() {
    let mut t = Driver::new();
    t.app.take_dirty();
    let before = t.app.clone();
    for _ in 0..5 {
        t.event(What::Wake);
        assert_eq!(t.effects, []);
    }
    assert!(!t.app.is_dirty());
    let mut after = t.app.clone();
    after.now = before.now;
    assert_eq!(after, before);
}

#[test]
fn a_wide_screen_explains_the_row_once_when_the_cursor_rests() {
    let mut t = Driver::sized((140, 40));
    t.event(What::Wake).event(What::Wake);
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::User(UserId(1)),
            live: false
        }]
    );
    let old = t.asked();
    t.event(What::Wake);
    assert_eq!(t.effects, []);
    t.keys("j");
    t.event(What::Wake);
    let new = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req: old,
        why: Box::new(why_alex()),
    }));
    assert_eq!(t.app.beside.why, None);
    t.event(What::Cache(CacheEvent::Why {
        req: new,
        why: Box::new(why_alex()),
    }));
    assert!(t.app.beside.why.is_some());
    // Narrow screens ask for nothing.
    let mut t = Driver::new();
    t.keys("j");
    t.event(What::Wake);
    assert_eq!(t.effects, []);
}

#[test]
fn wakes_are_asked_for_once() {
    let mut app = App::new(settings(), (80, 24));
    let mut wakes = 0;
    for n in 0..3 {
        let effects = app.update(crate::app::event::Event {
            at: at(n),
            what: What::Key(crate::app::keymap::parse("c").unwrap()),
        });
        wakes += effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Wake { .. }))
            .count();
    }
    assert_eq!(wakes, 1);
}

#[test]
fn every_action_says_where_it_works() {
    for row in TABLE {
        let said = elsewhere(row.action);
        assert!(!said.ends_with("works in "), "{:?}: {said}", row.action);
    }
}

#[test]
fn a_key_that_does_nothing_here_says_where_it_does_something() {
    let mut t = Driver::new();
    for (keys, said) in [
        ("a", "a (add) works in 2 Add users, why (w)"),
        ("x", "x does nothing here; ? lists all keys"),
        ("3 u", "u (undo) works in 1 Users, 4 Changes"),
        ("2 M", "M (move a seat) works in 1 Users"),
        (
            "Ctrl-E",
            "Ctrl-E (edit it) works in the list of tenants (t)",
        ),
        ("q x", "y and n answer the question; Esc leaves it"),
        (
            "<esc> 1 w s",
            "s (sync) works in every pane: Esc closes what is open over it",
        ),
    ] {
        t.keys(keys);
        assert_eq!(t.notice(), said, "{keys}");
    }
}

#[test]
fn a_tall_screen_explains_below_the_list() {
    let mut t = Driver::sized((80, 60));
    t.event(What::Wake).event(What::Wake);
    let why = Box::new(why_alex());
    assert!(
        matches!(t.effects[..], [Effect::Explain { .. }]),
        "{:?}",
        t.effects
    );
    let req = t.asked();
    t.event(What::Cache(CacheEvent::Why { req, why }));
    let rows = screen(&t.app);
    let rule = rows.iter().position(|row| row.starts_with("────")).unwrap();
    assert!(rows[rule + 1].starts_with("WHY  Alex"), "{rows:#?}");
    assert_eq!(rule, 31);
    let small = screen(&Driver::sized((40, 100)).app);
    assert_eq!(small[2], "It needs 60 columns: 20 more.");
}

#[test]
fn the_header_has_the_configured_name_and_no_word_that_reads_like_a_state() {
    use crate::app::Settings;
    use crate::app::session::Accent;
    let with = Settings {
        name: Some("Lab GmbH".to_owned()),
        accent: Some(Accent::Red),
        ..settings()
    };
    let t = Driver::with(with, (80, 24));
    let header = screen(&t.app)[0].clone();
    assert!(header.starts_with("Lab GmbH"), "{header}");
    assert!(!header.contains("  red"), "{header}");
}

#[test]
fn nothing_is_done_blindly_on_a_screen_that_is_too_small() {
    let mut t = Driver::sized((40, 12));
    t.keys("j d y");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.modals.len(), 0);
    t.keys("q");
    assert_eq!(t.effects, [Effect::Quit { code: 0 }]);
}

#[test]
fn the_colour_of_a_tenant_is_seen_in_the_header_and_its_word_only_without_colours() {
    use crate::app::Settings;
    use crate::app::session::Accent;
    let accent = Some(Accent::Red);
    let t = Driver::with(
        Settings {
            accent,
            ..settings()
        },
        (80, 24),
    );
    assert!(screen(&t.app)[0].starts_with("Contoso Ltd   READ-WRITE"));
    let mono = crate::view::screens::frame(&t.app, &crate::view::theme::Theme::mono(), t.app.size);
    let row: String = (0..40).map(|x| mono[(x, 0)].symbol()).collect();
    assert!(row.starts_with("Contoso Ltd  [red]   READ-WRITE"), "{row}");
}

#[test]
fn a_number_is_offered_only_where_a_way_has_one() {
    let offers = |ways: bool| {
        let mut t = Driver::new();
        t.keys("w");
        let mut why = why_alex();
        if !ways {
            why.steps.clear();
        }
        let (req, why) = (t.asked(), Box::new(why));
        t.event(What::Cache(CacheEvent::Why { req, why }));
        let footer = screen(&t.app)[23].clone();
        footer.split("  ").next().unwrap_or_default().to_owned()
    };
    assert_eq!(offers(true), "1-2 choose");
    assert!(!offers(false).contains("choose"));
}

#[test]
fn nobody_says_that_a_tenant_was_never_read_before_its_files_have_answered() {
    let mut t = Driver::empty(settings(), (80, 24));
    t.app.opened = false;
    let text = screen(&t.app).join("\n");
    assert!(text.contains("seats 0  opening…"), "{text}");
    assert!(!text.contains("never read"), "{text}");
    t.desk(Desk::default());
    let text = screen(&t.app).join("\n");
    assert!(text.contains("and the tenant was never read"), "{text}");
}

#[test]
fn a_form_lists_its_keys_and_what_is_chosen_there_is_done_to_it() {
    for keys in ["Ctrl-L", "<f1>"] {
        let mut t = Driver::new();
        t.keys("j j e");
        assert!(shows(&t, "Ctrl-L keys"));
        t.text("?:").keys(keys);
        assert_eq!(t.app.place(), Place::Palette);
        t.text("next-field").keys("<enter>");
        let Some(Modal::Form(form)) = t.app.modals.last() else {
            panic!("the form is on top again");
        };
        assert_ne!(form.focus, FormField::Number);
        assert!(form.text.number.text().ends_with("?:"));
        t.keys("Ctrl-L").text("sync").keys("<enter>");
        assert!(
            t.notice().starts_with("works in every pane"),
            "{}",
            t.notice()
        );
        t.keys("<esc> Ctrl-L").text("back").keys("<enter>");
        assert!(shows(&t, "Leave without saving?"));
    }
    // The settings have a form of their own.
    let mut t = Driver::new();
    t.keys("T Ctrl-L").text("free-numbers").keys("<enter>");
    assert_eq!(t.notice(), "this form has no number");
    t.keys("<esc> Ctrl-L").text("back").keys("<enter>");
    assert!(t.app.modals.is_empty());
}
