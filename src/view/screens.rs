//! Every screen, drawn to a buffer and read: the lines that matter stand there, and nothing reaches past the edge.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use crate::app::App;
use crate::app::Settings;
use crate::app::cells;
use crate::app::effect::{Effect, Who};
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, desk, object, plan, settings, why_alex};
use crate::domain::outbox::EntryId;
use crate::domain::run::{Level, LogLine, Phase, Progress, RunEvent, RunId, Source};
use crate::domain::user::{LicenseStatus, Value};
use crate::domain::writeplan::LeftOut;

use crate::roster::desk::AuditRow;

use super::draw;
use super::theme::Theme;

pub(crate) fn frame(app: &App, theme: &Theme, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(app, theme, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The rows of a frame, without trailing blanks.
pub(crate) fn screen(app: &App) -> Vec<String> {
    let buffer = frame(app, &Theme::default(), app.size);
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let mut row = String::new();
            let mut skip = 0;
            for x in 0..area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                skip = cells::width(symbol).saturating_sub(1);
                row.push_str(symbol);
            }
            assert!(cells::width(&row) <= usize::from(area.width), "{row}");
            row.trim_end().to_owned()
        })
        .collect()
}

/// The row of the screen that is drawn as the one under the cursor.
pub(crate) fn cursor_row(app: &App) -> Option<u16> {
    let buffer = frame(app, &Theme::default(), app.size);
    (2..buffer.area.height).find(|y| {
        let cell = &buffer[(5, *y)];
        cell.modifier.contains(ratatui::style::Modifier::REVERSED)
    })
}

/// Asserts that these lines stand on the screen, in this order.
fn has(app: &App, lines: &[&str]) {
    let rows = screen(app);
    let mut from = 0;
    for line in lines {
        match rows[from..].iter().position(|row| row == line) {
            Some(at) => from += at + 1,
            None => panic!("not there: {line:?}\n{}", rows.join("\n")),
        }
    }
}

fn answer_why(t: &mut Driver) {
    let req = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req,
        why: Box::new(why_alex()),
    }));
}

fn says(t: &mut Driver, event: RunEvent) {
    let req = t.app.runs.active().expect("a run is going").req;
    t.event(What::Run { req, event });
}

fn log(t: &mut Driver, level: Level, text: &str) {
    let line = LogLine {
        at: 1,
        source: Source::Graph,
        level,
        text: text.to_owned(),
    };
    says(t, RunEvent::Log(line));
}

/// A driver whose plan is on the screen.
pub(crate) fn planned(size: (u16, u16)) -> Driver {
    let mut t = Driver::sized(size);
    t.keys("p");
    says(&mut t, RunEvent::PlanReady(Box::new(plan())));
    t
}

#[test]
fn users_in_columns() {
    let t = Driver::new();
    has(
        &t.app,
        &[
            "Contoso Ltd   READ-WRITE   j.smith@msp.example           seats 5/25  read 13:59Z",
            "1 Users 5  2 Add users 4  3 Sync  4 Changes 2 !2  5 Licences !1  6 Numbers 8",
            "  NAME               NUMBER           CC STATE      CAUSE",
            "⚠ Ben Walters        -                GB Unlicensed no seat (3 of 3 in use)",
            "~ Diego Siciliani    +1 425 555 0101  GB queued     -> +1 425 555 0199",
            "o Lee Gu             +44 1235 123471  FR waiting    country GB, due 14:20Z",
            "x Megan Bowen        +44 1235 123470  GB refused    number is in AD (DirSync'd)",
            "= Pradeep Gupta      +44 1235 123480  GB conflict   tenant has +44 1235 123482",
            "Enter edit  w why  s sync  p plan 1  I import  / filter  d remove  ? all keys",
        ],
    );
}

