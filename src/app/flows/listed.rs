//! A tenant of more users than a key waits for: the first rows at once, the rest as an answer, and no key that acts on another row
//! than the one that it was typed for.

use std::sync::{Arc, LazyLock};

use crate::app::effect::{Effect, LedgerChange};
use crate::app::event::{CacheEvent, Event, RequestId, What};
use crate::app::fixture::{Driver, at, desk, number, row};
use crate::app::keymap;
use crate::app::pane::rows::{AT_ONCE, Ask, Listed};
use crate::domain::gate::FirstCause;
use crate::domain::guid::{Guid, ObjectId};
use crate::roster::table::Unsorted;
use crate::roster::{Extent, Roster, Row};
use crate::view::screens::screen;

/// More than are searched while a key waits.
const MANY: u32 = 66_036;

fn person(n: u32) -> Row {
    let mut id = [0xee; 16];
    id[..4].copy_from_slice(&n.to_be_bytes());
    let (name, cause) = match n {
        0 => ("Zoe Ashby".to_owned(), FirstCause::Eligible),
        1 => ("Adam Zoeller".to_owned(), FirstCause::Guest),
        n => (format!("Mia Rossi {n:06}"), FirstCause::Eligible),
    };
    Row {
        id: ObjectId(Guid::from_bytes(id)),
        number: (n == 0).then(|| number("+14255550104")),
        upn: format!("u{n}@contoso.example").into(),
        mail: None,
        name: name.as_str().into(),
        ..row(1, &name, cause, None)
    }
}

static LARGE: LazyLock<Arc<Roster>> = LazyLock::new(|| {
    let mut rows = Unsorted::default();
    for n in 0..MANY {
        rows.push((&person(n)).into());
    }
    Arc::new(Roster::sorted(7, rows))
});

/// The beginning of the same.
fn beginning() -> Arc<Roster> {
    let rows = LARGE.rows().take(100).map(|row| row.to_row());
    Arc::new(Roster::new(0, rows).as_part(Extent::First, MANY as usize))
}

fn at_everyone(roster: &Arc<Roster>) -> Driver {
    let mut t = Driver::new();
    t.event(What::Cache(CacheEvent::Roster(Arc::clone(roster))));
    t.keys("2 f g");
    t
}

fn asked(t: &Driver) -> (RequestId, Ask) {
    let mut effects = t.effects.iter().rev();
    let found = effects.find_map(|effect| match effect {
        Effect::List { req, ask, .. } => Some((*req, (**ask).clone())),
        _ => None,
    });
    found.expect("a worker is asked")
}

fn answer(t: &mut Driver, (req, ask): &(RequestId, Ask)) {
    let listed: Arc<Listed> = Arc::new(ask.answer(&LARGE));
    t.event(What::Cache(CacheEvent::Listed { req: *req, listed }));
}

fn here(t: &Driver) -> String {
    let row = t.app.candidates.row(&t.app.roster);
    row.map_or(String::new(), |row| row.name.to_owned())
}

fn top(t: &Driver) -> String {
    screen(&t.app)[2].trim_end().to_owned()
}

/// Keys that come at once: nothing is settled or drawn between them.
fn at_once(t: &mut Driver, script: &str) {
    t.effects.clear();
    for name in script.split_whitespace() {
        let key = match name.strip_prefix('<').and_then(|n| n.strip_suffix('>')) {
            Some("enter") => keymap::parse("Enter"),
            _ => keymap::parse(name),
        };
        let key = key.expect("a script names keys");
        let effects = t.app.update(Event {
            at: at(900),
            what: What::Key(key),
        });
        t.effects.extend(effects);
    }
}

fn added(t: &Driver) -> Vec<String> {
    let mut names = Vec::new();
    for effect in &t.effects {
        if let Effect::Ledger {
            change: LedgerChange::Add(users),
            ..
        } = effect
        {
            names.extend(users.iter().map(|user| user.name.clone()));
        }
    }
    names
}

#[test]
fn a_letter_shows_the_first_rows_and_the_rest_comes_behind_it() {
    assert!(LARGE.len() > AT_ONCE);
    let mut t = at_everyone(&LARGE);
    assert_eq!(t.app.candidates.shown.len(), MANY as usize);
    assert!(!t.app.candidates.rows.is_partial());
    t.keys("/").text("rossi");
    let many = asked(&t);
    assert!(top(&t).contains("+ of 66,036"), "{}", top(&t));
    let some = t.app.candidates.shown.len();
    assert!((45..AT_ONCE).contains(&some), "{some}");
    let whole = many.1.answer(&LARGE);
    assert_eq!(whole.shown[..some], t.app.candidates.shown[..]);
    answer(&mut t, &many);
    assert!(top(&t).contains("66,034 of 66,036"), "{}", top(&t));
    // Somebody whom the first look does not reach; nothing is said of it yet.
    t.keys("Ctrl-U").text("zoe ashby");
    let first = asked(&t);
    assert!(top(&t).contains("0+ of 66,036"), "{}", top(&t));
    let shown = screen(&t.app).join("\n");
    assert!(shown.contains("are being looked through"), "{shown}");
    assert!(!shown.contains("nobody anywhere"), "{shown}");
    answer(&mut t, &first);
    assert!(top(&t).contains(" 1 of 66,036"), "{}", top(&t));
    assert_eq!(here(&t), "Zoe Ashby");
    // An answer to what is no longer asked is dropped.
    t.keys("Ctrl-U").text("zoe");
    let zoe = asked(&t);
    t.text("x");
    let nobody = asked(&t);
    answer(&mut t, &zoe);
    assert!(t.app.candidates.rows.is_partial());
    answer(&mut t, &nobody);
    assert_eq!(t.app.candidates.shown.len(), 0);
    assert!(top(&t).contains("nobody anywhere"), "{}", top(&t));
}