#[test]
fn an_empty_filter_names_the_hits_elsewhere() {
    let mut t = Driver::new();
    t.keys("/ a l e x");
    has(
        &t.app,
        &["/alex    0 of 5 here; 1 in everyone: Alex Wilber, Calling Plan (Enter: why)"],
    );
    t.keys("<enter>");
    answer_why(&mut t);
    let rows = screen(&t.app);
    let title = rows.iter().position(|row| row.starts_with("WHY")).unwrap();
    assert_eq!(
        rows[title],
        "WHY  Alex Wilber  alex.wilber@contoso.example                        read 13:59Z"
    );
    // Verdict and first step within the first six lines.
    assert_eq!(
        rows[title + 1],
        "NOT ADDABLE: Calling Plan inside \"Teams Phone with Calling Plan\" (direct)"
    );
    assert_eq!(
        rows[title + 2],
        " 1 disable MCOPSTN1 in that licence; MCOEV stays (copy)"
    );
    has(
        &t.app,
        &[
            "??  in the group     the group could not be read",
            "NO  no Calling Plan  MCOPSTN1 Enabled since 2026-03-02",
            "ok  Phone System     MCOEV Enabled",
            "Lately  run 12: licence added. Never written from here.",
        ],
    );
}

#[test]
fn everyone_with_first_causes_and_counts() {
    let mut t = Driver::new();
    t.keys("2");
    has(
        &t.app,
        &[
            "4 may be added   f everyone   by name",
            "  NAME                   USER NAME               NUMBER           CC NOTE",
            "  Adele Vance            adele.vance@contoso.ex… -                GB",
        ],
    );
    t.keys("f Space Space");
    has(
        &t.app,
        &[
            "everyone in the tenant: 14   f candidates   by name   2 marked",
            "3 can be added  5 configured  1 resource  1 disabled  1 guest  1 no licence",
            "1 no Phone System  1 Calling Plan",
            "  NAME                 FIRST CAUSE             NUMBER           CC USER NAME",
            "* Alex Wilber          Calling Plan            +1 425 555 0100  GB alex.wilber@…",
            "  Diego Siciliani      configured, not written +1 425 555 0101  GB diego.sicili…",
            "  Megan Bowen          configured              +44 1235 123470  GB megan.bowen@…",
            "  山田 太郎            account disabled        -                GB 山田.太郎@co…",
            "  Élodie e\u{301}te\u{301}\\u{202e}   no Phone System         -                GB élodie.e\u{301}te\u{301}\\u…",
        ],
    );
}

#[test]
fn the_head_of_everyone_leaves_the_rows_their_room() {
    let mut t = Driver::new();
    t.keys("f");
    t.app.candidates.counts = [123_456; 13];
    let rows = screen(&t.app);
    assert!(rows[4].ends_with('…'), "{}", rows[4]);
    assert!(rows[5].starts_with("  NAME"), "{}", rows[5]);
}

#[test]
fn the_log_wraps_and_marks_what_matters() {
    let mut t = Driver::new();
    t.keys("3 s");
    says(&mut t, RunEvent::Started { number: RunId(13) });
    says(&mut t, RunEvent::Phase(Phase::ReadUsers));
    says(
        &mut t,
        RunEvent::Progress(Progress {
            what: crate::domain::run::Counted::Users,
            pages: 12,
            users: 11_988,
            of: Some(100_000),
        }),
    );
    log(
        &mut t,
        Level::Info,
        "Applying filter for group 'bad-group-name': include 0 of 76 users",
    );
    log(
        &mut t,
        Level::Warning,
        "License Status: Unlicensed: alex@contoso.example",
    );
    log(&mut t, Level::Error, "503");
    let rows = screen(&t.app);
    assert!(
        rows[3].starts_with(
            "LOG  run 13 sync: reading users: 11,988 of 100,000, 11,988/s, 12 pages  (6 s) ──"
        ),
        "{}",
        rows[3]
    );
    has(
        &t.app,
        &[
            "  <00:01> GRAPH> Applying filter for group 'bad-group-name': include 0 of 76",
            "           users",
            "⚠ <00:01> GRAPH> License Status: Unlicensed: alex@contoso.example [warning]",
            "x <00:01> GRAPH> 503 [error]",
            "   12 sync       13:58Z         0:14 done        399 users, 108 Phone System",
            "   11 sync       13:58Z         0:14 failed      the tenant could not be read: …",
            "c cancel run  Enter its log  = compare  ! next warning  / search  ? all keys",
        ],
    );
}

#[test]
fn changes_wait_and_are_done() {
    let mut t = Driver::new();
    t.keys("4 j");
    has(
        &t.app,
        &[
            "= conflict Pradeep Gupta   +44 1235 123480 -> +44 1235 123481 13:58Z",
            "~ queued   Diego Siciliani +1 425 555 0101 -> +1 425 555 0199 13:58Z",
            "  edit     Lee Gu          country FR -> GB                   13:55Z",
            "State    refused",
            "Cause    number is in AD (DirSync'd)",
            "To do    clear msRTCSIP-Line",
        ],
    );
    t.keys("<enter>");
    has(&t.app, &["CHANGE", "Came back 400 BadRequest: OnPremises"]);
    t.keys("<esc> k <enter>");
    has(
        &t.app,
        &[
            "CONFLICT  number of Pradeep Gupta",
            "  it was   +44 1235 123480            shown when the edit was made",
            "  theirs   +44 1235 123482            in the tenant now",
            "  mine     +44 1235 123481            entered here 13:58Z by j.smith",
            "m keep mine  t take theirs  Esc later",
        ],
    );
}

/// A desk with a long past and ten waiting changes.
fn long() -> crate::roster::desk::Desk {
    let mut desk = desk();
    let row = desk.audit[0].clone();
    desk.audit = (1..=200)
        .map(|seq| AuditRow {
            seq,
            name: format!("Person {seq}"),
            action: "confirmed".to_owned(),
            change: "number +441235123470 -> +441235123480".to_owned(),
            entry: None,
            ..row.clone()
        })
        .collect();
    desk.audit[199].change =
        "association none -> manual:02020202-0202-0202-0202-020202020202".to_owned();
    desk.audit[198].change =
        "association none -> matched:99020202-0202-0202-0202-020202020202".to_owned();
    let entry = desk.entries[0].clone();
    desk.entries = (1..=10)
        .map(|id| crate::domain::outbox::Entry {
            id: crate::domain::outbox::EntryId(id),
            name: format!("Waiting {id}"),
            ..entry.clone()
        })
        .collect();
    desk
}

#[test]
fn what_waits_stays_in_sight_at_every_height() {
    for size in [(80, 24), (120, 36), (140, 40)] {
        let mut t = Driver::sized(size);
        t.desk(long());
        t.keys("4");
        for script in ["j", "G", "g"] {
            t.keys(script);
            let rows = screen(&t.app);
            assert!(rows[3].starts_with("WAITING TO BE WRITTEN"), "{}", rows[3]);
            let done = rows.iter().position(|row| row.starts_with("DONE")).unwrap();
            let end = usize::from(size.1) - 3 - 5;
            assert!(rows[4..end].iter().all(|row| !row.trim().is_empty()));
            assert!(done < end, "{rows:#?}");
        }
        // The end of what waits is where what was done begins.
        t.keys("j j j j j j j j j j");
        let rows = screen(&t.app);
        let done = rows.iter().position(|row| row.starts_with("DONE")).unwrap();
        assert!(rows[done - 1].contains("Waiting 1 "), "{rows:#?}");
        assert!(
            rows[done + 1].starts_with("  confirmed Person 200"),
            "{rows:#?}"
        );
        assert!(rows[done + 1].contains("association none -> manual Alex Wil"));
        assert!(rows[done + 2].contains("association none -> matched 99020202"));
        assert!(rows[done + 3].contains("+44 1235 123470 -> +44 1235 123480"));
        assert_eq!(rows[done + 3].contains("j.smith"), size.0 > 100);
    }
}