#[test]
fn a_name_that_begins_so_goes_before_one_that_only_has_it_however_far_behind() {
    let mut t = at_everyone(&LARGE);
    t.keys("/").text("zoe");
    assert_eq!(here(&t), "Adam Zoeller");
    let both = asked(&t);
    answer(&mut t, &both);
    assert_eq!(here(&t), "Zoe Ashby");
    assert_eq!(t.app.candidates.shown.len(), 2);
}

#[test]
fn keys_that_are_typed_at_once_act_on_whom_they_name() {
    let mut t = at_everyone(&LARGE);
    at_once(&mut t, "/ z o e <enter> a");
    assert_eq!(added(&t), ["Zoe Ashby"]);
    let mut t = at_everyone(&LARGE);
    t.keys("/").text("zoe");
    assert_eq!(here(&t), "Adam Zoeller");
    at_once(&mut t, "<enter> a");
    assert_eq!(added(&t), ["Zoe Ashby"]);
}

#[test]
fn what_is_not_loaded_yet_is_said_and_no_key_acts_on_it() {
    let mut t = Driver::empty(crate::app::fixture::settings(), (80, 24));
    t.app.roster = Arc::new(Roster::awaited());
    t.desk(desk());
    at_once(&mut t, "2 / z o e <enter> a");
    assert_eq!(added(&t), [] as [&str; 0]);
    assert!(
        t.notice()
            .starts_with("not done: the tenant's users are still being loaded")
    );
    // Nor is somebody looked for among those who are not there yet.
    t.keys("1 m");
    assert!(t.app.modals.is_empty());
    assert!(
        t.notice()
            .starts_with("not done: the tenant's users are still being loaded")
    );
    t.keys("2");
    t.event(What::Cache(CacheEvent::Roster(beginning())));
    let shown = screen(&t.app).join("\n");
    let words = "the tenant's 66,036 users are being loaded";
    assert!(shown.contains(words), "{shown}");
    assert!(
        !shown.contains("nobody") && !shown.contains("Nobody here"),
        "{shown}"
    );
    t.keys("a w <space>");
    assert_eq!(t.effects, []);
    assert!(t.app.modals.is_empty());
    t.event(What::Cache(CacheEvent::Roster(Arc::clone(&LARGE))));
    assert_eq!(here(&t), "Zoe Ashby");
    t.keys("a");
    assert_eq!(added(&t), ["Zoe Ashby"]);
}

#[test]
fn the_row_under_the_cursor_stays_when_the_others_come() {
    let mut t = Driver::empty(crate::app::fixture::settings(), (80, 24));
    t.desk(desk());
    t.event(What::Cache(CacheEvent::Roster(beginning())));
    t.keys("2 f g j j");
    let third = here(&t);
    assert_eq!(third, "Mia Rossi 000003");
    assert!(
        screen(&t.app)[2].contains("the first are here"),
        "{}",
        top(&t)
    );
    t.event(What::Cache(CacheEvent::Roster(Arc::clone(&LARGE))));
    assert_eq!(here(&t), third);
    assert_eq!(t.app.candidates.shown.len(), MANY as usize);
}

#[test]
fn another_order_comes_behind_and_is_kept() {
    let mut t = at_everyone(&LARGE);
    assert_eq!(here(&t), "Adam Zoeller");
    t.keys("o");
    let by_number = asked(&t);
    assert!(top(&t).contains("by number, being sorted"), "{}", top(&t));
    assert_eq!(t.app.candidates.shown[0], 0);
    // Who is first by name is not who will be first: a key that is typed ahead marks nobody.
    t.keys("g Space");
    assert!(
        t.notice()
            .starts_with("not done: the rows are still being sorted")
    );
    assert!(t.app.candidates.marked.is_empty());
    answer(&mut t, &by_number);
    assert!(!top(&t).contains("being sorted"), "{}", top(&t));
    // The cursor stays on its row, and the only one with a number stands first in either direction.
    assert_eq!(here(&t), "Adam Zoeller");
    for key in ["g", "R g"] {
        t.keys(key);
        assert_eq!(here(&t), "Zoe Ashby");
        let asked = t
            .effects
            .iter()
            .any(|effect| matches!(effect, Effect::List { .. }));
        assert!(!asked, "the order is known");
    }
}