#[test]
fn the_form_offers_the_country_code() {
    let mut t = Driver::new();
    t.keys("e").text("01235 123465");
    has(
        &t.app,
        &[
            "EDIT  Ben Walters  ben.walters@contoso.example                         not saved",
            "> Number      01235 123465",
            "              The telephone number provided is not valid: it must start with +",
            "              and the country code; did you mean +44 1235 123465?",
            "              Ctrl-T takes +44 1235 123465",
            "  Kind        [ddi]  extension   trunk",
            "  Association Ben Walters  ben.walters@contoso.example  (matched)",
            "              ⚠ License Status: Unlicensed: no seat left (3 of 3 in use)",
            "Enter save  Tab next  Ctrl-U clears  Ctrl-T take proposal  Ctrl-L keys  Esc back",
        ],
    );
    t.keys("Ctrl-T");
    has(
        &t.app,
        &[
            "> Number      +44 1235 123465",
            "              GB  01235 123465  ok",
        ],
    );
    t.keys("<tab>");
    has(
        &t.app,
        &["Enter save  Tab next  Left/Right or Space choose  Ctrl-L keys  Esc back"],
    );
    t.keys("<tab> <tab>").text("joni");
    has(
        &t.app,
        &["Enter choose  Up Down move  Esc clear the search"],
    );
    t.keys("<enter>");
    has(
        &t.app,
        &[
            "> Association Joni Sherman  joni.sherman@contoso.example  (by hand)",
            "              not saved: was Ben Walters <ben.walters@contoso.example>",
        ],
    );
    t.keys("<esc>");
    has(
        &t.app,
        &[
            "Leave without saving?  EDIT  Ben Walters  ben.walters@contoso.example",
            "y yes  n no  Esc back",
        ],
    );
}

#[test]
fn the_plan_shows_what_it_takes_away() {
    let t = planned((80, 24));
    has(
        &t.app,
        &[
            "PLAN  Contoso Ltd 11111111   1 change                                read 14:00Z",
            "[x] Diego Siciliani number  +1 425 555 0101 -> +1 425 555 0199 free",
            "Diego Siciliani  number  +1 425 555 0101 -> +1 425 555 0199  free",
            "⚠ stops ringing: +1 425 555 0101 (nobody gets it)",
            "      1 change takes something away; more than 5 would ask for the tenant's name",
            "Space leave out  Enter why  O save file  T ticket  A apply 1  Esc writes nothing",
        ],
    );
}

#[test]
fn a_long_result_of_the_plan_stands_whole_below() {
    let mut t = planned((80, 24));
    let why = "the successor has a Calling Plan: a Direct Routing number cannot be given before it is switched off";
    let mut known = plan();
    known.left_out.push(LeftOut {
        entry: EntryId(2),
        name: "Lee Gu".to_owned(),
        new: Value::Number(None),
        why: why.to_owned(),
    });
    t.app.plan = Some(known);
    t.keys("j");
    let rows = screen(&t.app).join(" ");
    let words: Vec<&str> = rows.split_whitespace().collect();
    assert!(words.join(" ").contains(why), "{rows}");
    // Whom it is about is explained all the same.
    t.keys("w");
    assert!(
        matches!(t.effects.as_slice(), [Effect::Explain { who: Who::Directory(id), .. }] if *id == object(7)),
        "{:?}",
        t.effects
    );
}

#[test]
fn the_narrowest_footer_keeps_the_way_back_and_the_list_of_keys() {
    for (keys, wanted) in [
        ("", "?"),
        ("6", "?"),
        ("p", "Esc"),
        ("w", "Esc"),
        ("w", "?"),
    ] {
        let mut t = Driver::sized((60, 15));
        t.keys(keys);
        let rows = screen(&t.app);
        let footer = rows.last().unwrap();
        assert!(
            footer.split_whitespace().any(|word| word == wanted),
            "{keys}: {footer}"
        );
    }
}

#[test]
fn the_palette_lists_all_actions_and_why_not() {
    let mut t = Driver::new();
    t.keys("?");
    has(
        &t.app,
        &[
            "s          sync           Sync now: read the tenant, match, plan what is queued",
            "c          cancel-run     [no run is going]  Stop the run at its next safe point",
        ],
    );
    t.text("why al");
    has(
        &t.app,
        &["           why Alex Wilber                    alex.wilber@contoso.example"],
    );
}

#[test]
fn a_wide_screen_explains_beside_and_logs_below() {
    let mut t = Driver::with(
        Settings {
            read_only: true,
            demo: true,
            ascii: true,
            ..settings()
        },
        (140, 40),
    );
    t.event(What::Wake).event(What::Wake);
    answer_why(&mut t);
    t.keys("s");
    log(&mut t, Level::Warning, "no seat left");
    let rows = screen(&t.app);
    assert!(rows[0].starts_with("Contoso Ltd   DEMO   READ-ONLY  11111111  j.smith@msp.example"));
    assert!(rows[3].contains("| WHY  Alex Wilber  alex.wilber@contoso.example"));
    assert!(rows[4].starts_with("! Ben Walters"));
    assert!(rows[4].contains("| NOT ADDABLE: Calling Plan inside"));
    assert!(
        rows.iter()
            .any(|row| row.starts_with("LOG  sync: connecting  ("))
    );
    has(&t.app, &["! <00:01> GRAPH> no seat left [warning]"]);
    assert!(rows.iter().all(|row| row.is_ascii()), "{rows:#?}");
    t.keys("2 f");
    assert!(screen(&t.app).iter().all(|row| row.is_ascii()));
}

#[test]
fn pane_4_counts_its_marks_and_pane_3_of_a_bundle_promises_no_sync() {
    let mut t = Driver::new();
    t.keys("4");
    assert!(!screen(&t.app)[2].contains("marked"));
    t.keys("<space>");
    assert_eq!(screen(&t.app)[2].trim_end(), "4 changes wait   1 marked");
    let t = &mut Driver::with(
        Settings {
            bundle: true,
            ..settings()
        },
        (80, 24),
    );
    t.keys("3");
    has(
        &t.app,
        &["A bundle reads no tenant: its runs stand below; Enter shows the log of one."],
    );
}

#[test]
fn whose_calls_are_blocked_is_seen_in_the_list() {
    let mut t = Driver::sized((80, 24));
    let mut desk = crate::app::fixture::desk();
    let row = &mut desk.users[0];
    row.entries.clear();
    row.status = LicenseStatus::Licensed;
    row.cause = None;
    // The eighth warning.
    row.marks = crate::domain::gate::Marks(1 << 8 << 7);
    let name = row.user.name.clone();
    t.desk(desk);
    let rows = screen(&t.app);
    let row = rows.iter().find(|row| row.contains(&name)).unwrap();
    assert!(row.contains("warning    calls blocked"), "{row}");
}

#[test]
fn first_steps_and_a_small_window() {
    let t = Driver::empty(settings(), (80, 24));
    has(
        &t.app,
        &[
            "contoso   READ-WRITE   j.smith@msp.example                   seats 0  never read",
            "No users yet, and the tenant was never read.",
            "s  reads the tenant (nothing is written by that)",
            "s sync  / filter  ? all keys",
        ],
    );
    let t = Driver::sized((40, 12));
    has(
        &t.app,
        &[
            "Contoso Ltd RW",
            "This window is 40x12.",
            "60x15 is the smallest that fits.",
        ],
    );
}

#[test]
fn the_row_under_the_cursor_is_reversed_and_only_named_colours_are_used() {
    let mut t = Driver::new();
    t.keys("j");
    let buffer = frame(&t.app, &Theme::default(), t.app.size);
    for x in 0..80 {
        assert!(buffer[(x, 5)].modifier.contains(Modifier::REVERSED));
        assert!(!buffer[(x, 6)].modifier.contains(Modifier::REVERSED));
    }
    let named = |color: Color| !matches!(color, Color::Rgb(..) | Color::Indexed(_));
    assert!(
        buffer
            .content
            .iter()
            .all(|cell| named(cell.fg) && named(cell.bg))
    );
    let mono = frame(&t.app, &Theme::mono(), t.app.size);
    assert!(
        mono.content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
}
